//! What a task is to those who judge a rule by it.

use std::fmt;

#[cfg(test)]
use crate::network::Model;
use crate::{Loss, NoTargets, ParameterLayout, Targets, TrainingRun, UpdateRule};

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Such as a loss.
    LowerIsBetter,
    /// Such as an accuracy or a return.
    HigherIsBetter,
}

/// A quantity on a learning curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// What is measured, and on which data.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which way it gets better.
    pub direction: Direction,
}

/// The kind of learning problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Predict a class.
    Classification,
    /// Predict a number.
    Regression,
    /// Go down a valley much steeper across than along.
    IllConditioned,
    /// Learn from the examples themselves, without labels: to reconstruct, complete or recognise them.
    SelfSupervised,
    /// Predict what comes next in a sequence.
    Sequence,
    /// Act in an environment.
    ReinforcementLearning,
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Classification => "classification",
            Self::Regression => "regression",
            Self::IllConditioned => "ill-conditioned",
            Self::SelfSupervised => "self-supervised",
            Self::Sequence => "sequence",
            Self::ReinforcementLearning => "reinforcement learning",
        })
    }
}

/// What is fixed about a task, for people and for those who normalise its results.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The name under which [`TaskEntry::named`](crate::TaskEntry::named) finds it.
    pub name: &'static str,
    /// The problem, the model and the training in a sentence or two.
    pub summary: String,
    /// Where examples come from and how they are divided.
    pub data: String,
    /// The kind of learning problem.
    pub family: Family,
    /// What a curve point's [`value`](crate::CurvePoint::value) is.
    pub metric: Metric,
    /// What a curve point's [`companion`](crate::CurvePoint::companion) is, if there is one.
    pub companion: Option<Metric>,
    /// Parameters of the model, without padding.
    pub parameter_count: usize,
    /// Update steps in a complete run.
    pub budget_steps: u32,
    /// Update steps from one curve point to the next.
    pub evaluation_interval_steps: u32,
    /// Training examples, or environment steps, that each update step consumes.
    pub step_examples: u64,
    /// FLOPs of the model's forward and backward passes for one update step, counted as in
    /// [`TrainingRun::model_flops`].
    pub step_flops: u64,
}

/// Data or an environment, a model, a training budget and a metric.
///
/// A run is single-threaded, allocates only before its first step, and depends on nothing but the task, the rule and
/// the seed.
pub trait Task: Send + Sync {
    /// What is fixed about the task.
    fn description(&self) -> &Description;

    /// Where the model's tensors lie in the arena that the rule is given.
    fn layout(&self) -> &ParameterLayout;

    /// The model that is trained, if it is one of layers.
    #[cfg(test)]
    #[expect(private_interfaces, reason = "for tests in this crate")]
    fn model(&self) -> Option<&Model> {
        None
    }

    /// Trains from the initialisation that `seed` fixes, with `rule`, which is [reset](UpdateRule::reset) first.
    ///
    /// The curve has a point at step 0, at every multiple of [`Description::evaluation_interval_steps`], and at
    /// the last step; a run that diverges ends there, with the points so far.
    fn run(&self, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        self.run_for(self.description().budget_steps, rule, seed)
    }

    /// As [`run`](Self::run), but for so many steps at most: the same run, broken off.
    fn run_for(&self, steps: u32, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun;

    /// What a loss is given at each step of [`run_with_loss`](Self::run_with_loss).
    ///
    /// # Errors
    ///
    /// [`NoTargets`] if the model is not trained by targets.
    fn targets(&self) -> Result<Targets, NoTargets>;

    /// As [`run`](Self::run), but trains with the gradient of `loss` in place of that of what the task minimises by
    /// itself. The curve shows the task's own metrics all the same.
    ///
    /// # Errors
    ///
    /// [`NoTargets`] as for [`targets`](Self::targets).
    fn run_with_loss(
        &self,
        loss: &mut dyn Loss,
        rule: &mut dyn UpdateRule,
        seed: u64,
    ) -> Result<TrainingRun, NoTargets> {
        self.run_with_loss_for(self.description().budget_steps, loss, rule, seed)
    }

    /// As [`run_with_loss`](Self::run_with_loss), but for so many steps at most.
    ///
    /// # Errors
    ///
    /// [`NoTargets`] as for [`targets`](Self::targets).
    fn run_with_loss_for(
        &self,
        steps: u32,
        loss: &mut dyn Loss,
        rule: &mut dyn UpdateRule,
        seed: u64,
    ) -> Result<TrainingRun, NoTargets>;
}
