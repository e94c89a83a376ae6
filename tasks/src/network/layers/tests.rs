//! What holds for every layer: a row for each in [`models`].

use rand::RngExt;

use super::*;
use crate::data::ImageShape;
use crate::network::difference::assert_gradient;
use crate::network::{Activations, Matrix, Model};
use crate::stream;

/// Small models with every layer, each behind a dense one, which asks for the gradient with respect to inputs.
fn models() -> Vec<(&'static str, Model)> {
    let behind = |inputs: usize| Model::of(5).then("first", Dense::new(5, inputs).tanh());
    vec![
        ("dense", behind(4).then("output", Dense::new(4, 3))),
        ("tanh", behind(4).then("output", Dense::new(4, 3).tanh())),
        ("relu", behind(4).then("output", Dense::new(4, 3).relu())),
        (
            "dense at positions",
            behind(12).then("output", Dense::new(4, 2).at_each_of(3)),
        ),
        (
            "convolution",
            behind(24).then("output", Convolution::new(image(2, 3, 4), 3, 3)),
        ),
        (
            "convolution with relu",
            behind(4).then("output", Convolution::new(image(1, 2, 2), 1, 3).relu()),
        ),
        (
            "convolution with a wide kernel",
            behind(24).then("output", Convolution::new(image(1, 6, 4), 2, 5)),
        ),
        (
            "convolution that comes first",
            Model::of(12).then("output", Convolution::new(image(1, 4, 3), 2, 3)),
        ),
        (
            "max pool",
            behind(16).then("output", MaxPool::new(image(2, 2, 4))),
        ),
        (
            "unit length",
            behind(12).then("output", UnitLength::new(3, 4)),
        ),
        ("layer norm", behind(6).then("norm", LayerNorm::new(6))),
        (
            // More numbers than lanes of a sum, and no multiple of them.
            "layer norm at positions",
            behind(60).then("norm", LayerNorm::new(20).at_each_of(3)),
        ),
        ("residual", behind(6).then("block", residual(6))),
        (
            "residual in residual",
            behind(6).then(
                "outer",
                Residual::of(
                    Model::of(6)
                        .then("block", residual(6))
                        .then("hidden", Dense::new(6, 6)),
                ),
            ),
        ),
        (
            "self-attention",
            behind(20).then("attention", SelfAttention::new(5, 4, 1)),
        ),
        (
            "self-attention with heads",
            behind(36).then("attention", SelfAttention::new(6, 6, 3)),
        ),
        (
            "self-attention over more positions than lanes",
            behind(76).then("attention", SelfAttention::new(19, 4, 2)),
        ),
        ("gru", behind(20).then("gru", Gru::new(5, 4, 3))),
        (
            "gru of one position",
            behind(4).then("gru", Gru::new(1, 4, 3)),
        ),
        (
            "embedding",
            Model::of(5)
                .then("embedding", Embedding::new(4, 5, 3))
                .then("output", Dense::new(15, 4)),
        ),
    ]
}

fn image(channels: usize, height: usize, width: usize) -> ImageShape {
    ImageShape {
        channels,
        height,
        width,
    }
}

/// A block that changes nothing as long as its output is zero.
fn residual(width: usize) -> Residual {
    Residual::of(
        Model::of(width)
            .then("norm", LayerNorm::new(width))
            .then("hidden", Dense::new(width, 8).tanh())
            .then("output", Dense::new(8, width)),
    )
}

/// Random inputs of some rows, random parameters, and the weights of outputs in a loss that is their sum.
struct Case {
    model: Model,
    parameters: Vec<f32>,
    inputs: Matrix,
    weights: Matrix,
}

