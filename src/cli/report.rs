//! `mlevolve report`: a run as a page, or a batch of them.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, ensure};
use clap::Args;
use mlevolve_ir::BackendChoice;

use super::progress::Working;
use super::{print, set_threads};
use crate::run::{PAGE_FILE, is_batch, write_batch_page, write_page};

/// Make a page of a run or a batch, to look at in a browser.
///
/// One HTML file that needs no network: fitness and diversity over generations, what each stage of judging stopped, fitness against
/// cost, learning curves beside known rules, where the best programs come from, and the programs, also as code for elsewhere. Every run
/// ends with one; this makes it anew, or for a run that is going on, by its last checkpoint: its best program is judged first. Of a
/// batch: what its searches found, beside each other.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve report runs/seed-1 --open\n  \
    mlevolve report runs/seed-1 --output found.html\n  mlevolve report runs/batch-optimizer")]
pub(super) struct Report {
    /// The directory of a run or a batch
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The file to write [default: DIR/report.html]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Show the page in the browser
    #[arg(long)]
    open: bool,

    /// What runs the programs: `auto`, `interp`, `jit-quick` or `jit`; all give the same figures
    #[arg(long, value_name = "BACKEND", default_value_t = BackendChoice::Auto)]
    backend: BackendChoice,

    /// How many threads train [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Report {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        let beside = || self.directory.join(PAGE_FILE);
        let output = self.output.clone().unwrap_or_else(beside);
        {
            let _working = Working::on("making the page");
            if is_batch(&self.directory) {
                write_batch_page(&self.directory, &output)?;
            } else {
                write_page(&self.directory, &output, self.backend)?;
            }
        }
        print(&output.display().to_string())?;
        if self.open {
            open(&output)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the system shows a file with.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

fn open(page: &std::path::Path) -> anyhow::Result<()> {
    let status = Command::new(OPENER)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {OPENER}; open the page in a browser yourself"))?;
    // Explorer says that it failed when it did not.
    ensure!(
        status.success() || cfg!(windows),
        "{OPENER} cannot show the page; open it in a browser yourself"
    );
    Ok(())
}
