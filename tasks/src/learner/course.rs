//! What a kind of task has to say: how large it can be, and the examples of one lane.

use super::{Evaluation, LabelShape, LearnerTaskShape, TaskSeed};

/// A kind of task.
pub(super) trait Course: Send + Sync {
    /// How errors are measured.
    fn evaluation(&self) -> Evaluation;

    /// What a label is: a number, where nothing else is said.
    fn label(&self) -> LabelShape {
        LabelShape::Number
    }

    /// How many features an example has, if that is not to be chosen.
    fn own_features(&self) -> Option<usize> {
        None
    }

    /// The most validation examples there can be; the same for all lanes.
    fn validation_limit(&self) -> usize {
        usize::MAX
    }

    /// The examples of the task with this seed.
    fn lane(&self, counts: &Counts, task: TaskSeed) -> Lane;

    /// What a user should know about the examples of this shape.
    fn remarks(&self, shape: &LearnerTaskShape, counts: &Counts) -> Vec<String>;
}

/// How many numbers a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) features: usize,
    /// Elements of a label.
    pub(super) label_elements: usize,
    pub(super) training: usize,
    pub(super) validation: usize,
}

/// The examples of one task.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lane {
    pub(super) training: LaneLessons,
    pub(super) validation: LaneLessons,
}

/// Examples in the order in which they are given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LaneLessons {
    /// Example by example.
    pub(super) features: Vec<f32>,
    /// Example by example.
    pub(super) labels: Vec<f32>,
}

impl LaneLessons {
    /// No examples, and room for some, of so many features and elements of a label.
    pub(super) fn with_capacity(examples: usize, features: usize, label_elements: usize) -> Self {
        Self {
            features: Vec::with_capacity(examples * features),
            labels: Vec::with_capacity(examples * label_elements),
        }
    }

    /// One example more.
    pub(super) fn push(&mut self, features: &[f32], label: &[f32]) {
        self.features.extend_from_slice(features);
        self.labels.extend_from_slice(label);
    }
}
