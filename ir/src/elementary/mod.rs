//! Elementary functions, each written once in the [`Lanes`] vocabulary and branch-free.
//!
//! Special values are put right by selects, so that a lane never depends on its neighbours. None lets
//! the bits of a NaN be seen: every NaN operand leads to a NaN result. The errors that are stated
//! were measured over all 2³² inputs by `mlevolve ulp`, as [`accuracy`](crate::accuracy) defines
//! them; the bounds that are promised stand in the op table.
//!
//! Where no source is named, a polynomial's coefficients are a minimax fit of this project's: the
//! function at 160 bits of precision on 600 Chebyshev nodes, weighted by the error that the result
//! would have, least squares made minimax by Lawson's iteration (Lawson 1961), and coefficients
//! rounded to binary32 from the lowest on, the rest fitted anew after each. The first line of such a
//! function names what is fitted, and where.

mod error_function;
mod exponential;
mod hyperbolic;
mod inverse_trigonometric;
mod logarithm;
mod power;
mod roots;
mod trigonometric;

pub(crate) use error_function::{erf, gelu};
pub(crate) use exponential::{exp, exp2, exp10, expm1, sigmoid, softplus};
pub(crate) use hyperbolic::{acosh, asinh, atanh, cosh, sinh, tanh};
pub(crate) use inverse_trigonometric::{acos, asin, atan};
pub(crate) use logarithm::{log, log1p, log2, log10};
pub(crate) use power::pow;
pub(crate) use roots::{cbrt, rsqrt};
pub(crate) use trigonometric::{cos, sin, tan};

use crate::lanes::Lanes;

/// The bit that holds a number's sign.
const SIGN_BIT: i32 = i32::MIN;

/// 1.5 · 2²³: adding it to a number below 2²² in magnitude rounds that to an integer, which then
/// stands in the low bits.
const ROUNDING_SHIFT: f32 = 12_582_912.0;

/// A polynomial at `x`, the coefficient of the highest power first.
#[inline(always)]
fn horner<L: Lanes>(lanes: &L, x: L::Float, coefficients: &[f32]) -> L::Float {
    let mut sum = lanes.constant(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = lanes.fma(sum, x, lanes.constant(coefficient));
    }
    sum
}

/// `value` with the sign bit of `x` set in it too: for an odd function's result, which has the sign
/// of `x` already, or has none.
#[inline(always)]
fn with_sign_of<L: Lanes>(lanes: &L, value: L::Float, x: L::Float) -> L::Float {
    let sign = lanes.integer_and(lanes.to_bits(x), lanes.integer(SIGN_BIT));
    lanes.bits_to_float(lanes.integer_or(lanes.to_bits(value), sign))
}

/// `value` with its sign flipped where `x` is negative.
#[inline(always)]
fn flipped_by_sign_of<L: Lanes>(lanes: &L, value: L::Float, x: L::Float) -> L::Float {
    let sign = lanes.integer_and(lanes.to_bits(x), lanes.integer(SIGN_BIT));
    lanes.bits_to_float(lanes.integer_xor(lanes.to_bits(value), sign))
}

/// x bounded to at least `least` and at most `most`, neither of them 0; NaN stays.
#[inline(always)]
fn bounded<L: Lanes>(lanes: &L, x: L::Float, least: f32, most: f32) -> L::Float {
    lanes.minimum(
        lanes.maximum(x, lanes.constant(least)),
        lanes.constant(most),
    )
}

/// The rounded sum and its rounding error (Dekker 1971, *A floating-point technique for extending
/// the available precision*), if `a` is not smaller in magnitude than `b`, or is 0.
#[inline(always)]
fn ordered_sum<L: Lanes>(lanes: &L, a: L::Float, b: L::Float) -> (L::Float, L::Float) {
    let sum = lanes.add(a, b);
    (sum, lanes.sub(b, lanes.sub(sum, a)))
}

/// `numerator / (1 + x)` for x ≥ 0, to little more than half an ulp, though 1 + x is rounded.
#[inline(always)]
fn divided_by_one_plus<L: Lanes>(lanes: &L, numerator: L::Float, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let (denominator, denominator_error) = ordered_sum(lanes, one, x);
    let inverse = lanes.div(one, denominator);
    let quotient = lanes.mul(numerator, inverse);
    let residual = lanes.negative_mul_add(quotient, denominator, numerator);
    let residual = lanes.negative_mul_add(quotient, denominator_error, residual);
    lanes.fma(residual, inverse, quotient)
}

#[cfg(test)]
mod tests;
