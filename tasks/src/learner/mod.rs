//! What whole learners are taught and examined on.
//!
//! A learner is a program with three parts: `setup`, `predict(x)` and `learn(x, y)`. It is given nothing but examples, one
//! at a time: `predict`, then `learn`, for each training example; `predict` alone for each validation example. This is the
//! setting of AutoML-Zero (E. Real, C. Liang, D. So, Q. Le, *AutoML-Zero: Evolving Machine Learning Algorithms From
//! Scratch*, ICML 2020, arXiv:2003.03384), and so are most of the tasks; what differs is said where they are made.
//!
//! Independent tasks of one shape run side by side, as *lanes* of vectors:
//!
//! ```text
//!  LEARNER_TASKS ──open(Sources)──► LearnerTask ──examples(shape, a TaskSeed for each lane)──► LaneExamples
//!                                       │                                                          ▲
//!                                       └── Course ──lane by lane, of its seed alone──► Lane ──────┘ interleaved
//! ```
//!
//! | task | what is learnt | where from |
//! |---|---|---|
//! | `linear` | w · x, with normal w and x | AutoML-Zero's scalar linear regression |
//! | `two-layer` | u · relu(M x), with normal u, M and x; units 0 and 2 are dead | AutoML-Zero's scalar two-layer regression |
//! | `two-layer-classes` | whether that is more than 0 | the same teacher |
//! | `two-layer-vector` | the vector U relu(M x), with normal U, M and x; units 0 and 2 are dead | the same hidden layer, with an output for each feature |
//! | `projected-digits` | which of two kinds of digits a random projection of an image is of | AutoML-Zero's projected binary classification, on the digits that are in the program |
//! | `projected-mnist`, `projected-fashion-mnist`, `projected-cifar10` | the same of published images | AutoML-Zero's, on files that a user provides |
//! | `projected-files` | the same of any images in these formats | a user's files |
//! | `own` | the last column of a table, a number or one of two classes | a user's tables |
//!
//! What a lane holds is a function of the task, the shape and the lane's own [`TaskSeed`], whatever the others are; so a
//! result does not depend on which tasks are put together. Teachers do not depend on the numbers of examples either: the
//! first examples are the same, however many are asked for. All draws are from streams of the seed, all arithmetic is
//! binary64 in a fixed order with `libm`'s functions, and what comes of it is rounded to binary32: the bits are the same on
//! every machine.
//!
//! ```
//! use mlevolve_tasks::Sources;
//! use mlevolve_tasks::learner::{LearnerTaskEntry, LearnerTaskShape, TaskSeed};
//!
//! let shape = LearnerTaskShape { features: 4, training_examples: 100, validation_examples: 50 };
//! let tasks: Vec<TaskSeed> = (0..5).map(|number| TaskSeed { seed: 1, number }).collect();
//! let task = LearnerTaskEntry::named("linear")?.open(&Sources::default())?;
//! let examples = task.examples(&shape, &tasks)?;
//! // Feature 3 of training example 10, in lane 2.
//! let stride = examples.stride;
//! assert_eq!(stride, 16);
//! let feature = examples.training.features[(10 * 4 + 3) * stride + 2];
//! # assert!(feature.is_finite());
//! # Ok::<(), mlevolve_tasks::TaskError>(())
//! ```
//!
//! Adding a task is a `Course` in a file here and a row of [`LEARNER_TASKS`].

mod course;
mod lanes;
mod order;
mod own;
mod projected;
mod projection;
mod teacher;
#[cfg(test)]
mod tests;

use course::{Counts, Course};
pub use lanes::{Evaluation, LANE_GROUP, LabelShape, LaneExamples, Lessons};
use own::Own;
use projected::Projected;
use teacher::{Teacher, TeacherKind};

use crate::data::{ClassData, ImageData, LessonFiles, load_image_folder};
use crate::{Sources, TaskError};

