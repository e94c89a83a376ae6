//! What functions mean over the real numbers, in binary64: the yardstick of the tests of derivatives.
//!
//! In binary32 a difference quotient has three digits at best. Here it has nine, so that a wrong
//! formula cannot hide behind rounding. Ops are known by their mnemonics and computed by the
//! standard library, so nothing is shared with the meanings in the op table. An op that is missing
//! here fails `every_op_has_a_meaning_in_double_precision`.

// Each test binary compiles this file and uses a part of it.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, LOG2_E, LOG10_E};

use mlevolve_ir::ops::Op;
use mlevolve_ir::{Definition, Dimensions, Function, ParameterIndex, Shape};

mod composite;
mod matrix;

pub use composite::composite;
pub use matrix::{Matrix, matrix};

/// What an op makes of whole operands.
pub type Meaning = fn(&[&Matrix]) -> Matrix;

/// The meaning of an elementwise op on numbers.
pub fn elementwise(mnemonic: &str) -> Option<fn(&[f64]) -> f64> {
    Some(match mnemonic {
        "add" => |x| x[0] + x[1],
        "sub" => |x| x[0] - x[1],
        "mul" => |x| x[0] * x[1],
        "div" => |x| x[0] / x[1],
        "fma" => |x| x[0] * x[1] + x[2],
        "min" => |x| minimum(x[0], x[1]),
        "max" => |x| maximum(x[0], x[1]),
        "clip" => |x| minimum(maximum(x[0], x[1]), x[2]),
        "lerp" => |x| x[0] + x[2] * (x[1] - x[0]),
        "neg" => |x| -x[0],
        "abs" => |x| x[0].abs(),
        "sign" => |x| match x[0] {
            zero if zero == 0.0 => zero,
            number => number.signum(),
        },
        "heaviside" => |x| indicator(x[0] > 0.0),
        "less" => |x| indicator(x[0] < x[1]),
        "less_equal" => |x| indicator(x[0] <= x[1]),
        "equal" => |x| indicator(x[0] == x[1]),
        "not_equal" => |x| indicator(x[0] != x[1]),
        "is_finite" => |x| indicator(x[0].is_finite()),
        "select" => |x| if x[0] > 0.0 { x[1] } else { x[2] },
        "broadcast" => |x| x[0],
        "square" => |x| x[0] * x[0],
        "cube" => |x| x[0] * x[0] * x[0],
        "sqrt" => |x| x[0].sqrt(),
        "rsqrt" => |x| 1.0 / x[0].sqrt(),
        "cbrt" => |x| x[0].cbrt(),
        "reciprocal" => |x| 1.0 / x[0],
        "pow" => |x| power(x[0], x[1]),
        "exp" => |x| x[0].exp(),
        "exp2" => |x| x[0].exp2(),
        "exp10" => |x| (x[0] * LN_10).exp(),
        "expm1" => |x| x[0].exp_m1(),
        "log" => |x| x[0].ln(),
        "log2" => |x| x[0].log2(),
        "log10" => |x| x[0].log10(),
        "log1p" => |x| x[0].ln_1p(),
        "sin" => |x| x[0].sin(),
        "cos" => |x| x[0].cos(),
        "tan" => |x| x[0].tan(),
        "asin" => |x| x[0].asin(),
        "acos" => |x| x[0].acos(),
        "atan" => |x| x[0].atan(),
        "atan2" => |x| x[0].atan2(x[1]),
        "sinh" => |x| x[0].sinh(),
        "cosh" => |x| x[0].cosh(),
        "tanh" => |x| x[0].tanh(),
        "asinh" => |x| x[0].asinh(),
        "acosh" => |x| x[0].acosh(),
        "atanh" => |x| x[0].atanh(),
        "sigmoid" => |x| 1.0 / (1.0 + (-x[0]).exp()),
        "softplus" => |x| x[0].max(0.0) + (-x[0].abs()).exp().ln_1p(),
        "erf" => |x| libm::erf(x[0]),
        "gelu" => |x| 0.5 * x[0] * (1.0 + libm::erf(x[0] * FRAC_1_SQRT_2)),
        _ => return None,
    })
}

/// A number made of the elements of each operand.
pub type Reduction = fn(&[&[f64]]) -> f64;

