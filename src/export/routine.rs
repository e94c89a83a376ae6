//! A function of a program with every value defined once.
//!
//! Cells are registers that are written again and again. What code in another language is made of are values, each with
//! the name of the cell that it was written to:
//!
//! ```text
//!   weight = sub(one, beta1)        v0 = 1 − beta1        weight
//!   m = lerp(m, g, weight)     ──►  v1 = lerp(m, g, v0)   m
//!   weight = sub(one, beta2)        v2 = 1 − beta2        weight
//! ```
//!
//! Lowering does the same for the compiler, which has no use for the names of cells or constants.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use crate::program::{CellIndex, Effective, Program, RequiredRole, Role};

/// A value's place in its routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value(usize);

impl Value {
    pub(super) const fn index(self) -> usize {
        self.0
    }
}

/// How a value comes about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// What a cell holds when the function is called: an input, a constant or state.
    Entry(CellIndex),
    /// What a cell holds that nothing has written.
    Zero,
    /// A matrix that has a scalar everywhere.
    Fill(Value),
    /// An op of other values.
    Apply(Op, Vec<Value>),
}

/// A value, its shape, and the cell that holds it first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    pub(super) meaning: Meaning,
    pub(super) shape: Shape,
    pub(super) cell: CellIndex,
}

/// A function: values in the order of their computation, and what cells hold at the end that somebody looks at.
#[derive(Debug)]
pub(super) struct Routine {
    pub(super) values: Vec<Definition>,
    /// Outputs, and state that a later call reads and this one wrote.
    pub(super) ends: Vec<(CellIndex, Value)>,
}

impl Routine {
    /// The function at a place among those of the program's schema, without what has no effect.
    pub(super) fn new(program: &Program, effective: &Effective, function: usize) -> Self {
        let mut routine = Self {
            values: Vec::new(),
            ends: Vec::new(),
        };
        let mut contents: Vec<Option<Value>> = vec![None; program.cells().len()];
        for instruction in &effective.bodies[function] {
            let operands = instruction.operands().iter().map(|&cell| {
                let value = routine.content(program, effective, &mut contents, cell);
                routine.as_op_takes_it(instruction.op(), value, program.cell(cell).shape)
            });
            let operands: Vec<Value> = operands.collect();
            let shapes: Vec<Shape> = operands.iter().map(|&it| routine.shape(it)).collect();
            let shape = match instruction.op().result_shape(&shapes) {
                Ok(shape) => shape,
                Err(error) => panic!("a verified program is well-typed: {error}"),
            };
            let cell = instruction.destination();
            let meaning = Meaning::Apply(instruction.op(), operands);
            contents[cell.index()] = Some(routine.define(meaning, shape, cell));
        }
        let described = &program.schema().description().functions[function];
        let is_written = |index: CellIndex| {
            let mut body = effective.bodies[function].iter();
            body.any(|instruction| instruction.destination() == index)
        };
        for (index, cell) in CellIndex::enumerate(program.cells()) {
            let is_output = program.schema().is_output(cell, described.name);
            let lasts = cell.role == Role::State
                && effective.needed_at_end[function].contains(index)
                && is_written(index);
            if lasts || is_output && cell.role == Role::Output {
                let value = routine.content(program, effective, &mut contents, index);
                routine.ends.push((index, value));
            }
        }
        routine
    }

    fn define(&mut self, meaning: Meaning, shape: Shape, cell: CellIndex) -> Value {
        self.values.push(Definition {
            meaning,
            shape,
            cell,
        });
        Value(self.values.len() - 1)
    }

    /// What a cell holds at this point.
    fn content(
        &mut self,
        program: &Program,
        effective: &Effective,
        contents: &mut [Option<Value>],
        cell: CellIndex,
    ) -> Value {
        if let Some(value) = contents[cell.index()] {
            return value;
        }
        let described = program.cell(cell);
        let lasts = match described.role {
            Role::Input | Role::Constant(_) => true,
            Role::State => {
                let mut instructions = effective.bodies.iter().flatten();
                let is_result = program
                    .schema()
                    .required_cell(&described.name)
                    .is_some_and(|required| matches!(required.role, RequiredRole::Result { .. }));
                is_result || instructions.any(|instruction| instruction.destination() == cell)
            }
            Role::Scratch | Role::Output => false,
        };
        let value = if lasts {
            self.define(Meaning::Entry(cell), described.shape, cell)
        } else {
            self.define(Meaning::Zero, Shape::Scalar, cell)
        };
        contents[cell.index()] = Some(value);
        value
    }

    /// A scalar in a cell of another shape is every element of it, which only elementwise ops can do without.
    fn as_op_takes_it(&mut self, op: Op, value: Value, shape: Shape) -> Value {
        match op {
            Op::Elementwise(_) => value,
            Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => {
                if self.shape(value) == shape {
                    value
                } else {
                    let cell = self.values[value.index()].cell;
                    self.define(Meaning::Fill(value), shape, cell)
                }
            }
        }
    }

    pub(super) fn shape(&self, value: Value) -> Shape {
        self.values[value.index()].shape
    }

    /// All values, operands before what is made of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (Value, &Definition)> {
        (0..).map(Value).zip(&self.values)
    }

    /// Whether each element is worked on by itself, so that it does not matter what matrix it is in.
    pub(super) fn is_elementwise(&self) -> bool {
        self.values.iter().all(|value| match &value.meaning {
            Meaning::Entry(_) | Meaning::Zero => {
                matches!(value.shape, Shape::Scalar | Shape::Tensor)
            }
            Meaning::Fill(_) => false,
            Meaning::Apply(op, _) => match op {
                Op::Elementwise(_) => true,
                Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => false,
            },
        })
    }

    /// Whether the function reads a cell before it writes it.
    pub(super) fn reads(&self, cell: CellIndex) -> bool {
        let is_entry = |value: &Definition| value.meaning == Meaning::Entry(cell);
        self.values.iter().any(is_entry)
    }

    /// What a cell holds at the end, if somebody looks at it.
    pub(super) fn end(&self, cell: CellIndex) -> Option<Value> {
        let mut ends = self.ends.iter();
        ends.find(|(index, _)| *index == cell)
            .map(|(_, value)| *value)
    }
}
