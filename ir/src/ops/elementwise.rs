//! Ops that work on each element by itself. Here is what derives from a row; the rows are in the files of
//! their families.
//!
//! Each family is a macro that puts its rows after those before and hands all of them to the next, and
//! the last one, `elementwise_ops`, makes one enum of them.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, LOG2_E, LOG10_E};

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

use super::{Guarantee, Terms, exactly, real};
use crate::elementary;
use crate::function::Value;
use crate::lane_kernel::Routine;
use crate::lanes::{Lanes, ScalarLanes};

#[macro_use]
mod arithmetic;
#[macro_use]
mod bounds;
#[macro_use]
mod comparisons;
#[macro_use]
mod powers;
#[macro_use]
mod exponentials;
#[macro_use]
mod normal;
#[macro_use]
mod trigonometric;
#[macro_use]
mod hyperbolic;

/// Turns the rows into the enum and everything that derives from a row. The meaning of a row is
/// pasted three times: into [`ElementwiseOp::evaluate`], generic over the lanes, and into the loops over a
/// chunk and over blocks of lanes, where the compiler vectorises it.
macro_rules! elementwise_ops {
    (; $(
        $(#[doc = $summary:literal])+
        $mnemonic:ident = $name:ident {
            commutes: $commutes:literal, flops: $flops:literal, $(error_ulp: $error_ulp:literal,)?
            $(unsigned: $unsigned:ident,)? $(truth: $truth:ident,)?
            meaning: |$lanes:ident, $($operand:ident),+| $meaning:expr,
            real: |$($number:ident),+| $real:expr,
            derivative: |$terms:ident, $($point:ident),+| $partials:expr,
            export: $export:tt
        }
    )+) => {
        op_kind! {
            Elementwise(ElementwiseOp): "An op that works on each element by itself."
            $($(#[doc = $summary])+ $mnemonic = $name($($operand),+) $export)+
        }

        impl ElementwiseOp {
            pub(crate) const fn commutes(self) -> bool {
                match self { $(Self::$name => $commutes,)+ }
            }

            pub(crate) const fn flops_per_element(self) -> u32 {
                match self { $(Self::$name => $flops,)+ }
            }

            /// The greatest error of the op, in units of the last place as
            /// [`accuracy`](crate::accuracy) defines them; none if it is exact, or one or several
            /// operations of IEEE 754 after another.
            #[must_use]
            pub const fn error_bound_ulp(self) -> Option<u32> {
                match self {
                    $(Self::$name => {
                        let bounds: &[u32] = &[$($error_ulp)?];
                        bounds.first().copied()
                    })+
                }
            }

            /// When results have a clear sign bit or are NaN.
            pub(crate) const fn unsigned(self) -> Guarantee {
                match self { $(Self::$name => guarantee!($($unsigned)?),)+ }
            }

            /// When results are +0 or 1.
            pub(crate) const fn truth(self) -> Guarantee {
                match self { $(Self::$name => guarantee!($($truth)?),)+ }
            }

            /// The meaning of the op over the real numbers, in binary64.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes.
            pub(crate) fn real(self, numbers: &[f64]) -> f64 {
                match self {
                    $(Self::$name => {
                        let [$($number),+] = exactly(numbers);
                        // One looks at the shape of an operand only.
                        let _ = ($($number),+);
                        $real
                    })+
                }
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
                        // One row gives an operand back as it is.
                        let _ = $lanes;
                        $meaning
                    })+
                }
            }

            /// The meaning of the op on every element of equally long slices.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes, or one is shorter than `result`.
            pub(crate) fn evaluate_slices(self, operands: &[&[f32]], result: &mut [f32]) {
                evaluate_slices(self, operands, result);
            }

            /// [`evaluate_slices`](Self::evaluate_slices) for the machine that the caller is
            /// compiled for.
            #[inline(always)]
            fn evaluate_each(self, operands: &[&[f32]], result: &mut [f32]) {
                match self {
                    $(Self::$name => {
                        let [$($operand),+] = exactly(operands);
                        $(let $operand = &$operand[..result.len()];)+
                        let $lanes = &ScalarLanes;
                        let _ = $lanes;
                        for index in 0..result.len() {
                            $(let $operand = $operand[index];)+
                            result[index] = $meaning;
                        }
                    })+
                }
            }

            /// What runs the op over blocks of lanes on this machine.
            pub(crate) fn lane_routine(self) -> Routine {
                lane_routine(self)
            }

            /// The partial derivative of the result with respect to each operand, over the operands
            /// and the result.
            ///
            /// [Differentiation](crate::autodiff) multiplies it by a tangent or cotangent. There, a
            /// constant 0 adds nothing, whatever it is multiplied by, and a `select` that the
            /// formula makes chooses between products; so a row writes 0 and `select`, not
            /// multiplication by an indicator, where something must not get through.
            pub(crate) fn partials(
                self,
                terms: &Terms<'_>,
                operands: &[Value],
                result: Value,
            ) -> Vec<Value> {
                let mut points = operands.to_vec();
                points.push(result);
                match self {
                    $(Self::$name => {
                        let [$($point),+] = exactly(&points);
                        let $terms = terms;
                        // Most rows use some of these only.
                        let _ = ($terms, $($point),+);
                        $partials.to_vec()
                    })+
                }
            }
        }

        /// What runs each op over blocks of lanes, compiled for each kind of vectors as
        /// [`evaluate_slices`] is.
        #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
        fn lane_routine(op: ElementwiseOp) -> Routine {
            match op {
                $(ElementwiseOp::$name => |call, _| {
                    call.each(
                        #[inline(always)]
                        |[$($operand),+]| {
                            let $lanes = &ScalarLanes;
                            let _ = $lanes;
                            $meaning
                        },
                    );
                },)+
            }
        }
    };
}

arithmetic! {
    bounds comparisons powers exponentials normal trigonometric hyperbolic elementwise_ops;
}

/// Compiled for each kind of vectors that a machine may have. The bits are the same: a meaning says
/// where it is fused, and compilers fuse nothing by themselves.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
fn evaluate_slices(op: ElementwiseOp, operands: &[&[f32]], result: &mut [f32]) {
    op.evaluate_each(operands, result);
}

/// Whether [`evaluate_slices`] has vectors of more than 128 bits on this machine.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(crate) fn slices_are_wide() -> bool {
    // What a feature implies is not known here.
    target_cfg_f!(any(target_feature = "avx2", target_feature = "avx512f"))
}
