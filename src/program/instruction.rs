//! One step of a program.

use mlevolve_ir::ops::{MAX_ARITY, Op, TypeError};

use super::{CellIndex, CellSet};

/// `destination = op(operands)`.
///
/// An instruction has as many operands as its op takes and lies flat in memory, because variation
/// and hashing walk over millions of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    destination: CellIndex,
    op: Op,
    /// Places beyond the op's arity hold the default index, so that derived equality is right.
    operands: [CellIndex; MAX_ARITY],
}

impl Instruction {
    /// The instruction that writes `op` of the `operands` to `destination`.
    ///
    /// # Errors
    /// [`TypeError::Arity`] if the op takes another number of operands.
    pub fn new(destination: CellIndex, op: Op, operands: &[CellIndex]) -> Result<Self, TypeError> {
        if operands.len() != op.arity() {
            return Err(TypeError::Arity {
                mnemonic: op.mnemonic(),
                expected: op.arity(),
                found: operands.len(),
            });
        }
        let mut inline = [CellIndex::default(); MAX_ARITY];
        inline[..operands.len()].copy_from_slice(operands);
        Ok(Self {
            destination,
            op,
            operands: inline,
        })
    }

    /// The cell that is written.
    #[must_use]
    pub const fn destination(&self) -> CellIndex {
        self.destination
    }

    /// What is computed.
    #[must_use]
    pub const fn op(&self) -> Op {
        self.op
    }

    /// The cells that are read, in the order in which the op takes them.
    #[must_use]
    pub fn operands(&self) -> &[CellIndex] {
        &self.operands[..self.op.arity()]
    }

    /// The cells that are read. How many that are differs from instruction to instruction, so it decides no branch.
    pub(crate) fn operand_set(&self) -> CellSet {
        let arity = self.op.arity();
        let mut set = CellSet::default();
        for (position, &operand) in self.operands.iter().enumerate() {
            let mut one = CellSet::default();
            one.insert(operand);
            set = set | one.only_if(position < arity);
        }
        set
    }

    /// Every cell that the instruction names, the destination first.
    pub fn cells(&self) -> impl Iterator<Item = CellIndex> {
        std::iter::once(self.destination).chain(self.operands().iter().copied())
    }

    /// The same instruction with every cell it names replaced.
    #[must_use]
    pub(crate) fn map_cells(mut self, map: impl Fn(CellIndex) -> CellIndex) -> Self {
        self.destination = map(self.destination);
        for operand in &mut self.operands[..self.op.arity()] {
            *operand = map(*operand);
        }
        self
    }

    /// The same instruction, writing to `destination`.
    #[must_use]
    pub(crate) const fn with_destination(mut self, destination: CellIndex) -> Self {
        self.destination = destination;
        self
    }

    /// The same instruction, reading `operand` at `position`, which must be below the arity.
    #[must_use]
    pub(crate) fn with_operand(mut self, position: usize, operand: CellIndex) -> Self {
        debug_assert!(position < self.op.arity());
        self.operands[position] = operand;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_ten_bytes() {
        assert_eq!(size_of::<Instruction>(), 10);
    }
}
