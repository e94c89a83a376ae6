//! Exponentials and logarithms.

/// Puts these rows after those before, and hands all of them on.
macro_rules! exponentials {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// e to the power a
            exp = Exp {
                commutes: false, flops: 23, error_ulp: 1,
                unsigned: Always,
                meaning: |lanes, a| elementary::exp(lanes, a),
                real: |a| libm::exp(a),
                derivative: |terms, a, result| [result],
                export: {
                    torch: "torch.exp({a})", numpy: "np.exp({a})", jax: "jnp.exp({a})",
                    rust: "{a}.exp()", latex: "e^{{a}}",
                }
            }
            /// 2 to the power a
            exp2 = Exp2 {
                commutes: false, flops: 19, error_ulp: 1,
                unsigned: Always,
                meaning: |lanes, a| elementary::exp2(lanes, a),
                real: |a| libm::exp2(a),
                derivative: |terms, a, result| [terms.mul(result, terms.constant(LN_2))],
                export: {
                    torch: "torch.exp2({a})", numpy: "np.exp2({a})", jax: "jnp.exp2({a})",
                    rust: "{a}.exp2()", latex: "2^{{a}}",
                }
            }
            /// 10 to the power a
            exp10 = Exp10 {
                commutes: false, flops: 23, error_ulp: 4,
                unsigned: Always,
                meaning: |lanes, a| elementary::exp10(lanes, a),
                real: |a| libm::exp10(a),
                derivative: |terms, a, result| [terms.mul(result, terms.constant(LN_10))],
                export: {
                    torch: "exp10({a})", numpy: "exp10({a})", jax: "exp10({a})",
                    rust: "exp10({a})", latex: "10^{{a}}",
                }
            }
            /// e to the power a, less 1
            expm1 = Expm1 {
                commutes: false, flops: 24, error_ulp: 2,
                unsigned: Kept,
                meaning: |lanes, a| elementary::expm1(lanes, a),
                real: |a| libm::expm1(a),
                derivative: |terms, a, result| [terms.add(result, terms.one())],
                export: {
                    torch: "torch.expm1({a})", numpy: "np.expm1({a})", jax: "jnp.expm1({a})",
                    rust: "{a}.exp_m1()", latex: "e^{{a}} - 1",
                }
            }
            /// the natural logarithm of a; −∞ at ±0, NaN for a < 0. The derivative at ±0 is ±∞
            log = Log {
                commutes: false, flops: 25, error_ulp: 1,
                meaning: |lanes, a| elementary::log(lanes, a),
                real: |a| libm::log(a),
                derivative: |terms, a, result| [terms.reciprocal(a)],
                export: {
                    torch: "torch.log({a})", numpy: "np.log({a})", jax: "jnp.log({a})",
                    rust: "{a}.ln()", latex: "\\ln {a}",
                }
            }
            /// the logarithm of a to the base 2; −∞ at ±0, NaN for a < 0
            log2 = Log2 {
                commutes: false, flops: 27, error_ulp: 1,
                meaning: |lanes, a| elementary::log2(lanes, a),
                real: |a| libm::log2(a),
                derivative: |terms, a, result| [terms.div(terms.constant(LOG2_E), a)],
                export: {
                    torch: "torch.log2({a})", numpy: "np.log2({a})", jax: "jnp.log2({a})",
                    rust: "{a}.log2()", latex: "\\log_2 {a}",
                }
            }
            /// the logarithm of a to the base 10; −∞ at ±0, NaN for a < 0
            log10 = Log10 {
                commutes: false, flops: 27, error_ulp: 4,
                meaning: |lanes, a| elementary::log10(lanes, a),
                real: |a| libm::log10(a),
                derivative: |terms, a, result| [terms.div(terms.constant(LOG10_E), a)],
                export: {
                    torch: "torch.log10({a})", numpy: "np.log10({a})", jax: "jnp.log10({a})",
                    rust: "{a}.log10()", latex: "\\log_{10} {a}",
                }
            }
            /// the natural logarithm of 1 + a; −∞ at −1, NaN for a < −1
            log1p = Log1p {
                commutes: false, flops: 28, error_ulp: 2,
                unsigned: Kept,
                meaning: |lanes, a| elementary::log1p(lanes, a),
                real: |a| libm::log1p(a),
                derivative: |terms, a, result| [terms.reciprocal(terms.add(a, terms.one()))],
                export: {
                    torch: "torch.log1p({a})", numpy: "np.log1p({a})", jax: "jnp.log1p({a})",
                    rust: "{a}.ln_1p()", latex: "\\ln(1 + {a})",
                }
            }
            /// 1 / (1 + e^−a), the logistic function
            sigmoid = Sigmoid {
                commutes: false, flops: 33, error_ulp: 2,
                unsigned: Always,
                meaning: |lanes, a| elementary::sigmoid(lanes, a),
                real: |a| real::sigmoid(a),
                derivative: |terms, a, result| [terms.mul(result, terms.sub(terms.one(), result))],
                export: {
                    torch: "torch.sigmoid({a})", numpy: "sigmoid({a})", jax: "jax.nn.sigmoid({a})",
                    rust: "sigmoid({a})", latex: "\\sigma({a})",
                }
            }
            /// ln(1 + e^a)
            softplus = Softplus {
                commutes: false, flops: 42, error_ulp: 4,
                unsigned: Always,
                meaning: |lanes, a| elementary::softplus(lanes, a),
                real: |a| real::softplus(a),
                derivative: |terms, a, result| [terms.sigmoid(a)],
                export: {
                    torch: "torch.nn.functional.softplus({a})", numpy: "np.logaddexp({a}, np.float32(0))",
                    jax: "jax.nn.softplus({a})",
                    rust: "softplus({a})", latex: "\\ln(1 + e^{{a}})",
                }
            }
        }
    };
}
