//! An evolutionary search for learning algorithms, judged in native code.
//!
//! A learning algorithm is a small [`program`](program::Program). A [`search`] breeds them by
//! [`variation`]; each is [lowered](lowering) to the compiler's functions, runs as an update rule
//! inside the tasks of a suite, and gets a [`fitness`] from its learning curves. A [`run`] keeps all of
//! that on disk, so that it can be resumed, replayed and read; the [`cli`] is how people ask for it.
//!
//! ```text
//!   Program ─lower─► ir::Function ─passes─► ir::Function ─compile─► Kernel
//!      ▲                                                               │
//!   variation                                                  CompiledOptimizer
//!      │                                                               ▼
//!   selection ◄── population ◄── Judgement ◄── learning curves ◄── Task
//! ```
//!
//! Nothing flows backwards: `mlevolve-ir`, the compiler, knows no program and no task;
//! `mlevolve-tasks`, the world, knows no compiler and no program; this crate joins them.
//!
//! | modules | what |
//! |---|---|
//! | [`program`], [`schema`] | programs: cells, instructions, text, what kinds there are |
//! | [`variation`], [`lowering`] | new programs from old ones; programs to functions, and to a hash that is the same for the same algorithm |
//! | [`optimizer`], [`loss`], [`algorithm`], [`learner`] | what each kind becomes when it is compiled, and who judges it |
//! | [`fitness`] | what a judge is, what a learning curve is worth beside known rules, and which seeds are for what |
//! | [`search`] | breeding, islands, the funnel, what is remembered, generation by generation |
//! | [`run`] | a search on disk: log, checkpoint, result, page; resumed, replayed, in batches |
//! | [`contest`], [`statistics`] | programs beside known ones on tasks that no search has seen |
//! | [`export`](mod@export) | programs as code for elsewhere |
//! | [`cli`] | the commands |
//!
//! # Example
//!
//! Adam, at a learning rate of one's choice, beside the best that known rules reach on two tasks, whose fitness is 1:
//!
//! ```
//! use mlevolve::fitness::{DataSettings, FitnessWeights, TrainingJudge};
//! use mlevolve::optimizer::CompiledOptimizer;
//! use mlevolve::program::known;
//! use mlevolve_ir::Backend;
//!
//! let adam = known::find("adam").ok_or("adam is known")?.program()?;
//! let adam = adam.with_constant("learning_rate", 0.02)?;
//! let optimizer = CompiledOptimizer::new(&adam, Backend::Jit)?;
//! let judge = TrainingJudge::new("quick", &DataSettings::default(), FitnessWeights::default())?;
//! let judgement = judge.judge_optimizer(&optimizer, &[1, 2]);
//! assert!(judgement.fitness > 0.8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/small_search.rs` goes on to a search. The book, in `docs/`, is for those who use the command.

pub mod algorithm;
#[cfg(doctest)]
mod book;
pub mod cli;
pub mod contest;
pub mod explain;
pub mod export;
pub mod fitness;
pub mod learner;
pub mod loss;
pub mod lowering;
pub mod optimizer;
pub mod program;
pub mod run;
pub mod schema;
pub mod search;
pub mod setting_range;
pub mod statistics;
mod text_table;
pub mod variation;
