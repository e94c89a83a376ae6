//! Random functions.

use std::cell::RefCell;

use rand::{Rng, RngExt};

use super::difficult_number;
use crate::function::{
    Access, BuildError, Function, FunctionBuilder, MAX_PARAMETERS, MAX_VALUES, ParameterIndex,
    Value, VerifyError,
};
use crate::ops::{MAX_ARITY, Op};
use crate::passes::{self, Source};
use crate::shape::Shape;

/// The most values of an instance of a rewrite rule.
const LONGEST_INSTANCE: usize = 12;

/// A random function of at most `maximum_values` values, or [`MAX_VALUES`] if that is less, but at
/// least two.
///
/// Over many draws every op, shape, access and kind of constant occurs, what each of the rewrite
/// [rules](crate::passes::rules) matches, reductions of values that
/// depend on reductions, values that nothing uses, parameters that trade contents, and scalars
/// stored to tensors.
///
/// # Panics
/// Never: a function that the verifier refused would be an error in this crate.
#[must_use]
pub fn random_function(rng: &mut impl Rng, maximum_values: usize) -> Function {
    let most = maximum_values.clamp(2, MAX_VALUES);
    let length = rng.random_range(2..=most);
    match build(rng, length) {
        Ok(function) => function,
        Err(error) => panic!("a random function is invalid: {error}"),
    }
}

fn build(rng: &mut impl Rng, length: usize) -> Result<Function, BuildError> {
    let mut builder = FunctionBuilder::new("random");
    let parameters = parameters(rng, &mut builder)?;
    let readable: Vec<ParameterIndex> = parameters
        .iter()
        .filter(|(_, _, access)| access.is_read())
        .map(|&(index, _, _)| index)
        .collect();
    // Every function begins with a scalar, so that each written parameter can be stored to.
    let mut values = vec![builder.constant(difficult_number(rng))];
    while values.len() < length {
        if length - values.len() >= LONGEST_INSTANCE && rng.random_ratio(1, 12) {
            add_instance_of_rule(rng, &mut builder, &mut values);
            continue;
        }
        let value = match rng.random_range(0..8) {
            0 => builder.constant(difficult_number(rng)),
            1 | 2 if !readable.is_empty() => {
                builder.load(readable[rng.random_range(0..readable.len())])?
            }
            _ => match application(rng, &builder, &values) {
                Some((op, operands)) => builder.apply(op, &operands[..op.arity()])?,
                None => builder.constant(difficult_number(rng)),
            },
        };
        values.push(value);
    }
    for (parameter, shape, access) in parameters {
        if access.is_written() {
            let fits = |value: Value| {
                let stored = builder.shape(value);
                stored.is_scalar() || stored == shape
            };
            let value = recent(rng, &values, fits).unwrap_or(values[0]);
            builder.store(parameter, value)?;
        }
    }
    builder.finish().map_err(|error: VerifyError| error.into())
}

/// Declares one to eight parameters, or, seldom, as many as there can be. One at least is written.
fn parameters(
    rng: &mut impl Rng,
    builder: &mut FunctionBuilder,
) -> Result<Vec<(ParameterIndex, Shape, Access)>, BuildError> {
    let count = if rng.random_ratio(1, 100) {
        MAX_PARAMETERS
    } else {
        rng.random_range(1..=8)
    };
    let mut parameters = Vec::with_capacity(count);
    for index in 0..count {
        let shape = match rng.random_range(0..8) {
            0..5 => Shape::Tensor,
            5..7 => Shape::Scalar,
            _ => Shape::ALL[rng.random_range(0..Shape::ALL.len())],
        };
        let access = if index == 0 {
            Access::ReadWrite
        } else {
            Access::ALL[rng.random_range(0..Access::ALL.len())]
        };
        let parameter = builder.parameter(format!("p{index}"), shape, access)?;
        parameters.push((parameter, shape, access));
    }
    Ok(parameters)
}

