//! From lines of tokens to a program, remembering where each part came from.

use std::collections::BTreeMap;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{Op, TypeError};

use super::MAXIMUM_TEXT_BYTES;
use super::cursor::{Cursor, Position, expectation};
use super::error::{ParseError, ParseErrorKind, shown};
use super::line::{Token, lines};
use super::sources::{InstructionSource, Sources};
use crate::program::suggestion::{list, nearest};
use crate::program::{Cell, CellIndex, Constant, Instruction, Program, Role, Schema};

/// Reads a program.
pub(super) fn parse(text: &str) -> Result<Program, ParseError> {
    if text.len() > MAXIMUM_TEXT_BYTES {
        let kind = ParseErrorKind::TooLong { found: text.len() };
        return Err(ParseError {
            line: 1,
            column: 1,
            source_line: String::new(),
            kind,
        });
    }
    let mut notes = Vec::new();
    let mut note_positions = Vec::new();
    let mut statements = Vec::new();
    // Where a text that stops too early is continued.
    let mut end = Position {
        line: 1,
        column: 1,
        text: "",
    };
    for line in lines(text) {
        if !line.tokens.is_empty() {
            end = Position {
                line: line.number,
                column: line.end_column,
                text: line.text,
            };
            statements.push(line);
        } else if let (Some(comment), true) = (line.comment, statements.is_empty()) {
            notes.push(
                comment
                    .strip_prefix(' ')
                    .unwrap_or(comment)
                    .trim_end()
                    .replace('\t', " "),
            );
            note_positions.push(Position {
                line: line.number,
                column: 1,
                text: line.text,
            });
        }
    }
    let mut statements = statements.iter();
    let mut next = |expected: &str| match statements.next() {
        Some(line) => Ok(Cursor { line, next: 0 }),
        None => Err(end.error(expectation(expected, "the end of the text".to_owned()))),
    };

    let mut statement = next("`program` and its name")?;
    statement.keyword("program")?;
    let (name, name_position) = statement.word("the program's name")?;
    statement.end()?;

    let mut statement = next("`schema`, its name and version")?;
    statement.keyword("schema")?;
    let (schema, schema_position) = statement.schema()?;
    statement.end()?;

    let function_count = schema.description().functions.len();
    let mut parser = Parser {
        schema,
        cells: Vec::new(),
        places: BTreeMap::new(),
        bodies: vec![None; function_count],
        current: None,
        sources: Sources {
            notes: note_positions,
            name: name_position,
            schema: schema_position,
            cells: Vec::new(),
            functions: vec![schema_position; function_count],
            instructions: vec![Vec::new(); function_count],
        },
    };
    for line in statements {
        parser.statement(Cursor { line, next: 0 })?;
    }
    let functions = schema.description().functions;
    if let Some(missing) = parser.bodies.iter().position(Option::is_none) {
        let expected = format!("the function `{}:`", functions[missing]);
        return Err(end.error(expectation(&expected, "the end of the text".to_owned())));
    }
    let bodies = parser
        .bodies
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    Program::new(schema, name, notes, parser.cells, bodies)
        .map_err(|error| parser.sources.error(error))
}

/// What has been read after the head.
struct Parser<'a> {
    schema: Schema,
    cells: Vec<Cell>,
    places: BTreeMap<&'a str, CellIndex>,
    bodies: Vec<Option<Vec<Instruction>>>,
    /// The function that instructions belong to.
    current: Option<usize>,
    sources: Sources<'a>,
}

impl<'a> Parser<'a> {
    fn statement(&mut self, line: Cursor<'_, 'a>) -> Result<(), ParseError> {
        match (line.peek(0), line.peek(1), self.current) {
            (Some(Token::Word(_)), Some(Token::Sign(':')), _) => self.function(line),
            (Some(Token::Word(word)), Some(Token::Word(_)), Some(_))
                if Role::from_keyword(word).is_some() =>
            {
                Err(line.position().error(ParseErrorKind::LateDeclaration))
            }
            (_, _, Some(body)) => self.instruction(line, body),
            (Some(Token::Word(_)), Some(Token::Sign('=')), None) => {
                let functions = self.schema.description().functions;
                let heads: Vec<_> = functions.iter().map(|name| format!("`{name}:`")).collect();
                let kind = ParseErrorKind::EarlyInstruction {
                    known: heads.join(" or "),
                };
                Err(line.position().error(kind))
            }
            (_, _, None) => self.declaration(line),
        }
    }

