//! Roots that the processor does not have.

use super::with_sign_of;
use crate::lanes::Lanes;

/// Below this in magnitude, the residual of a cube root could be subnormal.
const SMALL: f32 = 8.673_617_4e-19; // 2⁻⁶⁰
/// 2³⁰.
const CUBE_ROOT_OF_ENLARGEMENT: f32 = 1_073_741_824.0;
/// What small numbers are multiplied by.
const ENLARGEMENT: f32 =
    CUBE_ROOT_OF_ENLARGEMENT * CUBE_ROOT_OF_ENLARGEMENT * CUBE_ROOT_OF_ENLARGEMENT;

/// The bit pattern of the approximation of 1^−⅓, divided by 2⁸: chosen for a small error.
const INVERSE_ROOT_OF_ONE: f32 = 5_546_746.0;

/// ∛x: an approximation of x^−⅓ from the bit pattern, whose rounding to a third is done in floating
/// point, then one step of Householder's method of third order, one of Newton's, and one of Newton's
/// for ∛x with an exact residual.
///
/// Error at most 0.50 ulp.
#[inline(always)]
pub(crate) fn cbrt<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let third = lanes.constant(1.0 / 3.0);
    let magnitude = lanes.abs(x);
    let small = lanes.less(magnitude, lanes.constant(SMALL));
    let enlarged = lanes.mul(magnitude, lanes.constant(ENLARGEMENT));
    let a = lanes.select(small, enlarged, magnitude);

    // The bits of x^−⅓ are about (4/3 · 127 · 2²³ − bits of x / 3); 2⁸ of them are one here. Added to
    // 2²³ they stand in the low bits, and the shift drops what is above.
    let bits = lanes.integer_to_float(lanes.to_bits(a));
    let eighth_bits = lanes.fma(
        bits,
        lanes.constant(-1.0 / 768.0),
        lanes.constant(8_388_608.0 + INVERSE_ROOT_OF_ONE),
    );
    let y = lanes.bits_to_float(lanes.shift_left(lanes.to_bits(eighth_bits), 8));

    let residual = |y| {
        let square = lanes.mul(y, y);
        lanes.negative_mul_add(lanes.mul(a, y), square, one)
    };
    let h = residual(y);
    let step = lanes.fma(h, lanes.constant(2.0 / 9.0), third);
    let y = lanes.fma(lanes.mul(y, h), step, y);
    let h = residual(y);
    let y = lanes.fma(lanes.mul(y, h), third, y);

    let y_square = lanes.mul(y, y);
    let root = lanes.mul(a, y_square);
    let square = lanes.mul(root, root);
    let square_error = lanes.mul_sub(root, root, square);
    let error = lanes.negative_mul_add(square, root, a);
    let error = lanes.negative_mul_add(square_error, root, error);
    let root = lanes.fma(lanes.mul(error, third), y_square, root);

    let reduced = lanes.mul(root, lanes.constant(1.0 / CUBE_ROOT_OF_ENLARGEMENT));
    let root = lanes.select(small, reduced, root);
    let finite = lanes.less(magnitude, lanes.constant(f32::INFINITY));
    with_sign_of(lanes, lanes.select(finite, root, magnitude), x)
}

/// 1 / √x: ∞ at 0 with its sign, NaN below it. One step of Newton's method, with an exact residual,
/// from 1 / √x as rounded twice.
///
/// Error at most 0.50 ulp.
#[inline(always)]
pub(crate) fn rsqrt<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let one = lanes.constant(1.0);
    let y = lanes.div(one, lanes.sqrt(x));
    // x y as two numbers, which near √x are normal.
    let product = lanes.mul(x, y);
    let product_error = lanes.mul_sub(x, y, product);
    let residual = lanes.negative_mul_add(product, y, one);
    let residual = lanes.negative_mul_add(product_error, y, residual);
    let corrected = lanes.fma(lanes.mul(y, lanes.constant(0.5)), residual, y);
    // At ±0 and ∞ the residual is a NaN.
    let has_residual = lanes.equal(residual, residual);
    lanes.select(has_residual, corrected, y)
}
