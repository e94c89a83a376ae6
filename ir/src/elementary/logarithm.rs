//! Logarithms.
//!
//! A positive number is `m · 2ⁿ` with √½ ≤ m < √2, and ln m a polynomial in f = m − 1, added up as
//! `n ln 2 + (f + f² Q(f))`. The inner sum's rounding error matters most where n = ±1 cancels half of
//! it; there the outer sum is exact, since ln 2 as rounded to binary32 and the inner sum are multiples
//! of 2⁻²⁵. So ln 2 needs no second part: its error, 2⁻²⁹ of the result, is no matter.

use std::f32::consts::{LN_2, LOG2_E, LOG10_2, LOG10_E};

use super::horner;
use crate::lanes::{Lanes, SMALLEST_NORMAL};

/// Bit pattern of √½, the lower end of the interval to which mantissas are reduced.
const SQRT_HALF_BITS: i32 = 0x3f35_04f3;
/// The bits of sign and exponent.
const EXPONENT_BITS: i32 = 0xff80_0000_u32.cast_signed();
/// 2²³, the weight of an exponent's lowest bit in a number's bit pattern.
const EXPONENT_UNIT: f32 = 8_388_608.0;

/// The two parts of a positive number that its logarithm is made of.
pub(super) struct Split<L: Lanes> {
    /// f = m − 1.
    pub(super) fraction: L::Float,
    /// 2²³ n.
    pub(super) exponent: L::Float,
}

/// The exponent n of a normal number, at its place in a bit pattern.
#[inline(always)]
fn exponent_bits<L: Lanes>(lanes: &L, bits: L::Integer) -> L::Integer {
    let offset = lanes.integer_sub(bits, lanes.integer(SQRT_HALF_BITS));
    lanes.integer_and(offset, lanes.integer(EXPONENT_BITS))
}

/// Splits a positive number, subnormal ones included.
#[inline(always)]
pub(super) fn split<L: Lanes>(lanes: &L, x: L::Float) -> Split<L> {
    let subnormal = lanes.less(x, lanes.constant(SMALLEST_NORMAL));
    let normal = lanes.select(subnormal, lanes.mul(x, lanes.constant(EXPONENT_UNIT)), x);
    let correction = lanes.constant(-23.0 * EXPONENT_UNIT);
    let correction = lanes.select(subnormal, correction, lanes.constant(0.0));
    let bits = lanes.to_bits(normal);
    let exponent = exponent_bits(lanes, bits);
    let mantissa = lanes.bits_to_float(lanes.integer_sub(bits, exponent));
    Split {
        fraction: lanes.sub(mantissa, lanes.constant(1.0)),
        exponent: lanes.add(lanes.integer_to_float(exponent), correction),
    }
}

/// Puts `value` right where ln x is not a finite number: NaN below zero, −∞ at ±0, ∞ at ∞.
#[inline(always)]
pub(super) fn with_special_values<L: Lanes>(lanes: &L, x: L::Float, value: L::Float) -> L::Float {
    let infinity = lanes.constant(f32::INFINITY);
    let zero = lanes.constant(0.0);
    // Of what is not positive and below ∞, ∞ and NaN are their own logarithms.
    let value = lanes.select(lanes.less(x, infinity), value, x);
    let value = lanes.select(lanes.less(x, zero), lanes.constant(f32::NAN), value);
    let pole = lanes.constant(f32::NEG_INFINITY);
    lanes.select(lanes.equal(x, zero), pole, value)
}

/// n ln 2 + ln(1 + f). (ln(1 + f) − f) / f² is fitted on √½ ≤ 1 + f ≤ √2, to 2⁻²⁷ of ln(1 + f).
#[inline(always)]
fn sum<L: Lanes>(lanes: &L, split: &Split<L>) -> L::Float {
    let f = split.fraction;
    let tail = horner(
        lanes,
        f,
        &[
            -0.076_363_094,
            0.127_623_08,
            -0.131_596_83,
            0.142_015_76,
            -0.166_234_05,
            0.200_012_42,
            -0.250_008_2,
            0.333_333_3,
            -0.5,
        ],
    );
    let inner = lanes.fma(lanes.mul(f, f), tail, f);
    lanes.fma(split.exponent, lanes.constant(LN_2 / EXPONENT_UNIT), inner)
}

