//! Vector instructions one after the other, with results in registers that are free.
//!
//! A result stays in its register until it is not needed any more, if that is known, and else until the element is done that it is for.

use super::encoding::{Base, Bytes, Opcode, Operand, Vector, Width, encode, retarget};
use super::lifetimes::{Lifetimes, Operation};

/// How many masks there are, but for the one that stands for none.
const MASKS: u8 = 7;

/// Code in the making.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) width: Width,
    pub(super) bytes: Bytes,
    /// Registers that nothing is in, a bit for each.
    pub(super) free: u32,
    /// Masks that have been made for this element.
    masks: u8,
    /// How long its results are needed.
    pub(super) lifetimes: Lifetimes,
    /// Bit patterns that instructions need in all lanes.
    pub(super) constants: Vec<u32>,
    /// Where the last instruction begins, if it did nothing but write to this register.
    last: Option<(usize, u8)>,
    /// Whether there were too few registers or masks.
    pub(super) is_exhausted: bool,
}

/// Where a comparison is true: in a mask register, or in a vector of sign bits.
#[derive(Clone, Copy)]
pub(super) enum Mask {
    /// By its number among those of the element.
    InMask(u8),
    InVector(Operand),
}

impl Encoder {
    pub(super) fn new(width: Width) -> Self {
        Self {
            width,
            bytes: Bytes::new(),
            free: 0,
            masks: 0,
            lifetimes: Lifetimes::default(),
            constants: Vec::new(),
            last: None,
            is_exhausted: false,
        }
    }

    /// Forgets all code and all constants.
    pub(super) fn begin(&mut self) {
        self.constants.clear();
        self.begin_loop();
    }

    /// Forgets all code. Registers are free.
    pub(super) fn begin_loop(&mut self) {
        self.bytes.clear();
        self.free = u32::MAX >> (u32::BITS - self.width.registers());
        self.last = None;
        self.is_exhausted = false;
    }

    /// A register that nothing is in, unless it is used up.
    pub(super) fn take_register(&mut self) -> u8 {
        let register = self.free.trailing_zeros();
        if register == u32::BITS {
            self.is_exhausted = true;
            return 0;
        }
        self.free &= !(1 << register);
        register as u8
    }

    /// Whether so many registers can be used up for good, and enough is left for most ops.
    pub(super) const fn can_spare(&self, count: u32) -> bool {
        let enough = match self.width {
            Width::Bits256 => 7,
            Width::Bits512 => 10,
        };
        self.free.count_ones() >= count + enough
    }

    /// Gives registers back such that only those are free that were, but for the one that this is in.
    pub(super) fn keep_only(&mut self, operand: Operand, were_free: u32) {
        let kept = operand.in_register().map_or(0, |register| 1 << register);
        self.free = were_free & !kept;
    }

    /// Begins an element: all masks can be used again, and what was computed before is where it belongs.
    pub(super) const fn begin_element(&mut self) {
        self.masks = 0;
        self.last = None;
        self.lifetimes.begin_element();
    }

    /// The result that has been computed in a register.
    fn result(&mut self, register: u8) -> Operand {
        self.lifetimes.put(register);
        Operand::register(register)
    }

    /// The operand in a register, for one instruction, which can write to it.
    fn operand_register(&mut self, operand: Operand) -> u8 {
        operand.in_register().unwrap_or_else(|| {
            let before = self.free;
            let register = self.take_register();
            self.load(register, operand);
            self.free = before;
            register
        })
    }

    fn take_mask(&mut self) -> u8 {
        self.masks = self.masks.saturating_add(1);
        self.masks
    }

    /// The register of a mask, unless others have been made in it since.
    fn mask_register(&mut self, mask: u8) -> u8 {
        self.is_exhausted |= self.masks - mask >= MASKS || self.masks == u8::MAX;
        (mask - 1) % MASKS + 1
    }

    /// Adds an instruction.
    #[inline]
    fn add(&mut self, vector: &Vector) {
        self.last = None;
        encode(self.width, vector, &mut self.bytes);
    }

    /// Adds an instruction that does nothing but write to a register.
    #[inline]
    fn add_writing(&mut self, vector: &Vector) {
        self.last = Some((self.bytes.len(), vector.register));
        encode(self.width, vector, &mut self.bytes);
    }

    /// Has the register be what the operand is.
    pub(super) fn load(&mut self, register: u8, operand: Operand) {
        let opcode = match operand.in_register() {
            Some(source) if source == register => return,
            Some(_) => Opcode::MOVE,
            None => Opcode::LOAD,
        };
        self.add_writing(&Vector::new(opcode, register, 0, operand));
    }

    pub(super) fn store(&mut self, register: u8, target: Operand) {
        self.add(&Vector::new(Opcode::STORE, register, 0, target));
    }

    /// Puts what has just been computed, and is not needed elsewhere, where it belongs: the instruction that computed it writes there,
    /// if that can be.
    pub(super) fn settle(&mut self, source: Operand, target: Operand) {
        if let Some((start, register)) = self.last
            && let Some(target) = target.in_register()
            && source == Operand::register(register)
        {
            retarget(self.width, &mut self.bytes, start, [register, target]);
            self.last = None;
        } else {
            self.put(source, target);
        }
    }

