//! The log: one JSON object a line, for people's own tools.
//!
//! Lines are the same for the same settings, on any machine and at any number of threads, but for
//! what stands under `timing`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::appended::AppendedFile;
use super::{RUN_FORMAT, RunDirectory, RunError};
use crate::fitness::{Judgement, ProgramCost};
use crate::search::{
    Generation, Leader, Operator, Search, SearchEnd, SearchSettings, StageCount, Totals,
};
use crate::variation::Mutation;

/// How long something took; the only part of a log that differs between two runs with one seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// Since the process began to work on the run.
    pub elapsed_seconds: f64,
    /// Candidates that had their verdict in this generation, for each second that it took.
    pub candidates_per_second: f64,
    /// Of these, those that trained.
    pub trained_per_second: f64,
    /// How long each stage of the funnel took in this generation, on all threads together.
    pub stage_seconds: BTreeMap<String, f64>,
}

/// A line.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Record<'a> {
    /// The first line.
    Run {
        format: u32,
        version: &'static str,
        settings: &'a SearchSettings,
    },
    Generation {
        generation: u32,
        best_fitness: f64,
        median_fitness: f64,
        diversity: f64,
        behavioural_diversity: f64,
        /// The greatest fitness on each island, if there are several; nothing where none has trained.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        best_by_island: Vec<Option<f64>>,
        counts: Totals,
        totals: Totals,
        /// What each stage did in this generation.
        funnel: &'a [StageCount],
        /// How often each mutation is chosen in the next generation, relative to the others.
        mutation_weights: BTreeMap<Mutation, f64>,
        timing: &'a Timing,
    },
    /// The last line of a search that is over.
    End { reason: SearchEnd },
    /// A new leader.
    Best {
        generation: u32,
        id: u64,
        parents: &'a [u64],
        operators: &'a [Operator],
        /// On the seeds that every candidate is judged on.
        search_fitness: f64,
        /// On the seeds for confirmation.
        confirmed: &'a Judgement,
        cost: &'a ProgramCost,
        /// Without what has no effect.
        program: String,
    },
}

/// Whether a directory has no log yet, or one that no generation is in.
pub(super) fn is_only_begun(directory: &RunDirectory) -> bool {
    let log = std::fs::read(directory.file("log.jsonl")).unwrap_or_default();
    log.iter().filter(|&&byte| byte == b'\n').count() <= 1
}

/// The greatest fitness on each of several islands.
fn best_by_island(search: &Search) -> Vec<Option<f64>> {
    let islands = search.islands();
    let several = islands.iter().filter(|_| islands.len() > 1);
    several
        .map(|island| island.population.best().map(|best| best.fitness))
        .collect()
}

/// A log that grows at its end.
#[derive(Debug)]
pub(super) struct Log {
    file: AppendedFile,
}

impl Log {
    /// A new log with its first line.
    pub(super) fn create(
        directory: &RunDirectory,
        settings: &SearchSettings,
    ) -> Result<Self, RunError> {
        let mut log = Self::open(directory, 0)?;
        log.append(&Record::Run {
            format: RUN_FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            settings,
        })?;
        Ok(log)
    }

    /// The log, cut to the `bytes` that a checkpoint knows of.
    pub(super) fn open(directory: &RunDirectory, bytes: u64) -> Result<Self, RunError> {
        let file = AppendedFile::open(directory, "log.jsonl", bytes)?;
        Ok(Self { file })
    }

    /// How long the log is.
    pub(super) const fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    pub(super) fn generation(
        &mut self,
        generation: &Generation,
        search: &Search,
        timing: &Timing,
    ) -> Result<(), RunError> {
        self.append(&Record::Generation {
            generation: generation.number,
            best_fitness: generation.best_fitness,
            median_fitness: generation.median_fitness,
            diversity: generation.diversity,
            behavioural_diversity: generation.behavioural_diversity,
            best_by_island: best_by_island(search),
            counts: generation.counts,
            totals: *search.totals(),
            funnel: &generation.funnel,
            mutation_weights: Mutation::ALL
                .into_iter()
                .zip(search.guidance().weights)
                .collect(),
            timing,
        })
    }

    pub(super) fn end(&mut self, reason: SearchEnd) -> Result<(), RunError> {
        self.append(&Record::End { reason })
    }

    pub(super) fn leader(&mut self, leader: &Leader, cost: &ProgramCost) -> Result<(), RunError> {
        let individual = &leader.individual;
        let program = individual.program.pruned();
        self.append(&Record::Best {
            generation: leader.generation,
            id: individual.id,
            parents: &individual.origin.parents,
            operators: &individual.origin.operators,
            search_fitness: individual.fitness,
            confirmed: &leader.confirmed,
            cost,
            program: program.to_string(),
        })
    }

    /// Sees to it that the log is on the disk.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        self.file.sync()
    }

    fn append(&mut self, record: &Record<'_>) -> Result<(), RunError> {
        let line = serde_json::to_vec(record);
        let mut line = line.map_err(|error| self.file.unwritable(error.into()))?;
        line.push(b'\n');
        self.file.append(&line)
    }
}
