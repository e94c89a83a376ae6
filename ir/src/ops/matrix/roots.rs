//! Inverse roots of symmetric positive definite matrices, and their derivatives.

/// Puts these rows after those before, and hands all of them on.
macro_rules! roots {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// a^(−1/2) of a symmetric positive definite a: up to 40 coupled Newton steps, costed as 16
            inverse_square_root = InverseSquareRoot {
                shape: (R, R) -> (R, R),
                domain: [PositiveDefinite],
                flops: 96 * R * R * R,
                meaning: |a; result, workspace| root::inverse_root(Root::Square, a, result, workspace),
                real: |a| a.by_eigenvalues(|value| 1.0 / value.sqrt()),
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
                domain: [PositiveDefinite],
                flops: 128 * R * R * R,
                meaning: |a; result, workspace| root::inverse_root(Root::Fourth, a, result, workspace),
                real: |a| a.by_eigenvalues(|value| 1.0 / value.sqrt().sqrt()),
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
                domain: [PositiveDefinite, Symmetric],
                flops: 288 * R * R * R,
                differentiable: false,
                meaning: |a, b; result, workspace| {
                    root::inverse_root_derivative(Root::Square, a, b, result, workspace);
                },
                real: |a, b| a.derivative_by_eigenvalues(b, |x, y| {
                    // (1/s − 1/t) / (s² − t²).
                    let (s, t) = (x.sqrt(), y.sqrt());
                    -1.0 / (s * t * (s + t))
                }),
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
                domain: [PositiveDefinite, Symmetric],
                flops: 416 * R * R * R,
                differentiable: false,
                meaning: |a, b; result, workspace| {
                    root::inverse_root_derivative(Root::Fourth, a, b, result, workspace);
                },
                real: |a, b| a.derivative_by_eigenvalues(b, |x, y| {
                    // (1/s − 1/t) / (s⁴ − t⁴).
                    let (s, t) = (x.sqrt().sqrt(), y.sqrt().sqrt());
                    -1.0 / (s * t * (s + t) * (s * s + t * t))
                }),
                tangent: |terms, a, b, result; tangents| None,
                cotangent: |terms, a, b, result; seed| [None, None],
                export: {
                    torch: "inverse_root_derivative({a}, {b}, 4)",
                    numpy: "inverse_root_derivative({a}, {b}, 4)",
                    jax: "inverse_root_derivative({a}, {b}, 4)",
                    rust: "inverse_root_derivative({a}, {b}, 4)", latex: "D({a}^{-1/4})[{b}]",
                }
            }
        }
    };
}
