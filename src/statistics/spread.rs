//! The middle of a few values, and how far they lie apart.

use serde::{Deserialize, Serialize};

/// A median and the quartiles on either side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// A quarter of the values are below.
    pub lower_quartile: f64,
    /// Half are.
    pub median: f64,
    /// Three quarters are.
    pub upper_quartile: f64,
}

impl Spread {
    /// Of some values, with linear interpolation between neighbours.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "a median is of one value at least");
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (values.len() - 1) as f64;
            let (below, above) = (
                values[place.floor() as usize],
                values[place.ceil() as usize],
            );
            below + (above - below) * place.fract()
        };
        Self {
            lower_quartile: at(0.25),
            median: at(0.5),
            upper_quartile: at(0.75),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_between_neighbours() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 3.0]);
        assert_eq!(
            [spread.lower_quartile, spread.median, spread.upper_quartile],
            [1.75, 2.5, 3.25]
        );
    }
}