    fn function(&mut self, mut line: Cursor<'_, 'a>) -> Result<(), ParseError> {
        let (name, position) = line.word("a function's name")?;
        line.sign(':')?;
        line.end()?;
        let description = self.schema.description();
        let Some(body) = description
            .functions
            .iter()
            .position(|&function| function == name)
        else {
            let (schema, known) = (
                description.name,
                list(description.functions.iter().copied()),
            );
            let kind = ParseErrorKind::UnknownFunction {
                schema,
                name: shown(name),
                known,
            };
            return Err(position.error(kind));
        };
        if self.bodies[body].is_some() {
            let name = description.functions[body];
            return Err(position.error(ParseErrorKind::RepeatedFunction { name }));
        }
        self.bodies[body] = Some(Vec::new());
        self.sources.functions[body] = position;
        self.current = Some(body);
        Ok(())
    }

    fn declaration(&mut self, mut line: Cursor<'_, 'a>) -> Result<(), ParseError> {
        let functions = self.schema.description().functions;
        let what = format!(
            "one of {}, or a function such as `{}:`",
            list(Role::ALL.map(Role::keyword)),
            functions.first().copied().unwrap_or_default()
        );
        let start = line;
        let (keyword, role_position) = line.word(&what)?;
        let role = Role::from_keyword(keyword).ok_or_else(|| start.unexpected(&what))?;
        let (name, name_position) = line.word("the cell's name")?;
        let (shape, role, content) = match role {
            Role::Constant(_) => {
                line.sign('=')?;
                let (word, content) = line.word("the constant's value")?;
                let value: Constant = word.parse().map_err(|error| {
                    let found = shown(word);
                    content.error(ParseErrorKind::Number { found, error })
                })?;
                (Shape::Scalar, Role::Constant(value), content)
            }
            Role::Input | Role::State | Role::Scratch | Role::Output => {
                let expected = Shape::alternatives();
                let before = line;
                let (word, content) = line.word(&expected)?;
                let shape =
                    Shape::from_keyword(word).ok_or_else(|| before.unexpected(&expected))?;
                (shape, role, content)
            }
        };
        line.end()?;
        // The text's length bounds the number of cells far below what an index can hold.
        let index = CellIndex::new(u16::try_from(self.cells.len()).unwrap_or(u16::MAX));
        self.places.entry(name).or_insert(index);
        self.cells.push(Cell {
            name: name.to_owned(),
            shape,
            role,
        });
        self.sources
            .cells
            .push([role_position, name_position, content]);
        Ok(())
    }

    fn instruction(&mut self, mut line: Cursor<'_, 'a>, body: usize) -> Result<(), ParseError> {
        let (name, destination_position) = line.word("a cell's name")?;
        line.sign('=')?;
        let destination = self.cell(name, destination_position)?;
        let (mnemonic, op_position) = line.word("an op")?;
        let op = Op::from_mnemonic(mnemonic).ok_or_else(|| {
            let mnemonics = || Op::all().map(Op::mnemonic);
            let advice = match nearest(mnemonic, mnemonics()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the ops are {}", list(mnemonics())),
            };
            op_position.error(ParseErrorKind::UnknownOp {
                found: shown(mnemonic),
                advice,
            })
        })?;
        line.sign('(')?;
        let mut operands = Vec::new();
        let mut operand_positions = Vec::new();
        loop {
            let (name, position) = line.word("a cell's name")?;
            operands.push(self.cell(name, position)?);
            operand_positions.push(position);
            match line.peek(0) {
                Some(Token::Sign(',')) => line.next += 1,
                Some(Token::Sign(')')) => break,
                Some(Token::Word(_) | Token::Sign(_)) | None => {
                    return Err(line.unexpected("`,` or `)`"));
                }
            }
        }
        line.sign(')')?;
        line.end()?;
        let instruction = Instruction::new(destination, op, &operands)
            .map_err(|error: TypeError| op_position.error(ParseErrorKind::Arity(error)))?;
        self.bodies[body].get_or_insert_default().push(instruction);
        self.sources.instructions[body].push(InstructionSource {
            destination: destination_position,
            op: op_position,
            operands: operand_positions,
        });
        Ok(())
    }

    fn cell(&self, name: &str, position: Position<'a>) -> Result<CellIndex, ParseError> {
        self.places.get(name).copied().ok_or_else(|| {
            let names = || self.cells.iter().map(|cell| cell.name.as_str());
            let advice = match nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the cells are {}", list(names())),
            };
            position.error(ParseErrorKind::UnknownCell {
                found: shown(name),
                advice,
            })
        })
    }
}
