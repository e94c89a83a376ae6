//! The one architecture that the tasks share: inputs → hidden units → linear outputs.

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};

use super::{Matrix, Shape};
use crate::{ParameterLayout, TensorLayout};

/// What a forward pass leaves for the loss and for the backward pass.
#[derive(Debug, Clone)]
pub(crate) struct Activations {
    /// Outputs of the hidden units, rows × hidden.
    hidden: Matrix,
    /// Rows × outputs; the loss replaces them by its gradient with respect to them.
    pub(crate) outputs: Matrix,
    /// Gradient with respect to the hidden units, rows × hidden.
    hidden_gradient: Matrix,
}

impl Activations {
    /// Room for up to `rows` examples that are trained on.
    pub(crate) fn for_training(shape: Shape, rows: usize) -> Self {
        Self {
            hidden_gradient: Matrix::zeros(rows, shape.hidden),
            ..Self::for_evaluation(shape, rows)
        }
    }

    /// Room for up to `rows` examples that are only looked at.
    pub(crate) fn for_evaluation(shape: Shape, rows: usize) -> Self {
        Self {
            hidden: Matrix::zeros(rows, shape.hidden),
            outputs: Matrix::zeros(rows, shape.outputs),
            hidden_gradient: Matrix::zeros(0, shape.hidden),
        }
    }
}

/// A network at some parameters, which [`load`](Self::load) sets.
#[derive(Debug, Clone)]
pub(crate) struct TwoLayerNetwork {
    shape: Shape,
    layout: ParameterLayout,
    /// An arena of the layout.
    parameters: Vec<f32>,
}

impl TwoLayerNetwork {
    /// A network whose parameters are all zero until they are loaded.
    pub(crate) fn new(shape: Shape) -> Self {
        let layout = shape.layout();
        Self {
            shape,
            parameters: vec![0.0; layout.arena_len()],
            layout,
        }
    }

    /// Takes over the parameters of an arena in [`Shape::layout`]; its padding is not used.
    pub(crate) fn load(&mut self, parameters: &[f32]) {
        self.parameters.copy_from_slice(parameters);
    }

    fn weight(&self, tensor: &TensorLayout) -> MatrixView<'_> {
        MatrixView::new(
            &self.parameters[tensor.range()],
            tensor.rows,
            tensor.columns,
        )
    }

    /// `out = inputs · weight + bias`, for the given rows: the chain of an element begins with its unit's bias.
    fn dense(
        &self,
        inputs: &Matrix,
        [weight, bias]: [&TensorLayout; 2],
        rows: Range<usize>,
        out: &mut Matrix,
    ) {
        multiply(
            inputs.view(rows.clone()),
            self.weight(weight),
            Start::Row(&self.parameters[bias.range()]),
            &mut out.view_mut(rows),
        );
    }

    /// Computes `rows` of `activations` from the same rows of `inputs`.
    pub(crate) fn forward(
        &self,
        inputs: &Matrix,
        rows: Range<usize>,
        activations: &mut Activations,
    ) {
        let Activations {
            hidden, outputs, ..
        } = activations;
        let [hidden_weight, hidden_bias, output_weight, output_bias] = tensors(&self.layout);
        self.dense(inputs, [hidden_weight, hidden_bias], rows.clone(), hidden);
        self.shape
            .activation
            .apply(hidden.numbers_mut(rows.clone()));
        self.dense(hidden, [output_weight, output_bias], rows, outputs);
    }

    /// Writes the loss's gradient with respect to the parameters to the arena `gradient`, whose padding is left alone.
    ///
    /// `activations` are those of a forward pass over `inputs`, with its outputs replaced by the loss's gradient with
    /// respect to them; the first `rows` rows of both are used.
    pub(crate) fn backward(
        &self,
        inputs: &Matrix,
        rows: usize,
        activations: &mut Activations,
        gradient: &mut [f32],
    ) {
        let Activations {
            hidden,
            outputs: output_gradient,
            hidden_gradient,
        } = activations;
        let [hidden_weight, hidden_bias, output_weight, output_bias] = tensors(&self.layout);
        weight_gradient(
            hidden,
            output_gradient,
            rows,
            &mut gradient[output_weight.range()],
        );
        bias_gradient(output_gradient, rows, &mut gradient[output_bias.range()]);

        multiply(
            output_gradient.view(0..rows),
            self.weight(output_weight).transposed(),
            Start::Zero,
            &mut hidden_gradient.view_mut(0..rows),
        );
        self.shape.activation.backward(
            hidden.numbers(0..rows),
            hidden_gradient.numbers_mut(0..rows),
        );

        weight_gradient(
            inputs,
            hidden_gradient,
            rows,
            &mut gradient[hidden_weight.range()],
        );
        bias_gradient(hidden_gradient, rows, &mut gradient[hidden_bias.range()]);
    }
}

/// Weight and bias of the hidden layer, then of the output layer.
fn tensors(layout: &ParameterLayout) -> [&TensorLayout; 4] {
    let [hidden_weight, hidden_bias, output_weight, output_bias] = layout.tensors() else {
        unreachable!("a two-layer network has four tensors");
    };
    [hidden_weight, hidden_bias, output_weight, output_bias]
}

/// `out = inputsᵀ · output_gradient` over the first `rows` rows.
fn weight_gradient(inputs: &Matrix, output_gradient: &Matrix, rows: usize, out: &mut [f32]) {
    multiply(
        inputs.view(0..rows).transposed(),
        output_gradient.view(0..rows),
        Start::Zero,
        &mut MatrixViewMut::new(out, inputs.columns(), output_gradient.columns()),
    );
}

