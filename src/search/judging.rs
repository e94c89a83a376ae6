//! A generation's candidates on their way through the [funnel](super::funnel).
//!
//! What one candidate costs another is decided between the parallel parts, in the order of the candidates: who is the first
//! with a fingerprint, or with a behaviour, is judged for all that follow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::funnel::{Climb, FunnelStage, StageClock, StageCount};
use super::taking_up::Candidate;
use super::{Operator, Search};
use crate::fitness::{
    Fingerprint, Judge, JudgeError, Probed, Rejection, Rung, Trained, search_seeds,
};

/// What a candidate went through that was not seen before.
pub(super) struct Passage {
    pub(super) probed: Probed,
    /// Whether an earlier one has the same behaviour.
    pub(super) is_twin: bool,
    /// The stage before training that it was let through.
    pub(super) let_through: Option<FunnelStage>,
    /// What training made of it, if it came to that.
    pub(super) training: Option<Training>,
}

/// What training made of a candidate.
pub(super) struct Training {
    pub(super) trained: Trained,
    /// The rungs that it came to, with its scores.
    pub(super) scores: Vec<(usize, f64)>,
    /// The first rung that was too high for it.
    pub(super) fails_at: Option<usize>,
    /// Whether it was not let on there.
    pub(super) is_stopped: bool,
    /// Whether what it is worth was measured with the seeds for a second look.
    pub(super) was_looked_at_again: bool,
}

impl Training {
    /// The fitness of a candidate that got to the end.
    pub(super) fn final_fitness(&self) -> Option<f64> {
        let judgement = self.trained.judgement.as_ref();
        let judgement = judgement.filter(|_| !self.is_stopped);
        judgement.map(|judgement| judgement.fitness)
    }
}

impl Passage {
    /// The first stage that would have stopped it, if it got to the end all the same.
    pub(super) fn let_through_at(&self) -> Option<FunnelStage> {
        let training = self.training.as_ref()?;
        if training.is_stopped {
            return None;
        }
        let rung = training.fails_at.map(FunnelStage::Rung);
        self.let_through.or(rung)
    }

    /// The fingerprint of what it did when it was probed.
    pub(super) const fn behaviour(&self) -> Option<Fingerprint> {
        match self.probed {
            Probed::Passed(behaviour) => behaviour,
            Probed::Rejected(_) => None,
        }
    }

    /// Notes which stages it came to, and which stopped it.
    pub(super) fn count(&self, stages: &mut [StageCount]) {
        let places = stages.len();
        let mut enter = |stage: FunnelStage, is_stopped: bool| {
            let count = &mut stages[stage.place(places)];
            count.entered += 1;
            count.stopped += u64::from(is_stopped);
        };
        enter(FunnelStage::SeenBefore, false);
        let is_rejected = matches!(self.probed, Probed::Rejected(_));
        let trains = self.training.is_some();
        enter(FunnelStage::Probe, is_rejected && !trains);
        if let Probed::Passed(Some(_)) = self.probed {
            enter(FunnelStage::SameBehaviour, self.is_twin && !trains);
        }
        if let Some(training) = &self.training {
            let last = training.scores.len();
            for (number, (rung, _)) in (1..).zip(&training.scores) {
                enter(
                    FunnelStage::Rung(*rung),
                    training.is_stopped && number == last,
                );
            }
            if training.was_looked_at_again {
                enter(FunnelStage::SecondLook, false);
            }
        }
    }
}

/// Whether a candidate that was not seen before trains.
pub(super) struct Plan {
    probed: Probed,
    is_twin: bool,
    let_through: Option<FunnelStage>,
    pub(super) trains: bool,
}

/// Where those who watch look, and what they say.
#[derive(Clone, Copy)]
pub(super) struct Progress<'a> {
    /// Candidates that are through.
    pub(super) judged: &'a AtomicU64,
    /// Whether to give up.
    pub(super) stop: &'a AtomicBool,
}

impl Search {
    /// Those of a generation's candidates that there is room for, and who of them trains; no plan for those whose fingerprint was seen
    /// before. Where the settings bound how many train, an island's candidates after the last that may are left out, as if they had
    /// never been bred.
    pub(super) fn planned(
        &self,
        judge: &dyn Judge,
        candidates: Vec<Candidate>,
        clock: &StageClock,
    ) -> Result<(Vec<Candidate>, Vec<Option<Plan>>), JudgeError> {
        let mut met: FxHashSet<Fingerprint> = FxHashSet::default();
        let is_new: Vec<bool> = candidates
            .iter()
            .map(|one| {
                let fingerprint = one.appraisal.fingerprint;
                let is_unseen = self.seen.verdict(fingerprint).is_none();
                self.is_affordable(one) && is_unseen && met.insert(fingerprint)
            })
            .collect();
        let new = candidates.par_iter().zip(is_new);
        let new = new.filter(|(_, is_new)| *is_new);
        // Only looked up, never iterated.
        let mut probed: FxHashMap<Fingerprint, Probed> = new
            .map(|(one, _)| Ok((one.appraisal.fingerprint, self.probed(judge, one, clock)?)))
            .collect::<Result<_, JudgeError>>()?;
        let mut behaviours: FxHashSet<Fingerprint> = FxHashSet::default();
        let mut room = self.room_for_training();
        let (mut kept, mut plans) = (Vec::with_capacity(candidates.len()), Vec::new());
        for candidate in candidates {
            let room = &mut room[candidate.island];
            if *room == 0 {
                continue;
            }
            let probed = match self.is_affordable(&candidate) {
                // What is too dear here says nothing about twins of it elsewhere.
                false => Some(Probed::Rejected(Rejection::TooExpensive)),
                true => probed.remove(&candidate.appraisal.fingerprint),
            };
            let plan = probed.map(|probed| self.plan(kept.len(), probed, &mut behaviours));
            *room -= usize::from(plan.as_ref().is_some_and(|plan| plan.trains));
            kept.push(candidate);
            plans.push(plan);
        }
        Ok((kept, plans))
    }

