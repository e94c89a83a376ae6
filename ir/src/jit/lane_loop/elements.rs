//! Elements: where they are, and how they are computed.

use cranelift_codegen::ir::types::{F32X4, I64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData};

use super::emit::{Emitter, Pointer};
use super::form::Form;
use super::plan::{Home, Place};
use crate::function::Value;
use crate::jit::lanes::Vectors;
use crate::lanes::Lanes;
use crate::ops::MAX_ARITY;
use crate::shape::Shape;

/// The number of an element, a row or a column: a loop's variable, if any, plus a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    variable: Option<ir::Value>,
    constant: usize,
}

impl Index {
    pub(super) const fn new(constant: usize) -> Self {
        Self {
            variable: None,
            constant,
        }
    }

    pub(super) const fn variable(variable: ir::Value) -> Self {
        Self {
            variable: Some(variable),
            constant: 0,
        }
    }

    pub(super) const fn plus(self, more: usize) -> Self {
        Self {
            variable: self.variable,
            constant: self.constant + more,
        }
    }
}

/// Which element of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// By number, row by row.
    Flat(Index),
    /// By row and column.
    Cell(Index, Index),
}

impl At {
    /// The one element of a scalar.
    pub(super) const fn first() -> Self {
        Self::Flat(Index::new(0))
    }

    /// Row and column, in a matrix of so many.
    fn cell(self, rows: usize, columns: usize) -> (Index, Index) {
        match self {
            Self::Cell(row, column) => (row, column),
            Self::Flat(index) if columns == 1 => (index, Index::new(0)),
            Self::Flat(index) if rows == 1 => (Index::new(0), index),
            Self::Flat(index) => {
                assert!(index.variable.is_none(), "a matrix is arranged row by row");
                (
                    Index::new(index.constant / columns),
                    Index::new(index.constant % columns),
                )
            }
        }
    }

    /// The number of the element, which is none of a loop's.
    pub(super) fn number(self, rows: usize, columns: usize) -> usize {
        let (row, column) = self.cell(rows, columns);
        assert!(
            row.variable.is_none() && column.variable.is_none(),
            "what is in registers is not used in loops"
        );
        row.constant * columns + column.constant
    }
}

/// An element in memory that has been loaded.
#[derive(Debug)]
pub(super) struct Remembered<const WIDTH: usize> {
    value: Value,
    row: Index,
    column: Index,
    vectors: Vectors<WIDTH>,
}

/// Whether an index is that of the row in question, that of the column, or 0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    Row,
    Column,
    Zero,
}

