//! A function with dimensions and inputs.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use super::panics::caught;
use super::{fill, random_function, random_smooth_case};
use crate::autodiff;
use crate::function::{Function, ParameterIndex};
use crate::kernel::{Argument, Kernel};
use crate::lanes::ACCUMULATORS;
use crate::reference;
use crate::shape::{Dimensions, Shape};

/// What each parameter holds, padding included.
pub type Storage = Vec<Vec<f32>>;

/// Calls on the same storage, so that state is carried over.
const CALLS: usize = 3;

/// The most operations of a call, so that a thousand cases take seconds.
const MOST_FLOPS: f64 = 1e6;

/// A function with dimensions and inputs: all that a finding needs to be seen again.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The function.
    pub function: Function,
    /// What it is called on.
    pub dimensions: Dimensions,
    /// What its parameters hold at the first call.
    pub inputs: Storage,
}

impl Case {
    /// The case that a [`Finding`](super::Finding) prints: a function's text, dimensions, and for each
    /// parameter the bits of its numbers, which are repeated until its storage is full.
    ///
    /// # Panics
    /// If the text is none of a function, or there are not as many inputs as parameters, none of
    /// which may be empty.
    #[must_use]
    pub fn new(text: &str, dimensions: Dimensions, bits: &[&[u32]]) -> Self {
        let function = match Function::parse(text) {
            Ok(function) => function,
            Err(error) => panic!("{error}\n{text}"),
        };
        assert_eq!(bits.len(), function.parameters().len(), "inputs\n{text}");
        let inputs = function.parameters().iter().zip(bits);
        let inputs = inputs.map(|(parameter, bits)| {
            assert!(!bits.is_empty(), "no input for `{}`", parameter.name);
            let numbers = bits.iter().copied().map(f32::from_bits);
            let length = length(parameter.shape, dimensions);
            numbers.cycle().take(length).collect()
        });
        Self {
            inputs: inputs.collect(),
            function,
            dimensions,
        }
    }

    /// The case of this number in the sequence that a seed begins: it depends on nothing else, so any
    /// number of threads can share a sequence, and one case can be had without those before it. Three
    /// of four are any functions on difficult numbers, one is a smooth one on ordinary numbers.
    #[must_use]
    pub fn numbered(seed: u64, number: u64, maximum_values: usize) -> Self {
        let mut of_seed = Xoshiro256PlusPlus::seed_from_u64(seed);
        let first: u64 = of_seed.random();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(first.wrapping_add(number));
        match number % 4 {
            3 => random_smooth_case(&mut rng, maximum_values),
            _ => Self::draw(&mut rng, maximum_values),
        }
    }

    /// A random function of at most so many values, or the derivative of one, on random inputs.
    #[must_use]
    pub fn draw(rng: &mut impl Rng, maximum_values: usize) -> Self {
        let function = random_function(rng, maximum_values);
        let mode = rng.random_range(0..16);
        let derived = caught(|| match mode {
            0 => autodiff::forward(&function, &readable(&function)).ok(),
            1 => autodiff::reverse(&function, &readable(&function)).ok(),
            _ => None,
        });
        // A panic is found where derivatives are checked.
        let derived = derived.ok().flatten();
        // A derivative can be many times as long.
        let derived = derived.filter(|derived| derived.values().len() <= 8 * maximum_values);
        Self::of(derived.unwrap_or(function), rng)
    }

    /// A function on random inputs.
    #[must_use]
    pub fn of(function: Function, rng: &mut impl Rng) -> Self {
        let dimensions = random_dimensions(rng, &function);
        let mut inputs = blank(&function, dimensions, 0.0);
        for numbers in &mut inputs {
            fill(rng, numbers);
        }
        Self {
            function,
            dimensions,
            inputs,
        }
    }

    /// What the reference makes of the inputs by a function with the same parameters.
    pub(super) fn by_reference(&self, function: &Function) -> Storage {
        let mut storage = self.inputs.clone();
        for _ in 0..CALLS {
            call_reference(function, self.dimensions, &mut storage);
        }
        storage
    }

    /// What a kernel with the same parameters makes of the inputs, after it has been called on other
    /// dimensions.
    pub(super) fn by_kernel(&self, mut kernel: Kernel) -> Storage {
        let Dimensions { rows, columns } = self.dimensions;
        let others = Dimensions::new(columns, rows);
        call_kernel(&mut kernel, others, &blank(&self.function, others, 0.5), 1);
        call_kernel(&mut kernel, self.dimensions, &self.inputs, CALLS)
    }

