//! `mlevolve evolve`: the main job.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::data::DataOptions;
use super::progress::Working;
use super::searching::{Searched, Stopping, reported, searched};
use super::{INTERRUPTED, batch, print, set_threads, tell};
use crate::program::{Schema, list};
use crate::run::{LogReader, RunConfig, RunError, Seeds, Session, course, load_config};
use crate::search::{BackendName, Control, SearchSettings};

/// Search for a learning algorithm.
///
/// Breeds programs generation by generation, trains each on every task of the suite, and ends with the
/// best one, beside known rules with tuned learning rates. The same settings and seed give the same
/// result, to the bit, at any number of threads. Ctrl-C stops without loss; `--resume` goes on.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve evolve\n  \
    mlevolve evolve --seed 7 --generations 100 --out runs/long\n  \
    mlevolve evolve --resume runs/long\n  \
    mlevolve evolve --config search.toml --seeds 1..20 --out runs/many\n  \
    mlevolve evolve --control random-search --training-steps 4000000 --out runs/control\n  \
    mlevolve evolve --schema loss\n  \
    mlevolve evolve --schema algorithm\n  \
    mlevolve evolve --schema learner\n  \
    mlevolve evolve --schema learner --train train.csv --valid valid.csv\n  \
    mlevolve evolve --csv houses.csv --target price\n  \
    mlevolve evolve --config runs/long/config.toml --out runs/again\n\n\
    A configuration file is TOML; what it leaves out has its default:\n  \
    [search]\n  population = 200\n  injection_rate = 0.1\n\n\
    Every run writes its own, with all settings, to DIR/config.toml.")]
pub(super) struct Evolve {
    /// What is searched for: an `optimizer`, a `loss` to train models by, both together in an `algorithm`, or a whole
    /// `learner` that is given nothing but data [default: optimizer]
    #[arg(long, value_name = "SCHEMA", value_parser = schema, conflicts_with = "resume")]
    schema: Option<Schema>,

    /// What every random draw is derived from [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,

    /// Run a search for each of these seeds, in a directory with a run for each and a summary of all: `1..20` is twenty.
    /// The same command goes on with what is unfinished
    #[arg(long, value_name = "SEEDS", conflicts_with_all = ["seed", "resume"])]
    seeds: Option<Seeds>,

    /// How many generations are bred after the first [default: 30]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    generations: Option<u32>,

    /// How many programs the population holds, and how many candidates a generation makes [default: 500]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    population: Option<usize>,

    /// The tasks that judge what would lead, named as by --suite: what fits the suite alone does not lead then, and
    /// reports hold out the data of both [default: the suite's]
    #[arg(long, value_name = "SUITE", conflicts_with = "resume")]
    confirmation_suite: Option<String>,

    /// What runs the programs: `auto`, `interp`, `jit-quick` or `jit`; all give the same result
    /// [default: auto]
    #[arg(long, value_name = "BACKEND", value_parser = backend)]
    backend: Option<BackendName>,

    /// Read settings from this file; options go before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The directory for everything that the run leaves [default: runs/seed-N]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,

    /// Go on with the run in this directory
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,

    /// Stop after this long, as with Ctrl-C but with a report: `90s`, `10m`, `2h`
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    time_limit: Option<Duration>,

    /// Stop after the generation in which this many steps of training were taken: a measure of what a search costs that is
    /// the same on every machine, so that searches can be compared at equal cost
    #[arg(long, value_name = "N")]
    training_steps: Option<u64>,

    /// Search as evolution must be better than, at equal cost: by `random-search`, in which every candidate is a random
    /// program, or by evolution of `constants-only`
    #[arg(long, value_name = "CONTROL", conflicts_with = "resume")]
    control: Option<Control>,

    /// How many threads judge candidates; it changes no result [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,

    #[command(flatten)]
    data: DataOptions,
}

fn schema(word: &str) -> Result<Schema, String> {
    Schema::from_name(word).ok_or_else(|| {
        let known = Schema::ALL.iter().map(|schema| schema.description().name);
        format!("there is none called `{word}`, only {}", list(known))
    })
}

fn backend(word: &str) -> Result<BackendName, mlevolve_ir::UnknownBackend> {
    word.parse().map(BackendName)
}

