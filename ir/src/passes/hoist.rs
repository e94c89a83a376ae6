//! What does not change from call to call is computed once, before the first.
//!
//! ```text
//!             ┌─► prologue: unchanging parameters ──► hoisted values      (called once)
//! Function ───┤                                            │
//!             └─► body: all parameters, hoisted values ◄───┘              (called each step)
//! ```

use crate::function::{
    Access, BuildError, Definition, Function, FunctionBuilder, MAX_PARAMETERS, Parameter,
    ParameterIndex, Value,
};
use crate::ops::Op;

/// How many operations on each element a tensor has to save. Reading it costs what reading a tensor
/// costs, which is as long as a few additions take.
const TENSOR_FLOPS: u32 = 4;

/// A function in two: what is done once and what is done in each call.
#[derive(Clone, Debug)]
pub struct Hoisted {
    /// Computes what does not change. Its parameters are the [unchanging](Self::unchanging) ones,
    /// which it reads, and then one that it writes for each hoisted value.
    pub prologue: Function,
    /// Does the rest. Its parameters are those of the original function, and then one that it reads
    /// for each hoisted value, in the order and with the names that they have in the prologue.
    pub body: Function,
    /// Which parameters of the original function are the first ones of the prologue.
    pub unchanging: Vec<ParameterIndex>,
    /// How many values are hoisted. If none is worth it, the body is the original function.
    pub count: usize,
}

/// Splits a function, given which parameters hold at every call what they held at the first. A
/// parameter that the function itself writes is not taken to be one of them, whatever is said.
///
/// What is computed of constants and unchanging parameters alone is hoisted if the body needs it and
/// reading it is less work than computing it: a scalar if it is the result of an op, a tensor if at
/// least four operations on each element are saved. A load or a constant is not worth it. As a
/// function has a limited number of parameters, values later in the function are hoisted first,
/// since they tend to depend on the others.
///
/// Calling the prologue and then the body as often as one likes gives the bits of calling the
/// function as often, on the same number of elements.
#[must_use]
pub fn hoist(function: &Function, mut is_unchanging: impl FnMut(&Parameter) -> bool) -> Hoisted {
    let unchanging: Vec<ParameterIndex> = (0..function.parameters().len())
        .map(ParameterIndex::new)
        .filter(|&index| {
            let parameter = function.parameter(index);
            is_unchanging(parameter) && !parameter.access.is_written()
        })
        .collect();
    let plan = Plan::new(function, &unchanging);
    let halves = if plan.hoisted.is_empty() {
        prologue(function, &unchanging, &plan).map(|prologue| (prologue, function.clone()))
    } else {
        prologue(function, &unchanging, &plan)
            .and_then(|prologue| Ok((prologue, body(function, &plan)?)))
    };
    match halves {
        Ok((prologue, body)) => Hoisted {
            prologue,
            body,
            unchanging,
            count: plan.hoisted.len(),
        },
        Err(error) => panic!("a part of a function is a function: {error}"),
    }
}

/// Where each value is computed.
struct Plan {
    /// The values that the prologue stores for the body, in rising order.
    hoisted: Vec<Value>,
    /// For each value, whether the prologue computes it.
    in_prologue: Vec<bool>,
    /// For each value, whether the body computes it or reads it.
    in_body: Vec<bool>,
}

impl Plan {
    fn new(function: &Function, unchanging: &[ParameterIndex]) -> Self {
        let count = function.values().len();
        let invariant = invariant_values(function, unchanging);
        let mut plan = Self {
            hoisted: Vec::new(),
            in_prologue: vec![false; count],
            in_body: vec![false; count],
        };
        let mut free = MAX_PARAMETERS - function.parameters().len();
        for (_, value) in function.stores() {
            plan.in_body[value.index()] = true;
        }
        for value in function.values().rev() {
            if plan.in_body[value.index()] {
                if free > 0 && invariant[value.index()] && is_worth_a_load(function, value) {
                    plan.hoisted.push(value);
                    plan.in_prologue[value.index()] = true;
                    free -= 1;
                } else {
                    for operand in function.definition(value).operands() {
                        plan.in_body[operand.index()] = true;
                    }
                }
            }
            if plan.in_prologue[value.index()] {
                for operand in function.definition(value).operands() {
                    plan.in_prologue[operand.index()] = true;
                }
            }
        }
        plan.hoisted.reverse();
        plan
    }
}

/// For each value, whether it is the same at every call.
fn invariant_values(function: &Function, unchanging: &[ParameterIndex]) -> Vec<bool> {
    let mut invariant: Vec<bool> = Vec::with_capacity(function.values().len());
    for value in function.values() {
        let is_invariant = match function.definition(value) {
            Definition::Load(parameter) => unchanging.contains(parameter),
            Definition::Constant(_) => true,
            Definition::Apply { operands, .. } => {
                let mut operands = operands.as_slice().iter();
                operands.all(|operand| invariant[operand.index()])
            }
        };
        invariant.push(is_invariant);
    }
    invariant
}

