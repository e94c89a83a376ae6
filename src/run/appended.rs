//! A file of a run that only grows.
//!
//! A checkpoint knows how long it was. What a killed process has written beyond that is cut off when the run goes on, and
//! written again the same.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{RunDirectory, RunError};

/// A file that grows at its end.
#[derive(Debug)]
pub(super) struct AppendedFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl AppendedFile {
    /// The file of this name, cut to the `bytes` that a checkpoint knows of; with 0 it need not be there.
    ///
    /// # Errors
    /// [`RunError`] if it is shorter, or cannot be written.
    pub(super) fn open(directory: &RunDirectory, name: &str, bytes: u64) -> Result<Self, RunError> {
        let path = directory.file(name);
        let open = || -> std::io::Result<(File, u64)> {
            let file = OpenOptions::new()
                .create(bytes == 0)
                .append(true)
                .open(&path)?;
            let found = file.metadata()?.len();
            if found >= bytes {
                file.set_len(bytes)?;
            }
            Ok((file, found))
        };
        match open() {
            Ok((file, found)) if found >= bytes => Ok(Self { path, file, bytes }),
            Ok((_, found)) => Err(too_short(path, directory.path(), found, bytes)),
            Err(source) => Err(RunError::Unwritable { path, source }),
        }
    }

    /// How long it is.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes at its end.
    ///
    /// # Errors
    /// [`RunError::Unwritable`] if that fails; the length that is known stays as it was.
    pub(super) fn append(&mut self, content: &[u8]) -> Result<(), RunError> {
        let written = self.file.write_all(content);
        written.map_err(|source| self.unwritable(source))?;
        self.bytes += content.len() as u64;
        Ok(())
    }

    /// Sees to it that the file is on the disk: a checkpoint must not know of more than there is.
    ///
    /// # Errors
    /// [`RunError::Unwritable`] if that fails.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        let synced = self.file.sync_data();
        synced.map_err(|source| self.unwritable(source))
    }

    /// That it cannot be written.
    pub(super) fn unwritable(&self, source: std::io::Error) -> RunError {
        let path = self.path.clone();
        RunError::Unwritable { path, source }
    }
}

/// That a file of a run directory is shorter than its checkpoint says.
pub(super) fn too_short(path: PathBuf, directory: &Path, found: u64, known: u64) -> RunError {
    RunError::Damaged {
        path,
        config: directory.join("config.toml"),
        reason: format!(
            "it has {found} bytes, fewer than the {known} that the checkpoint knows of"
        ),
    }
}
