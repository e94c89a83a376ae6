//! Programs run straight from their cells and instructions.
//!
//! It shares nothing with lowering and its back ends but the meaning of an elementwise op, so it can
//! check them. Reductions are written out here, in the order that the semantics contract fixes.

use mlevolve::program::{CellIndex, Program, Role};
use mlevolve_ir::Shape;
use mlevolve_ir::lanes::{ACCUMULATORS, Lanes, ScalarLanes};
use mlevolve_ir::ops::{ElementwiseOp, Op, ReductionOp};

/// One program on one tensor.
pub(crate) struct Evaluator<'a> {
    program: &'a Program,
    /// Each cell's elements: one for a scalar.
    cells: Vec<Vec<f32>>,
}

impl<'a> Evaluator<'a> {
    /// A program at the start of a run on a tensor of `elements`.
    pub(crate) fn new(program: &'a Program, elements: usize) -> Self {
        let cells = program.cells().iter().map(|cell| {
            let length = match cell.shape {
                Shape::Scalar => 1,
                Shape::Tensor => elements,
            };
            let value = match cell.role {
                Role::Constant(value) => value.value(),
                Role::Input | Role::State | Role::Scratch | Role::Output => 0.0,
            };
            vec![value; length]
        });
        Self {
            program,
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
        let operands: Vec<&[f32]> = operands
            .iter()
            .map(|operand| self.cells[operand.index()].as_slice())
            .collect();
        match op {
            Op::Elementwise(op) => elementwise(op, &operands),
            Op::Reduction(op) => vec![reduction(op, operands[0])],
        }
    }
}

fn elementwise(op: ElementwiseOp, operands: &[&[f32]]) -> Vec<f32> {
    let length = operands.iter().map(|operand| operand.len()).max().unwrap();
    (0..length)
        .map(|index| {
            let element = |operand: &&[f32]| operand[index.min(operand.len() - 1)];
            let elements: Vec<f32> = operands.iter().map(element).collect();
            op.evaluate(&ScalarLanes, &elements)
        })
        .collect()
}

fn reduction(op: ReductionOp, elements: &[f32]) -> f32 {
    let add: fn(f32, f32) -> f32 = |a, b| a + b;
    let (neutral, combine) = match op {
        ReductionOp::Sum | ReductionOp::Mean | ReductionOp::Norm => (0.0, add),
        ReductionOp::MaxOf => {
            let greater: fn(f32, f32) -> f32 = |a, b| ScalarLanes.maximum(a, b);
            (f32::NEG_INFINITY, greater)
        }
    };
    let mut accumulators = [neutral; ACCUMULATORS];
    for (index, &element) in elements.iter().enumerate() {
        let element = if op == ReductionOp::Norm {
            element * element
        } else {
            element
        };
        let accumulator = &mut accumulators[index % ACCUMULATORS];
        *accumulator = combine(*accumulator, element);
    }
    for half in [8, 4, 2, 1] {
        for index in 0..half {
            accumulators[index] = combine(accumulators[index], accumulators[index + half]);
        }
    }
    match op {
        ReductionOp::Sum | ReductionOp::MaxOf => accumulators[0],
        ReductionOp::Mean => accumulators[0] / elements.len() as f32,
        ReductionOp::Norm => accumulators[0].sqrt(),
    }
}
