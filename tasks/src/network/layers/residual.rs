//! A model with its inputs added to its outputs.

use std::ops::Range;

use super::super::layer::{Cost, Gradient, Layer, Parameters, Room, Tensor};
use super::super::{Activations, Matrix, Model};

/// `outputs = inputs + inner(inputs)` (He et al. 2016, equation 1).
#[derive(Debug)]
pub(crate) struct Residual {
    inner: Model,
}

impl Residual {
    /// The sum of inputs and what a model makes of them.
    ///
    /// # Panics
    ///
    /// If the model has no layers, or other outputs than inputs.
    pub(crate) fn of(inner: Model) -> Self {
        assert!(!inner.tensors().is_empty(), "layers that learn something");
        assert_eq!(inner.inputs(), inner.outputs(), "what is added up");
        Self { inner }
    }
}

/// The room of the inner model.
fn inside(room: &mut Option<Activations>) -> &mut Activations {
    room.as_mut().expect("a room for the inner model")
}

impl Layer for Residual {
    fn inputs(&self) -> usize {
        self.inner.inputs()
    }

    fn outputs(&self) -> usize {
        self.inner.outputs()
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.inner.tensors().to_vec()
    }

    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn inner(&self) -> Option<&Model> {
        Some(&self.inner)
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let inner = inside(&mut room.inner);
        self.inner
            .pass_forward(parameters, inputs, rows.clone(), inner);
        let terms = inputs.numbers(rows.clone()).iter();
        let terms = terms.zip(inner.outputs().numbers(rows.clone()));
        let outputs = room.outputs.numbers_mut(rows);
        for (output, (input, change)) in outputs.iter_mut().zip(terms) {
            *output = input + change;
        }
    }

    fn backward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        mut input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    ) {
        let inner = inside(&mut room.inner);
        let output_gradient = room.output_gradient.numbers(0..rows);
        let (_, inner_gradient) = inner.for_loss();
        inner_gradient
            .numbers_mut(0..rows)
            .copy_from_slice(output_gradient);
        self.inner.pass_backward(
            parameters,
            inputs,
            rows,
            inner,
            input_gradient.as_deref_mut(),
            gradient,
        );
        if let Some(input_gradient) = input_gradient {
            let sums = input_gradient.numbers_mut(0..rows).iter_mut();
            for (sum, gradient) in sums.zip(output_gradient) {
                *sum += gradient;
            }
        }
    }
}