    /// Copies what is at `source` to `target`.
    pub(super) fn put(&mut self, source: Operand, target: Operand) {
        match target.in_register() {
            Some(register) => self.load(register, source),
            None => {
                let register = self.operand_register(source);
                self.store(register, target);
            }
        }
    }

    pub(super) fn unary(
        &mut self,
        opcode: Opcode,
        operand: Operand,
        number: Option<u8>,
    ) -> Operand {
        match self.lifetimes.begin([operand]) {
            Operation::Pretend(result) => return result,
            Operation::Add { dying } => self.free |= dying,
        }
        let register = self.take_register();
        self.add_writing(&Vector {
            number,
            ..Vector::new(opcode, register, 0, operand)
        });
        self.result(register)
    }

    pub(super) fn binary(&mut self, opcode: Opcode, a: Operand, b: Operand) -> Operand {
        let dying = match self.lifetimes.begin([a, b]) {
            Operation::Pretend(result) => return result,
            Operation::Add { dying } => dying,
        };
        let first = self.operand_register(a);
        self.free |= dying;
        let register = self.take_register();
        self.add_writing(&Vector::new(opcode, register, first, b));
        self.result(register)
    }

    /// [`binary`](Self::binary) where the order of operands makes no difference.
    pub(super) fn commutative(&mut self, opcode: Opcode, a: Operand, b: Operand) -> Operand {
        match a.is_in_memory() {
            false => self.binary(opcode, a, b),
            true => self.binary(opcode, b, a),
        }
    }

    /// A register of zeros.
    pub(super) fn zero(&mut self) -> u8 {
        let register = self.take_register();
        // Not one that only writes: written elsewhere, it would read what is not zero.
        self.add(&Vector::new(
            Opcode::XOR,
            register,
            register,
            Operand::register(register),
        ));
        register
    }

    /// Adds the product of `a` and `b` to what is in a register.
    pub(super) fn multiply_add(&mut self, register: u8, a: Operand, b: Operand) {
        let (a, b) = match a.is_in_memory() {
            false => (a, b),
            true => (b, a),
        };
        let first = self.operand_register(a);
        self.add(&Vector::new(Opcode::MULTIPLY_ADD, register, first, b));
    }

    pub(super) fn fused(&mut self, a: Operand, b: Operand, c: Operand) -> Operand {
        let dying = match self.lifetimes.begin([a, b, c]) {
            Operation::Pretend(result) => return result,
            Operation::Add { dying } => dying,
        };
        // The result may be where the last operand is, but not where the others are, which are needed after that has been moved.
        let of_last = c.in_register().map_or(0, |register| 1 << register) & dying;
        let register = if of_last != 0 {
            of_last.trailing_zeros() as u8
        } else {
            self.take_register()
        };
        self.load(register, c);
        self.multiply_add(register, a, b);
        self.free |= dying & !of_last;
        self.result(register)
    }

    pub(super) fn compare(&mut self, how: u8, a: Operand, b: Operand) -> Mask {
        let dying = match self.lifetimes.begin([a, b]) {
            Operation::Pretend(result) => return Mask::InVector(result),
            Operation::Add { dying } => dying,
        };
        let first = self.operand_register(a);
        self.free |= dying;
        let mask = self.take_mask();
        let register = match self.width {
            Width::Bits512 => self.mask_register(mask),
            Width::Bits256 => self.take_register(),
        };
        self.add(&Vector {
            number: Some(how),
            ..Vector::new(Opcode::COMPARE, register, first, b)
        });
        match self.width {
            Width::Bits512 => Mask::InMask(mask),
            Width::Bits256 => Mask::InVector(self.result(register)),
        }
    }

    pub(super) fn blend(&mut self, mask: Mask, if_true: Operand, if_false: Operand) -> Operand {
        let operation = match mask {
            Mask::InMask(_) => self.lifetimes.begin([if_true, if_false]),
            Mask::InVector(mask) => self.lifetimes.begin([if_true, if_false, mask]),
        };
        let dying = match operation {
            Operation::Pretend(result) => return result,
            Operation::Add { dying } => dying,
        };
        let first = self.operand_register(if_false);
        let (opcode, mask, number) = match mask {
            Mask::InMask(mask) => (Opcode::MASKED_BLEND, self.mask_register(mask), None),
            Mask::InVector(mask) => {
                let mask = self.operand_register(mask);
                (Opcode::BLEND, 0, Some(mask << 4))
            }
        };
        self.free |= dying;
        let register = self.take_register();
        self.add_writing(&Vector {
            mask,
            number,
            ..Vector::new(opcode, register, first, if_true)
        });
        self.result(register)
    }

    pub(super) fn shift(&mut self, how: u8, operand: Operand, count: u8) -> Operand {
        let dying = match self.lifetimes.begin([operand]) {
            Operation::Pretend(result) => return result,
            Operation::Add { dying } => dying,
        };
        let operand = self.operand_register(operand);
        self.free |= dying;
        let register = self.take_register();
        self.add(&Vector {
            number: Some(count),
            ..Vector::new(Opcode::SHIFT, how, register, Operand::register(operand))
        });
        self.result(register)
    }

    /// A bit pattern in every lane.
    pub(super) fn constant(&mut self, bits: u32) -> Operand {
        let known = self.constants.iter().position(|known| *known == bits);
        let index = known.unwrap_or_else(|| {
            self.constants.push(bits);
            self.constants.len() - 1
        });
        Operand::memory(Base::CONSTANTS.element(index))
    }
}
