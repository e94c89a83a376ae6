//! Those that somebody descends from, for searches that judge programs in less time than it takes to write them down.
//!
//! ```text
//!   generation ──► those that entered ──► members ──► those that the population and the leader descend from
//!                                            ▲                                │
//!                                            └────────────────────────────────┘
//! ```
//!
//! After each generation, those are let go of that nobody descends from any more by first parents. Lines meet a few
//! population's lifetimes back, so what is left is hardly more than the population and one line; that is small enough to be
//! part of each checkpoint.

use rustc_hash::FxHashSet;

use super::candidate_record::CandidateRecord;
use crate::search::{Fate, Search};

/// How many forebears are kept beside those that are alive; of more, the oldest are let go of, which bounds a checkpoint.
const FOREBEARS: usize = 10_000;

/// The survivors of a search and their forebears, by rising id.
#[derive(Debug, Default)]
pub(super) struct Survivors {
    members: Vec<Member>,
}

#[derive(Debug)]
enum Member {
    /// Of this generation, not in words yet: most are gone before they need be.
    New(u32, Fate),
    Recorded(CandidateRecord),
}

impl Member {
    fn id(&self) -> u64 {
        match self {
            Self::New(_, fate) => fate.id,
            Self::Recorded(record) => record.id,
        }
    }

    fn first_parent(&self) -> Option<u64> {
        match self {
            Self::New(_, fate) => fate.origin.parents.first().copied(),
            Self::Recorded(record) => record.parents.first().copied(),
        }
    }
}

impl Survivors {
    /// As a checkpoint has them.
    pub(super) fn restored(records: Vec<CandidateRecord>) -> Self {
        let members = records.into_iter().map(Member::Recorded);
        Self {
            members: members.collect(),
        }
    }

    /// Takes in those who entered a population in a generation, after which the search is as it is; lets go of those that
    /// nobody descends from.
    pub(super) fn generation(&mut self, number: u32, fates: Vec<Fate>, search: &Search) {
        let new = fates.into_iter().map(|fate| Member::New(number, fate));
        self.members.extend(new);
        let islands = search.islands().iter();
        let alive = islands.flat_map(|island| island.population.individuals());
        let leader = search.leader().map(|leader| &leader.individual);
        let survivors = alive.chain(leader).map(|individual| individual.id);
        self.keep_lines_of(survivors, FOREBEARS);
    }

    /// Keeps these and those that they descend from, the youngest so many of the latter.
    fn keep_lines_of(&mut self, survivors: impl Iterator<Item = u64>, forebears: usize) {
        // Only looked up, never iterated.
        let mut wanted: FxHashSet<u64> = survivors.collect();
        let mut room = wanted.len() + forebears;
        // From the youngest to the oldest: children come after their parents.
        self.members.reverse();
        self.members.retain(|member| {
            let stays = room > 0 && wanted.contains(&member.id());
            if stays {
                room -= 1;
                wanted.extend(member.first_parent());
            }
            stays
        });
        self.members.reverse();
    }

    /// All of them as a checkpoint has them.
    pub(super) fn records(&mut self) -> Vec<CandidateRecord> {
        let records = self.members.iter_mut().map(|member| {
            let record = match member {
                Member::New(generation, fate) => CandidateRecord::of(fate, *generation),
                Member::Recorded(record) => return record.clone(),
            };
            *member = Member::Recorded(record.clone());
            record
        });
        records.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::StageReached;

    fn record(id: u64, parents: &[u64]) -> CandidateRecord {
        CandidateRecord {
            id,
            generation: 0,
            island: 0,
            parents: parents.to_vec(),
            operators: Vec::new(),
            stage: StageReached::Judged,
            rejection: None,
            entered: true,
            fitness: None,
            cost: 1,
            instructions: 1,
            stopped_after: None,
            let_through: false,
            tasks: Vec::new(),
            fingerprint: String::new(),
            program: None,
        }
    }

    #[test]
    fn lines_of_first_parents_stay_and_others_go() {
        let family = || {
            let members = [
                record(0, &[]),
                record(1, &[]),
                record(2, &[0]),
                record(3, &[1, 2]),
                record(4, &[2, 1]),
                record(5, &[4]),
            ];
            Survivors::restored(members.to_vec())
        };
        let kept = |survivors: &[u64], forebears: usize| {
            let mut family = family();
            family.keep_lines_of(survivors.iter().copied(), forebears);
            let records = family.records().into_iter();
            records.map(|record| record.id).collect::<Vec<_>>()
        };
        assert_eq!(kept(&[5], FOREBEARS), [0, 2, 4, 5]);
        assert_eq!(kept(&[5, 3], FOREBEARS), [0, 1, 2, 3, 4, 5]);
        assert_eq!(kept(&[2, 3], FOREBEARS), [0, 1, 2, 3]);
        assert!(kept(&[], FOREBEARS).is_empty());
        assert_eq!(kept(&[5, 3], 1), [3, 4, 5]);
    }
}
