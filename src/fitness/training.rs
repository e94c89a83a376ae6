//! Judging update rules: each trains the models of a suite.
//!
//! What a candidate goes through, cheapest first, as most never train:
//!
//! ```text
//!   canonical hash seen before ─► its fitness is known                      (microseconds)
//!   probe: a few steps on made-up gradients ─► rejected, or seen before     (microseconds)
//!   trials ─► below the hurdle: dropped                                     (a millisecond)
//!   task after task ─► below the hurdle: dropped; or judged                 (some ten milliseconds)
//! ```

use std::path::Path;
use std::sync::Arc;

use mlevolve_ir::{Backend, BackendChoice, Work};
use mlevolve_tasks::{Outcome, Suite, Task, TrainingRun};
use rayon::prelude::*;

use super::compare;
use super::{
    Appraisal, BaselineError, BaselineTable, Comparison, DataSettings, Fingerprint, FitnessParts,
    FitnessWeights, Gate, Judge, JudgeError, Judgement, Leg, OptimizersByRate, ProbeRun, Probed,
    ProgramCost, RateChoice, Reference, Rejection, Rung, TaskBaselines, TaskCurves, TaskFitness,
    TaskLabel, Trained, judging_seeds,
};
use crate::lowering::CanonicalHash;
use crate::optimizer::{CompiledOptimizer, OptimizerError, update_function};
use crate::program::known;
use crate::program::{Program, Schema};
use crate::schema::LEARNING_RATE;

/// Judges update rules on a suite.
pub struct TrainingJudge {
    suite: Suite,
    references: Vec<Reference>,
    table: BaselineTable,
    weights: FitnessWeights,
    has_own_data: bool,
    /// Whether rules that do not follow their learning rate are rejected.
    asks_for_rate: bool,
    rate_choice: RateChoice,
}

impl TrainingJudge {
    /// A judge on the suite of this name.
    ///
    /// Tasks on a user's own data have their baselines from the file that the settings name or, without one,
    /// measured here, which is some 800 training runs for each.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, data are missing, or the table of baselines does not cover
    /// it.
    pub fn new(
        suite: &str,
        data: &DataSettings,
        weights: FitnessWeights,
    ) -> Result<Self, JudgeError> {
        let sources = data.sources()?;
        let entries = Suite::entries(suite)?;
        let suite = Suite::named(suite, &sources)?;
        let committed = BaselineTable::committed()?;
        let own = data.baselines.as_deref().map(BaselineTable::load);
        let own = own.transpose()?;
        let rows = entries.iter().zip(suite.tasks()).map(|(entry, task)| {
            if entry.is_bundled(&sources) {
                return committed.task(entry.name()).cloned();
            }
            match data.baselines.as_ref().zip(own.as_ref()) {
                Some((path, table)) => own_rows(path, table, &**task),
                None => TaskBaselines::measured(&**task, BackendChoice::Auto),
            }
        });
        let tasks = rows.collect::<Result<_, _>>()?;
        let has_own_data = entries.iter().any(|entry| !entry.is_bundled(&sources));
        Ok(Self {
            has_own_data,
            ..Self::of(suite, BaselineTable { tasks }, weights)?
        })
    }

    /// The same, but whether it rejects rules that do not follow their learning rate is as said.
    #[must_use]
    pub fn asking_for_rate(self, asks_for_rate: bool) -> Self {
        Self {
            asks_for_rate,
            ..self
        }
    }

    /// The same, but candidates choose their learning rate on each task from these, where they are trained with and judged as
    /// [`Judge`]. What is asked of one task by name is at the program's own rate.
    #[must_use]
    pub fn choosing_rates(self, rate_choice: RateChoice) -> Self {
        Self {
            rate_choice,
            ..self
        }
    }

    /// What candidates choose their learning rate from.
    pub(super) const fn rate_choice(&self) -> RateChoice {
        self.rate_choice
    }

    /// What speaks against training with a rule: what a probe tells or, if that is asked for, that it cannot be tuned.
    ///
    /// # Errors
    /// As for [`ProbeRun::of`].
    pub(crate) fn rejection(
        &self,
        program: &Program,
        run: &ProbeRun,
    ) -> Result<Option<Rejection>, OptimizerError> {
        let rejection = run.rejection();
        if rejection.is_none() && self.asks_for_rate && !run.follows_rate(program)? {
            return Ok(Some(Rejection::BlindToRate));
        }
        Ok(rejection)
    }

    /// A judge on what a search on the suite of this name does not see; nothing if it sees all.
    ///
    /// # Errors
    /// [`JudgeError`] if there is no such suite, or the table of baselines does not cover what is held out.
    pub fn held_out_from(suite: &str, weights: FitnessWeights) -> Result<Option<Self>, JudgeError> {
        let suite = Suite::held_out_from(suite)?;
        if suite.tasks().is_empty() {
            return Ok(None);
        }
        let committed = BaselineTable::committed()?;
        let rows = suite.tasks().iter();
        let rows = rows.map(|task| committed.task(task.description().name).cloned());
        let tasks = rows.collect::<Result<_, _>>()?;
        Self::of(suite, BaselineTable { tasks }, weights).map(Some)
    }

