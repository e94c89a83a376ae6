//! Linear regression on correlated features: a convex problem whose condition number is set.

use rand::RngExt;

use super::super::DATA_SEED;
use super::super::examples::{Divided, ExampleTable};
use super::orthonormal::random_orthonormal;
use super::{TRAINING_EXAMPLES, VALIDATION_EXAMPLES, standard_normal};
use crate::network::Matrix;
use crate::stream;

/// Features of each example in [`correlated_regression`].
pub const CORRELATED_FEATURES: usize = 16;

/// Standard deviation of the noise, where that of the target without it is 1.
const NOISE: f64 = 0.1;

/// Linear regression whose training features have a covariance matrix of just this condition number.
///
/// A row of features is x = Q Λ^½ z, for a random rotation or reflection Q, eigenvalues Λ that go from 1 down to
/// 1/`condition_number` in equal ratios, and z with covariance 1 and mean 0: over the training examples exactly, and of
/// the normal distribution for those that validate. So the mean squared error of a linear model has a Hessian of twice
/// QΛQᵀ, and of 2 for the bias.
///
/// The target is y = u · z + ε with u = (±1, …, ±1)/4 at random and ε normal with standard deviation 0.1: every
/// direction explains as much of it as any other, so a rule that does not get along the flat ones cannot hide it. The
/// weights of the solution, Q Λ^−½ u, grow with the root of the condition number. Noise leaves a mean squared error of
/// about 0.01.
///
/// # Panics
///
/// If the condition number is not in 1..=10⁸, beyond which binary32 does not hold the features.
#[must_use]
pub fn correlated_regression(condition_number: f64) -> Divided<ExampleTable<f32>> {
    assert!(
        (1.0..=1e8).contains(&condition_number),
        "a condition number of {condition_number}"
    );
    let draw = |purpose: &str| {
        let purpose = format!("correlated regression {purpose}");
        stream(DATA_SEED, &purpose, [condition_number.to_bits(), 0])
    };
    let mut numbers = draw("rotation");
    let rotation = random_orthonormal(CORRELATED_FEATURES, CORRELATED_FEATURES, &[], &mut numbers);
    let mut numbers = draw("weights");
    let sign = 1.0 / libm::sqrt(CORRELATED_FEATURES as f64);
    let weights = std::array::from_fn(|_| if numbers.random() { sign } else { -sign });
    let scales = std::array::from_fn(|index| {
        let exponent = -0.5 * index as f64 / (CORRELATED_FEATURES - 1) as f64;
        libm::pow(condition_number, exponent)
    });
    let model = Model {
        rotation,
        scales,
        weights,
    };

    let mut numbers = draw("training features");
    let ones = vec![vec![1.0; TRAINING_EXAMPLES]];
    let columns = random_orthonormal(CORRELATED_FEATURES, TRAINING_EXAMPLES, &ones, &mut numbers);
    let length = libm::sqrt(TRAINING_EXAMPLES as f64);
    let training = (0..TRAINING_EXAMPLES)
        .map(|example| std::array::from_fn(|column| length * columns[column][example]))
        .collect();
    let mut numbers = draw("validation features");
    let validation = (0..VALIDATION_EXAMPLES)
        .map(|_| std::array::from_fn(|_| standard_normal(&mut numbers)))
        .collect();
    let mut noise = draw("noise");
    let mut part = |whitened: Vec<[f64; CORRELATED_FEATURES]>| {
        model.examples(&whitened, || NOISE * standard_normal(&mut noise))
    };
    Divided {
        training: part(training),
        validation: part(validation),
    }
}

/// How features and targets come from uncorrelated numbers z.
struct Model {
    /// The columns of Q, each of length 1.
    rotation: Vec<Vec<f64>>,
    /// The roots of the eigenvalues, Λ^½.
    scales: [f64; CORRELATED_FEATURES],
    /// What each component of z counts in the target: u.
    weights: [f64; CORRELATED_FEATURES],
}

