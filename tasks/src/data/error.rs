//! What can be wrong with data, and where.

use std::fmt;

use super::not_ready::NotReady;

/// Why data could not be had. Lines, columns and dimensions count from 1, bytes from 0.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system would not let the file be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file, as it was asked for.
        file: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file that begins as gzip does not go on or end so.
    #[error(
        "{file}, byte {decompressed_bytes} of the decompressed data: expected {expected}, found broken gzip: {source}"
    )]
    Gzip {
        /// The file, as it was asked for.
        file: String,
        /// How much could be decompressed.
        decompressed_bytes: u64,
        /// What would be right to follow.
        expected: String,
        /// What the decompressor says.
        source: std::io::Error,
    },
    /// A binary file is not what it should be at some byte.
    #[error("{file}, {offset}: expected {expected}, found {found}")]
    Byte {
        /// The file, as it was asked for.
        file: String,
        /// Where.
        offset: Offset,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A line of text is not what it should be.
    #[error("{file}, line {line}: expected {expected}, found {found}")]
    Line {
        /// The file, as it was asked for.
        file: String,
        /// Which line.
        line: u64,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A field of a line is not what it should be.
    #[error("{file}, line {line}, {column}: expected {expected}, found {found:?}")]
    Field {
        /// The file, as it was asked for.
        file: String,
        /// Which line.
        line: u64,
        /// Which field of it.
        column: Column,
        /// What would be right.
        expected: String,
        /// The field's text; of a long one, its beginning.
        found: String,
    },
    /// A file as a whole is not what it should be.
    #[error("{file}: expected {expected}, found {found}")]
    Whole {
        /// The file, as it was asked for.
        file: String,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Data that a user has to provide are not there.
    #[error(transparent)]
    NotReady(#[from] NotReady),
}

/// A place in a binary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// Bytes before it, after decompression.
    pub byte: u64,
    /// Whether the file is compressed, so that its own bytes are others.
    pub decompressed: bool,
}

impl fmt::Display for Offset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "byte {}", self.byte)?;
        if self.decompressed {
            formatter.write_str(" of the decompressed data")?;
        }
        Ok(())
    }
}

/// A column of a table, by number and by name if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Counts from 1.
    pub number: usize,
    /// What a header line calls it.
    pub name: Option<String>,
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "column {}", self.number)?;
        if let Some(name) = &self.name {
            write!(formatter, " ({name:?})")?;
        }
        Ok(())
    }
}

/// A field as an error shows it: as text, and not much of it.
pub(super) fn excerpt(field: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(field);
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}
