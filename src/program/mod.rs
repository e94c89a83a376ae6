//! Learning algorithms as programs: what evolution varies and people read.
//!
//! A program is a table of typed cells and, for each function of its [`Schema`], a list of
//! instructions `cell = op(cells)` over them. Registers instead of expressions make splicing two
//! parents a plain cut, let neutral code drift at no cost, and print as something that a person can
//! write and review.
//!
//! ```text
//!   file.mle ──load──► text ──parse──► Program ──Display──► the same text
//!                                        │  ▲
//!                                        │  └── standardised, pruned, joined, part, with_constant; variation
//!                                        ▼
//!                                   lowering to IR
//! ```
//!
//! Whatever way a [`Program`] comes about, it has passed [`Program::verify`]; everything after may
//! rely on the invariants listed in [`verify`].
//!
//! The meaning: cells of [`Role::State`] are zero at the start of a run and keep their values from
//! one call to the next, [`Role::Scratch`] and [`Role::Output`] are zero at the start of each call.
//! Instructions run in order. A scalar that is written to a tensor cell is every element of it.

use std::sync::Arc;

mod bodies;
mod cell;
mod cell_set;
mod cell_table;
mod constant;
mod distance;
mod instruction;
pub mod known;
mod parts;
mod prune;
mod standardise;
mod suggestion;
mod text;
pub mod verify;

pub use crate::schema::{Form, RequiredCell, RequiredRole, Schema, SchemaDescription};
pub use bodies::Bodies;
pub use cell::{Cell, CellIndex, Role};
pub(crate) use cell_set::CellSet;
pub(crate) use cell_table::CellTable;
pub use constant::{Constant, ConstantError};
pub use distance::distance;
pub use instruction::Instruction;
pub(crate) use prune::Effective;
pub use standardise::StandardiseError;
pub(crate) use standardise::same_table;
pub(crate) use suggestion::list;
pub use text::{FILE_EXTENSION, LoadError, MAXIMUM_TEXT_BYTES, ParseError, ParseErrorKind};
pub use verify::InvalidProgram;

/// A verified program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    schema: Schema,
    /// Shared, like the cells, by all of a search's programs that have them: copies are made by the million.
    name: Arc<str>,
    notes: Vec<String>,
    cells: Arc<CellTable>,
    bodies: Bodies,
}

impl Program {
    /// Makes a program of its parts: `notes` are the lines of the comment that text begins with,
    /// `bodies` hold the instructions of each function in the schema's order.
    ///
    /// # Errors
    /// [`InvalidProgram`] if an invariant listed in [`verify`] does not hold.
    pub fn new(
        schema: Schema,
        name: &str,
        notes: Vec<String>,
        cells: Vec<Cell>,
        bodies: impl Into<Bodies>,
    ) -> Result<Self, InvalidProgram> {
        let program = Self {
            schema,
            name: name.into(),
            notes,
            cells: Arc::new(CellTable::new(schema, cells)),
            bodies: bodies.into(),
        };
        program.verify()?;
        Ok(program)
    }

    /// [`varied`](Self::varied) with another table of cells.
    pub(crate) fn varied_on(&self, cells: Vec<Cell>, bodies: Bodies) -> Self {
        self.varied(Arc::new(CellTable::new(self.schema, cells)), bodies)
    }

    /// [`varied`](Self::varied) with other values of constants, which must be some.
    pub(crate) fn varied_in_constants(
        &self,
        constants: impl IntoIterator<Item = (CellIndex, Constant)>,
        bodies: Bodies,
    ) -> Self {
        self.varied(Arc::new(self.cells.with_constants(constants)), bodies)
    }

    /// A variation of this program, which holds the invariants by construction. It has no notes,
    /// as they speak of the program that it came from.
    pub(crate) fn varied(&self, cells: Arc<CellTable>, bodies: Bodies) -> Self {
        let (schema, name) = (self.schema, Arc::clone(&self.name));
        let program = Self {
            schema,
            name,
            notes: Vec::new(),
            cells,
            bodies,
        };
        debug_assert_eq!(program.verify(), Ok(()));
        program
    }

    /// The kind of program.
    #[must_use]
    pub const fn schema(&self) -> Schema {
        self.schema
    }

