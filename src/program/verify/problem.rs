//! What can be wrong with a program, and where.

use std::fmt;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::TypeError;

use super::{MAXIMUM_NAME_LENGTH, MAXIMUM_NOTE_BYTES, MAXIMUM_NOTES};
use crate::program::Constant;

/// What is wrong with a program, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{problem}")]
pub struct InvalidProgram {
    /// Which part of the program is at fault.
    pub place: Place,
    /// What is wrong with it.
    pub problem: Box<Problem>,
}

impl InvalidProgram {
    pub(super) fn new(place: Place, problem: Problem) -> Self {
        Self {
            place,
            problem: Box::new(problem),
        }
    }
}

/// A part of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The name.
    Name,
    /// A line of the notes, counted from 0.
    Note(usize),
    /// The cell table as a whole.
    Table,
    /// One cell, counted from 0.
    Cell(usize, CellPart),
    /// The function at this place in the schema's list.
    Function(usize),
    /// One instruction.
    Instruction {
        /// The function's name.
        function: &'static str,
        /// The function's place in the schema's list.
        body: usize,
        /// The instruction's place in the body, counted from 0.
        index: usize,
        /// What in it.
        part: InstructionPart,
    },
}

/// A part of a cell's declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellPart {
    /// Its role.
    Role,
    /// Its name.
    Name,
    /// Its shape, or, for a constant, its value.
    Content,
}

/// A part of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionPart {
    /// The cell that is written.
    Destination,
    /// The op.
    Op,
    /// An operand, counted from 0.
    Operand(usize),
}

impl fmt::Display for Place {
    /// Only instructions are named: what is wrong elsewhere names its cell or function itself.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instruction {
                function, index, ..
            } => {
                write!(formatter, "instruction {} of `{function}`: ", index + 1)
            }
            Self::Name | Self::Note(_) | Self::Table | Self::Cell(..) | Self::Function(_) => Ok(()),
        }
    }
}

/// What is wrong with a part of a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the fields are the blanks of the messages, which say what they are"
)]
pub enum Problem {
    /// A name is not an identifier.
    #[error(
        "`{name}` is no name: a name is 1 to {MAXIMUM_NAME_LENGTH} of a-z, 0-9 and _, \
         and does not begin with a digit"
    )]
    Name { name: String },
    /// There are too many notes.
    #[error("{found} lines of notes are more than the {MAXIMUM_NOTES} that are allowed")]
    NoteCount { found: usize },
    /// A note would not survive printing and parsing.
    #[error(
        "a note is one line of at most {MAXIMUM_NOTE_BYTES} bytes without control characters and \
         without blanks at its end"
    )]
    Note,
    /// There are too many cells.
    #[error("{found} cells are more than the {limit} that schema `{schema}` allows")]
    CellCount {
        schema: &'static str,
        found: usize,
        limit: usize,
    },
    /// Two cells share a name.
    #[error("there are two cells `{name}`")]
    RepeatedCell { name: String },
    /// A required cell is missing.
    #[error("schema `{schema}` requires the cell `{declaration}`")]
    MissingCell {
        schema: &'static str,
        declaration: String,
    },
    /// A required cell has another role.
    #[error("`{name}` must be declared as {expected}, not {found}, in schema `{schema}`")]
    RequiredRole {
        schema: &'static str,
        name: String,
        expected: &'static str,
        found: &'static str,
    },
    /// A required cell has another shape.
    #[error("`{name}` must be a {expected}, not a {found}, in schema `{schema}`")]
    RequiredShape {
        schema: &'static str,
        name: String,
        expected: String,
        found: Shape,
    },
    /// A required cell has a shape that does not go with those of others.
    #[error("`{name}` must be a {expected}, as `{other}` is, not a {found}")]
    OtherForm {
        name: String,
        found: Shape,
        expected: Shape,
        other: &'static str,
    },
    /// An input or output that the schema does not have.
    #[error("schema `{schema}` has no {role} `{name}`, only {known}")]
    ForeignCell {
        schema: &'static str,
        role: &'static str,
        name: String,
        known: String,
    },
    /// A shape that the schema does not have.
    #[error("`{name}` cannot be a {shape} in schema `{schema}`, only {known}")]
    ForeignShape {
        schema: &'static str,
        name: String,
        shape: Shape,
        known: String,
    },
    /// A constant that is not a scalar.
    #[error("constant `{name}` must be a scalar")]
    TensorConstant { name: String },
    /// A constant that must be positive is not.
    #[error("`{name}` must be greater than 0, not {value}")]
    NotPositive { name: String, value: Constant },
    /// The number of bodies is not that of the schema's functions.
    #[error("schema `{schema}` has {expected} function(s), not {found}")]
    BodyCount {
        schema: &'static str,
        expected: usize,
        found: usize,
    },
    /// A function is too long.
    #[error("{found} instructions in `{function}` are more than the {limit} that are allowed")]
    InstructionCount {
        function: &'static str,
        found: usize,
        limit: usize,
    },
    /// An instruction names a cell beyond the table.
    #[error("there is no cell {index} in a table of {cells}")]
    CellIndex { index: usize, cells: usize },
    /// An input or constant is written.
    #[error("`{name}` is declared as {role} and cannot be written")]
    ReadOnly { name: String, role: &'static str },
    /// A cell is named that the function does not know.
    #[error("`{name}` is not known to `{function}`, only to {known_to}")]
    Hidden {
        name: String,
        function: &'static str,
        known_to: String,
    },
    /// A cell is named whose shape the function does not have.
    #[error("`{name}` is a {shape}, which `{function}` has not, only {known}")]
    HiddenShape {
        name: String,
        shape: Shape,
        function: &'static str,
        known: String,
    },
    /// State is named where it does not last.
    #[error(
        "`{name}` is state, and `{function}` keeps none from one call to the next; declare it as scratch"
    )]
    NoState {
        name: String,
        function: &'static str,
    },
    /// An operand has a shape that the op does not take.
    #[error("`{name}` does not fit: {error}")]
    Operand { name: String, error: TypeError },
    /// The op does not take this many operands.
    #[error(transparent)]
    Arity(TypeError),
    /// A result is written to a cell of another shape.
    #[error("`{op}` gives a {result} of these operands, but `{name}` is a {shape}")]
    Result {
        op: &'static str,
        result: Shape,
        name: String,
        shape: Shape,
    },
}