    /// A judge on a suite whose tasks have these baselines.
    fn of(suite: Suite, table: BaselineTable, weights: FitnessWeights) -> Result<Self, JudgeError> {
        let rows = suite.tasks().iter().zip(&table.tasks);
        let references = rows.map(|(task, rows)| rows.reference(&**task));
        Ok(Self {
            references: references.collect::<Result<_, _>>()?,
            suite,
            table,
            weights,
            has_own_data: false,
            asks_for_rate: false,
            rate_choice: RateChoice::NONE,
        })
    }

    /// The tasks: of a suite of the table, cheapest first.
    #[must_use]
    pub fn suite_tasks(&self) -> &[Arc<dyn Task>] {
        self.suite.tasks()
    }

    /// The baselines of the suite's tasks.
    #[must_use]
    pub const fn baselines(&self) -> &BaselineTable {
        &self.table
    }

    /// What an optimizer has to do to be judged with so many seeds.
    #[must_use]
    pub fn work(&self, seeds: usize) -> Work {
        let tasks = self.suite.tasks().iter();
        let works = tasks.map(|task| task_work(&**task, seeds));
        let all = works.fold((0.0, 0.0), |(calls, elements), work| {
            (calls + work.calls, elements + work.calls * work.elements)
        });
        Work {
            calls: all.0,
            elements: all.1 / all.0.max(1.0),
        }
    }

    /// Trains `optimizer` on every task of the suite with each seed.
    ///
    /// # Panics
    /// If there are no seeds.
    #[must_use]
    pub fn judge_optimizer(&self, optimizer: &CompiledOptimizer, seeds: &[u64]) -> Judgement {
        let tasks =
            (0..self.suite.tasks().len()).map(|task| self.judge_task(task, optimizer, seeds));
        Judgement::of(tasks.collect())
    }

    /// Trains `optimizer` on one task, by its place in the suite, with each seed.
    ///
    /// # Panics
    /// If there is no such task, or there are no seeds.
    #[must_use]
    pub fn judge_task(
        &self,
        task: usize,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
    ) -> TaskFitness {
        let (runs, flops) = self.runs(self.whole(task, seeds), optimizer);
        self.task_fitness(task, &runs, flops)
    }

    /// The same, with the curves.
    pub(crate) fn task_with_curves(
        &self,
        task: usize,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
    ) -> (TaskFitness, TaskCurves) {
        let (runs, flops) = self.runs(self.whole(task, seeds), optimizer);
        let curves = TaskCurves::of(self.suite.tasks()[task].description(), &runs);
        (self.task_fitness(task, &runs, flops), curves)
    }

    /// Trains with an optimizer; the runs, and its FLOPs in each that comes to its end.
    fn runs(&self, leg: Leg<'_>, optimizer: &CompiledOptimizer) -> (Vec<TrainingRun>, u64) {
        assert!(
            !leg.seeds.is_empty(),
            "a fitness is a median over at least one seed"
        );
        let task = &self.suite.tasks()[leg.task];
        let seeds = leg.seeds.par_iter();
        let runs = seeds.map(|&seed| task.run_for(leg.steps, &mut optimizer.clone(), seed));
        let program_flops = u64::from(leg.steps) * optimizer.step_flops(task.layout());
        (runs.collect(), program_flops)
    }

    /// The yardstick of a task, by its place in the suite.
    pub(super) fn reference(&self, task: usize) -> &Reference {
        &self.references[task]
    }

    /// What runs of one task, by its place in the suite, are worth; a program took so many FLOPs in each.
    pub(crate) fn task_fitness(
        &self,
        task: usize,
        runs: &[TrainingRun],
        program_flops: u64,
    ) -> TaskFitness {
        let (reference, task) = (&self.references[task], &self.suite.tasks()[task]);
        let parts = FitnessParts::over_seeds(runs, reference, self.weights.over_seeds);
        let diverged = |run: &&TrainingRun| run.curve.outcome != Outcome::Completed;
        let diverged_runs = runs.iter().filter(diverged).count();
        TaskFitness {
            task: task.description().name.to_owned(),
            fitness: parts.combined(&self.weights),
            parts: Some(parts),
            final_value: mean_last(runs, |point| Some(point.value)),
            final_companion: mean_last(runs, |point| point.companion),
            runs: runs.len(),
            diverged_runs,
            program_flops,
        }
    }
}

/// What a user's own table says of a task.
fn own_rows(
    path: &Path,
    table: &BaselineTable,
    task: &dyn Task,
) -> Result<TaskBaselines, BaselineError> {
    let name = task.description().name;
    let path = path.to_owned();
    match table.tasks.iter().find(|row| row.task == name) {
        None => Err(BaselineError::Missing { path, task: name }),
        Some(rows) if rows.is_of(task)? => Ok(rows.clone()),
        Some(_) => Err(BaselineError::OtherData { path, task: name }),
    }
}

