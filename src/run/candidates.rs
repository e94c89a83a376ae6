//! The log of candidates: what every program that a search made was made of, how far it came, and how good it was.
//!
//! A search makes so many programs that their log is a file of its own, `candidates.jsonl.gz`: one JSON object a line,
//! compressed. The settings say which of them it has ([`CandidateLogging`]).
//!
//! ```text
//!   member 0   {"record":"candidates","format":…}           what the file is
//!   member 1   {"record":"candidate","id":0,…} …            the first generation
//!   member 2   {"record":"candidate","id":500,…} …          the next one, its migrants last
//!     …
//! ```
//!
//! Every generation is a gzip member of its own, and members one after the other are a gzip file: `zcat` reads it. So a
//! checkpoint, which is between two generations, is between two members, and a run that was killed ends with the same bytes
//! as one that was not.
//!
//! A candidate took 47 bytes in the first generation of the default search, of which most are rejected, 139 in a search of a
//! few small generations, and 60 in the learners' demonstration (`experiments/automl-zero/demo.toml`, with `all`); by
//! that, a million are some 50 to 150 MB. When the file has come to [`LARGEST_BYTES`], a last line says so, and nothing is written any more.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::appended::{AppendedFile, too_short};
use super::candidate_record::CandidateRecord;
use super::checkpoint::Logged;
use super::survivors::Survivors;
use super::{RUN_FORMAT, RunDirectory, RunError};
use crate::search::{CandidateLogging, Fate, Search, SearchSettings};

/// The file's name in the run directory.
pub(super) const FILE: &str = "candidates.jsonl.gz";

/// What a candidate's line begins with. As soon as that is seen, its fields can be read one by one as they come, where a record
/// of unknown kind would have to be kept whole until its kind is known: there may be millions.
const CANDIDATE: &[u8] = br#"{"record":"candidate","#;

/// The length at which nothing is written any more: 2 GiB.
const LARGEST_BYTES: u64 = 2 << 30;

/// A line, as it is written.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Record {
    /// The first line.
    Candidates {
        format: u32,
        version: &'static str,
        candidate_log: CandidateLogging,
    },
    Candidate(CandidateRecord),
    /// The last line of a file that has come to its greatest length.
    Full {
        /// The last generation that it has.
        generation: u32,
    },
}

/// What a run writes down of its candidates.
#[derive(Debug)]
pub(super) enum CandidateLog {
    /// Nothing.
    None,
    /// All, or some, in a file.
    File(CandidateFile),
    /// Those that somebody descends from, in the checkpoint.
    Survivors(Survivors),
}

/// The file.
#[derive(Debug)]
pub(super) struct CandidateFile {
    file: AppendedFile,
    largest_bytes: u64,
}

impl CandidateLog {
    /// A new log.
    pub(super) fn create(
        directory: &RunDirectory,
        settings: &SearchSettings,
    ) -> Result<Self, RunError> {
        let mut log = Self::open(directory, settings, Logged::default())?;
        match &mut log {
            Self::File(file) => file.append(&[Record::Candidates {
                format: RUN_FORMAT,
                version: env!("CARGO_PKG_VERSION"),
                candidate_log: settings.candidate_log,
            }])?,
            Self::Survivors(_) | Self::None => {}
        }
        Ok(log)
    }

    /// The log as a checkpoint knows of it.
    pub(super) fn open(
        directory: &RunDirectory,
        settings: &SearchSettings,
        logged: Logged,
    ) -> Result<Self, RunError> {
        Ok(match settings.candidate_log {
            CandidateLogging::All | CandidateLogging::Trained => Self::File(CandidateFile {
                file: AppendedFile::open(directory, FILE, logged.candidate_log_bytes)?,
                largest_bytes: LARGEST_BYTES,
            }),
            CandidateLogging::Survivors => Self::Survivors(Survivors::restored(logged.survivors)),
            CandidateLogging::None => Self::None,
        })
    }

