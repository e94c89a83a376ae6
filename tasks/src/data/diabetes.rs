//! Diabetes progression: 10 baseline measurements of 442 patients and a measure of the disease one year later
//! (Efron, Hastie, Johnstone, Tibshirani, *Least Angle Regression*, 2004).

use std::sync::LazyLock;

use super::split::Split;
use super::table::{DataError, TableFormat};
use crate::network::Matrix;

static EMBEDDED_FEATURES: &[u8] = include_bytes!("../../data/diabetes_data_raw.csv.gz");
static EMBEDDED_TARGETS: &[u8] = include_bytes!("../../data/diabetes_target.csv.gz");

const PATIENTS: usize = 442;
const MEASUREMENTS: usize = 10;

const FEATURE_FORMAT: TableFormat = TableFormat {
    file: "diabetes_data_raw.csv.gz",
    delimiter: b' ',
    rows: PATIENTS,
    columns: MEASUREMENTS,
};
const TARGET_FORMAT: TableFormat = TableFormat {
    file: "diabetes_target.csv.gz",
    delimiter: b' ',
    rows: PATIENTS,
    columns: 1,
};

/// Measurements in their original units: age in years, sex as 1 or 2, body-mass index, mean blood pressure, and six
/// blood serum values; and the disease's progression.
#[derive(Debug)]
struct RawDiabetes {
    features: Vec<[f64; MEASUREMENTS]>,
    targets: Vec<f64>,
}

/// Patients, scaled for training.
#[derive(Debug)]
pub(crate) struct Diabetes {
    /// One row per patient.
    pub(crate) features: Matrix,
    /// Progression, with mean 0 and variance 1 over the patients that are trained on.
    pub(crate) targets: Vec<f32>,
}

/// The patients, divided once and for all.
#[derive(Debug)]
pub(crate) struct DiabetesSplit {
    pub(crate) training: Diabetes,
    pub(crate) validation: Diabetes,
}

impl Diabetes {
    /// Measurements per patient.
    pub(crate) const FEATURES: usize = MEASUREMENTS;
}

impl DiabetesSplit {
    /// 354 patients to train on and 88 to validate with (20 %), divided by a shuffle with a fixed seed.
    pub(crate) fn embedded() -> &'static Self {
        static SPLIT: LazyLock<DiabetesSplit> = LazyLock::new(|| {
            let raw = RawDiabetes::decode(EMBEDDED_FEATURES, EMBEDDED_TARGETS)
                .expect("the embedded files are constants, and a test decodes them");
            DiabetesSplit::scaled(&raw, &Split::fixed(PATIENTS, 88))
        });
        &SPLIT
    }

    /// Centres every feature by its own mean, but divides all by one factor, the root of the mean of their variances.
    ///
    /// So the features keep the ratios of their original units (the standard deviations of the smallest and the largest
    /// are 0.5 and 35), which makes an ill-conditioned problem: the point is to see which rules cope with directions of
    /// very different curvature. All statistics are those of the patients that are trained on.
    fn scaled(raw: &RawDiabetes, split: &Split) -> Self {
        let columns: [Moments; MEASUREMENTS] = std::array::from_fn(|column| {
            Moments::of(split.training.iter().map(|row| raw.features[*row][column]))
        });
        let mean_variance =
            columns.iter().map(|moments| moments.variance).sum::<f64>() / MEASUREMENTS as f64;
        let feature_scale = 1.0 / libm::sqrt(mean_variance);
        let target = Moments::of(split.training.iter().map(|row| raw.targets[*row]));
        let target_scale = 1.0 / libm::sqrt(target.variance);

        let part = |rows: &[usize]| {
            let mut features = Matrix::zeros(rows.len(), MEASUREMENTS);
            for (to, from) in rows.iter().enumerate() {
                let values = features
                    .row_mut(to)
                    .iter_mut()
                    .zip(&raw.features[*from])
                    .zip(&columns);
                for ((feature, value), moments) in values {
                    *feature = ((value - moments.mean) * feature_scale) as f32;
                }
            }
            let targets = rows
                .iter()
                .map(|row| ((raw.targets[*row] - target.mean) * target_scale) as f32)
                .collect();
            Diabetes { features, targets }
        };
        Self {
            training: part(&split.training),
            validation: part(&split.validation),
        }
    }
}

