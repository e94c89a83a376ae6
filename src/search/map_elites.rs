//! The fittest program of each kind, so that a search keeps kinds that it would else forget.
//!
//! A population soon consists of relatives of its best program. MAP-Elites (Mouret and Clune 2015, "Illuminating search
//! spaces by mapping elites", arXiv:1504.04909) divides what programs can be like into cells and keeps the fittest of each
//! cell, however much fitter those of others are. Here a cell is a class of costs and a size of state:
//!
//! ```text
//!   state ▲
//!       2 │  ·    ·    ·   adam            every judged candidate ──► its cell, if it is fitter
//!       1 │  ·    ·  momentum               than who is there
//!       0 │ sgd  ·    ·    ·               parents ◄── with a probability, a cell drawn uniformly
//!         └────────────────────►
//!           1   2–3  4–7  8–15   cost
//! ```
//!
//! The map is one for all islands. A population that begins anew leaves it as it is.

use std::fmt;

use mlevolve_ir::Shape;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{ArchivedIndividual, Individual};
use crate::program::{CellIndex, Program, Role};

/// What a user can say about the map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapElitesSettings {
    /// The probability that a parent is drawn from the map, each cell as likely as any other, instead of by a
    /// tournament in the population. Default: 0.5.
    pub probability: f64,
}

impl Default for MapElitesSettings {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

/// A kind of programs. Displayed as the range of its costs and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapCell {
    /// 0 for no cost at all; n for costs from 2ⁿ⁻¹ up to and without 2ⁿ.
    cost_class: u32,
    /// How many cells larger than a scalar a program keeps from one call to the next, of those that have an effect: of
    /// an update rule, the numbers for each parameter.
    state: usize,
}

impl MapCell {
    /// The cell of programs that cost so much, in the unit of [`Individual::cost`], and keep so many values.
    #[must_use]
    pub const fn new(cost: u32, state: usize) -> Self {
        Self {
            cost_class: u32::BITS - cost.leading_zeros(),
            state,
        }
    }

    /// The cell of an individual.
    #[must_use]
    pub fn of(individual: &Individual) -> Self {
        Self::new(individual.cost, state_size(&individual.program))
    }
}

impl fmt::Display for MapCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = 1_u64 << self.cost_class;
        let (least, most) = (end / 2, end - 1);
        if least == most {
            write!(formatter, "{most}, {}", self.state)
        } else {
            write!(formatter, "{least}–{most}, {}", self.state)
        }
    }
}

/// How many cells of state there are whose value at the start of a call matters. A scalar is no more for a large model than for
/// a small one, so it does not count.
fn state_size(program: &Program) -> usize {
    let effective = program.effective();
    let is_needed = |index: CellIndex| {
        let mut functions = effective.needed_at_start.iter();
        functions.any(|needed| needed.contains(index))
    };
    CellIndex::enumerate(program.cells())
        .filter(|(_, cell)| cell.role == Role::State && cell.shape != Shape::Scalar)
        .filter(|(index, _)| is_needed(*index))
        .count()
}

/// The fittest program of each cell that has any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapElites {
    /// By rising cell.
    elites: Vec<(MapCell, ArchivedIndividual)>,
}

impl MapElites {
    /// Of members that were a map's.
    pub(crate) fn restored(members: impl IntoIterator<Item = ArchivedIndividual>) -> Self {
        let mut map = Self::default();
        for member in members {
            map.take(MapCell::of(&member.individual), member);
        }
        map
    }

