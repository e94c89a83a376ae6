//! The programs that may become parents.

use rand::{Rng, RngExt};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Individual;
use crate::fitness::Fingerprint;
use crate::program::distance;

/// How many pairs the diversity is averaged over.
const DIVERSITY_PAIRS: usize = 300;

/// Judged programs, no two of which have one fingerprint, by rising id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population {
    individuals: Vec<Individual>,
}

impl Population {
    /// The population of these individuals.
    #[must_use]
    pub fn new(mut individuals: Vec<Individual>) -> Self {
        individuals.sort_by_key(|individual| individual.id);
        Self { individuals }
    }

    /// The individuals, by rising id.
    #[must_use]
    pub fn individuals(&self) -> &[Individual] {
        &self.individuals
    }

    /// The individuals, by rising id, for whoever makes another population of them.
    pub(super) fn into_individuals(self) -> Vec<Individual> {
        self.individuals
    }

    /// The fingerprints of all individuals.
    pub(crate) fn fingerprints(&self) -> FxHashSet<Fingerprint> {
        let individuals = self.individuals.iter();
        individuals
            .map(|individual| individual.fingerprint)
            .collect()
    }

    /// The cost of each individual, by its fingerprint.
    pub(super) fn costs(&self) -> FxHashMap<Fingerprint, u32> {
        let individuals = self.individuals.iter();
        individuals.map(|one| (one.fingerprint, one.cost)).collect()
    }

    /// The best individual, unless there is none.
    #[must_use]
    pub fn best(&self) -> Option<&Individual> {
        self.individuals
            .iter()
            .min_by(|first, second| first.rank(second))
    }

    /// The best so many of those that cost no more than that, the best first.
    #[must_use]
    pub fn best_few(&self, count: usize, greatest_cost: u32) -> Vec<Individual> {
        let individuals = self.individuals.iter();
        let mut all: Vec<&Individual> = individuals
            .filter(|one| one.cost <= greatest_cost)
            .collect();
        all.sort_by(|first, second| first.rank(second));
        all.truncate(count);
        all.into_iter().cloned().collect()
    }

    /// The individual with this id, if it is there.
    #[must_use]
    pub fn with_id(&self, id: u64) -> Option<&Individual> {
        let place = self.individuals.binary_search_by_key(&id, |one| one.id);
        place.ok().map(|place| &self.individuals[place])
    }

    /// The best of `size` individuals drawn with replacement.
    ///
    /// # Panics
    /// If the population is empty.
    #[must_use]
    pub fn tournament(&self, size: usize, numbers: &mut impl Rng) -> &Individual {
        let mut draw = || &self.individuals[numbers.random_range(0..self.individuals.len())];
        let mut best = draw();
        for _ in 1..size {
            let next = draw();
            if next.rank(best).is_lt() {
                best = next;
            }
        }
        best
    }

    /// Lets go of the individuals that have the fingerprint of one of these.
    pub(crate) fn remove_twins_of(&mut self, children: &[Individual]) {
        let fingerprints: FxHashSet<Fingerprint> =
            children.iter().map(|child| child.fingerprint).collect();
        self.individuals
            .retain(|individual| !fingerprints.contains(&individual.fingerprint));
    }

    /// Takes in `children`, whose ids are greater and rise, and lets go of the oldest individuals that are not among the `elites`
    /// best, until no more than `capacity` are left.
    pub fn replace_oldest(&mut self, children: Vec<Individual>, elites: usize, capacity: usize) {
        self.individuals.extend(children);
        let all = &self.individuals;
        debug_assert!(all.is_sorted_by_key(|individual| individual.id));
        let mut by_rank: Vec<usize> = (0..all.len()).collect();
        let elites = elites.min(all.len());
        let mut stays = vec![false; all.len()];
        if elites > 0 && elites < all.len() {
            by_rank.select_nth_unstable_by(elites - 1, |&one, &other| all[one].rank(&all[other]));
        }
        for &place in &by_rank[..elites] {
            stays[place] = true;
        }
        let mut room = capacity.saturating_sub(elites);
        for stays in stays.iter_mut().rev().filter(|stays| !**stays) {
            if room == 0 {
                break;
            }
            (*stays, room) = (true, room - 1);
        }
        let mut stays = stays.into_iter();
        self.individuals.retain(|_| stays.next().unwrap_or(false));
    }

