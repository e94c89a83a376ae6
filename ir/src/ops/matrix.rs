//! Ops on whole matrices, whose results are not made element by element. The rows are in the files of
//! their families.
//!
//! A row gives the pattern of shapes, the cost, the routine of [`crate::matrix`] that all back ends
//! call, and how differentials pass through. In a pattern, each letter stands for one extent: where it
//! occurs twice, the extents must be the same. `1` is one row or column. A pattern of small letters
//! does not take a scalar, one of capital letters takes anything.

use super::pattern::{Flops, ShapePattern};
#[cfg(any(test, feature = "random"))]
use super::real;
use super::{Domain, Op, ReductionOp, Terms, exactly};
use crate::function::Value;
use crate::matrix::root::Root;
use crate::matrix::{Matrix, MatrixMut, Workspace, arrange, draw, product, root};

#[macro_use]
mod products;
#[macro_use]
mod arrangements;
#[macro_use]
mod roots;
#[macro_use]
mod draws;

/// How one element of a matrix op's result comes of elements of its operands, for those who compute a
/// matrix element by element. The bits are the routine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementForm {
    /// It is that of the first operand with row and column exchanged.
    Transposed,
    /// It is the first operand's, a column's, of the same row.
    EachColumn,
    /// It is the first operand's, a row's, of the same column.
    EachRow,
    /// A chain of fused multiply-adds over the depth in rising order, from 0.
    Product {
        /// Whether each of the two factors is transposed.
        transposed: [bool; 2],
    },
    /// The reduction of the first operand's row.
    RowReduction(ReductionOp),
    /// Only the op's routine knows.
    Routine,
}

macro_rules! matrix_ops {
    (; $(
        $(#[doc = $summary:literal])+
        $mnemonic:ident = $name:ident {
            shape: $(($operand_rows:tt, $operand_columns:tt)),+ -> ($rows:tt, $columns:tt),
            $(domain: [$($domain:ident),+],)?
            flops: $flops:literal $(* $extent:tt)*,
            $(elements: $elements:expr,)?
            $(differentiable: $differentiable:literal,)?
            meaning: |$($operand:ident),+; $result:ident, $workspace:ident| $meaning:expr,
            real: |$($number:ident),+| $real:expr,
            tangent: |$terms:ident, $($point:ident),+; $tangents:ident| $tangent:expr,
            cotangent: |$cotangent_terms:ident, $($cotangent_point:ident),+; $seed:ident| $cotangents:expr,
            export: $export:tt
        }
    )+) => {
        op_kind! {
            Matrix(MatrixOp): "An op on whole matrices."
            $($(#[doc = $summary])+ $mnemonic = $name($($operand),+) $export)+
        }

        impl MatrixOp {
            /// The pattern of shapes of the operands and the result.
            pub(crate) const fn pattern(self) -> ShapePattern {
                match self {
                    $(Self::$name => ShapePattern {
                        operands: &[$((stringify!($operand_rows), stringify!($operand_columns))),+],
                        result: (stringify!($rows), stringify!($columns)),
                    },)+
                }
            }

            /// What a call costs, over the letters of the pattern.
            pub(crate) const fn flops(self) -> Flops {
                match self {
                    $(Self::$name => Flops {
                        coefficient: $flops,
                        extents: &[$(stringify!($extent)),*],
                    },)+
                }
            }

            /// How an element of the result comes of operands' elements: by the
            /// [routine](ElementForm::Routine) if the row does not say.
            pub(crate) const fn element_form(self) -> ElementForm {
                match self {
                    $(Self::$name => {
                        let said: &[ElementForm] = &[$($elements)?];
                        if said.is_empty() { ElementForm::Routine } else { said[0] }
                    })+
                }
            }

            /// What each operand is meant to be: [`Domain::Any`] if the row does not say.
            pub(crate) const fn domains(self) -> &'static [Domain] {
                match self { $(Self::$name => &[$($(Domain::$domain),+)?],)+ }
            }

            /// Whether the op has a derivative: it does, if the row does not say.
            pub(crate) const fn is_differentiable(self) -> bool {
                match self {
                    $(Self::$name => {
                        let said: &[bool] = &[$($differentiable)?];
                        said.is_empty() || said[0]
                    })+
                }
            }

            /// Computes the result of the op over operands of shapes that fit.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes.
            pub(crate) fn evaluate(
                self,
                operands: &[Matrix<'_>],
                result: &mut MatrixMut<'_>,
                workspace: &mut Workspace,
            ) {
                match self {
                    $(Self::$name => {
                        let [$($operand),+] = exactly(operands);
                        let ($result, $workspace) = (result, workspace);
                        // Some rows look at an operand's shape only, and most need no memory.
                        let _ = ($($operand),+, &$workspace);
                        $meaning
                    })+
                }
            }

            /// The meaning of the op over the real numbers, in binary64.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes.
            #[cfg(any(test, feature = "random"))]
            pub(crate) fn real(self, operands: &[&real::Matrix]) -> real::Matrix {
                match self {
                    $(Self::$name => {
                        let [$($number),+] = exactly(operands);
                        $real
                    })+
                }
            }

            /// The tangent of the result over those of the operands, `None` standing for 0.
            pub(crate) fn tangent(
                self,
                terms: &Terms<'_>,
                operands: &[Value],
                result: Value,
                tangents: &[Option<Value>],
            ) -> Option<Value> {
                let mut points = operands.to_vec();
                points.push(result);
                match self {
                    $(Self::$name => {
                        let [$($point),+] = exactly(&points);
                        let $terms = &Linear { terms, op: self, operands };
                        let $tangents = tangents;
                        // Most rows use some of these only.
                        let _ = ($terms, $tangents, $($point),+);
                        $tangent
                    })+
                }
            }

            /// What the cotangent `seed` of the result adds to that of each operand, `None` standing
            /// for 0. The seed has the shape of the result.
            pub(crate) fn cotangents(
                self,
                terms: &Terms<'_>,
                operands: &[Value],
                result: Value,
                seed: Value,
            ) -> Vec<Option<Value>> {
                let mut points = operands.to_vec();
                points.push(result);
                match self {
                    $(Self::$name => {
                        let [$($cotangent_point),+] = exactly(&points);
                        let ($cotangent_terms, $seed) = (terms, seed);
                        // Most rows use some of these only.
                        let _ = ($cotangent_terms, $seed, $($cotangent_point),+);
                        $cotangents.to_vec()
                    })+
                }
            }
        }
    };
}

/// What a tangent's formula is written with: terms, and the op itself.
struct Linear<'a, 'builder> {
    terms: &'a Terms<'builder>,
    op: MatrixOp,
    operands: &'a [Value],
}

impl<'builder> std::ops::Deref for Linear<'_, 'builder> {
    type Target = Terms<'builder>;

    fn deref(&self) -> &Self::Target {
        self.terms
    }
}

impl Linear<'_, '_> {
    /// The tangent of an op that is linear in each of the operands at `positions`: for each, the op
    /// itself with the operand's tangent in its place.
    fn linear(&self, positions: &[usize], tangents: &[Option<Value>]) -> Option<Value> {
        let parts = positions.iter().filter_map(|&position| {
            let mut operands = self.operands.to_vec();
            operands[position] = tangents[position]?;
            Some(self.apply(Op::Matrix(self.op), &operands))
        });
        parts.reduce(|sum, part| self.add(sum, part))
    }
}

products! {
    arrangements roots draws matrix_ops;
}
