//! What to tell a user whose data are not there.

use std::fmt;
use std::path::PathBuf;

/// What is missing of some image data, and how to get it: for people, in several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    pub(super) name: &'static str,
    pub(super) data_directory: Option<PathBuf>,
    pub(super) folders: &'static [&'static str],
    pub(super) missing: Vec<&'static str>,
    /// Of those that are there and those that are missing.
    pub(super) file_count: usize,
    pub(super) instructions: &'static str,
}

impl NotReady {
    /// The names of the files that were not found, without `.gz`.
    #[must_use]
    pub fn missing(&self) -> &[&'static str] {
        &self.missing
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            data_directory,
            folders,
            missing,
            file_count,
            instructions,
        } = self;
        match data_directory {
            Some(directory) => writeln!(
                formatter,
                "{name} is not ready: {} of {file_count} files are missing in {}",
                missing.len(),
                directory.display()
            )?,
            None => writeln!(
                formatter,
                "{name} is not ready: no data directory is named (--data-dir DIR)"
            )?,
        }
        let places: Vec<_> = folders
            .iter()
            .map(|folder| {
                if folder.is_empty() {
                    "the directory itself"
                } else {
                    folder
                }
            })
            .collect();
        writeln!(formatter, "  files: {}", missing.join(", "))?;
        writeln!(
            formatter,
            "  each as it is or gzipped, with .gz, in one of: {}",
            places.join(", ")
        )?;
        write!(formatter, "  {instructions}")
    }
}

impl std::error::Error for NotReady {}
