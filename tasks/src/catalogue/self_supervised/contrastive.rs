//! Two views of one image, to be recognised as such among views of others.

use rand::RngExt;

use super::{DATA, IMAGE, PIXELS, counts, images};
use crate::catalogue::TaskEntry;
use crate::data::Divided;
use crate::network::{Dense, Model, UnitLength};
use crate::objective::Contrast;
use crate::supervised::{CHUNK_ROWS, Examples, Part, Supervised};
use crate::{Family, Stream};

/// Views of an image.
const VIEWS: usize = 2;

/// Pixels of a row, and rows.
const SIDE: usize = IMAGE.width;

/// Numbers that a view is described by.
const DIMENSIONS: usize = 16;

/// The most that is added to a pixel of a view, or taken away.
const NOISE: f32 = 0.1;

/// One hidden layer with ReLU, for each view alike.
pub(in crate::catalogue) const CONTRASTIVE: TaskEntry = TaskEntry::bundled(
    "digits-contrastive",
    |name| {
        Supervised {
            name,
            summary: "Handwritten digits, 8x8 pixels, each seen twice, moved by up to a pixel and \
                with noise; 64-32-16 perceptron with ReLU to directions in which views of one image \
                are to be near and others far; NT-Xent at temperature 0.5, minibatches of 64 images."
                .to_owned(),
            data: format!(
                "{DATA} The first 320 of the images to validate with are used, in fixed views, 64 at \
                a time."
            ),
            family: Family::SelfSupervised,
            examples: Views,
            model: Model::of(VIEWS * PIXELS)
                .then("hidden", Dense::new(PIXELS, 32).relu().at_each_of(VIEWS))
                .then("output", Dense::new(32, DIMENSIONS).at_each_of(VIEWS))
                .then("direction", UnitLength::new(VIEWS, DIMENSIONS)),
            objective: Contrast {
                dimensions: DIMENSIONS,
                temperature: 0.5,
            },
            batch_size: 64,
            budget_steps: 200,
            evaluation_interval_steps: 20,
        }
        .task()
    },
);

/// Images, each in two views.
struct Views;

impl Examples for Views {
    type Target = ();

    /// As many images validate as make whole chunks: a chunk's views are each other's others, and fewer are told
    /// apart more easily.
    fn counts(&self) -> Divided<usize> {
        let Divided {
            training,
            validation,
        } = counts();
        Divided {
            training,
            validation: validation / CHUNK_ROWS * CHUNK_ROWS,
        }
    }

    fn targets(&self) -> usize {
        0
    }

    fn write(
        &self,
        part: Part,
        index: usize,
        numbers: &mut Stream,
        features: &mut [f32],
        _targets: &mut [()],
    ) {
        let image = part.of(images()).features(index);
        for view in features.chunks_exact_mut(PIXELS) {
            let [down, right] = [(); 2].map(|()| numbers.random_range(0..=2));
            write_moved(image, [down, right], view);
            for pixel in view {
                *pixel += NOISE * (2.0 * numbers.random::<f32>() - 1.0);
            }
        }
    }
}

/// Writes an image whose pixels come from as many rows further down, and columns further to the right, as are said,
/// less one; 0 where these are outside.
fn write_moved(image: &[f32], [down, right]: [usize; 2], moved: &mut [f32]) {
    for (row, pixels) in moved.chunks_exact_mut(SIDE).enumerate() {
        for (column, pixel) in pixels.iter_mut().enumerate() {
            // Counted from 1.
            let [row, column] = [row + down, column + right];
            let is_inside = (1..=SIDE).contains(&row) && (1..=SIDE).contains(&column);
            *pixel = if is_inside {
                image[(row - 1) * SIDE + column - 1]
            } else {
                0.0
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn pixels_move_together_and_zeros_come_in() {
        let image: [f32; PIXELS] = std::array::from_fn(|pixel| 1.0 + pixel as f32);
        let mut moved = [9.0; PIXELS];
        write_moved(&image, [1, 1], &mut moved);
        assert_eq!(moved, image);
        write_moved(&image, [0, 2], &mut moved);
        for row in 0..SIDE {
            for column in 0..SIDE {
                // From the row above, and the next column.
                let expected = if row == 0 || column == SIDE - 1 {
                    0.0
                } else {
                    image[(row - 1) * SIDE + column + 1]
                };
                assert_eq!(moved[row * SIDE + column], expected, "{row} {column}");
            }
        }
    }

    #[test]
    fn views_are_noisy_moved_images_and_all_nine_moves_occur() {
        let numbers = &mut stream(1, "test", [0, 0]);
        let image = images().validation.features(7);
        let mut features = [0.0; VIEWS * PIXELS];
        let mut seen = [0; 9];
        for _ in 0..200 {
            Views.write(Part::Validation, 7, numbers, &mut features, &mut []);
            for view in features.chunks_exact(PIXELS) {
                let within = |places: &[usize; 2]| {
                    let mut moved = [0.0; PIXELS];
                    write_moved(image, *places, &mut moved);
                    let mut pairs = view.iter().zip(&moved);
                    pairs.all(|(pixel, moved)| (pixel - moved).abs() <= NOISE + 1e-6)
                };
                let places = (0..9).map(|place| [place / 3, place % 3]);
                let found = places.clone().position(|place| within(&place));
                seen[found.expect("a moved image")] += 1;
            }
            assert_ne!(features[..PIXELS], features[PIXELS..]);
        }
        assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
    }
}
