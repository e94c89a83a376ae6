//! How long the results on the way to an element are needed, so that registers can be used again before it is done.
//!
//! A meaning is an expression that calls operations, and does not say when it needs a result for the last time. But it calls the same ones
//! each time. So a long one is gone through once without code, which finds the last use of each result, and then again:
//!
//! ```text
//! find:    op 0 ► result 0    op 1 (result 0) ► result 1    op 2 (result 0, result 1) ► …      last uses: 2, 2, …
//! follow:  op 0 ► zmm5        op 1 (zmm5) ► zmm6            op 2 (zmm5, zmm6): both are free, and what it gives goes to zmm5
//! ```

use super::encoding::Operand;

/// What is known of the results of a meaning's operations.
#[derive(Clone, Debug, Default)]
pub(super) struct Lifetimes {
    phase: Phase,
    /// For each operation, which gives one result, the last that needs this.
    last_uses: Vec<u16>,
    /// How many operations there have been for this element.
    operations: u16,
    /// The result that is in each register, of those that one is in.
    owners: [u16; 32],
    owned: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing is known, and all registers are needed until the element is done.
    #[default]
    Unknown,
    Finding,
    Following,
}

/// What an operation is to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    /// Nothing but give this, which stands for its result.
    Pretend(Operand),
    /// What it is for. Of its operands, those in these registers are not needed afterwards, a bit for each.
    Add { dying: u32 },
}

impl Lifetimes {
    /// Has operations find out how long results are needed.
    pub(super) fn find(&mut self) {
        self.phase = Phase::Finding;
        self.last_uses.clear();
        self.begin_element();
    }

    /// Has operations follow what was found.
    pub(super) fn follow(&mut self) {
        self.phase = Phase::Following;
        self.begin_element();
    }

    /// Has operations know nothing.
    pub(super) const fn forget(&mut self) {
        self.phase = Phase::Unknown;
    }

    pub(super) const fn begin_element(&mut self) {
        self.operations = 0;
        self.owned = 0;
    }

    /// Begins an operation on these.
    #[inline(always)]
    pub(super) fn begin<const COUNT: usize>(&mut self, operands: [Operand; COUNT]) -> Operation {
        match self.phase {
            Phase::Unknown => Operation::Add { dying: 0 },
            Phase::Finding | Phase::Following => self.begin_known(&operands),
        }
    }

    #[inline(never)]
    fn begin_known(&mut self, operands: &[Operand]) -> Operation {
        let this = self.operations;
        self.operations += 1;
        if self.phase == Phase::Finding {
            for result in operands.iter().filter_map(|operand| operand.as_result()) {
                self.last_uses[usize::from(result)] = this;
            }
            self.last_uses.push(this);
            return Operation::Pretend(Operand::result(this));
        }
        let registers = operands.iter().filter_map(|operand| operand.in_register());
        let owned = registers.filter(|register| self.owned >> register & 1 == 1);
        let dying = owned.filter(|&register| {
            let result = self.owners[usize::from(register)];
            self.last_uses[usize::from(result)] == this
        });
        let dying = dying.fold(0, |dying, register| dying | 1 << register);
        self.owned &= !dying;
        Operation::Add { dying }
    }

    /// Notes that the last operation's result is in a register.
    #[inline(always)]
    pub(super) fn put(&mut self, register: u8) {
        if self.phase == Phase::Following {
            self.owners[usize::from(register)] = self.operations - 1;
            self.owned |= 1 << register;
        }
    }
}
