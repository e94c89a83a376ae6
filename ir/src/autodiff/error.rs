//! Functions that cannot be differentiated as asked.

use crate::function::{BuildError, ParameterIndex};
use crate::ops::Op;
use crate::shape::Shape;

/// Why a function has no such derivative.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerivativeError {
    /// A parameter is asked for that the function does not have.
    #[error("`{function}` has no parameter {}: it has {parameters}", parameter.index())]
    UnknownParameter {
        /// The function's name.
        function: String,
        /// The parameter.
        parameter: ParameterIndex,
        /// How many the function has.
        parameters: usize,
    },
    /// A derivative with respect to a parameter that is not read.
    #[error("parameter `{name}` is only written, so nothing depends on it")]
    NotRead {
        /// The parameter's name.
        name: String,
    },
    /// The gradient of a parameter that is not written.
    #[error("parameter `{name}` is only read, so it has no gradient")]
    NotWritten {
        /// The parameter's name.
        name: String,
    },
    /// The gradient of a parameter that is not one number.
    #[error("parameter `{name}` is a {shape}: only a scalar has a gradient")]
    NotScalar {
        /// The parameter's name.
        name: String,
        /// Its shape.
        shape: Shape,
    },
    /// An op without derivative is between the parameters and what is stored.
    #[error("`{op}` in `{function}` has no derivative")]
    NotDifferentiable {
        /// The function's name.
        function: String,
        /// The op.
        op: Op,
    },
    /// The derivative would have more parameters or values than a function may have.
    #[error("the derivative of `{function}` is too large: {error}")]
    TooLarge {
        /// The function's name.
        function: String,
        /// What there would be too many of.
        error: BuildError,
    },
}
