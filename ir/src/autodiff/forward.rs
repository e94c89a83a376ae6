//! Forward mode: along with each value goes its tangent.

use super::chain::{Chain, Differential};
use super::{
    DerivativeError, access, chosen, copies_of, copy, declare, finish, not_differentiable,
};
use crate::function::{Definition, Function, ParameterIndex, Value};
use crate::ops::Terms;
use crate::passes::expand;

/// The Jacobian-vector product: how what the function stores changes as the chosen parameters move.
///
/// For each parameter `x` among `with_respect_to`, the derivative reads `x_tangent`, the direction ẋ
/// in which `x` moves, and for each stored parameter `y` it writes `y_tangent`, the sum of
/// ∂y/∂x · ẋ over them. The [module](super#parameters) says how they are ordered and named. A
/// parameter that is named twice counts once.
///
/// # Errors
/// [`DerivativeError`] if a parameter does not exist or is not read, if an op has no derivative, or
/// if the derivative has too many parameters or values.
///
/// ```
/// use mlevolve_ir::{Function, autodiff};
///
/// let text = "function f\n\nread x tensor\nwrite y tensor\n\n\
///             v0 = load x\nv1 = exp(v0)\n\nstore y = v1\n";
/// let function = Function::parse(text)?;
/// let x = function.index_of("x").ok_or("there is an x")?;
/// assert_eq!(
///     autodiff::forward(&function, &[x])?.to_string(),
///     "function f_tangent\n\n\
///      read x tensor\nwrite y tensor\nread x_tangent tensor\nwrite y_tangent tensor\n\n\
///      v0 = load x\nv1 = load x_tangent\nv2 = exp(v0)\nv3 = mul(v1, v2)\n\n\
///      store y = v2\nstore y_tangent = v3\n",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn forward(
    function: &Function,
    with_respect_to: &[ParameterIndex],
) -> Result<Function, DerivativeError> {
    let function = &expand(function);
    let chosen = chosen(function, with_respect_to)?;
    let (mut builder, parameters) = declare(function, "_tangent", |parameter| {
        let is_written = function.parameter(parameter).access.is_written();
        access(chosen[parameter.index()], is_written)
    })?;
    let terms = Terms::new(&mut builder);
    let mut copies: Vec<Value> = Vec::new();
    let mut tangents: Vec<Option<Differential>> = Vec::new();
    for value in function.values() {
        let result = copy(&terms, function, value, &copies);
        let tangent = match function.definition(value) {
            Definition::Load(parameter) if chosen[parameter.index()] => {
                let tangent = parameters[parameter.index()];
                tangent.map(|tangent| Differential::whole(terms.load(tangent)))
            }
            Definition::Load(_) | Definition::Constant(_) => None,
            Definition::Apply { op, operands } => {
                let of_operands = operands.as_slice().iter();
                let of_operands: Vec<_> = of_operands.map(|v| tangents[v.index()]).collect();
                let chain = Chain {
                    terms: &terms,
                    op: *op,
                    operands: &copies_of(operands, &copies),
                    result,
                };
                let tangent = chain.tangent(&of_operands);
                tangent.map_err(|op| not_differentiable(function, op))?
            }
        };
        copies.push(result);
        tangents.push(tangent);
    }
    let mut stores = Vec::new();
    for (parameter, value) in function.stores() {
        stores.push((parameter, copies[value.index()]));
        if let Some(stored) = parameters[parameter.index()] {
            let tangent = tangents[value.index()];
            stores.push((stored, tangent.map_or_else(|| terms.zero(), |t| t.value)));
        }
    }
    drop(terms);
    finish(function, builder, &stores)
}
