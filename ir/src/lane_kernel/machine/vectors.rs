//! The vocabulary of [`Lanes`] over vector registers: a call adds instructions.
//!
//! What an op means is written once, for any [`Lanes`]; so each op that there is can be assembled, and this file knows none of them.

use std::cell::RefCell;

use super::encoder::{Encoder, Mask};
use super::encoding::{Opcode, Operand};
use crate::lanes::Lanes;

/// How `COMPARE` compares: what is not a number is not less and not equal, and raises nothing.
const EQUAL: u8 = 0x00;
const LESS: u8 = 0x11;

/// How `ROUND` rounds: to nearest, ties to even, raising nothing.
const TIES_TO_EVEN: u8 = 0x08;

/// What `SHIFT` does, in place of a register.
const RIGHT_ARITHMETIC: u8 = 4;
const LEFT: u8 = 6;

/// Adds instructions to an encoder.
///
/// It is in a cell since meanings are nested expressions, and the instructions of one operand must not exclude those of the next.
#[derive(Clone, Copy)]
pub(super) struct Vectors<'b, 'e>(pub(super) &'b RefCell<&'e mut Encoder>);

impl Vectors<'_, '_> {
    fn compare(&self, how: u8, a: Operand, b: Operand) -> Mask {
        self.0.borrow_mut().compare(how, a, b)
    }

    fn commutative(&self, opcode: Opcode, a: Operand, b: Operand) -> Operand {
        self.0.borrow_mut().commutative(opcode, a, b)
    }

    fn binary(&self, opcode: Opcode, a: Operand, b: Operand) -> Operand {
        self.0.borrow_mut().binary(opcode, a, b)
    }

    fn unary(&self, opcode: Opcode, a: Operand) -> Operand {
        self.0.borrow_mut().unary(opcode, a, None)
    }
}

impl Lanes for Vectors<'_, '_> {
    type Float = Operand;
    type Integer = Operand;
    type Mask = Mask;

    fn constant(&self, value: f32) -> Operand {
        self.0.borrow_mut().constant(value.to_bits())
    }
    fn integer(&self, value: i32) -> Operand {
        self.0.borrow_mut().constant(value.cast_unsigned())
    }
    fn add(&self, a: Operand, b: Operand) -> Operand {
        self.commutative(Opcode::ADD, a, b)
    }
    fn sub(&self, a: Operand, b: Operand) -> Operand {
        self.binary(Opcode::SUB, a, b)
    }
    fn mul(&self, a: Operand, b: Operand) -> Operand {
        self.commutative(Opcode::MUL, a, b)
    }
    fn div(&self, a: Operand, b: Operand) -> Operand {
        self.binary(Opcode::DIV, a, b)
    }
    fn fma(&self, a: Operand, b: Operand, c: Operand) -> Operand {
        self.0.borrow_mut().fused(a, b, c)
    }
    fn round_ties_even(&self, a: Operand) -> Operand {
        let mut encoder = self.0.borrow_mut();
        encoder.unary(Opcode::ROUND, a, Some(TIES_TO_EVEN))
    }
    fn sqrt(&self, a: Operand) -> Operand {
        self.unary(Opcode::SQRT, a)
    }
    fn neg(&self, a: Operand) -> Operand {
        self.commutative(Opcode::XOR, a, self.integer(i32::MIN))
    }
    fn abs(&self, a: Operand) -> Operand {
        self.commutative(Opcode::AND, a, self.integer(i32::MAX))
    }
    fn minimum(&self, a: Operand, b: Operand) -> Operand {
        // Each gives its second operand where one is a NaN or both are zeros. So the two differ only there, and their union is a NaN
        // or −0.
        let (one, other) = (
            self.binary(Opcode::MIN, a, b),
            self.binary(Opcode::MIN, b, a),
        );
        self.commutative(Opcode::OR, one, other)
    }
    fn maximum(&self, a: Operand, b: Operand) -> Operand {
        // As above, but of zeros the intersection is wanted, and of a NaN and a number it would not be a NaN. −0 − −0 is 0, a NaN
        // stays one, and the subtraction of 0 changes nothing.
        let (one, other) = (
            self.binary(Opcode::MAX, a, b),
            self.binary(Opcode::MAX, b, a),
        );
        let differing = self.commutative(Opcode::XOR, one, other);
        let union = self.commutative(Opcode::OR, one, differing);
        self.binary(Opcode::SUB, union, differing)
    }
    fn less(&self, a: Operand, b: Operand) -> Mask {
        self.compare(LESS, a, b)
    }
    fn equal(&self, a: Operand, b: Operand) -> Mask {
        self.compare(EQUAL, a, b)
    }
    fn select(&self, mask: Mask, if_true: Operand, if_false: Operand) -> Operand {
        self.0.borrow_mut().blend(mask, if_true, if_false)
    }
    fn to_bits(&self, a: Operand) -> Operand {
        a
    }
    fn bits_to_float(&self, a: Operand) -> Operand {
        a
    }
    fn integer_to_float(&self, a: Operand) -> Operand {
        self.unary(Opcode::CONVERT, a)
    }
    fn integer_add(&self, a: Operand, b: Operand) -> Operand {
        self.commutative(Opcode::INTEGER_ADD, a, b)
    }
    fn integer_sub(&self, a: Operand, b: Operand) -> Operand {
        self.binary(Opcode::INTEGER_SUB, a, b)
    }
    fn integer_and(&self, a: Operand, b: Operand) -> Operand {
        self.commutative(Opcode::AND, a, b)
    }
    fn integer_or(&self, a: Operand, b: Operand) -> Operand {
        self.commutative(Opcode::OR, a, b)
    }
    fn integer_xor(&self, a: Operand, b: Operand) -> Operand {
        self.commutative(Opcode::XOR, a, b)
    }
    fn shift_left(&self, a: Operand, count: u8) -> Operand {
        self.0.borrow_mut().shift(LEFT, a, count)
    }
    fn shift_right(&self, a: Operand, count: u8) -> Operand {
        self.0.borrow_mut().shift(RIGHT_ARITHMETIC, a, count)
    }
}
