//! Learning rates, tuned alike for every rule.
//!
//! The protocol follows learned_optimization (Metz et al. 2022): a fixed grid of 14 rates, 5 seeds
//! each, and the rate with the best mean final metric on validation data is chosen.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Direction, Task, TrainingRun};
use rayon::prelude::*;

use super::training::{mean_last, task_work};
use super::tuning_seeds;
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::{Program, SetConstantError};
use crate::schema::LEARNING_RATE;

/// The grid: three rates per decade.
pub const LEARNING_RATES: [f32; 14] = [
    4.64e-4, 1e-3, 2.15e-3, 4.64e-3, 1e-2, 2.15e-2, 4.64e-2, 0.1, 0.215, 0.464, 1.0, 2.15, 4.64,
    10.0,
];

/// Why a learning rate cannot be tuned.
#[derive(Debug, thiserror::Error)]
pub enum TuningError {
    /// The program cannot be compiled.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// The program has no learning rate.
    #[error(transparent)]
    Constant(#[from] SetConstantError),
    /// No learning rate lets the rule end with finite parameters.
    #[error("program `{program}` diverges on task `{task}` at every learning rate")]
    Diverged {
        /// The program's name.
        program: String,
        /// The task's name.
        task: &'static str,
    },
}

/// The rate of [`LEARNING_RATES`] at which `program` ends best on `task`, averaged over
/// [`tuning_seeds`]; the smallest of equally good ones.
///
/// # Errors
/// [`TuningError`] if the program cannot be compiled, or diverges at every rate.
pub fn best_learning_rate(
    program: &Program,
    task: &dyn Task,
    backend: impl Into<BackendChoice>,
) -> Result<f32, TuningError> {
    let (backend, work) = (backend.into(), task_work(task, tuning_seeds().len()));
    let rate = best_rate(task, |rate, seeds| {
        let program = program.with_constant(LEARNING_RATE, rate)?;
        let optimizer = CompiledOptimizer::for_work(&program, backend, work)?;
        let runs = seeds.par_iter();
        let runs = runs.map(|&seed| task.run(&mut optimizer.clone(), seed));
        Ok::<_, TuningError>(runs.collect())
    })?;
    rate.ok_or_else(|| TuningError::Diverged {
        program: program.name().to_owned(),
        task: task.description().name,
    })
}

/// The rate of [`LEARNING_RATES`] at which training ends best on `task`, averaged over [`tuning_seeds`]; the smallest of
/// equally good ones, and none if some run diverges at every rate. `train` is given a rate and the seeds.
pub(crate) fn best_rate<E: Send>(
    task: &dyn Task,
    train: impl Fn(f32, &[u64]) -> Result<Vec<TrainingRun>, E> + Sync,
) -> Result<Option<f32>, E> {
    let seeds = tuning_seeds();
    let finals: Result<Vec<Option<f64>>, E> = LEARNING_RATES
        .par_iter()
        .map(|&rate| Ok(mean_last(&train(rate, &seeds)?, |point| Some(point.value))))
        .collect();
    let sign = match task.description().metric.direction {
        Direction::LowerIsBetter => 1.0,
        Direction::HigherIsBetter => -1.0,
    };
    let rated = LEARNING_RATES.into_iter().zip(finals?);
    let best = rated
        .filter_map(|(rate, value)| value.map(|value| (rate, sign * value)))
        .min_by(|(_, first), (_, second)| first.total_cmp(second));
    Ok(best.map(|(rate, _)| rate))
}
