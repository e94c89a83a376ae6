//! A run from its start, or from where it was left, to its end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use mlevolve_ir::BackendChoice;

use super::candidates::CandidateLog;
use super::checkpoint::Logged;
use super::directory::write_whole;
use super::log::{self, Log};
use super::result::RunResult;
use super::{
    EXPLANATION_FILE, PAGE_FILE, RunConfig, RunCurves, RunDirectory, RunError, Timing, checkpoint,
    page,
};
use crate::fitness::{Comparison, DataSettings, Judge};
use crate::program::Program;
use crate::search::{Generation, Individual, Search, SearchError, SearchSettings};

/// A run that this process works on.
pub struct Session {
    directory: RunDirectory,
    search: Search,
    judges: Judges,
    log: Log,
    candidates: CandidateLog,
}

/// Is told how a run comes along.
pub trait Watch {
    /// A generation is complete, and written down, its candidates' fates too, which are no longer there.
    fn generation(&mut self, generation: &Generation, search: &Search, timing: &Timing);
}

/// How a session ended.
#[derive(Debug)]
pub enum Ending {
    /// All generations have been.
    Finished,
    /// It was told to stop, and can be resumed.
    Stopped,
}

impl Session {
    /// Begins a run in a directory that is empty or does not exist yet.
    ///
    /// # Errors
    /// [`RunError`] if the settings make no sense, or the directory cannot be used.
    pub fn start(path: &Path, config: &RunConfig) -> Result<Self, RunError> {
        // Settings that make no sense leave no directory.
        let search = Search::new(config.search.clone())?;
        let judges = Judges::new(path, search.settings())?;
        let directory = RunDirectory::create(path, config)?;
        Self::begin(directory, search, judges)
    }

    fn begin(directory: RunDirectory, search: Search, judges: Judges) -> Result<Self, RunError> {
        if search.settings().data.baselines.is_none() {
            // So that whoever takes up the run again need not measure them again.
            let confirming = judges.confirmation.as_ref();
            let confirming = confirming.and_then(|judge| judge.own_yardstick());
            for (file, yardstick) in [
                (OWN_BASELINES, judges.suite.own_yardstick()),
                (OWN_CONFIRMATION_BASELINES, confirming),
            ] {
                if let Some(text) = yardstick {
                    write_whole(&directory.file(file), text.as_bytes())?;
                }
            }
        }
        let mut session = Self {
            log: Log::create(&directory, search.settings())?,
            candidates: CandidateLog::create(&directory, search.settings())?,
            directory,
            search,
            judges,
        };
        session.save()?;
        Ok(session)
    }

    /// Takes up a run where its last checkpoint left it. `wanted` gives the settings that are asked for,
    /// of those that the run has.
    ///
    /// # Errors
    /// [`RunError`] if there is no run, its files are damaged or of a newer version, or the settings
    /// that are asked for are not those that the run began with.
    pub fn resume(
        path: &Path,
        wanted: impl FnOnce(&RunConfig) -> Result<RunConfig, RunError>,
    ) -> Result<Self, RunError> {
        let (directory, config) = RunDirectory::open(path)?;
        let wanted = wanted(&config)?;
        // A process that died before its first checkpoint leaves nothing to go on from, and nothing
        // to lose.
        let only_begun =
            !directory.file("checkpoint.json").exists() && log::is_only_begun(&directory);
        let (mut search, logged) = if only_begun {
            (Search::new(config.search.clone())?, Logged::default())
        } else {
            checkpoint::load(path)?
        };
        let begun_with = RunConfig {
            format: config.format,
            search: search.settings().clone(),
        };
        for changed in [&config, &wanted] {
            if let Some(difference) = begun_with.difference(changed) {
                return Err(RunError::Changed {
                    path: directory.file("config.toml"),
                    difference,
                });
            }
        }
        search.settings.backend = wanted.search.backend;
        let judges = Judges::new(directory.path(), search.settings())?;
        if only_begun {
            return Self::begin(directory, search, judges);
        }
        let log = Log::open(&directory, logged.log_bytes)?;
        let candidates = CandidateLog::open(&directory, search.settings(), logged)?;
        if !search.is_finished() {
            // A report at a time limit speaks of a state that is about to pass.
            directory.remove(&[
                "result.json",
                "curves.json",
                "report.txt",
                PAGE_FILE,
                EXPLANATION_FILE,
            ])?;
        }
        Ok(Self {
            directory,
            search,
            judges,
            log,
            candidates,
        })
    }

