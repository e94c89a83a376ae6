//! The best programs of every cost and length: what a search found beside what leads.
//!
//! Which of two programs is better is not said by a fitness alone: one that is nearly as good at half the cost may be worth
//! more. The archive holds every program to which there is none that is at least as good in all of fitness, cost and length
//! and better in one: the Pareto front of everything that was judged.

use super::Individual;

/// The most programs; of more, those go whose fitness is least.
const CAPACITY: usize = 256;

/// A program that is kept for what it is: best at its cost and length, or fittest of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchivedIndividual {
    /// The individual, with its fitness on the search's seeds.
    pub individual: Individual,
    /// The generation that it came with.
    pub generation: u32,
}

/// Programs of which none is better than another, the fittest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archive {
    members: Vec<ArchivedIndividual>,
}

impl ArchivedIndividual {
    /// Whether it leaves no reason to keep another one.
    fn covers(&self, other: &Individual) -> bool {
        let own = &self.individual;
        own.fitness >= other.fitness
            && own.cost <= other.cost
            && own.instructions <= other.instructions
    }
}

impl Archive {
    /// Of members that were an archive's.
    pub(crate) const fn restored(members: Vec<ArchivedIndividual>) -> Self {
        Self { members }
    }

    /// The programs, the fittest first.
    #[must_use]
    pub fn members(&self) -> &[ArchivedIndividual] {
        &self.members
    }

    /// The fittest, then the fittest of those that cost less, and so on, so many at most.
    #[must_use]
    pub fn fittest_at_falling_costs(&self, most: usize) -> Vec<&ArchivedIndividual> {
        let mut cheapest = None;
        let members = self.members.iter().filter(|member| {
            let cost = member.individual.cost;
            let is_cheaper = cheapest.is_none_or(|cheapest| cost < cheapest);
            if is_cheaper {
                cheapest = Some(cost);
            }
            is_cheaper
        });
        members.take(most).collect()
    }

    /// Takes an individual of this generation in, and lets go of those that are no better than it in anything, unless
    /// there is one that it is no better than. The first of equals stays.
    pub(super) fn insert(&mut self, individual: &Individual, generation: u32) {
        if self.members.iter().any(|member| member.covers(individual)) {
            return;
        }
        let member = ArchivedIndividual {
            individual: individual.clone(),
            generation,
        };
        self.members
            .retain(|other| !member.covers(&other.individual));
        let is_fitter = |other: &ArchivedIndividual| other.individual.fitness >= individual.fitness;
        let place = self.members.partition_point(is_fitter);
        self.members.insert(place, member);
        self.members.truncate(CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::super::individual::tests::individual;
    use super::*;

    #[test]
    fn only_what_is_best_in_something_stays() {
        let mut archive = Archive::default();
        let ids = |archive: &Archive| -> Vec<u64> {
            let members = archive.members().iter();
            members.map(|member| member.individual.id).collect()
        };
        archive.insert(&individual(0, "adam", 0.8, 12), 3);
        archive.insert(&individual(1, "sgd", 0.5, 2), 3);
        // As good, at a greater cost; as good at the same; worse.
        archive.insert(&individual(2, "adam", 0.8, 13), 3);
        archive.insert(&individual(3, "sgd", 0.5, 2), 3);
        archive.insert(&individual(4, "adam", 0.4, 12), 3);
        assert_eq!(ids(&archive), [0, 1]);
        // Shorter than Adam, and as good.
        archive.insert(&individual(5, "momentum", 0.8, 12), 3);
        assert_eq!(ids(&archive), [5, 1]);
        archive.insert(&individual(6, "adam", 0.9, 20), 3);
        assert_eq!(ids(&archive), [6, 5, 1]);
        // Better than all.
        archive.insert(&individual(7, "sgd", 0.9, 1), 3);
        assert_eq!(ids(&archive), [7]);
    }

    #[test]
    fn a_short_front_has_the_fittest_at_each_cost() {
        let mut archive = Archive::default();
        // The second costs more than the first and is shorter.
        for (id, name, fitness, cost) in [
            (0, "adam", 0.9, 12),
            (1, "momentum", 0.8, 14),
            (2, "momentum", 0.7, 4),
            (3, "sgd", 0.5, 2),
        ] {
            archive.insert(&individual(id, name, fitness, cost), 0);
        }
        assert_eq!(archive.members().len(), 4);
        let short = |most: usize| -> Vec<u64> {
            let members = archive.fittest_at_falling_costs(most);
            members.iter().map(|member| member.individual.id).collect()
        };
        assert_eq!(short(8), [0, 2, 3]);
        assert_eq!(short(2), [0, 2]);
    }
}