    /// The mean [`distance`] of two individuals, over random pairs: 0 where all programs have the same
    /// structure, near 1 where no two share any.
    #[must_use]
    pub fn diversity(&self, numbers: &mut impl Rng) -> f64 {
        let count = self.individuals.len();
        if count < 2 {
            return 0.0;
        }
        let mut sum = 0.0;
        for _ in 0..DIVERSITY_PAIRS {
            let first = numbers.random_range(0..count);
            // Any but the first.
            let second = (first + numbers.random_range(1..count)) % count;
            sum += distance(
                &self.individuals[first].program,
                &self.individuals[second].program,
            );
        }
        sum / DIVERSITY_PAIRS as f64
    }
}

/// The median fitness of some populations together, unless there is no individual; of an even number, the lower middle one.
pub(super) fn median_fitness<'a>(populations: impl Iterator<Item = &'a Population>) -> Option<f64> {
    let all = populations.flat_map(|population| &population.individuals);
    let mut fitnesses: Vec<f64> = all.map(|one| one.fitness).collect();
    let middle = fitnesses.len().checked_sub(1)? / 2;
    let (_, median, _) = fitnesses.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use mlevolve_tasks::stream;

    use super::super::individual::tests::individual as known_individual;
    use super::*;
    use crate::program::known::KNOWN;

    fn individual(id: u64, fitness: f64) -> Individual {
        known_individual(id, KNOWN[id as usize % KNOWN.len()].name, fitness, 1)
    }

    fn ids(population: &Population) -> Vec<u64> {
        population.individuals().iter().map(|one| one.id).collect()
    }

    #[test]
    fn the_oldest_go_but_the_best_stay() {
        let fitnesses = [0.1, 0.9, 0.2, 0.3, 0.8, 0.4];
        let individuals = (0..)
            .zip(fitnesses)
            .map(|(id, fitness)| individual(id, fitness));
        let mut population = Population::new(individuals.collect());
        population.replace_oldest(vec![individual(6, 0.0), individual(7, 0.95)], 2, 5);
        // 7 and 1 are the best; 6, 5 and 4 the youngest of the others.
        assert_eq!(ids(&population), [1, 4, 5, 6, 7]);
        assert_eq!(population.best().map(|best| best.id), Some(7));
        assert_eq!(median_fitness([&population].into_iter()), Some(0.8));
    }

    #[test]
    fn tournaments_prefer_the_better_and_large_ones_find_the_best() {
        let individuals = (0..9).map(|id| individual(id, id as f64)).collect();
        let population = Population::new(individuals);
        let mut numbers = stream(1, "test", [0, 0]);
        let mut mean = |size: usize| {
            let winners = (0..500).map(|_| population.tournament(size, &mut numbers).id);
            winners.sum::<u64>() as f64 / 500.0
        };
        let (single, few, many) = (mean(1), mean(3), mean(100));
        assert!((3.5..4.5).contains(&single), "{single}");
        assert!(single < few && few < many && many > 7.9, "{few} {many}");
    }

    #[test]
    fn diversity_is_zero_for_one_structure_and_high_for_many() {
        let mut numbers = stream(1, "test", [0, 0]);
        let same = (0..4).map(|id| individual(id * KNOWN.len() as u64, 0.0));
        assert_eq!(Population::new(same.collect()).diversity(&mut numbers), 0.0);
        let different = (0..KNOWN.len() as u64).map(|id| individual(id, 0.0));
        let diversity = Population::new(different.collect()).diversity(&mut numbers);
        assert!((0.4..1.0).contains(&diversity), "{diversity}");
        assert_eq!(Population::default().diversity(&mut numbers), 0.0);
    }
}
