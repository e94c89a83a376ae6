//! A function: what the compiler works on.
//!
//! A function is straight-line code in static single assignment form. Its parameters are storage
//! that the caller owns, one number or one tensor each. Their content at entry is *loaded*, values
//! are computed from it, and what a written parameter holds at exit is *stored*, exactly once each.
//! Loads see what was there before the call, whatever is stored, so a function has no order of
//! effects and its values can be computed in any order that puts operands first.
//!
//! ```text
//!   FunctionBuilder ─finish─► Function ◄─parse─ text
//!                               │  ▲
//!                               ▼  │ passes: each gives a new function
//!                            Schedule ─► interpreter, JIT
//! ```
//!
//! A [`Function`] is valid by construction: its fields are private, and whatever makes one runs the
//! [verifier](self::verify).

mod builder;
mod cost;
#[cfg(any(test, feature = "random"))]
mod tables;
mod verify;

use std::fmt;
use std::sync::Arc;

pub use builder::{BuildError, FunctionBuilder};
pub use cost::Cost;
#[cfg(any(test, feature = "random"))]
pub(crate) use tables::Tables;
pub use verify::{MAX_NAME_LENGTH, VerifyError, is_name};

use crate::ops::{MAX_ARITY, Op};
use crate::shape::Shape;

/// The most parameters of a function.
pub const MAX_PARAMETERS: usize = 64;

/// The most values of a function, so that functions from strangers have bounded cost.
pub const MAX_VALUES: usize = 1024;

/// The most values of a function whose composite ops have been expanded.
pub(crate) const MAX_EXPANDED_VALUES: usize = 64 * MAX_VALUES;

/// What a function does with a parameter's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// The content is read and stays as it is.
    Read,
    /// The content is read and then replaced.
    ReadWrite,
    /// The content is replaced, whatever it was.
    Write,
}

impl Access {
    /// Every access, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Read, Self::ReadWrite, Self::Write];

    /// Whether the content at entry may be loaded.
    #[must_use]
    pub const fn is_read(self) -> bool {
        match self {
            Self::Read | Self::ReadWrite => true,
            Self::Write => false,
        }
    }

    /// Whether the content at exit must be stored.
    #[must_use]
    pub const fn is_written(self) -> bool {
        match self {
            Self::Read => false,
            Self::ReadWrite | Self::Write => true,
        }
    }

    /// The word for this access in text.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadWrite => "read_write",
            Self::Write => "write",
        }
    }

    /// The access that `keyword` names, if any.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|access| access.keyword() == keyword)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.keyword())
    }
}

/// Storage that the caller of a function owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// A name that no other parameter of the function has, see [`is_name`].
    pub name: String,
    /// One number or one tensor.
    pub shape: Shape,
    /// What the function does with the content.
    pub access: Access,
}

/// Which parameter, in the order of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterIndex(u32);

/// Which value, in the order of definition. Displayed as in text: `v3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(u32);

/// Narrows a position in a function's tables, which have far fewer than 2³² entries.
fn narrow(index: usize) -> u32 {
    match u32::try_from(index) {
        Ok(index) => index,
        Err(_) => panic!("a function has no entry {index}"),
    }
}

impl ParameterIndex {
    pub(crate) fn new(index: usize) -> Self {
        Self(narrow(index))
    }

    /// The position in [`Function::parameters`], from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Value {
    pub(crate) fn new(index: usize) -> Self {
        Self(narrow(index))
    }

    /// The value displayed as `v` and `number`, which need not exist.
    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The position in the order of definition, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "v{}", self.0)
    }
}

/// A constant number: binary32 compared by its bits, so −0 is not 0. There is one NaN only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Constant(u32);

impl Constant {
    /// The constant of this value. Every NaN gives the same constant.
    #[must_use]
    pub const fn new(value: f32) -> Self {
        if value.is_nan() {
            Self(f32::NAN.to_bits())
        } else {
            Self(value.to_bits())
        }
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f32 {
        f32::from_bits(self.0)
    }

    /// The number's bit pattern.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for Constant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.value())
    }
}

/// The operands of an op, at most [`MAX_ARITY`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operands {
    length: u8,
    /// Those past `length` are `v0`, so that derived equality is that of the slices.
    values: [Value; MAX_ARITY],
}

impl Operands {
    /// `None` if there are more than any op takes.
    pub(crate) fn new(operands: &[Value]) -> Option<Self> {
        let mut values = [Value(0); MAX_ARITY];
        values.get_mut(..operands.len())?.copy_from_slice(operands);
        let length = u8::try_from(operands.len()).ok()?;
        Some(Self { length, values })
    }

    /// The operands in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        &self.values[..usize::from(self.length)]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [Value] {
        &mut self.values[..usize::from(self.length)]
    }
}

impl fmt::Debug for Operands {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(formatter)
    }
}

/// How a value comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Definition {
    /// The content of a parameter at entry.
    Load(ParameterIndex),
    /// A constant scalar.
    Constant(Constant),
    /// An op over values that are defined before.
    Apply {
        /// The op.
        op: Op,
        /// Its operands.
        operands: Operands,
    },
}

