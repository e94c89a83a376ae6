//! Causal self-attention with several heads.
//!
//! ```text
//! inputs ──qkv weight──► queries, keys, values of all heads, columns side by side
//!                          for each example and head: queries · keysᵀ ──softmax──► probabilities · values ──► mixed
//! outputs ◄──────────────────────────────────────────────output weight──────────────────────────────────────────┘
//! ```

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};
use multiversion::multiversion;

use super::super::Matrix;
use super::super::exponential::{GROUP, softmax_group};
use super::super::lanes::{LANES, dot};
use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};

/// Every position asks those up to its own (Vaswani et al. 2017, equation 1 and section 3.2.2):
/// softmax(queries · keysᵀ / √(head's width)) · values for each head, and a product with the output weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SelfAttention {
    positions: usize,
    width: usize,
    heads: usize,
}

impl SelfAttention {
    /// For examples of so many positions of `width` numbers, which heads divide among themselves.
    ///
    /// # Panics
    ///
    /// If they cannot be divided.
    pub(crate) fn new(positions: usize, width: usize, heads: usize) -> Self {
        assert!(
            width.is_multiple_of(heads),
            "{width} numbers, {heads} heads"
        );
        Self {
            positions,
            width,
            heads,
        }
    }

    /// Numbers of a position in a head.
    fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// What scores are multiplied by, so that they do not grow with the number of their terms.
    fn scale(&self) -> f32 {
        1.0 / (self.head_width() as f32).sqrt()
    }

    /// Numbers that are kept of an example, by what they are.
    fn kept_lengths(&self) -> KeptLengths {
        KeptLengths {
            qkv: self.positions * 3 * self.width,
            probabilities: self.heads * self.positions * self.positions,
            mixed: self.positions * self.width,
        }
    }

    /// The columns of a head in queries (0), keys (1) or values (2) of one example.
    fn head<'a>(&self, qkv: &'a [f32], which: usize, head: usize) -> MatrixView<'a> {
        let first = which * self.width + head * self.head_width();
        let (rows, columns) = (self.positions, self.head_width());
        MatrixView::with_row_stride(&qkv[first..], rows, columns, 3 * self.width)
    }

    /// The same to be written.
    fn head_mut<'a>(&self, qkv: &'a mut [f32], which: usize, head: usize) -> MatrixViewMut<'a> {
        let first = which * self.width + head * self.head_width();
        let (rows, columns) = (self.positions, self.head_width());
        MatrixViewMut::with_row_stride(&mut qkv[first..], rows, columns, 3 * self.width)
    }

    /// The columns of a head in what it made of one example.
    fn mixed<'a>(&self, mixed: &'a [f32], head: usize) -> MatrixView<'a> {
        let first = head * self.head_width();
        let (rows, columns) = (self.positions, self.head_width());
        MatrixView::with_row_stride(&mixed[first..], rows, columns, self.width)
    }

    /// What one head makes of one example.
    fn mix(&self, qkv: &[f32], probabilities: &mut [f32], head: usize, mixed: &mut [f32]) {
        let positions = self.positions;
        multiply(
            self.head(qkv, 0, head),
            self.head(qkv, 1, head).transposed(),
            Start::Zero,
            &mut MatrixViewMut::new(probabilities, positions, positions),
        );
        causal_softmax(probabilities, positions, self.scale());
        let (columns, first) = (self.head_width(), head * self.head_width());
        multiply(
            MatrixView::new(probabilities, positions, positions),
            self.head(qkv, 2, head),
            Start::Zero,
            &mut MatrixViewMut::with_row_stride(
                &mut mixed[first..],
                positions,
                columns,
                self.width,
            ),
        );
    }

    /// Writes the gradients with respect to one head's queries, keys and values of one example.
    fn unmix(
        &self,
        [qkv, probabilities, mixed_gradient]: [&[f32]; 3],
        head: usize,
        scores_gradient: &mut [f32],
        qkv_gradient: &mut [f32],
    ) {
        let positions = self.positions;
        let mixed_gradient = self.mixed(mixed_gradient, head);
        multiply(
            MatrixView::new(probabilities, positions, positions).transposed(),
            mixed_gradient,
            Start::Zero,
            &mut self.head_mut(qkv_gradient, 2, head),
        );
        multiply(
            mixed_gradient,
            self.head(qkv, 2, head).transposed(),
            Start::Zero,
            &mut MatrixViewMut::new(scores_gradient, positions, positions),
        );
        softmax_backward(probabilities, positions, self.scale(), scores_gradient);
        let scores_gradient = MatrixView::new(scores_gradient, positions, positions);
        multiply(
            scores_gradient,
            self.head(qkv, 1, head),
            Start::Zero,
            &mut self.head_mut(qkv_gradient, 0, head),
        );
        multiply(
            scores_gradient.transposed(),
            self.head(qkv, 0, head),
            Start::Zero,
            &mut self.head_mut(qkv_gradient, 1, head),
        );
    }
}

