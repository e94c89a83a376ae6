//! Verdicts that need not be reached again.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::fitness::Fingerprint;

/// How many verdicts are remembered; of more, the oldest are forgotten. Bounds memory and the size of
/// a checkpoint in searches over millions of candidates.
const REMEMBERED: usize = 100_000;

/// Verdicts by fingerprint: a fitness, or nothing for what was rejected.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Only looked up, never iterated.
    verdicts: FxHashMap<Fingerprint, Option<f64>>,
    /// In the order in which they were reached.
    order: VecDeque<Fingerprint>,
}

impl Seen {
    pub(crate) fn insert(&mut self, hash: Fingerprint, verdict: Option<f64>) {
        if self.verdicts.insert(hash, verdict).is_none() {
            self.order.push_back(hash);
        }
    }

    /// What is known of a fingerprint, if anything is.
    pub(crate) fn verdict(&self, hash: Fingerprint) -> Option<Option<f64>> {
        self.verdicts.get(&hash).copied()
    }

    /// Forgets the oldest verdicts, down to [`REMEMBERED`]. Done between generations, so that none is
    /// forgotten that a candidate of this one was found to have.
    pub(super) fn forget_oldest(&mut self) {
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.verdicts.remove(&oldest);
            }
        }
    }

    /// Everything that is remembered, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fingerprint, Option<f64>)> + '_ {
        let order = self.order.iter();
        order.map(|hash| (*hash, self.verdicts.get(hash).copied().flatten()))
    }
}