    /// Writes down what became of a generation's candidates, after which the search is as it is.
    pub(super) fn generation(
        &mut self,
        number: u32,
        fates: Vec<Fate>,
        search: &Search,
    ) -> Result<(), RunError> {
        match self {
            Self::File(file) => file.generation(number, &fates)?,
            Self::Survivors(survivors) => survivors.generation(number, fates, search),
            Self::None => {}
        }
        Ok(())
    }

    /// Sees to it that what is in a file is on the disk; how long that is, and what is to be in the checkpoint.
    pub(super) fn sync(&mut self) -> Result<(u64, Vec<CandidateRecord>), RunError> {
        match self {
            Self::File(CandidateFile { file, .. }) => {
                file.sync()?;
                Ok((file.bytes(), Vec::new()))
            }
            Self::Survivors(survivors) => Ok((0, survivors.records())),
            Self::None => Ok((0, Vec::new())),
        }
    }
}

impl CandidateFile {
    /// Writes down what became of a generation's candidates. The file is full if that makes it so long.
    fn generation(&mut self, number: u32, fates: &[Fate]) -> Result<(), RunError> {
        if fates.is_empty() || self.is_full() {
            return Ok(());
        }
        let records = fates.par_iter();
        let records = records.map(|fate| Record::Candidate(CandidateRecord::of(fate, number)));
        self.append(&records.collect::<Vec<_>>())?;
        if self.is_full() {
            self.append(&[Record::Full { generation: number }])?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.file.bytes() >= self.largest_bytes
    }

    /// Appends a gzip member.
    fn append(&mut self, records: &[Record]) -> Result<(), RunError> {
        let member = member(records).map_err(|source| self.file.unwritable(source))?;
        self.file.append(&member)
    }
}

/// Records as lines, compressed. No time is in it, so the same records are the same bytes.
fn member(records: &[Record]) -> std::io::Result<Vec<u8>> {
    let lines: Result<Vec<Vec<u8>>, serde_json::Error> =
        records.par_iter().map(serde_json::to_vec).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for mut line in lines? {
        line.push(b'\n');
        encoder.write_all(&line)?;
    }
    encoder.finish()
}

/// The log of candidates of a run, as far as a checkpoint knows of it.
pub(super) struct WrittenCandidates {
    path: PathBuf,
    directory: PathBuf,
    bytes: u64,
}

impl WrittenCandidates {
    /// In a run directory, of so many bytes.
    pub(super) fn of(directory: &Path, bytes: u64) -> Self {
        Self {
            path: directory.join(FILE),
            directory: directory.to_owned(),
            bytes,
        }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives each candidate's record, read as far as `R` wants it, to `take`, by rising id; the generation after which the
    /// log was full, if it was.
    ///
    /// # Errors
    /// [`RunError`] if the file is missing, of another version, or damaged.
    pub(super) fn each<R: DeserializeOwned>(
        &self,
        mut take: impl FnMut(R),
    ) -> Result<Option<u32>, RunError> {
        let unreadable = |source| RunError::Unreadable {
            path: self.path.clone(),
            source,
        };
        let file = File::open(&self.path).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?.len();
        if found < self.bytes {
            return Err(too_short(
                self.path.clone(),
                &self.directory,
                found,
                self.bytes,
            ));
        }
        let decoder = MultiGzDecoder::new(BufReader::new(file.take(self.bytes)));
        let mut lines = BufReader::with_capacity(1 << 16, decoder);
        let mut line = Vec::new();
        let mut full = None;
        for number in 1_u64.. {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            if read.map_err(|error| self.unreadable_line(number, &error))? == 0 {
                break;
            }
            let parsed = if line.starts_with(CANDIDATE) {
                serde_json::from_slice(&line).map(Line::Candidate)
            } else {
                serde_json::from_slice::<Line<R>>(&line)
            };
            match parsed {
                Ok(Line::Candidate(record)) => take(record),
                Ok(Line::Candidates { format }) if format == RUN_FORMAT => {}
                Ok(Line::Candidates { format: found }) => {
                    let path = self.path.clone();
                    return Err(if found > RUN_FORMAT {
                        RunError::Newer { path, found }
                    } else {
                        RunError::Older { path, found }
                    });
                }
                Ok(Line::Full { generation }) => full = Some(generation),
                Err(error) => return Err(self.unreadable_line(number, &error)),
            }
        }
        Ok(full)
    }

    fn unreadable_line(&self, line: u64, error: &dyn std::error::Error) -> RunError {
        self.damaged(format!("line {line} cannot be read: {error}"))
    }

    /// That it is damaged, as a reason says.
    pub(super) fn damaged(&self, reason: String) -> RunError {
        RunError::DamagedCandidates {
            path: self.path.clone(),
            config: self.directory.join("config.toml"),
            reason,
        }
    }
}

/// A line, as far as it is read: of a candidate, what `R` wants of it.
#[derive(Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Line<R> {
    Candidates { format: u32 },
    Candidate(R),
    Full { generation: u32 },
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::fitness::{Appraisal, Fingerprint, Rejection};
    use crate::run::RunConfig;
    use crate::search::{Operator, Origin, Stage};

