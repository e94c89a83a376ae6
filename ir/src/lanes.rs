//! The vocabulary in which every op's meaning is written, once for all back ends.
//!
//! # The semantics contract
//!
//! 1. Arithmetic is IEEE-754 binary32, rounded to nearest, ties to even. Nothing is reassociated and
//!    nothing is contracted: a fused multiply-add is where a meaning says [`fma`](Lanes::fma), as the
//!    op `fma` and the definitions of elementary functions do, and nowhere else.
//! 2. Subnormals are kept: no flush to zero on input or output.
//! 3. Any NaN equals any other NaN; its sign and payload are not observable, and no op may let them
//!    be seen. Everything else is equal bit for bit, signs of zeros included.
//! 4. `minimum` and `maximum` are those of IEEE 754-2019 §9.6: a NaN operand gives NaN, and −0 < +0.
//! 5. Comparisons with NaN are false; `select` takes its second operand where the mask is false.
//! 6. A reduction adds element *i* to accumulator *i* mod [`ACCUMULATORS`] in rising order of *i*,
//!    then combines accumulator *j* with *j* + 8, *j* + 4, *j* + 2, *j* + 1 in that order. The order
//!    is part of the meaning, so that vector code needs no different result.
//! 7. Elementary functions (`exp`, `log`, …) are polynomials in this vocabulary, branch-free, so
//!    their last bit is the same everywhere; their error is bounded in their row of the op table.
//!
//! A meaning is a generic expression over [`Lanes`]. Plain `f32` ([`ScalarLanes`]) gives the
//! reference and, inside a loop over a chunk, the interpreter; Cranelift values give native code.
//! Equality of the back ends is therefore by construction, and tests check it all the same.

/// Accumulators of a reduction, and the number of elements that storage is padded to.
pub const ACCUMULATORS: usize = 16;

/// The smallest positive normal number, 2⁻¹²⁶.
pub(crate) const SMALLEST_NORMAL: f32 = f32::MIN_POSITIVE;

/// Primitive operations on a vector of 32-bit lanes.
///
/// Methods take `&self` so that meanings can be nested expressions; a back end that has to record
/// what it emits uses interior mutability.
pub trait Lanes {
    /// A vector of binary32 numbers.
    type Float: Copy;
    /// A vector of 32-bit two's-complement integers; arithmetic wraps.
    type Integer: Copy;
    /// A vector of truth values.
    type Mask: Copy;

    /// `value` in every lane.
    fn constant(&self, value: f32) -> Self::Float;
    /// `value` in every lane.
    fn integer(&self, value: i32) -> Self::Integer;

