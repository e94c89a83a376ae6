//! Files of data: whatever they hold, there is an answer.

use mlevolve_tasks::data::{
    CsvExamples, DataError, Divided, ExampleTable, Text, parse_cifar10, parse_csv, parse_idx,
};

use crate::assert_displays;

/// What errors call the bytes.
const FILE: &str = "some/file";

/// The bytes of a file of labels, or of images, are refused, or hold just as many as they should.
pub fn check_idx(bytes: &[u8]) {
    for shape in [&[5][..], &[2, 3, 4]] {
        match parse_idx(FILE, bytes, shape) {
            Ok(numbers) => assert_eq!(numbers.len(), shape.iter().product::<u32>() as usize),
            Err(error) => assert_names_the_file(&error),
        }
    }
}

/// The bytes of a batch of colour images are refused, or hold just as many as they should.
pub fn check_cifar(bytes: &[u8]) {
    for records in [1, 2] {
        match parse_cifar10(FILE, bytes, records) {
            Ok(images) => {
                assert_eq!(images.count(), records);
                assert!(images.labels().iter().all(|label| *label < 10));
                assert_eq!(images.image(records - 1).len(), images.shape().pixels());
            }
            Err(error) => assert_names_the_file(&error),
        }
    }
}

/// A user's table is refused, or is one that models can be trained on.
pub fn check_csv(bytes: &[u8]) {
    for target in ["1", "2", "y"] {
        let data = match parse_csv(FILE, bytes, target) {
            Ok(data) => data,
            Err(error) => {
                assert_names_the_file(&error);
                continue;
            }
        };
        let feature_count = data.features.len();
        match &data.examples {
            CsvExamples::Regression(divided) => {
                assert_finite(divided, feature_count);
                let parts = [&divided.training, &divided.validation];
                let mut targets = parts.iter().flat_map(|part| part.targets());
                assert!(targets.all(|target| target.is_finite()));
            }
            CsvExamples::Classification { examples, classes } => {
                assert_finite(examples, feature_count);
                for part in [&examples.training, &examples.validation] {
                    let mut labels = part.targets().iter();
                    assert!(labels.all(|label| usize::from(*label) < classes.len()));
                }
            }
        }
    }
}

/// A user's text is refused, or is one that models can be trained on. Most of what a fuzzer makes is too short, so it
/// is repeated.
pub fn check_text(bytes: &[u8]) {
    for bytes in [bytes, &bytes.repeat(2_000 / bytes.len().max(1) + 1)] {
        let text = match Text::parse(FILE, bytes) {
            Ok(text) => text,
            Err(error) => {
                assert_names_the_file(&error);
                continue;
            }
        };
        let Divided {
            training,
            validation,
        } = text.tokens();
        assert!(!training.is_empty() && !validation.is_empty());
        let mut tokens = training.iter().chain(validation);
        assert!(tokens.all(|token| usize::from(*token) < text.vocabulary()));
    }
}

/// Both parts have examples, and all their features are numbers.
fn assert_finite<Target>(divided: &Divided<ExampleTable<Target>>, feature_count: usize) {
    assert!(feature_count > 0);
    for part in [&divided.training, &divided.validation] {
        assert!(part.count() > 0);
        for example in 0..part.count() {
            let features = part.features(example);
            assert_eq!(features.len(), feature_count);
            assert!(features.iter().all(|feature| feature.is_finite()));
        }
    }
}

fn assert_names_the_file(error: &DataError) {
    assert_displays(error);
    assert!(error.to_string().starts_with(FILE), "{error}");
}
