//! The update rule that trains where only a loss is judged.

use mlevolve_ir::BackendChoice;

use crate::fitness::{JudgeError, ProgramCost, TrainingJudge, TuningError};
use crate::optimizer::CompiledOptimizer;
use crate::program::{Program, known};
use crate::schema::LEARNING_RATE;

const RULE: &str = "adam";
/// Runs that a compiled update rule has ahead of it: a search's.
const AHEAD_RUNS: usize = 1_000;

/// The rule as a program, as it is written.
pub(crate) fn adam() -> Program {
    match known::find(RULE) {
        Some(known) => known.parsed(),
        None => unreachable!("`{RULE}` is known"),
    }
}

/// Adam, for each task of a suite at the learning rate that is best there on the task's own loss.
pub struct TunedAdam {
    rates: Vec<f32>,
    rules: Vec<CompiledOptimizer>,
    cost: ProgramCost,
}

impl TunedAdam {
    /// On the tasks of a suite.
    ///
    /// # Errors
    /// [`JudgeError`] if the table of baselines lacks a task, or the back end fails.
    pub fn on(suite: &TrainingJudge) -> Result<Self, JudgeError> {
        let program = adam();
        let work = suite.work(AHEAD_RUNS);
        let compiled = |rate: f32| {
            let program = program.with_constant(LEARNING_RATE, rate);
            let program = program.map_err(TuningError::from)?;
            CompiledOptimizer::for_work(&program, BackendChoice::Auto, work)
                .map_err(JudgeError::from)
        };
        let names = suite.suite_tasks().iter();
        let names = names.map(|task| task.description().name);
        let rates = names.map(|name| suite.baselines().learning_rate(RULE, name));
        let rates = rates.collect::<Result<Vec<f32>, _>>()?;
        let rules = rates.iter().map(|&rate| compiled(rate));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            cost: compiled(1.0)?.program_cost(&program),
            rates,
        })
    }

    /// The learning rate on each task.
    #[must_use]
    pub fn rates(&self) -> &[f32] {
        &self.rates
    }

    /// The rule for each task.
    #[must_use]
    pub fn rules(&self) -> &[CompiledOptimizer] {
        &self.rules
    }

    /// What the rule costs.
    #[must_use]
    pub const fn cost(&self) -> &ProgramCost {
        &self.cost
    }
}