/// The meaning of a reduction.
pub fn reduction(mnemonic: &str) -> Option<Reduction> {
    Some(match mnemonic {
        "sum" => |x| x[0].iter().sum(),
        "mean" => |x| x[0].iter().sum::<f64>() / x[0].len() as f64,
        "count_of" => |x| x[0].len() as f64,
        "max_of" => |x| x[0].iter().copied().fold(f64::NEG_INFINITY, maximum),
        "min_of" => |x| x[0].iter().copied().fold(f64::INFINITY, minimum),
        "norm" => |x| x[0].iter().map(|x| x * x).sum::<f64>().sqrt(),
        "norm_1" => |x| x[0].iter().map(|x| x.abs()).sum(),
        "norm_inf" => |x| x[0].iter().map(|x| x.abs()).fold(0.0, maximum),
        "dot" => |x| x[0].iter().zip(x[1]).map(|(a, b)| a * b).sum(),
        _ => return None,
    })
}

const fn indicator(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

fn maximum(a: f64, b: f64) -> f64 {
    -minimum(-a, -b)
}

/// A power as `pow` defines it: a limit of powers, or a NaN.
fn power(a: f64, b: f64) -> f64 {
    let is_none = a < 0.0 || a == 0.0 && b == 0.0 || a.is_infinite() && b == 0.0;
    if is_none || a == 1.0 && b.is_infinite() {
        f64::NAN
    } else {
        a.powf(b)
    }
}

/// Whether the op has a meaning here.
pub fn is_known(op: Op) -> bool {
    let mnemonic = op.mnemonic();
    match op {
        Op::Elementwise(_) => elementwise(mnemonic).is_some(),
        Op::Reduction(_) => reduction(mnemonic).is_some(),
        Op::Matrix(_) => matrix(mnemonic).is_some(),
        Op::Composite(_) => composite(mnemonic).is_some(),
    }
}

/// The result of an op over operands whose shapes it takes.
///
/// # Panics
/// If the op has no meaning here.
pub fn apply(op: Op, operands: &[&Matrix]) -> Matrix {
    let mnemonic = op.mnemonic();
    match op {
        Op::Elementwise(_) => {
            let meaning = elementwise(mnemonic).unwrap();
            let widest = operands.iter().max_by_key(|operand| operand.numbers.len());
            let (rows, columns) = (widest.unwrap().rows, widest.unwrap().columns);
            Matrix::from_fn(rows, columns, |row, column| {
                let numbers = operands.iter().map(|operand| match operand.numbers[..] {
                    [scalar] => scalar,
                    _ => operand.at(row, column),
                });
                meaning(&numbers.collect::<Vec<f64>>())
            })
        }
        Op::Reduction(_) => {
            let slices = operands.iter().map(|operand| &operand.numbers[..]);
            Matrix::scalar(reduction(mnemonic).unwrap()(&slices.collect::<Vec<_>>()))
        }
        Op::Matrix(_) => matrix(mnemonic).unwrap()(operands),
        Op::Composite(_) => composite(mnemonic).unwrap()(operands),
    }
}

/// A matrix of this shape.
pub fn shaped(shape: Shape, dimensions: Dimensions, numbers: Vec<f64>) -> Matrix {
    let (rows, columns) = (shape.rows(), shape.columns());
    assert_eq!(numbers.len(), length(shape, dimensions));
    Matrix {
        rows: dimensions.extent(rows),
        columns: dimensions.extent(columns),
        numbers,
    }
}

/// A call of a function: what its parameters hold.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub function: &'a Function,
    pub dimensions: Dimensions,
    storage: Vec<Matrix>,
}

impl<'a> Call<'a> {
    /// A call on zeros.
    pub fn new(function: &'a Function, dimensions: Dimensions) -> Self {
        let shapes = function
            .parameters()
            .iter()
            .map(|parameter| parameter.shape);
        let zeros = |shape| shaped(shape, dimensions, vec![0.0; length(shape, dimensions)]);
        Self {
            function,
            dimensions,
            storage: shapes.map(zeros).collect(),
        }
    }

    fn index(&self, name: &str) -> usize {
        let index = self.function.index_of(name).map(ParameterIndex::index);
        index.unwrap_or_else(|| panic!("there is no `{name}` in\n{}", self.function))
    }

