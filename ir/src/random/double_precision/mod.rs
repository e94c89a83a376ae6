//! What functions mean over the real numbers, in binary64: the yardstick of derivatives.
//!
//! In binary32 a difference quotient has three digits at best. Here it has nine, so that a wrong
//! formula cannot hide behind rounding. Ops are known by their mnemonics and computed by the
//! standard library and in the plainest loops, so nothing is shared with the meanings in the op
//! table. Composite ops alone are what the table says that they stand for.

mod matrices;
mod numbers;

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, LOG2_E, LOG10_E};

pub use numbers::{Reduction, elementwise, maximum, reduction};

use crate::function::{Definition, Function};
use crate::ops::Op;
use crate::shape::{Dimensions, Shape};

/// A value: its shape and its elements, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Real {
    /// The shape.
    pub shape: Shape,
    /// The elements, one for a scalar.
    pub elements: Vec<f64>,
}

/// What a call of a function comes to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What each parameter holds.
    pub storage: Vec<Vec<f64>>,
    /// The greatest finite magnitude of any value on the way: how many digits can have been lost.
    pub greatest: f64,
}

/// The result of an op; `None` if the op has no meaning here, or does not take its operands.
#[must_use]
pub fn apply(op: Op, dimensions: Dimensions, operands: &[&Real]) -> Option<Real> {
    let shapes: Vec<Shape> = operands.iter().map(|operand| operand.shape).collect();
    let shape = op.result_shape(&shapes).ok()?;
    let elements = match op {
        Op::Elementwise(op) => {
            let meaning = elementwise(op.mnemonic())?;
            let length = dimensions.elements(shape)?;
            let mut numbers = vec![0.0; operands.len()];
            let at = |index: usize| {
                for (number, operand) in numbers.iter_mut().zip(operands) {
                    let index = if operand.shape.is_scalar() { 0 } else { index };
                    *number = operand.elements[index];
                }
                meaning(&numbers)
            };
            (0..length).map(at).collect()
        }
        Op::Reduction(op) => {
            let meaning = reduction(op.mnemonic())?;
            let slices: Vec<&[f64]> = operands.iter().map(|it| &it.elements[..]).collect();
            vec![meaning(&slices)]
        }
        Op::Matrix(op) => matrices::apply(op.mnemonic(), dimensions, operands, shape)?,
        Op::Composite(op) => {
            let mut inputs: Vec<Vec<f64>> = operands.iter().map(|it| it.elements.clone()).collect();
            inputs.push(vec![0.0; dimensions.elements(shape)?]);
            let mut outcome = call(&op.expansion(&shapes), dimensions, inputs)?;
            outcome.storage.pop()?
        }
    };
    Some(Real { shape, elements })
}

/// Calls a function once on what its parameters hold; `None` if an op has no meaning here.
#[must_use]
pub fn call(
    function: &Function,
    dimensions: Dimensions,
    mut storage: Vec<Vec<f64>>,
) -> Option<Outcome> {
    let mut values: Vec<Real> = Vec::new();
    let mut greatest = 0.0f64;
    for value in function.values() {
        let shape = function.shape(value);
        let computed = match function.definition(value) {
            Definition::Load(parameter) => Real {
                shape,
                elements: storage[parameter.index()].clone(),
            },
            Definition::Constant(constant) => Real {
                shape,
                elements: vec![unrounded(constant.value())],
            },
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let operands: Vec<&Real> = operands.map(|it| &values[it.index()]).collect();
                apply(*op, dimensions, &operands)?
            }
        };
        let finite = computed.elements.iter().filter(|number| number.is_finite());
        greatest = finite.fold(greatest, |greatest, number| greatest.max(number.abs()));
        values.push(computed);
    }
    for (parameter, value) in function.stores() {
        let target = &mut storage[parameter.index()];
        let Real { shape, elements } = &values[value.index()];
        if shape.is_scalar() {
            target.fill(elements[0]);
        } else {
            target.clone_from(elements);
        }
    }
    Some(Outcome { storage, greatest })
}

