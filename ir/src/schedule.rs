//! The order in which both back ends compute a function: stages of scalars and one loop each.
//!
//! A reduction needs every element of its operand before anything can use its result, so a function
//! falls into stages. The *level* of a value is the number of reductions that lie one above the
//! other below it:
//!
//! ```text
//! stage 0   scalars of level 0        then a loop over the elements: reductions of level-0 tensors
//! stage 1   scalars of level 1        then a loop: reductions of level-1 tensors
//!   ⋮
//! stage L   scalars of level L        then a loop: every tensor that is stored
//!           and last the scalars that are stored
//! ```
//!
//! Between loops only scalars survive. A tensor that two loops need is computed in both, from the
//! parameters: that costs arithmetic and saves the memory traffic of an intermediate tensor, which
//! costs more. Parameters are written in the last loop only, so every loop sees them as they were.

use crate::function::{Definition, Function, ParameterIndex, Value};
use crate::ops::{Op, ReductionOp};
use crate::passes::live_values;
use crate::shape::Shape;

/// What is computed when.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// At least one.
    pub(crate) stages: Vec<Stage>,
    /// What scalar parameters hold at exit; stored after everything else.
    pub(crate) scalar_stores: Vec<(ParameterIndex, Value)>,
}

/// Scalars, then one loop over the elements.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    /// Loads, constants and ops that are ready now, each after its operands. Results of reductions
    /// are not among them.
    pub(crate) scalars: Vec<Value>,
    /// The tensors that the loop computes for an element, each after its operands.
    pub(crate) tensors: Vec<Value>,
    /// The reductions that the loop computes; empty in the last stage.
    pub(crate) reductions: Vec<Reduction>,
    /// What the loop stores to tensor parameters, after all that it loads of an element; empty but
    /// in the last stage. The values can be scalars.
    pub(crate) stores: Vec<(ParameterIndex, Value)>,
}

/// One reduction of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduction {
    pub(crate) op: ReductionOp,
    /// The tensor that is reduced.
    pub(crate) operand: Value,
    /// The scalar that it gives.
    pub(crate) result: Value,
}

impl Stage {
    /// Whether there is anything to be done for each element.
    pub(crate) fn has_loop(&self) -> bool {
        !self.reductions.is_empty() || !self.stores.is_empty()
    }
}

impl Schedule {
    /// Orders what the function's stores depend on; the rest is left out.
    pub(crate) fn new(function: &Function) -> Self {
        let live = live_values(function);
        let levels = levels(function, &live);
        let deepest = levels.iter().copied().max().unwrap_or(0);
        let mut stages = vec![Stage::default(); deepest + 1];
        for value in function.values().filter(|value| live[value.index()]) {
            match function.definition(value) {
                Definition::Apply {
                    op: Op::Reduction(op),
                    operands,
                } => {
                    let operand = operands.as_slice()[0];
                    stages[levels[operand.index()]].reductions.push(Reduction {
                        op: *op,
                        operand,
                        result: value,
                    });
                }
                Definition::Load(_) | Definition::Constant(_) | Definition::Apply { .. } => {
                    match function.shape(value) {
                        Shape::Scalar => stages[levels[value.index()]].scalars.push(value),
                        // Placed below, in every loop that needs it.
                        Shape::Tensor => {}
                    }
                }
            }
        }
        let mut scalar_stores = Vec::new();
        for (parameter, value) in function.stores() {
            match function.parameter(parameter).shape {
                Shape::Scalar => scalar_stores.push((parameter, value)),
                Shape::Tensor => stages[deepest].stores.push((parameter, value)),
            }
        }
        for stage in &mut stages {
            stage.place_tensors(function);
        }
        Self {
            stages,
            scalar_stores,
        }
    }
}

impl Stage {
    /// Lists the tensors that the loop's reductions and stores depend on.
    fn place_tensors(&mut self, function: &Function) {
        let mut needed = vec![false; function.values().len()];
        let reduced = self.reductions.iter().map(|reduction| reduction.operand);
        let stored = self.stores.iter().map(|&(_, value)| value);
        for value in reduced.chain(stored) {
            needed[value.index()] = true;
        }
        let is_tensor = |value: Value| function.shape(value) == Shape::Tensor;
        for value in function.values().rev() {
            if needed[value.index()] && is_tensor(value) {
                for operand in function.definition(value).operands() {
                    needed[operand.index()] = true;
                }
            }
        }
        let tensors = function
            .values()
            .filter(|&value| needed[value.index()] && is_tensor(value));
        self.tensors = tensors.collect();
    }
}

/// For each live value, the greatest number of reductions on a way down from it, itself included.
fn levels(function: &Function, live: &[bool]) -> Vec<usize> {
    let mut levels = vec![0; function.values().len()];
    for value in function.values().filter(|value| live[value.index()]) {
        let definition = function.definition(value);
        let below = definition
            .operands()
            .iter()
            .map(|operand| levels[operand.index()])
            .max();
        let own = match definition {
            Definition::Load(_) | Definition::Constant(_) => 0,
            Definition::Apply { op, .. } => match op {
                Op::Elementwise(_) => 0,
                Op::Reduction(_) => 1,
            },
        };
        levels[value.index()] = below.unwrap_or(0) + own;
    }
    levels
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_is_computed_in_every_loop_that_needs_it() {
        let text = "function f\n\nread g tensor\nread rate scalar\nwrite d tensor\nwrite n scalar\n\n\
            v0 = load g\nv1 = load rate\nv2 = square(v0)\nv3 = sum(v2)\nv4 = mul(v3, v1)\n\
            v5 = sub(v2, v4)\nv6 = max_of(v5)\nv7 = div(v5, v6)\nv8 = neg(v7)\n\n\
            store d = v7\nstore n = v4\n";
        let schedule = Schedule::new(&Function::parse(text).unwrap());
        let indices = |values: &[Value]| values.iter().map(|v| v.index()).collect::<Vec<_>>();
        let [first, second, third] = &schedule.stages[..] else {
            panic!("{schedule:?}");
        };
        assert_eq!(indices(&first.scalars), [1]);
        assert_eq!(indices(&first.tensors), [0, 2]);
        assert_eq!(first.reductions[0].result.index(), 3);
        assert_eq!(indices(&second.scalars), [4]);
        assert_eq!(indices(&second.tensors), [0, 2, 5]);
        assert_eq!(second.reductions[0].result.index(), 6);
        assert_eq!(indices(&third.scalars), []);
        // v8 is dead.
        assert_eq!(indices(&third.tensors), [0, 2, 5, 7]);
        assert!(third.reductions.is_empty() && third.has_loop());
        assert_eq!(third.stores[0].1.index(), 7);
        assert_eq!(schedule.scalar_stores[0].1.index(), 4);
    }
}
