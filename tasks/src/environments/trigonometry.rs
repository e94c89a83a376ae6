//! Sines and cosines in binary64 that vectors can be made of.
//!
//! `libm`'s take a different way for each range of angles, so a loop that calls them steps one episode at a time. Here every
//! angle takes the same way: it is brought to within π/4 of a multiple of π/2, where Taylor's polynomials converge
//! fast, and the multiple says which of the two results is which, and with what sign. Results are within a unit of
//! the last place of `libm`'s, as is measured below.

use std::f64::consts::{FRAC_2_PI, TAU};

/// π/2 in three parts: two of 33 bits, whose products with whole numbers below 2²⁰ are exact, and what is left.
const HALF_PI: [f64; 3] = [
    f64::from_bits(0x3ff9_21fb_5440_0000),
    f64::from_bits(0x3dd0_b461_1a60_0000),
    f64::from_bits(0x3ba3_198a_2e03_7073),
];

/// Added to a number, leaves no bits for a fraction, so that the sum is rounded to a whole number, which its last bits show.
const ROUNDING: f64 = 1.5 / f64::EPSILON;

/// sin x = x + x³ (a₀ + a₁ x² + …).
const SINE: [f64; 8] = taylor(3);

/// cos x = 1 − x²/2 + x⁴ (a₀ + a₁ x² + …).
const COSINE: [f64; 7] = taylor(4);

/// Sine and cosine of an angle in radians. Their errors grow from 10⁴ radians on.
#[inline(always)]
pub(super) fn sine_cosine(angle: f64) -> (f64, f64) {
    let rounded = angle * FRAC_2_PI + ROUNDING;
    let quarters = rounded - ROUNDING;
    let [first, second, third] = HALF_PI.map(|part| quarters * part);
    let near = angle - first;
    let high = near - second;
    // What rounding that difference lost, by Knuth's two-sum.
    let subtracted = high - near;
    let lost = (near - (high - subtracted)) - (second + subtracted);
    let (sine, cosine) = polynomials(high, lost - third);

    let quarter = rounded.to_bits();
    let (sine, cosine) = if quarter & 1 == 0 {
        (sine, cosine)
    } else {
        (cosine, sine)
    };
    // In the third and fourth quarter the sine is negative, in the second and third the cosine is.
    let sign = |quarter: u64| (quarter & 2) << 62;
    (
        f64::from_bits(sine.to_bits() ^ sign(quarter)),
        f64::from_bits(cosine.to_bits() ^ sign(quarter.wrapping_add(1))),
    )
}

/// The cosine of an angle in radians, as [`sine_cosine`] has it.
#[inline(always)]
pub(super) fn cosine(angle: f64) -> f64 {
    sine_cosine(angle).1
}

/// The angle without whole turns, from −π to π.
#[inline(always)]
pub(super) fn within_half_a_turn(angle: f64) -> f64 {
    let turns = (angle * (1.0 / TAU) + ROUNDING) - ROUNDING;
    angle - turns * TAU
}

/// Sine and cosine of an angle within π/4 of 0.
#[inline(always)]
pub(super) fn sine_cosine_near_zero(angle: f64) -> (f64, f64) {
    polynomials(angle, 0.0)
}

/// Taylor's polynomials of `high + low`, of degree 17 and 16; what they leave out within π/4 is below 2⁻⁵⁸. The largest
/// terms are added last, so that hardly more than one rounding shows.
#[inline(always)]
fn polynomials(high: f64, low: f64) -> (f64, f64) {
    let square = high * high;
    let half = 0.5 * square;

    let cubic = high * square * horner(square, SINE);
    let sine = high + (cubic + low * (1.0 - half));

    let near_one = 1.0 - half;
    let lost = (1.0 - near_one) - half;
    let quartic = square * square * horner(square, COSINE);
    let cosine = near_one + (lost + (quartic - high * low));
    (sine, cosine)
}

/// a₀ + x (a₁ + x (a₂ + …)).
#[inline(always)]
fn horner<const TERMS: usize>(x: f64, coefficients: [f64; TERMS]) -> f64 {
    let mut sum = coefficients[TERMS - 1];
    for coefficient in coefficients[..TERMS - 1].iter().rev() {
        sum = sum * x + coefficient;
    }
    sum
}

/// Coefficients of Taylor's series of the sine, if the first degree is odd, or the cosine, if it is even: ±1/n! for that
/// degree n and every second one after it. Factorials are exact up to 18!.
const fn taylor<const TERMS: usize>(first_degree: usize) -> [f64; TERMS] {
    let mut coefficients = [1.0; TERMS];
    let mut term = 0;
    while term < TERMS {
        let degree = first_degree + 2 * term;
        let mut factorial = if degree % 4 < 2 { 1.0 } else { -1.0 };
        let mut factor = 2;
        while factor <= degree {
            factorial *= factor as f64;
            factor += 1;
        }
        coefficients[term] = 1.0 / factorial;
        term += 1;
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environments::uniform_within;
    use crate::stream;

    /// How many binary64 numbers lie between two, of one sign or near 0.
    fn distance_ulp(a: f64, b: f64) -> u64 {
        let place = |number: f64| {
            let magnitude = (number.to_bits() & (u64::MAX >> 1)) as i64;
            if number.is_sign_negative() {
                -magnitude
            } else {
                magnitude
            }
        };
        place(a).abs_diff(place(b))
    }

    fn assert_near_libm(angle: f64, ours: (f64, f64)) {
        let (sine, cosine) = libm::sincos(angle);
        let distances = (distance_ulp(ours.0, sine), distance_ulp(ours.1, cosine));
        assert!(
            distances <= (1, 1) && distances.1 <= 1,
            "{angle}: {distances:?}"
        );
    }

    #[test]
    fn every_angle_is_within_a_unit_of_the_last_place_of_libm() {
        let mut numbers = stream(1, "test", [0, 0]);
        for bound in [1e-9, 0.25, 1.0, 10.0, 100.0, 1e4] {
            for _ in 0..200_000 {
                let angle = uniform_within(bound, &mut numbers);
                assert_near_libm(angle, sine_cosine(angle));
            }
        }
    }

    #[test]
    fn multiples_of_a_right_angle_and_their_neighbours_are_exact_enough() {
        for multiple in -1_000..=1_000 {
            let angle = f64::from(multiple) * std::f64::consts::FRAC_PI_2;
            for angle in [angle, angle.next_up(), angle.next_down()] {
                assert_near_libm(angle, sine_cosine(angle));
            }
        }
        assert_eq!(sine_cosine(0.0), (0.0, 1.0));
    }

    #[test]
    fn small_angles_need_no_reduction() {
        let mut numbers = stream(2, "test", [0, 0]);
        for _ in 0..200_000 {
            let angle = uniform_within(std::f64::consts::FRAC_PI_4, &mut numbers);
            assert_near_libm(angle, sine_cosine_near_zero(angle));
            assert_eq!(sine_cosine_near_zero(angle), sine_cosine(angle));
        }
    }
}
