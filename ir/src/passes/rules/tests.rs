//! What holds of every line of the table, tested line by line.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::function::{Access, Function, FunctionBuilder, Value};
use crate::ops::Guarantee;
use crate::passes::eliminate_common_subexpressions;
use crate::passes::graph::{Rewriting, rewritten};
use crate::passes::pattern::{Condition, MAX_VARIABLES};
use crate::random::{difficult_number, fill};
use crate::reference::{self, Whole};
use crate::shape::{Dimensions, Shape};

/// Numbers that between them reach every special case of the primitive operations.
const DIFFICULT: &[f32] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    3.0,
    -0.1,
    0.999_999_94,
    1.000_000_1,
    1.5e-45,
    -1.5e-45,
    1e-40,
    -1e-40,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    1.701_411_8e38,
    -5.877_472e-39,
    1e20,
    -1e-20,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// The variables of a rule's left side, in order, with whether each is a constant.
fn variables(rule: &Rule) -> Vec<bool> {
    fn collect(pattern: &Pattern, found: &mut [Option<bool>; MAX_VARIABLES]) {
        match pattern {
            Pattern::Any(variable) => found[*variable] = Some(false),
            Pattern::Constant(variable) => found[*variable] = Some(true),
            Pattern::Number(_) => {}
            Pattern::Apply(_, operands) => operands.iter().for_each(|it| collect(it, found)),
        }
    }
    let mut found = [None; MAX_VARIABLES];
    collect(&rule.left, &mut found);
    found.into_iter().flatten().collect()
}

/// Whether a pattern has an op that looks at rows and columns, or is made of others.
fn has_matrix(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Any(_) | Pattern::Constant(_) | Pattern::Number(_) => false,
        Pattern::Apply(Op::Matrix(_) | Op::Composite(_), _) => true,
        Pattern::Apply(Op::Elementwise(_) | Op::Reduction(_), operands) => {
            operands.iter().any(has_matrix)
        }
    }
}

fn is_of_matrices(rule: &Rule) -> bool {
    has_matrix(&rule.left) || has_matrix(&rule.right)
}

fn has_reduction(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Any(_) | Pattern::Constant(_) | Pattern::Number(_) => false,
        Pattern::Apply(Op::Reduction(_), _) => true,
        Pattern::Apply(Op::Elementwise(_) | Op::Matrix(_) | Op::Composite(_), operands) => {
            operands.iter().any(has_reduction)
        }
    }
}

/// Adds a pattern's value to a function; `None` if an op does not take its operands.
fn build(builder: &mut FunctionBuilder, pattern: &Pattern, values: &[Value]) -> Option<Value> {
    match pattern {
        Pattern::Any(variable) | Pattern::Constant(variable) => Some(values[*variable]),
        Pattern::Number(number) => Some(builder.constant(number.value())),
        Pattern::Apply(op, operands) => {
            let operands: Option<Vec<Value>> = operands
                .iter()
                .map(|operand| build(builder, operand, values))
                .collect();
            builder.apply(*op, &operands?).ok()
        }
    }
}

/// A value that is known to be what the rule asks of its variable.
fn conditioned(builder: &mut FunctionBuilder, rule: &Rule, variable: usize, value: Value) -> Value {
    let conditions = rule
        .conditions
        .iter()
        .filter(|&&(_, conditioned)| conditioned == variable);
    conditions.fold(value, |value, (condition, _)| {
        builder
            .apply(condition.fulfiller().unwrap(), &[value])
            .unwrap()
    })
}

/// A function that computes a pattern to a tensor: of parameters `p0`, …, scalars where `scalars`
/// says so, for the values among the variables, and of these constants for the others.
fn specimen(rule: &Rule, left: &Pattern, scalars: usize, constants: &[f32]) -> Option<Function> {
    let shapes: Vec<Shape> = (0..variables(rule).len())
        .map(|variable| [Shape::Tensor, Shape::Scalar][scalars >> variable & 1])
        .collect();
    specimen_of(rule, left, &shapes, Some(Shape::Tensor), constants)
}

