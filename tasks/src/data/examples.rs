//! Examples in rows: features, and what they should be answered with; from numbers in their own units to scaled parts.

use super::split::Split;
use crate::network::Matrix;

/// Data in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divided<Part> {
    /// What is trained on, and what scales are taken from.
    pub training: Part,
    /// What only judges.
    pub validation: Part,
}

/// Examples with scaled features: classes have a `u8` as target, less than the number of classes, and regression has
/// an `f32`.
#[derive(Debug, Clone)]
pub struct ExampleTable<Target> {
    features: Matrix,
    targets: Vec<Target>,
}

impl<Target> ExampleTable<Target> {
    /// Examples of features, a row each, and as many targets.
    pub(super) fn new(features: Matrix, targets: Vec<Target>) -> Self {
        assert_eq!(features.rows(), targets.len());
        Self { features, targets }
    }

    /// How many examples there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.targets.len()
    }

    /// How many features each has.
    #[must_use]
    pub fn feature_count(&self) -> usize {
        self.features.columns()
    }

    /// The features of example `index`.
    ///
    /// # Panics
    ///
    /// If there are not so many examples.
    #[must_use]
    pub fn features(&self, index: usize) -> &[f32] {
        self.features.row(index)
    }

    /// What each example should be answered with.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }
}

/// How features become numbers that a model can be trained on. Statistics are those of the training part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FeatureScaling {
    /// All are divided by one constant.
    DivideBy(f64),
    /// Each has its mean taken off and is divided by its standard deviation, so that units do not matter.
    Standardise,
    /// Each has its own mean taken off, but all are divided by one number, the root of the mean of their variances.
    ///
    /// So they keep the ratios of their original units, which can make an ill-conditioned problem: the point is to see
    /// which rules cope with directions of very different curvature.
    CentreAndShareScale,
}

/// Examples in the units that they were measured in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawExamples<Target> {
    pub(super) feature_count: usize,
    /// Example by example, `feature_count` each.
    pub(super) features: Vec<f64>,
    pub(super) targets: Vec<Target>,
}

impl<Target> RawExamples<Target> {
    fn features(&self, example: usize) -> &[f64] {
        &self.features[example * self.feature_count..][..self.feature_count]
    }

    /// Mean and variance of each feature over some examples.
    pub(super) fn moments(&self, examples: &[usize]) -> Vec<Moments> {
        (0..self.feature_count)
            .map(|feature| Moments::of(examples.iter().map(|row| self.features(*row)[feature])))
            .collect()
    }

    /// The parts of a split, with features scaled, and targets as `target` makes them.
    fn divide_with<Scaled>(
        &self,
        split: &Split,
        scaling: FeatureScaling,
        target: impl Fn(&Target) -> Scaled,
    ) -> Divided<ExampleTable<Scaled>> {
        let factor = |variance: f64| 1.0 / libm::sqrt(variance);
        // A number becomes (number − offset) · factor, or number ÷ divisor.
        let scales: Vec<(f64, f64)> = match scaling {
            FeatureScaling::DivideBy(_) => Vec::new(),
            FeatureScaling::Standardise => {
                let moments = self.moments(&split.training).into_iter();
                moments.map(|of| (of.mean, factor(of.variance))).collect()
            }
            FeatureScaling::CentreAndShareScale => {
                let moments = self.moments(&split.training);
                let sum = moments.iter().map(|of| of.variance).sum::<f64>();
                let shared = factor(sum / self.feature_count as f64);
                moments.iter().map(|of| (of.mean, shared)).collect()
            }
        };
        let scaled = |feature: usize, value: f64| match scaling {
            FeatureScaling::DivideBy(divisor) => value / divisor,
            FeatureScaling::Standardise | FeatureScaling::CentreAndShareScale => {
                let (offset, factor) = scales[feature];
                (value - offset) * factor
            }
        };
        let part = |rows: &[usize]| {
            let mut features = Matrix::zeros(rows.len(), self.feature_count);
            for (to, from) in rows.iter().enumerate() {
                let values = self.features(*from).iter().enumerate();
                for (scaled_feature, (feature, value)) in
                    features.row_mut(to).iter_mut().zip(values)
                {
                    *scaled_feature = scaled(feature, *value) as f32;
                }
            }
            let targets = rows.iter().map(|row| target(&self.targets[*row]));
            ExampleTable::new(features, targets.collect())
        };
        Divided {
            training: part(&split.training),
            validation: part(&split.validation),
        }
    }
}

impl RawExamples<u8> {
    /// The parts of a split, with features scaled.
    pub(super) fn divide(
        &self,
        split: &Split,
        scaling: FeatureScaling,
    ) -> Divided<ExampleTable<u8>> {
        self.divide_with(split, scaling, |class| *class)
    }
}

impl RawExamples<f64> {
    /// The parts of a split, with features scaled, and targets with mean 0 and variance 1 over the training part.
    pub(super) fn divide(
        &self,
        split: &Split,
        scaling: FeatureScaling,
    ) -> Divided<ExampleTable<f32>> {
        let target = Moments::of(split.training.iter().map(|row| self.targets[*row]));
        let factor = 1.0 / libm::sqrt(target.variance);
        self.divide_with(split, scaling, |value| {
            ((value - target.mean) * factor) as f32
        })
    }
}

/// Mean and population variance of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Moments {
    /// Of the numbers that an iterator gives, which is walked twice.
    pub(crate) fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let count = values.len() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let variance = values
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            / count;
        Self { mean, variance }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Mean and variance of each feature of a part.
    pub(crate) fn moments<Target>(part: &ExampleTable<Target>) -> Vec<Moments> {
        (0..part.feature_count())
            .map(|feature| {
                let values = (0..part.count()).map(|row| f64::from(part.features(row)[feature]));
                Moments::of(values)
            })
            .collect()
    }

    fn raw() -> RawExamples<f64> {
        RawExamples {
            feature_count: 2,
            features: vec![1.0, 10.0, 3.0, 50.0, 9.0, 90.0],
            targets: vec![-1.0, 3.0, 5.0],
        }
    }

    fn split() -> Split {
        Split {
            training: vec![1, 0],
            validation: vec![2],
        }
    }

    #[test]
    fn standardised_features_and_targets_follow_the_training_part() {
        let Divided {
            training,
            validation,
        } = raw().divide(&split(), FeatureScaling::Standardise);
        // Means 2 and 30, deviations 1 and 20; of the targets 1 and 2.
        assert_eq!(
            (training.features(0), training.features(1)),
            (&[1.0, 1.0][..], &[-1.0, -1.0][..])
        );
        assert_eq!(training.targets(), [1.0, -1.0]);
        assert_eq!(
            (validation.features(0), validation.targets()),
            (&[7.0, 3.0][..], &[2.0][..])
        );
    }

    #[test]
    fn a_shared_scale_keeps_the_ratios_of_units() {
        let training = raw()
            .divide(&split(), FeatureScaling::CentreAndShareScale)
            .training;
        let variances: Vec<_> = moments(&training).iter().map(|of| of.variance).collect();
        assert!(
            (variances[0] + variances[1] - 2.0).abs() < 1e-6,
            "{variances:?}"
        );
        assert!(
            (variances[1] / variances[0] - 400.0).abs() < 1e-3,
            "{variances:?}"
        );
    }

    #[test]
    fn a_divisor_is_all_there_is_to_it() {
        let validation = raw()
            .divide(&split(), FeatureScaling::DivideBy(2.0))
            .validation;
        assert_eq!(validation.features(0), [4.5, 45.0]);
    }
}