impl Case {
    fn new(model: Model, rows: usize) -> Self {
        let mut numbers = stream(3, "layer test", [0, 0]);
        let mut parameters = model.initialise(&mut numbers);
        for parameter in &mut parameters {
            // Biases and gains too.
            *parameter += 0.4 * numbers.random::<f32>() - 0.2;
        }
        let mut draw = |columns: usize| {
            let mut matrix = Matrix::zeros(rows, columns);
            let drawn = || 2.0 * numbers.random::<f32>() - 1.0;
            matrix.numbers_mut(0..rows).fill_with(drawn);
            matrix
        };
        Self {
            inputs: draw(model.inputs()),
            weights: draw(model.outputs()),
            model,
            parameters,
        }
    }

    fn loss(&self, parameters: &[f32], activations: &mut Activations) -> f64 {
        let rows = 0..self.inputs.rows();
        self.model
            .forward(parameters, &self.inputs, rows.clone(), activations);
        let outputs = activations.outputs().numbers(rows.clone());
        let terms = outputs.iter().zip(self.weights.numbers(rows));
        terms
            .map(|(output, weight)| f64::from(*output) * f64::from(*weight))
            .sum()
    }

    fn gradient(&self, activations: &mut Activations) -> Vec<f32> {
        let rows = self.inputs.rows();
        self.loss(&self.parameters, activations);
        let (_, output_gradient) = activations.for_loss();
        let weights = self.weights.numbers(0..rows);
        output_gradient
            .numbers_mut(0..rows)
            .copy_from_slice(weights);
        let mut gradient = vec![0.0; self.parameters.len()];
        let (parameters, inputs) = (&self.parameters, &self.inputs);
        self.model
            .backward(parameters, inputs, rows, activations, &mut gradient);
        gradient
    }
}

#[test]
fn gradients_match_central_differences() {
    for (name, model) in models() {
        println!("{name}");
        let case = Case::new(model, 7);
        let mut activations = Activations::for_training(&case.model, 7);
        let gradient = case.gradient(&mut activations);
        assert_gradient(
            case.model.layout(),
            &case.parameters,
            &gradient,
            |parameters| case.loss(parameters, &mut activations),
        );
    }
}

#[test]
fn buffers_that_were_used_before_do_not_show() {
    for (name, model) in models() {
        let case = Case::new(model, 7);
        let mut activations = Activations::for_training(&case.model, 9);
        let first = case.gradient(&mut activations);
        assert_eq!(first, case.gradient(&mut activations), "{name}");
        let padding = case.model.layout().tensors().iter();
        let mut padding = padding.flat_map(|it| it.range().end..it.padded_range().end);
        assert!(padding.all(|index| first[index] == 0.0), "{name}");
    }
}

#[test]
fn rows_can_be_computed_apart() {
    for (name, model) in models() {
        let Case {
            model,
            parameters,
            inputs,
            ..
        } = Case::new(model, 6);
        let mut whole = Activations::for_evaluation(&model, 6);
        model.forward(&parameters, &inputs, 0..6, &mut whole);
        let mut parts = Activations::for_evaluation(&model, 6);
        model.forward(&parameters, &inputs, 4..6, &mut parts);
        model.forward(&parameters, &inputs, 0..4, &mut parts);
        let bits = |activations: &Activations| {
            let outputs = activations.outputs().numbers(0..6);
            outputs.iter().map(|it| it.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(&whole), bits(&parts), "{name}");
    }
}

#[test]
fn initial_parameters_fill_their_bounds_and_biases_are_zero() {
    let model = Model::of(64)
        .then("hidden", Dense::new(64, 32).relu())
        .then("output", Dense::new(32, 10));
    let parameters = model.initialise(&mut stream(1, "test", [0, 0]));
    let largest = |tensor: usize| {
        let values = &parameters[model.layout().tensors()[tensor].range()];
        values
            .iter()
            .fold(0.0, |largest: f32, value| largest.max(value.abs()))
    };
    // He: √(6/64) = 0.3062; Glorot: √(6/42) = 0.3780.
    assert!((0.300..=0.3062).contains(&largest(0)), "{}", largest(0));
    assert!((0.366..=0.3780).contains(&largest(2)), "{}", largest(2));
    assert_eq!((largest(1), largest(3)), (0.0, 0.0));
}
