//! Projected images: those that come with the program, and files.

use std::path::Path;

use super::*;
use crate::data::Moments;

#[test]
fn projected_digits_are_balanced_standardised_and_can_be_told_apart() {
    let shape = LearnerTaskShape {
        features: 8,
        training_examples: 1000,
        validation_examples: 1000,
    };
    let found = examples("projected-digits", &shape, &[0, 1, 2, 3].map(task));
    assert_eq!(found.evaluation, Evaluation::Accuracy);
    assert_eq!((found.training.count, found.validation.count), (1000, 58));
    assert_eq!(
        found.remarks,
        [
            "projected-digits: the images of two classes, 274 or more, are repeated to make 1000 training examples.",
            "projected-digits: 58 validation examples instead of 1000, as every two classes have no more.",
        ]
    );
    for of_lane in 0..4 {
        let [training, validation] = lane(&found, of_lane);
        let (features, labels) = training.split_at(8 * 1000);
        // Epochs of 274 or more images are balanced, and what is left of the next nearly so.
        let ones: f32 = labels.iter().sum();
        assert!((470.0..530.0).contains(&ones), "{ones}");
        for feature in 0..8 {
            let values = features.chunks(8).map(|row| f64::from(row[feature]));
            let Moments { mean, variance } = Moments::of(values);
            assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.1);
        }
        let (features, labels) = validation.split_at(8 * 58);
        assert_eq!(labels.iter().sum::<f32>(), 29.0);
        // The nearest of two class means, of the training part, tells most validation images apart.
        let (training, training_labels) = training.split_at(8 * 1000);
        let mean = |label: f32| -> [f32; 8] {
            let rows = training.chunks(8).zip(training_labels);
            let mut sum = [0.0; 8];
            for (row, _) in rows.filter(|(_, of_row)| **of_row == label) {
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += value / 500.0;
                }
            }
            sum
        };
        let means = [mean(0.0), mean(1.0)];
        let distance = |row: &[f32], mean: &[f32]| -> f32 {
            row.iter().zip(mean).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let right = features.chunks(8).zip(labels).filter(|(row, label)| {
            let is_one = distance(row, &means[1]) < distance(row, &means[0]);
            is_one == (**label == 1.0)
        });
        let right = right.count();
        assert!(right >= 40, "{right} of 58");
    }
}

/// IDX bytes: sizes, then numbers.
fn idx(sizes: &[u32], numbers: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(numbers);
    file
}

/// Writes `count` images whose label is their number modulo 10 and whose row of that number is lit.
fn write_images(directory: &Path, names: [&str; 2], count: u32, side: u32) {
    let labels: Vec<u8> = (0..count).map(|image| (image % 10) as u8).collect();
    let mut pixels = vec![0; (count * side * side) as usize];
    for (image, label) in pixels.chunks_mut((side * side) as usize).zip(&labels) {
        image[usize::from(*label) * side as usize..][..side as usize].fill(200);
    }
    fs::create_dir_all(directory).expect("a new folder");
    let [images, label_file] = names.map(|name| directory.join(name));
    fs::write(images, idx(&[count, side, side], &pixels)).expect("a new file");
    fs::write(label_file, idx(&[count], &labels)).expect("a new file");
}

#[test]
fn images_of_files_are_projected() {
    const TRAINING: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
    const VALIDATION: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    write_images(directory.path(), TRAINING, 200, 12);
    write_images(directory.path(), VALIDATION, 50, 12);
    for folder in ["mnist", "fashion-mnist"] {
        let folder = directory.path().join(folder);
        write_images(&folder, TRAINING, 60_000, 28);
        write_images(&folder, VALIDATION, 10_000, 28);
    }
    let sources = Sources {
        data_directory: Some(directory.path().to_owned()),
        ..Sources::default()
    };
    let shape = LearnerTaskShape {
        features: 4,
        training_examples: 30,
        validation_examples: 3000,
    };
    for (name, validation) in [
        ("projected-files", 10),
        ("projected-mnist", 2000),
        ("projected-fashion-mnist", 2000),
    ] {
        let found = entry(name)
            .examples(&sources, &shape, &[0, 1].map(task))
            .expect(name);
        assert_eq!(
            (found.training.count, found.validation.count),
            (30, validation)
        );
        for of_lane in 0..2 {
            // All images of a class are alike, and there are as many of one as of the other: features are ±1.
            for part in lane(&found, of_lane) {
                let (features, labels) = part.split_at(part.len() / 5 * 4);
                let first = &features[..4];
                assert!(
                    first
                        .iter()
                        .all(|feature| (feature.abs() - 1.0).abs() < 1e-6)
                );
                for (x, label) in features.chunks(4).zip(labels) {
                    let same = *label == labels[0];
                    let expected = |feature: &f32| if same { *feature } else { -feature };
                    for (found, first) in x.iter().zip(first) {
                        assert!((found - expected(first)).abs() < 1e-6);
                    }
                }
                assert_eq!(labels.iter().sum::<f32>() * 2.0, labels.len() as f32);
            }
        }
    }
}

#[test]
fn batches_of_cifar_are_projected() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    // A record is a label and 3,072 pixels; here, class 3 is dark and class 8 bright.
    let record = |image: u8| {
        let label = [3, 8][usize::from(image % 2)];
        let mut record = vec![20 * label + image % 5; 3073];
        record[0] = label;
        record
    };
    let batch: Vec<u8> = (0..10).flat_map(record).collect();
    for name in ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"] {
        fs::write(directory.path().join(name), &batch).expect("a new file");
    }
    let sources = Sources {
        data_directory: Some(directory.path().to_owned()),
        ..Sources::default()
    };
    let found = entry("projected-files")
        .examples(&sources, &SHAPE, &[task(0)])
        .expect("sound files");
    assert_eq!((found.training.count, found.validation.count), (30, 10));
    let [training, _] = lane(&found, 0);
    let (features, labels) = training.split_at(6 * 30);
    for (x, label) in features.chunks(6).zip(labels) {
        assert_eq!(x[0] * features[0] > 0.0, *label == labels[0]);
    }
    // The published data need all files, of ten thousand images each.
    let error = entry("projected-cifar10")
        .open(&sources)
        .expect_err("files are missing");
    assert!(
        error
            .to_string()
            .starts_with("cifar10 is not ready: 3 of 6"),
        "{error}"
    );
}
