//! The `mlevolve` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mlevolve::cli::main()
}
