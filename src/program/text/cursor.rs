//! Reading the tokens of a line in turn.

use std::fmt;

use super::error::{ParseError, ParseErrorKind, shown};
use super::line::{Line, Lines, Placed, Token};
use crate::program::Schema;
use crate::program::suggestion::list;

/// Where something stands.
///
/// Its line and column are counted when there is an error to report, since most texts have none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position<'a> {
    pub(super) text: &'a str,
    /// In bytes.
    pub(super) offset: usize,
}

impl Position<'_> {
    pub(super) fn error(self, kind: ParseErrorKind) -> ParseError {
        let before = &self.text[..self.offset];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        ParseError {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            source_line: line.trim_end_matches('\r').to_owned(),
            kind,
        }
    }
}

pub(super) fn expectation(expected: impl fmt::Display, found: String) -> ParseErrorKind {
    ParseErrorKind::Expected {
        expected: expected.to_string(),
        found,
    }
}

/// The tokens of one line that have not been read yet.
///
/// What was expected in the place of a token is given as something to be displayed, and is put into
/// words only where it is missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'l, 'a> {
    text: &'a str,
    tokens: &'l [Placed<'a>],
    /// The offset after the last token.
    end: usize,
}

impl<'l, 'a> Cursor<'l, 'a> {
    /// All of a line.
    pub(super) fn new(lines: &'l Lines<'a>, line: &Line<'a>) -> Self {
        Self {
            text: lines.text,
            tokens: &lines.tokens[line.tokens.clone()],
            end: line.end,
        }
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(ahead).map(|&(token, _)| token)
    }

    /// Goes on to the token after the next.
    pub(super) fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    /// Where the next token stands.
    pub(super) fn position(&self) -> Position<'a> {
        self.position_ahead(0)
    }

    /// Where a token stands, so many after the next; behind the line's last if there are fewer.
    pub(super) fn position_ahead(&self, ahead: usize) -> Position<'a> {
        Position {
            text: self.text,
            offset: self
                .tokens
                .get(ahead)
                .map_or(self.end, |&(_, offset)| offset),
        }
    }

    /// Where the line's last token stands.
    pub(super) fn last_position(&self) -> Position<'a> {
        self.position_ahead(self.tokens.len().saturating_sub(1))
    }

    /// That something else than the next token was expected.
    pub(super) fn unexpected(&self, expected: impl fmt::Display) -> ParseError {
        let found = match self.peek(0) {
            Some(Token::Word(word)) => format!("`{}`", shown(word)),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
            None => "the end of the line".to_owned(),
        };
        self.position().error(expectation(expected, found))
    }

    pub(super) fn word(
        &mut self,
        expected: impl fmt::Display,
    ) -> Result<(&'a str, Position<'a>), ParseError> {
        match self.peek(0) {
            Some(Token::Word(word)) => {
                let position = self.position();
                self.skip();
                Ok((word, position))
            }
            Some(Token::Sign(_)) | None => Err(self.unexpected(expected)),
        }
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), ParseError> {
        if self.peek(0) != Some(Token::Word(keyword)) {
            return Err(self.unexpected(format_args!("`{keyword}`")));
        }
        self.skip();
        Ok(())
    }

    pub(super) fn sign(&mut self, sign: char) -> Result<(), ParseError> {
        if self.peek(0) != Some(Token::Sign(sign)) {
            return Err(self.unexpected(format_args!("`{sign}`")));
        }
        self.skip();
        Ok(())
    }

    pub(super) fn end(&self) -> Result<(), ParseError> {
        if self.peek(0).is_some() {
            Err(self.unexpected("the end of the line"))
        } else {
            Ok(())
        }
    }

    pub(super) fn schema(&mut self) -> Result<(Schema, Position<'a>), ParseError> {
        let (name, position) = self.word("a schema's name")?;
        let schema = Schema::from_name(name).ok_or_else(|| {
            let known = list(Schema::ALL.iter().map(|schema| schema.description().name));
            position.error(ParseErrorKind::UnknownSchema {
                name: shown(name),
                known,
            })
        })?;
        let (version, version_position) = self.word("the schema's version")?;
        let description = schema.description();
        if version.parse() != Ok(description.version) {
            let (schema, found, known) = (description.name, shown(version), description.version);
            let kind = ParseErrorKind::UnknownVersion {
                schema,
                found,
                known,
            };
            return Err(version_position.error(kind));
        }
        Ok((schema, position))
    }
}
