//! What a thread keeps from one candidate to the next, so that judging one allocates next to nothing.

use std::cell::RefCell;

use mlevolve_tasks::learner::LaneExamples;
use rustc_hash::FxHashMap;

use super::classroom::Classroom;
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
    /// What of the candidate has an effect.
    pub(super) effective: Effective,
    pub(super) bytes: Vec<u8>,
    /// The number of a judge, and its fingerprints of programs of each structure.
    pub(super) known: (u64, FxHashMap<Box<[u8]>, Fingerprint>),
}

/// How many structures a thread knows the fingerprint of, before it forgets all.
pub(super) const MOST_KNOWN: usize = 50_000;

/// What a program's functions do, as bytes: two programs of the same have the same bits.
pub(super) fn structure(program: &Program, effective: &Effective, bytes: &mut Vec<u8>) {
    bytes.clear();
    for body in &effective.bodies {
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
