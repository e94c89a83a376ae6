//! What is said about text that is no function.

use std::fmt;

use super::MAX_TEXT_BYTES;
use crate::function::{BuildError, Value};

/// Where text stops being a function, and why. Displayed as `line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) kind: ParseErrorKind,
}

/// What is wrong with a piece of text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text is too long to be a function.
    #[error("the text of a function may be {MAX_TEXT_BYTES} bytes long, not {found}")]
    TooLong {
        /// The bytes that there are.
        found: usize,
    },
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What text could go on with.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A constant is no number.
    #[error("`{found}` is no number: write decimal digits, `inf`, `-inf` or `nan`")]
    NoNumber {
        /// The word in the number's place.
        found: String,
    },
    /// A constant is too large for binary32.
    #[error("`{found}` is beyond the greatest binary32 number; write `inf` for infinity")]
    NumberTooLarge {
        /// The number.
        found: String,
    },
    /// No op has this mnemonic.
    #[error("there is no op `{found}`")]
    UnknownOp {
        /// The unknown mnemonic.
        found: String,
    },
    /// No parameter has this name.
    #[error("there is no parameter `{found}` above")]
    UnknownParameter {
        /// The unknown name.
        found: String,
    },
    /// Values are not numbered in order.
    #[error("the next value is {expected}, not {found}")]
    ValueOutOfOrder {
        /// The number that comes next.
        expected: Value,
        /// The number that stands there.
        found: Value,
    },
    /// The text can be read, but what it says is no function.
    #[error(transparent)]
    Invalid(#[from] BuildError),
}

impl ParseError {
    /// The line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The column, counted in characters from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.line, self.column, self.kind)
    }
}

/// A word as it appears in a message: bounded in length, without control characters.
pub(super) fn shown(word: &str) -> String {
    const LONGEST: usize = 40;
    let mut characters = word.chars();
    let printable = |character: char| {
        if character.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    let mut text: String = characters.by_ref().take(LONGEST).map(printable).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}
