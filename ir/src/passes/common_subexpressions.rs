//! Values that are computed twice are computed once.

use super::graph::{Rewriting, rewritten};
use crate::function::Function;

/// Lets values with the same definition be one, the first. The first two operands of a commuting op
/// are put in order, so that `add(v0, v1)` and `add(v1, v0)` are the same.
#[must_use]
pub fn eliminate_common_subexpressions(function: &Function) -> Function {
    rewritten(function, Rewriting::default(), false).function
}