/// Numbers of one example.
struct KeptLengths {
    /// Queries, keys and values.
    qkv: usize,
    probabilities: usize,
    /// What the heads make of the values.
    mixed: usize,
}

/// What is kept, of some examples.
///
/// [`Room::kept`] is used as three blocks, each with all examples one after the other, so that products can be of all
/// examples together.
struct Kept<'a> {
    qkv: &'a mut [f32],
    probabilities: &'a mut [f32],
    mixed: &'a mut [f32],
}

impl<'a> Kept<'a> {
    fn of(lengths: &KeptLengths, kept: &'a mut Matrix, rows: Range<usize>) -> Self {
        let room = kept.rows();
        let (qkv, rest) = kept.numbers_mut(0..room).split_at_mut(room * lengths.qkv);
        let (probabilities, mixed) = rest.split_at_mut(room * lengths.probabilities);
        let part = |length: usize| rows.start * length..rows.end * length;
        Self {
            qkv: &mut qkv[part(lengths.qkv)],
            probabilities: &mut probabilities[part(lengths.probabilities)],
            mixed: &mut mixed[part(lengths.mixed)],
        }
    }
}

impl Layer for SelfAttention {
    fn inputs(&self) -> usize {
        self.positions * self.width
    }

    fn outputs(&self) -> usize {
        self.positions * self.width
    }

    fn tensors(&self) -> Vec<Tensor> {
        let (inputs, outputs) = (self.width, self.width);
        // Queries, keys and values are products of their own, though their weights are one tensor.
        let initial = Initial::Glorot { inputs, outputs };
        vec![
            Tensor::new("query key value weight", [inputs, 3 * outputs], initial),
            Tensor::new("output weight", [inputs, outputs], initial),
        ]
    }

    /// Scores of later positions, which are computed and not used, are counted.
    fn cost(&self) -> Cost {
        let projection = 2 * self.positions * self.width * self.width;
        let mixing = 2 * self.positions * self.positions * self.width;
        Cost {
            forward_flops: (4 * projection + 2 * mixing) as u64,
            // The way through the heads is part of the way to their weights.
            parameter_gradient_flops: (5 * projection + 4 * mixing) as u64,
            input_gradient_flops: (3 * projection) as u64,
        }
    }

    fn kept(&self) -> usize {
        let KeptLengths {
            qkv,
            probabilities,
            mixed,
        } = self.kept_lengths();
        qkv + probabilities + mixed
    }

