//! Handwritten digits of 8 × 8 pixels, told apart.

use super::TaskEntry;
use super::images::ConvolutionalNetwork;
use crate::Family;
use crate::data::{ClassData, ImageShape};
use crate::network::{Dense, LayerNorm, Model, Residual};
use crate::objective::CrossEntropy;
use crate::supervised::Supervised;

pub(super) const PIXELS: usize = ClassData::Digits.features();
const CLASSES: usize = ClassData::Digits.classes();
pub(super) const IMAGE: ImageShape = ImageShape {
    channels: 1,
    height: 8,
    width: 8,
};

pub(super) const DATA: &str = "UCI Optical Recognition of Handwritten Digits: 1,437 images to train on, 360 to \
    validate with, divided by a fixed shuffle; pixels scaled to [0, 1].";

/// One hidden layer with ReLU.
pub(super) const MLP: TaskEntry = TaskEntry::bundled("digits-mlp", |name| {
    Supervised {
        name,
        summary: "Handwritten digits, 8x8 pixels; 64-32-10 perceptron with ReLU, softmax \
            cross-entropy, minibatches of 64."
            .to_owned(),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: ClassData::Digits.divided(),
        model: Model::of(PIXELS)
            .then("hidden", Dense::new(PIXELS, 32).relu())
            .then("output", Dense::new(32, CLASSES)),
        objective: CrossEntropy::of_classes(CLASSES),
        batch_size: 64,
        budget_steps: 200,
        evaluation_interval_steps: 20,
    }
    .task()
});

/// Residual blocks with layer norm.
pub(super) const RESIDUAL: TaskEntry = TaskEntry::bundled("digits-residual", |name| {
    const WIDTH: usize = 32;
    Supervised {
        name,
        summary: format!(
            "Handwritten digits, 8x8 pixels; {}, softmax cross-entropy, minibatches of 32.",
            residual_network_description(WIDTH, CLASSES)
        ),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: ClassData::Digits.divided(),
        model: residual_network(PIXELS, WIDTH, CLASSES),
        objective: CrossEntropy::of_classes(CLASSES),
        batch_size: 32,
        // So many that tuned gradient descent and momentum end measurably worse than tuned Adam: with three times as many they do
        // not, and whether an optimizer is as good as Adam would be no question.
        budget_steps: 100,
        evaluation_interval_steps: 10,
    }
    .task()
});

/// A linear map to so many units, two residual blocks of layer norm and a perceptron, layer norm, and a linear map to the
/// classes.
pub(super) fn residual_network(inputs: usize, width: usize, classes: usize) -> Model {
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
        .then("output", Dense::new(width, classes))
}

/// What it is, for summaries.
pub(super) fn residual_network_description(width: usize, classes: usize) -> String {
    format!(
        "linear map to {width}, two residual blocks of layer norm and a {width}-{width}-{width} perceptron with ReLU, layer \
         norm, linear map to {classes}"
    )
}

/// Logistic regression.
pub(super) const SOFTMAX: TaskEntry = TaskEntry::bundled("digits-softmax", |name| {
    Supervised {
        name,
        summary: "Handwritten digits, 8x8 pixels; logistic regression, softmax cross-entropy, \
            minibatches of 32."
            .to_owned(),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: ClassData::Digits.divided(),
        model: Model::of(PIXELS).then("output", Dense::new(PIXELS, CLASSES)),
        objective: CrossEntropy::of_classes(CLASSES),
        batch_size: 32,
        budget_steps: 200,
        evaluation_interval_steps: 20,
    }
    .task()
});

/// Two convolutions with pooling.
pub(super) const CONVOLUTION: TaskEntry = TaskEntry::bundled("digits-conv", |name| {
    let network = ConvolutionalNetwork {
        image: IMAGE,
        channels: &[8, 16],
        classes: CLASSES,
    };
    Supervised {
        name,
        summary: format!(
            "Handwritten digits, 8x8 pixels; {}, softmax cross-entropy, minibatches of 64.",
            network.description()
        ),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: ClassData::Digits.divided(),
        model: network.model(),
        objective: CrossEntropy::of_classes(CLASSES),
        batch_size: 64,
        budget_steps: 200,
        evaluation_interval_steps: 20,
    }
    .task()
});
