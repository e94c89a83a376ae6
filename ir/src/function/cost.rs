//! What a call of a function costs, in floating-point operations.

use super::{Definition, Function};
use crate::ops::Op;
use crate::shape::Shape;

/// The cost of a call in floating-point operations, as [`Op::flops_per_element`] counts them.
///
/// A call on `n` elements costs `n · element_flops + call_flops`. Each value counts once, dead ones
/// too: a back end may recompute values, and that is not the function's cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cost {
    /// What each element of a tensor costs: ops with a tensor result, and reductions.
    pub element_flops: u32,
    /// What each call costs beside that: ops over scalars.
    pub call_flops: u32,
}

impl Cost {
    /// The cost of one call on tensors of `elements` elements.
    #[must_use]
    pub const fn total(self, elements: u64) -> u64 {
        let per_element = self.element_flops as u64;
        per_element
            .saturating_mul(elements)
            .saturating_add(self.call_flops as u64)
    }
}

impl Function {
    /// What a call of this function costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for value in self.values() {
            match self.definition(value) {
                Definition::Load(_) | Definition::Constant(_) => {}
                Definition::Apply { op, .. } => {
                    let flops = op.flops_per_element();
                    match (op, self.shape(value)) {
                        (Op::Reduction(_), _) | (Op::Elementwise(_), Shape::Tensor) => {
                            cost.element_flops += flops;
                        }
                        (Op::Elementwise(_), Shape::Scalar) => cost.call_flops += flops,
                    }
                }
            }
        }
        cost
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn tensors_and_reductions_cost_per_element_and_scalars_per_call() {
        let text = "function f\n\nread g tensor\nwrite d tensor\n\n\
                    v0 = load g\nv1 = constant 2.0\nv2 = norm(v0)\nv3 = add(v2, v1)\n\
                    v4 = square(v3)\nv5 = div(v0, v4)\n\nstore d = v5\n";
        let cost = Function::parse(text).unwrap().cost();
        let expected = Cost {
            element_flops: 3,
            call_flops: 2,
        };
        assert_eq!(cost, expected);
        assert_eq!(cost.total(1000), 3002);
    }
}
