//! A gated recurrent unit over the positions of an example.

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};
use multiversion::multiversion;

use super::super::Matrix;
use super::super::activation::{sigmoid, tanh};
use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};

/// The state of each position from that of the one before (Cho et al. 2014, equations 5 to 8), zero before the first:
///
/// ```text
/// reset     r = sigmoid(x W_r + h U_r + b_r)
/// update    z = sigmoid(x W_z + h U_z + b_z)
/// candidate n = tanh(x W_n + b_n + r ∘ (h U_n + c_n))
/// outputs   h ← (1 − z) ∘ n + z ∘ h
/// ```
///
/// The reset gate comes after the product, as in cuDNN and PyTorch, so that one product serves all three. `bias` is b in
/// the order n, r, z, as the columns of `input weight` are; `recurrent bias` is c, and the columns of
/// `recurrent weight` are r, z, n. So what is kept of a position, n, r, z and h U_n + c_n, has what comes from inputs
/// and what comes from states side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gru {
    positions: usize,
    inputs: usize,
    hidden: usize,
}

impl Gru {
    /// For examples of so many positions of `inputs` numbers; each gets a state of `hidden` numbers.
    pub(crate) fn new(positions: usize, inputs: usize, hidden: usize) -> Self {
        Self {
            positions,
            inputs,
            hidden,
        }
    }

    /// Where the part of position `position` begins in a slice with an example's at its beginning, `each` numbers for a
    /// position.
    fn place(&self, position: usize, each: usize) -> usize {
        position * each * self.hidden
    }

    /// Numbers from one example to the next of what has `each` times the hidden numbers for a position.
    fn stride(&self, each: usize) -> usize {
        self.positions * each * self.hidden
    }
}

impl Layer for Gru {
    fn inputs(&self) -> usize {
        self.positions * self.inputs
    }

    fn outputs(&self) -> usize {
        self.positions * self.hidden
    }

    fn tensors(&self) -> Vec<Tensor> {
        let weight = |name, rows| {
            // Gates are products of their own, though their weights are one tensor.
            let initial = Initial::Glorot {
                inputs: rows,
                outputs: self.hidden,
            };
            Tensor::new(name, [rows, 3 * self.hidden], initial)
        };
        vec![
            weight("input weight", self.inputs),
            weight("recurrent weight", self.hidden),
            Tensor::new("bias", [1, 3 * self.hidden], Initial::Zero),
            Tensor::new("recurrent bias", [1, self.hidden], Initial::Zero),
        ]
    }

    fn cost(&self) -> Cost {
        let of_inputs = 2 * self.positions * self.inputs * 3 * self.hidden;
        let of_states = 2 * self.positions * self.hidden * 3 * self.hidden;
        let biases = self.positions * 4 * self.hidden;
        Cost {
            forward_flops: (of_inputs + of_states + biases) as u64,
            // The way through earlier states is part of the way to the weights.
            parameter_gradient_flops: (of_inputs + 2 * of_states + biases) as u64,
            input_gradient_flops: of_inputs as u64,
        }
    }

    fn kept(&self) -> usize {
        self.positions * 4 * self.hidden
    }

    /// The state that examples begin with, and the recurrent weight's transpose.
    fn scratch(&self, _rows: usize) -> usize {
        self.hidden + 3 * self.hidden * self.hidden
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let hidden = self.hidden;
        let count = rows.len();
        let kept = room.kept.numbers_mut(rows.clone());
        multiply(
            inputs.view_by(self.inputs, rows.clone()),
            parameters.matrix(0),
            Start::Row(parameters.tensor(2)),
            &mut MatrixViewMut::with_row_stride(
                kept,
                count * self.positions,
                3 * hidden,
                4 * hidden,
            ),
        );
        for kept in kept.chunks_exact_mut(4 * hidden) {
            kept[3 * hidden..].copy_from_slice(parameters.tensor(3));
        }
        let outputs = room.outputs.numbers_mut(rows);
        let strides = [self.stride(4), self.stride(1)];
        room.scratch[..hidden].fill(0.0);
        let beginning = &room.scratch[..hidden];
        advance(kept, outputs, strides, Some(beginning), hidden);
        for position in 1..self.positions {
            let kept = &mut kept[self.place(position, 4)..];
            let states = &mut outputs[self.place(position - 1, 1)..];
            multiply(
                MatrixView::with_row_stride(states, count, hidden, strides[1]),
                parameters.matrix(1),
                Start::Result,
                &mut MatrixViewMut::with_row_stride(
                    &mut kept[hidden..],
                    count,
                    3 * hidden,
                    strides[0],
                ),
            );
            advance(kept, states, strides, None, hidden);
        }
    }

