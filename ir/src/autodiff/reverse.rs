//! Reverse mode: against the order of values goes the cotangent of each.

use super::chain::{Chain, Differential, summed};
use super::{
    DerivativeError, access, chosen, copies_of, copy, declare, finish, known, not_differentiable,
};
use crate::function::{Access, Definition, Function, ParameterIndex, Value};
use crate::ops::Terms;
use crate::passes::expand;
use crate::shape::Shape;

/// The vector-Jacobian product: how much the chosen parameters matter to a weighted sum of what the
/// function stores.
///
/// For each stored parameter `y`, the derivative reads `y_cotangent`, the weights ȳ, and for each
/// parameter `x` among `with_respect_to` it writes `x_cotangent`, the sum of ȳ · ∂y/∂x over all
/// elements of all of them. The [module](super#parameters) says how they are ordered and named. A
/// parameter that is named twice counts once.
///
/// # Errors
/// [`DerivativeError`] if a parameter does not exist or is not read, if an op has no derivative, or
/// if the derivative has too many parameters or values.
pub fn reverse(
    function: &Function,
    with_respect_to: &[ParameterIndex],
) -> Result<Function, DerivativeError> {
    let chosen = chosen(function, with_respect_to)?;
    transpose(function, &chosen, "_cotangent", Seed::Parameters)
}

/// The gradient of one stored scalar, such as a loss: [`reverse`] with 1 as its cotangent and 0 as
/// the others'.
///
/// For each parameter `x` among `with_respect_to`, the derivative writes `x_gradient`, the partial
/// derivatives of the number stored to `of` with respect to each element of `x`.
///
/// # Errors
/// [`DerivativeError`] if a parameter does not exist, `of` is not written or not a scalar, another is
/// not read, an op has no derivative, or the derivative has too many parameters or values.
///
/// ```
/// use mlevolve_ir::{Function, autodiff};
///
/// // The squared distance.
/// let text = "function distance\n\nread x tensor\nread y tensor\nwrite loss scalar\n\n\
///             v0 = load x\nv1 = load y\nv2 = sub(v0, v1)\nv3 = dot(v2, v2)\n\n\
///             store loss = v3\n";
/// let function = Function::parse(text)?;
/// let (x, loss) = (function.index_of("x"), function.index_of("loss"));
/// let (x, loss) = (x.ok_or("there is an x")?, loss.ok_or("there is a loss")?);
/// assert_eq!(
///     autodiff::gradient(&function, loss, &[x])?.to_string(),
///     "function distance_gradient\n\n\
///      read x tensor\nread y tensor\nwrite loss scalar\nwrite x_gradient tensor\n\n\
///      v0 = load x\nv1 = load y\nv2 = sub(v0, v1)\nv3 = dot(v2, v2)\nv4 = add(v2, v2)\n\n\
///      store loss = v3\nstore x_gradient = v4\n",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gradient(
    function: &Function,
    of: ParameterIndex,
    with_respect_to: &[ParameterIndex],
) -> Result<Function, DerivativeError> {
    let parameter = known(function, of)?;
    let name = || parameter.name.clone();
    if !parameter.access.is_written() {
        return Err(DerivativeError::NotWritten { name: name() });
    }
    if parameter.shape != Shape::Scalar {
        let (name, shape) = (name(), parameter.shape);
        return Err(DerivativeError::NotScalar { name, shape });
    }
    let chosen = chosen(function, with_respect_to)?;
    transpose(function, &chosen, "_gradient", Seed::One(of))
}

/// What the cotangents of stored parameters are.
#[derive(Clone, Copy)]
enum Seed {
    /// What the caller gives.
    Parameters,
    /// 1 for this parameter, and 0 for the others.
    One(ParameterIndex),
}

fn transpose(
    function: &Function,
    chosen: &[bool],
    suffix: &str,
    seed: Seed,
) -> Result<Function, DerivativeError> {
    let function = &expand(function);
    let (mut builder, parameters) = declare(function, suffix, |parameter| {
        let output = chosen[parameter.index()];
        match seed {
            Seed::Parameters => {
                let is_written = function.parameter(parameter).access.is_written();
                access(is_written, output)
            }
            Seed::One(_) => output.then_some(Access::Write),
        }
    })?;
    let terms = Terms::new(&mut builder);
    let mut copies: Vec<Value> = Vec::new();
    for value in function.values() {
        copies.push(copy(&terms, function, value, &copies));
    }
    let varies = depending(function, chosen);
    let mut cotangents: Vec<Option<Differential>> = vec![None; copies.len()];
    let mut stores = Vec::new();
    for (parameter, value) in function.stores() {
        stores.push((parameter, copies[value.index()]));
        let cotangent = match (seed, parameters[parameter.index()]) {
            (Seed::Parameters, Some(cotangent)) => {
                let given = terms.load(cotangent);
                // A scalar that is stored to a tensor fills it.
                let shape = function.shape(value);
                Some(summed(&terms, Differential::whole(given), given, shape))
            }
            (Seed::One(of), _) if of == parameter => Some(Differential::whole(terms.one())),
            (Seed::Parameters | Seed::One(_), _) => None,
        };
        let sum = &mut cotangents[value.index()];
        *sum = Differential::add(&terms, *sum, cotangent);
    }
    // What each chosen parameter gathers over the loads of it.
    let mut gathered: Vec<Option<Differential>> = vec![None; chosen.len()];
    for value in function.values().rev() {
        let Some(cotangent) = cotangents[value.index()].filter(|_| varies[value.index()]) else {
            continue;
        };
        match function.definition(value) {
            Definition::Load(parameter) => {
                let sum = &mut gathered[parameter.index()];
                *sum = Differential::add(&terms, *sum, Some(cotangent));
            }
            Definition::Constant(_) => {}
            Definition::Apply { op, operands } => {
                let chain = Chain {
                    terms: &terms,
                    op: *op,
                    operands: &copies_of(operands, &copies),
                    result: copies[value.index()],
                };
                let contributions = chain.cotangents(cotangent);
                let contributions = contributions.map_err(|op| not_differentiable(function, op))?;
                for (operand, contribution) in operands.as_slice().iter().zip(contributions) {
                    let sum = &mut cotangents[operand.index()];
                    *sum = Differential::add(&terms, *sum, contribution);
                }
            }
        }
    }
    for (index, gathered) in gathered
        .iter()
        .enumerate()
        .filter(|(index, _)| chosen[*index])
    {
        if let Some(stored) = parameters[index] {
            stores.push((
                stored,
                gathered.map_or_else(|| terms.zero(), |sum| sum.value),
            ));
        }
    }
    drop(terms);
    finish(function, builder, &stores)
}

/// For each value, whether it depends on a chosen parameter.
fn depending(function: &Function, chosen: &[bool]) -> Vec<bool> {
    let mut depending: Vec<bool> = Vec::new();
    for value in function.values() {
        depending.push(match function.definition(value) {
            Definition::Load(parameter) => chosen[parameter.index()],
            Definition::Constant(_) => false,
            Definition::Apply { operands, .. } => {
                let mut operands = operands.as_slice().iter();
                operands.any(|operand| depending[operand.index()])
            }
        });
    }
    depending
}
