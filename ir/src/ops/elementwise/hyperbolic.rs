//! Hyperbolic functions.

/// Puts these rows after those before, and hands all of them on.
macro_rules! hyperbolic {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// the hyperbolic sine of a
            sinh = Sinh {
                commutes: false, flops: 28, error_ulp: 4,
                unsigned: Kept,
                meaning: |lanes, a| elementary::sinh(lanes, a),
                real: |a| libm::sinh(a),
                derivative: |terms, a, result| [terms.cosh(a)],
                export: {
                    torch: "torch.sinh({a})", numpy: "np.sinh({a})", jax: "jnp.sinh({a})",
                    rust: "{a}.sinh()", latex: "\\sinh({a})",
                }
            }
            /// the hyperbolic cosine of a
            cosh = Cosh {
                commutes: false, flops: 28, error_ulp: 4,
                unsigned: Always,
                meaning: |lanes, a| elementary::cosh(lanes, a),
                real: |a| libm::cosh(a),
                derivative: |terms, a, result| [terms.sinh(a)],
                export: {
                    torch: "torch.cosh({a})", numpy: "np.cosh({a})", jax: "jnp.cosh({a})",
                    rust: "{a}.cosh()", latex: "\\cosh({a})",
                }
            }
            /// the hyperbolic tangent of a
            tanh = Tanh {
                commutes: false, flops: 34, error_ulp: 2,
                unsigned: Kept,
                meaning: |lanes, a| elementary::tanh(lanes, a),
                real: |a| libm::tanh(a),
                derivative: |terms, a, result| [terms.sub(terms.one(), terms.square(result))],
                export: {
                    torch: "torch.tanh({a})", numpy: "np.tanh({a})", jax: "jnp.tanh({a})",
                    rust: "{a}.tanh()", latex: "\\tanh({a})",
                }
            }
            /// the inverse hyperbolic sine of a
            asinh = Asinh {
                commutes: false, flops: 35, error_ulp: 4,
                unsigned: Kept,
                meaning: |lanes, a| elementary::asinh(lanes, a),
                real: |a| libm::asinh(a),
                derivative: |terms, a, result| [terms.rsqrt(terms.add(terms.square(a), terms.one()))],
                export: {
                    torch: "torch.asinh({a})", numpy: "np.arcsinh({a})", jax: "jnp.arcsinh({a})",
                    rust: "{a}.asinh()", latex: "\\operatorname{arsinh}({a})",
                }
            }
            /// the inverse hyperbolic cosine of a; NaN for a < 1
            acosh = Acosh {
                commutes: false, flops: 33, error_ulp: 4,
                unsigned: Always,
                meaning: |lanes, a| elementary::acosh(lanes, a),
                real: |a| real::acosh(a),
                derivative: |terms, a, result| [{
                    let square = terms.mul(terms.sub(a, terms.one()), terms.add(a, terms.one()));
                    terms.rsqrt(square)
                }],
                export: {
                    torch: "torch.acosh({a})", numpy: "np.arccosh({a})", jax: "jnp.arccosh({a})",
                    rust: "{a}.acosh()", latex: "\\operatorname{arcosh}({a})",
                }
            }
            /// the inverse hyperbolic tangent of a; ±∞ at ±1, NaN for |a| > 1
            atanh = Atanh {
                commutes: false, flops: 30, error_ulp: 4,
                unsigned: Kept,
                meaning: |lanes, a| elementary::atanh(lanes, a),
                real: |a| libm::atanh(a),
                derivative: |terms, a, result| [{
                    let square = terms.mul(terms.sub(terms.one(), a), terms.add(terms.one(), a));
                    terms.reciprocal(square)
                }],
                export: {
                    torch: "torch.atanh({a})", numpy: "np.arctanh({a})", jax: "jnp.arctanh({a})",
                    rust: "{a}.atanh()", latex: "\\operatorname{artanh}({a})",
                }
            }
        }
    };
}
