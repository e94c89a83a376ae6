//! Programs run straight from their cells and instructions.
//!
//! It shares nothing with lowering and the back ends but the meaning of an op, so it can check them.

use mlevolve::program::{CellIndex, Program, Role};
use mlevolve_ir::Dimensions;
use mlevolve_ir::ops::Op;
use mlevolve_ir::reference::{self, Whole};

/// One program on one tensor.
pub(crate) struct Evaluator<'a> {
    program: &'a Program,
    dimensions: Dimensions,
    /// Each cell's elements: one for a scalar.
    cells: Vec<Vec<f32>>,
}

impl<'a> Evaluator<'a> {
    /// A program at the start of a run on a tensor of these dimensions.
    pub(crate) fn new(program: &'a Program, dimensions: Dimensions) -> Self {
        let cells = program.cells().iter().map(|cell| {
            let length = dimensions.elements(cell.shape).unwrap();
            let value = match cell.role {
                Role::Constant(value) => value.value(),
                Role::Input | Role::State | Role::Scratch | Role::Output => 0.0,
            };
            vec![value; length]
        });
        Self {
            program,
            dimensions,
            cells: cells.collect(),
        }
    }

    /// Calls the optimizer's `update` and returns `delta`.
    pub(crate) fn step(&mut self, step: u32, w: &[f32], g: &[f32]) -> &[f32] {
        for (values, cell) in self.cells.iter_mut().zip(self.program.cells()) {
            match cell.role {
                Role::Input | Role::Constant(_) | Role::State => {}
                Role::Scratch | Role::Output => values.fill(0.0),
            }
        }
        for (name, value) in [("w", w), ("g", g), ("step", &[step as f32])] {
            let index = self.program.cell_named(name).unwrap();
            self.cells[index.index()].copy_from_slice(value);
        }
        for instruction in self.program.body("update").unwrap() {
            let result = self.evaluate(instruction.op(), instruction.operands());
            let destination = &mut self.cells[instruction.destination().index()];
            match result[..] {
                [broadcast] => destination.fill(broadcast),
                _ => *destination = result,
            }
        }
        &self.cells[self.program.cell_named("delta").unwrap().index()]
    }

    fn evaluate(&self, op: Op, operands: &[CellIndex]) -> Vec<f32> {
        let operands = operands.iter().map(|operand| Whole {
            shape: self.program.cell(*operand).shape,
            elements: self.cells[operand.index()].clone(),
        });
        let operands: Vec<Whole> = operands.collect();
        let operands: Vec<&Whole> = operands.iter().collect();
        reference::apply(op, self.dimensions, &operands)
            .unwrap()
            .elements
    }
}
