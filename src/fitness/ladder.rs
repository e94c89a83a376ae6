//! What a candidate goes through before it has a fitness, cheapest first, so that most of those that are no good have
//! cost little when that is known.
//!
//! ```text
//!   appraisal ─► fingerprint seen before: its fitness is known          (microseconds)
//!   probe ─► rejected, or its behaviour seen before                     (microseconds)
//!   training, rung by rung: trials on a part of the budget, then whole tasks ─► a gate after each
//! ```
//!
//! The judge runs; whether a candidate may go on is for the caller's [`Gate`] to say, which knows how others did.

use super::{Fingerprint, Judgement, Rejection, TaskFitness};

/// What is known of a program before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appraisal {
    /// Equal for programs that are taken to be judged alike.
    pub fingerprint: Fingerprint,
    /// What tells equally good programs apart: FLOPs for each parameter of a model, FLOPs of a loss for an example,
    /// the sum of both for an algorithm, or instructions of a learner.
    pub cost: u32,
    /// How many of its instructions have an effect.
    pub instructions: u32,
}

/// What a probe tells of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// Training would be a waste of time.
    Rejected(Rejection),
    /// It may train. The fingerprint is of what it did, rounded, if that tells more than the one that it was
    /// [appraised](Appraisal) with.
    Passed(Option<Fingerprint>),
}

/// A part of training after which a candidate may be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// What reports call it.
    pub name: String,
    /// Whether it is a part of the budget that only serves to find out who is worth the whole.
    pub is_trial: bool,
}

/// What a part of the budget is tried for, before any whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Whether anything is learnt at all.
    FewSteps,
    /// How fast, on every task.
    ShortBudget,
}

/// Who may go on.
pub trait Gate {
    /// Whether a trial tells it anything. If not, it is left out.
    fn wants(&self, trial: Trial) -> bool;

    /// Whether a candidate goes on that had this score on a rung, by the place of that among all. A score is at least 0,
    /// where the untrained model is. After the last rung there is nothing to go on to.
    fn passes(&mut self, rung: usize, score: f64) -> bool;
}

/// A gate that is open to all.
#[derive(Clone, Copy, Debug)]
pub struct Open;

impl Gate for Open {
    fn wants(&self, _trial: Trial) -> bool {
        false
    }

    fn passes(&mut self, _rung: usize, _score: f64) -> bool {
        true
    }
}

/// What became of a candidate in training.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// How good it is; tasks that it did not come to count 0. Nothing if it was stopped after a trial.
    pub judgement: Option<Judgement>,
    /// Steps of training in all runs together; of learners, examples that were taught.
    pub training_steps: u64,
}

impl Trained {
    /// Of what `judge` says of each task in turn with its steps, up to the one after which the gate, where the first task is
    /// the rung `first`, is shut.
    pub(crate) fn task_by_task<'a, E>(
        names: impl ExactSizeIterator<Item = &'a str>,
        first: usize,
        gate: &mut dyn Gate,
        mut judge: impl FnMut(usize) -> Result<(TaskFitness, u64), E>,
    ) -> Result<Self, E> {
        let mut tasks = Vec::with_capacity(names.len());
        let mut training_steps = 0;
        let mut is_open = true;
        for (index, name) in names.enumerate() {
            if !is_open {
                tasks.push(TaskFitness::missed(name));
                continue;
            }
            let (task, steps) = judge(index)?;
            is_open = gate.passes(first + index, task.fitness);
            training_steps += steps;
            tasks.push(task);
        }
        Ok(Self {
            judgement: Some(Judgement::of(tasks)),
            training_steps,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Shut after one rung.
    struct Shut(usize);

    impl Gate for Shut {
        fn wants(&self, _trial: Trial) -> bool {
            true
        }

        fn passes(&mut self, rung: usize, _score: f64) -> bool {
            rung != self.0
        }
    }

    #[test]
    fn tasks_behind_a_shut_gate_count_nothing() {
        let climb = |gate: &mut dyn Gate| {
            let names = ["first", "second", "third"];
            let Ok(trained) = Trained::task_by_task(names.into_iter(), 2, gate, |index| {
                let fitness = TaskFitness {
                    fitness: 0.5 + index as f64,
                    ..TaskFitness::missed(names[index])
                };
                Ok::<_, Infallible>((fitness, 10))
            });
            let fitness = trained.judgement.map(|judgement| judgement.fitness);
            (fitness, trained.training_steps)
        };
        assert_eq!(climb(&mut Open), (Some(1.5), 30));
        assert_eq!(climb(&mut Shut(3)), (Some(2.0 / 3.0), 20));
        assert_eq!(climb(&mut Shut(2)), (Some(0.5 / 3.0), 10));
        // Nothing comes after the last.
        assert_eq!(climb(&mut Shut(4)), (Some(1.5), 30));
    }
}
