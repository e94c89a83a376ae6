//! What the first line says: which character separates fields, whether it is a header, which column is the target.

use std::borrow::Cow;

use super::super::error::{Column, DataError, excerpt};
use super::super::table::Record;
use super::fields::{is_missing, is_text, trimmed};

/// Squares of such numbers can be summed without overflow.
const LARGEST_NUMBER: f64 = 1e100;

/// What separates fields: the first of tab, semicolon and comma that is in the first line outside quotes.
pub(super) fn delimiter(text: &[u8]) -> u8 {
    let mut quoted = false;
    let mut found = b',';
    let begin = text.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n'));
    for byte in begin {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'\r' | b'\n' => break,
            b'\t' => return b'\t',
            b';' => found = b';',
            _ => {}
        }
    }
    found
}

/// What the first line says about all.
pub(super) struct Layout {
    /// What errors call the file.
    file: String,
    /// The columns' names, of a header.
    names: Option<Vec<String>>,
    pub(super) columns: usize,
    /// Index of the target among the columns.
    pub(super) target: usize,
}

impl Layout {
    /// What the first record, and what is asked for as target, say.
    ///
    /// # Errors
    ///
    /// If there are too few columns, or not just one that is the target.
    pub(super) fn of(file: &str, first: Record<'_>, target: &str) -> Result<Self, DataError> {
        let refused = |expected: String, found: String| refused(file, expected, found);
        let columns = several_columns(file, first)?;
        let names = names(first);
        let target = target.trim();
        let number = target.parse::<usize>().ok();
        let has_header = match number {
            None => true,
            Some(number) => {
                let mut others = names
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| index + 1 != number);
                others.any(|(_, field)| is_text(field))
            }
        };
        let named: Vec<usize> = (0..columns)
            .filter(|index| has_header && names[*index] == target)
            .collect();
        let target = match (named.as_slice(), number) {
            ([index], _) => *index,
            ([], Some(number)) if (1..=columns).contains(&number) => number - 1,
            ([], Some(number)) => {
                return Err(refused(
                    format!("a target from 1 to {columns}"),
                    number.to_string(),
                ));
            }
            ([], None) => {
                let expected = format!(
                    "a column {target:?} in the first line, or a number from 1 to {columns} as target"
                );
                let found = format!("{:?}", excerpt(names.join(", ").as_bytes()));
                return Err(refused(expected, found));
            }
            (several, _) => {
                let expected = format!("one column {target:?}, or its number as target");
                return Err(refused(expected, several.len().to_string()));
            }
        };
        Ok(Self {
            file: file.to_owned(),
            names: has_header.then_some(names),
            columns,
            target,
        })
    }

    /// What the first record says of a file whose last column is the target and all before it are features. It is a
    /// header if any feature of it is text.
    ///
    /// # Errors
    ///
    /// If there are too few columns, or more features than `maximum_features`.
    pub(super) fn with_last_as_target(
        file: &str,
        first: Record<'_>,
        maximum_features: usize,
    ) -> Result<Self, DataError> {
        let columns = several_columns(file, first)?;
        let target = columns - 1;
        if target > maximum_features {
            let expected = format!(
                "at most {maximum_features} columns of features before the label (leave out columns, or combine some)"
            );
            return Err(refused(file, expected, target.to_string()));
        }
        let names = names(first);
        let has_header = names[..target].iter().any(|field| is_text(field));
        Ok(Self {
            file: file.to_owned(),
            names: has_header.then_some(names),
            columns,
            target,
        })
    }

    /// Makes sure that the columns are those of another file: as many, and of the same names if both have a header,
    /// which is on `line` of this one.
    ///
    /// # Errors
    ///
    /// If they are not.
    pub(super) fn check_same_columns(&self, line: u64, other: &Self) -> Result<(), DataError> {
        if self.columns != other.columns {
            let expected = format!("{} columns, as {} has", other.columns, other.file);
            return Err(self.refused(expected, self.columns.to_string()));
        }
        let (Some(names), Some(others)) = (&self.names, &other.names) else {
            return Ok(());
        };
        for (column, (name, other_name)) in names.iter().zip(others).enumerate() {
            if name != other_name {
                let expected = format!(
                    "{:?}, as {} has (give both files the same columns, in one order)",
                    excerpt(other_name.as_bytes()),
                    other.file
                );
                return Err(self.unexpected(line, column, expected, name.as_bytes()));
            }
        }
        Ok(())
    }

    /// What errors call the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Whether the first line holds names.
    pub(super) fn has_header(&self) -> bool {
        self.names.is_some()
    }

    /// The name of the column at `index`, or what stands for it.
    pub(super) fn name(&self, index: usize) -> String {
        match &self.names {
            Some(names) => names[index].clone(),
            None => format!("column {}", index + 1),
        }
    }

    /// The columns that are not the target.
    pub(super) fn features(&self) -> impl Iterator<Item = usize> {
        (0..self.columns).filter(|index| *index != self.target)
    }

    /// The number in a field.
    ///
    /// # Errors
    ///
    /// If it is missing, text, or too large.
    pub(super) fn number(&self, line: u64, column: usize, field: &[u8]) -> Result<f64, DataError> {
        let expected = match self.present(line, column, field)?.parse::<f64>() {
            Ok(number) if number.abs() <= LARGEST_NUMBER => return Ok(number),
            Ok(_) => format!("a number between -{LARGEST_NUMBER:e} and {LARGEST_NUMBER:e}"),
            Err(_) => "a number (encode text as numbers, or leave out the column)".to_owned(),
        };
        Err(self.unexpected(line, column, expected, field))
    }

    /// The text in a field.
    ///
    /// # Errors
    ///
    /// If it is missing.
    pub(super) fn present<'field>(
        &self,
        line: u64,
        column: usize,
        field: &'field [u8],
    ) -> Result<Cow<'field, str>, DataError> {
        let text = trimmed(field);
        if is_missing(&text) {
            let expected = "a value (fill in what is missing, or leave out the row or the column)";
            return Err(self.unexpected(line, column, expected, field));
        }
        Ok(text)
    }

    /// The error for a field.
    pub(super) fn unexpected(
        &self,
        line: u64,
        column: usize,
        expected: impl Into<String>,
        field: &[u8],
    ) -> DataError {
        DataError::Field {
            file: self.file.clone(),
            line,
            column: Column {
                number: column + 1,
                name: self
                    .names
                    .as_ref()
                    .map(|names| excerpt(names[column].as_bytes())),
            },
            expected: expected.into(),
            found: excerpt(field),
        }
    }

    /// The error for a line with another number of columns.
    pub(super) fn wrong_columns(&self, line: u64, found: usize) -> DataError {
        DataError::Line {
            file: self.file.clone(),
            line,
            expected: format!("{} columns, as the first line has", self.columns),
            found: found.to_string(),
        }
    }

    /// The error for the file as a whole.
    pub(super) fn refused(
        &self,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        refused(&self.file, expected, found)
    }
}

/// How many columns a file has by its first record.
fn several_columns(file: &str, first: Record<'_>) -> Result<usize, DataError> {
    let columns = first.columns();
    if columns < 2 {
        let expected = "2 columns or more, separated by commas, semicolons or tabs";
        return Err(refused(file, expected, columns.to_string()));
    }
    Ok(columns)
}

/// The fields of a record, should they be names.
fn names(first: Record<'_>) -> Vec<String> {
    let fields = first.fields();
    fields.map(|field| trimmed(field).into_owned()).collect()
}

fn refused(file: &str, expected: impl Into<String>, found: impl Into<String>) -> DataError {
    DataError::Whole {
        file: file.to_owned(),
        expected: expected.into(),
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_found_outside_quotes() {
        for (text, expected) in [
            ("a,b\n1;2\n", b','),
            ("a;b,c\n", b';'),
            ("a\tb;c\n", b'\t'),
            ("\"a;b\",c\n", b','),
            ("\n\na;b\n", b';'),
            ("", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes()), expected, "{text:?}");
        }
    }
}
