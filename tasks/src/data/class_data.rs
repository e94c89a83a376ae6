//! Small tables of classes that travel inside the program: a row of [`ClassFile`] each.
//!
//! To add one: its file and its attribution in `data/`, a constant here, and a variant of [`ClassData`].

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use super::error::DataError;
use super::examples::{Divided, ExampleTable, FeatureScaling, RawExamples};
use super::images::{ImageSet, ImageShape};
use super::split::Split;
use super::table::TableFormat;

/// Data of classes that are compiled into the program; `tasks/data/README.md` has sources and licences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassData {
    /// 150 irises of 3 species, by the lengths and widths of sepals and petals (Fisher 1936): 120 to train on, 30 to
    /// validate with, a fifth of each species; features standardised.
    Iris,
    /// 178 wines of 3 cultivars, by 13 chemical measurements: 142 to train on, 36 to validate with, a fifth of each
    /// cultivar; features standardised.
    Wine,
    /// 569 tumours, malignant (0) or benign (1), by 30 measurements of cell nuclei: 456 to train on, 113 to validate
    /// with, a fifth of each kind; features standardised.
    BreastCancer,
    /// 1,797 handwritten digits of 8 × 8 pixels (Alpaydin 1998): 1,437 to train on, 360 to validate with, by a shuffle;
    /// pixels, which are counts of the dark cells of a 4 × 4 block, divided by 16.
    Digits,
}

/// What a file holds and how it is made examples of.
struct ClassFile {
    content: &'static [u8],
    /// Features, then the class; rows are examples.
    format: TableFormat,
    classes: usize,
    /// What a feature may be.
    range: RangeInclusive<f64>,
    scaling: FeatureScaling,
    split: SplitRule,
}

enum SplitRule {
    /// [`Split::fixed`], with so many examples that validate.
    Fixed(usize),
    /// [`Split::stratified`].
    Stratified,
}

/// The measurements of Fisher's flowers are in centimetres.
const IRIS: ClassFile = ClassFile {
    content: include_bytes!("../../data/iris.csv"),
    format: TableFormat {
        file: "iris.csv",
        header: Some("150,4,setosa,versicolor,virginica"),
        delimiter: b',',
        rows: 150,
        columns: 5,
    },
    classes: 3,
    range: 0.0..=10.0,
    scaling: FeatureScaling::Standardise,
    split: SplitRule::Stratified,
};

const WINE: ClassFile = ClassFile {
    content: include_bytes!("../../data/wine_data.csv"),
    format: TableFormat {
        file: "wine_data.csv",
        header: Some("178,13,class_0,class_1,class_2"),
        delimiter: b',',
        rows: 178,
        columns: 14,
    },
    classes: 3,
    range: 0.0..=10_000.0,
    scaling: FeatureScaling::Standardise,
    split: SplitRule::Stratified,
};

const BREAST_CANCER: ClassFile = ClassFile {
    content: include_bytes!("../../data/breast_cancer.csv"),
    format: TableFormat {
        file: "breast_cancer.csv",
        header: Some("569,30,malignant,benign"),
        delimiter: b',',
        rows: 569,
        columns: 31,
    },
    classes: 2,
    range: 0.0..=10_000.0,
    scaling: FeatureScaling::Standardise,
    split: SplitRule::Stratified,
};

const DIGITS: ClassFile = ClassFile {
    content: include_bytes!("../../data/digits.csv.gz"),
    format: TableFormat {
        file: "digits.csv.gz",
        header: None,
        delimiter: b',',
        rows: 1797,
        columns: 65,
    },
    classes: 10,
    range: 0.0..=16.0,
    scaling: FeatureScaling::DivideBy(16.0),
    split: SplitRule::Fixed(360),
};

const DIGIT_SHAPE: ImageShape = ImageShape {
    channels: 1,
    height: 8,
    width: 8,
};

