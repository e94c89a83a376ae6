//! The figures that a program is reported with, beside those of known rules.

use std::fs;
use std::path::Path;

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Task;
use serde::{Deserialize, Serialize};

use super::directory::write_whole;
use super::{RUN_FORMAT, RunError};
use crate::fitness::{
    BaselineError, COMPARED, DataSettings, FitnessWeights, Judge, Judgement, TuningError,
    best_learning_rate, judging_seeds,
};
use crate::optimizer::CompiledOptimizer;
use crate::program::Program;
use crate::program::known;

/// What a run ends with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// The version of run directories.
    pub format: u32,
    /// The run's seed.
    pub seed: u64,
    /// The suite that judged.
    pub suite: String,
    /// What tasks had of the user's own.
    pub data: DataSettings,
    /// How the parts of fitness were combined.
    pub weights: FitnessWeights,
    /// The best program's text.
    pub program: String,
    /// The candidate that it is.
    pub id: u64,
    /// The generation that it came with.
    pub generation: u32,
    /// Its figures beside the known rules'.
    pub comparison: Comparison,
    /// The same on tasks that the search did not see, if there are any.
    pub held_out: Option<Comparison>,
}

/// A program beside known rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The program as it is written, with one learning rate for all tasks.
    pub written: Contender,
    /// The same with a learning rate tuned for each task, as the known rules have; unless that was not
    /// asked for, or it diverges at every rate on some task.
    pub tuned: Option<Contender>,
    /// Known rules, each with a learning rate tuned for each task.
    pub compared: Vec<Contender>,
}

/// A judged program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contender {
    /// What it is called in reports.
    pub name: String,
    /// The learning rate on each task.
    pub learning_rates: Vec<f32>,
    /// How good it is.
    pub judgement: Judgement,
    /// FLOPs of an update for each parameter.
    pub element_flops: u32,
    /// FLOPs of an update beside that.
    pub call_flops: u32,
    /// Numbers kept for each parameter from one step to the next.
    pub state_per_parameter: usize,
}

impl Comparison {
    /// Trains a program, with tuned learning rates too if `tunes`, and the rules of [`COMPARED`].
    ///
    /// # Errors
    /// [`BaselineError`] if a program cannot be compiled, or a known rule has no tuned learning rate.
    pub fn of(
        program: &Program,
        tunes: bool,
        judge: &Judge,
        backend: BackendChoice,
    ) -> Result<Self, BaselineError> {
        let name = program.name();
        let written_name = format!("{name}, as written");
        let tuned_name = format!("{name}, tuned");
        Ok(Self {
            written: written(&written_name, program, &judging_seeds(), judge, backend)?,
            tuned: if tunes {
                tuned(&tuned_name, program, judge, backend)?
            } else {
                None
            },
            compared: compared(judge, backend)?,
        })
    }

    /// Everyone, the program first.
    pub fn contenders(&self) -> impl Iterator<Item = &Contender> {
        let program = std::iter::once(&self.written).chain(&self.tuned);
        program.chain(&self.compared)
    }
}

/// A program as it is written, judged on these seeds.
pub(super) fn written(
    name: &str,
    program: &Program,
    seeds: &[u64],
    judge: &Judge,
    backend: BackendChoice,
) -> Result<Contender, TuningError> {
    let rate = program.constant("learning_rate").unwrap_or(1.0);
    let rates = vec![rate; judge.tasks().len()];
    with_rates(name, program, &rates, seeds, judge, backend)
}

/// A program with a learning rate tuned for each task; nothing if it diverges at every rate on one.
fn tuned(
    name: &str,
    program: &Program,
    judge: &Judge,
    backend: BackendChoice,
) -> Result<Option<Contender>, TuningError> {
    let rate = |task: &dyn Task| match best_learning_rate(program, task, backend) {
        Ok(rate) => Ok(Some(rate)),
        Err(TuningError::Diverged { .. }) => Ok(None),
        Err(error) => Err(error),
    };
    let rates: Result<Option<Vec<f32>>, TuningError> =
        judge.tasks().iter().map(|task| rate(&**task)).collect();
    match rates? {
        Some(rates) => {
            with_rates(name, program, &rates, &judging_seeds(), judge, backend).map(Some)
        }
        None => Ok(None),
    }
}

/// The rules of [`COMPARED`] with the learning rates of the table of baselines.
fn compared(judge: &Judge, backend: BackendChoice) -> Result<Vec<Contender>, BaselineError> {
    let rules = COMPARED.iter().filter_map(|name| known::find(name));
    rules
        .map(|rule| {
            let tasks = judge.tasks().iter();
            let rates = tasks.map(|task| {
                let table = judge.baselines();
                table.learning_rate(rule.name, task.description().name)
            });
            let rates = rates.collect::<Result<Vec<f32>, BaselineError>>()?;
            Ok(with_rates(
                rule.name,
                &rule.parsed(),
                &rates,
                &judging_seeds(),
                judge,
                backend,
            )?)
        })
        .collect()
}

fn with_rates(
    name: &str,
    program: &Program,
    rates: &[f32],
    seeds: &[u64],
    judge: &Judge,
    backend: BackendChoice,
) -> Result<Contender, TuningError> {
    let mut tasks = Vec::new();
    for (task, &rate) in rates.iter().enumerate() {
        let program = program.with_constant("learning_rate", rate)?;
        let optimizer = CompiledOptimizer::for_work(&program, backend, judge.work(seeds.len()))?;
        tasks.push(judge.judge_task(task, &optimizer, seeds));
    }
    // The learning rate does not change what an update costs.
    let optimizer = CompiledOptimizer::for_work(program, backend, judge.work(seeds.len()))?;
    let cost = optimizer.cost();
    Ok(Contender {
        name: name.to_owned(),
        learning_rates: rates.to_vec(),
        judgement: Judgement::of(tasks),
        element_flops: cost.element_flops(),
        call_flops: cost.call_flops(),
        state_per_parameter: optimizer.state_per_parameter(),
    })
}

impl RunResult {
    /// All figures' owners.
    pub(super) fn contenders(&self) -> impl Iterator<Item = &Contender> {
        let held_out = self.held_out.iter().flat_map(Comparison::contenders);
        self.comparison.contenders().chain(held_out)
    }

    /// Writes the result to a file.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be written.
    pub(super) fn save(&self, path: &Path) -> Result<(), RunError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| RunError::Unwritable {
            path: path.to_owned(),
            source: error.into(),
        })?;
        write_whole(path, (text + "\n").as_bytes())
    }

    /// Reads a result; nothing if the run has none yet.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be read.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, RunError> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|source| RunError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let invalid = |error: serde_json::Error| RunError::Config {
            path: path.to_owned(),
            message: format!("is damaged: {error}"),
        };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(invalid)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if let Some(found) = format.and_then(|format| u32::try_from(format).ok())
            && found > RUN_FORMAT
        {
            let path = path.to_owned();
            return Err(RunError::Newer { path, found });
        }
        serde_json::from_value(value).map(Some).map_err(invalid)
    }
}
