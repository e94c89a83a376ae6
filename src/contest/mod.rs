//! Programs against known ones on tasks that no search has seen, by a protocol that is the same for all.
//!
//! A fitness says which of two candidates a search should keep. Whether what it kept is worth using is another question, and
//! easily answered too kindly: by a learning rate that was tuned longer than the rival's, by a budget that suits, by one
//! lucky seed. So everyone here has the same tuning budget, and what counts is how many steps it takes to a target that
//! tuned known rules have set.
//!
//! ```text
//!   Program ──► Trainer ──14 rates × 5 seeds──► tuned rate ──further seeds──► learning curves ─┐
//!                                                                                              ├─► steps to target ─► Profile
//!   baselines' curves ──after three quarters of the steps──► the task's target ────────────────┘
//! ```
//!
//! The protocol is that of AlgoPerf (Dahl et al. 2023, "Benchmarking Neural Network Training Algorithms", sections 4.2 and
//! 4.4), in steps in place of seconds, since models are small here: ratios to the fastest contender, their profile up to
//! [`GREATEST_RATIO`], and its area as a score.

mod entrant;
mod profile;
mod report;
mod trainer;

use std::sync::Arc;

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Direction, Task};
use serde::Serialize;

use crate::fitness::{JudgeError, judging_task_seeds};

pub use entrant::OnTask;
pub use profile::{GREATEST_RATIO, Profile};
pub use trainer::Trainer;

use entrant::Entrant;

/// The share of a task's steps after which the best baseline's median sets the target, so that the best need not be
/// lucky to reach it.
pub const TARGET_SHARE: f64 = 0.75;

/// Who takes part in a contest, and on what.
pub struct Contest {
    /// The tasks.
    pub tasks: Vec<Arc<dyn Task>>,
    /// Those that set targets, of which the first is what others are compared with.
    pub baselines: Vec<Trainer>,
    /// The others.
    pub programs: Vec<Trainer>,
    /// How many seeds each trains with on each task.
    pub seeds: usize,
    /// What runs the programs.
    pub backend: BackendChoice,
}

/// What a contest found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContestResult {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Whom others are compared with.
    pub reference: String,
    /// Everyone, baselines first.
    pub standings: Vec<Standing>,
    /// What happened on each task.
    pub tasks: Vec<TaskResult>,
}

/// How a contender does on all tasks together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// The area under its profile of steps to the target, from 0 to 1.
    pub score: f64,
    /// Its profile.
    pub profile: Profile,
    /// The tasks whose target its median run reaches.
    pub reached_tasks: usize,
    /// The tasks on which it is not shown to end worse than the reference: the interval of its gain reaches zero. Those where a
    /// run of either diverges are not among them.
    pub not_worse_tasks: usize,
    /// How many times fewer steps it takes than the reference, as a geometric mean over the tasks whose target both
    /// reach; nothing if there are none.
    pub speed_up_steps: Option<f64>,
    /// The same in FLOPs of updates.
    pub speed_up_update_flops: Option<f64>,
    /// The tasks of these means.
    pub compared_tasks: usize,
    /// FLOPs of an update for each parameter of a model.
    pub parameter_flops: f64,
}

/// What happened on a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskResult {
    /// Its name.
    pub task: &'static str,
    /// Its metric, with the unit.
    pub metric: String,
    /// Whether greater values are better.
    pub higher_is_better: bool,
    /// The value that is to be reached.
    pub target: f64,
    /// The baseline that set it.
    pub target_by: String,
    /// The steps that there are.
    pub budget_steps: u32,
    /// Each contender, in the order of the standings.
    pub contenders: Vec<OnTask>,
}

