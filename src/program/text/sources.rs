//! Where the parts of a program stand in its text.

use super::cursor::Position;
use super::error::{ParseError, ParseErrorKind};
use crate::program::InvalidProgram;
use crate::program::verify::{CellPart, InstructionPart, Place};

/// Where each part of a program stands in its text.
pub(super) struct Sources<'a> {
    pub(super) notes: Vec<Position<'a>>,
    pub(super) name: Position<'a>,
    pub(super) schema: Position<'a>,
    /// Role, name and content.
    pub(super) cells: Vec<[Position<'a>; 3]>,
    pub(super) functions: Vec<Position<'a>>,
    pub(super) instructions: Vec<Vec<InstructionSource<'a>>>,
}

#[derive(Clone, Debug)]
pub(super) struct InstructionSource<'a> {
    pub(super) destination: Position<'a>,
    pub(super) op: Position<'a>,
    pub(super) operands: Vec<Position<'a>>,
}

impl Sources<'_> {
    /// Says what is wrong with a program where its text says so.
    pub(super) fn error(&self, error: InvalidProgram) -> ParseError {
        let position = match error.place {
            Place::Name => Some(&self.name),
            Place::Note(index) => self.notes.get(index),
            Place::Table => Some(&self.schema),
            Place::Cell(index, part) => {
                self.cells
                    .get(index)
                    .map(|[role, name, content]| match part {
                        CellPart::Role => role,
                        CellPart::Name => name,
                        CellPart::Content => content,
                    })
            }
            Place::Function(body) => self.functions.get(body),
            Place::Instruction {
                body, index, part, ..
            } => {
                let source = self.instructions.get(body).and_then(|body| body.get(index));
                source.and_then(|source| match part {
                    InstructionPart::Destination => Some(&source.destination),
                    InstructionPart::Op => Some(&source.op),
                    InstructionPart::Operand(position) => source.operands.get(position),
                })
            }
        };
        position
            .unwrap_or(&self.schema)
            .error(ParseErrorKind::Invalid(error.problem))
    }
}
