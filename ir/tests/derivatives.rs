//! Walks the table of ops: the derivative of each, in both modes and over all shapes, is the limit of
//! its difference quotients, and what its row says at kinks.
#![allow(clippy::unwrap_used)]

mod double_precision;

use double_precision::{
    Call, Matrix, Slope, amplification, inner_product, is_known, length, shaped, slopes,
};
use mlevolve_ir::ops::Op;
use mlevolve_ir::{Dimensions, Function, ParameterIndex, Shape, autodiff, reference};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const DIMENSIONS: Dimensions = Dimensions::new(3, 4);
const DRAWS: usize = 200;

/// How often an op is tried over some shapes: less where it is elementwise and has been tried over
/// tensors and scalars.
fn draws(op: Op, function: &Function) -> usize {
    let is_common = |shape| matches!(shape, Shape::Scalar | Shape::Tensor);
    match op {
        Op::Elementwise(_) if !operands(function).all(|(_, shape)| is_common(shape)) => DRAWS / 5,
        Op::Elementwise(_) | Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => DRAWS,
    }
}

/// Derivatives are of first order: these are derivatives already.
const WITHOUT_DERIVATIVE: [&str; 2] = [
    "inverse_square_root_derivative",
    "inverse_fourth_root_derivative",
];

#[test]
fn every_op_has_a_meaning_in_double_precision() {
    for op in Op::all() {
        assert!(
            is_known(op),
            "add `{op}` to src/random/double_precision or tests/double_precision"
        );
    }
}

/// y = op(a, b, c) over operands of these shapes; `None` if the op does not take them.
fn application(op: Op, shapes: &[Shape]) -> Option<Function> {
    let result = op.result_shape(shapes).ok()?;
    let mut parameters = String::new();
    let mut loads = String::new();
    for (index, shape) in shapes.iter().enumerate() {
        let name = NAMES[index];
        parameters += &format!("read {name} {shape}\n");
        loads += &format!("v{index} = load {name}\n");
    }
    let operands: Vec<String> = (0..shapes.len()).map(|index| format!("v{index}")).collect();
    let (operands, last) = (operands.join(", "), shapes.len());
    let text = format!(
        "function f\n\n{parameters}write y {result}\n\n{loads}v{last} = {op}({operands})\n\n\
         store y = v{last}\n"
    );
    Some(Function::parse(&text).unwrap())
}

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Every op that has a derivative over every sequence of shapes that it takes.
fn applications() -> impl Iterator<Item = (Op, Function)> {
    let differentiable = Op::all().filter(|op| !WITHOUT_DERIVATIVE.contains(&op.mnemonic()));
    differentiable.flat_map(applications_of)
}

fn applications_of(op: Op) -> Vec<(Op, Function)> {
    let sequences = (0..op.arity()).fold(vec![Vec::new()], |sequences, _| {
        let longer = sequences.iter().flat_map(|sequence: &Vec<Shape>| {
            Shape::ALL.map(|shape| [sequence.as_slice(), &[shape]].concat())
        });
        longer.collect()
    });
    let functions = sequences
        .into_iter()
        .filter_map(|shapes| Some((op, application(op, &shapes)?)));
    functions.collect()
}

fn operands(function: &Function) -> impl Iterator<Item = (&'static str, Shape)> {
    let parameters = function.parameters().split_last().unwrap().1.iter();
    let shapes: Vec<Shape> = parameters.map(|parameter| parameter.shape).collect();
    NAMES.into_iter().zip(shapes)
}

fn indices(function: &Function) -> Vec<ParameterIndex> {
    let names = operands(function).map(|(name, _)| function.index_of(name).unwrap());
    names.collect()
}

/// Numbers from one of several ranges, so that there are some in the domain of every op, and some of
/// about the same size as those of another operand. All are binary32.
fn numbers(rng: &mut ChaCha8Rng, shape: Shape) -> Vec<f64> {
    let range = match rng.random_range(0..4) {
        0 => 0.05..0.95,
        1 => 1.05..3.0,
        2 => -1.0..1.0,
        _ => -4.0..4.0f32,
    };
    let numbers = (0..length(shape, DIMENSIONS)).map(|_| rng.random_range(range.clone()).into());
    numbers.collect()
}