/// A function that computes a pattern of parameters of these shapes; to an output of the result's own
/// shape, if no other is given. The output is the last parameter.
fn specimen_of(
    rule: &Rule,
    left: &Pattern,
    shapes: &[Shape],
    output: Option<Shape>,
    constants: &[f32],
) -> Option<Function> {
    let mut builder = FunctionBuilder::new("specimen");
    let mut constants = constants.iter();
    let mut values = Vec::new();
    for (variable, is_constant) in variables(rule).into_iter().enumerate() {
        let value = if is_constant {
            builder.constant(*constants.next().unwrap())
        } else {
            let parameter = builder
                .parameter(format!("p{variable}"), shapes[variable], Access::Read)
                .unwrap();
            let value = builder.load(parameter).unwrap();
            conditioned(&mut builder, rule, variable, value)
        };
        values.push(value);
    }
    let value = build(&mut builder, left, &values)?;
    let shape = output.unwrap_or_else(|| builder.shape(value));
    let out = builder.parameter("out", shape, Access::Write).unwrap();
    builder.store(out, value).unwrap();
    Some(builder.finish().unwrap())
}

/// What a function computes of these inputs, the last parameter being the output.
fn evaluate(
    function: &Function,
    dimensions: impl Into<Dimensions>,
    inputs: &[Vec<f32>],
) -> Vec<f32> {
    let dimensions = dimensions.into();
    let output = function.parameters().last().unwrap().shape;
    let mut storage = inputs.to_vec();
    storage.push(vec![0.0; dimensions.elements(output).unwrap()]);
    let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(Vec::as_mut_slice).collect();
    reference::call(function, dimensions, &mut slices);
    storage.swap_remove(inputs.len())
}

/// All combinations of so many numbers of a list, as a column for each.
fn combinations(numbers: &[f32], columns: usize) -> Vec<Vec<f32>> {
    let count = numbers.len().pow(u32::try_from(columns).unwrap());
    let column = |column: u32| {
        let digit = |row: usize| row / numbers.len().pow(column) % numbers.len();
        (0..count).map(|row| numbers[digit(row)]).collect()
    };
    (0..u32::try_from(columns).unwrap()).map(column).collect()
}

/// The inputs that a rule is tested on.
fn inputs(rule: &Rule, rng: &mut ChaCha8Rng) -> Vec<Vec<Vec<f32>>> {
    let values = variables(rule)
        .iter()
        .filter(|&&is_constant| !is_constant)
        .count();
    if has_reduction(&rule.left) {
        let tensors = (0..400).map(|round| {
            let elements = [1, 2, 15, 16, 17, 40][round % 6];
            let mut columns = vec![vec![0.0; elements]; values];
            for column in &mut columns {
                if round % 2 == 0 {
                    fill(rng, column);
                } else {
                    // Few numbers, so that sums are of zeros or of infinities alone at times.
                    let two = [(); 2].map(|()| DIFFICULT[rng.random_range(0..DIFFICULT.len())]);
                    column.fill_with(|| two[rng.random_range(0..2)]);
                }
            }
            columns
        });
        return tensors.collect();
    }
    let random = [3000, 60, 8, 2][values - 1];
    let mut numbers = DIFFICULT.to_vec();
    numbers.extend((0..random).map(|_| difficult_number(rng)));
    let mut ordinary = vec![vec![0.0; 2000]; values];
    ordinary.iter_mut().for_each(|column| fill(rng, column));
    vec![combinations(&numbers, values), ordinary]
}

/// The constants that a rule is tested with: all difficult ones that it allows, and random ones.
fn constants(rule: &Rule, rng: &mut ChaCha8Rng) -> Vec<Vec<f32>> {
    let mut numbers = DIFFICULT.to_vec();
    numbers.extend((0..6).map(|_| difficult_number(rng)));
    let powers = [-149, -127, -126, -30, -2, 3, 7, 30, 60, 61, 126, 127];
    numbers.extend(powers.map(|power| 2.0f64.powi(power) as f32));
    let places: Vec<usize> = variables(rule)
        .iter()
        .enumerate()
        .filter_map(|(variable, &is_constant)| is_constant.then_some(variable))
        .collect();
    let columns = combinations(&numbers, places.len());
    let rows = (0..numbers.len().pow(u32::try_from(places.len()).unwrap())).map(|row| {
        columns
            .iter()
            .map(|column| column[row])
            .collect::<Vec<f32>>()
    });
    let allowed = |row: &Vec<f32>| {
        rule.conditions.iter().all(|&(condition, variable)| {
            let place = places.iter().position(|&place| place == variable);
            place.is_none_or(|place| condition.holds(row[place]))
        })
    };
    rows.filter(allowed).collect()
}

