//! A program in the population, and where it comes from.

use std::cmp::Ordering;
use std::fmt;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::fitness::Fingerprint;
use crate::program::Program;
use crate::variation::Mutation;

/// How a program was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// It is a known rule.
    Known,
    /// It was drawn at random.
    Random,
    /// A segment of one parent took the place of one of the other.
    Crossover,
    /// It is its parent as it was.
    Copy,
    /// It is its parent, which lives on another island.
    Migration,
    /// It was changed in one place.
    #[serde(untagged)]
    Mutation(Mutation),
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => formatter.write_str("known program"),
            Self::Random => formatter.write_str("random program"),
            Self::Crossover => formatter.write_str("crossover"),
            Self::Copy => formatter.write_str("copy"),
            Self::Migration => formatter.write_str("migration"),
            // As the log calls it.
            Self::Mutation(mutation) => {
                let value = serde_json::to_value(mutation).unwrap_or_default();
                formatter.write_str(&value.as_str().unwrap_or_default().replace('_', " "))
            }
        }
    }
}

/// Where a program comes from. It takes no memory of its own, as long as it was not changed many times over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The programs it was made of, by their ids.
    pub parents: ArrayVec<u64, 2>,
    /// What was done to them, in order.
    pub operators: SmallVec<[Operator; 8]>,
}

/// A judged program.
#[derive(Clone, Debug, PartialEq)]
pub struct Individual {
    /// Counts all candidates of the search, from 0.
    pub id: u64,
    /// Where it comes from.
    pub origin: Origin,
    /// The program, on the schema's standard cells.
    pub program: Program,
    /// What it is to the judge.
    pub fingerprint: Fingerprint,
    /// Its fitness on the search's seeds.
    pub fitness: f64,
    /// What tells it from others that are as fit: a program that costs less is better.
    pub cost: u32,
    /// How many of its instructions have an effect.
    pub instructions: u32,
}

impl Individual {
    /// Better ones first: by fitness, then by cost, then the older one.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        let by_fitness = other.fitness.total_cmp(&self.fitness);
        by_fitness
            .then(self.cost.cmp(&other.cost))
            .then(self.id.cmp(&other.id))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lowering::CanonicalHash;
    use crate::program::known;

    /// A known program that was judged so, as it is in no search.
    pub(crate) fn individual(id: u64, name: &str, fitness: f64, cost: u32) -> Individual {
        let program = known::find(name).map(known::KnownProgram::parsed);
        let program = program.expect("the name is known");
        Individual {
            id,
            origin: Origin {
                parents: ArrayVec::new(),
                operators: smallvec::smallvec![Operator::Known],
            },
            fingerprint: CanonicalHash::of(&program).into(),
            instructions: program.effective_instruction_count() as u32,
            program,
            fitness,
            cost,
        }
    }
}
