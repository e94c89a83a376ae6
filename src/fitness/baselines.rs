//! What the known rules reach with tuned learning rates: the yardstick of fitness.
//!
//! The table is measured by `mlevolve baselines --write` and committed, so that every run, on every
//! machine, measures with the same yardstick; a test trains its rows anew and compares them to the
//! bit. The protocol is [`best_learning_rate`]'s, for each rule and task.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Description, Outcome, Task};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::parts::CurveSummary;
use super::training::task_work;
use super::tuning::{TuningError, best_learning_rate};
use super::{GREATEST_PART, tuning_seeds};
use crate::optimizer::CompiledOptimizer;
use crate::program::Schema;
use crate::program::known;
use crate::schema::LEARNING_RATE;
use crate::statistics::Spread;

/// The committed table.
const TABLE: &str = include_str!("baselines.json");

/// The known rules that results are shown beside.
pub const COMPARED: [&str; 5] = ["sgd", "momentum", "adam", "adamw", "lion"];

/// Known rules' learning curves on every task, with tuned learning rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineTable {
    /// The tasks; in the committed table, every one whose data is in the program.
    pub tasks: Vec<TaskBaselines>,
}

/// Known rules' learning curves on one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskBaselines {
    /// The task's name.
    pub task: String,
    /// The steps at which curves have points.
    pub steps: Vec<u32>,
    /// One row an update rule, in the order of [`known::KNOWN`].
    pub rules: Vec<Measurement>,
}

/// One known rule on one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// The rule's name.
    pub rule: String,
    /// Its tuned learning rate.
    pub learning_rate: f32,
    /// The task's metric at each step that has a point, for each of [`tuning_seeds`].
    pub curves: Vec<Vec<f64>>,
}

impl Measurement {
    /// The mean over seeds of something of a curve.
    fn mean(&self, of: impl Fn(&[f64]) -> f64) -> f64 {
        let sum: f64 = self.curves.iter().map(|curve| of(curve)).sum();
        sum / self.curves.len() as f64
    }

    /// The median over seeds of something of a curve.
    fn median(&self, of: impl Fn(&[f64]) -> f64) -> f64 {
        Spread::of(self.curves.iter().map(|curve| of(curve)).collect()).median
    }

    /// The mean of the first points: the untrained model's.
    #[must_use]
    pub fn untrained(&self) -> f64 {
        self.mean(|curve| curve.first().copied().unwrap_or(f64::NAN))
    }

    /// The mean of the last points.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.mean(|curve| curve.last().copied().unwrap_or(f64::NAN))
    }
}

/// Why there is no yardstick.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The committed table cannot be read, or does not cover the tasks.
    #[error(
        "the table of baselines is out of date ({reason}); make it anew with `mlevolve baselines --write FILE`"
    )]
    Stale {
        /// What is wrong with it.
        reason: String,
    },
    /// A user's own table of baselines cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A user's own table of baselines has nothing on a task.
    #[error("{} has no task `{task}`; measure it with `mlevolve baselines --write FILE`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The task's name.
        task: &'static str,
    },
    /// A user's own table of baselines is of other data.
    #[error(
        "{}: the baselines of task `{task}` were measured on other data, or by another version; measure them anew with \
         `mlevolve baselines --write FILE`",
        path.display()
    )]
    OtherData {
        /// The file.
        path: PathBuf,
        /// The task's name.
        task: &'static str,
    },
    /// There is nothing to measure fitness by.
    #[error(
        "no known rule learns task `{task}` at any learning rate: can the target be predicted from the features?"
    )]
    NothingLearns {
        /// The task's name.
        task: String,
    },
    /// A known rule cannot be trained.
    #[error(transparent)]
    Tuning(#[from] TuningError),
}

impl BaselineTable {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// [`BaselineError::Stale`] if it does not fit the program's tasks.
    pub fn committed() -> Result<Self, BaselineError> {
        let stale = |error: serde_json::Error| BaselineError::Stale {
            reason: error.to_string(),
        };
        serde_json::from_str(TABLE).map_err(stale)
    }

    /// A table that `mlevolve baselines --write` wrote.
    ///
    /// # Errors
    /// [`BaselineError::Unreadable`] if it cannot be read, or is no table.
    pub fn load(path: &Path) -> Result<Self, BaselineError> {
        let unreadable = |reason: String| BaselineError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
    }

