//! From programs to the compiler's functions.
//!
//! A program is register code, which splicing and drifting suit; the compiler wants values that are
//! defined once. Lowering runs each function of the program symbolically: every cell holds the value
//! that it has at that point, an instruction makes a new one, and what the written cells hold at the
//! end is stored. Copies, and code whose result is overwritten, vanish on the way.
//!
//! ```text
//!   Program ──pruned──► cells: [value]  ──instruction by instruction──►  stores
//!                          │                                               │
//!                          └────────────► FunctionBuilder ◄────────────────┘ ──► ir::Function
//! ```
//!
//! The parameters of a lowered function are, in the order of the program's cells: inputs, which are
//! read; outputs, which are written; and state that has to survive from one call to the next, which
//! is read and written. An input that the schema lets grow by an output
//! ([`RequiredRole::Increment`]) is read and written too, and the addition is part of the function;
//! the output has no storage of its own then.

mod canonical;

use arrayvec::ArrayVec;
use mlevolve_ir::ops::{ElementwiseOp, MAX_ARITY, MatrixOp, Op};
use mlevolve_ir::{Access, Function, FunctionBuilder, ParameterIndex, Shape, Value, passes};

use crate::program::{Cell, CellIndex, Effective, Instruction, Program, RequiredRole, Role};

pub use canonical::CanonicalHash;
pub(crate) use canonical::is_for_caller;

/// The functions of a program, lowered and optimised, in the schema's order.
///
/// # Panics
/// Never for a verified program: the schema's limits keep it within the compiler's.
#[must_use]
pub fn lower(program: &Program) -> Vec<Function> {
    lower_unoptimised(program)
        .iter()
        .map(passes::optimise)
        .collect()
}

/// The functions of a program as lowering leaves them, before any pass.
///
/// # Panics
/// Never for a verified program, as for [`lower`].
#[must_use]
pub fn lower_unoptimised(program: &Program) -> Vec<Function> {
    let effective = program.effective();
    let functions = program.schema().description().functions.iter();
    functions
        .enumerate()
        .map(|(index, function)| {
            lower_sequence(program, &effective, function.name, &[Part::Call(index)])
        })
        .collect()
}

/// A part of what one lowered function does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// What the program's function at this place in the schema does.
    Call(usize),
    /// A cell's content is replaced by an op of it.
    Replace(CellIndex, ElementwiseOp),
    /// A cell's content is stored to a parameter of this name, for the caller.
    Record(CellIndex, &'static str),
}

/// One function that does what the parts do, one after another, unoptimised. Of calls, only instructions
/// that have an effect are taken, as they are without the other parts.
///
/// # Panics
/// If a part speaks of a function or cell that the program does not have.
#[must_use]
pub(crate) fn lower_sequence(
    program: &Program,
    effective: &Effective,
    name: &str,
    parts: &[Part],
) -> Function {
    let mut lowering = Lowering::new(program, effective, name, parts);
    for part in parts {
        match *part {
            Part::Call(function) => lowering.call(&effective.bodies[function]),
            Part::Replace(cell, op) => {
                let value = lowering.content(cell);
                let value = lowering.elementwise(op, &[value]);
                lowering.contents[cell.index()] = Some(value);
            }
            Part::Record(cell, parameter) => lowering.record(cell, parameter),
        }
    }
    lowering.finish()
}

/// A compiler's refusal of what a verified program says would be a mistake in this module.
fn accepted<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a verified program must lower: {error}"),
    }
}

/// One function in the making.
struct Lowering<'a> {
    program: &'a Program,
    builder: FunctionBuilder,
    /// The storage of each cell that has one.
    parameters: Vec<Option<(ParameterIndex, Access)>>,
    /// What each cell that pruning keeps holds at this point.
    contents: Vec<Option<Value>>,
    /// What is stored beside the contents of cells.
    records: Vec<(ParameterIndex, Value)>,
}

/// What a function of these parts does with cells' storage.
struct Storage<'a> {
    program: &'a Program,
    effective: &'a Effective,
    parts: &'a [Part],
}

