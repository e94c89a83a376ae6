//! Programs that have done well, for fragments of them to be used again.

use std::collections::VecDeque;

use super::Individual;
use crate::fitness::Fingerprint;
use crate::program::Program;

/// The most programs; of more, the oldest go.
const CAPACITY: usize = 32;

/// The best of each island in every generation, without what has no effect; each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Library {
    fingerprints: VecDeque<Fingerprint>,
    /// As many, in the same order.
    programs: Vec<Program>,
}

impl Library {
    /// Takes in an individual's program, unless it is there.
    pub(super) fn insert(&mut self, individual: &Individual) {
        if !self.fingerprints.contains(&individual.fingerprint) {
            let program = individual.program.without_idle_instructions();
            self.push(individual.fingerprint, program);
        }
    }

    /// Takes in a program at the end.
    pub(crate) fn push(&mut self, fingerprint: Fingerprint, program: Program) {
        if self.programs.len() == CAPACITY {
            self.fingerprints.pop_front();
            self.programs.remove(0);
        }
        self.fingerprints.push_back(fingerprint);
        self.programs.push(program);
    }

    /// The programs, oldest first.
    pub(super) fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The programs with their fingerprints, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fingerprint, &Program)> {
        self.fingerprints.iter().copied().zip(&self.programs)
    }
}
