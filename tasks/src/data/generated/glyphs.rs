//! Small images of made-up characters: to be told apart as handwritten digits are, but no digits.

use rand::RngExt;

use super::super::DATA_SEED;
use super::super::examples::{Divided, ExampleTable, FeatureScaling, RawExamples};
use super::super::images::ImageShape;
use super::super::split::Split;
use super::{EXAMPLES, VALIDATION_EXAMPLES, standard_normal};
use crate::{Stream, stream};

/// What the images of [`glyphs`] are.
pub const GLYPH_SHAPE: ImageShape = ImageShape {
    channels: 1,
    height: 8,
    width: 8,
};
/// How many characters there are.
pub const GLYPH_CLASSES: usize = 10;

const PIXELS: usize = GLYPH_SHAPE.pixels();
const STROKES: usize = 3;
/// How far a writer misses the place where a stroke begins or ends, in pixels, as a standard deviation.
const UNSTEADINESS: f64 = 0.35;
/// The standard deviation of what is added to each pixel.
const NOISE: f64 = 0.1;

/// Images of 8 × 8 pixels of ten made-up characters, each as often as another.
///
/// A character is three straight strokes between random points. An image of it has their ends moved by normal numbers of
/// 0.35 pixels, and all of them by up to half a pixel to each side; a pixel is 1 on a stroke and less by its distance from it, down to
/// 0 at one pixel, and has normal noise of 0.1.
#[must_use]
pub fn glyphs() -> Divided<ExampleTable<u8>> {
    let split = Split::in_order(EXAMPLES, VALIDATION_EXAMPLES);
    raw().divide(&split, FeatureScaling::DivideBy(1.0))
}

fn raw() -> RawExamples<u8> {
    let numbers = &mut stream(DATA_SEED, "glyphs", [0, 0]);
    let characters: [Glyph; GLYPH_CLASSES] = std::array::from_fn(|_| Glyph::random(numbers));
    let numbers = &mut stream(DATA_SEED, "images of glyphs", [0, 0]);
    let mut raw = RawExamples {
        feature_count: PIXELS,
        features: Vec::with_capacity(EXAMPLES * PIXELS),
        targets: Vec::with_capacity(EXAMPLES),
    };
    for example in 0..EXAMPLES {
        let class = example % GLYPH_CLASSES;
        let written = characters[class].written(numbers);
        for pixel in 0..PIXELS {
            let at = [pixel % GLYPH_SHAPE.width, pixel / GLYPH_SHAPE.width];
            let darkness = written.darkness(at.map(|place| place as f64));
            raw.features
                .push(darkness + NOISE * standard_normal(numbers));
        }
        raw.targets.push(class as u8);
    }
    raw
}

type Point = [f64; 2];

/// Strokes, each from a point to another.
struct Glyph([[Point; 2]; STROKES]);

impl Glyph {
    fn random(numbers: &mut Stream) -> Self {
        let mut place = || 1.0 + 5.0 * numbers.random::<f64>();
        Self(std::array::from_fn(|_| {
            [[place(), place()], [place(), place()]]
        }))
    }

    /// The same, by an unsteady hand.
    fn written(&self, numbers: &mut Stream) -> Self {
        let shift: Point = [(); 2].map(|()| numbers.random::<f64>() - 0.5);
        Self(self.0.map(|stroke| {
            stroke.map(|[x, y]| {
                let mut missed =
                    |at: f64, by: f64| at + by + UNSTEADINESS * standard_normal(numbers);
                [missed(x, shift[0]), missed(y, shift[1])]
            })
        }))
    }

    /// From 0 to 1, at a point.
    fn darkness(&self, at: Point) -> f64 {
        let strokes = self.0.iter().map(|stroke| 1.0 - distance(at, stroke));
        strokes.fold(0.0, f64::max)
    }
}

/// How far a point is from the nearest one of a stroke.
fn distance([x, y]: Point, [[x0, y0], [x1, y1]]: &[Point; 2]) -> f64 {
    let (along_x, along_y) = (x1 - x0, y1 - y0);
    let length_squared = along_x * along_x + along_y * along_y;
    let share = ((x - x0) * along_x + (y - y0) * along_y) / length_squared.max(f64::MIN_POSITIVE);
    let share = share.clamp(0.0, 1.0);
    let (off_x, off_y) = (x - (x0 + share * along_x), y - (y0 + share * along_y));
    libm::sqrt(off_x * off_x + off_y * off_y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_darken_towards_the_nearest_stroke() {
        let stroke = [[1.0, 1.0], [4.0, 5.0]];
        assert_eq!(distance([1.0, 1.0], &stroke), 0.0);
        assert_eq!(distance([4.0, 7.0], &stroke), 2.0);
        // The middle of the stroke, and two units away from it at a right angle.
        assert!((distance([2.5 - 1.6, 3.0 + 1.2], &stroke) - 2.0).abs() < 1e-12);
        let dot = [[2.0, 2.0], [2.0, 2.0]];
        assert_eq!(distance([2.0, 2.5], &dot), 0.5);
        let glyph = Glyph([stroke, dot, dot]);
        assert_eq!(
            glyph.darkness([2.0, 2.5]),
            1.0 - distance([2.0, 2.5], &stroke).min(0.5)
        );
        assert_eq!(glyph.darkness([7.0, 0.0]), 0.0);
    }

    /// The nearest mean image tells most glyphs, but not all: shifts and unsteadiness matter.
    #[test]
    fn characters_can_be_told_but_not_by_their_means_alone() {
        let Divided {
            training,
            validation,
        } = glyphs();
        assert_eq!((training.count(), validation.count()), (1000, 500));
        let mut means = [[0.0_f64; PIXELS]; GLYPH_CLASSES];
        for (row, class) in training.targets().iter().enumerate() {
            let mean = &mut means[usize::from(*class)];
            for (mean, pixel) in mean.iter_mut().zip(training.features(row)) {
                *mean += f64::from(*pixel) / 100.0;
            }
        }
        let nearest = |row: usize| {
            let to = |mean: &[f64; PIXELS]| -> f64 {
                let pairs = mean.iter().zip(validation.features(row));
                pairs
                    .map(|(mean, pixel)| (mean - f64::from(*pixel)).powi(2))
                    .sum()
            };
            (0..GLYPH_CLASSES).min_by(|&one, &other| to(&means[one]).total_cmp(&to(&means[other])))
        };
        let targets = validation.targets().iter().enumerate();
        let right = targets.filter(|(row, class)| nearest(*row) == Some(usize::from(**class)));
        let share = right.count() as f64 / 500.0;
        assert!((0.3..0.9).contains(&share), "{share}");
    }
}
