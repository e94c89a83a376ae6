//! The known programs do what PyTorch does, in the independent evaluator and as tasks train with them.
//!
//! `fixtures/known_rules.json` holds parameters as `torch.optim`, lion-pytorch and, for Signum, numpy
//! leave them; `fixtures/make_known_rules.py` made it.

use std::collections::{BTreeMap, BTreeSet};

use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::known::KNOWN;
use mlevolve::program::{Program, Schema, known};
use mlevolve_ir::{Backend, Dimensions};
use mlevolve_tasks::{ParameterLayout, UpdateRule};
use serde::Deserialize;

use crate::evaluator::Evaluator;

#[derive(Deserialize)]
struct Fixture {
    shapes: Vec<Vec<usize>>,
    recorded_steps: Vec<u32>,
    initial: Vec<Vec<f32>>,
    /// For each step and tensor.
    gradients: Vec<Vec<Vec<f32>>>,
    cases: Vec<Case>,
}

impl Fixture {
    /// Rows and columns of each tensor; a vector is a row.
    fn dimensions(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        self.shapes.iter().map(|shape| match shape[..] {
            [rows, columns] => [rows, columns],
            [elements] => [1, elements],
            _ => panic!("{shape:?} is neither a matrix nor a vector"),
        })
    }
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    constants: BTreeMap<String, f32>,
    /// For each recorded step and tensor.
    expected: Vec<Vec<Vec<f32>>>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/known_rules.json")).unwrap()
}

fn known_program(name: &str) -> Program {
    known::find(name).unwrap().program().unwrap()
}

/// How far apart two binary32 computations of one rule may end after `steps` steps on a parameter
/// that was never greater than `greatest` and moved by `path` in all.
///
/// Each step rounds the parameter by at most half a unit in the last place, 2⁻²⁴ of its magnitude:
/// once here, and up to twice in the reference, which first decays weights, by a factor near 1 that
/// is rounded as well. The first term lets all four point the same way at every step. PyTorch
/// computes weights such as 1 − α in binary64 and programs in binary32, where they are off by up to
/// 2⁻²⁵ / (1 − α), for RMSprop's 0.99 by 3·10⁻⁶, of which the square root leaves half; the second
/// term allows that and the roundings of a few operations.
fn tolerance(rule: &str, steps: u32, greatest: f32, path: f32) -> f32 {
    let of_path = match rule {
        // Each of five steps magnifies what is small, roundings too, up to 3.4445 times.
        "muon" => 3.4445f32.powi(5) * 2f32.powi(-24),
        // Eigenvalues of the Gram matrices differ so much that roundings are magnified in the directions of the
        // smallest; but little of a gradient lies there.
        "shampoo" => 2e-5,
        _ => 2e-6,
    };
    4.0 * steps as f32 * greatest * 2f32.powi(-24) + of_path * path
}

/// What a parameter has gone through.
#[derive(Clone, Copy)]
struct History {
    greatest: f32,
    path: f32,
}

/// Whoever steps a program.
#[derive(Clone, Copy, Debug)]
enum Machine {
    /// The independent evaluator.
    Evaluator,
    /// What tasks train with.
    Compiled(Backend),
}

const MACHINES: [Machine; 3] = [
    Machine::Evaluator,
    Machine::Compiled(Backend::Interpreter),
    Machine::Compiled(Backend::Jit),
];

/// The parameters of each tensor before the first step, and after each.
type Trajectory = Vec<Vec<Vec<f32>>>;

impl Machine {
    fn trajectory(self, fixture: &Fixture, program: &Program) -> Trajectory {
        for (shape, initial) in fixture.shapes.iter().zip(&fixture.initial) {
            assert_eq!(shape.iter().product::<usize>(), initial.len());
        }
        match self {
            Self::Evaluator => evaluated(fixture, program),
            Self::Compiled(backend) => compiled(fixture, program, backend),
        }
    }
}

