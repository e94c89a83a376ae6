//! Images of any size and number that lie in a directory under the names of MNIST or of CIFAR-10.
//!
//! ```text
//!  directory ──four files of MNIST's names?──► idx ─────────────┐
//!      └─────batches of CIFAR-10's names? ────► cifar ──────────┴──► Divided<ImageSet>
//! ```
//!
//! [`ImageData`](super::ImageData) is the published data and nothing else. Who has others in the same formats (letters,
//! sketches, a part of CIFAR-10) puts them into the directory itself, and what their headers and lengths say is believed
//! as far as the files bear it out.

use std::path::{Path, PathBuf};

use super::cifar::{no_images, read_all_records};
use super::error::DataError;
use super::examples::Divided;
use super::idx::read_idx_of_any_size;
use super::images::{ImageSet, ImageShape};
use super::not_ready::NotReady;
use super::source::Source;

/// The largest file, decompressed: twenty times MNIST, five times CIFAR-10.
const MAXIMUM_BYTES: u64 = 1 << 30;

/// Images and labels of the training part, then of the validation part.
const IDX_FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];
/// Of these, those that are there.
const CIFAR_TRAINING_FILES: [&str; 5] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
const CIFAR_VALIDATION_FILE: &str = "test_batch.bin";

/// The images in a directory. Labels are classes as they stand in the files.
///
/// # Errors
///
/// If there is no directory, it has neither format's files, or they are not what their names say, or larger than 1 GiB.
pub(crate) fn load_image_folder(directory: Option<&Path>) -> Result<Divided<ImageSet>, DataError> {
    let find = |name: &str| directory.and_then(|directory| find(directory, name));
    if let [Some(a), Some(b), Some(c), Some(d)] = IDX_FILES.map(find) {
        let training = read_idx_part(&a, &b)?;
        let validation = read_idx_part(&c, &d)?;
        let sizes = [&training, &validation].map(|part| {
            let ImageShape { height, width, .. } = part.shape;
            format!("{height} × {width} pixels")
        });
        if training.shape != validation.shape {
            return Err(DataError::Whole {
                file: c.display().to_string(),
                expected: format!("images of {}, as {} has", sizes[0], a.display()),
                found: sizes[1].clone(),
            });
        }
        return Ok(Divided {
            training,
            validation,
        });
    }
    let training: Vec<PathBuf> = CIFAR_TRAINING_FILES.into_iter().filter_map(find).collect();
    match find(CIFAR_VALIDATION_FILE) {
        Some(validation) if !training.is_empty() => Ok(Divided {
            training: read_batches(&training)?,
            validation: read_batches(&[validation])?,
        }),
        _ => Err(absent(directory).into()),
    }
}

/// The file of this name, gzipped or not.
fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    [name.to_owned(), format!("{name}.gz")]
        .into_iter()
        .map(|name| directory.join(name))
        .find(|path| path.is_file())
}

/// What is missing of the format of which most is there, or of MNIST's if nothing is.
fn absent(directory: Option<&Path>) -> NotReady {
    let is_absent =
        |name: &&'static str| directory.is_none_or(|directory| find(directory, name).is_none());
    let cifar = [CIFAR_TRAINING_FILES[0], CIFAR_VALIDATION_FILE];
    let missing_of = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(is_absent).collect()
    };
    let of_idx = missing_of(&IDX_FILES);
    let of_cifar = missing_of(&cifar);
    let (missing, file_count) = if of_idx.len() == IDX_FILES.len() && of_cifar.len() < cifar.len() {
        (of_cifar, cifar.len())
    } else {
        (of_idx, IDX_FILES.len())
    };
    NotReady {
        name: "projected-files",
        data_directory: directory.map(Path::to_owned),
        folders: &[""],
        missing,
        file_count,
        instructions: "Give images of your own, of any number and size, these names: as four IDX files of unsigned \
                       bytes, or as data_batch_1.bin to data_batch_5.bin (one or more) and test_batch.bin in the \
                       binary format of CIFAR-10.",
    }
}

