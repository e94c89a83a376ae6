//! What holds for every program, and its check.
//!
//! 1. The program's and its cells' names are identifiers of at most [`MAXIMUM_NAME_LENGTH`]
//!    characters; no two cells share one.
//! 2. Notes are single lines, bounded in length and number.
//! 3. Every cell that the schema requires is there, with its role and a shape that it may have; cells that may have
//!    several are of one [form](super::Form). A constant that must be positive is. There are no further inputs or outputs.
//! 4. Cells have shapes that the schema has. Constants are scalars; that they are finite is a property of [`Constant`](super::Constant).
//! 5. There is one body for each function of the schema. Cells and instructions are within its
//!    limits.
//! 6. Every cell that an instruction names exists. Operands have shapes that the op takes.
//! 7. Inputs and constants are never written, and no tensor is written to a scalar cell.
//! 8. Instructions name no cell that the schema hides from their function, none of a shape that the function does not
//!    have, and no state where it does not last.

mod problem;

use std::collections::BTreeSet;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{MAX_ARITY, TypeError};

use super::{Cell, CellIndex, Instruction, Program, RequiredCell, RequiredRole, Role, list};
use crate::schema::FunctionDescription;

pub use problem::{CellPart, InstructionPart, InvalidProgram, Place, Problem};

/// The most characters in the name of a program or cell.
pub const MAXIMUM_NAME_LENGTH: usize = 32;
/// The most lines in the notes.
pub const MAXIMUM_NOTES: usize = 64;
/// The most bytes in one line of the notes.
pub const MAXIMUM_NOTE_BYTES: usize = 240;

/// Whether `name` can name a program or a cell.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    first && name.len() <= MAXIMUM_NAME_LENGTH && bytes.all(is_inner)
}

impl Program {
    /// Checks the invariants that [this module](self) lists. Constructors have done so already.
    ///
    /// # Errors
    /// [`InvalidProgram`] for the first one that does not hold.
    pub fn verify(&self) -> Result<(), InvalidProgram> {
        self.verify_name_and_notes()?;
        self.verify_table()?;
        for (index, cell) in self.cells.iter().enumerate() {
            self.verify_cell(cell).map_err(|(part, problem)| {
                InvalidProgram::new(Place::Cell(index, part), problem)
            })?;
        }
        self.verify_bodies()
    }

    fn verify_name_and_notes(&self) -> Result<(), InvalidProgram> {
        if !is_name(&self.name) {
            let problem = Problem::Name {
                name: self.name().to_owned(),
            };
            return Err(InvalidProgram::new(Place::Name, problem));
        }
        let found = self.notes.len();
        if found > MAXIMUM_NOTES {
            let place = Place::Note(MAXIMUM_NOTES);
            return Err(InvalidProgram::new(place, Problem::NoteCount { found }));
        }
        let is_bad = |note: &String| {
            note.len() > MAXIMUM_NOTE_BYTES
                || note.chars().any(char::is_control)
                || note.trim_end().len() != note.len()
        };
        match self.notes.iter().position(is_bad) {
            Some(index) => Err(InvalidProgram::new(Place::Note(index), Problem::Note)),
            None => Ok(()),
        }
    }

    /// What can only be said of all cells together.
    fn verify_table(&self) -> Result<(), InvalidProgram> {
        let description = self.schema.description();
        let (found, limit) = (self.cells.len(), description.maximum_cells);
        if found > limit {
            let problem = Problem::CellCount {
                schema: description.name,
                found,
                limit,
            };
            return Err(InvalidProgram::new(
                Place::Cell(limit, CellPart::Name),
                problem,
            ));
        }
        let mut names = BTreeSet::new();
        let mut all = self.cells.iter().map(|cell| cell.name.as_str());
        if let Some(index) = all.position(|name| !names.insert(name)) {
            let problem = Problem::RepeatedCell {
                name: self.cells[index].name.to_string(),
            };
            return Err(InvalidProgram::new(
                Place::Cell(index, CellPart::Name),
                problem,
            ));
        }
        let missing = description
            .required
            .iter()
            .find(|cell| !names.contains(cell.name));
        missing.map_or(Ok(()), |cell| {
            let (form, _) = self.schema.form_of(&self.cells);
            let (name, shape, role) = (cell.name.into(), cell.shape(form), cell.role.role());
            let declaration = Cell { name, shape, role }.to_string();
            let problem = Problem::MissingCell {
                schema: description.name,
                declaration,
            };
            Err(InvalidProgram::new(Place::Table, problem))
        })
    }

