//! Learning from handwritten digits without their labels: a file for each task.

mod autoencoder;
mod contrastive;
mod masked;

pub(super) use autoencoder::AUTOENCODER;
pub(super) use contrastive::CONTRASTIVE;
pub(super) use masked::MASKED;

use super::digits::{DATA, IMAGE, PIXELS};
use crate::data::{ClassData, Divided, ExampleTable};

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
