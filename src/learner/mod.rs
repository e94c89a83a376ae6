//! Programs of the `learner` schema at work: taught and examined on many tasks at once.
//!
//! ```text
//!   Program ─effective─► instructions ─► Classroom: lane code, tasks side by side ─► predictions
//!      │                                                                                  │
//!      └─lower_sequence─► ir::Function ─► LaneKernel: native code, for long lessons ──────┤
//!                                                                                         ▼
//!                                        LearnerJudge: Judgement ◄── fitness of each task ┘
//! ```
//!
//! Examples of a kind of task lie in panels of tasks (`lessons.rs`): all tasks in one if they are short, so that
//! one dispatch does for all, or else as many as fill a cache line, so that they are read in order.
//!
//! A candidate of a small search is taught a hundred examples and forgotten, in microseconds. So its
//! instructions run as they are, without a compiler, in memory that a thread keeps from one candidate to the
//! next; only lessons that are long enough are compiled. The bits are the same.

mod classroom;
mod compare;
mod compiled;
mod desk;
mod examples;
mod grading;
mod judge;
pub(crate) mod label;
pub(crate) mod lessons;
mod seat;
mod settings;

pub use compiled::teaching_function;
pub use judge::LearnerJudge;
pub use label::{MixedLabels, OtherLabel};
pub use settings::{Combination, LearnerSettings, LearnerSettingsError};
