//! Sine, cosine and tangent of any number.
//!
//! The argument in turns is x / 2π less an integer. For a great x that takes many digits of 1 / 2π,
//! but of these the leading ones give integers and can be left out (Payne and Hanek 1983, *Radian
//! reduction for trigonometric functions*). Which ones depends on the exponent of x: there are five
//! windows of some 100 digits, four numbers each. Products with them are exact, as a rounded product
//! and its rounding error; each loses its integer, and what is left is added up from the greatest to
//! the smallest, as two numbers.

use super::{ROUNDING_SHIFT, horner, ordered_sum};
use crate::lanes::Lanes;

/// The unit in which arguments are multiplied, so that no product with a window is subnormal.
const UNIT: f32 = 8.673_617_4e-19; // 2⁻⁶⁰

/// Digits of 1 / 2π in units of 2⁻⁶⁰: for |x| below a limit, those that x / 2π modulo 1 takes to
/// 2⁻⁵⁷, as the sum of four numbers. Each is what the one before leaves, rounded to binary32.
const WINDOWS: [(f32, [u32; 4]); 5] = [
    (TWO_47, [0x5c22_f983, 0x4fdc_9c88, 0x42a9_4fe1, 0x35ea_fa3f]),
    (TWO_73, [0xd011_b1bc, 0x42a9_4fe1, 0x35ea_fa3f, 0xa932_c890]),
    (TWO_98, [0x42a9_4fe1, 0x35ea_fa3f, 0xa932_c890, 0x1c5b_6296]),
    (
        TWO_124,
        [0x371d_5f48, 0xaa2c_b224, 0x1c5b_6296, 0x8fcd_8779],
    ),
    (
        f32::INFINITY,
        [0xaa2c_b224, 0x1c5b_6296, 0x8fcd_8779, 0x0282_0ff3],
    ),
];
const TWO_47: f32 = (1_u64 << 47) as f32;
const TWO_73: f32 = (1_u128 << 73) as f32;
const TWO_98: f32 = (1_u128 << 98) as f32;
const TWO_124: f32 = (1_u128 << 124) as f32;

/// 2π as rounded to binary32.
const TURN: f32 = std::f32::consts::TAU;
/// 2π − [`TURN`].
const TURN_LOW: f32 = -1.748_455_5e-7;

/// Below this in magnitude, sin x and tan x are x to half an ulp.
const TINY: f32 = 2.441_406_2e-4; // 2⁻¹²

/// An angle, as quarter turns and what is left.
struct Angle<L: Lanes> {
    /// The number of quarter turns, modulo 4, in the low bits.
    quarters: L::Integer,
    /// What is left, in turns: at most an eighth in magnitude and little more.
    turns: L::Float,
    /// The rounding error of that.
    turns_error: L::Float,
}

/// The numbers of each lane's window.
#[inline(always)]
fn window<L: Lanes>(lanes: &L, magnitude: L::Float) -> [L::Float; 4] {
    let numbers = |window: usize| {
        let numbers = WINDOWS[window].1;
        numbers.map(|bits| lanes.constant(f32::from_bits(bits)))
    };
    let mut chosen = numbers(4);
    for window in (0..4).rev() {
        let below = lanes.less(magnitude, lanes.constant(WINDOWS[window].0));
        let numbers = numbers(window);
        for (chosen, number) in chosen.iter_mut().zip(numbers) {
            *chosen = lanes.select(below, number, *chosen);
        }
    }
    chosen
}

/// x less the nearest integer.
#[inline(always)]
fn without_integer<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    lanes.sub(x, lanes.round_ties_even(x))
}

/// x as an angle; what is left is a NaN for ∞ and NaN.
#[inline(always)]
fn angle<L: Lanes>(lanes: &L, x: L::Float) -> Angle<L> {
    let magnitude = lanes.abs(x);
    let digits = window(lanes, magnitude);
    let x = lanes.mul(x, lanes.constant(UNIT));
    let product = |digits| {
        let product = lanes.mul(x, digits);
        (product, lanes.mul_sub(x, digits, product))
    };
    let (first, first_error) = product(digits[0]);
    let (second, second_error) = product(digits[1]);
    let (third, third_error) = product(digits[2]);
    let rest = lanes.fma(x, digits[3], third_error);
    let first = without_integer(lanes, first);
    let first_error = without_integer(lanes, first_error);
    let second = without_integer(lanes, second);

    let shift = lanes.constant(ROUNDING_SHIFT);
    let sum = lanes.add(lanes.add(first, first_error), second);
    let sum = lanes.add(sum, lanes.add(second_error, third));
    let shifted = lanes.fma(sum, lanes.constant(4.0), shift);
    let count = lanes.sub(shifted, shift);
    let turns = lanes.fma(count, lanes.constant(-0.25), first);
    // Each term is at most half of what the terms before it are multiples of, or a unit of its last
    // place divides these: then the error of a sum is exact in this order.
    let (turns, error) = ordered_sum(lanes, turns, first_error);
    let (turns, next_error) = ordered_sum(lanes, turns, second);
    let errors = lanes.add(error, next_error);
    let (turns, error) = ordered_sum(lanes, turns, second_error);
    let errors = lanes.add(errors, error);
    let (turns, error) = ordered_sum(lanes, turns, third);
    let errors = lanes.add(errors, lanes.add(error, rest));
    let (turns, turns_error) = ordered_sum(lanes, turns, errors);
    Angle {
        quarters: lanes.to_bits(shifted),
        turns,
        turns_error,
    }
}

