//! What the interpreter gives, for the tests of exported code.

use mlevolve_ir::{Dimensions, Function, reference};
use rustc_hash::FxHashMap;

use crate::lowering::lower_unoptimised;
use crate::program::Program;

/// A program that is called with what it is given, and keeps what it writes.
pub(super) struct Machine {
    functions: Vec<Function>,
    dimensions: Dimensions,
    /// The content of cells by name. Looked up, never iterated.
    memory: FxHashMap<String, Vec<f32>>,
}

impl Machine {
    pub(super) fn new(program: &Program, dimensions: Dimensions) -> Self {
        Self {
            functions: lower_unoptimised(program),
            dimensions,
            memory: FxHashMap::default(),
        }
    }

    /// Calls the function at a place of the schema.
    pub(super) fn call(&mut self, place: usize, given: &[(&str, &[f32])]) {
        for (name, content) in given {
            self.memory.insert((*name).to_owned(), content.to_vec());
        }
        let function = &self.functions[place];
        let parameters = function.parameters().iter();
        let mut storage: Vec<Vec<f32>> = parameters
            .map(|parameter| {
                let length = self.dimensions.elements(parameter.shape).unwrap_or(0);
                let kept = self.memory.get(&parameter.name);
                kept.cloned().unwrap_or_else(|| vec![0.0; length])
            })
            .collect();
        let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(Vec::as_mut_slice).collect();
        reference::call(function, self.dimensions, &mut slices);
        for (parameter, content) in function.parameters().iter().zip(storage) {
            if parameter.access.is_written() {
                self.memory.insert(parameter.name.clone(), content);
            }
        }
    }

    /// What a cell of so many elements holds.
    pub(super) fn content(&self, name: &str, elements: usize) -> Vec<f32> {
        let kept = self.memory.get(name);
        kept.cloned().unwrap_or_else(|| vec![0.0; elements])
    }
}

/// Numbers between −1 and 1 that look like any, the same every time.
pub(super) fn numbers(count: usize, number: usize) -> Vec<f32> {
    let each = (0..count).map(|index| {
        let mixed = (index * 37 + number * 61 + 17) % 64;
        // Multiples of 1/32 are short to write.
        mixed as f32 / 32.0 - 1.0
    });
    each.collect()
}

/// The same numbers, off by a few units in the last place.
pub(super) fn nudged(numbers: &[f32]) -> Vec<f32> {
    let each = numbers.iter().enumerate().map(|(index, &number)| {
        let units = if index % 2 == 0 { 3.0 } else { -2.0 };
        number + number * (units * f32::EPSILON)
    });
    each.collect()
}

/// Whether numbers are all finite and hardly differ from those that come of nudged ones, so that what a library rounds
/// otherwise does not decide what they are.
pub(super) fn are_told(numbers: &[f32], of_nudged: &[f32]) -> bool {
    let mut pairs = numbers.iter().zip(of_nudged);
    pairs.all(|(number, other)| (number - other).abs() <= 1e-5 * number.abs() + 1e-7)
}
