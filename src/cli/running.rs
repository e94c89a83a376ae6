//! Options that say how programs are run: none of them changes a figure.

use clap::Args;
use mlevolve_ir::BackendChoice;

use super::set_threads;

/// By what, and on how many threads.
#[derive(Args, Clone, Copy)]
pub(super) struct RunningOptions {
    /// What runs the programs: `auto`, `interp`, `jit-quick` or `jit`; all give the same figures
    #[arg(long, value_name = "BACKEND", default_value_t = BackendChoice::Auto)]
    backend: BackendChoice,

    /// How many threads train [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl RunningOptions {
    /// Has work divided among the threads that were asked for; what runs programs.
    ///
    /// # Errors
    /// If that cannot be the number of threads.
    pub(super) fn begin(&self) -> anyhow::Result<BackendChoice> {
        set_threads(self.threads)?;
        Ok(self.backend)
    }
}
