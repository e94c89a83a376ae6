//! What a thread keeps from one candidate to the next, so that judging one allocates next to nothing.

use std::cell::RefCell;
use std::sync::Arc;

use mlevolve_tasks::learner::{LaneExamples, Lessons};
use rustc_hash::FxHashMap;

use super::classroom::Classroom;
use super::examples::Book;
use super::grading::Certificate;
use super::lessons::Lesson;
use crate::fitness::Fingerprint;
use crate::program::{CellIndex, Effective, Program, Role};

thread_local! {
    /// This thread's.
    pub(super) static DESK: RefCell<Desk> = RefCell::default();
}

/// What a thread keeps from one candidate to the next. None of it changes a result.
#[derive(Default)]
pub(super) struct Desk {
    /// One for each kind of task and number of lanes.
    pub(super) classrooms: Vec<Classroom>,
    pub(super) predictions: Vec<f32>,
    /// Copies of small panels of examples, which can be worked on where they are.
    pub(super) copies: Vec<OwnPanel>,
    /// Of the kind of task that the candidate is on.
    pub(super) certificate: Certificate,
    /// What of the candidate has an effect.
    pub(super) effective: Effective,
    pub(super) bytes: Vec<u8>,
    /// The number of a judge, and its fingerprints of programs by those of their structures.
    pub(super) known: (u64, FxHashMap<Fingerprint, Fingerprint>),
}

/// A thread's own copy of a panel of examples.
pub(super) struct OwnPanel {
    /// Where it is from: a lesson, and the places of a kind of task and of a panel there.
    lesson: Arc<Lesson>,
    place: (usize, usize),
    training: Lessons,
    validation: Lessons,
}

/// The thread's own copies of a panel's examples for training and for validation, if they are few; else those that others read too.
/// Of too many copies, all are given up.
pub(super) fn own_books<'a>(
    copies: &'a mut Vec<OwnPanel>,
    lesson: &Arc<Lesson>,
    place: (usize, usize),
    panel: &'a LaneExamples,
) -> [Book<'a>; 2] {
    const MOST_COPIES: usize = 8;
    const MOST_NUMBERS: usize = 1 << 16;
    let numbers = |lessons: &Lessons| lessons.features.len() + lessons.labels.len();
    if numbers(&panel.training) + numbers(&panel.validation) > MOST_NUMBERS {
        return Book::pair(panel);
    }
    let known = copies
        .iter()
        .position(|copy| copy.place == place && Arc::ptr_eq(&copy.lesson, lesson));
    let known = known.unwrap_or_else(|| {
        if copies.len() >= MOST_COPIES {
            copies.clear();
        }
        copies.push(OwnPanel {
            lesson: Arc::clone(lesson),
            place,
            training: panel.training.clone(),
            validation: panel.validation.clone(),
        });
        copies.len() - 1
    });
    let OwnPanel {
        training,
        validation,
        ..
    } = &mut copies[known];
    [Book::Own(training), Book::Own(validation)]
}

/// How many structures a thread knows the fingerprint of, before it forgets all.
pub(super) const MOST_KNOWN: usize = 50_000;

/// What a program's functions do, as bytes: two programs of the same have the same bits.
pub(super) fn structure(program: &Program, effective: &Effective, bytes: &mut Vec<u8>) {
    bytes.clear();
    for body in effective.bodies.iter() {
        bytes.push(body.len() as u8);
        for instruction in body {
            bytes.extend_from_slice(instruction.op().mnemonic().as_bytes());
            bytes.push(0);
            bytes.extend(instruction.cells().map(|cell| cell.index() as u8));
        }
    }
    for (index, cell) in CellIndex::enumerate(program.cells()) {
        if !effective.kept.contains(index) {
            continue;
        }
        bytes.extend([index.index() as u8, cell.shape as u8]);
        match cell.role {
            Role::Constant(value) => bytes.extend_from_slice(&value.value().to_le_bytes()),
            Role::Input | Role::State | Role::Scratch | Role::Output => {
                bytes.push(cell.role.keyword().as_bytes()[1]);
            }
        }
    }
}

/// The thread's room for tasks of this shape; of too many rooms, all are given up.
pub(super) fn room_for<'a>(
    classrooms: &'a mut Vec<Classroom>,
    examples: &LaneExamples,
) -> &'a mut Classroom {
    const MOST_ROOMS: usize = 8;
    let (features, lanes) = (examples.features, examples.lanes);
    let place = classrooms
        .iter()
        .position(|room| room.is_for(features, lanes));
    let place = place.unwrap_or_else(|| {
        if classrooms.len() >= MOST_ROOMS {
            classrooms.clear();
        }
        classrooms.push(Classroom::new(features, lanes));
        classrooms.len() - 1
    });
    &mut classrooms[place]
}
