//! Mean squared error of those numbers of an example that are asked for.

use super::{Objective, Sums};
use crate::network::Matrix;
use crate::training::Evaluation;
use crate::{Direction, Metric};

/// The mean of the squares of outputs less targets, over those outputs that have a target.
pub(crate) struct Reconstruction;

impl Objective for Reconstruction {
    /// `None` for an output that may be anything.
    type Target = Option<f32>;

    fn metric(&self) -> Metric {
        Metric {
            name: "validation mean squared error of pixels",
            unit: "squares of the range of a pixel",
            direction: Direction::LowerIsBetter,
        }
    }

    fn companion(&self) -> Option<Metric> {
        None
    }

    /// 2 (output − target) / number of targets, and 0 where there is none.
    fn gradient(
        &self,
        outputs: &Matrix,
        targets: &[Option<f32>],
        gradient: &mut Matrix,
        _scratch: &mut [f32],
    ) {
        let count = targets.iter().flatten().count();
        let scale = 2.0 / count as f32;
        let rows = outputs.rows();
        let pairs = outputs.numbers(0..rows).iter().zip(targets);
        for (gradient, (output, target)) in gradient.numbers_mut(0..rows).iter_mut().zip(pairs) {
            *gradient = target.map_or(0.0, |target| scale * (output - target));
        }
    }

    fn add(
        &self,
        outputs: &Matrix,
        rows: usize,
        targets: &[Option<f32>],
        _scratch: &mut [f32],
        sums: &mut Sums,
    ) {
        for (output, target) in outputs.numbers(0..rows).iter().zip(targets) {
            if let Some(target) = target {
                let error = f64::from(*output) - f64::from(*target);
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
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;

    const TARGETS: [Option<f32>; 4] = [Some(3.0), None, Some(-1.0), None];

    /// Two examples of two numbers.
    fn outputs(ignored: f32) -> Matrix {
        let mut outputs = Matrix::zeros(2, 2);
        let numbers = [1.0, ignored, -2.0, ignored];
        outputs.numbers_mut(0..2).copy_from_slice(&numbers);
        outputs
    }

    #[test]
    fn it_is_a_mean_over_what_is_asked_for() {
        for ignored in [0.0, f32::NAN] {
            let found = evaluate(&Reconstruction, &outputs(ignored), &TARGETS);
            assert_eq!(found.value, 2.5);
        }
        let broken = [None, Some(0.0), None, None];
        let found = evaluate(&Reconstruction, &outputs(f32::NAN), &broken);
        assert!(found.value.is_nan());
    }

    #[test]
    fn its_gradient_is_of_that_mean() {
        let mut gradient = Matrix::zeros(2, 2);
        Reconstruction.gradient(&outputs(7.0), &TARGETS, &mut gradient, &mut []);
        assert_eq!(gradient.numbers(0..2), [-2.0, 0.0, -1.0, 0.0]);
    }
}
