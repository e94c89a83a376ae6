//! Every pixel out a weighted sum of a small square of pixels in, the same weights all over an image.
//!
//! A convolution is made a matrix product, example by example, so that what is copied stays in the nearest cache:
//!
//! ```text
//! image ──places of the kernel──► patches ──weightᵀ · patches──► outputs
//!   ▲                                                               │
//!   └──fold── gradient of patches ◄──weight · gradient── gradient of outputs
//! ```
//!
//! The patches hold, for each place of the kernel and each channel in, that channel moved by so much. For one place of the
//! kernel this is the whole image moved, channels and all: one copy, after which the pixels that came in over an edge
//! are set to 0. The backward pass makes patches again; to fetch them from a more distant cache would take longer.

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};

use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};
use super::super::{Activation, Matrix};
use super::dense::sum_rows;
use crate::data::ImageShape;

/// `outputs = activation(inputs ∗ weight + bias)`, with zeros around an image so that its size stays.
///
/// Images lie channel by channel and row by row. The weight is a matrix as a dense layer's is: a column for each channel out, and
/// a row for each number that a unit sums, places of the kernel row by row, and in each place the channels in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Convolution {
    image: ImageShape,
    channels: usize,
    /// Rows, and columns, of the kernel.
    side: usize,
    activation: Activation,
    initial: Initial,
}

impl Convolution {
    /// A layer with a square kernel, from images of a shape to images of so many channels, without activation, with weights
    /// that start after [`Initial::Glorot`] and biases that start at 0.
    ///
    /// # Panics
    ///
    /// If the kernel has no middle, or reaches beyond an image on both sides.
    pub(crate) fn new(image: ImageShape, channels: usize, side: usize) -> Self {
        assert!(side % 2 == 1, "a kernel of {side} × {side}");
        assert!(side / 2 < image.height.min(image.width), "{image:?}");
        Self {
            image,
            channels,
            side,
            activation: Activation::Identity,
            initial: Initial::Glorot {
                inputs: side * side * image.channels,
                outputs: side * side * channels,
            },
        }
    }

    /// The same, with ReLU, and weights that start after [`Initial::He`].
    pub(crate) fn relu(self) -> Self {
        Self {
            activation: Activation::Relu,
            initial: Initial::He {
                inputs: self.patch(),
            },
            ..self
        }
    }

    /// The shape of an image that comes out.
    pub(crate) fn image_out(self) -> ImageShape {
        ImageShape {
            channels: self.channels,
            ..self.image
        }
    }

    /// The numbers that a unit sums.
    fn patch(self) -> usize {
        self.side * self.side * self.image.channels
    }

    /// The places of the kernel, row by row.
    fn places(self) -> impl Iterator<Item = Place> {
        let reach = (self.side / 2) as isize;
        let offsets = -reach..=reach;
        offsets.clone().flat_map(move |down| {
            offsets.clone().map(move |right| Place {
                image: self.image,
                down,
                right,
            })
        })
    }

    /// Writes the patches of an image.
    fn unfold(self, image: &[f32], patches: &mut [f32]) {
        for (place, patches) in self.places().zip(patches.chunks_exact_mut(image.len())) {
            let (from, to) = place.overlap();
            patches[to].copy_from_slice(&image[from]);
            place.clear_outside(patches);
        }
    }

    /// Writes to `image` the sum of what each of its pixels is in patches. Uses `patches` up.
    fn fold(self, patches: &mut [f32], image: &mut [f32]) {
        image.fill(0.0);
        for (place, patches) in self.places().zip(patches.chunks_exact_mut(image.len())) {
            place.clear_outside(patches);
            let (from, to) = place.overlap();
            for (sum, part) in image[from].iter_mut().zip(&patches[to]) {
                *sum += part;
            }
        }
    }
}

/// One place of a kernel: how far from a pixel out lies the pixel in.
#[derive(Clone, Copy)]
struct Place {
    image: ImageShape,
    down: isize,
    right: isize,
}