    /// The search as it stands.
    #[must_use]
    pub const fn search(&self) -> &Search {
        &self.search
    }

    /// The run directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Goes on, generation by generation, to the end or until `stop` becomes true. `judged` counts
    /// candidates that had their verdict.
    ///
    /// # Errors
    /// [`RunError`] if the search fails or a file cannot be written; the run can be resumed then.
    pub fn run(
        &mut self,
        watch: &mut dyn Watch,
        judged: &AtomicU64,
        stop: &AtomicBool,
    ) -> Result<Ending, RunError> {
        let start = Instant::now();
        let mut saved = start;
        while !self.search.is_finished() {
            let before = Instant::now();
            let Ok(mut generation) = self.search.advance(
                &*self.judges.suite,
                self.judges.confirmation.as_deref(),
                judged,
                stop,
            )?
            else {
                self.save().map_err(|source| self.stopped_by(source))?;
                return Ok(Ending::Stopped);
            };
            let seconds = before.elapsed().as_secs_f64();
            let counts = &generation.counts;
            let timing = Timing {
                elapsed_seconds: start.elapsed().as_secs_f64(),
                candidates_per_second: counts.candidates as f64 / seconds,
                trained_per_second: (counts.dropped + counts.judged) as f64 / seconds,
                stage_seconds: stage_seconds(&generation),
            };
            self.write_down(&mut generation, &timing)
                .and_then(|()| match self.search.end() {
                    Some(reason) => self.log.end(reason),
                    None => Ok(()),
                })
                .map_err(|source| self.stopped_by(source))?;
            // Generations of small programs on small tasks take less time than a checkpoint. What a killed
            // process has done since the last one is done again, to the same bits.
            if saved.elapsed() >= CHECKPOINT_INTERVAL || self.search.is_finished() {
                self.save().map_err(|source| self.stopped_by(source))?;
                saved = Instant::now();
            }
            watch.generation(&generation, &self.search, &timing);
        }
        Ok(Ending::Finished)
    }

