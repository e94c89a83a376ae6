//! `mlevolve replay`: do the figures hold?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::print;
use super::progress::Working;
use super::running::RunningOptions;
use crate::run::replay;

/// Judge the best program of a run again and compare every figure, bit for bit.
///
/// The recorded figures are those of the run's report or, before it has one, of its last checkpoint.
/// Exit code 1 if any differs.
#[derive(Args)]
#[command(after_help = "Example:\n  mlevolve replay runs/seed-1")]
pub(super) struct Replay {
    /// The run directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    running: RunningOptions,
}

impl Replay {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let backend = self.running.begin()?;
        let working = Working::on("judging the best program again");
        let replay = replay(&self.directory, backend)?;
        drop(working);
        let differences = replay.differences();
        let mut text = format!("{}\n", replay.program);
        for contender in &replay.replayed {
            text += &format!(
                "{:<28} fitness {}\n",
                contender.name, contender.judgement.fitness
            );
        }
        text.push('\n');
        if differences.is_empty() {
            text += "Every figure is the recorded one, bit for bit.\n";
            print(&text)?;
            return Ok(ExitCode::SUCCESS);
        }
        text += "Figures differ from the recorded ones:\n";
        for difference in differences {
            text += &format!("  {difference}\n");
        }
        print(&text)?;
        Ok(ExitCode::FAILURE)
    }
}
