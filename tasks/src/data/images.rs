//! Labelled images, as bytes until a batch is made of them.
//!
//! A set of 60,000 images takes 47 MB as bytes and four times that as floats. So images stay as they are in their files,
//! and a batch's pixels are looked up in a table of the 256 values that a pixel can have once it is standardised.

use super::error::DataError;
use super::source::Source;

/// Extents of an image, which lies in memory channel by channel and row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

impl ImageShape {
    /// Pixels of one channel.
    #[must_use]
    pub const fn channel_pixels(self) -> usize {
        self.height * self.width
    }

    /// Pixels of all channels.
    #[must_use]
    pub const fn pixels(self) -> usize {
        self.channels * self.channel_pixels()
    }
}

/// Images of one shape and the class of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    pub(super) shape: ImageShape,
    /// Every label is less.
    pub(super) classes: usize,
    /// Image by image, [`ImageShape::pixels`] each.
    pub(super) pixels: Vec<u8>,
    pub(super) labels: Vec<u8>,
}

impl ImageSet {
    /// Images made up for a test.
    #[cfg(test)]
    pub(crate) fn made_up(
        shape: ImageShape,
        classes: usize,
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Self {
        assert_eq!(pixels.len(), labels.len() * shape.pixels());
        Self {
            shape,
            classes,
            pixels,
            labels,
        }
    }

    /// How many images there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The extents of each.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of each image, less than [`classes`](Self::classes).
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The bytes of image `index`, channel by channel and row by row.
    ///
    /// # Panics
    ///
    /// If there are not so many images.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        let pixels = self.shape.pixels();
        &self.pixels[index * pixels..][..pixels]
    }

    /// Writes image `index` to `features`, standardised.
    ///
    /// # Panics
    ///
    /// If there are not so many images, `features` is not [`ImageShape::pixels`] long, or the scale was made for
    /// another number of channels.
    pub fn gather(&self, index: usize, scale: &PixelScale, features: &mut [f32]) {
        assert_eq!(features.len(), self.shape.pixels());
        assert_eq!(scale.levels.len(), self.shape.channels);
        let channel_pixels = self.shape.channel_pixels();
        let channels = self.image(index).chunks_exact(channel_pixels);
        for ((to, from), levels) in features
            .chunks_exact_mut(channel_pixels)
            .zip(channels)
            .zip(&scale.levels)
        {
            for (feature, pixel) in to.iter_mut().zip(from) {
                *feature = levels[usize::from(*pixel)];
            }
        }
    }
}

/// What each channel's pixels become: (pixel ÷ 255 − mean) ÷ standard deviation.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelScale {
    /// For each channel, the standardised value of every pixel.
    levels: Vec<[f32; 256]>,
}

impl PixelScale {
    /// The scale with which each channel of `training` has mean 0 and variance 1 over all pixels of all images. A
    /// channel that never changes becomes 0.
    ///
    /// # Panics
    ///
    /// If there are no images.
    #[must_use]
    pub fn of(training: &ImageSet) -> Self {
        assert!(training.count() > 0, "no images to scale by");
        let shape = training.shape;
        let mut counts = vec![[0_u64; 256]; shape.channels];
        for image in training.pixels.chunks_exact(shape.pixels()) {
            for (counts, pixels) in counts
                .iter_mut()
                .zip(image.chunks_exact(shape.channel_pixels()))
            {
                for pixel in pixels {
                    counts[usize::from(*pixel)] += 1;
                }
            }
        }
        Self {
            levels: counts.iter().map(levels).collect(),
        }
    }
}

/// The standardised values of a channel's pixels, of which there are `counts[v]` with the value v.
fn levels(counts: &[u64; 256]) -> [f32; 256] {
    let weighted = |weight: &dyn Fn(f64) -> f64| -> f64 {
        let terms = counts.iter().enumerate();
        terms
            .map(|(pixel, count)| *count as f64 * weight(pixel as f64 / 255.0))
            .sum()
    };
    let count = weighted(&|_| 1.0);
    let mean = weighted(&|value| value) / count;
    let variance = weighted(&|value| (value - mean) * (value - mean)) / count;
    let constant = counts.iter().filter(|count| **count > 0).count() == 1;
    let factor = if constant {
        0.0
    } else {
        1.0 / libm::sqrt(variance)
    };
    std::array::from_fn(|pixel| ((pixel as f64 / 255.0 - mean) * factor) as f32)
}

/// Makes sure that a label is one of `classes`.
pub(super) fn check_label(
    source: &Source<'_>,
    offset: u64,
    label: u8,
    classes: usize,
) -> Result<(), DataError> {
    if usize::from(label) < classes {
        return Ok(());
    }
    let expected = format!("a label from 0 to {}", classes - 1);
    Err(source.unexpected(offset, expected, label.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ImageSet {
        let shape = ImageShape {
            channels: 2,
            height: 1,
            width: 2,
        };
        ImageSet {
            shape,
            classes: 2,
            // Channel 1: 0, 255, 0, 255. Channel 2: 7 throughout.
            pixels: vec![0, 255, 7, 7, 0, 255, 7, 7],
            labels: vec![1, 0],
        }
    }

    #[test]
    fn channels_are_standardised_each_by_itself() {
        let set = set();
        let scale = PixelScale::of(&set);
        let mut features = [9.0; 4];
        set.gather(1, &scale, &mut features);
        // Mean 1/2 and standard deviation 1/2 of the first; the second does not change.
        assert_eq!(features, [-1.0, 1.0, 0.0, 0.0]);
        assert_eq!(set.image(1), [0, 255, 7, 7]);
    }

    #[test]
    fn standardised_pixels_have_mean_0_and_variance_1() {
        let shape = ImageShape {
            channels: 1,
            height: 16,
            width: 16,
        };
        let set = ImageSet {
            shape,
            classes: 1,
            pixels: (0..=255_u8).map(|pixel| pixel / 3).collect(),
            labels: vec![0],
        };
        let mut features = vec![0.0; 256];
        set.gather(0, &PixelScale::of(&set), &mut features);
        let sum: f64 = features.iter().map(|value| f64::from(*value)).sum();
        let squares: f64 = features.iter().map(|value| f64::from(*value).powi(2)).sum();
        assert!(sum.abs() < 1e-4, "{sum}");
        assert!((squares / 256.0 - 1.0).abs() < 1e-6, "{squares}");
    }
}
