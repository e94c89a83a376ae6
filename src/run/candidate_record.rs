//! What is written down of a candidate.

use serde::{Deserialize, Serialize};

use crate::fitness::TaskFitness;
use crate::search::{Fate, Operator, Stage};

/// How far a candidate came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageReached {
    /// It has the fingerprint of an earlier candidate, whose verdict was taken over.
    SeenBefore,
    /// An earlier candidate did the same when it was probed, and its verdict was taken over.
    SameBehaviour,
    /// A probe told that training would be a waste of time.
    Rejected,
    /// It trained, but not on the whole suite.
    Dropped,
    /// It trained on the whole suite.
    Judged,
    /// It is a copy of its parent, which lives on another island.
    Migrated,
}

/// What the log has of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateRecord {
    /// Its id, greater than those before.
    pub id: u64,
    /// The generation that it came with.
    pub generation: u32,
    /// The island that it was bred on, or arrived on; 0 is the first.
    pub island: usize,
    /// The programs it was made of, by their ids.
    pub parents: Vec<u64>,
    /// What was done to them, in order.
    pub operators: Vec<Operator>,
    /// How far it came.
    pub stage: StageReached,
    /// Why it was rejected, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<String>,
    /// After what it stayed below the hurdle, if it was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_after: Option<String>,
    /// Whether a stage would have stopped it, and let it through to see whether that would be right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub let_through: bool,
    /// Whether it entered its island's population, so that it could be a parent.
    pub entered: bool,
    /// Its fitness on the search's seeds, if it or the one it is a twin of trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitness: Option<f64>,
    /// Its cost; see [`Appraisal`](crate::fitness::Appraisal).
    pub cost: u32,
    /// How many of its instructions have an effect.
    pub instructions: u32,
    /// Its fitness on each task, with parts, if it trained itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskFitness>,
    /// Equal for programs that are taken to be judged alike.
    pub fingerprint: String,
    /// Its text without what has no effect, if it trained or is the first with its fingerprint that has a fitness, or if only
    /// survivors' lines are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

impl CandidateRecord {
    /// Of what became of a candidate of a generation.
    pub(super) fn of(fate: &Fate, generation: u32) -> Self {
        let mut record = Self {
            id: fate.id,
            generation,
            island: fate.island,
            parents: fate.origin.parents.to_vec(),
            operators: fate.origin.operators.to_vec(),
            stage: StageReached::SeenBefore,
            rejection: None,
            stopped_after: None,
            let_through: fate.let_through,
            entered: fate.entered,
            fitness: None,
            cost: fate.appraisal.cost,
            instructions: fate.appraisal.instructions,
            tasks: Vec::new(),
            fingerprint: fate.appraisal.fingerprint.to_string(),
            program: (fate.program.as_ref()).map(|program| program.pruned().to_string()),
        };
        match &fate.stage {
            Stage::SeenBefore { fitness } => record.fitness = *fitness,
            Stage::SameBehaviour { fitness } => {
                (record.stage, record.fitness) = (StageReached::SameBehaviour, *fitness);
            }
            Stage::Rejected(rejection) => {
                record.stage = StageReached::Rejected;
                record.rejection = Some(rejection.word().to_owned());
            }
            Stage::Trained {
                judgement,
                stopped_after,
            } => {
                record.stage = if stopped_after.is_some() {
                    StageReached::Dropped
                } else {
                    StageReached::Judged
                };
                record.stopped_after.clone_from(stopped_after);
                if let Some(judgement) = judgement {
                    record.fitness = Some(judgement.fitness);
                    record.tasks.clone_from(&judgement.tasks);
                }
            }
            Stage::Migrated { fitness } => {
                (record.stage, record.fitness) = (StageReached::Migrated, Some(*fitness));
            }
        }
        record
    }
}
