//! Ops that work on each element by itself: what derives from a row. The rows are in [`table`].

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

/// Turns the table into the enum and everything that derives from a row. The meaning of a row is
/// pasted twice: into [`ElementwiseOp::evaluate`], generic over the lanes, and into the loop over a
/// chunk, where the compiler vectorises it.
macro_rules! elementwise_ops {
    ($(
        $(#[doc = $summary:literal])+
        $mnemonic:ident = $name:ident {
            commutes: $commutes:literal, flops: $flops:literal, $(error_ulp: $error_ulp:literal,)?
            meaning: |$lanes:ident, $($operand:ident),+| $meaning:expr,
            derivative: |$terms:ident, $($point:ident),+| $partials:expr,
            export: {
                torch: $torch:literal, numpy: $numpy:literal, jax: $jax:literal,
                rust: $rust:literal, latex: $latex:literal $(,)?
            } $(,)?
        }
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
                match self { $(Self::$name => stringify!($mnemonic),)+ }
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

            pub(crate) const fn templates(self) -> Templates {
                match self {
                    $(Self::$name => Templates {
                        torch: $torch, numpy: $numpy, jax: $jax, rust: $rust, latex: $latex,
                    },)+
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
                super::evaluate_slices(self, operands, result);
            }

            /// [`evaluate_slices`](Self::evaluate_slices) for the machine that the caller is
            /// compiled for.
            #[inline(always)]
            pub(super) fn evaluate_each(self, operands: &[&[f32]], result: &mut [f32]) {
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

        #[allow(dead_code, reason = "every op has a method, whether a derivative uses it or not")]
        impl Terms<'_> {
            $(
                $(#[doc = $summary])+
                pub(crate) fn $mnemonic(&self, $($operand: Value),+) -> Value {
                    self.apply(Op::Elementwise(ElementwiseOp::$name), &[$($operand),+])
                }
            )+
        }
    };
}

mod table;

pub use table::ElementwiseOp;

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
