//! What a generation's verdicts make of its candidates.

use rustc_hash::{FxHashMap, FxHashSet};

use super::credit::Credit;
use super::fate::Fate;
use super::seen::SeenFitness;
use super::{Individual, Origin, Search, Totals};
use crate::fitness::{Fingerprint, Verdict};
use crate::program::Program;

/// A program that awaits its verdict.
pub(super) struct Candidate {
    pub(super) id: u64,
    pub(super) program: Program,
    pub(super) origin: Origin,
    /// The island that it was bred on.
    pub(super) island: usize,
    pub(super) fingerprint: Fingerprint,
}

/// What becomes of a generation's candidates.
pub(super) struct TakenUp {
    /// For each island, those that may enter its population.
    pub(super) children: Vec<Vec<Individual>>,
    /// Verdicts that are new, in the order of the candidates.
    pub(super) verdicts: Vec<(Fingerprint, Option<SeenFitness>)>,
    /// What is known of mutations now.
    pub(super) credit: Credit,
    /// What became of each candidate, as far as that is to be written down.
    pub(super) fates: Vec<Fate>,
}

impl Search {
    /// What the verdicts make of the candidates: those with a fitness may enter their island's population. Of twins only
    /// one does: the first that came, or the youngest, as the settings have it.
    pub(super) fn take_up(
        &self,
        candidates: Vec<Candidate>,
        verdicts: Vec<Option<Verdict>>,
        counts: &mut Totals,
    ) -> TakenUp {
        let renews = self.settings.renews_twins;
        let logging = self.settings.candidate_log;
        let is_open = renews || self.settings.begins_in(self.next_generation);
        let islands = self.islands.iter();
        let mut present: Vec<_> = islands
            .map(|island| match is_open {
                true => FxHashSet::default(),
                false => island.population.fingerprints(),
            })
            .collect();
        let mut taken_up = TakenUp {
            children: vec![Vec::new(); self.islands.len()],
            verdicts: Vec::new(),
            credit: self.credit.clone(),
            fates: Vec::new(),
        };
        // Only looked up, never iterated.
        let mut new: FxHashMap<Fingerprint, Option<SeenFitness>> = FxHashMap::default();
        for (candidate, verdict) in candidates.into_iter().zip(verdicts) {
            let fingerprint = candidate.fingerprint;
            let seen = match &verdict {
                None => {
                    counts.seen_before += 1;
                    let before = self.seen.verdict(fingerprint);
                    before.or_else(|| new.get(&fingerprint).copied()).flatten()
                }
                Some(verdict) => {
                    let fitness = fitness(verdict, counts);
                    if self.settings.reuses_verdicts {
                        new.insert(fingerprint, fitness);
                        taken_up.verdicts.push((fingerprint, fitness));
                    }
                    fitness
                }
            };
            if logging.is_wanted() {
                let fate = Fate::of(&candidate, verdict, seen, logging);
                taken_up.fates.push(fate);
            }
            let is_better = seen.is_some_and(|seen| self.is_better_than_parent(&candidate, seen));
            let operators = &candidate.origin.operators;
            taken_up.credit.record(operators, is_better);
            let Some(seen) = seen else { continue };
            if renews || present[candidate.island].insert(fingerprint) {
                taken_up.children[candidate.island].push(Individual {
                    id: candidate.id,
                    origin: candidate.origin,
                    program: candidate.program,
                    fingerprint,
                    fitness: seen.fitness,
                    cost: seen.cost,
                });
            }
        }
        if renews {
            for (children, present) in taken_up.children.iter_mut().zip(&mut present) {
                children.reverse();
                children.retain(|child| present.insert(child.fingerprint));
                children.reverse();
            }
        }
        logging.settle(&mut taken_up.fates, &taken_up.children);
        taken_up.credit.fade();
        taken_up
    }

    /// Whether a candidate is fitter than what it was made of, or as fit at less cost.
    fn is_better_than_parent(&self, candidate: &Candidate, seen: SeenFitness) -> bool {
        let population = &self.islands[candidate.island].population;
        let mut parents = candidate.origin.parents.iter();
        // Of two, the second gives a segment to the first.
        let parent = parents.next();
        let parent = parent.and_then(|&id| population.with_id(id).or_else(|| self.map.with_id(id)));
        parent.is_some_and(|parent| {
            let is_cheaper = seen.fitness == parent.fitness && seen.cost < parent.cost;
            seen.fitness > parent.fitness || is_cheaper
        })
    }
}

/// What a new verdict says, counted.
fn fitness(verdict: &Verdict, counts: &mut Totals) -> Option<SeenFitness> {
    match verdict {
        Verdict::Rejected(_) => {
            counts.rejected += 1;
            None
        }
        Verdict::Trained {
            judgement,
            dropped,
            cost,
        } => {
            counts.dropped += u64::from(*dropped);
            counts.judged += u64::from(!dropped);
            Some(SeenFitness {
                fitness: judgement.fitness,
                cost: *cost,
            })
        }
    }
}
