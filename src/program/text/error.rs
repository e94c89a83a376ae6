//! What is said about text that is no program.

use std::fmt;
use std::path::PathBuf;

use mlevolve_ir::ops::TypeError;

use crate::program::ConstantError;
use crate::program::verify::Problem;

use super::MAXIMUM_TEXT_BYTES;

/// Where text stops being a program, and why.
///
/// Displayed as `line:column: message`, then the line with a caret under the column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) source_line: String,
    pub(super) kind: ParseErrorKind,
}

/// What is wrong with a piece of text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text is too long to be a program.
    #[error("program text may be {MAXIMUM_TEXT_BYTES} bytes long, not {found}")]
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
    /// The schema is unknown.
    #[error("there is no schema `{name}`, only {known}")]
    UnknownSchema {
        /// The unknown name.
        name: String,
        /// The schemas there are.
        known: String,
    },
    /// The schema has another version.
    #[error("schema `{schema}` version `{found}` is unknown; this program reads version {known}")]
    UnknownVersion {
        /// The schema.
        schema: &'static str,
        /// The unknown version.
        found: String,
        /// The known one.
        known: u32,
    },
    /// The schema has no function of this name.
    #[error("schema `{schema}` has no function `{name}`, only {known}")]
    UnknownFunction {
        /// The schema.
        schema: &'static str,
        /// The unknown name.
        name: String,
        /// The functions there are.
        known: String,
    },
    /// A function is defined twice.
    #[error("`{name}` is defined a second time")]
    RepeatedFunction {
        /// The function.
        name: &'static str,
    },
    /// A cell is declared inside a function.
    #[error("cells are declared before the first function")]
    LateDeclaration,
    /// An instruction stands outside any function.
    #[error("an instruction belongs to a function; begin one with {known}")]
    EarlyInstruction {
        /// The heads of the functions there are.
        known: String,
    },
    /// A number is none, or binary32 does not have it.
    #[error("`{found}` {error}")]
    Number {
        /// The word in the number's place.
        found: String,
        /// What is wrong with it.
        error: ConstantError,
    },
    /// No op has this mnemonic.
    #[error("there is no op `{found}`; {advice}")]
    UnknownOp {
        /// The unknown mnemonic.
        found: String,
        /// The nearest one, or all there are.
        advice: String,
    },
    /// No cell has this name.
    #[error("there is no cell `{found}`; {advice}")]
    UnknownCell {
        /// The unknown name.
        found: String,
        /// The nearest one, or all there are.
        advice: String,
    },
    /// The op takes another number of operands.
    #[error(transparent)]
    Arity(TypeError),
    /// The text can be read, but what it says is no program.
    #[error(transparent)]
    Invalid(Box<Problem>),
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

    /// The text of the line.
    #[must_use]
    pub fn source_line(&self) -> &str {
        &self.source_line
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            source_line,
            kind,
        } = self;
        let (excerpt, caret) = excerpt(source_line, *column);
        write!(
            formatter,
            "{line}:{column}: {kind}\n{excerpt}\n{:>caret$}",
            '^'
        )
    }
}

/// The part of a line that a message shows, and the caret's column in it, from 1.
///
/// Every character takes one column: tabs become blanks, and other control characters, which could
/// make a terminal do things, a replacement character.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 80;
    const BEFORE_CARET: usize = 50;
    let characters: Vec<char> = line.chars().collect();
    let first = if characters.len() <= WIDTH {
        0
    } else {
        column.saturating_sub(BEFORE_CARET)
    };
    let first = first.min(characters.len());
    let last = characters.len().min(first + WIDTH);
    let mut shown = String::new();
    if first > 0 {
        shown.push('…');
    }
    shown.extend(
        characters[first..last]
            .iter()
            .map(|&character| match character {
                '\t' => ' ',
                control if control.is_control() => char::REPLACEMENT_CHARACTER,
                other => other,
            }),
    );
    if last < characters.len() {
        shown.push('…');
    }
    (shown, column - first + usize::from(first > 0))
}

/// A word as it appears in a message: bounded in length, without control characters.
pub(super) fn shown(word: &str) -> String {
    const LONGEST: usize = 40;
    let mut characters = word.chars();
    let replace = |character: char| {
        if character.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    let mut text: String = characters.by_ref().take(LONGEST).map(replace).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

/// Why a file gives no program.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read program file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is too large to hold a program.
    #[error("{}: a program file may have {MAXIMUM_TEXT_BYTES} bytes, and this one has more", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is no text.
    #[error("{}:{line}: program files are UTF-8 text, and this line is not", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line that is not UTF-8, counted from 1.
        line: usize,
    },
    /// The text is no program.
    #[error("{}:{error}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with the text.
        error: Box<ParseError>,
    },
}
