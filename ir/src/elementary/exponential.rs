//! Exponential functions, and those that are made of one.
//!
//! `x = n ln 2 + r` with |r| ≤ ½ ln 2 and an integer n (Cody and Waite, *Software Manual for the
//! Elementary Functions*, 1980, ch. 6), a polynomial in r, and a multiplication by 2ⁿ. Adding a
//! number whose last place is 1 rounds to an integer; n stands in the low bits of the sum then, and
//! a bias that is added with it turns these bits into an exponent by a shift.

use std::f32::consts::{LN_2, LN_10, LOG2_10, LOG2_E};

use super::{ROUNDING_SHIFT, bounded, divided_by_one_plus, horner, with_sign_of};
use crate::lanes::Lanes;

/// The high part of ln 2, with few enough bits that its product with any n is exact.
const LN_2_HIGH: f32 = 0.693_145_75;
/// ln 2 − [`LN_2_HIGH`] (FreeBSD's msun, `e_expf.c`).
const LN_2_LOW: f32 = 1.428_606_8e-6;
/// The high part of log₁₀ 2, with few enough bits that its product with any n is exact.
const LOG10_2_HIGH: f32 = 0.301_025_4;
/// log₁₀ 2 − [`LOG10_2_HIGH`].
const LOG10_2_LOW: f32 = 4.605_039e-6;

/// What is added to n, twice the exponent's bias, so that both halves of it are exponents.
pub(super) const BIAS_OF_HALVES: f32 = 254.0;
/// The exponent's bias.
pub(super) const BIAS: f32 = 127.0;

/// An argument in two parts.
pub(super) struct Reduced<L: Lanes> {
    /// n, plus a bias, in the low bits.
    pub(super) shifted: L::Float,
    /// r, such that |r| is at most half of a step's size and little more.
    pub(super) remainder: L::Float,
}

/// `x` as n steps and a remainder; a step is 1 / `steps`, which is `high` and `low`.
#[inline(always)]
fn reduced<L: Lanes>(
    lanes: &L,
    x: L::Float,
    bias: f32,
    steps: f32,
    (high, low): (f32, f32),
) -> Reduced<L> {
    let shift = lanes.constant(ROUNDING_SHIFT + bias);
    let shifted = lanes.fma(x, lanes.constant(steps), shift);
    let count = lanes.sub(shifted, shift);
    let remainder = lanes.fma(count, lanes.constant(-high), x);
    let remainder = lanes.fma(count, lanes.constant(-low), remainder);
    Reduced { shifted, remainder }
}

/// x as n ln 2 + r.
#[inline(always)]
pub(super) fn reduced_by_ln_2<L: Lanes>(lanes: &L, x: L::Float, bias: f32) -> Reduced<L> {
    reduced(lanes, x, bias, LOG2_E, (LN_2_HIGH, LN_2_LOW))
}

/// (e^r − 1 − r) / r² on |r| ≤ ½ ln 2, to 2⁻²⁸ of e^r.
#[inline(always)]
fn exponential_tail<L: Lanes>(lanes: &L, r: L::Float) -> L::Float {
    horner(
        lanes,
        r,
        &[
            1.394_221_7e-3,
            8.368_849e-3,
            0.041_666_385,
            0.166_665_2,
            0.5,
        ],
    )
}

/// e^r for |r| ≤ ½ ln 2.
#[inline(always)]
fn exp_of_remainder<L: Lanes>(lanes: &L, r: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let slope = lanes.fma(r, exponential_tail(lanes, r), one);
    lanes.fma(r, slope, one)
}

/// 2^r for |r| ≤ ½. (2^r − 1) / r is fitted, to 2⁻²⁸ of 2^r.
#[inline(always)]
pub(super) fn exp2_of_remainder<L: Lanes>(lanes: &L, r: L::Float) -> L::Float {
    let slope = horner(
        lanes,
        r,
        &[
            1.546_330_3e-4,
            1.339_120_2e-3,
            9.618_062e-3,
            0.055_503_592,
            0.240_226_5,
            LN_2,
        ],
    );
    lanes.fma(r, slope, lanes.constant(1.0))
}

/// 2ⁿ for −126 ≤ n ≤ 127, where `shifted` holds n plus the exponent's bias.
#[inline(always)]
pub(super) fn power_of_two<L: Lanes>(lanes: &L, shifted: L::Float) -> L::Float {
    lanes.bits_to_float(lanes.shift_left(lanes.to_bits(shifted), 23))
}

/// `value · 2ⁿ` for −252 ≤ n ≤ 254, where `shifted` holds n plus twice the exponent's bias: by halves
/// of n, the first of which is exact for a `value` around 1, so that subnormal results are rounded
/// once.
#[inline(always)]
pub(super) fn scaled<L: Lanes>(lanes: &L, value: L::Float, shifted: L::Float) -> L::Float {
    let biased = lanes.to_bits(shifted);
    let half = lanes.shift_right(biased, 1);
    let other_half = lanes.integer_sub(biased, half);
    let power = |exponent| lanes.bits_to_float(lanes.shift_left(exponent, 23));
    lanes.mul(lanes.mul(value, power(half)), power(other_half))
}

/// e^x for x ≤ 89 whose power of 2 is still to be multiplied by, which [`scaled`] does.
#[inline(always)]
fn exp_unscaled<L: Lanes>(lanes: &L, x: L::Float) -> (L::Float, L::Float) {
    let reduced = reduced_by_ln_2(lanes, x, BIAS_OF_HALVES);
    (exp_of_remainder(lanes, reduced.remainder), reduced.shifted)
}

