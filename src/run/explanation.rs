//! A run's program, explained, as a file that its page shows.
//!
//! A run ends with a page on which the best program is explained as far as that takes no training. What does,
//! `mlevolve explain --run DIR` measures and leaves in `explanation.json`, from where the next page has it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::directory::write_json;
use super::session::{Judges, named};
use super::{Gains, RUN_FORMAT, RunDirectory, RunError, checkpoint, lineage};
use crate::explain::Explanation;
use crate::fitness::Judge;
use crate::program::Program;
use crate::search::SearchSettings;

/// The file's name in the run directory.
pub const EXPLANATION_FILE: &str = "explanation.json";

/// What is told of a program of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunExplanation {
    /// The version of run directories.
    pub format: u32,
    /// The candidate that it is about; of a program from elsewhere, nothing.
    pub id: Option<u64>,
    /// What was found.
    pub explanation: Explanation,
    /// The steps of its line that brought a gain.
    pub gains: Option<Gains>,
    /// Why there are none, if there are none.
    pub gains_note: Option<String>,
}

/// A program of a run, ready to be explained.
#[derive(Clone, Debug)]
pub struct RunProgram {
    /// The program.
    pub program: Program,
    /// The candidate that it is.
    pub id: u64,
    /// Whether it is the one that leads.
    pub is_best: bool,
    /// The steps of its line that brought a gain, or why they are not known.
    pub gains: Result<Gains, String>,
}

impl RunProgram {
    /// A candidate of a run, or the one that leads in its last checkpoint. The run may be going on.
    ///
    /// # Errors
    /// [`RunError`] if there is no run, its files are damaged, there is no such candidate or no text of it, or no id is given
    /// and nothing has trained yet.
    pub fn of(path: &Path, id: Option<u64>) -> Result<Self, RunError> {
        RunDirectory::expect(path)?;
        let (search, _) = checkpoint::load(path)?;
        let leader = search.leader();
        let best = leader.filter(|leader| id.is_none_or(|id| id == leader.individual.id));
        if let Some(leader) = best {
            // A page tells of the best program whether or not there is a line to tell of.
            let line = lineage(path, Some(leader.individual.id));
            let gains = line.map_err(|error| error.to_string());
            let none = || "its line is empty".to_owned();
            let gains = gains.and_then(|line| Gains::of(&line.ancestors).ok_or_else(none));
            return Ok(Self {
                program: named(
                    &leader.individual,
                    leader.generation,
                    search.settings().seed,
                ),
                id: leader.individual.id,
                is_best: true,
                gains,
            });
        }
        let line = lineage(path, id)?;
        let Some(own) = line.ancestors.first() else {
            let path = path.to_owned();
            return Err(RunError::NothingTrained { path });
        };
        let id = own.record.id;
        let text = own.record.program.as_ref();
        let text = text.ok_or_else(|| RunError::UnknownCandidate {
            path: path.to_owned(),
            id,
            reason: "it did not train, and the log has the text of nobody that is judged alike"
                .to_owned(),
        })?;
        let program = Program::parse(text).map_err(|error| RunError::Config {
            path: path.to_owned(),
            message: RunError::program_text(&error),
        })?;
        Ok(Self {
            program,
            id,
            is_best: false,
            gains: Gains::of(&line.ancestors).ok_or_else(|| "its line is empty".to_owned()),
        })
    }
}

/// The settings of a run, as its last checkpoint has them.
///
/// # Errors
/// [`RunError`] if there is no run, or its checkpoint is missing, damaged or of another version.
pub fn settings_of(path: &Path) -> Result<SearchSettings, RunError> {
    RunDirectory::expect(path)?;
    let (search, _) = checkpoint::load(path)?;
    Ok(search.settings().clone())
}

/// The judge of a run in a directory, with these settings, on what the run has measured of the user's own data.
///
/// # Errors
/// [`RunError::Search`] if the tasks, their data or the table of baselines is missing.
pub fn judge_of(path: &Path, settings: &SearchSettings) -> Result<Box<dyn Judge>, RunError> {
    Ok(Judges::new(path, settings)?.suite)
}

impl RunExplanation {
    /// Of a run's program, of which this was found.
    #[must_use]
    pub fn new(of: Option<RunProgram>, explanation: Explanation) -> Self {
        let (id, gains) = match of {
            Some(of) => (Some(of.id), Some(of.gains)),
            None => (None, None),
        };
        let (gains, gains_note) = match gains {
            Some(Ok(gains)) => (Some(gains), None),
            Some(Err(note)) => (None, Some(note)),
            None => (None, None),
        };
        Self {
            format: RUN_FORMAT,
            id,
            explanation,
            gains,
            gains_note,
        }
    }

    /// Leaves it in a run directory.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be written.
    pub fn save(&self, directory: &Path) -> Result<(), RunError> {
        let path = directory.join(EXPLANATION_FILE);
        write_json(&path, serde_json::to_string_pretty(self))
    }

    /// Reads what a run directory has of its best program; nothing if there is no such file, or it is of another candidate or
    /// version.
    ///
    /// # Errors
    /// [`RunError`] if the file cannot be read.
    pub(super) fn load(directory: &Path, id: u64) -> Result<Option<Self>, RunError> {
        let path = directory.join(EXPLANATION_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text =
            fs::read_to_string(&path).map_err(|source| RunError::Unreadable { path, source })?;
        let explanation: Option<Self> = serde_json::from_str(&text).ok();
        Ok(explanation.filter(|it| it.format == RUN_FORMAT && it.id == Some(id)))
    }
}
