//! Programs as text that people write, diff and review.
//!
//! There is one printed form for each program, and parsing it gives that program back. Parsing
//! takes more than it prints: blanks and empty lines anywhere, comments after `#` (kept as notes
//! when they stand before everything else), cells and functions in any order.
//!
//! ```text
//! # Gradient descent.
//! program sgd
//! schema optimizer 1
//!
//! input w tensor
//! input g tensor
//! input step scalar
//! constant learning_rate = 0.001
//! scratch rate scalar
//! output delta tensor
//!
//! update:
//!   rate = neg(learning_rate)
//!   delta = mul(g, rate)
//! ```
//!
//! Text is cut into lines of tokens, the parser makes program parts of them and remembers where each
//! came from, and [`Program::new`] verifies them, so that what is wrong with a program is said in one
//! place, whether it was written or built.

mod cursor;
mod error;
mod line;
mod parser;
mod printer;
mod sources;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use error::{LoadError, ParseError, ParseErrorKind};

use super::Program;

/// What the names of program files end in, without the dot.
pub const FILE_EXTENSION: &str = "mle";

/// The most bytes of program text that are read. Every verified program prints as fewer.
pub const MAXIMUM_TEXT_BYTES: usize = 128 * 1024;

impl Program {
    /// Reads a program from its text.
    ///
    /// # Errors
    /// [`ParseError`] says where the text stops making sense, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parser::parse(text)
    }

    /// Reads a program from a file.
    ///
    /// # Errors
    /// [`LoadError`] if the file cannot be read, is too large, is no UTF-8, or holds no program.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let unreadable = |source| LoadError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too large from one that just fits.
        let limit = MAXIMUM_TEXT_BYTES as u64 + 1;
        File::open(path)
            .and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if bytes.len() > MAXIMUM_TEXT_BYTES {
            return Err(LoadError::TooLarge {
                path: path.to_owned(),
            });
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let valid = &bytes[..error.valid_up_to()];
            let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
            LoadError::NotUtf8 {
                path: path.to_owned(),
                line,
            }
        })?;
        Self::parse(text).map_err(|error| LoadError::Parse {
            path: path.to_owned(),
            error: Box::new(error),
        })
    }
}
