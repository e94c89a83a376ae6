//! How far elementary functions are from the truth, measured.
//!
//! The error of a result is its distance from the exact value in units of the last place (ulp) of the
//! exact value as rounded to binary32: the distance from that number to the next one of the same
//! exponent, 2⁻¹⁴⁹ for subnormal numbers. So a correctly rounded result has an error of at most ½. A
//! NaN where there is a number, or a number where there is none, is an infinite error. The signs of
//! zeros are not looked at.
//!
//! The exact value is what the op's row says that it is over the real numbers, a binary64 function
//! that is off by some 2⁻²⁸ ulp of binary32, which is no matter.
//!
//! A function of one operand is measured at every bit pattern. For functions of more there are
//! [`POINTS`] too. Of two: every first operand is among 2¹⁶, by turns spread evenly over the bit patterns
//! of all positive numbers, of those from ½ to 2, and twice of all numbers, and has 2¹⁶ second ones, by
//! turns spread evenly over all bit patterns, and so that the power with that exponent is spread evenly
//! over the exponents from 2⁻¹⁶⁰ to 2¹⁶⁰. Of three: 2¹¹, 2¹¹ and 2¹⁰ numbers, spread evenly over all bit patterns.

use std::ops::Range;

use crate::ops::{ElementwiseOp, MAX_ARITY};

/// The points at which a function is measured.
pub const POINTS: u64 = 1 << 32;

/// Points that are computed at once, as the interpreter would.
const CHUNK: usize = 1_024;

