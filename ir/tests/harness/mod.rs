//! What the tests of whole functions share: inputs, calls, comparison, and a reference evaluator.

// Each test binary compiles this file and uses a part of it.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use mlevolve_ir::lanes::ScalarLanes;
use mlevolve_ir::ops::{Op, ReductionOp};
use mlevolve_ir::random::fill;
use mlevolve_ir::{ACCUMULATORS, Argument, Definition, Function, Kernel, Shape};
use rand_chacha::ChaCha8Rng;

/// Element counts around the sizes of rows and chunks.
pub const ELEMENT_COUNTS: [usize; 8] = [1, 15, 16, 17, 255, 256, 257, 1000];

/// The storage of a function's parameters. Each begins one number late, so that nothing is aligned.
pub type Storage = Vec<Vec<f32>>;

pub fn length(shape: Shape, elements: usize) -> usize {
    match shape {
        Shape::Scalar => 1,
        Shape::Tensor => elements.next_multiple_of(ACCUMULATORS),
    }
}

/// Random storage, padding included.
pub fn random_storage(rng: &mut ChaCha8Rng, function: &Function, elements: usize) -> Storage {
    let parameters = function.parameters().iter();
    let storage = parameters.map(|parameter| {
        let mut storage = vec![0.0; 1 + length(parameter.shape, elements)];
        fill(rng, &mut storage);
        storage
    });
    storage.collect()
}

/// Calls a kernel so many times on the same storage.
pub fn call(kernel: &mut Kernel, elements: usize, storage: &mut Storage, times: usize) {
    let function = kernel.function().clone();
    let parameters = function.parameters().iter();
    let mut arguments: Vec<Argument<'_>> = parameters
        .zip(storage)
        .map(|(parameter, storage)| {
            if parameter.access.is_written() {
                Argument::Write(&mut storage[1..])
            } else {
                Argument::Read(&storage[1..])
            }
        })
        .collect();
    for _ in 0..times {
        kernel.call(elements, &mut arguments).unwrap();
    }
}

/// Whether two numbers are equal as the semantics contract has it.
pub fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Fails with a case that can be pasted into a test, if two storages differ in anything but padding.
pub fn assert_same(
    what: &str,
    function: &Function,
    elements: usize,
    inputs: &Storage,
    expected: &Storage,
    found: &Storage,
) {
    for (index, parameter) in function.parameters().iter().enumerate() {
        let counted = match parameter.shape {
            Shape::Scalar => 1,
            Shape::Tensor => elements,
        };
        for element in 1..=counted {
            let (expected, found) = (expected[index][element], found[index][element]);
            assert!(
                same(expected, found),
                "{what}: `{}`[{}] of {elements} is {found:e} and should be {expected:e}\n\
                 {function}\ninputs there: {:?}",
                parameter.name,
                element - 1,
                inputs
                    .iter()
                    .map(|storage| storage.get(element).unwrap_or(&storage[1]))
                    .collect::<Vec<_>>(),
            );
        }
    }
}

/// The reference: computes every value of the function over all elements, in order of definition.
/// It shares the meanings of elementwise ops with the library, and nothing else.
pub fn reference(function: &Function, elements: usize, storage: &mut Storage) {
    let mut values: Vec<Vec<f32>> = Vec::new();
    for value in function.values() {
        let computed = match function.definition(value) {
            Definition::Load(parameter) => {
                let storage = &storage[parameter.index()][1..];
                match function.shape(value) {
                    Shape::Scalar => vec![storage[0]; elements],
                    Shape::Tensor => storage[..elements].to_vec(),
                }
            }
            Definition::Constant(constant) => vec![constant.value(); elements],
            Definition::Apply { op, operands } => {
                let operands: Vec<&Vec<f32>> = operands
                    .as_slice()
                    .iter()
                    .map(|operand| &values[operand.index()])
                    .collect();
                match op {
                    Op::Elementwise(op) => (0..elements)
                        .map(|element| {
                            let numbers: Vec<f32> =
                                operands.iter().map(|operand| operand[element]).collect();
                            op.evaluate(&ScalarLanes, &numbers)
                        })
                        .collect(),
                    Op::Reduction(op) => vec![reduce(*op, operands[0]); elements],
                }
            }
        };
        values.push(computed);
    }
    for (parameter, value) in function.stores() {
        let storage = &mut storage[parameter.index()][1..];
        let counted = storage.len().min(elements);
        storage[..counted].copy_from_slice(&values[value.index()][..counted]);
    }
}

/// Reductions in plain Rust, as point 6 of the semantics contract has them. This is the one list of
/// reductions by name outside the table: a second opinion must not be derived from the first.
fn reduce(op: ReductionOp, elements: &[f32]) -> f32 {
    match op {
        ReductionOp::Sum => in_order(0.0, elements.iter().copied(), |a, b| a + b),
        ReductionOp::Mean => {
            in_order(0.0, elements.iter().copied(), |a, b| a + b) / elements.len() as f32
        }
        ReductionOp::Norm => in_order(0.0, elements.iter().map(|x| x * x), |a, b| a + b).sqrt(),
        ReductionOp::MaxOf => {
            let greater = |a: f32, b: f32| match (a.is_nan() || b.is_nan(), a == b) {
                (true, _) => f32::NAN,
                (false, true) => f32::from_bits(a.to_bits() & b.to_bits()),
                (false, false) => a.max(b),
            };
            in_order(f32::NEG_INFINITY, elements.iter().copied(), greater)
        }
    }
}

fn in_order(
    start: f32,
    elements: impl Iterator<Item = f32>,
    combine: impl Fn(f32, f32) -> f32,
) -> f32 {
    let mut accumulators = [start; 16];
    for (index, element) in elements.enumerate() {
        accumulators[index % 16] = combine(accumulators[index % 16], element);
    }
    for half in [8, 4, 2, 1] {
        for index in 0..half {
            accumulators[index] = combine(accumulators[index], accumulators[index + half]);
        }
    }
    accumulators[0]
}
