//! Learning from handwritten digits without their labels: a file for each task.

mod autoencoder;
mod contrastive;
mod masked;

pub(super) use autoencoder::AUTOENCODER;
pub(super) use contrastive::CONTRASTIVE;
pub(super) use masked::MASKED;

use crate::data::{ClassData, Divided, ExampleTable};

const PIXELS: usize = ClassData::Digits.features();

/// What all say of their data, and then what they make of it.
const DATA: &str = "UCI Optical Recognition of Handwritten Digits: 1,437 images to train on, 360 to \
    validate with, divided by a fixed shuffle; pixels scaled to [0, 1]; without labels.";

/// The images, whose labels are not looked at.
fn images() -> &'static Divided<ExampleTable<u8>> {
    ClassData::Digits.divided()
}

/// How many images each part has.
fn counts() -> Divided<usize> {
    let Divided {
        training,
        validation,
    } = images();
    Divided {
        training: training.count(),
        validation: validation.count(),
    }
}