/// The column sums of the first `rows` rows.
fn bias_gradient(output_gradient: &Matrix, rows: usize, out: &mut [f32]) {
    out.fill(0.0);
    for row in 0..rows {
        for (sum, value) in out.iter_mut().zip(output_gradient.row(row)) {
            *sum += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::reference::{assert_gradient, forward};
    use crate::network::{
        Activation, InitialScale, cross_entropy_gradient, squared_error_gradient,
    };
    use crate::{Stream, stream};
    use rand::RngExt;

    /// A batch of random features and random parameters, biases included.
    fn batch(shape: Shape, rows: usize) -> (Vec<f32>, Matrix, Stream) {
        let mut numbers = stream(6, "network test", [shape.inputs as u64, rows as u64]);
        let mut parameters = shape.initialise(InitialScale::Glorot, &mut numbers);
        for tensor in [1, 3] {
            let range = shape.layout().tensors()[tensor].range();
            parameters[range].fill_with(|| numbers.random::<f32>() - 0.5);
        }
        let mut features = Matrix::zeros(rows, shape.inputs);
        for row in 0..rows {
            features
                .row_mut(row)
                .fill_with(|| numbers.random::<f32>() * 2.0 - 1.0);
        }
        (parameters, features, numbers)
    }

    /// The gradient by forward pass, `loss_gradient` on the outputs, and backward pass.
    fn gradient(
        shape: Shape,
        parameters: &[f32],
        features: &Matrix,
        loss_gradient: impl FnOnce(&mut Matrix),
    ) -> Vec<f32> {
        let rows = features.rows();
        let mut network = TwoLayerNetwork::new(shape);
        let mut activations = Activations::for_training(shape, rows);
        let mut gradient = vec![0.0; parameters.len()];
        network.load(parameters);
        network.forward(features, 0..rows, &mut activations);
        loss_gradient(&mut activations.outputs);
        network.backward(features, rows, &mut activations, &mut gradient);
        gradient
    }

    fn check_cross_entropy(shape: Shape, rows: usize, every: usize) {
        let (parameters, features, mut numbers) = batch(shape, rows);
        let labels: Vec<u8> = (0..rows)
            .map(|_| numbers.random_range(0..shape.outputs as u8))
            .collect();
        let gradient = gradient(shape, &parameters, &features, |outputs| {
            cross_entropy_gradient(outputs, &labels);
        });
        assert_gradient(shape, &parameters, &gradient, every, |parameters| {
            let loss = |row: usize| {
                let logits = forward(shape, parameters, features.row(row));
                let sum: f64 = logits.iter().map(|logit| libm::exp(*logit)).sum();
                libm::log(sum) - logits[usize::from(labels[row])]
            };
            (0..rows).map(loss).sum::<f64>() / rows as f64
        });
    }

    fn check_squared_error(shape: Shape, rows: usize) {
        let (parameters, features, mut numbers) = batch(shape, rows);
        let targets: Vec<f32> = (0..rows).map(|_| numbers.random::<f32>()).collect();
        let gradient = gradient(shape, &parameters, &features, |outputs| {
            squared_error_gradient(outputs, &targets);
        });
        assert_gradient(shape, &parameters, &gradient, 1, |parameters| {
            let loss = |row: usize| {
                let prediction = forward(shape, parameters, features.row(row))[0];
                let error = prediction - f64::from(targets[row]);
                error * error
            };
            (0..rows).map(loss).sum::<f64>() / rows as f64
        });
    }

    #[test]
    fn cross_entropy_gradients_match_central_differences() {
        for activation in [Activation::Relu, Activation::Tanh] {
            check_cross_entropy(
                Shape {
                    inputs: 3,
                    hidden: 5,
                    outputs: 4,
                    activation,
                },
                7,
                1,
            );
        }
        // The shape of `digits-mlp`, every 23rd parameter of each tensor.
        let activation = Activation::Relu;
        check_cross_entropy(
            Shape {
                inputs: 64,
                hidden: 32,
                outputs: 10,
                activation,
            },
            32,
            23,
        );
    }

    #[test]
    fn squared_error_gradients_match_central_differences() {
        for activation in [Activation::Relu, Activation::Tanh] {
            check_squared_error(
                Shape {
                    inputs: 3,
                    hidden: 5,
                    outputs: 1,
                    activation,
                },
                7,
            );
        }
        // The shape of `diabetes-mlp`, all of its parameters.
        let activation = Activation::Tanh;
        check_squared_error(
            Shape {
                inputs: 10,
                hidden: 16,
                outputs: 1,
                activation,
            },
            32,
        );
    }

    #[test]
    fn rows_can_be_computed_apart() {
        let shape = Shape {
            inputs: 4,
            hidden: 9,
            outputs: 2,
            activation: Activation::Tanh,
        };
        let (parameters, features, _) = batch(shape, 6);
        let mut network = TwoLayerNetwork::new(shape);
        network.load(&parameters);
        let mut whole = Activations::for_evaluation(shape, 6);
        network.forward(&features, 0..6, &mut whole);
        let mut parts = Activations::for_evaluation(shape, 6);
        network.forward(&features, 4..6, &mut parts);
        network.forward(&features, 0..4, &mut parts);
        for row in 0..6 {
            assert_eq!(whole.outputs.row(row), parts.outputs.row(row));
        }
    }
}
