//! Trigonometric functions, in radians.

/// Puts these rows after those before, and hands all of them on.
macro_rules! trigonometric {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// the sine of a; NaN at ±∞
            sin = Sin {
                commutes: false, flops: 66, error_ulp: 2,
                meaning: |lanes, a| elementary::sin(lanes, a),
                real: |a| libm::sin(a),
                derivative: |terms, a, result| [terms.cos(a)],
                export: {
                    torch: "torch.sin({a})", numpy: "np.sin({a})", jax: "jnp.sin({a})",
                    rust: "{a}.sin()", latex: "\\sin({a})",
                }
            }
            /// the cosine of a; NaN at ±∞
            cos = Cos {
                commutes: false, flops: 66, error_ulp: 2,
                meaning: |lanes, a| elementary::cos(lanes, a),
                real: |a| libm::cos(a),
                derivative: |terms, a, result| [terms.neg(terms.sin(a))],
                export: {
                    torch: "torch.cos({a})", numpy: "np.cos({a})", jax: "jnp.cos({a})",
                    rust: "{a}.cos()", latex: "\\cos({a})",
                }
            }
            /// the tangent of a; NaN at ±∞
            tan = Tan {
                commutes: false, flops: 67, error_ulp: 4,
                meaning: |lanes, a| elementary::tan(lanes, a),
                real: |a| libm::tan(a),
                derivative: |terms, a, result| [terms.add(terms.one(), terms.square(result))],
                export: {
                    torch: "torch.tan({a})", numpy: "np.tan({a})", jax: "jnp.tan({a})",
                    rust: "{a}.tan()", latex: "\\tan({a})",
                }
            }
            /// the arc sine of a, from −π/2 to π/2; NaN for |a| > 1
            asin = Asin {
                commutes: false, flops: 17, error_ulp: 4,
                unsigned: Kept,
                meaning: |lanes, a| elementary::asin(lanes, a),
                real: |a| libm::asin(a),
                derivative: |terms, a, result| [{
                    let square = terms.mul(terms.sub(terms.one(), a), terms.add(terms.one(), a));
                    terms.rsqrt(square)
                }],
                export: {
                    torch: "torch.asin({a})", numpy: "np.arcsin({a})", jax: "jnp.arcsin({a})",
                    rust: "{a}.asin()", latex: "\\arcsin({a})",
                }
            }
            /// the arc cosine of a, from 0 to π; NaN for |a| > 1
            acos = Acos {
                commutes: false, flops: 17, error_ulp: 4,
                unsigned: Always,
                meaning: |lanes, a| elementary::acos(lanes, a),
                real: |a| libm::acos(a),
                derivative: |terms, a, result| [{
                    let square = terms.mul(terms.sub(terms.one(), a), terms.add(terms.one(), a));
                    terms.neg(terms.rsqrt(square))
                }],
                export: {
                    torch: "torch.acos({a})", numpy: "np.arccos({a})", jax: "jnp.arccos({a})",
                    rust: "{a}.acos()", latex: "\\arccos({a})",
                }
            }
            /// the arc tangent of a, from −π/2 to π/2
            atan = Atan {
                commutes: false, flops: 20, error_ulp: 4,
                unsigned: Kept,
                meaning: |lanes, a| elementary::atan(lanes, a),
                real: |a| libm::atan(a),
                derivative: |terms, a, result| [terms.reciprocal(terms.add(terms.one(), terms.square(a)))],
                export: {
                    torch: "torch.atan({a})", numpy: "np.arctan({a})", jax: "jnp.arctan({a})",
                    rust: "{a}.atan()", latex: "\\arctan({a})",
                }
            }
        }
    };
}
