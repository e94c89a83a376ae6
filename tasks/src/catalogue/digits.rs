//! Handwritten digits of 8 × 8 pixels, told apart.

use super::TaskEntry;
use crate::Family;
use crate::data::ClassData;
use crate::network::{Dense, Model};
use crate::objective::CrossEntropy;
use crate::supervised::Supervised;

const PIXELS: usize = ClassData::Digits.features();
const CLASSES: usize = ClassData::Digits.classes();

const DATA: &str = "UCI Optical Recognition of Handwritten Digits: 1,437 images to train on, 360 to \
    validate with, divided by a fixed shuffle; pixels scaled to [0, 1].";

/// One hidden layer with ReLU.
pub(super) const MLP: TaskEntry = TaskEntry::bundled("digits-mlp", |name| {
    Supervised {
        name,
        summary: "Handwritten digits, 8x8 pixels; 64-32-10 perceptron with ReLU, softmax \
            cross-entropy, minibatches of 32."
            .to_owned(),
        data: DATA.to_owned(),
        family: Family::Classification,
        examples: ClassData::Digits.divided(),
        model: Model::of(PIXELS)
            .then("hidden", Dense::new(PIXELS, 32).relu())
            .then("output", Dense::new(32, CLASSES)),
        objective: CrossEntropy { classes: CLASSES },
        batch_size: 32,
        budget_steps: 300,
        evaluation_interval_steps: 20,
    }
    .task()
});
