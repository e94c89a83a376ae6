//! Programs that say what is minimised and how: a loss and an update rule, judged by what models learn from both.
//!
//! ```text
//!   Program ──part──► loss ─────────► LossFunction ──probe: rejected?──┐
//!      │                                                               ├─ LossTraining ─► learning curves ─► Judgement
//!      └─────part──► update rule ──► CompiledOptimizer ──probe─────────┘
//! ```
//!
//! Everything is measured as losses and update rules alone are: between the untrained model, 0, and the best known rule
//! on the task's own loss, 1.

mod compare;
mod judge;

pub use judge::AlgorithmJudge;
