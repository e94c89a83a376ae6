//! What random teachers say, and what of it can be learnt.

use super::*;
use crate::data::Moments;

#[test]
fn features_are_normal_numbers() {
    let shape = LearnerTaskShape {
        features: 8,
        training_examples: 2000,
        validation_examples: 500,
    };
    for name in [
        "linear",
        "two-layer",
        "two-layer-classes",
        "two-layer-vector",
    ] {
        let tasks: Vec<_> = (0..16).map(task).collect();
        let found = examples(name, &shape, &tasks);
        for (part, count) in [(&found.training, 256_000.0), (&found.validation, 64_000.0)] {
            let values = part.features.iter().map(|value| f64::from(*value));
            assert_eq!(part.features.len() as f64, count);
            let Moments { mean, variance } = Moments::of(values);
            // Within five standard errors, √(1/n) and √(2/n).
            assert!(mean.abs() < 5.0 / f64::sqrt(count), "{name}: {mean}");
            let bound = 5.0 * f64::sqrt(2.0 / count);
            assert!((variance - 1.0).abs() < bound, "{name}: {variance}");
        }
    }
}

/// A linear teacher's labels have the variance |w|² and are explained by least squares without rest; those of two layers
/// have a mean.
#[test]
fn least_squares_recovers_the_linear_teacher() {
    const FEATURES: usize = 4;
    let shape = LearnerTaskShape {
        features: FEATURES,
        training_examples: 200,
        validation_examples: 100,
    };
    let residual = |name: &str| {
        let [training, validation] = lane(&examples(name, &shape, &[task(0)]), 0);
        let (features, labels) = training.split_at(200 * FEATURES);
        // Normal equations, solved by elimination.
        let mut rows = [[0.0_f64; FEATURES + 1]; FEATURES];
        for (x, label) in features.chunks(FEATURES).zip(labels) {
            for (row, a) in rows.iter_mut().zip(x) {
                for (entry, b) in row.iter_mut().zip(x.iter().chain([label])) {
                    *entry += f64::from(*a) * f64::from(*b);
                }
            }
        }
        for pivot in 0..FEATURES {
            let of_pivot = rows[pivot].map(|entry| entry / rows[pivot][pivot]);
            for (index, row) in rows.iter_mut().enumerate() {
                let factor = row[pivot];
                for (entry, of_pivot) in row.iter_mut().zip(of_pivot) {
                    *entry = if index == pivot {
                        of_pivot
                    } else {
                        *entry - factor * of_pivot
                    };
                }
            }
        }
        let weights = rows.map(|row| row[FEATURES]);
        let (features, labels) = validation.split_at(100 * FEATURES);
        let errors = features.chunks(FEATURES).zip(labels).map(|(x, label)| {
            let said: f64 = x.iter().zip(weights).map(|(x, w)| f64::from(*x) * w).sum();
            (said - f64::from(*label)).abs()
        });
        errors.fold(0.0, f64::max)
    };
    let linear = residual("linear");
    assert!(linear < 1e-5, "{linear}");
    // What bends is not recovered so.
    let two_layers = residual("two-layer");
    assert!(two_layers > 0.1, "{two_layers}");
}

/// Each element of a label has weights of its own, so that no two are multiples of each other.
#[test]
fn the_elements_of_a_vector_are_told_apart() {
    const FEATURES: usize = 6;
    let shape = LearnerTaskShape {
        features: FEATURES,
        training_examples: 1000,
        validation_examples: 10,
    };
    let tasks: Vec<_> = (0..64).map(task).collect();
    let found = examples("two-layer-vector", &shape, &tasks);
    assert_eq!(found.label, LabelShape::Vector);
    assert_eq!(found.evaluation, Evaluation::RootMeanSquare);
    let mut squares = 0.0;
    for of_lane in 0..64 {
        let [training, _] = lane(&found, of_lane);
        let (_, labels) = training.split_at(FEATURES * 1000);
        let element = |element: usize| labels.chunks(FEATURES).map(move |label| label[element]);
        let product = |first: usize, second: usize| -> f32 {
            let pairs = element(first).zip(element(second));
            pairs.map(|(a, b)| a * b).sum()
        };
        for first in 0..FEATURES {
            squares += f64::from(product(first, first)) / (64_000 * FEATURES) as f64;
            for second in 0..first {
                let cosine = product(first, second)
                    / (product(first, first) * product(second, second)).sqrt();
                assert!(cosine.abs() < 0.9999, "{cosine}");
            }
        }
    }
    // The mean square of u relu(m x) for normal u, m and x is half of F, and there are F - 2 living units.
    let expected = (FEATURES * (FEATURES - 2)) as f64 / 2.0;
    assert!((squares / expected - 1.0).abs() < 0.2, "{squares}");
}

#[test]
fn classes_are_balanced_but_where_no_living_unit_has_a_positive_weight() {
    for (features, silent) in [(2, 0.5), (3, 0.5), (4, 0.25), (16, 0.0)] {
        let shape = LearnerTaskShape {
            features,
            training_examples: 400,
            validation_examples: 10,
        };
        let tasks: Vec<_> = (0..256).map(task).collect();
        let found = examples("two-layer-classes", &shape, &tasks);
        assert_eq!(found.evaluation, Evaluation::Accuracy);
        let labels = &found.training.labels;
        assert!(labels.iter().all(|label| *label == 0.0 || *label == 1.0));
        let (mut of_all, mut without) = (0.0, 0.0);
        for lane in 0..256 {
            let ones: f32 = labels.chunks(found.stride).map(|group| group[lane]).sum();
            if ones == 0.0 {
                without += 1.0 / 256.0;
            } else {
                assert!(
                    (1.0..=399.0).contains(&ones),
                    "{features} features: {ones} of 400"
                );
                of_all += ones / 400.0 / 256.0;
            }
        }
        // Within four standard errors of a share of 256.
        assert!(
            f64::abs(without - silent) < 0.125,
            "{features} features: {without}"
        );
        let share = f64::from(of_all) / (1.0 - without);
        assert!((0.4..0.65).contains(&share), "{features} features: {share}");
    }
}
