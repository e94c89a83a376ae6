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
