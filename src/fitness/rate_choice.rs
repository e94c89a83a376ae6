//! Learning rates that a candidate may choose from, a rate for each task, as whoever uses it would.
//!
//! The best learning rates of one rule differ from task to task, often tenfold. A candidate that has to do with one for all is
//! judged by how well that happens to fit. With a choice it is judged as it is later compared with known rules, with a rate tuned for
//! each task, at the price of some more runs:
//!
//! ```text
//!   its own rate ─► half decades down, as long as that is better ─► none was? half decades up ─► the best ─► fitness on the task
//!   └───────────────────────────── some seeds each ───────────────────────────────────────┘  the other seeds
//! ```
//!
//! So a rule that needs another rate than its parent, as one that takes signs does, is judged at that, and one whose rate fits costs
//! three rates. If that is wished for, and several seeds choose, quarters of a decade to both sides of the best are tried too: with half
//! decades alone, a rule can be half of one away from its best rate, or on it, and so be judged by chance. Rules that take signs
//! lose most by it, as their steps do not become smaller by themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mlevolve_ir::BackendChoice;

use super::{Leg, TrainingJudge};
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::Program;
use crate::schema::LEARNING_RATE;

/// What a program's own rate is multiplied by: half decades to both sides. Known rules differ by less from task to task.
const FACTORS: [f32; GREATEST_COUNT] = [
    0.01,
    0.031_622_776,
    0.1,
    0.316_227_77,
    1.0,
    3.162_277_7,
    10.0,
    31.622_776,
    100.0,
];

/// The place of a program's own rate among [`FACTORS`].
const OWN: usize = FACTORS.len() / 2;

/// What the best of these is multiplied by where choices are fine: a quarter of a decade to both sides.
const FINE_FACTORS: [f32; 2] = [0.562_341_33, 1.778_279_4];

/// How many seeds have to choose for a fine choice: fewer cannot tell such rates apart.
const FINELY_CHOOSING_SEEDS: usize = 2;

/// The most rates that there may be to choose from.
pub const GREATEST_COUNT: usize = 9;

/// One seed in so many serves to choose a rate, and at least one.
const CHOOSING_ONE_IN: usize = 4;

/// How many seeds choose at most: these tell rates apart, and each costs as many runs as there are rates.
const MOST_CHOOSING_SEEDS: usize = 8;

/// How much greater or smaller than a program's own a learning rate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateFactor(f32);

/// What a choice came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen<T> {
    pub(crate) rate: RateFactor,
    /// What it is worth.
    pub(crate) worth: f64,
    /// What came of it.
    pub(crate) result: T,
}