/// A symmetric matrix whose eigenvalues are between 0.3 and about 2, rounded to binary32.
fn positive_definite(rng: &mut ChaCha8Rng, shape: Shape) -> Matrix {
    let factor = shaped(shape, DIMENSIONS, numbers(rng, shape));
    let gram = factor.times(&factor.transposed());
    let most = gram.numbers.iter().copied().fold(1.0, f64::max);
    Matrix::from_fn(gram.rows, gram.rows, |row, column| {
        let ridge = if row == column { 0.3 } else { 0.0 };
        f64::from((gram.at(row, column) / most + ridge) as f32)
    })
}

fn symmetric(rng: &mut ChaCha8Rng, shape: Shape) -> Matrix {
    let any = shaped(shape, DIMENSIONS, numbers(rng, shape));
    Matrix::from_fn(any.rows, any.rows, |row, column| {
        any.at(row.min(column), row.max(column))
    })
}

/// A point and a direction for an operand. Inverse roots are of symmetric positive definite matrices,
/// in symmetric directions, and random numbers jump where their keys move.
fn point(rng: &mut ChaCha8Rng, op: Op, position: usize, shape: Shape) -> (Vec<f64>, Vec<f64>) {
    match (op.mnemonic(), position) {
        ("inverse_square_root" | "inverse_fourth_root", _) => (
            positive_definite(rng, shape).numbers,
            symmetric(rng, shape).numbers,
        ),
        ("uniform" | "normal", 0 | 1) => {
            (numbers(rng, shape), vec![0.0; length(shape, DIMENSIONS)])
        }
        _ => (numbers(rng, shape), numbers(rng, shape)),
    }
}

type Point = (&'static str, Vec<f64>, Vec<f64>);

/// A point and a direction for each operand.
fn points(rng: &mut ChaCha8Rng, op: Op, function: &Function) -> Vec<Point> {
    let points = operands(function).enumerate();
    points
        .map(|(position, (name, shape))| {
            let (point, tangent) = point(rng, op, position, shape);
            (name, point, tangent)
        })
        .collect()
}

#[test]
fn derivatives_are_the_limits_of_difference_quotients_in_both_modes() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (op, function) in applications() {
        let forward = autodiff::forward(&function, &indices(&function)).unwrap();
        let reverse = autodiff::reverse(&function, &indices(&function)).unwrap();
        let (mut forward_checks, mut reverse_checks) = (0, 0);
        let draws = draws(op, &function);
        for _ in 0..draws {
            let points = points(&mut rng, op, &function);
            let slopes = slopes(|step| {
                let mut call = Call::new(&function, DIMENSIONS);
                for (name, point, tangent) in &points {
                    let pairs = point.iter().zip(tangent);
                    let moved: Vec<f64> = pairs.map(|(x, t)| x + step * t).collect();
                    call.set(name, &moved);
                }
                call.run().get("y").to_vec()
            });

            let mut call = Call::new(&forward, DIMENSIONS);
            for (name, point, tangent) in &points {
                call.set(name, point);
                call.set(&format!("{name}_tangent"), tangent);
            }
            let call = call.run();
            let tangents = call.get("y_tangent");
            for (slope, &tangent) in slopes.iter().zip(tangents) {
                if let Some(slope) = slope {
                    assert!(
                        (tangent - slope.value).abs() <= slope.error * amplification(op),
                        "{tangent} should be {slope:?}\n{points:?}\n{forward}"
                    );
                    forward_checks += 1;
                }
            }

            // An element without derivative would make the sum a NaN.
            let Some(slopes) = slopes.into_iter().collect::<Option<Vec<Slope>>>() else {
                continue;
            };
            let mut call = Call::new(&reverse, DIMENSIONS);
            for (name, point, _) in &points {
                call.set(name, point);
            }
            let weights: Vec<f64> = slopes.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
            call.set("y_cotangent", &weights);
            let call = call.run();
            let of_operands = points.iter().map(|(name, _, tangent)| {
                inner_product(tangent, call.get(&format!("{name}_cotangent")))
            });
            let found: f64 = of_operands.sum();
            let (mut expected, mut error) = (0.0, 1e-12);
            for (slope, weight) in slopes.iter().zip(weights) {
                expected += weight * slope.value;
                error += weight.abs() * slope.error;
            }
            assert!(
                (found - expected).abs() <= error * amplification(op),
                "{found} should be {expected}\n{points:?}\n{reverse}"
            );
            reverse_checks += 1;
        }
        assert!(forward_checks >= draws / 4, "{op}: {forward_checks}");
        assert!(reverse_checks >= draws / 40, "{op}: {reverse_checks}");
    }
}

