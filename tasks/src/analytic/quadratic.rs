//! A quadratic function whose axes are rotated.

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};
use rand::RngExt;

use super::Function;
use crate::Stream;
use crate::data::{random_orthonormal, standard_normal};

const ROWS: usize = 8;
const COLUMNS: usize = 8;
const DIMENSIONS: usize = ROWS * COLUMNS;

/// f(x) = ½ (x − x*)ᵀ H (x − x*) with H = Q Λ Qᵀ, for a random rotation Q and eigenvalues Λ that go from 1 down in equal
/// ratios.
///
/// The start is x* + Q Λ^−½ u with uᵢ = ±⅛ at random: every axis has the same share of the loss there, which is ½. So a
/// rule that does not get along the flat ones cannot hide it. The minimum x* is normal, about as far from 0 as from the
/// start: no rule gets there by letting weights decay.
#[derive(Clone)]
pub(crate) struct Quadratic {
    hessian: Vec<f32>,
    minimum: Vec<f32>,
    start: Vec<f32>,
    /// x − x*.
    distance: Vec<f32>,
    /// H (x − x*).
    image: Vec<f32>,
}

impl Quadratic {
    /// A function with the smallest eigenvalue 1 / `condition_number`.
    pub(crate) fn random(condition_number: f64, numbers: &mut Stream) -> Self {
        let axes = random_orthonormal(DIMENSIONS, DIMENSIONS, &[], numbers);
        let mut hessian = vec![0.0; DIMENSIONS * DIMENSIONS];
        let mut way = vec![0.0; DIMENSIONS];
        for (index, axis) in axes.iter().enumerate() {
            let exponent = -(index as f64) / (DIMENSIONS - 1) as f64;
            let eigenvalue = libm::pow(condition_number, exponent);
            let sign = if numbers.random() { 1.0 } else { -1.0 };
            let along = sign / libm::sqrt(eigenvalue * DIMENSIONS as f64);
            for (row, component) in axis.iter().enumerate() {
                way[row] += along * component;
                let row = &mut hessian[row * DIMENSIONS..][..DIMENSIONS];
                for (element, other) in row.iter_mut().zip(axis) {
                    *element += eigenvalue * component * other;
                }
            }
        }
        let square = way.iter().map(|it| it * it).sum::<f64>();
        let scale = libm::sqrt(square / DIMENSIONS as f64);
        let minimum = way.iter().map(|_| scale * standard_normal(numbers));
        let minimum: Vec<f64> = minimum.collect();
        let start = minimum.iter().zip(&way).map(|(it, way)| it + way);
        Self {
            start: start.map(|it| it as f32).collect(),
            hessian: hessian.iter().map(|it| *it as f32).collect(),
            minimum: minimum.iter().map(|it| *it as f32).collect(),
            distance: vec![0.0; DIMENSIONS],
            image: vec![0.0; DIMENSIONS],
        }
    }

    /// Sets the distance, and the image to that of it, as a row.
    fn look_at(&mut self, parameters: &[f32]) {
        let ends = parameters.iter().zip(&self.minimum);
        for (distance, (x, minimum)) in self.distance.iter_mut().zip(ends) {
            *distance = x - minimum;
        }
        multiply(
            MatrixView::new(&self.distance, 1, DIMENSIONS),
            MatrixView::new(&self.hessian, DIMENSIONS, DIMENSIONS),
            Start::Zero,
            &mut MatrixViewMut::new(&mut self.image, 1, DIMENSIONS),
        );
    }
}

impl Function for Quadratic {
    const SHAPE: [usize; 2] = [ROWS, COLUMNS];
    const GRADIENT_FLOPS: u64 = (2 * DIMENSIONS * DIMENSIONS + DIMENSIONS) as u64;

    fn start(&self) -> &[f32] {
        &self.start
    }

    fn value(&mut self, parameters: &[f32]) -> f64 {
        self.look_at(parameters);
        let terms = self.distance.iter().zip(&self.image);
        let sum: f64 = terms
            .map(|(way, image)| f64::from(*way) * f64::from(*image))
            .sum();
        // Rounding may leave a sum that is negative, near the minimum.
        if sum < 0.0 { 0.0 } else { 0.5 * sum }
    }

    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        self.look_at(parameters);
        gradient.copy_from_slice(&self.image);
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
        let (start, minimum) = (function.start.clone(), function.minimum.clone());
        assert!((function.value(&start) - 0.5).abs() < 1e-5);
        assert_eq!(function.value(&minimum), 0.0);
        for (index, axis) in axes.iter().enumerate() {
            let mut value_along = |length: f64| {
                let places = minimum.iter().zip(axis);
                let place =
                    places.map(|(it, component)| (f64::from(*it) + length * component) as f32);
                function.value(&place.collect::<Vec<f32>>())
            };
            let ways = start
                .iter()
                .zip(&minimum)
                .map(|(x, it)| f64::from(*x) - f64::from(*it));
            let along: f64 = axis
                .iter()
                .zip(ways)
                .map(|(component, way)| component * way)
                .sum();
            let share = value_along(along) * DIMENSIONS as f64;
            assert!((share - 0.5).abs() < 1e-4, "axis {index}: {share}");
            let expected = 0.5 * CONDITION_NUMBER.powf(-(index as f64) / 63.0);
            let found = value_along(1.0);
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "axis {index}: {found}"
            );
        }
    }
}
