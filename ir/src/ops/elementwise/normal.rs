//! The normal distribution.

/// Puts these rows after those before, and hands all of them on.
macro_rules! normal {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// the error function of a
            erf = Erf {
                commutes: false, flops: 43, error_ulp: 2,
                unsigned: Kept,
                meaning: |lanes, a| elementary::erf(lanes, a),
                real: |a| libm::erf(a),
                derivative: |terms, a, result| [{
                    let density = terms.exp(terms.neg(terms.square(a)));
                    terms.mul(terms.constant(FRAC_2_SQRT_PI), density)
                }],
                export: {
                    torch: "torch.erf({a})", numpy: "erf({a})", jax: "jax.scipy.special.erf({a})",
                    rust: "erf({a})", latex: "\\operatorname{erf}({a})",
                }
            }
            /// a Φ(a), Φ being the distribution function of the standard normal distribution
            gelu = Gelu {
                commutes: false, flops: 61, error_ulp: 4,
                unsigned: Kept,
                meaning: |lanes, a| elementary::gelu(lanes, a),
                real: |a| real::gelu(a),
                derivative: |terms, a, result| [{
                    let half = terms.constant(0.5);
                    let root = terms.erf(terms.mul(a, terms.constant(FRAC_1_SQRT_2)));
                    let exponent = terms.mul(terms.square(a), terms.constant(-0.5));
                    let scale = terms.constant(0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI);
                    let density = terms.mul(terms.exp(exponent), scale);
                    terms.add(terms.add(terms.mul(root, half), half), terms.mul(a, density))
                }],
                // Libraries have NaN for minus infinity, where it is 0.
                export: {
                    torch: "torch.nn.functional.gelu({a}.clamp(min=-1e30))", numpy: "gelu({a})",
                    jax: "jax.nn.gelu(jnp.maximum({a}, -1e30), approximate=False)",
                    rust: "gelu({a})", latex: "\\operatorname{gelu}({a})",
                }
            }
        }
    };
}
