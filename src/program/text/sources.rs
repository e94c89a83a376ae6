//! Where the parts of a program stand in its text.

use super::cursor::{Cursor, Position};
use super::error::{ParseError, ParseErrorKind};
use crate::program::InvalidProgram;
use crate::program::verify::{CellPart, InstructionPart, Place};

/// Where each part of a program stands in its text. Cells and instructions have whole lines, in which
/// a part's place tells its position.
pub(super) struct Sources<'l, 'a> {
    pub(super) notes: Vec<Position<'a>>,
    pub(super) name: Position<'a>,
    pub(super) schema: Position<'a>,
    pub(super) cells: Vec<Cursor<'l, 'a>>,
    pub(super) functions: Vec<Position<'a>>,
    pub(super) instructions: Vec<Vec<Cursor<'l, 'a>>>,
}

impl Sources<'_, '_> {
    /// Says what is wrong with a program where its text says so.
    pub(super) fn error(&self, error: InvalidProgram) -> ParseError {
        let position = match error.place {
            Place::Name => Some(self.name),
            Place::Note(index) => self.notes.get(index).copied(),
            Place::Table => Some(self.schema),
            // `role name shape` or `constant name = value`
            Place::Cell(index, part) => self.cells.get(index).map(|line| match part {
                CellPart::Role => line.position(),
                CellPart::Name => line.position_ahead(1),
                CellPart::Content => line.last_position(),
            }),
            Place::Function(body) => self.functions.get(body).copied(),
            // `destination = op ( operand , operand )`
            Place::Instruction {
                body, index, part, ..
            } => {
                let line = self.instructions.get(body).and_then(|body| body.get(index));
                line.map(|line| match part {
                    InstructionPart::Destination => line.position(),
                    InstructionPart::Op => line.position_ahead(2),
                    InstructionPart::Operand(number) => line.position_ahead(4 + 2 * number),
                })
            }
        };
        position
            .unwrap_or(self.schema)
            .error(ParseErrorKind::Invalid(error.problem))
    }
}