    fn verify_cell(&self, cell: &Cell) -> Result<(), (CellPart, Problem)> {
        let schema = self.schema.description().name;
        let name = || cell.name.to_string();
        if !is_name(&cell.name) {
            return Err((CellPart::Name, Problem::Name { name: name() }));
        }
        let Some(required) = self.schema.required_cell(&cell.name) else {
            return self.verify_further_cell(cell);
        };
        let (expected, found) = (required.role.role(), cell.role);
        if !expected.same_kind(found) {
            let (expected, found) = (expected.keyword(), found.keyword());
            let problem = Problem::RequiredRole {
                schema,
                name: name(),
                expected,
                found,
            };
            return Err((CellPart::Role, problem));
        }
        self.verify_form(cell, required)?;
        match (&required.role, cell.role) {
            (RequiredRole::PositiveConstant { .. }, Role::Constant(value))
                if value.value() <= 0.0 =>
            {
                Err((
                    CellPart::Content,
                    Problem::NotPositive {
                        name: name(),
                        value,
                    },
                ))
            }
            (
                RequiredRole::PositiveConstant { .. }
                | RequiredRole::Input
                | RequiredRole::Output
                | RequiredRole::Result { .. }
                | RequiredRole::Increment { .. },
                Role::Input | Role::Constant(_) | Role::State | Role::Scratch | Role::Output,
            ) => Ok(()),
        }
    }

