//! Derivatives of random functions: forward and reverse mode are transposes of each other, both agree
//! with difference quotients, and both back ends compute them to the same bits.
#![allow(clippy::unwrap_used)]

mod double_precision;
mod harness;

use double_precision::{Call, Matrix, amplification, apply, inner_product, length, shaped, slopes};
use harness::{assert_same, random_storage};
use mlevolve_ir::autodiff::DerivativeError;
use mlevolve_ir::ops::Op;
use mlevolve_ir::random::random_function;
use mlevolve_ir::{
    Access, Backend, Definition, Dimensions, Function, FunctionBuilder, Kernel, ParameterIndex,
    Shape, Value, autodiff,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const DIMENSIONS: Dimensions = Dimensions::new(2, 3);
const FUNCTIONS: u64 = 2000;

/// What is read, with a tensor and a scalar that trade places with what is written.
const PARAMETERS: [(&str, Shape, Access); 8] = [
    ("x", Shape::Tensor, Access::Read),
    ("s", Shape::Scalar, Access::Read),
    ("c", Shape::Column, Access::Read),
    ("w", Shape::Tensor, Access::ReadWrite),
    ("t", Shape::Scalar, Access::ReadWrite),
    ("y", Shape::Tensor, Access::Write),
    ("z", Shape::Scalar, Access::Write),
    ("r", Shape::Row, Access::Write),
];

/// A function and a point where all of its values are ordinary numbers.
struct Case {
    function: Function,
    /// What each parameter that is read holds.
    point: Vec<(&'static str, Vec<f64>)>,
}

impl Case {
    /// Draws ops one by one and keeps those whose results are neither huge nor NaN at the point: a
    /// chain of exponentials has no difference quotient.
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let mut builder = FunctionBuilder::new("f");
        let mut values: Vec<(Value, Matrix)> = Vec::new();
        let mut point = Vec::new();
        let mut written = Vec::new();
        for (name, shape, access) in PARAMETERS {
            let parameter = builder.parameter(name, shape, access).unwrap();
            if access.is_read() {
                let numbers = random_numbers(rng, shape, 0.2..2.0);
                let matrix = shaped(shape, DIMENSIONS, numbers.clone());
                values.push((builder.load(parameter).unwrap(), matrix));
                point.push((name, numbers));
            }
            if access.is_written() {
                written.push((parameter, shape));
            }
        }
        let number = rng.random_range(-2.0..2.0f32);
        values.push((builder.constant(number), Matrix::scalar(number.into())));
        let ops: Vec<Op> = Op::all().filter(|&op| is_smooth(op)).collect();
        let length = rng.random_range(1..16) + values.len();
        while values.len() < length {
            let op = ops[rng.random_range(0..ops.len())];
            let recent = |rng: &mut ChaCha8Rng| {
                let back = rng.random_range(0..values.len().min(6));
                values[values.len() - 1 - back].clone()
            };
            let operands: Vec<_> = (0..op.arity()).map(|_| recent(rng)).collect();
            let shapes: Vec<Shape> = operands.iter().map(|o| builder.shape(o.0)).collect();
            if op.result_shape(&shapes).is_err() {
                continue;
            }
            let numbers: Vec<&Matrix> = operands.iter().map(|operand| &operand.1).collect();
            let result = apply(op, &numbers);
            if result.numbers.iter().all(|number| number.abs() < 30.0) {
                let operands: Vec<Value> = operands.iter().map(|operand| operand.0).collect();
                values.push((builder.apply(op, &operands).unwrap(), result));
            }
        }
        for (parameter, shape) in written {
            let fits =
                |value: &&(Value, _)| builder.shape(value.0).broadcast_with(shape) == Some(shape);
            let (value, _) = *values
                .iter()
                .rev()
                .filter(fits)
                .nth(rng.random_range(0..3))
                .unwrap();
            builder.store(parameter, value).unwrap();
        }
        Self {
            function: builder.finish().unwrap(),
            point,
        }
    }

    /// How many times greater than its results the numbers are that the function rounds on the way.
    fn amplification(&self) -> f64 {
        let definitions = self.function.values();
        let factors = definitions.map(|value| match self.function.definition(value) {
            Definition::Load(_) | Definition::Constant(_) => 1.0,
            Definition::Apply { op, .. } => amplification(*op),
        });
        factors.product()
    }

    fn chosen(&self) -> Vec<ParameterIndex> {
        let names = self
            .point
            .iter()
            .map(|(name, _)| self.function.index_of(name));
        names.map(Option::unwrap).collect()
    }

    /// A call of the derivative at the point, with these differentials for the parameters.
    fn call<'a>(
        &self,
        derivative: &'a Function,
        suffix: &str,
        differentials: &[(&'static str, Vec<f64>)],
    ) -> Call<'a> {
        let mut call = Call::new(derivative, DIMENSIONS);
        for (name, numbers) in &self.point {
            call.set(name, numbers);
        }
        for (name, numbers) in differentials {
            call.set(&format!("{name}_{suffix}"), numbers);
        }
        call.run()
    }

    /// What the function stores at the point moved along `tangents`.
    fn moved(&self, tangents: &[(&'static str, Vec<f64>)], step: f64) -> Vec<f64> {
        let mut call = Call::new(&self.function, DIMENSIONS);
        for ((name, point), (_, tangent)) in self.point.iter().zip(tangents) {
            let moved = point.iter().zip(tangent).map(|(x, t)| x + step * t);
            call.set(name, &moved.collect::<Vec<f64>>());
        }
        let call = call.run();
        stored()
            .flat_map(|(name, _)| call.get(name).to_vec())
            .collect()
    }
}

/// Whether there are difference quotients wherever there are values. Inverse roots are of symmetric
/// matrices, in symmetric directions, and random numbers jump with their keys.
fn is_smooth(op: Op) -> bool {
    !matches!(
        op.mnemonic(),
        "inverse_square_root"
            | "inverse_fourth_root"
            | "inverse_square_root_derivative"
            | "inverse_fourth_root_derivative"
            | "uniform"
            | "normal"
    )
}

fn stored() -> impl Iterator<Item = (&'static str, Shape)> {
    let written = PARAMETERS
        .iter()
        .filter(|(_, _, access)| access.is_written());
    written.map(|&(name, shape, _)| (name, shape))
}

fn random_numbers(rng: &mut ChaCha8Rng, shape: Shape, range: std::ops::Range<f64>) -> Vec<f64> {
    let numbers = (0..length(shape, DIMENSIONS)).map(|_| rng.random_range(range.clone()));
    numbers.collect()
}

/// ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩, where J ẋ is found in forward mode and Jᵀ ȳ in reverse, and J ẋ is the
/// limit of difference quotients.
#[test]
fn forward_and_reverse_mode_agree_and_are_limits_of_difference_quotients() {
    let (mut transposes, mut quotients, mut numbers) = (0, 0, 0);
    for seed in 0..FUNCTIONS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let case = Case::new(&mut rng);
        let read = PARAMETERS.iter().filter(|(_, _, access)| access.is_read());
        let tangents: Vec<_> = read
            .map(|&(name, shape, _)| (name, random_numbers(&mut rng, shape, -1.0..1.0)))
            .collect();
        let cotangents: Vec<_> = stored()
            .map(|(name, shape)| (name, random_numbers(&mut rng, shape, -1.0..1.0)))
            .collect();
        let forward = autodiff::forward(&case.function, &case.chosen()).unwrap();
        let reverse = autodiff::reverse(&case.function, &case.chosen()).unwrap();
        let pushed = case.call(&forward, "tangent", &tangents);
        let pulled = case.call(&reverse, "cotangent", &cotangents);

        // Both sums, and the sum of what is added up in them: the yardstick of rounding.
        let (mut forth, mut back, mut magnitude) = (0.0, 0.0, 0.0);
        for (name, cotangent) in &cotangents {
            assert_eq!(pushed.get(name), pulled.get(name), "`{name}` itself");
            let tangent = pushed.get(&format!("{name}_tangent"));
            forth += inner_product(cotangent, tangent);
            magnitude += tangent.iter().map(|number| number.abs()).sum::<f64>();
        }
        for (name, tangent) in &tangents {
            let cotangent = pulled.get(&format!("{name}_cotangent"));
            back += inner_product(cotangent, tangent);
            magnitude += cotangent.iter().map(|number| number.abs()).sum::<f64>();
        }
        // Derivatives of 10⁶ are where a pole is near, and one that is none is at it: √(x − x).
        if magnitude.is_nan() || magnitude > 1e6 {
            continue;
        }
        // Rounding of binary64 is 10⁻¹⁶; within a derivative, terms can cancel that are as many times
        // greater than it as six digits say.
        assert!(
            (forth - back).abs() <= 1e-10 * magnitude.max(1.0),
            "seed {seed}: {forth} forward and {back} in reverse\n{forward}\n{reverse}"
        );
        transposes += 1;

        let slopes = slopes(|step| case.moved(&tangents, step));
        let found = stored().flat_map(|(name, _)| pushed.get(&format!("{name}_tangent")).to_vec());
        for (slope, found) in slopes.iter().zip(found) {
            numbers += 1;
            if let Some(slope) = slope {
                assert!(
                    (found - slope.value).abs() <= slope.error * case.amplification(),
                    "seed {seed}: {found} should be {slope:?}\n{forward}"
                );
                quotients += 1;
            }
        }
    }
    assert!(transposes >= FUNCTIONS * 9 / 10, "{transposes}");
    assert!(quotients >= numbers * 8 / 10, "{quotients} of {numbers}");
}

/// The original's outputs have the original's bits, and what is computed beside them is the same on
/// both back ends, on difficult numbers too.
#[test]
fn both_back_ends_agree_on_derivatives() {
    let mut differentiated = 0;
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 24);
        let read: Vec<ParameterIndex> = function
            .parameters()
            .iter()
            .filter(|parameter| parameter.access.is_read())
            .map(|parameter| function.index_of(&parameter.name).unwrap())
            .collect();
        let derivatives = [
            autodiff::forward(&function, &read),
            autodiff::reverse(&function, &read),
        ];
        for derivative in derivatives {
            let derivative = match derivative {
                Ok(derivative) => derivative,
                // A function of 64 parameters has no room for more.
                Err(DerivativeError::TooLarge { .. }) => {
                    assert!(function.parameters().len() > 32);
                    continue;
                }
                Err(DerivativeError::NotDifferentiable { op, .. }) => {
                    assert!(!is_smooth(op));
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            differentiated += 1;
            assert_eq!(derivative.verify(), Ok(()));
            let dimensions = Dimensions::new(5, 7);
            let inputs = random_storage(&mut rng, &derivative, dimensions);
            let mut expected = inputs.clone();
            harness::reference(&derivative, dimensions, &mut expected);
            for backend in Backend::ALL {
                let mut kernel = Kernel::compile(&derivative, backend).unwrap();
                let mut found = inputs.clone();
                harness::call(&mut kernel, dimensions, &mut found, 1);
                let what = backend.to_string();
                assert_same(&what, &derivative, dimensions, &inputs, &expected, &found);
            }
            let mut original = inputs[..function.parameters().len()].to_vec();
            harness::reference(&function, dimensions, &mut original);
            assert_same(
                "the derivative",
                &function,
                dimensions,
                &inputs,
                &original,
                &expected,
            );
        }
    }
    // Two a seed, but for the few that have none.
    assert!(differentiated > 500, "{differentiated}");
}
