//! Learning curves as people look at them.
//!
//! A fitness is what curves come down to. Whoever wants to believe it looks at the curves themselves, one for each seed, so the
//! runs behind a report's figures leave theirs beside them ([`Contender::curves`](super::Contender::curves)).

use mlevolve_tasks::{Description, Direction, TrainingRun};
use serde::{Deserialize, Serialize};

/// The learning curves of a program on a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCurves {
    /// The task's name.
    pub task: String,
    /// What is measured, and on which data.
    pub metric: String,
    /// Whether smaller values of it are better.
    pub lower_is_better: bool,
    /// The update steps at which there are points, 0 for the untrained model.
    pub steps: Vec<u32>,
    /// The metric at these steps, a row for each seed. That of a run that diverged ends before.
    pub seeds: Vec<Vec<f64>>,
}

impl TaskCurves {
    /// Of runs of one task.
    #[must_use]
    pub fn of(task: &Description, runs: &[TrainingRun]) -> Self {
        let longest = runs.iter().max_by_key(|run| run.curve.points.len());
        let steps = longest.into_iter().flat_map(|run| &run.curve.points);
        let values = |run: &TrainingRun| run.curve.points.iter().map(|it| it.value).collect();
        Self {
            task: task.name.to_owned(),
            metric: task.metric.name.to_owned(),
            lower_is_better: match task.metric.direction {
                Direction::LowerIsBetter => true,
                Direction::HigherIsBetter => false,
            },
            steps: steps.map(|point| point.step).collect(),
            seeds: runs.iter().map(values).collect(),
        }
    }
}
