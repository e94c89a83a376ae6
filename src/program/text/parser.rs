//! From lines of tokens to a program, remembering where each part came from.

use std::fmt::{self, Display};

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{Op, TypeError};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::MAXIMUM_TEXT_BYTES;
use super::cursor::{Cursor, Position, expectation};
use super::error::{ParseError, ParseErrorKind, shown};
use super::line::{Line, Lines, Token};
use super::sources::Sources;
use crate::program::suggestion::{list, nearest};
use crate::program::{Bodies, Cell, CellIndex, Constant, Instruction, Program, Role, Schema};

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
    let lines = Lines::of(text);
    let is_statement = |line: &&Line<'_>| !line.tokens.is_empty();
    let position = |offset| Position {
        text: lines.text,
        offset,
    };
    let head = lines.lines.iter().take_while(|line| !is_statement(line));
    let (mut notes, mut note_positions) = (Vec::new(), Vec::new());
    for line in head {
        if let Some(comment) = line.comment {
            let note = comment.strip_prefix(' ').unwrap_or(comment).trim_end();
            notes.push(note.replace('\t', " "));
            note_positions.push(position(line.start));
        }
    }
    let mut statements = lines.lines.iter().filter(is_statement);
    // Where a text that stops too early is continued.
    let end = match statements.clone().next_back() {
        Some(line) => position(line.end),
        None => Position {
            text: "",
            offset: 0,
        },
    };
    let end_of_text =
        |expected: &dyn Display| end.error(expectation(expected, "the end of the text".to_owned()));
    let mut next = |expected: &str| match statements.next() {
        Some(line) => Ok(Cursor::new(&lines, line)),
        None => Err(end_of_text(&expected)),
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
        places: FxHashMap::with_capacity_and_hasher(
            schema.description().maximum_cells,
            FxBuildHasher,
        ),
        bodies: vec![None; function_count],
        current: None,
        operands: Vec::new(),
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
        parser.statement(Cursor::new(&lines, line))?;
    }
    let functions = schema.description().functions;
    if let Some(missing) = parser.bodies.iter().position(Option::is_none) {
        let name = functions[missing].name;
        return Err(end_of_text(&format_args!("the function `{name}:`")));
    }
    let bodies: Bodies = parser
        .bodies
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    Program::new(schema, name, notes, parser.cells, bodies)
        .map_err(|error| parser.sources.error(error))
}

/// What has been read after the head.
struct Parser<'l, 'a> {
    schema: Schema,
    cells: Vec<Cell>,
    /// Only looked up, never iterated.
    places: FxHashMap<&'a str, CellIndex>,
    bodies: Vec<Option<Vec<Instruction>>>,
    /// The function that instructions belong to.
    current: Option<usize>,
    /// The operands of an instruction while it is read.
    operands: Vec<CellIndex>,
    sources: Sources<'l, 'a>,
}

impl<'l, 'a> Parser<'l, 'a> {
    fn statement(&mut self, line: Cursor<'l, 'a>) -> Result<(), ParseError> {
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
                let heads: Vec<_> = functions
                    .iter()
                    .map(|function| format!("`{}:`", function.name))
                    .collect();
                let kind = ParseErrorKind::EarlyInstruction {
                    known: heads.join(" or "),
                };
                Err(line.position().error(kind))
            }
            (_, _, None) => self.declaration(line),
        }
    }

    fn function(&mut self, mut line: Cursor<'l, 'a>) -> Result<(), ParseError> {
        let (name, position) = line.word("a function's name")?;
        line.sign(':')?;
        line.end()?;
        let description = self.schema.description();
        let Some(body) = description
            .functions
            .iter()
            .position(|function| function.name == name)
        else {
            let (schema, known) = (
                description.name,
                list(description.functions.iter().map(|function| function.name)),
            );
            let kind = ParseErrorKind::UnknownFunction {
                schema,
                name: shown(name),
                known,
            };
            return Err(position.error(kind));
        };
        if self.bodies[body].is_some() {
            let name = description.functions[body].name;
            return Err(position.error(ParseErrorKind::RepeatedFunction { name }));
        }
        self.bodies[body] = Some(Vec::new());
        self.sources.functions[body] = position;
        self.current = Some(body);
        Ok(())
    }

    fn declaration(&mut self, mut line: Cursor<'l, 'a>) -> Result<(), ParseError> {
        let functions = self.schema.description().functions;
        let expected = fmt::from_fn(|formatter| {
            let roles = list(Role::ALL.map(Role::keyword));
            let function = functions.first().map_or("", |function| function.name);
            write!(
                formatter,
                "one of {roles}, or a function such as `{function}:`"
            )
        });
        let start = line;
        let (keyword, _) = line.word(&expected)?;
        let role = Role::from_keyword(keyword).ok_or_else(|| start.unexpected(&expected))?;
        let (name, _) = line.word("the cell's name")?;
        let (shape, role) = match role {
            Role::Constant(_) => {
                line.sign('=')?;
                let (word, position) = line.word("the constant's value")?;
                let value: Constant = word.parse().map_err(|error| {
                    let found = shown(word);
                    position.error(ParseErrorKind::Number { found, error })
                })?;
                (Shape::Scalar, Role::Constant(value))
            }
            Role::Input | Role::State | Role::Scratch | Role::Output => {
                let expected =
                    fmt::from_fn(|formatter| formatter.write_str(&Shape::alternatives()));
                let before = line;
                let (word, _) = line.word(&expected)?;
                let shape =
                    Shape::from_keyword(word).ok_or_else(|| before.unexpected(&expected))?;
                (shape, role)
            }
        };
        line.end()?;
        // The text's length bounds the number of cells far below what an index can hold.
        let index = CellIndex::new(u16::try_from(self.cells.len()).unwrap_or(u16::MAX));
        self.places.entry(name).or_insert(index);
        self.cells.push(Cell {
            name: name.into(),
            shape,
            role,
        });
        self.sources.cells.push(start);
        Ok(())
    }

    fn instruction(&mut self, mut line: Cursor<'l, 'a>, body: usize) -> Result<(), ParseError> {
        let start = line;
        let (name, position) = line.word("a cell's name")?;
        line.sign('=')?;
        let destination = self.cell(name, position)?;
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
        self.operands.clear();
        loop {
            let (name, position) = line.word("a cell's name")?;
            let operand = self.cell(name, position)?;
            self.operands.push(operand);
            match line.peek(0) {
                Some(Token::Sign(',')) => line.skip(),
                Some(Token::Sign(')')) => break,
                Some(Token::Word(_) | Token::Sign(_)) | None => {
                    return Err(line.unexpected("`,` or `)`"));
                }
            }
        }
        line.sign(')')?;
        line.end()?;
        let instruction = Instruction::new(destination, op, &self.operands)
            .map_err(|error: TypeError| op_position.error(ParseErrorKind::Arity(error)))?;
        self.bodies[body].get_or_insert_default().push(instruction);
        self.sources.instructions[body].push(start);
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
