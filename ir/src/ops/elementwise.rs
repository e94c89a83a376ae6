//! Ops that work on each element by itself.

use crate::elementary;
use crate::lanes::{Lanes, ScalarLanes};

/// Turns the table into the enum and everything that derives from a row. The meaning of a row is
/// pasted twice: into [`ElementwiseOp::evaluate`], generic over the lanes, and into the loop over a
/// chunk, where the compiler vectorises it.
macro_rules! elementwise_ops {
    ($(
        $(#[doc = $summary:literal])+
        $name:ident = $mnemonic:literal, commutes: $commutes:literal, flops: $flops:literal,
        |$lanes:ident, $($operand:ident),+| $meaning:expr;
    )+) => {
        /// An op that works on each element by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ElementwiseOp {
            $($(#[doc = $summary])+ $name,)+
        }

        impl ElementwiseOp {
            /// Every elementwise op, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub(crate) const fn mnemonic(self) -> &'static str {
                match self { $(Self::$name => $mnemonic,)+ }
            }

            pub(crate) const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($summary),+).trim_ascii_start(),)+ }
            }

            pub(crate) const fn arity(self) -> usize {
                match self { $(Self::$name => [$(stringify!($operand)),+].len(),)+ }
            }

            pub(crate) const fn commutes(self) -> bool {
                match self { $(Self::$name => $commutes,)+ }
            }

            pub(crate) const fn flops_per_element(self) -> u32 {
                match self { $(Self::$name => $flops,)+ }
            }

            /// The meaning of the op on one vector of any kind.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes.
            #[inline(always)]
            pub fn evaluate<L: Lanes>(self, lanes: &L, operands: &[L::Float]) -> L::Float {
                match self {
                    $(Self::$name => {
                        let [$($operand),+] = exactly(operands);
                        let $lanes = lanes;
                        $meaning
                    })+
                }
            }

            /// The meaning of the op on every element of equally long slices.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes, or one is shorter than `result`.
            pub(crate) fn evaluate_slices(self, operands: &[&[f32]], result: &mut [f32]) {
                match self {
                    $(Self::$name => {
                        let [$($operand),+] = exactly(operands);
                        $(let $operand = &$operand[..result.len()];)+
                        let $lanes = &ScalarLanes;
                        for index in 0..result.len() {
                            $(let $operand = $operand[index];)+
                            result[index] = $meaning;
                        }
                    })+
                }
            }
        }
    };
}

/// The operands as an array, so that a row can name them.
#[inline(always)]
fn exactly<T: Copy, const N: usize>(operands: &[T]) -> [T; N] {
    match <[T; N]>::try_from(operands) {
        Ok(array) => array,
        Err(_) => panic!("an op of {N} operands was given {}", operands.len()),
    }
}

elementwise_ops! {
    /// a + b
    Add = "add", commutes: true, flops: 1, |lanes, a, b| lanes.add(a, b);
    /// a − b
    Sub = "sub", commutes: false, flops: 1, |lanes, a, b| lanes.sub(a, b);
    /// a · b
    Mul = "mul", commutes: true, flops: 1, |lanes, a, b| lanes.mul(a, b);
    /// a / b; x/0 is ±∞ and 0/0 is NaN, as IEEE 754 has it
    Div = "div", commutes: false, flops: 1, |lanes, a, b| lanes.div(a, b);
    /// the smaller of a and b; NaN if either is, and −0 < +0
    Min = "min", commutes: true, flops: 1, |lanes, a, b| lanes.minimum(a, b);
    /// the greater of a and b; NaN if either is, and −0 < +0
    Max = "max", commutes: true, flops: 1, |lanes, a, b| lanes.maximum(a, b);
    /// a to the power b, for a ≥ 0; NaN for a < 0, 0⁰, ∞⁰ and 1^±∞
    Pow = "pow", commutes: false, flops: 110, |lanes, a, b| elementary::pow(lanes, a, b);
    /// −a
    Neg = "neg", commutes: false, flops: 1, |lanes, a| lanes.neg(a);
    /// |a|
    Abs = "abs", commutes: false, flops: 1, |lanes, a| lanes.abs(a);
    /// −1, ±0 or 1 as a is negative, ±0 or positive; NaN if a is
    Sign = "sign", commutes: false, flops: 1, |lanes, a| {
        let zero = lanes.constant(0.0);
        let not_positive = lanes.select(lanes.less(a, zero), lanes.constant(-1.0), a);
        lanes.select(lanes.less(zero, a), lanes.constant(1.0), not_positive)
    };
    /// 1 if a > 0, else 0, also for NaN
    Heaviside = "heaviside", commutes: false, flops: 1, |lanes, a| {
        let zero = lanes.constant(0.0);
        lanes.select(lanes.less(zero, a), lanes.constant(1.0), zero)
    };
    /// a²
    Square = "square", commutes: false, flops: 1, |lanes, a| lanes.mul(a, a);
    /// √a; NaN for a < 0
    Sqrt = "sqrt", commutes: false, flops: 1, |lanes, a| lanes.sqrt(a);
    /// 1 / a
    Reciprocal = "reciprocal", commutes: false, flops: 1,
        |lanes, a| lanes.div(lanes.constant(1.0), a);
    /// e to the power a
    Exp = "exp", commutes: false, flops: 25, |lanes, a| elementary::exp(lanes, a);
    /// the natural logarithm of a; −∞ at ±0, NaN for a < 0
    Log = "log", commutes: false, flops: 24, |lanes, a| elementary::log(lanes, a);
    /// the hyperbolic tangent of a
    Tanh = "tanh", commutes: false, flops: 41, |lanes, a| elementary::tanh(lanes, a);
    /// a + c (b − a): linear interpolation from a to b by c
    Lerp = "lerp", commutes: false, flops: 3,
        |lanes, a, b, c| lanes.add(a, lanes.mul(c, lanes.sub(b, a)));
    /// a bounded to at least b and at most c: min(max(a, b), c)
    Clip = "clip", commutes: true, flops: 2,
        |lanes, a, b, c| lanes.minimum(lanes.maximum(a, b), c);
    /// b where a > 0, else c, also for NaN
    Select = "select", commutes: false, flops: 1,
        |lanes, a, b, c| lanes.select(lanes.less(lanes.constant(0.0), a), b, c);
}