impl Place {
    /// Where in an image lie those numbers that stay in it when it is moved, and where they come to lie.
    fn overlap(self) -> (Range<usize>, Range<usize>) {
        let ImageShape { width, .. } = self.image;
        let shift = self.down * width as isize + self.right;
        let distance = shift.unsigned_abs();
        let left = 0..self.image.pixels() - distance;
        let moved = distance..self.image.pixels();
        if shift < 0 {
            (left, moved)
        } else {
            (moved, left)
        }
    }

    /// Sets those pixels of a moved image to 0 that lay outside of it.
    fn clear_outside(self, moved: &mut [f32]) {
        let ImageShape { height, width, .. } = self.image;
        let outside = |offset: isize, count: usize| {
            let distance = offset.unsigned_abs();
            if offset < 0 {
                0..distance
            } else {
                count - distance..count
            }
        };
        let rows = outside(self.down, height);
        let columns = outside(self.right, width);
        for channel in moved.chunks_exact_mut(height * width) {
            channel[rows.start * width..rows.end * width].fill(0.0);
        }
        if columns.is_empty() {
            return;
        }
        for row in moved.chunks_exact_mut(width) {
            for pixel in &mut row[columns.clone()] {
                *pixel = 0.0;
            }
        }
    }
}

impl Layer for Convolution {
    fn inputs(&self) -> usize {
        self.image.pixels()
    }

    fn outputs(&self) -> usize {
        self.image_out().pixels()
    }

    fn tensors(&self) -> Vec<Tensor> {
        vec![
            Tensor::new("weight", [self.patch(), self.channels], self.initial),
            Tensor::new("bias", [1, self.channels], Initial::Zero),
        ]
    }

    /// As if the zeros around an image were pixels.
    fn cost(&self) -> Cost {
        let product = (2 * self.patch() * self.outputs()) as u64;
        let bias = self.outputs() as u64;
        Cost {
            forward_flops: product + bias,
            parameter_gradient_flops: product + bias,
            input_gradient_flops: product,
        }
    }

    /// The patches of an example, then a sum over examples for each number of an output.
    fn scratch(&self, _rows: usize) -> usize {
        self.patch() * self.image.channel_pixels() + self.outputs()
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let pixels = self.image.channel_pixels();
        let patches = &mut room.scratch[..self.patch() * pixels];
        for row in rows.clone() {
            self.unfold(inputs.row(row), patches);
            let outputs = room.outputs.row_mut(row);
            for (channel, bias) in outputs.chunks_exact_mut(pixels).zip(parameters.tensor(1)) {
                channel.fill(*bias);
            }
            multiply(
                parameters.matrix(0).transposed(),
                MatrixView::new(patches, self.patch(), pixels),
                Start::Result,
                &mut MatrixViewMut::new(outputs, self.channels, pixels),
            );
        }
        self.activation.apply(room.outputs.numbers_mut(rows));
    }

    fn backward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: usize,
        room: &mut Room,
        mut input_gradient: Option<&mut Matrix>,
        gradient: &mut Gradient<'_>,
    ) {
        let pixels = self.image.channel_pixels();
        let (patches, sums) = room.scratch.split_at_mut(self.patch() * pixels);
        self.activation.backward(
            room.outputs.numbers(0..rows),
            room.output_gradient.numbers_mut(0..rows),
        );
        // Over examples first, and then over pixels: sums side by side do not wait for each other.
        sum_rows(room.output_gradient.numbers(0..rows), sums);
        for (bias, sums) in gradient.tensor(1).iter_mut().zip(sums.chunks_exact(pixels)) {
            *bias = sums.iter().sum();
        }
        gradient.tensor(0).fill(0.0);
        for row in 0..rows {
            let output_gradient =
                MatrixView::new(room.output_gradient.row(row), self.channels, pixels);
            self.unfold(inputs.row(row), patches);
            multiply(
                MatrixView::new(patches, self.patch(), pixels),
                output_gradient.transposed(),
                Start::Result,
                &mut MatrixViewMut::new(gradient.tensor(0), self.patch(), self.channels),
            );
            if let Some(input_gradient) = &mut input_gradient {
                multiply(
                    parameters.matrix(0),
                    output_gradient,
                    Start::Zero,
                    &mut MatrixViewMut::new(patches, self.patch(), pixels),
                );
                self.fold(patches, input_gradient.row_mut(row));
            }
        }
    }
}