/// Every task for learners: of computed data, of images, of a user's own tables.
pub const LEARNER_TASKS: &[LearnerTaskEntry] = &[
    LearnerTaskEntry {
        name: "linear",
        summary: "Regression on a linear teacher: normal features x and weights w, label w · x.",
        data: LearnerData::Teacher(TeacherKind::Linear),
    },
    LearnerTaskEntry {
        name: "two-layer",
        summary: "Regression on a teacher of two layers: normal features x and weights M and u, label u · relu(M x).",
        data: LearnerData::Teacher(TeacherKind::TwoLayer),
    },
    LearnerTaskEntry {
        name: "two-layer-classes",
        summary: "Two classes told apart by a teacher of two layers: label 1 where u · relu(M x) > 0, else 0.",
        data: LearnerData::Teacher(TeacherKind::TwoLayerClasses),
    },
    LearnerTaskEntry {
        name: "two-layer-vector",
        summary: "Regression on a teacher of two layers whose label is a vector: normal features x and weights M and U, label U relu(M x).",
        data: LearnerData::Teacher(TeacherKind::TwoLayerVector),
    },
    LearnerTaskEntry {
        name: "projected-digits",
        summary: "Two kinds of handwritten digits, 8x8 pixels, projected onto few features by a random matrix.",
        data: LearnerData::Digits,
    },
    LearnerTaskEntry {
        name: "projected-mnist",
        summary: "Two kinds of handwritten digits of MNIST, projected onto few features by a random matrix.",
        data: LearnerData::Images(ImageData::Mnist),
    },
    LearnerTaskEntry {
        name: "projected-fashion-mnist",
        summary: "Two kinds of clothing of Fashion-MNIST, projected onto few features by a random matrix.",
        data: LearnerData::Images(ImageData::FashionMnist),
    },
    LearnerTaskEntry {
        name: "projected-cifar10",
        summary: "Two kinds of images of CIFAR-10, projected onto few features by a random matrix.",
        data: LearnerData::Images(ImageData::Cifar10),
    },
    LearnerTaskEntry {
        name: "projected-files",
        summary: "Two kinds of images of your own, in IDX or CIFAR files, projected onto few features by a random matrix.",
        data: LearnerData::ImageFolder,
    },
    LearnerTaskEntry {
        name: "own",
        summary: "Your own tables, one to train on and one to validate with: numbers or two classes by numbers.",
        data: LearnerData::OwnFiles,
    },
];

/// A task that can be opened, if what it needs is there.
#[derive(Debug, Clone, Copy)]
pub struct LearnerTaskEntry {
    name: &'static str,
    summary: &'static str,
    data: LearnerData,
}

/// Where a task's examples come from.
#[derive(Debug, Clone, Copy)]
enum LearnerData {
    /// They are drawn.
    Teacher(TeacherKind),
    /// Digits that are in the program.
    Digits,
    /// Published images in a data directory.
    Images(ImageData),
    /// Whatever images lie in the data directory.
    ImageFolder,
    /// A user's tables.
    OwnFiles,
}

impl LearnerTaskEntry {
    /// The task with this name.
    ///
    /// # Errors
    ///
    /// [`TaskError::UnknownLearnerTask`] if there is none.
    pub fn named(name: &str) -> Result<&'static Self, TaskError> {
        let found = LEARNER_TASKS.iter().find(|entry| entry.name == name);
        found.ok_or_else(|| TaskError::UnknownLearnerTask {
            name: name.to_owned(),
        })
    }

    /// The task's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What is learnt, in a sentence.
    #[must_use]
    pub const fn summary(&self) -> &'static str {
        self.summary
    }

    /// What a label is.
    #[must_use]
    pub const fn label(&self) -> LabelShape {
        match self.data {
            LearnerData::Teacher(kind) => kind.label(),
            LearnerData::Digits
            | LearnerData::Images(_)
            | LearnerData::ImageFolder
            | LearnerData::OwnFiles => LabelShape::Number,
        }
    }

    /// Whether the task needs nothing that is not in the program.
    #[must_use]
    pub const fn is_bundled(&self) -> bool {
        match self.data {
            LearnerData::Teacher(_) | LearnerData::Digits => true,
            LearnerData::Images(_) | LearnerData::ImageFolder | LearnerData::OwnFiles => false,
        }
    }

    /// Reads what the task needs of files. Who wants examples more than once keeps what this gives.
    ///
    /// # Errors
    ///
    /// [`TaskError`] if what it needs is not among the sources, cannot be read, or is not what it should be.
    pub fn open(&self, sources: &Sources) -> Result<LearnerTask, TaskError> {
        let name = self.name;
        let directory = sources.data_directory.as_deref();
        let course: Box<dyn Course> = match self.data {
            LearnerData::Teacher(kind) => Box::new(Teacher::new(name, kind)),
            LearnerData::Digits => Box::new(Projected::new(name, ClassData::digit_images())?),
            LearnerData::Images(images) => Box::new(Projected::new(name, images.load(directory)?)?),
            LearnerData::ImageFolder => {
                Box::new(Projected::new(name, load_image_folder(directory)?)?)
            }
            LearnerData::OwnFiles => {
                let files = (&sources.training_file, &sources.validation_file);
                let missing = match files {
                    (Some(training), Some(validation)) => {
                        let files = LessonFiles::load(training, validation)?;
                        let course = Box::new(Own::new(name, files));
                        return Ok(LearnerTask { name, course });
                    }
                    (None, None) => "--train FILE --valid FILE",
                    (Some(_), None) => "--valid FILE",
                    (None, Some(_)) => "--train FILE",
                };
                return Err(TaskError::NoLessonFiles {
                    task: name,
                    missing,
                });
            }
        };
        Ok(LearnerTask { name, course })
    }

    /// [`open`](Self::open), and [`LearnerTask::examples`] of what is opened.
    ///
    /// # Errors
    ///
    /// As these have.
    pub fn examples(
        &self,
        sources: &Sources,
        shape: &LearnerTaskShape,
        tasks: &[TaskSeed],
    ) -> Result<LaneExamples, TaskError> {
        self.open(sources)?.examples(shape, tasks)
    }
}

