//! `mlevolve compare`: batches of searches beside each other.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::print;
use crate::run::BatchComparison;

/// Compare batches of searches, seed by seed.
///
/// Each is a directory that `evolve --seeds` filled: of other settings, or of a control. The first is what the others are
/// compared with: by how much the best programs of its runs are fitter than those with the same seed, with an interval.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve evolve --seeds 1..10 --training-steps 2000000 --out runs/evolution\n  \
    mlevolve evolve --seeds 1..10 --training-steps 2000000 --control random-search --out runs/random\n  \
    mlevolve compare runs/evolution runs/random"
)]
pub(super) struct Compare {
    /// Directories of batches
    #[arg(value_name = "BATCH", required = true, num_args = 2..)]
    batches: Vec<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let comparison = BatchComparison::of(&self.batches)?;
        if self.json {
            print(&serde_json::to_string_pretty(&comparison)?)?;
        } else {
            print(&comparison.text())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
