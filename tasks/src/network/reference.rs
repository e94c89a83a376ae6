//! For tests only: the same network once more, in f64 and as plainly as can be, to check gradients against.

use super::{Activation, Shape};

/// The outputs for one example at the parameters of an arena in [`Shape::layout`].
pub(crate) fn forward(shape: Shape, parameters: &[f64], features: &[f32]) -> Vec<f64> {
    let layout = shape.layout();
    let [hidden_weight, hidden_bias, output_weight, output_bias] = layout.tensors() else {
        panic!("a two-layer network has four tensors");
    };
    let hidden: Vec<f64> = (0..shape.hidden)
        .map(|unit| {
            let mut sum = parameters[hidden_bias.offset + unit];
            for (input, feature) in features.iter().enumerate() {
                let weight = parameters[hidden_weight.offset + input * shape.hidden + unit];
                sum += weight * f64::from(*feature);
            }
            match shape.activation {
                Activation::Relu => sum.max(0.0),
                Activation::Tanh => libm::tanh(sum),
            }
        })
        .collect();
    (0..shape.outputs)
        .map(|output| {
            let mut sum = parameters[output_bias.offset + output];
            for (unit, value) in hidden.iter().enumerate() {
                sum += parameters[output_weight.offset + unit * shape.outputs + output] * value;
            }
            sum
        })
        .collect()
}

/// Compares every `every`-th parameter's gradient with the central difference of `loss`.
///
/// In f64 with a step of 1e-5, the difference's own error is below 1e-9, so the tolerance is that of f32: sums of a few
/// hundred products, each rounded to 6e-8 of values around 1.
pub(crate) fn assert_gradient(
    shape: Shape,
    parameters: &[f32],
    gradient: &[f32],
    every: usize,
    loss: impl Fn(&[f64]) -> f64,
) {
    const STEP: f64 = 1e-5;
    const TOLERANCE: f64 = 3e-6;
    let mut at: Vec<f64> = parameters.iter().copied().map(f64::from).collect();
    let mut largest = 0.0_f64;
    for tensor in shape.layout().tensors() {
        for index in tensor.range().step_by(every) {
            let value = at[index];
            at[index] = value + STEP;
            let above = loss(&at);
            at[index] = value - STEP;
            let below = loss(&at);
            at[index] = value;
            let expected = (above - below) / (2.0 * STEP);
            let actual = f64::from(gradient[index]);
            largest = largest.max(expected.abs());
            let place = index - tensor.offset;
            assert!(
                (actual - expected).abs() < TOLERANCE,
                "{} {place}: {actual} instead of {expected}",
                tensor.name
            );
        }
        for value in &gradient[tensor.range().end..tensor.padded_range().end] {
            assert_eq!(*value, 0.0, "padding of {}", tensor.name);
        }
    }
    assert!(
        largest > 1e-2,
        "gradients this small prove nothing: {largest}"
    );
}
