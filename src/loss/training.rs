//! Models of a suite, trained by a loss and an update rule: what the judges of losses and of algorithms have in common.

use std::collections::BTreeSet;

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{
    NoTargets, Sources, Suite, TargetKind, Targets, Task, TrainingRun, bundled_tasks,
};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{LossError, LossFunction, LossScale, Probe};
use crate::fitness::{
    DataSettings, Fingerprint, FitnessWeights, JudgeError, Leg, RateChoice, Rejection, TaskCurves,
    TaskFitness, TrainingJudge,
};
use crate::optimizer::CompiledOptimizer;

/// The tasks of a suite, which learn from targets, with the probes that are like them.
pub struct LossTraining {
    suite: TrainingJudge,
    /// Of each task.
    targets: Vec<Targets>,
    /// One for each kind of targets and number of outputs in the suite.
    probes: Vec<Probe>,
}

impl LossTraining {
    /// On the suite of this name.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, data are missing, a task takes no loss, or the table of baselines does
    /// not cover it.
    pub fn new(
        suite: &str,
        data: &DataSettings,
        weights: FitnessWeights,
    ) -> Result<Self, JudgeError> {
        let suite = TrainingJudge::new(suite, data, weights)?;
        let targets = suite.suite_tasks().iter().map(|task| task.targets());
        let targets = targets.collect::<Result<Vec<_>, NoTargets>>()?;
        let mut probed = BTreeSet::new();
        let like = targets.iter().filter(|targets| {
            let kind = match targets.kind {
                TargetKind::Classes => 0,
                TargetKind::Values => 1,
                TargetKind::ActionValues => 2,
            };
            probed.insert((kind, targets.outputs))
        });
        Ok(Self {
            probes: like.map(|targets| Probe::like(*targets)).collect(),
            targets,
            suite,
        })
    }

    /// On what a search on the suite of this name does not see: all tasks of the same families and kinds of targets on
    /// other data that are in the program. Nothing if there are none.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, or the table of baselines does not cover what is held out.
    pub fn held_out_from(suite: &str, weights: FitnessWeights) -> Result<Option<Self>, JudgeError> {
        let entries = Suite::entries(suite)?;
        let opened = entries.iter();
        let seen: Vec<_> = opened
            .filter_map(|entry| entry.open(&Sources::default()).ok())
            .collect();
        let kind = |task: &dyn Task| Some((task.description().family, task.targets().ok()?.kind));
        let is_unseen = |task: &dyn Task| {
            let is_like = seen.iter().any(|seen| kind(&**seen) == kind(task));
            let data = &task.description().data;
            is_like && seen.iter().all(|seen| seen.description().data != *data)
        };
        let tasks = bundled_tasks().filter(|task| task.targets().is_ok() && is_unseen(&**task));
        let names: Vec<_> = tasks.map(|task| task.description().name).collect();
        if names.is_empty() {
            return Ok(None);
        }
        Self::new(&names.join(","), &DataSettings::default(), weights).map(Some)
    }

    /// The same, but whether rules that do not follow their learning rate are rejected is as said.
    #[must_use]
    pub fn asking_for_rate(self, asks_for_rate: bool) -> Self {
        Self {
            suite: self.suite.asking_for_rate(asks_for_rate),
            ..self
        }
    }

    /// The same, but candidates choose their learning rate on each task from these.
    #[must_use]
    pub fn choosing_rates(self, rate_choice: RateChoice) -> Self {
        Self {
            suite: self.suite.choosing_rates(rate_choice),
            ..self
        }
    }

    /// The tasks with their yardsticks.
    #[must_use]
    pub const fn suite(&self) -> &TrainingJudge {
        &self.suite
    }

