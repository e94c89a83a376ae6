//! What becomes of a generation's candidates once they are through the funnel.

use rustc_hash::{FxHashMap, FxHashSet};

use super::credit::Credit;
use super::fate::Fate;
use super::funnel::{FunnelStage, Hurdles};
use super::judging::Passage;
use super::population::median_fitness;
use super::{Individual, Origin, Search, StageCount, Totals};
use crate::fitness::{Appraisal, Fingerprint, Rung};
use crate::program::Program;

/// A program that awaits its verdict.
pub(super) struct Candidate {
    pub(super) id: u64,
    pub(super) program: Program,
    pub(super) origin: Origin,
    /// The island that it was bred on.
    pub(super) island: usize,
    pub(super) appraisal: Appraisal,
}

/// What becomes of a generation's candidates.
pub(super) struct TakenUp {
    /// For each island, those that may enter its population.
    pub(super) children: Vec<Vec<Individual>>,
    /// Fitnesses that are new, by fingerprint, in the order of the candidates; nothing for those that have none.
    pub(super) verdicts: Vec<(Fingerprint, Option<f64>)>,
    /// What is known of mutations now.
    pub(super) credit: Credit,
    /// What is known of those that got to the end now.
    pub(super) hurdles: Hurdles,
    /// What became of each candidate, as far as that is to be written down.
    pub(super) fates: Vec<Fate>,
}

impl Search {
    /// What the way through the funnel makes of the candidates: those with a fitness may enter their island's population. Of twins
    /// only one does: the first that came unless a later one costs less, or the youngest, as the settings have it.
    pub(super) fn take_up(
        &self,
        candidates: Vec<Candidate>,
        passages: Vec<Option<Passage>>,
        rungs: &[Rung],
        counts: &mut Totals,
        stages: &mut [StageCount],
    ) -> TakenUp {
        let renews = self.settings.renews_twins;
        let logging = self.settings.candidate_log;
        let is_open = renews || self.settings.begins_in(self.next_generation);
        let islands = self.islands.iter();
        let mut present: Vec<FxHashMap<Fingerprint, u32>> = islands
            .map(|island| match is_open {
                true => FxHashMap::default(),
                false => island.population.costs(),
            })
            .collect();
        let populations = self.islands.iter().map(|island| &island.population);
        let middle = median_fitness(populations);
        let mut taken_up = TakenUp {
            children: vec![Vec::new(); self.islands.len()],
            verdicts: Vec::new(),
            credit: self.credit.clone(),
            hurdles: self.hurdles.clone(),
            fates: Vec::new(),
        };
        // Only looked up, never iterated.
        let mut new: FxHashMap<Fingerprint, Option<f64>> = FxHashMap::default();
        let places = stages.len();
        for (candidate, passage) in candidates.into_iter().zip(passages) {
            let Appraisal {
                fingerprint,
                cost,
                instructions,
            } = candidate.appraisal;
            counts.instructions += candidate.program.instruction_count() as u64;
            counts.effective_instructions += u64::from(instructions);
            let is_affordable = self.is_affordable(&candidate);
            let known = |fingerprint: Fingerprint| {
                let before = self.seen.verdict(fingerprint);
                before.or_else(|| new.get(&fingerprint).copied()).flatten()
            };
            let fitness = match &passage {
                None => {
                    counts.seen_before += 1;
                    let count = &mut stages[FunnelStage::SeenBefore.place(places)];
                    count.entered += 1;
                    count.stopped += 1;
                    known(fingerprint)
                }
                Some(passage) => {
                    passage.count(stages);
                    let behaviour = passage.behaviour();
                    let twin = behaviour.filter(|_| passage.is_twin).and_then(known);
                    let fitness = fitness(passage, twin, counts);
                    if let Some(stage) = passage.let_through_at() {
                        let is_good = |fitness: Option<f64>| {
                            let pair = middle.zip(fitness);
                            pair.is_some_and(|(middle, fitness)| fitness >= middle)
                        };
                        let count = &mut stages[stage.place(places)];
                        count.let_through += 1;
                        count.wrongly_stopped += u64::from(is_good(fitness) && !is_good(twin));
                    } else if let Some(training) = &passage.training
                        && !training.is_stopped
                    {
                        taken_up.hurdles.record(&training.scores);
                    }
                    if self.settings.reuses_verdicts && is_affordable {
                        let own = behaviour.filter(|_| !passage.is_twin);
                        for fingerprint in [Some(fingerprint), own].into_iter().flatten() {
                            new.insert(fingerprint, fitness);
                            taken_up.verdicts.push((fingerprint, fitness));
                        }
                    }
                    fitness
                }
            };
            if logging.is_wanted() {
                let fate = Fate::of(&candidate, passage, fitness, rungs, logging);
                taken_up.fates.push(fate);
            }
            let is_better = fitness.is_some_and(|it| self.is_better_than_parent(&candidate, it));
            let operators = &candidate.origin.operators;
            taken_up.credit.record(operators, is_better);
            let Some(fitness) = fitness else { continue };
            let present = &mut present[candidate.island];
            let is_new = renews || present.get(&fingerprint).is_none_or(|&there| cost < there);
            if is_new {
                present.insert(fingerprint, cost);
                taken_up.children[candidate.island].push(Individual {
                    id: candidate.id,
                    origin: candidate.origin,
                    program: candidate.program,
                    fingerprint,
                    fitness,
                    cost,
                    instructions,
                });
            }
        }
        // Of twins among the children, the last is the one that stays.
        for children in &mut taken_up.children {
            let mut kept = FxHashSet::default();
            children.reverse();
            children.retain(|child| kept.insert(child.fingerprint));
            children.reverse();
        }
        logging.settle(&mut taken_up.fates, &taken_up.children);
        taken_up.credit.fade();
        taken_up
    }

    /// Whether a candidate is fitter than what it was made of, or as fit at less cost.
    fn is_better_than_parent(&self, candidate: &Candidate, fitness: f64) -> bool {
        let population = &self.islands[candidate.island].population;
        let mut parents = candidate.origin.parents.iter();
        // Of two, the second gives a segment to the first.
        let parent = parents.next();
        let parent = parent.and_then(|&id| population.with_id(id).or_else(|| self.map.with_id(id)));
        parent.is_some_and(|parent| {
            let is_cheaper = fitness == parent.fitness && candidate.appraisal.cost < parent.cost;
            fitness > parent.fitness || is_cheaper
        })
    }
}

/// The fitness of a candidate that was not seen before, counted: its own or, if it behaves as an earlier one, that one's.
fn fitness(passage: &Passage, twin: Option<f64>, counts: &mut Totals) -> Option<f64> {
    let Some(training) = &passage.training else {
        counts.seen_before += u64::from(passage.is_twin);
        counts.rejected += u64::from(!passage.is_twin);
        return twin;
    };
    counts.training_steps += training.trained.training_steps;
    counts.dropped += u64::from(training.is_stopped);
    counts.judged += u64::from(!training.is_stopped);
    let judgement = training.trained.judgement.as_ref();
    judgement.map(|judgement| judgement.fitness)
}