/// The sine of what is left. (sin 2πt − 2πt) / t³ is fitted on |t| ≤ ⅛, to 2⁻²⁸ of the sine.
#[inline(always)]
fn sine_of_rest<L: Lanes>(lanes: &L, angle: &Angle<L>, square: L::Float) -> L::Float {
    let tail = horner(lanes, square, &[-75.423_41, 81.593_38, -41.341_67]);
    let tail = lanes.fma(square, tail, lanes.constant(TURN_LOW));
    let turn = lanes.constant(TURN);
    let small = lanes.fma(angle.turns_error, turn, lanes.mul(angle.turns, tail));
    lanes.fma(angle.turns, turn, small)
}

/// The cosine of what is left. (cos 2πt − 1) / t² is fitted on |t| ≤ ⅛, to 2⁻³¹.
#[inline(always)]
fn cosine_of_rest<L: Lanes>(lanes: &L, square: L::Float) -> L::Float {
    horner(
        lanes,
        square,
        &[58.558_57, -85.423_096, 64.939_14, -19.739_208, 1.0],
    )
}

/// The lanes in which the number of quarter turns is odd.
#[inline(always)]
fn odd<L: Lanes>(lanes: &L, quarters: L::Integer) -> L::Mask {
    // Of ±1, −1 is negative.
    let signed = lanes.integer_or(
        lanes.shift_left(quarters, 31),
        lanes.to_bits(lanes.constant(1.0)),
    );
    lanes.less(lanes.bits_to_float(signed), lanes.constant(0.0))
}

/// The sine of an angle after `quarters` quarter turns.
#[inline(always)]
fn sine_after<L: Lanes>(lanes: &L, angle: &Angle<L>, quarters: L::Integer) -> L::Float {
    let square = lanes.mul(angle.turns, angle.turns);
    let sine = sine_of_rest(lanes, angle, square);
    let cosine = cosine_of_rest(lanes, square);
    let value = lanes.select(odd(lanes, quarters), cosine, sine);
    // Bit 1 is set in the half of a turn where the sine is negative.
    let half_turn = lanes.shift_left(lanes.integer_and(quarters, lanes.integer(2)), 30);
    lanes.bits_to_float(lanes.integer_xor(lanes.to_bits(value), half_turn))
}

/// sin x.
///
/// Error at most 1.16 ulp.
#[inline(always)]
pub(crate) fn sin<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let angle = angle(lanes, x);
    let value = sine_after(lanes, &angle, angle.quarters);
    let tiny = lanes.less(lanes.abs(x), lanes.constant(TINY));
    lanes.select(tiny, x, value)
}

/// cos x.
///
/// Error at most 1.15 ulp.
#[inline(always)]
pub(crate) fn cos<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let angle = angle(lanes, x);
    let quarters = lanes.integer_add(angle.quarters, lanes.integer(1));
    sine_after(lanes, &angle, quarters)
}

/// tan x, as the sine of what is left divided by its cosine, or the cosine by the sine.
///
/// Error at most 2.55 ulp.
#[inline(always)]
pub(crate) fn tan<L: Lanes>(lanes: &L, x: L::Float) -> L::Float {
    let angle = angle(lanes, x);
    let square = lanes.mul(angle.turns, angle.turns);
    let sine = sine_of_rest(lanes, &angle, square);
    let cosine = cosine_of_rest(lanes, square);
    let odd = odd(lanes, angle.quarters);
    let numerator = lanes.select(odd, lanes.neg(cosine), sine);
    let denominator = lanes.select(odd, sine, cosine);
    let value = lanes.div(numerator, denominator);
    let tiny = lanes.less(lanes.abs(x), lanes.constant(TINY));
    lanes.select(tiny, x, value)
}
