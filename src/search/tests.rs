//! What becomes of the population of a small search for learners.

use std::sync::atomic::{AtomicBool, AtomicU64};

use rustc_hash::FxHashMap;

use super::{Individual, Search, SearchSettings};
use crate::fitness::Fingerprint;
use crate::learner::LearnerSettings;
use crate::program::Schema;
use crate::run::RunConfig;

/// The search after each of its generations.
fn generations(settings: SearchSettings) -> Vec<Search> {
    let mut search = Search::new(settings).unwrap();
    let judge = search.judge().unwrap();
    let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut after = Vec::new();
    while !search.is_finished() {
        search
            .advance(&*judge, None, &judged, &stop)
            .unwrap()
            .unwrap();
        after.push(search.clone());
    }
    after
}

fn settings(renews_twins: bool, restart_interval_generations: u32) -> SearchSettings {
    SearchSettings {
        population: 60,
        offspring: 60,
        generations: 7,
        seeds: 3,
        confirmation_seeds: 3,
        renews_twins,
        restart_interval_generations,
        learner: LearnerSettings {
            training_examples: 20,
            validation_examples: 20,
            ..LearnerSettings::default()
        },
        ..RunConfig::of(Schema::Learner).search
    }
}

fn individuals(search: &Search) -> &[Individual] {
    search.islands()[0].population.individuals()
}

/// How many individuals have the fingerprint of one that was there a generation before, another id, and what is asked of the
/// two.
fn renewed(after: &[Search], is_asked_for: impl Fn(&Individual, &Individual) -> bool) -> usize {
    let pairs = after.windows(2);
    pairs
        .map(|pair| {
            let before = individuals(&pair[0]).iter();
            let before: FxHashMap<Fingerprint, &Individual> =
                before.map(|one| (one.fingerprint, one)).collect();
            let now = individuals(&pair[1]).iter();
            now.filter(|now| {
                let before = before.get(&now.fingerprint);
                before.is_some_and(|before| before.id != now.id && is_asked_for(before, now))
            })
            .count()
        })
        .sum()
}

#[test]
fn twins_are_renewed_or_refused_and_never_both_there() {
    for (renews, least) in [(true, 10), (false, 0)] {
        let after = generations(settings(renews, 0));
        for search in &after {
            let all = individuals(search);
            assert!(all.is_sorted_by_key(|individual| individual.id));
            let mut fingerprints: Vec<_> = all.iter().map(|one| one.fingerprint).collect();
            fingerprints.sort_unstable();
            assert!(fingerprints.windows(2).all(|pair| pair[0] != pair[1]));
        }
        let renewed = renewed(&after, |before, now| renews || now.cost >= before.cost);
        assert_eq!(renewed > 0, renews, "{renewed}");
        assert!(renewed >= least, "{renewed}");
    }
}

#[test]
fn a_population_begins_anew_and_the_leader_stays() {
    let after = generations(settings(true, 3));
    for (generation, search) in after.iter().enumerate() {
        let begun = generation / 3 * 3 * 60;
        let oldest = individuals(search).iter().map(|one| one.id).min();
        // An elite of the generations before would be older.
        assert!(oldest >= Some(begun as u64), "{generation}: {oldest:?}");
        let has_no_parents = |one: &Individual| one.origin.parents.is_empty();
        assert_eq!(
            individuals(search).iter().all(has_no_parents),
            generation % 3 == 0
        );
    }
    let confirmed = |search: &Search| search.leader().unwrap().confirmed.fitness;
    assert!(after.is_sorted_by(|one, other| confirmed(one) <= confirmed(other)));
    // What is random is not random in the same way again.
    let first = |generation: usize| individuals(&after[generation])[0].program.clone();
    assert_ne!(first(0), first(3));
}