    /// What is known about a task.
    ///
    /// # Errors
    /// [`BaselineError::Stale`] if the table has no such task.
    pub fn task(&self, name: &str) -> Result<&TaskBaselines, BaselineError> {
        let found = self.tasks.iter().find(|row| row.task == name);
        found.ok_or_else(|| BaselineError::Stale {
            reason: format!("it has no task `{name}`"),
        })
    }

    /// A known rule's tuned learning rate on a task.
    ///
    /// # Errors
    /// [`BaselineError::Stale`] if the table has none.
    pub fn learning_rate(&self, rule: &str, task: &str) -> Result<f32, BaselineError> {
        let row = self.task(task)?.rule(rule);
        row.map(|row| row.learning_rate)
            .ok_or_else(|| BaselineError::Stale {
                reason: format!("it has no rule `{rule}` on task `{task}`"),
            })
    }

    /// The committed file's text: a line a rule, so that a change can be reviewed.
    ///
    /// # Panics
    /// Never: every figure has a form in JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        let json = |value: serde_json::Result<String>| match value {
            Ok(text) => text,
            Err(error) => panic!("figures must have a form in JSON: {error}"),
        };
        let task = |task: &TaskBaselines| {
            let rules = task.rules.iter();
            let rules: Vec<String> = rules.map(|row| json(serde_json::to_string(row))).collect();
            format!(
                "{{\"task\": {}, \"steps\": {},\n\"rules\": [\n{}]}}",
                json(serde_json::to_string(&task.task)),
                json(serde_json::to_string(&task.steps)),
                rules.join(",\n")
            )
        };
        let tasks: Vec<String> = self.tasks.iter().map(task).collect();
        format!("{{\"tasks\": [\n{}]}}\n", tasks.join(",\n"))
    }

    /// Measures all known rules on some tasks: some 800 training runs for each. `on_task` is told which
    /// comes next.
    ///
    /// # Errors
    /// [`BaselineError::Tuning`] if a rule cannot be compiled, or diverges at every learning rate.
    pub fn measured(
        tasks: impl Iterator<Item = Arc<dyn Task>>,
        backend: BackendChoice,
        on_task: impl Fn(&str),
    ) -> Result<Self, BaselineError> {
        let tasks = tasks.map(|task| {
            on_task(task.description().name);
            TaskBaselines::measured(&*task, backend)
        });
        Ok(Self {
            tasks: tasks.collect::<Result<_, _>>()?,
        })
    }
}

