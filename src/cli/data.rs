//! Options that say which tasks there are and what data of a user's own they have.

use std::path::{Path, PathBuf};

use clap::Args;
use mlevolve_tasks::Suite;

use crate::fitness::DataSettings;
use crate::search::{SearchSettings, SearchSettingsError};

/// The task on a user's own examples.
const OWN_EXAMPLES: &str = "own";

/// Which tasks, on which data.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Tasks and data")]
pub(super) struct DataOptions {
    /// The suite of tasks, or tasks with commas between them; `mlevolve tasks` lists both [default: default, or csv with --csv]
    #[arg(long, value_name = "SUITE")]
    suite: Option<String>,

    /// Where files of images are: MNIST, Fashion-MNIST and CIFAR-10, each in a folder of its own
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// A text of your own, in UTF-8, in place of the bundled one
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,

    /// A table of your own: the task `csv` predicts a column of it from the others
    #[arg(long, value_name = "FILE", requires = "target")]
    csv: Option<PathBuf>,

    /// The column to be predicted: its name in the first line, or its number from 1
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    target: Option<String>,

    /// Examples of your own for a learner to learn from: a table whose last column is the label
    #[arg(long, value_name = "FILE", requires = "valid")]
    train: Option<PathBuf>,

    /// The examples that it is examined on, in the same columns
    #[arg(long, value_name = "FILE", requires = "train")]
    valid: Option<PathBuf>,

    /// Baselines that `mlevolve baselines --write FILE` measured on your data; without them they are measured anew
    #[arg(long, value_name = "FILE")]
    baselines: Option<PathBuf>,
}

impl DataOptions {
    /// The suite that was asked for, if any.
    pub(super) fn suite(&self) -> Option<String> {
        let of_table = self.csv.as_ref().map(|_| Suite::CSV.to_owned());
        let of_files = self.train.as_ref().map(|_| OWN_EXAMPLES.to_owned());
        self.suite.clone().or(of_table).or(of_files)
    }

    /// The suite that was asked for, or else `base`; with a table, one that has it.
    pub(super) fn suite_over(&self, base: &str) -> String {
        let has_table = Suite::entries(base)
            .is_ok_and(|entries| entries.iter().any(|entry| entry.name() == Suite::CSV));
        match &self.suite {
            None if has_table => base.to_owned(),
            _ => self.suite().unwrap_or_else(|| base.to_owned()),
        }
    }

    /// Has a search's settings name these tasks and data, where they are given, and checks that all of them make sense.
    ///
    /// # Errors
    /// As for [`SearchSettings::validate`].
    pub(super) fn apply(&self, settings: &mut SearchSettings) -> Result<(), SearchSettingsError> {
        settings.suite = self.suite_over(&settings.suite);
        settings.data = self.over(&settings.data);
        settings.validate()
    }

    /// Settings with these options where they are given, and as in `base` where they are not.
    pub(super) fn over(&self, base: &DataSettings) -> DataSettings {
        DataSettings {
            directory: given(self.data_dir.as_deref(), base.directory.as_ref()),
            text: given(self.text.as_deref(), base.text.as_ref()),
            csv: given(self.csv.as_deref(), base.csv.as_ref()),
            target: self.target.clone().or_else(|| base.target.clone()),
            train: given(self.train.as_deref(), base.train.as_ref()),
            valid: given(self.valid.as_deref(), base.valid.as_ref()),
            baselines: given(self.baselines.as_deref(), base.baselines.as_ref()),
        }
    }
}

/// A path that holds wherever a run is taken up again.
fn given(option: Option<&Path>, base: Option<&PathBuf>) -> Option<PathBuf> {
    match option {
        // Only an empty path has no absolute form; opening it fails with a message of its own.
        Some(path) => Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
        None => base.cloned(),
    }
}
