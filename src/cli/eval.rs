//! `mlevolve eval`: train with a program from a file.

use std::process::ExitCode;

use clap::Args;
use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Suite;
use serde::Serialize;

use super::data::DataOptions;
use super::progress::Working;
use super::{print, program_named, set_threads};
use crate::fitness::{DataSettings, FitnessWeights, Judge, judging_seeds};
use crate::run::Comparison;

/// Train models with a program on a suite of tasks, beside known rules.
///
/// The program is judged as it is written, and with a learning rate tuned for each task by the protocol
/// that the known rules were tuned by: 14 rates, 5 seeds each, chosen on validation data. All figures
/// are means over 5 further seeds, the same as in the report of a search.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve eval programs/adam.mle\n  \
    mlevolve eval runs/seed-1/best.mle --json | jq .written.judgement.fitness\n  \
    mlevolve eval adam --backend interp --no-tuning\n  \
    mlevolve eval lion --suite ill-conditioned\n  \
    mlevolve eval adam --csv houses.csv --target price")]
pub(super) struct Eval {
    /// A program file, or the name of a known program
    #[arg(value_name = "PROGRAM")]
    program: String,

    /// What runs the program: `auto`, `interp`, `jit-quick` or `jit`; all give the same figures
    #[arg(long, value_name = "BACKEND", default_value_t = BackendChoice::Auto)]
    backend: BackendChoice,

    /// Do not tune the learning rate
    #[arg(long)]
    no_tuning: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// How many threads train [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,

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
        set_threads(self.threads)?;
        let program = program_named(&self.program)?;
        let suite = self.data.suite_over(Suite::DEFAULT);
        let data = self.data.over(&DataSettings::default());
        let working = Working::on(if self.data.names_data() {
            "training; unless --baselines has it, known rules are tuned on your data"
        } else {
            "training"
        });
        let judge = Judge::new(&suite, &data, FitnessWeights::default())?;
        let comparison = Comparison::of(&program, !self.no_tuning, &judge, self.backend)?;
        drop(working);
        if self.json {
            let evaluation = Evaluation {
                program: program.to_string(),
                suite,
                seeds: judging_seeds(),
                comparison,
            };
            print(&serde_json::to_string_pretty(&evaluation)?)?;
        } else {
            print(&comparison.text(&judge))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
