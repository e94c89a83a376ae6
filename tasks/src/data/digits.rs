//! Handwritten digits: 1,797 images of 8 × 8 pixels (UCI Optical Recognition of Handwritten Digits, E. Alpaydin 1998).

use std::sync::LazyLock;

use super::split::Split;
use super::table::{DataError, TableFormat};
use crate::network::Matrix;

static EMBEDDED: &[u8] = include_bytes!("../../data/digits.csv.gz");

const PIXELS: usize = 64;
/// Pixels count the dark cells of a 4 × 4 block, so they run from 0 to 16.
const LARGEST_PIXEL: f64 = 16.0;
const CLASSES: usize = 10;

const FORMAT: TableFormat = TableFormat {
    file: "digits.csv.gz",
    delimiter: b',',
    rows: 1797,
    columns: PIXELS + 1,
};

/// Images and their classes.
#[derive(Debug)]
pub(crate) struct Digits {
    /// One row per image, pixels scaled to [0, 1].
    pub(crate) features: Matrix,
    /// The digit in each image, 0..=9.
    pub(crate) labels: Vec<u8>,
}

/// The digits, divided once and for all.
#[derive(Debug)]
pub(crate) struct DigitsSplit {
    pub(crate) training: Digits,
    pub(crate) validation: Digits,
}

impl DigitsSplit {
    /// 1,437 images to train on and 360 to validate with (20 %), divided by a shuffle with a fixed seed.
    pub(crate) fn embedded() -> &'static Self {
        static SPLIT: LazyLock<DigitsSplit> = LazyLock::new(|| {
            let digits = Digits::decode(EMBEDDED)
                .expect("the embedded file is a constant, and a test decodes it");
            let split = Split::fixed(digits.labels.len(), 360);
            DigitsSplit {
                training: digits.select(&split.training),
                validation: digits.select(&split.validation),
            }
        });
        &SPLIT
    }
}

impl Digits {
    /// Pixels of an image.
    pub(crate) const FEATURES: usize = PIXELS;
    /// Different digits.
    pub(crate) const CLASSES: usize = CLASSES;

    /// Decodes gzipped lines of 64 pixels and a class.
    ///
    /// # Errors
    ///
    /// If the table is malformed, a pixel is outside 0..=16, or a class is not one of 0, 1, …, 9.
    fn decode(bytes: &[u8]) -> Result<Self, DataError> {
        let mut features = Matrix::zeros(FORMAT.rows, PIXELS);
        let mut labels = Vec::with_capacity(FORMAT.rows);
        FORMAT.decode(bytes, |line, values| {
            let (pixels, class) = values.split_at(PIXELS);
            for (column, pixel) in pixels.iter().enumerate() {
                if !(0.0..=LARGEST_PIXEL).contains(pixel) {
                    let found = pixel.to_string();
                    return Err(FORMAT.unexpected(line, column, "a pixel from 0 to 16", found));
                }
            }
            let class = class[0];
            if class.fract() != 0.0 || !(0.0..CLASSES as f64).contains(&class) {
                let found = class.to_string();
                return Err(FORMAT.unexpected(line, PIXELS, "a class from 0 to 9", found));
            }
            // Rows beyond the expected number have no place; `decode` reports them once they are counted.
            if labels.len() < FORMAT.rows {
                for (feature, pixel) in features.row_mut(labels.len()).iter_mut().zip(pixels) {
                    *feature = (pixel / LARGEST_PIXEL) as f32;
                }
            }
            labels.push(class as u8);
            Ok(())
        })?;
        Ok(Self { features, labels })
    }

    fn select(&self, rows: &[usize]) -> Self {
        let mut features = Matrix::zeros(rows.len(), PIXELS);
        for (to, from) in rows.iter().enumerate() {
            features
                .row_mut(to)
                .copy_from_slice(self.features.row(*from));
        }
        Self {
            features,
            labels: rows.iter().map(|row| self.labels[*row]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::gzip;
    use super::*;

    #[test]
    fn the_embedded_file_is_the_published_one() {
        let digits = Digits::decode(EMBEDDED).expect("the embedded file");
        // Class frequencies as the UCI repository's description of the test partition gives them.
        let mut counts = [0; CLASSES];
        for label in &digits.labels {
            counts[usize::from(*label)] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(
            digits.features.row(0)[..6],
            [0.0, 0.0, 5.0 / 16.0, 13.0 / 16.0, 9.0 / 16.0, 1.0 / 16.0]
        );
        assert_eq!(digits.labels[..3], [0, 1, 2]);
    }

    #[test]
    fn both_parts_hold_every_class_and_together_every_image() {
        let split = DigitsSplit::embedded();
        assert_eq!(split.training.labels.len(), 1437);
        assert_eq!(split.validation.labels.len(), 360);
        for class in 0..CLASSES as u8 {
            let count = |part: &Digits| part.labels.iter().filter(|label| **label == class).count();
            assert!(count(&split.validation) >= 20, "class {class}");
            assert!(count(&split.training) >= 120, "class {class}");
        }
    }

    #[test]
    fn wrong_values_are_described() {
        let row =
            |pixel: &str, class: &str| format!("{pixel}{}, {class}\n", ",0".repeat(PIXELS - 1));
        for (text, message) in [
            (
                row("17", "3"),
                "digits.csv.gz, line 1, column 1: expected a pixel from 0 to 16, found \"17\"",
            ),
            (
                row("0", "3") + &row("0", "10"),
                "digits.csv.gz, line 2, column 65: expected a class from 0 to 9, found \"10\"",
            ),
            (
                row("0", "2.5"),
                "digits.csv.gz, line 1, column 65: expected a class from 0 to 9, found \"2.5\"",
            ),
            (
                row("0", "3").repeat(1798),
                "digits.csv.gz: expected 1797 rows, found 1798",
            ),
        ] {
            assert_eq!(
                Digits::decode(&gzip(&text)).expect_err(message).to_string(),
                message
            );
        }
    }
}
