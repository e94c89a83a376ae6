//! Random functions and difficult numbers, for tests and for fuzzing the compiler.
//!
//! They are in the library so that fuzz targets, tests and benchmarks draw from one generator, and
//! an error that one of them finds is found again by the others from the same seed.

use rand::{Rng, RngExt};

use crate::function::{
    Access, BuildError, Function, FunctionBuilder, MAX_PARAMETERS, MAX_VALUES, ParameterIndex,
    Value, VerifyError,
};
use crate::ops::{MAX_ARITY, Op};
use crate::shape::Shape;

/// A random function of at most `maximum_values` values, or [`MAX_VALUES`] if that is less, but at
/// least two.
///
/// Over many draws every op, shape, access and kind of constant occurs, reductions of values that
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
            let fits = |value: Value| shape == Shape::Tensor || builder.shape(value) == shape;
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
        let shape = if rng.random_ratio(2, 3) {
            Shape::Tensor
        } else {
            Shape::Scalar
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

/// A random op over random values that it takes; `None` if there are none.
fn application(
    rng: &mut impl Rng,
    builder: &FunctionBuilder,
    values: &[Value],
) -> Option<(Op, [Value; MAX_ARITY])> {
    let count = Op::all().count();
    let op = Op::all().nth(rng.random_range(0..count))?;
    // The type rule says what the op takes; a few draws find it, whatever it is.
    for _ in 0..8 {
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

/// A number of a kind that arithmetic goes wrong on: ±0, ±∞, NaNs of many payloads, subnormal, tiny
/// and huge ones, small integers, any bits at all; or an ordinary one.
#[must_use]
pub fn difficult_number(rng: &mut impl Rng) -> f32 {
    let sign = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let magnitude = match rng.random_range(0..16) {
        0 => 0.0,
        1 => f32::INFINITY,
        2 => f32::from_bits(0x7f80_0000 | rng.random_range(1..0x80_0000)),
        3 => f32::from_bits(rng.random_range(1..0x80_0000)),
        4 => f32::MIN_POSITIVE * rng.random_range(1.0..4.0f32),
        5 => f32::MAX / rng.random_range(1.0..4.0f32),
        6 => rng.random_range(0..100u8).into(),
        7 | 8 => f32::from_bits(rng.random_range(0..=u32::MAX)),
        _ => ordinary_number(rng),
    };
    sign * magnitude
}

/// A positive number, 2⁻¹⁰ to 2¹⁰.
fn ordinary_number(rng: &mut impl Rng) -> f32 {
    let power = f32::from_bits(rng.random_range(117..137u32) << 23);
    power * rng.random_range(1.0..2.0f32)
}

/// Fills a parameter's storage with random numbers: all ordinary, all difficult, or a few difficult
/// ones among many ordinary. Difficult ones alone make nearly every result a NaN.
pub fn fill(rng: &mut impl Rng, storage: &mut [f32]) {
    let difficult_of_256 = [0, 4, 256][rng.random_range(0..3)];
    for number in storage {
        *number = if rng.random_range(0..256) < difficult_of_256 {
            difficult_number(rng)
        } else if rng.random_bool(0.5) {
            ordinary_number(rng)
        } else {
            -ordinary_number(rng)
        };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::function::Definition;
    use crate::schedule::Schedule;

    #[test]
    fn every_kind_of_function_is_drawn() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut ops = BTreeSet::new();
        let mut parameters = BTreeSet::new();
        let mut most_stages = 0;
        let mut most_parameters = 0;
        for _ in 0..10_000 {
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
            most_stages = most_stages.max(Schedule::new(&function).stages.len());
            most_parameters = most_parameters.max(function.parameters().len());
        }
        for op in Op::all() {
            for shape in Shape::ALL {
                let possible = match op {
                    Op::Elementwise(_) => true,
                    Op::Reduction(_) => shape == Shape::Scalar,
                };
                assert_eq!(ops.contains(&(op, shape)), possible, "{op} to a {shape}");
            }
        }
        assert_eq!(parameters.len(), Shape::ALL.len() * Access::ALL.len());
        assert!(most_stages >= 4, "{most_stages}");
        assert_eq!(most_parameters, MAX_PARAMETERS);
    }

    #[test]
    fn difficult_numbers_are_of_every_kind() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let numbers: Vec<f32> = (0..10_000).map(|_| difficult_number(&mut rng)).collect();
        let has = |kind: &dyn Fn(f32) -> bool| numbers.iter().any(|&number| kind(number));
        for sign in [1.0, -1.0f32] {
            let signed = |number: f32| number.is_sign_positive() == (sign > 0.0);
            assert!(has(&|number| number == 0.0 && signed(number)));
            assert!(has(&|number| number.is_infinite() && signed(number)));
            assert!(has(&|number| number.is_subnormal() && signed(number)));
            assert!(has(&|number| number.is_normal() && signed(number)));
        }
        let nans = numbers.iter().filter(|number| number.is_nan());
        let payloads: BTreeSet<u32> = nans.map(|number| number.to_bits()).collect();
        assert!(payloads.len() > 100);
    }
}
