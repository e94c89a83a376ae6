//! The examples of tasks side by side, as vectors read them.
//!
//! ```text
//!  example 0                                   example 1 …
//!  feature 0        feature 1        …
//!  lane 0 1 2 … L   lane 0 1 2 … L             L = stride − 1
//! ```
//!
//! and so are labels, element by element.

use super::course::{Counts, Lane, LaneLessons};

/// Lanes come in groups of so many: those of a vector of 512 bits, and what is in a cache line.
pub const LANE_GROUP: usize = 16;

/// The examples of tasks of one shape, a lane each.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneExamples {
    /// Features of an example.
    pub features: usize,
    /// What a label is.
    pub label: LabelShape,
    /// How many tasks there are.
    pub lanes: usize,
    /// Numbers from one feature to the next: [`lanes`](Self::lanes), rounded up to a multiple of [`LANE_GROUP`]. Those after the last
    /// lane are copies of it.
    pub stride: usize,
    /// What is to be learnt from, in this order.
    pub training: Lessons,
    /// What only judges.
    pub validation: Lessons,
    /// How errors are measured.
    pub evaluation: Evaluation,
    /// What a user should know, a sentence each: where there are fewer examples than were asked for, which class is 0.
    pub remarks: Vec<String>,
}

/// Examples of all lanes.
#[derive(Debug, Clone, PartialEq)]
pub struct Lessons {
    /// How many examples each lane has.
    pub count: usize,
    /// Example by example, feature by feature, lane by lane: count × features × stride.
    pub features: Vec<f32>,
    /// Example by example, element by element of a label, lane by lane: count × elements × stride. Classes are 0 and 1.
    pub labels: Vec<f32>,
}

/// What a label is, and so what a prediction of it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabelShape {
    /// One number.
    Number,
    /// A vector of as many elements as there are features.
    Vector,
}

impl LabelShape {
    /// How many elements a label has, of examples of so many features.
    #[must_use]
    pub const fn elements(self, features: usize) -> usize {
        match self {
            Self::Number => 1,
            Self::Vector => features,
        }
    }
}

/// How the errors of predictions are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluation {
    /// The root of the mean of (prediction − label)², over examples and, of labels that are vectors, over elements: so
    /// that predicting 0 for labels of variance 1 has the error 1, however many elements there are.
    RootMeanSquare,
    /// The share of predictions that are on the label's side, as labels are 0 and 1.
    ///
    /// AutoML-Zero takes predictions for logits, so that more than 0 says 1. It also puts the logistic function of a
    /// prediction in its place before `learn` sees it, so that `label − prediction` is the gradient of cross-entropy.
    Accuracy,
}

/// Numbers from one feature to the next, of so many lanes.
pub(super) const fn stride(lanes: usize) -> usize {
    lanes.next_multiple_of(LANE_GROUP)
}

impl LaneExamples {
    /// Puts lanes side by side.
    pub(super) fn interleave(
        counts: &Counts,
        (label, evaluation): (LabelShape, Evaluation),
        remarks: Vec<String>,
        mut lanes: impl ExactSizeIterator<Item = Lane>,
    ) -> Self {
        let count = lanes.len();
        let stride = stride(count);
        let mut training = Lessons::zeros(counts.training, counts, stride);
        let mut validation = Lessons::zeros(counts.validation, counts, stride);
        for first in (0..count).step_by(LANE_GROUP) {
            let together: Vec<Lane> = lanes.by_ref().take(LANE_GROUP).collect();
            let of = |part: fn(&Lane) -> &LaneLessons| together.iter().map(part).collect();
            training.write(first, stride, of(|lane| &lane.training));
            validation.write(first, stride, of(|lane| &lane.validation));
        }
        Self {
            features: counts.features,
            label,
            lanes: count,
            stride,
            training,
            validation,
            evaluation,
            remarks,
        }
    }
}

impl Lessons {
    fn zeros(count: usize, counts: &Counts, stride: usize) -> Self {
        Self {
            count,
            features: vec![0.0; count * counts.features * stride],
            labels: vec![0.0; count * counts.label_elements * stride],
        }
    }

    /// Writes lanes from `first` on; the last of them also to what is left of the stride, if no lane follows that fills it.
    fn write(&mut self, first: usize, stride: usize, mut lanes: Vec<&LaneLessons>) {
        if let Some(last) = lanes.last() {
            lanes.resize(LANE_GROUP.min(stride - first), last);
        }
        let features: Vec<&[f32]> = lanes.iter().map(|lane| &lane.features[..]).collect();
        let labels: Vec<&[f32]> = lanes.iter().map(|lane| &lane.labels[..]).collect();
        for (all, of_lanes) in [(&mut self.features, features), (&mut self.labels, labels)] {
            let count = all.len() / stride;
            let is_shaped = of_lanes.iter().all(|of_lane| of_lane.len() == count);
            assert!(is_shaped, "every lane is of one shape");
            for (index, group) in all.chunks_exact_mut(stride).enumerate() {
                for (number, of_lane) in group[first..].iter_mut().zip(&of_lanes) {
                    *number = of_lane[index];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_example_by_example_feature_by_feature_lane_by_lane() {
        let counts = Counts {
            features: 2,
            label_elements: 2,
            training: 3,
            validation: 1,
        };
        // Digits: part, example, feature or element of the label, lane.
        let lessons = |part: usize, examples: usize, lane: usize| {
            let mut lessons = LaneLessons::with_capacity(examples, 2, 2);
            let number =
                |example: usize, column: usize| (1000 * part + 100 * example + 10 * column) as f32;
            for example in 0..examples {
                let [features, label] = [[0, 1], [2, 3]]
                    .map(|columns| columns.map(|it| number(example, it) + lane as f32 / 100.0));
                lessons.push(&features, &label);
            }
            lessons
        };
        for (lanes, stride) in [(1, 16), (5, 16), (16, 16), (17, 32), (32, 32), (34, 48)] {
            let made = (0..lanes).map(|lane| Lane {
                training: lessons(1, 3, lane),
                validation: lessons(2, 1, lane),
            });
            let kind = (LabelShape::Vector, Evaluation::Accuracy);
            let found = LaneExamples::interleave(&counts, kind, Vec::new(), made);
            assert_eq!((found.lanes, found.stride), (lanes, stride));
            assert_eq!(found.label.elements(found.features), 2);
            for (part, lessons, examples) in [(1, &found.training, 3), (2, &found.validation, 1)] {
                assert_eq!(lessons.count, examples);
                assert_eq!(lessons.features.len(), examples * 2 * stride);
                assert_eq!(lessons.labels.len(), examples * 2 * stride);
                for example in 0..examples {
                    for lane in 0..stride {
                        let of_lane = lane.min(lanes - 1) as f32 / 100.0;
                        let base = (1000 * part + 100 * example) as f32;
                        for element in 0..2 {
                            let at = (example * 2 + element) * stride + lane;
                            let expected = |column: usize| base + (10 * column) as f32 + of_lane;
                            assert_eq!(lessons.features[at], expected(element));
                            assert_eq!(lessons.labels[at], expected(element + 2));
                        }
                    }
                }
            }
        }
    }
}
