//! Images reconstructed from a few numbers.

use super::{DATA, PIXELS, counts, images};
use crate::catalogue::TaskEntry;
use crate::data::Divided;
use crate::network::{Dense, Model};
use crate::objective::SquaredError;
use crate::supervised::{Examples, Part, Supervised};
use crate::{Family, Stream};

/// Numbers that an image has to be reconstructed from.
const CODE: usize = 8;

/// A perceptron with a bottleneck.
pub(in crate::catalogue) const AUTOENCODER: TaskEntry = TaskEntry::bundled(
    "digits-autoencoder",
    |name| {
        Supervised {
            name,
            summary: "Handwritten digits, 8x8 pixels, reconstructed from a code of 8 numbers; \
                64-32-8-32-64 perceptron with ReLU around the code, mean squared error over pixels, \
                minibatches of 64."
                .to_owned(),
            data: DATA.to_owned(),
            family: Family::SelfSupervised,
            examples: Whole,
            model: Model::of(PIXELS)
                .then("encoder", Dense::new(PIXELS, 32).relu())
                .then("code", Dense::new(32, CODE))
                .then("decoder", Dense::new(CODE, 32).relu())
                .then("output", Dense::new(32, PIXELS)),
            objective: SquaredError::of_pixels(),
            batch_size: 64,
            budget_steps: 300,
            evaluation_interval_steps: 20,
        }
        .task()
    },
);

/// Images to be answered with themselves.
struct Whole;

impl Examples for Whole {
    type Target = f32;

    fn counts(&self) -> Divided<usize> {
        counts()
    }

    fn targets(&self) -> usize {
        PIXELS
    }

    fn write(
        &self,
        part: Part,
        index: usize,
        _numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [f32],
    ) {
        let image = part.of(images()).features(index);
        features.copy_from_slice(image);
        targets.copy_from_slice(image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn an_image_is_its_own_target() {
        let (mut features, mut targets) = ([9.0; PIXELS], [9.0; PIXELS]);
        let numbers = &mut stream(1, "test", [0, 0]);
        Whole.write(Part::Validation, 3, numbers, &mut features, &mut targets);
        assert_eq!(features, images().validation.features(3));
        assert_eq!(targets, features);
    }
}
