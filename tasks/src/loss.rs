//! What a run minimises, where that is not the task's own choice.
//!
//! A task measures itself by a metric of its own and, by default, trains with a gradient of its own. A run
//! [with a loss](crate::Task::run_with_loss) replaces the second and leaves the first, so that losses are compared by
//! what models learn from them and not by themselves:
//!
//! ```text
//!              ┌─predictions─► Loss ──gradient──┐
//!  a batch ─► model ◄───────────────────────────┘ ──► UpdateRule
//!     └──targets──────────────►┘
//!  validation examples ─► model ─► the task's own metric ─► LearningCurve
//! ```
//!
//! Not every task has targets: what a policy gradient follows is not a distance from anything. [`NoTargets`] says so.

use std::fmt;

/// What is minimised: a number for each row of predictions and targets, and what counts is the mean over rows.
///
/// A loss has no state: what it returns and writes depends on its arguments alone, to the bit, so sums are taken in one
/// order. Calls after the first allocate nothing as long as they have no more rows and as many outputs.
pub trait Loss: Send {
    /// Writes the gradient, with respect to the predictions, of the mean over rows of each row's loss, and returns that
    /// mean.
    ///
    /// `predictions`, `targets` and `gradient` hold as many rows of `outputs` numbers, one row after the other; there is
    /// at least one. What rows are, [`Targets`] says.
    fn gradient(
        &mut self,
        outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64;
}

/// What a task gives a loss at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// What predictions and targets are.
    pub kind: TargetKind,
    /// Rows of a batch.
    pub rows: usize,
    /// Numbers of a row.
    pub outputs: usize,
}

/// What the numbers of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// Predictions are a logit for each class; targets are 1 for the class that is right and 0 for all others.
    Classes,
    /// Predictions are to be near their targets.
    Values,
    /// The one prediction is the value of the action that was taken, and its target is what followed: rewards and the
    /// value of where they led (temporal difference).
    ActionValues,
}

impl fmt::Display for TargetKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Classes => "classes",
            Self::Values => "values",
            Self::ActionValues => "values of actions",
        })
    }
}

/// A task that cannot be trained with a loss that it is given, and what could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "task `{task}` takes no loss: {reason}; tasks that predict classes (such as iris-mlp), values (diabetes-mlp), next \
     characters (text-gru) or values of actions (cartpole-dqn) take one"
)]
pub struct NoTargets {
    /// The task's name.
    pub task: &'static str,
    /// What its gradient comes from instead.
    pub reason: &'static str,
}
