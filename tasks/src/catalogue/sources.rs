//! What tasks need that is not in the program, and what is said if it is not there.

use std::path::PathBuf;

use super::{Maker, Suite, TASKS, TaskEntry};
use crate::data::DataError;
use crate::learner::{LEARNER_TASKS, LearnerTaskEntry};

/// What a user provides. By default, nothing: all tasks whose data is in the program can be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Where files of images lie; see [`ImageData`](crate::data::ImageData).
    pub data_directory: Option<PathBuf>,
    /// A table of examples.
    pub table: Option<OwnTable>,
    /// A text, in UTF-8, which takes the place of the bundled one.
    pub text: Option<PathBuf>,
    /// A table of what a learner is taught from, whose last column is the label; see [`learner`](crate::learner).
    pub training_file: Option<PathBuf>,
    /// A table of the same columns, of what the learner is examined on.
    pub validation_file: Option<PathBuf>,
}

/// A user's own table, in a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTable {
    /// The file, gzipped or not.
    pub file: PathBuf,
    /// The column to be predicted: its name, or its number from 1.
    pub target: String,
}

/// Why a task or a suite cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// There is no such task.
    #[error("there is no task `{name}`, only {}", quoted(TASKS.iter().map(TaskEntry::name)))]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// There is no such suite.
    #[error(
        "there is no suite or task `{name}`; suites are {}, or tasks with commas between them, which `mlevolve tasks` lists",
        quoted(Suite::names())
    )]
    UnknownSuite {
        /// The name that was asked for.
        name: String,
    },
    /// There is no such task for learners.
    #[error("there is no learner task `{name}`, only {}", quoted(LEARNER_TASKS.iter().map(LearnerTaskEntry::name)))]
    UnknownLearnerTask {
        /// The name that was asked for.
        name: String,
    },
    /// Data are named that no task of the suite is on.
    #[error("no task of suite `{suite}` is on {data}")]
    Unused {
        /// The suite.
        suite: String,
        /// What is named, and the option that names it.
        data: &'static str,
    },
    /// A suite of tasks' names has one of them twice.
    #[error("task `{name}` is named twice")]
    Twice {
        /// The task's name.
        name: String,
    },
    /// The task is of a user's table, and there is none.
    #[error("task `{task}` needs a table of your own: --csv FILE --target COLUMN")]
    NoTable {
        /// The task's name.
        task: &'static str,
    },
    /// The task is of a user's files for learners, and one of them or both are not named.
    #[error(
        "task `{task}` needs tables of your own, to train on and to validate with, whose last column is the label: {missing}"
    )]
    NoLessonFiles {
        /// The task's name.
        task: &'static str,
        /// The options that are missing.
        missing: &'static str,
    },
    /// A learner's task is asked for in a shape that it cannot have.
    #[error("learner task `{task}`: expected {expected}, found {found}")]
    LearnerShape {
        /// The task's name.
        task: &'static str,
        /// What would be right.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// A file is missing or is not what it should be.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl Sources {
    /// What is named here that none of these tasks is on, with the option that names it.
    pub(super) fn unused_by(&self, entries: &[TaskEntry]) -> Option<&'static str> {
        let used = |is: fn(&Maker) -> bool| entries.iter().any(|entry| is(&entry.maker));
        if self.table.is_some() && !used(|maker| matches!(maker, Maker::Table(_))) {
            return Some("a table (--csv)");
        }
        if self.text.is_some() && !used(|maker| matches!(maker, Maker::Text(_))) {
            return Some("a text (--text)");
        }
        if self.training_file.is_some() || self.validation_file.is_some() {
            return Some("files for learners (--train, --valid)");
        }
        if self.data_directory.is_some() && !used(|maker| matches!(maker, Maker::Images(..))) {
            return Some("files of images (--data-dir)");
        }
        None
    }
}

impl TaskError {
    /// Whether data that a user has to provide were not named, or are not where they should be.
    #[must_use]
    pub const fn is_of_absent_data(&self) -> bool {
        matches!(
            self,
            Self::NoTable { .. } | Self::NoLessonFiles { .. } | Self::Data(DataError::NotReady(_))
        )
    }
}

/// Names in backquotes, for a message.
fn quoted(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
