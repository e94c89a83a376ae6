//! `mlevolve baselines`: the yardstick of fitness.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use mlevolve_ir::BackendChoice;

use super::progress::Working;
use super::{print, set_threads};
use crate::fitness::BaselineTable;
use crate::run::write_whole;

/// Show the tuned learning rates of the known rules, or measure them anew.
///
/// Fitness is normalised by what known rules reach on each task with a tuned learning rate: 14 rates, 5
/// seeds each, chosen on validation data. The table is part of the program. `--write` measures it
/// again, some 2,000 training runs, in some ten seconds.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve baselines\n  \
    mlevolve baselines --write src/fitness/baselines.json")]
pub(super) struct Baselines {
    /// Measure the table anew and write it to this file
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// How many threads train [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Baselines {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        let table = match &self.write {
            Some(path) => {
                let _working = Working::on("tuning the known rules");
                let table = BaselineTable::measured(BackendChoice::Auto)?;
                write_whole(path, table.to_text().as_bytes())?;
                table
            }
            None => BaselineTable::committed()?,
        };
        let mut text = String::new();
        for task in &table.tasks {
            text += &format!("{}\n", task.task);
            for row in &task.rules {
                text += &format!(
                    "  {:<10} rate {:<9} ends at {:.4}\n",
                    row.rule,
                    row.learning_rate,
                    row.last()
                );
            }
        }
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