/// ln x.
///
/// Error at most 0.94 ulp.
#[inline(always)]
pub(crate) fn log<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let value = sum(lanes, &split(lanes, x));
    with_special_values(lanes, x, value)
}

/// `n · unit + f (high + (low + f Q(f)))` with the special values of logarithms, where Q has these
/// coefficients: the logarithm to the base whose logarithm of e is `high` + `low`.
#[inline(always)]
fn log_to_base<L: Lanes>(
    lanes: &L,
    x: L::Float,
    unit: f32,
    (high, low): (f32, f32),
    coefficients: &[f32],
) -> L::Float {
    let Split { fraction, exponent } = split(lanes, x);
    let tail = horner(lanes, fraction, coefficients);
    let low = lanes.fma(fraction, tail, lanes.constant(low));
    let inner = lanes.fma(fraction, lanes.constant(high), lanes.mul(fraction, low));
    let value = lanes.fma(exponent, lanes.constant(unit / EXPONENT_UNIT), inner);
    with_special_values(lanes, x, value)
}

/// log₂ x. (log₂(1 + f) − f log₂ e) / f² is fitted, to 2⁻²⁷ of log₂(1 + f).
///
/// Error at most 0.95 ulp.
#[inline(always)]
pub(crate) fn log2<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    log_to_base(
        lanes,
        x,
        1.0,
        (LOG2_E, 1.925_963e-8),
        &[
            -0.111_170_724,
            0.187_357_99,
            -0.191_188_26,
            0.204_434_04,
            -0.239_580_5,
            0.288_574_13,
            -0.360_698_43,
            0.480_898_17,
            -0.721_347_33,
        ],
    )
}

/// log₁₀ x. (log₁₀(1 + f) − f log₁₀ e) / f² is fitted, to 2⁻²⁷ of log₁₀(1 + f).
///
/// Error at most 1.91 ulp.
#[inline(always)]
pub(crate) fn log10<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    log_to_base(
        lanes,
        x,
        LOG10_2,
        (LOG10_E, -1.010_305e-8),
        &[
            -0.033_306_573,
            0.056_288_213,
            -0.057_557_81,
            0.061_558_43,
            -0.072_123_29,
            0.086_868_71,
            -0.108_580_89,
            0.144_764_78,
            -0.217_147_19,
        ],
    )
}

/// ln(1 + x) for 0 ≤ x < 2¹²⁶, exact enough for any positive x however small; special values of x are
/// the caller's to put right.
#[inline(always)]
pub(super) fn log1p_positive<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let sum_bits = lanes.to_bits(lanes.add(one, x));
    let exponent = exponent_bits(lanes, sum_bits);
    let scale = lanes.integer_sub(lanes.to_bits(one), exponent);
    let scale = lanes.bits_to_float(scale);
    // 2⁻ⁿ (1 + x) − 1, rounded once, though 1 + x was.
    let fraction = lanes.fma(x, scale, lanes.sub(scale, one));
    let exponent = lanes.integer_to_float(exponent);
    sum(lanes, &Split { fraction, exponent })
}

/// ln(1 + x).
///
/// f is 2⁻ⁿ x + (2⁻ⁿ − 1), which knows what 1 + x loses in being rounded. As 2⁻ⁿ can be as small as
/// 2⁻¹²⁸, x is divided by 4 instead, and where that is inexact the result is x.
///
/// Error at most 1.48 ulp.
#[inline(always)]
pub(crate) fn log1p<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let quarter = lanes.constant(0.25);
    let argument = lanes.add(lanes.constant(1.0), x);
    let exponent = exponent_bits(lanes, lanes.to_bits(argument));
    let scale = lanes.integer_sub(lanes.to_bits(lanes.constant(4.0)), exponent);
    let scale = lanes.bits_to_float(scale);
    let fraction = lanes.fma(
        lanes.mul(x, quarter),
        scale,
        lanes.fma(scale, quarter, lanes.constant(-1.0)),
    );
    let exponent = lanes.integer_to_float(exponent);
    let value = sum(lanes, &Split { fraction, exponent });
    let value = with_special_values(lanes, argument, value);
    let tiny = lanes.less(lanes.abs(x), lanes.constant(f32::EPSILON / 2.0));
    lanes.select(tiny, x, value)
}
