//! Hidden pixels, predicted from those around them.

use rand::seq::SliceRandom;

use super::{DATA, PIXELS, counts, images};
use crate::catalogue::TaskEntry;
use crate::data::Divided;
use crate::network::{Dense, Model};
use crate::objective::SquaredError;
use crate::supervised::{Examples, Part, Supervised};
use crate::{Family, Stream};

/// Pixels of an image that are hidden: a quarter.
const HIDDEN_PIXELS: usize = PIXELS / 4;

/// What stands in the place of a hidden pixel: background, so that it does not show which are hidden.
const HIDDEN: f32 = 0.0;

/// One hidden layer with ReLU.
pub(in crate::catalogue) const MASKED: TaskEntry = TaskEntry::bundled("digits-masked", |name| {
    Supervised {
        name,
        summary:
            "Handwritten digits, 8x8 pixels, a random quarter of which are hidden and predicted from \
            the others; 64-64-64 perceptron with ReLU, mean squared error over hidden pixels, \
            minibatches of 64."
                .to_owned(),
        data: format!(
            "{DATA} Hidden pixels are 0; those of validation images are always the same."
        ),
        family: Family::SelfSupervised,
        examples: Masked,
        model: Model::of(PIXELS)
            .then("hidden", Dense::new(PIXELS, 64).relu())
            .then("output", Dense::new(64, PIXELS)),
        objective: SquaredError::of_pixels(),
        batch_size: 64,
        budget_steps: 600,
        evaluation_interval_steps: 40,
    }
    .task()
});

/// Images with a quarter of their pixels hidden, which are the targets.
struct Masked;

impl Examples for Masked {
    type Target = Option<f32>;

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
        numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [Option<f32>],
    ) {
        let image = part.of(images()).features(index);
        features.copy_from_slice(image);
        targets.fill(None);
        let mut pixels: [usize; PIXELS] = std::array::from_fn(|pixel| pixel);
        let (hidden, _) = pixels.partial_shuffle(numbers, HIDDEN_PIXELS);
        for pixel in hidden {
            features[*pixel] = HIDDEN;
            targets[*pixel] = Some(image[*pixel]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn a_quarter_is_hidden_and_asked_for_and_no_pixel_is_spared() {
        let numbers = &mut stream(1, "test", [0, 0]);
        let image = images().training.features(5);
        let mut times = [0; PIXELS];
        for _ in 0..1_000 {
            let (mut features, mut targets) = ([9.0; PIXELS], [Some(9.0); PIXELS]);
            Masked.write(Part::Training, 5, numbers, &mut features, &mut targets);
            for pixel in 0..PIXELS {
                match targets[pixel] {
                    Some(target) => {
                        assert_eq!((features[pixel], target), (HIDDEN, image[pixel]));
                        times[pixel] += 1;
                    }
                    None => assert_eq!(features[pixel], image[pixel]),
                }
            }
        }
        assert_eq!(times.iter().sum::<usize>(), 1_000 * HIDDEN_PIXELS);
        // Five standard deviations of a binomial distribution around 250.
        assert!(
            times.iter().all(|times| (180..=320).contains(times)),
            "{times:?}"
        );
    }
}
