//! What became of each candidate, for the log of candidates.
//!
//! Nothing in a search depends on it: it leaves the search with the [`Generation`](super::Generation) that it is of, and what
//! is kept of it is up to whoever writes it down.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::judging::{Passage, Training};
use super::taking_up::Candidate;
use super::{Individual, Operator, Origin};
use crate::fitness::{Appraisal, Judgement, Probed, Rejection, Rung};
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
    /// What was known of it before it ran.
    pub appraisal: Appraisal,
    /// How far it came.
    pub stage: Stage,
    /// Whether a stage would have stopped it that let it through.
    pub let_through: bool,
    /// The program, on the schema's standard cells, if it trained or is the first with its fingerprint that has a fitness, or
    /// only survivors' lines are kept.
    pub program: Option<Program>,
    /// Whether it entered its island's population, and so could have been a parent: it is no twin of one there, and has a
    /// fitness.
    pub entered: bool,
}

/// How far a candidate came.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It has the fingerprint of an earlier one, whose verdict was taken over.
    SeenBefore {
        /// Its fitness, if it has one.
        fitness: Option<f64>,
    },
    /// An earlier one did the same when it was probed, and its verdict was taken over.
    SameBehaviour {
        /// Its fitness, if it has one.
        fitness: Option<f64>,
    },
    /// A probe told that training would be a waste of time.
    Rejected(Rejection),
    /// It trained.
    Trained {
        /// How good it is on the search's seeds, unless a trial ended it.
        judgement: Option<Judgement>,
        /// After what it stayed below the hurdle, so that it was trained no further.
        stopped_after: Option<String>,
    },
    /// It is a copy of its parent, which lives on another island.
    Migrated {
        /// The parent's fitness.
        fitness: f64,
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

    /// Whether a candidate's program is kept that is the first with its fingerprint, or else has an earlier one's fitness.
    ///
    /// A twin's is not written down again; but of survivors' lines, a twin need not be in one.
    const fn keeps_program(self, is_first: bool) -> bool {
        match self {
            Self::All | Self::Trained => is_first,
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
    /// Of a candidate that went through the funnel, if it had to, and has this fitness, its own or an earlier one's.
    pub(super) fn of(
        candidate: &Candidate,
        passage: Option<Passage>,
        fitness: Option<f64>,
        rungs: &[Rung],
        logging: CandidateLogging,
    ) -> Self {
        let let_through = passage
            .as_ref()
            .is_some_and(|passage| passage.let_through_at().is_some());
        let stage = match passage {
            None => Stage::SeenBefore { fitness },
            Some(Passage {
                training: Some(training),
                ..
            }) => {
                let Training {
                    trained,
                    fails_at,
                    is_stopped,
                    ..
                } = training;
                let stops_at = fails_at.filter(|_| is_stopped);
                Stage::Trained {
                    judgement: trained.judgement,
                    stopped_after: stops_at.map(|rung| rungs[rung].name.clone()),
                }
            }
            Some(Passage { probed, .. }) => match probed {
                Probed::Rejected(rejection) => Stage::Rejected(rejection),
                Probed::Passed(_) => Stage::SameBehaviour { fitness },
            },
        };
        let keeps_program = match &stage {
            Stage::Trained { .. } => logging.keeps_program(true),
            // Nobody has its text who has its fingerprint.
            Stage::SameBehaviour { fitness } => logging.keeps_program(fitness.is_some()),
            Stage::SeenBefore { fitness } => fitness.is_some() && logging.keeps_program(false),
            Stage::Rejected(_) | Stage::Migrated { .. } => false,
        };
        Self {
            id: candidate.id,
            origin: candidate.origin.clone(),
            island: candidate.island,
            appraisal: candidate.appraisal,
            stage,
            let_through,
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
        (individual.origin.operators[..] == [Operator::Migration]).then(|| Self {
            id: individual.id,
            origin: individual.origin.clone(),
            island,
            appraisal: Appraisal {
                fingerprint: individual.fingerprint,
                cost: individual.cost,
                instructions: individual.instructions,
            },
            stage: Stage::Migrated {
                fitness: individual.fitness,
            },
            let_through: false,
            program: (logging.keeps_program(false)).then(|| individual.program.clone()),
            entered: true,
        })
    }
}
