//! A network with random weights as teacher: data that a student of the same form can learn without error.

use super::super::DATA_SEED;
use super::super::examples::{Divided, ExampleTable, FeatureScaling, RawExamples};
use super::super::split::Split;
use super::{EXAMPLES, VALIDATION_EXAMPLES, standard_normal};
use crate::stream;

/// Features of each example in [`random_teacher`].
pub const TEACHER_FEATURES: usize = 16;

const HIDDEN: usize = 8;
/// The standard deviation of what comes into a hidden unit: enough for tanh to bend.
const GAIN: f64 = 2.0;

/// What a random network of one hidden layer says to normal inputs: y = Σⱼ aⱼ tanh(wⱼ · x + bⱼ), for 16 features and 8
/// hidden units.
///
/// Features, aⱼ and bⱼ are normal with variance 1, and wⱼ with variance 4/16, so that most units are used beyond where
/// they are linear. There is no noise: a network with 8 hidden units or more can bring the error to 0. Features and
/// targets are standardised by the training part. The setting is that of D. Saad and S. A. Solla, *On-line learning in
/// soft committee machines*, Physical Review E 52 (1995), with the activation and weights above.
#[must_use]
pub fn random_teacher() -> Divided<ExampleTable<f32>> {
    let split = Split::in_order(EXAMPLES, VALIDATION_EXAMPLES);
    raw().divide(&split, FeatureScaling::Standardise)
}

fn raw() -> RawExamples<f64> {
    let mut numbers = stream(DATA_SEED, "random teacher weights", [0, 0]);
    let teacher: [HiddenUnit; HIDDEN] = std::array::from_fn(|_| {
        let weight = GAIN / libm::sqrt(TEACHER_FEATURES as f64);
        HiddenUnit {
            weights: std::array::from_fn(|_| weight * standard_normal(&mut numbers)),
            bias: standard_normal(&mut numbers),
            output_weight: standard_normal(&mut numbers),
        }
    });
    let mut numbers = stream(DATA_SEED, "random teacher examples", [0, 0]);
    let features: Vec<f64> = (0..EXAMPLES * TEACHER_FEATURES)
        .map(|_| standard_normal(&mut numbers))
        .collect();
    let targets = features
        .chunks_exact(TEACHER_FEATURES)
        .map(|features| teacher.iter().map(|unit| unit.output(features)).sum())
        .collect();
    RawExamples {
        feature_count: TEACHER_FEATURES,
        features,
        targets,
    }
}

struct HiddenUnit {
    weights: [f64; TEACHER_FEATURES],
    bias: f64,
    output_weight: f64,
}

impl HiddenUnit {
    /// What the unit adds to the network's output.
    fn output(&self, features: &[f64]) -> f64 {
        let input = self
            .weights
            .iter()
            .zip(features)
            .fold(self.bias, |sum, (weight, feature)| sum + weight * feature);
        self.output_weight * libm::tanh(input)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::examples::Moments;
    use super::*;

    #[test]
    fn a_unit_bends_and_is_bounded() {
        let mut unit = HiddenUnit {
            weights: [0.0; TEACHER_FEATURES],
            bias: 0.5,
            output_weight: 3.0,
        };
        unit.weights[1] = 2.0;
        let mut features = [0.0; TEACHER_FEATURES];
        assert!((unit.output(&features) - 3.0 * 0.5_f64.tanh()).abs() < 1e-12);
        features[1] = -0.25;
        assert_eq!(unit.output(&features), 0.0);
        features[1] = 1e6;
        assert_eq!(unit.output(&features), 3.0);
    }

    #[test]
    fn the_teacher_is_not_a_linear_function() {
        // What a linear function explains of normal features' target is the sum of squared correlations with each.
        let raw = raw();
        let Moments { mean, variance } = Moments::of(raw.targets.iter().copied());
        let explained: f64 = (0..TEACHER_FEATURES)
            .map(|feature| {
                let products = raw
                    .features
                    .chunks_exact(TEACHER_FEATURES)
                    .zip(&raw.targets)
                    .map(|(features, target)| features[feature] * (target - mean));
                let covariance = products.sum::<f64>() / EXAMPLES as f64;
                covariance * covariance / variance
            })
            .sum();
        assert!((0.2..0.9).contains(&explained), "{explained}");
    }

    #[test]
    fn parts_are_of_the_documented_sizes() {
        let Divided {
            training,
            validation,
        } = random_teacher();
        assert_eq!((training.count(), validation.count()), (1000, 500));
        assert_eq!(training.feature_count(), TEACHER_FEATURES);
    }
}
