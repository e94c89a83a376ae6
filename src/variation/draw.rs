//! Drawing instructions that fit their place: well-typed, and with a good chance to matter.
//!
//! Uniformly random register code is mostly dead. So operands lean towards what was computed before
//! and has not been read yet, and destinations away from overwriting it.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{MAX_ARITY, Op};
use rand::{Rng, RngExt};

use super::OpSet;
use crate::program::{Cell, CellIndex, Instruction, Role};

/// What has become of a cell's value before an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    /// No instruction of this call has written it.
    Untouched,
    /// It was written and not read since.
    Unread,
    /// It was written and read since.
    Read,
}

/// A place between the instructions of a body.
pub(super) struct Site<'a> {
    cells: &'a [Cell],
    ops: &'a OpSet,
    /// The shapes that cells have, each once.
    shapes: Vec<Shape>,
    histories: Vec<History>,
    /// Whether a later instruction reads the value that the cell has here.
    awaited: Vec<bool>,
}

impl<'a> Site<'a> {
    /// The place after `before` and before `after`, over a table of cells, for some of `ops`.
    pub(super) fn new(
        cells: &'a [Cell],
        ops: &'a OpSet,
        before: &[Instruction],
        after: &[Instruction],
    ) -> Self {
        let mut histories = vec![History::Untouched; cells.len()];
        for instruction in before {
            for operand in instruction.operands() {
                let history = &mut histories[operand.index()];
                if *history == History::Unread {
                    *history = History::Read;
                }
            }
            histories[instruction.destination().index()] = History::Unread;
        }
        let mut awaited = vec![false; cells.len()];
        for instruction in after.iter().rev() {
            awaited[instruction.destination().index()] = false;
            for operand in instruction.operands() {
                awaited[operand.index()] = true;
            }
        }
        let has = |shape: &Shape| cells.iter().any(|cell| cell.shape == *shape);
        Self {
            cells,
            ops,
            shapes: Shape::ALL.into_iter().filter(has).collect(),
            histories,
            awaited,
        }
    }

    /// The ops that instructions are made of here.
    pub(super) fn ops(&self) -> &[Op] {
        self.ops.as_slice()
    }

    /// The shapes that cells have, each once.
    pub(super) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// How much an operand should be this cell.
    fn operand_weight(&self, index: CellIndex) -> u32 {
        let history = self.histories[index.index()];
        match (self.cells[index.index()].role, history) {
            (Role::Input, _) => 4,
            (Role::Constant(_), _) => 1,
            (Role::State | Role::Scratch | Role::Output, History::Unread) => 24,
            (Role::State | Role::Scratch | Role::Output, History::Read) => 4,
            // What an earlier call left there.
            (Role::State, History::Untouched) => 2,
            // Certainly zero.
            (Role::Scratch | Role::Output, History::Untouched) => 0,
        }
    }

    /// How much a destination should be this cell.
    fn destination_weight(&self, index: CellIndex) -> u32 {
        let cell = &self.cells[index.index()];
        let for_role = match cell.role {
            Role::Input | Role::Constant(_) => return 0,
            Role::State => 2,
            Role::Scratch => 3,
            Role::Output => 1,
        };
        // Most work is on tensors.
        let for_shape = if cell.shape.is_scalar() { 1 } else { 3 };
        if self.awaited[index.index()] {
            return for_role * for_shape * 3;
        }
        match self.histories[index.index()] {
            History::Unread => 0,
            History::Untouched | History::Read => for_role * for_shape,
        }
    }

    /// A cell of this shape to read, other than `except`, if there is one.
    pub(super) fn operand(
        &self,
        shape: Shape,
        except: Option<CellIndex>,
        rng: &mut impl Rng,
    ) -> Option<CellIndex> {
        let fits =
            |index: CellIndex| self.cells[index.index()].shape == shape && Some(index) != except;
        self.pick(fits, |index| self.operand_weight(index), rng)
    }