    /// The tasks' names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'static str> {
        let tasks = self.suite.suite_tasks().iter();
        tasks.map(|task| task.description().name)
    }

    /// The most outputs that a task has.
    #[must_use]
    pub fn outputs(&self) -> usize {
        let outputs = self.targets.iter().map(|targets| targets.outputs);
        outputs.max().unwrap_or(1)
    }

    /// What speaks against training with a loss on these tasks.
    ///
    /// # Errors
    /// As for [`Probe::rejection`].
    pub fn rejection(&self, function: &LossFunction) -> Result<Option<Rejection>, LossError> {
        for probe in &self.probes {
            let rejection = probe.rejection(function)?;
            if rejection.is_some() {
                return Ok(rejection);
            }
        }
        Ok(None)
    }

    /// The same for losses that train alike on these tasks.
    ///
    /// # Errors
    /// As for [`Probe::rejection`].
    pub fn identity(
        &self,
        function: &LossFunction,
        scale: LossScale,
    ) -> Result<Fingerprint, LossError> {
        let mut hasher = Sha256::new();
        for probe in &self.probes {
            probe.identify(function, scale, &mut hasher)?;
        }
        Ok(Fingerprint::of_digest(&hasher.finalize().into()))
    }

    /// The gradients of a loss on all made-up predictions.
    ///
    /// # Errors
    /// As for [`Probe::rejection`].
    pub fn gradients(&self, function: &LossFunction) -> Result<Vec<f32>, LossError> {
        let gradients = self.probes.iter().map(|probe| probe.gradient(function));
        Ok(gradients.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Trains with a loss and a rule. Of the rule's FLOPs, the caller knows which are the program's: so many in a step. The
    /// runs, and the program's FLOPs in each that comes to its end.
    ///
    /// # Errors
    /// [`JudgeError`] if the back end fails.
    pub(crate) fn runs(
        &self,
        leg: Leg<'_>,
        function: &LossFunction,
        (rule, rule_step_flops): (&CompiledOptimizer, u64),
        backend: BackendChoice,
    ) -> Result<(Vec<TrainingRun>, u64), JudgeError> {
        let task = &self.suite.suite_tasks()[leg.task];
        let targets = self.targets[leg.task];
        let batches = f64::from(leg.steps) * leg.seeds.len() as f64;
        let loss = function.compile_for(targets, batches, backend)?;
        let runs = leg.seeds.par_iter().map(|&seed| {
            let (mut loss, mut rule) = (loss.clone(), rule.clone());
            task.run_with_loss_for(leg.steps, &mut loss, &mut rule, seed)
        });
        let loss_step_flops = targets.rows as u64 * function.row_flops(targets.outputs);
        let flops = u64::from(leg.steps) * (loss_step_flops + rule_step_flops);
        Ok((runs.collect::<Result<Vec<_>, NoTargets>>()?, flops))
    }

    /// What a loss and a rule are worth on one task, by its place in the suite. Of the rule's FLOPs, the caller knows
    /// which are the program's: so many in a step.
    ///
    /// # Errors
    /// [`JudgeError`] if the back end fails.
    pub fn task_fitness(
        &self,
        task: usize,
        function: &LossFunction,
        rule: &CompiledOptimizer,
        rule_step_flops: u64,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<TaskFitness, JudgeError> {
        let (fitness, _) =
            self.task_with_curves(task, function, (rule, rule_step_flops), seeds, backend)?;
        Ok(fitness)
    }

    /// The same, with the curves.
    ///
    /// # Errors
    /// [`JudgeError`] if the back end fails.
    pub(crate) fn task_with_curves(
        &self,
        task: usize,
        function: &LossFunction,
        rule: (&CompiledOptimizer, u64),
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<(TaskFitness, TaskCurves), JudgeError> {
        let leg = self.suite.whole(task, seeds);
        let (runs, flops) = self.runs(leg, function, rule, backend)?;
        let curves = TaskCurves::of(self.suite.suite_tasks()[task].description(), &runs);
        Ok((self.suite.task_fitness(task, &runs, flops), curves))
    }
}
