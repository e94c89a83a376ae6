//! The vocabulary of [`Lanes`] over Cranelift values: a call emits instructions.

use std::cell::RefCell;

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32X4, I32, I32X4};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder};

use super::constants::ConstantTable;
use crate::lanes::Lanes;

/// Emits `WIDTH` independent vectors of four lanes side by side, at the builder's position.
///
/// A polynomial is one long chain of dependent instructions. Two chains side by side keep the
/// processor busy where one after the other would not.
pub(super) struct CraneliftLanes<'a, 'b, const WIDTH: usize> {
    /// In a cell since meanings are nested expressions, and the emission of one operand must not
    /// exclude that of the next.
    builder: &'a RefCell<FunctionBuilder<'b>>,
    constants: &'a RefCell<ConstantTable>,
    /// The address of the constant table, in the code.
    table: Value,
}

/// What instructions take and give, `WIDTH` vectors at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Vectors<const WIDTH: usize> {
    /// A bit pattern in every lane of every vector.
    ///
    /// It is loaded from the constant table anew for each use, just before it: such a load becomes
    /// a memory operand of its user, and takes no instruction and no register.
    Constant(u32),
    /// One vector each.
    Each([Value; WIDTH]),
}

impl<'a, 'b, const WIDTH: usize> CraneliftLanes<'a, 'b, WIDTH> {
    pub(super) const fn new(
        builder: &'a RefCell<FunctionBuilder<'b>>,
        constants: &'a RefCell<ConstantTable>,
        table: Value,
    ) -> Self {
        Self {
            builder,
            constants,
            table,
        }
    }

    /// The vectors, of type `lanes`.
    pub(super) fn values(&self, vectors: Vectors<WIDTH>, lanes: Type) -> [Value; WIDTH] {
        match vectors {
            Vectors::Constant(bits) => {
                let offset = self.constants.borrow_mut().offset(bits);
                let flags = MemFlagsData::trusted();
                let mut builder = self.builder.borrow_mut();
                [builder.ins().load(lanes, flags, self.table, offset); WIDTH]
            }
            Vectors::Each(values) => values,
        }
    }

    /// Emits one instruction for each vector, over operands of type `lanes`.
    pub(super) fn each<const ARITY: usize>(
        &self,
        lanes: Type,
        operands: [Vectors<WIDTH>; ARITY],
        emit: impl Fn(FuncInstBuilder<'_, 'b>, [Value; ARITY]) -> Value,
    ) -> Vectors<WIDTH> {
        let operands = operands.map(|operand| self.values(operand, lanes));
        Vectors::Each(std::array::from_fn(|index| {
            let operands = operands.map(|operand| operand[index]);
            emit(self.builder.borrow_mut().ins(), operands)
        }))
    }

    fn float<const ARITY: usize>(
        &self,
        operands: [Vectors<WIDTH>; ARITY],
        emit: impl Fn(FuncInstBuilder<'_, 'b>, [Value; ARITY]) -> Value,
    ) -> Vectors<WIDTH> {
        self.each(F32X4, operands, emit)
    }

    fn int<const ARITY: usize>(
        &self,
        operands: [Vectors<WIDTH>; ARITY],
        emit: impl Fn(FuncInstBuilder<'_, 'b>, [Value; ARITY]) -> Value,
    ) -> Vectors<WIDTH> {
        self.each(I32X4, operands, emit)
    }

    /// `a` where it is less than `b`, else `b`. One instruction on x86-64, if the very values that
    /// are compared are selected from.
    fn lesser(&self, a: Vectors<WIDTH>, b: Vectors<WIDTH>) -> Vectors<WIDTH> {
        let [a, b] = [a, b].map(|operand| Vectors::Each(self.values(operand, F32X4)));
        self.select(self.less(a, b), a, b)
    }

    /// `a` where it is greater than `b`, else `b`; see [`lesser`](Self::lesser).
    fn greater(&self, a: Vectors<WIDTH>, b: Vectors<WIDTH>) -> Vectors<WIDTH> {
        let [a, b] = [a, b].map(|operand| Vectors::Each(self.values(operand, F32X4)));
        self.select(self.less(b, a), a, b)
    }

    /// The count of a shift, as the instruction takes it.
    fn count(&self, count: u8) -> Value {
        let mut builder = self.builder.borrow_mut();
        builder.ins().iconst(I32, i64::from(count))
    }
}

impl<const WIDTH: usize> Lanes for CraneliftLanes<'_, '_, WIDTH> {
    type Float = Vectors<WIDTH>;
    type Integer = Vectors<WIDTH>;
    /// All ones or all zeros in each lane, as floats.
    type Mask = Vectors<WIDTH>;

