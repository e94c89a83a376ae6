//! Algorithms beside known rules on tasks' own losses, and beside their own parts.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Task;

use super::AlgorithmJudge;
use super::judge::parts;
use crate::fitness::compare::{compared, written};
use crate::fitness::{
    Comparison, Contender, Judge, JudgeError, Judgement, TuningError, best_rate, judging_seeds,
    tuning_seeds,
};
use crate::loss::{LossFunction, TunedAdam};
use crate::optimizer::CompiledOptimizer;
use crate::program::Program;
use crate::schema::LEARNING_RATE;

/// Judges a program as it is written, with tuned learning rates too if `tunes`, its parts, and known rules.
pub(super) fn with_known_rules(
    program: &Program,
    tunes: bool,
    judge: &AlgorithmJudge,
    backend: BackendChoice,
) -> Result<Comparison, JudgeError> {
    let name = program.name();
    let (loss, rule) = parts(program)?;
    let loss = LossFunction::of(&loss)?;
    let suite = judge.training().suite();
    let contest = Contest {
        program,
        loss: &loss,
        rule: &rule,
        judge,
        backend,
    };
    let rate = program.constant(LEARNING_RATE).unwrap_or(1.0);
    let rates = vec![rate; suite.suite_tasks().len()];
    let tuned_rates = if tunes { contest.best_rates()? } else { None };
    let tuned = tuned_rates.map(|rates| contest.with_rates(&format!("{name}, tuned"), &rates));
    let mut beside = vec![
        contest.with_adam("its loss, with Adam")?,
        written("its rule, own loss", &rule, suite, backend)?,
    ];
    beside.extend(compared(suite, backend)?);
    Ok(Comparison {
        written: contest.with_rates(&format!("{name}, as written"), &rates)?,
        tuned: tuned.transpose()?,
        compared: beside,
    })
}

/// A program's parts, judged on the seeds for reports.
struct Contest<'a> {
    program: &'a Program,
    loss: &'a LossFunction,
    rule: &'a Program,
    judge: &'a AlgorithmJudge,
    backend: BackendChoice,
}

impl Contest<'_> {
    fn rule_at(&self, rate: f32, seeds: usize) -> Result<CompiledOptimizer, TuningError> {
        let rule = self.rule.with_constant(LEARNING_RATE, rate)?;
        let work = self.judge.training().suite().work(seeds);
        Ok(CompiledOptimizer::for_work(&rule, self.backend, work)?)
    }

    /// The learning rate that is best for each task; nothing if the program diverges at every rate on one.
    fn best_rates(&self) -> Result<Option<Vec<f32>>, JudgeError> {
        let training = self.judge.training();
        let rate = |(place, task): (usize, &std::sync::Arc<dyn Task>)| {
            best_rate(&**task, |rate, seeds| {
                let rule = self.rule_at(rate, tuning_seeds().len())?;
                let leg = training.suite().whole(place, seeds);
                let (runs, _) = training.runs(leg, self.loss, (&rule, 0), self.backend)?;
                Ok(runs)
            })
        };
        let tasks = training.suite().suite_tasks().iter();
        tasks.enumerate().map(rate).collect()
    }

    /// The program with a learning rate for each task.
    fn with_rates(&self, name: &str, rates: &[f32]) -> Result<Contender, JudgeError> {
        let seeds = judging_seeds();
        let judged = rates.iter().enumerate().map(|(task, &rate)| {
            let rule = self.rule_at(rate, seeds.len())?;
            self.judge
                .task_with_curves(task, self.loss, &rule, &seeds, self.backend)
        });
        let judged = judged.collect::<Result<Vec<_>, JudgeError>>()?;
        let (tasks, curves) = judged.into_iter().unzip();
        Ok(Contender {
            name: name.to_owned(),
            learning_rates: rates.to_vec(),
            judgement: Judgement::of(tasks),
            cost: self.judge.cost(self.program)?,
            curves,
        })
    }

    /// The program's loss with Adam at the learning rates that are best for Adam on tasks' own losses.
    fn with_adam(&self, name: &str) -> Result<Contender, JudgeError> {
        let suite = self.judge.training().suite();
        let seeds = judging_seeds();
        let adam = TunedAdam::on(suite)?;
        let judged = adam.rules().iter().enumerate().map(|(task, rule)| {
            self.judge
                .task_with_curves(task, self.loss, rule, &seeds, self.backend)
        });
        let judged = judged.collect::<Result<Vec<_>, JudgeError>>()?;
        let (tasks, curves) = judged.into_iter().unzip();
        Ok(Contender {
            name: name.to_owned(),
            learning_rates: adam.rates().to_vec(),
            judgement: Judgement::of(tasks),
            cost: adam.cost().clone(),
            curves,
        })
    }
}
