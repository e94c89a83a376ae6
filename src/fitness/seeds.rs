//! Which seeds are used for what, so that no result is reported on seeds that it was chosen on.
//!
//! A search picks candidates by their luck as well as by their merit. What leads is therefore judged
//! again on seeds of its own, and what is reported on others again, which are the same for every
//! program, so that figures of different runs can be compared.

use mlevolve_tasks::stream;
use rand::Rng;

/// How many seeds a learning rate is tuned on, as in learned_optimization (Metz et al. 2022).
const TUNING_SEEDS: u64 = 5;
/// How many seeds a reported figure is a mean over.
const JUDGING_SEEDS: u64 = 5;

/// The seeds on which learning rates are tuned.
#[must_use]
pub fn tuning_seeds() -> Vec<u64> {
    (1_000..1_000 + TUNING_SEEDS).collect()
}

/// The seeds of every figure that is reported, the same for all programs.
#[must_use]
pub fn judging_seeds() -> Vec<u64> {
    judging_task_seeds(JUDGING_SEEDS as usize)
}

/// So many seeds for figures that are reported, where each is a task of its own.
#[must_use]
pub fn judging_task_seeds(count: usize) -> Vec<u64> {
    (2_000..2_000 + count as u64).collect()
}

/// So many seeds for what is measured to explain a program, the same for all programs.
#[must_use]
pub fn explanation_seeds(count: usize) -> Vec<u64> {
    (1 << 20..(1 << 20) + count as u64).collect()
}

/// The seeds on which a search with this seed judges every candidate.
#[must_use]
pub fn search_seeds(run_seed: u64, count: usize) -> Vec<u64> {
    drawn(run_seed, "search seeds", count)
}

/// The seeds on which a search with this seed takes a second look at what would be among the best.
#[must_use]
pub fn second_look_seeds(run_seed: u64, count: usize) -> Vec<u64> {
    drawn(run_seed, "second look seeds", count)
}

/// The seeds on which a search with this seed judges what is to lead.
#[must_use]
pub fn confirmation_seeds(run_seed: u64, count: usize) -> Vec<u64> {
    drawn(run_seed, "confirmation seeds", count)
}

fn drawn(run_seed: u64, purpose: &str, count: usize) -> Vec<u64> {
    let mut numbers = stream(run_seed, purpose, [0, 0]);
    (0..count).map(|_| numbers.next_u64()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_purposes_share_a_seed() {
        let lists = [
            tuning_seeds(),
            judging_seeds(),
            judging_task_seeds(10_000)[5..].to_vec(),
            explanation_seeds(1_000),
            search_seeds(1, 5),
            search_seeds(2, 5),
            confirmation_seeds(1, 5),
        ];
        let all: BTreeSet<u64> = lists.iter().flatten().copied().collect();
        assert_eq!(all.len(), lists.iter().map(Vec::len).sum::<usize>());
        assert_eq!(all.len(), 25 + 9_995 + 1_000);
        assert_eq!(search_seeds(1, 2), search_seeds(1, 5)[..2]);
    }
}
