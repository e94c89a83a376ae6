//! Rules that apply to what rules have made.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::*;
use super::{DIFFICULT, build, conditioned, same};
use crate::function::{Access, Definition, Function, FunctionBuilder, Value};
use crate::passes::{normalise, optimise, simplify_for_reading};
use crate::random::{difficult_number, fill};
use crate::reference;
use crate::shape::{Dimensions, Shape};

/// A function in which rules apply in each other's results: left sides over left sides.
fn nested(rng: &mut ChaCha8Rng, size: usize) -> Function {
    let all: Vec<&Rule> = rules().collect();
    let mut builder = FunctionBuilder::new("nested");
    let mut values = Vec::new();
    for (name, shape) in [
        ("a", Shape::Tensor),
        ("b", Shape::Tensor),
        ("c", Shape::Scalar),
    ] {
        let parameter = builder.parameter(name, shape, Access::Read).unwrap();
        values.push(builder.load(parameter).unwrap());
    }
    while values.len() < size {
        let rule = all[rng.random_range(0..all.len())];
        let mut variables: Vec<Value> = Vec::new();
        for (variable, is_constant) in super::variables(rule).into_iter().enumerate() {
            let value = if is_constant {
                let allowed = |number: &f32| {
                    let mut conditions = rule.conditions.iter();
                    conditions.all(|&(it, of)| of != variable || it.holds(*number))
                };
                let mut numbers = std::iter::repeat_with(|| {
                    if rng.random_bool(0.7) {
                        DIFFICULT[rng.random_range(0..DIFFICULT.len())]
                    } else {
                        difficult_number(rng)
                    }
                });
                builder.constant(numbers.find(allowed).unwrap())
            } else {
                let back = rng.random_range(1..=values.len().min(6));
                let value = values[values.len() - back];
                conditioned(&mut builder, rule, variable, value)
            };
            variables.push(value);
        }
        let orders = rule.orders();
        let left = &orders[rng.random_range(0..orders.len())];
        values.extend(build(&mut builder, left, &variables));
    }
    for (name, &value) in ["x", "y"].into_iter().zip(values.iter().rev()) {
        // Scalars fill what they are stored to.
        let shape = match builder.shape(value) {
            Shape::Scalar => Shape::Tensor,
            shape => shape,
        };
        let output = builder.parameter(name, shape, Access::Write).unwrap();
        builder.store(output, value).unwrap();
    }
    builder.finish().unwrap()
}

/// How many ops there are, what they cost for each element of a tensor, and what they cost on one
/// element, wherever they are done: once for each element, row, column or call.
fn work(function: &Function) -> (usize, u32, f64) {
    let is_op = |value: &Value| match function.definition(*value) {
        Definition::Apply { .. } => true,
        Definition::Load(_) | Definition::Constant(_) => false,
    };
    let ops = function.values().filter(is_op).count();
    let cost = function.cost();
    (ops, cost.element_flops(), cost.total(Dimensions::new(1, 1)))
}

#[test]
fn rules_upon_rules_keep_every_bit_and_leave_nothing_to_do() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for round in 0..4000 {
        let function = nested(&mut rng, 5 + round % 12);
        let dimensions = [(1, 1), (4, 4), (1, 17), (5, 10), (7, 2)][round % 5];
        let dimensions = Dimensions::new(dimensions.0, dimensions.1);
        let shapes = function
            .parameters()
            .iter()
            .map(|parameter| parameter.shape);
        let mut inputs: Vec<Vec<f32>> = shapes
            .map(|shape| vec![0.0; dimensions.elements(shape).unwrap()])
            .collect();
        inputs.iter_mut().for_each(|input| fill(&mut rng, input));
        let results = |function: &Function| {
            let mut storage = inputs.clone();
            let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(Vec::as_mut_slice).collect();
            reference::call(function, dimensions, &mut slices);
            storage[3..].concat()
        };
        let expected = results(&function);
        for pass in [optimise, normalise] {
            let simplified = pass(&function);
            simplified.verify().unwrap();
            let found = results(&simplified);
            let is_same = expected.iter().zip(&found).all(|(a, b)| same(*a, *b));
            assert!(
                is_same,
                "{function}\n{simplified}\n{inputs:?}\n{expected:?}\n{found:?}"
            );
            assert_eq!(pass(&simplified), simplified, "twice\n{function}");
        }
        let (before, after) = (work(&function), work(&optimise(&function)));
        assert!(after.0 <= before.0 && after.1 <= before.1, "{function}");
        assert!(after.2 <= before.2, "{function}");
        let reading = simplify_for_reading(&function);
        reading.function.verify().unwrap();
        let again = simplify_for_reading(&reading.function);
        assert_eq!(again.function, reading.function, "twice\n{function}");
        assert!(again.inexact.is_empty());
        if reading.inexact.is_empty() {
            let found = results(&reading.function);
            assert!(
                expected.iter().zip(&found).all(|(a, b)| same(*a, *b)),
                "{function}"
            );
        }
    }
}
