//! Random functions, and what is promised of every function, checked on them.
//!
//! They are in the library so that property tests, fuzz targets and `mlevolve fuzz` draw from one
//! generator and ask the same questions, and an error that one of them finds is found again by the
//! others. A build that only runs functions needs none of this: it is behind the feature `random`.
//!
//! ```text
//!  random_function ─┐                    ┌─ back ends: reference, interpreter and native code agree
//!  random_smooth ───┼─► Case ─► Check ───┼─ passes: each keeps every bit
//!  Mutant ─verify───┘                    ├─ text: printing and parsing are inverse
//!                                        └─ derivatives: both modes, and differences, agree
//!                                              │ no
//!                                              ▼
//!                             minimised ─► Finding: a test to paste
//! ```

mod case;
mod check;
mod derivatives;
pub mod double_precision;
mod functions;
mod minimise;
mod mutants;
mod numbers;
mod panics;

pub use case::{Case, Storage, random_dimensions};
pub use check::{Check, Finding};
pub use derivatives::random_smooth_case;
pub use functions::random_function;
pub use mutants::Mutant;
pub use numbers::{difficult_number, fill};
