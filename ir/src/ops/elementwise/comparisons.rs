//! Comparisons and choices. What compares gives 1 or 0.

/// Puts these rows after those before, and hands all of them on.
macro_rules! comparisons {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// 1 if a < b, else 0, also for NaN. The derivative is 0, also where they are equal
            less = Less {
                commutes: false, flops: 1,
                unsigned: Always, truth: Always,
                meaning: |lanes, a, b| {
                    lanes.select(lanes.less(a, b), lanes.constant(1.0), lanes.constant(0.0))
                },
                real: |a, b| real::indicator(a < b),
                derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
                export: {
                    torch: "({a} < {b}).float()", numpy: "np.where({a} < {b}, np.float32(1), np.float32(0))",
                    jax: "jnp.where({a} < {b}, 1.0, 0.0)",
                    rust: "f32::from({a} < {b})", latex: "[{a} < {b}]",
                }
            }
            /// 1 if a ≤ b, else 0, also for NaN. The derivative is 0, also where they are equal
            less_equal = LessEqual {
                commutes: false, flops: 1,
                unsigned: Always, truth: Always,
                meaning: |lanes, a, b| {
                    let (zero, one) = (lanes.constant(0.0), lanes.constant(1.0));
                    let equal_or_not = lanes.select(lanes.equal(a, b), one, zero);
                    lanes.select(lanes.less(a, b), one, equal_or_not)
                },
                real: |a, b| real::indicator(a <= b),
                derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
                export: {
                    torch: "({a} <= {b}).float()", numpy: "np.where({a} <= {b}, np.float32(1), np.float32(0))",
                    jax: "jnp.where({a} <= {b}, 1.0, 0.0)",
                    rust: "f32::from({a} <= {b})", latex: "[{a} \\le {b}]",
                }
            }
            /// 1 if a = b, else 0, also for NaN; −0 equals +0. The derivative is 0 everywhere
            equal = Equal {
                commutes: true, flops: 1,
                unsigned: Always, truth: Always,
                meaning: |lanes, a, b| {
                    lanes.select(lanes.equal(a, b), lanes.constant(1.0), lanes.constant(0.0))
                },
                real: |a, b| real::indicator(a == b),
                derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
                export: {
                    torch: "({a} == {b}).float()", numpy: "np.where({a} == {b}, np.float32(1), np.float32(0))",
                    jax: "jnp.where({a} == {b}, 1.0, 0.0)",
                    rust: "f32::from({a} == {b})", latex: "[{a} = {b}]",
                }
            }
            /// 0 if a = b, else 1, also for NaN; −0 equals +0. The derivative is 0 everywhere
            not_equal = NotEqual {
                commutes: true, flops: 1,
                unsigned: Always, truth: Always,
                meaning: |lanes, a, b| {
                    lanes.select(lanes.equal(a, b), lanes.constant(0.0), lanes.constant(1.0))
                },
                real: |a, b| real::indicator(a != b),
                derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
                export: {
                    torch: "({a} != {b}).float()", numpy: "np.where({a} != {b}, np.float32(1), np.float32(0))",
                    jax: "jnp.where({a} != {b}, 1.0, 0.0)",
                    rust: "f32::from({a} != {b})", latex: "[{a} \\ne {b}]",
                }
            }
            /// 1 if a > 0, else 0, also for NaN. The derivative is 0, also at 0
            heaviside = Heaviside {
                commutes: false, flops: 1,
                unsigned: Always, truth: Always,
                meaning: |lanes, a| {
                    let zero = lanes.constant(0.0);
                    lanes.select(lanes.less(zero, a), lanes.constant(1.0), zero)
                },
                real: |a| real::indicator(a > 0.0),
                derivative: |terms, a, result| [terms.zero()],
                export: {
                    torch: "({a} > 0).float()", numpy: "np.where({a} > 0, np.float32(1), np.float32(0))",
                    jax: "jnp.where({a} > 0, 1.0, 0.0)",
                    rust: "f32::from({a} > 0.0)", latex: "[{a} > 0]",
                }
            }
            /// 1 if a is a finite number, 0 if it is ±∞ or NaN. The derivative is 0
            is_finite = IsFinite {
                commutes: false, flops: 1,
                unsigned: Always, truth: Always,
                meaning: |lanes, a| {
                    let finite = lanes.less(lanes.abs(a), lanes.constant(f32::INFINITY));
                    lanes.select(finite, lanes.constant(1.0), lanes.constant(0.0))
                },
                real: |a| real::indicator(a.is_finite()),
                derivative: |terms, a, result| [terms.zero()],
                export: {
                    torch: "torch.isfinite({a}).float()", numpy: "np.isfinite({a}).astype(np.float32)",
                    jax: "jnp.isfinite({a}).astype(jnp.float32)",
                    rust: "f32::from({a}.is_finite())", latex: "[|{a}| < \\infty]",
                }
            }
            /// b where a > 0, else c, also for NaN. The derivative with respect to a and to what is not taken is 0
            select = Select {
                commutes: false, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a, b, c| lanes.select(lanes.less(lanes.constant(0.0), a), b, c),
                real: |a, b, c| if a > 0.0 { b } else { c },
                derivative: |terms, a, b, c, result| [
                    terms.zero(),
                    terms.select(a, terms.one(), terms.zero()),
                    terms.select(a, terms.zero(), terms.one()),
                ],
                export: {
                    torch: "torch.where({a} > 0, {b}, {c})", numpy: "np.where({a} > 0, {b}, {c})",
                    jax: "jnp.where({a} > 0, {b}, {c})",
                    rust: "if {a} > 0.0 { {b} } else { {c} }", latex: "[{a} > 0] \\, {b} + [{a} \\le 0] \\, {c}",
                }
            }
            /// a, in the shape of b
            broadcast = Broadcast {
                commutes: false, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a, b| {
                    let _ = b;
                    a
                },
                real: |a, b| a,
                derivative: |terms, a, b, result| [terms.one(), terms.zero()],
                export: {
                    torch: "{a}.expand_as({b})", numpy: "np.broadcast_to({a}, np.shape({b}))",
                    jax: "jnp.broadcast_to({a}, jnp.shape({b}))",
                    rust: "{a}", latex: "{a}",
                }
            }
        }
    };
}
