//! Bytes of a file, gzipped or not, handed out no faster than they are asked for.
//!
//! Whoever reads says how much there should be. Nothing is allocated because a file says so, and a small file that
//! decompresses without end is left where it exceeds what was asked for.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::{DataError, Offset};

/// The first two bytes of every gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file's content, decompressed if it begins as gzip does, whatever its name.
pub(super) struct Source<'a> {
    file: String,
    reader: Box<dyn Read + 'a>,
    decompressed: bool,
    /// Bytes of content before what is read next.
    offset: u64,
}

impl<'a> Source<'a> {
    /// The content of the file at `path`.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or read.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(reader) => Self::new(file, BufReader::new(reader)),
            Err(source) => Err(DataError::Unreadable { file, source }),
        }
    }

    /// The content of `reader`, which errors call `file`.
    ///
    /// # Errors
    ///
    /// If the first bytes cannot be read.
    pub(super) fn new(
        file: impl Into<String>,
        mut reader: impl Read + 'a,
    ) -> Result<Self, DataError> {
        let file = file.into();
        let mut beginning = Vec::with_capacity(GZIP_MAGIC.len());
        if let Err(source) = reader
            .by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut beginning)
        {
            return Err(DataError::Unreadable { file, source });
        }
        let decompressed = beginning == GZIP_MAGIC;
        let whole = std::io::Cursor::new(beginning).chain(reader);
        let reader: Box<dyn Read + 'a> = if decompressed {
            // All members: what follows the first, of gzip or not, is part of what the file says.
            Box::new(MultiGzDecoder::new(whole))
        } else {
            Box::new(whole)
        };
        Ok(Self {
            file,
            reader,
            decompressed,
            offset: 0,
        })
    }

    /// What errors call the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Fills `buffer` with the next bytes, which are `content`.
    ///
    /// # Errors
    ///
    /// If there are fewer, or they cannot be read.
    pub(super) fn fill(&mut self, buffer: &mut [u8], content: &str) -> Result<(), DataError> {
        let length = buffer.len();
        let begin = self.offset;
        let expected = || format!("{length} bytes of {content} from byte {begin}");
        let mut filled = 0;
        while filled < length {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => {
                    return Err(self.unexpected(self.offset, expected(), "the end of the file"));
                }
                Ok(read) => {
                    filled += read;
                    self.offset += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(expected(), error)),
            }
        }
        Ok(())
    }

    /// Makes sure that everything has been read.
    ///
    /// # Errors
    ///
    /// If there are more bytes, or it cannot be told.
    pub(super) fn end(&mut self) -> Result<(), DataError> {
        let expected = "the end of the file";
        let rest = self.up_to(1, expected)?;
        if rest.is_empty() {
            Ok(())
        } else {
            Err(self.unexpected(self.offset, expected, "more bytes"))
        }
    }

    /// All that is left.
    ///
    /// # Errors
    ///
    /// If that is more than `limit` bytes, or cannot be read.
    pub(super) fn rest(&mut self, limit: u64) -> Result<Vec<u8>, DataError> {
        let content = self.up_to(limit.saturating_add(1), "more data or its end")?;
        if content.len() as u64 > limit {
            return Err(DataError::Whole {
                file: self.file.clone(),
                expected: format!("at most {limit} bytes"),
                found: "more".to_owned(),
            });
        }
        self.offset += content.len() as u64;
        Ok(content)
    }

    /// The next bytes, as many as `limit` unless there are fewer.
    fn up_to(&mut self, limit: u64, expected: &str) -> Result<Vec<u8>, DataError> {
        let mut content = Vec::new();
        let result = self.reader.by_ref().take(limit).read_to_end(&mut content);
        match result {
            Ok(_) => Ok(content),
            Err(error) => {
                self.offset += content.len() as u64;
                Err(self.failed(expected.to_owned(), error))
            }
        }
    }

    /// The error for the byte at `offset` of the content.
    pub(super) fn unexpected(
        &self,
        offset: u64,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        DataError::Byte {
            file: self.file.clone(),
            offset: Offset {
                byte: offset,
                decompressed: self.decompressed,
            },
            expected: expected.into(),
            found: found.into(),
        }
    }

    fn failed(&self, expected: String, source: std::io::Error) -> DataError {
        let file = self.file.clone();
        if self.decompressed {
            DataError::Gzip {
                file,
                decompressed_bytes: self.offset,
                expected,
                source,
            }
        } else {
            DataError::Unreadable { file, source }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(bytes.as_ref())
            .expect("writing to memory");
        encoder.finish().expect("writing to memory")
    }

    fn four_bytes(bytes: &[u8]) -> Result<[u8; 4], DataError> {
        let mut source = Source::new("file", bytes)?;
        let mut four = [0; 4];
        source.fill(&mut four[..2], "one half")?;
        source.fill(&mut four[2..], "the other half")?;
        source.end()?;
        Ok(four)
    }

    #[test]
    fn gzip_is_known_by_its_content() {
        for bytes in [
            b"abcd".to_vec(),
            gzip("abcd"),
            [gzip("ab"), gzip("cd")].concat(),
        ] {
            assert_eq!(&four_bytes(&bytes).expect("four bytes"), b"abcd");
        }
    }

    #[test]
    fn missing_and_additional_bytes_are_found() {
        let short = "expected 2 bytes of the other half from byte 2, found the end of the file";
        let long = "expected the end of the file, found more bytes";
        for (bytes, message) in [
            (b"abc".to_vec(), format!("file, byte 3: {short}")),
            (
                gzip("abc"),
                format!("file, byte 3 of the decompressed data: {short}"),
            ),
            (b"abcde".to_vec(), format!("file, byte 4: {long}")),
            (
                gzip("abcde"),
                format!("file, byte 4 of the decompressed data: {long}"),
            ),
            (
                b"".to_vec(),
                "file, byte 0: expected 2 bytes of one half from byte 0, found the end of the file"
                    .to_owned(),
            ),
        ] {
            let error = four_bytes(&bytes).expect_err(&message);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn broken_gzip_is_told_from_a_short_file() {
        let whole = gzip("abcd");
        let checksum = whole.len() - 8;
        let mut wrong_checksum = whole.clone();
        wrong_checksum[checksum] ^= 1;
        for bytes in [
            &whole[..2],
            &whole[..12],
            &whole[..checksum],
            &whole[..whole.len() - 1],
            &wrong_checksum,
            &[&whole[..], b"rubbish"].concat(),
        ] {
            let error = four_bytes(bytes).expect_err("broken");
            assert!(matches!(error, DataError::Gzip { .. }), "{error}");
            assert!(error.to_string().starts_with("file, byte "), "{error}");
        }
        let error = four_bytes(&whole[..whole.len() - 1]).expect_err("a checksum that is cut off");
        let expected = "file, byte 4 of the decompressed data: expected the end of the file, found broken gzip: ";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn a_small_file_with_much_in_it_is_read_up_to_the_limit() {
        let bomb = gzip(vec![0; 10_000_000]);
        assert!(bomb.len() < 100_000);
        let error = four_bytes(&bomb).expect_err("too long");
        assert!(error.to_string().contains("byte 4 of"), "{error}");
        let mut source = Source::new("file", bomb.as_slice()).expect("gzip");
        let error = source.rest(1_000_000).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "file: expected at most 1000000 bytes, found more"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let Err(error) = Source::open(Path::new("/nowhere/file")) else {
            panic!("there is no such file")
        };
        assert!(error.to_string().starts_with("/nowhere/file: "), "{error}");
    }
}