impl TaskBaselines {
    /// Measures all known rules on a task.
    ///
    /// # Errors
    /// [`BaselineError::Tuning`] if a rule cannot be compiled, or diverges at every learning rate.
    pub fn measured(task: &dyn Task, backend: BackendChoice) -> Result<Self, BaselineError> {
        let known: Vec<_> = known::of(Schema::Optimizer).collect();
        let rules = known.par_iter().map(|known| {
            let learning_rate = best_learning_rate(&known.parsed(), task, backend)?;
            Ok(measure(known.name, learning_rate, task, backend)?)
        });
        // Not at once into a result, which would be that of the rule that failed soonest.
        let rules: Vec<Result<Measurement, BaselineError>> = rules.collect();
        let Description {
            name,
            budget_steps,
            evaluation_interval_steps,
            ..
        } = *task.description();
        let mut steps: Vec<u32> = (0..budget_steps)
            .step_by(evaluation_interval_steps as usize)
            .collect();
        steps.push(budget_steps);
        Ok(Self {
            task: name.to_owned(),
            steps,
            rules: rules.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// Whether these were measured on the data that the task has: a rule that is trained again tells.
    pub(crate) fn is_of(&self, task: &dyn Task) -> Result<bool, BaselineError> {
        let Some(recorded) = self.rules.first() else {
            return Ok(false);
        };
        let (rule, rate) = (&recorded.rule, recorded.learning_rate);
        if known::find(rule).is_none() {
            return Ok(false);
        }
        Ok(measure(rule, rate, task, BackendChoice::Auto)? == *recorded)
    }

    /// The yardstick for this task.
    ///
    /// # Errors
    /// [`BaselineError::Stale`] if a row does not have a point for each step, or no rule learns.
    pub fn reference(&self, task: &dyn Task) -> Result<Reference, BaselineError> {
        use mlevolve_tasks::Direction::{HigherIsBetter, LowerIsBetter};
        let stale = |reason: String| BaselineError::Stale {
            reason: format!("{reason} on task `{}`", self.task),
        };
        let is_partial = |row: &&Measurement| {
            let mut curves = row.curves.iter();
            row.curves.is_empty() || curves.any(|curve| curve.len() != self.steps.len())
        };
        if let Some(row) = self.rules.iter().find(is_partial) {
            return Err(stale(format!("rule `{}` lacks points", row.rule)));
        }
        let better = |a: f64, b: f64| match task.description().metric.direction {
            LowerIsBetter => a < b,
            HigherIsBetter => a > b,
        };
        let best = self.rules.iter().reduce(|best, next| {
            if better(next.last(), best.last()) {
                next
            } else {
                best
            }
        });
        match best {
            Some(best) if better(best.last(), best.untrained()) => Ok(self.normalised(best)),
            Some(_) | None => Err(BaselineError::NothingLearns {
                task: self.task.clone(),
            }),
        }
    }

    /// The yardstick whose quality 1 is what `best` ends with.
    fn normalised(&self, best: &Measurement) -> Reference {
        let (untrained, best_final) = (best.untrained(), best.last());
        let summary = |curve: &[f64]| {
            let steps = self.steps.iter().map(|&step| f64::from(step));
            let values = curve.iter();
            let qualities = values.map(|&value| quality(untrained, best_final, value));
            CurveSummary::of(&steps.zip(qualities).collect::<Vec<_>>())
        };
        let greatest = |of: fn(CurveSummary) -> f64| {
            let medians = self
                .rules
                .iter()
                .map(|row| row.median(|curve| of(summary(curve))));
            medians.fold(0.0, f64::max)
        };
        Reference {
            untrained,
            best_final,
            greatest: CurveSummary {
                area: greatest(|summary| summary.area),
                last: greatest(|summary| summary.last),
                budget_left: greatest(|summary| summary.budget_left),
            },
        }
    }

    /// A known rule's row, if it has one.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Measurement> {
        self.rules.iter().find(|row| row.rule == name)
    }
}

/// Trains a known rule with a given learning rate on [`tuning_seeds`].
///
/// # Errors
/// [`TuningError`] if it cannot be compiled, or a run diverges.
///
/// # Panics
/// If there is no known rule of this name.
pub fn measure(
    rule: &str,
    learning_rate: f32,
    task: &dyn Task,
    backend: impl Into<BackendChoice>,
) -> Result<Measurement, TuningError> {
    let Some(known) = known::find(rule) else {
        panic!("there is no known rule `{rule}`");
    };
    let program = known.parsed().with_constant(LEARNING_RATE, learning_rate)?;
    let work = task_work(task, tuning_seeds().len());
    let mut optimizer = CompiledOptimizer::for_work(&program, backend.into(), work)?;
    let curves: Result<Vec<Vec<f64>>, TuningError> = tuning_seeds()
        .into_iter()
        .map(|seed| {
            let run = task.run(&mut optimizer, seed);
            match run.curve.outcome {
                Outcome::Completed => {
                    Ok(run.curve.points.iter().map(|point| point.value).collect())
                }
                Outcome::Diverged { .. } => Err(TuningError::Diverged {
                    program: rule.to_owned(),
                    task: task.description().name,
                }),
            }
        })
        .collect();
    Ok(Measurement {
        rule: rule.to_owned(),
        learning_rate,
        curves: curves?,
    })
}

fn quality(untrained: f64, best_final: f64, value: f64) -> f64 {
    ((value - untrained) / (best_final - untrained)).clamp(0.0, GREATEST_PART)
}

/// How a task's metric is normalised, and what the known rules reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    untrained: f64,
    best_final: f64,
    greatest: CurveSummary,
}

impl Reference {
    /// A value of the task's metric as quality: 0 where the untrained model is or below, 1 where the
    /// best known rule ends, and never more than [`GREATEST_PART`]. Serves metrics of either direction.
    #[must_use]
    pub fn quality(&self, value: f64) -> f64 {
        quality(self.untrained, self.best_final, value)
    }

    /// The greatest median of each part of a curve's summary that any known rule reaches; not all need
    /// be the same rule's.
    pub(super) const fn greatest(&self) -> CurveSummary {
        self.greatest
    }
}
