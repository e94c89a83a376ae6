//! Drawing instructions that fit their place: well-typed, and with a good chance to matter.
//!
//! Uniformly random register code is mostly dead. So operands lean towards what was computed before
//! and has not been read yet, and destinations away from overwriting it.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::MAX_ARITY;
use rand::{Rng, RngExt};

use super::repertoire::Repertoire;
use crate::program::{Cell, CellIndex, CellSet, Instruction, Role};

/// A place between the instructions of a body.
pub(super) struct Site<'a> {
    cells: &'a [Cell],
    repertoire: &'a Repertoire,
    /// Cells that were written in this call and not read since.
    unread: CellSet,
    /// Cells that were written in this call and read since.
    read: CellSet,
    /// Cells whose value here a later instruction reads.
    awaited: CellSet,
    /// States that are zero for ever, as far as is known.
    empty: CellSet,
}

impl<'a> Site<'a> {
    /// The place after `before` and before `after`, over a table of cells.
    pub(super) fn new(
        cells: &'a [Cell],
        repertoire: &'a Repertoire,
        before: &[Instruction],
        after: &[Instruction],
    ) -> Self {
        let (mut unread, mut read) = (CellSet::default(), CellSet::default());
        for instruction in before {
            for &operand in instruction.operands() {
                if unread.contains(operand) {
                    unread.remove(operand);
                    read.insert(operand);
                }
            }
            read.remove(instruction.destination());
            unread.insert(instruction.destination());
        }
        let mut awaited = CellSet::default();
        for instruction in after.iter().rev() {
            awaited.remove(instruction.destination());
            for &operand in instruction.operands() {
                awaited.insert(operand);
            }
        }
        Self {
            cells,
            repertoire,
            unread,
            read,
            awaited,
            empty: CellSet::default(),
        }
    }

    /// The same place in a program of which it is known which states no function of it writes. While a program is made, any may yet be
    /// written.
    pub(super) const fn with_empty(mut self, states: CellSet) -> Self {
        self.empty = states;
        self
    }

    /// What instructions can be here.
    pub(super) const fn repertoire(&self) -> &'a Repertoire {
        self.repertoire
    }

    /// How much an operand should be this cell.
    fn operand_weight(&self, index: CellIndex) -> u32 {
        match self.cells[index.index()].role {
            Role::Input => 4,
            Role::Constant(_) => 1,
            Role::State | Role::Scratch | Role::Output if self.unread.contains(index) => 24,
            Role::State | Role::Scratch | Role::Output if self.read.contains(index) => 4,
            // What an earlier call left there.
            Role::State if !self.empty.contains(index) => 2,
            // Certainly zero.
            Role::State | Role::Scratch | Role::Output => 0,
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
        if self.awaited.contains(index) {
            for_role * for_shape * 3
        } else if self.unread.contains(index) {
            0
        } else {
            for_role * for_shape
        }
    }

    /// A cell of this shape to read, other than `except`, if there is one.
    pub(super) fn operand(
        &self,
        shape: Shape,
        except: Option<CellIndex>,
        rng: &mut impl Rng,
    ) -> Option<CellIndex> {
        let candidates = self.repertoire.readable(shape);
        let weight = |index| self.operand_weight(index);
        let others = candidates.iter().copied();
        pick(others.filter(|&index| Some(index) != except), weight, rng)
    }

    /// A cell to write, other than `except`, for a result of this shape, if there is one.
    pub(super) fn destination(
        &self,
        result: Shape,
        except: Option<CellIndex>,
        rng: &mut impl Rng,
    ) -> Option<CellIndex> {
        let fits = |index: CellIndex| {
            self.cells[index.index()].shape.holds(result) && Some(index) != except
        };
        let weight = |index| self.destination_weight(index);
        let writable = self.repertoire.writable.iter().copied();
        pick(writable.filter(|&index| fits(index)), weight, rng)
    }

    /// A random instruction whose result has exactly its destination's shape. `None` if there are no ops or
    /// cells for any.
    pub(super) fn instruction(&self, rng: &mut impl Rng) -> Option<Instruction> {
        let can_be_given = |index: CellIndex| {
            let shape = self.cells[index.index()].shape;
            !self.repertoire.giving(shape).is_empty()
        };
        let weight = |index| self.destination_weight(index);
        let writable = self.repertoire.writable.iter().copied();
        let destination = pick(writable.filter(|&index| can_be_given(index)), weight, rng)?;
        self.instruction_into(destination, rng)
    }

    /// A random instruction that writes to `destination`, with a result of exactly its shape.
    pub(super) fn instruction_into(
        &self,
        destination: CellIndex,
        rng: &mut impl Rng,
    ) -> Option<Instruction> {
        let result = self.cells[destination.index()].shape;
        let production = pick_uniformly(self.repertoire.giving(result), rng)?;
        let shapes = pick_uniformly(&production.shapes, rng)?;
        let mut operands = [CellIndex::default(); MAX_ARITY];
        for (position, &shape) in shapes.operands().iter().enumerate() {
            // The same operand twice says little, so it is tried to be avoided.
            let last = position.checked_sub(1).map(|last| operands[last]);
            let other = self.operand(shape, last, rng);
            operands[position] = other.or_else(|| self.operand(shape, None, rng))?;
        }
        let op = production.op;
        Instruction::new(destination, op, &operands[..op.arity()]).ok()
    }
}

/// A candidate, drawn by weight; uniformly if all weights are 0.
pub(super) fn pick<T: Copy>(
    mut candidates: impl Iterator<Item = T> + Clone,
    weight: impl Fn(T) -> u32,
    rng: &mut impl Rng,
) -> Option<T> {
    let total: u32 = candidates.clone().map(&weight).sum();
    if total == 0 {
        let count = candidates.clone().count();
        return if count == 0 {
            None
        } else {
            candidates.nth(rng.random_range(0..count))
        };
    }
    let mut left = rng.random_range(0..total);
    candidates.find(|&candidate| {
        let weight = weight(candidate);
        let chosen = left < weight;
        left = left.saturating_sub(weight);
        chosen
    })
}

/// One of the items, all equally likely.
pub(super) fn pick_uniformly<'a, T>(items: &'a [T], rng: &mut impl Rng) -> Option<&'a T> {
    if items.is_empty() {
        None
    } else {
        items.get(rng.random_range(0..items.len()))
    }
}