    /// What is kept of a position is replaced by the gradients with respect to the sums before its activations.
    fn backward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    ) {
        let hidden = self.hidden;
        let kept = room.kept.numbers_mut(0..rows);
        let outputs = room.outputs.numbers(0..rows);
        let states_gradient = room.output_gradient.numbers_mut(0..rows);
        let strides = [self.stride(4), self.stride(1)];
        let (beginning, transposed) = room.scratch.split_at_mut(hidden);
        beginning.fill(0.0);
        for (row, weights) in parameters.tensor(1).chunks_exact(3 * hidden).enumerate() {
            for (column, weight) in weights.iter().enumerate() {
                transposed[column * hidden + row] = *weight;
            }
        }
        for position in (1..self.positions).rev() {
            let kept = &mut kept[self.place(position, 4)..];
            let place = self.place(position - 1, 1);
            let states_gradient = &mut states_gradient[place..];
            retreat(kept, &outputs[place..], states_gradient, strides, hidden);
            multiply(
                MatrixView::with_row_stride(&kept[hidden..], rows, 3 * hidden, strides[0]),
                MatrixView::new(transposed, 3 * hidden, hidden),
                Start::Result,
                &mut MatrixViewMut::with_row_stride(states_gradient, rows, hidden, strides[1]),
            );
        }
        retreat_to_beginning(kept, beginning, states_gradient, strides);
        let all_positions = rows * self.positions;
        let of_inputs = MatrixView::with_row_stride(kept, all_positions, 3 * hidden, 4 * hidden);
        multiply(
            inputs.view_by(self.inputs, 0..rows).transposed(),
            of_inputs,
            Start::Zero,
            &mut MatrixViewMut::new(gradient.tensor(0), self.inputs, 3 * hidden),
        );
        if let Some(input_gradient) = input_gradient {
            multiply(
                of_inputs,
                parameters.matrix(0).transposed(),
                Start::Zero,
                &mut input_gradient.view_by_mut(self.inputs, 0..rows),
            );
        }
        sum_columns(kept, 4 * hidden, 0, gradient.tensor(2));
        sum_columns(kept, 4 * hidden, 3 * hidden, gradient.tensor(3));
        // A first position has no state before it. With zeros there, positions beside those before them are one
        // product of all examples, whose boundaries it crosses.
        for kept in kept.chunks_exact_mut(self.stride(4)) {
            kept[hidden..4 * hidden].fill(0.0);
        }
        let before = MatrixView::new(outputs, all_positions - 1, hidden);
        // Of one position, there is nothing behind the first.
        let after = kept.get(5 * hidden..).unwrap_or_default();
        multiply(
            before.transposed(),
            MatrixView::with_row_stride(after, all_positions - 1, 3 * hidden, 4 * hidden),
            Start::Zero,
            &mut MatrixViewMut::new(gradient.tensor(1), hidden, 3 * hidden),
        );
    }
}

/// Makes n, r, z and the states of one position of all examples from the sums that are kept of it.
///
/// Slices begin with the first example's numbers, and examples lie `strides` apart. `states` have the state before and
/// then room for this one, if the state before is not `beginning`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn advance(
    kept: &mut [f32],
    states: &mut [f32],
    [kept_stride, states_stride]: [usize; 2],
    beginning: Option<&[f32]>,
    hidden: usize,
) {
    let states = states.chunks_mut(states_stride);
    for (kept, states) in kept.chunks_mut(kept_stride).zip(states) {
        let (before, after) = match beginning {
            Some(beginning) => (beginning, states),
            None => {
                let (before, after) = states.split_at_mut(hidden);
                (&*before, after)
            }
        };
        // Reset and update lie side by side.
        for gate in &mut kept[hidden..3 * hidden] {
            *gate = sigmoid(*gate);
        }
        let [candidate, reset, update, recurrent] = parts(kept, hidden);
        for (candidate, (reset, recurrent)) in
            candidate.iter_mut().zip(reset.iter().zip(&*recurrent))
        {
            *candidate = tanh(*candidate + reset * recurrent);
        }
        let sources = before.iter().zip(candidate.iter().zip(&*update));
        for (after, (before, (candidate, update))) in after.iter_mut().zip(sources) {
            *after = (1.0 - update) * candidate + update * before;
        }
    }
}

/// The way back of [`advance`]: replaces what is kept of one position by the gradients with respect to sums, and adds to
/// the gradient with respect to the state before, without what comes to it through the gates.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn retreat(
    kept: &mut [f32],
    states: &[f32],
    states_gradient: &mut [f32],
    [kept_stride, states_stride]: [usize; 2],
    hidden: usize,
) {
    let states = states.chunks(states_stride);
    let states = states.zip(states_gradient.chunks_mut(states_stride));
    for (kept, (states, gradient)) in kept.chunks_mut(kept_stride).zip(states) {
        let (before, gradient) = gradient.split_at_mut(hidden);
        let update = &kept[2 * hidden..3 * hidden];
        for (before, (gradient, update)) in before.iter_mut().zip(gradient.iter().zip(update)) {
            *before += gradient * update;
        }
        to_sums(kept, &states[..hidden], gradient);
    }
}

