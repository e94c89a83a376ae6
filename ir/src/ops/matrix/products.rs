//! Matrix products.

/// Puts these rows after those before, and hands all of them on.
macro_rules! products {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// the matrix product a b
            matmul = MatMul {
                shape: (R, K), (K, C) -> (R, C),
                flops: 2 * R * K * C,
                elements: ElementForm::Product { transposed: [false, false] },
                meaning: |a, b; result, workspace| product::multiply(a, b, result),
                real: |a, b| a.times(b),
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
                elements: ElementForm::Product { transposed: [true, false] },
                meaning: |a, b; result, workspace| product::multiply_left_transposed(a, b, result),
                real: |a, b| a.transposed().times(b),
                tangent: |terms, a, b, result; tangents| terms.linear(&[0, 1], tangents),
                cotangent: |terms, a, b, result; seed| [
                    Some(terms.matmul_right_transposed(b, seed)),
                    Some(terms.matmul(a, seed)),
                ],
                export: {
                    torch: "{a}.T @ {b}", numpy: "{a}.T @ {b}", jax: "{a}.T @ {b}",
                    rust: "matmul(&transpose({a}), {b})", latex: "{a}^\\top {b}",
                }
            }
            /// the matrix product a bᵀ
            matmul_right_transposed = MatMulRightTransposed {
                shape: (R, K), (C, K) -> (R, C),
                flops: 2 * R * K * C,
                elements: ElementForm::Product { transposed: [false, true] },
                meaning: |a, b; result, workspace| {
                    product::multiply_right_transposed(a, b, result);
                },
                real: |a, b| a.times(&b.transposed()),
                tangent: |terms, a, b, result; tangents| terms.linear(&[0, 1], tangents),
                cotangent: |terms, a, b, result; seed| [
                    Some(terms.matmul(seed, b)),
                    Some(terms.matmul_left_transposed(seed, a)),
                ],
                export: {
                    torch: "{a} @ {b}.T", numpy: "{a} @ {b}.T", jax: "{a} @ {b}.T",
                    rust: "matmul({a}, &transpose({b}))", latex: "{a} {b}^\\top",
                }
            }
        }
    };
}