    /// Gradients with respect to queries, keys and values, to what heads made of them, and to the scores of one head.
    fn scratch(&self, rows: usize) -> usize {
        let lengths = self.kept_lengths();
        rows * (lengths.qkv + lengths.mixed) + self.positions * self.positions
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let lengths = self.kept_lengths();
        let kept = Kept::of(&lengths, &mut room.kept, rows.clone());
        let all_positions = rows.len() * self.positions;
        multiply(
            inputs.view_by(self.width, rows.clone()),
            parameters.matrix(0),
            Start::Zero,
            &mut MatrixViewMut::new(kept.qkv, all_positions, 3 * self.width),
        );
        let examples = kept.qkv.chunks_exact(lengths.qkv);
        let examples = examples.zip(kept.mixed.chunks_exact_mut(lengths.mixed));
        let probabilities = kept.probabilities.chunks_exact_mut(lengths.probabilities);
        for ((qkv, mixed), probabilities) in examples.zip(probabilities) {
            let heads = probabilities.chunks_exact_mut(self.positions * self.positions);
            for (head, probabilities) in heads.enumerate() {
                self.mix(qkv, probabilities, head, mixed);
            }
        }
        multiply(
            MatrixView::new(kept.mixed, all_positions, self.width),
            parameters.matrix(1),
            Start::Zero,
            &mut room.outputs.view_by_mut(self.width, rows),
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
        let lengths = self.kept_lengths();
        let kept = Kept::of(&lengths, &mut room.kept, 0..rows);
        let all_positions = rows * self.positions;
        let width = self.width;
        let (qkv_gradient, rest) = room.scratch.split_at_mut(rows * lengths.qkv);
        let (mixed_gradient, rest) = rest.split_at_mut(rows * lengths.mixed);
        let scores_gradient = &mut rest[..self.positions * self.positions];

        let output_gradient = room.output_gradient.view_by(width, 0..rows);
        multiply(
            MatrixView::new(kept.mixed, all_positions, width).transposed(),
            output_gradient,
            Start::Zero,
            &mut MatrixViewMut::new(gradient.tensor(1), width, width),
        );
        multiply(
            output_gradient,
            parameters.matrix(1).transposed(),
            Start::Zero,
            &mut MatrixViewMut::new(mixed_gradient, all_positions, width),
        );
        let before = kept.qkv.chunks_exact(lengths.qkv);
        let before = before.zip(kept.probabilities.chunks_exact(lengths.probabilities));
        let after = mixed_gradient.chunks_exact(lengths.mixed);
        let after = after.zip(qkv_gradient.chunks_exact_mut(lengths.qkv));
        for ((qkv, probabilities), (mixed_gradient, qkv_gradient)) in before.zip(after) {
            let heads = probabilities.chunks_exact(self.positions * self.positions);
            for (head, probabilities) in heads.enumerate() {
                let example = [qkv, probabilities, mixed_gradient];
                self.unmix(example, head, scores_gradient, qkv_gradient);
            }
        }
        let qkv_gradient = MatrixView::new(qkv_gradient, all_positions, 3 * width);
        multiply(
            inputs.view_by(width, 0..rows).transposed(),
            qkv_gradient,
            Start::Zero,
            &mut MatrixViewMut::new(gradient.tensor(0), width, 3 * width),
        );
        if let Some(input_gradient) = input_gradient {
            multiply(
                qkv_gradient,
                parameters.matrix(0).transposed(),
                Start::Zero,
                &mut input_gradient.view_by_mut(width, 0..rows),
            );
        }
    }
}

/// Replaces scores, a row for each position that asks, by `scale` times scores, and these by the softmax over the
/// positions that it may ask; those after it get 0.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn causal_softmax(scores: &mut [f32], positions: usize, scale: f32) {
    let groups = scores.chunks_mut(GROUP * positions);
    for (first, rows) in (0..).step_by(GROUP).zip(groups) {
        // Whole vectors, of which there may be some that have nothing to be asked.
        let last = first + rows.len() / positions;
        let width = last.next_multiple_of(LANES).min(positions);
        for (position, row) in (first..).zip(rows.chunks_exact_mut(positions)) {
            let (row, later) = row.split_at_mut(width);
            let (blocks, rest) = row.as_chunks_mut::<LANES>();
            let first_of_rest = blocks.len() * LANES;
            let may_ask = |asked: usize, score: &mut f32| {
                let scaled = *score * scale;
                *score = if asked > position {
                    f32::NEG_INFINITY
                } else {
                    scaled
                };
            };
            // By blocks, since what follows would wait for stores of vectors of another width.
            for (block, first) in blocks.iter_mut().zip((0..).step_by(LANES)) {
                for (lane, score) in block.iter_mut().enumerate() {
                    may_ask(first + lane, score);
                }
            }
            for (asked, score) in (first_of_rest..).zip(rest) {
                may_ask(asked, score);
            }
            later.fill(0.0);
        }
        softmax_group(rows, positions, width);
    }
}

