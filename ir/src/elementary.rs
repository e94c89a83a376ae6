//! Elementary functions, each written once in the [`Lanes`] vocabulary and branch-free.
//!
//! Special values are put right at the end by selects, so that a lane never depends on its
//! neighbours. None lets the bits of a NaN be seen: every NaN operand leads to a NaN result.
//! The stated errors are the greatest that the tests below see on dense samples.

use crate::lanes::{Lanes, SMALLEST_NORMAL};

/// 1.5 · 2²³: adding it to a number below 2²² in magnitude rounds that to an integer, which then
/// stands in the low bits.
const ROUNDING_SHIFT: f32 = 12_582_912.0;

/// The high part of ln 2, nine significant bits, so that a product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// ln 2 − [`LN_2_HIGH`] (Cephes, `expf.c`).
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Bit pattern of √½, the lower end of the interval to which mantissas are reduced.
const SQRT_HALF_BITS: i32 = 0x3f35_04f3;

#[inline(always)]
fn horner<L: Lanes>(lanes: &L, x: L::Float, coefficients: &[f32]) -> L::Float {
    let mut sum = lanes.constant(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = lanes.add(lanes.mul(sum, x), lanes.constant(coefficient));
    }
    sum
}

/// `e^x`, error at most 2 ulp.
///
/// `x = n ln 2 + r` with |r| ≤ ½ ln 2 (Cody and Waite, *Software Manual for the Elementary
/// Functions*, 1980, ch. 6), a polynomial in `r` with Cephes's coefficients (`expf.c`), and a
/// multiplication by 2ⁿ in two halves so that subnormal results are rounded once.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    // Beyond these the result is 0 or ∞ already; within them n keeps both halves of 2ⁿ normal.
    let bounded = lanes.minimum(
        lanes.maximum(x, lanes.constant(-105.0)),
        lanes.constant(89.0),
    );
    let shifted = lanes.add(
        lanes.mul(bounded, lanes.constant(std::f32::consts::LOG2_E)),
        lanes.constant(ROUNDING_SHIFT),
    );
    let count = lanes.sub(shifted, lanes.constant(ROUNDING_SHIFT));
    let remainder = lanes.sub(
        lanes.sub(bounded, lanes.mul(count, lanes.constant(LN_2_HIGH))),
        lanes.mul(count, lanes.constant(LN_2_LOW)),
    );
    let polynomial = horner(
        lanes,
        remainder,
        &[
            1.987_569_1e-4,
            1.398_2e-3,
            8.333_452e-3,
            4.166_579_6e-2,
            1.666_666_5e-1,
            0.5,
        ],
    );
    let square = lanes.mul(remainder, remainder);
    let series = lanes.add(
        lanes.add(lanes.mul(polynomial, square), remainder),
        lanes.constant(1.0),
    );
    let exponent = lanes.integer_sub(
        lanes.to_bits(shifted),
        lanes.integer(ROUNDING_SHIFT.to_bits() as i32),
    );
    let half = lanes.shift_right(exponent, 1);
    let other_half = lanes.integer_sub(exponent, half);
    lanes.mul(
        lanes.mul(series, power_of_two(lanes, half)),
        power_of_two(lanes, other_half),
    )
}

/// 2^exponent for −126 ≤ exponent ≤ 127.
#[inline(always)]
fn power_of_two<L: Lanes>(lanes: &L, exponent: L::Integer) -> L::Float {
    lanes.bits_to_float(lanes.shift_left(lanes.integer_add(exponent, lanes.integer(127)), 23))
}

/// A positive number as `mantissa · 2^exponent` with √½ ≤ mantissa < √2.
#[inline(always)]
fn split_exponent<L: Lanes>(lanes: &L, x: L::Float) -> (L::Float, L::Float) {
    let subnormal = lanes.less(x, lanes.constant(SMALLEST_NORMAL));
    let normal = lanes.select(subnormal, lanes.mul(x, lanes.constant(8_388_608.0)), x);
    let bits = lanes.to_bits(normal);
    let offset = lanes.integer_sub(bits, lanes.integer(SQRT_HALF_BITS));
    let exponent = lanes.shift_right(offset, 23);
    let mantissa = lanes.bits_to_float(lanes.integer_sub(bits, lanes.shift_left(exponent, 23)));
    let correction = lanes.select(subnormal, lanes.constant(23.0), lanes.constant(0.0));
    (
        mantissa,
        lanes.sub(lanes.integer_to_float(exponent), correction),
    )
}

