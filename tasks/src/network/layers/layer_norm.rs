//! Layer normalisation.

use std::ops::Range;

use multiversion::multiversion;

use super::super::Matrix;
use super::super::lanes::{dot, sum, sum_of};
use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};

/// What is added to the variance, so that equal inputs do not divide by 0.
const EPSILON: f32 = 1e-5;

/// `outputs = gain · (inputs − mean) / √(variance + ε) + bias`, with mean and variance of the numbers of one position (Ba
/// et al. 2016, equations 3 and 4).
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayerNorm {
    width: usize,
    positions: usize,
}

impl LayerNorm {
    /// For examples of one position with so many numbers.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            positions: 1,
        }
    }

    /// The same for an example of many positions, one after the other.
    pub(crate) fn at_each_of(self, positions: usize) -> Self {
        Self { positions, ..self }
    }
}

impl Layer for LayerNorm {
    fn inputs(&self) -> usize {
        self.positions * self.width
    }

    fn outputs(&self) -> usize {
        self.positions * self.width
    }

    fn tensors(&self) -> Vec<Tensor> {
        vec![
            Tensor::new("gain", [1, self.width], Initial::One),
            Tensor::new("bias", [1, self.width], Initial::Zero),
        ]
    }

    /// Of the bias: gains and statistics are no dense products.
    fn cost(&self) -> Cost {
        let bias = (self.positions * self.width) as u64;
        Cost {
            forward_flops: bias,
            parameter_gradient_flops: bias,
            input_gradient_flops: 0,
        }
    }

    /// Of each position, the mean and the reciprocal of the standard deviation.
    fn kept(&self) -> usize {
        2 * self.positions
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        normalise(
            inputs.numbers(rows.clone()),
            [parameters.tensor(0), parameters.tensor(1)],
            room.kept.numbers_mut(rows.clone()),
            room.outputs.numbers_mut(rows),
        );
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
        let inputs = inputs.numbers(rows.clone());
        let statistics = room.kept.numbers(rows.clone());
        let output_gradient = room.output_gradient.numbers(rows.clone());
        let sums = gradient.tensor(0);
        add_gains(inputs, statistics, output_gradient, sums);
        super::dense::sum_rows(output_gradient, gradient.tensor(1));
        if let Some(input_gradient) = input_gradient {
            pass_back(
                inputs,
                statistics,
                output_gradient,
                parameters.tensor(0),
                input_gradient.numbers_mut(rows),
            );
        }
    }
}

/// The forward pass at every position, which leaves its mean and the reciprocal of its standard deviation.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn normalise(
    inputs: &[f32],
    [gain, bias]: [&[f32]; 2],
    statistics: &mut [f32],
    outputs: &mut [f32],
) {
    let width = gain.len();
    let positions = inputs
        .chunks_exact(width)
        .zip(outputs.chunks_exact_mut(width));
    for ((inputs, outputs), statistics) in positions.zip(statistics.as_chunks_mut::<2>().0) {
        let mean = sum(inputs) / width as f32;
        // The outputs hold deviations first.
        for (deviation, input) in outputs.iter_mut().zip(inputs) {
            *deviation = input - mean;
        }
        let variance = dot(outputs, outputs) / width as f32;
        // A square beyond f32 must be seen: its reciprocal, 0, would make a model that has exploded look healthy.
        let reciprocal = if variance < f32::INFINITY {
            1.0 / (variance + EPSILON).sqrt()
        } else {
            f32::NAN
        };
        *statistics = [mean, reciprocal];
        for (output, (gain, bias)) in outputs.iter_mut().zip(gain.iter().zip(bias)) {
            *output = *output * reciprocal * gain + bias;
        }
    }
}

/// Writes the gradient with respect to gains: sums over positions of normalised inputs times the outputs' gradient.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_gains(inputs: &[f32], statistics: &[f32], output_gradient: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    let width = sums.len();
    let positions = inputs
        .chunks_exact(width)
        .zip(output_gradient.chunks_exact(width));
    for ((inputs, gradient), [mean, reciprocal]) in positions.zip(statistics.as_chunks::<2>().0) {
        for (sum, (input, gradient)) in sums.iter_mut().zip(inputs.iter().zip(gradient)) {
            *sum += gradient * ((input - mean) * reciprocal);
        }
    }
}

/// Writes the gradient with respect to inputs.
///
/// With g the outputs' gradient times the gain and n the normalised inputs, it is
/// (g − mean of g − n · mean of g n) / deviation: the part of g that changes neither mean nor variance.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn pass_back(
    inputs: &[f32],
    statistics: &[f32],
    output_gradient: &[f32],
    gain: &[f32],
    input_gradient: &mut [f32],
) {
    let width = gain.len();
    let share = 1.0 / width as f32;
    let positions = inputs
        .chunks_exact(width)
        .zip(output_gradient.chunks_exact(width));
    let positions = positions.zip(input_gradient.chunks_exact_mut(width));
    for (((inputs, gradient), result), [mean, reciprocal]) in
        positions.zip(statistics.as_chunks::<2>().0)
    {
        for (result, (gradient, gain)) in result.iter_mut().zip(gradient.iter().zip(gain)) {
            *result = gradient * gain;
        }
        let of_gradient = sum(result);
        // Of deviations, since Σ g x − mean Σ g would lose digits to a great mean.
        let of_products = sum_of(result, inputs, |g, x| g * (x - mean));
        let slope = share * of_products * reciprocal * reciprocal;
        let offset = share * of_gradient;
        for (result, input) in result.iter_mut().zip(inputs) {
            *result = reciprocal * (*result - offset - (input - mean) * slope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Activations, Model};
    use super::*;

    /// Outputs of one example with two positions of four numbers, at gains and biases 1, 2, 3, 4.
    fn outputs(numbers: [f32; 8]) -> Vec<f32> {
        let model = Model::of(8).then("norm", LayerNorm::new(4).at_each_of(2));
        let mut parameters = vec![0.0; model.layout().arena_len()];
        for tensor in model.layout().tensors() {
            parameters[tensor.range()].copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
        }
        let mut inputs = Matrix::zeros(1, 8);
        inputs.row_mut(0).copy_from_slice(&numbers);
        let mut activations = Activations::for_evaluation(&model, 1);
        model.forward(&parameters, &inputs, 0..1, &mut activations);
        activations.outputs().row(0).to_vec()
    }

    #[test]
    fn each_position_is_normalised_by_itself() {
        // Deviations of ±1 and of ±100 from means of 3 and of 1,000: normalised, ±1 both, but for ε.
        let found = outputs([4.0, 2.0, 2.0, 4.0, 1_100.0, 900.0, 1_100.0, 900.0]);
        let expected = [2.0, 0.0, 0.0, 8.0, 2.0, 0.0, 6.0, 0.0];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 3e-5, "{found} of {expected}");
        }
    }

    #[test]
    fn equal_inputs_leave_the_bias_and_what_is_no_number_is_seen() {
        let found = outputs([7.0, 7.0, 7.0, 7.0, 0.0, f32::NAN, 0.0, 0.0]);
        assert_eq!(found[..4], [1.0, 2.0, 3.0, 4.0]);
        assert!(found[4..].iter().all(|it| it.is_nan()), "{found:?}");
        let found = outputs([1e30, -1e30, 0.0, 0.0, f32::INFINITY, 0.0, 0.0, 0.0]);
        assert!(found.iter().all(|it| it.is_nan()), "{found:?}");
    }
}
