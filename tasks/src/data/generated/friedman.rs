//! Friedman's first function: what a model has to find are an interaction, a curve, and which features do nothing.

use rand::RngExt;

use super::super::DATA_SEED;
use super::super::examples::{Divided, ExampleTable, FeatureScaling, RawExamples};
use super::super::split::Split;
use super::{EXAMPLES, VALIDATION_EXAMPLES, standard_normal};
use crate::stream;

/// Features of each example in [`friedman1`].
pub const FRIEDMAN_FEATURES: usize = 10;

/// Friedman #1 (J. H. Friedman, *Multivariate Adaptive Regression Splines*, Annals of Statistics 19 (1991), 1–67):
/// y = 10 sin(π x₁ x₂) + 20 (x₃ − ½)² + 10 x₄ + 5 x₅ + ε.
///
/// Ten features, uniform in [0, 1), of which five do nothing; ε is normal with variance 1. Features and targets are
/// standardised by the training part. Of the targets' variance, 24.8, noise is 1, so a mean squared error of 0.04 is
/// the best there can be.
#[must_use]
pub fn friedman1() -> Divided<ExampleTable<f32>> {
    let split = Split::in_order(EXAMPLES, VALIDATION_EXAMPLES);
    raw().divide(&split, FeatureScaling::Standardise)
}

fn raw() -> RawExamples<f64> {
    let mut numbers = stream(DATA_SEED, "Friedman 1", [0, 0]);
    let mut raw = RawExamples {
        feature_count: FRIEDMAN_FEATURES,
        features: Vec::with_capacity(EXAMPLES * FRIEDMAN_FEATURES),
        targets: Vec::with_capacity(EXAMPLES),
    };
    for _ in 0..EXAMPLES {
        let features: [f64; FRIEDMAN_FEATURES] = std::array::from_fn(|_| numbers.random());
        raw.targets
            .push(function(&features) + standard_normal(&mut numbers));
        raw.features.extend(features);
    }
    raw
}

/// The function without noise.
fn function(x: &[f64; FRIEDMAN_FEATURES]) -> f64 {
    let curve = (x[2] - 0.5) * (x[2] - 0.5);
    10.0 * libm::sin(std::f64::consts::PI * x[0] * x[1]) + 20.0 * curve + 10.0 * x[3] + 5.0 * x[4]
}

#[cfg(test)]
mod tests {
    use super::super::super::examples::Moments;
    use super::*;

    #[test]
    fn the_function_is_friedmans() {
        let x = [0.5, 1.0, 0.0, 0.25, 0.6, 9.0, 9.0, 9.0, 9.0, 9.0];
        assert!((function(&x) - (10.0 + 5.0 + 2.5 + 3.0)).abs() < 1e-12);
    }

    #[test]
    fn targets_have_the_moments_that_integration_gives() {
        // The mean is 10 · 0.52466 + 20/12 + 5 + 2.5 = 14.41, the variance 23.8 without noise.
        let Moments { mean, variance } = Moments::of(raw().targets.iter().copied());
        // Within four standard errors, √(24.8/1500) and about 24.8 √(2/1500).
        assert!((mean - 14.41).abs() < 0.52, "{mean}");
        assert!((variance - 24.8).abs() < 3.7, "{variance}");
    }

    #[test]
    fn parts_are_standardised_and_of_the_documented_sizes() {
        let Divided {
            training,
            validation,
        } = friedman1();
        assert_eq!((training.count(), validation.count()), (1000, 500));
        let of = Moments::of(training.targets().iter().map(|value| f64::from(*value)));
        assert!(of.mean.abs() < 1e-6 && (of.variance - 1.0).abs() < 1e-6);
    }
}