impl Model {
    fn examples(
        &self,
        whitened: &[[f64; CORRELATED_FEATURES]],
        mut noise: impl FnMut() -> f64,
    ) -> ExampleTable<f32> {
        let mut features = Matrix::zeros(whitened.len(), CORRELATED_FEATURES);
        let mut targets = Vec::with_capacity(whitened.len());
        for (row, z) in whitened.iter().enumerate() {
            for (index, feature) in features.row_mut(row).iter_mut().enumerate() {
                let terms = self.rotation.iter().zip(&self.scales).zip(z);
                let sum: f64 = terms
                    .map(|((column, scale), z)| column[index] * scale * z)
                    .sum();
                *feature = sum as f32;
            }
            let explained: f64 = self
                .weights
                .iter()
                .zip(z)
                .map(|(weight, z)| weight * z)
                .sum();
            targets.push((explained + noise()) as f32);
        }
        ExampleTable::new(features, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::examples::Moments;
    use super::super::super::examples::tests::moments;
    use super::*;

    /// The eigenvalues of a symmetric matrix, smallest first, by Jacobi's rotations.
    fn eigenvalues(mut matrix: Vec<Vec<f64>>) -> Vec<f64> {
        let size = matrix.len();
        for _ in 0..20 {
            for p in 0..size {
                for q in p + 1..size {
                    let angle = 0.5 * (2.0 * matrix[p][q]).atan2(matrix[q][q] - matrix[p][p]);
                    let (sin, cos) = angle.sin_cos();
                    for row in &mut matrix {
                        (row[p], row[q]) =
                            (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
                    }
                    let (upper, lower) = matrix.split_at_mut(q);
                    for (p, q) in upper[p].iter_mut().zip(&mut lower[0]) {
                        (*p, *q) = (cos * *p - sin * *q, sin * *p + cos * *q);
                    }
                }
            }
        }
        let mut values: Vec<_> = (0..size).map(|index| matrix[index][index]).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn covariance(part: &ExampleTable<f32>) -> Vec<Vec<f64>> {
        let entry = |a: usize, b: usize| {
            let products = (0..part.count())
                .map(|row| f64::from(part.features(row)[a]) * f64::from(part.features(row)[b]));
            products.sum::<f64>() / part.count() as f64
        };
        (0..CORRELATED_FEATURES)
            .map(|a| (0..CORRELATED_FEATURES).map(|b| entry(a, b)).collect())
            .collect()
    }

    #[test]
    fn training_features_have_the_eigenvalues_that_are_set() {
        for condition_number in [1.0, 100.0, 1e4, 1e6] {
            let training = correlated_regression(condition_number).training;
            assert!(moments(&training).iter().all(|of| of.mean.abs() < 1e-7));
            let eigenvalues = eigenvalues(covariance(&training));
            for (index, found) in eigenvalues.iter().rev().enumerate() {
                let expected = condition_number.powf(-(index as f64) / 15.0);
                assert!(
                    (found / expected - 1.0).abs() < 1e-3,
                    "{condition_number}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn the_features_are_correlated() {
        let covariance = covariance(&correlated_regression(1e4).training);
        let largest = |row: usize| {
            let others = (0..CORRELATED_FEATURES).filter(|column| *column != row);
            let correlations = others.map(|column| {
                covariance[row][column].abs()
                    / (covariance[row][row] * covariance[column][column]).sqrt()
            });
            correlations.fold(0.0, f64::max)
        };
        let mean = (0..CORRELATED_FEATURES).map(largest).sum::<f64>() / 16.0;
        assert!(mean > 0.5, "{mean}");
    }

    #[test]
    fn the_target_has_variance_1_and_noise() {
        for part in {
            let Divided {
                training,
                validation,
            } = correlated_regression(100.0);
            [training, validation]
        } {
            let of = Moments::of(part.targets().iter().map(|value| f64::from(*value)));
            assert!(of.mean.abs() < 0.2, "{}", of.mean);
            assert!((of.variance - 1.01).abs() < 0.25, "{}", of.variance);
        }
    }

    #[test]
    fn condition_numbers_have_data_of_their_own() {
        let first = |condition_number| {
            let training = correlated_regression(condition_number).training;
            (training.features(0).to_vec(), training.targets()[0])
        };
        assert_eq!(first(100.0), first(100.0));
        assert_ne!(first(100.0), first(101.0));
    }
}
