//! Values that no store depends on are not computed.

use super::rewrite;
use crate::function::Function;

/// Drops every value that no store depends on, loads and constants included.
#[must_use]
pub fn eliminate_dead_code(function: &Function) -> Function {
    let live = live_values(function);
    rewrite(function, |value, definition, define| {
        live[value.index()].then(|| define(definition))
    })
}

/// For each value, whether a store depends on it.
pub(crate) fn live_values(function: &Function) -> Vec<bool> {
    let mut live = vec![false; function.values().len()];
    for (_, value) in function.stores() {
        live[value.index()] = true;
    }
    for value in function.values().rev() {
        if live[value.index()] {
            for operand in function.definition(value).operands() {
                live[operand.index()] = true;
            }
        }
    }
    live
}