fn is_worth_a_load(function: &Function, value: Value) -> bool {
    match function.definition(value) {
        Definition::Load(_) | Definition::Constant(_) => false,
        Definition::Apply { .. } => {
            function.shape(value).is_scalar() || element_flops(function, value) >= TENSOR_FLOPS
        }
    }
}

/// What computing a tensor costs for each element, down to the loads. Scalars on the way are not
/// counted, as they are hoisted by themselves.
fn element_flops(function: &Function, tensor: Value) -> u32 {
    let mut flops = 0;
    let mut is_counted = vec![false; tensor.index() + 1];
    let mut pending = vec![tensor];
    while let Some(value) = pending.pop() {
        if function.shape(value).is_scalar() || is_counted[value.index()] {
            continue;
        }
        is_counted[value.index()] = true;
        match function.definition(value) {
            Definition::Load(_) | Definition::Constant(_) => {}
            Definition::Apply { op, operands } => {
                match op {
                    Op::Elementwise(op) => {
                        flops += op.flops_per_element();
                        pending.extend(operands.as_slice());
                    }
                    Op::Reduction(_) => {}
                    // More than a load in any case.
                    Op::Matrix(_) | Op::Composite(_) => flops += TENSOR_FLOPS,
                }
            }
        }
    }
    flops
}

/// The name under which the value is handed over, which no parameter of the function has.
fn name(function: &Function, value: Value) -> String {
    let is_free = |name: &String| {
        function
            .parameters()
            .iter()
            .all(|known| known.name != *name)
    };
    let plain = std::iter::once(format!("hoisted_{value}"));
    let mut names = plain.chain((1..=MAX_PARAMETERS).map(|n| format!("hoisted_{value}_{n}")));
    match names.find(is_free) {
        Some(name) => name,
        None => panic!("a function has not as many parameters as there are names"),
    }
}

fn prologue(
    function: &Function,
    unchanging: &[ParameterIndex],
    plan: &Plan,
) -> Result<Function, BuildError> {
    let mut builder = FunctionBuilder::new(function.name());
    let mut parameters = vec![None; function.parameters().len()];
    for &old in unchanging {
        let parameter = function.parameter(old);
        let new = builder.parameter(&parameter.name, parameter.shape, Access::Read)?;
        parameters[old.index()] = Some(new);
    }
    let mut new_values = vec![None; function.values().len()];
    copy(
        function,
        &plan.in_prologue,
        &parameters,
        &mut new_values,
        &mut builder,
    )?;
    for &value in &plan.hoisted {
        let shape = function.shape(value);
        let parameter = builder.parameter(name(function, value), shape, Access::Write)?;
        if let Some(new) = new_values[value.index()] {
            builder.store(parameter, new)?;
        }
    }
    Ok(builder.finish()?)
}

fn body(function: &Function, plan: &Plan) -> Result<Function, BuildError> {
    let mut builder = FunctionBuilder::new(function.name());
    let mut parameters = Vec::with_capacity(function.parameters().len());
    for parameter in function.parameters() {
        let new = builder.parameter(&parameter.name, parameter.shape, parameter.access)?;
        parameters.push(Some(new));
    }
    let mut new_values = vec![None; function.values().len()];
    for &value in &plan.hoisted {
        let shape = function.shape(value);
        let parameter = builder.parameter(name(function, value), shape, Access::Read)?;
        new_values[value.index()] = Some(builder.load(parameter)?);
    }
    copy(
        function,
        &plan.in_body,
        &parameters,
        &mut new_values,
        &mut builder,
    )?;
    for (parameter, value) in function.stores() {
        if let (Some(parameter), Some(value)) =
            (parameters[parameter.index()], new_values[value.index()])
        {
            builder.store(parameter, value)?;
        }
    }
    Ok(builder.finish()?)
}

/// Makes the values that are wanted and not there yet.
fn copy(
    function: &Function,
    wanted: &[bool],
    parameters: &[Option<ParameterIndex>],
    new_values: &mut [Option<Value>],
    builder: &mut FunctionBuilder,
) -> Result<(), BuildError> {
    for value in function.values() {
        if !wanted[value.index()] || new_values[value.index()].is_some() {
            continue;
        }
        new_values[value.index()] = match function.definition(value) {
            Definition::Load(parameter) => match parameters[parameter.index()] {
                Some(parameter) => Some(builder.load(parameter)?),
                None => None,
            },
            Definition::Constant(constant) => Some(builder.constant(constant.value())),
            Definition::Apply { op, operands } => {
                let operands = operands.as_slice().iter();
                let operands: Option<Vec<Value>> = operands
                    .map(|operand| new_values[operand.index()])
                    .collect();
                match operands {
                    Some(operands) => Some(builder.apply(*op, &operands)?),
                    None => None,
                }
            }
        };
    }
    Ok(())
}
