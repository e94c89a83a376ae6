//! Handwritten digits of 8 × 8 pixels, told apart.

use super::TaskEntry;
use super::networks::{ConvolutionalNetwork, Perceptron, ResidualNetwork};
use crate::Family;
use crate::data::{ClassData, ImageShape};
use crate::network::{Dense, Model};
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
    let network = Perceptron {
        inputs: PIXELS,
        hidden: 32,
        outputs: CLASSES,
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

/// Residual blocks with layer norm.
pub(super) const RESIDUAL: TaskEntry = TaskEntry::bundled("digits-residual", |name| {
    let network = ResidualNetwork {
        inputs: PIXELS,
        width: 32,
        outputs: CLASSES,
    };
    Supervised {
        name,
        summary: format!(
            "Handwritten digits, 8x8 pixels; {}, softmax cross-entropy, minibatches of 32.",
            network.description()
        ),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: ClassData::Digits.divided(),
        model: network.model(),
        objective: CrossEntropy::of_classes(CLASSES),
        batch_size: 32,
        // So many that tuned gradient descent and momentum end measurably worse than tuned Adam: with three times as many they do
        // not, and whether an optimizer is as good as Adam would be no question.
        budget_steps: 100,
        evaluation_interval_steps: 10,
    }
    .task()
});

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
