//! Teachers with random weights: a learner can learn all that they know, as there is no noise.
//!
//! As in AutoML-Zero (its functions that create tasks of scalar linear regression and of scalar two-layer regression),
//! features and weights are of the normal distribution with mean 0 and variance 1, and labels are what the teacher says,
//! in no other scale. A teacher of two layers has as many hidden units as there are features, and no biases; units 0 and 2
//! are dead there, and here. One whose label is a vector has an output for each feature, each with weights of its own.

use super::course::{Counts, Course, Lane, LaneLessons};
use super::{Evaluation, LabelShape, LearnerTaskShape, TaskSeed};
use crate::data::standard_normal;
use crate::{Stream, stream};

/// Hidden units whose weights are 0.
const DEAD_UNITS: [usize; 2] = [0, 2];

/// What a teacher says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TeacherKind {
    /// w · x.
    Linear,
    /// u · relu(M x).
    TwoLayer,
    /// 1 where u · relu(M x) > 0, else 0.
    ///
    /// Without a positive weight among those of living units all labels are 0, there as here: with 2 or 3 features, of
    /// which one unit is alive, in every second task; with 4, in every fourth.
    TwoLayerClasses,
    /// U relu(M x), a vector.
    TwoLayerVector,
}

impl TeacherKind {
    /// What a label is.
    pub(super) const fn label(self) -> LabelShape {
        match self {
            Self::Linear | Self::TwoLayer | Self::TwoLayerClasses => LabelShape::Number,
            Self::TwoLayerVector => LabelShape::Vector,
        }
    }
}

/// Examples of one kind of teacher, drawn anew for each lane.
pub(super) struct Teacher {
    name: &'static str,
    kind: TeacherKind,
}

impl Teacher {
    pub(super) fn new(name: &'static str, kind: TeacherKind) -> Self {
        Self { name, kind }
    }

    fn numbers(&self, what: &str, features: usize, task: TaskSeed) -> Stream {
        let purpose = format!("learner task {} {what}", self.name);
        stream(task.seed, &purpose, [task.number, features as u64])
    }

    /// The weights of the teacher of a task.
    fn weights(&self, features: usize, task: TaskSeed) -> Weights {
        let mut numbers = self.numbers("teacher", features, task);
        let mut draw = |count: usize| -> Vec<f64> {
            (0..count).map(|_| standard_normal(&mut numbers)).collect()
        };
        match self.kind {
            TeacherKind::Linear => Weights::Linear(draw(features)),
            TeacherKind::TwoLayer | TeacherKind::TwoLayerClasses | TeacherKind::TwoLayerVector => {
                let mut hidden = draw(features * features);
                let mut output = draw(self.kind.label().elements(features) * features);
                for unit in DEAD_UNITS.into_iter().filter(|unit| *unit < features) {
                    hidden[unit * features..][..features].fill(0.0);
                    for weights in output.chunks_exact_mut(features) {
                        weights[unit] = 0.0;
                    }
                }
                Weights::TwoLayer { hidden, output }
            }
        }
    }

    /// Examples with features from `numbers`. A label is that of the features as they are given, in binary32.
    fn lessons(
        &self,
        weights: &Weights,
        features: usize,
        count: usize,
        mut numbers: Stream,
    ) -> LaneLessons {
        let label_elements = self.kind.label().elements(features);
        let mut lessons = LaneLessons::with_capacity(count, features, label_elements);
        let mut example = vec![0.0; features];
        for _ in 0..count {
            for feature in &mut example {
                *feature = standard_normal(&mut numbers) as f32;
            }
            let said = weights.say(&example);
            let label = said.iter().map(|&said| match self.kind {
                TeacherKind::Linear | TeacherKind::TwoLayer | TeacherKind::TwoLayerVector => {
                    said as f32
                }
                TeacherKind::TwoLayerClasses => f32::from(u8::from(said > 0.0)),
            });
            let label: Vec<f32> = label.collect();
            lessons.push(&example, &label);
        }
        lessons
    }
}

impl Course for Teacher {
    fn evaluation(&self) -> Evaluation {
        match self.kind {
            TeacherKind::Linear | TeacherKind::TwoLayer | TeacherKind::TwoLayerVector => {
                Evaluation::RootMeanSquare
            }
            TeacherKind::TwoLayerClasses => Evaluation::Accuracy,
        }
    }

    fn label(&self) -> LabelShape {
        self.kind.label()
    }

    fn lane(&self, counts: &Counts, task: TaskSeed) -> Lane {
        let features = counts.features;
        let weights = self.weights(features, task);
        let part = |what: &str, count: usize| {
            let numbers = self.numbers(what, features, task);
            self.lessons(&weights, features, count, numbers)
        };
        Lane {
            training: part("training features", counts.training),
            validation: part("validation features", counts.validation),
        }
    }

    fn remarks(&self, _shape: &LearnerTaskShape, _counts: &Counts) -> Vec<String> {
        Vec::new()
    }
}

/// What a teacher knows.
#[derive(Debug, Clone, PartialEq)]
enum Weights {
    Linear(Vec<f64>),
    TwoLayer {
        /// M, unit by unit.
        hidden: Vec<f64>,
        /// u, or the rows of U.
        output: Vec<f64>,
    },
}

impl Weights {
    /// The elements of the label of an example, each summed in the order of features and of units.
    fn say(&self, features: &[f32]) -> Vec<f64> {
        match self {
            Self::Linear(weights) => vec![product(weights, features)],
            Self::TwoLayer { hidden, output } => {
                let units = hidden.chunks_exact(features.len());
                let units: Vec<f64> = units
                    .map(|weights| product(weights, features).max(0.0))
                    .collect();
                let elements = output.chunks_exact(features.len()).map(|weights| {
                    let terms = weights.iter().zip(&units);
                    terms.fold(0.0, |sum, (weight, unit)| sum + weight * unit)
                });
                elements.collect()
            }
        }
    }
}

