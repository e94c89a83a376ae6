//! Update rules beside known ones: as they are written, and with tuned learning rates.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Task;

use super::{
    BaselineError, COMPARED, Comparison, Contender, JudgeError, Judgement, TrainingJudge,
    TuningError, best_learning_rate, judging_seeds,
};
use crate::optimizer::CompiledOptimizer;
use crate::program::Program;
use crate::program::known;
use crate::schema::LEARNING_RATE;

/// Trains a program, with tuned learning rates too if `tunes`, and the rules of [`COMPARED`].
pub(super) fn with_known_rules(
    program: &Program,
    tunes: bool,
    judge: &TrainingJudge,
    backend: BackendChoice,
) -> Result<Comparison, JudgeError> {
    let name = program.name();
    let written_name = format!("{name}, as written");
    let tuned_name = format!("{name}, tuned");
    Ok(Comparison {
        written: written(&written_name, program, judge, backend)?,
        tuned: if tunes {
            tuned(&tuned_name, program, judge, backend)?
        } else {
            None
        },
        compared: compared(judge, backend)?,
    })
}

/// A program as it is written.
pub(crate) fn written(
    name: &str,
    program: &Program,
    judge: &TrainingJudge,
    backend: BackendChoice,
) -> Result<Contender, TuningError> {
    let rate = program.constant(LEARNING_RATE).unwrap_or(1.0);
    let rates = vec![rate; judge.suite_tasks().len()];
    with_rates(name, program, &rates, judge, backend)
}

/// A program with a learning rate tuned for each task; nothing if it diverges at every rate on one.
fn tuned(
    name: &str,
    program: &Program,
    judge: &TrainingJudge,
    backend: BackendChoice,
) -> Result<Option<Contender>, TuningError> {
    let rate = |task: &dyn Task| match best_learning_rate(program, task, backend) {
        Ok(rate) => Ok(Some(rate)),
        Err(TuningError::Diverged { .. }) => Ok(None),
        Err(error) => Err(error),
    };
    let rates: Result<Option<Vec<f32>>, TuningError> = judge
        .suite_tasks()
        .iter()
        .map(|task| rate(&**task))
        .collect();
    match rates? {
        Some(rates) => with_rates(name, program, &rates, judge, backend).map(Some),
        None => Ok(None),
    }
}

/// The rules of [`COMPARED`] with the learning rates of the table of baselines.
pub(crate) fn compared(
    judge: &TrainingJudge,
    backend: BackendChoice,
) -> Result<Vec<Contender>, BaselineError> {
    let rules = COMPARED.iter().filter_map(|name| known::find(name));
    rules
        .map(|rule| {
            let tasks = judge.suite_tasks().iter();
            let rates = tasks.map(|task| {
                let table = judge.baselines();
                table.learning_rate(rule.name, task.description().name)
            });
            let rates = rates.collect::<Result<Vec<f32>, BaselineError>>()?;
            Ok(with_rates(
                rule.name,
                &rule.parsed(),
                &rates,
                judge,
                backend,
            )?)
        })
        .collect()
}

fn with_rates(
    name: &str,
    program: &Program,
    rates: &[f32],
    judge: &TrainingJudge,
    backend: BackendChoice,
) -> Result<Contender, TuningError> {
    let seeds = judging_seeds();
    let mut judged = Vec::new();
    for (task, &rate) in rates.iter().enumerate() {
        let program = program.with_constant(LEARNING_RATE, rate)?;
        let optimizer = CompiledOptimizer::for_work(&program, backend, judge.work(seeds.len()))?;
        judged.push(judge.task_with_curves(task, &optimizer, &seeds));
    }
    // The learning rate does not change what an update costs.
    let optimizer = CompiledOptimizer::for_work(program, backend, judge.work(seeds.len()))?;
    let (tasks, curves) = judged.into_iter().unzip();
    Ok(Contender {
        name: name.to_owned(),
        learning_rates: rates.to_vec(),
        judgement: Judgement::of(tasks),
        cost: optimizer.program_cost(program),
        curves,
    })
}
