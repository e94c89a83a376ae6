//! The compiler: text, passes, and back ends that must agree.

use mlevolve_ir::random::{fill, random_function};
use mlevolve_ir::{ACCUMULATORS, Argument, Backend, CompileError, Function, Kernel, Shape, passes};
use rand::{Rng, RngExt};

use crate::{Draws, assert_displays};

/// The most values of a function that is run: native code for the largest ones takes too long to make.
const MAXIMUM_VALUES_RUN: usize = 64;
/// The most values of a random function.
const MAXIMUM_VALUES_DRAWN: usize = 40;
/// Element counts around the sizes of rows and chunks.
const ELEMENT_COUNTS: [usize; 8] = [1, 7, 16, 17, 33, 255, 257, 530];
/// Calls on the same storage, so that state is carried over.
const CALLS: usize = 3;

/// The text of a function is refused, or prints and parses to itself, stays valid through the passes,
/// and means the same to every back end.
pub fn check_text(bytes: &[u8]) {
    let function = match Function::parse(&String::from_utf8_lossy(bytes)) {
        Ok(function) => function,
        Err(error) => return assert_displays(&error),
    };
    assert_prints_and_parses(&function);
    let optimised = passes::optimise(&function);
    assert_eq!(optimised.verify(), Ok(()), "{function}");
    assert_prints_and_parses(&optimised);
    assert_eq!(passes::optimise(&optimised), optimised, "{function}");
    if function.values().len() <= MAXIMUM_VALUES_RUN {
        assert_back_ends_agree(&function, &mut Draws::new(bytes));
    }
}

/// A random function means the same to every back end, before and after the passes.
pub fn check_random(bytes: &[u8]) {
    let mut draws = Draws::new(bytes);
    let function = random_function(&mut draws, MAXIMUM_VALUES_DRAWN);
    assert_eq!(function.verify(), Ok(()), "{function}");
    assert_eq!(passes::optimise(&function).verify(), Ok(()), "{function}");
    assert_back_ends_agree(&function, &mut draws);
}

fn assert_prints_and_parses(function: &Function) {
    assert_eq!(function.verify(), Ok(()), "{function}");
    let text = function.to_string();
    let parsed = Function::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&parsed, function, "{text}");
    assert_eq!(parsed.to_string(), text);
}

/// The numbers of each parameter.
type Storage = Vec<Vec<f32>>;

/// Runs the function and its optimised form with every back end on random numbers. All must give the
/// bits that the interpreter gives for the function as it stands.
pub(crate) fn assert_back_ends_agree(function: &Function, numbers: &mut impl Rng) {
    let elements = ELEMENT_COUNTS[numbers.random_range(0..ELEMENT_COUNTS.len())];
    let inputs: Storage = function
        .parameters()
        .iter()
        .map(|parameter| {
            let mut storage = vec![0.0; storage_length(parameter.shape, elements)];
            fill(numbers, &mut storage);
            storage
        })
        .collect();
    let expected = after_calls(Kernel::interpret(function), elements, &inputs);
    let optimised = passes::optimise(function);
    for (form, function) in [("as it stands", function), ("optimised", &optimised)] {
        for backend in Backend::ALL {
            let kernel = match Kernel::compile(function, backend) {
                Ok(kernel) => kernel,
                Err(CompileError::TooLarge { .. }) => continue,
                Err(error) => panic!("{backend}, {form}: {error}\n{function}"),
            };
            let found = after_calls(kernel, elements, &inputs);
            let what = format!("{backend}, {form}");
            assert_same(&what, function, elements, &expected, &found);
        }
    }
}

fn storage_length(shape: Shape, elements: usize) -> usize {
    match shape {
        Shape::Scalar => 1,
        Shape::Tensor => elements.next_multiple_of(ACCUMULATORS),
    }
}

/// What the storage holds after some calls.
fn after_calls(mut kernel: Kernel, elements: usize, inputs: &Storage) -> Storage {
    let mut storage = inputs.clone();
    let function = kernel.function().clone();
    let mut arguments: Vec<Argument<'_>> = function
        .parameters()
        .iter()
        .zip(&mut storage)
        .map(|(parameter, storage)| {
            if parameter.access.is_written() {
                Argument::Write(storage)
            } else {
                Argument::Read(storage)
            }
        })
        .collect();
    for _ in 0..CALLS {
        let called = kernel.call(elements, &mut arguments);
        assert_eq!(called, Ok(()), "arguments are made to fit\n{function}");
    }
    storage
}

/// Fails if two storages differ in anything but padding: any NaN equals any NaN, everything else must
/// be equal to the bit.
fn assert_same(
    what: &str,
    function: &Function,
    elements: usize,
    expected: &Storage,
    found: &Storage,
) {
    for ((parameter, expected), found) in function.parameters().iter().zip(expected).zip(found) {
        let counted = match parameter.shape {
            Shape::Scalar => 1,
            Shape::Tensor => elements,
        };
        for (index, (expected, found)) in expected.iter().zip(found).take(counted).enumerate() {
            let same = expected.to_bits() == found.to_bits();
            assert!(
                same || expected.is_nan() && found.is_nan(),
                "{what}: `{}`[{index}] of {elements} is {found:e} and should be {expected:e}\n\
                 {function}",
                parameter.name
            );
        }
    }
}