/// What there is to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateChoice {
    count: usize,
    is_fine: bool,
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
    pub const NONE: Self = Self::of(1);

    /// Of so many rates, half decades apart, the program's own in the middle; if their number is even, there is one more below
    /// it than above. There are no more than [`GREATEST_COUNT`].
    #[must_use]
    pub const fn of(count: usize) -> Self {
        Self {
            count,
            is_fine: false,
        }
    }

    /// The same, with rates between them too, if so wished.
    #[must_use]
    pub const fn finely(self, is_fine: bool) -> Self {
        Self { is_fine, ..self }
    }

    /// Whether there is anything to choose.
    #[must_use]
    pub const fn offers_any(self) -> bool {
        self.count > 1
    }

    /// Climbs from a program's own rate to the best that there is nearby: by half a decade down as long as that is better, or where that is
    /// not, up. Where nothing is worth anything, as if all diverge, lower rates are tried. Then, if the choice is fine, by a quarter of a
    /// decade to both sides.
    ///
    /// `worth` says what a rate is worth with so many seeds, and what came of it.
    pub(crate) fn climb<T, E>(
        self,
        seeds: usize,
        mut worth: impl FnMut(RateFactor) -> Result<(f64, T), E>,
    ) -> Result<Chosen<T>, E> {
        let mut tried = |rate: RateFactor| {
            let (worth, result) = worth(rate)?;
            Ok(Chosen {
                rate,
                worth,
                result,
            })
        };
        let mut best = self.climb_coarsely(&mut tried)?;
        if self.is_fine && self.offers_any() && seeds >= FINELY_CHOOSING_SEEDS {
            let coarse = best.rate;
            for factor in FINE_FACTORS {
                let beside = tried(RateFactor(coarse.0 * factor))?;
                if beside.worth > best.worth {
                    best = beside;
                }
            }
        }
        Ok(best)
    }

    /// By half decades.
    fn climb_coarsely<T, E>(
        self,
        tried: &mut impl FnMut(RateFactor) -> Result<Chosen<T>, E>,
    ) -> Result<Chosen<T>, E> {
        let (lowest, highest) = (OWN - self.count / 2, OWN + (self.count - 1) / 2);
        let mut at = |place: usize| tried(RateFactor(FACTORS[place]));
        let mut best = at(OWN)?;
        let own_worth = best.worth;
        for place in (lowest..OWN).rev() {
            let lower = at(place)?;
            if lower.worth > best.worth {
                best = lower;
            } else if best.worth > 0.0 {
                break;
            }
        }
        if best.worth > own_worth {
            return Ok(best);
        }
        for place in OWN + 1..=highest {
            let higher = at(place)?;
            if higher.worth <= best.worth {
                break;
            }
            best = higher;
        }
        Ok(best)
    }

    /// How many of these seeds, the first ones, serve to choose.
    pub(crate) fn choosing_seeds(self, seeds: usize) -> usize {
        match self.count {
            1 => 0,
            _ => seeds.div_ceil(CHOOSING_ONE_IN).min(MOST_CHOOSING_SEEDS),
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

    /// The place of the rate that is chosen, by what each is worth, and how many were tried.
    fn climbed(count: usize, worth: impl Fn(usize) -> f64) -> (usize, usize) {
        let mut tries = 0;
        let chosen = RateChoice::of(count).climb(4, |rate| {
            tries += 1;
            let place = FACTORS.iter().position(|&factor| factor == rate.0).unwrap();
            Ok::<_, ()>((worth(place), place))
        });
        let chosen = chosen.unwrap();
        assert_eq!(chosen.rate.0, FACTORS[chosen.result]);
        assert_eq!(chosen.worth, worth(chosen.result));
        (chosen.result, tries)
    }

    #[test]
    fn rates_lie_half_decades_apart_around_the_programs_own() {
        for (place, factor) in FACTORS.into_iter().enumerate() {
            let half_decades = (place as f64 - OWN as f64) / 2.0;
            assert_eq!(factor, libm::pow(10.0, half_decades) as f32);
        }
        let program = known::find("adam").unwrap().parsed();
        for factor in FACTORS {
            let changed = RateFactor(factor).applied_to(&program);
            let rate = program.constant(LEARNING_RATE).unwrap() * factor;
            assert_eq!(changed.constant(LEARNING_RATE), Some(rate));
        }
    }

    #[test]
    fn a_climb_goes_on_as_long_as_it_gets_better() {
        for best in 0..GREATEST_COUNT {
            let worth = |place: usize| 1.0 / (1.0 + place.abs_diff(best) as f64);
            let (found, tries) = climbed(GREATEST_COUNT, worth);
            assert_eq!(found, best);
            // The own rate, those up to the best, the next one if there is one, and one below where the way is up.
            assert!(tries <= 3 + best.abs_diff(OWN), "{tries} to {best}");
            assert_eq!(climbed(1, worth), (OWN, 1));
            let nearest = best.clamp(OWN - 1, OWN + 1);
            assert_eq!(climbed(3, worth).0, nearest);
        }
    }

    /// Best at two tenths of a decade above the program's own rate, nearer to the quarter than to it.
    #[test]
    fn a_fine_choice_goes_between_half_decades() {
        let chosen = |choice: RateChoice, seeds: usize| {
            let mut tries = 0;
            let chosen = choice.climb(seeds, |rate| {
                tries += 1;
                Ok::<_, ()>((-(libm::log10(f64::from(rate.0)) - 0.2).abs() + 10.0, ()))
            });
            (chosen.unwrap().rate.0, tries)
        };
        let coarse = RateChoice::of(GREATEST_COUNT);
        assert_eq!(chosen(coarse, 4), (1.0, 3));
        assert_eq!(chosen(coarse.finely(true), 4), (FINE_FACTORS[1], 5));
        assert_eq!(chosen(coarse.finely(true), 1), (1.0, 3));
        assert_eq!(chosen(RateChoice::NONE.finely(true), 4), (1.0, 1));
        for (factor, quarters) in FINE_FACTORS.into_iter().zip([-1.0, 1.0]) {
            assert_eq!(factor, libm::pow(10.0, quarters / 4.0) as f32);
        }
    }

    #[test]
    fn where_all_diverge_lower_rates_are_tried() {
        let learns_below = |place: usize| if place < 2 { 0.5 } else { 0.0 };
        assert_eq!(climbed(GREATEST_COUNT, learns_below).0, 1);
        assert_eq!(climbed(GREATEST_COUNT, |_| 0.0).0, OWN);
    }

    #[test]
    fn some_seeds_choose_if_there_is_a_choice() {
        let choosing = |count, seeds| RateChoice::of(count).choosing_seeds(seeds);
        assert_eq!(choosing(1, 4), 0);
        assert_eq!(choosing(5, 1), 1);
        assert_eq!(choosing(5, 4), 1);
        assert_eq!(choosing(5, 16), 4);
        assert_eq!(choosing(5, 32), 8);
        assert_eq!(choosing(5, 100), 8);
    }
}
