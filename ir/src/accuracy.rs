//! How far elementary functions are from the truth, measured.
//!
//! The error of a result is its distance from the exact value in units of the last place (ulp) of the
//! exact value as rounded to binary32: the distance from that number to the next one of the same
//! exponent, 2⁻¹⁴⁹ for subnormal numbers. So a correctly rounded result has an error of at most ½. A
//! NaN where there is a number, or a number where there is none, is an infinite error. The signs of
//! zeros are not looked at.
//!
//! The exact value is a binary64 function of the crate `libm`, or put together of such without
//! cancellation; it is off by some 2⁻²⁸ ulp of binary32, which is no matter.
//!
//! A function of one operand is measured at every bit pattern. For a function of two there are
//! [`POINTS`] too: every base is among 2¹⁶, by turns spread evenly over the bit patterns of all
//! positive numbers and of those from ½ to 2, and has 2¹⁶ exponents, which spread the result evenly
//! over the exponents from 2⁻¹⁶⁰ to 2¹⁶⁰.

use std::f64::consts::FRAC_1_SQRT_2;
use std::ops::Range;

use crate::ops::ElementwiseOp;

/// The points at which a function is measured.
pub const POINTS: u64 = 1 << 32;

/// Points that are computed at once, as the interpreter would.
const CHUNK: usize = 1_024;

/// A function in binary64.
#[derive(Clone, Copy)]
enum Reference {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
}

/// The reference of every op whose error is bounded.
const REFERENCES: &[(ElementwiseOp, Reference)] = &[
    (ElementwiseOp::Cbrt, Reference::One(libm::cbrt)),
    (ElementwiseOp::Rsqrt, Reference::One(|x| 1.0 / x.sqrt())),
    (ElementwiseOp::Pow, Reference::Two(powr)),
    (ElementwiseOp::Exp, Reference::One(libm::exp)),
    (ElementwiseOp::Exp2, Reference::One(libm::exp2)),
    (ElementwiseOp::Exp10, Reference::One(libm::exp10)),
    (ElementwiseOp::Expm1, Reference::One(libm::expm1)),
    (ElementwiseOp::Log, Reference::One(libm::log)),
    (ElementwiseOp::Log2, Reference::One(libm::log2)),
    (ElementwiseOp::Log10, Reference::One(libm::log10)),
    (ElementwiseOp::Log1p, Reference::One(libm::log1p)),
    (ElementwiseOp::Sigmoid, Reference::One(sigmoid)),
    (ElementwiseOp::Softplus, Reference::One(softplus)),
    (ElementwiseOp::Erf, Reference::One(libm::erf)),
    (ElementwiseOp::Gelu, Reference::One(gelu)),
    (ElementwiseOp::Sin, Reference::One(libm::sin)),
    (ElementwiseOp::Cos, Reference::One(libm::cos)),
    (ElementwiseOp::Tan, Reference::One(libm::tan)),
    (ElementwiseOp::Asin, Reference::One(libm::asin)),
    (ElementwiseOp::Acos, Reference::One(libm::acos)),
    (ElementwiseOp::Atan, Reference::One(libm::atan)),
    (ElementwiseOp::Sinh, Reference::One(libm::sinh)),
    (ElementwiseOp::Cosh, Reference::One(libm::cosh)),
    (ElementwiseOp::Tanh, Reference::One(libm::tanh)),
    (ElementwiseOp::Asinh, Reference::One(libm::asinh)),
    (ElementwiseOp::Acosh, Reference::One(acosh)),
    (ElementwiseOp::Atanh, Reference::One(libm::atanh)),
];

/// IEEE 754-2019 `powr`.
fn powr(x: f64, y: f64) -> f64 {
    let is_undefined = x < 0.0
        || (x == 0.0 || x.is_infinite()) && y == 0.0
        || x == 1.0 && y.is_infinite()
        || x.is_nan()
        || y.is_nan();
    if is_undefined {
        f64::NAN
    } else {
        libm::pow(x.abs(), y)
    }
}

/// `libm`'s gives numbers below 1.
fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

fn sigmoid(x: f64) -> f64 {
    let decay = libm::exp(-x.abs());
    if x < 0.0 {
        decay / (1.0 + decay)
    } else {
        1.0 / (1.0 + decay)
    }
}

fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + libm::log1p(libm::exp(-x.abs()))
}

fn gelu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        // The limit; the product would be a NaN.
        return 0.0;
    }
    0.5 * x * libm::erfc(-x * FRAC_1_SQRT_2)
}

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

/// The operands at a point.
fn operands(reference: Reference, point: u32) -> [f32; 2] {
    match reference {
        Reference::One(_) => [f32::from_bits(point), 0.0],
        Reference::Two(_) => {
            let (base, exponent) = (point >> 16, point & 0xffff);
            let base = if base % 2 == 0 {
                // Up to ∞ and a little of what is NaN.
                base * 0x7f81 + base / 2
            } else {
                0x3f00_0000 + base * 0x100 + base / 256
            };
            let base = f32::from_bits(base);
            let result_exponent = (f64::from(exponent) - 32_768.0) * (160.0 / 32_768.0);
            let exponent = result_exponent / libm::log2(f64::from(base));
            [base, exponent as f32]
        }
    }
}

/// Measures an op at every `stride`-th of these [`POINTS`], if its error is bounded.
///
/// # Panics
/// If `stride` is 0 or the points go beyond [`POINTS`].
#[must_use]
pub fn measure(op: ElementwiseOp, points: Range<u64>, stride: usize) -> Option<Accuracy> {
    assert!(points.end <= POINTS, "there are 2³² points");
    let mut references = REFERENCES.iter();
    let &(_, reference) = references.find(|&&(referred, _)| referred == op)?;
    let mut accuracy = Accuracy {
        points: 0,
        correctly_rounded: 0,
        worst_ulp: -1.0,
        worst_operands: Vec::new(),
    };
    let mut chunks = [[0.0; CHUNK]; 2];
    let mut results = [0.0; CHUNK];
    let mut points = points.step_by(stride).peekable();
    while points.peek().is_some() {
        let mut length = 0;
        for point in points.by_ref().take(CHUNK) {
            let operands = operands(reference, point as u32);
            for (chunk, operand) in chunks.iter_mut().zip(operands) {
                chunk[length] = operand;
            }
            length += 1;
        }
        let [first, second] = chunks.each_ref().map(|chunk| &chunk[..length]);
        let results = &mut results[..length];
        op.evaluate_slices(&[first, second][..op.arity()], results);
        for ((&first, &second), &result) in first.iter().zip(second).zip(&*results) {
            let exact = match reference {
                Reference::One(function) => function(f64::from(first)),
                Reference::Two(function) => function(f64::from(first), f64::from(second)),
            };
            let error = error_ulp(result, exact);
            if result == exact as f32 || result.is_nan() && exact.is_nan() {
                accuracy.correctly_rounded += 1;
            }
            if error > accuracy.worst_ulp {
                accuracy.worst_ulp = error;
                accuracy.worst_operands = [first, second][..op.arity()].to_vec();
            }
        }
        accuracy.points += length as u64;
    }
    Some(accuracy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bounded_op_has_a_reference_and_no_other() {
        for &op in ElementwiseOp::ALL {
            let is_measured = measure(op, 0..1, 1).is_some();
            assert_eq!(is_measured, op.error_bound_ulp().is_some(), "{op:?}");
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
