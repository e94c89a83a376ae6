//! `mlevolve explain`: what a program does, why it works, and what it is like.

mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;

use super::data::DataOptions;
use super::progress::{Counting, Working};
use super::running::RunningOptions;
use super::{print, program_named, tell};
use crate::explain::{DEFAULT_SEEDS, Measuring, explain, judgements};
use crate::fitness::Judge;
use crate::program::Program;
use crate::run::invocation::command;
use crate::run::{EXPLANATION_FILE, RunExplanation, RunProgram, judge_of, settings_of};

/// Explain a program: what it does, which parts of it matter, which known one it is like.
///
/// It is shown as formulas, simplified as on paper, with the rewriting that is not exact marked. It is compared with the known programs, by
/// structure and by what both do with made-up numbers, and told to be one of them if it is, be it with other constants. Its cost
/// stands beside Adam's. Then it is measured, on seeds that are used for nothing else: each instruction is left out and each cell of
/// state forgets, and each constant is given other values, one at a time; changes of fitness are taken seed by seed.
///
/// With --run, the program is the best of a run, or the candidate with the ID that stands for PROGRAM, and the steps of its line that
/// brought a gain are shown with what they changed. Of the best one, all of it is left in the run directory, for `mlevolve report`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve explain adam\n  mlevolve explain --run runs/seed-1\n  \
    mlevolve explain 4711 --run runs/seed-1 --quick\n  \
    mlevolve explain found.mle --suite classification --seeds 20\n  \
    mlevolve explain lion --json | jq '.explanation.measured.parts[] | [.part, .change.spread.median]'"
)]
pub(super) struct Explain {
    /// A program file, or the name of a known program; with --run, the ID of a candidate too [default: the best of the run]
    #[arg(value_name = "PROGRAM", required_unless_present = "run")]
    program: Option<String>,

    /// The run whose program it is, or whose tasks it is judged on
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,

    /// Measure nothing, which takes no time: only what can be told without training
    #[arg(long)]
    quick: bool,

    /// With how many seeds it is measured
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_SEEDS,
        allow_negative_numbers = true,
        conflicts_with = "quick"
    )]
    seeds: usize,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    running: RunningOptions,

    #[command(flatten)]
    data: DataOptions,
}

/// What is to be explained.
enum Subject {
    /// A program from anywhere.
    Program(Program),
    /// A program of the run.
    OfRun(Box<RunProgram>),
}

impl Subject {
    const fn program(&self) -> &Program {
        match self {
            Self::Program(program) => program,
            Self::OfRun(of_run) => &of_run.program,
        }
    }
}

impl Explain {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let backend = self.running.begin()?;
        ensure!(
            (1..=1_000).contains(&self.seeds),
            "--seeds must be from 1 to 1000, not {}",
            self.seeds
        );
        let subject = self.subject()?;
        let (judge, suite) = self.judge(subject.program())?;
        let all = judgements(subject.program(), self.seeds);
        let counting = Counting::to(all);
        let told = |done| counting.advance(done, "measuring");
        let measuring = (!self.quick).then_some(Measuring {
            suite: &suite,
            seeds: self.seeds,
            backend,
            told: &told,
        });
        let explanation = explain(subject.program(), &*judge, measuring)?;
        drop(counting);
        let of_run = match subject {
            Subject::Program(_) => None,
            Subject::OfRun(of_run) => Some(*of_run),
        };
        let is_best = of_run.as_ref().is_some_and(|it| it.is_best);
        let explained = RunExplanation::new(of_run, explanation);
        if let Some(directory) = &self.run
            && is_best
            && !self.quick
            && self.data.suite().is_none()
        {
            explained.save(directory)?;
            tell(&format!(
                "This is in {}; `{}` shows it on the page.",
                directory.join(EXPLANATION_FILE).display(),
                command("report", directory)
            ));
        }
        if self.json {
            print(&serde_json::to_string_pretty(&explained)?)?;
        } else {
            print(&text::text(&explained))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn subject(&self) -> anyhow::Result<Subject> {
        let of_run = |directory: &Path, id| {
            let of_run = RunProgram::of(directory, id)?;
            Ok(Subject::OfRun(Box::new(of_run)))
        };
        match (&self.program, &self.run) {
            (None, Some(directory)) => of_run(directory, None),
            (Some(name), Some(directory)) => match name.parse() {
                Ok(id) if !Path::new(name).exists() => of_run(directory, Some(id)),
                Ok(_) | Err(_) => Ok(Subject::Program(program_named(name)?)),
            },
            (name, None) => {
                // Clap asks for the one where the other is not given.
                let name = name
                    .as_deref()
                    .context("name a program, or a run with --run")?;
                Ok(Subject::Program(program_named(name)?))
            }
        }
    }

    /// The judge, and the name of its suite.
    fn judge(&self, program: &Program) -> anyhow::Result<(Box<dyn Judge>, String)> {
        let judging = &program.schema().description().judging;
        let mut settings = match &self.run {
            Some(directory) => settings_of(directory)?,
            None => (judging.defaults)(),
        };
        self.data.apply(&mut settings)?;
        let _working = Working::on(if settings.tunes_known_rules() {
            "making the tasks; unless --baselines has it, known rules are tuned on your data"
        } else {
            "making the tasks"
        });
        let judge = match &self.run {
            Some(directory) => judge_of(directory, &settings)?,
            None => (judging.judge)(&settings, &settings.data)?,
        };
        Ok((judge, settings.suite))
    }
}