    fn constant(&self, value: f32) -> Self::Float {
        Vectors::Constant(value.to_bits())
    }
    fn integer(&self, value: i32) -> Self::Integer {
        Vectors::Constant(value.cast_unsigned())
    }
    fn add(&self, a: Self::Float, b: Self::Float) -> Self::Float {
        self.float([a, b], |emit, [a, b]| emit.fadd(a, b))
    }
    fn sub(&self, a: Self::Float, b: Self::Float) -> Self::Float {
        self.float([a, b], |emit, [a, b]| emit.fsub(a, b))
    }
    fn mul(&self, a: Self::Float, b: Self::Float) -> Self::Float {
        self.float([a, b], |emit, [a, b]| emit.fmul(a, b))
    }
    fn div(&self, a: Self::Float, b: Self::Float) -> Self::Float {
        self.float([a, b], |emit, [a, b]| emit.fdiv(a, b))
    }
    fn fma(&self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        self.float([a, b, c], |emit, [a, b, c]| emit.fma(a, b, c))
    }
    fn mul_sub(&self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        // One instruction: the code generator folds a negation that it is told of as such.
        let negative = self.float([c], |emit, [c]| emit.fneg(c));
        self.fma(a, b, negative)
    }
    fn negative_mul_add(&self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        let negative = self.float([a], |emit, [a]| emit.fneg(a));
        self.fma(negative, b, c)
    }
    fn round_ties_even(&self, a: Self::Float) -> Self::Float {
        self.float([a], |emit, [a]| emit.nearest(a))
    }
    fn sqrt(&self, a: Self::Float) -> Self::Float {
        self.float([a], |emit, [a]| emit.sqrt(a))
    }
    fn neg(&self, a: Self::Float) -> Self::Float {
        let sign = Vectors::Constant(0x8000_0000);
        self.float([a, sign], |emit, [a, sign]| emit.bxor(a, sign))
    }
    fn abs(&self, a: Self::Float) -> Self::Float {
        let magnitude = Vectors::Constant(0x7fff_ffff);
        self.float([a, magnitude], |emit, [a, magnitude]| {
            emit.band(a, magnitude)
        })
    }
    fn minimum(&self, a: Self::Float, b: Self::Float) -> Self::Float {
        if let Some(constant) = plain_constant(a, b) {
            return self.lesser(constant, if constant == a { b } else { a });
        }
        // Each gives its second operand where one is a NaN or both are zeros. So the two differ
        // only there, and their union is a NaN or −0.
        let (one, other) = (self.lesser(a, b), self.lesser(b, a));
        self.float([one, other], |emit, [one, other]| emit.bor(one, other))
    }
    fn maximum(&self, a: Self::Float, b: Self::Float) -> Self::Float {
        if let Some(constant) = plain_constant(a, b) {
            return self.greater(constant, if constant == a { b } else { a });
        }
        let zero = Vectors::Constant(0.0f32.to_bits());
        if a == zero || b == zero {
            // −0 is let through, and becomes 0 by the addition, which changes nothing else.
            let greater = self.greater(zero, if a == zero { b } else { a });
            return self.add(greater, zero);
        }
        // As above, but of zeros the intersection is wanted, and of a NaN and a number it would not
        // be a NaN.
        let (one, other) = (self.greater(a, b), self.greater(b, a));
        let differing = self.float([one, other], |emit, [one, other]| emit.bxor(one, other));
        let union = self.float([one, differing], |emit, [one, differing]| {
            emit.bor(one, differing)
        });
        // −0 − −0 is 0, a NaN stays one, and nothing else changes by the subtraction of 0.
        self.sub(union, differing)
    }
    fn less(&self, a: Self::Float, b: Self::Float) -> Self::Mask {
        self.float([a, b], |emit, [a, b]| emit.fcmp(FloatCC::LessThan, a, b))
    }
    fn equal(&self, a: Self::Float, b: Self::Float) -> Self::Mask {
        self.float([a, b], |emit, [a, b]| emit.fcmp(FloatCC::Equal, a, b))
    }
    fn select(&self, mask: Self::Mask, if_true: Self::Float, if_false: Self::Float) -> Self::Float {
        let mask = self.bits_to_float(mask);
        self.float(
            [mask, if_true, if_false],
            |emit, [mask, if_true, if_false]| emit.bitselect(mask, if_true, if_false),
        )
    }
    fn to_bits(&self, a: Self::Float) -> Self::Integer {
        self.float([a], |emit, [a]| emit.bitcast(I32X4, MemFlagsData::new(), a))
    }
    fn bits_to_float(&self, a: Self::Integer) -> Self::Float {
        self.int([a], |emit, [a]| emit.bitcast(F32X4, MemFlagsData::new(), a))
    }
    fn integer_to_float(&self, a: Self::Integer) -> Self::Float {
        self.int([a], |emit, [a]| emit.fcvt_from_sint(F32X4, a))
    }
    fn integer_add(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer {
        self.int([a, b], |emit, [a, b]| emit.iadd(a, b))
    }
    fn integer_sub(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer {
        self.int([a, b], |emit, [a, b]| emit.isub(a, b))
    }
    fn integer_and(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer {
        self.int([a, b], |emit, [a, b]| emit.band(a, b))
    }
    fn integer_or(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer {
        self.int([a, b], |emit, [a, b]| emit.bor(a, b))
    }
    fn integer_xor(&self, a: Self::Integer, b: Self::Integer) -> Self::Integer {
        self.int([a, b], |emit, [a, b]| emit.bxor(a, b))
    }
    fn shift_left(&self, a: Self::Integer, count: u8) -> Self::Integer {
        let count = self.count(count);
        self.int([a], |emit, [a]| emit.ishl(a, count))
    }
    fn shift_right(&self, a: Self::Integer, count: u8) -> Self::Integer {
        let count = self.count(count);
        self.int([a], |emit, [a]| emit.sshr(a, count))
    }
}

/// Whichever of the operands is a constant, but no zero and no NaN. Where the other is a NaN, less
/// or greater *than the constant* is false and gives that NaN, as `minimum` and `maximum` must.
fn plain_constant<const WIDTH: usize>(
    a: Vectors<WIDTH>,
    b: Vectors<WIDTH>,
) -> Option<Vectors<WIDTH>> {
    [a, b].into_iter().find(|&operand| match operand {
        Vectors::Constant(bits) => {
            let number = f32::from_bits(bits);
            number != 0.0 && !number.is_nan()
        }
        Vectors::Each(_) => false,
    })
}
