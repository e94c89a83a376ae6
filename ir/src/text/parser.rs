//! Reading a function's text, line by line, into a [`FunctionBuilder`].

use super::MAX_TEXT_BYTES;
use super::error::{ParseError, ParseErrorKind, shown};
use crate::function::{
    Access, BuildError, Function, FunctionBuilder, MAX_VALUES, ParameterIndex, Value, VerifyError,
};
use crate::ops::Op;
use crate::shape::Shape;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// Letters, digits and the signs of numbers.
    Word(&'a str),
    /// Any other character that is not blank.
    Sign(char),
}

/// Where a message points.
#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn error(self, kind: impl Into<ParseErrorKind>) -> ParseError {
        let Self { line, column } = self;
        let kind = kind.into();
        ParseError { line, column, kind }
    }
}

/// The tokens of one line, read in turn.
struct Line<'a> {
    number: usize,
    rest: &'a str,
    /// The column of the next character of `rest`, from 1.
    column: usize,
}

impl<'a> Line<'a> {
    fn new(number: usize, text: &'a str) -> Self {
        // The comment sign is in no token, so it can be cut off first.
        let text = text.split('#').next().unwrap_or_default();
        let mut line = Self {
            number,
            rest: text.trim_end(),
            column: 1,
        };
        line.skip_blanks();
        line
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.column += taken.chars().count();
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) {
        let blanks = self.rest.len() - self.rest.trim_start().len();
        self.advance(blanks);
    }

    fn peek(&self) -> Option<Token<'a>> {
        let is_word = |character: char| {
            character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '+' | '-')
        };
        let first = self.rest.chars().next()?;
        if !is_word(first) {
            return Some(Token::Sign(first));
        }
        let end = self.rest.find(|character| !is_word(character));
        Some(Token::Word(&self.rest[..end.unwrap_or(self.rest.len())]))
    }

    fn skip(&mut self, token: Token<'_>) {
        let bytes = match token {
            Token::Word(word) => word.len(),
            Token::Sign(sign) => sign.len_utf8(),
        };
        self.advance(bytes);
        self.skip_blanks();
    }

    /// Where the next token stands.
    fn place(&self) -> Place {
        Place {
            line: self.number,
            column: self.column,
        }
    }

    fn error(&self, kind: impl Into<ParseErrorKind>) -> ParseError {
        self.place().error(kind)
    }

    fn unexpected(&self, expected: &str) -> ParseError {
        let found = match self.peek() {
            Some(Token::Word(word)) => format!("`{}`", shown(word)),
            Some(Token::Sign(sign)) => format!("`{}`", shown(sign.encode_utf8(&mut [0; 4]))),
            None => "the end of the line".to_owned(),
        };
        self.error(ParseErrorKind::Expected {
            expected: expected.to_owned(),
            found,
        })
    }

    /// Reads a word that `meaning` understands, and points at it if it does not.
    fn word<T>(
        &mut self,
        expected: &str,
        meaning: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, ParseError> {
        match self.peek() {
            Some(token @ Token::Word(word)) => {
                let Some(meaning) = meaning(word) else {
                    return Err(self.unexpected(expected));
                };
                self.skip(token);
                Ok(meaning)
            }
            Some(Token::Sign(_)) | None => Err(self.unexpected(expected)),
        }
    }

    fn sign(&mut self, sign: char) -> Result<(), ParseError> {
        if self.peek() != Some(Token::Sign(sign)) {
            return Err(self.unexpected(&format!("`{sign}`")));
        }
        self.skip(Token::Sign(sign));
        Ok(())
    }

    fn end(&self) -> Result<(), ParseError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.unexpected("the end of the line"))
        }
    }
}

/// The value that a word such as `v3` names.
fn value(word: &str) -> Option<Value> {
    let digits = word.strip_prefix('v')?;
    let plain = digits == "0" || !digits.starts_with('0');
    if !plain || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u32>().ok().map(Value::from_number)
}

fn number(line: &mut Line<'_>) -> Result<f32, ParseError> {
    let Some(token @ Token::Word(word)) = line.peek() else {
        return Err(line.unexpected("a number"));
    };
    let found = || shown(word);
    let is_word = matches!(word, "inf" | "-inf" | "nan");
    let begins_well = word.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let number = match word.parse::<f32>() {
        Ok(number) if is_word || (number.is_finite() && begins_well) => number,
        Ok(number) if number.is_infinite() && word.contains(|c: char| c.is_ascii_digit()) => {
            let found = found();
            return Err(line.error(ParseErrorKind::NumberTooLarge { found }));
        }
        Ok(_) | Err(_) => {
            let found = found();
            return Err(line.error(ParseErrorKind::NoNumber { found }));
        }
    };
    line.skip(token);
    Ok(number)
}

/// A function whose name has been read.
struct Parser {
    builder: FunctionBuilder,
    /// The names of the parameters declared so far, by position.
    parameters: Vec<(String, ParameterIndex)>,
    values: usize,
}

