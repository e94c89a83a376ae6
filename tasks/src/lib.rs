//! The world in which learning algorithms are judged.
//!
//! A [`Task`] is data or an environment and a model with hand-written gradients, or a function of the parameters alone; a
//! training budget; and a metric. It is
//! given an [`UpdateRule`], trains its model with it from an initialisation that a seed fixes, and returns a
//! [`TrainingRun`]: the learning curve and what it cost. Where rules come from is none of its business. Tasks whose models
//! learn from targets can be given what is minimised too, as a [`Loss`].
//!
//! ```text
//!            seed ──► stream ──► initialisation, minibatches, exploration, evaluation
//!                                        │
//!  data │ environment ──► model ──gradient──► UpdateRule::step ──► parameters ──┐
//!                           ▲                                                   │
//!                           └───────────────────────────────────────────────────┤
//!                                                                               └──► LearningCurve
//! ```
//!
//! | to … | see |
//! |---|---|
//! | find a task, or a set of them | [`TaskEntry`], [`Suite`], [`TASKS`]; [`Sources`] says where a user's own data are |
//! | bring an update rule, or a loss | [`UpdateRule`], [`ParameterLayout`]; [`Loss`], [`Targets`] |
//! | read what came of it | [`TrainingRun`], [`LearningCurve`], [`Description`] |
//! | draw random numbers that no one else draws | [`stream()`] |
//!
//! What a reinforcement-learning task acts in is one of [`environments`], which stand on their own. What whole learning
//! algorithms are judged by, which bring a model of their own or none, is in [`learner`].
//!
//! Three promises hold for every task. A run depends only on task, rule and seed: the same bits come back on any
//! thread, at any time, in any order, on any machine. A run allocates before its first step and never after. And
//! whatever numbers a rule writes, a run ends without a panic, with [`Outcome::Diverged`] if they stop being finite.
//!
//! # Example
//!
//! ```
//! use mlevolve_tasks::{ParameterLayout, Suite, UpdateRule};
//!
//! struct GradientDescent;
//!
//! impl UpdateRule for GradientDescent {
//!     fn reset(&mut self, _layout: &ParameterLayout) {}
//!
//!     fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
//!         for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
//!             *parameter -= 0.1 * gradient;
//!         }
//!     }
//! }
//!
//! let suite = Suite::default_suite();
//! let run = suite.tasks()[0].run(&mut GradientDescent, 1);
//! let [first, .., last] = run.curve.points.as_slice() else { panic!("a curve has several points") };
//! assert!(last.value < first.value);
//! ```
//!
//! `examples/own_update_rule.rs` has a rule with state, on images.

mod analytic;
mod catalogue;
mod curve;
pub mod data;
pub mod environments;
#[cfg(test)]
mod fixture;
mod layout;
pub mod learner;
mod loss;
mod network;
mod objective;
mod reinforcement;
mod rule;
mod stream;
mod supervised;
mod task;
mod training;

pub use catalogue::{OwnTable, Sources, Suite, TASKS, TaskEntry, TaskError, bundled_tasks};
pub use curve::{CurvePoint, LearningCurve, Outcome, TrainingRun};
pub use layout::{PADDING, ParameterLayout, TensorLayout};
pub use loss::{Loss, NoTargets, TargetKind, Targets};
pub use rule::UpdateRule;
pub use stream::{Stream, stream};
pub use task::{Description, Direction, Family, Metric, Task};
