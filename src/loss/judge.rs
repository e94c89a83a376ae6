//! The fitness of losses: how well models learn that minimise them.
//!
//! What a candidate goes through, cheapest first:
//!
//! ```text
//!   the same gradients seen before ─► its fitness is known   (microseconds)
//!   probe ─► rejected                                        (microseconds)
//!   first task ─► below the hurdle: dropped                  (milliseconds)
//!   whole suite ─► judged
//! ```
//!
//! Every loss trains with Adam at the learning rate that was tuned for the task's own loss, and is measured between the
//! same two points as update rules are: 0 is the untrained model, 1 the best known rule on the task's own loss. So a
//! fitness above 1 says that a model learns more from this loss than from its own, by any known rule.

use std::collections::BTreeSet;

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::{
    NoTargets, Sources, Suite, TargetKind, Targets, Task, TrainingRun, bundled_tasks,
};
use rayon::prelude::*;

use super::probe::fingerprint;
use super::{CompiledLoss, LossError, LossFunction, Probe};
use crate::fitness::{
    Comparison, Contender, DataSettings, Fingerprint, FitnessWeights, Judge, JudgeError, Judgement,
    ProgramCost, Rejection, TaskLabel, TrainingJudge, Verdict, judging_seeds,
};
use crate::lowering::CanonicalHash;
use crate::optimizer::CompiledOptimizer;
use crate::program::{Program, Schema, known};

/// The update rule that trains.
const RULE: &str = "adam";
/// Runs that a compiled update rule has ahead of it: a search's.
const AHEAD_RUNS: usize = 1_000;

/// Judges losses on a suite.
pub struct LossJudge {
    training: TrainingJudge,
    courses: Vec<Course>,
    /// One for each kind of targets and number of outputs in the suite.
    probes: Vec<Probe>,
}

/// How one task trains.
struct Course {
    targets: Targets,
    rule: CompiledOptimizer,
}

impl LossJudge {
    /// A judge on the suite of this name.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, data are missing, a task takes no loss, or the table of baselines does
    /// not cover it.
    pub fn new(
        suite: &str,
        data: &DataSettings,
        weights: FitnessWeights,
    ) -> Result<Self, JudgeError> {
        Self::of(TrainingJudge::new(suite, data, weights)?)
    }

    /// A judge on what a search on the suite of this name does not see: all tasks of the same families and kinds of
    /// targets on other data that are in the program. Nothing if there are none.
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

    fn of(training: TrainingJudge) -> Result<Self, JudgeError> {
        let rule = known::find(RULE).map(known::KnownProgram::parsed);
        let rule = rule.unwrap_or_else(|| unreachable!("`{RULE}` is known"));
        let work = training.work(AHEAD_RUNS);
        let course = |task: &dyn Task| {
            let targets = task.targets()?;
            let name = task.description().name;
            let rate = training.baselines().learning_rate(RULE, name)?;
            let rule = rule.with_constant("learning_rate", rate);
            let rule = rule.map_err(crate::fitness::TuningError::from)?;
            let rule = CompiledOptimizer::for_work(&rule, BackendChoice::Auto, work)?;
            Ok::<_, JudgeError>(Course { targets, rule })
        };
        let tasks = training.suite_tasks().iter();
        let courses = tasks.map(|task| course(&**task));
        let courses = courses.collect::<Result<Vec<_>, _>>()?;
        let mut probed = BTreeSet::new();
        let like = courses.iter().filter(|course| {
            let Targets { kind, outputs, .. } = course.targets;
            let kind = match kind {
                TargetKind::Classes => 0,
                TargetKind::Values => 1,
                TargetKind::ActionValues => 2,
            };
            probed.insert((kind, outputs))
        });
        Ok(Self {
            probes: like.map(|course| Probe::like(course.targets)).collect(),
            courses,
            training,
        })
    }

    /// What speaks against training with a loss on these tasks.
    fn rejection(&self, function: &LossFunction) -> Result<Option<Rejection>, LossError> {
        for probe in &self.probes {
            let rejection = probe.rejection(function)?;
            if rejection.is_some() {
                return Ok(rejection);
            }
        }
        Ok(None)
    }

    /// A loss made ready for one task.
    fn compiled(
        &self,
        task: usize,
        function: &LossFunction,
        seeds: usize,
        backend: BackendChoice,
    ) -> Result<CompiledLoss, LossError> {
        let steps = self.training.suite_tasks()[task].description().budget_steps;
        let batches = f64::from(steps) * seeds as f64;
        function.compile_for(self.courses[task].targets, batches, backend)
    }

