//! What a program of any schema that trains models does in a contest.

use mlevolve_ir::{Backend, BackendChoice};
use mlevolve_tasks::{ParameterLayout, Task, TrainingRun};
use rayon::prelude::*;

use crate::fitness::{BaselineTable, JudgeError, TuningError, best_rate, task_work};
use crate::loss::{LossFunction, adam};
use crate::optimizer::CompiledOptimizer;
use crate::program::{Program, known};

/// An update rule, with a loss unless it minimises a task's own.
#[derive(Clone, Debug)]
pub struct Trainer {
    name: String,
    rule: Program,
    loss: Option<LossFunction>,
    /// Only its cost is asked for.
    compiled: CompiledOptimizer,
}

impl Trainer {
    /// Whoever trains with these; with Adam, if there is no rule.
    ///
    /// # Errors
    /// [`JudgeError`] if the rule is no update rule, or the loss cannot be minimised.
    pub fn new(
        name: &str,
        rule: Option<&Program>,
        loss: Option<&Program>,
    ) -> Result<Self, JudgeError> {
        let rule = rule.cloned().unwrap_or_else(adam);
        Ok(Self {
            name: name.to_owned(),
            compiled: CompiledOptimizer::new(&rule, Backend::Interpreter)?,
            rule,
            loss: loss.map(LossFunction::of).transpose()?,
        })
    }

    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same under another name.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Whether it minimises another loss than tasks' own.
    #[must_use]
    pub const fn brings_loss(&self) -> bool {
        self.loss.is_some()
    }

    /// FLOPs of an update of parameters in this layout.
    #[must_use]
    pub fn rule_step_flops(&self, layout: &ParameterLayout) -> u64 {
        self.compiled.step_flops(layout)
    }

    /// Trains with a learning rate and each seed.
    pub(super) fn runs(
        &self,
        task: &dyn Task,
        learning_rate: f32,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Vec<TrainingRun>, JudgeError> {
        let rule = self.rule.with_constant("learning_rate", learning_rate);
        let rule = rule.map_err(TuningError::from)?;
        let work = task_work(task, seeds.len());
        let rule = CompiledOptimizer::for_work(&rule, backend, work)?;
        let Some(loss) = &self.loss else {
            let runs = seeds.par_iter();
            return Ok(runs
                .map(|&seed| task.run(&mut rule.clone(), seed))
                .collect());
        };
        let loss = loss.compile_for(task.targets()?, work.calls, backend)?;
        let runs = seeds
            .par_iter()
            .map(|&seed| task.run_with_loss(&mut loss.clone(), &mut rule.clone(), seed));
        Ok(runs.collect::<Result<_, _>>()?)
    }

    /// The learning rate that is best on the task, of those that everyone tries; nothing if it diverges at all.
    ///
    /// Known rules on tasks whose data are in the program have had theirs tuned by the same protocol before.
    pub(super) fn tuned_rate(
        &self,
        task: &dyn Task,
        backend: BackendChoice,
    ) -> Result<Option<f32>, JudgeError> {
        if let Some(rate) = self.recorded_rate(task)? {
            return Ok(Some(rate));
        }
        best_rate(task, |rate, seeds| self.runs(task, rate, seeds, backend))
    }

    fn recorded_rate(&self, task: &dyn Task) -> Result<Option<f32>, JudgeError> {
        let is_known = known::find(self.rule.name())
            .is_some_and(|known| self.loss.is_none() && known.parsed() == self.rule);
        if !is_known {
            return Ok(None);
        }
        let table = BaselineTable::committed()?;
        let rows = table.task(task.description().name).ok();
        let Some(rows) = rows else { return Ok(None) };
        // A task of the same name may be on a user's own data.
        Ok(match rows.rule(self.rule.name()) {
            Some(row) if rows.is_of(task)? => Some(row.learning_rate),
            Some(_) | None => None,
        })
    }
}
