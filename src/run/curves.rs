//! The learning curves behind a report's figures, as a file.
//!
//! They are many numbers, which `result.json` would be buried under, and no figure is lost without them; so they are in
//! `curves.json`, for the page and for people's own plots.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::directory::write_json;
use super::{RUN_FORMAT, RunError, RunResult};
use crate::fitness::{Comparison, TaskCurves};

/// The learning curves of everyone in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunCurves {
    /// The version of run directories.
    pub format: u32,
    /// The candidate that the report is about: curves of another one are out of date.
    pub id: u64,
    /// On the search's tasks, the best program first.
    pub suite: Vec<ContenderCurves>,
    /// On tasks that the search did not see, if there are any.
    pub held_out: Vec<ContenderCurves>,
}

/// The learning curves of one program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContenderCurves {
    /// What it is called in the report.
    pub name: String,
    /// Its curves, task by task.
    pub tasks: Vec<TaskCurves>,
}

impl RunCurves {
    /// Those that a result was just made from; of a result that was read there are none.
    pub(super) fn of(result: &RunResult) -> Self {
        let curves = |comparison: &Comparison| -> Vec<ContenderCurves> {
            let contenders = comparison.contenders();
            let trained = contenders.filter(|contender| !contender.curves.is_empty());
            let curves = trained.map(|contender| ContenderCurves {
                name: contender.name.clone(),
                tasks: contender.curves.clone(),
            });
            curves.collect()
        };
        Self {
            format: RUN_FORMAT,
            id: result.id,
            suite: curves(&result.comparison),
            held_out: result.held_out.as_ref().map_or_else(Vec::new, curves),
        }
    }

    /// Writes the curves to a file.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be written.
    pub(super) fn save(&self, path: &Path) -> Result<(), RunError> {
        write_json(path, serde_json::to_string(self))
    }

    /// Reads the curves of a result; nothing if there is no such file, or it is another program's or version's.
    ///
    /// # Errors
    /// [`RunError`] if the file cannot be read.
    pub(super) fn load(path: &Path, result: &RunResult) -> Result<Option<Self>, RunError> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|source| RunError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let curves: Option<Self> = serde_json::from_str(&text).ok();
        Ok(curves.filter(|curves| curves.format == RUN_FORMAT && curves.id == result.id))
    }
}