    /// Where what was found is not what was expected, if anywhere. Any NaN equals any NaN, all else
    /// must be equal to the bit; padding is of no account.
    pub(super) fn difference(&self, expected: &Storage, found: &Storage) -> Option<String> {
        let parameters = self.function.parameters().iter();
        for ((parameter, expected), found) in parameters.zip(expected).zip(found) {
            let counted = elements(parameter.shape, self.dimensions);
            for (index, (expected, found)) in expected.iter().zip(found).take(counted).enumerate() {
                if expected.to_bits() != found.to_bits() && !(expected.is_nan() && found.is_nan()) {
                    return Some(format!(
                        "`{}`[{index}] is {found:e} and should be {expected:e}",
                        parameter.name
                    ));
                }
            }
        }
        None
    }
}

/// The parameters that a function reads.
pub(super) fn readable(function: &Function) -> Vec<ParameterIndex> {
    let parameters = function.parameters().iter().enumerate();
    parameters
        .filter(|(_, parameter)| parameter.access.is_read())
        .map(|(index, _)| ParameterIndex::new(index))
        .collect()
}

/// How many elements a shape has.
pub(super) fn elements(shape: Shape, dimensions: Dimensions) -> usize {
    match dimensions.elements(shape) {
        Some(elements) => elements,
        None => panic!("a {shape} of {dimensions} does not fit in memory"),
    }
}

/// How long the storage of a shape is.
pub(super) fn length(shape: Shape, dimensions: Dimensions) -> usize {
    match dimensions.storage_len(shape) {
        Some(length) => length,
        None => panic!("a {shape} of {dimensions} does not fit in memory"),
    }
}

/// Storage for a function's parameters that holds one number everywhere.
fn blank(function: &Function, dimensions: Dimensions, number: f32) -> Storage {
    let parameters = function.parameters().iter();
    let storage = parameters.map(|parameter| vec![number; length(parameter.shape, dimensions)]);
    storage.collect()
}

/// Calls the reference once.
pub(super) fn call_reference(function: &Function, dimensions: Dimensions, storage: &mut Storage) {
    let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(|slice| &mut slice[..]).collect();
    reference::call(function, dimensions, &mut slices);
}

/// What a kernel makes of the inputs. They lie so that nothing is aligned.
pub(super) fn call_kernel(
    kernel: &mut Kernel,
    dimensions: Dimensions,
    inputs: &Storage,
    times: usize,
) -> Storage {
    let mut storage: Storage = inputs
        .iter()
        .map(|numbers| [&[0.0], &numbers[..]].concat())
        .collect();
    let function = kernel.function().clone();
    let parameters = function.parameters().iter();
    let mut arguments: Vec<Argument<'_>> = parameters
        .zip(&mut storage)
        .map(|(parameter, storage)| {
            if parameter.access.is_written() {
                Argument::Write(&mut storage[1..])
            } else {
                Argument::Read(&storage[1..])
            }
        })
        .collect();
    for _ in 0..times {
        if let Err(error) = kernel.call(dimensions, &mut arguments) {
            panic!("arguments that are made to fit: {error}");
        }
    }
    drop(arguments);
    for numbers in &mut storage {
        numbers.remove(0);
    }
    storage
}

/// Rows and columns around the sizes of vectors, rows of accumulators and chunks, on which the
/// function does not take long.
#[must_use]
pub fn random_dimensions(rng: &mut impl Rng, function: &Function) -> Dimensions {
    const EXTENTS: [usize; 14] = [1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 256, 257];
    let largest = |dimensions: Dimensions| {
        let parameters = function
            .parameters()
            .iter()
            .map(|parameter| parameter.shape);
        let values = function.values().map(|value| function.shape(value));
        let sizes = parameters.chain(values);
        sizes.map(|shape| elements(shape, dimensions)).max()
    };
    for _ in 0..16 {
        let mut extent = || EXTENTS[rng.random_range(0..EXTENTS.len())];
        let dimensions = Dimensions::new(extent(), extent());
        let is_small = largest(dimensions).is_none_or(|largest| largest <= 64 * ACCUMULATORS + 7);
        if is_small && function.cost().total(dimensions) <= MOST_FLOPS {
            return dimensions;
        }
    }
    Dimensions::new(rng.random_range(1..=4), rng.random_range(1..=4))
}
