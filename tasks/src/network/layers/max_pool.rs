//! The greatest of each two by two pixels, so that images become smaller and a small shift does not matter.

use std::ops::Range;

use super::super::Matrix;
use super::super::layer::{Cost, Gradient, Layer, Parameters, Room};
use crate::data::ImageShape;

/// Of each square of two by two pixels the greatest, in each channel; the first of them if several are. NaN is the greatest,
/// so that a broken model is seen to be broken.
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
        let inputs = inputs.numbers(rows.clone());
        let outputs = room.outputs.numbers_mut(rows);
        // A number that the compiler knows makes vectors of short rows too.
        match self.image.width / 2 {
            half if half.is_multiple_of(8) => forward::<8>(half, inputs, outputs),
            half if half.is_multiple_of(4) => forward::<4>(half, inputs, outputs),
            half if half.is_multiple_of(2) => forward::<2>(half, inputs, outputs),
            half => forward::<1>(half, inputs, outputs),
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
        let passes = Backward {
            inputs: inputs.numbers(0..rows),
            outputs: room.outputs.numbers(0..rows),
            output_gradient: room.output_gradient.numbers(0..rows),
            input_gradient: input_gradient.numbers_mut(0..rows),
        };
        match self.image.width / 2 {
            half if half.is_multiple_of(8) => passes.by::<8>(half),
            half if half.is_multiple_of(4) => passes.by::<4>(half),
            half if half.is_multiple_of(2) => passes.by::<2>(half),
            half => passes.by::<1>(half),
        }
    }
}

/// The greatest of each square, for rows of `half` squares, so many at a time.
///
/// All channels of all examples are rows of pixels one after the other.
fn forward<const SQUARES: usize>(half: usize, inputs: &[f32], outputs: &mut [f32]) {
    let pairs = inputs.chunks_exact(4 * half);
    for (outputs, pair) in outputs.chunks_exact_mut(half).zip(pairs) {
        let [upper, lower] = halves(pair);
        for ((outputs, upper), lower) in outputs
            .as_chunks_mut::<SQUARES>()
            .0
            .iter_mut()
            .zip(squares::<SQUARES>(upper))
            .zip(squares::<SQUARES>(lower))
        {
            for ((output, upper), lower) in outputs.iter_mut().zip(upper).zip(lower) {
                *output = greater(greater(upper[0], upper[1]), greater(lower[0], lower[1]));
            }
        }
    }
}

/// What the backward pass reads and writes, of all examples.
struct Backward<'a> {
    inputs: &'a [f32],
    outputs: &'a [f32],
    output_gradient: &'a [f32],
    input_gradient: &'a mut [f32],
}

impl Backward<'_> {
    /// Hands the gradient of each square to the first of its pixels that is the greatest, for rows of `half` squares, so
    /// many at a time.
    fn by<const SQUARES: usize>(self, half: usize) {
        let outputs = self.outputs.chunks_exact(half);
        let rows = self.inputs.chunks_exact(4 * half).zip(outputs);
        let gradients = self.output_gradient.chunks_exact(half);
        let gradients = self
            .input_gradient
            .chunks_exact_mut(4 * half)
            .zip(gradients);
        for ((pair, outputs), (pair_gradient, output_gradient)) in rows.zip(gradients) {
            let [upper, lower] = halves(pair);
            let inputs = squares::<SQUARES>(upper)
                .iter()
                .zip(squares::<SQUARES>(lower));
            let outputs = outputs.as_chunks::<SQUARES>().0.iter();
            let outputs = outputs.zip(output_gradient.as_chunks::<SQUARES>().0);
            let (upper_gradient, lower_gradient) = pair_gradient.split_at_mut(2 * half);
            let gradients = squares_mut::<SQUARES>(upper_gradient).iter_mut();
            let gradients = gradients.zip(squares_mut::<SQUARES>(lower_gradient));
            for (((upper, lower), (output, gradient)), (to_upper, to_lower)) in
                inputs.zip(outputs).zip(gradients)
            {
                for square in 0..SQUARES {
                    let (output, gradient) = (output[square], gradient[square]);
                    let is_first = upper[square][0] == output;
                    let is_second = !is_first & (upper[square][1] == output);
                    let is_third = !(is_first | is_second) & (lower[square][0] == output);
                    let is_fourth = !(is_first | is_second | is_third);
                    let if_it = |is_it: bool| if is_it { gradient } else { 0.0 };
                    to_upper[square] = [if_it(is_first), if_it(is_second)];
                    to_lower[square] = [if_it(is_third), if_it(is_fourth)];
                }
            }
        }
    }
}

/// The upper and the lower of two rows.
fn halves(pair: &[f32]) -> [&[f32]; 2] {
    let (upper, lower) = pair.split_at(pair.len() / 2);
    [upper, lower]
}

/// A row's pixels by twos, so many twos at a time.
fn squares<const SQUARES: usize>(row: &[f32]) -> &[[[f32; 2]; SQUARES]] {
    row.as_chunks().0.as_chunks().0
}

/// The same, to write.
fn squares_mut<const SQUARES: usize>(row: &mut [f32]) -> &mut [[[f32; 2]; SQUARES]] {
    row.as_chunks_mut().0.as_chunks_mut().0
}

/// The greater number, or NaN if one is.
fn greater(a: f32, b: f32) -> f32 {
    // Not less: `b` may be NaN.
    if a >= b || a.is_nan() { a } else { b }
}