impl Evolve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        if let Some(seeds) = &self.seeds {
            return self.run_batch(seeds);
        }
        // Until there is a run, Ctrl-C has nothing to lose.
        let mut session = match &self.resume {
            // What was tuned when it began, its directory has.
            Some(directory) => {
                let _working = Working::on("preparing");
                Session::resume(directory, |begun| self.wanted(begun.clone()))?
            }
            None => {
                let config =
                    self.wanted(RunConfig::of(self.schema.unwrap_or(Schema::Optimizer)))?;
                let _working = Working::on(if config.search.tunes_known_rules() {
                    "preparing; unless --baselines has it, known rules are tuned on your data"
                } else {
                    "preparing"
                });
                let out = match &self.out {
                    Some(out) => out.clone(),
                    None => unused_directory(config.search.seed)?,
                };
                Session::start(&out, &config)?
            }
        };
        let stopping = Stopping::listen(self.time_limit)?;
        let searched = searched(&mut session, &stopping)?;
        if searched == Searched::Interrupted {
            return Ok(ExitCode::from(INTERRUPTED));
        }
        // From here on there is nothing to stop gently for.
        stopping.stop_at_once();
        if session.search().leader().is_none() && !session.search().is_finished() {
            return Ok(ExitCode::SUCCESS);
        }
        let (_, report) = reported(&session)?;
        // It has times in it, and the report is the same at every run.
        let mut log = LogReader::open(session.directory())?;
        log.follow(u64::MAX)?;
        tell(&course(log.history()));
        print(&report)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Goes on with the runs of a batch, one after the other, and says what they say together.
    fn run_batch(&self, seeds: &Seeds) -> anyhow::Result<ExitCode> {
        let base = self.wanted(RunConfig::of(self.schema.unwrap_or(Schema::Optimizer)))?;
        let directory = match &self.out {
            Some(out) => out.clone(),
            None => Path::new("runs").join(format!("batch-{}", base.search.schema)),
        };
        let stopping = Stopping::listen(self.time_limit)?;
        match batch::run(&directory, seeds, &base, &stopping)? {
            Some(summary) => {
                print(&format!(
                    "{}\n\nIn {}\n",
                    summary.text(),
                    directory.display()
                ))?;
                Ok(ExitCode::SUCCESS)
            }
            None => Ok(ExitCode::from(INTERRUPTED)),
        }
    }

    /// The settings that a run with these options has, where `base` has those that are not given.
    fn wanted(&self, base: RunConfig) -> Result<RunConfig, RunError> {
        let mut config = match &self.config {
            Some(path) => load_config(path, self.schema)?,
            None => base,
        };
        if let Some(schema) = self.schema {
            let wanted = schema.description().name;
            let found = &config.search.schema;
            if let Some(path) = self.config.as_ref().filter(|_| found != wanted) {
                return Err(RunError::Config {
                    path: path.clone(),
                    message: format!("its schema is `{found}`, and --schema asks for `{wanted}`"),
                });
            }
        }
        let SearchSettings {
            seed,
            generations,
            population,
            offspring,
            elites,
            training_steps,
            backend,
            suite,
            confirmation_suite,
            data,
            ..
        } = &mut config.search;
        let wanted_suite = self.data.suite_over(suite);
        if wanted_suite != *suite {
            // What confirms was chosen for the other suite.
            (*suite, *confirmation_suite) = (wanted_suite, None);
        }
        if let Some(wanted) = &self.confirmation_suite {
            *confirmation_suite = Some(wanted.clone());
        }
        *data = self.data.over(data);
        *seed = self.seed.unwrap_or(*seed);
        *generations = self.generations.unwrap_or(*generations);
        *backend = self.backend.unwrap_or(*backend);
        *training_steps = self.training_steps.or(*training_steps);
        if let Some(size) = self.population.filter(|size| size != population) {
            // As large a share of a small population as of the default one.
            *elites = (*elites).min((size / 20).max(1));
            (*population, *offspring) = (size, size);
        }
        if let Some(control) = self.control {
            control.apply(&mut config.search);
        }
        Ok(config)
    }
}

/// `runs/seed-N`, or the first of `runs/seed-N-2`, … that is not taken.
fn unused_directory(seed: u64) -> anyhow::Result<PathBuf> {
    let first = Path::new("runs").join(format!("seed-{seed}"));
    let further = (2..100_000).map(|count| first.with_file_name(format!("seed-{seed}-{count}")));
    let mut candidates = std::iter::once(first.clone()).chain(further);
    candidates.find(|path| !path.exists()).with_context(|| {
        format!(
            "{} and all that follow it are taken; use --out",
            first.display()
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    /// What confirms was chosen for a suite, and does not go with another one.
    #[test]
    fn another_suite_is_not_confirmed_by_the_tasks_for_the_first() {
        let mut base = RunConfig::of(Schema::Loss);
        base.search.confirmation_suite = Some("digits-mlp".to_owned());
        let suite = base.search.suite.clone();
        let confirming = |words: &[&str]| {
            let command = Evolve::augment_args(Command::new("evolve"));
            let matches = command.try_get_matches_from([&["evolve"], words].concat());
            let options = Evolve::from_arg_matches(&matches.unwrap()).unwrap();
            let search = options.wanted(base.clone()).unwrap().search;
            search.confirmation_suite
        };
        for (words, expected) in [
            (&[][..], Some("digits-mlp")),
            (&["--suite", &suite], Some("digits-mlp")),
            (&["--suite", "iris-mlp"], None),
            (&["--confirmation-suite", "iris-mlp"], Some("iris-mlp")),
            (
                &["--suite", "iris-mlp", "--confirmation-suite", "wine-mlp"],
                Some("wine-mlp"),
            ),
        ] {
            assert_eq!(confirming(words).as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn help_tells_the_defaults() {
        let help = Evolve::augment_args(Command::new("evolve")).render_long_help();
        let help = help.to_string();
        let SearchSettings {
            seed,
            generations,
            population,
            offspring,
            backend,
            ..
        } = SearchSettings::default();
        assert_eq!(population, offspring);
        for (option, default) in [
            ("--seed", seed.to_string()),
            ("--generations", generations.to_string()),
            ("--population", population.to_string()),
            ("--backend", backend.0.to_string()),
        ] {
            let (_, after) = help.split_once(option).unwrap_or_default();
            let (_, after) = after.split_once("[default: ").unwrap_or_default();
            let told = after.split_once(']').unwrap_or_default().0;
            assert_eq!(told, default, "{option}");
        }
    }
}
