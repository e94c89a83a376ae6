//! What can go wrong with a run directory.

use std::path::{Path, PathBuf};

use crate::program::{LoadError, ParseError};
use crate::search::SearchError;

use super::RUN_FORMAT;
use super::invocation::command;

/// Why a run cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A run cannot go on because a file cannot be written.
    #[error(
        "{source}; nothing is lost: once there is room, go on with `{}`",
        command("evolve --resume", directory)
    )]
    Stopped {
        /// The run directory.
        directory: PathBuf,
        /// What could not be written.
        source: Box<RunError>,
    },
    /// A directory for a new run is in use.
    #[error("{} is not empty; if it holds a run, go on with it by `--resume`; else name another directory with `--out`", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A directory holds no run.
    #[error("{} is no run directory: it has no config.toml", path.display())]
    NoRun {
        /// The directory.
        path: PathBuf,
    },
    /// Another process works in the directory.
    #[error("another process is running in {}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The file is of a newer version.
    #[error("{} has format {found}, and this mlevolve knows formats up to {RUN_FORMAT}; use a newer mlevolve", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The search is of an older version, which would have gone on in another way.
    #[error("{} has format {found}, and this mlevolve goes on with format {RUN_FORMAT} only; use an older mlevolve, or start a new run", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A configuration does not say what it must, or says more.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where and what.
        message: String,
    },
    /// A checkpoint or log is damaged.
    #[error(
        "{} is damaged: {reason}; the run cannot go on from it, but the same run can be made again with \
         `{} --out NEW`", path.display(), command("evolve --config", config)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The run's configuration.
        config: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The log of candidates is damaged, on which nothing depends but the lineages in it.
    #[error(
        "{} is damaged: {reason}; the same run makes it again: `{} --out NEW`",
        path.display(), command("evolve --config", config)
    )]
    DamagedCandidates {
        /// The file.
        path: PathBuf,
        /// The run's configuration.
        config: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A run has no log of candidates.
    #[error(
        "{} says candidate_log = \"none\", so the run writes no candidates down; with \"all\" in a copy of \
         it, `{} --out NEW` makes the same run again with them", config.display(), command("evolve --config", Path::new("COPY"))
    )]
    NoCandidates {
        /// The run's configuration.
        config: PathBuf,
    },
    /// The log of candidates does not have a candidate.
    #[error("{} has no candidate {id}: {reason}", path.display())]
    UnknownCandidate {
        /// The log of candidates.
        path: PathBuf,
        /// The candidate that was asked for.
        id: u64,
        /// Which it has.
        reason: String,
    },
    /// Settings differ from those that the run began with.
    #[error(
        "{}: a run goes on with the settings it began with, but {difference}; to change them, start a new \
         run with `{} --out NEW` and what is to be different", path.display(), command("evolve --config", path)
    )]
    Changed {
        /// The configuration.
        path: PathBuf,
        /// The first setting that differs.
        difference: String,
    },
    /// Nothing has trained yet, so there is no program to speak of.
    #[error("the run in {} has no best program: no candidate has trained", path.display())]
    NothingTrained {
        /// The run directory.
        path: PathBuf,
    },
    /// Batches that have nothing in common cannot be compared.
    #[error(
        "the batches in {} and {} share no seed; run both with the same `--seeds`",
        first.display(),
        other.display()
    )]
    NoSharedSeeds {
        /// The directory of the first.
        first: PathBuf,
        /// That of the other.
        other: PathBuf,
    },
    /// The search cannot go on.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A program file is none.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl RunError {
    /// Program text inside a file of a run that cannot be read.
    pub(super) fn program_text(error: &ParseError) -> String {
        format!("it holds a program that cannot be read: {error}")
    }
}