    /// Which of the shapes that the schema allows its required cells have.
    #[must_use]
    pub fn form(&self) -> Form {
        self.cells.kinds().form
    }

    /// The program's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lines of the comment that the text begins with, without the `# `.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The cell table.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell table.
    pub(crate) fn cell_table(&self) -> &CellTable {
        &self.cells
    }

    /// The cell table, for another program that has the same.
    pub(crate) fn shared_cells(&self) -> Arc<CellTable> {
        Arc::clone(&self.cells)
    }

    /// The cell that an instruction of this program names.
    ///
    /// # Panics
    /// If `index` comes from another program with more cells.
    #[must_use]
    pub fn cell(&self, index: CellIndex) -> &Cell {
        &self.cells[index.index()]
    }

    /// The place of the cell with this name, if any.
    #[must_use]
    pub fn cell_named(&self, name: &str) -> Option<CellIndex> {
        CellIndex::enumerate(&self.cells)
            .find(|(_, cell)| cell.name == name)
            .map(|(index, _)| index)
    }

    /// The instructions of each function, in the schema's order.
    #[must_use]
    pub const fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// The states that no instruction writes, so that they are 0 for ever.
    pub(crate) fn empty_states(&self) -> CellSet {
        let mut empty = self.cells.kinds().state;
        for instruction in self.bodies.instructions() {
            empty.remove(instruction.destination());
        }
        empty
    }

    /// The instructions of the function with this name, if the schema has it.
    #[must_use]
    pub fn body(&self, function: &str) -> Option<&[Instruction]> {
        let functions = self.schema.description().functions.iter();
        let (_, body) = functions
            .zip(self.bodies.iter())
            .find(|(described, _)| described.name == function)?;
        Some(body)
    }

    /// How many instructions the program has in all functions together.
    #[must_use]
    pub fn instruction_count(&self) -> usize {
        self.bodies.instructions().len()
    }

    /// The value of the constant with this name, if any.
    #[must_use]
    pub fn constant(&self, name: &str) -> Option<f32> {
        let cell = self.cells.iter().find(|cell| cell.name == name)?;
        match cell.role {
            Role::Constant(value) => Some(value.value()),
            Role::Input | Role::State | Role::Scratch | Role::Output => None,
        }
    }

    /// The same program under another name.
    ///
    /// # Errors
    /// [`InvalidProgram`] if `name` is no name.
    pub fn with_name(&self, name: &str) -> Result<Self, InvalidProgram> {
        let program = Self {
            name: name.into(),
            ..self.clone()
        };
        program.verify()?;
        Ok(program)
    }

    /// The same program with other notes.
    ///
    /// # Errors
    /// [`InvalidProgram`] if a note is not one line of bounded length, or there are too many.
    pub fn with_notes(&self, notes: Vec<String>) -> Result<Self, InvalidProgram> {
        let program = Self {
            notes,
            ..self.clone()
        };
        program.verify()?;
        Ok(program)
    }

    /// The same program with another value of a constant.
    ///
    /// # Errors
    /// [`SetConstantError`] if there is no such constant, or it may not have this value.
    pub fn with_constant(&self, name: &str, value: f32) -> Result<Self, SetConstantError> {
        let mut program = self.clone();
        let missing = || SetConstantError::Missing {
            program: self.name().to_owned(),
            name: name.to_owned(),
        };
        let index = self.cell_named(name).ok_or_else(missing)?;
        if !matches!(self.cell(index).role, Role::Constant(_)) {
            return Err(missing());
        }
        let not_finite = || SetConstantError::NotFinite {
            name: name.to_owned(),
            value,
        };
        let value = Constant::new(value).ok_or_else(not_finite)?;
        program.cells = Arc::new(self.cells.with_constants([(index, value)]));
        program.verify()?;
        Ok(program)
    }
}

/// Why a constant cannot be set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetConstantError {
    /// The program has no constant of this name.
    #[error("program `{program}` has no constant `{name}`")]
    Missing {
        /// The program's name.
        program: String,
        /// The name that was asked for.
        name: String,
    },
    /// Constants are finite.
    #[error("constant `{name}` must be finite, not {value}")]
    NotFinite {
        /// The constant.
        name: String,
        /// The refused value.
        value: f32,
    },
    /// The schema does not allow the value.
    #[error(transparent)]
    Invalid(#[from] InvalidProgram),
}