/// The error of `value` in ulp, as the [module](self) defines it.
#[must_use]
pub fn error_ulp(value: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if value.is_nan() || exact.is_nan() {
        return if value.is_nan() && exact.is_nan() {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if rounded.is_infinite() && value == rounded {
        return 0.0;
    }
    // ±∞ is where the next number would be, had the format one.
    let number = |x: f32| {
        if x.is_infinite() {
            2f64.powi(128).copysign(f64::from(x))
        } else {
            f64::from(x)
        }
    };
    let exponent = (rounded.to_bits() >> 23 & 0xff).clamp(1, 254);
    let ulp = f64::from_bits(u64::from(exponent + 1_023 - 150) << 52);
    (number(value) - exact).abs() / ulp
}

/// What was measured of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// At how many points.
    pub points: u64,
    /// How many results are the exact value rounded to nearest.
    pub correctly_rounded: u64,
    /// The greatest error, in ulp.
    pub worst_ulp: f64,
    /// The first operands that give it.
    pub worst_operands: Vec<f32>,
}

impl Accuracy {
    /// Takes in what was measured at points further on.
    #[must_use]
    pub fn joined(self, further: Self) -> Self {
        let points = self.points + further.points;
        let correctly_rounded = self.correctly_rounded + further.correctly_rounded;
        let worse = if further.worst_ulp > self.worst_ulp {
            further
        } else {
            self
        };
        Self {
            points,
            correctly_rounded,
            ..worse
        }
    }
}

/// The `index`-th of `2^bits` numbers, spread evenly over all bit patterns: the lower bits are the upper
/// ones again, so that they vary too.
fn spread(index: u32, bits: u32) -> f32 {
    let upper = index << (32 - bits);
    f32::from_bits(upper | upper >> bits)
}

/// The operands of an op with so many of them at a point.
fn operands(arity: usize, point: u32) -> [f32; MAX_ARITY] {
    match arity {
        1 => [f32::from_bits(point), 0.0, 0.0],
        2 => {
            let (first, second) = (point >> 16, point & 0xffff);
            let base = first / 4;
            // The steps are odd, so that the last bits vary.
            let first = match first % 4 {
                // From 0 to ∞ and a little of what is NaN.
                0 => f32::from_bits(base * 0x1_fe09),
                1 => f32::from_bits(0x3f00_0000 + base * 0x3ff),
                _ => spread(first, 16),
            };
            let second = if second % 2 == 0 {
                let result_exponent = (f64::from(second) - 32_768.0) * (160.0 / 32_768.0);
                (result_exponent / libm::log2(f64::from(first).abs())) as f32
            } else {
                spread(second, 16)
            };
            [first, second, 0.0]
        }
        _ => [
            spread(point >> 21, 11),
            spread(point >> 10 & 0x7ff, 11),
            spread(point & 0x3ff, 10),
        ],
    }
}

/// Measures an op at every `stride`-th of these [`POINTS`], if its error is bounded.
///
/// # Panics
/// If `stride` is 0 or the points go beyond [`POINTS`].
#[must_use]
pub fn measure(op: ElementwiseOp, points: Range<u64>, stride: usize) -> Option<Accuracy> {
    assert!(points.end <= POINTS, "there are 2³² points");
    op.error_bound_ulp()?;
    let mut accuracy = Accuracy {
        points: 0,
        correctly_rounded: 0,
        worst_ulp: -1.0,
        worst_operands: Vec::new(),
    };
    let arity = op.arity();
    let mut chunks = [[0.0; CHUNK]; MAX_ARITY];
    let mut results = [0.0; CHUNK];
    let mut points = points.step_by(stride).peekable();
    while points.peek().is_some() {
        let mut length = 0;
        for point in points.by_ref().take(CHUNK) {
            let operands = operands(arity, point as u32);
            for (chunk, operand) in chunks.iter_mut().zip(operands) {
                chunk[length] = operand;
            }
            length += 1;
        }
        let slices = chunks.each_ref().map(|chunk| &chunk[..length]);
        let results = &mut results[..length];
        op.evaluate_slices(&slices[..arity], results);
        for (place, &result) in results.iter().enumerate() {
            let operands = slices.map(|slice| slice[place]);
            let exact = op.real(&operands.map(f64::from)[..arity]);
            let error = error_ulp(result, exact);
            if result == exact as f32 || result.is_nan() && exact.is_nan() {
                accuracy.correctly_rounded += 1;
            }
            if error > accuracy.worst_ulp {
                accuracy.worst_ulp = error;
                accuracy.worst_operands = operands[..arity].to_vec();
            }
        }
        accuracy.points += length as u64;
    }
    Some(accuracy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each a few values, so that all kinds of numbers are met.
    #[test]
    fn points_of_several_operands_are_spread_over_all_numbers() {
        for arity in 2..=MAX_ARITY {
            for position in 0..arity {
                let numbers = (0..POINTS).step_by(4_099);
                let numbers = numbers.map(|point| operands(arity, point as u32)[position]);
                let exponents: BTreeSet<u32> = numbers.map(|it| it.to_bits() >> 23).collect();
                assert_eq!(exponents.len(), 512, "operand {position} of {arity}");
            }
        }
    }

    #[test]
    fn every_bound_holds_on_a_sample_and_around_special_values() {
        let special = [
            0.0,
            f32::MIN_POSITIVE,
            0.5,
            1.0,
            2.0,
            88.72,
            f32::MAX,
            f32::INFINITY,
        ];
        for &op in ElementwiseOp::ALL {
            let Some(bound) = op.error_bound_ulp() else {
                continue;
            };
            let around = special.into_iter().flat_map(|number| [number, -number]);
            let around = around.map(|number| {
                let bits = u64::from(number.to_bits());
                (bits.saturating_sub(2_048)..bits + 2_048, 1)
            });
            for (points, stride) in around.chain([(0..POINTS, 4_099)]) {
                let accuracy = measure(op, points, stride).expect("its error is bounded");
                let (error, at) = (accuracy.worst_ulp, accuracy.worst_operands);
                assert!(error <= f64::from(bound), "{op:?}: {error} ulp at {at:?}");
            }
        }
    }

    #[test]
    fn errors_are_in_units_of_the_last_place_of_the_exact_value() {
        let next = f32::from_bits(1.0f32.to_bits() + 1);
        assert_eq!(error_ulp(1.0, 1.0), 0.0);
        assert_eq!(error_ulp(next, 1.0), 1.0);
        assert_eq!(error_ulp(1.0, 1.0 + f64::from(f32::EPSILON) / 4.0), 0.25);
        assert_eq!(error_ulp(0.0, 2f64.powi(-149)), 1.0);
        assert_eq!(error_ulp(f32::INFINITY, 1e300), 0.0);
        assert_eq!(error_ulp(f32::INFINITY, f64::from(f32::MAX)), 1.0);
        assert_eq!(error_ulp(-f32::INFINITY, f64::from(f32::MIN)), 1.0);
        assert_eq!(error_ulp(f32::NAN, f64::NAN), 0.0);
        assert_eq!(error_ulp(f32::NAN, 1.0), f64::INFINITY);
        assert_eq!(error_ulp(1.0, f64::NAN), f64::INFINITY);
    }
}
