//! An evolutionary search for learning algorithms, judged in native code.
//!
//! A learning algorithm is a small [`program`](program::Program). A [`search`] breeds them by
//! [`variation`]; each is [lowered](lowering) to the compiler's functions, runs as an update rule
//! inside the tasks of the suite, and gets a [`fitness`] from its learning curves. A [`run`] keeps all of
//! that on disk, so that it can be resumed, replayed and read; the [`cli`] is how people ask for it.
//!
//! ```text
//!   Program ──lower──► ir::Function ──passes──► ir::Function ──compile──► Kernel (interpreter │ JIT)
//!      ▲                                                                     │
//!   variation                                                        CompiledOptimizer
//!      │                                                                     ▼
//!   selection ◄── population ◄── Judgement ◄── learning curves ◄── mlevolve_tasks::Task
//! ```
//!
//! Nothing flows backwards: `mlevolve-ir`, the compiler, knows no program and no task;
//! `mlevolve-tasks`, the world, knows no compiler and no program; this crate joins them.
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

pub mod algorithm;
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