impl Storage<'_> {
    /// The places of the functions that are called, in order.
    fn calls(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.parts.iter().filter_map(|part| match part {
            Part::Call(function) => Some(*function),
            Part::Replace(..) | Part::Record(..) => None,
        })
    }

    fn is_written(&self, index: CellIndex) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Call(function) => {
                let mut body = self.effective.bodies[*function].iter();
                body.any(|instruction| instruction.destination() == index)
            }
            Part::Replace(cell, _) => *cell == index,
            Part::Record(..) => false,
        })
    }

    /// Whether some function has the cell as an input or output.
    fn is_known(&self, cell: &Cell) -> bool {
        let functions = self.program.schema().description().functions;
        let required = self.program.schema().required_cell(&cell.name);
        required.is_none_or(|required| {
            self.calls()
                .any(|function| required.is_known_to(functions[function].name))
        })
    }

    /// What is done with a cell's storage, if the cell has any.
    fn access(&self, index: CellIndex, cell: &Cell) -> Option<Access> {
        if !self.is_known(cell) {
            return None;
        }
        let (program, effective) = (self.program, self.effective);
        match cell.role {
            Role::Input if increment_of(program, &cell.name).is_some() => Some(Access::ReadWrite),
            Role::Input => Some(Access::Read),
            Role::Output if incremented_by(program, &cell.name).is_some() => None,
            Role::Output => Some(Access::Write),
            Role::State => {
                let first = self.calls().next()?;
                let last = self.calls().next_back()?;
                let is_read = effective.needed_at_start[first].contains(index)
                    // State that nothing writes is zero for good, and needs no storage; but a result is the
                    // caller's too.
                    && (is_written_anywhere(effective, index) || is_result(program, cell));
                let is_stored =
                    effective.needed_at_end[last].contains(index) && self.is_written(index);
                match (is_read, is_stored) {
                    (true, true) => Some(Access::ReadWrite),
                    (true, false) => Some(Access::Read),
                    (false, true) => Some(Access::Write),
                    (false, false) => None,
                }
            }
            Role::Constant(_) | Role::Scratch => None,
        }
    }
}

fn is_result(program: &Program, cell: &Cell) -> bool {
    let required = program.schema().required_cell(&cell.name);
    required.is_some_and(|required| matches!(required.role, RequiredRole::Result { .. }))
}

fn is_written_anywhere(effective: &Effective, index: CellIndex) -> bool {
    let mut instructions = effective.bodies.iter().flatten();
    instructions.any(|instruction| instruction.destination() == index)
}

/// The output that is added to the input of this name.
fn increment_of(program: &Program, input: &str) -> Option<CellIndex> {
    let required = program.schema().description().required.iter();
    let mut increments = required.filter(|cell| match cell.role {
        RequiredRole::Increment { of } => of == input,
        RequiredRole::Input
        | RequiredRole::Output
        | RequiredRole::Result { .. }
        | RequiredRole::PositiveConstant { .. } => false,
    });
    program.cell_named(increments.next()?.name)
}

/// The input that the output of this name is added to.
fn incremented_by(program: &Program, output: &str) -> Option<&'static str> {
    match program.schema().required_cell(output)?.role {
        RequiredRole::Increment { of } => Some(of),
        RequiredRole::Input
        | RequiredRole::Output
        | RequiredRole::Result { .. }
        | RequiredRole::PositiveConstant { .. } => None,
    }
}

impl<'a> Lowering<'a> {
    fn new(program: &'a Program, effective: &Effective, name: &str, parts: &[Part]) -> Self {
        let mut builder = FunctionBuilder::new(name);
        let (mut parameters, mut contents) = (Vec::new(), Vec::new());
        let storage = Storage {
            program,
            effective,
            parts,
        };
        for (index, cell) in CellIndex::enumerate(program.cells()) {
            if !effective.kept.contains(index) {
                parameters.push(None);
                contents.push(None);
                continue;
            }
            let parameter = storage.access(index, cell).map(|access| {
                let parameter = accepted(builder.parameter(cell.name.as_str(), cell.shape, access));
                (parameter, access)
            });
            let value = match (parameter, cell.role) {
                (Some((parameter, access)), _) if access.is_read() => {
                    accepted(builder.load(parameter))
                }
                (_, Role::Constant(value)) => builder.constant(value.value()),
                (_, Role::Input | Role::State | Role::Scratch | Role::Output) => {
                    builder.constant(0.0)
                }
            };
            parameters.push(parameter);
            contents.push(Some(value));
        }
        Self {
            program,
            builder,
            parameters,
            contents,
            records: Vec::new(),
        }
    }

    /// Runs the instructions of one function.
    fn call(&mut self, body: &[Instruction]) {
        for (cell, content) in self.program.cells().iter().zip(&mut self.contents) {
            match cell.role {
                Role::Scratch | Role::Output if content.is_some() => {
                    *content = Some(self.builder.constant(0.0));
                }
                Role::Input | Role::Constant(_) | Role::State | Role::Scratch | Role::Output => {}
            }
        }
        for instruction in body {
            let operands: ArrayVec<Value, MAX_ARITY> = instruction
                .operands()
                .iter()
                .map(|&operand| self.operand(instruction.op(), operand))
                .collect();
            let value = accepted(self.builder.apply(instruction.op(), &operands));
            self.contents[instruction.destination().index()] = Some(value);
        }
    }

