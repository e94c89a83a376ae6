//! The verifier: what holds of every [`Function`].
//!
//! It shares nothing with the builder and the passes but the type rules, and checks again what they
//! promise. The invariants, in the order of checking:
//!
//! 1. The function's name and the parameters' are names, see [`is_name`]; no two parameters share
//!    one. There are at most [`MAX_PARAMETERS`] parameters and [`MAX_EXPANDED_VALUES`] values.
//! 2. A load is of a parameter that exists and is read, and has its shape.
//! 3. A constant is a scalar.
//! 4. The operands of an op are defined before it, its type rule accepts their shapes, and the
//!    result has the shape that the rule gives.
//! 5. Every written parameter has a store and no other parameter has one; what is stored is a value
//!    that exists, of the parameter's shape or a scalar.
//!
//! Values that nothing uses are allowed: the passes remove them.

use super::{
    Definition, Function, MAX_EXPANDED_VALUES, MAX_PARAMETERS, MAX_VALUES, ParameterIndex, Value,
};
use crate::ops::{MAX_ARITY, TypeError};
use crate::shape::Shape;

/// The most bytes of a name.
pub const MAX_NAME_LENGTH: usize = 64;

/// Whether `name` can name a function or a parameter: a letter or underscore, then letters, digits
/// and underscores, all ASCII, at most [`MAX_NAME_LENGTH`].
#[must_use]
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first
        && name.len() <= MAX_NAME_LENGTH
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A name is none.
    #[error(
        "{name:?} is no name: a name is at most {MAX_NAME_LENGTH} ASCII letters, digits and underscores, and does not begin with a digit"
    )]
    InvalidName {
        /// What stands in the name's place.
        name: String,
    },
    /// Two parameters share a name.
    #[error("two parameters are named `{name}`")]
    RepeatedParameter {
        /// The name.
        name: String,
    },
    /// There are too many parameters.
    #[error("a function may have {MAX_PARAMETERS} parameters, not {found}")]
    TooManyParameters {
        /// How many there are.
        found: usize,
    },
    /// There are too many values.
    #[error("a function may have {MAX_VALUES} values, not {found}")]
    TooManyValues {
        /// How many there are.
        found: usize,
    },
    /// A load or store is of a parameter that does not exist.
    #[error("there is no parameter {}: the function has {parameters}", parameter.index())]
    UnknownParameter {
        /// The parameter.
        parameter: ParameterIndex,
        /// How many there are.
        parameters: usize,
    },
    /// A load is of a parameter that is only written.
    #[error("parameter `{name}` is only written and cannot be loaded")]
    LoadOfWritten {
        /// The parameter's name.
        name: String,
    },
    /// A store is to a parameter that is only read.
    #[error("parameter `{name}` is only read and cannot be stored to")]
    StoreToRead {
        /// The parameter's name.
        name: String,
    },
    /// A written parameter has no store.
    #[error("nothing is stored to parameter `{name}`, which is written")]
    MissingStore {
        /// The parameter's name.
        name: String,
    },
    /// What is stored does not have the parameter's shape and is no scalar either.
    #[error("{value} is a {stored} and cannot be stored to `{name}`, a {shape}")]
    StoreShape {
        /// The parameter's name.
        name: String,
        /// The parameter's shape.
        shape: Shape,
        /// The value.
        value: Value,
        /// The value's shape.
        stored: Shape,
    },
    /// A value is used that is not defined, or not before its use.
    #[error("{value} is used before it is defined")]
    UndefinedValue {
        /// The value.
        value: Value,
    },
    /// An op does not take its operands.
    #[error("{value}: {error}")]
    Type {
        /// The op's result.
        value: Value,
        /// What is wrong with the operands.
        error: TypeError,
    },
    /// A value does not have the shape that its definition gives.
    #[error("{value} is recorded as a {recorded} and defined as a {defined}")]
    WrongShape {
        /// The value.
        value: Value,
        /// The shape that the function records.
        recorded: Shape,
        /// The shape that the definition gives.
        defined: Shape,
    },
    /// The tables of a function do not have the same length.
    #[error("a function's tables have different lengths: {expected} and {found}")]
    TableLengths {
        /// The length of the leading table.
        expected: usize,
        /// The length of the table that follows it.
        found: usize,
    },
}

