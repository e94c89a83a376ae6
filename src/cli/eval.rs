//! `mlevolve eval`: train with a program from a file.

use std::process::ExitCode;

use clap::Args;
use mlevolve_ir::Backend;
use mlevolve_tasks::Suite;
use serde::Serialize;

use super::{print, program_named, set_threads};
use crate::fitness::{FitnessWeights, Judge, judging_seeds};
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::Program;
use crate::run::{Contender, compare, comparison_table, contender, metrics_table, tuned_contender};

/// Train models with a program on a suite of tasks, beside known rules.
///
/// The program is judged as it is written, and with a learning rate tuned for each task by the protocol
/// that the known rules were tuned by: 14 rates, 5 seeds each, chosen on validation data. All figures
/// are means over 5 further seeds, the same as in the report of a search.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve eval programs/adam.mle\n  \
    mlevolve eval runs/seed-1/best.mle --json | jq .written.judgement.fitness\n  \
    mlevolve eval adam --backend interp --no-tuning")]
pub(super) struct Eval {
    /// A program file, or the name of a known program
    #[arg(value_name = "PROGRAM")]
    program: String,

    /// What runs the program: `jit` or `interp`; both give the same figures
    #[arg(long, value_name = "BACKEND", default_value_t = Backend::Jit)]
    backend: Backend,

    /// The suite of tasks
    #[arg(long, value_name = "SUITE", default_value = Suite::DEFAULT)]
    suite: String,

    /// Do not tune the learning rate
    #[arg(long)]
    no_tuning: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// How many threads train [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Evaluation {
    program: String,
    suite: String,
    seeds: Vec<u64>,
    /// As it is written.
    written: Contender,
    /// With tuned learning rates, unless that was not asked for or it diverges at all of them.
    tuned: Option<Contender>,
    compared: Vec<Contender>,
}

impl Eval {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        let program = program_named(&self.program)?;
        let judge = Judge::new(&self.suite, FitnessWeights::default())?;
        let evaluation = self.evaluation(&program, &judge)?;
        if self.json {
            print(&serde_json::to_string_pretty(&evaluation)?)?;
        } else {
            print(&self.text(&program, &evaluation, &judge)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn evaluation(&self, program: &Program, judge: &Judge) -> anyhow::Result<Evaluation> {
        let name = program.name();
        let written = format!("{name}, as written");
        let tuned = if self.no_tuning {
            None
        } else {
            tuned_contender(&format!("{name}, tuned"), program, judge, self.backend)?
        };
        Ok(Evaluation {
            program: program.to_string(),
            suite: self.suite.clone(),
            seeds: judging_seeds(),
            written: contender(&written, program, judge, self.backend)?,
            tuned,
            compared: compare(judge, self.backend)?,
        })
    }

    fn text(
        &self,
        program: &Program,
        evaluation: &Evaluation,
        judge: &Judge,
    ) -> Result<String, OptimizerError> {
        let mut contenders = vec![&evaluation.written];
        contenders.extend(&evaluation.tuned);
        contenders.extend(&evaluation.compared);
        let cost = CompiledOptimizer::new(program, self.backend)?.cost();
        Ok(format!(
            "Fitness: 0 is the untrained model, 1 the best known rule of the task with a tuned learning rate;\n\
             means over {} seeds. Known rules have a learning rate tuned for each task.\n\n{}\n\n{}\n\n\
             An update costs {} FLOPs for each parameter and {} for each call.\n",
            evaluation.seeds.len(),
            comparison_table(&contenders, judge),
            metrics_table(&contenders, judge),
            cost.element_flops,
            cost.call_flops,
        ))
    }
}
