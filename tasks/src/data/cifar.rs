//! The binary version of CIFAR-10: records of a label and a colour image, one after the other, with nothing around them.
//!
//! ```text
//!  label   32 × 32 red   32 × 32 green   32 × 32 blue      next label …
//!  1 byte  1,024 bytes   1,024 bytes     1,024 bytes
//! ```
//!
//! Source: A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009, and the page of the data,
//! <https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version".

use super::error::DataError;
use super::images::{ImageSet, ImageShape, check_label};
use super::source::Source;

pub(super) const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 32,
    width: 32,
};
pub(super) const CLASSES: usize = 10;

/// The images in a CIFAR-10 file of just so many records. `bytes` are the file's, gzipped or not; errors call it `file`.
///
/// # Errors
///
/// If the length is another, a label is not one of 0, 1, …, 9, or the gzip is broken.
///
/// # Panics
///
/// If so many images are more than memory can hold.
pub fn parse_cifar10(file: &str, bytes: &[u8], records: usize) -> Result<ImageSet, DataError> {
    let mut images = no_images(records);
    read_records(Source::new(file, bytes)?, records, &mut images)?;
    Ok(images)
}

/// A set without images, and with room for as many as there will be.
pub(super) fn no_images(capacity: usize) -> ImageSet {
    ImageSet {
        shape: SHAPE,
        classes: CLASSES,
        pixels: Vec::with_capacity(capacity * SHAPE.pixels()),
        labels: Vec::with_capacity(capacity),
    }
}

/// Appends the images of a source to those that are there.
pub(super) fn read_records(
    mut source: Source<'_>,
    records: usize,
    images: &mut ImageSet,
) -> Result<(), DataError> {
    let mut record = [0; 1 + SHAPE.pixels()];
    for index in 0..records {
        let content = format!("record {} of {records}", index + 1);
        source.fill(&mut record, &content)?;
        let [label, pixels @ ..] = &record;
        check_label(&source, (index * record.len()) as u64, *label, CLASSES)?;
        images.labels.push(*label);
        images.pixels.extend_from_slice(pixels);
    }
    source.end()
}

/// Appends the images of a source of any number of records to those that are there.
///
/// # Errors
///
/// If the length is not that of some records, or of more than `most` bytes, a label is not a class, or the gzip is
/// broken.
pub(super) fn read_all_records(
    mut source: Source<'_>,
    most: u64,
    images: &mut ImageSet,
) -> Result<(), DataError> {
    const RECORD_BYTES: usize = 1 + SHAPE.pixels();
    let content = source.rest(most)?;
    let (records, left_over) = content.as_chunks::<RECORD_BYTES>();
    if !left_over.is_empty() || records.is_empty() {
        let expected = format!("one or more whole records of {RECORD_BYTES} bytes");
        let found = format!("{} bytes in all", content.len());
        return Err(source.unexpected((content.len() - left_over.len()) as u64, expected, found));
    }
    for (index, [label, pixels @ ..]) in records.iter().enumerate() {
        check_label(&source, (index * RECORD_BYTES) as u64, *label, CLASSES)?;
        images.labels.push(*label);
        images.pixels.extend_from_slice(pixels);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::source::tests::gzip;
    use super::*;
    use rand::RngExt;

    /// A file of records whose images are filled with their label's fives.
    pub(crate) fn records(labels: &[u8]) -> Vec<u8> {
        let record = |label: &u8| {
            let mut record = vec![*label];
            record.resize(1 + SHAPE.pixels(), label.wrapping_mul(5));
            record
        };
        labels.iter().flat_map(record).collect()
    }

    #[test]
    fn records_are_read_gzipped_or_not() {
        let mut file = records(&[3, 9]);
        file[3073 + 1 + 2048] = 200;
        for bytes in [gzip(&file), file] {
            let images = parse_cifar10("batch", &bytes, 2).expect("a sound file");
            assert_eq!((images.count(), images.labels()), (2, &[3, 9][..]));
            assert!(images.image(0).iter().all(|pixel| *pixel == 15));
            // The first blue pixel of the second image.
            let shape = images.shape();
            assert_eq!(images.image(1)[2 * shape.channel_pixels()], 200);
        }
    }

    #[test]
    fn every_kind_of_broken_file_is_described() {
        for (bytes, expected) in [
            (
                vec![],
                "batch, byte 0: expected 3073 bytes of record 1 of 2 from byte 0, found the end of the file",
            ),
            (
                records(&[1]),
                "batch, byte 3073: expected 3073 bytes of record 2 of 2 from byte 3073, found the end of the file",
            ),
            (
                gzip(&records(&[1, 2])[..6000]),
                "batch, byte 6000 of the decompressed data: expected 3073 bytes of record 2 of 2 \
                 from byte 3073, found the end of the file",
            ),
            (
                records(&[1, 2, 3]),
                "batch, byte 6146: expected the end of the file, found more bytes",
            ),
            (
                records(&[1, 10]),
                "batch, byte 3073: expected a label from 0 to 9, found 10",
            ),
        ] {
            let error = parse_cifar10("batch", &bytes, 2).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut numbers = crate::stream(1, "test", [0, 0]);
        let whole = records(&[0, 1]);
        for round in 0..500 {
            let mut bytes = if round % 2 == 0 {
                whole.clone()
            } else {
                gzip(&whole)
            };
            for _ in 0..numbers.random_range(0..4) {
                let place = numbers.random_range(0..bytes.len());
                bytes[place] = numbers.random();
            }
            bytes.resize(numbers.random_range(0..bytes.len() + 4), 0);
            match parse_cifar10("batch", &bytes, 2) {
                Ok(images) => assert!(images.labels().iter().all(|label| *label < 10)),
                Err(error) => assert!(error.to_string().starts_with("batch"), "{error}"),
            }
        }
    }
}