/// e^x.
///
/// Error at most 0.91 ulp.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    // Beyond these the result is 0 or ∞ already.
    let (value, shifted) = exp_unscaled(lanes, bounded(lanes, x, -104.0, 89.0));
    scaled(lanes, value, shifted)
}

/// e^(x + correction) for −110 ≤ x ≤ 0 and a small correction, unscaled.
#[inline(always)]
pub(super) fn exp_corrected<L: Lanes>(
    lanes: &L,
    x: L::Float,
    correction: L::Float,
) -> (L::Float, L::Float) {
    let reduced = reduced_by_ln_2(lanes, x, BIAS_OF_HALVES);
    let remainder = lanes.add(reduced.remainder, correction);
    (exp_of_remainder(lanes, remainder), reduced.shifted)
}

/// x as an integer and a remainder, for |x| < 2²¹.
#[inline(always)]
pub(super) fn reduced_by_one<L: Lanes>(lanes: &L, x: L::Float, bias: f32) -> Reduced<L> {
    let shift = lanes.constant(ROUNDING_SHIFT + bias);
    let shifted = lanes.add(x, shift);
    Reduced {
        shifted,
        remainder: lanes.sub(x, lanes.sub(shifted, shift)),
    }
}

/// 2^x.
///
/// Error at most 0.88 ulp.
#[inline(always)]
pub(crate) fn exp2<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let reduced = reduced_by_one(lanes, bounded(lanes, x, -151.0, 129.0), BIAS_OF_HALVES);
    let value = exp2_of_remainder(lanes, reduced.remainder);
    scaled(lanes, value, reduced.shifted)
}

/// 10^x. (10^r − 1) / r is fitted on |r| ≤ ½ log₁₀ 2, to 2⁻²⁸ of 10^r.
///
/// Error at most 1.03 ulp.
#[inline(always)]
pub(crate) fn exp10<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let x = bounded(lanes, x, -46.0, 39.0);
    let step = (LOG10_2_HIGH, LOG10_2_LOW);
    let reduced = reduced(lanes, x, BIAS_OF_HALVES, LOG2_10, step);
    let slope = horner(
        lanes,
        reduced.remainder,
        &[
            0.207_657_9,
            0.541_827_9,
            1.171_252_6,
            2.034_656,
            2.650_949,
            LN_10,
        ],
    );
    let value = lanes.fma(reduced.remainder, slope, lanes.constant(1.0));
    scaled(lanes, value, reduced.shifted)
}

/// ½ (e^x − 1) for −18 ≤ x ≤ 89, +0 at ±0: 2ⁿ⁻¹ (e^r − 1) + (2ⁿ⁻¹ − ½).
///
/// (e^r − 1 − r) / r² is fitted on |r| ≤ ½ ln 2, to 2⁻²⁶ of e^r − 1.
#[inline(always)]
pub(super) fn half_expm1<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let reduced = reduced_by_ln_2(lanes, x, BIAS - 1.0);
    let r = reduced.remainder;
    let tail = horner(
        lanes,
        r,
        &[1.393_999e-3, 8.366_576e-3, 0.041_666_41, 0.166_665_43, 0.5],
    );
    let growth = lanes.fma(lanes.mul(r, r), tail, r);
    let power = power_of_two(lanes, reduced.shifted);
    lanes.fma(power, growth, lanes.sub(power, lanes.constant(0.5)))
}

/// e^x − 1.
///
/// Error at most 1.57 ulp.
#[inline(always)]
pub(crate) fn expm1<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let half = half_expm1(lanes, bounded(lanes, x, -18.0, 89.0));
    with_sign_of(lanes, lanes.add(half, half), x)
}

/// e^−|x|.
#[inline(always)]
fn exp_of_negative_magnitude<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let negative = lanes.neg(lanes.abs(x));
    let bounded = lanes.maximum(negative, lanes.constant(-104.0));
    let (value, shifted) = exp_unscaled(lanes, bounded);
    scaled(lanes, value, shifted)
}

/// 1 / (1 + e^−x), as e^−|x| / (1 + e^−|x|) for x < 0.
///
/// Error at most 1.48 ulp.
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let decay = exp_of_negative_magnitude(lanes, x);
    let negative = lanes.less(x, lanes.constant(0.0));
    let numerator = lanes.select(negative, decay, one);
    divided_by_one_plus(lanes, numerator, decay)
}

/// ln(1 + e^x), as max(x, 0) + ln(1 + e^−|x|).
///
/// (ln(1 + z) − z) / z² is fitted on 0 ≤ z ≤ 1, to 2⁻²⁷ of ln(1 + z).
///
/// Error at most 1.85 ulp.
#[inline(always)]
pub(crate) fn softplus<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let zero = lanes.constant(0.0);
    let decay = exp_of_negative_magnitude(lanes, x);
    let tail = horner(
        lanes,
        decay,
        &[
            -3.306_016e-3,
            0.020_148_35,
            -0.057_558_578,
            0.106_697_984,
            -0.153_490_22,
            0.196_931_82,
            -0.249_581_56,
            0.333_304_7,
            -0.499_999_3,
        ],
    );
    let logarithm = lanes.fma(lanes.mul(decay, decay), tail, decay);
    lanes.add(lanes.select(lanes.less(zero, x), x, zero), logarithm)
}
