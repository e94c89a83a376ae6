//! Networks that several tasks train, each with how summaries call it.

use crate::data::ImageShape;
use crate::network::{Convolution, Dense, LayerNorm, MaxPool, Model, Residual};

/// One hidden layer with ReLU.
#[derive(Clone, Copy)]
pub(super) struct Perceptron {
    pub(super) inputs: usize,
    pub(super) hidden: usize,
    pub(super) outputs: usize,
}

impl Perceptron {
    /// What it is, for summaries.
    pub(super) fn description(self) -> String {
        let Self {
            inputs,
            hidden,
            outputs,
        } = self;
        format!("{inputs}-{hidden}-{outputs} perceptron with ReLU")
    }

    pub(super) fn model(self) -> Model {
        Model::of(self.inputs)
            .then("hidden", Dense::new(self.inputs, self.hidden).relu())
            .then("output", Dense::new(self.hidden, self.outputs))
    }
}

/// A linear map to so many units, two residual blocks of layer norm and a perceptron, layer norm, and a linear map to the
/// outputs.
#[derive(Clone, Copy)]
pub(super) struct ResidualNetwork {
    pub(super) inputs: usize,
    pub(super) width: usize,
    pub(super) outputs: usize,
}

impl ResidualNetwork {
    /// What it is, for summaries.
    pub(super) fn description(self) -> String {
        let Self { width, outputs, .. } = self;
        format!(
            "linear map to {width}, two residual blocks of layer norm and a {width}-{width}-{width} perceptron with ReLU, layer \
             norm, linear map to {outputs}"
        )
    }

    pub(super) fn model(self) -> Model {
        let Self {
            inputs,
            width,
            outputs,
        } = self;
        let block = || {
            let inner = Model::of(width)
                .then("norm", LayerNorm::new(width))
                .then("hidden", Dense::new(width, width).relu())
                .then("output", Dense::new(width, width));
            Residual::of(inner)
        };
        Model::of(inputs)
            .then("input", Dense::new(inputs, width))
            .then("first block", block())
            .then("second block", block())
            .then("norm", LayerNorm::new(width))
            .then("output", Dense::new(width, outputs))
    }
}

/// For each number of channels a 3 × 3 convolution with ReLU, followed by 2 × 2 max pooling; then a dense layer.
pub(super) struct ConvolutionalNetwork<'a> {
    pub(super) image: ImageShape,
    pub(super) channels: &'a [usize],
    pub(super) classes: usize,
}

impl ConvolutionalNetwork<'_> {
    /// What it is, for summaries.
    pub(super) fn description(&self) -> String {
        let channels: Vec<_> = self.channels.iter().map(usize::to_string).collect();
        format!(
            "convolutions 3x3 to {} channels with ReLU, each followed by 2x2 max pooling, then a dense layer to {}",
            channels.join(", "),
            self.classes
        )
    }

    pub(super) fn model(&self) -> Model {
        let mut image = self.image;
        let mut model = Model::of(image.pixels());
        for (number, channels) in (1..).zip(self.channels) {
            let convolution = Convolution::new(image, *channels, 3).relu();
            let pool = MaxPool::new(convolution.image_out());
            image = pool.image_out();
            model = model
                .then(&format!("convolution {number}"), convolution)
                .then(&format!("pool {number}"), pool);
        }
        model.then("output", Dense::new(image.pixels(), self.classes))
    }
}
