//! Vectors made one long, so that only their directions are left.

use std::ops::Range;

use super::super::Matrix;
use super::super::layer::{Cost, Gradient, Layer, Parameters, Room};

/// Added to a vector's square, so that a vector of zeros stays one and has a gradient.
const SQUARE: f64 = 1e-6;

/// `outputs = inputs / √(|inputs|² + 10⁻⁶)`, for each of so many vectors of an example by itself.
///
/// In f64, for the square of a large f32 is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitLength {
    vectors: usize,
    dimensions: usize,
}

impl UnitLength {
    /// A layer for examples of so many vectors, one after the other.
    pub(crate) fn new(vectors: usize, dimensions: usize) -> Self {
        Self {
            vectors,
            dimensions,
        }
    }
}

impl Layer for UnitLength {
    fn inputs(&self) -> usize {
        self.vectors * self.dimensions
    }

    fn outputs(&self) -> usize {
        self.vectors * self.dimensions
    }

    fn cost(&self) -> Cost {
        Cost {
            forward_flops: 0,
            parameter_gradient_flops: 0,
            input_gradient_flops: 0,
        }
    }

    /// What each vector was multiplied by.
    fn kept(&self) -> usize {
        self.vectors
    }

    fn forward(
        &self,
        _parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let inputs = inputs.numbers(rows.clone()).chunks_exact(self.dimensions);
        let outputs = room.outputs.numbers_mut(rows.clone());
        let outputs = outputs.chunks_exact_mut(self.dimensions);
        let factors = room.kept.numbers_mut(rows).iter_mut();
        for ((inputs, outputs), kept) in inputs.zip(outputs).zip(factors) {
            let square = inputs.iter().fold(SQUARE, |sum, input| {
                sum + f64::from(*input) * f64::from(*input)
            });
            let factor = 1.0 / square.sqrt();
            for (output, input) in outputs.iter_mut().zip(inputs) {
                *output = (f64::from(*input) * factor) as f32;
            }
            *kept = factor as f32;
        }
    }

    /// (gradient − output · ⟨output, gradient⟩) · factor.
    fn backward(
        &self,
        _parameters: Parameters<'_>,
        _inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        input_gradient: Option<&mut Matrix>,
        _gradient: &mut Gradient<'_>,
    ) {
        let Some(input_gradient) = input_gradient else {
            return;
        };
        let vectors = |matrix| Matrix::numbers(matrix, 0..rows).chunks_exact(self.dimensions);
        let outputs = vectors(&room.outputs).zip(vectors(&room.output_gradient));
        let gradients = input_gradient.numbers_mut(0..rows);
        let gradients = gradients.chunks_exact_mut(self.dimensions);
        let factors = room.kept.numbers(0..rows).iter();
        for (((outputs, output_gradient), gradient), factor) in outputs.zip(gradients).zip(factors)
        {
            let pairs = outputs.iter().zip(output_gradient);
            let along: f32 = pairs.clone().map(|(output, of)| output * of).sum();
            for (gradient, (output, of)) in gradient.iter_mut().zip(pairs) {
                *gradient = (of - output * along) * factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Activations, Model};

    fn directions(vectors: [[f32; 2]; 3]) -> [[f32; 2]; 3] {
        let model = Model::of(6).then("only", UnitLength::new(3, 2));
        let mut inputs = Matrix::zeros(1, 6);
        inputs.row_mut(0).copy_from_slice(vectors.as_flattened());
        let mut activations = Activations::for_evaluation(&model, 1);
        model.forward(&[], &inputs, 0..1, &mut activations);
        let outputs = activations.outputs().row(0);
        [0, 1, 2].map(|vector| [outputs[2 * vector], outputs[2 * vector + 1]])
    }

    #[test]
    fn each_vector_is_as_long_as_its_square_and_the_constant_say() {
        // |(3, 4)|² · 10⁻⁶ + 10⁻⁶ = 26 · 10⁻⁶.
        let found = directions([[3.0, -4.0], [0.003, 0.004], [0.0, 0.0]]);
        let short = 26.0_f32.sqrt();
        let expected = [[0.6, -0.8], [3.0 / short, 4.0 / short], [0.0, 0.0]];
        for (found, expected) in found.as_flattened().iter().zip(expected.as_flattened()) {
            assert!(
                (found - expected).abs() < 1e-6,
                "{found} and not {expected}"
            );
        }
    }

    #[test]
    fn large_vectors_have_directions_and_infinite_ones_are_seen_to_be_broken() {
        let large = 2.0_f32.powi(100);
        let large = [3.0 * large, 4.0 * large];
        let found = directions([[f32::MAX, 0.0], large, [f32::INFINITY, 1.0]]);
        assert_eq!(found[0], [1.0, 0.0]);
        assert_eq!(found[1], [0.6, 0.8]);
        assert!(found[2][0].is_nan());
    }
}
