//! What became of each candidate, for the log of candidates.
//!
//! Nothing in a search depends on it: it leaves the search with the [`Generation`](super::Generation) that it is of, and what
//! is kept of it is up to whoever writes it down.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::seen::SeenFitness;
use super::taking_up::Candidate;
use super::{Individual, Operator, Origin};
use crate::fitness::{Fingerprint, Judgement, Rejection, Verdict};
use crate::program::Program;

/// Which candidates a run writes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CandidateLogging {
    /// Every one.
    #[default]
    All,
    /// Those that trained, and those that entered a population: what lineages are made of.
    Trained,
    /// Those that the population and the leader descend from, as long as they do. They are in the checkpoint, and few.
    Survivors,
    /// None.
    None,
}

/// What became of a candidate, or of a migrant.
#[derive(Clone, Debug, PartialEq)]
pub struct Fate {
    /// Its id, greater than those of all that came before.
    pub id: u64,
    /// Where it comes from.
    pub origin: Origin,
    /// The island that it was bred on, or arrived on.
    pub island: usize,
    /// What it is to the judge.
    pub fingerprint: Fingerprint,
    /// How far it came.
    pub stage: Stage,
    /// The program, on the schema's standard cells, if it trained itself or only survivors' lines are kept.
    pub program: Option<Program>,
    /// Whether it entered its island's population, and so could have been a parent: it is no twin of one there, and has a
    /// fitness.
    pub entered: bool,
}

/// How far a candidate came.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// An earlier one's verdict was taken over.
    SeenBefore {
        /// Its fitness, unless it was rejected, and its cost.
        verdict: Option<(f64, u32)>,
    },
    /// A probe told that training would be a waste of time.
    Rejected(Rejection),
    /// It trained.
    Trained {
        /// How good it is on the search's seeds.
        judgement: Judgement,
        /// Whether it stayed below the hurdle, so that some tasks count 0.
        dropped: bool,
        /// What tells it from others that are as fit.
        cost: u32,
    },
    /// It is a copy of its parent, which lives on another island.
    Migrated {
        /// The parent's fitness.
        fitness: f64,
        /// The parent's cost.
        cost: u32,
    },
}

impl CandidateLogging {
    /// Whether anything is written down.
    #[must_use]
    pub const fn is_wanted(self) -> bool {
        match self {
            Self::All | Self::Trained | Self::Survivors => true,
            Self::None => false,
        }
    }

    /// Whether a candidate's program is kept that has a verdict of its own, or else an earlier one's fitness.
    ///
    /// A twin's is not written down again; but of survivors' lines, a twin need not be in one.
    const fn keeps_program(self, is_trained: bool) -> bool {
        match self {
            Self::All | Self::Trained => is_trained,
            Self::Survivors => true,
            Self::None => false,
        }
    }

    /// Whether this candidate is written down.
    fn wants(self, fate: &Fate) -> bool {
        match self {
            Self::All => true,
            Self::Trained => fate.entered || matches!(fate.stage, Stage::Trained { .. }),
            Self::Survivors => fate.entered,
            Self::None => false,
        }
    }

    /// Notes who entered a population, and drops what is not wanted.
    pub(super) fn settle(self, fates: &mut Vec<Fate>, children: &[Vec<Individual>]) {
        if fates.is_empty() {
            return;
        }
        let ids = children.iter().flatten().map(|child| child.id);
        // Only looked up, never iterated.
        let entered: FxHashSet<u64> = ids.collect();
        for fate in &mut *fates {
            fate.entered = entered.contains(&fate.id);
        }
        fates.retain(|fate| self.wants(fate));
    }
}

impl Fate {
    /// Of a candidate with its own verdict, or with that which was `seen` before.
    pub(super) fn of(
        candidate: &Candidate,
        verdict: Option<Verdict>,
        seen: Option<SeenFitness>,
        logging: CandidateLogging,
    ) -> Self {
        let is_trained = matches!(verdict, Some(Verdict::Trained { .. }));
        let keeps_program = seen.is_some() && logging.keeps_program(is_trained);
        let stage = match verdict {
            None => Stage::SeenBefore {
                verdict: seen.map(|seen| (seen.fitness, seen.cost)),
            },
            Some(Verdict::Rejected(rejection)) => Stage::Rejected(rejection),
            Some(Verdict::Trained {
                judgement,
                dropped,
                cost,
            }) => Stage::Trained {
                judgement,
                dropped,
                cost,
            },
        };
        Self {
            id: candidate.id,
            origin: candidate.origin.clone(),
            island: candidate.island,
            fingerprint: candidate.fingerprint,
            stage,
            program: keeps_program.then(|| candidate.program.clone()),
            entered: false,
        }
    }

    /// Of an individual of an island, if it has just arrived there.
    pub(super) fn of_migrant(
        individual: &Individual,
        island: usize,
        logging: CandidateLogging,
    ) -> Option<Self> {
        (individual.origin.operators == [Operator::Migration]).then(|| Self {
            id: individual.id,
            origin: individual.origin.clone(),
            island,
            fingerprint: individual.fingerprint,
            stage: Stage::Migrated {
                fitness: individual.fitness,
                cost: individual.cost,
            },
            program: (logging.keeps_program(false)).then(|| individual.program.clone()),
            entered: true,
        })
    }
}
