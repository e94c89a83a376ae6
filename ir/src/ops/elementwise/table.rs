//! The rows of the elementwise ops, by family.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, LOG2_E, LOG10_E};

use crate::elementary;
use crate::function::Value;
use crate::lanes::{Lanes, ScalarLanes};
use crate::ops::terms::Terms;
use crate::ops::{Op, Templates, exactly};

elementwise_ops! {
    // Arithmetic
    /// a + b
    add = Add {
        commutes: true, flops: 1,
        meaning: |lanes, a, b| lanes.add(a, b),
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
        derivative: |terms, a, b, result| [terms.one(), terms.constant(-1.0)],
        export: {
            torch: "{a} - {b}", numpy: "{a} - {b}", jax: "{a} - {b}",
            rust: "{a} - {b}", latex: "{a} - {b}",
        }
    }
    /// a · b
    mul = Mul {
        commutes: true, flops: 1,
        meaning: |lanes, a, b| lanes.mul(a, b),
        derivative: |terms, a, b, result| [b, a],
        export: {
            torch: "{a} * {b}", numpy: "{a} * {b}", jax: "{a} * {b}",
            rust: "{a} * {b}", latex: "{a} \\, {b}",
        }
    }
    /// a / b; x/0 is ±∞ and 0/0 is NaN, as IEEE 754 has it
    div = Div {
        commutes: false, flops: 1,
        meaning: |lanes, a, b| lanes.div(a, b),
        derivative: |terms, a, b, result| [terms.reciprocal(b), terms.neg(terms.div(result, b))],
        export: {
            torch: "{a} / {b}", numpy: "{a} / {b}", jax: "{a} / {b}",
            rust: "{a} / {b}", latex: "\\frac{{a}}{{b}}",
        }
    }
    /// a · b + c, rounded once
    fma = Fma {
        commutes: true, flops: 2,
        meaning: |lanes, a, b, c| lanes.fma(a, b, c),
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
        derivative: |terms, a, result| [terms.constant(-1.0)],
        export: {
            torch: "-{a}", numpy: "-{a}", jax: "-{a}",
            rust: "-{a}", latex: "-{a}",
        }
    }
    /// |a|; the derivative at 0 is 0
    abs = Abs {
        commutes: false, flops: 1,
        meaning: |lanes, a| lanes.abs(a),
        derivative: |terms, a, result| [terms.sign(a)],
        export: {
            torch: "torch.abs({a})", numpy: "np.abs({a})", jax: "jnp.abs({a})",
            rust: "{a}.abs()", latex: "|{a}|",
        }
    }
    /// −1, ±0 or 1 as a is negative, ±0 or positive; NaN if a is. The derivative is 0, also at 0
    sign = Sign {
        commutes: false, flops: 1,
        meaning: |lanes, a| {
            let zero = lanes.constant(0.0);
            let not_positive = lanes.select(lanes.less(a, zero), lanes.constant(-1.0), a);
            lanes.select(lanes.less(zero, a), lanes.constant(1.0), not_positive)
        },
        derivative: |terms, a, result| [terms.zero()],
        export: {
            torch: "torch.sign({a})", numpy: "np.sign({a})", jax: "jnp.sign({a})",
            rust: "sign({a})", latex: "\\operatorname{sign}({a})",
        }
    }
    /// a²
    square = Square {
        commutes: false, flops: 1,
        meaning: |lanes, a| lanes.mul(a, a),
        derivative: |terms, a, result| [terms.add(a, a)],
        export: {
            torch: "torch.square({a})", numpy: "np.square({a})", jax: "jnp.square({a})",
            rust: "{a} * {a}", latex: "{a}^2",
        }
    }
    /// a³
    cube = Cube {
        commutes: false, flops: 2,
        meaning: |lanes, a| lanes.mul(lanes.mul(a, a), a),
        derivative: |terms, a, result| [terms.mul(terms.constant(3.0), terms.square(a))],
        export: {
            torch: "{a} * {a} * {a}", numpy: "{a} * {a} * {a}", jax: "{a} * {a} * {a}",
            rust: "{a} * {a} * {a}", latex: "{a}^3",
        }
    }
    /// 1 / a
    reciprocal = Reciprocal {
        commutes: false, flops: 1,
        meaning: |lanes, a| lanes.div(lanes.constant(1.0), a),
        derivative: |terms, a, result| [terms.neg(terms.square(result))],
        export: {
            torch: "torch.reciprocal({a})", numpy: "np.reciprocal({a})", jax: "jnp.reciprocal({a})",
            rust: "1.0 / {a}", latex: "\\frac{1}{{a}}",
        }
    }
    /// a + c (b − a): linear interpolation from a to b by c
    lerp = Lerp {
        commutes: false, flops: 3,
        meaning: |lanes, a, b, c| lanes.add(a, lanes.mul(c, lanes.sub(b, a))),
        derivative: |terms, a, b, c, result| [terms.sub(terms.one(), c), c, terms.sub(b, a)],
        export: {
            torch: "{a} + {c} * ({b} - {a})", numpy: "{a} + {c} * ({b} - {a})", jax: "{a} + {c} * ({b} - {a})",
            rust: "{a} + {c} * ({b} - {a})", latex: "{a} + {c} ({b} - {a})",
        }
    }
    // Bounds
    /// the smaller of a and b; NaN if either is, and −0 < +0. Where they are equal, each has half of the derivative
    min = Min {
        commutes: true, flops: 1,
        meaning: |lanes, a, b| lanes.minimum(a, b),
        derivative: |terms, a, b, result| [terms.share_below(a, b), terms.share_below(b, a)],
        export: {
            torch: "torch.minimum({a}, {b})", numpy: "np.minimum({a}, {b})", jax: "jnp.minimum({a}, {b})",
            rust: "minimum({a}, {b})", latex: "\\min({a}, {b})",
        }
    }
    /// the greater of a and b; NaN if either is, and −0 < +0. Where they are equal, each has half of the derivative
    max = Max {
        commutes: true, flops: 1,
        meaning: |lanes, a, b| lanes.maximum(a, b),
        derivative: |terms, a, b, result| [terms.share_below(b, a), terms.share_below(a, b)],
        export: {
            torch: "torch.maximum({a}, {b})", numpy: "np.maximum({a}, {b})", jax: "jnp.maximum({a}, {b})",
            rust: "maximum({a}, {b})", latex: "\\max({a}, {b})",
        }
    }
    /// a bounded to at least b and at most c: min(max(a, b), c). At a bound, each has half of the derivative
    clip = Clip {
        commutes: true, flops: 2,
        meaning: |lanes, a, b, c| lanes.minimum(lanes.maximum(a, b), c),
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
            torch: "torch.minimum(torch.maximum({a}, {b}), {c})", numpy: "np.minimum(np.maximum({a}, {b}), {c})", jax: "jnp.minimum(jnp.maximum({a}, {b}), {c})",
            rust: "minimum(maximum({a}, {b}), {c})", latex: "\\min(\\max({a}, {b}), {c})",
        }
    }
    // Comparisons and choices. What compares gives 1 or 0
    /// 1 if a < b, else 0, also for NaN. The derivative is 0, also where they are equal
    less = Less {
        commutes: false, flops: 1,
        meaning: |lanes, a, b| {
            lanes.select(lanes.less(a, b), lanes.constant(1.0), lanes.constant(0.0))
        },
        derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
        export: {
            torch: "({a} < {b}).float()", numpy: "np.where({a} < {b}, np.float32(1), np.float32(0))",
            jax: "jnp.where({a} < {b}, 1.0, 0.0)",
            rust: "if {a} < {b} { 1.0 } else { 0.0 }", latex: "[{a} < {b}]",
        }
    }
    /// 1 if a ≤ b, else 0, also for NaN. The derivative is 0, also where they are equal
    less_equal = LessEqual {
        commutes: false, flops: 1,
        meaning: |lanes, a, b| {
            let (zero, one) = (lanes.constant(0.0), lanes.constant(1.0));
            let equal_or_not = lanes.select(lanes.equal(a, b), one, zero);
            lanes.select(lanes.less(a, b), one, equal_or_not)
        },
        derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
        export: {
            torch: "({a} <= {b}).float()", numpy: "np.where({a} <= {b}, np.float32(1), np.float32(0))", jax: "jnp.where({a} <= {b}, 1.0, 0.0)",
            rust: "if {a} <= {b} { 1.0 } else { 0.0 }", latex: "[{a} \\le {b}]",
        }
    }
    /// 1 if a = b, else 0, also for NaN; −0 equals +0. The derivative is 0 everywhere
    equal = Equal {
        commutes: true, flops: 1,
        meaning: |lanes, a, b| {
            lanes.select(lanes.equal(a, b), lanes.constant(1.0), lanes.constant(0.0))
        },
        derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
        export: {
            torch: "({a} == {b}).float()", numpy: "np.where({a} == {b}, np.float32(1), np.float32(0))",
            jax: "jnp.where({a} == {b}, 1.0, 0.0)",
            rust: "if {a} == {b} { 1.0 } else { 0.0 }", latex: "[{a} = {b}]",
        }
    }
    /// 0 if a = b, else 1, also for NaN; −0 equals +0. The derivative is 0 everywhere
    not_equal = NotEqual {
        commutes: true, flops: 1,
        meaning: |lanes, a, b| {
            lanes.select(lanes.equal(a, b), lanes.constant(0.0), lanes.constant(1.0))
        },
        derivative: |terms, a, b, result| [terms.zero(), terms.zero()],
        export: {
            torch: "({a} != {b}).float()", numpy: "np.where({a} != {b}, np.float32(1), np.float32(0))", jax: "jnp.where({a} != {b}, 1.0, 0.0)",
            rust: "if {a} != {b} { 1.0 } else { 0.0 }", latex: "[{a} \\ne {b}]",
        }
    }
    /// 1 if a > 0, else 0, also for NaN. The derivative is 0, also at 0
    heaviside = Heaviside {
        commutes: false, flops: 1,
        meaning: |lanes, a| {
            let zero = lanes.constant(0.0);
            lanes.select(lanes.less(zero, a), lanes.constant(1.0), zero)
        },
        derivative: |terms, a, result| [terms.zero()],
        export: {
            torch: "({a} > 0).float()", numpy: "np.where({a} > 0, np.float32(1), np.float32(0))", jax: "jnp.where({a} > 0, 1.0, 0.0)",
            rust: "if {a} > 0.0 { 1.0 } else { 0.0 }", latex: "[{a} > 0]",
        }
    }
    /// 1 if a is a finite number, 0 if it is ±∞ or NaN. The derivative is 0
    is_finite = IsFinite {
        commutes: false, flops: 1,
        meaning: |lanes, a| {
            let finite = lanes.less(lanes.abs(a), lanes.constant(f32::INFINITY));
            lanes.select(finite, lanes.constant(1.0), lanes.constant(0.0))
        },
        derivative: |terms, a, result| [terms.zero()],
        export: {
            torch: "torch.isfinite({a}).float()", numpy: "np.isfinite({a}).astype(np.float32)", jax: "jnp.isfinite({a}).astype(jnp.float32)",
            rust: "if {a}.is_finite() { 1.0 } else { 0.0 }", latex: "[|{a}| < \\infty]",
        }
    }
    /// b where a > 0, else c, also for NaN. The derivative with respect to a and to what is not taken is 0
    select = Select {
        commutes: false, flops: 1,
        meaning: |lanes, a, b, c| lanes.select(lanes.less(lanes.constant(0.0), a), b, c),
        derivative: |terms, a, b, c, result| [
            terms.zero(),
            terms.select(a, terms.one(), terms.zero()),
            terms.select(a, terms.zero(), terms.one()),
        ],
        export: {
            torch: "torch.where({a} > 0, {b}, {c})", numpy: "np.where({a} > 0, {b}, {c})", jax: "jnp.where({a} > 0, {b}, {c})",
            rust: "if {a} > 0.0 { {b} } else { {c} }", latex: "[{a} > 0] \\, {b} + [{a} \\le 0] \\, {c}",
        }
    }
    /// a, in the shape of b
    broadcast = Broadcast {
        commutes: false, flops: 1,
        meaning: |lanes, a, b| {
            let _ = b;
            a
        },
        derivative: |terms, a, b, result| [terms.one(), terms.zero()],
        export: {
            torch: "{a}.expand_as({b})", numpy: "np.broadcast_to({a}, np.shape({b}))", jax: "jnp.broadcast_to({a}, jnp.shape({b}))",
            rust: "{a}", latex: "{a}",
        }
    }
    // Roots and powers
    /// √a; NaN for a < 0. The derivative at ±0 is ±∞
    sqrt = Sqrt {
        commutes: false, flops: 1,
        meaning: |lanes, a| lanes.sqrt(a),
        derivative: |terms, a, result| [terms.div(terms.constant(0.5), result)],
        export: {
            torch: "torch.sqrt({a})", numpy: "np.sqrt({a})", jax: "jnp.sqrt({a})",
            rust: "{a}.sqrt()", latex: "\\sqrt{{a}}",
        }
    }
    /// the cube root of a
    cbrt = Cbrt {
        commutes: false, flops: 33, error_ulp: 1,
        meaning: |lanes, a| elementary::cbrt(lanes, a),
        derivative: |terms, a, result| [terms.div(terms.constant(1.0 / 3.0), terms.square(result))],
        export: {
            torch: "cbrt({a})", numpy: "np.cbrt({a})", jax: "jnp.cbrt({a})",
            rust: "{a}.cbrt()", latex: "\\sqrt[3]{{a}}",
        }
    }
    /// 1 / √a; ∞ with the sign of a at ±0, NaN for a < 0
    rsqrt = Rsqrt {
        commutes: false, flops: 12, error_ulp: 1,
        meaning: |lanes, a| elementary::rsqrt(lanes, a),
        derivative: |terms, a, result| [terms.mul(terms.constant(-0.5), terms.cube(result))],
        export: {
            torch: "torch.rsqrt({a})", numpy: "1 / np.sqrt({a})", jax: "jax.lax.rsqrt({a})",
            rust: "1.0 / {a}.sqrt()", latex: "\\frac{1}{\\sqrt{{a}}}",
        }
    }
    /// a to the power b, for a ≥ 0; NaN for a < 0, 0⁰, ∞⁰ and 1^±∞. ∂/∂a is 1 where b is 1, ∂/∂b is 0 where the power is 0
    pow = Pow {
        commutes: false, flops: 66, error_ulp: 4,
        meaning: |lanes, a, b| elementary::pow(lanes, a, b),
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
    // Exponentials and logarithms
    /// e to the power a
    exp = Exp {
        commutes: false, flops: 23, error_ulp: 1,
        meaning: |lanes, a| elementary::exp(lanes, a),
        derivative: |terms, a, result| [result],
        export: {
            torch: "torch.exp({a})", numpy: "np.exp({a})", jax: "jnp.exp({a})",
            rust: "{a}.exp()", latex: "e^{{a}}",
        }
    }
    /// 2 to the power a
    exp2 = Exp2 {
        commutes: false, flops: 19, error_ulp: 1,
        meaning: |lanes, a| elementary::exp2(lanes, a),
        derivative: |terms, a, result| [terms.mul(result, terms.constant(LN_2))],
        export: {
            torch: "torch.exp2({a})", numpy: "np.exp2({a})", jax: "jnp.exp2({a})",
            rust: "{a}.exp2()", latex: "2^{{a}}",
        }
    }
    /// 10 to the power a
    exp10 = Exp10 {
        commutes: false, flops: 23, error_ulp: 4,
        meaning: |lanes, a| elementary::exp10(lanes, a),
        derivative: |terms, a, result| [terms.mul(result, terms.constant(LN_10))],
        export: {
            torch: "exp10({a})", numpy: "exp10({a})", jax: "exp10({a})",
            rust: "exp10({a})", latex: "10^{{a}}",
        }
    }
    /// e to the power a, less 1
    expm1 = Expm1 {
        commutes: false, flops: 24, error_ulp: 2,
        meaning: |lanes, a| elementary::expm1(lanes, a),
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
        derivative: |terms, a, result| [terms.div(terms.constant(LOG10_E), a)],
        export: {
            torch: "torch.log10({a})", numpy: "np.log10({a})", jax: "jnp.log10({a})",
            rust: "{a}.log10()", latex: "\\log_{10} {a}",
        }
    }
    /// the natural logarithm of 1 + a; −∞ at −1, NaN for a < −1
    log1p = Log1p {
        commutes: false, flops: 28, error_ulp: 2,
        meaning: |lanes, a| elementary::log1p(lanes, a),
        derivative: |terms, a, result| [terms.reciprocal(terms.add(a, terms.one()))],
        export: {
            torch: "torch.log1p({a})", numpy: "np.log1p({a})", jax: "jnp.log1p({a})",
            rust: "{a}.ln_1p()", latex: "\\ln(1 + {a})",
        }
    }
    /// 1 / (1 + e^−a), the logistic function
    sigmoid = Sigmoid {
        commutes: false, flops: 33, error_ulp: 2,
        meaning: |lanes, a| elementary::sigmoid(lanes, a),
        derivative: |terms, a, result| [terms.mul(result, terms.sub(terms.one(), result))],
        export: {
            torch: "torch.sigmoid({a})", numpy: "sigmoid({a})", jax: "jax.nn.sigmoid({a})",
            rust: "sigmoid({a})", latex: "\\sigma({a})",
        }
    }
    /// ln(1 + e^a)
    softplus = Softplus {
        commutes: false, flops: 42, error_ulp: 4,
        meaning: |lanes, a| elementary::softplus(lanes, a),
        derivative: |terms, a, result| [terms.sigmoid(a)],
        export: {
            torch: "torch.nn.functional.softplus({a})", numpy: "np.logaddexp({a}, np.float32(0))", jax: "jax.nn.softplus({a})",
            rust: "softplus({a})", latex: "\\ln(1 + e^{{a}})",
        }
    }
    // The normal distribution
    /// the error function of a
    erf = Erf {
        commutes: false, flops: 43, error_ulp: 2,
        meaning: |lanes, a| elementary::erf(lanes, a),
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
        meaning: |lanes, a| elementary::gelu(lanes, a),
        derivative: |terms, a, result| [{
            let half = terms.constant(0.5);
            let root = terms.erf(terms.mul(a, terms.constant(FRAC_1_SQRT_2)));
            let exponent = terms.mul(terms.square(a), terms.constant(-0.5));
            let scale = terms.constant(0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI);
            let density = terms.mul(terms.exp(exponent), scale);
            terms.add(terms.add(terms.mul(root, half), half), terms.mul(a, density))
        }],
        export: {
            torch: "torch.nn.functional.gelu({a})", numpy: "gelu({a})", jax: "jax.nn.gelu({a}, approximate=False)",
            rust: "gelu({a})", latex: "\\operatorname{gelu}({a})",
        }
    }
    // Trigonometric functions, in radians
    /// the sine of a; NaN at ±∞
    sin = Sin {
        commutes: false, flops: 66, error_ulp: 2,
        meaning: |lanes, a| elementary::sin(lanes, a),
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
        derivative: |terms, a, result| [terms.add(terms.one(), terms.square(result))],
        export: {
            torch: "torch.tan({a})", numpy: "np.tan({a})", jax: "jnp.tan({a})",
            rust: "{a}.tan()", latex: "\\tan({a})",
        }
    }
    /// the arc sine of a, from −π/2 to π/2; NaN for |a| > 1
    asin = Asin {
        commutes: false, flops: 17, error_ulp: 4,
        meaning: |lanes, a| elementary::asin(lanes, a),
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
        meaning: |lanes, a| elementary::acos(lanes, a),
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
        meaning: |lanes, a| elementary::atan(lanes, a),
        derivative: |terms, a, result| [terms.reciprocal(terms.add(terms.one(), terms.square(a)))],
        export: {
            torch: "torch.atan({a})", numpy: "np.arctan({a})", jax: "jnp.arctan({a})",
            rust: "{a}.atan()", latex: "\\arctan({a})",
        }
    }
    // Hyperbolic functions
    /// the hyperbolic sine of a
    sinh = Sinh {
        commutes: false, flops: 28, error_ulp: 4,
        meaning: |lanes, a| elementary::sinh(lanes, a),
        derivative: |terms, a, result| [terms.cosh(a)],
        export: {
            torch: "torch.sinh({a})", numpy: "np.sinh({a})", jax: "jnp.sinh({a})",
            rust: "{a}.sinh()", latex: "\\sinh({a})",
        }
    }
    /// the hyperbolic cosine of a
    cosh = Cosh {
        commutes: false, flops: 28, error_ulp: 4,
        meaning: |lanes, a| elementary::cosh(lanes, a),
        derivative: |terms, a, result| [terms.sinh(a)],
        export: {
            torch: "torch.cosh({a})", numpy: "np.cosh({a})", jax: "jnp.cosh({a})",
            rust: "{a}.cosh()", latex: "\\cosh({a})",
        }
    }
    /// the hyperbolic tangent of a
    tanh = Tanh {
        commutes: false, flops: 34, error_ulp: 2,
        meaning: |lanes, a| elementary::tanh(lanes, a),
        derivative: |terms, a, result| [terms.sub(terms.one(), terms.square(result))],
        export: {
            torch: "torch.tanh({a})", numpy: "np.tanh({a})", jax: "jnp.tanh({a})",
            rust: "{a}.tanh()", latex: "\\tanh({a})",
        }
    }
    /// the inverse hyperbolic sine of a
    asinh = Asinh {
        commutes: false, flops: 35, error_ulp: 4,
        meaning: |lanes, a| elementary::asinh(lanes, a),
        derivative: |terms, a, result| [terms.rsqrt(terms.add(terms.square(a), terms.one()))],
        export: {
            torch: "torch.asinh({a})", numpy: "np.arcsinh({a})", jax: "jnp.arcsinh({a})",
            rust: "{a}.asinh()", latex: "\\operatorname{arsinh}({a})",
        }
    }
    /// the inverse hyperbolic cosine of a; NaN for a < 1
    acosh = Acosh {
        commutes: false, flops: 33, error_ulp: 4,
        meaning: |lanes, a| elementary::acosh(lanes, a),
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
        meaning: |lanes, a| elementary::atanh(lanes, a),
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
