//! Walks the table of ops: each is parsed, printed, verified, costed and run on both back ends, over
//! every shape that it takes and every combination of difficult numbers.
#![allow(clippy::unwrap_used)]

mod harness;

use harness::{assert_same, call, length, reference};
use mlevolve_ir::ops::Op;
use mlevolve_ir::{Backend, Function, Kernel, Shape};

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
            let cost = function.cost();
            let is_per_element = matches!(op, Op::Reduction(_)) || result == Shape::Tensor;
            let flops = op.flops_per_element();
            let expected = if is_per_element {
                (flops, 0)
            } else {
                (0, flops)
            };
            assert_eq!((cost.element_flops, cost.call_flops), expected, "{text}");
            run(&function);
        }
        assert!(taken > 0, "{op} takes no operands");
    }
}

/// Runs a function of one op: tensors pair every number with every other, scalars take each.
fn run(function: &Function) {
    let elements = NUMBERS.len() * NUMBERS.len();
    let backends = [
        Kernel::interpret(function),
        Kernel::compile(function, Backend::Jit).unwrap(),
    ];
    for (turn, &scalar) in NUMBERS.iter().enumerate() {
        let storage = function.parameters().iter().enumerate();
        let inputs: Vec<Vec<f32>> = storage
            .map(|(index, parameter)| {
                // Each position goes through the numbers at its own pace.
                let number = |element: usize| match index % 3 {
                    0 => NUMBERS[element % NUMBERS.len()],
                    1 => NUMBERS[element / NUMBERS.len() % NUMBERS.len()],
                    _ => NUMBERS[(element + turn) % NUMBERS.len()],
                };
                let scalar = if index == 0 { scalar } else { number(turn * 7) };
                let length = length(parameter.shape, elements);
                let numbers = (0..length).map(|element| match parameter.shape {
                    Shape::Scalar => scalar,
                    Shape::Tensor => number(element),
                });
                std::iter::once(f32::NAN).chain(numbers).collect()
            })
            .collect();
        // A reduction over all of them is a NaN, so go through shorter prefixes too.
        for elements in [1 + turn, elements] {
            let mut inputs = inputs.clone();
            for (parameter, storage) in function.parameters().iter().zip(&mut inputs) {
                storage.truncate(1 + length(parameter.shape, elements));
            }
            let mut expected = inputs.clone();
            reference(function, elements, &mut expected);
            for mut kernel in backends.clone() {
                let mut storage = inputs.clone();
                call(&mut kernel, elements, &mut storage, 1);
                let what = kernel.backend().to_string();
                assert_same(&what, function, elements, &inputs, &expected, &storage);
            }
        }
    }
}
