//! Making a function one value at a time.

use std::sync::Arc;

use super::{
    Access, Constant, Definition, Function, MAX_PARAMETERS, MAX_VALUES, Operands, Parameter,
    ParameterIndex, Value, VerifyError, is_name,
};
use crate::ops::{MAX_ARITY, Op, TypeError};
use crate::passes::{eliminate_dead_code, live_values};
use crate::shape::Shape;

/// Makes a function one value at a time, checking each as it comes.
///
/// ```
/// use mlevolve_ir::ops::{ElementwiseOp, Op};
/// use mlevolve_ir::{Access, FunctionBuilder, Shape};
///
/// // Gradient descent: w becomes w − rate · g.
/// let mut builder = FunctionBuilder::new("descend");
/// let w = builder.parameter("w", Shape::Tensor, Access::ReadWrite)?;
/// let g = builder.parameter("g", Shape::Tensor, Access::Read)?;
/// let (weights, gradient) = (builder.load(w)?, builder.load(g)?);
/// let rate = builder.constant(0.125);
/// let step = builder.apply(Op::Elementwise(ElementwiseOp::Mul), &[rate, gradient])?;
/// let moved = builder.apply(Op::Elementwise(ElementwiseOp::Sub), &[weights, step])?;
/// builder.store(w, moved)?;
/// let function = builder.finish()?;
/// assert_eq!(function.values().len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FunctionBuilder {
    function: Function,
}

/// A step that a function cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The step would break an invariant of functions.
    #[error(transparent)]
    Invalid(#[from] VerifyError),
    /// A second value is stored to one parameter.
    #[error("parameter `{name}` has been stored to already")]
    StoredTwice {
        /// The parameter's name.
        name: String,
    },
}