fn evaluated(fixture: &Fixture, program: &Program) -> Trajectory {
    let tensors = fixture.dimensions();
    let mut evaluators: Vec<_> = tensors
        .map(|[rows, columns]| Evaluator::new(program, Dimensions::new(rows, columns)))
        .collect();
    let mut trajectory = vec![fixture.initial.clone()];
    for (step, gradients) in (1..).zip(&fixture.gradients) {
        let mut tensors = trajectory[trajectory.len() - 1].clone();
        for ((w, g), evaluator) in tensors.iter_mut().zip(gradients).zip(&mut evaluators) {
            let delta = evaluator.step(step, w, g);
            for (w, delta) in w.iter_mut().zip(delta) {
                *w += delta;
            }
        }
        trajectory.push(tensors);
    }
    trajectory
}

fn compiled(fixture: &Fixture, program: &Program, backend: Backend) -> Trajectory {
    let tensors = fixture.dimensions();
    let shapes = tensors.map(|[rows, columns]| ("tensor", rows, columns));
    let layout = ParameterLayout::new(&shapes.collect::<Vec<_>>());
    let arena = |tensors: &[Vec<f32>]| {
        let mut arena = vec![0.0; layout.arena_len()];
        for (place, tensor) in layout.tensors().iter().zip(tensors) {
            arena[place.range()].copy_from_slice(tensor);
        }
        arena
    };
    let mut optimizer = CompiledOptimizer::new(program, backend).unwrap();
    optimizer.reset(&layout);
    let mut parameters = arena(&fixture.initial);
    let mut trajectory = vec![fixture.initial.clone()];
    for (step, gradients) in (1..).zip(&fixture.gradients) {
        optimizer.step(step, &mut parameters, &arena(gradients));
        let places = layout.tensors().iter();
        let tensors = places.map(|place| parameters[place.range()].to_vec());
        trajectory.push(tensors.collect());
    }
    trajectory
}

/// How far a trajectory strays from a case at worst, in parts of what is allowed; and in absolute
/// terms.
fn worst_deviation(fixture: &Fixture, case: &Case, trajectory: &Trajectory) -> (f32, f32) {
    let mut worst = (0f32, 0f32);
    for (tensor, initial) in fixture.initial.iter().enumerate() {
        let start = |w: &f32| History {
            greatest: w.abs(),
            path: 0.0,
        };
        let mut histories: Vec<History> = initial.iter().map(start).collect();
        let mut recorded = fixture.recorded_steps.iter().zip(&case.expected).peekable();
        for (step, pair) in (1..).zip(trajectory.windows(2)) {
            let (before, after) = (&pair[0][tensor], &pair[1][tensor]);
            for ((before, after), history) in before.iter().zip(after).zip(&mut histories) {
                history.greatest = history.greatest.max(after.abs());
                history.path += (after - before).abs();
            }
            let Some((_, expected)) = recorded.next_if(|&(&recorded, _)| recorded == step) else {
                continue;
            };
            let compared = after.iter().zip(&expected[tensor]).zip(&histories);
            for ((&found, &expected), history) in compared {
                let deviation = (found - expected).abs();
                let share = deviation / tolerance(&case.rule, step, history.greatest, history.path);
                assert!(
                    share.is_finite(),
                    "{} gives {found} at step {step}",
                    case.rule
                );
                worst = (worst.0.max(share), worst.1.max(deviation));
            }
        }
        assert!(
            recorded.peek().is_none(),
            "the fixture has too few gradients"
        );
    }
    worst
}

/// The case's rule with the case's constants.
fn program_of(case: &Case) -> Program {
    case.constants
        .iter()
        .fold(known_program(&case.rule), |program, (name, &value)| {
            program.with_constant(name, value).unwrap()
        })
}

#[test]
fn known_programs_step_as_their_references() {
    let fixture = fixture();
    let mut compared = BTreeSet::new();
    for case in &fixture.cases {
        for machine in MACHINES {
            let trajectory = machine.trajectory(&fixture, &program_of(case));
            let (share, deviation) = worst_deviation(&fixture, case, &trajectory);
            println!(
                "{}, {machine:?}: off by at most {deviation:e}, {share:.2} of what is allowed",
                case.rule
            );
            assert!(
                share <= 1.0,
                "{}, {machine:?}, is off by {deviation:e}, {share} times too much",
                case.rule
            );
        }
        compared.insert(case.rule.as_str());
    }
    assert_eq!(
        compared.len(),
        known::of(Schema::Optimizer).count(),
        "every known program must be compared"
    );
}