    /// The programs, by rising cell.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &ArchivedIndividual> {
        self.elites.iter().map(|(_, member)| member)
    }

    /// The cells that have a program, in rising order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = MapCell> {
        self.elites.iter().map(|(cell, _)| *cell)
    }

    /// The individual with this id, if it is there.
    #[must_use]
    pub fn with_id(&self, id: u64) -> Option<&Individual> {
        let mut individuals = self.members().map(|member| &member.individual);
        individuals.find(|individual| individual.id == id)
    }

    /// The cell of the individual with this id, if it is there.
    #[must_use]
    pub fn cell_of(&self, id: u64) -> Option<MapCell> {
        let mut elites = self.elites.iter();
        let found = elites.find(|(_, member)| member.individual.id == id);
        found.map(|(cell, _)| *cell)
    }

    /// Puts an individual of this generation in its cell, unless a better one is there. The first of equals stays.
    pub(super) fn insert(&mut self, individual: &Individual, generation: u32) {
        let cell = MapCell::of(individual);
        let is_there_better = self.place(cell).is_ok_and(|place| {
            let elite = &self.elites[place].1.individual;
            elite.rank(individual).is_le()
        });
        if !is_there_better {
            let member = ArchivedIndividual {
                individual: individual.clone(),
                generation,
            };
            self.take(cell, member);
        }
    }

    fn take(&mut self, cell: MapCell, member: ArchivedIndividual) {
        match self.place(cell) {
            Ok(place) => self.elites[place].1 = member,
            Err(place) => self.elites.insert(place, (cell, member)),
        }
    }

    fn place(&self, cell: MapCell) -> Result<usize, usize> {
        self.elites.binary_search_by_key(&cell, |(cell, _)| *cell)
    }

    /// The individual of a cell that is drawn uniformly, unless all are empty; then nothing is drawn.
    #[must_use]
    pub fn draw(&self, numbers: &mut impl Rng) -> Option<&Individual> {
        if self.elites.is_empty() {
            return None;
        }
        let place = numbers.random_range(0..self.elites.len());
        Some(&self.elites[place].1.individual)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use mlevolve_tasks::stream;

    use super::super::individual::tests::individual;
    use super::*;
    use crate::program::known;

    #[test]
    fn cells_are_powers_of_two_of_cost_and_what_is_kept() {
        let text = |cost: u32, state: usize| MapCell::new(cost, state).to_string();
        assert_eq!(text(0, 0), "0, 0");
        assert_eq!(text(1, 0), "1, 0");
        assert_eq!(text(2, 1), "2–3, 1");
        assert_eq!(text(15, 2), "8–15, 2");
        assert_eq!(text(u32::MAX, 0), "2147483648–4294967295, 0");
        assert_eq!(MapCell::new(8, 1), MapCell::new(15, 1));
        assert_ne!(MapCell::new(7, 1), MapCell::new(8, 1));
        for (name, state) in [("sgd", 0), ("momentum", 1), ("adam", 2), ("huber", 0)] {
            let program = known::find(name).unwrap().parsed();
            assert_eq!(state_size(&program), state, "{name}");
        }
    }

    #[test]
    fn each_cell_keeps_its_fittest() {
        let mut map = MapElites::default();
        for (id, name, fitness, cost) in [
            (0, "adam", 0.8, 12),
            (1, "sgd", 0.1, 2),
            // As fit at the same cost; less fit; fitter; as fit at less cost.
            (2, "sgd", 0.1, 2),
            (3, "adam", 0.7, 9),
            (4, "adam", 0.9, 15),
            (5, "adam", 0.9, 14),
            // Another class of costs; another state.
            (6, "adam", 0.2, 16),
            (7, "momentum", 0.3, 3),
        ] {
            map.insert(&individual(id, name, fitness, cost), id as u32);
        }
        let ids = |map: &MapElites| -> Vec<u64> {
            map.members().map(|member| member.individual.id).collect()
        };
        assert_eq!(ids(&map), [1, 7, 5, 6]);
        assert!(map.cells().is_sorted());
        assert!(
            map.members()
                .all(|it| u64::from(it.generation) == it.individual.id)
        );
        assert_eq!(map.with_id(7).map(|one| one.fitness), Some(0.3));
        assert_eq!(map.cell_of(7), Some(MapCell::new(2, 1)));
        assert_eq!((map.with_id(0), map.cell_of(0)), (None, None));
        let mut members: Vec<_> = map.members().cloned().collect();
        members.reverse();
        assert_eq!(MapElites::restored(members), map);
    }

    #[test]
    fn every_cell_is_as_likely_as_any_other() {
        let mut numbers = stream(1, "test", [0, 0]);
        assert_eq!(MapElites::default().draw(&mut numbers), None);
        assert_eq!(numbers, stream(1, "test", [0, 0]));
        let mut map = MapElites::default();
        for (id, fitness) in [0.1, 0.9, 0.5, 0.2].into_iter().enumerate() {
            map.insert(&individual(id as u64, "sgd", fitness, 1 << id), 0);
        }
        let mut drawn = [0; 4];
        for _ in 0..4_000 {
            drawn[map.draw(&mut numbers).unwrap().id as usize] += 1;
        }
        // The standard deviation is 27.
        assert!(
            drawn.iter().all(|count| (880..1_120).contains(count)),
            "{drawn:?}"
        );
    }
}
