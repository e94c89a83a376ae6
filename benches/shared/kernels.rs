//! Kernels with storage to run on. Every call of a kernel by a bench is in this file.

use arrayvec::ArrayVec;
use mlevolve_ir::{Argument, Dimensions, Function, Kernel, MAX_PARAMETERS};

/// Storage for each parameter of a function, in order.
pub struct Storage {
    elements: usize,
    names: Vec<String>,
    slots: Vec<Vec<f32>>,
}

impl Storage {
    /// Storage for tensors of so many elements, filled by `number(name, index)`, padding included.
    pub fn new(
        function: &Function,
        elements: usize,
        mut number: impl FnMut(&str, usize) -> f32,
    ) -> Self {
        let parameters = function.parameters();
        let slots = parameters.iter().map(|parameter| {
            let length = Dimensions::flat(elements).storage_len(parameter.shape);
            let indices = 0..length.unwrap_or(0);
            indices
                .map(|index| number(&parameter.name, index))
                .collect()
        });
        Self {
            elements,
            slots: slots.collect(),
            names: parameters.iter().map(|p| p.name.clone()).collect(),
        }
    }

    /// The places of parameters, for [`slots`](Self::slots).
    ///
    /// # Panics
    /// If there is no such parameter.
    pub fn places<const N: usize>(&self, names: [&str; N]) -> [usize; N] {
        names.map(|name| {
            let place = self.names.iter().position(|own| own == name);
            place.unwrap_or_else(|| panic!("there is no parameter `{name}`"))
        })
    }

    /// The storage at these places.
    ///
    /// # Panics
    /// If two of them are the same.
    pub fn slots<const N: usize>(&mut self, places: [usize; N]) -> [&mut [f32]; N] {
        match self.slots.get_disjoint_mut(places) {
            Ok(slots) => slots.map(Vec::as_mut_slice),
            Err(error) => panic!("{error}"),
        }
    }

    /// All that is stored, as bits.
    pub fn bits(&self) -> Vec<u32> {
        let numbers = self.slots.iter().flatten();
        numbers.map(|number| number.to_bits()).collect()
    }

    /// Runs a kernel of the function that the storage was made for.
    pub fn run(&mut self, kernel: &mut Kernel) {
        let mut arguments = ArrayVec::<Argument<'_>, MAX_PARAMETERS>::new();
        let parameters = kernel.function().parameters().iter();
        for (parameter, slot) in parameters.zip(&mut self.slots) {
            arguments.push(if parameter.access.is_written() {
                Argument::Write(slot)
            } else {
                Argument::Read(slot)
            });
        }
        call(kernel, self.elements, &mut arguments);
    }
}

/// Calls a kernel with arguments that fit.
pub fn call(kernel: &mut Kernel, elements: usize, arguments: &mut [Argument<'_>]) {
    if let Err(error) = kernel.call(elements, arguments) {
        panic!("the arguments are made to fit: {error}");
    }
}
