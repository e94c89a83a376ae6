//! What is computed of constants alone is a constant.

use super::rewrite;
use crate::function::{Constant, Definition, Function, Operands, Value};
use crate::lanes::ScalarLanes;
use crate::ops::{ElementwiseOp, MAX_ARITY, Op};

/// Replaces every elementwise op over constants by what it gives, computed with the op's own meaning.
/// A NaN becomes the one NaN that constants have. Reductions take tensors, and constants are scalars.
#[must_use]
pub fn fold_constants(function: &Function) -> Function {
    let mut constants: Vec<Option<Constant>> = Vec::with_capacity(function.values().len());
    rewrite(function, |_, definition, define| {
        let constant = match &definition {
            Definition::Load(_) => None,
            Definition::Constant(constant) => Some(*constant),
            Definition::Apply { op, operands } => match op {
                Op::Elementwise(op) => folded(*op, operands, &constants),
                Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => None,
            },
        };
        constants.push(constant);
        Some(define(constant.map_or(definition, Definition::Constant)))
    })
}

fn folded(
    op: ElementwiseOp,
    operands: &Operands,
    constants: &[Option<Constant>],
) -> Option<Constant> {
    let number = |operand: &Value| constants[operand.index()].map(Constant::value);
    evaluated(op, operands.as_slice(), number).map(Constant::new)
}

/// What an op makes of its operands, if they all are numbers that are known.
pub(super) fn evaluated(
    op: ElementwiseOp,
    operands: &[Value],
    number: impl Fn(&Value) -> Option<f32>,
) -> Option<f32> {
    let mut numbers = [0.0; MAX_ARITY];
    for (place, operand) in numbers.iter_mut().zip(operands) {
        *place = number(operand)?;
    }
    Some(op.evaluate(&ScalarLanes, &numbers[..operands.len()]))
}
