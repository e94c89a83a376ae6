//! Composite ops become the expressions that they stand for.

use std::borrow::Cow;

use crate::function::{BuildError, Definition, Function, FunctionBuilder, Value};
use crate::ops::{Op, Terms};

/// Replaces every composite op by its expression. What is stated twice becomes one value. A function
/// without composite ops stays as it is.
#[must_use]
pub fn expand(function: &Function) -> Function {
    expanded(function).into_owned()
}

/// As [`expand`], without copying a function that stays as it is.
pub(super) fn expanded(function: &Function) -> Cow<'_, Function> {
    let mut expanded = Cow::Borrowed(function);
    // A composite op can be made of others.
    while has_composites(&expanded) {
        expanded = match expanded_once(&expanded) {
            Ok(expanded) => Cow::Owned(expanded),
            // No row's expression is as long as the limits are apart.
            Err(error) => panic!("a valid function does not expand: {error}"),
        };
    }
    expanded
}

fn has_composites(function: &Function) -> bool {
    function
        .values()
        .any(|value| match function.definition(value) {
            Definition::Load(_) | Definition::Constant(_) => false,
            Definition::Apply { op, .. } => match op {
                Op::Elementwise(_) | Op::Reduction(_) | Op::Matrix(_) => false,
                Op::Composite(_) => true,
            },
        })
}

fn expanded_once(function: &Function) -> Result<Function, BuildError> {
    let mut builder = FunctionBuilder::like(function);
    let terms = Terms::new(&mut builder);
    let mut values: Vec<Value> = Vec::with_capacity(function.values().len());
    for value in function.values() {
        let new = match function.definition(value) {
            Definition::Load(parameter) => terms.load(*parameter),
            Definition::Constant(constant) => terms.constant(constant.value()),
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let operands: Vec<Value> =
                    operands.map(|operand| values[operand.index()]).collect();
                match op {
                    Op::Elementwise(_) | Op::Reduction(_) | Op::Matrix(_) => {
                        terms.apply(*op, &operands)
                    }
                    Op::Composite(op) => op.expand(&terms, &operands),
                }
            }
        };
        values.push(new);
    }
    drop(terms);
    for (parameter, value) in function.stores() {
        builder.store(parameter, values[value.index()])?;
    }
    Ok(builder.finish_expanded()?)
}