/// ln x, error at most 1 ulp. NaN below zero, −∞ at ±0.
///
/// With `s = f / (2 + f)` and `f = mantissa − 1`, ln(1 + f) = 2s + 2s³/3 + …, arranged as in
/// FreeBSD's msun `e_logf.c`, whose four coefficients are used.
#[inline(always)]
pub(crate) fn log<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let (mantissa, exponent) = split_exponent(lanes, x);
    let f = lanes.sub(mantissa, lanes.constant(1.0));
    let s = lanes.div(f, lanes.add(f, lanes.constant(2.0)));
    let z = lanes.mul(s, s);
    let tail = lanes.mul(
        z,
        horner(
            lanes,
            z,
            &[0.242_790_79, 0.284_987_87, 0.400_009_72, 0.666_666_6],
        ),
    );
    let half_square = lanes.mul(lanes.constant(0.5), lanes.mul(f, f));
    let low = lanes.add(
        lanes.mul(s, lanes.add(half_square, tail)),
        lanes.mul(exponent, lanes.constant(LN_2_LOW)),
    );
    let value = lanes.add(
        lanes.add(lanes.sub(low, half_square), f),
        lanes.mul(exponent, lanes.constant(LN_2_HIGH)),
    );
    log_special_values(lanes, x, value)
}

/// Puts `value` right where ln x is not a finite number.
#[inline(always)]
fn log_special_values<L: Lanes>(lanes: &L, x: L::Float, value: L::Float) -> L::Float {
    let infinite = lanes.equal(x, lanes.constant(f32::INFINITY));
    let zero = lanes.equal(x, lanes.constant(0.0));
    let positive = lanes.less(lanes.constant(0.0), x);
    let value = lanes.select(positive, value, lanes.constant(f32::NAN));
    let value = lanes.select(zero, lanes.constant(f32::NEG_INFINITY), value);
    lanes.select(infinite, x, value)
}

/// tanh x, error at most 2 ulp; the sign of zero is kept.
///
/// Below 0.625 Cephes's odd polynomial (`tanhf.c`), above it 1 − 2 / (e^{2|x|} + 1).
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let magnitude = lanes.abs(x);
    let square = lanes.mul(x, x);
    let polynomial = horner(
        lanes,
        square,
        &[
            -5.704_988_7e-3,
            2.063_909e-2,
            -5.373_971_6e-2,
            1.333_144_2e-1,
            -3.333_328e-1,
        ],
    );
    let small = lanes.add(lanes.mul(lanes.mul(polynomial, square), x), x);
    let growth = exp(lanes, lanes.add(magnitude, magnitude));
    let quotient = lanes.div(lanes.constant(2.0), lanes.add(growth, lanes.constant(1.0)));
    let saturating = lanes.sub(lanes.constant(1.0), quotient);
    let negative = lanes.less(x, lanes.constant(0.0));
    let large = lanes.select(negative, lanes.neg(saturating), saturating);
    // A zero keeps its sign where adding a product of the other sign would lose it.
    let small = lanes.select(lanes.equal(x, lanes.constant(0.0)), x, small);
    lanes.select(lanes.less(magnitude, lanes.constant(0.625)), small, large)
}

/// The rounded product and its rounding error (Dekker 1971, *A floating-point technique for
/// extending the available precision*, Numer. Math. 18), for factors below 2¹¹⁴.
#[inline(always)]
fn product_with_error<L: Lanes>(lanes: &L, a: L::Float, b: L::Float) -> (L::Float, L::Float) {
    let product = lanes.mul(a, b);
    let (a_high, a_low) = halves(lanes, a);
    let (b_high, b_low) = halves(lanes, b);
    let error = lanes.sub(lanes.mul(a_high, b_high), product);
    let error = lanes.add(error, lanes.mul(a_high, b_low));
    let error = lanes.add(error, lanes.mul(a_low, b_high));
    (product, lanes.add(error, lanes.mul(a_low, b_low)))
}

/// Veltkamp's split into two halves of twelve bits each.
#[inline(always)]
fn halves<L: Lanes>(lanes: &L, a: L::Float) -> (L::Float, L::Float) {
    let scaled = lanes.mul(a, lanes.constant(4097.0));
    let high = lanes.sub(scaled, lanes.sub(scaled, a));
    (high, lanes.sub(a, high))
}

/// The rounded sum and its rounding error (Knuth, TAOCP vol. 2, 4.2.2, theorem B).
#[inline(always)]
fn sum_with_error<L: Lanes>(lanes: &L, a: L::Float, b: L::Float) -> (L::Float, L::Float) {
    let sum = lanes.add(a, b);
    let b_part = lanes.sub(sum, a);
    let a_part = lanes.sub(sum, b_part);
    (sum, lanes.add(lanes.sub(a, a_part), lanes.sub(b, b_part)))
}