impl ClassData {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Iris, Self::Wine, Self::BreastCancer, Self::Digits];

    /// How many features an example has.
    #[must_use]
    pub const fn features(self) -> usize {
        self.file().format.columns - 1
    }

    /// How many classes there are.
    #[must_use]
    pub const fn classes(self) -> usize {
        self.file().classes
    }

    /// The examples, divided once and for all; decoded when first asked for.
    ///
    /// # Panics
    ///
    /// If the embedded file is broken, which a test rules out.
    #[must_use]
    pub fn divided(self) -> &'static Divided<ExampleTable<u8>> {
        static DIVIDED: [OnceLock<Divided<ExampleTable<u8>>>; ClassData::ALL.len()] =
            [const { OnceLock::new() }; ClassData::ALL.len()];
        DIVIDED[self as usize].get_or_init(|| {
            self.file()
                .divided()
                .expect("the embedded file is a constant, and a test decodes it")
        })
    }

    /// The digits as images whose pixels are 0, 1, …, 16, divided as [`ClassData::Digits`] is.
    pub(crate) fn digit_images() -> Divided<ImageSet> {
        /// A count of dark cells is stored as its sixteenth, which is exact.
        const DARKEST: f32 = 16.0;
        let part = |part: &ExampleTable<u8>| ImageSet {
            shape: DIGIT_SHAPE,
            classes: Self::Digits.classes(),
            pixels: (0..part.count())
                .flat_map(|row| part.features(row))
                .map(|pixel| (pixel * DARKEST) as u8)
                .collect(),
            labels: part.targets().to_vec(),
        };
        let digits = Self::Digits.divided();
        Divided {
            training: part(&digits.training),
            validation: part(&digits.validation),
        }
    }

    const fn file(self) -> &'static ClassFile {
        match self {
            Self::Iris => &IRIS,
            Self::Wine => &WINE,
            Self::BreastCancer => &BREAST_CANCER,
            Self::Digits => &DIGITS,
        }
    }
}

impl ClassFile {
    fn divided(&self) -> Result<Divided<ExampleTable<u8>>, DataError> {
        let raw = self.decode(self.content)?;
        let split = match self.split {
            SplitRule::Fixed(validation) => Split::fixed(self.format.rows, validation),
            SplitRule::Stratified => Split::stratified(&raw.targets, self.classes),
        };
        Ok(raw.divide(&split, self.scaling))
    }

