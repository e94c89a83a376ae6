//! Niches: of programs that do almost the same, only the fittest stay, so that a population is not one program and its variants.
//!
//! The variants of a good program, other constants and terms that hardly matter, are nearly as good as it is and easily made. Each is one more
//! that tournaments find, so that soon all parents are of its kind, and all training goes into telling its variants apart. Clearing (Pétrowski 1996, "A clearing
//! procedure as a niching method for genetic algorithms") gives a niche to the fittest, takes in whoever behaves like it, and lets go of the others:
//!
//! ```text
//!   population and children, the fittest first ──► as many nearby already, that are fitter? ── yes ──► goes
//!                                                                 └── no ──► stays
//! ```
//!
//! How near two programs are is the angle between their behaviours, whatever they look like.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Individual;
use super::behaviour::{angle, direction};
use crate::fitness::Judge;

/// What a user can say about them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NicheSettings {
    /// The distance of behaviours, from 0 to 1, up to which two programs are in one niche. Default: 0.01, at which update rules that
    /// differ by their momentum are in one, and those that take signs in another.
    pub radius: f64,
    /// How many may be in one, on each island. Default: 3.
    pub capacity: usize,
}

impl Default for NicheSettings {
    fn default() -> Self {
        Self {
            radius: 0.01,
            capacity: 3,
        }
    }
}

/// Those of these individuals that are in no niche with so many that are better, in the same order.
pub(super) fn cleared(
    mut individuals: Vec<Individual>,
    niches: NicheSettings,
    judge: &dyn Judge,
) -> Vec<Individual> {
    let behaviours: Vec<Option<Vec<f64>>> = individuals
        .par_iter()
        // What has been judged has a behaviour.
        .map(|one| judge.behaviour(&one.program).ok().map(|it| direction(&it)))
        .collect();
    let mut by_rank: Vec<usize> = (0..individuals.len()).collect();
    by_rank.sort_by(|&one, &other| individuals[one].rank(&individuals[other]));
    let mut stays = vec![true; individuals.len()];
    let mut settled: Vec<&[f64]> = Vec::with_capacity(individuals.len());
    for place in by_rank {
        let Some(behaviour) = &behaviours[place] else {
            continue;
        };
        let near = settled
            .iter()
            .filter(|other| angle(other, behaviour) <= niches.radius);
        if near.count() < niches.capacity {
            settled.push(behaviour);
        } else {
            stays[place] = false;
        }
    }
    let mut stays = stays.into_iter();
    individuals.retain(|_| stays.next().unwrap_or(false));
    individuals
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use super::super::behaviour::behavioural_distance;
    use super::super::{Search, SearchSettings};
    use super::*;

    /// The most that are within a radius of an individual and fitter than it, in the population of a small search at its end.
    fn most_that_are_near_and_fitter(radius: f64, niches: Option<NicheSettings>) -> usize {
        let settings = SearchSettings {
            suite: "iris-logistic".to_owned(),
            generations: 6,
            population: 60,
            offspring: 60,
            seeds: 1,
            confirmation_seeds: 1,
            niches,
            ..SearchSettings::default()
        };
        let mut search = Search::new(settings).unwrap();
        let judge = search.judge().unwrap();
        let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        while !search.is_finished() {
            search
                .advance(&*judge, None, &judged, &stop)
                .unwrap()
                .unwrap();
        }
        let individuals = search.islands()[0].population.individuals();
        assert!(individuals.len() > 20);
        let behaviour = |one: &Individual| judge.behaviour(&one.program).unwrap();
        let near_and_fitter = |one: &Individual| {
            let own = behaviour(one);
            let fitter = individuals.iter().filter(|other| other.rank(one).is_lt());
            fitter
                .filter(|other| behavioural_distance(&behaviour(other), &own) <= radius)
                .count()
        };
        individuals.iter().map(near_and_fitter).max().unwrap()
    }

    #[test]
    fn a_niche_has_room_for_so_many() {
        let radius = 0.02;
        assert!(most_that_are_near_and_fitter(radius, None) > 5);
        for capacity in [1, 3] {
            let niches = NicheSettings { radius, capacity };
            let most = most_that_are_near_and_fitter(radius, Some(niches));
            assert_eq!(most, capacity - 1);
        }
    }
}