    fn judge_task(
        &self,
        task: usize,
        function: &LossFunction,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<crate::fitness::TaskFitness, JudgeError> {
        let Course { targets, rule } = &self.courses[task];
        let loss = self.compiled(task, function, seeds.len(), backend)?;
        let of = &self.training.suite_tasks()[task];
        let runs = seeds.par_iter().map(|&seed| {
            let (mut loss, mut rule) = (loss.clone(), rule.clone());
            of.run_with_loss(&mut loss, &mut rule, seed)
        });
        let runs = runs.collect::<Result<Vec<TrainingRun>, NoTargets>>()?;
        let rows = u64::from(of.description().budget_steps) * targets.rows as u64;
        let flops = rows * function.row_flops(targets.outputs);
        Ok(self.training.task_fitness(task, &runs, flops))
    }

    fn judge_function(
        &self,
        function: &LossFunction,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        let tasks =
            (0..self.courses.len()).map(|task| self.judge_task(task, function, seeds, backend));
        Ok(Judgement::of(tasks.collect::<Result<_, _>>()?))
    }

    /// The most outputs that a task has.
    fn outputs(&self) -> usize {
        let outputs = self.courses.iter().map(|course| course.targets.outputs);
        outputs.max().unwrap_or(1)
    }

    fn contender(
        &self,
        name: &str,
        program: &Program,
        function: &LossFunction,
        backend: BackendChoice,
    ) -> Result<Contender, JudgeError> {
        Ok(Contender {
            name: name.to_owned(),
            learning_rates: Vec::new(),
            judgement: self.judge_function(function, &judging_seeds(), backend)?,
            cost: self.cost_of(program, function),
        })
    }

    fn cost_of(&self, program: &Program, function: &LossFunction) -> ProgramCost {
        let outputs = self.outputs();
        ProgramCost {
            unit: "example".to_owned(),
            unit_flops: function.row_flops(outputs),
            call_flops: u64::from(function.cost().call_flops()),
            call_flops_formula: function.cost().to_string(),
            state: 0,
            instructions: program.pruned().instruction_count(),
        }
    }
}

impl Judge for LossJudge {
    fn tasks(&self) -> Vec<TaskLabel> {
        self.training.tasks()
    }

    /// The mean squared error, which knows neither classes nor probabilities: what better losses have in common is for
    /// a search to find.
    fn starting_points(&self) -> Vec<Program> {
        let known = known::find("mean_squared");
        known.map(known::KnownProgram::parsed).into_iter().collect()
    }

    /// Of gradients on made-up predictions; of a program without gradient, of what it computes.
    fn fingerprint(&self, program: &Program) -> Result<Fingerprint, JudgeError> {
        match LossFunction::of(program) {
            Ok(function) => Ok(fingerprint(&self.probes, &function)?),
            Err(LossError::Derivative { .. }) => Ok(CanonicalHash::of(program).into()),
            Err(error) => Err(error.into()),
        }
    }

    fn examine(
        &self,
        program: &Program,
        seeds: &[u64],
        hurdle: f64,
        backend: BackendChoice,
    ) -> Result<Verdict, JudgeError> {
        let function = match LossFunction::of(program) {
            Ok(function) => function,
            Err(LossError::Derivative { .. }) => {
                return Ok(Verdict::Rejected(Rejection::NotDifferentiable));
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(rejection) = self.rejection(&function)? {
            return Ok(Verdict::Rejected(rejection));
        }
        let names = self.training.suite_tasks().iter();
        let names = names.map(|task| task.description().name);
        let (judgement, dropped) = Judgement::until_hurdle(names, hurdle, |task| {
            self.judge_task(task, &function, seeds, backend)
        })?;
        Ok(Verdict::Trained {
            judgement,
            dropped,
            cost: function.row_flops(self.outputs()) as u32,
        })
    }

    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        self.judge_function(&LossFunction::of(program)?, seeds, backend)
    }

    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError> {
        Ok(self.cost_of(program, &LossFunction::of(program)?))
    }

    /// Beside all known losses that a probe lets pass: others are of other kinds of targets.
    fn compare(
        &self,
        program: &Program,
        _tunes: bool,
        backend: BackendChoice,
    ) -> Result<Comparison, JudgeError> {
        let written = format!("{}, as written", program.name());
        let mut compared = Vec::new();
        for known in known::of(Schema::Loss) {
            let program = known.parsed();
            let function = LossFunction::of(&program)?;
            if self.rejection(&function)?.is_none() {
                compared.push(self.contender(known.name, &program, &function, backend)?);
            }
        }
        let function = LossFunction::of(program)?;
        Ok(Comparison {
            written: self.contender(&written, program, &function, backend)?,
            tuned: None,
            compared,
        })
    }

    fn legend(&self) -> String {
        format!(
            "Fitness: 0 is the untrained model, 1 the best of {} known rules with tuned learning rates on the task's\n\
             own loss. Losses train with Adam at the learning rate tuned for the task's own. Means over {} seeds that\n\
             are used for nothing else. FLOPs are of loss and gradient of an example of {} outputs.",
            known::of(Schema::Optimizer).count(),
            judging_seeds().len(),
            self.outputs(),
        )
    }

    fn own_yardstick(&self) -> Option<String> {
        self.training.own_yardstick()
    }
}
