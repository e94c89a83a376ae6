//! `mlevolve eval`: train with a program from a file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::data::DataOptions;
use super::progress::Working;
use super::running::RunningOptions;
use super::{print, program_named};
use crate::fitness::Comparison;
use crate::run::load_config;

/// Train models with a program beside known ones, or teach a learner.
///
/// An update rule is judged as it is written, and with a learning rate tuned for each task by the protocol
/// that the known rules were tuned by: 14 rates, 5 seeds each, chosen on validation data. All figures
/// are means over 5 further seeds, the same as in the report of a search.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve eval programs/adam.mle\n  \
    mlevolve eval runs/seed-1/best.mle --json | jq .written.judgement.fitness\n  \
    mlevolve eval adam --backend interp --no-tuning\n  \
    mlevolve eval lion --suite ill-conditioned\n  \
    mlevolve eval two_layer_network --suite projected-digits\n  \
    mlevolve eval linear_regression --train train.csv --valid valid.csv\n  \
    mlevolve eval adam --csv houses.csv --target price")]
pub(super) struct Eval {
    /// A program file, or the name of a known program
    #[arg(value_name = "PROGRAM")]
    program: String,

    /// Take the tasks and data from the settings in this file; options go before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Do not tune the learning rate
    #[arg(long)]
    no_tuning: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    running: RunningOptions,

    #[command(flatten)]
    data: DataOptions,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Evaluation {
    program: String,
    suite: String,
    seeds: Vec<u64>,
    #[serde(flatten)]
    comparison: Comparison,
}

impl Eval {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let backend = self.running.begin()?;
        let program = program_named(&self.program)?;
        let schema = program.schema();
        let judging = &schema.description().judging;
        let mut settings = match &self.config {
            Some(path) => load_config(path, Some(schema))?.search,
            None => (judging.defaults)(),
        };
        self.data.apply(&mut settings)?;
        let working = Working::on(if settings.tunes_known_rules() {
            "training; unless --baselines has it, known rules are tuned on your data"
        } else {
            "training"
        });
        let judge = (judging.judge)(&settings, &settings.data)?;
        let comparison = judge.compare(&program, !self.no_tuning, backend)?;
        drop(working);
        if self.json {
            let evaluation = Evaluation {
                program: program.to_string(),
                suite: settings.suite,
                seeds: judge.report_seeds(),
                comparison,
            };
            print(&serde_json::to_string_pretty(&evaluation)?)?;
        } else {
            print(&comparison.text(&*judge))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
