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
        // All channels of all examples are rows of pixels one after the other.
        let width = self.image.width;
        let pairs = inputs.numbers(rows.clone()).chunks_exact(2 * width);
        let outputs = room.outputs.numbers_mut(rows).chunks_exact_mut(width / 2);
        for (outputs, pair) in outputs.zip(pairs) {
            let (upper, lower) = pair.split_at(width);
            let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
            for ((output, upper), lower) in outputs.iter_mut().zip(upper).zip(lower) {
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
        let gradients = gradients.chunks_exact_mut(2 * width);
        let outputs = room.outputs.numbers(0..rows).chunks_exact(width / 2);
        let output_gradients = room.output_gradient.numbers(0..rows);
        let output_gradients = output_gradients.chunks_exact(width / 2);
        for (((gradient, pair), outputs), output_gradient) in
            gradients.zip(pairs).zip(outputs).zip(output_gradients)
        {
            let (upper, lower) = pair.split_at(width);
            let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
            let (up, low) = gradient.split_at_mut(width);
            let (up, low) = (up.as_chunks_mut::<2>().0, low.as_chunks_mut::<2>().0);
            let squares = up.iter_mut().zip(low).zip(upper.iter().zip(lower));
            for (((up, low), (upper, lower)), (output, gradient)) in
                squares.zip(outputs.iter().zip(output_gradient))
            {
                let mut left = *gradient;
                let mut take = |input: f32| {
                    let is_it = input == *output;
                    let taken = if is_it { left } else { 0.0 };
                    left = if is_it { 0.0 } else { left };
                    taken
                };
                *up = [take(upper[0]), take(upper[1])];
                *low = [take(lower[0]), take(lower[1])];
            }
        }
    }
}

/// The greater number, or NaN if one is.
fn greater(a: f32, b: f32) -> f32 {
    // Not less: `b` may be NaN.
    if a >= b || a.is_nan() { a } else { b }
}
