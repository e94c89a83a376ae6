//! Learning rates that a candidate may choose from, a rate for each task, as whoever uses it would.
//!
//! The best learning rates of one rule differ from task to task, often tenfold. A candidate that has to do with one for all is
//! judged by how well that happens to fit. With a choice it is judged as it is later compared with known rules, with a rate tuned for
//! each task, at the price of some more runs:
//!
//! ```text
//!   its own rate × (1, √10, 1/√10, 10, 1/10, …) ──some seeds each──► the fittest ──the other seeds──► fitness on the task
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mlevolve_ir::BackendChoice;

use super::{Leg, TrainingJudge};
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::Program;
use crate::schema::LEARNING_RATE;

/// What a program's own rate is multiplied by: half decades to both sides, the nearest first, as the first of equally good ones is
/// chosen. Known rules differ by less from task to task.
const FACTORS: [f32; GREATEST_COUNT] = [
    1.0,
    0.316_227_77,
    3.162_277_7,
    0.1,
    10.0,
    0.031_622_776,
    31.622_776,
    0.01,
    100.0,
];

/// The most rates that there may be to choose from.
pub const GREATEST_COUNT: usize = 9;

/// One seed in so many serves to choose a rate, and at least one.
const CHOOSING_ONE_IN: usize = 4;

/// How much greater or smaller than a program's own a learning rate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateFactor(f32);

/// What there is to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateChoice {
    count: usize,
}

impl RateFactor {
    /// That of a program's own rate.
    pub const OWN: Self = Self(1.0);

    /// A program with its learning rate so much greater; as it is, if it has none or that would be no number.
    #[must_use]
    pub fn applied_to(self, program: &Program) -> Cow<'_, Program> {
        if self == Self::OWN {
            return Cow::Borrowed(program);
        }
        let rate = program.constant(LEARNING_RATE);
        let changed =
            rate.and_then(|rate| program.with_constant(LEARNING_RATE, rate * self.0).ok());
        changed.map_or(Cow::Borrowed(program), Cow::Owned)
    }

    /// The same for equal factors.
    pub(crate) const fn key(self) -> u32 {
        self.0.to_bits()
    }
}

impl RateChoice {
    /// No choice: the program's own rate.
    pub const NONE: Self = Self { count: 1 };

    /// Of so many rates, half decades apart, the program's own in the middle; if their number is even, there is one more below
    /// it than above. There are no more than [`GREATEST_COUNT`].
    #[must_use]
    pub const fn of(count: usize) -> Self {
        Self { count }
    }

    /// The factors, in the order in which they are tried.
    pub(crate) fn factors(self) -> impl Iterator<Item = RateFactor> {
        FACTORS.into_iter().take(self.count).map(RateFactor)
    }

    /// How many of these seeds, the first ones, serve to choose.
    pub(crate) fn choosing_seeds(self, seeds: usize) -> usize {
        match self.count {
            1 => 0,
            _ => seeds.div_ceil(CHOOSING_ONE_IN),
        }
    }
}

/// A program, compiled for each learning rate that it trains with, for trials and for whole tasks.
pub(crate) struct OptimizersByRate<'a> {
    program: &'a Program,
    backend: BackendChoice,
    /// By whether they are for trials, and by factor.
    made: BTreeMap<(bool, u32), CompiledOptimizer>,
}

impl<'a> OptimizersByRate<'a> {
    /// Of an update rule.
    pub(crate) const fn of(program: &'a Program, backend: BackendChoice) -> Self {
        Self {
            program,
            backend,
            made: BTreeMap::new(),
        }
    }

    /// The one for a leg of training that has so many seeds in all.
    ///
    /// # Errors
    /// As for [`CompiledOptimizer::for_work`].
    pub(crate) fn made(
        &mut self,
        judge: &TrainingJudge,
        leg: Leg<'_>,
        seeds: usize,
    ) -> Result<&CompiledOptimizer, OptimizerError> {
        Ok(match self.made.entry((leg.is_trial, leg.rate.key())) {
            Entry::Occupied(made) => made.into_mut(),
            Entry::Vacant(place) => {
                // Most that come to a trial come no further, so that what is fast to make runs it.
                let work = match leg.is_trial {
                    true => judge.trial_work(),
                    false => judge.work(seeds),
                };
                let program = leg.rate.applied_to(self.program);
                place.insert(CompiledOptimizer::for_work(&program, self.backend, work)?)
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::program::known;

    #[test]
    fn rates_lie_half_decades_apart_around_the_programs_own() {
        let factors = |count| -> Vec<f32> {
            let factors = RateChoice::of(count).factors();
            factors.map(|factor| factor.0).collect()
        };
        let root = 10_f32.sqrt();
        assert_eq!(factors(1), [1.0]);
        assert_eq!(factors(5), [1.0, 1.0 / root, root, 0.1, 10.0]);
        for (number, factor) in (1..).zip(&factors(GREATEST_COUNT)[1..]) {
            let half_decades =
                f64::from((number + 1) / 2) * if number % 2 == 0 { 0.5 } else { -0.5 };
            assert_eq!(*factor, libm::pow(10.0, half_decades) as f32);
        }
        let program = known::find("adam").unwrap().parsed();
        for factor in RateChoice::of(3).factors() {
            let changed = factor.applied_to(&program);
            let rate = program.constant(LEARNING_RATE).unwrap() * factor.0;
            assert_eq!(changed.constant(LEARNING_RATE), Some(rate));
        }
    }

    #[test]
    fn some_seeds_choose_if_there_is_a_choice() {
        let choosing = |count, seeds| RateChoice::of(count).choosing_seeds(seeds);
        assert_eq!(choosing(1, 4), 0);
        assert_eq!(choosing(5, 1), 1);
        assert_eq!(choosing(5, 4), 1);
        assert_eq!(choosing(5, 16), 4);
    }
}
