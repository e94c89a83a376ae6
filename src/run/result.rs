//! What a run ends with, as a file.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::directory::write_json;
use super::session::{Judges, named};
use super::{FrontMember, RUN_FORMAT, RunError, front};
use crate::fitness::{Comparison, Contender};
use crate::search::{Search, SearchError, SearchSettings};

/// How many programs of the archive a report shows at most: judging them takes a part of what tuning the best one does.
const FRONT_ROWS: usize = 8;

/// What a run ends with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// The version of run directories.
    pub format: u32,
    /// The run's settings.
    pub settings: SearchSettings,
    /// The best program's text.
    pub program: String,
    /// The candidate that it is.
    pub id: u64,
    /// The generation that it came with.
    pub generation: u32,
    /// Its figures beside the known rules'.
    pub comparison: Comparison,
    /// The same on tasks that the search did not see, if there are any.
    pub held_out: Option<Comparison>,
    /// The fittest of the archive at each cost, judged again, the fittest first.
    pub front: Vec<FrontMember>,
}

impl RunResult {
    /// Judges the program that leads in a run on seeds that no search uses, beside the known rules.
    ///
    /// # Errors
    /// [`RunError`] if nothing has trained yet, or the back end fails.
    pub(super) fn of(path: &Path, search: &Search, judges: &Judges) -> Result<Self, RunError> {
        let Some(leader) = search.leader() else {
            let path = path.to_owned();
            return Err(RunError::NothingTrained { path });
        };
        let settings = search.settings();
        let backend = settings.backend.0;
        let program = named(&leader.individual, leader.generation, settings.seed);
        let (comparison, held_out) = judges.compare(&program, true, backend)?;
        let members = search.archive().fittest_at_falling_costs(FRONT_ROWS);
        let front = front::judged(&*judges.suite, &members, settings, &|| ());
        Ok(Self {
            format: RUN_FORMAT,
            settings: SearchSettings {
                // It changes no figure, so it is none of them.
                backend: SearchSettings::default().backend,
                ..settings.clone()
            },
            program: program.to_string(),
            id: leader.individual.id,
            generation: leader.generation,
            comparison,
            held_out,
            front: front.map_err(SearchError::from)?,
        })
    }

    /// All figures' owners.
    pub(super) fn contenders(&self) -> Vec<Contender> {
        let held_out = self.held_out.iter().flat_map(Comparison::contenders);
        let compared = self.comparison.contenders().chain(held_out);
        let front = self.front.iter().map(FrontMember::contender);
        compared.cloned().chain(front).collect()
    }

    /// Writes the result to a file.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be written.
    pub(super) fn save(&self, path: &Path) -> Result<(), RunError> {
        write_json(path, serde_json::to_string_pretty(self))
    }

    /// Reads a result; nothing if the run has none yet.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be read.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, RunError> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|source| RunError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let invalid = |error: serde_json::Error| RunError::Config {
            path: path.to_owned(),
            message: format!("is damaged: {error}"),
        };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(invalid)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        let found = format.and_then(|format| u32::try_from(format).ok());
        if let Some(found) = found.filter(|&found| found != RUN_FORMAT) {
            let path = path.to_owned();
            return Err(if found > RUN_FORMAT {
                RunError::Newer { path, found }
            } else {
                RunError::Older { path, found }
            });
        }
        serde_json::from_value(value).map(Some).map_err(invalid)
    }
}
