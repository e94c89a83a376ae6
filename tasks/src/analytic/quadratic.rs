//! A quadratic function whose axes are rotated.

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};
use rand::RngExt;

use super::Function;
use crate::Stream;
use crate::data::random_orthonormal;

const ROWS: usize = 8;
const COLUMNS: usize = 8;
const DIMENSIONS: usize = ROWS * COLUMNS;

/// f(x) = ½ xᵀ H x with H = Q Λ Qᵀ, for a random rotation Q and eigenvalues Λ that go from 1 down in equal ratios.
///
/// The start is Q Λ^−½ u with uᵢ = ±⅛ at random: every axis has the same share of the loss there, which is ½. So a rule
/// that does not get along the flat ones cannot hide it.
#[derive(Clone)]
pub(crate) struct Quadratic {
    hessian: Vec<f32>,
    start: Vec<f32>,
    /// H x.
    image: Vec<f32>,
}

impl Quadratic {
    /// A function with the smallest eigenvalue 1 / `condition_number`.
    pub(crate) fn random(condition_number: f64, numbers: &mut Stream) -> Self {
        let axes = random_orthonormal(DIMENSIONS, DIMENSIONS, &[], numbers);
        let eigenvalue = |index: usize| {
            let exponent = -(index as f64) / (DIMENSIONS - 1) as f64;
            libm::pow(condition_number, exponent)
        };
        let mut hessian = vec![0.0; DIMENSIONS * DIMENSIONS];
        let mut start = vec![0.0; DIMENSIONS];
        for (index, axis) in axes.iter().enumerate() {
            let eigenvalue = eigenvalue(index);
            let sign = if numbers.random() { 1.0 } else { -1.0 };
            let distance = sign / libm::sqrt(eigenvalue * DIMENSIONS as f64);
            for (row, component) in axis.iter().enumerate() {
                start[row] += distance * component;
                let row = &mut hessian[row * DIMENSIONS..][..DIMENSIONS];
                for (element, other) in row.iter_mut().zip(axis) {
                    *element += eigenvalue * component * other;
                }
            }
        }
        let rounded = |numbers: Vec<f64>| numbers.into_iter().map(|it| it as f32).collect();
        Self {
            hessian: rounded(hessian),
            start: rounded(start),
            image: vec![0.0; DIMENSIONS],
        }
    }

    /// `image` = H x, as a row.
    fn multiply(hessian: &[f32], parameters: &[f32], image: &mut [f32]) {
        multiply(
            MatrixView::new(parameters, 1, DIMENSIONS),
            MatrixView::new(hessian, DIMENSIONS, DIMENSIONS),
            Start::Zero,
            &mut MatrixViewMut::new(image, 1, DIMENSIONS),
        );
    }
}

impl Function for Quadratic {
    const SHAPE: [usize; 2] = [ROWS, COLUMNS];
    const GRADIENT_FLOPS: u64 = 2 * (DIMENSIONS * DIMENSIONS) as u64;

    fn start(&self) -> &[f32] {
        &self.start
    }

    fn value(&mut self, parameters: &[f32]) -> f64 {
        Self::multiply(&self.hessian, parameters, &mut self.image);
        let terms = parameters.iter().zip(&self.image);
        let sum: f64 = terms
            .map(|(x, image)| f64::from(*x) * f64::from(*image))
            .sum();
        // Rounding may leave a sum that is negative, near the minimum.
        if sum < 0.0 { 0.0 } else { 0.5 * sum }
    }

    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        Self::multiply(&self.hessian, parameters, gradient);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn every_axis_has_the_same_share_and_its_own_curvature() {
        const CONDITION_NUMBER: f64 = 100.0;
        let mut numbers = stream(4, "test", [0, 0]);
        let axes = random_orthonormal(DIMENSIONS, DIMENSIONS, &[], &mut numbers);
        let mut function = Quadratic::random(CONDITION_NUMBER, &mut stream(4, "test", [0, 0]));
        let start = function.start.clone();
        assert!((function.value(&start) - 0.5).abs() < 1e-6);
        for (index, axis) in axes.iter().enumerate() {
            let along: f64 = axis
                .iter()
                .zip(&start)
                .map(|(a, x)| a * f64::from(*x))
                .sum();
            let on_axis: Vec<f32> = axis.iter().map(|a| (along * a) as f32).collect();
            let share = function.value(&on_axis) * DIMENSIONS as f64;
            assert!((share - 0.5).abs() < 1e-4, "axis {index}: {share}");
            let unit: Vec<f32> = axis.iter().map(|a| *a as f32).collect();
            let expected = 0.5 * CONDITION_NUMBER.powf(-(index as f64) / 63.0);
            let found = function.value(&unit);
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "axis {index}: {found}"
            );
        }
    }
}
