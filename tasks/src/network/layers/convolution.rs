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
//! The patches hold, for each place of the kernel, the whole image moved by so much, channels and all, with 0 for
//! pixels that came in over an edge. That is a copy under a mask, from an image with zeros before and behind it. The
//! backward pass makes patches again, which takes about as long as to fetch them from a more distant cache, and no
//! memory.

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};
use multiversion::multiversion;

use super::super::layer::{Cost, Gradient, Initial, Layer, Parameters, Room, Tensor};
use super::super::{Activation, Matrix};
use super::dense::sum_rows;
use crate::data::ImageShape;

/// `outputs = activation(inputs ∗ weight + bias)`, with zeros around an image so that its size stays.
///
/// Images lie channel by channel and row by row. The weight is a matrix as a dense layer's is: a column for each
/// channel out, and a row for each number that a unit sums, places of the kernel row by row, and in each place the
/// channels in.
#[derive(Debug, Clone)]
pub(crate) struct Convolution {
    image: ImageShape,
    channels: usize,
    /// Places of the kernel.
    places: usize,
    /// Zeros before and behind an image in [`Layer::scratch`]: how far a place of the kernel can move it.
    margin: usize,
    /// For each place of the kernel, where the moved image begins in the one with margins.
    begins: Vec<usize>,
    /// For each place of the kernel and each number of an image, all bits if it lies in the image, and none if it
    /// came in over an edge.
    masks: Vec<u32>,
    activation: Activation,
    initial: Initial,
}

impl Convolution {
    /// A layer with a square kernel, from images of a shape to images of so many channels, without activation, with
    /// weights that start after [`Initial::Glorot`] and biases that start at 0.
    ///
    /// # Panics
    ///
    /// If the kernel has no middle.
    pub(crate) fn new(image: ImageShape, channels: usize, side: usize) -> Self {
        assert!(side % 2 == 1, "a kernel of {side} × {side}");
        let ImageShape { height, width, .. } = image;
        let reach = side / 2;
        let places = (0..side).flat_map(|down| (0..side).map(move |right| [down, right]));
        // A pixel at `from` comes from `from + offset - reach`, if that is not less than 0 and less than `extent`.
        let inside = |from: usize, offset: usize, extent: usize| {
            (reach..reach + extent).contains(&(from + offset))
        };
        let mask = |[down, right]: [usize; 2]| {
            (0..image.pixels()).map(move |number| {
                let [row, column] = [number / width % height, number % width];
                let is_inside = inside(row, down, height) && inside(column, right, width);
                if is_inside { u32::MAX } else { 0 }
            })
        };
        Self {
            image,
            channels,
            places: side * side,
            margin: reach * width + reach,
            begins: places
                .clone()
                .map(|[down, right]| down * width + right)
                .collect(),
            masks: places.flat_map(mask).collect(),
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
    pub(crate) fn image_out(&self) -> ImageShape {
        ImageShape {
            channels: self.channels,
            ..self.image
        }
    }

    /// The numbers that a unit sums.
    fn patch(&self) -> usize {
        self.places * self.image.channels
    }

    /// Parts of [`Room::scratch`]: the patches of an example; an image with margins, which stay 0; and a sum for each
    /// number of an output.
    fn scratch_parts<'a>(&self, scratch: &'a mut [f32]) -> [&'a mut [f32]; 3] {
        let (patches, rest) = scratch.split_at_mut(self.patch() * self.image.channel_pixels());
        let (image, sums) = rest.split_at_mut(self.image.pixels() + 2 * self.margin);
        [patches, image, sums]
    }
}

/// Writes an image, which begins elsewhere for each place of the kernel, to `patches`, where masks let it through.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn unfold(image: &[f32], begins: &[usize], masks: &[u32], patches: &mut [f32]) {
    let numbers = patches.len() / begins.len();
    let places = patches.chunks_exact_mut(numbers);
    for ((patches, masks), begin) in places.zip(masks.chunks_exact(numbers)).zip(begins) {
        let image = &image[*begin..*begin + numbers];
        for ((to, from), mask) in patches.iter_mut().zip(image).zip(masks) {
            // No product with 0 or 1: NaN must stay on its side of the edge.
            *to = f32::from_bits(from.to_bits() & mask);
        }
    }
}

