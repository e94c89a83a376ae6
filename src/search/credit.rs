//! Which mutations have done well lately.
//!
//! What helps at the beginning of a search, when most of a program is still to be found, is not what helps at its end.
//! So each kind of mutation is chosen by its share of children that were better than their parent: probability
//! matching (Goldberg 1990; Thierens 2005, "An adaptive pursuit strategy for allocating operator probabilities", section
//! 2.1), around the weights of the settings.

use serde::{Deserialize, Serialize};

use super::Operator;
use crate::variation::{Mutation, MutationWeights};

/// How much of what is known a generation leaves: half is forgotten after seven.
const KEPT_SHARE: f64 = 0.9;
/// Children that every kind is taken to have had before, with the successes of the average kind.
const PRIOR_CHILDREN: f64 = 30.0;

const KINDS: usize = Mutation::ALL.len();

/// Children of each kind of mutation and those of them that were better than their parent, the later the more they count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credit {
    children: [f64; KINDS],
    successes: [f64; KINDS],
}

impl Credit {
    /// Takes note of a child.
    pub(super) fn record(&mut self, operators: &[Operator], is_better: bool) {
        for operator in operators {
            match operator {
                Operator::Mutation(kind) => {
                    self.children[*kind as usize] += 1.0;
                    self.successes[*kind as usize] += f64::from(u8::from(is_better));
                }
                Operator::Known
                | Operator::Random
                | Operator::Crossover
                | Operator::Copy
                | Operator::Migration => {}
            }
        }
    }

    /// A generation has passed.
    pub(super) fn fade(&mut self) {
        for number in self.children.iter_mut().chain(&mut self.successes) {
            *number *= KEPT_SHARE;
        }
    }

    /// How often each kind should be chosen: as the settings say, or, by the share `adaptation`, that times its rate of
    /// success relative to the best kind's.
    pub(super) fn weights(&self, settings: &MutationWeights, adaptation: f64) -> [f64; KINDS] {
        let all = |numbers: &[f64; KINDS]| numbers.iter().sum::<f64>();
        // Before anything has happened all kinds are alike, whatever this is.
        let average = (all(&self.successes) + 1.0) / (all(&self.children) + 1.0);
        let rate = |kind: usize| {
            let successes = self.successes[kind] + average * PRIOR_CHILDREN;
            successes / (self.children[kind] + PRIOR_CHILDREN)
        };
        let best = (0..KINDS)
            .filter(|&kind| settings.of(Mutation::ALL[kind]) > 0.0)
            .map(rate)
            .fold(0.0, f64::max);
        let relative = |kind: Mutation| {
            if best > 0.0 {
                rate(kind as usize) / best
            } else {
                1.0
            }
        };
        Mutation::ALL
            .map(|kind| settings.of(kind) * ((1.0 - adaptation) + adaptation * relative(kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_works_is_chosen_more_often_and_forgotten_in_time() {
        let settings = MutationWeights::default();
        let mut credit = Credit::default();
        let begin = credit.weights(&settings, 0.8);
        assert_eq!(begin, Mutation::ALL.map(|kind| settings.of(kind)));
        for child in 0..400 {
            let insert = [Operator::Mutation(Mutation::Insert)];
            let delete = [Operator::Mutation(Mutation::Delete)];
            credit.record(&insert, child % 10 == 0);
            credit.record(&delete, child % 100 == 0);
        }
        let of = |weights: [f64; KINDS], kind: Mutation| weights[kind as usize];
        let weights = credit.weights(&settings, 0.8);
        assert_eq!(of(weights, Mutation::Insert), 1.0);
        let delete = of(weights, Mutation::Delete);
        assert!((0.2..0.45).contains(&delete), "{delete}");
        // What is not wanted at all is not chosen, however well it does.
        assert_eq!(of(weights, Mutation::ReplaceFunction), 0.0);
        assert_eq!(credit.weights(&settings, 0.0), begin);
        for _ in 0..100 {
            credit.fade();
        }
        let delete = of(credit.weights(&settings, 0.8), Mutation::Delete);
        assert!(delete > 0.99, "{delete}");
    }
}
