//! A second look at what would be among the best, so that luck does not breed.
//!
//! A candidate trains with few seeds, since most are no good. Of thousands that compete, those that get to the top are partly those
//! that the few seeds flatter; they become parents, elites and challengers, and keep better ones out whose seeds were worse. So the
//! ones that would be among the best are trained again, with more seeds that did not choose them, and have the fitness that they have there:
//!
//! ```text
//!   a generation that got to the end ──┐
//!                                      ├─► as fit as the n-th best of all? ──► other seeds ──► fitness
//!   the population ────────────────────┘                 └──── no ──────────────────────────► fitness as it was
//! ```
//!
//! It is the idea of racing (Maron and Moore 1994, "Hoeffding races"): what is likely to win is measured best.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mlevolve_ir::BackendChoice;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Search;
use super::funnel::{FunnelStage, StageClock};
use super::judging::{Passage, Training};
use super::taking_up::Candidate;
use crate::fitness::{Judge, JudgeError, Open, second_look_seeds};

/// What a user can say about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecondLookSettings {
    /// With how many other seeds. Default: 12.
    pub seeds: usize,
    /// How many count as the best, of the population and the generation together, as a share of the population's size.
    /// Default: 0.1.
    pub share: f64,
}

impl Default for SecondLookSettings {
    fn default() -> Self {
        Self {
            seeds: 12,
            share: 0.1,
        }
    }
}

impl Search {
    /// Takes a second look at a generation that is through the funnel, if the settings want one. The passages are of no use once
    /// `stop` is true.
    pub(super) fn look_again(
        &self,
        judge: &dyn Judge,
        candidates: &[Candidate],
        passages: &mut [Option<Passage>],
        clock: &StageClock,
        stop: &AtomicBool,
    ) -> Result<(), JudgeError> {
        let Some(second_look) = self.settings.second_look else {
            return Ok(());
        };
        let seeds = second_look_seeds(self.settings.seed, second_look.seeds);
        let least = self.fitness_of_the_best(second_look.share, passages);
        let backend = self.settings.backend.0;
        let pairs = passages.par_iter_mut().zip(candidates);
        pairs
            .filter_map(|(passage, candidate)| {
                let training = passage.as_mut()?.training.as_mut()?;
                let fitness = training.final_fitness()?;
                (fitness >= least).then_some((training, candidate))
            })
            .try_for_each(|(training, candidate)| {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let since = Instant::now();
                train_again(judge, candidate, &seeds, backend, training)?;
                clock.add(FunnelStage::SecondLook, since);
                Ok(())
            })
    }

    /// The least fitness of those that count as the best.
    fn fitness_of_the_best(&self, share: f64, passages: &[Option<Passage>]) -> f64 {
        let count = (share * self.settings.population as f64).ceil() as usize;
        let trained = passages.iter().flatten();
        let trained = trained.filter_map(|passage| passage.training.as_ref()?.final_fitness());
        let there = self.islands.iter();
        let there = there.flat_map(|island| island.population.individuals());
        let mut fitnesses: Vec<f64> = there.map(|one| one.fitness).chain(trained).collect();
        if count == 0 {
            f64::INFINITY
        } else if fitnesses.len() <= count {
            f64::NEG_INFINITY
        } else {
            let (_, least, _) =
                fitnesses.select_nth_unstable_by(count - 1, |one, other| other.total_cmp(one));
            *least
        }
    }
}

/// Trains a candidate with other seeds; what it is worth with these takes the place of what it was.
fn train_again(
    judge: &dyn Judge,
    candidate: &Candidate,
    seeds: &[u64],
    backend: BackendChoice,
    training: &mut Training,
) -> Result<(), JudgeError> {
    let again = judge.train(&candidate.program, seeds, &mut Open, backend)?;
    training.trained.judgement = again.judgement;
    training.trained.training_steps += again.training_steps;
    training.was_looked_at_again = true;
    Ok(())
}
