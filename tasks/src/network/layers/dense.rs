//! Every output a weighted sum of all inputs, bent by an activation.

use std::ops::Range;

use mlevolve_product::{MatrixViewMut, Start, multiply};
use multiversion::multiversion;

use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};
use super::super::{Activation, Matrix};

/// `outputs = activation(inputs · weight + bias)`, at each of so many positions of an example alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dense {
    inputs: usize,
    outputs: usize,
    positions: usize,
    activation: Activation,
    initial: Initial,
}

impl Dense {
    /// A layer without activation, with weights that start after [`Initial::Glorot`] and biases that start at 0.
    pub(crate) fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            positions: 1,
            activation: Activation::Identity,
            initial: Initial::Glorot { inputs, outputs },
        }
    }

    /// The same, with tanh.
    pub(crate) fn tanh(self) -> Self {
        Self {
            activation: Activation::Tanh,
            ..self
        }
    }

    /// The same, with ReLU, and weights that start after [`Initial::He`].
    pub(crate) fn relu(self) -> Self {
        Self {
            activation: Activation::Relu,
            initial: Initial::He {
                inputs: self.inputs,
            },
            ..self
        }
    }

    /// The same for an example of many positions, one after the other.
    pub(crate) fn at_each_of(self, positions: usize) -> Self {
        Self { positions, ..self }
    }
}

impl Layer for Dense {
    fn inputs(&self) -> usize {
        self.positions * self.inputs
    }

    fn outputs(&self) -> usize {
        self.positions * self.outputs
    }

    fn tensors(&self) -> Vec<Tensor> {
        vec![
            Tensor::new("weight", [self.inputs, self.outputs], self.initial),
            Tensor::new("bias", [1, self.outputs], Initial::Zero),
        ]
    }

    fn cost(&self) -> Cost {
        let product = (2 * self.positions * self.inputs * self.outputs) as u64;
        let bias = (self.positions * self.outputs) as u64;
        Cost {
            forward_flops: product + bias,
            parameter_gradient_flops: product + bias,
            input_gradient_flops: product,
        }
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        // The chain of an element begins with its unit's bias.
        multiply(
            inputs.view_by(self.inputs, rows.clone()),
            parameters.matrix(0),
            Start::Row(parameters.tensor(1)),
            &mut room.outputs.view_by_mut(self.outputs, rows.clone()),
        );
        self.activation.apply(room.outputs.numbers_mut(rows));
    }

    fn backward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    ) {
        let rows = 0..rows;
        self.activation.backward(
            room.outputs.numbers(rows.clone()),
            room.output_gradient.numbers_mut(rows.clone()),
        );
        let output_gradient = room.output_gradient.view_by(self.outputs, rows.clone());
        multiply(
            inputs.view_by(self.inputs, rows.clone()).transposed(),
            output_gradient,
            Start::Zero,
            &mut MatrixViewMut::new(gradient.tensor(0), self.inputs, self.outputs),
        );
        sum_rows(
            room.output_gradient.numbers(rows.clone()),
            gradient.tensor(1),
        );
        if let Some(input_gradient) = input_gradient {
            multiply(
                output_gradient,
                parameters.matrix(0).transposed(),
                Start::Zero,
                &mut input_gradient.view_by_mut(self.inputs, rows),
            );
        }
    }
}

/// Writes the sums of columns, top down, of a matrix with as many columns as `sums`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn sum_rows(numbers: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for row in numbers.chunks_exact(sums.len()) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}
