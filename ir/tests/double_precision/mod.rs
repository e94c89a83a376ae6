//! What functions mean over the real numbers, in binary64: the yardstick of the tests of derivatives.
//!
//! In binary32 a difference quotient has three digits at best. Here it has nine, so that a wrong
//! formula cannot hide behind rounding. Ops are known by their mnemonics and computed by the
//! standard library, so nothing is shared with the meanings in the op table. Those on numbers are the
//! library's own yardstick; matrix and composite ops are written out here once more, from their
//! definitions. An op that is missing fails `every_op_has_a_meaning_in_double_precision`.

// Each test binary compiles this file and uses a part of it.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used
)]

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, LOG2_E, LOG10_E};

use mlevolve_ir::ops::Op;
use mlevolve_ir::{Definition, Dimensions, Function, ParameterIndex, Shape};

mod composite;
mod matrix;

pub use composite::composite;
pub use matrix::{Matrix, matrix};
pub use mlevolve_ir::random::double_precision::{elementwise, inner_product, maximum, reduction};

/// What an op makes of whole operands.
pub type Meaning = fn(&[&Matrix]) -> Matrix;

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
