//! `mlevolve export`: a program as code for elsewhere.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::{print, program_named};
use crate::export::{Target, export};

/// Write a program as code for PyTorch, optax, NumPy or Rust, or to be read.
///
/// The code has the learned constants by name, the program in its documentation, and no dependency on mlevolve.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve export adam --to torch --output adam.py\n  \
    mlevolve export runs/first/best.mle --to optax\n  mlevolve export cross_entropy --to latex"
)]
pub(super) struct Export {
    /// A program file, a run's directory for its best program, or the name of a known program
    #[arg(value_name = "PROGRAM")]
    program: String,

    /// What to write it as: torch, optax, numpy, rust, latex or text
    #[arg(long = "to", value_name = "TARGET")]
    target: Target,

    /// The file to write, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut name = PathBuf::from(&self.program);
        if name.is_dir() {
            name = name.join("best.mle");
            anyhow::ensure!(
                name.exists(),
                "{} is no run, or has no best program yet: there is no {}",
                self.program,
                name.display()
            );
        }
        let program = program_named(&name.to_string_lossy())?;
        let text = export(&program, self.target)?;
        match &self.output {
            Some(path) => std::fs::write(path, text)
                .with_context(|| format!("cannot write {}", path.display()))?,
            None => print(&text)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