    /// What became of a random program that was rejected.
    fn fate(id: u64) -> Fate {
        Fate {
            id,
            origin: Origin {
                parents: arrayvec::ArrayVec::new(),
                operators: smallvec::smallvec![Operator::Random],
            },
            island: 0,
            appraisal: Appraisal {
                fingerprint: Fingerprint::new([7; 16]),
                cost: 2,
                instructions: 2,
            },
            let_through: false,
            stage: Stage::Rejected(Rejection::Idle),
            program: None,
            entered: false,
        }
    }

    #[test]
    fn a_log_that_is_full_says_so_and_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let config = RunConfig::default();
        let directory = RunDirectory::create(&parent.path().join("run"), &config).unwrap();
        let CandidateLog::File(mut log) = CandidateLog::create(&directory, &config.search).unwrap()
        else {
            panic!("all candidates are written down by default");
        };
        log.generation(0, &[fate(0)]).unwrap();
        log.largest_bytes = log.file.bytes() + 1;
        log.generation(1, &[fate(1)]).unwrap();
        let bytes = log.file.bytes();
        log.generation(2, &[fate(2)]).unwrap();
        assert_eq!(log.file.bytes(), bytes);
        let path = directory.path();
        assert_eq!(fs_length(path), bytes);

        let mut records: Vec<CandidateRecord> = Vec::new();
        let full = WrittenCandidates::of(path, bytes).each(|record| records.push(record));
        assert_eq!(full.unwrap(), Some(1));
        let ids: Vec<u64> = records.iter().map(|record| record.id).collect();
        assert_eq!(ids, [0, 1]);
        assert_eq!(records[1].rejection.as_deref(), Some("idle"));
        assert_eq!(records[1].fingerprint, "07".repeat(16));
    }

    fn fs_length(directory: &Path) -> u64 {
        std::fs::metadata(directory.join(FILE)).unwrap().len()
    }

    /// A checkpoint knows the length, so it must be the same whenever the same is written.
    #[test]
    fn members_have_no_time_in_them_and_follow_each_other() {
        let records = |ids: std::ops::Range<u64>| -> Vec<Record> {
            let records = ids.map(|id| Record::Candidate(CandidateRecord::of(&fate(id), 3)));
            records.collect()
        };
        let (first, second) = (
            member(&records(0..2)).unwrap(),
            member(&records(2..5)).unwrap(),
        );
        // The time of modification is bytes 4 to 7 of a header (RFC 1952).
        assert_eq!(first[4..8], [0; 4]);
        let mut text = String::new();
        let joined = [first, second].concat();
        let mut decoder = MultiGzDecoder::new(&joined[..]);
        decoder.read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().count(), 5);
        let line = "{\"record\":\"candidate\",\"id\":4,\"generation\":3,\"island\":0,\"parents\":[],\
            \"operators\":[\"random\"],\"stage\":\"rejected\",\"rejection\":\"idle\",\"entered\":false,\
            \"cost\":2,\"instructions\":2,\"fingerprint\":\"07070707070707070707070707070707\"}";
        assert_eq!(text.lines().last(), Some(line));
    }
}
