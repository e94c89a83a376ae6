//! Values that are computed twice are computed once.

use std::collections::HashMap;

use super::rewrite;
use crate::function::{Definition, Function};

/// Lets values with the same definition be one, the first. The first two operands of a commuting op
/// are put in order, so that `add(v0, v1)` and `add(v1, v0)` are the same.
#[must_use]
pub fn eliminate_common_subexpressions(function: &Function) -> Function {
    // Only looked up, never iterated: the order of a hash map must not reach a result.
    let mut known = HashMap::with_capacity(function.values().len());
    rewrite(function, |_, definition, define| {
        let definition = in_order(definition);
        let value = known
            .entry(definition)
            .or_insert_with(|| define(definition));
        Some(*value)
    })
}

/// The definition with the operands of a commuting op in rising order.
fn in_order(mut definition: Definition) -> Definition {
    match &mut definition {
        Definition::Load(_) | Definition::Constant(_) => {}
        Definition::Apply { op, operands } => {
            if op.commutes() {
                operands.as_mut_slice()[..2].sort_unstable();
            }
        }
    }
    definition
}