    /// Decodes lines of features and a class.
    ///
    /// # Errors
    ///
    /// If the table is malformed, a feature is out of range, or a class is not one of 0, 1, … below their number.
    fn decode(&self, bytes: &[u8]) -> Result<RawExamples<u8>, DataError> {
        let feature_count = self.format.columns - 1;
        let mut raw = RawExamples {
            feature_count,
            features: Vec::with_capacity(self.format.rows * feature_count),
            targets: Vec::with_capacity(self.format.rows),
        };
        self.format.decode(bytes, |line, values| {
            let (features, class) = values.split_at(feature_count);
            for (column, feature) in features.iter().enumerate() {
                if !self.range.contains(feature) {
                    let expected = format!(
                        "a number from {} to {}",
                        self.range.start(),
                        self.range.end()
                    );
                    let found = feature.to_string();
                    return Err(self.format.unexpected(line, column, expected, found));
                }
            }
            let class = class[0];
            if class.fract() != 0.0 || !(0.0..self.classes as f64).contains(&class) {
                let expected = format!("a class from 0 to {}", self.classes - 1);
                let found = class.to_string();
                return Err(self.format.unexpected(line, feature_count, expected, found));
            }
            raw.features.extend_from_slice(features);
            raw.targets.push(class as u8);
            Ok(())
        })?;
        Ok(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::tests::moments;
    use super::super::source::tests::gzip;
    use super::*;

    fn raw(data: ClassData) -> RawExamples<u8> {
        let file = data.file();
        file.decode(file.content).expect("the embedded file")
    }

    fn class_counts(labels: &[u8], classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for label in labels {
            counts[usize::from(*label)] += 1;
        }
        counts
    }

    #[test]
    fn the_embedded_files_are_the_published_ones() {
        // Class frequencies as the UCI repository's descriptions give them; of digits, for the test partition.
        for (data, counts) in [
            (ClassData::Iris, vec![50, 50, 50]),
            (ClassData::Wine, vec![59, 71, 48]),
            (ClassData::BreastCancer, vec![212, 357]),
            (
                ClassData::Digits,
                vec![178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
            ),
        ] {
            assert_eq!(
                class_counts(&raw(data).targets, data.classes()),
                counts,
                "{data:?}"
            );
        }
        assert_eq!(raw(ClassData::Iris).features[..4], [5.1, 3.5, 1.4, 0.2]);
        assert_eq!(raw(ClassData::Wine).features[..3], [14.23, 1.71, 2.43]);
        assert_eq!(
            raw(ClassData::BreastCancer).features[..3],
            [17.99, 10.38, 122.8]
        );
        assert_eq!(
            raw(ClassData::Digits).features[..6],
            [0.0, 0.0, 5.0, 13.0, 9.0, 1.0]
        );
        // Means that the descriptions give for the whole of the data: sepal length and petal width of irises, and the
        // alcohol of wines.
        for (data, feature, mean) in [
            (ClassData::Iris, 0, 5.84),
            (ClassData::Iris, 3, 1.20),
            (ClassData::Wine, 0, 13.0),
        ] {
            let raw = raw(data);
            let all: Vec<_> = (0..raw.targets.len()).collect();
            let found = raw.moments(&all)[feature].mean;
            assert!((found - mean).abs() < 0.01, "{data:?} {found}");
        }
    }

    #[test]
    fn parts_have_the_documented_sizes_and_a_fifth_of_every_class() {
        for (data, sizes) in [
            (ClassData::Iris, (120, 30)),
            (ClassData::Wine, (142, 36)),
            (ClassData::BreastCancer, (456, 113)),
            (ClassData::Digits, (1437, 360)),
        ] {
            let Divided {
                training,
                validation,
            } = data.divided();
            assert_eq!((training.count(), validation.count()), sizes, "{data:?}");
            assert_eq!(training.feature_count(), data.features());
            let training = class_counts(training.targets(), data.classes());
            let validation = class_counts(validation.targets(), data.classes());
            for (training, validation) in training.iter().zip(&validation) {
                let share = *validation as f64 / (training + validation) as f64;
                // The digits' shuffle knows no classes.
                let bound = if data == ClassData::Digits { 0.1 } else { 0.01 };
                assert!((share - 0.2).abs() < bound, "{data:?}: {share}");
            }
        }
    }

    #[test]
    fn features_are_scaled_as_documented() {
        for data in [ClassData::Iris, ClassData::Wine, ClassData::BreastCancer] {
            for of in moments(&data.divided().training) {
                assert!(of.mean.abs() < 1e-6, "{data:?}: {}", of.mean);
                assert!(
                    (of.variance - 1.0).abs() < 1e-6,
                    "{data:?}: {}",
                    of.variance
                );
            }
        }
        let digits = &ClassData::Digits.divided().training;
        let pixels = || (0..digits.count()).flat_map(|row| digits.features(row));
        assert!(pixels().all(|pixel| (0.0..=1.0).contains(pixel) && (pixel * 16.0).fract() == 0.0));
        assert!(pixels().any(|pixel| *pixel == 1.0));
    }

    #[test]
    fn digits_are_images_of_the_numbers_in_the_file() {
        let Divided {
            training,
            validation,
        } = ClassData::digit_images();
        assert_eq!((training.count(), validation.count()), (1437, 360));
        let split = Split::fixed(1797, 360);
        let raw = raw(ClassData::Digits);
        for (part, rows) in [(training, split.training), (validation, split.validation)] {
            assert_eq!((part.shape(), part.classes()), (DIGIT_SHAPE, 10));
            for (image, row) in rows.into_iter().enumerate() {
                let pixels = part.image(image).iter().map(|pixel| f64::from(*pixel));
                assert!(pixels.eq(raw.features[64 * row..][..64].iter().copied()));
                assert_eq!(part.labels()[image], raw.targets[row]);
            }
        }
    }

    #[test]
    fn wrong_values_are_described() {
        let row = |pixel: &str, class: &str| format!("{pixel}{}, {class}\n", ",0".repeat(63));
        for (text, message) in [
            (
                row("17", "3"),
                "digits.csv.gz, line 1, column 1: expected a number from 0 to 16, found \"17\"",
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
            let error = DIGITS.decode(&gzip(text)).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
    }
}