    fn write_down(&mut self, generation: &mut Generation, timing: &Timing) -> Result<(), RunError> {
        self.log.generation(generation, &self.search, timing)?;
        let fates = std::mem::take(&mut generation.fates);
        (self.candidates).generation(generation.number, fates, &self.search)?;
        if let (true, Some(leader)) = (generation.new_leader, self.search.leader()) {
            let cost = self.judges.suite.cost(&leader.individual.program);
            self.log.leader(leader, &cost.map_err(SearchError::from)?)?;
            let seed = self.search.settings().seed;
            let program = named(&leader.individual, leader.generation, seed).to_string();
            write_whole(&self.directory.file("best.mle"), program.as_bytes())?;
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), RunError> {
        self.log.sync()?;
        let (candidate_log_bytes, survivors) = self.candidates.sync()?;
        let logged = Logged {
            log_bytes: self.log.bytes(),
            candidate_log_bytes,
            survivors,
        };
        checkpoint::save(&self.directory, &self.search, logged)
    }

    fn stopped_by(&self, source: RunError) -> RunError {
        match source {
            RunError::Unwritable { .. } => RunError::Stopped {
                directory: self.directory.path().to_owned(),
                source: Box::new(source),
            },
            other => other,
        }
    }

    /// What the run ended with, if its report has been made.
    ///
    /// # Errors
    /// [`RunError`] if the file cannot be read.
    pub fn result(&self) -> Result<Option<RunResult>, RunError> {
        RunResult::load(&self.directory.file("result.json"))
    }

    /// Judges the leader on seeds that no search uses, beside the known rules, and writes down the
    /// result, the report and the page; gives the first two.
    ///
    /// # Errors
    /// [`RunError`] if nothing has trained yet, or a file cannot be written.
    pub fn report(&self) -> Result<(RunResult, String), RunError> {
        let path = self.directory.path();
        let result = RunResult::of(path, &self.search, &self.judges)?;
        let curves = RunCurves::of(&result);
        let report = result.report(&self.judges, path);
        let write = || {
            write_whole(&self.directory.file("best.mle"), result.program.as_bytes())?;
            curves.save(&self.directory.file("curves.json"))?;
            result.save(&self.directory.file("result.json"))?;
            write_whole(&self.directory.file("report.txt"), report.as_bytes())?;
            let page = self.directory.file(PAGE_FILE);
            page::written(path, &page, &self.judges, &result, Some(&curves))
        };
        write().map_err(|source| self.stopped_by(source))?;
        Ok((result, report))
    }
}

/// How long each stage of the funnel took, by its name.
fn stage_seconds(generation: &Generation) -> BTreeMap<String, f64> {
    let stages = generation.funnel.iter().zip(&generation.stage_ns);
    stages
        .map(|(count, ns)| (count.stage.clone(), *ns as f64 / 1e9))
        .collect()
}

/// The least time between two checkpoints.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(2);

/// The file of a run directory that has the known rules' curves on a user's own data, if the run measured them.
const OWN_BASELINES: &str = "baselines.json";
/// The same of the tasks that confirm what would lead.
const OWN_CONFIRMATION_BASELINES: &str = "confirmation_baselines.json";

/// The judges of a run.
pub(super) struct Judges {
    /// On the run's suite.
    pub(super) suite: Box<dyn Judge>,
    /// On the tasks that confirm what would lead, if they are others.
    pub(super) confirmation: Option<Box<dyn Judge>>,
    /// On what the search does not see, if there is anything.
    pub(super) held_out: Option<Box<dyn Judge>>,
}

impl Judges {
    /// Of the run in a directory, or of one that will be there.
    pub(super) fn new(directory: &Path, settings: &SearchSettings) -> Result<Self, SearchError> {
        let data = |kept: &str| {
            let kept = directory.join(kept);
            let measured = kept.exists().then_some(kept);
            DataSettings {
                baselines: settings.data.baselines.clone().or(measured),
                ..settings.data.clone()
            }
        };
        let judging = &settings.schema()?.description().judging;
        let confirming = settings.confirming();
        let confirmation = confirming
            .map(|settings| (judging.judge)(&settings, &data(OWN_CONFIRMATION_BASELINES)));
        Ok(Self {
            suite: (judging.judge)(settings, &data(OWN_BASELINES))?,
            confirmation: confirmation.transpose()?,
            held_out: (judging.held_out)(&settings.seeing_all())?,
        })
    }

    /// A program beside known ones, on the suite and on what is held out.
    pub(super) fn compare(
        &self,
        program: &Program,
        tunes: bool,
        backend: BackendChoice,
    ) -> Result<(Comparison, Option<Comparison>), RunError> {
        let compared = |judge: &dyn Judge, tunes| {
            let comparison = judge.compare(program, tunes, backend);
            comparison.map_err(SearchError::from)
        };
        let unseen = self.held_out.as_deref().map(|judge| compared(judge, true));
        Ok((compared(&*self.suite, tunes)?, unseen.transpose()?))
    }
}

/// An individual's program as people meet it: without what has no effect, and with a name of its own.
pub(super) fn named(individual: &Individual, generation: u32, seed: u64) -> Program {
    let Individual { id, program, .. } = individual;
    let pruned = program.pruned();
    let name = format!("evolved_{}_{id}", seed % 1_000_000);
    let note = format!(
        "Found by mlevolve {}: seed {seed}, candidate {id} of generation {generation}.",
        env!("CARGO_PKG_VERSION"),
    );
    pruned
        .with_name(&name)
        .and_then(|program| program.with_notes(vec![note]))
        .unwrap_or(pruned)
}
