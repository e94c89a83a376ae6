//! A contender on one task.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Direction, Outcome, Task, TrainingRun};
use serde::Serialize;

use super::{Trainer, is_better};
use crate::fitness::JudgeError;
use crate::statistics::{Interval, Spread};

/// A contender that has trained on a task.
pub(super) struct Entrant<'a> {
    trainer: &'a Trainer,
    learning_rate: Option<f32>,
    /// One for each seed; none, if it diverges at every rate.
    runs: Vec<TrainingRun>,
}

/// What a contender does on a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnTask {
    /// Its name.
    pub name: String,
    /// The best of those that everyone tries; nothing if it diverges at all of them.
    pub learning_rate: Option<f32>,
    /// The steps after which its median run reaches the target, if it does.
    pub steps_to_target: Option<u32>,
    /// FLOPs of updates up to there.
    pub update_flops_to_target: Option<u64>,
    /// How many runs reach the target.
    pub reached_runs: usize,
    /// How many diverge.
    pub diverged_runs: usize,
    /// The metric at the end, if no run diverges.
    pub last: Option<Spread>,
    /// By how much it ends better than the reference, run by run with the same seeds: the mean, and where that is with a
    /// confidence of 95 %. Greater is better, whatever the metric. Nothing if a run of either diverges.
    pub gain: Option<Interval>,
}

impl OnTask {
    /// The steps to the target as they count in ratios. An untrained model that is there already took one.
    pub(super) fn counted_steps(&self) -> Option<f64> {
        self.steps_to_target.map(|steps| f64::from(steps.max(1)))
    }

    /// The same in FLOPs of updates.
    pub(super) fn counted_update_flops(&self) -> Option<f64> {
        self.update_flops_to_target.map(|flops| flops.max(1) as f64)
    }
}

impl<'a> Entrant<'a> {
    /// Tunes the learning rate, and trains with each seed.
    pub(super) fn trained(
        trainer: &'a Trainer,
        task: &dyn Task,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Self, JudgeError> {
        let learning_rate = trainer.tuned_rate(task, backend)?;
        let runs = learning_rate.map(|rate| trainer.runs(task, rate, seeds, backend));
        Ok(Self {
            trainer,
            learning_rate,
            runs: runs.transpose()?.unwrap_or_default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.trainer.name()
    }

    /// The median of the metric after so many steps. A run that diverged before has the worst value that there is.
    pub(super) fn median_after(&self, steps: f64, direction: Direction) -> f64 {
        let worst = match direction {
            Direction::LowerIsBetter => f64::INFINITY,
            Direction::HigherIsBetter => f64::NEG_INFINITY,
        };
        let value = |run: &TrainingRun| {
            let points = run.curve.points.iter();
            let before = points.take_while(|point| f64::from(point.step) <= steps);
            match run.curve.outcome {
                Outcome::Completed => before.last().map_or(worst, |point| point.value),
                Outcome::Diverged { .. } => worst,
            }
        };
        let mut values: Vec<f64> = self.runs.iter().map(value).collect();
        values.sort_by(|one, other| match direction {
            Direction::LowerIsBetter => one.total_cmp(other),
            Direction::HigherIsBetter => other.total_cmp(one),
        });
        // Of two middle ones the worse, as of steps to the target; between them may be infinite.
        values.get(values.len() / 2).copied().unwrap_or(worst)
    }

    /// What it does on the task, where `target` is to be reached, beside the reference.
    pub(super) fn on_task(&self, task: &dyn Task, target: f64, reference: &Self) -> OnTask {
        let direction = task.description().metric.direction;
        let reached = |run: &TrainingRun| {
            let mut points = run.curve.points.iter();
            points
                .find(|point| point.value == target || is_better(direction, point.value, target))
                .map(|point| point.step)
        };
        let mut steps: Vec<Option<u32>> = self.runs.iter().map(reached).collect();
        // Those that never reach it are the slowest.
        steps.sort_by_key(|steps| steps.unwrap_or(u32::MAX));
        let steps_to_target = steps.get(steps.len() / 2).copied().flatten();
        let flops = self.trainer.rule_step_flops(task.layout());
        let gained = |(own, other): (&f64, &f64)| match direction {
            Direction::LowerIsBetter => other - own,
            Direction::HigherIsBetter => own - other,
        };
        let gain = self.last_values().zip(reference.last_values());
        let gain = gain.map(|(own, other)| {
            let gains: Vec<f64> = own.iter().zip(&other).map(gained).collect();
            Interval::of_mean(&gains)
        });
        let diverged = |run: &&TrainingRun| run.curve.outcome != Outcome::Completed;
        OnTask {
            name: self.name().to_owned(),
            learning_rate: self.learning_rate,
            steps_to_target,
            update_flops_to_target: steps_to_target.map(|steps| u64::from(steps) * flops),
            reached_runs: steps.iter().flatten().count(),
            diverged_runs: self.runs.iter().filter(diverged).count(),
            last: self.last_values().map(Spread::of),
            gain,
        }
    }

    /// The metric at the end of each run; nothing if one diverged, or there are none.
    fn last_values(&self) -> Option<Vec<f64>> {
        let last = |run: &TrainingRun| match run.curve.outcome {
            Outcome::Completed => run.curve.points.last().map(|point| point.value),
            Outcome::Diverged { .. } => None,
        };
        let values = self.runs.iter().map(last).collect::<Option<Vec<f64>>>()?;
        (!values.is_empty()).then_some(values)
    }
}
