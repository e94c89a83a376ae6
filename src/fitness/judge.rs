//! Training a rule on a suite and giving its fitness.

use std::path::Path;
use std::sync::Arc;

use mlevolve_ir::{BackendChoice, Work};
use mlevolve_tasks::{Outcome, Suite, Task, TaskError, TrainingRun};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    BaselineError, BaselineTable, DataSettings, DataSettingsError, FitnessParts, FitnessWeights,
    Reference, TaskBaselines,
};
use crate::optimizer::CompiledOptimizer;

/// How good a rule is on a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The mean of the tasks' fitnesses.
    pub fitness: f64,
    /// Each task's, in the suite's order.
    pub tasks: Vec<TaskFitness>,
}

/// How good a rule is on one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskFitness {
    /// The task's name.
    pub task: String,
    /// The parts, combined by the weights.
    pub fitness: f64,
    /// The parts, averaged over seeds.
    #[serde(flatten)]
    pub parts: FitnessParts,
    /// The metric's mean last value, if no run diverged.
    pub final_value: Option<f64>,
    /// The companion metric's mean last value, if the task has one and no run diverged.
    pub final_companion: Option<f64>,
    /// How many runs there were.
    pub runs: usize,
    /// How many of them diverged.
    pub diverged_runs: usize,
    /// FLOPs of the updates of one complete run.
    pub update_flops: u64,
}

