//! The whole program, by its library and by its command. One binary, since each links all of Cranelift: what counts
//! allocations has an allocator of its own, and so a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod algorithms;
mod baselines;
mod batch;
mod book;
mod canonical;
mod cli_commands;
mod cli_refusals;
mod command;
mod contest;
mod determinism;
mod evaluator;
mod explain;
mod export;
mod front;
mod funnel;
mod known_losses;
mod known_rules;
mod learners;
mod lineage;
mod losses;
mod optimizer_steps;
mod own_data;
mod page;
mod parity;
mod program_text;
mod resume;
mod run_files;
mod search_ends;
mod small_programs;
mod specimens;
mod teaching;
mod variation;
mod vector_labels;
mod watch;