/// What an optimizer has to do on one task with so many seeds.
pub(crate) fn task_work(task: &dyn Task, seeds: usize) -> Work {
    Work {
        calls: f64::from(task.description().budget_steps) * seeds as f64,
        elements: task.layout().arena_len() as f64,
    }
}

/// The mean of something of the last points, if all runs have it and none diverged.
pub(super) fn mean_last(
    runs: &[TrainingRun],
    of: impl Fn(&mlevolve_tasks::CurvePoint) -> Option<f64>,
) -> Option<f64> {
    let mut sum = 0.0;
    for run in runs {
        match run.curve.outcome {
            Outcome::Completed => sum += of(run.curve.points.last()?)?,
            Outcome::Diverged { .. } => return None,
        }
    }
    Some(sum / runs.len() as f64)
}

impl Judge for TrainingJudge {
    fn tasks(&self) -> Vec<TaskLabel> {
        let tasks = self.suite.tasks().iter();
        tasks
            .map(|task| {
                let description = task.description();
                TaskLabel {
                    name: description.name,
                    direction: description.metric.direction,
                    companion: description.companion.map(|companion| companion.name),
                }
            })
            .collect()
    }

    /// Every known rule at each learning rate at which it is best on some task; the same task first for all
    /// rules, so that a small population gets every rule once.
    fn starting_points(&self) -> Vec<Program> {
        let known = known::of(Schema::Optimizer);
        let known: Vec<_> = known.map(|known| (known.name, known.parsed())).collect();
        let tasks = self.table.tasks.iter();
        tasks
            .flat_map(|task| {
                known.iter().filter_map(|(name, program)| {
                    let rate = task.rule(name)?.learning_rate;
                    program.with_constant(LEARNING_RATE, rate).ok()
                })
            })
            .collect()
    }

    /// By what it computes.
    fn appraise(
        &self,
        program: &Program,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Appraisal, JudgeError> {
        if program.schema() != Schema::Optimizer {
            return Err(OptimizerError::of_schema(program).into());
        }
        let known = || CanonicalHash::of(program).into();
        Ok(Appraisal {
            fingerprint: fingerprint.unwrap_or_else(known),
            cost: update_function(program).cost().element_flops(),
            instructions: program.effective_instruction_count() as u32,
        })
    }

    fn probe(&self, program: &Program) -> Result<Probed, JudgeError> {
        let run = ProbeRun::of(program)?;
        Ok(match self.rejection(program, &run)? {
            Some(rejection) => Probed::Rejected(rejection),
            None if !self.rate_choice.offers_any() => Probed::Passed(Some(run.fingerprint())),
            // What differs by a learning rate alone chooses the same ones.
            None => Probed::Passed(Some(run.direction_fingerprint())),
        })
    }

    /// How far it moves made-up parameters.
    fn behaviour(&self, program: &Program) -> Result<Vec<f32>, JudgeError> {
        Ok(ProbeRun::of(program)?.displacements())
    }

    fn rungs(&self) -> Vec<Rung> {
        self.training_rungs()
    }

    fn train(
        &self,
        program: &Program,
        seeds: &[u64],
        gate: &mut dyn Gate,
        backend: BackendChoice,
    ) -> Result<Trained, JudgeError> {
        let mut optimizers = OptimizersByRate::of(program, backend);
        self.climb(seeds, gate, |leg| {
            let optimizer = optimizers.made(self, leg, seeds.len())?;
            Ok(self.runs(leg, optimizer))
        })
    }

    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        let mut optimizers = OptimizersByRate::of(program, backend);
        self.judged(seeds, |leg| {
            let optimizer = optimizers.made(self, leg, seeds.len())?;
            Ok(self.runs(leg, optimizer))
        })
    }

    fn cost(&self, program: &Program) -> Result<ProgramCost, JudgeError> {
        // Only its cost is asked for.
        let optimizer = CompiledOptimizer::new(program, Backend::Interpreter)?;
        Ok(optimizer.program_cost(program))
    }

    fn compare(
        &self,
        program: &Program,
        tunes: bool,
        backend: BackendChoice,
    ) -> Result<Comparison, JudgeError> {
        compare::with_known_rules(program, tunes, self, backend)
    }

    fn legend(&self) -> String {
        format!(
            "Fitness: 0 is the untrained model, 1 the best of {} known rules with tuned learning rates. Means\n\
             over {} seeds that are used for nothing else. Known rules have a learning rate tuned for each\n\
             task; so has the program in its second row.",
            known::of(Schema::Optimizer).count(),
            judging_seeds().len(),
        )
    }

    fn own_yardstick(&self) -> Option<String> {
        self.has_own_data.then(|| self.table.to_text())
    }
}
