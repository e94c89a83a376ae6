//! Functions over the real numbers, in binary64: the yardstick of derivatives.
//!
//! In binary32 a difference quotient has three digits at best. Here it has nine, so that a wrong
//! formula cannot hide behind rounding. What an op is, the column `real` of its row says.

use std::sync::LazyLock;

use crate::function::{Access, BuildError, Definition, Function, FunctionBuilder, Value};
use crate::ops::{Op, Terms};
use crate::shape::Dimensions;

pub use crate::ops::real::{Matrix, inner_product};

/// What a call of a function comes to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What each parameter holds.
    pub storage: Vec<Vec<f64>>,
    /// The numbers of all values on the way, one after the other.
    pub passed: Vec<f64>,
    /// The greatest finite magnitude of any value on the way: how many digits can have been lost.
    pub greatest: f64,
}

/// The result of an op over operands whose shapes it takes. A composite op's is its definition, not
/// that of the expression that it stands for.
///
/// # Panics
/// If the op does not take such operands.
#[must_use]
pub fn apply(op: Op, operands: &[&Matrix]) -> Matrix {
    match op {
        Op::Elementwise(op) => {
            let [rows, columns] = operands.iter().fold([1, 1], |[rows, columns], operand| {
                [operand.rows.max(rows), operand.columns.max(columns)]
            });
            Matrix::from_fn(rows, columns, |row, column| {
                let numbers = operands.iter().map(|operand| match operand.numbers[..] {
                    [scalar] => scalar,
                    _ => operand.at(row, column),
                });
                op.real(&numbers.collect::<Vec<f64>>())
            })
        }
        Op::Reduction(op) => {
            let slices = operands.iter().map(|operand| &operand.numbers[..]);
            Matrix::scalar(op.real(&slices.collect::<Vec<_>>()))
        }
        Op::Matrix(op) => op.real(operands),
        Op::Composite(op) => op.real(operands),
    }
}

/// Calls a function once on what its parameters hold.
///
/// # Panics
/// If `storage` has not as many numbers for each parameter as its shape has elements.
#[must_use]
pub fn call(function: &Function, dimensions: Dimensions, mut storage: Vec<Vec<f64>>) -> Outcome {
    let mut values: Vec<Matrix> = Vec::new();
    for value in function.values() {
        values.push(match function.definition(value) {
            Definition::Load(parameter) => {
                let numbers = storage[parameter.index()].clone();
                Matrix::shaped(function.shape(value), dimensions, numbers)
            }
            Definition::Constant(constant) => Matrix::scalar(unrounded(constant.value())),
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let operands = operands.map(|operand| &values[operand.index()]);
                apply(*op, &operands.collect::<Vec<_>>())
            }
        });
    }
    for (parameter, value) in function.stores() {
        let target = &mut storage[parameter.index()];
        match values[value.index()].numbers[..] {
            [number] => target.fill(number),
            ref numbers => target.copy_from_slice(numbers),
        }
    }
    let magnitudes = values.iter().map(Matrix::magnitude);
    Outcome {
        storage,
        passed: values
            .iter()
            .flat_map(|value| &value.numbers)
            .copied()
            .collect(),
        greatest: magnitudes.fold(0.0, f64::max),
    }
}

/// What a constant of a row's formula is before it is rounded to binary32: half a unit of its last
/// place is a hundred times what a difference quotient is off by.
fn unrounded(constant: f32) -> f64 {
    static OF_ROWS: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let constants = Op::all().map(constants_of_row);
        let all: Result<Vec<_>, BuildError> = constants.collect();
        match all {
            Ok(all) => all.concat(),
            Err(error) => panic!("a row's formula does not fit its operands: {error}"),
        }
    });
    let rounded = f64::from(constant);
    let is_near =
        |known: &&f64| (known.abs() - rounded.abs()).abs() <= f64::from(f32::EPSILON) * known.abs();
    let known = OF_ROWS.iter().find(is_near);
    known.map_or(rounded, |known| known.copysign(rounded))
}

/// The constants that binary32 rounds in the formulas of an op's row: those of its derivative, or of the
/// expression that it stands for.
fn constants_of_row(op: Op) -> Result<Vec<f64>, BuildError> {
    let mut constants = Vec::new();
    for shapes in op.signatures() {
        let mut builder = FunctionBuilder::new("formula");
        let mut operands: Vec<Value> = Vec::new();
        for (index, &shape) in shapes.iter().enumerate() {
            let parameter = builder.parameter(format!("p{index}"), shape, Access::Read)?;
            operands.push(builder.load(parameter)?);
        }
        let terms = Terms::new(&mut builder);
        match op {
            Op::Elementwise(row) => {
                row.partials(&terms, &operands, terms.apply(op, &operands));
            }
            Op::Reduction(row) => {
                row.partials(&terms, &operands, terms.apply(op, &operands));
            }
            Op::Matrix(row) => {
                let result = terms.apply(op, &operands);
                let tangents: Vec<_> = operands.iter().copied().map(Some).collect();
                row.tangent(&terms, &operands, result, &tangents);
                row.cotangents(&terms, &operands, result, result);
            }
            Op::Composite(row) => {
                row.expand(&terms, &operands);
            }
        }
        constants.extend(terms.rounded_constants());
    }
    Ok(constants)
}

/// A derivative by differences.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    /// The derivative.
    pub value: f64,
    /// How far off it can be.
    pub error: f64,
    /// Whether there is a kink: what comes from one side is not what comes from the other.
    pub has_kink: bool,
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
        agree.then_some(Slope {
            value,
            error,
            has_kink: kink.abs() > 1e-5 * (1.0 + value.abs()) + rounding,
        })
    };
    (0..here.len()).map(slope).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_of_rows_are_what_they_were_before_they_were_rounded() {
        for exact in [std::f64::consts::LN_2, 1.0 / 3.0, 2.0315, -4.775] {
            assert_eq!(unrounded(exact as f32), exact);
            assert_eq!(unrounded(-exact as f32), -exact);
        }
        for other in [0.0f32, 5.432_1e-7, 1.0, -7.5, f32::INFINITY] {
            assert_eq!(unrounded(other), f64::from(other));
        }
        assert!(unrounded(f32::NAN).is_nan());
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
        let has_kink = slopes[..3]
            .iter()
            .map(|it| it.is_some_and(|it| it.has_kink));
        assert_eq!(has_kink.collect::<Vec<_>>(), [false, true, true]);
    }
}
