//! Ops that are made of other ops.
//!
//! A row gives the pattern of shapes, the expression that the op stands for, and its definition. The
//! expression is its meaning, and cost, derivative and back ends follow from it: before a function runs,
//! every composite op is [expanded](crate::passes::expand). The definition is what the expression is
//! tested against.

use super::pattern::ShapePattern;
#[cfg(any(test, feature = "random"))]
use super::real;
use super::{Terms, exactly};
use crate::function::{Access, BuildError, Function, FunctionBuilder, Value};
use crate::passes::expand;
use crate::shape::Shape;

macro_rules! composite_ops {
    ($(
        $(#[doc = $summary:literal])+
        $mnemonic:ident = $name:ident {
            shape: $(($operand_rows:tt, $operand_columns:tt)),+ -> ($rows:tt, $columns:tt),
            meaning: |$terms:ident, $($operand:ident),+| $meaning:expr,
            real: |$($number:ident),+| $real:expr,
            export: $export:tt
        }
    )+) => {
        op_kind! {
            Composite(CompositeOp): "An op that stands for an expression of other ops."
            $($(#[doc = $summary])+ $mnemonic = $name($($operand),+) $export)+
        }

        impl CompositeOp {
            /// The pattern of shapes of the operands and the result.
            pub(crate) const fn pattern(self) -> ShapePattern {
                match self {
                    $(Self::$name => ShapePattern {
                        operands: &[$((stringify!($operand_rows), stringify!($operand_columns))),+],
                        result: (stringify!($rows), stringify!($columns)),
                    },)+
                }
            }

            /// The expression that the op stands for.
            ///
            /// # Panics
            /// If there are not as many operands as the op takes, or their shapes do not fit.
            pub(crate) fn expand(self, terms: &Terms<'_>, operands: &[Value]) -> Value {
                match self {
                    $(Self::$name => {
                        let [$($operand),+] = exactly(operands);
                        let $terms = terms;
                        $meaning
                    })+
                }
            }

            /// The definition of the op over the real numbers, in binary64.
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
        }
    };
}

impl CompositeOp {
    /// The op on its own: a function that stores what the op makes of parameters of these shapes,
    /// with the op expanded.
    ///
    /// # Panics
    /// If the op does not take operands of these shapes.
    pub(crate) fn expansion(self, operands: &[Shape]) -> Function {
        let mut builder = FunctionBuilder::new(self.mnemonic());
        let declared = operands.iter().enumerate().map(|(index, &shape)| {
            let parameter = builder.parameter(format!("p{index}"), shape, Access::Read)?;
            builder.load(parameter)
        });
        let built = declared.collect::<Result<Vec<Value>, BuildError>>();
        let finished = built.and_then(|loads| {
            let result = self.expand(&Terms::new(&mut builder), &loads);
            let shape = builder.shape(result);
            let target = builder.parameter("result", shape, Access::Write)?;
            builder.store(target, result)?;
            Ok(expand(&builder.finish()?))
        });
        match finished {
            Ok(function) => function,
            Err(error) => panic!("{} does not expand: {error}", self.mnemonic()),
        }
    }
}

composite_ops! {
    /// the root of the mean square distance from the mean. The derivative is 0 where it is 0
    std = Std {
        shape: (r, c) -> (1, 1),
        meaning: |terms, a| {
            terms.root_of_squares(terms.mean(terms.square(terms.sub(a, terms.mean(a)))))
        },
        real: |a| real::Matrix::scalar(real::standard_deviation(&a.numbers)),
        export: {
            torch: "torch.std({a}, correction=0)", numpy: "np.std({a})", jax: "jnp.std({a})",
            rust: "std({a})", latex: "\\operatorname{std}({a})",
        }
    }
    /// the cosine of the angle between a and b: dot(a, b) over both norms
    cosine = Cosine {
        shape: (r, c), (r, c) -> (1, 1),
        meaning: |terms, a, b| {
            terms.div(terms.dot(a, b), terms.mul(terms.norm(a), terms.norm(b)))
        },
        real: |a, b| {
            let norms = real::norm(&a.numbers) * real::norm(&b.numbers);
            real::Matrix::scalar(real::inner_product(&a.numbers, &b.numbers) / norms)
        },
        export: {
            torch: "torch.sum({a} * {b}) / (torch.linalg.vector_norm({a}) * torch.linalg.vector_norm({b}))",
            numpy: "np.sum({a} * {b}) / (np.linalg.norm({a}) * np.linalg.norm({b}))",
            jax: "jnp.sum({a} * {b}) / (jnp.linalg.norm({a}) * jnp.linalg.norm({b}))",
            rust: "cosine({a}, {b})", latex: "\\cos({a}, {b})",
        }
    }
    /// a scaled down to the norm b, if its own is greater
    clip_norm = ClipNorm {
        shape: (r, c), (1, 1) -> (r, c),
        meaning: |terms, a, b| {
            let norm = terms.norm(a);
            let scale = terms.select(terms.less(b, norm), terms.div(b, norm), terms.one());
            terms.mul(a, scale)
        },
        real: |a, b| {
            let (norm, most) = (real::norm(&a.numbers), b.number());
            a.map(|x| if norm > most { x * most / norm } else { x })
        },
        export: {
            torch: "clip_norm({a}, {b})", numpy: "clip_norm({a}, {b})", jax: "clip_norm({a}, {b})",
            rust: "clip_norm({a}, {b})", latex: "\\operatorname{clip}_{{b}}({a})",
        }
    }
    /// the logarithm of the sum of e to each element, without overflow
    log_sum_exp = LogSumExp {
        shape: (r, c) -> (1, 1),
        meaning: |terms, a| {
            let greatest = terms.max_of(a);
            terms.add(greatest, terms.log(terms.sum(terms.exp(terms.sub(a, greatest)))))
        },
        real: |a| real::Matrix::scalar(real::log_sum_exp(&a.numbers)),
        export: {
            torch: "torch.logsumexp({a}, (0, 1))", numpy: "log_sum_exp({a})",
            jax: "log_sum_exp({a})",
            rust: "log_sum_exp({a})", latex: "\\ln \\sum e^{{a}}",
        }
    }
    /// e to the power of each element over the sum of all such, without overflow
    softmax = Softmax {
        shape: (r, c) -> (r, c),
        meaning: |terms, a| {
            let powers = terms.exp(terms.sub(a, terms.max_of(a)));
            terms.div(powers, terms.sum(powers))
        },
        real: |a| {
            let sum = real::log_sum_exp(&a.numbers);
            a.map(|x| libm::exp(x - sum))
        },
        export: {
            torch: "torch.softmax({a}.flatten(), 0).view_as({a})", numpy: "softmax({a})",
            jax: "jax.nn.softmax({a}, axis=None)",
            rust: "softmax({a})", latex: "\\operatorname{softmax}({a})",
        }
    }
    /// the softmax of each row
    row_softmax = RowSoftmax {
        shape: (r, c) -> (r, c),
        meaning: |terms, a| {
            let greatest = terms.broadcast_column(terms.row_maxima(a), a);
            let powers = terms.exp(terms.sub(a, greatest));
            terms.div(powers, terms.broadcast_column(terms.row_sums(powers), powers))
        },
        real: |a| {
            let sums = a.by_rows(real::log_sum_exp);
            real::Matrix::from_fn(a.rows, a.columns, |row, column| {
                libm::exp(a.at(row, column) - sums.at(row, 0))
            })
        },
        export: {
            torch: "torch.softmax({a}, 1)", numpy: "row_softmax({a})",
            jax: "jax.nn.softmax({a}, axis=1)",
            rust: "row_softmax({a})", latex: "\\operatorname{softmax}_j({a})",
        }
    }
    /// the log_sum_exp of each row, as a column
    row_log_sum_exp = RowLogSumExp {
        shape: (r, c) -> (r, 1),
        meaning: |terms, a| {
            let greatest = terms.row_maxima(a);
            let powers = terms.exp(terms.sub(a, terms.broadcast_column(greatest, a)));
            terms.add(greatest, terms.log(terms.row_sums(powers)))
        },
        real: |a| a.by_rows(real::log_sum_exp),
        export: {
            torch: "torch.logsumexp({a}, 1, keepdim=True)", numpy: "row_log_sum_exp({a})",
            jax: "jax.scipy.special.logsumexp({a}, axis=1, keepdims=True)",
            rust: "row_log_sum_exp({a})", latex: "\\ln \\sum_j e^{{a}}",
        }
    }
    /// the mean of each row, as a column
    row_means = RowMeans {
        shape: (r, c) -> (r, 1),
        meaning: |terms, a| terms.div(terms.row_sums(a), terms.number_of_columns(a)),
        real: |a| a.by_rows(real::mean),
        export: {
            torch: "{a}.mean(1, keepdim=True)", numpy: "{a}.mean(1, keepdims=True)",
            jax: "{a}.mean(1, keepdims=True)",
            rust: "row_means({a})", latex: "\\operatorname{mean}_j({a})",
        }
    }
    /// the mean of each column, as a row
    column_means = ColumnMeans {
        shape: (r, c) -> (1, c),
        meaning: |terms, a| terms.div(terms.column_sums(a), terms.number_of_rows(a)),
        real: |a| a.by_columns(real::mean),
        export: {
            torch: "{a}.mean(0, keepdim=True)", numpy: "{a}.mean(0, keepdims=True)",
            jax: "{a}.mean(0, keepdims=True)",
            rust: "column_means({a})", latex: "\\operatorname{mean}_i({a})",
        }
    }
    /// the Euclidean norm of each row, as a column. The derivative is 0 where it is 0
    row_norms = RowNorms {
        shape: (r, c) -> (r, 1),
        meaning: |terms, a| terms.root_of_squares(terms.row_sums(terms.square(a))),
        real: |a| a.by_rows(real::norm),
        export: {
            torch: "torch.linalg.vector_norm({a}, dim=1, keepdim=True)",
            numpy: "np.sqrt(np.square({a}).sum(1, keepdims=True))",
            jax: "jnp.sqrt(jnp.square({a}).sum(1, keepdims=True))",
            rust: "row_norms({a})", latex: "\\lVert {a}_{i,:} \\rVert",
        }
    }
    /// the Euclidean norm of each column, as a row. The derivative is 0 where it is 0
    column_norms = ColumnNorms {
        shape: (r, c) -> (1, c),
        meaning: |terms, a| terms.root_of_squares(terms.column_sums(terms.square(a))),
        real: |a| a.by_columns(real::norm),
        export: {
            torch: "torch.linalg.vector_norm({a}, dim=0, keepdim=True)",
            numpy: "np.sqrt(np.square({a}).sum(0, keepdims=True))",
            jax: "jnp.sqrt(jnp.square({a}).sum(0, keepdims=True))",
            rust: "column_norms({a})", latex: "\\lVert {a}_{:,j} \\rVert",
        }
    }
    /// the standard deviation of each row, as a column. The derivative is 0 where it is 0
    row_stds = RowStds {
        shape: (r, c) -> (r, 1),
        meaning: |terms, a| {
            let centred = terms.sub(a, terms.broadcast_column(terms.row_means(a), a));
            terms.root_of_squares(terms.row_means(terms.square(centred)))
        },
        real: |a| a.by_rows(real::standard_deviation),
        export: {
            torch: "torch.std({a}, 1, correction=0, keepdim=True)", numpy: "np.std({a}, 1, keepdims=True)",
            jax: "jnp.std({a}, 1, keepdims=True)",
            rust: "row_stds({a})", latex: "\\operatorname{std}_j({a})",
        }
    }
    /// the outer product of two columns: a bᵀ
    outer = Outer {
        shape: (R, 1), (C, 1) -> (R, C),
        meaning: |terms, a, b| terms.matmul_right_transposed(a, b),
        real: |a, b| {
            real::Matrix::from_fn(a.rows, b.rows, |row, column| a.at(row, 0) * b.at(column, 0))
        },
        export: {
            torch: "{a} @ {b}.T", numpy: "{a} @ {b}.T", jax: "{a} @ {b}.T",
            rust: "matmul({a}, &transpose({b}))", latex: "{a} {b}^\\top",
        }
    }
    /// the Gram matrix of the rows: a aᵀ
    row_gram = RowGram {
        shape: (r, c) -> (r, r),
        meaning: |terms, a| terms.matmul_right_transposed(a, a),
        real: |a| a.times(&a.transposed()),
        export: {
            torch: "{a} @ {a}.T", numpy: "{a} @ {a}.T", jax: "{a} @ {a}.T",
            rust: "matmul({a}, &transpose({a}))", latex: "{a} {a}^\\top",
        }
    }
    /// the Gram matrix of the columns: aᵀ a
    column_gram = ColumnGram {
        shape: (r, c) -> (c, c),
        meaning: |terms, a| terms.matmul_left_transposed(a, a),
        real: |a| a.transposed().times(a),
        export: {
            torch: "{a}.T @ {a}", numpy: "{a}.T @ {a}", jax: "{a}.T @ {a}",
            rust: "matmul(&transpose({a}), {a})", latex: "{a}^\\top {a}",
        }
    }
    // Jordan 2024, "Muon": five Newton–Schulz steps x ← 3.4445 x + (−4.7750 y + 2.0315 y²) x with y = x xᵀ,
    // from a over its norm, to which 10⁻⁷ is added there as well, so that 0 stays 0.
    /// nearly the orthogonal matrix next to a, its singular values 0.69 to 1.13
    newton_schulz = NewtonSchulz {
        shape: (r, c) -> (r, c),
        meaning: |terms, a| {
            let norm = terms.add(terms.norm(a), terms.constant(1e-7));
            let mut x = terms.div(a, norm);
            for _ in 0..5 {
                let y = terms.matmul_right_transposed(x, x);
                let of_square = terms.mul(terms.constant(2.0315), terms.matmul(y, y));
                let polynomial = terms.add(terms.mul(terms.constant(-4.775), y), of_square);
                let moved = terms.matmul(polynomial, x);
                x = terms.add(terms.mul(terms.constant(3.4445), x), moved);
            }
            x
        },
        real: |a| {
            // Every step is an odd polynomial of each singular value; σ ↦ σ q(σ²).
            let norm = real::inner_product(&a.numbers, &a.numbers).sqrt() + 1e-7;
            let factors = a.transposed().times(a).by_eigenvalues(|value| {
                let (mut square, mut product) = (value / (norm * norm), 1.0 / norm);
                for _ in 0..5 {
                    let factor = 3.4445 - 4.775 * square + 2.0315 * square * square;
                    product *= factor;
                    square *= factor * factor;
                }
                product
            });
            a.times(&factors)
        },
        export: {
            torch: "newton_schulz({a})", numpy: "newton_schulz({a})", jax: "newton_schulz({a})",
            rust: "newton_schulz({a})", latex: "\\operatorname{NS}_5({a})",
        }
    }
}
