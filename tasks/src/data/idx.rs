//! The format IDX: arrays of numbers as MNIST and Fashion-MNIST come in.
//!
//! ```text
//!  byte 0   1   2     3           4, 5, 6, 7            …          4 + 4·dimensions
//!       0   0   type  dimensions  size of dimension 1   …          numbers, the last dimension's neighbours adjacent
//! ```
//!
//! Sizes are big-endian; the type of unsigned bytes is 8. Source: Y. LeCun, C. Cortes, C. Burges, *The MNIST database of
//! handwritten digits*, "The IDX file format".

use super::error::DataError;
use super::source::Source;

const UNSIGNED_BYTES: u8 = 8;

/// The numbers in an IDX file of unsigned bytes whose dimensions have just the sizes `shape`. `bytes` are the file's,
/// gzipped or not; errors call it `file`.
///
/// ```
/// use mlevolve_tasks::data::parse_idx;
/// let file = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9];
/// assert_eq!(parse_idx("example", &file, &[1, 3]).unwrap(), [7, 8, 9]);
/// assert_eq!(
///     parse_idx("example", &file, &[2, 3]).unwrap_err().to_string(),
///     "example, byte 4: expected 2 as size of dimension 1, found 1"
/// );
/// ```
///
/// # Errors
///
/// If the header or the length is another, or the gzip is broken. Nothing of the size that a header claims is allocated
/// unless it is the expected one.
///
/// # Panics
///
/// If `shape` has more than 255 sizes, or their product is beyond `usize`.
pub fn parse_idx(file: &str, bytes: &[u8], shape: &[u32]) -> Result<Vec<u8>, DataError> {
    read_idx(&mut Source::new(file, bytes)?, shape)
}

/// [`parse_idx`] of a source, which is read to its end.
pub(super) fn read_idx(source: &mut Source<'_>, shape: &[u32]) -> Result<Vec<u8>, DataError> {
    let dimensions = u8::try_from(shape.len()).expect("a header has one byte for the dimensions");
    read_magic(source, dimensions)?;
    for (index, size) in shape.iter().enumerate() {
        let found = read_size(source)?;
        if found != *size {
            let expected = format!("{size} as size of dimension {}", index + 1);
            return Err(source.unexpected(4 + 4 * index as u64, expected, found.to_string()));
        }
    }
    let count = shape
        .iter()
        .try_fold(1_usize, |product, size| product.checked_mul(*size as usize))
        .expect("the expected sizes fit in memory");
    let mut numbers = vec![0; count];
    source.fill(&mut numbers, "numbers")?;
    source.end()?;
    Ok(numbers)
}

/// The sizes and the numbers of an IDX file of unsigned bytes with so many dimensions, which is read to its end.
///
/// # Errors
///
/// If the header or the length is another, there are more than `most` numbers, or the gzip is broken. Nothing is
/// allocated because a header claims to be large.
pub(super) fn read_idx_of_any_size<const DIMENSIONS: usize>(
    source: &mut Source<'_>,
    most: u64,
) -> Result<([u32; DIMENSIONS], Vec<u8>), DataError> {
    read_magic(source, DIMENSIONS as u8)?;
    let mut sizes = [0; DIMENSIONS];
    for size in &mut sizes {
        *size = read_size(source)?;
    }
    let count = sizes
        .iter()
        .try_fold(1_u64, |product, size| product.checked_mul(u64::from(*size)))
        .filter(|count| *count <= most);
    let shown = || sizes.map(|size| size.to_string()).join(" × ");
    let Some(count) = count else {
        return Err(source.unexpected(4, format!("sizes of at most {most} numbers"), shown()));
    };
    let numbers = source.rest(most)?;
    if numbers.len() as u64 != count {
        let expected = format!("{count} numbers, as the sizes {} say", shown());
        let begin = 4 + 4 * DIMENSIONS as u64;
        return Err(source.unexpected(begin, expected, numbers.len().to_string()));
    }
    Ok((sizes, numbers))
}

/// Reads the first four bytes, which must be those of unsigned bytes in so many dimensions.
fn read_magic(source: &mut Source<'_>, dimensions: u8) -> Result<(), DataError> {
    let mut magic = [0; 4];
    source.fill(&mut magic, "an IDX header")?;
    let expected = [0, 0, UNSIGNED_BYTES, dimensions];
    if magic != expected {
        return Err(source.unexpected(0, described(expected), described(magic)));
    }
    Ok(())
}

