//! `mlevolve baselines`: the yardstick of fitness.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{Suite, bundled_tasks};

use super::data::DataOptions;
use super::progress::Working;
use super::{print, set_threads};
use crate::fitness::{BaselineTable, DataSettings};
use crate::run::write_whole;

/// Show the tuned learning rates of the known rules, or measure them anew.
///
/// Fitness is normalised by what known rules reach on each task with a tuned learning rate: 14 rates, 5
/// seeds each, chosen on validation data. The table for tasks whose data come with the program is part of it;
/// `--write` measures one again, some 800 training runs for each task, for all of those or for one suite.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve baselines\n  \
    mlevolve baselines --suite rl\n  \
    mlevolve baselines --write src/fitness/baselines.json\n  \
    mlevolve baselines --csv houses.csv --target price --write houses.json\n  \
    mlevolve evolve --csv houses.csv --target price --baselines houses.json")]
pub(super) struct Baselines {
    /// Measure the table anew and write it to this file
    #[arg(long, value_name = "FILE", conflicts_with = "baselines")]
    write: Option<PathBuf>,

    /// How many threads train [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,

    #[command(flatten)]
    data: DataOptions,
}

/// Whether a file can be made beside where this one is to be.
fn check_writable(path: &Path) -> anyhow::Result<()> {
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    let probe = tempfile::Builder::new().tempfile_in(directory.unwrap_or(Path::new(".")));
    probe.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

impl Baselines {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        let data = self.data.over(&DataSettings::default());
        let suite = self.data.suite();
        let table = match (&self.write, &data.baselines) {
            (Some(path), _) => {
                let tasks = match &suite {
                    Some(suite) => Suite::named(suite, &data.sources()?)?.tasks().to_vec(),
                    None if data == DataSettings::default() => bundled_tasks().collect(),
                    None => bail!("say which tasks on your data to measure, with --suite"),
                };
                // Not after minutes of training.
                check_writable(path)?;
                let working = Working::on("tuning the known rules");
                let table =
                    BaselineTable::measured(tasks.into_iter(), BackendChoice::Auto, |task| {
                        working.tell(format!("tuning the known rules on {task}"));
                    })?;
                write_whole(path, table.to_text().as_bytes())?;
                table
            }
            (None, Some(path)) => BaselineTable::load(path)?,
            (None, None) => BaselineTable::committed()?,
        };
        let wanted = suite.as_deref().map(Suite::entries).transpose()?;
        let is_wanted = |name: &str| {
            let entries = wanted.as_ref();
            entries.is_none_or(|entries| entries.iter().any(|entry| entry.name() == name))
        };
        let mut text = String::new();
        let absent = wanted.iter().flatten().find(|entry| {
            let mut tasks = table.tasks.iter();
            tasks.all(|task| task.task != entry.name())
        });
        if let Some(entry) = absent {
            let task = entry.name();
            bail!("there are no baselines for task `{task}` yet; --write FILE measures them");
        }
        for task in table.tasks.iter().filter(|task| is_wanted(&task.task)) {
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
