//! Judging update rules: each trains the models of a suite.
//!
//! What a candidate goes through, cheapest first, as most never train:
//!
//! ```text
//!   canonical hash seen before ─► its fitness is known             (microseconds)
//!   probe: a few steps on made-up gradients ─► rejected            (microseconds)
//!   first task ─► below the hurdle: dropped                        (a millisecond)
//!   whole suite ─► judged                                          (some ten milliseconds)
//! ```

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use mlevolve_ir::{Backend, BackendChoice, Work};
use mlevolve_tasks::{Outcome, Suite, Task, TrainingRun};
use rayon::prelude::*;

use super::compare;
use super::probe::probe;
use super::{
    BaselineError, BaselineTable, Comparison, DataSettings, Fingerprint, FitnessParts,
    FitnessWeights, Judge, JudgeError, Judgement, ProgramCost, Reference, TaskBaselines,
    TaskCurves, TaskFitness, TaskLabel, Verdict, judging_seeds,
};
use crate::lowering::CanonicalHash;
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::known;
use crate::program::{Program, Schema};

/// Judges update rules on a suite.
pub struct TrainingJudge {
    suite: Suite,
    references: Vec<Reference>,
    table: BaselineTable,
    weights: FitnessWeights,
    has_own_data: bool,
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

    /// A program, compiled by the back end that is chosen for judging it with these seeds.
    fn compiled(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<CompiledOptimizer, OptimizerError> {
        CompiledOptimizer::for_work(program, backend, self.work(seeds.len()))
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

    /// Trains `optimizer` on the tasks in turn, and stops after the first that is below `hurdle`: the
    /// tasks that are left count 0. The other result is whether that happened.
    ///
    /// # Panics
    /// If there are no seeds.
    #[must_use]
    pub fn judge_with_hurdle(
        &self,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
        hurdle: f64,
    ) -> (Judgement, bool) {
        let names = self.suite.tasks().iter();
        let names = names.map(|task| task.description().name);
        let judged = Judgement::until_hurdle(names, hurdle, |task| {
            Ok::<_, Infallible>(self.judge_task(task, optimizer, seeds))
        });
        let Ok(judged) = judged;
        judged
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
        let (runs, flops) = self.runs(task, optimizer, seeds);
        self.task_fitness(task, &runs, flops)
    }

    /// The same, with the curves.
    pub(crate) fn task_with_curves(
        &self,
        task: usize,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
    ) -> (TaskFitness, TaskCurves) {
        let (runs, flops) = self.runs(task, optimizer, seeds);
        let curves = TaskCurves::of(self.suite.tasks()[task].description(), &runs);
        (self.task_fitness(task, &runs, flops), curves)
    }

    /// Trains on one task with each seed; the other result is the FLOPs that the optimizer took in each run.
    fn runs(
        &self,
        task: usize,
        optimizer: &CompiledOptimizer,
        seeds: &[u64],
    ) -> (Vec<TrainingRun>, u64) {
        assert!(
            !seeds.is_empty(),
            "a fitness is a mean over at least one seed"
        );
        let of = &self.suite.tasks()[task];
        let runs = seeds
            .par_iter()
            .map(|&seed| of.run(&mut optimizer.clone(), seed))
            .collect();
        let calls = u64::from(of.description().budget_steps);
        (runs, calls * optimizer.step_flops(of.layout()))
    }

    /// What runs of one task, by its place in the suite, are worth; a program took so many FLOPs in each.
    pub(crate) fn task_fitness(
        &self,
        task: usize,
        runs: &[TrainingRun],
        program_flops: u64,
    ) -> TaskFitness {
        let (reference, task) = (&self.references[task], &self.suite.tasks()[task]);
        let parts: Vec<_> = runs
            .iter()
            .map(|run| FitnessParts::of(run, reference))
            .collect();
        let parts = FitnessParts::mean(&parts);
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
                    program.with_constant("learning_rate", rate).ok()
                })
            })
            .collect()
    }

    fn fingerprint(&self, program: &Program) -> Result<Fingerprint, JudgeError> {
        Ok(CanonicalHash::of(program).into())
    }

    fn examine(
        &self,
        program: &Program,
        seeds: &[u64],
        hurdle: f64,
        backend: BackendChoice,
    ) -> Result<Verdict, JudgeError> {
        if let Some(rejection) = probe(program)? {
            return Ok(Verdict::Rejected(rejection));
        }
        let optimizer = self.compiled(program, seeds, backend)?;
        let (judgement, dropped) = self.judge_with_hurdle(&optimizer, seeds, hurdle);
        Ok(Verdict::Trained {
            judgement,
            dropped,
            cost: optimizer.cost().element_flops(),
        })
    }

    fn judge(
        &self,
        program: &Program,
        seeds: &[u64],
        backend: BackendChoice,
    ) -> Result<Judgement, JudgeError> {
        Ok(self.judge_optimizer(&self.compiled(program, seeds, backend)?, seeds))
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
