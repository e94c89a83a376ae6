//! Delimited text: its lines, and the tables of numbers that the embedded files are.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::error::{Column, DataError, excerpt};
use super::source::Source;

/// The most fields of a line.
pub(super) const MAXIMUM_COLUMNS: usize = 4096;

/// The records of delimited text, each with the line that it begins on. Lines with nothing in them are skipped. However
/// the text is made, it takes memory for one record and [`MAXIMUM_COLUMNS`] fields.
pub(super) struct Records<'a> {
    file: &'a str,
    reader: Reader,
    /// What has not been read.
    rest: &'a [u8],
    /// The line on which it begins.
    line: u64,
    /// The fields of a record, one after the other, and then room for more.
    fields: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
}

/// The fields of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    fields: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Records<'a> {
    /// The records of `text`, which errors call `file`.
    pub(super) fn new(file: &'a str, text: &'a [u8], delimiter: u8) -> Self {
        Self {
            file,
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            rest: text,
            line: 1,
            fields: vec![0; 1024],
            ends: vec![0; MAXIMUM_COLUMNS + 1],
        }
    }

    /// The next record and its line.
    ///
    /// # Errors
    ///
    /// If it has more than [`MAXIMUM_COLUMNS`] fields.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Record<'_>)>, DataError> {
        let line_ends = self
            .rest
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        self.pass(line_ends.count());
        let line = self.line;
        let mut bytes = 0;
        let mut columns = 0;
        loop {
            let (result, read, written, ended) = self.reader.read_record(
                self.rest,
                &mut self.fields[bytes..],
                &mut self.ends[columns..],
            );
            self.pass(read);
            bytes += written;
            columns += ended;
            match result {
                ReadRecordResult::Record if columns <= MAXIMUM_COLUMNS => break,
                ReadRecordResult::Record | ReadRecordResult::OutputEndsFull => {
                    return Err(DataError::Line {
                        file: self.file.to_owned(),
                        line,
                        expected: format!("at most {MAXIMUM_COLUMNS} columns"),
                        found: "more".to_owned(),
                    });
                }
                ReadRecordResult::OutputFull => self.fields.resize(2 * self.fields.len(), 0),
                // That the text is at its end, the reader is told next, by nothing that is left.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::End => return Ok(None),
            }
        }
        let record = Record {
            fields: &self.fields[..bytes],
            ends: &self.ends[..columns],
        };
        Ok(Some((line, record)))
    }

    /// Goes past some bytes.
    fn pass(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.rest = rest;
    }
}

impl<'a> Record<'a> {
    /// How many fields there are.
    pub(super) fn columns(self) -> usize {
        self.ends.len()
    }

    /// The field at `index`, which counts from 0.
    pub(super) fn field(self, index: usize) -> &'a [u8] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.fields[begin..self.ends[index]]
    }

    /// All fields.
    pub(super) fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.columns()).map(move |index| self.field(index))
    }
}

