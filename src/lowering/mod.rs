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

pub use canonical::{CanonicalHash, InvalidHash};

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
    let functions = program.schema().description().functions;
    functions
        .iter()
        .zip(&effective.bodies)
        .map(|(name, body)| Lowering::new(program, &effective, name).run(body))
        .collect()
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
    parameters: Vec<Option<ParameterIndex>>,
    /// What each cell that pruning keeps holds at this point.
    contents: Vec<Option<Value>>,
}

/// What a function does with a cell's storage, if the cell has any.
fn access(
    program: &Program,
    effective: &Effective,
    index: CellIndex,
    cell: &Cell,
) -> Option<Access> {
    match cell.role {
        Role::Input if increment_of(program, &cell.name).is_some() => Some(Access::ReadWrite),
        Role::Input => Some(Access::Read),
        Role::Output if incremented_by(program, &cell.name).is_some() => None,
        Role::Output => Some(Access::Write),
        // State that nothing writes is zero for good, and needs no storage.
        Role::State if effective.needed_at_end[index.index()] && is_written(effective, index) => {
            Some(Access::ReadWrite)
        }
        Role::State | Role::Constant(_) | Role::Scratch => None,
    }
}

fn is_written(effective: &Effective, index: CellIndex) -> bool {
    let mut instructions = effective.bodies.iter().flatten();
    instructions.any(|instruction| instruction.destination() == index)
}

/// The output that is added to the input of this name.
fn increment_of(program: &Program, input: &str) -> Option<CellIndex> {
    let required = program.schema().description().required.iter();
    let mut increments = required.filter(|cell| match cell.role {
        RequiredRole::Increment { of } => of == input,
        RequiredRole::Input | RequiredRole::Output | RequiredRole::PositiveConstant { .. } => false,
    });
    program.cell_named(increments.next()?.name)
}

/// The input that the output of this name is added to.
fn incremented_by(program: &Program, output: &str) -> Option<&'static str> {
    match program.schema().required_cell(output)?.role {
        RequiredRole::Increment { of } => Some(of),
        RequiredRole::Input | RequiredRole::Output | RequiredRole::PositiveConstant { .. } => None,
    }
}

impl<'a> Lowering<'a> {
    fn new(program: &'a Program, effective: &Effective, name: &str) -> Self {
        let mut builder = FunctionBuilder::new(name);
        let (mut parameters, mut contents) = (Vec::new(), Vec::new());
        for (index, cell) in CellIndex::enumerate(program.cells()) {
            if !effective.is_kept[index.index()] {
                parameters.push(None);
                contents.push(None);
                continue;
            }
            let parameter = access(program, effective, index, cell).map(|access| {
                let parameter = accepted(builder.parameter(&cell.name, cell.shape, access));
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
            parameters.push(parameter.map(|(parameter, _)| parameter));
            contents.push(Some(value));
        }
        Self {
            program,
            builder,
            parameters,
            contents,
        }
    }

    fn run(mut self, body: &[Instruction]) -> Function {
        for instruction in body {
            let operands: ArrayVec<Value, MAX_ARITY> = instruction
                .operands()
                .iter()
                .map(|&operand| self.operand(instruction.op(), operand))
                .collect();
            let value = accepted(self.builder.apply(instruction.op(), &operands));
            self.contents[instruction.destination().index()] = Some(value);
        }
        for (index, cell) in CellIndex::enumerate(self.program.cells()) {
            let Some(parameter) = self.parameters[index.index()] else {
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
                Role::State | Role::Output => accepted(self.builder.store(parameter, value)),
                Role::Constant(_) | Role::Scratch => {}
            }
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

    /// A value of a shape, whatever it is, made of [`any_tensor`](Self::any_tensor).
    fn any_of(&mut self, shape: Shape) -> Option<Value> {
        use MatrixOp::{ColumnSums, DiagonalMatrix, RowSums, Transpose};
        let steps: &[MatrixOp] = match shape {
            Shape::Scalar => return None,
            Shape::Tensor => &[],
            Shape::Column => &[RowSums],
            Shape::Row => &[ColumnSums],
            Shape::RowGram => &[RowSums, DiagonalMatrix],
            Shape::ColumnGram => &[ColumnSums, Transpose, DiagonalMatrix],
            Shape::Transposed => &[Transpose],
            Shape::TransposedColumn => &[RowSums, Transpose],
            Shape::TransposedRow => &[ColumnSums, Transpose],
        };
        let mut value = self.any_tensor()?;
        for &step in steps {
            value = accepted(self.builder.apply(Op::Matrix(step), &[value]));
        }
        Some(value)
    }

    /// A value with the shape of a tensor: the first input that the schema requires with it. Always
    /// the same one, in whatever order cells are declared, as hashes depend on it. Nothing writes to
    /// inputs, so it is there at every point.
    fn any_tensor(&self) -> Option<Value> {
        let mut required = self.program.schema().description().required.iter();
        let input = required
            .find(|cell| matches!(cell.role, RequiredRole::Input) && cell.shape == Shape::Tensor)?;
        let cell = self.program.cell_named(input.name)?;
        Some(self.content(cell))
    }

    fn elementwise(&mut self, op: ElementwiseOp, operands: &[Value]) -> Value {
        accepted(self.builder.apply(Op::Elementwise(op), operands))
    }
}
