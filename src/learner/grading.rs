//! From predictions to grades, lane by lane.
//!
//! Error and fitness are AutoML-Zero's (Real et al. 2020): of regression 1 − (2/π) · atan(e) for a root mean square
//! e of the errors of predictions, of classification the share of examples that are classified right. Where a label is
//! a vector, each of its elements counts as an example of its own, with an error of its own. A task on which an error is
//! greater than a bound, or none at all, counts 0. Sums are of binary64, from the first example to the last.
//!
//! ```text
//! a panel's predictions ─► Grades ─┐
//! the next panel's ─────► Grades ─┴─► Certificate: the fitness in each lane of a kind of task
//! ```

use std::f64::consts::FRAC_2_PI;

use multiversion::multiversion;

use mlevolve_tasks::learner::{Evaluation, LANE_GROUP, LaneExamples};

/// What is known of a program in one lane.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    has_failed: bool,
    epochs: usize,
    fitness: f64,
    metric: f64,
}

/// What a program has come to in all lanes of a kind of task, and room for what leads to it. It is used for one program after the
/// other.
#[derive(Debug, Default)]
pub(super) struct Certificate {
    lanes: Vec<Lane>,
    fitnesses: Vec<f64>,
    /// For each lane of a panel, of the examination that is going on.
    sums: Vec<f64>,
    greatest: Vec<f32>,
}

impl Certificate {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.lanes.clear();
    }

    /// How many lanes there are.
    pub(super) fn lane_count(&self) -> usize {
        self.lanes.len()
    }

    /// How many lanes have failed.
    pub(super) fn failed(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.has_failed).count()
    }

    /// The fitness in each lane: 0 in one that has failed, even if that was after an examination.
    pub(super) fn fitnesses(&mut self) -> &mut [f64] {
        let fitness = |lane: &Lane| if lane.has_failed { 0.0 } else { lane.fitness };
        self.fitnesses.clear();
        self.fitnesses.extend(self.lanes.iter().map(fitness));
        &mut self.fitnesses
    }

    /// The mean error or accuracy, if no lane failed.
    pub(super) fn metric(&self) -> Option<f64> {
        let metrics = self.lanes.iter().map(|lane| lane.metric);
        (self.failed() == 0).then(|| metrics.sum::<f64>() / self.lanes.len() as f64)
    }
}

/// A program's grades on a panel of tasks of one kind.
#[derive(Debug)]
pub(super) struct Grades<'a> {
    panel: &'a LaneExamples,
    greatest_error: f32,
    lanes: &'a mut [Lane],
    sums: &'a mut [f64],
    greatest: &'a mut [f32],
}

impl<'a> Grades<'a> {
    /// None so far, behind those of the panels before it. A greater error than that fails.
    pub(super) fn new(
        panel: &'a LaneExamples,
        greatest_error: f32,
        certificate: &'a mut Certificate,
    ) -> Self {
        let Certificate {
            lanes,
            sums,
            greatest,
            ..
        } = certificate;
        let before = lanes.len();
        lanes.resize(before + panel.lanes, Lane::default());
        sums.resize(panel.stride, 0.0);
        greatest.resize(panel.stride, 0.0);
        Self {
            panel,
            greatest_error,
            lanes: &mut lanes[before..],
            sums,
            greatest,
        }
    }

    /// Whether all lanes have failed.
    pub(super) fn all_failed(&self) -> bool {
        self.lanes.iter().all(|lane| lane.has_failed)
    }

    /// Numbers of all lanes, with what is between lanes and vectors.
    pub(super) fn stride(&self) -> usize {
        self.panel.stride
    }

    /// Marks the lanes in which an error is too great, or none at all.
    pub(super) fn mark_failed(&mut self, labels: &[f32], predictions: &[f32]) {
        let evaluation = self.panel.evaluation;
        greatest_errors(evaluation, labels, predictions, self.greatest);
        for (lane, &found) in self.lanes.iter_mut().zip(&*self.greatest) {
            lane.has_failed |= found.is_nan() || found > self.greatest_error;
        }
    }

    /// Begins an examination.
    pub(super) fn begin(&mut self) {
        self.sums.fill(0.0);
    }

    /// Adds the squares of errors, or the examples that are classified right.
    pub(super) fn add(&mut self, labels: &[f32], predictions: &[f32]) {
        add_grades(self.panel.evaluation, labels, predictions, self.sums);
    }

