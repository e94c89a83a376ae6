//! `mlevolve judge`: programs against known rules on tasks that no search has seen.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;
use mlevolve_tasks::Suite;

use super::data::DataOptions;
use super::progress::Working;
use super::running::RunningOptions;
use super::{print, program_named};
use crate::contest::{Contest, Trainer};
use crate::fitness::DataSettings;

/// Judge programs against known rules, on tasks that no search has seen.
///
/// A fitness is for choosing between candidates; this is for believing what was chosen. Update rules, losses (trained with
/// Adam) and algorithms take part, each with the same tuning budget: for every task 14 learning rates, 5 seeds each. Tuned
/// baselines set each task's target; what counts is how many steps it takes to reach it. Beside that: how often it is reached,
/// where training ends, with quartiles, and by how much better than the first baseline, with an interval.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve judge runs/seed-1/best.mle\n  \
    mlevolve judge runs/*/best.mle --against adam,lion --seeds 20\n  \
    mlevolve judge shampoo muon --suite ill-conditioned\n  \
    mlevolve judge focal cross_entropy_adam --suite classification --json | jq .standings")]
pub(super) struct JudgeOptions {
    /// Program files, or names of known programs
    #[arg(value_name = "PROGRAM", required = true)]
    programs: Vec<String>,

    /// The baselines, which set the targets: program files or known rules with commas between them. Others are compared with
    /// the first
    #[arg(
        long,
        value_name = "PROGRAMS",
        value_delimiter = ',',
        default_value = "adam,sgd,momentum,adamw,lion"
    )]
    against: Vec<String>,

    /// How many seeds each trains with, once its learning rate is tuned
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        allow_negative_numbers = true
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

impl JudgeOptions {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let backend = self.running.begin()?;
        let seeds = self.seeds;
        ensure!(
            (1..=1_000).contains(&seeds),
            "--seeds must be from 1 to 1000, not {seeds}"
        );
        let data = self.data.over(&DataSettings::default());
        let suite = self.data.suite_over(Suite::HELD_OUT);
        let mut tasks = Suite::named(&suite, &data.sources()?)?.tasks().to_vec();
        let baselines = self.against.iter().map(|name| trainer(name));
        let programs = self.programs.iter().map(|name| trainer(name));
        let baselines = baselines.collect::<anyhow::Result<Vec<_>>>()?;
        let programs = told_apart(programs.collect::<anyhow::Result<Vec<_>>>()?, &baselines);
        if self.data.suite().is_none() && programs.iter().any(Trainer::brings_loss) {
            // Nobody asked for tasks on which not all can train.
            tasks.retain(|task| task.targets().is_ok());
        }
        let working = Working::on("training");
        let contest = Contest {
            tasks,
            baselines,
            programs,
            seeds,
            backend,
        };
        let result = contest.held(|name, task| working.tell(format!("{name} on {task}")))?;
        drop(working);
        if self.json {
            print(&serde_json::to_string_pretty(&result)?)?;
        } else {
            print(&result.text())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn trainer(name: &str) -> anyhow::Result<Trainer> {
    let program = program_named(name)?;
    let judging = &program.schema().description().judging;
    Ok((judging.trainer)(&program)?)
}

/// Programs under names that nobody else has: a number follows that of a second one.
fn told_apart(programs: Vec<Trainer>, baselines: &[Trainer]) -> Vec<Trainer> {
    let mut taken: Vec<String> = baselines.iter().map(|it| it.name().to_owned()).collect();
    let distinct = programs.into_iter().map(|program| {
        let own = program.name().to_owned();
        let mut names =
            std::iter::once(own.clone()).chain((2..).map(|number| format!("{own} ({number})")));
        let free = names.find(|name| !taken.contains(name)).unwrap_or(own);
        taken.push(free.clone());
        program.named(free)
    });
    distinct.collect()
}
