//! Derivatives of functions, as functions.
//!
//! A learning algorithm that is a function of a loss's gradient needs that gradient, and one that is
//! tuned by gradients needs its own. A derivative made as a [`Function`] passes through the same
//! passes and back ends as any other code, and its bits are as reproducible.
//!
//! ```text
//!                  ┌─ forward ─► y, J ẋ         tangents: one direction of the inputs
//! Function y(x) ───┼─ reverse ─► y, Jᵀ ȳ        cotangents: one weighting of the outputs
//!                  └─ gradient ► y, ∂y/∂x       reverse with ȳ = 1, for one scalar y
//! ```
//!
//! J is the matrix of partial derivatives of what the function stores with respect to what it reads.
//! The rows of the op table hold each op's partial derivatives; the module `chain` applies the chain
//! rule to one op, and [`forward()`] and [`reverse()`] go through a function's values in order and
//! against it.
//!
//! # Parameters
//! A derivative has the original's parameters, in order, and stores the same bits to them: what a
//! loss is and where it falls come of one call. After them come those for tangents or cotangents, in
//! the order of the parameters that they belong to, of the same shape, named `x_tangent`,
//! `x_cotangent` or `x_gradient`. A name that is taken gets a number, one that is too long is cut.
//!
//! | belongs to a parameter that is | tangent, in forward | cotangent, in reverse |
//! |---|---|---|
//! | chosen | read | written: what is computed |
//! | stored | written: what is computed | read |
//! | both | read and written: in as of its entry, out as of its exit | read and written: in as of its exit, out as of its entry |
//!
//! So where a call of the original carries state from step to step, a call of the derivative carries
//! its tangent along, or its cotangent back.
//!
//! # Where there is no derivative
//! At a kink the rows' documentation says which value stands for it. Operations that are constant in
//! places, such as comparisons, have derivative 0 everywhere. Where no way leads from a chosen
//! parameter to a stored one, 0 is stored, and a partial that is 0 by the op's rule contributes
//! nothing, even if the tangent or cotangent is infinite. What a `select`, `min`, `max`, `clip`,
//! `max_of`, … does not take contributes 0 too, even if it, its derivative or the cotangent is
//! infinite or a NaN. Otherwise 0 · ∞ is the NaN that it is in binary32.
//!
//! # Cost
//! Expressions that occur twice are computed once and values that nothing needs are left out, so that
//! only what is left counts towards the greatest size of a function. What can be simplified beyond
//! that is for [`optimise`](crate::passes::optimise).

mod chain;
mod error;
mod forward;
mod reverse;

pub use error::DerivativeError;
pub use forward::forward;
pub use reverse::{gradient, reverse};

use crate::function::{
    Access, Definition, Function, FunctionBuilder, MAX_NAME_LENGTH, Operands, Parameter,
    ParameterIndex, Value,
};
use crate::ops::{Op, Terms};

/// For each parameter of `function`, whether it is among those that derivatives are asked for.
fn chosen(
    function: &Function,
    with_respect_to: &[ParameterIndex],
) -> Result<Vec<bool>, DerivativeError> {
    let mut chosen = vec![false; function.parameters().len()];
    for &index in with_respect_to {
        let parameter = known(function, index)?;
        if !parameter.access.is_read() {
            let name = parameter.name.clone();
            return Err(DerivativeError::NotRead { name });
        }
        chosen[index.index()] = true;
    }
    Ok(chosen)
}

fn known(function: &Function, parameter: ParameterIndex) -> Result<&Parameter, DerivativeError> {
    let parameters = function.parameters();
    parameters
        .get(parameter.index())
        .ok_or_else(|| DerivativeError::UnknownParameter {
            function: function.name().to_owned(),
            parameter,
            parameters: parameters.len(),
        })
}

fn not_differentiable(function: &Function, op: Op) -> DerivativeError {
    let function = function.name().to_owned();
    DerivativeError::NotDifferentiable { function, op }
}

/// The beginnings of a derivative: the original's parameters, and for each, if `access` gives one,
/// a parameter for its differential.
fn declare(
    function: &Function,
    suffix: &str,
    access: impl Fn(ParameterIndex) -> Option<Access>,
) -> Result<(FunctionBuilder, Vec<Option<ParameterIndex>>), DerivativeError> {
    let too_large = |error| DerivativeError::TooLarge {
        function: function.name().to_owned(),
        error,
    };
    let mut builder = FunctionBuilder::new(name(function.name(), suffix, |_| false));
    let mut taken: Vec<String> = Vec::new();
    for Parameter {
        name,
        shape,
        access,
    } in function.parameters()
    {
        builder
            .parameter(name, *shape, *access)
            .map_err(too_large)?;
        taken.push(name.clone());
    }
    let mut differentials = Vec::new();
    for (index, parameter) in function.parameters().iter().enumerate() {
        let differential = match access(ParameterIndex::new(index)) {
            Some(access) => {
                let name = name(&parameter.name, suffix, |name| {
                    taken.iter().any(|taken| taken == name)
                });
                taken.push(name.clone());
                let declared = builder.parameter(name, parameter.shape, access);
                Some(declared.map_err(too_large)?)
            }
            None => None,
        };
        differentials.push(differential);
    }
    Ok((builder, differentials))
}

/// `base`, `suffix` and, if that is taken, a number; the base is cut if it does not fit.
fn name(base: &str, suffix: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut number = 1;
    loop {
        let end = if number == 1 {
            suffix.to_owned()
        } else {
            format!("{suffix}_{number}")
        };
        // Names are ASCII, so they can be cut anywhere.
        let kept = base.len().min(MAX_NAME_LENGTH - end.len());
        let name = format!("{}{end}", &base[..kept]);
        if !is_taken(&name) {
            return name;
        }
        number += 1;
    }
}

/// The access to a differential's parameter, if any, that is `input` or `output` or both.
const fn access(input: bool, output: bool) -> Option<Access> {
    match (input, output) {
        (true, true) => Some(Access::ReadWrite),
        (true, false) => Some(Access::Read),
        (false, true) => Some(Access::Write),
        (false, false) => None,
    }
}

/// One value of the original in the derivative, after those that it is computed from.
fn copy(terms: &Terms<'_>, function: &Function, value: Value, copies: &[Value]) -> Value {
    match function.definition(value) {
        Definition::Apply { op, operands } => terms.apply(*op, &copies_of(operands, copies)),
        // Both have the original's parameters at the same places.
        other @ (Definition::Load(_) | Definition::Constant(_)) => terms.define(*other),
    }
}

/// What stands for the operands in the derivative.
fn copies_of(operands: &Operands, copies: &[Value]) -> Vec<Value> {
    let operands = operands.as_slice().iter();
    operands.map(|operand| copies[operand.index()]).collect()
}

/// Makes the values what the parameters hold at exit, and ends the function.
fn finish(
    function: &Function,
    mut builder: FunctionBuilder,
    stores: &[(ParameterIndex, Value)],
) -> Result<Function, DerivativeError> {
    let finish = || {
        for &(parameter, value) in stores {
            builder.store(parameter, value)?;
        }
        Ok(builder.finish_live()?)
    };
    finish().map_err(|error| DerivativeError::TooLarge {
        function: function.name().to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests;
