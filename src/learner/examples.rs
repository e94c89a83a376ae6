//! Examples, as they are handed to a seat: some of a panel's at a time.
//!
//! What other threads read too is copied before it is worked on. So of small panels a thread has copies of its own
//! ([`own_books`](super::desk::own_books)), which are worked on where they are.

use mlevolve_ir::lane_kernel::LaneArgument;
use mlevolve_tasks::learner::{LaneExamples, Lessons};

/// Numbers that examples are made of. Nobody changes them.
#[derive(Debug)]
pub(super) enum Numbers<'a> {
    /// What other threads read too.
    Shared(&'a [f32]),
    /// What is the thread's own.
    Own(&'a mut [f32]),
}

impl Numbers<'_> {
    pub(super) const fn as_slice(&self) -> &[f32] {
        match self {
            Self::Shared(numbers) => numbers,
            Self::Own(numbers) => numbers,
        }
    }

    /// The argument that they are for lane code, which reads them.
    pub(super) const fn argument(&mut self) -> LaneArgument<'_> {
        match self {
            Self::Shared(numbers) => LaneArgument::ReadEach(numbers),
            Self::Own(numbers) => LaneArgument::WriteEach(numbers),
        }
    }
}

/// Some of a task's examples, in all lanes.
#[derive(Debug)]
pub(super) struct Examples<'a> {
    pub(super) count: usize,
    /// For each example, each feature and each lane a number.
    pub(super) features: Numbers<'a>,
    /// For each example, each element of its label and each lane a number.
    pub(super) labels: Numbers<'a>,
}

impl<'a> Examples<'a> {
    /// Those of some lessons from `start` to `end`, which must be among them.
    pub(super) fn of(lessons: &'a Lessons, start: usize, end: usize) -> Self {
        Book::Shared(lessons).into_part(start, end)
    }
}

/// Where examples are taken from.
#[derive(Debug)]
pub(super) enum Book<'a> {
    /// What other threads read too.
    Shared(&'a Lessons),
    /// What is the thread's own.
    Own(&'a mut Lessons),
}

impl<'a> Book<'a> {
    /// A panel's examples for training and for validation, which other threads read too.
    pub(super) const fn pair(panel: &'a LaneExamples) -> [Self; 2] {
        [
            Self::Shared(&panel.training),
            Self::Shared(&panel.validation),
        ]
    }

    /// How many examples there are in each lane.
    pub(super) const fn count(&self) -> usize {
        match self {
            Self::Shared(lessons) => lessons.count,
            Self::Own(lessons) => lessons.count,
        }
    }

    /// The examples from `start` to `end`, which must be among them.
    pub(super) fn part(&mut self, start: usize, end: usize) -> Examples<'_> {
        let book = match self {
            Self::Shared(lessons) => Book::Shared(lessons),
            Self::Own(lessons) => Book::Own(lessons),
        };
        book.into_part(start, end)
    }

    fn into_part(self, start: usize, end: usize) -> Examples<'a> {
        let count = self.count();
        let part = |length: usize| start * (length / count)..end * (length / count);
        let (features, labels) = match self {
            Self::Shared(Lessons {
                features, labels, ..
            }) => (
                Numbers::Shared(&features[part(features.len())]),
                Numbers::Shared(&labels[part(labels.len())]),
            ),
            Self::Own(Lessons {
                features, labels, ..
            }) => {
                let [of_features, of_labels] = [features.len(), labels.len()].map(part);
                (
                    Numbers::Own(&mut features[of_features]),
                    Numbers::Own(&mut labels[of_labels]),
                )
            }
        };
        Examples {
            count: end - start,
            features,
            labels,
        }
    }
}