/// Why a rule cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// There is no such suite, or a task of it cannot be made.
    #[error(transparent)]
    Tasks(#[from] TaskError),
    /// It is not clear what data tasks should have.
    #[error(transparent)]
    Data(#[from] DataSettingsError),
    /// There is no yardstick.
    #[error(transparent)]
    Baselines(#[from] BaselineError),
}

/// Judges rules on a suite.
pub struct Judge {
    suite: Suite,
    references: Vec<Reference>,
    table: BaselineTable,
    weights: FitnessWeights,
    has_own_data: bool,
}

impl Judge {
    /// A judge on the suite of this name.
    ///
    /// Tasks on a user's own data have their baselines from the file that the settings name or, without one,
    /// measured here, which is some 800 training runs for each. Whether there are such tasks,
    /// [`has_own_data`](Self::has_own_data) tells.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, data are missing, or the table of baselines does not cover
    /// it.
    pub fn new(
        suite: &str,
        data: &DataSettings,
        weights: FitnessWeights,
    ) -> Result<Self, JudgeError> {
        let sources = data.sources()?;
        let entries = Suite::entries(suite)?;
        let suite = Suite::named(suite, &sources)?;
        let committed = BaselineTable::committed()?;
        let own = data.baselines.as_deref().map(BaselineTable::load);
        let own = own.transpose()?;
        let rows = entries.iter().zip(suite.tasks()).map(|(entry, task)| {
            if entry.is_bundled(&sources) {
                return committed.task(entry.name()).cloned();
            }
            match data.baselines.as_ref().zip(own.as_ref()) {
                Some((path, table)) => own_rows(path, table, &**task),
                None => TaskBaselines::measured(&**task, BackendChoice::Auto),
            }
        });
        let tasks = rows.collect::<Result<_, _>>()?;
        let has_own_data = entries.iter().any(|entry| !entry.is_bundled(&sources));
        Ok(Self {
            has_own_data,
            ..Self::of(suite, BaselineTable { tasks }, weights)?
        })
    }

    /// A judge on what a search on the suite of this name does not see; nothing if it sees all.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, or the table of baselines does not cover what is held out.
    pub fn held_out_from(suite: &str, weights: FitnessWeights) -> Result<Option<Self>, JudgeError> {
        let suite = Suite::held_out_from(suite)?;
        if suite.tasks().is_empty() {
            return Ok(None);
        }
        let committed = BaselineTable::committed()?;
        let rows = suite.tasks().iter();
        let rows = rows.map(|task| committed.task(task.description().name).cloned());
        let tasks = rows.collect::<Result<_, _>>()?;
        Self::of(suite, BaselineTable { tasks }, weights).map(Some)
    }

    /// A judge on a suite whose tasks have these baselines.
    fn of(suite: Suite, table: BaselineTable, weights: FitnessWeights) -> Result<Self, JudgeError> {
        let rows = suite.tasks().iter().zip(&table.tasks);
        let references = rows.map(|(task, rows)| rows.reference(&**task));
        Ok(Self {
            references: references.collect::<Result<_, _>>()?,
            suite,
            table,
            weights,
            has_own_data: false,
        })
    }

    /// Whether a task is on a user's own data, so that the program brings no baselines for it.
    #[must_use]
    pub const fn has_own_data(&self) -> bool {
        self.has_own_data
    }

    /// The tasks: of a suite of the table, cheapest first.
    #[must_use]
    pub fn tasks(&self) -> &[Arc<dyn Task>] {
        self.suite.tasks()
    }

    /// The baselines of the suite's tasks.
    #[must_use]
    pub const fn baselines(&self) -> &BaselineTable {
        &self.table
    }

    /// What an optimizer has to do to be judged with so many seeds.
    #[must_use]
    pub fn work(&self, seeds: usize) -> Work {
        let tasks = self.tasks().iter();
        let works = tasks.map(|task| task_work(&**task, seeds));
        let all = works.fold((0.0, 0.0), |(calls, elements), work| {
            (calls + work.calls, elements + work.calls * work.elements)
        });
        Work {
            calls: all.0,
            elements: all.1 / all.0.max(1.0),
        }
    }

    /// Trains `optimizer` on every task of the suite with each seed.
    ///
    /// # Panics
    /// If there are no seeds.
    #[must_use]
    pub fn judge(&self, optimizer: &CompiledOptimizer, seeds: &[u64]) -> Judgement {
        let tasks = (0..self.tasks().len()).map(|task| self.judge_task(task, optimizer, seeds));
        Judgement::of(tasks.collect())
    }

    /// Trains `optimizer` on the tasks in turn, and stops after the first that is below `hurdle`: the
    /// tasks that are left count 0. The other result is whether that happened.
    ///
    /// # Panics
    /// If there are no seeds.
    #[must_use]
    pub fn judge_with_hurdle(
        &self,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
        hurdle: f64,
    ) -> (Judgement, bool) {
        let mut tasks: Vec<TaskFitness> = Vec::new();
        let mut dropped = false;
        for (index, task) in self.tasks().iter().enumerate() {
            let fitness = if dropped {
                TaskFitness::missed(task.description().name)
            } else {
                self.judge_task(index, optimizer, seeds)
            };
            dropped |= fitness.fitness < hurdle && index + 1 < self.tasks().len();
            tasks.push(fitness);
        }
        (Judgement::of(tasks), dropped)
    }

    /// Trains `optimizer` on one task, by its place in [`tasks`](Self::tasks), with each seed.
    ///
    /// # Panics
    /// If there is no such task, or there are no seeds.
    #[must_use]
    pub fn judge_task(
        &self,
        task: usize,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
    ) -> TaskFitness {
        assert!(
            !seeds.is_empty(),
            "a fitness is a mean over at least one seed"
        );
        let (reference, task) = (&self.references[task], &self.tasks()[task]);
        let runs: Vec<TrainingRun> = seeds
            .par_iter()
            .map(|&seed| task.run(&mut optimizer.clone(), seed))
            .collect();
        let parts: Vec<_> = runs
            .iter()
            .map(|run| FitnessParts::of(run, reference))
            .collect();
        let parts = FitnessParts::mean(&parts);
        let diverged = |run: &&TrainingRun| run.curve.outcome != Outcome::Completed;
        let diverged_runs = runs.iter().filter(diverged).count();
        let description = task.description();
        let calls = u64::from(description.budget_steps);
        TaskFitness {
            task: description.name.to_owned(),
            fitness: parts.combined(&self.weights),
            parts,
            final_value: mean_last(&runs, |point| Some(point.value)),
            final_companion: mean_last(&runs, |point| point.companion),
            runs: runs.len(),
            diverged_runs,
            update_flops: calls * optimizer.step_flops(task.layout()),
        }
    }
}

/// What a user's own table says of a task.
fn own_rows(
    path: &Path,
    table: &BaselineTable,
    task: &dyn Task,
) -> Result<TaskBaselines, BaselineError> {
    let name = task.description().name;
    let path = path.to_owned();
    match table.tasks.iter().find(|row| row.task == name) {
        None => Err(BaselineError::Missing { path, task: name }),
        Some(rows) if rows.is_of(task)? => Ok(rows.clone()),
        Some(_) => Err(BaselineError::OtherData { path, task: name }),
    }
}

/// What an optimizer has to do on one task with so many seeds.
pub(super) fn task_work(task: &dyn Task, seeds: usize) -> Work {
    Work {
        calls: f64::from(task.description().budget_steps) * seeds as f64,
        elements: task.layout().arena_len() as f64,
    }
}

/// The mean of something of the last points, if all runs have it and none diverged.
fn mean_last(
    runs: &[TrainingRun],
    of: impl Fn(&mlevolve_tasks::CurvePoint) -> Option<f64>,
) -> Option<f64> {
    let mut sum = 0.0;
    for run in runs {
        match run.curve.outcome {
            Outcome::Completed => sum += of(run.curve.points.last()?)?,
            Outcome::Diverged { .. } => return None,
        }
    }
    Some(sum / runs.len() as f64)
}

impl Judgement {
    /// Of what a rule did on each task.
    #[must_use]
    pub fn of(tasks: Vec<TaskFitness>) -> Self {
        let fitness = tasks.iter().map(|task| task.fitness).sum::<f64>() / tasks.len() as f64;
        Self { fitness, tasks }
    }
}

impl TaskFitness {
    /// Of a task that a rule was not let to.
    fn missed(task: &str) -> Self {
        Self {
            task: task.to_owned(),
            fitness: 0.0,
            parts: FitnessParts::default(),
            final_value: None,
            final_companion: None,
            runs: 0,
            diverged_runs: 0,
            update_flops: 0,
        }
    }
}
