//! Functions as text, for people to read, write and diff, and for tests.
//!
//! ```text
//! function descend
//!
//! read g tensor
//! read_write w tensor
//!
//! v0 = load g
//! v1 = load w
//! v2 = constant 0.125
//! v3 = mul(v2, v0)
//! v4 = sub(v1, v3)
//!
//! store w = v4
//! ```
//!
//! One thing a line: the name, the parameters, the values in order of definition, the stores. A `#`
//! begins a comment, blank lines and blanks mean nothing. Printing and parsing are each other's
//! inverse: constants are printed with the fewest digits that lead back to their bits.

mod error;
mod parser;
mod printer;

pub use error::{ParseError, ParseErrorKind};

/// The most bytes of text that the parser looks at. The longest function's text is shorter.
pub const MAX_TEXT_BYTES: usize = 1 << 18;

#[cfg(test)]
mod tests;