fn read_idx_part(images: &Path, labels: &Path) -> Result<ImageSet, DataError> {
    let mut image_source = Source::open(images)?;
    let ([count, height, width], pixels) = read_idx_of_any_size(&mut image_source, MAXIMUM_BYTES)?;
    let mut label_source = Source::open(labels)?;
    let ([label_count], labels) = read_idx_of_any_size(&mut label_source, MAXIMUM_BYTES)?;
    if label_count != count {
        let expected = format!(
            "as many labels as {} has images, {count}",
            image_source.file()
        );
        return Err(label_source.unexpected(4, expected, label_count.to_string()));
    }
    let Some(largest) = labels.iter().max().filter(|_| !pixels.is_empty()) else {
        let found = format!("{count} images of {height} × {width} pixels");
        return Err(image_source.unexpected(4, "one image or more, of a pixel or more", found));
    };
    Ok(ImageSet {
        shape: ImageShape {
            channels: 1,
            height: height as usize,
            width: width as usize,
        },
        classes: usize::from(*largest) + 1,
        pixels,
        labels,
    })
}

fn read_batches(paths: &[PathBuf]) -> Result<ImageSet, DataError> {
    let mut images = no_images(0);
    for path in paths {
        read_all_records(Source::open(path)?, MAXIMUM_BYTES, &mut images)?;
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::super::cifar::tests::records;
    use super::super::idx::tests::idx;
    use super::super::source::tests::gzip;
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn directory(files: &[(&str, Vec<u8>)]) -> TempDir {
        let directory = TempDir::new().expect("a temporary directory");
        for (name, content) in files {
            fs::write(directory.path().join(name), content).expect("a new file");
        }
        directory
    }

    fn idx_files() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            (
                "train-images-idx3-ubyte",
                idx(&[3, 1, 2], &[1, 2, 3, 4, 5, 6]),
            ),
            ("train-labels-idx1-ubyte.gz", gzip(idx(&[3], &[7, 0, 2]))),
            ("t10k-images-idx3-ubyte.gz", gzip(idx(&[1, 1, 2], &[8, 9]))),
            ("t10k-labels-idx1-ubyte", idx(&[1], &[2])),
        ]
    }

    fn message(files: &[(&str, Vec<u8>)]) -> String {
        let directory = directory(files);
        let error = load_image_folder(Some(directory.path())).expect_err("broken files");
        let path = format!("{}/", directory.path().display());
        error.to_string().replace(&path, "")
    }

    #[test]
    fn idx_files_of_any_size_are_read() {
        let directory = directory(&idx_files());
        let images = load_image_folder(Some(directory.path())).expect("sound files");
        let Divided {
            training,
            validation,
        } = images;
        assert_eq!(training.labels(), [7, 0, 2]);
        assert_eq!(training.classes(), 8);
        assert_eq!(training.image(2), [5, 6]);
        assert_eq!((training.shape().height, training.shape().width), (1, 2));
        assert_eq!(
            (validation.labels(), validation.image(0)),
            (&[2][..], &[8, 9][..])
        );
    }

    #[test]
    fn batches_of_any_number_are_read() {
        let directory = directory(&[
            ("data_batch_2.bin", records(&[1])),
            ("data_batch_5.bin.gz", gzip(records(&[3, 4, 9]))),
            ("test_batch.bin", records(&[5, 6])),
        ]);
        let images = load_image_folder(Some(directory.path())).expect("sound files");
        assert_eq!(images.training.labels(), [1, 3, 4, 9]);
        assert!(images.training.image(3).iter().all(|pixel| *pixel == 45));
        assert_eq!(images.validation.labels(), [5, 6]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let expected = "projected-files is not ready: no data directory is named (--data-dir DIR)\n  \
             files: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, \
             t10k-labels-idx1-ubyte\n  \
             each as it is or gzipped, with .gz, in one of: the directory itself\n  \
             Give images of your own, of any number and size, these names: as four IDX files of unsigned bytes, or as \
             data_batch_1.bin to data_batch_5.bin (one or more) and test_batch.bin in the binary format of CIFAR-10.";
        let error = load_image_folder(None).expect_err("no directory");
        assert_eq!(error.to_string(), expected);
        for (files, missing) in [
            (vec![], &IDX_FILES[..]),
            (idx_files()[..3].to_vec(), &IDX_FILES[3..]),
            (
                vec![
                    ("data_batch_2.bin", records(&[1])),
                    ("test_batch.bin", records(&[1])),
                ],
                &[],
            ),
            (
                vec![("data_batch_1.bin", records(&[1]))],
                &["test_batch.bin"],
            ),
            (
                vec![("test_batch.bin", records(&[1]))],
                &["data_batch_1.bin"],
            ),
        ] {
            let directory = directory(&files);
            match load_image_folder(Some(directory.path())) {
                Err(DataError::NotReady(error)) => assert_eq!(error.missing(), missing),
                found => assert!(missing.is_empty() && found.is_ok(), "{missing:?}"),
            }
        }
    }

    #[test]
    fn every_kind_of_broken_file_is_described() {
        let with = |index: usize, content: Vec<u8>| {
            let mut files = idx_files();
            files[index].1 = content;
            files
        };
        for (files, expected) in [
            (
                with(0, idx(&[3], &[1, 2, 3])),
                "train-images-idx3-ubyte, byte 0: expected 0x00000803 (IDX, unsigned bytes, dimensions: 3), \
                 found 0x00000801 (IDX, unsigned bytes, dimensions: 1)",
            ),
            (
                with(0, idx(&[3, 1, 2], &[1, 2, 3, 4, 5])),
                "train-images-idx3-ubyte, byte 16: expected 6 numbers, as the sizes 3 × 1 × 2 say, found 5",
            ),
            (
                with(0, idx(&[u32::MAX, u32::MAX, u32::MAX], &[1])),
                "train-images-idx3-ubyte, byte 4: expected sizes of at most 1073741824 numbers, \
                 found 4294967295 × 4294967295 × 4294967295",
            ),
            (
                with(0, idx(&[0, 1, 2], &[])),
                "train-labels-idx1-ubyte.gz, byte 4 of the decompressed data: expected as many labels as \
                 train-images-idx3-ubyte has images, 0, found 3",
            ),
            (
                with(0, idx(&[3, 0, 2], &[])),
                "train-images-idx3-ubyte, byte 4: expected one image or more, of a pixel or more, \
                 found 3 images of 0 × 2 pixels",
            ),
            (
                with(2, idx(&[1, 2, 1], &[8, 9])),
                "t10k-images-idx3-ubyte.gz: expected images of 1 × 2 pixels, as train-images-idx3-ubyte has, \
                 found 2 × 1 pixels",
            ),
            (
                with(3, idx(&[2], &[1, 1])),
                "t10k-labels-idx1-ubyte, byte 4: expected as many labels as t10k-images-idx3-ubyte.gz has images, 1, found 2",
            ),
            (
                vec![
                    ("data_batch_1.bin", records(&[1, 2])[..6000].to_vec()),
                    ("test_batch.bin", records(&[1])),
                ],
                "data_batch_1.bin, byte 3073: expected one or more whole records of 3073 bytes, found 6000 bytes in all",
            ),
            (
                vec![
                    ("data_batch_1.bin", records(&[1, 10])),
                    ("test_batch.bin", records(&[1])),
                ],
                "data_batch_1.bin, byte 3073: expected a label from 0 to 9, found 10",
            ),
            (
                vec![
                    ("data_batch_1.bin", records(&[1])),
                    ("test_batch.bin", vec![]),
                ],
                "test_batch.bin, byte 0: expected one or more whole records of 3073 bytes, found 0 bytes in all",
            ),
        ] {
            assert_eq!(message(&files), expected);
        }
    }
}
