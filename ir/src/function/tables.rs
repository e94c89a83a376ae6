//! Functions taken apart, for those that change them at random.

use std::sync::Arc;

use super::{Definition, Function, Parameter, ParameterIndex, Value, VerifyError};
use crate::shape::Shape;

/// What a function is made of, open to any change. Only the verifier makes a [`Function`] of it again.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) stores: Vec<Option<Value>>,
}

impl Tables {
    /// The tables of a function.
    pub(crate) fn of(function: &Function) -> Self {
        let function = function.clone();
        Self {
            name: function.name,
            parameters: Arc::unwrap_or_clone(function.parameters),
            definitions: function.definitions,
            shapes: function.shapes,
            stores: function.stores,
        }
    }

    /// The function of these tables.
    ///
    /// # Errors
    /// [`VerifyError`] if there is none.
    pub(crate) fn verified(self) -> Result<Function, VerifyError> {
        let function = Function {
            name: self.name,
            parameters: Arc::new(self.parameters),
            definitions: self.definitions,
            shapes: self.shapes,
            stores: self.stores,
        };
        function.verify()?;
        Ok(function)
    }

    /// Puts `new` in the place of `old` wherever it is used or stored.
    pub(crate) fn replace(&mut self, old: Value, new: Value) {
        for definition in &mut self.definitions {
            if let Definition::Apply { operands, .. } = definition {
                for operand in operands.as_mut_slice() {
                    if *operand == old {
                        *operand = new;
                    }
                }
            }
        }
        for store in self.stores.iter_mut().flatten() {
            if *store == old {
                *store = new;
            }
        }
    }

    /// Takes a parameter away, with what is stored to it; `None` if it is loaded.
    pub(crate) fn without_parameter(mut self, index: usize) -> Option<Self> {
        for definition in &mut self.definitions {
            if let Definition::Load(loaded) = definition {
                match loaded.index().cmp(&index) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => return None,
                    std::cmp::Ordering::Greater => {
                        *loaded = ParameterIndex::new(loaded.index() - 1);
                    }
                }
            }
        }
        self.parameters.remove(index);
        self.stores.remove(index);
        Some(self)
    }
}