/// What a constant of a row's formula is before it is rounded to binary32: half a unit of its last
/// place is a hundred times what a difference quotient is off by.
fn unrounded(constant: f32) -> f64 {
    const KNOWN: [f64; 8] = [
        LN_2,
        LN_10,
        LOG2_E,
        LOG10_E,
        FRAC_2_SQRT_PI,
        FRAC_1_SQRT_2,
        // 1 / √(2 π).
        FRAC_1_SQRT_2 * FRAC_2_SQRT_PI / 2.0,
        1.0 / 3.0,
    ];
    let rounded = f64::from(constant);
    let is_near = |known: &&f64| (*known - rounded).abs() <= f64::from(f32::EPSILON) * *known;
    KNOWN.iter().find(is_near).copied().unwrap_or(rounded)
}

/// A derivative by differences.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    /// The derivative.
    pub value: f64,
    /// How far off it can be.
    pub error: f64,
}

/// The derivative at 0 of each number that `function` gives; `None` for those that have none there:
/// where the central differences over two steps are not finite or differ. That is a jump, a pole, the
/// edge of the domain, or a function that is too steep.
///
/// A kink at 0 gives the same central difference over any step. But there the one-sided differences
/// leave a gap that does not shrink with the step, and any of the slopes between may be the one that
/// an op's rule takes, so the gap counts towards the error. So does rounding: a hundred roundings of
/// `greatest`, the greatest number on the way.
pub fn slopes(greatest: f64, function: impl Fn(f64) -> Vec<f64>) -> Vec<Option<Slope>> {
    const STEP: f64 = 1e-4;
    let [before, before_half, here, after_half, after] =
        [-STEP, -STEP / 2.0, 0.0, STEP / 2.0, STEP].map(function);
    let slope = |index: usize| {
        let wide = (after[index] - before[index]) / (2.0 * STEP);
        let narrow = (after_half[index] - before_half[index]) / STEP;
        // Richardson's extrapolation: the quadratic terms of both errors cancel.
        let value = (4.0 * narrow - wide) / 3.0;
        let difference = (wide - narrow).abs();
        // Half the step halves what curvature adds to the gap and leaves what a kink does.
        let gap = |before: f64, after: f64, step| (after + before - 2.0 * here[index]) / step;
        let wide_gap = gap(before[index], after[index], STEP);
        let kink = 2.0 * gap(before_half[index], after_half[index], STEP / 2.0) - wide_gap;
        let rounding = 1e-14 * greatest.max(1.0) / STEP;
        let error = difference + rounding + 1e-9 * value.abs() + kink.abs();
        // A NaN compares false.
        let agree = difference <= 1e-5 * (1.0 + value.abs());
        agree.then_some(Slope { value, error })
    };
    (0..here.len()).map(slope).collect()
}

/// ∑ aᵢ bᵢ.
#[must_use]
pub fn inner_product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_has_a_meaning() {
        let dimensions = Dimensions::new(2, 3);
        for op in Op::all() {
            // Positive numbers that make a symmetric matrix.
            let operand = |shape: Shape| {
                let (rows, columns) = (shape.rows(), shape.columns());
                let columns = dimensions.extent(columns);
                let elements = (0..dimensions.extent(rows) * columns).map(|index| {
                    let (row, column) = (index / columns, index % columns);
                    if row == column { 1.5 } else { 0.25 }
                });
                let elements = elements.collect();
                Real { shape, elements }
            };
            let operands: Vec<Real> = Shape::ALL.map(operand).into();
            let mut taken = 0;
            for first in &operands {
                for second in &operands {
                    for third in &operands {
                        let operands = &[first, second, third][..op.arity()];
                        let shapes: Vec<Shape> = operands.iter().map(|it| it.shape).collect();
                        if op.result_shape(&shapes).is_ok() {
                            assert!(apply(op, dimensions, operands).is_some(), "{op}");
                            taken += 1;
                        }
                    }
                }
            }
            assert!(taken > 0, "{op}");
        }
    }

    #[test]
    fn kinks_are_within_the_error() {
        let slopes = slopes(1.0, |x| {
            vec![x.exp(), x.abs(), x.max(0.0), x.signum(), (1e-9 + x).sqrt()]
        });
        let found = |index: usize, slope: f64| {
            let within = slopes[index].map(|it: Slope| (it.value - slope).abs() <= it.error);
            within.unwrap_or(false)
        };
        assert!(found(0, 1.0) && !found(0, 1.0 + 1e-6));
        assert!(found(1, 1.0) && found(1, 0.0) && found(1, -1.0));
        assert!(found(2, 1.0) && found(2, 0.0) && !found(2, 2.0));
        assert!(slopes[3].is_none() && slopes[4].is_none());
    }
}
