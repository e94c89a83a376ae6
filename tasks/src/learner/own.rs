//! A user's own tables, one to train on and one to validate with; see [`LessonFiles`] for what may be in them.
//!
//! All lanes are taught the same examples, each in an order of its own: number 0 of a seed in the order of the file, the
//! others shuffled; later epochs are shuffles for all. Where fewer are asked for than there are, what is taken of a file
//! in order is spread evenly over it, since files can be sorted.

use rand::seq::SliceRandom;

use super::course::{Counts, Course, Lane, LaneLessons};
use super::order::{in_epochs, spread};
use super::{Evaluation, LearnerTaskShape, TaskSeed};
use crate::data::{ExampleTable, LessonFiles, LessonLabels};
use crate::stream;

/// What is in a user's tables.
pub(super) struct Own {
    name: &'static str,
    files: LessonFiles,
}

impl Own {
    pub(super) fn new(name: &'static str, files: LessonFiles) -> Self {
        Self { name, files }
    }

    /// The rows of the training file that a task is taught, in order.
    fn training_order(&self, count: usize, task: TaskSeed) -> Vec<usize> {
        let available = self.files.examples.training.count();
        let purpose = format!("learner task {} training order", self.name);
        let numbers = &mut stream(task.seed, &purpose, [task.number, 0]);
        let mut first: Vec<usize> = (0..available).collect();
        if task.number == 0 {
            first = spread(available, count);
        } else {
            first.shuffle(numbers);
        }
        in_epochs(first, count, numbers)
    }
}

fn lessons(examples: &ExampleTable<f32>, order: &[usize]) -> LaneLessons {
    let mut lessons = LaneLessons::with_capacity(order.len(), examples.feature_count(), 1);
    for row in order {
        lessons.push(examples.features(*row), &[examples.targets()[*row]]);
    }
    lessons
}

impl Course for Own {
    fn evaluation(&self) -> Evaluation {
        match self.files.labels {
            LessonLabels::Numbers { .. } => Evaluation::RootMeanSquare,
            LessonLabels::Classes(_) => Evaluation::Accuracy,
        }
    }

    fn own_features(&self) -> Option<usize> {
        Some(self.files.examples.training.feature_count())
    }

    fn validation_limit(&self) -> usize {
        self.files.examples.validation.count()
    }

    fn lane(&self, counts: &Counts, task: TaskSeed) -> Lane {
        let examples = &self.files.examples;
        // In no order that a program could count on.
        let mut validation = spread(examples.validation.count(), counts.validation);
        let purpose = format!("learner task {} validation order", self.name);
        validation.shuffle(&mut stream(task.seed, &purpose, [task.number, 0]));
        Lane {
            training: lessons(
                &examples.training,
                &self.training_order(counts.training, task),
            ),
            validation: lessons(&examples.validation, &validation),
        }
    }

    fn remarks(&self, shape: &LearnerTaskShape, counts: &Counts) -> Vec<String> {
        let LessonFiles {
            label,
            labels,
            constant_features,
            examples,
        } = &self.files;
        let mut remarks = vec![match labels {
            LessonLabels::Classes([zero, one]) => {
                format!(
                    "{}: label {label:?} is 0 for {zero:?} and 1 for {one:?}.",
                    self.name
                )
            }
            LessonLabels::Numbers { standard_deviation } => format!(
                "{}: label {label:?} is standardised; an error of 1 is {standard_deviation} in the units of the file.",
                self.name
            ),
        }];
        if !constant_features.is_empty() {
            remarks.push(format!(
                "{}: features that do not vary in the training file are 0: {}.",
                self.name,
                constant_features.join(", ")
            ));
        }
        let available = examples.training.count();
        if available < counts.training {
            remarks.push(format!(
                "{}: the {available} rows of the training file are repeated to make {} training examples.",
                self.name, counts.training
            ));
        }
        if counts.validation < shape.validation_examples {
            remarks.push(format!(
                "{}: {} validation examples instead of {}, as the validation file has no more.",
                self.name, counts.validation, shape.validation_examples
            ));
        }
        remarks
    }
}