impl Function {
    /// Checks every invariant that the verifier's source lists. What this crate makes has been
    /// checked already.
    ///
    /// # Errors
    /// [`VerifyError`] for the first one that does not hold.
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.verify_names()?;
        same_length(self.definitions.len(), self.shapes.len())?;
        same_length(self.parameters.len(), self.stores.len())?;
        if self.definitions.len() > MAX_EXPANDED_VALUES {
            let found = self.definitions.len();
            return Err(VerifyError::TooManyValues { found });
        }
        for value in self.values() {
            let (recorded, defined) = (self.shape(value), self.defined_shape(value)?);
            if recorded != defined {
                return Err(VerifyError::WrongShape {
                    value,
                    recorded,
                    defined,
                });
            }
        }
        self.verify_stores()
    }

    fn verify_names(&self) -> Result<(), VerifyError> {
        let found = self.parameters.len();
        if found > MAX_PARAMETERS {
            return Err(VerifyError::TooManyParameters { found });
        }
        let names = self.parameters.iter().map(|parameter| &parameter.name);
        for name in std::iter::once(&self.name).chain(names.clone()) {
            if !is_name(name) {
                let name = name.clone();
                return Err(VerifyError::InvalidName { name });
            }
        }
        for (index, name) in names.clone().enumerate() {
            if names.clone().take(index).any(|earlier| earlier == name) {
                let name = name.clone();
                return Err(VerifyError::RepeatedParameter { name });
            }
        }
        Ok(())
    }

    /// The shape that the definition of `value` gives it.
    fn defined_shape(&self, value: Value) -> Result<Shape, VerifyError> {
        match self.definition(value) {
            Definition::Load(parameter) => self.loaded_shape(*parameter),
            Definition::Constant(_) => Ok(Shape::Scalar),
            Definition::Apply { op, operands } => {
                for &operand in operands.as_slice() {
                    if operand >= value {
                        return Err(VerifyError::UndefinedValue { value: operand });
                    }
                }
                let operands = operands.as_slice();
                let mut shapes = [Shape::Scalar; MAX_ARITY];
                for (shape, &operand) in shapes.iter_mut().zip(operands) {
                    *shape = self.shape(operand);
                }
                op.result_shape(&shapes[..operands.len()])
                    .map_err(|error| VerifyError::Type { value, error })
            }
        }
    }

    /// The shape of what a load of `parameter` gives.
    pub(super) fn loaded_shape(&self, parameter: ParameterIndex) -> Result<Shape, VerifyError> {
        let declared = self.known_parameter(parameter)?;
        if declared.access.is_read() {
            Ok(declared.shape)
        } else {
            let name = declared.name.clone();
            Err(VerifyError::LoadOfWritten { name })
        }
    }

    fn known_parameter(&self, parameter: ParameterIndex) -> Result<&super::Parameter, VerifyError> {
        self.parameters
            .get(parameter.index())
            .ok_or(VerifyError::UnknownParameter {
                parameter,
                parameters: self.parameters.len(),
            })
    }

    fn verify_stores(&self) -> Result<(), VerifyError> {
        for (index, (parameter, store)) in self.parameters.iter().zip(&self.stores).enumerate() {
            match store {
                Some(value) => self.verify_store(ParameterIndex::new(index), *value)?,
                None if parameter.access.is_written() => {
                    let name = parameter.name.clone();
                    return Err(VerifyError::MissingStore { name });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Whether `value` can be what `parameter` holds at exit.
    pub(super) fn verify_store(
        &self,
        parameter: ParameterIndex,
        value: Value,
    ) -> Result<(), VerifyError> {
        let declared = self.known_parameter(parameter)?;
        let name = || declared.name.clone();
        if !declared.access.is_written() {
            return Err(VerifyError::StoreToRead { name: name() });
        }
        let Some(&stored) = self.shapes.get(value.index()) else {
            return Err(VerifyError::UndefinedValue { value });
        };
        if stored == declared.shape || stored.is_scalar() {
            Ok(())
        } else {
            Err(VerifyError::StoreShape {
                name: name(),
                shape: declared.shape,
                value,
                stored,
            })
        }
    }
}

fn same_length(expected: usize, found: usize) -> Result<(), VerifyError> {
    if expected == found {
        Ok(())
    } else {
        Err(VerifyError::TableLengths { expected, found })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::function::{Access, Constant, Operands, Parameter};
    use crate::ops::{Op, ReductionOp};

    /// `m` becomes `m + m`; the loaded `c` is not used.
    fn valid() -> Function {
        let text = "function f\n\nread c scalar\nread_write m tensor\n\n\
                    v0 = load c\nv1 = load m\nv2 = add(v1, v1)\n\nstore m = v2\n";
        Function::parse(text).unwrap()
    }

    fn parameters(function: &mut Function) -> &mut Vec<Parameter> {
        Arc::make_mut(&mut function.parameters)
    }

    fn broken(damage: impl FnOnce(&mut Function)) -> String {
        let mut function = valid();
        damage(&mut function);
        function.verify().unwrap_err().to_string()
    }

    #[test]
    fn every_invariant_is_checked() {
        assert_eq!(valid().verify(), Ok(()));
        let sum = Definition::Apply {
            op: Op::Reduction(ReductionOp::Sum),
            operands: Operands::new(&[Value(0)]).unwrap(),
        };
        let cases = [
            (
                broken(|function| function.name = "7".to_owned()),
                "\"7\" is no name: a name is at most 64 ASCII letters, digits and underscores, \
                 and does not begin with a digit",
            ),
            (
                broken(|function| parameters(function)[0].name = "m".to_owned()),
                "two parameters are named `m`",
            ),
            (
                broken(|function| {
                    let parameter = function.parameters[0].clone();
                    *parameters(function) = vec![parameter; 65];
                }),
                "a function may have 64 parameters, not 65",
            ),
            (
                broken(|function| {
                    function.definitions = vec![function.definitions[0]; 65_537];
                    function.shapes = vec![Shape::Scalar; 65_537];
                }),
                "a function may have 1024 values, not 65537",
            ),
            (
                broken(|function| {
                    function.shapes.pop();
                }),
                "a function's tables have different lengths: 3 and 2",
            ),
            (
                broken(|function| function.definitions[0] = Definition::Load(ParameterIndex(9))),
                "there is no parameter 9: the function has 2",
            ),
            (
                broken(|function| parameters(function)[1].access = Access::Write),
                "parameter `m` is only written and cannot be loaded",
            ),
            (
                broken(|function| function.definitions.swap(1, 2)),
                "v1 is used before it is defined",
            ),
            (
                broken(|function| function.definitions[2] = sum),
                "v2: operand 1 of `sum` must be a tensor or another matrix, the same for all operands, \
                 not a scalar",
            ),
            (
                broken(|function| {
                    function.definitions[2] = Definition::Constant(Constant::new(1.0));
                }),
                "v2 is recorded as a tensor and defined as a scalar",
            ),
            (
                broken(|function| function.stores[1] = None),
                "nothing is stored to parameter `m`, which is written",
            ),
            (
                broken(|function| function.stores[0] = Some(Value(0))),
                "parameter `c` is only read and cannot be stored to",
            ),
            (
                broken(|function| function.stores[1] = Some(Value(7))),
                "v7 is used before it is defined",
            ),
            (
                broken(|function| {
                    parameters(function)[0].access = Access::ReadWrite;
                    function.stores[0] = Some(Value(2));
                }),
                "v2 is a tensor and cannot be stored to `c`, a scalar",
            ),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn names() {
        for name in ["w", "_", "Adam_2", &"n".repeat(MAX_NAME_LENGTH)] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "2w",
            "a-b",
            "ä",
            "a b",
            &"n".repeat(MAX_NAME_LENGTH + 1),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