    /// Ends an examination: a lane that has failed has fitness 0, of others the best examination counts.
    pub(super) fn end(&mut self) {
        let elements = self.panel.label.elements(self.panel.features);
        let count = (self.panel.validation.count * elements) as f64;
        for (lane, sum) in self.lanes.iter_mut().zip(&*self.sums) {
            let mean = sum / count;
            let (metric, fitness) = match self.panel.evaluation {
                Evaluation::RootMeanSquare => {
                    let error = mean.sqrt();
                    (error, 1.0 - FRAC_2_PI * libm::atan(error))
                }
                Evaluation::Accuracy => (mean, mean),
            };
            if lane.has_failed {
                (lane.fitness, lane.metric) = (0.0, f64::NAN);
            } else if lane.epochs == 0 || fitness > lane.fitness {
                (lane.fitness, lane.metric) = (fitness, metric);
            }
            lane.epochs += 1;
        }
    }
}

/// The greatest error in each lane, NaN if one is none. Compiled for each kind of vectors that a machine may have;
/// the bits are the same.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
fn greatest_errors(
    evaluation: Evaluation,
    labels: &[f32],
    predictions: &[f32],
    greatest: &mut [f32],
) {
    let (labels, _) = labels.as_chunks::<LANE_GROUP>();
    let (predictions, _) = predictions.as_chunks::<LANE_GROUP>();
    let (targets, _) = greatest.as_chunks_mut::<LANE_GROUP>();
    let groups = targets.len();
    const SIDE_BY_SIDE: usize = 4;
    for (group, target) in targets.iter_mut().enumerate() {
        // As each waits for the one before it.
        let mut greatest = [[0.0f32; LANE_GROUP]; SIDE_BY_SIDE];
        let rows = labels.len() / groups;
        for first in (0..rows).step_by(SIDE_BY_SIDE) {
            for (place, greatest) in greatest.iter_mut().enumerate() {
                // Of one that is looked at again nothing changes.
                let row = (first + place).min(rows - 1);
                let (labels, predictions) = (
                    &labels[row * groups + group],
                    &predictions[row * groups + group],
                );
                for lane in 0..LANE_GROUP {
                    let error = match evaluation {
                        Evaluation::RootMeanSquare => (labels[lane] - predictions[lane]).abs(),
                        // That of a probability is never great; of infinity and NaN this is NaN.
                        Evaluation::Accuracy => predictions[lane] * 0.0,
                    };
                    greatest[lane] = greater(error, greatest[lane]);
                }
            }
        }
        *target = greatest[0];
        for other in &greatest[1..] {
            for lane in 0..LANE_GROUP {
                target[lane] = greater(other[lane], target[lane]);
            }
        }
    }
}

/// The greater of two errors. A NaN is greater than anything.
#[inline(always)]
fn greater(one: f32, other: f32) -> f32 {
    if one.is_nan() || one > other {
        one
    } else {
        other
    }
}

/// Adds what examples count to a sum for each lane, one example after the other. Compiled as
/// [`greatest_errors`] is.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
fn add_grades(evaluation: Evaluation, labels: &[f32], predictions: &[f32], sums: &mut [f64]) {
    let (labels, _) = labels.as_chunks::<LANE_GROUP>();
    let (predictions, _) = predictions.as_chunks::<LANE_GROUP>();
    let (targets, _) = sums.as_chunks_mut::<LANE_GROUP>();
    let groups = targets.len();
    for (group, target) in targets.iter_mut().enumerate() {
        let mut sums = *target;
        let rows = labels
            .chunks_exact(groups)
            .zip(predictions.chunks_exact(groups));
        for (labels, predictions) in rows {
            let (labels, predictions) = (&labels[group], &predictions[group]);
            for lane in 0..LANE_GROUP {
                let (label, prediction) = (labels[lane], predictions[lane]);
                sums[lane] += match evaluation {
                    Evaluation::RootMeanSquare => {
                        let error = f64::from(label) - f64::from(prediction);
                        error * error
                    }
                    // The sigmoid of a number is greater than a half if that is greater than 0.
                    Evaluation::Accuracy => {
                        f64::from(u8::from((label > 0.5) == (prediction > 0.0)))
                    }
                };
            }
        }
        *target = sums;
    }
}