/// An access to a frame or an argument: always within bounds, on no boundary in particular.
const fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl<const WIDTH: usize> Emitter<'_, '_, WIDTH> {
    /// The address of an element and the bytes to add to it.
    fn address(&mut self, place: Place, shape: Shape, at: At) -> (ir::Value, i32) {
        let (base, offset, bytes) = match place {
            Place::Argument(parameter) => {
                (self.addresses[parameter.index()], 0, self.argument_bytes)
            }
            Place::Frame(offset) => (self.frame, offset, WIDTH * self.size.bytes()),
        };
        let (_, columns) = self.extents(shape);
        let (parts, constant) = match at {
            At::Flat(index) => ([(index.variable, 1), (None, 1)], index.constant),
            At::Cell(row, column) => (
                [(row.variable, columns), (column.variable, 1)],
                row.constant * columns + column.constant,
            ),
        };
        let mut parts: Vec<_> = parts
            .into_iter()
            .filter_map(|(variable, factor)| Some((variable?, factor)))
            .collect();
        // Those of outer loops first: the pointers of inner ones begin where theirs are.
        let nesting = |variable| self.loops.iter().position(|it| it.variable == variable);
        parts.sort_by_key(|&(variable, _)| nesting(variable));
        let mut address = base;
        for (variable, factor) in parts {
            address = self.pointer(variable, address, factor * bytes);
        }
        let displacement = (offset + constant) * bytes;
        match i32::try_from(displacement) {
            Ok(displacement) => (address, displacement),
            Err(_) => {
                let far =
                    self.build(|builder| builder.ins().iadd_imm_s(address, displacement as i64));
                (far, 0)
            }
        }
    }

    /// The pointer that is at `start` when the loop with this variable begins, and moves on by so many bytes for
    /// each element.
    fn pointer(&mut self, variable: ir::Value, start: ir::Value, bytes: usize) -> ir::Value {
        let Some(within) = self.loops.iter_mut().find(|it| it.variable == variable) else {
            unreachable!("an index is used in its loop only");
        };
        let mut known = within.pointers.iter();
        let known = known.find(|pointer| pointer.start == start && pointer.bytes == bytes);
        if let Some(pointer) = known {
            return pointer.value;
        }
        let dfg = &mut self.builder.borrow_mut().func.dfg;
        let value = dfg.append_block_param(within.test, I64);
        let destinations = dfg.insts[within.entry]
            .branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
        destinations[0].append_argument(start, &mut dfg.value_lists);
        within.pointers.push(Pointer {
            start,
            bytes,
            value,
        });
        value
    }

    /// Loads an element.
    pub(super) fn load(&mut self, place: Place, shape: Shape, at: At) -> Vectors<WIDTH> {
        let (address, displacement) = self.address(place, shape, at);
        Vectors::Each(std::array::from_fn(|vector| {
            let displacement = displacement + (vector * self.size.bytes()) as i32;
            self.build(|builder| builder.ins().load(F32X4, flags(), address, displacement))
        }))
    }

    /// Stores an element.
    pub(super) fn store(&mut self, place: Place, shape: Shape, at: At, vectors: Vectors<WIDTH>) {
        let values = self.lanes().values(vectors, F32X4);
        let (address, displacement) = self.address(place, shape, at);
        for (vector, value) in values.into_iter().enumerate() {
            let displacement = displacement + (vector * self.size.bytes()) as i32;
            self.build(|builder| builder.ins().store(flags(), value, address, displacement));
        }
    }

    /// A scalar that is ready.
    pub(super) fn scalar(&self, value: Value) -> Vectors<WIDTH> {
        if let Home::Constant(bits) = self.home(value) {
            return Vectors::Constant(bits);
        }
        match self.registers[value.index()].first() {
            Some(Some(vectors)) => *vectors,
            Some(None) | None => unreachable!("scalars are made ready before they are used"),
        }
    }

    /// Loads a scalar, if it is a parameter's and has not been loaded in this step.
    pub(super) fn ready(&mut self, value: Value) {
        if let Form::Load(parameter) = self.form(value)
            && self.registers[value.index()].is_empty()
        {
            let mut kept = self.plan.kept.iter();
            let place = match kept.find(|kept| kept.parameter == parameter) {
                Some(kept) => Place::Frame(kept.offset),
                None => Place::Argument(parameter),
            };
            let vectors = self.load(place, Shape::Scalar, At::first());
            self.registers[value.index()] = vec![Some(vectors)];
        }
    }

    /// Loads the scalars that a root needs, so that no loop has to.
    pub(super) fn ready_scalars(&mut self, value: Value) {
        for &operand in self.form(value).taken(self.operands(value)) {
            if self.function.shape(operand).is_scalar() {
                self.ready(operand);
            } else if self.home(operand) == Home::Inlined {
                self.ready_scalars(operand);
            }
        }
    }

    /// An element of any value that is in some place or inlined.
    pub(super) fn element(&mut self, value: Value, at: At) -> Vectors<WIDTH> {
        let shape = self.function.shape(value);
        if shape.is_scalar() {
            return self.scalar(value);
        }
        match self.home(value) {
            Home::Registers => {
                let (rows, columns) = self.extents(shape);
                match self.registers[value.index()][at.number(rows, columns)] {
                    Some(vectors) => vectors,
                    None => unreachable!("roots are computed before they are used"),
                }
            }
            Home::Memory(place) => {
                if let At::Cell(row, column) = at {
                    let key = (value, row, column);
                    let mut known = self.remembered.iter();
                    let known = known.find(|it| (it.value, it.row, it.column) == key);
                    if let Some(remembered) = known {
                        return remembered.vectors;
                    }
                }
                self.load(place, shape, at)
            }
            Home::Inlined => self.compute(value, at),
            Home::Absent | Home::Constant(_) => unreachable!("only scalars are constants"),
        }
    }

    /// The elements of all operands at one place. What is in memory is loaded last: a load right before the
    /// instruction that uses it becomes a part of it.
    pub(super) fn operand_elements(
        &mut self,
        operands: &[Value],
        at: At,
    ) -> [Vectors<WIDTH>; MAX_ARITY] {
        let mut vectors = [Vectors::Constant(0); MAX_ARITY];
        for is_in_memory in [false, true] {
            for (vectors, &operand) in vectors.iter_mut().zip(operands) {
                if matches!(self.home(operand), Home::Memory(_)) == is_in_memory {
                    *vectors = self.element(operand, at);
                }
            }
        }
        vectors
    }

    /// Computes an element of its operands' elements.
    pub(super) fn compute(&mut self, value: Value, at: At) -> Vectors<WIDTH> {
        let operands = self.operands(value);
        let (rows, columns) = self.extents(self.function.shape(value));
        let zero = Index::new(0);
        match self.form(value) {
            Form::Elementwise(op) => {
                let vectors = self.operand_elements(operands, at);
                op.evaluate(&self.lanes(), &vectors[..operands.len()])
            }
            Form::Transposed => {
                let (row, column) = at.cell(rows, columns);
                self.element(operands[0], At::Cell(column, row))
            }
            Form::EachColumn => {
                let (row, _) = at.cell(rows, columns);
                self.element(operands[0], At::Cell(row, zero))
            }
            Form::EachRow => {
                let (_, column) = at.cell(rows, columns);
                self.element(operands[0], At::Cell(zero, column))
            }
            Form::Outer([left_transposed, right_transposed]) => {
                let (row, column) = at.cell(rows, columns);
                let left = factor(left_transposed, row, zero);
                let right = factor(right_transposed, zero, column);
                let left = self.element(operands[0], left);
                let right = self.element(operands[1], right);
                self.lanes()
                    .fma(left, right, Vectors::Each([self.zero; WIDTH]))
            }
            Form::Load(_) => {
                let Home::Memory(place) = self.home(value) else {
                    unreachable!("a tensor that is loaded is in memory");
                };
                self.load(place, self.function.shape(value), at)
            }
            Form::Constant(_)
            | Form::Reduction(_)
            | Form::Product { .. }
            | Form::RowReduction(_) => unreachable!("these are not computed element by element"),
        }
    }

    /// Loads what a root's elements of one row have in common.
    pub(super) fn remember_of_row(&mut self, value: Value, row: Index) {
        self.remember(value, row, [Axis::Row, Axis::Column]);
    }

    fn remember(&mut self, value: Value, row: Index, [rows, columns]: [Axis; 2]) {
        let operands = self.form(value).taken(self.operands(value));
        for (position, &operand) in operands.iter().enumerate() {
            let axes = match self.form(value) {
                Form::Transposed => [columns, rows],
                Form::EachColumn => [rows, Axis::Zero],
                Form::EachRow => [Axis::Zero, columns],
                Form::Outer([true, _]) if position == 0 => [Axis::Zero, rows],
                Form::Outer(_) if position == 0 => [rows, Axis::Zero],
                Form::Outer([_, true]) => [columns, Axis::Zero],
                Form::Outer(_) => [Axis::Zero, columns],
                Form::Elementwise(_)
                | Form::Load(_)
                | Form::Constant(_)
                | Form::Reduction(_)
                | Form::Product { .. }
                | Form::RowReduction(_) => [rows, columns],
            };
            match self.home(operand) {
                Home::Memory(place) if !axes.contains(&Axis::Column) => {
                    let [row, column] = axes.map(|axis| match axis {
                        Axis::Row => row,
                        Axis::Column | Axis::Zero => Index::new(0),
                    });
                    let shape = self.function.shape(operand);
                    let vectors = self.load(place, shape, At::Cell(row, column));
                    self.remembered.push(Remembered {
                        value: operand,
                        row,
                        column,
                        vectors,
                    });
                }
                Home::Inlined => self.remember(operand, row, axes),
                Home::Memory(_) | Home::Absent | Home::Constant(_) | Home::Registers => {}
            }
        }
    }
}

/// The place of a product's factor, of which `row` and `column` are those without transposition.
pub(super) const fn factor(is_transposed: bool, row: Index, column: Index) -> At {
    if is_transposed {
        At::Cell(column, row)
    } else {
        At::Cell(row, column)
    }
}
