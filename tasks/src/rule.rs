//! The one thing that a task does not know: how parameters move.

use crate::ParameterLayout;

/// What a task trains with: an optimizer's step over the whole parameter arena.
///
/// Implementors keep their own state. A task calls [`reset`](Self::reset) once and then [`step`](Self::step) for
/// each step in turn; the same rule may serve any number of runs, one after the other.
pub trait UpdateRule {
    /// Prepares for a new run over parameters of this layout: all state is as if freshly made.
    ///
    /// This is the place to allocate: nothing should be allocated in [`step`](Self::step).
    fn reset(&mut self, layout: &ParameterLayout);

    /// Moves `parameters` by one step, given the loss's `gradient` there.
    ///
    /// Both slices have [`ParameterLayout::arena_len`] elements, and `step` counts from 1. The gradient's padding is
    /// zero. The parameters' padding is scratch: it may be overwritten with anything and no model reads it. Whatever is
    /// written to the parameters, the task does not panic; non-finite parameters end the run as
    /// [`Outcome::Diverged`](crate::Outcome::Diverged).
    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]);
}
