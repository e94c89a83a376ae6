//! Reading the tokens of a line in turn.

use super::error::{ParseError, ParseErrorKind, shown};
use super::line::{Line, Placed, Token};
use crate::program::Schema;
use crate::program::suggestion::list;

/// Where a token stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position<'a> {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: &'a str,
}

impl Position<'_> {
    pub(super) fn error(self, kind: ParseErrorKind) -> ParseError {
        let Self { line, column, text } = self;
        ParseError {
            line,
            column,
            source_line: text.to_owned(),
            kind,
        }
    }
}

pub(super) fn expectation(expected: &str, found: String) -> ParseErrorKind {
    ParseErrorKind::Expected {
        expected: expected.to_owned(),
        found,
    }
}

/// Reads the tokens of one line in turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'l, 'a> {
    pub(super) line: &'l Line<'a>,
    /// How many tokens have been read.
    pub(super) next: usize,
}

impl<'a> Cursor<'_, 'a> {
    pub(super) fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.line
            .tokens
            .get(self.next + ahead)
            .map(|&(token, _): &Placed<'a>| token)
    }

    /// Where the next token stands.
    pub(super) fn position(&self) -> Position<'a> {
        let column = self
            .line
            .tokens
            .get(self.next)
            .map_or(self.line.end_column, |&(_, column)| column);
        Position {
            line: self.line.number,
            column,
            text: self.line.text,
        }
    }

    /// That something else than the next token was expected.
    pub(super) fn unexpected(&self, expected: &str) -> ParseError {
        let found = match self.peek(0) {
            Some(Token::Word(word)) => format!("`{}`", shown(word)),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
            None => "the end of the line".to_owned(),
        };
        self.position().error(expectation(expected, found))
    }

    pub(super) fn word(&mut self, expected: &str) -> Result<(&'a str, Position<'a>), ParseError> {
        match self.peek(0) {
            Some(Token::Word(word)) => {
                let position = self.position();
                self.next += 1;
                Ok((word, position))
            }
            Some(Token::Sign(_)) | None => Err(self.unexpected(expected)),
        }
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), ParseError> {
        if self.peek(0) != Some(Token::Word(keyword)) {
            return Err(self.unexpected(&format!("`{keyword}`")));
        }
        self.next += 1;
        Ok(())
    }

    pub(super) fn sign(&mut self, sign: char) -> Result<(), ParseError> {
        if self.peek(0) != Some(Token::Sign(sign)) {
            return Err(self.unexpected(&format!("`{sign}`")));
        }
        self.next += 1;
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