    /// Sets what a parameter holds at entry.
    pub fn set(&mut self, name: &str, numbers: &[f64]) {
        let index = self.index(name);
        self.storage[index].numbers.copy_from_slice(numbers);
    }

    /// What a parameter holds.
    pub fn get(&self, name: &str) -> &[f64] {
        &self.storage[self.index(name)].numbers
    }

    /// Calls the function.
    pub fn run(mut self) -> Self {
        let mut values: Vec<Matrix> = Vec::new();
        for value in self.function.values() {
            values.push(match self.function.definition(value) {
                Definition::Load(parameter) => self.storage[parameter.index()].clone(),
                Definition::Constant(constant) => Matrix::scalar(unrounded(constant.value())),
                Definition::Apply { op, operands } => {
                    let operands = operands.as_slice().iter();
                    let operands = operands.map(|operand| &values[operand.index()]);
                    apply(*op, &operands.collect::<Vec<_>>())
                }
            });
        }
        for (parameter, value) in self.function.stores() {
            let target = &mut self.storage[parameter.index()].numbers;
            match values[value.index()].numbers[..] {
                [number] => target.fill(number),
                ref numbers => target.copy_from_slice(numbers),
            }
        }
        self
    }
}

/// What a constant of a row's formula is before it is rounded to binary32: half a unit of its last
/// place is a hundred times what a difference quotient is off by.
fn unrounded(constant: f32) -> f64 {
    const KNOWN: [f64; 11] = [
        LN_2,
        LN_10,
        LOG2_E,
        LOG10_E,
        FRAC_2_SQRT_PI,
        FRAC_1_SQRT_2,
        // 1 / √(2 π).
        FRAC_1_SQRT_2 * FRAC_2_SQRT_PI / 2.0,
        1.0 / 3.0,
        // Of Newton–Schulz steps.
        3.4445,
        4.775,
        2.0315,
    ];
    let rounded = f64::from(constant);
    let is_near = |known: &&f64| (*known - rounded.abs()).abs() <= f64::from(f32::EPSILON) * *known;
    let known = KNOWN.iter().find(is_near);
    known.map_or(rounded, |known| known.copysign(rounded))
}

/// How many numbers a shape has.
///
/// # Panics
/// If they are too many to be counted.
pub fn length(shape: Shape, dimensions: Dimensions) -> usize {
    dimensions.elements(shape).unwrap()
}

/// ∑ aᵢ bᵢ.
pub fn inner_product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// How many times greater than its result the numbers are that an op rounds on the way: Newton–Schulz
/// steps multiply what is small by 3.4445⁵ and cancel what has grown.
pub fn amplification(op: Op) -> f64 {
    match op.mnemonic() {
        "newton_schulz" => 3.4445f64.powi(5),
        _ => 1.0,
    }
}

/// A derivative by differences.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    pub value: f64,
    /// How far off it can be.
    pub error: f64,
}

/// The derivative at 0 of each number that `function` gives; `None` for those that have none there:
/// where the central differences over two steps are not finite or differ. That is a kink, a jump, a
/// pole, the edge of the domain, or a function that is too steep.
pub fn slopes(function: impl Fn(f64) -> Vec<f64>) -> Vec<Option<Slope>> {
    const STEP: f64 = 1e-4;
    let central = |step: f64| {
        let (after, before) = (function(step), function(-step));
        let pairs = after.into_iter().zip(before);
        pairs
            .map(|(after, before)| (after - before) / (2.0 * step))
            .collect::<Vec<f64>>()
    };
    let magnitudes = function(0.0);
    let pairs = central(STEP).into_iter().zip(central(STEP / 2.0));
    pairs
        .zip(magnitudes)
        .map(|((wide, narrow), magnitude)| {
            // Richardson's extrapolation: the quadratic terms of both errors cancel.
            let value = (4.0 * narrow - wide) / 3.0;
            let difference = (wide - narrow).abs();
            // Rounding of the function's values, a hundred roundings of them, divided by the step.
            let rounding = 1e-14 * magnitude.abs().max(1.0) / STEP;
            let error = difference + rounding + 1e-9 * value.abs();
            // A NaN compares false.
            let agree = difference <= 1e-5 * (1.0 + value.abs());
            agree.then_some(Slope { value, error })
        })
        .collect()
}
