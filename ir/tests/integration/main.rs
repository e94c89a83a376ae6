//! The crate by what it offers. One binary, since each links all of Cranelift: what counts allocations has an
//! allocator of its own, and so a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod agreement;
mod derivatives;
mod derivatives_at_kinks;
mod derivatives_of_functions;
mod every_op;
mod findings;
mod harness;
mod kernels;
mod lanes;
mod matrix_meanings;
mod operands;
mod random_cases;
mod steps;