impl Definition {
    /// The values that this one is computed from.
    #[must_use]
    pub fn operands(&self) -> &[Value] {
        match self {
            Self::Load(_) | Self::Constant(_) => &[],
            Self::Apply { operands, .. } => operands.as_slice(),
        }
    }

    /// The definition with the first two operands of a commuting op in rising order, so that
    /// `add(v0, v1)` and `add(v1, v0)` are equal. It gives the same bits.
    pub(crate) fn in_order(mut self) -> Self {
        match &mut self {
            Self::Load(_) | Self::Constant(_) => {}
            Self::Apply { op, operands } => {
                if op.commutes() {
                    operands.as_mut_slice()[..2].sort_unstable();
                }
            }
        }
        self
    }
}

/// A valid function: straight-line code over parameters whose storage the caller owns. Loads see what
/// was there before the call, whatever is stored. Equality is that of names, parameters and code as
/// they stand, not of meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    name: String,
    /// Shared by all that passes make of the function, as they keep every parameter.
    parameters: Arc<Vec<Parameter>>,
    definitions: Vec<Definition>,
    /// The shape of each value, as the type rules give it.
    shapes: Vec<Shape>,
    /// What each parameter holds at exit: a value for the written ones, nothing for the others.
    stores: Vec<Option<Value>>,
}

impl Function {
    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters, in the order in which a caller gives them.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// One parameter.
    ///
    /// # Panics
    /// If `parameter` is another function's and this one has fewer.
    #[must_use]
    pub fn parameter(&self, parameter: ParameterIndex) -> &Parameter {
        &self.parameters[parameter.index()]
    }

    /// The parameter of this name, if there is one.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<ParameterIndex> {
        let mut parameters = self.parameters.iter();
        let index = parameters.position(|parameter| parameter.name == name)?;
        Some(ParameterIndex::new(index))
    }

    /// The values, in the order of definition: operands come before their uses.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + use<> {
        (0..narrow(self.definitions.len())).map(Value)
    }

    /// How `value` comes about.
    ///
    /// # Panics
    /// If `value` is another function's and this one has fewer.
    #[must_use]
    pub fn definition(&self, value: Value) -> &Definition {
        &self.definitions[value.index()]
    }

    /// The shape of `value`.
    ///
    /// # Panics
    /// If `value` is another function's and this one has fewer.
    #[must_use]
    pub fn shape(&self, value: Value) -> Shape {
        self.shapes[value.index()]
    }

    /// What each written parameter holds at exit, in the order of parameters. A scalar that is
    /// stored to a tensor fills it.
    pub fn stores(&self) -> impl Iterator<Item = (ParameterIndex, Value)> + '_ {
        let stores = self.stores.iter().enumerate();
        stores.filter_map(|(index, value)| Some((ParameterIndex::new(index), (*value)?)))
    }

    /// A function with this one's name and parameters, and other code: what a pass gives.
    ///
    /// # Panics
    /// In debug builds, if the code is not valid.
    pub(crate) fn with_code(
        &self,
        definitions: Vec<Definition>,
        shapes: Vec<Shape>,
        stores: Vec<Option<Value>>,
    ) -> Self {
        let function = Self {
            name: self.name.clone(),
            parameters: Arc::clone(&self.parameters),
            definitions,
            shapes,
            stores,
        };
        debug_assert_eq!(function.verify(), Ok(()), "a pass made\n{function}");
        function
    }

    /// Whether every value, dead or not, is made element by element: whatever matrix the elements
    /// of a tensor are in, and whichever tensors share a call, is then the same.
    #[must_use]
    pub fn is_elementwise(&self) -> bool {
        let is_tensor = |shape: Shape| shape.is_scalar() || shape == Shape::Tensor;
        self.parameters
            .iter()
            .all(|parameter| is_tensor(parameter.shape))
            && self.definitions.iter().all(|definition| match definition {
                Definition::Load(_) | Definition::Constant(_) => true,
                Definition::Apply { op, .. } => match op {
                    Op::Elementwise(_) => true,
                    Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => false,
                },
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_what_functions_are_made_of() {
        assert_eq!(size_of::<Value>(), 4);
        assert_eq!(size_of::<Operands>(), 16);
        assert_eq!(size_of::<Definition>(), 20);
    }

    #[test]
    fn constants_are_equal_by_bits_and_there_is_one_nan() {
        assert_ne!(Constant::new(0.0), Constant::new(-0.0));
        assert_eq!(
            Constant::new(f32::from_bits(0xffc1_2345)),
            Constant::new(f32::NAN)
        );
        assert_eq!(Constant::new(1e-45).value().to_bits(), 1);
    }

    #[test]
    fn accesses_lead_back_from_their_keywords() {
        for access in Access::ALL {
            assert_eq!(Access::from_keyword(access.keyword()), Some(access));
            assert!(access.is_read() || access.is_written());
        }
        assert_eq!(Access::from_keyword("readwrite"), None);
    }
}
