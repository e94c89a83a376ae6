//! Mean squared error.

use super::{Objective, Sums};
use crate::network::Matrix;
use crate::training::Evaluation;
use crate::{Direction, Metric};

/// The mean, over an example's targets, of the squares of outputs less targets.
pub(crate) struct SquaredError;

impl Objective for SquaredError {
    type Target = f32;

    fn metric(&self) -> Metric {
        Metric {
            name: "validation mean squared error",
            unit: "variances of the target",
            direction: Direction::LowerIsBetter,
        }
    }

    fn companion(&self) -> Option<Metric> {
        None
    }

    /// 2 (output − target) / targets.
    fn gradient(
        &self,
        outputs: &Matrix,
        targets: &[f32],
        gradient: &mut Matrix,
        _scratch: &mut [f32],
    ) {
        let scale = 2.0 / targets.len() as f32;
        let rows = outputs.rows();
        let pairs = outputs.numbers(0..rows).iter().zip(targets);
        for (gradient, (output, target)) in gradient.numbers_mut(0..rows).iter_mut().zip(pairs) {
            *gradient = scale * (output - target);
        }
    }

    fn add(
        &self,
        outputs: &Matrix,
        rows: usize,
        targets: &[f32],
        _scratch: &mut [f32],
        sums: &mut Sums,
    ) {
        for (output, target) in outputs.numbers(0..rows).iter().zip(targets) {
            let error = f64::from(*output) - f64::from(*target);
            sums.loss += error * error;
            sums.count += 1;
        }
    }

    fn evaluation(&self, sums: &Sums) -> Evaluation {
        Evaluation {
            value: sums.loss / sums.count as f64,
            companion: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;

    fn outputs() -> Matrix {
        let mut outputs = Matrix::zeros(2, 1);
        outputs.numbers_mut(0..2).copy_from_slice(&[1.0, -2.0]);
        outputs
    }

    #[test]
    fn it_is_a_mean_over_targets() {
        assert_eq!(evaluate(&SquaredError, &outputs(), &[3.0, -1.0]).value, 2.5);
    }

    #[test]
    fn its_gradient_is_of_the_mean() {
        let mut gradient = Matrix::zeros(2, 1);
        SquaredError.gradient(&outputs(), &[3.0, -1.0], &mut gradient, &mut []);
        assert_eq!(gradient.numbers(0..2), [-2.0, -1.0]);
    }
}