/// The tolerance is worth something: a constant that is off by 1 % is noticed.
#[test]
fn the_comparison_notices_a_wrong_constant() {
    let fixture = fixture();
    let mut seen = BTreeSet::new();
    for case in &fixture.cases {
        if seen.insert(&case.rule) {
            // The programs' own epsilons are too small to matter to these gradients.
            continue;
        }
        for (name, &value) in &case.constants {
            let wrong = program_of(case).with_constant(name, value * 1.01).unwrap();
            for machine in MACHINES {
                let trajectory = machine.trajectory(&fixture, &wrong);
                let (share, _) = worst_deviation(&fixture, case, &trajectory);
                assert!(
                    share > 10.0,
                    "{name} of {}, {machine:?}: {share}",
                    case.rule
                );
            }
        }
    }
}

#[test]
fn the_fixture_begins_with_the_constants_of_the_programs() {
    let mut seen = BTreeSet::new();
    let fixture = fixture();
    for case in &fixture.cases {
        if seen.insert(&case.rule) {
            let program = known_program(&case.rule);
            for (name, &value) in &case.constants {
                assert_eq!(
                    program.constant(name),
                    Some(value),
                    "{name} of {}",
                    case.rule
                );
            }
        }
    }
}

/// Rules with cells of shapes that the standard layout lacks.
const WITH_MATRICES: [&str; 2] = ["muon", "shampoo"];

#[test]
fn known_programs_are_canonical_and_fit_the_standard_layout() {
    for known in KNOWN {
        let program = known.program().unwrap();
        assert_eq!(
            (program.name(), program.schema()),
            (known.name, known.schema)
        );
        assert_eq!(
            program.to_string(),
            known.text,
            "{} is not in canonical form",
            known.name
        );
        assert_eq!(
            program.pruned(),
            program,
            "{} has parts without effect",
            known.name
        );
        let Ok(standardised) = program.standardised() else {
            assert!(WITH_MATRICES.contains(&known.name), "{}", known.name);
            continue;
        };
        assert!(standardised.is_standardised());
        assert_eq!(standardised.standardised().unwrap(), standardised);
        assert_eq!(
            Program::parse(&standardised.to_string()).unwrap(),
            standardised
        );
    }
}

#[test]
fn standardising_changes_no_bit() {
    let fixture = fixture();
    for known in known::of(Schema::Optimizer) {
        let program = known.program().unwrap();
        let Ok(standardised) = program.standardised() else {
            continue;
        };
        let w = &fixture.initial[0];
        let [rows, columns] = fixture.dimensions().next().unwrap();
        let dimensions = Dimensions::new(rows, columns);
        let mut original = Evaluator::new(&program, dimensions);
        let mut mapped = Evaluator::new(&standardised, dimensions);
        for (step, gradients) in (1..).zip(&fixture.gradients) {
            let bits = |delta: &[f32]| delta.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let expected = bits(original.step(step, w, &gradients[0]));
            assert_eq!(
                bits(mapped.step(step, w, &gradients[0])),
                expected,
                "{}",
                known.name
            );
        }
    }
}

/// Floating-point operations for each element of a tensor, with the addition of `delta` to `w`.
fn cost_per_element(program: &Program) -> u32 {
    let instructions = program.bodies().iter().flatten();
    let costs = instructions.map(|instruction| {
        let operands = instruction.operands().iter();
        let shapes: Vec<_> = operands
            .map(|&operand| program.cell(operand).shape)
            .collect();
        instruction.op().cost(&shapes).unwrap().element_flops()
    });
    1 + costs.sum::<u32>()
}

#[test]
fn known_programs_are_as_cheap_as_they_can_be_written() {
    let costs: Vec<_> = known::of(Schema::Optimizer)
        .map(|known| (known.name, cost_per_element(&known.program().unwrap())))
        .collect();
    let expected = [
        ("sgd", 2),
        ("momentum", 4),
        ("nesterov", 6),
        ("signum", 6),
        ("lion", 10),
        ("adagrad", 7),
        ("rmsprop", 9),
        ("adam", 12),
        ("adamw", 14),
        // Without the products of matrices, which are not per element.
        ("muon", 23),
        ("shampoo", 2),
    ];
    assert_eq!(costs, expected);
}