    /// Whether a required cell has a shape that it may have, and the one that goes with those of the others.
    fn verify_form(&self, cell: &Cell, required: &RequiredCell) -> Result<(), (CellPart, Problem)> {
        let schema = self.schema.description().name;
        let (name, found) = (|| cell.name.to_string(), cell.shape);
        if !required.shapes.contains(&found) {
            let expected: Vec<&str> = required.shapes.iter().map(|it| it.keyword()).collect();
            let problem = Problem::RequiredShape {
                schema,
                name: name(),
                expected: expected.join(" or a "),
                found,
            };
            return Err((CellPart::Content, problem));
        }
        let (form, told_by) = self.schema.form_of(&self.cells);
        let expected = required.shape(form);
        match told_by {
            Some(other) if expected != found => {
                let problem = Problem::OtherForm {
                    name: name(),
                    found,
                    expected,
                    other,
                };
                Err((CellPart::Content, problem))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn verify_further_cell(&self, cell: &Cell) -> Result<(), (CellPart, Problem)> {
        let description = self.schema.description();
        let name = || cell.name.to_string();
        match (cell.role, cell.shape) {
            (Role::Input | Role::Output, _) => {
                let role = cell.role.keyword();
                let same = description
                    .required
                    .iter()
                    .filter(|required| required.role.role().same_kind(cell.role));
                let known: Vec<_> = same
                    .map(|required| format!("`{}`", required.name))
                    .collect();
                let known = known.join(", ");
                let problem = Problem::ForeignCell {
                    schema: description.name,
                    role,
                    name: name(),
                    known,
                };
                Err((CellPart::Name, problem))
            }
            (Role::Constant(_), shape) if !shape.is_scalar() => {
                Err((CellPart::Content, Problem::TensorConstant { name: name() }))
            }
            (Role::Constant(_) | Role::State | Role::Scratch, shape) => {
                if self.schema.shapes().any(|known| known == shape) {
                    return Ok(());
                }
                let problem = Problem::ForeignShape {
                    schema: description.name,
                    name: name(),
                    shape,
                    known: list(self.schema.shapes().map(Shape::keyword)),
                };
                Err((CellPart::Content, problem))
            }
        }
    }

    fn verify_bodies(&self) -> Result<(), InvalidProgram> {
        let description = self.schema.description();
        let (expected, found) = (description.functions.len(), self.bodies.len());
        if expected != found {
            let problem = Problem::BodyCount {
                schema: description.name,
                expected,
                found,
            };
            return Err(InvalidProgram::new(Place::Table, problem));
        }
        for (body, (described, instructions)) in description
            .functions
            .iter()
            .zip(self.bodies.iter())
            .enumerate()
        {
            let function = described.name;
            let (found, limit) = (instructions.len(), description.maximum_instructions);
            if found > limit {
                let problem = Problem::InstructionCount {
                    function,
                    found,
                    limit,
                };
                return Err(InvalidProgram::new(Place::Function(body), problem));
            }
            for (index, instruction) in instructions.iter().enumerate() {
                let verified = verify_instruction(&self.cells, instruction)
                    .and_then(|()| self.verify_scope(described, instruction));
                verified.map_err(|(part, problem)| {
                    let place = Place::Instruction {
                        function,
                        body,
                        index,
                        part,
                    };
                    InvalidProgram::new(place, problem)
                })?;
            }
        }
        Ok(())
    }

    /// Whether the function may name the cells of an instruction that is right otherwise.
    fn verify_scope(
        &self,
        function: &FunctionDescription,
        instruction: &Instruction,
    ) -> Result<(), (InstructionPart, Problem)> {
        for (place, index) in instruction.cells().enumerate() {
            let part = match place {
                0 => InstructionPart::Destination,
                operand => InstructionPart::Operand(operand - 1),
            };
            let cell = self.cell(index);
            let (name, function_name) = (|| cell.name.to_string(), function.name);
            let required = self.schema.required_cell(&cell.name);
            if let Some(required) = required.filter(|cell| !cell.is_known_to(function_name)) {
                let problem = Problem::Hidden {
                    name: name(),
                    function: function_name,
                    known_to: list(required.known_to.iter().copied()),
                };
                return Err((part, problem));
            }
            if !function.shapes.contains(&cell.shape) {
                let problem = Problem::HiddenShape {
                    name: name(),
                    shape: cell.shape,
                    function: function_name,
                    known: list(function.shapes.iter().map(|shape| shape.keyword())),
                };
                return Err((part, problem));
            }
            if cell.role == Role::State && !function.keeps_state {
                let problem = Problem::NoState {
                    name: name(),
                    function: function_name,
                };
                return Err((part, problem));
            }
        }
        Ok(())
    }
}

fn verify_instruction(
    cells: &[Cell],
    instruction: &Instruction,
) -> Result<(), (InstructionPart, Problem)> {
    let look_up = |part: InstructionPart, index: CellIndex| {
        let (index, count) = (index.index(), cells.len());
        cells.get(index).ok_or_else(|| {
            let problem = Problem::CellIndex {
                index,
                cells: count,
            };
            (part, problem)
        })
    };
    let destination = look_up(InstructionPart::Destination, instruction.destination())?;
    if !destination.role.is_writable() {
        let (name, role) = (destination.name.to_string(), destination.role.keyword());
        return Err((
            InstructionPart::Destination,
            Problem::ReadOnly { name, role },
        ));
    }
    let op = instruction.op();
    let operands = instruction.operands();
    let mut shapes = [Shape::Scalar; MAX_ARITY];
    for (position, &operand) in operands.iter().enumerate() {
        shapes[position] = look_up(InstructionPart::Operand(position), operand)?.shape;
    }
    let shapes = &shapes[..operands.len()];
    let result = op.result_shape(shapes).map_err(|error| match error {
        TypeError::OperandShape { position, .. }
        | TypeError::Reduced { position, .. }
        | TypeError::Pattern { position, .. } => {
            let name = cells[operands[position - 1].index()].name.to_string();
            let problem = Problem::Operand { name, error };
            (InstructionPart::Operand(position - 1), problem)
        }
        TypeError::Arity { .. } => (InstructionPart::Op, Problem::Arity(error)),
    })?;
    if !destination.shape.holds(result) {
        let problem = Problem::Result {
            op: op.mnemonic(),
            result,
            name: destination.name.to_string(),
            shape: destination.shape,
        };
        return Err((InstructionPart::Destination, problem));
    }
    Ok(())
}
