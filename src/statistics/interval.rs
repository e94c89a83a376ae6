//! How sure a mean of a few values is.

use mlevolve_tasks::stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How often the values are drawn again.
const RESAMPLES: usize = 10_000;
/// The share of the means of these that are outside, half on either side.
const OUTSIDE: f64 = 0.05;

/// A mean and where it is with a confidence of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Interval {
    /// Of the mean of some values, by the bootstrap with percentiles (Efron 1979; Efron and Tibshirani 1993, chapter 13):
    /// means of as many values that are drawn from these, each time anew. Of a few values it is too narrow by some; of
    /// one, it says nothing. The draws are the same each time.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of_mean(values: &[f64]) -> Self {
        assert!(!values.is_empty(), "a mean is of one value at least");
        let count = values.len();
        let mut numbers = stream(0, "bootstrap", [count as u64, 0]);
        let mut means: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let drawn =
                    (0..count).map(|_| values[numbers.random_range(0..count as u32) as usize]);
                drawn.sum::<f64>() / count as f64
            })
            .collect();
        means.sort_by(f64::total_cmp);
        let outside = (OUTSIDE / 2.0 * RESAMPLES as f64) as usize;
        Self {
            mean: values.iter().sum::<f64>() / count as f64,
            lower: means[outside],
            upper: means[RESAMPLES - 1 - outside],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_as_wide_as_theory_has_them() {
        // Of 100 values with deviation 1: 1.96 / 10 on either side.
        let values: Vec<f64> = (0..100)
            .map(|place| if place % 2 == 0 { 4.0 } else { 6.0 })
            .collect();
        let Interval { mean, lower, upper } = Interval::of_mean(&values);
        assert_eq!(mean, 5.0);
        for half in [mean - lower, upper - mean] {
            assert!((0.17..0.22).contains(&half), "{half}");
        }
        let same = Interval::of_mean(&[3.0; 5]);
        assert_eq!([same.mean, same.lower, same.upper], [3.0; 3]);
    }
}