/// Turns the gradient with respect to probabilities p into that with respect to scores: `scale` p (g − Σ p g).
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn softmax_backward(probabilities: &[f32], positions: usize, scale: f32, gradient: &mut [f32]) {
    let rows = gradient.chunks_exact_mut(positions);
    for (gradient, probabilities) in rows.zip(probabilities.chunks_exact(positions)) {
        let mean = dot(gradient, probabilities);
        for (gradient, probability) in gradient.iter_mut().zip(probabilities) {
            *gradient = scale * probability * (*gradient - mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::super::super::{Activations, Model};
    use super::*;
    use crate::stream;

    const POSITIONS: usize = 5;
    const WIDTH: usize = 6;
    const HEADS: usize = 2;

    fn model() -> Model {
        let layer = SelfAttention::new(POSITIONS, WIDTH, HEADS);
        Model::of(POSITIONS * WIDTH).then("attention", layer)
    }

    fn outputs(parameters: &[f32], inputs: &Matrix) -> Vec<f32> {
        let mut activations = Activations::for_evaluation(&model(), 1);
        model().forward(parameters, inputs, 0..1, &mut activations);
        activations.outputs().row(0).to_vec()
    }

    fn inputs_and_parameters() -> (Matrix, Vec<f32>) {
        let mut numbers = stream(1, "attention test", [0, 0]);
        let mut inputs = Matrix::zeros(1, POSITIONS * WIDTH);
        let drawn = || 4.0 * numbers.random::<f32>() - 2.0;
        inputs.row_mut(0).fill_with(drawn);
        (inputs, model().initialise(&mut numbers))
    }

    /// The sums of the definition, one by one, in f64.
    #[test]
    fn outputs_are_those_of_the_definition() {
        let (inputs, parameters) = inputs_and_parameters();
        let model = model();
        let [qkv_weight, output_weight] =
            [0, 1].map(|index| &parameters[model.layout().tensors()[index].range()]);
        let input =
            |position: usize, column: usize| f64::from(inputs.row(0)[position * WIDTH + column]);
        // Column `column` of queries (0), keys (1) or values (2).
        let qkv = |position: usize, which: usize, column: usize| -> f64 {
            let weight = |row: usize| qkv_weight[row * 3 * WIDTH + which * WIDTH + column];
            let terms = (0..WIDTH).map(|row| input(position, row) * f64::from(weight(row)));
            terms.sum()
        };
        let head_width = WIDTH / HEADS;
        let exponential = |asking: usize, asked: usize, head: usize| {
            let columns = head * head_width..(head + 1) * head_width;
            let products = columns.map(|it| qkv(asking, 0, it) * qkv(asked, 1, it));
            libm::exp(products.sum::<f64>() / libm::sqrt(head_width as f64))
        };
        let mixed = |position: usize, column: usize| {
            let weight = |asked: usize| exponential(position, asked, column / head_width);
            let values = (0..=position).map(|asked| weight(asked) * qkv(asked, 2, column));
            values.sum::<f64>() / (0..=position).map(weight).sum::<f64>()
        };
        for (place, found) in outputs(&parameters, &inputs).iter().enumerate() {
            let (position, column) = (place / WIDTH, place % WIDTH);
            let terms = (0..WIDTH)
                .map(|it| mixed(position, it) * f64::from(output_weight[it * WIDTH + column]));
            let expected: f64 = terms.sum();
            assert!(
                (f64::from(*found) - expected).abs() < 3e-6,
                "{found} instead of {expected} at {place}"
            );
        }
    }

    #[test]
    fn no_position_sees_later_ones() {
        let (mut inputs, parameters) = inputs_and_parameters();
        let before = outputs(&parameters, &inputs);
        inputs.row_mut(0)[3 * WIDTH] += 1.0;
        let after = outputs(&parameters, &inputs);
        assert_eq!(before[..3 * WIDTH], after[..3 * WIDTH]);
        for position in 3..POSITIONS {
            let place = position * WIDTH..(position + 1) * WIDTH;
            assert_ne!(before[place.clone()], after[place], "position {position}");
        }
    }
}