/// A field as a number, if it is a finite one.
pub(super) fn finite_number(field: &[u8]) -> Option<f64> {
    let number: f64 = str::from_utf8(field).ok()?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

/// What a file of numbers must look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableFormat {
    /// The file's name, for messages.
    pub(super) file: &'static str,
    /// The first line, if it is not one of numbers.
    pub(super) header: Option<&'static str>,
    pub(super) delimiter: u8,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl TableFormat {
    /// Decodes text, gzipped or not, and hands each row of finite numbers to `take`, with its line.
    ///
    /// # Errors
    ///
    /// If the header line is another, a row has another number of columns, a field is not a finite number, the number of
    /// rows differs, the gzip is broken, or `take` fails.
    pub(super) fn decode(
        &self,
        bytes: &[u8],
        mut take: impl FnMut(u64, &[f64]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        /// More than an embedded file holds.
        const LONGEST_BYTES: u64 = 1 << 24;
        let text = Source::new(self.file, bytes)?.rest(LONGEST_BYTES)?;
        let mut records = Records::new(self.file, &text, self.delimiter);
        if let Some(header) = self.header {
            self.check_header(header, &mut records)?;
        }
        let mut values = Vec::with_capacity(self.columns);
        let mut rows = 0;
        while let Some((line, record)) = records.next()? {
            if record.columns() != self.columns {
                return Err(DataError::Line {
                    file: self.file.to_owned(),
                    line,
                    expected: format!("{} columns", self.columns),
                    found: record.columns().to_string(),
                });
            }
            values.clear();
            for (index, field) in record.fields().enumerate() {
                let Some(value) = finite_number(field) else {
                    return Err(self.unexpected(line, index, "a finite number", excerpt(field)));
                };
                values.push(value);
            }
            take(line, &values)?;
            rows += 1;
        }
        if rows != self.rows {
            return Err(DataError::Whole {
                file: self.file.to_owned(),
                expected: format!("{} rows", self.rows),
                found: rows.to_string(),
            });
        }
        Ok(())
    }

    fn check_header(&self, header: &str, records: &mut Records<'_>) -> Result<(), DataError> {
        let first = match records.next()? {
            Some((_, record)) => record
                .fields()
                .collect::<Vec<_>>()
                .join(&[self.delimiter][..]),
            None => Vec::new(),
        };
        if first == header.as_bytes() {
            return Ok(());
        }
        Err(DataError::Line {
            file: self.file.to_owned(),
            line: 1,
            expected: format!("{header:?}"),
            found: format!("{:?}", excerpt(&first)),
        })
    }

    /// The error for the field at `index` (from 0) of a line that holds a number, but a wrong one.
    pub(super) fn unexpected(
        &self,
        line: u64,
        index: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        DataError::Field {
            file: self.file.to_owned(),
            line,
            column: Column {
                number: index + 1,
                name: None,
            },
            expected: expected.into(),
            found: found.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::gzip;
    use super::*;

    const FORMAT: TableFormat = TableFormat {
        file: "numbers.csv",
        header: None,
        delimiter: b',',
        rows: 2,
        columns: 2,
    };
    const WITH_HEADER: TableFormat = TableFormat {
        header: Some("2,1,no,yes"),
        ..FORMAT
    };

    fn decode(format: &TableFormat, bytes: &[u8]) -> Result<Vec<Vec<f64>>, DataError> {
        let mut rows = Vec::new();
        format.decode(bytes, |_, values| {
            rows.push(values.to_vec());
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn numbers_are_read() {
        let text = "1,2.5\n-3e1, 4 \n";
        for bytes in [gzip(text), text.as_bytes().to_vec()] {
            let rows = decode(&FORMAT, &bytes).expect("a well-formed table");
            assert_eq!(rows, [[1.0, 2.5], [-30.0, 4.0]]);
        }
        let rows = decode(&WITH_HEADER, b"2,1,no,yes\n1,2\n3,4\n").expect("a well-formed table");
        assert_eq!(rows, [[1.0, 2.0], [3.0, 4.0]]);
    }

    #[test]
    fn broken_tables_are_described() {
        for (format, text, message) in [
            (
                FORMAT,
                "1,2\n3\n",
                "numbers.csv, line 2: expected 2 columns, found 1",
            ),
            (
                FORMAT,
                "1,2\n3,4,5\n",
                "numbers.csv, line 2: expected 2 columns, found 3",
            ),
            (
                FORMAT,
                "1,2\n3,x\n",
                "numbers.csv, line 2, column 2: expected a finite number, found \"x\"",
            ),
            (
                FORMAT,
                "NaN,2\n3,4\n",
                "numbers.csv, line 1, column 1: expected a finite number, found \"NaN\"",
            ),
            (FORMAT, "1,2\n", "numbers.csv: expected 2 rows, found 1"),
            (
                FORMAT,
                "1,2\n3,4\n5,6\n",
                "numbers.csv: expected 2 rows, found 3",
            ),
            (FORMAT, "", "numbers.csv: expected 2 rows, found 0"),
            (
                WITH_HEADER,
                "2,1,yes,no\n1,2\n3,4\n",
                "numbers.csv, line 1: expected \"2,1,no,yes\", found \"2,1,yes,no\"",
            ),
            (
                WITH_HEADER,
                "",
                "numbers.csv, line 1: expected \"2,1,no,yes\", found \"\"",
            ),
        ] {
            let error = decode(&format, &gzip(text)).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        for (text, expected) in [
            ("1\n\n\n4\n5", vec![1, 4, 5]),
            ("1\r\n\r\n3\r\n4\r\n", vec![1, 3, 4]),
            ("\n2\n\"3\n4\"\n5\n", vec![2, 3, 5]),
            ("", vec![]),
            ("\n", vec![]),
            ("1", vec![1]),
            ("\"1\n2", vec![1]),
        ] {
            let mut records = Records::new("numbers.csv", text.as_bytes(), b',');
            let mut lines = Vec::new();
            while let Some((line, _)) = records.next().expect("memory can be read") {
                lines.push(line);
            }
            assert_eq!(lines, expected, "{text:?}");
        }
    }

    #[test]
    fn fields_are_taken_apart_however_long() {
        let long = "x".repeat(5000);
        let text = format!("a,,\"b,\"\"c\"\"\"\n{long},{long}\n");
        let mut records = Records::new("numbers.csv", text.as_bytes(), b',');
        for expected in [vec!["a", "", "b,\"c\""], vec![&long, &long]] {
            let (_, record) = records.next().expect("few columns").expect("a record");
            let fields: Vec<_> = record.fields().map(String::from_utf8_lossy).collect();
            assert_eq!(fields, expected);
        }
        assert!(records.next().expect("no columns").is_none());
    }

    #[test]
    fn the_number_of_columns_is_bounded() {
        for (columns, accepted) in [(4096, true), (4097, false), (100_000, false)] {
            let text = format!("1\n{}", vec!["1"; columns].join(","));
            let mut records = Records::new("numbers.csv", text.as_bytes(), b',');
            records.next().expect("one column");
            match records.next() {
                Ok(record) => assert_eq!(record.map(|(_, record)| record.columns()), Some(columns)),
                Err(error) => assert_eq!(
                    error.to_string(),
                    "numbers.csv, line 2: expected at most 4096 columns, found more"
                ),
            }
            let mut records = Records::new("numbers.csv", text.as_bytes(), b',');
            records.next().expect("one column");
            assert_eq!(records.next().is_ok(), accepted, "{columns}");
        }
    }
}