impl RawDiabetes {
    /// Decodes gzipped lines of ten measurements, and gzipped lines of one target each.
    ///
    /// # Errors
    ///
    /// If either table is malformed.
    fn decode(features: &[u8], targets: &[u8]) -> Result<Self, DataError> {
        let mut raw = Self {
            features: Vec::with_capacity(PATIENTS),
            targets: Vec::with_capacity(PATIENTS),
        };
        FEATURE_FORMAT.decode(features, |_, values| {
            let mut row = [0.0; MEASUREMENTS];
            row.copy_from_slice(values);
            raw.features.push(row);
            Ok(())
        })?;
        TARGET_FORMAT.decode(targets, |_, values| {
            raw.targets.push(values[0]);
            Ok(())
        })?;
        Ok(raw)
    }
}

/// Mean and population variance of a sample.
#[derive(Debug, Clone, Copy)]
struct Moments {
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let count = values.len() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let variance = values
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            / count;
        Self { mean, variance }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::gzip;
    use super::*;

    #[test]
    fn the_embedded_files_are_the_published_ones() {
        let raw = RawDiabetes::decode(EMBEDDED_FEATURES, EMBEDDED_TARGETS).expect("embedded files");
        assert_eq!(
            raw.features[0],
            [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0]
        );
        assert_eq!(raw.targets[..3], [151.0, 75.0, 141.0]);
        // Mean and standard deviation of the target as published with the data: 152.13 and 77.0.
        let moments = Moments::of(raw.targets.iter().copied());
        assert!((moments.mean - 152.133).abs() < 0.001);
        assert!((moments.variance.sqrt() - 77.005).abs() < 0.01);
    }

    #[test]
    fn scaling_uses_the_statistics_of_the_training_part() {
        let DiabetesSplit {
            training,
            validation,
        } = DiabetesSplit::embedded();
        assert_eq!(
            (training.targets.len(), validation.targets.len()),
            (354, 88)
        );
        let target = Moments::of(training.targets.iter().map(|value| f64::from(*value)));
        assert!(target.mean.abs() < 1e-6 && (target.variance - 1.0).abs() < 1e-6);
        let columns: Vec<_> = (0..MEASUREMENTS)
            .map(|column| {
                Moments::of((0..354).map(|row| f64::from(training.features.row(row)[column])))
            })
            .collect();
        assert!(columns.iter().all(|moments| moments.mean.abs() < 1e-6));
        let mean_variance = columns.iter().map(|moments| moments.variance).sum::<f64>() / 10.0;
        assert!((mean_variance - 1.0).abs() < 1e-6);
        // Total cholesterol varies some 70 times as much as sex, before scaling and after.
        let ratio = (columns[4].variance / columns[1].variance).sqrt();
        assert!((55.0..85.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn broken_files_are_told_apart() {
        let features = gzip(&"1 2 3 4 5 6 7 8 9 10\n".repeat(PATIENTS));
        let targets = gzip(&"1.5e2\n".repeat(PATIENTS));
        assert!(RawDiabetes::decode(&features, &targets).is_ok());
        let error = RawDiabetes::decode(&features, &gzip("1\nx\n")).expect_err("a letter");
        let message =
            "diabetes_target.csv.gz, line 2, column 1: expected a finite number, found \"x\"";
        assert_eq!(error.to_string(), message);
        let error = RawDiabetes::decode(&targets, &targets).expect_err("one column");
        let message = "diabetes_data_raw.csv.gz, line 1: expected 10 columns, found 1";
        assert_eq!(error.to_string(), message);
    }
}
