//! What tasks need of a user's own, as settings and options name it.

use std::path::PathBuf;

use mlevolve_tasks::{OwnTable, Sources};
use serde::{Deserialize, Serialize};

/// Files of a user's own. What is absent is left to its default: the data that come with the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// The directory in which files of images are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// A table in a CSV file, of which [`target`](Self::target) is to be predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<PathBuf>,
    /// The table's column that is to be predicted: its name, or its number from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A text in UTF-8 that takes the place of the one that comes with the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<PathBuf>,
    /// A table of examples to learn from, whose last column is the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// A table of examples to be examined on, in the same columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// A file that `mlevolve baselines --write` made for tasks that the program brings no baselines for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baselines: Option<PathBuf>,
}

impl DataSettings {
    /// What tasks are made of.
    ///
    /// # Errors
    /// [`DataSettingsError`] if a table has no target, or a target no table.
    pub fn sources(&self) -> Result<Sources, DataSettingsError> {
        let table = match (&self.csv, &self.target) {
            (Some(file), Some(target)) => Some(OwnTable {
                file: file.clone(),
                target: target.clone(),
            }),
            (None, None) => None,
            (Some(_), None) => return Err(DataSettingsError::NoTarget),
            (None, Some(_)) => return Err(DataSettingsError::NoTable),
        };
        Ok(Sources {
            data_directory: self.directory.clone(),
            table,
            text: self.text.clone(),
            training_file: self.train.clone(),
            validation_file: self.valid.clone(),
        })
    }
}

/// Settings of data that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataSettingsError {
    /// Nobody says what is to be predicted.
    #[error("a table (csv) needs the column that is to be predicted (target)")]
    NoTarget,
    /// Nobody says from what.
    #[error("a column that is to be predicted (target) needs a table (csv)")]
    NoTable,
}
