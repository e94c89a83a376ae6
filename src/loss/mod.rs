//! Programs that say what is minimised, judged by what models learn from them.
//!
//! Which loss trains a model best is not for the loss to say: that it is small says nothing about another one. So the
//! models of a suite are trained with a candidate's gradient in place of their task's own, and measured by the task's
//! metric all the same.
//!
//! ```text
//!   Program ─lower─► loss of an example ─autodiff─► LossFunction: loss and gradient ─► CompiledLoss: tasks::Loss
//!                                                        │                                   │
//!              probe: made-up rows ◄─────────────────────┘       Task::run_with_loss, Adam ◄─┘
//!                 │                                                        │
//!     rejected, or a fingerprint: seen before?                 learning curves ─► Judgement
//! ```
//!
//! | module | what |
//! |---|---|
//! | `compiled` | losses that tasks train with, examples side by side in the lanes of vectors |
//! | `probe` | what a few rows tell of a loss before it trains anything, and which losses are the same |
//! | `training` | training a suite's models with it and an update rule |
//! | `adam` | the rule where only a loss is judged |
//! | `judge` | what a loss is worth with that |

mod adam;
mod compiled;
mod judge;
mod probe;
mod training;

pub use adam::TunedAdam;
pub(crate) use adam::adam;
pub use compiled::{CompiledLoss, LossError, LossFunction};
pub use judge::LossJudge;
pub use probe::{LossScale, Probe};
pub use training::LossTraining;
