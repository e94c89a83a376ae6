//! Lines with ops on matrices, tested over every sequence of shapes that they take.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::*;
use super::{
    DIFFICULT, applied, constants, evaluate, is_of_matrices, same, specimen_of, variables,
};
use crate::function::Function;
use crate::passes::eliminate_common_subexpressions;
use crate::random::fill;
use crate::shape::{Dimensions, Shape};

const DIMENSIONS: [Dimensions; 7] = [
    Dimensions::new(1, 1),
    Dimensions::new(1, 5),
    Dimensions::new(4, 1),
    Dimensions::new(3, 5),
    Dimensions::new(4, 4),
    Dimensions::new(17, 2),
    Dimensions::new(2, 33),
];

/// The left side over every sequence of shapes that it takes, in every order, with what the rule makes
/// of it where it does anything. There is one such at least.
fn specimens(rule: &'static Rule, constants: &[f32]) -> Vec<(Function, Function)> {
    let sequences = variables(rule)
        .iter()
        .fold(vec![Vec::new()], |sequences, &is_constant| {
            // A constant is a scalar.
            let shapes = if is_constant {
                &[Shape::Scalar][..]
            } else {
                &Shape::ALL
            };
            let longer = sequences.iter().flat_map(|sequence: &Vec<Shape>| {
                shapes
                    .iter()
                    .map(|&shape| [sequence.as_slice(), &[shape]].concat())
            });
            longer.collect()
        });
    let mut specimens = Vec::new();
    for left in rule.orders() {
        let before = specimens.len();
        for shapes in &sequences {
            if let Some(function) = specimen_of(rule, &left, shapes, None, constants) {
                let simplified = applied(rule, &function);
                if simplified != eliminate_common_subexpressions(&function) {
                    specimens.push((function, simplified));
                }
            }
        }
        assert!(specimens.len() > before, "{} does nothing", rule.line());
    }
    specimens
}

fn shapes(function: &Function) -> impl Iterator<Item = Shape> {
    let (_, inputs) = function.parameters().split_last().unwrap();
    inputs.iter().map(|parameter| parameter.shape)
}

/// Applies a rule to its left side over matrices; whether every bit is kept.
pub(super) fn keeps_every_bit(rule: &'static Rule) -> Result<(), String> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let constants = constants(rule, &mut rng);
    let stride = 1 + constants.len() / 10;
    for constants in constants.iter().step_by(stride) {
        for (function, simplified) in specimens(rule, constants) {
            for (round, dimensions) in DIMENSIONS.into_iter().cycle().take(42).enumerate() {
                let inputs: Vec<Vec<f32>> = shapes(&function)
                    .map(|shape| {
                        let mut input = vec![0.0; dimensions.elements(shape).unwrap()];
                        fill(&mut rng, &mut input);
                        if round % 2 == 0 {
                            // Few numbers, so that results are not all NaN.
                            let two =
                                [(); 2].map(|()| DIFFICULT[rng.random_range(0..DIFFICULT.len())]);
                            input.fill_with(|| two[rng.random_range(0..2)]);
                        }
                        input
                    })
                    .collect();
                let expected = evaluate(&function, dimensions, &inputs);
                let found = evaluate(&simplified, dimensions, &inputs);
                if !expected.iter().zip(&found).all(|(a, b)| same(*a, *b)) {
                    return Err(format!(
                        "{} with {constants:?} for {dimensions}: {expected:?} becomes {found:?} for \
                         {inputs:?}\n{function}\n{simplified}",
                        rule.line(),
                    ));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn inexact_rules_over_matrices_are_near_on_ordinary_numbers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for rule in rules().filter(|rule| !rule.is_exact() && is_of_matrices(rule)) {
        let mut compared = 0;
        let constants: Vec<f32> = variables(rule)
            .iter()
            .map(|_| rng.random_range(0.25..4.0))
            .collect();
        for (function, simplified) in specimens(rule, &constants) {
            for dimensions in [DIMENSIONS; 3].concat() {
                let inputs: Vec<Vec<f32>> = shapes(&function)
                    .map(|shape| {
                        let places = 0..dimensions.elements(shape).unwrap();
                        let mut number = || {
                            let sign = if rng.random_bool(0.3) { -1.0 } else { 1.0 };
                            sign * rng.random_range(0.25..4.0f32)
                        };
                        places.map(|_| number()).collect()
                    })
                    .collect();
                let expected = evaluate(&function, dimensions, &inputs);
                let found = evaluate(&simplified, dimensions, &inputs);
                for (expected, found) in expected.into_iter().zip(found) {
                    if expected.is_finite() {
                        compared += 1;
                        let difference = (expected - found).abs();
                        // Sums of up to a thousand products of at most 64.
                        assert!(
                            difference <= 1e-4 * expected.abs().max(64.0),
                            "{}: {expected} becomes {found}\n{function}",
                            rule.line(),
                        );
                    }
                }
            }
        }
        assert!(compared >= 50, "{}: {compared}", rule.line());
    }
}
