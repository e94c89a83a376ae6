//! Numbers for each token and each place.

use std::ops::Range;

use super::super::Matrix;
use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};

/// `outputs = token's row + position's row` at each position, with rows of two learnt tables.
///
/// Inputs are tokens, whole numbers from 0 that are less than the vocabulary, which f32 holds exactly. Whoever makes
/// examples sees to that; what is not such a number counts as the nearest that is, and NaN as 0. Outputs do not change
/// with inputs as numbers do, so the gradient with respect to these is 0: the layer belongs in front of all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Embedding {
    vocabulary: usize,
    positions: usize,
    width: usize,
}

impl Embedding {
    /// For examples of so many positions, `width` numbers for each.
    pub(crate) fn new(vocabulary: usize, positions: usize, width: usize) -> Self {
        Self {
            vocabulary,
            positions,
            width,
        }
    }

    /// Where the row of a token lies in its table.
    fn row(&self, token: f32) -> Range<usize> {
        // The conversion saturates.
        let start = (token as usize).min(self.vocabulary - 1) * self.width;
        start..start + self.width
    }
}

impl Layer for Embedding {
    fn inputs(&self) -> usize {
        self.positions
    }

    fn outputs(&self) -> usize {
        self.positions * self.width
    }

    fn tensors(&self) -> Vec<Tensor> {
        let table = |name, rows| {
            let initial = Initial::Glorot {
                inputs: rows,
                outputs: self.width,
            };
            Tensor::new(name, [rows, self.width], initial)
        };
        vec![
            table("token", self.vocabulary),
            table("position", self.positions),
        ]
    }

    /// Positions are as biases; tokens are copied, and added to their gradient.
    fn cost(&self) -> Cost {
        let sum = (self.positions * self.width) as u64;
        Cost {
            forward_flops: sum,
            parameter_gradient_flops: 2 * sum,
            input_gradient_flops: 0,
        }
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let (tokens, places) = (parameters.tensor(0), parameters.tensor(1));
        for example in rows {
            let outputs = room.outputs.row_mut(example).chunks_exact_mut(self.width);
            let places = places.chunks_exact(self.width);
            for ((output, token), place) in outputs.zip(inputs.row(example)).zip(places) {
                let terms = tokens[self.row(*token)].iter().zip(place);
                for (output, (token, place)) in output.iter_mut().zip(terms) {
                    *output = token + place;
                }
            }
        }
    }

    fn backward(
        &self,
        _parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    ) {
        let output_gradient = &room.output_gradient;
        // An example's row is one of all positions.
        super::dense::sum_rows(output_gradient.numbers(0..rows), gradient.tensor(1));
        let table = gradient.tensor(0);
        table.fill(0.0);
        let each = output_gradient.numbers(0..rows).chunks_exact(self.width);
        for (token, gradient) in inputs.numbers(0..rows).iter().zip(each) {
            for (sum, gradient) in table[self.row(*token)].iter_mut().zip(gradient) {
                *sum += gradient;
            }
        }
        if let Some(input_gradient) = input_gradient {
            input_gradient.numbers_mut(0..rows).fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Activations, Model};
    use super::*;

    /// Tokens 2 and 0, then 0 and what is no token.
    const INPUTS: [f32; 4] = [2.0, 0.0, 0.0, 9.0];

    fn model_and_inputs() -> (Model, Matrix) {
        let model = Model::of(2).then("embedding", Embedding::new(3, 2, 2));
        let mut inputs = Matrix::zeros(2, 2);
        inputs.numbers_mut(0..2).copy_from_slice(&INPUTS);
        (model, inputs)
    }

    #[test]
    fn each_token_has_a_row_and_so_has_each_position() {
        let (model, inputs) = model_and_inputs();
        let mut parameters = vec![0.0; model.layout().arena_len()];
        let [tokens, positions] = [0, 1].map(|index| model.layout().tensors()[index].range());
        parameters[tokens].copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        parameters[positions].copy_from_slice(&[10.0, 20.0, 30.0, 40.0]);
        let mut activations = Activations::for_evaluation(&model, 2);
        model.forward(&parameters, &inputs, 0..2, &mut activations);
        let expected = [15.0, 26.0, 31.0, 42.0, 11.0, 22.0, 35.0, 46.0];
        assert_eq!(activations.outputs().numbers(0..2), expected);
    }

    #[test]
    fn what_is_no_token_counts_as_the_nearest() {
        let layer = Embedding::new(3, 1, 2);
        let found = [-1.0, f32::NEG_INFINITY, f32::NAN, 2.0, 3.0, f32::INFINITY];
        assert_eq!(
            found.map(|token| layer.row(token).start),
            [0, 0, 0, 4, 4, 4]
        );
    }

    #[test]
    fn gradients_of_a_row_are_added_up() {
        let (model, inputs) = model_and_inputs();
        let parameters = vec![0.0; model.layout().arena_len()];
        let mut activations = Activations::for_training(&model, 2);
        let (_, output_gradient) = activations.for_loss();
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        output_gradient.numbers_mut(0..2).copy_from_slice(&numbers);
        let mut gradient = vec![9.0; model.layout().arena_len()];
        model.backward(&parameters, &inputs, 2, &mut activations, &mut gradient);
        let [tokens, positions] = [0, 1].map(|index| model.layout().tensors()[index].range());
        assert_eq!(gradient[tokens], [8.0, 10.0, 0.0, 0.0, 8.0, 10.0]);
        assert_eq!(gradient[positions], [6.0, 8.0, 10.0, 12.0]);
    }
}