    /// A cell to write, other than `except`, for a result of this shape, if there is one.
    pub(super) fn destination(
        &self,
        result: Shape,
        except: Option<CellIndex>,
        rng: &mut impl Rng,
    ) -> Option<CellIndex> {
        let fits = |index: CellIndex| {
            let cell = &self.cells[index.index()];
            cell.role.is_writable() && cell.shape.holds(result) && Some(index) != except
        };
        self.pick(fits, |index| self.destination_weight(index), rng)
    }

    /// A random instruction whose result has exactly its destination's shape. `None` if the table
    /// has no cells for any.
    pub(super) fn instruction(&self, rng: &mut impl Rng) -> Option<Instruction> {
        let writable = |index: CellIndex| self.cells[index.index()].role.is_writable();
        let destination = self.pick(writable, |index| self.destination_weight(index), rng)?;
        self.instruction_into(destination, rng)
    }

    /// A random instruction that writes to `destination`, with a result of exactly its shape.
    pub(super) fn instruction_into(
        &self,
        destination: CellIndex,
        rng: &mut impl Rng,
    ) -> Option<Instruction> {
        let result = self.cells[destination.index()].shape;
        let gives = |op: Op| {
            let choices = self.operand_shapes(op);
            choices.filter(move |shapes| shapes.result == result)
        };
        let ops = self.ops().iter().copied();
        let ops: Vec<Op> = ops.filter(|&op| gives(op).next().is_some()).collect();
        let op = *pick_uniformly(&ops, rng)?;
        let choices: Vec<OperandShapes> = gives(op).collect();
        let shapes = pick_uniformly(&choices, rng)?;
        let mut operands = [CellIndex::default(); MAX_ARITY];
        for (position, &shape) in shapes.operands().iter().enumerate() {
            // The same operand twice says little, so it is tried to be avoided.
            let last = position.checked_sub(1).map(|last| operands[last]);
            let other = self.operand(shape, last, rng);
            operands[position] = other.or_else(|| self.operand(shape, None, rng))?;
        }
        Instruction::new(destination, op, &operands[..op.arity()]).ok()
    }

    /// Every choice of shapes that cells have and that the op's type rule allows for its operands.
    pub(super) fn operand_shapes(&self, op: Op) -> impl Iterator<Item = OperandShapes> {
        let (arity, choices) = (op.arity(), self.shapes.len());
        (0..choices.pow(arity as u32)).filter_map(move |mut code| {
            let mut shapes = [Shape::Scalar; MAX_ARITY];
            for shape in &mut shapes[..arity] {
                *shape = self.shapes[code % choices];
                code /= choices;
            }
            let result = op.result_shape(&shapes[..arity]).ok()?;
            Some(OperandShapes {
                shapes,
                arity,
                result,
            })
        })
    }

    /// A cell that fits, drawn by weight; uniformly if all weights are 0.
    fn pick(
        &self,
        fits: impl Fn(CellIndex) -> bool,
        weight: impl Fn(CellIndex) -> u32,
        rng: &mut impl Rng,
    ) -> Option<CellIndex> {
        let indices = CellIndex::enumerate(self.cells).map(|(index, _)| index);
        let fitting: Vec<CellIndex> = indices.filter(|&index| fits(index)).collect();
        let total: u32 = fitting.iter().map(|&index| weight(index)).sum();
        if total == 0 {
            return pick_uniformly(&fitting, rng).copied();
        }
        let mut left = rng.random_range(0..total);
        fitting.into_iter().find(|&index| {
            let weight = weight(index);
            let chosen = left < weight;
            left = left.saturating_sub(weight);
            chosen
        })
    }
}

/// One of the items, all equally likely.
pub(super) fn pick_uniformly<'a, T>(items: &'a [T], rng: &mut impl Rng) -> Option<&'a T> {
    if items.is_empty() {
        None
    } else {
        items.get(rng.random_range(0..items.len()))
    }
}

/// Shapes of operands that an op takes, and the result's.
#[derive(Clone, Copy, Debug)]
pub(super) struct OperandShapes {
    shapes: [Shape; MAX_ARITY],
    arity: usize,
    pub(super) result: Shape,
}

impl OperandShapes {
    pub(super) fn operands(&self) -> &[Shape] {
        &self.shapes[..self.arity]
    }
}
