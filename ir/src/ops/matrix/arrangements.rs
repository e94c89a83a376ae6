//! Transposes, diagonals, broadcasts, single elements, and sums and maxima over rows and columns.

/// Puts these rows after those before, and hands all of them on.
macro_rules! arrangements {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// aᵀ: rows become columns
            transpose = Transpose {
                shape: (R, C) -> (C, R),
                flops: 0,
                elements: ElementForm::Transposed,
                meaning: |a; result, workspace| arrange::transpose(a, result),
                real: |a| a.transposed(),
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
                real: |a| real::Matrix::scalar((0..a.rows).map(|index| a.at(index, index)).sum()),
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
                real: |a, b| real::Matrix::diagonal(b.rows, |_| a.number()),
                tangent: |terms, a, b, result; tangents| terms.linear(&[0], tangents),
                cotangent: |terms, a, b, result; seed| [Some(terms.unless_scalar(seed, Terms::trace)), None],
                export: {
                    torch: "{a} * torch.eye({b}.shape[0], device={b}.device)", numpy: "{a} * np.eye({b}.shape[0], dtype={b}.dtype)",
                    jax: "{a} * jnp.eye({b}.shape[0], dtype={b}.dtype)",
                    rust: "scaled_identity({a}, {b})", latex: "{a} I",
                }
            }
            /// the elements on the diagonal, as a column
            diagonal = Diagonal {
                shape: (r, r) -> (r, 1),
                flops: 0,
                meaning: |a; result, workspace| arrange::diagonal(a, result),
                real: |a| real::Matrix::from_fn(a.rows, 1, |row, _| a.at(row, row)),
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
                real: |a| real::Matrix::diagonal(a.rows, |row| a.at(row, 0)),
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
                elements: ElementForm::RowReduction(ReductionOp::Sum),
                meaning: |a; result, workspace| arrange::reduce_rows(ReductionOp::Sum, a, result),
                real: |a| a.by_rows(|row| row.iter().sum()),
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
                real: |a| a.by_columns(|column| column.iter().sum()),
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
                elements: ElementForm::RowReduction(ReductionOp::MaxOf),
                meaning: |a; result, workspace| arrange::reduce_rows(ReductionOp::MaxOf, a, result),
                real: |a| a.by_rows(real::greatest),
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
                real: |a| a.by_columns(real::greatest),
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
                elements: ElementForm::EachColumn,
                meaning: |a, b; result, workspace| arrange::broadcast_column(a, result),
                real: |a, b| real::Matrix::from_fn(b.rows, b.columns, |row, _| a.at(row, 0)),
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
                elements: ElementForm::EachRow,
                meaning: |a, b; result, workspace| arrange::broadcast_row(a, result),
                real: |a, b| real::Matrix::from_fn(b.rows, b.columns, |_, column| a.at(0, column)),
                tangent: |terms, a, b, result; tangents| terms.linear(&[0], tangents),
                cotangent: |terms, a, b, result; seed| [Some(terms.unless_scalar(seed, Terms::column_sums)), None],
                export: {
                    torch: "{a}.expand_as({b})", numpy: "np.broadcast_to({a}, {b}.shape)",
                    jax: "jnp.broadcast_to({a}, {b}.shape)",
                    rust: "broadcast_row({a}, {b})", latex: "\\mathbf{1} {a}",
                }
            }
            /// a with c for one element: the one in whose equal part of [0, 1], row by row, b is
            set_element = SetElement {
                shape: (R, C), (1, 1), (1, 1) -> (R, C),
                domain: [Any, Place, Any],
                flops: 2,
                meaning: |a, b, c; result, workspace| {
                    arrange::set_element(a, b.number(), c.number(), result);
                },
                real: |a, b, c| a.with_element(b.number(), c.number()),
                tangent: |terms, a, b, c, result; tangents| {
                    // Linear in a and c together.
                    let is_constant = tangents[0].is_none() && tangents[2].is_none();
                    (!is_constant).then(|| {
                        let zero = terms.zero();
                        let of_a = tangents[0].unwrap_or_else(|| terms.broadcast(zero, a));
                        terms.set_element(of_a, b, tangents[2].unwrap_or(zero))
                    })
                },
                cotangent: |terms, a, b, c, result; seed| {
                    let zero = terms.zero();
                    let chosen = terms.set_element(terms.broadcast(zero, a), b, terms.one());
                    let of_chosen = terms.select(chosen, seed, zero);
                    [
                        Some(terms.set_element(seed, b, zero)),
                        None,
                        Some(terms.unless_scalar(of_chosen, Terms::sum)),
                    ]
                },
                export: {
                    torch: "set_element({a}, {b}, {c})", numpy: "set_element({a}, {b}, {c})",
                    jax: "set_element({a}, {b}, {c})",
                    rust: "set_element({a}, {b}, {c})", latex: "{a}|_{{b} \\mapsto {c}}",
                }
            }
        }
    };
}
