//! Made-up characters of 8 × 8 pixels, told apart by small networks of the same kinds as digits are: what an optimizer for image
//! classification can be searched on while the tasks on digits are kept to judge it by.

use std::sync::Arc;

use super::TaskEntry;
use super::networks::{ConvolutionalNetwork, Perceptron, ResidualNetwork};
use crate::data::{GLYPH_CLASSES, GLYPH_SHAPE, glyphs};
use crate::network::Model;
use crate::objective::CrossEntropy;
use crate::supervised::Supervised;
use crate::{Family, Task};

const DATA: &str = "Ten made-up characters of three strokes each, by an unsteady hand: 1,000 images to train on, 500 to validate \
    with; noise of a tenth of a stroke's darkness.";

/// One hidden layer with ReLU.
pub(super) const MLP: TaskEntry = TaskEntry::bundled("glyphs-mlp", |name| {
    let network = Perceptron {
        inputs: GLYPH_SHAPE.pixels(),
        hidden: 32,
        outputs: GLYPH_CLASSES,
    };
    classification(name, &network.description(), network.model(), 100)
});

/// Two convolutions with pooling.
pub(super) const CONVOLUTION: TaskEntry = TaskEntry::bundled("glyphs-conv", |name| {
    let network = ConvolutionalNetwork {
        image: GLYPH_SHAPE,
        channels: &[4, 8],
        classes: GLYPH_CLASSES,
    };
    classification(name, &network.description(), network.model(), 150)
});

/// Residual blocks with layer norm.
pub(super) const RESIDUAL: TaskEntry = TaskEntry::bundled("glyphs-residual", |name| {
    let network = ResidualNetwork {
        inputs: GLYPH_SHAPE.pixels(),
        width: 16,
        outputs: GLYPH_CLASSES,
    };
    classification(name, &network.description(), network.model(), 100)
});

fn classification(
    name: &'static str,
    network: &str,
    model: Model,
    budget_steps: u32,
) -> Arc<dyn Task> {
    Supervised {
        name,
        summary: format!(
            "Made-up characters, 8x8 pixels; {network}, softmax cross-entropy, minibatches of 32."
        ),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: glyphs(),
        model,
        objective: CrossEntropy::of_classes(GLYPH_CLASSES),
        batch_size: 32,
        budget_steps,
        evaluation_interval_steps: 10,
    }
    .task()
}
