//! The `mlevolve` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A search makes and drops some small things for each of millions of candidates, on all threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    mlevolve::cli::main()
}