    fn record(&mut self, cell: CellIndex, parameter: &'static str) {
        let shape = self.program.cell(cell).shape;
        let parameter = accepted(self.builder.parameter(parameter, shape, Access::Write));
        self.records.push((parameter, self.content(cell)));
    }

    fn finish(mut self) -> Function {
        for (index, cell) in CellIndex::enumerate(self.program.cells()) {
            let Some((parameter, access)) = self.parameters[index.index()] else {
                continue;
            };
            let value = self.content(index);
            match cell.role {
                Role::Input => {
                    if let Some(increment) = increment_of(self.program, &cell.name) {
                        let operands = [value, self.content(increment)];
                        let sum = self.elementwise(ElementwiseOp::Add, &operands);
                        accepted(self.builder.store(parameter, sum));
                    }
                }
                Role::State | Role::Output if access.is_written() => {
                    accepted(self.builder.store(parameter, value));
                }
                Role::State | Role::Output | Role::Constant(_) | Role::Scratch => {}
            }
        }
        for &(parameter, value) in &self.records {
            accepted(self.builder.store(parameter, value));
        }
        accepted(self.builder.finish())
    }

    /// What a cell holds at this point.
    fn content(&self, cell: CellIndex) -> Value {
        match self.contents[cell.index()] {
            Some(value) => value,
            None => unreachable!("pruning keeps what is named by an instruction or required"),
        }
    }

    /// What an instruction reads from a cell. A tensor cell may hold a scalar, which stands for every
    /// element; ops that are not elementwise need the elements.
    fn operand(&mut self, op: Op, cell: CellIndex) -> Value {
        let value = self.content(cell);
        let shape = self.program.cell(cell).shape;
        match op {
            Op::Elementwise(_) => value,
            Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => {
                if self.builder.shape(value) == shape {
                    return value;
                }
                match self.any_of(shape) {
                    Some(like) => self.elementwise(ElementwiseOp::Broadcast, &[value, like]),
                    None => value,
                }
            }
        }
    }

    /// A value of a shape, whatever it is, made of [`any_input`](Self::any_input).
    fn any_of(&mut self, shape: Shape) -> Option<Value> {
        use MatrixOp::{ColumnSums, DiagonalMatrix, RowSums, Transpose};
        let mut value = self.any_input()?;
        let of_tensor = self.builder.shape(value) == Shape::Tensor;
        let steps: &[MatrixOp] = match (shape, of_tensor) {
            (Shape::Scalar, _) => return None,
            (Shape::Tensor, true) | (Shape::Column, false) => &[],
            (Shape::Column, true) => &[RowSums],
            (Shape::Row, true) => &[ColumnSums],
            (Shape::RowGram, true) => &[RowSums, DiagonalMatrix],
            (Shape::RowGram, false) => &[DiagonalMatrix],
            (Shape::ColumnGram, true) => &[ColumnSums, Transpose, DiagonalMatrix],
            (Shape::Transposed, true) => &[Transpose],
            (Shape::TransposedColumn, true) => &[RowSums, Transpose],
            (Shape::TransposedColumn, false) => &[Transpose],
            (Shape::TransposedRow, true) => &[ColumnSums, Transpose],
            // A schema whose inputs are columns has no such cells.
            (
                Shape::Tensor
                | Shape::Row
                | Shape::ColumnGram
                | Shape::Transposed
                | Shape::TransposedRow,
                false,
            ) => return None,
        };
        for &step in steps {
            value = accepted(self.builder.apply(Op::Matrix(step), &[value]));
        }
        Some(value)
    }

    /// A value with the shape of a tensor or of a column: the first input that the schema requires with it.
    /// Always the same one, in whatever order cells are declared, as hashes depend on it. Nothing writes to
    /// inputs, so it is there at every point.
    fn any_input(&self) -> Option<Value> {
        let form = self.program.form();
        let mut required = self.program.schema().description().required.iter();
        let input = required.find(|cell| {
            matches!(cell.role, RequiredRole::Input)
                && matches!(cell.shape(form), Shape::Tensor | Shape::Column)
                && self
                    .program
                    .cell_named(cell.name)
                    .is_some_and(|index| self.parameters[index.index()].is_some())
        })?;
        let cell = self.program.cell_named(input.name)?;
        Some(self.content(cell))
    }

    fn elementwise(&mut self, op: ElementwiseOp, operands: &[Value]) -> Value {
        accepted(self.builder.apply(Op::Elementwise(op), operands))
    }
}
