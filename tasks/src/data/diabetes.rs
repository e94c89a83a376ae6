//! Diabetes progression: 10 baseline measurements of 442 patients and a measure of the disease one year later
//! (Efron, Hastie, Johnstone, Tibshirani, *Least Angle Regression*, 2004).

use std::sync::LazyLock;

use super::error::DataError;
use super::examples::{Divided, ExampleTable, FeatureScaling, RawExamples};
use super::split::Split;
use super::table::TableFormat;

static EMBEDDED_FEATURES: &[u8] = include_bytes!("../../data/diabetes_data_raw.csv.gz");
static EMBEDDED_TARGETS: &[u8] = include_bytes!("../../data/diabetes_target.csv.gz");

const PATIENTS: usize = 442;
const PATIENTS_VALIDATING: usize = 88;

/// Measurements of each patient in [`diabetes`].
pub const DIABETES_FEATURES: usize = 10;

/// Age in years, sex as 1 or 2, body-mass index, mean blood pressure, and six blood serum values.
const FEATURE_FORMAT: TableFormat = TableFormat {
    file: "diabetes_data_raw.csv.gz",
    header: None,
    delimiter: b' ',
    rows: PATIENTS,
    columns: DIABETES_FEATURES,
};
const TARGET_FORMAT: TableFormat = TableFormat {
    file: "diabetes_target.csv.gz",
    header: None,
    delimiter: b' ',
    rows: PATIENTS,
    columns: 1,
};

/// 354 patients to train on and 88 to validate with (20 %), divided by a shuffle with a fixed seed; decoded when first
/// asked for.
///
/// Every measurement is centred, and all are divided by one factor, so that they keep the ratios of their original
/// units (the standard deviations of the smallest and the largest are 0.5 and 35), which makes an ill-conditioned
/// problem. The target is standardised. All statistics are those of the patients that are trained on.
///
/// # Panics
///
/// If the embedded files are broken, which a test rules out.
#[must_use]
pub fn diabetes() -> &'static Divided<ExampleTable<f32>> {
    static DIVIDED: LazyLock<Divided<ExampleTable<f32>>> = LazyLock::new(|| {
        let raw = decode(EMBEDDED_FEATURES, EMBEDDED_TARGETS)
            .expect("the embedded files are constants, and a test decodes them");
        let split = Split::fixed(PATIENTS, PATIENTS_VALIDATING);
        raw.divide(&split, FeatureScaling::CentreAndShareScale)
    });
    &DIVIDED
}

/// Decodes lines of ten measurements, and lines of one target each.
///
/// # Errors
///
/// If either table is malformed.
fn decode(features: &[u8], targets: &[u8]) -> Result<RawExamples<f64>, DataError> {
    let mut raw = RawExamples {
        feature_count: DIABETES_FEATURES,
        features: Vec::with_capacity(PATIENTS * DIABETES_FEATURES),
        targets: Vec::with_capacity(PATIENTS),
    };
    FEATURE_FORMAT.decode(features, |_, values| {
        raw.features.extend_from_slice(values);
        Ok(())
    })?;
    TARGET_FORMAT.decode(targets, |_, values| {
        raw.targets.push(values[0]);
        Ok(())
    })?;
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::super::examples::Moments;
    use super::super::examples::tests::moments;
    use super::super::source::tests::gzip;
    use super::*;

    #[test]
    fn the_embedded_files_are_the_published_ones() {
        let raw = decode(EMBEDDED_FEATURES, EMBEDDED_TARGETS).expect("embedded files");
        assert_eq!(
            raw.features[..10],
            [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0]
        );
        assert_eq!(raw.targets[..3], [151.0, 75.0, 141.0]);
        // Mean and standard deviation of the target as published with the data: 152.13 and 77.0.
        let of = Moments::of(raw.targets.iter().copied());
        assert!((of.mean - 152.133).abs() < 0.001);
        assert!((of.variance.sqrt() - 77.005).abs() < 0.01);
    }

    #[test]
    fn scaling_uses_the_statistics_of_the_training_part() {
        let Divided {
            training,
            validation,
        } = diabetes();
        assert_eq!((training.count(), validation.count()), (354, 88));
        let target = Moments::of(training.targets().iter().map(|value| f64::from(*value)));
        assert!(target.mean.abs() < 1e-6 && (target.variance - 1.0).abs() < 1e-6);
        let columns = moments(training);
        assert!(columns.iter().all(|moments| moments.mean.abs() < 1e-6));
        let mean_variance = columns.iter().map(|moments| moments.variance).sum::<f64>() / 10.0;
        assert!((mean_variance - 1.0).abs() < 1e-6);
        // Total cholesterol varies some 70 times as much as sex, before scaling and after.
        let ratio = (columns[4].variance / columns[1].variance).sqrt();
        assert!((55.0..85.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn broken_files_are_told_apart() {
        let features = gzip("1 2 3 4 5 6 7 8 9 10\n".repeat(PATIENTS));
        let targets = gzip("1.5e2\n".repeat(PATIENTS));
        assert!(decode(&features, &targets).is_ok());
        let error = decode(&features, &gzip("1\nx\n")).expect_err("a letter");
        let message =
            "diabetes_target.csv.gz, line 2, column 1: expected a finite number, found \"x\"";
        assert_eq!(error.to_string(), message);
        let error = decode(&targets, &targets).expect_err("one column");
        let message = "diabetes_data_raw.csv.gz, line 1: expected 10 columns, found 1";
        assert_eq!(error.to_string(), message);
    }
}
