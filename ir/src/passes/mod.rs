//! Passes: functions to functions with the same bits and less work.
//!
//! ```text
//!                ┌─ fold ─ simplify ─ common subexpressions ─┐
//! Function ──────┤        one walk does all of them          ├─ dead code ─► Function
//!                └───────────────────────────────────────────┘
//!                   ▲
//!              table of rules, one line each
//! ```
//!
//! A pass keeps the name and every parameter, so that what it gives can be called like what it was
//! given, and keeps every bit of every result, NaNs' aside. In debug builds each result is verified
//! again. Two exceptions: [`simplify_for_reading`] keeps the meaning but not the bits, and says by
//! which rules; [`hoist()`] makes two functions of one.
//!
//! Which rewrites there are is a [table](rules()). It serves three purposes: functions that are to be
//! run ([`optimise`]), compared ([`normalise`]) or read ([`simplify_for_reading`]).

mod common_subexpressions;
mod dead_code;
mod expand;
mod fold;
mod graph;
mod hoist;
mod pattern;
mod rules;
mod simplify;

pub use common_subexpressions::eliminate_common_subexpressions;
pub use dead_code::eliminate_dead_code;
pub(crate) use dead_code::live_values;
pub use expand::expand;
pub use fold::fold_constants;
pub use hoist::{Hoisted, hoist};
pub use pattern::Rule;
#[cfg(any(test, feature = "random"))]
pub(crate) use pattern::Source;
pub use rules::rules;
pub use simplify::{Reading, normalise, optimise, simplify, simplify_for_reading};

use crate::function::{Definition, Function, Value};

/// Copies a function value by value. For each value in order, `place` is given its definition over
/// the new values, and answers with the new value that stands for it, made by `define` or found
/// among those made before; or with nothing, if no store depends on it.
fn rewrite(
    function: &Function,
    mut place: impl FnMut(Value, Definition, &mut dyn FnMut(Definition) -> Value) -> Option<Value>,
) -> Function {
    let mut definitions = Vec::new();
    let mut shapes = Vec::new();
    let mut new_values: Vec<Option<Value>> = Vec::with_capacity(function.values().len());
    for value in function.values() {
        let new = over(&new_values, *function.definition(value)).and_then(|definition| {
            let mut define = |definition: Definition| {
                definitions.push(definition);
                shapes.push(function.shape(value));
                Value::new(definitions.len() - 1)
            };
            place(value, definition, &mut define)
        });
        new_values.push(new);
    }
    let mut stores = vec![None; function.parameters().len()];
    for (parameter, value) in function.stores() {
        // The verifier finds out if a pass dropped what is stored.
        stores[parameter.index()] = new_values[value.index()];
    }
    function.with_code(definitions, shapes, stores)
}

/// The definition over the new values; `None` if an operand was dropped, which can only be where the
/// result is to be dropped too.
fn over(new_values: &[Option<Value>], mut definition: Definition) -> Option<Definition> {
    if let Definition::Apply { operands, .. } = &mut definition {
        for operand in operands.as_mut_slice() {
            *operand = new_values[operand.index()]?;
        }
    }
    Some(definition)
}

#[cfg(test)]
mod tests;
