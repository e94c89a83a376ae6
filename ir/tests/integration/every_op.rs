//! Walks the table of ops: each is parsed, printed, verified, costed and run on both back ends, over
//! every sequence of shapes that it takes, matrices of many dimensions, and every combination of
//! difficult numbers.

use crate::harness::{self, Storage, assert_same, call, length, random_storage, reference};
use mlevolve_ir::ops::Op;
use mlevolve_ir::{Backend, Dimensions, Function, Kernel, Shape};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Numbers that between them reach every special case.
const NUMBERS: [f32; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -3.25,
    2.0,
    88.7,
    -103.9,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    1e-20,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

/// The text of a function that applies `op` to one parameter for each shape.
fn text(op: Op, shapes: &[Shape], result: Shape) -> String {
    let mut text = String::from("function f\n\n");
    for (index, shape) in shapes.iter().enumerate() {
        text += &format!("read p{index} {shape}\n");
    }
    text += &format!("write result {result}\n\n");
    let mut operands = Vec::new();
    for index in 0..shapes.len() {
        text += &format!("v{index} = load p{index}\n");
        operands.push(format!("v{index}"));
    }
    let (value, operands) = (shapes.len(), operands.join(", "));
    text + &format!("v{value} = {op}({operands})\n\nstore result = v{value}\n")
}

/// Every sequence of shapes of this length.
fn shapes(arity: usize) -> Vec<Vec<Shape>> {
    (0..arity).fold(vec![Vec::new()], |sequences, _| {
        let longer = sequences
            .iter()
            .flat_map(|sequence| Shape::ALL.map(|shape| [sequence.as_slice(), &[shape]].concat()));
        longer.collect()
    })
}

#[test]
fn every_op_goes_all_the_way() {
    for op in Op::all() {
        let mut taken = 0;
        for shapes in shapes(op.arity()) {
            let result = op.result_shape(&shapes);
            let text = text(op, &shapes, result.clone().unwrap_or(Shape::Tensor));
            let parsed = Function::parse(&text);
            let Ok(result) = result else {
                assert!(parsed.is_err(), "{text}");
                continue;
            };
            taken += 1;
            let function = parsed.unwrap();
            assert_eq!(function.to_string(), text);
            assert_eq!(function.verify(), Ok(()));
            assert_eq!(Ok(function.cost()), op.cost(&shapes));
            if let Some(expected) = flops_by_elements(op, &shapes, result) {
                assert_eq!(function.cost().total(DIMENSIONS), expected, "{text}");
            }
            run(&function);
        }
        assert!(taken > 0, "{op} takes no operands");
    }
}

/// As many rows and columns as there are numbers, so that matrices pair every number with every other.
const SQUARE: Dimensions = Dimensions::new(NUMBERS.len(), NUMBERS.len());
const DIMENSIONS: Dimensions = Dimensions::new(3, 5);

/// What an op costs that costs the same for each element: as much as over scalars, or over tensors.
fn flops_by_elements(op: Op, operands: &[Shape], result: Shape) -> Option<f64> {
    let elements = |shape| DIMENSIONS.elements(shape).unwrap() as f64;
    let [scalars, tensors] = [Shape::Scalar, Shape::Tensor].map(|it| vec![it; op.arity()]);
    match op {
        Op::Elementwise(_) => {
            let cost = op.cost(&scalars).unwrap();
            Some(f64::from(cost.call_flops()) * elements(result))
        }
        Op::Reduction(_) => {
            let cost = op.cost(&tensors).unwrap();
            Some(f64::from(cost.element_flops()) * elements(operands[0]))
        }
        Op::Matrix(_) | Op::Composite(_) => None,
    }
}

/// Runs a function of one op on difficult numbers, and on random ones, most of which are ordinary.
fn run(function: &Function) {
    let mut kernels = [
        Kernel::interpret(function),
        Kernel::compile(function, Backend::Jit).unwrap(),
    ];
    for turn in 0..NUMBERS.len() {
        // A reduction over all of them is a NaN, so go through shorter tensors too.
        let lengths = [Dimensions::flat(1 + turn), Dimensions::new(1 + turn, 1)];
        for dimensions in [lengths[0], lengths[1], DIMENSIONS, SQUARE] {
            let inputs = difficult(function, dimensions, turn);
            check(&mut kernels, dimensions, &inputs);
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for dimensions in harness::DIMENSIONS {
        // Products of and roots of matrices with a side of hundreds take their time.
        let dimensions = Dimensions::new(dimensions.rows.min(40), dimensions.columns.min(40));
        let inputs = random_storage(&mut rng, function, dimensions);
        check(&mut kernels, dimensions, &inputs);
    }
}

/// Difficult numbers: matrices pair every number with every other, and what has fewer elements goes
/// through the pairs from turn to turn.
fn difficult(function: &Function, dimensions: Dimensions, turn: usize) -> Storage {
    let parameters = function.parameters().iter().enumerate();
    let storage = parameters.map(|(index, parameter)| {
        // Each position goes through the numbers at its own pace.
        let number = |element: usize| match index % 3 {
            0 => NUMBERS[element % NUMBERS.len()],
            1 => NUMBERS[(element / NUMBERS.len() + turn) % NUMBERS.len()],
            _ => NUMBERS[(element + turn) % NUMBERS.len()],
        };
        let numbers = (0..length(parameter.shape, dimensions)).map(|element| {
            if !parameter.shape.is_scalar() {
                number(element)
            } else if index == 0 {
                NUMBERS[turn]
            } else {
                number(turn * 7)
            }
        });
        std::iter::once(f32::NAN).chain(numbers).collect()
    });
    storage.collect()
}

fn check(kernels: &mut [Kernel], dimensions: Dimensions, inputs: &Storage) {
    let function = kernels[0].function().clone();
    let mut expected = inputs.clone();
    reference(&function, dimensions, &mut expected);
    for kernel in kernels {
        let mut storage = inputs.clone();
        call(kernel, dimensions, &mut storage, 1);
        let what = kernel.backend().to_string();
        assert_same(&what, &function, dimensions, inputs, &expected, &storage);
    }
}