fn product(weights: &[f64], features: &[f32]) -> f64 {
    let terms = weights.iter().zip(features);
    terms.fold(0.0, |sum, (weight, feature)| {
        sum + weight * f64::from(*feature)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(kind: TeacherKind, features: usize, number: u64) -> Weights {
        Teacher::new("test", kind).weights(features, TaskSeed { seed: 7, number })
    }

    fn two_layers(kind: TeacherKind, features: usize, number: u64) -> (Vec<f64>, Vec<f64>) {
        match weights(kind, features, number) {
            Weights::TwoLayer { hidden, output } => (hidden, output),
            Weights::Linear(_) => panic!("{kind:?} has two layers"),
        }
    }

    #[test]
    fn a_teacher_says_what_its_formula_says() {
        let linear = Weights::Linear(vec![2.0, -0.5, 1.0]);
        assert_eq!(linear.say(&[1.0, 4.0, 0.25]), [0.25]);
        let two_layers = Weights::TwoLayer {
            hidden: vec![1.0, 1.0, -1.0, 2.0],
            output: vec![3.0, -0.5],
        };
        // Units 1.5 and −3, then −1 and 7.
        assert_eq!(two_layers.say(&[2.0, -0.5]), [4.5]);
        assert_eq!(two_layers.say(&[-3.0, 2.0]), [-3.5]);
        let vector = Weights::TwoLayer {
            hidden: vec![1.0, 1.0, -1.0, 2.0],
            output: vec![3.0, -0.5, 1.0, 2.0],
        };
        assert_eq!(vector.say(&[2.0, -0.5]), [4.5, 1.5]);
        assert_eq!(vector.say(&[-3.0, 2.0]), [-3.5, 14.0]);
    }

    #[test]
    fn units_0_and_2_are_dead_and_no_others() {
        for features in [2, 3, 4, 16] {
            for (kind, outputs) in [
                (TeacherKind::TwoLayer, 1),
                (TeacherKind::TwoLayerClasses, 1),
                (TeacherKind::TwoLayerVector, features),
            ] {
                let (hidden, output) = two_layers(kind, features, 3);
                assert_eq!(
                    (hidden.len(), output.len()),
                    (features * features, outputs * features)
                );
                for (unit, weights) in hidden.chunks(features).enumerate() {
                    let is_dead = unit == 0 || unit == 2;
                    let of_outputs = output.chunks(features).map(|weights| &weights[unit]);
                    let all = weights.iter().chain(of_outputs);
                    for weight in all {
                        assert_eq!(*weight == 0.0, is_dead, "{features} features, unit {unit}");
                    }
                }
            }
        }
    }

    #[test]
    fn labels_are_what_the_teacher_says_of_the_features() {
        for kind in [
            TeacherKind::Linear,
            TeacherKind::TwoLayer,
            TeacherKind::TwoLayerClasses,
            TeacherKind::TwoLayerVector,
        ] {
            let teacher = Teacher::new("test", kind);
            let counts = Counts {
                features: 5,
                label_elements: kind.label().elements(5),
                training: 40,
                validation: 20,
            };
            let task = TaskSeed { seed: 7, number: 1 };
            let weights = teacher.weights(5, task);
            let Lane {
                training,
                validation,
            } = teacher.lane(&counts, task);
            assert_ne!(training.features[..5], validation.features[..5]);
            for part in [&training, &validation] {
                let labels = part.labels.iter().enumerate();
                assert_eq!(
                    part.labels.len(),
                    part.features.len() / 5 * counts.label_elements
                );
                for (place, label) in labels {
                    let (example, element) =
                        (place / counts.label_elements, place % counts.label_elements);
                    let x = &part.features[5 * example..][..5];
                    let said = match &weights {
                        Weights::Linear(w) => (0..5).map(|i| w[i] * f64::from(x[i])).sum::<f64>(),
                        Weights::TwoLayer { hidden, output } => (0..5)
                            .map(|unit| {
                                let of = |i: usize| hidden[5 * unit + i] * f64::from(x[i]);
                                output[5 * element + unit] * (0..5).map(of).sum::<f64>().max(0.0)
                            })
                            .sum(),
                    };
                    if kind == TeacherKind::TwoLayerClasses {
                        assert_eq!(*label, if said > 0.0 { 1.0 } else { 0.0 });
                    } else {
                        assert!((f64::from(*label) - said).abs() < 1e-6, "{label}, {said}");
                    }
                }
            }
        }
    }

    #[test]
    fn weights_have_the_moments_of_the_distribution() {
        use crate::data::Moments;
        let of = |kind: TeacherKind| -> Vec<f64> {
            let weights = (0..500).map(|number| weights(kind, 8, number));
            let weights = weights.flat_map(|weights| match weights {
                Weights::Linear(weights) => weights,
                Weights::TwoLayer { hidden, output } => [hidden, output].concat(),
            });
            weights.filter(|weight| *weight != 0.0).collect()
        };
        for kind in [
            TeacherKind::Linear,
            TeacherKind::TwoLayer,
            TeacherKind::TwoLayerVector,
        ] {
            let weights = of(kind);
            let Moments { mean, variance } = Moments::of(weights.iter().copied());
            // Within five standard errors, √(1/n) and √(2/n).
            let count = weights.len() as f64;
            assert!(mean.abs() < 5.0 / count.sqrt(), "{mean}");
            assert!(
                (variance - 1.0).abs() < 5.0 * (2.0 / count).sqrt(),
                "{variance}"
            );
        }
    }
}
