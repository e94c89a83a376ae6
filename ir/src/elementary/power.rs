//! The power function.

use super::exponential::{BIAS_OF_HALVES, exp2_of_remainder, reduced_by_one, scaled};
use super::logarithm::{Split, split, with_special_values};
use super::{bounded, horner, ordered_sum};
use crate::lanes::Lanes;

/// 2 / ln 2 as rounded to binary32, and the rest.
const TWO_LOG2_E: (f32, f32) = (2.885_39, 3.851_926e-8);

/// log₂ of a positive number, as the sum of two, to about 2⁻³³ of it.
///
/// With s = f / (2 + f), ln(1 + f) = 2 artanh s. (log₂(1 + f) − 2 log₂ e · s) / s³ is fitted as a
/// polynomial in s² on |s| ≤ 0.1716, to 2⁻³⁶ of the logarithm.
#[inline(always)]
fn log2_of_two_parts<L: Lanes>(lanes: &L, x: L::Float) -> (L::Float, L::Float) {
    let Split { fraction, exponent } = split(lanes, x);
    let two = lanes.constant(2.0);
    let denominator = lanes.add(two, fraction);
    let denominator_error = lanes.sub(fraction, lanes.sub(denominator, two));
    let inverse = lanes.div(lanes.constant(1.0), denominator);
    let s = lanes.mul(fraction, inverse);
    let residual = lanes.negative_mul_add(s, denominator, fraction);
    let residual = lanes.negative_mul_add(s, denominator_error, residual);
    let s_low = lanes.mul(residual, inverse);

    let square = lanes.mul(s, s);
    // What s_low adds to 2 artanh s is 2 s_low / (1 − s²).
    let s_low = lanes.fma(s_low, square, s_low);
    let tail = horner(
        lanes,
        square,
        &[0.336_492, 0.411_927_22, 0.577_078_8, 0.961_796_7],
    );
    let (high, low) = TWO_LOG2_E;
    let (high, low) = (lanes.constant(high), lanes.constant(low));
    let main = lanes.mul(s, high);
    let rest = lanes.mul_sub(s, high, main);
    let rest = lanes.fma(s, low, rest);
    let rest = lanes.fma(s_low, high, rest);
    let rest = lanes.fma(lanes.mul(s, square), tail, rest);
    let count = lanes.mul(exponent, lanes.constant(1.0 / 8_388_608.0));
    let (sum, error) = ordered_sum(lanes, count, main);
    ordered_sum(lanes, sum, lanes.add(error, rest))
}

/// `x^y` for x ≥ 0: IEEE 754-2019 `powr` (§9.2.1), that is 2^(y log₂ x).
///
/// NaN for x < 0, 0⁰, ∞⁰ and 1^±∞, where y log₂ x is one. The logarithm and its product with y are
/// carried in two numbers, since their rounding error would be multiplied by the product.
///
/// Error at most 2.42 ulp on the grid of [`accuracy`](crate::accuracy).
#[inline(always)]
pub(crate) fn pow<L: Lanes>(lanes: &L, x: L::Float, y: L::Float) -> L::Float {
    let (high, low) = log2_of_two_parts(lanes, x);
    let high = with_special_values(lanes, x, high);
    let product = lanes.mul(high, y);
    let error = lanes.fma(low, y, lanes.mul_sub(high, y, product));
    // Beyond these the result is 0 or ∞, and the error is noise or a NaN.
    let settled = bounded(lanes, product, -160.0, 140.0);
    let within = lanes.equal(settled, product);
    let error = lanes.select(within, error, lanes.constant(0.0));
    let reduced = reduced_by_one(lanes, settled, BIAS_OF_HALVES);
    let value = exp2_of_remainder(lanes, lanes.add(reduced.remainder, error));
    scaled(lanes, value, reduced.shifted)
}