impl Contest {
    /// Lets everyone train on every task. `on_progress` is told who comes next, and where.
    ///
    /// # Errors
    /// [`JudgeError`] if a task takes no loss that a contender brings, or the back end fails.
    ///
    /// # Panics
    /// If there are no baselines, tasks or seeds.
    pub fn held(
        &self,
        on_progress: impl Fn(&str, &'static str),
    ) -> Result<ContestResult, JudgeError> {
        assert!(!self.baselines.is_empty(), "baselines set the targets");
        assert!(
            !self.tasks.is_empty(),
            "there must be something to train on"
        );
        assert!(self.seeds > 0, "a median is of one run at least");
        let seeds = judging_task_seeds(self.seeds);
        let trainers: Vec<&Trainer> = self.baselines.iter().chain(&self.programs).collect();
        let tasks = self.tasks.iter().map(|task| {
            let entrants = trainers.iter().map(|trainer| {
                on_progress(trainer.name(), task.description().name);
                Entrant::trained(trainer, &**task, &seeds, self.backend)
            });
            let entrants = entrants.collect::<Result<Vec<_>, JudgeError>>()?;
            Ok(self.task_result(&**task, &entrants))
        });
        let tasks = tasks.collect::<Result<Vec<_>, JudgeError>>()?;
        let standings = trainers.iter().enumerate();
        let standings = standings.map(|(place, trainer)| self.standing(place, trainer, &tasks));
        Ok(ContestResult {
            reference: self.baselines[0].name().to_owned(),
            standings: standings.collect(),
            tasks,
            seeds,
        })
    }

    fn task_result(&self, task: &dyn Task, entrants: &[Entrant<'_>]) -> TaskResult {
        let description = task.description();
        let direction = description.metric.direction;
        let three_quarters = TARGET_SHARE * f64::from(description.budget_steps);
        let aims = entrants[..self.baselines.len()].iter();
        let aims = aims.map(|entrant| (entrant, entrant.median_after(three_quarters, direction)));
        // Ties go to the one that is named first.
        let best = aims.reduce(|best, next| {
            if is_better(direction, next.1, best.1) {
                next
            } else {
                best
            }
        });
        let Some((setter, target)) = best else {
            unreachable!("there is a baseline");
        };
        let reference = &entrants[0];
        let contenders = entrants.iter();
        let contenders = contenders.map(|entrant| entrant.on_task(task, target, reference));
        TaskResult {
            task: description.name,
            metric: format!(
                "{}, in {}",
                description.metric.name, description.metric.unit
            ),
            higher_is_better: direction == Direction::HigherIsBetter,
            target,
            target_by: setter.name().to_owned(),
            budget_steps: description.budget_steps,
            contenders: contenders.collect(),
        }
    }

    fn standing(&self, place: usize, trainer: &Trainer, tasks: &[TaskResult]) -> Standing {
        let ratios = tasks.iter().map(|task| {
            let steps = task.contenders.iter().filter_map(OnTask::counted_steps);
            let fastest = steps.fold(f64::INFINITY, f64::min);
            let own = task.contenders[place].counted_steps()?;
            Some(own / fastest)
        });
        let profile = Profile::of(ratios.collect());
        let pairs: Vec<(&OnTask, &OnTask)> = tasks
            .iter()
            .map(|task| (&task.contenders[place], &task.contenders[0]))
            .filter(|(own, other)| own.steps_to_target.and(other.steps_to_target).is_some())
            .collect();
        let mean_ratio = |of: fn(&OnTask) -> Option<f64>| {
            let logarithms = pairs.iter().map(|(own, other)| {
                let ratio = of(other).zip(of(own)).map(|(other, own)| other / own);
                ratio.map(f64::ln)
            });
            let logarithms = logarithms.collect::<Option<Vec<f64>>>()?;
            let count = logarithms.len() as f64;
            (count > 0.0).then(|| (logarithms.iter().sum::<f64>() / count).exp())
        };
        let flops = self.tasks.iter().map(|task| {
            trainer.rule_step_flops(task.layout()) as f64
                / task.description().parameter_count as f64
        });
        Standing {
            name: trainer.name().to_owned(),
            score: profile.score(),
            reached_tasks: profile.reached(),
            not_worse_tasks: tasks
                .iter()
                .filter(|task| {
                    task.contenders[place]
                        .gain
                        .is_some_and(|gain| gain.upper >= 0.0)
                })
                .count(),
            profile,
            speed_up_steps: mean_ratio(OnTask::counted_steps),
            speed_up_update_flops: mean_ratio(OnTask::counted_update_flops),
            compared_tasks: pairs.len(),
            parameter_flops: flops.sum::<f64>() / self.tasks.len() as f64,
        }
    }
}

/// Whether one value of a metric is better than another.
fn is_better(direction: Direction, one: f64, other: f64) -> bool {
    match direction {
        Direction::LowerIsBetter => one < other,
        Direction::HigherIsBetter => one > other,
    }
}
