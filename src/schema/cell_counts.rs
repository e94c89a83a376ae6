//! How many cells of each group the programs of a search have, where that is not the schema's own number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Schema, StandardCells};
use crate::program::list;

/// Numbers of cells by the names of groups, such as `scalars`. A group that is not named has as many as the
/// schema says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellCounts(BTreeMap<String, usize>);

/// Numbers of cells that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CellCountsError {
    /// The schema has no such group.
    #[error("programs of schema `{schema}` have no group of cells `{found}`, only {known}")]
    Unknown {
        /// The schema's name.
        schema: &'static str,
        /// What was asked for.
        found: String,
        /// The groups there are.
        known: String,
    },
    /// There are too many.
    #[error("{found} cells are more than the {limit} that schema `{schema}` allows")]
    TooMany {
        /// The schema's name.
        schema: &'static str,
        /// How many there would be.
        found: usize,
        /// The most that a program may have.
        limit: usize,
    },
}

impl CellCounts {
    /// Of these groups, so many each.
    #[must_use]
    pub fn new(counts: &[(&str, usize)]) -> Self {
        let counts = counts.iter();
        Self(
            counts
                .map(|&(group, count)| (group.to_owned(), count))
                .collect(),
        )
    }

    /// How many cells of a group there are.
    pub(super) fn of(&self, group: &StandardCells) -> usize {
        self.0.get(group.group).copied().unwrap_or(group.count)
    }

    /// Checks that the schema has these groups, and room for so many cells.
    ///
    /// # Errors
    /// [`CellCountsError`] if not.
    pub fn validate(&self, schema: Schema) -> Result<(), CellCountsError> {
        let description = schema.description();
        let groups = || description.standard.iter().map(|group| group.group);
        if let Some(found) = self
            .0
            .keys()
            .find(|name| groups().all(|group| group != *name))
        {
            return Err(CellCountsError::Unknown {
                schema: description.name,
                found: found.clone(),
                known: list(groups()),
            });
        }
        let counts = description.standard.iter().map(|group| self.of(group));
        let all = counts.fold(description.required.len(), usize::saturating_add);
        if all > description.maximum_cells {
            return Err(CellCountsError::TooMany {
                schema: description.name,
                found: all,
                limit: description.maximum_cells,
            });
        }
        Ok(())
    }
}
