//! The files of a run, written whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::config::load_own_config;
use super::{RunConfig, RunError};

/// A run directory that this process works in. No other process can until it is dropped.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Holds the lock.
    _config: File,
}

impl RunDirectory {
    /// Makes a directory for a new run; it may exist if it is empty.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be made or written, or holds something.
    pub fn create(path: &Path, config: &RunConfig) -> Result<Self, RunError> {
        let unwritable = |source| RunError::Unwritable {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(unwritable)?;
        let mut entries = fs::read_dir(path).map_err(unwritable)?;
        if entries.any(|entry| !entry.is_ok_and(|entry| is_unfinished(&entry))) {
            let path = path.to_owned();
            return Err(RunError::NotEmpty { path });
        }
        // Of two processes that begin at the same moment, the second must not replace the file that
        // the first has locked.
        let text = config.to_text();
        write(&path.join("config.toml"), text.as_bytes(), Existing::Keep)?;
        Self::locked(path)
    }

    /// Opens a run's directory, and reads what it began with.
    ///
    /// # Errors
    /// [`RunError`] if there is no run, it is of a newer version, or another process works on it.
    pub fn open(path: &Path) -> Result<(Self, RunConfig), RunError> {
        Self::expect(path)?;
        let config = load_own_config(&path.join("config.toml"))?;
        Ok((Self::locked(path)?, config))
    }

    /// Sees to it that there is a run, for those who only read, which they may while another process works on it.
    pub(super) fn expect(path: &Path) -> Result<(), RunError> {
        // A directory that is not there at all is told apart by the system's own message.
        fs::read_dir(path).map_err(|source| RunError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        if path.join("config.toml").exists() {
            Ok(())
        } else {
            let path = path.to_owned();
            Err(RunError::NoRun { path })
        }
    }

    fn locked(path: &Path) -> Result<Self, RunError> {
        let config = path.join("config.toml");
        let file = File::open(&config).map_err(|source| RunError::Unreadable {
            path: config.clone(),
            source,
        })?;
        match file.try_lock() {
            Ok(()) => {
                remove_unfinished(path);
                Ok(Self {
                    path: path.to_owned(),
                    _config: file,
                })
            }
            Err(TryLockError::WouldBlock) => {
                let path = path.to_owned();
                Err(RunError::InUse { path })
            }
            // Some file systems have no locks; a run is still better than none.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(Self {
                path: path.to_owned(),
                _config: file,
            }),
            Err(TryLockError::Error(source)) => Err(RunError::Unreadable {
                path: config,
                source,
            }),
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes files, as far as they are there.
    pub(super) fn remove(&self, names: &[&str]) -> Result<(), RunError> {
        for path in names.iter().map(|name| self.file(name)) {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(RunError::Unwritable { path, source });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The path of a file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Whether this is what [`write_whole`] leaves if the process dies in it.
fn is_unfinished(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    name.to_string_lossy().starts_with(UNFINISHED)
}

/// Removes what processes that died have left. What cannot be removed does no harm.
fn remove_unfinished(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if is_unfinished(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What the names of files begin with that are not whole yet.
const UNFINISHED: &str = ".tmp";

/// Writes a file so that, whatever happens, its path holds the old content or the new one.
///
/// # Errors
/// [`RunError::Unwritable`] says what the system says; the old content is still there then.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), RunError> {
    write(path, content, Existing::Replace)
}

/// Writes what was made JSON, with an end of line, as [`write_whole`] does.
///
/// # Errors
/// [`RunError::Unwritable`] if it could not be made JSON, or as for [`write_whole`].
pub(super) fn write_json(path: &Path, text: serde_json::Result<String>) -> Result<(), RunError> {
    let text = text.map_err(|error| RunError::Unwritable {
        path: path.to_owned(),
        source: error.into(),
    })?;
    write_whole(path, (text + "\n").as_bytes())
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy)]
enum Existing {
    Replace,
    Keep,
}

fn write(path: &Path, content: &[u8], existing: Existing) -> Result<(), RunError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        // Temporary files are private; results are as public as the directory lets them be.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.as_file()
                .set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        match existing {
            Existing::Replace => file.persist(path).map_err(|error| error.error)?,
            Existing::Keep => file.persist_noclobber(path).map_err(|error| error.error)?,
        };
        // The new name is on the disk only once the directory is.
        #[cfg(unix)]
        File::open(directory)?.sync_all()?;
        Ok(())
    };
    write().map_err(|source| RunError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_directory_serves_one_run_and_one_process() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let config = RunConfig::default();
        let missing = RunDirectory::open(&path).unwrap_err();
        assert!(matches!(missing, RunError::Unreadable { .. }), "{missing}");
        let no_run = RunDirectory::open(parent.path()).unwrap_err();
        assert!(matches!(no_run, RunError::NoRun { .. }), "{no_run}");

        let directory = RunDirectory::create(&path, &config).unwrap();
        let again = RunDirectory::create(&path, &config).unwrap_err();
        assert!(again.to_string().contains("is not empty"), "{again}");
        let in_use = RunDirectory::open(&path).unwrap_err();
        assert!(matches!(in_use, RunError::InUse { .. }), "{in_use}");
        drop(directory);
        let (_directory, read) = RunDirectory::open(&path).unwrap();
        assert_eq!(read, config);
    }

    #[test]
    fn a_failed_write_leaves_the_old_content() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let error = write_whole(&parent.path().join("no/file"), b"x").unwrap_err();
        assert!(error.to_string().starts_with("cannot write"), "{error}");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
