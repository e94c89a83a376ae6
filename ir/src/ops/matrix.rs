//! Ops on whole matrices, whose results are not made element by element.
//!
//! A row gives the pattern of shapes, the cost, the routine of [`crate::matrix`] that all back ends
//! call, and how differentials pass through. In a pattern, each letter stands for one extent: where it
//! occurs twice, the extents must be the same. `1` is one row or column. A pattern of small letters
//! does not take a scalar, one of capital letters takes anything.

use super::pattern::{Flops, ShapePattern};
use super::{Op, Templates, Terms, exactly};
use crate::function::Value;
use crate::matrix::root::Root;
use crate::matrix::{Matrix, MatrixMut, Workspace, arrange, draw, product, root};
use crate::ops::ReductionOp;

macro_rules! matrix_ops {
    ($(
        $(#[doc = $summary:literal])+
        $mnemonic:ident = $name:ident {
            shape: $(($operand_rows:tt, $operand_columns:tt)),+ -> ($rows:tt, $columns:tt),
            flops: $flops:literal $(* $extent:tt)*,
            $(differentiable: $differentiable:literal,)?
            meaning: |$($operand:ident),+; $result:ident, $workspace:ident| $meaning:expr,
            tangent: |$terms:ident, $($point:ident),+; $tangents:ident| $tangent:expr,
            cotangent: |$cotangent_terms:ident, $($cotangent_point:ident),+; $seed:ident| $cotangents:expr,
            export: {
                torch: $torch:literal, numpy: $numpy:literal, jax: $jax:literal,
                rust: $rust:literal, latex: $latex:literal $(,)?
            } $(,)?
        }
    )+) => {
        /// An op on whole matrices.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum MatrixOp {
            $($(#[doc = $summary])+ $name,)+
        }

        impl MatrixOp {
            /// Every matrix op, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub(crate) const fn mnemonic(self) -> &'static str {
                match self { $(Self::$name => stringify!($mnemonic),)+ }
            }

            pub(crate) const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($summary),+).trim_ascii_start(),)+ }
            }

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

            pub(crate) const fn templates(self) -> Templates {
                match self {
                    $(Self::$name => Templates {
                        torch: $torch, numpy: $numpy, jax: $jax, rust: $rust, latex: $latex,
                    },)+
                }
            }

            /// Whether the op has a derivative.
            #[allow(unused_assignments, unused_mut, reason = "most rows say nothing of it")]
            pub(crate) const fn is_differentiable(self) -> bool {
                match self {
                    $(Self::$name => {
                        let mut differentiable = true;
                        $(differentiable = $differentiable;)?
                        differentiable
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

        #[allow(dead_code, reason = "every op has a method, whether a derivative uses it or not")]
        impl Terms<'_> {
            $(
                $(#[doc = $summary])+
                pub(crate) fn $mnemonic(&self, $($operand: Value),+) -> Value {
                    self.apply(Op::Matrix(MatrixOp::$name), &[$($operand),+])
                }
            )+
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

matrix_ops! {
    /// the matrix product a b
    matmul = MatMul {
        shape: (R, K), (K, C) -> (R, C),
        flops: 2 * R * K * C,
        meaning: |a, b; result, workspace| product::multiply(a, b, result),
        tangent: |terms, a, b, result; tangents| terms.linear(&[0, 1], tangents),
        cotangent: |terms, a, b, result; seed| [
            Some(terms.matmul_right_transposed(seed, b)),
            Some(terms.matmul_left_transposed(a, seed)),
        ],
        export: {
            torch: "{a} @ {b}", numpy: "{a} @ {b}", jax: "{a} @ {b}",
            rust: "matmul({a}, {b})", latex: "{a} {b}",
        }
    }
    /// the matrix product aᵀ b
    matmul_left_transposed = MatMulLeftTransposed {
        shape: (K, R), (K, C) -> (R, C),
        flops: 2 * R * K * C,
        meaning: |a, b; result, workspace| product::multiply_left_transposed(a, b, result),
        tangent: |terms, a, b, result; tangents| terms.linear(&[0, 1], tangents),
        cotangent: |terms, a, b, result; seed| [
            Some(terms.matmul_right_transposed(b, seed)),
            Some(terms.matmul(a, seed)),
        ],
        export: {
            torch: "{a}.T @ {b}", numpy: "{a}.T @ {b}", jax: "{a}.T @ {b}",
            rust: "matmul(transpose({a}), {b})", latex: "{a}^\\top {b}",
        }
    }
    /// the matrix product a bᵀ
    matmul_right_transposed = MatMulRightTransposed {
        shape: (R, K), (C, K) -> (R, C),
        flops: 2 * R * K * C,
        meaning: |a, b; result, workspace| {
            product::multiply_right_transposed(a, b, result, workspace);
        },
        tangent: |terms, a, b, result; tangents| terms.linear(&[0, 1], tangents),
        cotangent: |terms, a, b, result; seed| [
            Some(terms.matmul(seed, b)),
            Some(terms.matmul_left_transposed(seed, a)),
        ],
        export: {
            torch: "{a} @ {b}.T", numpy: "{a} @ {b}.T", jax: "{a} @ {b}.T",
            rust: "matmul({a}, transpose({b}))", latex: "{a} {b}^\\top",
        }
    }
    /// aᵀ: rows become columns
    transpose = Transpose {
        shape: (R, C) -> (C, R),
        flops: 0,
        meaning: |a; result, workspace| arrange::transpose(a, result),
        tangent: |terms, a, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, result; seed| [Some(terms.transpose(seed))],
        export: {
            torch: "{a}.T", numpy: "{a}.T", jax: "{a}.T",
            rust: "transpose({a})", latex: "{a}^\\top",
        }
    }
    /// the sum of the elements on the diagonal
    trace = Trace {
        shape: (r, r) -> (1, 1),
        flops: 1 * r,
        meaning: |a; result, workspace| arrange::trace(a, result),
        tangent: |terms, a, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, result; seed| [Some(terms.scaled_identity(seed, a))],
        export: {
            torch: "torch.trace({a})", numpy: "np.trace({a})", jax: "jnp.trace({a})",
            rust: "trace({a})", latex: "\\operatorname{tr}({a})",
        }
    }
    /// a times the identity matrix, in the shape of b
    scaled_identity = ScaledIdentity {
        shape: (1, 1), (R, R) -> (R, R),
        flops: 0,
        meaning: |a, b; result, workspace| arrange::diagonal_matrix(a.data, result),
        tangent: |terms, a, b, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, b, result; seed| [Some(terms.unless_scalar(seed, Terms::trace)), None],
        export: {
            torch: "{a} * torch.eye({b}.shape[0])", numpy: "{a} * np.eye({b}.shape[0], dtype={b}.dtype)",
            jax: "{a} * jnp.eye({b}.shape[0], dtype={b}.dtype)",
            rust: "scaled_identity({a}, {b})", latex: "{a} I",
        }
    }
    /// the elements on the diagonal, as a column
    diagonal = Diagonal {
        shape: (r, r) -> (r, 1),
        flops: 0,
        meaning: |a; result, workspace| arrange::diagonal(a, result),
        tangent: |terms, a, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, result; seed| [Some(terms.diagonal_matrix(seed))],
        export: {
            torch: "torch.diagonal({a})[:, None]", numpy: "np.diagonal({a})[:, None]",
            jax: "jnp.diagonal({a})[:, None]",
            rust: "diagonal({a})", latex: "\\operatorname{diag}({a})",
        }
    }
    /// the matrix with the column a on its diagonal and 0 elsewhere
    diagonal_matrix = DiagonalMatrix {
        shape: (R, 1) -> (R, R),
        flops: 0,
        meaning: |a; result, workspace| arrange::diagonal_matrix(a.data, result),
        tangent: |terms, a, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, result; seed| [Some(terms.unless_scalar(seed, Terms::diagonal))],
        export: {
            torch: "torch.diag({a}[:, 0])", numpy: "np.diag({a}[:, 0])", jax: "jnp.diag({a}[:, 0])",
            rust: "diagonal_matrix({a})", latex: "\\operatorname{diag}({a})",
        }
    }
    /// the sum along each row, as a column
    row_sums = RowSums {
        shape: (r, c) -> (r, 1),
        flops: 1 * r * c,
        meaning: |a; result, workspace| arrange::reduce_rows(ReductionOp::Sum, a, result),
        tangent: |terms, a, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, result; seed| [Some(terms.broadcast_column(seed, a))],
        export: {
            torch: "{a}.sum(1, keepdim=True)", numpy: "{a}.sum(1, keepdims=True)",
            jax: "{a}.sum(1, keepdims=True)",
            rust: "row_sums({a})", latex: "{a} \\mathbf{1}",
        }
    }
    /// the sum down each column, as a row
    column_sums = ColumnSums {
        shape: (r, c) -> (1, c),
        flops: 1 * r * c,
        meaning: |a; result, workspace| arrange::column_sums(a, result),
        tangent: |terms, a, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, result; seed| [Some(terms.broadcast_row(seed, a))],
        export: {
            torch: "{a}.sum(0, keepdim=True)", numpy: "{a}.sum(0, keepdims=True)",
            jax: "{a}.sum(0, keepdims=True)",
            rust: "column_sums({a})", latex: "\\mathbf{1}^\\top {a}",
        }
    }
    /// the greatest of each row, as a column; NaN if any is. Equal ones share the derivative
    row_maxima = RowMaxima {
        shape: (r, c) -> (r, 1),
        flops: 1 * r * c,
        meaning: |a; result, workspace| arrange::reduce_rows(ReductionOp::MaxOf, a, result),
        tangent: |terms, a, result; tangents| {
            let shares = terms.shares_of_row_maxima(a, result);
            tangents[0].map(|tangent| {
                let zero = terms.zero();
                terms.row_sums(terms.select(shares, terms.mul(shares, tangent), zero))
            })
        },
        cotangent: |terms, a, result; seed| {
            let shares = terms.shares_of_row_maxima(a, result);
            let seeds = terms.broadcast_column(seed, a);
            [Some(terms.select(shares, terms.mul(shares, seeds), terms.zero()))]
        },
        export: {
            torch: "{a}.amax(1, keepdim=True)", numpy: "{a}.max(1, keepdims=True)",
            jax: "{a}.max(1, keepdims=True)",
            rust: "row_maxima({a})", latex: "\\max_j {a}",
        }
    }
    /// the greatest of each column, as a row; NaN if any is. Equal ones share the derivative
    column_maxima = ColumnMaxima {
        shape: (r, c) -> (1, c),
        flops: 1 * r * c,
        meaning: |a; result, workspace| arrange::column_maxima(a, result),
        tangent: |terms, a, result; tangents| {
            let shares = terms.shares_of_column_maxima(a, result);
            tangents[0].map(|tangent| {
                let zero = terms.zero();
                terms.column_sums(terms.select(shares, terms.mul(shares, tangent), zero))
            })
        },
        cotangent: |terms, a, result; seed| {
            let shares = terms.shares_of_column_maxima(a, result);
            let seeds = terms.broadcast_row(seed, a);
            [Some(terms.select(shares, terms.mul(shares, seeds), terms.zero()))]
        },
        export: {
            torch: "{a}.amax(0, keepdim=True)", numpy: "{a}.max(0, keepdims=True)",
            jax: "{a}.max(0, keepdims=True)",
            rust: "column_maxima({a})", latex: "\\max_i {a}",
        }
    }
    /// the column a in each column of the shape of b
    broadcast_column = BroadcastColumn {
        shape: (R, 1), (R, C) -> (R, C),
        flops: 0,
        meaning: |a, b; result, workspace| arrange::broadcast_column(a, result),
        tangent: |terms, a, b, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, b, result; seed| [Some(terms.unless_scalar(seed, Terms::row_sums)), None],
        export: {
            torch: "{a}.expand_as({b})", numpy: "np.broadcast_to({a}, {b}.shape)",
            jax: "jnp.broadcast_to({a}, {b}.shape)",
            rust: "broadcast_column({a}, {b})", latex: "{a} \\mathbf{1}^\\top",
        }
    }
    /// the row a in each row of the shape of b
    broadcast_row = BroadcastRow {
        shape: (1, C), (R, C) -> (R, C),
        flops: 0,
        meaning: |a, b; result, workspace| arrange::broadcast_row(a, result),
        tangent: |terms, a, b, result; tangents| terms.linear(&[0], tangents),
        cotangent: |terms, a, b, result; seed| [Some(terms.unless_scalar(seed, Terms::column_sums)), None],
        export: {
            torch: "{a}.expand_as({b})", numpy: "np.broadcast_to({a}, {b}.shape)",
            jax: "jnp.broadcast_to({a}, {b}.shape)",
            rust: "broadcast_row({a}, {b})", latex: "\\mathbf{1} {a}",
        }
    }
    /// a^(−1/2) of a symmetric positive definite a: up to 40 coupled Newton steps, costed as 16
    inverse_square_root = InverseSquareRoot {
        shape: (R, R) -> (R, R),
        flops: 96 * R * R * R,
        meaning: |a; result, workspace| root::inverse_root(Root::Square, a, result, workspace),
        tangent: |terms, a, result; tangents| {
            tangents[0].map(|tangent| terms.inverse_square_root_derivative(a, tangent))
        },
        cotangent: |terms, a, result; seed| [
            Some(terms.inverse_square_root_derivative(a, terms.symmetric_part(seed)))
        ],
        export: {
            torch: "inverse_root({a}, 2)", numpy: "inverse_root({a}, 2)",
            jax: "inverse_root({a}, 2)",
            rust: "inverse_root({a}, 2)", latex: "{a}^{-1/2}",
        }
    }
    /// a^(−1/4) of a symmetric positive definite a: up to 40 coupled Newton steps, costed as 16
    inverse_fourth_root = InverseFourthRoot {
        shape: (R, R) -> (R, R),
        flops: 128 * R * R * R,
        meaning: |a; result, workspace| root::inverse_root(Root::Fourth, a, result, workspace),
        tangent: |terms, a, result; tangents| {
            tangents[0].map(|tangent| terms.inverse_fourth_root_derivative(a, tangent))
        },
        cotangent: |terms, a, result; seed| [
            Some(terms.inverse_fourth_root_derivative(a, terms.symmetric_part(seed)))
        ],
        export: {
            torch: "inverse_root({a}, 4)", numpy: "inverse_root({a}, 4)",
            jax: "inverse_root({a}, 4)",
            rust: "inverse_root({a}, 4)", latex: "{a}^{-1/4}",
        }
    }
    /// the derivative of inverse_square_root at a in the symmetric direction b
    inverse_square_root_derivative = InverseSquareRootDerivative {
        shape: (R, R), (R, R) -> (R, R),
        flops: 288 * R * R * R,
        differentiable: false,
        meaning: |a, b; result, workspace| {
            root::inverse_root_derivative(Root::Square, a, b, result, workspace);
        },
        tangent: |terms, a, b, result; tangents| None,
        cotangent: |terms, a, b, result; seed| [None, None],
        export: {
            torch: "inverse_root_derivative({a}, {b}, 2)",
            numpy: "inverse_root_derivative({a}, {b}, 2)",
            jax: "inverse_root_derivative({a}, {b}, 2)",
            rust: "inverse_root_derivative({a}, {b}, 2)", latex: "D({a}^{-1/2})[{b}]",
        }
    }
    /// the derivative of inverse_fourth_root at a in the symmetric direction b
    inverse_fourth_root_derivative = InverseFourthRootDerivative {
        shape: (R, R), (R, R) -> (R, R),
        flops: 416 * R * R * R,
        differentiable: false,
        meaning: |a, b; result, workspace| {
            root::inverse_root_derivative(Root::Fourth, a, b, result, workspace);
        },
        tangent: |terms, a, b, result; tangents| None,
        cotangent: |terms, a, b, result; seed| [None, None],
        export: {
            torch: "inverse_root_derivative({a}, {b}, 4)",
            numpy: "inverse_root_derivative({a}, {b}, 4)",
            jax: "inverse_root_derivative({a}, {b}, 4)",
            rust: "inverse_root_derivative({a}, {b}, 4)", latex: "D({a}^{-1/4})[{b}]",
        }
    }
    /// uniform random numbers in [0, 1), shaped as c: the same for the same a and b
    uniform = Uniform {
        shape: (1, 1), (1, 1), (R, C) -> (R, C),
        flops: 1 * R * C,
        meaning: |a, b, c; result, workspace| draw::uniform(a, b, result),
        tangent: |terms, a, b, c, result; tangents| None,
        cotangent: |terms, a, b, c, result; seed| [None, None, None],
        export: {
            torch: "uniform({a}, {b}, {c})", numpy: "uniform({a}, {b}, {c})",
            jax: "uniform({a}, {b}, {c})",
            rust: "uniform({a}, {b}, {c})", latex: "U_{{a},{b}}(0, 1)",
        }
    }
    /// standard normal random numbers, shaped as c: the same for the same a and b
    normal = Normal {
        shape: (1, 1), (1, 1), (R, C) -> (R, C),
        flops: 1 * R * C,
        meaning: |a, b, c; result, workspace| draw::normal(a, b, result),
        tangent: |terms, a, b, c, result; tangents| None,
        cotangent: |terms, a, b, c, result; seed| [None, None, None],
        export: {
            torch: "normal({a}, {b}, {c})", numpy: "normal({a}, {b}, {c})",
            jax: "normal({a}, {b}, {c})",
            rust: "normal({a}, {b}, {c})", latex: "N_{{a},{b}}(0, 1)",
        }
    }
}