    /// How many candidates may train on each island.
    fn room_for_training(&self) -> Vec<usize> {
        let settings = &self.settings;
        let is_bounded = !settings.begins_in(self.next_generation);
        let of = |island: usize| {
            let most = settings.on_island(island).trained_offspring;
            most.filter(|_| is_bounded).unwrap_or(usize::MAX)
        };
        (0..settings.islands).map(of).collect()
    }

    /// Leads candidates through the funnel as planned. `judged` counts those that are through. What comes back is of no use once
    /// `stop` is true.
    pub(super) fn judged(
        &self,
        judge: &dyn Judge,
        rungs: &[Rung],
        candidates: &[Candidate],
        plans: Vec<Option<Plan>>,
        clock: &StageClock,
        progress: Progress<'_>,
    ) -> Result<Vec<Option<Passage>>, JudgeError> {
        let settings = &self.settings;
        let Progress { judged, stop } = progress;
        let seeds = search_seeds(settings.seed, settings.seeds);
        let heights = self.hurdles.heights(rungs, settings);
        let passages = candidates.par_iter().zip(plans).enumerate().map_init(
            Instant::now,
            |since, (place, (candidate, plan))| {
                let Some(plan) = plan else { return Ok(None) };
                let mut passage = Passage {
                    probed: plan.probed,
                    is_twin: plan.is_twin,
                    let_through: plan.let_through,
                    training: None,
                };
                if plan.trains && !stop.load(Ordering::Relaxed) {
                    let place = (self.next_generation, place);
                    let mut climb = Climb::new(settings, &heights, place, (clock, *since));
                    let backend = settings.backend.0;
                    let trained = judge.train(&candidate.program, &seeds, &mut climb, backend)?;
                    *since = climb.since;
                    judged.fetch_add(1, Ordering::Relaxed);
                    passage.training = Some(Training {
                        trained,
                        scores: climb.scores,
                        fails_at: climb.fails_at,
                        is_stopped: climb.is_stopped,
                        was_looked_at_again: false,
                    });
                }
                Ok(Some(passage))
            },
        );
        let mut passages: Vec<_> = passages.collect::<Result<_, JudgeError>>()?;
        self.look_again(judge, candidates, &mut passages, clock, stop)?;
        Ok(passages)
    }

    /// Whether a candidate costs no more than its island allows, or is one that a search begins with at any cost.
    pub(super) fn is_affordable(&self, candidate: &Candidate) -> bool {
        candidate.origin.operators[..] == [Operator::Known]
            || candidate.appraisal.cost <= self.settings.greatest_cost_on(candidate.island)
    }

    /// What a probe tells of a candidate, as far as the settings want to know.
    fn probed(
        &self,
        judge: &dyn Judge,
        candidate: &Candidate,
        clock: &StageClock,
    ) -> Result<Probed, JudgeError> {
        let since = Instant::now();
        let probed = judge.probe(&candidate.program)?;
        clock.add(FunnelStage::Probe, since);
        let settings = &self.settings;
        Ok(match probed {
            Probed::Rejected(rejection) if rejection.is_a_guess() && !settings.funnel.probes => {
                Probed::Passed(None)
            }
            Probed::Passed(_) if !settings.reuses_verdicts || !settings.funnel.probes => {
                Probed::Passed(None)
            }
            probed => probed,
        })
    }

    /// Whether a candidate trains, by its place among those that are kept and what a probe tells of it, and by the behaviours of those before
    /// it in its generation.
    fn plan(&self, place: usize, probed: Probed, behaviours: &mut FxHashSet<Fingerprint>) -> Plan {
        let (is_twin, stops_at) = match probed {
            Probed::Rejected(rejection) if !rejection.is_a_guess() => {
                return Plan {
                    probed,
                    is_twin: false,
                    let_through: None,
                    trains: false,
                };
            }
            Probed::Rejected(_) => (false, Some(FunnelStage::Probe)),
            Probed::Passed(None) => (false, None),
            Probed::Passed(Some(behaviour)) => {
                let is_known = self.seen.verdict(behaviour).is_some();
                let is_twin = is_known || !behaviours.insert(behaviour);
                (is_twin, is_twin.then_some(FunnelStage::SameBehaviour))
            }
        };
        let (settings, generation) = (&self.settings, self.next_generation);
        let let_through = stops_at.filter(|_| settings.lets_through(generation, place));
        Plan {
            probed,
            is_twin,
            let_through,
            trains: stops_at.is_none() || let_through.is_some(),
        }
    }
}
