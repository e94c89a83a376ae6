//! Data that are computed instead of stored: what is in them is known exactly.
//!
//! ```text
//!  stream(DATA_SEED, name) ──► features, noise ──► targets ──► Divided<ExampleTable<f32 or u8>>
//! ```
//!
//! Every set has 1,000 examples to train on and 500 to validate with. Arithmetic is binary64 in a fixed order with
//! `libm`'s functions, so they are the same bits on every machine.

mod correlated;
mod friedman;
mod glyphs;
mod orthonormal;
mod teacher;

use rand::RngExt;

pub use correlated::{CORRELATED_FEATURES, correlated_regression};
pub use friedman::{FRIEDMAN_FEATURES, friedman1};
pub use glyphs::{GLYPH_CLASSES, GLYPH_SHAPE, glyphs};
pub(crate) use orthonormal::random_orthonormal;
pub use teacher::{TEACHER_FEATURES, random_teacher};

use crate::Stream;

const TRAINING_EXAMPLES: usize = 1000;
const VALIDATION_EXAMPLES: usize = 500;
const EXAMPLES: usize = TRAINING_EXAMPLES + VALIDATION_EXAMPLES;

/// A number from the normal distribution with mean 0 and variance 1, by two uniform ones (Box and Muller 1958).
pub(crate) fn standard_normal(numbers: &mut Stream) -> f64 {
    // In (0, 1], so that the logarithm is finite.
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - numbers.random::<f64>()));
    radius * libm::cos(2.0 * std::f64::consts::PI * numbers.random::<f64>())
}

#[cfg(test)]
mod tests {
    use super::super::examples::Moments;
    use super::*;
    use crate::stream;

    #[test]
    fn normal_numbers_have_the_moments_of_the_distribution() {
        let mut numbers = stream(1, "test", [0, 0]);
        let sample: Vec<f64> = (0..100_000)
            .map(|_| standard_normal(&mut numbers))
            .collect();
        let Moments { mean, variance } = Moments::of(sample.iter().copied());
        let fourth = sample.iter().map(|value| value.powi(4)).sum::<f64>() / 1e5;
        // Within five standard errors: √(1/n), √(2/n), √(96/n).
        assert!(mean.abs() < 0.016, "{mean}");
        assert!((variance - 1.0).abs() < 0.023, "{variance}");
        assert!((fourth - 3.0).abs() < 0.16, "{fourth}");
    }
}
