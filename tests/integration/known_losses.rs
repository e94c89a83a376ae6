//! The known losses are PyTorch's, value and gradient, row by row and as tasks minimise them.
//!
//! `fixtures/known_losses.json` holds what PyTorch computed in binary64; `fixtures/make_known_losses.py` made it.

use std::collections::BTreeSet;

use mlevolve::loss::LossFunction;
use mlevolve::lowering::lower;
use mlevolve::program::{Program, Schema, known};
use mlevolve_ir::{Argument, Backend, Dimensions, Function, Kernel, Shape, autodiff};
use mlevolve_tasks::{Loss, TargetKind, Targets};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

/// A loss on some rows, each of which stands alone.
#[derive(Deserialize)]
struct Case {
    loss: String,
    predictions: Vec<Vec<f32>>,
    targets: Vec<Vec<f32>>,
    values: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

impl Case {
    fn outputs(&self) -> usize {
        self.predictions[0].len()
    }

    fn program(&self) -> Program {
        known::find(&self.loss).unwrap().program().unwrap()
    }
}

fn cases() -> Vec<Case> {
    let fixture: Fixture =
        serde_json::from_str(include_str!("../fixtures/known_losses.json")).unwrap();
    fixture.cases
}

/// The lowered loss of one row and its gradient, without any pass after that.
fn differentiated(program: &Program) -> Function {
    let loss = lower(program).swap_remove(0);
    let parameter = |name| loss.index_of(name).unwrap();
    autodiff::gradient(&loss, parameter("loss"), &[parameter("prediction")]).unwrap()
}

/// The loss of one row, and its gradient.
fn of_row(kernel: &mut Kernel, prediction: &[f32], target: &[f32]) -> (f32, Vec<f32>) {
    let dimensions = Dimensions::new(prediction.len(), 1);
    let length = dimensions.storage_len(Shape::Column).unwrap();
    let padded = |numbers: &[f32]| {
        let mut storage = vec![f32::NAN; length];
        storage[..numbers.len()].copy_from_slice(numbers);
        storage
    };
    let (read, wanted) = (padded(prediction), padded(target));
    let mut value = [f32::NAN];
    let mut gradient = vec![f32::NAN; length];
    let names: Vec<_> = kernel
        .function()
        .parameters()
        .iter()
        .map(|it| it.name.clone())
        .collect();
    assert_eq!(
        names,
        ["prediction", "target", "loss", "prediction_gradient"]
    );
    let mut arguments = [
        Argument::Read(&read),
        Argument::Read(&wanted),
        Argument::Write(&mut value),
        Argument::Write(&mut gradient),
    ];
    kernel.call(dimensions, &mut arguments).unwrap();
    gradient.truncate(prediction.len());
    (value[0], gradient)
}

/// How far a number may be off that comes of terms of this magnitude: a few roundings of binary32, each of 2⁻²⁴. What
/// comes of an exponential is the furthest off, for that makes of its exponent's rounding, up to 2⁻²⁰ near 30, a share.
fn tolerance(terms: f64) -> f64 {
    16.0 * 2f64.powi(-24) * terms
}

fn greatest(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().map(f64::abs).fold(0.0, f64::max)
}

#[test]
fn every_known_loss_is_pytorchs() {
    let mut compared = BTreeSet::new();
    let mut far = [(0.0, String::new()), (0.0, String::new())];
    let mut note = |place: usize, share: f64, what: &str| {
        if share > far[place].0 {
            far[place] = (share, what.to_owned());
        }
    };
    for case in cases() {
        let function = differentiated(&case.program());
        let mut kernels = Backend::ALL.map(|backend| Kernel::compile(&function, backend).unwrap());
        for (row, (prediction, target)) in case.predictions.iter().zip(&case.targets).enumerate() {
            let found = of_row(&mut kernels[0], prediction, target);
            for kernel in &mut kernels[1..] {
                assert_eq!(of_row(kernel, prediction, target), found, "{}", case.loss);
            }
            let what = format!("{} of {prediction:?} and {target:?}", case.loss);
            let (value, gradient) = (case.values[row], &case.gradients[row]);
            // A difference of numbers is as exact as these are.
            let terms = greatest(prediction.iter().chain(target).map(|it| f64::from(*it)));
            let allowed = tolerance(value.abs().max(terms).max(1.0));
            let error = (f64::from(found.0) - value).abs();
            assert!(error <= allowed, "{what}: {} instead of {value}", found.0);
            note(0, error / allowed, &what);
            let allowed = tolerance(greatest(gradient.iter().copied()).max(1.0));
            for (found, expected) in found.1.iter().zip(gradient) {
                let error = (f64::from(*found) - expected).abs();
                assert!(error <= allowed, "{what}: {found} instead of {expected}");
                note(1, error / allowed, &what);
            }
        }
        compared.insert((case.loss.clone(), case.outputs()));
    }
    println!("of what is allowed, at most: {far:?}");
    for known in known::of(Schema::Loss) {
        for outputs in [1, 2, 3, 10] {
            let is_compared = compared.contains(&(known.name.to_owned(), outputs));
            assert!(is_compared, "{} of {outputs} outputs", known.name);
        }
    }
}

/// A row's loss does not depend on how many rows there are, nor on which lane it is in, to the bit.
#[test]
fn tasks_minimise_the_mean_over_rows() {
    for case in cases() {
        let program = case.program();
        let function = LossFunction::of(&program).unwrap();
        let mut alone = Kernel::interpret(function.function());
        let rows = case.predictions.iter().zip(&case.targets);
        let each: Vec<_> = rows
            .map(|(it, target)| of_row(&mut alone, it, target))
            .collect();
        let outputs = case.outputs();
        // More than a block of lanes, and an odd number of rows.
        for count in [1, 7, 67, 1_001] {
            let of = |row: usize| row * row % case.predictions.len();
            let repeated = |rows: &[Vec<f32>]| -> Vec<f32> {
                (0..count).flat_map(|row| rows[of(row)].clone()).collect()
            };
            let (predictions, targets) = (repeated(&case.predictions), repeated(&case.targets));
            let like = Targets {
                kind: TargetKind::Values,
                rows: count,
                outputs,
            };
            let sum: f64 = (0..count).map(|row| f64::from(each[of(row)].0)).sum();
            let scale = 1.0 / count as f32;
            for backend in Backend::ALL {
                let mut loss = function.compile(like, backend).unwrap();
                assert_eq!(loss.backend(), backend);
                let mut gradient = vec![f32::NAN; predictions.len()];
                let mean = loss.gradient(outputs, &predictions, &targets, &mut gradient);
                assert_eq!(mean, sum / count as f64, "{}", case.loss);
                let expected =
                    (0..count).flat_map(|row| each[of(row)].1.iter().map(|it| scale * it));
                assert!(expected.eq(gradient.iter().copied()), "{}", case.loss);
            }
        }
    }
}

/// Batches of other sizes than what it was compiled for.
#[test]
fn a_loss_takes_batches_of_any_size() {
    let program = known::find("cross_entropy").unwrap().program().unwrap();
    let function = LossFunction::of(&program).unwrap();
    let of = |rows, outputs| Targets {
        kind: TargetKind::Classes,
        rows,
        outputs,
    };
    let mut loss = function.compile(of(3, 2), Backend::Interpreter).unwrap();
    for (rows, outputs) in [(3, 2), (50, 2), (2, 5), (1, 2), (900, 3)] {
        let numbers = |factor: usize| -> Vec<f32> {
            let count = 0..rows * outputs;
            count
                .map(|index| (index * factor % 11) as f32 / 8.0)
                .collect()
        };
        let (predictions, targets) = (numbers(7), numbers(3));
        let run = |loss: &mut dyn Loss| {
            let mut gradient = vec![f32::NAN; rows * outputs];
            (
                loss.gradient(outputs, &predictions, &targets, &mut gradient),
                gradient,
            )
        };
        let mut made_for_it = function
            .compile(of(rows, outputs), Backend::Interpreter)
            .unwrap();
        assert_eq!(run(&mut loss), run(&mut made_for_it));
    }
}

#[test]
fn known_losses_are_canonical_and_a_search_can_begin_with_them() {
    for known in known::of(Schema::Loss) {
        let program = known.program().unwrap();
        let name = known.name;
        assert_eq!(program.name(), name);
        assert_eq!(
            program.to_string(),
            known.text,
            "{name} is not in canonical form"
        );
        assert_eq!(program.pruned(), program, "{name} has parts without effect");
        let standardised = program.standardised().unwrap();
        assert!(standardised.is_standardised(), "{name}");
    }
}

#[test]
fn other_programs_are_refused() {
    let rule = known::find("adam").unwrap().program().unwrap();
    assert_eq!(
        LossFunction::of(&rule).unwrap_err().to_string(),
        "program `adam` has schema `optimizer`; only `loss` programs can be minimised"
    );
}