    /// `a + b`.
    fn add(&self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a − b`.
    fn sub(&self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a · b`.
    fn mul(&self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a / b`.
    fn div(&self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a · b + c`, rounded once.
    fn fma(&self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// `a · b − c`, rounded once.
    #[inline(always)]
    fn mul_sub(&self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        self.fma(a, b, self.neg(c))
    }
    /// `c − a · b`, rounded once.
    #[inline(always)]
    fn negative_mul_add(&self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        self.fma(self.neg(a), b, c)
    }
    /// The nearest integer, the even one of two; what is too great to have a fraction stays, and so
    /// does the sign of zero.
    fn round_ties_even(&self, a: Self::Float) -> Self::Float;
    /// The correctly rounded square root; NaN below −0, and √−0 = −0.
    fn sqrt(&self, a: Self::Float) -> Self::Float;
    /// Flips the sign bit.
    fn neg(&self, a: Self::Float) -> Self::Float;
    /// Clears the sign bit.
    fn abs(&self, a: Self::Float) -> Self::Float;
    /// IEEE 754-2019 `minimum`.
    fn minimum(&self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// IEEE 754-2019 `maximum`.
    fn maximum(&self, a: Self::Float, b: Self::Float) -> Self::Float;

    /// `a < b`.
    fn less(&self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// `a = b`; −0 equals +0.
    fn equal(&self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// `if_true` in the lanes where `mask` holds, `if_false` elsewhere.
    fn select(&self, mask: Self::Mask, if_true: Self::Float, if_false: Self::Float) -> Self::Float;

    /// The bit pattern of each lane. Must not be used where it would make a NaN's bits observable.
    fn to_bits(&self, a: Self::Float) -> Self::Integer;
    /// The number with this bit pattern.
    fn bits_to_float(&self, a: Self::Integer) -> Self::Float;
    /// The nearest binary32 number of a signed integer.
    fn integer_to_float(&self, a: Self::Integer) -> Self::Float;
    /// Wrapping `a + b`.
    fn integer_add(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// Wrapping `a − b`.
    fn integer_sub(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// Bitwise and.
    fn integer_and(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// Bitwise or.
    fn integer_or(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// Bitwise exclusive or.
    fn integer_xor(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// `a · 2^count` with bits shifted out lost; `count` < 32.
    fn shift_left(&self, a: Self::Integer, count: u8) -> Self::Integer;
    /// Arithmetic shift to the right, that is division by 2^count rounded down; `count` < 32.
    fn shift_right(&self, a: Self::Integer, count: u8) -> Self::Integer;
}

/// One lane: plain Rust `f32`. The reference meaning, and, in a loop that the compiler vectorises,
/// the interpreter's.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScalarLanes;

impl Lanes for ScalarLanes {
    type Float = f32;
    type Integer = i32;
    type Mask = bool;

    #[inline(always)]
    fn constant(&self, value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn integer(&self, value: i32) -> i32 {
        value
    }
    #[inline(always)]
    fn add(&self, a: f32, b: f32) -> f32 {
        a + b
    }
    #[inline(always)]
    fn sub(&self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn mul(&self, a: f32, b: f32) -> f32 {
        a * b
    }
    #[inline(always)]
    fn div(&self, a: f32, b: f32) -> f32 {
        a / b
    }
    #[inline(always)]
    fn fma(&self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn round_ties_even(&self, a: f32) -> f32 {
        a.round_ties_even()
    }
    #[inline(always)]
    fn sqrt(&self, a: f32) -> f32 {
        a.sqrt()
    }
    #[inline(always)]
    fn neg(&self, a: f32) -> f32 {
        -a
    }
    #[inline(always)]
    fn abs(&self, a: f32) -> f32 {
        a.abs()
    }
    #[inline(always)]
    fn minimum(&self, a: f32, b: f32) -> f32 {
        let ordered = if a < b { a } else { b };
        // Equal operands differ at most in the sign of zero, where the set sign bit is the smaller.
        let joined = f32::from_bits(a.to_bits() | b.to_bits());
        let number = if a == b { joined } else { ordered };
        if a.is_nan() { a } else { number }
    }
    #[inline(always)]
    fn maximum(&self, a: f32, b: f32) -> f32 {
        let ordered = if b < a { a } else { b };
        let joined = f32::from_bits(a.to_bits() & b.to_bits());
        let number = if a == b { joined } else { ordered };
        if a.is_nan() { a } else { number }
    }
    #[inline(always)]
    fn less(&self, a: f32, b: f32) -> bool {
        a < b
    }
    #[inline(always)]
    fn equal(&self, a: f32, b: f32) -> bool {
        a == b
    }
    #[inline(always)]
    fn select(&self, mask: bool, if_true: f32, if_false: f32) -> f32 {
        // Of a plain choice between two loads LLVM makes a load from a chosen address, a gather.
        std::hint::select_unpredictable(mask, if_true, if_false)
    }
    #[inline(always)]
    fn to_bits(&self, a: f32) -> i32 {
        a.to_bits().cast_signed()
    }
    #[inline(always)]
    fn bits_to_float(&self, a: i32) -> f32 {
        f32::from_bits(a.cast_unsigned())
    }
    #[inline(always)]
    fn integer_to_float(&self, a: i32) -> f32 {
        a as f32
    }
    #[inline(always)]
    fn integer_add(&self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn integer_sub(&self, a: i32, b: i32) -> i32 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn integer_and(&self, a: i32, b: i32) -> i32 {
        a & b
    }
    #[inline(always)]
    fn integer_or(&self, a: i32, b: i32) -> i32 {
        a | b
    }
    #[inline(always)]
    fn integer_xor(&self, a: i32, b: i32) -> i32 {
        a ^ b
    }
    #[inline(always)]
    fn shift_left(&self, a: i32, count: u8) -> i32 {
        a << count
    }
    #[inline(always)]
    fn shift_right(&self, a: i32, count: u8) -> i32 {
        a >> count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimum_and_maximum_follow_the_contract() {
        let lanes = ScalarLanes;
        assert_eq!(lanes.minimum(0.0, -0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(lanes.minimum(-0.0, 0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(lanes.maximum(0.0, -0.0).to_bits(), 0.0f32.to_bits());
        assert_eq!(lanes.maximum(-0.0, 0.0).to_bits(), 0.0f32.to_bits());
        for (a, b) in [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::NAN, f32::NAN)] {
            assert!(lanes.minimum(a, b).is_nan());
            assert!(lanes.maximum(a, b).is_nan());
        }
        assert_eq!(lanes.minimum(-2.0, 3.0), -2.0);
        assert_eq!(lanes.maximum(f32::NEG_INFINITY, 3.0), 3.0);
    }
}
