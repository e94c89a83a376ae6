//! Bounds.

/// Puts these rows after those before, and hands all of them on.
macro_rules! bounds {
    ($next:ident $($further:ident)*; $($before:tt)*) => {
        $next! {
            $($further)*; $($before)*

            /// the smaller of a and b; NaN if either is, and −0 < +0. Where they are equal, each has half of the derivative
            min = Min {
                commutes: true, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a, b| lanes.minimum(a, b),
                real: |a, b| real::minimum(a, b),
                derivative: |terms, a, b, result| [terms.share_below(a, b), terms.share_below(b, a)],
                export: {
                    torch: "torch.minimum({a}, {b})", numpy: "np.minimum({a}, {b})", jax: "jnp.minimum({a}, {b})",
                    rust: "minimum({a}, {b})", latex: "\\min({a}, {b})",
                }
            }
            /// the greater of a and b; NaN if either is, and −0 < +0. Where they are equal, each has half of the derivative
            max = Max {
                commutes: true, flops: 1,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a, b| lanes.maximum(a, b),
                real: |a, b| real::maximum(a, b),
                derivative: |terms, a, b, result| [terms.share_below(b, a), terms.share_below(a, b)],
                export: {
                    torch: "torch.maximum({a}, {b})", numpy: "np.maximum({a}, {b})", jax: "jnp.maximum({a}, {b})",
                    rust: "maximum({a}, {b})", latex: "\\max({a}, {b})",
                }
            }
            /// a bounded to at least b and at most c: min(max(a, b), c). At a bound, each has half of the derivative
            clip = Clip {
                commutes: true, flops: 2,
                unsigned: Kept, truth: Kept,
                meaning: |lanes, a, b, c| lanes.minimum(lanes.maximum(a, b), c),
                real: |a, b, c| real::minimum(real::maximum(a, b), c),
                derivative: |terms, a, b, c, result| {
                    let raised = terms.max(a, b);
                    let share_of_greater = |greater, smaller| {
                        let share = |all, half| {
                            terms.by_order(smaller, greater, terms.constant(all), terms.zero(), terms.constant(half))
                        };
                        terms.by_order(raised, c, share(1.0, 0.5), terms.zero(), share(0.5, 0.25))
                    };
                    [share_of_greater(a, b), share_of_greater(b, a), terms.share_below(c, raised)]
                },
                export: {
                    torch: "torch.minimum(torch.maximum({a}, {b}), {c})", numpy: "np.minimum(np.maximum({a}, {b}), {c})",
                    jax: "jnp.minimum(jnp.maximum({a}, {b}), {c})",
                    rust: "minimum(maximum({a}, {b}), {c})", latex: "\\min(\\max({a}, {b}), {c})",
                }
            }
        }
    };
}
