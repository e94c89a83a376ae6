//! The greatest of each two by two pixels, so that images become smaller and a small shift does not matter.

use std::ops::Range;

use super::super::Matrix;
use super::super::layer::{Cost, Gradient, Layer, Parameters, Room};
use crate::data::ImageShape;

/// Of each square of two by two pixels the greatest, in each channel; the first of them if several are. NaN is the
/// greatest, so that a broken model is seen to be broken.
///
/// Images lie channel by channel and row by row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaxPool {
    image: ImageShape,
}

impl MaxPool {
    /// A layer that makes images half as high and half as wide.
    ///
    /// # Panics
    ///
    /// If height or width is odd.
    pub(crate) fn new(image: ImageShape) -> Self {
        assert!(
            image.height.is_multiple_of(2) && image.width.is_multiple_of(2),
            "{image:?} in squares of 2 × 2"
        );
        Self { image }
    }

    /// The shape of an image that comes out.
    pub(crate) fn image_out(self) -> ImageShape {
        ImageShape {
            channels: self.image.channels,
            height: self.image.height / 2,
            width: self.image.width / 2,
        }
    }
}

impl Layer for MaxPool {
    fn inputs(&self) -> usize {
        self.image.pixels()
    }

    fn outputs(&self) -> usize {
        self.image_out().pixels()
    }

    fn cost(&self) -> Cost {
        Cost {
            forward_flops: 0,
            parameter_gradient_flops: 0,
            input_gradient_flops: 0,
        }
    }

    fn forward(
        &self,
        _parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        // All channels of all examples are rows of pixels one after the other.
        let width = self.image.width;
        let pairs = inputs.numbers(rows.clone()).chunks_exact(2 * width);
        let outputs = room.outputs.numbers_mut(rows).chunks_exact_mut(width / 2);
        for (outputs, pair) in outputs.zip(pairs) {
            let (upper, lower) = pair.split_at(width);
            let squares = by_twos(upper).iter().zip(by_twos(lower));
            for (output, (upper, lower)) in outputs.iter_mut().zip(squares) {
                *output = greater(greater(upper[0], upper[1]), greater(lower[0], lower[1]));
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
        _gradient: &mut Gradient<'_>,
    ) {
        let Some(input_gradient) = input_gradient else {
            return;
        };
        let width = self.image.width;
        let pairs = inputs.numbers(0..rows).chunks_exact(2 * width);
        let gradients = input_gradient.numbers_mut(0..rows);
        gradients.fill(0.0);
        let pairs = pairs.zip(gradients.chunks_exact_mut(2 * width));
        let outputs = room.outputs.numbers(0..rows).chunks_exact(width / 2);
        let output_gradient = room.output_gradient.numbers(0..rows);
        let outputs = outputs.zip(output_gradient.chunks_exact(width / 2));
        for ((pair, input_gradient), (outputs, output_gradient)) in pairs.zip(outputs) {
            let (upper, lower) = pair.split_at(width);
            let squares = by_twos(upper).iter().zip(by_twos(lower));
            let squares = squares.zip(outputs.iter().zip(output_gradient));
            for (index, ((upper, lower), (output, gradient))) in squares.enumerate() {
                let place = first_of([upper[0], upper[1], lower[0]], *output);
                input_gradient[2 * index + place % 2 + place / 2 * width] = *gradient;
            }
        }
    }
}

/// A row's pixels by twos.
fn by_twos(row: &[f32]) -> &[[f32; 2]] {
    row.as_chunks().0
}

/// Which of a square's pixels, of which the first three are given, is the first to be the greatest; the last if none
/// is, for there is NaN among them.
///
/// Which it is cannot be foreseen, so it is counted and not branched on.
fn first_of([a, b, c]: [f32; 3], greatest: f32) -> usize {
    let [not_a, not_b, not_c] = [a, b, c].map(|pixel| usize::from(pixel != greatest));
    not_a + (not_a & not_b) + (not_a & not_b & not_c)
}

/// The greater number, the first if neither is, or NaN if one is.
fn greater(a: f32, b: f32) -> f32 {
    let is_a = all_bits((a >= b) | a.is_nan());
    f32::from_bits((a.to_bits() & is_a) | (b.to_bits() & !is_a))
}

/// All bits or none.
fn all_bits(whether: bool) -> u32 {
    u32::from(whether).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Activations, Model};

    /// Outputs, and the gradient that comes back for output gradients 1 and 2, of two squares side by side.
    fn passes(pixels: [f32; 8]) -> ([f32; 2], [f32; 8]) {
        let layer = MaxPool::new(ImageShape {
            channels: 1,
            height: 2,
            width: 4,
        });
        let model = Model::of(8).then("pool", layer);
        let mut inputs = Matrix::zeros(1, 8);
        inputs.row_mut(0).copy_from_slice(&pixels);
        let mut activations = Activations::for_training(&model, 1);
        model.forward(&[], &inputs, 0..1, &mut activations);
        let (outputs, output_gradient) = activations.for_loss();
        let outputs = outputs.row(0).try_into().expect("two outputs");
        output_gradient.row_mut(0).copy_from_slice(&[1.0, 2.0]);
        let mut gradient = Matrix::zeros(1, 8);
        let mut none = Gradient {
            tensors: &[],
            arena: &mut [],
        };
        let parameters = Parameters {
            tensors: &[],
            arena: &[],
        };
        let input_gradient = Some(&mut gradient);
        let activations = &mut activations;
        model.pass_backward(
            parameters,
            &inputs,
            1,
            activations,
            input_gradient,
            &mut none,
        );
        (outputs, gradient.row(0).try_into().expect("eight pixels"))
    }

    #[test]
    fn the_first_of_the_greatest_has_the_gradient() {
        let pixels = [0.0, 3.0, -2.0, -1.0, 1.0, 3.0, -1.0, -1.0];
        let (outputs, gradient) = passes(pixels);
        assert_eq!(outputs, [3.0, -1.0]);
        assert_eq!(gradient, [0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        let pixels = [0.0, 0.0, -2.0, -3.0, 0.0, 0.0, -4.0, -1.0];
        let (outputs, gradient) = passes(pixels);
        assert_eq!(outputs, [0.0, -1.0]);
        assert_eq!(gradient, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]);
    }

    #[test]
    fn nan_is_the_greatest_wherever_it_is() {
        for place in [0, 1, 4, 5] {
            let mut pixels = [f32::INFINITY; 8];
            pixels[place] = f32::NAN;
            let (outputs, gradient) = passes(pixels);
            assert!(outputs[0].is_nan(), "{place}");
            assert_eq!(outputs[1], f32::INFINITY);
            assert_eq!(gradient, [0.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        }
    }
}
