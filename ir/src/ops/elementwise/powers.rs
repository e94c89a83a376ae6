//! Roots and powers.

/// Puts these rows after those before, and hands all of them on.
macro_rules! powers {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// √a; NaN for a < 0. The derivative at ±0 is ±∞
            sqrt = Sqrt {
                commutes: false, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a| lanes.sqrt(a),
                real: |a| a.sqrt(),
                derivative: |terms, a, result| [terms.div(terms.constant(0.5), result)],
                export: {
                    torch: "torch.sqrt({a})", numpy: "np.sqrt({a})", jax: "jnp.sqrt({a})",
                    rust: "{a}.sqrt()", latex: "\\sqrt{{a}}",
                }
            }
            /// the cube root of a
            cbrt = Cbrt {
                commutes: false, flops: 33, error_ulp: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a| elementary::cbrt(lanes, a),
                real: |a| libm::cbrt(a),
                derivative: |terms, a, result| [terms.div(terms.constant(1.0 / 3.0), terms.square(result))],
                export: {
                    torch: "cbrt({a})", numpy: "np.cbrt({a})", jax: "jnp.cbrt({a})",
                    rust: "{a}.cbrt()", latex: "\\sqrt[3]{{a}}",
                }
            }
            /// 1 / √a; ∞ with the sign of a at ±0, NaN for a < 0
            rsqrt = Rsqrt {
                commutes: false, flops: 12, error_ulp: 1,
                unsigned: Kept,
                meaning: |lanes, a| elementary::rsqrt(lanes, a),
                real: |a| 1.0 / a.sqrt(),
                derivative: |terms, a, result| [terms.mul(terms.constant(-0.5), terms.cube(result))],
                export: {
                    torch: "torch.rsqrt({a})", numpy: "1 / np.sqrt({a})", jax: "jax.lax.rsqrt({a})",
                    rust: "1.0 / {a}.sqrt()", latex: "\\frac{1}{\\sqrt{{a}}}",
                }
            }
            /// a to the power b, for a ≥ 0; NaN for a < 0, 0⁰, ∞⁰ and 1^±∞. ∂/∂a is 1 where b is 1, ∂/∂b is 0 where the power is 0
            pow = Pow {
                commutes: false, flops: 66, error_ulp: 4,
                unsigned: Always,
                meaning: |lanes, a, b| elementary::pow(lanes, a, b),
                real: |a, b| real::powr(a, b),
                derivative: |terms, a, b, result| [
                    terms.select(
                        terms.equal(b, terms.one()),
                        terms.one(),
                        terms.mul(b, terms.pow(a, terms.sub(b, terms.one()))),
                    ),
                    terms.select(
                        terms.equal(result, terms.zero()),
                        terms.zero(),
                        terms.mul(result, terms.log(a)),
                    ),
                ],
                export: {
                    torch: "powr({a}, {b})", numpy: "powr({a}, {b})", jax: "powr({a}, {b})",
                    rust: "powr({a}, {b})", latex: "{a}^{{b}}",
                }
            }
        }
    };
}
