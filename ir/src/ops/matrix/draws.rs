//! Random numbers.

/// Puts these rows after those before, and hands all of them on.
macro_rules! draws {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// uniform random numbers in [0, 1), shaped as c: the same for the same a and b
            uniform = Uniform {
                shape: (1, 1), (1, 1), (R, C) -> (R, C),
                domain: [Key, Key, Any],
                flops: 1 * R * C,
                meaning: |a, b, c; result, workspace| draw::uniform(a, b, result),
                real: |a, b, c| real::drawn([a, b], c, |[number, _]| number),
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
                domain: [Key, Key, Any],
                flops: 1 * R * C,
                meaning: |a, b, c; result, workspace| draw::normal(a, b, result),
                real: |a, b, c| real::drawn([a, b], c, |[radius, angle]| {
                    let radius = (-2.0 * libm::log(1.0 - radius)).sqrt();
                    radius * libm::cos(std::f64::consts::TAU * angle)
                }),
                tangent: |terms, a, b, c, result; tangents| None,
                cotangent: |terms, a, b, c, result; seed| [None, None, None],
                export: {
                    torch: "normal({a}, {b}, {c})", numpy: "normal({a}, {b}, {c})",
                    jax: "normal({a}, {b}, {c})",
                    rust: "normal({a}, {b}, {c})", latex: "N_{{a},{b}}(0, 1)",
                }
            }
        }
    };
}
