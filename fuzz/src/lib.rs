//! What the fuzz targets check. A target itself only names a function of this crate, so that what it
//! found can be looked into from a test or a debugger without a fuzzer.
//!
//! ```text
//!   bytes ──┬─► parse_anything, programs::check_text, runs::check_*, data::check_*   (as they are)
//!           └─► Draws ─► Case, Mutant, programs, lanes                (as random choices)
//!                          └─► mlevolve_ir::random::Check ─► Finding: a test to paste
//! ```
//!
//! `fuzz/smoke.sh` runs every target for some seconds, on a stable compiler.

pub mod data;
mod draws;
pub mod functions;
pub mod lanes;
pub mod programs;
pub mod runs;

pub use draws::Draws;

/// Fails if an error has nothing to say. Displaying it must not fail either.
fn assert_displays(error: &impl std::fmt::Display) {
    assert!(!error.to_string().trim().is_empty());
}