/// Adds to each number of an image what [`unfold`] made of it.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn fold(patches: &[f32], begins: &[usize], masks: &[u32], image: &mut [f32]) {
    let numbers = patches.len() / begins.len();
    let places = patches.chunks_exact(numbers);
    for ((patches, masks), begin) in places.zip(masks.chunks_exact(numbers)).zip(begins) {
        let image = &mut image[*begin..*begin + numbers];
        for ((sum, from), mask) in image.iter_mut().zip(patches).zip(masks) {
            *sum += f32::from_bits(from.to_bits() & mask);
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

    fn scratch(&self, _rows: usize) -> usize {
        let patches = self.patch() * self.image.channel_pixels();
        patches + self.image.pixels() + 2 * self.margin + self.outputs()
    }

    fn forward(
        &self,
        parameters: Parameters<'_>,
        inputs: &Matrix,
        rows: Range<usize>,
        room: &mut Room,
    ) {
        let pixels = self.image.channel_pixels();
        let inside = self.margin..self.margin + self.image.pixels();
        let [patches, image, _] = self.scratch_parts(&mut room.scratch);
        for row in rows.clone() {
            image[inside.clone()].copy_from_slice(inputs.row(row));
            unfold(image, &self.begins, &self.masks, patches);
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
        let inside = self.margin..self.margin + self.image.pixels();
        let [patches, image, sums] = self.scratch_parts(&mut room.scratch);
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
            image[inside.clone()].copy_from_slice(inputs.row(row));
            unfold(image, &self.begins, &self.masks, patches);
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
                image[inside.clone()].fill(0.0);
                fold(patches, &self.begins, &self.masks, image);
                input_gradient
                    .row_mut(row)
                    .copy_from_slice(&image[inside.clone()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Activations, Model};

    const IMAGE: ImageShape = ImageShape {
        channels: 2,
        height: 2,
        width: 3,
    };

    /// An image out for an image in, by a layer from two channels to one.
    fn convolved(image: [f32; 12], weight: [f32; 18], bias: f32) -> [f32; 6] {
        let model = Model::of(12).then("only", Convolution::new(IMAGE, 1, 3));
        let mut parameters = vec![f32::NAN; model.layout().arena_len()];
        let [weights, biases] = model.layout().tensors() else {
            panic!("two tensors")
        };
        parameters[weights.range()].copy_from_slice(&weight);
        parameters[biases.range()].fill(bias);
        let mut inputs = Matrix::zeros(1, 12);
        inputs.row_mut(0).copy_from_slice(&image);
        let mut activations = Activations::for_evaluation(&model, 1);
        model.forward(&parameters, &inputs, 0..1, &mut activations);
        let outputs = activations.outputs().row(0).try_into();
        outputs.expect("as many pixels as a channel has")
    }

    #[test]
    fn each_weight_is_of_a_place_and_a_channel() {
        let image = [
            1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0,
        ];
        for place in 0..9 {
            for channel in 0..2 {
                let mut weight = [0.0; 18];
                weight[2 * place + channel] = 1.0;
                let found = convolved(image, weight, 0.5);
                for (index, found) in found.into_iter().enumerate() {
                    // Counted from 1, and 0 is outside.
                    let [row, column] = [index / 3 + place / 3, index % 3 + place % 3];
                    let expected = if (1..=2).contains(&row) && (1..=3).contains(&column) {
                        image[6 * channel + 3 * (row - 1) + column - 1]
                    } else {
                        0.0
                    };
                    assert_eq!(found, expected + 0.5, "place {place}, channel {channel}");
                }
            }
        }
    }

    #[test]
    fn nan_reaches_its_neighbours_and_goes_no_further() {
        // At the end of the upper row: the lower row begins next to it in memory, but not in the image.
        let mut image = [1.0; 12];
        image[2] = f32::NAN;
        let found = convolved(image, [1.0; 18], 0.0);
        let broken = found.map(f32::is_nan);
        assert_eq!(broken, [false, true, true, false, true, true]);
    }

    #[test]
    fn the_zeros_around_an_image_cost_what_pixels_do() {
        let cost = Convolution::new(IMAGE, 4, 3).cost();
        // 24 numbers out, of 18 in each.
        assert_eq!(
            cost,
            Cost {
                forward_flops: 24 * (2 * 18 + 1),
                parameter_gradient_flops: 24 * (2 * 18 + 1),
                input_gradient_flops: 24 * 2 * 18,
            }
        );
    }
}