/// The way back of [`advance`] at the first position.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn retreat_to_beginning(
    kept: &mut [f32],
    beginning: &[f32],
    states_gradient: &[f32],
    [kept_stride, states_stride]: [usize; 2],
) {
    let gradients = states_gradient.chunks(states_stride);
    for (kept, gradient) in kept.chunks_mut(kept_stride).zip(gradients) {
        to_sums(kept, beginning, gradient);
    }
}

/// Replaces what is kept of one position of one example by the gradients with respect to the sums.
#[inline(always)]
fn to_sums(kept: &mut [f32], before: &[f32], gradient: &[f32]) {
    let [candidate, reset, update, recurrent] = parts(kept, before.len());
    let kept = (candidate.iter_mut().zip(reset)).zip(update.iter_mut().zip(recurrent));
    for (((n, r), (z, recurrent)), (before, gradient)) in kept.zip(before.iter().zip(gradient)) {
        let of_candidate = gradient * (1.0 - *z) * (1.0 - *n * *n);
        *z = gradient * (before - *n) * *z * (1.0 - *z);
        *n = of_candidate;
        let of_recurrent = of_candidate * *r;
        *r = of_candidate * *recurrent * *r * (1.0 - *r);
        *recurrent = of_recurrent;
    }
}

/// What is kept of a position: n, r, z and h U_n + c_n, before the forward pass their sums.
#[inline(always)]
fn parts(kept: &mut [f32], hidden: usize) -> [&mut [f32]; 4] {
    let (candidate, rest) = kept.split_at_mut(hidden);
    let (reset, rest) = rest.split_at_mut(hidden);
    let (update, rest) = rest.split_at_mut(hidden);
    [candidate, reset, update, &mut rest[..hidden]]
}

/// Writes the sums of so many columns from `first` on, top down, of a matrix of rows of `columns` numbers.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn sum_columns(numbers: &[f32], columns: usize, first: usize, sums: &mut [f32]) {
    sums.fill(0.0);
    for row in numbers.chunks_exact(columns) {
        for (sum, value) in sums.iter_mut().zip(&row[first..]) {
            *sum += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::super::super::{Activations, Model};
    use super::*;
    use crate::stream;

    const POSITIONS: usize = 4;
    const INPUTS: usize = 3;
    const HIDDEN: usize = 2;

    /// The definition, number by number, in f64.
    #[test]
    fn states_are_those_of_the_definition() {
        let layer = Gru::new(POSITIONS, INPUTS, HIDDEN);
        let model = Model::of(POSITIONS * INPUTS).then("gru", layer);
        let mut numbers = stream(1, "gru test", [0, 0]);
        let mut parameters = model.initialise(&mut numbers);
        let mut inputs = Matrix::zeros(2, POSITIONS * INPUTS);
        let mut draw = || 2.0 * numbers.random::<f32>() - 1.0;
        for parameter in &mut parameters {
            *parameter += draw();
        }
        inputs.numbers_mut(0..2).fill_with(draw);
        let mut activations = Activations::for_evaluation(&model, 2);
        model.forward(&parameters, &inputs, 0..2, &mut activations);

        let [input_weight, recurrent_weight, bias, recurrent_bias] =
            [0, 1, 2, 3].map(|index| &parameters[model.layout().tensors()[index].range()]);
        let product = |numbers: &[f64], weight: &[f32], column: usize| -> f64 {
            let rows = numbers.iter().zip(weight.chunks_exact(3 * HIDDEN));
            rows.map(|(number, row)| number * f64::from(row[column]))
                .sum()
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        for example in 0..2 {
            let mut state = [0.0; HIDDEN];
            for position in 0..POSITIONS {
                let input = &inputs.row(example)[position * INPUTS..][..INPUTS];
                let input: Vec<f64> = input.iter().copied().map(f64::from).collect();
                // Columns n, r, z of what comes from inputs, and r, z, n of what comes from states.
                let of_input =
                    |column: usize| product(&input, input_weight, column) + f64::from(bias[column]);
                let of_state = |column: usize| product(&state, recurrent_weight, column);
                let after = [0, 1].map(|unit| {
                    let reset = sigmoid(of_input(HIDDEN + unit) + of_state(unit));
                    let update = sigmoid(of_input(2 * HIDDEN + unit) + of_state(HIDDEN + unit));
                    let recurrent = of_state(2 * HIDDEN + unit) + f64::from(recurrent_bias[unit]);
                    let candidate = libm::tanh(of_input(unit) + reset * recurrent);
                    (1.0 - update) * candidate + update * state[unit]
                });
                state = after;
                let found = &activations.outputs().row(example)[position * HIDDEN..];
                for (found, expected) in found.iter().zip(state) {
                    assert!(
                        (f64::from(*found) - expected).abs() < 1e-6,
                        "{found} instead of {expected} at position {position}"
                    );
                }
            }
        }
    }
}
