//! What a generation did, and all together.

use serde::{Deserialize, Serialize};

use super::Fate;

/// What has become of candidates so far, the first generation's included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Programs that were made.
    pub candidates: u64,
    /// Of these, those that had been judged before, up to names and order.
    pub seen_before: u64,
    /// Of these, those that a probe rejected.
    pub rejected: u64,
    /// Of these, those that were trained, but not on the whole suite.
    pub dropped: u64,
    /// Of these, those that were trained on the whole suite.
    pub judged: u64,
}

impl Totals {
    /// The share of candidates that never trained.
    #[must_use]
    pub fn share_untrained(&self) -> f64 {
        if self.candidates == 0 {
            0.0
        } else {
            (self.seen_before + self.rejected) as f64 / self.candidates as f64
        }
    }

    pub(super) fn add(&mut self, counts: &Self) {
        self.candidates += counts.candidates;
        self.seen_before += counts.seen_before;
        self.rejected += counts.rejected;
        self.dropped += counts.dropped;
        self.judged += counts.judged;
    }
}

/// What one generation did.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Its number; 0 is the first.
    pub number: u32,
    /// What became of its candidates.
    pub counts: Totals,
    /// The greatest fitness in the population after it, on the search's seeds.
    pub best_fitness: f64,
    /// The population's median fitness.
    pub median_fitness: f64,
    /// The population's diversity.
    pub diversity: f64,
    /// Whether the lead changed.
    pub new_leader: bool,
    /// What became of its candidates, by rising id, as far as the settings have them written down.
    pub fates: Vec<Fate>,
}
