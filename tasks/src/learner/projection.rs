//! Images as few numbers: each a sum of all pixels with random weights.
//!
//! A random matrix keeps distances, roughly (W. Johnson and J. Lindenstrauss 1984), so what can be told apart before can
//! mostly be told apart after.

use multiversion::multiversion;

use crate::Stream;
use crate::data::{ImageSet, Moments, standard_normal};

/// The least standard deviation of what varies, as a part of the largest value: below, it is rounding.
const LEAST_VARIATION: f64 = 1e-12;
/// Images that pass through the matrix together, so that it is read less often.
const IMAGES_TOGETHER: usize = 4;
/// Features that are summed together, so that sums stay in registers.
const FEATURES_TOGETHER: usize = 8;

/// A matrix of normal numbers with mean 0 and variance 1.
pub(super) struct Projection {
    /// For each group of features, pixel by pixel, the weights of these; 0 for those that there are not.
    groups: Vec<Vec<[f64; FEATURES_TOGETHER]>>,
    features: usize,
}

impl Projection {
    /// Draws the weights of so many pixels and features: pixel by pixel, feature by feature.
    pub(super) fn draw(pixels: usize, features: usize, numbers: &mut Stream) -> Self {
        let group_count = features.div_ceil(FEATURES_TOGETHER);
        let mut groups = vec![vec![[0.0; FEATURES_TOGETHER]; pixels]; group_count];
        for index in 0..pixels * features {
            let (pixel, feature) = (index / features, index % features);
            let weights = &mut groups[feature / FEATURES_TOGETHER][pixel];
            weights[feature % FEATURES_TOGETHER] = standard_normal(numbers);
        }
        Self { groups, features }
    }

    /// The features of some images, image by image: sums over pixels, from 0 to 255, in their order.
    pub(super) fn project(&self, images: &ImageSet, indices: &[usize]) -> Vec<f64> {
        let mut all = vec![0.0; indices.len() * self.features];
        let rows = all.chunks_mut(IMAGES_TOGETHER * self.features);
        for (rows, indices) in rows.zip(indices.chunks(IMAGES_TOGETHER)) {
            // In the place of those that there are not is one that there is.
            let together = std::array::from_fn(|image| {
                images.image(*indices.get(image).unwrap_or(&indices[0]))
            });
            for (group, weights) in self.groups.iter().enumerate() {
                let sums = sums_of_products(weights, together);
                for (row, sums) in rows.chunks_mut(self.features).zip(sums) {
                    let of_group = row.iter_mut().skip(group * FEATURES_TOGETHER);
                    for (feature, sum) in of_group.zip(sums) {
                        *feature = sum;
                    }
                }
            }
        }
        all
    }
}

/// For each image, the sums over pixels of their products with each feature's weights. Multiplications and additions are
/// apart, and those of a sum in the order of pixels, so that its bits do not depend on the width of vectors.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn sums_of_products(
    weights: &[[f64; FEATURES_TOGETHER]],
    images: [&[u8]; IMAGES_TOGETHER],
) -> [[f64; FEATURES_TOGETHER]; IMAGES_TOGETHER] {
    let images = images.map(|image| &image[..weights.len()]);
    let mut sums = [[0.0; FEATURES_TOGETHER]; IMAGES_TOGETHER];
    for (pixel, weights) in weights.iter().enumerate() {
        for (sums, image) in sums.iter_mut().zip(images) {
            let value = f64::from(image[pixel]);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    sums
}

/// What standardises each feature of some examples.
pub(super) struct Standardisation {
    /// Mean and factor of each feature.
    scales: Vec<(f64, f64)>,
}

impl Standardisation {
    /// By these examples, of so many features each. A feature that does not vary among them becomes 0.
    pub(super) fn of(examples: &[f64], features: usize) -> Self {
        let count = examples.len() / features;
        let scale = |feature: usize| {
            let values = (0..count).map(|row| examples[row * features + feature]);
            let largest = values.clone().map(f64::abs).fold(0.0, f64::max);
            let Moments { mean, variance } = Moments::of(values);
            let deviation = libm::sqrt(variance);
            let varies = deviation > LEAST_VARIATION * largest;
            (mean, if varies { 1.0 / deviation } else { 0.0 })
        };
        Self {
            scales: (0..features).map(scale).collect(),
        }
    }

    /// The features of one example, standardised.
    pub(super) fn apply(&self, example: &[f64]) -> impl Iterator<Item = f32> {
        let features = example.iter().zip(&self.scales);
        features.map(|(value, (mean, factor))| ((value - mean) * factor) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;
    use crate::stream;
    use rand::RngExt;

    impl Projection {
        fn weight(&self, pixel: usize, feature: usize) -> f64 {
            self.groups[feature / FEATURES_TOGETHER][pixel][feature % FEATURES_TOGETHER]
        }
    }

    fn images(count: usize, pixels: usize) -> ImageSet {
        let numbers = &mut stream(1, "test images", [0, 0]);
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: pixels,
        };
        let pixels = (0..count * pixels).map(|_| numbers.random::<u8>().saturating_sub(100));
        ImageSet::made_up(shape, 1, pixels.collect(), vec![0; count])
    }

    #[test]
    fn features_are_sums_of_pixels_with_the_weights_bit_for_bit() {
        let images = images(7, 30);
        for features in [1, 3, 8, 17] {
            let numbers = &mut stream(1, "test", [0, 0]);
            let projection = Projection::draw(30, features, numbers);
            // More images than are taken together, and some of them twice.
            let indices = [3, 0, 6, 6, 2, 1];
            let found = projection.project(&images, &indices);
            assert_eq!(found.len(), indices.len() * features);
            for (image, found) in indices.into_iter().zip(found.chunks(features)) {
                for (feature, found) in found.iter().enumerate() {
                    let mut sum = 0.0;
                    for (pixel, value) in images.image(image).iter().enumerate() {
                        let weight = projection.weight(pixel, feature);
                        sum += f64::from(*value) * weight;
                    }
                    assert_eq!(found.to_bits(), f64::to_bits(sum));
                }
            }
        }
    }

    #[test]
    fn weights_are_normal_numbers_of_the_stream() {
        let projection = Projection::draw(300, 40, &mut stream(1, "test", [0, 0]));
        let numbers = &mut stream(1, "test", [0, 0]);
        let mut weights = Vec::new();
        for pixel in 0..300 {
            for feature in 0..40 {
                weights.push(projection.weight(pixel, feature));
                assert_eq!(weights.last(), Some(&standard_normal(numbers)));
            }
        }
        let Moments { mean, variance } = Moments::of(weights.into_iter());
        // Within five standard errors of 12,000 numbers.
        assert!(mean.abs() < 0.046 && (variance - 1.0).abs() < 0.065);
    }

    #[test]
    fn what_does_not_vary_becomes_0() {
        // The mean of ten times 0.1 is not 0.1.
        let examples: Vec<f64> = (0..10).flat_map(|row| [0.1, f64::from(row % 2)]).collect();
        let scale = Standardisation::of(&examples, 2);
        let apply = |example: [f64; 2]| scale.apply(&example).collect::<Vec<_>>();
        assert_eq!(apply([0.1, 1.0]), [0.0, 1.0]);
        assert_eq!(apply([5.0, 0.0]), [0.0, -1.0]);
    }
}
