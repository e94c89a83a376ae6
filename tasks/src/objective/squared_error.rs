//! Mean squared error, of all numbers of an example or of those that are asked for.

use std::marker::PhantomData;

use super::{Objective, Rows, Sums, WriteRows};
use crate::network::Matrix;
use crate::training::Evaluation;
use crate::{Direction, Metric, TargetKind};

/// The mean of the squares of outputs less targets, over those outputs that have a target.
///
/// A target is a number, or `None` for an output that may be anything.
pub(crate) struct SquaredError<Target> {
    metric: Metric,
    target: PhantomData<Target>,
}

impl SquaredError<f32> {
    /// Of outputs that all have a target, whose variance is 1.
    pub(crate) const fn of_numbers() -> Self {
        Self::measured_as("validation mean squared error", "variances of the target")
    }
}

impl<Target> SquaredError<Target> {
    /// Of those pixels that have a target.
    pub(crate) const fn of_pixels() -> Self {
        Self::measured_as(
            "validation mean squared error of pixels",
            "squares of the range of a pixel",
        )
    }

    const fn measured_as(name: &'static str, unit: &'static str) -> Self {
        Self {
            metric: Metric {
                name,
                unit,
                direction: Direction::LowerIsBetter,
            },
            target: PhantomData,
        }
    }
}

/// A number that an output should be, or none.
pub(crate) trait NumberTarget: Copy + Default + Into<Option<f32>> + Send + Sync {
    /// Writes numbers to rows, if every output has one.
    const WRITE: Result<WriteRows<Self>, &'static str>;
}

impl NumberTarget for f32 {
    const WRITE: Result<WriteRows<Self>, &'static str> =
        Ok(|targets, _outputs, rows| rows.copy_from_slice(targets));
}

impl NumberTarget for Option<f32> {
    const WRITE: Result<WriteRows<Self>, &'static str> =
        Err("most outputs of an example have no target");
}

impl<Target: NumberTarget> Objective for SquaredError<Target> {
    type Target = Target;

    fn metric(&self) -> Metric {
        self.metric
    }

    fn companion(&self) -> Option<Metric> {
        None
    }

    /// 2 (output − target) / number of targets, and 0 where there is none.
    fn gradient(
        &self,
        outputs: &Matrix,
        targets: &[Target],
        gradient: &mut Matrix,
        _scratch: &mut [f32],
    ) {
        let asked_for = targets.iter().filter_map(|target| (*target).into());
        let scale = 2.0 / asked_for.count() as f32;
        let rows = outputs.rows();
        let pairs = outputs.numbers(0..rows).iter().zip(targets);
        for (gradient, (output, target)) in gradient.numbers_mut(0..rows).iter_mut().zip(pairs) {
            let target: Option<f32> = (*target).into();
            *gradient = target.map_or(0.0, |target| scale * (output - target));
        }
    }

    fn add(
        &self,
        outputs: &Matrix,
        rows: usize,
        targets: &[Target],
        _scratch: &mut [f32],
        sums: &mut Sums,
    ) {
        for (output, target) in outputs.numbers(0..rows).iter().zip(targets) {
            if let Some(target) = (*target).into() {
                let error = f64::from(*output) - f64::from(target);
                sums.loss += error * error;
                sums.count += 1;
            }
        }
    }

    fn evaluation(&self, sums: &Sums) -> Evaluation {
        Evaluation {
            value: sums.loss / sums.count as f64,
            companion: None,
        }
    }

    /// A row for each example.
    fn rows(&self, targets: usize) -> Result<Rows<Target>, &'static str> {
        Target::WRITE.map(|write| Rows {
            kind: TargetKind::Values,
            outputs: targets,
            write,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;

    const OF_NUMBERS: SquaredError<f32> = SquaredError::of_numbers();
    const OF_PIXELS: SquaredError<Option<f32>> = SquaredError::of_pixels();

    fn outputs() -> Matrix {
        let mut outputs = Matrix::zeros(2, 1);
        outputs.numbers_mut(0..2).copy_from_slice(&[1.0, -2.0]);
        outputs
    }

    #[test]
    fn it_is_a_mean_over_targets() {
        assert_eq!(evaluate(&OF_NUMBERS, &outputs(), &[3.0, -1.0]).value, 2.5);
    }

    #[test]
    fn its_gradient_is_of_the_mean() {
        let mut gradient = Matrix::zeros(2, 1);
        OF_NUMBERS.gradient(&outputs(), &[3.0, -1.0], &mut gradient, &mut []);
        assert_eq!(gradient.numbers(0..2), [-2.0, -1.0]);
    }

    const SOME_TARGETS: [Option<f32>; 4] = [Some(3.0), None, Some(-1.0), None];

    /// Two examples of two numbers, of which one is not asked for.
    fn outputs_with(ignored: f32) -> Matrix {
        let mut outputs = Matrix::zeros(2, 2);
        let numbers = [1.0, ignored, -2.0, ignored];
        outputs.numbers_mut(0..2).copy_from_slice(&numbers);
        outputs
    }

    #[test]
    fn it_is_a_mean_over_what_is_asked_for() {
        for ignored in [0.0, f32::NAN] {
            let found = evaluate(&OF_PIXELS, &outputs_with(ignored), &SOME_TARGETS);
            assert_eq!(found.value, 2.5);
        }
        let broken = [None, Some(0.0), None, None];
        let found = evaluate(&OF_PIXELS, &outputs_with(f32::NAN), &broken);
        assert!(found.value.is_nan());
    }

    #[test]
    fn its_gradient_is_of_what_is_asked_for() {
        let mut gradient = Matrix::zeros(2, 2);
        OF_PIXELS.gradient(&outputs_with(7.0), &SOME_TARGETS, &mut gradient, &mut []);
        assert_eq!(gradient.numbers(0..2), [-2.0, 0.0, -1.0, 0.0]);
    }
}
