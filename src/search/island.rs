//! Populations that breed apart, and the ring on which a few of each go to the next.
//!
//! A population in which everyone may marry everyone else soon descends from one program. Islands (Cohoon et al. 1987,
//! "Punctuated Equilibria: A Parallel Genetic Algorithm"; Tanese 1989) try several in the time of one, and what one
//! of them finds comes to all in the end.

use mlevolve_tasks::stream;
use serde::{Deserialize, Serialize};
use smallvec::smallvec;

use super::behaviour::behavioural_diversity;
use super::niches::cleared;
use super::{Individual, Operator, Origin, Population, SearchSettings};
use crate::fitness::Judge;

/// A population, and what its next generation depends on beside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Island {
    /// Who lives there.
    pub population: Population,
    /// How different their structures are, from 0 to 1.
    pub diversity: f64,
    /// How differently they behave, from 0 to 1.
    pub behavioural_diversity: f64,
}

/// What is different on one island. What is absent is as on all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IslandSettings {
    /// How many programs a tournament draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tournament: Option<usize>,
    /// The share of candidates made of two parents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crossover_probability: Option<f64>,
    /// The probability that a child is mutated once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub further_mutation_probability: Option<f64>,
    /// The share of candidates that are random programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection_rate: Option<f64>,
    /// What a program may cost that enters the population, unless it is a known one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greatest_cost: Option<u32>,
}

impl IslandSettings {
    /// A search's settings with these in place of them.
    pub(super) fn over(&self, settings: &mut SearchSettings) {
        let Self {
            tournament,
            crossover_probability,
            further_mutation_probability,
            injection_rate,
            greatest_cost,
        } = *self;
        settings.greatest_cost = greatest_cost.or(settings.greatest_cost);
        let set = |setting: &mut f64, own: Option<f64>| *setting = own.unwrap_or(*setting);
        settings.tournament = tournament.unwrap_or(settings.tournament);
        set(&mut settings.crossover_probability, crossover_probability);
        set(
            &mut settings.further_mutation_probability,
            further_mutation_probability,
        );
        set(&mut settings.injection_rate, injection_rate);
    }
}

/// The part of so many that one island has; the first have one more where it does not come out even.
pub(super) fn share(all: usize, islands: usize, island: usize) -> usize {
    all / islands + usize::from(island < all % islands)
}

impl SearchSettings {
    /// What a program may cost on an island, by its place.
    pub(super) fn greatest_cost_on(&self, island: usize) -> u32 {
        let own = self.island.get(island).and_then(|own| own.greatest_cost);
        own.or(self.greatest_cost).unwrap_or(u32::MAX)
    }

    /// These settings as one island has them, by its place: with its part of the population, of the candidates, of those
    /// that may train, and of the elites.
    #[must_use]
    pub fn on_island(&self, island: usize) -> Self {
        let mut settings = self.clone();
        if let Some(own) = self.island.get(island) {
            own.over(&mut settings);
        }
        settings.population = share(self.population, self.islands, island);
        settings.offspring = share(self.offspring, self.islands, island);
        let training = self.trained_offspring;
        settings.trained_offspring = training.map(|all| share(all, self.islands, island));
        let elites = share(self.elites, self.islands, island).max(1);
        settings.elites = elites.min(settings.population);
        settings
    }
}

impl Island {
    /// Takes in children, lets go of those that niches have no room for and of the oldest, and looks at how different those are that stay.
    pub(super) fn grow(
        &mut self,
        children: Vec<Individual>,
        settings: &SearchSettings,
        generation: u32,
        place: usize,
        judge: &dyn Judge,
    ) {
        let arriving = match settings.niches {
            Some(niches) => {
                let mut all = std::mem::take(&mut self.population).into_individuals();
                all.extend(children);
                cleared(all, niches, judge)
            }
            None => children,
        };
        let (elites, capacity) = (settings.elites, settings.population);
        self.population.replace_oldest(arriving, elites, capacity);
        let key = [u64::from(generation), place as u64];
        let mut numbers = stream(settings.seed, "diversity", key);
        self.diversity = self.population.diversity(&mut numbers);
        self.behavioural_diversity =
            behavioural_diversity(&self.population, judge, settings, generation, place);
    }
}

/// Sends copies of the best of each island, among those that the next one may have, to that one, unless a twin of theirs is
/// there, under ids from `next_id` on; the id after the last. They are as young as children, and displace the oldest as those do.
pub(super) fn migrate(islands: &mut [Island], settings: &SearchSettings, next_id: u64) -> u64 {
    let count = islands.len();
    let mut id = next_id;
    let leaving: Vec<Vec<Individual>> = (0..count)
        .map(|from| {
            let greatest_cost = settings.greatest_cost_on((from + 1) % count);
            let population = &islands[from].population;
            population.best_few(settings.migrants, greatest_cost)
        })
        .collect();
    for (from, migrants) in leaving.into_iter().enumerate() {
        let to = (from + 1) % count;
        let present = islands[to].population.fingerprints();
        let mut arriving = Vec::new();
        for migrant in migrants {
            if present.contains(&migrant.fingerprint) {
                continue;
            }
            let origin = Origin {
                parents: [migrant.id].into_iter().collect(),
                operators: smallvec![Operator::Migration],
            };
            arriving.push(Individual {
                id,
                origin,
                ..migrant
            });
            id += 1;
        }
        let own = settings.on_island(to);
        islands[to]
            .population
            .replace_oldest(arriving, own.elites, own.population);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn islands_share_everything_and_leave_nothing() {
        let settings = SearchSettings {
            islands: 3,
            population: 100,
            offspring: 50,
            elites: 2,
            island: vec![IslandSettings {
                tournament: Some(2),
                ..IslandSettings::default()
            }],
            ..SearchSettings::default()
        };
        let all = [0, 1, 2].map(|island| settings.on_island(island));
        assert_eq!(all.each_ref().map(|own| own.population), [34, 33, 33]);
        assert_eq!(all.each_ref().map(|own| own.offspring), [17, 17, 16]);
        assert_eq!(all.each_ref().map(|own| own.elites), [1, 1, 1]);
        assert_eq!(all.each_ref().map(|own| own.tournament), [2, 6, 6]);
    }
}
