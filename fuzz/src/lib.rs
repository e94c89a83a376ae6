//! What the fuzz targets check. A target itself only names a function of this crate, so that what it
//! found can be looked into from a test or a debugger without a fuzzer.
//!
//! ```text
//!   bytes ──┬─► programs::check_text, functions::check_text, runs::check_*   (as they are)
//!           └─► Draws ─► functions::check_random, programs::check_variation  (as random choices)
//! ```
//!
//! `fuzz/smoke.sh` runs every target for some seconds, on a stable compiler.

mod draws;
pub mod functions;
pub mod programs;
pub mod runs;

pub use draws::Draws;

/// Fails if an error has nothing to say. Displaying it must not fail either.
fn assert_displays(error: &impl std::fmt::Display) {
    assert!(!error.to_string().trim().is_empty());
}