/// How far off a derivative in binary32 may be, of numbers of about 4.
fn tolerance(op: Op) -> f64 {
    match op.mnemonic() {
        // An iteration whose roundings are divided by powers of eigenvalues of 0.3.
        "inverse_square_root" | "inverse_fourth_root" => 1e-4,
        // Products of up to three operands are added up, some of which cancel: numbers of at most 4 to
        // the power 4, rounded to 24 bits a few times.
        _ => 1e-5 * amplification(op),
    }
}

/// Derivatives are as precise in binary32 as their formulas allow: no row subtracts numbers that are
/// nearly equal at ordinary points.
#[test]
fn derivatives_are_precise_in_single_precision() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (op, function) in applications() {
        let forward = autodiff::forward(&function, &indices(&function)).unwrap();
        for _ in 0..draws(op, &function) {
            let mut exact = Call::new(&forward, DIMENSIONS);
            for (name, point, tangent) in points(&mut rng, op, &function) {
                exact.set(name, &point);
                exact.set(&format!("{name}_tangent"), &tangent);
            }
            let given = forward.parameters().iter().map(|parameter| {
                let numbers = exact.get(&parameter.name).iter();
                numbers.map(|&number| number as f32).collect()
            });
            let mut storage: Vec<Vec<f32>> = given.collect();
            let exact = exact.run();
            let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(Vec::as_mut_slice).collect();
            reference::call(&forward, DIMENSIONS, &mut slices);
            let found = &storage[forward.index_of("y_tangent").unwrap().index()];
            for (&found, &expected) in found.iter().zip(exact.get("y_tangent")) {
                let magnitude = expected.abs().max(4.0);
                let error = (f64::from(found) - expected).abs();
                assert!(
                    error <= tolerance(op) * magnitude
                        || !expected.is_finite() && !found.is_finite(),
                    "{op}: {found} should be {expected}\n{forward}"
                );
            }
        }
    }
}

/// A stream of random numbers is what it is wherever its keys move to.
#[test]
fn random_numbers_have_the_derivative_0() {
    for op in ["uniform", "normal"] {
        for (_, function) in applications_of(Op::from_mnemonic(op).unwrap()) {
            let forward = autodiff::forward(&function, &indices(&function)).unwrap();
            let reverse = autodiff::reverse(&function, &indices(&function)).unwrap();
            let mut pushed = Call::new(&forward, DIMENSIONS);
            let mut pulled = Call::new(&reverse, DIMENSIONS);
            for parameter in forward.parameters() {
                let ones = vec![1.0; length(parameter.shape, DIMENSIONS)];
                pushed.set(&parameter.name, &ones);
            }
            for parameter in reverse.parameters() {
                let ones = vec![1.0; length(parameter.shape, DIMENSIONS)];
                pulled.set(&parameter.name, &ones);
            }
            let (pushed, pulled) = (pushed.run(), pulled.run());
            assert!(pushed.get("y_tangent").iter().all(|&number| number == 0.0));
            for (name, _) in operands(&function) {
                let cotangent = pulled.get(&format!("{name}_cotangent"));
                assert!(cotangent.iter().all(|&number| number == 0.0), "{op} {name}");
            }
        }
    }
}

#[test]
fn what_is_a_derivative_already_has_none() {
    for op in WITHOUT_DERIVATIVE {
        for (op, function) in applications_of(Op::from_mnemonic(op).unwrap()) {
            let refused = [
                autodiff::forward(&function, &indices(&function)),
                autodiff::reverse(&function, &indices(&function)),
            ];
            for error in refused.map(Result::unwrap_err) {
                assert_eq!(
                    error.to_string(),
                    format!("`{op}` in `f` has no derivative")
                );
            }
        }
    }
}
