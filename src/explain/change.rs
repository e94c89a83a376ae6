//! By how much a fitness changes, seed by seed.

use serde::{Deserialize, Serialize};

use crate::statistics::{Interval, Spread};

/// The difference of two fitnesses over the seeds that both have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its median and quartiles.
    pub spread: Spread,
    /// Its mean, with a confidence of 95 %.
    pub mean: Interval,
}

/// A change of fitness that is less than this in the median is hardly worth a word.
const NEGLIGIBLE: f64 = 0.005;

/// Which way a fitness changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It falls.
    Worse,
    /// It rises.
    Better,
    /// The seeds do not tell: 0 is in the interval of the mean.
    Unclear,
}

impl Change {
    /// From the first fitnesses to the second, both in the order of the seeds.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn between(before: &[f64], after: &[f64]) -> Self {
        let pairs = before.iter().zip(after);
        let differences: Vec<f64> = pairs.map(|(before, after)| after - before).collect();
        Self {
            mean: Interval::of_mean(&differences),
            spread: Spread::of(differences),
        }
    }

    /// Whether it hardly is one, however sure it is.
    #[must_use]
    pub fn is_negligible(&self) -> bool {
        self.spread.median.abs() < NEGLIGIBLE
    }

    /// Which way it goes, as far as the seeds tell.
    #[must_use]
    pub fn direction(&self) -> Direction {
        if self.mean.upper < 0.0 {
            Direction::Worse
        } else if self.mean.lower > 0.0 {
            Direction::Better
        } else {
            Direction::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_seeds_have_in_common_does_not_blur_a_change() {
        // Seeds differ by far more than the change.
        let before = [0.1, 0.9, 0.5, 0.7];
        let after = before.map(|fitness| fitness - 0.01);
        let change = Change::between(&before, &after);
        assert!((change.spread.median + 0.01).abs() < 1e-12);
        assert_eq!(change.direction(), Direction::Worse);
        let back = Change::between(&after, &before);
        assert_eq!(back.direction(), Direction::Better);
        let mixed = Change::between(&before, &[0.2, 0.8, 0.6, 0.6]);
        assert_eq!(mixed.direction(), Direction::Unclear);
        assert_eq!(
            Change::between(&before, &before).direction(),
            Direction::Unclear
        );
    }
}
