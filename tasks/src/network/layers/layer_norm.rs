//! Layer normalisation.

use std::ops::Range;

use multiversion::multiversion;

use super::super::Matrix;
use super::super::exponential::{LANES, dot, in_pairs};
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

/// The sum of the numbers.
#[inline(always)]
fn sum(numbers: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (blocks, rest) = numbers.as_chunks::<LANES>();
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value;
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += value;
    }
    in_pairs(sums, |one, other| one + other)
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
        let reciprocal = 1.0 / (variance + EPSILON).sqrt();
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
        // Σ g (x − mean), of which Σ g x alone would lose digits to a great mean.
        let mut products = [0.0; LANES];
        for (result, inputs) in result.chunks(LANES).zip(inputs.chunks(LANES)) {
            for (sum, (result, input)) in products.iter_mut().zip(result.iter().zip(inputs)) {
                *sum += result * (input - mean);
            }
        }
        let of_products = in_pairs(products, |one, other| one + other);
        let slope = share * of_products * reciprocal * reciprocal;
        let offset = share * of_gradient;
        for (result, input) in result.iter_mut().zip(inputs) {
            *result = reciprocal * (*result - offset - (input - mean) * slope);
        }
    }
}
