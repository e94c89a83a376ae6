//! What the tests of whole functions share: inputs, calls, comparison, and a reference evaluator.

use mlevolve_ir::random::fill;
use mlevolve_ir::{Argument, Dimensions, Function, Kernel, Shape};
use rand_chacha::ChaCha8Rng;

/// Dimensions whose products are around the sizes of rows and chunks.
pub(crate) const DIMENSIONS: [Dimensions; 8] = [
    Dimensions::new(1, 1),
    Dimensions::new(3, 5),
    Dimensions::new(16, 1),
    Dimensions::new(1, 17),
    Dimensions::new(17, 15),
    Dimensions::new(4, 64),
    Dimensions::new(257, 1),
    Dimensions::new(25, 40),
];

/// The storage of a function's parameters. Each begins one number late, so that nothing is aligned.
pub(crate) type Storage = Vec<Vec<f32>>;

pub(crate) fn length(shape: Shape, dimensions: impl Into<Dimensions>) -> usize {
    dimensions.into().storage_len(shape).unwrap()
}

/// Random storage, padding included.
pub(crate) fn random_storage(
    rng: &mut ChaCha8Rng,
    function: &Function,
    dimensions: impl Into<Dimensions>,
) -> Storage {
    let dimensions = dimensions.into();
    let parameters = function.parameters().iter();
    let storage = parameters.map(|parameter| {
        let mut storage = vec![0.0; 1 + length(parameter.shape, dimensions)];
        fill(rng, &mut storage);
        storage
    });
    storage.collect()
}

/// Calls a kernel so many times on the same storage.
pub(crate) fn call(
    kernel: &mut Kernel,
    dimensions: impl Into<Dimensions>,
    storage: &mut Storage,
    times: usize,
) {
    let dimensions = dimensions.into();
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
        kernel.call(dimensions, &mut arguments).unwrap();
    }
}

/// Whether two numbers are equal as the semantics contract has it.
pub(crate) fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Fails with a case that can be pasted into a test, if two storages differ in anything but padding.
pub(crate) fn assert_same(
    what: &str,
    function: &Function,
    dimensions: impl Into<Dimensions>,
    inputs: &Storage,
    expected: &Storage,
    found: &Storage,
) {
    let dimensions = dimensions.into();
    for (index, parameter) in function.parameters().iter().enumerate() {
        let counted = dimensions.elements(parameter.shape).unwrap();
        for element in 1..=counted {
            let (expected, found) = (expected[index][element], found[index][element]);
            assert!(
                same(expected, found),
                "{what}: `{}`[{}] of {dimensions} is {found:e} and should be {expected:e}\n\
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

/// What the reference makes of the storage.
pub(crate) fn reference(
    function: &Function,
    dimensions: impl Into<Dimensions>,
    storage: &mut Storage,
) {
    let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(|slice| &mut slice[1..]).collect();
    mlevolve_ir::reference::call(function, dimensions, &mut slices);
}