/// Reads the size of a dimension.
fn read_size(source: &mut Source<'_>) -> Result<u32, DataError> {
    let mut size = [0; 4];
    source.fill(&mut size, "an IDX header")?;
    Ok(u32::from_be_bytes(size))
}

/// A header's first four bytes, in hexadecimal and in words.
fn described(magic: [u8; 4]) -> String {
    let number = u32::from_be_bytes(magic);
    let [0, 0, kind, dimensions] = magic else {
        return format!("{number:#010x}, which is not IDX");
    };
    let kind = match kind {
        UNSIGNED_BYTES => "unsigned bytes",
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => return format!("{number:#010x}, which is not IDX"),
    };
    format!("{number:#010x} (IDX, {kind}, dimensions: {dimensions})")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::source::tests::gzip;
    use super::*;
    use rand::RngExt;

    /// An IDX file of unsigned bytes.
    pub(crate) fn idx(shape: &[u32], numbers: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, UNSIGNED_BYTES, shape.len() as u8];
        file.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
        file.extend(numbers);
        file
    }

    fn message(bytes: &[u8]) -> String {
        parse_idx("images", bytes, &[2, 1, 3])
            .expect_err("a broken file")
            .to_string()
    }

    #[test]
    fn numbers_are_read_gzipped_or_not() {
        let file = idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 255]);
        for bytes in [gzip(&file), file] {
            assert_eq!(
                parse_idx("images", &bytes, &[2, 1, 3]).expect("a sound file"),
                [1, 2, 3, 4, 5, 255]
            );
        }
    }

    #[test]
    fn every_kind_of_broken_file_is_described() {
        let numbers = [0; 6];
        let whole = idx(&[2, 1, 3], &numbers);
        for (bytes, expected) in [
            (
                vec![],
                "images, byte 0: expected 4 bytes of an IDX header from byte 0, found the end of the file",
            ),
            (
                whole[..10].to_vec(),
                "images, byte 10: expected 4 bytes of an IDX header from byte 8, found the end of the file",
            ),
            (
                whole[..21].to_vec(),
                "images, byte 21: expected 6 bytes of numbers from byte 16, found the end of the file",
            ),
            (
                gzip(&whole[..21]),
                "images, byte 21 of the decompressed data: expected 6 bytes of numbers from byte 16, \
                 found the end of the file",
            ),
            (
                idx(&[2, 1, 3], &[0; 7]),
                "images, byte 22: expected the end of the file, found more bytes",
            ),
            (
                idx(&[6], &numbers),
                "images, byte 0: expected 0x00000803 (IDX, unsigned bytes, dimensions: 3), \
                 found 0x00000801 (IDX, unsigned bytes, dimensions: 1)",
            ),
            (
                [&[0, 0, 0x0d, 3], &whole[4..]].concat(),
                "images, byte 0: expected 0x00000803 (IDX, unsigned bytes, dimensions: 3), \
                 found 0x00000d03 (IDX, 32-bit floats, dimensions: 3)",
            ),
            (
                b"<!DOCTYPE html>".to_vec(),
                "images, byte 0: expected 0x00000803 (IDX, unsigned bytes, dimensions: 3), \
                 found 0x3c21444f, which is not IDX",
            ),
            (
                idx(&[3, 1, 3], &[0; 9]),
                "images, byte 4: expected 2 as size of dimension 1, found 3",
            ),
            (
                idx(&[2, 3, 1], &numbers),
                "images, byte 8: expected 1 as size of dimension 2, found 3",
            ),
            (
                idx(&[2, 1, u32::MAX], &numbers),
                "images, byte 12: expected 3 as size of dimension 3, found 4294967295",
            ),
        ] {
            assert_eq!(message(&bytes), expected);
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = idx(&[2, 1, 3], &[0; 6]);
        let gzipped = gzip(&whole);
        let mut numbers = crate::stream(1, "test", [0, 0]);
        for round in 0..4000 {
            // Sound files with some bytes changed and an end cut off or added, every second one gzipped.
            let mut bytes = if round % 2 == 0 { &whole } else { &gzipped }.clone();
            for _ in 0..numbers.random_range(0..4) {
                let place = numbers.random_range(0..bytes.len());
                bytes[place] = numbers.random();
            }
            bytes.resize(numbers.random_range(0..bytes.len() + 4), 0);
            match parse_idx("images", &bytes, &[2, 1, 3]) {
                Ok(numbers) => assert_eq!(numbers.len(), 6),
                Err(error) => assert!(error.to_string().starts_with("images"), "{error}"),
            }
        }
    }
}
