//! The error function, and what is made of the normal distribution.

use super::exponential::{
    BIAS, exp_corrected, exp2_of_remainder, power_of_two, reduced_by_one, scaled,
};
use super::{divided_by_one_plus, horner, with_sign_of};
use crate::lanes::Lanes;

/// Below this in magnitude, erf x is computed as a polynomial.
const SMALL: f32 = 0.925;

/// erf x: a polynomial, or 1 − 2^g(|x|).
///
/// erf x / x − 1 is fitted as a polynomial in x² on |x| ≤ 0.93, to 2⁻²⁶ of erf x, and g = log₂ erfc on
/// 0.925 ≤ x ≤ 4, to 2⁻²⁹ of erf x. The division of the range is that of N. Juffa's single-precision
/// erf (published on Stack Overflow, question 35148198).
///
/// Error at most 1.23 ulp.
#[inline(always)]
pub(crate) fn erf<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let magnitude = lanes.abs(x);
    let square = lanes.mul(x, x);
    let slope = horner(lanes, square, &SMALL_COEFFICIENTS);
    let small = lanes.fma(magnitude, slope, magnitude);
    // At 4 the result is 1.
    let bounded = lanes.minimum(magnitude, lanes.constant(4.0));
    let exponent = horner(
        lanes,
        bounded,
        &[
            2.818_466e-4,
            -4.382_271e-3,
            0.032_034_084,
            -0.149_873_91,
            -0.919_336_9,
            -1.626_846_1,
            -2.934_473_7e-4,
        ],
    );
    let reduced = reduced_by_one(lanes, exponent, BIAS);
    let rest = exp2_of_remainder(lanes, reduced.remainder);
    let power = power_of_two(lanes, reduced.shifted);
    let large = lanes.negative_mul_add(rest, power, lanes.constant(1.0));
    let is_small = lanes.less(magnitude, lanes.constant(SMALL));
    with_sign_of(lanes, lanes.select(is_small, small, large), x)
}

/// erf x / x − 1 in powers of x².
const SMALL_COEFFICIENTS: [f32; 6] = [
    -5.959_578_6e-4,
    4.987_352e-3,
    -0.026_762_966,
    0.112_817_31,
    -0.376_124_9,
    0.128_379_15,
];

/// x Φ(x), Φ being the distribution function of the standard normal distribution: max(x, 0) less
/// |x| Φ(−|x|).
///
/// With v = a / (1 + 0.3 a), a Φ(−a) e^(a²/2) / v is fitted as a polynomial in v − 1.5, about the
/// middle, on 0 ≤ a ≤ 14.5, to 2⁻²⁷. The square is carried in two numbers, since its rounding error would be multiplied by itself.
///
/// Error at most 3.71 ulp.
#[inline(always)]
pub(crate) fn gelu<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let zero = lanes.constant(0.0);
    // At 14.5 the result is 0, or x, already.
    let magnitude = lanes.minimum(lanes.abs(x), lanes.constant(14.5));
    let half = lanes.mul(magnitude, lanes.constant(-0.5));
    let exponent = lanes.mul(magnitude, half);
    let exponent_error = lanes.mul_sub(magnitude, half, exponent);
    let (decay, shifted) = exp_corrected(lanes, exponent, exponent_error);
    let v = divided_by_one_plus(lanes, magnitude, lanes.mul(magnitude, lanes.constant(0.3)));
    let ratio = horner(
        lanes,
        lanes.sub(v, lanes.constant(1.5)),
        &[
            4.075_132_8e-7,
            6.773_856e-7,
            -9.175_233e-6,
            -1.656_443_6e-5,
            2.101_687_6e-4,
            6.856_635e-5,
            -6.098_558e-3,
            0.034_186_233,
            -0.109_636_955,
            0.239_321_98,
        ],
    );
    // The power of 2 comes last, so that a subnormal result is rounded once.
    let product = lanes.mul(lanes.mul(v, ratio), decay);
    let tail = scaled(lanes, product, shifted);
    let positive = lanes.less(zero, x);
    lanes.sub(lanes.select(positive, x, zero), tail)
}
