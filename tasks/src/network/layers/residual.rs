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
        // All ways back but the last, to the inputs, are on the way to a parameter.
        let parameter_gradient_flops = self.inner.backward_flops(1);
        let cost = self.inner.cost();
        let backward_flops = cost.parameter_gradient_flops + cost.input_gradient_flops;
        Cost {
            parameter_gradient_flops,
            input_gradient_flops: backward_flops - parameter_gradient_flops,
            ..cost
        }
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

#[cfg(test)]
mod tests {
    use super::super::super::{Activations, Model};
    use super::super::Dense;
    use super::*;

    #[test]
    fn inputs_are_added_and_tensors_keep_their_names() {
        let inner = Model::of(2).then("output", Dense::new(2, 2));
        let model = Model::of(2).then("block", Residual::of(inner));
        let names = model.layout().tensors().iter().map(|it| it.name.as_str());
        assert!(names.eq(["block output weight", "block output bias"]));
        let mut parameters = vec![0.0; model.layout().arena_len()];
        parameters[..4].copy_from_slice(&[0.0, 2.0, 1.0, 0.0]);
        let mut inputs = Matrix::zeros(1, 2);
        inputs.row_mut(0).copy_from_slice(&[10.0, 100.0]);
        let mut activations = Activations::for_evaluation(&model, 1);
        model.forward(&parameters, &inputs, 0..1, &mut activations);
        assert_eq!(activations.outputs().row(0), [110.0, 120.0]);
    }
}
