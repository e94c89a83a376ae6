//! Hyperbolic functions and their inverses.

use std::f32::consts::LN_2;

use super::exponential::{half_expm1, power_of_two, reduced_by_ln_2};
use super::logarithm::log1p_positive;
use super::{divided_by_one_plus, horner, with_sign_of};
use crate::lanes::Lanes;

/// Above this, asinh x and acosh x are ln 2x, and ln(1 + x) is ln x; up to this, squares are finite.
const LARGE: f32 = 1_099_511_627_776.0; // 2⁴⁰

/// What sinh |x| and cosh x are made of: with |x| = n ln 2 + r, |r| ≤ ½ ln 2,
///
/// sinh x = cosh r · sinh(n ln 2) + sinh r · cosh(n ln 2), and cosh x likewise. There is no
/// cancellation, and near 0 no error but that of sinh r.
struct Parts<L: Lanes> {
    /// cosh r − 1.
    cosh_less_one: L::Float,
    /// sinh r.
    sinh: L::Float,
    /// ½ cosh(n ln 2).
    half_cosh_of_power: L::Float,
    /// ½ sinh(n ln 2).
    half_sinh_of_power: L::Float,
}

/// (sinh r / r − 1) / r² is fitted on |r| ≤ ½ ln 2, to 2⁻²⁶ of sinh r, and (cosh r − 1) / r², to 2⁻³³.
#[inline(always)]
fn parts<L: Lanes>(lanes: &L, x: L::Float) -> Parts<L> {
    let x = lanes.abs(x);
    // There the result is ∞ already.
    let x = lanes.minimum(x, lanes.constant(89.5));
    // 2ⁿ⁻² and 16 · 2⁻ⁿ⁻² are normal for all n that there are, up to 129, but not less.
    let reduced = reduced_by_ln_2(lanes, x, 125.0);
    let r = reduced.remainder;
    let power = power_of_two(lanes, reduced.shifted);
    let inverse_bits = lanes.integer_sub(lanes.integer(254 << 23), lanes.to_bits(power));
    let inverse = lanes.bits_to_float(inverse_bits);
    let square = lanes.mul(r, r);
    let cosh = horner(lanes, square, &[1.393_545_7e-3, 0.041_666_46, 0.5]);
    let sinh = horner(lanes, square, &[8.366_716e-3, 0.166_665_42]);
    let sinh = lanes.fma(lanes.mul(square, r), sinh, r);
    let sixteenth = lanes.constant(0.0625);
    Parts {
        cosh_less_one: lanes.mul(square, cosh),
        sinh,
        half_cosh_of_power: lanes.fma(inverse, sixteenth, power),
        half_sinh_of_power: lanes.negative_mul_add(inverse, sixteenth, power),
    }
}

/// sinh x.
///
/// Error at most 2.47 ulp.
#[inline(always)]
pub(crate) fn sinh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let parts = parts(lanes, x);
    let half = lanes.fma(
        parts.sinh,
        parts.half_cosh_of_power,
        lanes.fma(
            parts.cosh_less_one,
            parts.half_sinh_of_power,
            parts.half_sinh_of_power,
        ),
    );
    with_sign_of(lanes, lanes.add(half, half), x)
}

/// cosh x.
///
/// Error at most 2.66 ulp.
#[inline(always)]
pub(crate) fn cosh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let parts = parts(lanes, x);
    let half = lanes.fma(
        parts.sinh,
        parts.half_sinh_of_power,
        lanes.fma(
            parts.cosh_less_one,
            parts.half_cosh_of_power,
            parts.half_cosh_of_power,
        ),
    );
    lanes.add(half, half)
}

/// tanh x, as h / (h + 1) with h = ½ (e^2|x| − 1).
///
/// Error at most 1.76 ulp.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let magnitude = lanes.abs(x);
    let twice = lanes.add(magnitude, magnitude);
    // There the result is 1.
    let growth = half_expm1(lanes, lanes.minimum(twice, lanes.constant(20.0)));
    let value = divided_by_one_plus(lanes, growth, growth);
    with_sign_of(lanes, value, x)
}

/// asinh x, as ln(1 + v) with v = |x| + x² / (1 + √(1 + x²)); where squares overflow, as ln x + ln 2.
///
/// Error at most 1.88 ulp.
#[inline(always)]
pub(crate) fn asinh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let magnitude = lanes.abs(x);
    let square = lanes.mul(x, x);
    let root = lanes.sqrt(lanes.fma(x, x, one));
    let small = lanes.add(magnitude, lanes.div(square, lanes.add(one, root)));
    let value = log1p_or_log_of_twice(lanes, magnitude, small);
    with_sign_of(lanes, value, x)
}

/// ln(1 + `small`), or ln 2x where x is large, for x ≥ 0; x itself for ∞ and NaN.
#[inline(always)]
fn log1p_or_log_of_twice<L: Lanes>(lanes: &L, x: L::Float, small: L::Float) -> L::Float {
    let large = lanes.less(lanes.constant(LARGE), x);
    // As ln(x / 4) + 3 ln 2, since the logarithm does not go as far as 2¹²⁷.
    let quarter = lanes.mul(x, lanes.constant(0.25));
    let argument = lanes.select(large, quarter, small);
    let addend = lanes.select(large, lanes.constant(3.0 * LN_2), lanes.constant(0.0));
    let value = lanes.add(log1p_positive(lanes, argument), addend);
    lanes.select(lanes.less(x, lanes.constant(f32::INFINITY)), value, x)
}

/// acosh x, as ln(1 + v) with t = x − 1 and v = t + √(t (t + 2)); where products overflow, as
/// ln x + ln 2.
///
/// Error at most 2.44 ulp.
#[inline(always)]
pub(crate) fn acosh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let excess = lanes.sub(x, one);
    let product = lanes.mul(excess, lanes.add(excess, lanes.constant(2.0)));
    let small = lanes.add(excess, lanes.sqrt(product));
    let value = log1p_or_log_of_twice(lanes, x, small);
    let below = lanes.less(x, one);
    lanes.select(below, lanes.constant(f32::NAN), value)
}

/// atanh x, as ½ ln(1 + 2|x| / (1 − |x|)).
///
/// Error at most 2.17 ulp.
#[inline(always)]
pub(crate) fn atanh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let magnitude = lanes.abs(x);
    let twice = lanes.add(magnitude, magnitude);
    let ratio = lanes.div(twice, lanes.sub(one, magnitude));
    let value = lanes.mul(log1p_positive(lanes, ratio), lanes.constant(0.5));
    let within = lanes.less(magnitude, one);
    let value = lanes.select(within, value, lanes.constant(f32::NAN));
    let pole = lanes.equal(magnitude, one);
    let value = lanes.select(pole, lanes.constant(f32::INFINITY), value);
    with_sign_of(lanes, value, x)
}
