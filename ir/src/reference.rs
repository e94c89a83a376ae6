//! The reference: what a function means, computed in the most obvious way.
//!
//! Every value is computed over all elements, in the order of definition, in one loop an op, and
//! reductions are spelled out as the [semantics contract](crate::lanes) has them. It is slow, and
//! so short that a reader can see that it is right: the back ends are tested against it. What it
//! shares with them is the op table's meanings and nothing else.

use crate::function::{Definition, Function};
use crate::lanes::{ACCUMULATORS, ScalarLanes};
use crate::matrix::{Matrix, MatrixMut, Workspace};
use crate::ops::{ElementwiseOp, MatrixOp, Op, ReductionOp, TypeError};
use crate::shape::{Dimensions, Shape};

/// A value: its shape and its elements, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// The shape.
    pub shape: Shape,
    /// The elements, one for a scalar.
    pub elements: Vec<f32>,
}

/// The result of an op over whole values.
///
/// # Errors
/// [`TypeError`] if the op does not take operands of these shapes.
///
/// # Panics
/// If an operand has not as many elements as its shape has in `dimensions`.
pub fn apply(op: Op, dimensions: Dimensions, operands: &[&Whole]) -> Result<Whole, TypeError> {
    let shapes: Vec<Shape> = operands.iter().map(|operand| operand.shape).collect();
    let shape = op.result_shape(&shapes)?;
    let slices: Vec<&[f32]> = operands
        .iter()
        .map(|operand| &operand.elements[..])
        .collect();
    let elements = match op {
        Op::Elementwise(op) => elementwise(op, &shapes, &slices),
        Op::Reduction(op) => vec![reduction(op, &slices)],
        Op::Matrix(op) => matrix(op, dimensions, &shapes, &slices, shape),
        Op::Composite(op) => {
            let function = op.expansion(&shapes);
            let mut storage: Vec<Vec<f32>> = slices.iter().map(|slice| slice.to_vec()).collect();
            storage.push(vec![0.0; elements_of(shape, dimensions)]);
            let mut slices: Vec<&mut [f32]> =
                storage.iter_mut().map(|slice| &mut slice[..]).collect();
            call(&function, dimensions, &mut slices);
            storage.swap_remove(operands.len())
        }
    };
    Ok(Whole { shape, elements })
}

fn elements_of(shape: Shape, dimensions: Dimensions) -> usize {
    match dimensions.elements(shape) {
        Some(elements) => elements,
        None => panic!("a {shape} of {dimensions} does not fit in memory"),
    }
}

fn matrix(
    op: MatrixOp,
    dimensions: Dimensions,
    shapes: &[Shape],
    operands: &[&[f32]],
    result: Shape,
) -> Vec<f32> {
    let extents = |shape: Shape| {
        let (rows, columns) = (shape.rows(), shape.columns());
        (dimensions.extent(rows), dimensions.extent(columns))
    };
    let pairs = shapes.iter().zip(operands);
    let operands: Vec<Matrix<'_>> = pairs
        .map(|(&shape, data)| {
            let (rows, columns) = extents(shape);
            Matrix {
                data,
                rows,
                columns,
            }
        })
        .collect();
    let (rows, columns) = extents(result);
    let mut data = vec![0.0; rows * columns];
    let mut target = MatrixMut {
        data: &mut data,
        rows,
        columns,
    };
    op.evaluate(&operands, &mut target, &mut Workspace::default());
    data
}

fn elementwise(op: ElementwiseOp, shapes: &[Shape], operands: &[&[f32]]) -> Vec<f32> {
    let length = operands.iter().map(|operand| operand.len()).max();
    (0..length.unwrap_or(0))
        .map(|index| {
            let pairs = shapes.iter().zip(operands);
            let number = |(shape, operand): (&Shape, &&[f32])| {
                operand[if shape.is_scalar() { 0 } else { index }]
            };
            let numbers: Vec<f32> = pairs.map(number).collect();
            op.evaluate(&ScalarLanes, &numbers)
        })
        .collect()
}

fn reduction(op: ReductionOp, operands: &[&[f32]]) -> f32 {
    let count = operands[0].len();
    let mut accumulators = [op.neutral(); ACCUMULATORS];
    for index in 0..count {
        let elements: Vec<f32> = operands.iter().map(|operand| operand[index]).collect();
        let accumulator = &mut accumulators[index % ACCUMULATORS];
        *accumulator = op.combine(
            &ScalarLanes,
            *accumulator,
            op.element(&ScalarLanes, &elements),
        );
    }
    for half in [8, 4, 2, 1] {
        for index in 0..half {
            let (left, right) = (accumulators[index], accumulators[index + half]);
            accumulators[index] = op.combine(&ScalarLanes, left, right);
        }
    }
    op.total(&ScalarLanes, accumulators[0], count as f32)
}

/// Calls a function once on a parameter tensor of these dimensions: reads and replaces the content of
/// `storage`, which has a slice for each parameter, in order, as [`Kernel::call`] takes them.
/// Padding stays as it is.
///
/// # Panics
/// If a slice is missing or too short.
///
/// [`Kernel::call`]: crate::Kernel::call
pub fn call(function: &Function, dimensions: impl Into<Dimensions>, storage: &mut [&mut [f32]]) {
    let dimensions = dimensions.into();
    let mut values: Vec<Whole> = Vec::new();
    for value in function.values() {
        let shape = function.shape(value);
        let computed = match function.definition(value) {
            Definition::Load(parameter) => {
                let length = elements_of(shape, dimensions);
                let elements = storage[parameter.index()][..length].to_vec();
                Whole { shape, elements }
            }
            Definition::Constant(constant) => {
                let elements = vec![constant.value()];
                Whole { shape, elements }
            }
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let operands: Vec<&Whole> =
                    operands.map(|operand| &values[operand.index()]).collect();
                match apply(*op, dimensions, &operands) {
                    Ok(result) => result,
                    Err(error) => panic!("a valid function has an ill-typed op: {error}"),
                }
            }
        };
        values.push(computed);
    }
    for (parameter, value) in function.stores() {
        let length = elements_of(function.parameter(parameter).shape, dimensions);
        let target = &mut storage[parameter.index()][..length];
        let Whole { shape, elements } = &values[value.index()];
        if shape.is_scalar() {
            target.fill(elements[0]);
        } else {
            target.copy_from_slice(elements);
        }
    }
}
