//! Ops on numbers, and numbers made of many.

use std::f64::consts::{FRAC_1_SQRT_2, LN_10};

/// The meaning of an elementwise op on numbers.
#[must_use]
pub fn elementwise(mnemonic: &str) -> Option<fn(&[f64]) -> f64> {
    Some(match mnemonic {
        "add" => |x| x[0] + x[1],
        "sub" => |x| x[0] - x[1],
        "mul" => |x| x[0] * x[1],
        "div" => |x| x[0] / x[1],
        "fma" => |x| x[0] * x[1] + x[2],
        "min" => |x| minimum(x[0], x[1]),
        "max" => |x| maximum(x[0], x[1]),
        "clip" => |x| minimum(maximum(x[0], x[1]), x[2]),
        "lerp" => |x| x[0] + x[2] * (x[1] - x[0]),
        "neg" => |x| -x[0],
        "abs" => |x| x[0].abs(),
        "sign" => |x| match x[0] {
            zero if zero == 0.0 => zero,
            number => number.signum(),
        },
        "heaviside" => |x| indicator(x[0] > 0.0),
        "less" => |x| indicator(x[0] < x[1]),
        "less_equal" => |x| indicator(x[0] <= x[1]),
        "equal" => |x| indicator(x[0] == x[1]),
        "not_equal" => |x| indicator(x[0] != x[1]),
        "is_finite" => |x| indicator(x[0].is_finite()),
        "select" => |x| if x[0] > 0.0 { x[1] } else { x[2] },
        "broadcast" => |x| x[0],
        "square" => |x| x[0] * x[0],
        "cube" => |x| x[0] * x[0] * x[0],
        "sqrt" => |x| x[0].sqrt(),
        "rsqrt" => |x| 1.0 / x[0].sqrt(),
        "cbrt" => |x| x[0].cbrt(),
        "reciprocal" => |x| 1.0 / x[0],
        "pow" => |x| power(x[0], x[1]),
        "exp" => |x| x[0].exp(),
        "exp2" => |x| x[0].exp2(),
        "exp10" => |x| (x[0] * LN_10).exp(),
        "expm1" => |x| x[0].exp_m1(),
        "log" => |x| x[0].ln(),
        "log2" => |x| x[0].log2(),
        "log10" => |x| x[0].log10(),
        "log1p" => |x| x[0].ln_1p(),
        "sin" => |x| x[0].sin(),
        "cos" => |x| x[0].cos(),
        "tan" => |x| x[0].tan(),
        "asin" => |x| x[0].asin(),
        "acos" => |x| x[0].acos(),
        "atan" => |x| x[0].atan(),
        "atan2" => |x| x[0].atan2(x[1]),
        "sinh" => |x| x[0].sinh(),
        "cosh" => |x| x[0].cosh(),
        "tanh" => |x| x[0].tanh(),
        "asinh" => |x| x[0].asinh(),
        "acosh" => |x| x[0].acosh(),
        "atanh" => |x| x[0].atanh(),
        "sigmoid" => |x| 1.0 / (1.0 + (-x[0]).exp()),
        "softplus" => |x| x[0].max(0.0) + (-x[0].abs()).exp().ln_1p(),
        "erf" => |x| libm::erf(x[0]),
        "gelu" => |x| 0.5 * x[0] * (1.0 + libm::erf(x[0] * FRAC_1_SQRT_2)),
        _ => return None,
    })
}

/// A number made of the elements of each operand.
pub type Reduction = fn(&[&[f64]]) -> f64;

/// The meaning of a reduction.
#[must_use]
pub fn reduction(mnemonic: &str) -> Option<Reduction> {
    Some(match mnemonic {
        "sum" => |x| x[0].iter().sum(),
        "mean" => |x| x[0].iter().sum::<f64>() / x[0].len() as f64,
        "count_of" => |x| x[0].len() as f64,
        "max_of" => |x| x[0].iter().copied().fold(f64::NEG_INFINITY, maximum),
        "min_of" => |x| x[0].iter().copied().fold(f64::INFINITY, minimum),
        "norm" => |x| x[0].iter().map(|x| x * x).sum::<f64>().sqrt(),
        "norm_1" => |x| x[0].iter().map(|x| x.abs()).sum(),
        "norm_inf" => |x| x[0].iter().map(|x| x.abs()).fold(0.0, maximum),
        "dot" => |x| x[0].iter().zip(x[1]).map(|(a, b)| a * b).sum(),
        _ => return None,
    })
}

const fn indicator(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

/// The greater of two numbers; NaN if either is.
#[must_use]
pub fn maximum(a: f64, b: f64) -> f64 {
    -minimum(-a, -b)
}

/// A power as `pow` defines it: a limit of powers, or a NaN.
fn power(a: f64, b: f64) -> f64 {
    let is_none = a < 0.0 || a == 0.0 && b == 0.0 || a.is_infinite() && b == 0.0;
    if is_none || a == 1.0 && b.is_infinite() {
        f64::NAN
    } else {
        a.powf(b)
    }
}