impl FunctionBuilder {
    /// An empty function. [`finish`](Self::finish) checks the name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            function: Function {
                name: name.into(),
                parameters: Arc::default(),
                definitions: Vec::new(),
                shapes: Vec::new(),
                stores: Vec::new(),
            },
        }
    }

    /// A function with another's name and parameters, and no code yet.
    pub(crate) fn like(function: &Function) -> Self {
        Self {
            function: Function {
                name: function.name.clone(),
                parameters: Arc::clone(&function.parameters),
                definitions: Vec::new(),
                shapes: Vec::new(),
                stores: vec![None; function.parameters.len()],
            },
        }
    }

    /// Declares a parameter after those that there are.
    ///
    /// # Errors
    /// If `name` is [no name](is_name) or taken, or the function has [`MAX_PARAMETERS`] already.
    pub fn parameter(
        &mut self,
        name: impl Into<String>,
        shape: Shape,
        access: Access,
    ) -> Result<ParameterIndex, BuildError> {
        let name = name.into();
        let parameters = Arc::make_mut(&mut self.function.parameters);
        if !is_name(&name) {
            return Err(VerifyError::InvalidName { name }.into());
        }
        if parameters.iter().any(|earlier| earlier.name == name) {
            return Err(VerifyError::RepeatedParameter { name }.into());
        }
        if parameters.len() == MAX_PARAMETERS {
            let found = MAX_PARAMETERS + 1;
            return Err(VerifyError::TooManyParameters { found }.into());
        }
        let index = ParameterIndex::new(parameters.len());
        parameters.push(Parameter {
            name,
            shape,
            access,
        });
        self.function.stores.push(None);
        Ok(index)
    }

    fn define(&mut self, definition: Definition, shape: Shape) -> Value {
        let value = Value::new(self.function.definitions.len());
        self.function.definitions.push(definition);
        self.function.shapes.push(shape);
        value
    }

    /// The content of a parameter at entry, whatever is stored to it.
    ///
    /// # Errors
    /// If the parameter is only written, or does not exist.
    pub fn load(&mut self, parameter: ParameterIndex) -> Result<Value, BuildError> {
        let shape = self.function.loaded_shape(parameter)?;
        Ok(self.define(Definition::Load(parameter), shape))
    }

    /// A constant scalar, finite or not. All NaNs are one.
    pub fn constant(&mut self, value: f32) -> Value {
        self.define(Definition::Constant(Constant::new(value)), Shape::Scalar)
    }

    /// The result of an op.
    ///
    /// # Errors
    /// If the op's [type rule](Op::result_shape) refuses the operands, or one does not exist.
    pub fn apply(&mut self, op: Op, operands: &[Value]) -> Result<Value, BuildError> {
        let value = Value::new(self.function.definitions.len());
        if let Some(&undefined) = operands.iter().find(|&&operand| operand >= value) {
            return Err(VerifyError::UndefinedValue { value: undefined }.into());
        }
        let wrong = |error| VerifyError::Type { value, error };
        let Some(packed) = Operands::new(operands) else {
            return Err(wrong(TypeError::Arity {
                mnemonic: op.mnemonic(),
                expected: op.arity(),
                found: operands.len(),
            })
            .into());
        };
        let mut shapes = [Shape::Scalar; MAX_ARITY];
        for (shape, &operand) in shapes.iter_mut().zip(operands) {
            *shape = self.function.shape(operand);
        }
        let shape = op.result_shape(&shapes[..operands.len()]).map_err(wrong)?;
        let operands = packed;
        Ok(self.define(Definition::Apply { op, operands }, shape))
    }

    /// The shape of a value that has been defined.
    ///
    /// # Panics
    /// If `value` is another builder's and this one has fewer.
    #[must_use]
    pub fn shape(&self, value: Value) -> Shape {
        self.function.shape(value)
    }

    /// Makes `value` what `parameter` holds at exit. A scalar fills a tensor.
    ///
    /// # Errors
    /// If the parameter is only read, does not exist, or is stored to already; if `value` does not
    /// exist; or if it is a tensor and the parameter a scalar.
    pub fn store(&mut self, parameter: ParameterIndex, value: Value) -> Result<(), BuildError> {
        self.function.verify_store(parameter, value)?;
        let store = &mut self.function.stores[parameter.index()];
        if store.is_some() {
            let name = self.function.parameter(parameter).name.clone();
            return Err(BuildError::StoredTwice { name });
        }
        *store = Some(value);
        Ok(())
    }

    /// The finished function.
    ///
    /// # Errors
    /// If the function's name is [none](is_name), a written parameter has no store, or there are
    /// more than [`MAX_VALUES`] values.
    pub fn finish(self) -> Result<Function, VerifyError> {
        let found = self.function.definitions.len();
        if found > MAX_VALUES {
            return Err(VerifyError::TooManyValues { found });
        }
        self.finish_expanded()
    }

    /// As [`finish`](Self::finish), for a function whose composite ops have been expanded.
    pub(crate) fn finish_expanded(self) -> Result<Function, VerifyError> {
        self.function.verify()?;
        Ok(self.function)
    }

    /// The definition of a value.
    ///
    /// # Panics
    /// If `value` is another builder's and this one has fewer.
    pub(crate) fn definition(&self, value: Value) -> Definition {
        *self.function.definition(value)
    }

    /// The first value of this shape, if there is one.
    pub(crate) fn first_of_shape(&self, shape: Shape) -> Option<Value> {
        self.function
            .values()
            .find(|&value| self.function.shape(value) == shape)
    }

    /// The finished function without the values that no store depends on, which do not count towards
    /// [`MAX_VALUES`].
    ///
    /// # Errors
    /// As those of [`finish`](Self::finish).
    pub(crate) fn finish_live(self) -> Result<Function, VerifyError> {
        let live = live_values(&self.function).into_iter();
        let found = live.filter(|&live| live).count();
        if found > MAX_VALUES {
            return Err(VerifyError::TooManyValues { found });
        }
        let function = eliminate_dead_code(&self.function);
        function.verify()?;
        Ok(function)
    }
}
