//! Arithmetic.

/// Puts these rows after those before, and hands all of them on.
macro_rules! arithmetic {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// a + b
            add = Add {
                commutes: true, flops: 1,
                unsigned: Kept,
                meaning: |lanes, a, b| lanes.add(a, b),
                real: |a, b| a + b,
                derivative: |terms, a, b, result| [terms.one(), terms.one()],
                export: {
                    torch: "{a} + {b}", numpy: "{a} + {b}", jax: "{a} + {b}",
                    rust: "{a} + {b}", latex: "{a} + {b}",
                }
            }
            /// a − b
            sub = Sub {
                commutes: false, flops: 1,
                meaning: |lanes, a, b| lanes.sub(a, b),
                real: |a, b| a - b,
                derivative: |terms, a, b, result| [terms.one(), terms.constant(-1.0)],
                export: {
                    torch: "{a} - {b}", numpy: "{a} - {b}", jax: "{a} - {b}",
                    rust: "{a} - {b}", latex: "{a} - {b}",
                }
            }
            /// a · b
            mul = Mul {
                commutes: true, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a, b| lanes.mul(a, b),
                real: |a, b| a * b,
                derivative: |terms, a, b, result| [b, a],
                export: {
                    torch: "{a} * {b}", numpy: "{a} * {b}", jax: "{a} * {b}",
                    rust: "{a} * {b}", latex: "{a} \\, {b}",
                }
            }
            /// a / b; x/0 is ±∞ and 0/0 is NaN, as IEEE 754 has it
            div = Div {
                commutes: false, flops: 1,
                unsigned: Kept,
                meaning: |lanes, a, b| lanes.div(a, b),
                real: |a, b| a / b,
                derivative: |terms, a, b, result| [terms.reciprocal(b), terms.neg(terms.div(result, b))],
                export: {
                    torch: "{a} / {b}", numpy: "{a} / {b}", jax: "{a} / {b}",
                    rust: "{a} / {b}", latex: "\\frac{{a}}{{b}}",
                }
            }
            /// a · b + c, rounded once
            fma = Fma {
                commutes: true, flops: 2,
                unsigned: Kept,
                meaning: |lanes, a, b, c| lanes.fma(a, b, c),
                real: |a, b, c| a * b + c,
                derivative: |terms, a, b, c, result| [b, a, terms.one()],
                export: {
                    torch: "fma({a}, {b}, {c})", numpy: "fma({a}, {b}, {c})", jax: "fma({a}, {b}, {c})",
                    rust: "{a}.mul_add({b}, {c})", latex: "{a} \\, {b} + {c}",
                }
            }
            /// −a
            neg = Neg {
                commutes: false, flops: 1,
                meaning: |lanes, a| lanes.neg(a),
                real: |a| -a,
                derivative: |terms, a, result| [terms.constant(-1.0)],
                export: {
                    torch: "-{a}", numpy: "-{a}", jax: "-{a}",
                    rust: "-{a}", latex: "-{a}",
                }
            }
            /// |a|; the derivative at 0 is 0
            abs = Abs {
                commutes: false, flops: 1,
                unsigned: Always, truth: Kept,
                meaning: |lanes, a| lanes.abs(a),
                real: |a| a.abs(),
                derivative: |terms, a, result| [terms.sign(a)],
                export: {
                    torch: "torch.abs({a})", numpy: "np.abs({a})", jax: "jnp.abs({a})",
                    rust: "{a}.abs()", latex: "|{a}|",
                }
            }
            /// −1, ±0 or 1 as a is negative, ±0 or positive; NaN if a is. The derivative is 0, also at 0
            sign = Sign {
                commutes: false, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a| {
                    let zero = lanes.constant(0.0);
                    let not_positive = lanes.select(lanes.less(a, zero), lanes.constant(-1.0), a);
                    lanes.select(lanes.less(zero, a), lanes.constant(1.0), not_positive)
                },
                real: |a| real::sign(a),
                derivative: |terms, a, result| [terms.zero()],
                export: {
                    torch: "torch.sign({a})", numpy: "np.sign({a})", jax: "jnp.sign({a})",
                    rust: "sign({a})", latex: "\\operatorname{sign}({a})",
                }
            }
            /// a²
            square = Square {
                commutes: false, flops: 1,
                unsigned: Always, truth: Kept,
                meaning: |lanes, a| lanes.mul(a, a),
                real: |a| a * a,
                derivative: |terms, a, result| [terms.add(a, a)],
                export: {
                    torch: "torch.square({a})", numpy: "np.square({a})", jax: "jnp.square({a})",
                    rust: "{a} * {a}", latex: "{a}^2",
                }
            }
            /// a³
            cube = Cube {
                commutes: false, flops: 2,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a| lanes.mul(lanes.mul(a, a), a),
                real: |a| a * a * a,
                derivative: |terms, a, result| [terms.mul(terms.constant(3.0), terms.square(a))],
                export: {
                    torch: "{a} * {a} * {a}", numpy: "{a} * {a} * {a}", jax: "{a} * {a} * {a}",
                    rust: "{a} * {a} * {a}", latex: "{a}^3",
                }
            }
            /// 1 / a
            reciprocal = Reciprocal {
                commutes: false, flops: 1,
                unsigned: Kept,
                meaning: |lanes, a| lanes.div(lanes.constant(1.0), a),
                real: |a| 1.0 / a,
                derivative: |terms, a, result| [terms.neg(terms.square(result))],
                export: {
                    torch: "torch.reciprocal({a})", numpy: "np.reciprocal({a})", jax: "jnp.reciprocal({a})",
                    rust: "1.0 / {a}", latex: "\\frac{1}{{a}}",
                }
            }
            /// a + c (b − a): linear interpolation from a to b by c
            lerp = Lerp {
                commutes: false, flops: 3,
                truth: Kept,
                meaning: |lanes, a, b, c| lanes.add(a, lanes.mul(c, lanes.sub(b, a))),
                real: |a, b, c| a + c * (b - a),
                derivative: |terms, a, b, c, result| [terms.sub(terms.one(), c), c, terms.sub(b, a)],
                export: {
                    torch: "{a} + {c} * ({b} - {a})", numpy: "{a} + {c} * ({b} - {a})", jax: "{a} + {c} * ({b} - {a})",
                    rust: "{a} + {c} * ({b} - {a})", latex: "{a} + {c} ({b} - {a})",
                }
            }
        }
    };
}
