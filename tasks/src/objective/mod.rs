//! What training minimises and what curves show: losses, with their gradients with respect to a model's outputs.
//!
//! Gradients are in f32, as training is; measured values are summed in f64.

mod contrast;
mod cross_entropy;
#[cfg(test)]
mod pytorch;
mod squared_error;

pub(crate) use contrast::Contrast;
pub(crate) use cross_entropy::CrossEntropy;
pub(crate) use squared_error::SquaredError;

use crate::network::Matrix;
use crate::training::Evaluation;
use crate::{Metric, TargetKind};

/// What is minimised in training and measured on validation examples.
pub(crate) trait Objective: Send + Sync {
    /// What a part of an example should be answered with; an example may have several.
    type Target: Copy + Default + Send + Sync;

    /// What [`Evaluation::value`] is.
    fn metric(&self) -> Metric;

    /// What [`Evaluation::companion`] is, if there is one.
    fn companion(&self) -> Option<Metric>;

    /// Numbers that [`gradient`](Self::gradient) and [`add`](Self::add) work with for up to `rows` examples, and leave
    /// nothing in: the scratch that they are handed has as many.
    fn scratch(&self, _rows: usize) -> usize {
        0
    }

    /// Writes the gradient, with respect to a batch's outputs, of its mean loss; outputs, gradient and targets have as
    /// many rows.
    fn gradient(
        &self,
        outputs: &Matrix,
        targets: &[Self::Target],
        gradient: &mut Matrix,
        scratch: &mut [f32],
    );

    /// Adds what `rows` examples contribute to a measurement; their outputs are the first rows.
    fn add(
        &self,
        outputs: &Matrix,
        rows: usize,
        targets: &[Self::Target],
        scratch: &mut [f32],
        sums: &mut Sums,
    );

    /// What was measured.
    fn evaluation(&self, sums: &Sums) -> Evaluation;

    /// How a loss is told what outputs should be, where an example has so many targets; why it cannot be, if so.
    fn rows(&self, targets: usize) -> Result<Rows<Self::Target>, &'static str>;
}

/// Outputs cut into rows, and targets written out as such.
pub(crate) struct Rows<Target> {
    pub(crate) kind: TargetKind,
    /// Numbers of a row.
    pub(crate) outputs: usize,
    pub(crate) write: WriteRows<Target>,
}

/// Writes a batch's targets to its rows, which have so many numbers each.
pub(crate) type WriteRows<Target> = fn(targets: &[Target], outputs: usize, rows: &mut [f32]);

/// What is summed over validation examples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    /// How many losses have been added.
    pub(crate) count: usize,
    pub(crate) loss: f64,
    /// Of the companion metric.
    pub(crate) companion: f64,
}

/// `value`, but at most `ceiling`; what is not a number stays so, where `min` would make it the ceiling.
pub(crate) fn clipped(value: f64, ceiling: f64) -> f64 {
    if value > ceiling { ceiling } else { value }
}

/// What an objective measures of some outputs, for tests.
#[cfg(test)]
pub(crate) fn evaluate<O: Objective>(
    objective: &O,
    outputs: &Matrix,
    targets: &[O::Target],
) -> Evaluation {
    let mut sums = Sums::default();
    let mut scratch = vec![f32::NAN; objective.scratch(outputs.rows())];
    objective.add(outputs, outputs.rows(), targets, &mut scratch, &mut sums);
    objective.evaluation(&sums)
}
