//! Made-up characters of 8 × 8 pixels, told apart by small networks of the same kinds as digits are: what an optimizer for image
//! classification can be searched on while the tasks on digits are kept to judge it by.

use std::sync::Arc;

use super::TaskEntry;
use super::digits::{residual_network, residual_network_description};
use super::images::ConvolutionalNetwork;
use crate::data::{GLYPH_CLASSES, GLYPH_SHAPE, glyphs};
use crate::network::{Dense, Model};
use crate::objective::CrossEntropy;
use crate::supervised::Supervised;
use crate::{Family, Task};

const DATA: &str = "Ten made-up characters of three strokes each, by an unsteady hand: 1,000 images to train on, 500 to validate \
    with; noise of a tenth of a stroke's darkness.";

/// One hidden layer with ReLU.
pub(super) const MLP: TaskEntry = TaskEntry::bundled("glyphs-mlp", |name| {
    const WIDTH: usize = 32;
    let pixels = GLYPH_SHAPE.pixels();
    let model = Model::of(pixels)
        .then("hidden", Dense::new(pixels, WIDTH).relu())
        .then("output", Dense::new(WIDTH, GLYPH_CLASSES));
    let description = format!("{pixels}-{WIDTH}-{GLYPH_CLASSES} perceptron with ReLU");
    classification(name, &description, model, 100)
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
    const WIDTH: usize = 16;
    let pixels = GLYPH_SHAPE.pixels();
    let model = residual_network(pixels, WIDTH, GLYPH_CLASSES);
    let description = residual_network_description(WIDTH, GLYPH_CLASSES);
    classification(name, &description, model, 100)
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