/// How large the tasks of all lanes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LearnerTaskShape {
    /// Features of an example, from 2 to 64. The task `own` has as many as its tables have, whatever is said here.
    pub features: usize,
    /// How many examples a learner is taught, one or more. Where data are fewer, they are repeated in epochs, each in an
    /// order of its own.
    pub training_examples: usize,
    /// How many examples it is examined on, one or more. Where data are fewer, so many as there are.
    pub validation_examples: usize,
}

/// Which task of a kind a lane has: its teacher, or its classes, projection and images, or its order of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskSeed {
    /// Tells apart searches, or searching from judging what was found.
    pub seed: u64,
    /// Tells apart tasks with the same seed. Number 0 of the task `own` is in the order of the file.
    pub number: u64,
}

/// A task that has what it needs; shared by threads.
pub struct LearnerTask {
    name: &'static str,
    course: Box<dyn Course>,
}

impl LearnerTask {
    /// The fewest features of a task that is not a user's table.
    pub const MINIMUM_FEATURES: usize = 2;
    /// The most features.
    pub const MAXIMUM_FEATURES: usize = 64;
    /// The most numbers that the features of the training or the validation part of all lanes may have: 4 GiB of
    /// them. Labels have no more.
    pub const MAXIMUM_NUMBERS: usize = 1 << 30;

    /// The task's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How errors are measured.
    #[must_use]
    pub fn evaluation(&self) -> Evaluation {
        self.course.evaluation()
    }

    /// What a label is.
    #[must_use]
    pub fn label(&self) -> LabelShape {
        self.course.label()
    }

    /// How many features an example has, if not as many as are asked for.
    #[must_use]
    pub fn own_features(&self) -> Option<usize> {
        self.course.own_features()
    }

    /// Whether there can be so many tasks of a shape.
    ///
    /// # Errors
    ///
    /// As [`examples`](Self::examples) has.
    pub fn check(&self, shape: &LearnerTaskShape, tasks: usize) -> Result<(), TaskError> {
        self.counts(shape, tasks).map(|_| ())
    }

    /// Makes the examples of all lanes: lane i is the task of `tasks[i]`.
    ///
    /// # Errors
    ///
    /// [`TaskError::LearnerShape`] if there is no lane or no example, the number of features is out of range, or
    /// all is more than [`MAXIMUM_NUMBERS`](Self::MAXIMUM_NUMBERS).
    pub fn examples(
        &self,
        shape: &LearnerTaskShape,
        tasks: &[TaskSeed],
    ) -> Result<LaneExamples, TaskError> {
        let counts = self.counts(shape, tasks.len())?;
        let lanes = tasks.iter().map(|task| self.course.lane(&counts, *task));
        Ok(LaneExamples::interleave(
            &counts,
            (self.course.label(), self.course.evaluation()),
            self.course.remarks(shape, &counts),
            lanes,
        ))
    }

    /// What a lane has, of a shape that can be.
    fn counts(&self, shape: &LearnerTaskShape, lanes: usize) -> Result<Counts, TaskError> {
        let task = self.name;
        let refused = |expected: String, found: usize| TaskError::LearnerShape {
            task,
            expected,
            found: found.to_string(),
        };
        let features = self.course.own_features().unwrap_or(shape.features);
        let range = Self::MINIMUM_FEATURES..=Self::MAXIMUM_FEATURES;
        if self.course.own_features().is_none() && !range.contains(&features) {
            let expected = format!("from {} to {} features", range.start(), range.end());
            return Err(refused(expected, features));
        }
        for (count, what) in [
            (lanes, "task"),
            (shape.training_examples, "training example"),
            (shape.validation_examples, "validation example"),
        ] {
            if count == 0 {
                return Err(refused(format!("at least one {what}"), 0));
            }
        }
        let counts = Counts {
            features,
            label_elements: self.course.label().elements(features),
            training: shape.training_examples,
            validation: shape
                .validation_examples
                .min(self.course.validation_limit()),
        };
        let stride = lanes::stride(lanes);
        for (count, what) in [
            (counts.training, "training examples"),
            (counts.validation, "validation examples"),
        ] {
            let most = Self::MAXIMUM_NUMBERS / (features * stride);
            if count > most {
                let expected =
                    format!("at most {most} {what} of {features} features in {stride} lanes");
                return Err(refused(expected, count));
            }
        }
        Ok(counts)
    }
}

impl std::fmt::Debug for LearnerTask {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("LearnerTask");
        shown.field("name", &self.name).finish_non_exhaustive()
    }
}
