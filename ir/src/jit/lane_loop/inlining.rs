//! Which values are computed element by element where they are used.
//!
//! A value whose elements are all asked for once is inlined, so that it takes no memory and no loop of its own. What
//! only rearranges another value is inlined wherever it is used: its elements are that one's, in
//! other places.

use super::form::Form;
use super::plan::{Home, Planner, STRAIGHT_REDUCTION_ELEMENTS};

/// An elementary function, which takes so many operations or more, is not inlined into other code.
const HEAVY_OPERATIONS: usize = 8;

/// Longest chain of values that are inlined into each other.
const DEEPEST_INLINING: usize = 24;

/// What is known of a value from those that use it.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    /// How often each element is asked for; a great number if that is not the same for all.
    pulls: usize,
    /// Whether elements are asked for by their number alone, in a loop.
    is_flat: bool,
    /// How many values there are between it and the root.
    depth: usize,
}

impl Planner<'_> {
    /// Decides what is inlined, users first.
    pub(super) fn inline(&mut self) {
        let mut demands = vec![Demand::default(); self.function.values().len()];
        for value in self.function.values().rev() {
            let Some(form) = self.plan.forms[value.index()] else {
                continue;
            };
            let demand = demands[value.index()];
            let shape = self.shape(value);
            let is_arranged = demand.is_flat && !self.is_line(shape);
            let may = !shape.is_scalar()
                && self.stores[value.index()].is_empty()
                && demand.depth <= DEEPEST_INLINING;
            let is_inlined = may
                && match form {
                    Form::Transposed | Form::EachColumn | Form::EachRow => !is_arranged,
                    Form::Outer(_) => demand.pulls == 1 && !is_arranged,
                    Form::Elementwise(op) => {
                        let operations = op.flops_per_element() as usize;
                        demand.pulls == 1 && operations < HEAVY_OPERATIONS
                    }
                    Form::Load(_)
                    | Form::Constant(_)
                    | Form::Reduction(_)
                    | Form::Product { .. }
                    | Form::RowReduction(_) => false,
                };
            if is_inlined {
                self.plan.homes[value.index()] = Home::Inlined;
            }
            let here = if is_inlined {
                demand
            } else {
                Demand {
                    pulls: 1,
                    is_flat: false,
                    depth: 0,
                }
            };
            let is_long =
                |operand| self.elements(self.shape(operand)) > STRAIGHT_REDUCTION_ELEMENTS;
            let operands = form.taken(self.function.definition(value).operands());
            let (rows, columns) = self.extents(shape);
            for (position, &operand) in operands.iter().enumerate() {
                let (times, is_flat) = match form {
                    Form::Load(_) | Form::Constant(_) => unreachable!("they have no operands"),
                    Form::Elementwise(_) => (1, here.is_flat),
                    Form::Reduction(_) => (1, is_long(operand)),
                    Form::Transposed => (1, false),
                    Form::RowReduction(_) => (1, false),
                    Form::EachColumn => (columns, false),
                    Form::EachRow => (rows, false),
                    Form::Outer(_) | Form::Product { .. } if position == 0 => (columns, false),
                    Form::Outer(_) | Form::Product { .. } => (rows, false),
                };
                let demand = &mut demands[operand.index()];
                demand.pulls = demand
                    .pulls
                    .saturating_add(here.pulls.saturating_mul(times));
                demand.is_flat |= is_flat;
                demand.depth = demand.depth.max(here.depth + 1);
            }
        }
    }
}
