//! What a generation did, and all together.

use serde::{Deserialize, Serialize};

use super::{Fate, StageCount};

/// What has become of candidates so far, the first generation's included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Programs that were made.
    pub candidates: u64,
    /// Of these, those that took over an earlier one's verdict: what they are or what they do had been seen before.
    pub seen_before: u64,
    /// Of these, those that a probe rejected.
    pub rejected: u64,
    /// Of these, those that were trained, but not on the whole suite.
    pub dropped: u64,
    /// Of these, those that were trained on the whole suite.
    pub judged: u64,
    /// Steps of training in all; of learners, examples that were taught.
    pub training_steps: u64,
    /// Instructions of all candidates together.
    pub instructions: u64,
    /// Of these, those that have an effect.
    pub effective_instructions: u64,
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
        self.training_steps += counts.training_steps;
        self.instructions += counts.instructions;
        self.effective_instructions += counts.effective_instructions;
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
    /// The population's diversity of structure.
    pub diversity: f64,
    /// Its diversity of behaviour.
    pub behavioural_diversity: f64,
    /// What each stage did that candidates go through, in order.
    pub funnel: Vec<StageCount>,
    /// How long each took, on all threads together: the one thing here that is no function of the settings.
    pub stage_ns: Vec<u64>,
    /// Whether the lead changed.
    pub new_leader: bool,
    /// What became of its candidates, by rising id, as far as the settings have them written down.
    pub fates: Vec<Fate>,
}
