//! Gzipped tables of numbers, and what can be wrong with them.

use std::io::Read;

use flate2::read::GzDecoder;

/// Why the bytes of a data set could not be decoded. Lines and columns count from 1.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("{file}: not readable as gzip: {source}")]
    Gzip {
        file: &'static str,
        source: std::io::Error,
    },
    #[error("{file}: not readable as delimited text: {source}")]
    Delimited {
        file: &'static str,
        source: csv::Error,
    },
    #[error("{file}, line {line}: expected {expected} columns, found {found}")]
    Columns {
        file: &'static str,
        line: u64,
        expected: usize,
        found: usize,
    },
    #[error("{file}, line {line}, column {column}: expected {expected}, found {found:?}")]
    Value {
        file: &'static str,
        line: u64,
        column: usize,
        expected: &'static str,
        found: String,
    },
    #[error("{file}: expected {expected} rows, found {found}")]
    Rows {
        file: &'static str,
        expected: usize,
        found: usize,
    },
}

/// What a file of numbers must look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableFormat {
    /// The file's name, for messages.
    pub(super) file: &'static str,
    pub(super) delimiter: u8,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl TableFormat {
    /// Decodes gzipped text without a header line and hands each row of finite numbers to `take`, with its line.
    ///
    /// # Errors
    ///
    /// If the bytes are not gzip, a row has another number of columns, a field is not a finite number, the number of
    /// rows differs, or `take` fails.
    pub(super) fn decode(
        self,
        bytes: &[u8],
        mut take: impl FnMut(u64, &[f64]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let Self {
            file,
            delimiter,
            rows,
            columns,
        } = self;
        let mut text = Vec::new();
        GzDecoder::new(bytes)
            .read_to_end(&mut text)
            .map_err(|source| DataError::Gzip { file, source })?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_slice());
        let mut values = Vec::with_capacity(columns);
        let mut found_rows = 0;
        for record in reader.byte_records() {
            let record = record.map_err(|source| DataError::Delimited { file, source })?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.len() != columns {
                return Err(DataError::Columns {
                    file,
                    line,
                    expected: columns,
                    found: record.len(),
                });
            }
            values.clear();
            for (index, field) in record.iter().enumerate() {
                let text = String::from_utf8_lossy(field);
                let Some(value) = text
                    .trim()
                    .parse()
                    .ok()
                    .filter(|value: &f64| value.is_finite())
                else {
                    let found = text.into_owned();
                    return Err(self.unexpected(line, index, "a finite number", found));
                };
                values.push(value);
            }
            take(line, &values)?;
            found_rows += 1;
        }
        if found_rows != rows {
            return Err(DataError::Rows {
                file,
                expected: rows,
                found: found_rows,
            });
        }
        Ok(())
    }

    /// The error for the field at `index` (from 0) of a line that holds a number, but a wrong one.
    pub(super) fn unexpected(
        self,
        line: u64,
        index: usize,
        expected: &'static str,
        found: String,
    ) -> DataError {
        DataError::Value {
            file: self.file,
            line,
            column: index + 1,
            expected,
            found,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    pub(crate) fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(text.as_bytes())
            .expect("writing to memory");
        encoder.finish().expect("writing to memory")
    }

    fn decode(bytes: &[u8]) -> Result<Vec<Vec<f64>>, DataError> {
        let format = TableFormat {
            file: "numbers.csv.gz",
            delimiter: b',',
            rows: 2,
            columns: 2,
        };
        let mut rows = Vec::new();
        format.decode(bytes, |_, values| {
            rows.push(values.to_vec());
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn numbers_are_read() {
        let rows = decode(&gzip("1,2.5\n-3e1, 4 \n")).expect("a well-formed table");
        assert_eq!(rows, [[1.0, 2.5], [-30.0, 4.0]]);
    }

    #[test]
    fn broken_tables_are_described() {
        for (text, message) in [
            (
                "1,2\n3\n",
                "numbers.csv.gz, line 2: expected 2 columns, found 1",
            ),
            (
                "1,2\n3,4,5\n",
                "numbers.csv.gz, line 2: expected 2 columns, found 3",
            ),
            (
                "1,2\n3,x\n",
                "numbers.csv.gz, line 2, column 2: expected a finite number, found \"x\"",
            ),
            (
                "NaN,2\n3,4\n",
                "numbers.csv.gz, line 1, column 1: expected a finite number, found \"NaN\"",
            ),
            ("1,2\n", "numbers.csv.gz: expected 2 rows, found 1"),
            (
                "1,2\n3,4\n5,6\n",
                "numbers.csv.gz: expected 2 rows, found 3",
            ),
            ("", "numbers.csv.gz: expected 2 rows, found 0"),
        ] {
            let error = decode(&gzip(text)).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn truncated_and_foreign_bytes_are_not_gzip() {
        let whole = gzip("1,2\n3,4\n");
        for bytes in [&whole[..whole.len() - 6], b"1,2\n3,4\n", b""] {
            assert!(matches!(decode(bytes), Err(DataError::Gzip { .. })));
        }
    }
}