/// What a rule alone makes of a function.
fn applied(rule: &'static Rule, function: &Function) -> Function {
    // A test may keep what it makes until it ends.
    let rules: &'static RuleSet = Box::leak(Box::new(RuleSet::new(std::iter::once(rule))));
    let rewriting = Rewriting {
        rules: Some(rules),
        folds: false,
    };
    rewritten(function, rewriting, true).function
}

/// Applies a rule to each form of its left side on difficult numbers; whether every bit is kept.
fn keeps_every_bit(rule: &'static Rule) -> Result<(), String> {
    if is_of_matrices(rule) {
        return matrices::keeps_every_bit(rule);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let inputs = inputs(rule, &mut rng);
    let constants = constants(rule, &mut rng);
    assert!(!constants.is_empty(), "{}: no constants", rule.line());
    // Enough of a product of two lists of constants.
    let stride = 1 + constants.len() / 300;
    for (number, constants) in constants.iter().step_by(stride).enumerate() {
        for (order, left) in rule.orders().iter().enumerate() {
            if number > 0 && order > 0 {
                continue;
            }
            for scalars in 0..1 << variables(rule).len() {
                if number > 20 && scalars > 0 {
                    continue;
                }
                let Some(function) = specimen(rule, left, scalars, constants) else {
                    assert_ne!(scalars, 0, "{} is ill-typed", rule.line());
                    continue;
                };
                let simplified = applied(rule, &function);
                if scalars == 0 {
                    let shared = eliminate_common_subexpressions(&function);
                    assert_ne!(
                        simplified,
                        shared,
                        "{} does nothing to\n{function}",
                        rule.line()
                    );
                }
                for inputs in &inputs {
                    let elements = inputs[0].len();
                    let expected = evaluate(&function, elements, inputs);
                    let found = evaluate(&simplified, elements, inputs);
                    let mut pairs = expected.iter().zip(&found);
                    if let Some(element) = pairs.position(|(a, b)| !same(*a, *b)) {
                        let numbers: Vec<f32> = inputs.iter().map(|input| input[element]).collect();
                        return Err(format!(
                            "{} with {constants:?}, scalars {scalars:b}: {:e} becomes {:e} for \
                             {numbers:?}\n{function}\n{simplified}",
                            rule.line(),
                            expected[element],
                            found[element],
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn exact_rules_keep_every_bit() {
    let failures: Vec<String> = rules()
        .filter(|rule| rule.is_exact())
        .filter_map(|rule| keeps_every_bit(rule).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn inexact_rules_are_inexact_somewhere() {
    for rule in rules().filter(|rule| !rule.is_exact()) {
        let result = keeps_every_bit(rule);
        assert!(
            result.is_err(),
            "{} belongs to the exact rules",
            rule.line()
        );
    }
}

#[test]
fn inexact_rules_are_near_on_ordinary_numbers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let elementwise = rules().filter(|rule| !rule.is_exact() && !is_of_matrices(rule));
    for rule in elementwise {
        let mut compared = 0;
        for _ in 0..20 {
            let mut number = || {
                let magnitude = rng.random_range(0.25..4.0f32);
                if rng.random_bool(0.3) {
                    -magnitude
                } else {
                    magnitude
                }
            };
            let elements = 32;
            let is_constant = variables(rule);
            let (mut constants, mut inputs) = (Vec::new(), Vec::new());
            for &is_constant in &is_constant {
                if is_constant {
                    constants.push(number());
                } else {
                    inputs.push((0..elements).map(|_| number()).collect());
                }
            }
            let function = specimen(rule, &rule.left, 0, &constants).unwrap();
            let simplified = applied(rule, &function);
            let expected = evaluate(&function, elements, &inputs);
            let found = evaluate(&simplified, elements, &inputs);
            for (expected, found) in expected.into_iter().zip(found) {
                if expected.is_finite() {
                    compared += 1;
                    let difference = (expected - found).abs();
                    assert!(
                        difference <= 1e-4 * expected.abs().max(1.0),
                        "{} with {constants:?}: {expected} becomes {found}",
                        rule.line(),
                    );
                }
            }
        }
        assert!(compared >= 50, "{}: {compared}", rule.line());
    }
}

#[test]
fn lines_are_distinct_and_each_serves_a_purpose() {
    let lines: BTreeSet<&str> = rules().map(Rule::line).collect();
    assert_eq!(lines.len(), rules().count());
    for rule in rules() {
        assert!(
            Purpose::ALL.iter().any(|purpose| purpose.takes(rule)),
            "{}",
            rule.line()
        );
        let inexact = [Purpose::Running, Purpose::Comparing].map(|purpose| purpose.takes(rule));
        assert!(rule.is_exact() || inexact == [false; 2], "{}", rule.line());
    }
    let saves = |line: &str| Purpose::Running.takes(rules().find(|it| it.line() == line).unwrap());
    assert!(saves("div(1.0, ?a) => reciprocal(?a)"));
    // If the maximum is needed besides, this is one operation more.
    assert!(!saves("min(max(?a, ?b), ?c) => clip(?a, ?b, ?c)"));
    assert!(!saves("mul(neg(?a), ?b) => neg(mul(?a, ?b))"));
    assert!(!saves("sqrt(sum(square(?a))) => norm(?a)"));
}

/// The results of an op over all combinations of numbers, or, of reductions, of some tensors of them.
/// Ops on whole matrices promise nothing about single numbers.
fn results(op: Op, numbers: &[f32]) -> Vec<f32> {
    let columns = combinations(numbers, op.arity());
    match op {
        Op::Elementwise(_) => {
            let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
            evaluated(op, &columns)
        }
        Op::Reduction(_) => {
            let (first, last) = (&columns[0], &columns[op.arity() - 1]);
            let pairs = first.chunks(2).zip(last.chunks(2));
            let mut results: Vec<f32> = pairs
                .flat_map(|(a, b)| evaluated(op, &[a, b][..op.arity()]))
                .collect();
            for (&a, &b) in first.iter().zip(last) {
                results.extend(evaluated(op, &[&[a; 3][..], &[b; 3]][..op.arity()]));
            }
            results
        }
        Op::Matrix(_) | Op::Composite(_) => vec![f32::NAN, -1.0],
    }
}

/// What an op makes of tensors.
fn evaluated(op: Op, operands: &[&[f32]]) -> Vec<f32> {
    let dimensions = Dimensions::flat(operands[0].len());
    let operands: Vec<Whole> = operands
        .iter()
        .map(|elements| Whole {
            shape: Shape::Tensor,
            elements: elements.to_vec(),
        })
        .collect();
    let operands: Vec<&Whole> = operands.iter().collect();
    reference::apply(op, dimensions, &operands)
        .unwrap()
        .elements
}

/// Rows guarantee what holds of all results, whatever the operands are or if they fulfil it too, and no
/// less than that.
#[test]
fn rows_guarantee_what_holds_of_results_and_all_of_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut numbers = DIFFICULT.to_vec();
    numbers.extend((0..12).map(|_| difficult_number(&mut rng)));
    let mut wrong = Vec::new();
    let known = Condition::ALL.iter().copied();
    for condition in known.filter(|condition| condition.guarantee().is_some()) {
        let mut fulfilling = numbers.clone();
        fulfilling.retain(|&number| condition.holds(number));
        for op in Op::all() {
            let fulfils = |numbers| results(op, numbers).iter().all(|&it| condition.holds(it));
            let found = if fulfils(&numbers) {
                Guarantee::Always
            } else if fulfils(&fulfilling) {
                Guarantee::Kept
            } else {
                Guarantee::None
            };
            let said = condition.guaranteed_by(op);
            if found != said {
                wrong.push(format!(
                    "{op} is {condition:?}: {found:?}, and its row says {said:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

mod matrices;
mod nested;
mod termination;