/// `x^y` for x ≥ 0: IEEE 754-2019 `powr` (§9.2.1), that is e^(y ln x), error at most 3 ulp.
///
/// NaN for x < 0, 0⁰, ∞⁰ and 1^±∞. The logarithm is carried in two numbers, since its rounding
/// error is multiplied by y ln x.
#[inline(always)]
pub(crate) fn pow<L: Lanes>(lanes: &L, x: L::Float, y: L::Float) -> L::Float {
    let (mantissa, exponent) = split_exponent(lanes, x);
    let f = lanes.sub(mantissa, lanes.constant(1.0));
    let denominator = lanes.add(mantissa, lanes.constant(1.0));
    // The denominator's own rounding error, exact because 1 ≥ f in magnitude.
    let denominator_error = lanes.sub(mantissa, lanes.sub(denominator, lanes.constant(1.0)));
    let s = lanes.div(f, denominator);
    let (product, product_error) = product_with_error(lanes, s, denominator);
    let residual = lanes.sub(
        lanes.sub(lanes.sub(f, product), product_error),
        lanes.mul(s, denominator_error),
    );
    let s_low = lanes.div(residual, denominator);
    // ln m = 2 artanh s = 2s + s³ (2/3 + 2s²/5 + 2s⁴/7 + …): Taylor's, |s| < 0.1716.
    let square = lanes.mul(s, s);
    let series = horner(
        lanes,
        square,
        &[
            0.153_846_15,
            0.181_818_19,
            0.222_222_22,
            0.285_714_3,
            0.4,
            0.666_666_7,
        ],
    );
    let cubic = lanes.mul(lanes.mul(s, square), series);
    let twice = lanes.add(s, s);
    let (log_high, error) =
        sum_with_error(lanes, lanes.mul(exponent, lanes.constant(LN_2_HIGH)), twice);
    let log_low = lanes.add(
        lanes.add(error, lanes.add(s_low, s_low)),
        lanes.add(cubic, lanes.mul(exponent, lanes.constant(LN_2_LOW))),
    );
    let (log_high, log_low) = sum_with_error(lanes, log_high, log_low);

    // Past 2⁴⁰ the result is 0, 1 or ∞ whatever y is, and the split would overflow.
    let limit = 1_099_511_600_000.0;
    let bounded = lanes.minimum(
        lanes.maximum(y, lanes.constant(-limit)),
        lanes.constant(limit),
    );
    let (power, power_error) = product_with_error(lanes, log_high, bounded);
    let correction = lanes.add(power_error, lanes.mul(log_low, bounded));
    let growth = exp(lanes, power);
    let corrected = lanes.add(growth, lanes.mul(growth, correction));
    // Where e^power is 0 or ∞, or power so great that the correction is noise, it stands as it is.
    let settled = lanes.less(lanes.constant(104.0), lanes.abs(power));
    let infinite_growth = lanes.equal(growth, lanes.constant(f32::INFINITY));
    let value = lanes.select(settled, growth, corrected);
    let value = lanes.select(infinite_growth, growth, value);
    pow_special_values(lanes, x, y, value)
}

/// Puts `value` right where x is 0, ∞ or negative, or y is ±∞ over 1.
#[inline(always)]
fn pow_special_values<L: Lanes>(lanes: &L, x: L::Float, y: L::Float, value: L::Float) -> L::Float {
    let zero = lanes.constant(0.0);
    let infinity = lanes.constant(f32::INFINITY);
    let nan = lanes.constant(f32::NAN);
    let y_positive = lanes.less(zero, y);
    let y_negative = lanes.less(y, zero);
    let at_zero = lanes.select(y_positive, zero, lanes.select(y_negative, infinity, nan));
    let at_infinity = lanes.select(y_positive, infinity, lanes.select(y_negative, zero, nan));
    let y_infinite = lanes.equal(lanes.abs(y), infinity);
    let at_one = lanes.select(y_infinite, nan, value);
    let value = lanes.select(lanes.equal(x, lanes.constant(1.0)), at_one, value);
    let value = lanes.select(lanes.equal(x, infinity), at_infinity, value);
    let value = lanes.select(lanes.equal(x, zero), at_zero, value);
    let value = lanes.select(lanes.less(x, zero), nan, value);
    // A NaN operand compares false everywhere above and can have left any value behind.
    let ordered = lanes.equal(lanes.abs(x), lanes.abs(x));
    let value = lanes.select(ordered, value, nan);
    lanes.select(lanes.equal(lanes.abs(y), lanes.abs(y)), value, nan)
}

#[cfg(test)]
mod tests;