impl Parser {
    fn statement(&mut self, line: &mut Line<'_>) -> Result<(), ParseError> {
        const EXPECTED: &str = "`read`, `read_write`, `write`, a value or `store`";
        let Some(token @ Token::Word(word)) = line.peek() else {
            return Err(line.unexpected(EXPECTED));
        };
        if let Some(access) = Access::from_keyword(word) {
            line.skip(token);
            self.parameter(line, access)
        } else if let Some(value) = value(word) {
            self.definition(line, token, value)
        } else if word == "store" {
            line.skip(token);
            self.store(line)
        } else {
            Err(line.unexpected(EXPECTED))
        }
    }

    fn parameter(&mut self, line: &mut Line<'_>, access: Access) -> Result<(), ParseError> {
        let here = line.place();
        let name = line.word("a parameter's name", Some)?;
        let shape = line.word(&Shape::alternatives(), Shape::from_keyword)?;
        line.end()?;
        let index = self
            .builder
            .parameter(name, shape, access)
            .map_err(|error| here.error(error))?;
        self.parameters.push((name.to_owned(), index));
        Ok(())
    }

    fn known_parameter(&self, line: &mut Line<'_>) -> Result<ParameterIndex, ParseError> {
        let Some(token @ Token::Word(word)) = line.peek() else {
            return Err(line.unexpected("a parameter's name"));
        };
        let known = self.parameters.iter().find(|(name, _)| name == word);
        let Some(&(_, index)) = known else {
            let found = shown(word);
            return Err(line.error(ParseErrorKind::UnknownParameter { found }));
        };
        line.skip(token);
        Ok(index)
    }

    fn definition(
        &mut self,
        line: &mut Line<'_>,
        token: Token<'_>,
        found: Value,
    ) -> Result<(), ParseError> {
        let expected = Value::new(self.values);
        if found != expected {
            return Err(line.error(ParseErrorKind::ValueOutOfOrder { expected, found }));
        }
        if self.values == MAX_VALUES {
            let found = MAX_VALUES + 1;
            let error = BuildError::from(VerifyError::TooManyValues { found });
            return Err(line.error(error));
        }
        line.skip(token);
        line.sign('=')?;
        match line.peek() {
            Some(token @ Token::Word("load")) => {
                line.skip(token);
                let here = line.place();
                let parameter = self.known_parameter(line)?;
                line.end()?;
                self.builder
                    .load(parameter)
                    .map_err(|error| here.error(error))?;
            }
            Some(token @ Token::Word("constant")) => {
                line.skip(token);
                let number = number(line)?;
                line.end()?;
                self.builder.constant(number);
            }
            Some(Token::Word(_) | Token::Sign(_)) | None => self.application(line)?,
        }
        self.values += 1;
        Ok(())
    }

    fn application(&mut self, line: &mut Line<'_>) -> Result<(), ParseError> {
        let Some(token @ Token::Word(word)) = line.peek() else {
            return Err(line.unexpected("`load`, `constant` or an op"));
        };
        let Some(op) = Op::from_mnemonic(word) else {
            let found = shown(word);
            return Err(line.error(ParseErrorKind::UnknownOp { found }));
        };
        let here = line.place();
        line.skip(token);
        line.sign('(')?;
        let mut operands = vec![line.word("a value", value)?];
        while line.peek() == Some(Token::Sign(',')) {
            line.sign(',')?;
            operands.push(line.word("a value", value)?);
        }
        line.sign(')')?;
        line.end()?;
        self.builder
            .apply(op, &operands)
            .map_err(|error| here.error(error))?;
        Ok(())
    }

    fn store(&mut self, line: &mut Line<'_>) -> Result<(), ParseError> {
        let here = line.place();
        let parameter = self.known_parameter(line)?;
        line.sign('=')?;
        let value = line.word("a value", value)?;
        line.end()?;
        self.builder
            .store(parameter, value)
            .map_err(|error| here.error(error))
    }
}

impl Function {
    /// Reads a function's text.
    ///
    /// # Errors
    /// [`ParseError`], which says where the text stops being a function, and why.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_TEXT_BYTES {
            let found = text.len();
            return Err(Line::new(1, "").error(ParseErrorKind::TooLong { found }));
        }
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, text)| Line::new(index + 1, text))
            .filter(|line| !line.rest.is_empty());
        let mut line = lines.next().unwrap_or_else(|| Line::new(1, ""));
        line.word("`function`", |word| (word == "function").then_some(()))?;
        let head = line.place();
        let name = line.word("the function's name", Some)?;
        line.end()?;
        let mut parser = Parser {
            builder: FunctionBuilder::new(name),
            parameters: Vec::new(),
            values: 0,
        };
        for mut line in lines {
            parser.statement(&mut line)?;
        }
        // What is missing is missing nowhere in particular: the message points at the head.
        parser
            .builder
            .finish()
            .map_err(|error| head.error(BuildError::from(error)))
    }
}