/// Adds what one of the rewrite rules matches, over random values.
fn add_instance_of_rule(
    rng: &mut impl Rng,
    builder: &mut FunctionBuilder,
    values: &mut Vec<Value>,
) {
    let count = passes::rules().count();
    let Some(rule) = passes::rules().nth(rng.random_range(0..count)) else {
        return;
    };
    let shared = RefCell::new(rng);
    rule.add_instance(&mut Source {
        builder,
        values,
        choose: &mut |values| {
            let recent = recent(&mut **shared.borrow_mut(), values, |_| true);
            recent.unwrap_or(values[0])
        },
        number: &mut || {
            let rng = &mut **shared.borrow_mut();
            if rng.random_bool(0.5) {
                difficult_number(rng)
            } else {
                // Powers of two are what some rules ask for.
                2.0f32.powi(rng.random_range(-4..8))
            }
        },
    });
}

/// A random op over random values that it takes; `None` if there are none.
fn application(
    rng: &mut impl Rng,
    builder: &FunctionBuilder,
    values: &[Value],
) -> Option<(Op, [Value; MAX_ARITY])> {
    let count = Op::all().count();
    let op = Op::all().nth(rng.random_range(0..count))?;
    // The type rule says what the op takes; a few draws find it, whatever it is.
    for _ in 0..16 {
        let mut operands = [values[0]; MAX_ARITY];
        for operand in &mut operands[..op.arity()] {
            *operand = recent(rng, values, |_| true)?;
        }
        let operands_taken = &operands[..op.arity()];
        let shapes: Vec<Shape> = operands_taken.iter().map(|&v| builder.shape(v)).collect();
        if op.result_shape(&shapes).is_ok() {
            return Some((op, operands));
        }
    }
    None
}

/// One of the values that fit, rather a late one than an early one, so that functions are deep.
fn recent(rng: &mut impl Rng, values: &[Value], fits: impl Fn(Value) -> bool) -> Option<Value> {
    let fitting: Vec<Value> = values
        .iter()
        .copied()
        .filter(|&value| fits(value))
        .collect();
    let last = fitting.len().checked_sub(1)?;
    let back = if rng.random_bool(0.5) {
        rng.random_range(0..=last.min(4))
    } else {
        rng.random_range(0..=last)
    };
    Some(fitting[last - back])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::function::Definition;
    use crate::passes::expand;
    use crate::schedule::Schedule;

    #[test]
    fn every_kind_of_function_is_drawn() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut ops = BTreeSet::new();
        let mut parameters = BTreeSet::new();
        let mut most_stages = 0;
        let mut most_parameters = 0;
        for _ in 0..40_000 {
            let function = random_function(&mut rng, 40);
            assert!((2..=40).contains(&function.values().len()));
            for value in function.values() {
                match function.definition(value) {
                    Definition::Apply { op, .. } => {
                        ops.insert((*op, function.shape(value)));
                    }
                    Definition::Load(_) | Definition::Constant(_) => {}
                }
            }
            let kinds = function.parameters().iter().map(|p| (p.shape, p.access));
            parameters.extend(kinds);
            most_stages = most_stages.max(Schedule::new(&expand(&function)).stages.len());
            most_parameters = most_parameters.max(function.parameters().len());
        }
        for op in Op::all() {
            let shapes: BTreeSet<Shape> = ops
                .iter()
                .filter(|(drawn, _)| *drawn == op)
                .map(|&(_, shape)| shape)
                .collect();
            match op {
                Op::Elementwise(_) => {
                    assert_eq!(shapes.len(), Shape::ALL.len(), "{op}: {shapes:?}");
                }
                Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => {
                    assert!(!shapes.is_empty(), "{op}");
                }
            }
        }
        assert_eq!(parameters.len(), Shape::ALL.len() * Access::ALL.len());
        assert!(most_stages >= 4, "{most_stages}");
        assert_eq!(most_parameters, MAX_PARAMETERS);
    }
}
