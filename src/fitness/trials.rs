//! Trials: what a part of the training budget tells of a candidate, before it has the whole.
//!
//! ```text
//!   a few steps on the first task, one seed ─► a short budget on every task, one seed ─► whole tasks, all seeds
//!          ~ 1/60 of the work                          ~ 1/16                                   all of it
//! ```
//!
//! The score of a trial is the quality that the model has when it is broken off, between that of the untrained model, 0, and
//! that which the best known rule ends with, 1. It is compared with those of others alone, so that no rule is asked to be done
//! in a part of the time. Where a program may choose its learning rate, the score is that of the best.

use mlevolve_ir::Work;
use mlevolve_tasks::{Outcome, Task, TrainingRun};

use super::parts::GREATEST_PART;
use super::{Gate, Judgement, RateFactor, Rung, TaskFitness, Trained, TrainingJudge, Trial};

/// What a trial is.
struct Terms {
    trial: Trial,
    name: &'static str,
    /// How many of the first tasks it has.
    tasks: usize,
    /// The part of the budget's steps that it has is one in so many.
    one_in: u32,
}

const TRIALS: [Terms; 2] = [
    Terms {
        trial: Trial::FewSteps,
        name: "a few steps",
        tasks: 1,
        one_in: 16,
    },
    Terms {
        trial: Trial::ShortBudget,
        name: "short budget",
        tasks: usize::MAX,
        one_in: 4,
    },
];

/// What is to be trained for a rung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg<'a> {
    /// The task's place in the suite.
    pub(crate) task: usize,
    pub(crate) seeds: &'a [u64],
    pub(crate) steps: u32,
    pub(crate) is_trial: bool,
    pub(crate) rate: RateFactor,
}

impl Terms {
    fn steps(&self, task: &dyn Task) -> u32 {
        (task.description().budget_steps / self.one_in).max(1)
    }
}

impl TrainingJudge {
    /// The whole budget of a task, by its place in the suite.
    pub(crate) fn whole<'a>(&self, task: usize, seeds: &'a [u64]) -> Leg<'a> {
        Leg {
            task,
            seeds,
            steps: self.suite_tasks()[task].description().budget_steps,
            is_trial: false,
            rate: RateFactor::OWN,
        }
    }

    /// The rungs that [`climb`](Self::climb) goes by.
    pub(crate) fn training_rungs(&self) -> Vec<Rung> {
        let trials = TRIALS.iter().map(|terms| Rung {
            name: terms.name.to_owned(),
            is_trial: true,
        });
        let tasks = self.suite_tasks().iter().map(|task| Rung {
            name: task.description().name.to_owned(),
            is_trial: false,
        });
        trials.chain(tasks).collect()
    }

    /// What an optimizer has to do in all trials.
    pub(crate) fn trial_work(&self) -> Work {
        let legs = TRIALS.iter().flat_map(|terms| {
            let tasks = self.suite_tasks().iter().take(terms.tasks);
            tasks.map(|task| {
                let calls = f64::from(terms.steps(&**task));
                (calls, calls * task.layout().arena_len() as f64)
            })
        });
        let all = legs.fold((0.0, 0.0), |all, leg| (all.0 + leg.0, all.1 + leg.1));
        Work {
            calls: all.0,
            elements: all.1 / all.0.max(1.0),
        }
    }

    /// Has `train` train for one rung after another, as long as the gate lets it go on. With the runs `train` says how many
    /// FLOPs of the program there are in each.
    ///
    /// # Panics
    /// If there are no seeds.
    pub(crate) fn climb<E>(
        &self,
        seeds: &[u64],
        gate: &mut dyn Gate,
        mut train: impl FnMut(Leg<'_>) -> Result<(Vec<TrainingRun>, u64), E>,
    ) -> Result<Trained, E> {
        let mut trial_steps = 0;
        for (rung, terms) in TRIALS.iter().enumerate() {
            if !gate.wants(terms.trial) {
                continue;
            }
            let tasks = self.suite_tasks().iter().take(terms.tasks).enumerate();
            let (mut sum, mut count) = (0.0, 0.0);
            for (task, of) in tasks {
                let chosen = self.rate_choice().climb(1, |rate| {
                    let (runs, _) = train(Leg {
                        task,
                        seeds: &seeds[..1],
                        steps: terms.steps(&**of),
                        is_trial: true,
                        rate,
                    })?;
                    trial_steps += steps(&runs);
                    Ok((self.trial_score(task, &runs[0]), ()))
                })?;
                sum += chosen.worth;
                count += 1.0;
            }
            if !gate.passes(rung, sum / count) {
                return Ok(Trained {
                    judgement: None,
                    training_steps: trial_steps,
                });
            }
        }
        let names = self.suite_tasks().iter();
        let names = names.map(|task| task.description().name);
        let mut trained = Trained::task_by_task(names, TRIALS.len(), gate, |task| {
            self.trained_whole(task, seeds, &mut train)
        })?;
        trained.training_steps += trial_steps;
        Ok(trained)
    }

    /// Has `train`, which says what [`climb`](Self::climb) asks for, train for the whole budget of every task.
    ///
    /// # Panics
    /// If there are no seeds.
    pub(crate) fn judged<E>(
        &self,
        seeds: &[u64],
        mut train: impl FnMut(Leg<'_>) -> Result<(Vec<TrainingRun>, u64), E>,
    ) -> Result<Judgement, E> {
        let tasks = (0..self.suite_tasks().len()).map(|task| {
            let (fitness, _) = self.trained_whole(task, seeds, &mut train)?;
            Ok(fitness)
        });
        Ok(Judgement::of(tasks.collect::<Result<_, E>>()?))
    }

    /// What a program is worth on one task, at the learning rate of its choice, and the steps of all runs.
    fn trained_whole<E>(
        &self,
        task: usize,
        seeds: &[u64],
        train: &mut impl FnMut(Leg<'_>) -> Result<(Vec<TrainingRun>, u64), E>,
    ) -> Result<(TaskFitness, u64), E> {
        let (choosing, others) = seeds.split_at(self.rate_choice().choosing_seeds(seeds.len()));
        let mut training_steps = 0;
        let mut rate = RateFactor::OWN;
        let (mut chosen, mut flops) = (Vec::new(), 0);
        if !choosing.is_empty() {
            let climbed = self.rate_choice().climb(choosing.len(), |rate| {
                let leg = Leg {
                    rate,
                    ..self.whole(task, choosing)
                };
                let (runs, program_flops) = train(leg)?;
                training_steps += steps(&runs);
                let fitness = self.task_fitness(task, &runs, program_flops).fitness;
                Ok((fitness, (runs, program_flops)))
            })?;
            rate = climbed.rate;
            (chosen, flops) = climbed.result;
        }
        if !others.is_empty() {
            let leg = Leg {
                rate,
                ..self.whole(task, others)
            };
            let (runs, program_flops) = train(leg)?;
            training_steps += steps(&runs);
            chosen.extend(runs);
            flops = program_flops;
        }
        Ok((self.task_fitness(task, &chosen, flops), training_steps))
    }

    fn trial_score(&self, task: usize, run: &TrainingRun) -> f64 {
        let last = run.curve.points.last();
        match (run.curve.outcome, last) {
            (Outcome::Completed, Some(point)) => {
                let quality = self.reference(task).quality(point.value);
                quality.clamp(0.0, GREATEST_PART)
            }
            (Outcome::Completed | Outcome::Diverged { .. }, _) => 0.0,
        }
    }
}

/// How many steps some runs took together.
fn steps(runs: &[TrainingRun]) -> u64 {
    runs.iter().map(|run| u64::from(run.steps)).sum()
}
