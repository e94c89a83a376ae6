//! What a candidate has to get through before it is judged in full, and what each stage of that is worth.
//!
//! ```text
//!   seen before ─► probe ─► same behaviour ─► a few steps ─► short budget ─► task ─► task … ─► judged (─► second look)
//!        │           │            │                │                │          │
//!        └───────────┴────────────┴── stopped ─────┴────────────────┴──────────┘
//!                                        │
//!                                        └─ a few are let through all the same: were they good?
//! ```
//!
//! Stages save time and can be wrong. So of those that a stage would stop, a sample is let through to the end; one of them that
//! turns out to be at least as fit as the median of the population was stopped wrongly. What is let through counts as it
//! was judged, so nothing is lost by it but time.
//!
//! The hurdle after a part of training is a quantile of the scores that candidates had there which got to the end and were
//! not let through ([`Hurdles`]). All of a generation meet the same hurdles.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mlevolve_tasks::stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::SearchSettings;
use crate::fitness::{Gate, Rung, Trial};

/// What a user can say about stages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FunnelSettings {
    /// Whether candidates are probed, so that those that cannot learn never train. Default: true.
    pub probes: bool,
    /// The quantile, of the scores of those that got to the end, that is the hurdle after a trial or a task; 0 for no such
    /// hurdles and no trials. Default: 0.1.
    pub hurdle_quantile: f64,
    /// Whether candidates have a short budget on every task before a whole one on the first. Where that is so cheap that it stops
    /// more in the same time, they need not. Default: true.
    pub short_budget: bool,
    /// The share of those that a stage would stop that is let through. Default: 0.02.
    pub let_through: f64,
}

impl Default for FunnelSettings {
    fn default() -> Self {
        Self {
            probes: true,
            hurdle_quantile: 0.1,
            short_budget: true,
            let_through: 0.02,
        }
    }
}

/// The place of a stage: those that every search has, then the rungs of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunnelStage {
    /// An earlier candidate with the same fingerprint has its verdict.
    SeenBefore,
    /// A few steps with made-up numbers.
    Probe,
    /// An earlier candidate did the same there, but for rounding.
    SameBehaviour,
    /// A part of training, by its place.
    Rung(usize),
    /// More seeds for those that would be among the best, in a search that takes a second look.
    SecondLook,
}

/// How many stages come before training.
const BEFORE_TRAINING: usize = 3;

impl FunnelStage {
    /// Its place in a funnel of so many stages.
    pub(super) const fn place(self, stages: usize) -> usize {
        match self {
            Self::SeenBefore => 0,
            Self::Probe => 1,
            Self::SameBehaviour => 2,
            Self::Rung(rung) => BEFORE_TRAINING + rung,
            Self::SecondLook => stages - 1,
        }
    }
}

/// What reports call the stages of a search whose training has these rungs, in their places.
pub(super) fn stage_names(rungs: &[Rung], settings: &SearchSettings) -> Vec<String> {
    let before = ["seen before", "probe", "same behaviour"].map(str::to_owned);
    let rungs = rungs.iter().map(|rung| rung.name.clone());
    let after = settings.second_look.map(|_| "second look".to_owned());
    before.into_iter().chain(rungs).chain(after).collect()
}

/// What a stage did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageCount {
    /// What it is called.
    pub stage: String,
    /// How many candidates came to it.
    pub entered: u64,
    /// How many it stopped.
    pub stopped: u64,
    /// How many it would have stopped that were let through.
    pub let_through: u64,
    /// Of these, those that turned out to be good.
    pub wrongly_stopped: u64,
}

impl StageCount {
    /// Counts of stages of these names.
    pub(super) fn of(names: &[String]) -> Vec<Self> {
        let names = names.iter().cloned();
        names
            .map(|stage| Self {
                stage,
                ..Self::default()
            })
            .collect()
    }
}

/// Adds counts of the same stages.
pub fn add_stages(all: &mut Vec<StageCount>, more: &[StageCount]) {
    if all.is_empty() {
        more.clone_into(all);
        return;
    }
    for (all, more) in all.iter_mut().zip(more) {
        all.entered += more.entered;
        all.stopped += more.stopped;
        all.let_through += more.let_through;
        all.wrongly_stopped += more.wrongly_stopped;
    }
}

impl SearchSettings {
    /// Whether a candidate, by its place in its generation, is let through what would stop it.
    pub(super) fn lets_through(&self, generation: u32, place: usize) -> bool {
        let share = self.funnel.let_through;
        if share == 0.0 {
            return false;
        }
        let key = [u64::from(generation), place as u64];
        stream(self.seed, "let through", key).random::<f64>() < share
    }
}

/// How many scores of a rung are remembered.
const REMEMBERED: usize = 200;
/// From how many on they make a hurdle.
const ENOUGH: usize = 50;

/// The scores on each rung of those that got to the end lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hurdles {
    scores: Vec<VecDeque<f64>>,
}

impl Hurdles {
    /// Takes in the scores, with the rungs, of a candidate that got to the end.
    pub(super) fn record(&mut self, scores: &[(usize, f64)]) {
        for &(rung, score) in scores {
            if self.scores.len() <= rung {
                self.scores.resize_with(rung + 1, VecDeque::new);
            }
            let remembered = &mut self.scores[rung];
            if remembered.len() == REMEMBERED {
                remembered.pop_front();
            }
            remembered.push_back(score);
        }
    }

    /// The least score with which a candidate passes each rung; there is nothing to pass after the last.
    pub(super) fn heights(&self, rungs: &[Rung], settings: &SearchSettings) -> Vec<f64> {
        let quantile = settings.funnel.hurdle_quantile;
        let of_survivors = |rung: usize| {
            let remembered = self.scores.get(rung)?;
            if quantile == 0.0 || remembered.len() < ENOUGH {
                return None;
            }
            let mut scores: Vec<f64> = remembered.iter().copied().collect();
            let place = (quantile * (scores.len() - 1) as f64) as usize;
            let (_, score, _) = scores.select_nth_unstable_by(place, f64::total_cmp);
            Some(*score)
        };
        let heights = rungs.iter().enumerate().map(|(place, rung)| {
            let least = if rung.is_trial { 0.0 } else { settings.hurdle };
            match place + 1 == rungs.len() {
                true => f64::NEG_INFINITY,
                false => of_survivors(place).map_or(least, |score| score.max(least)),
            }
        });
        heights.collect()
    }
}

/// A candidate's way over the hurdles.
pub(super) struct Climb<'a> {
    settings: &'a SearchSettings,
    heights: &'a [f64],
    /// The generation, and the candidate's place in it.
    candidate: (u32, usize),
    clock: &'a StageClock,
    /// The moment of the last rung or, before that, of its start.
    pub(super) since: Instant,
    /// The rungs that it came to, with what it scored there.
    pub(super) scores: Vec<(usize, f64)>,
    /// The first rung that was too high for it.
    pub(super) fails_at: Option<usize>,
    /// Whether it goes on no more.
    pub(super) is_stopped: bool,
}

impl<'a> Climb<'a> {
    pub(super) fn new(
        settings: &'a SearchSettings,
        heights: &'a [f64],
        candidate: (u32, usize),
        (clock, since): (&'a StageClock, Instant),
    ) -> Self {
        Self {
            settings,
            heights,
            candidate,
            clock,
            since,
            scores: Vec::new(),
            fails_at: None,
            is_stopped: false,
        }
    }
}

impl Gate for Climb<'_> {
    fn wants(&self, trial: Trial) -> bool {
        let funnel = &self.settings.funnel;
        let is_set = match trial {
            Trial::FewSteps => true,
            Trial::ShortBudget => funnel.short_budget,
        };
        is_set && funnel.hurdle_quantile > 0.0
    }

    fn passes(&mut self, rung: usize, score: f64) -> bool {
        self.since = self.clock.add(FunnelStage::Rung(rung), self.since);
        self.scores.push((rung, score));
        if score < self.heights[rung] {
            self.fails_at = self.fails_at.or(Some(rung));
            let (generation, place) = self.candidate;
            self.is_stopped = !self.settings.lets_through(generation, place);
        }
        !self.is_stopped
    }
}

/// How long stages take, all threads together. It is the one thing of a search that differs from run to run.
pub(super) struct StageClock {
    spent_ns: Vec<AtomicU64>,
}

impl StageClock {
    /// Of stages of these names.
    pub(super) fn new(stage_names: &[String]) -> Self {
        let stages = stage_names.iter();
        Self {
            spent_ns: stages.map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Notes that a stage took the time since a moment; this moment.
    pub(super) fn add(&self, stage: FunnelStage, since: Instant) -> Instant {
        let place = stage.place(self.spent_ns.len());
        let now = Instant::now();
        let ns = now.duration_since(since).as_nanos() as u64;
        self.spent_ns[place].fetch_add(ns, Ordering::Relaxed);
        now
    }

    pub(super) fn into_ns(self) -> Vec<u64> {
        let spent = self.spent_ns.into_iter();
        spent.map(AtomicU64::into_inner).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rungs() -> Vec<Rung> {
        let rung = |name: &str, is_trial| Rung {
            name: name.to_owned(),
            is_trial,
        };
        vec![
            rung("trial", true),
            rung("first", false),
            rung("second", false),
        ]
    }

    #[test]
    fn hurdles_are_quantiles_of_those_that_got_to_the_end() {
        let mut settings = SearchSettings::default();
        settings.funnel.hurdle_quantile = 0.25;
        let mut hurdles = Hurdles::default();
        let none = f64::NEG_INFINITY;
        // What is too few to tell leaves the hurdle of the settings.
        assert_eq!(hurdles.heights(&rungs(), &settings), [0.0, 0.3, none]);
        for number in 0..101 {
            let score = f64::from(number) / 100.0;
            hurdles.record(&[(0, 0.5 * score), (1, score), (2, 1.0)]);
        }
        assert_eq!(hurdles.heights(&rungs(), &settings), [0.125, 0.3, none]);
        settings.funnel.hurdle_quantile = 0.5;
        assert_eq!(hurdles.heights(&rungs(), &settings), [0.25, 0.5, none]);
        settings.funnel.hurdle_quantile = 0.0;
        assert_eq!(hurdles.heights(&rungs(), &settings), [0.0, 0.3, none]);
        // The latest count.
        settings.funnel.hurdle_quantile = 0.5;
        for _ in 0..REMEMBERED {
            hurdles.record(&[(0, 0.9), (1, 0.9), (2, 0.9)]);
        }
        assert_eq!(hurdles.heights(&rungs(), &settings), [0.9, 0.9, none]);
    }

    #[test]
    fn a_climb_ends_at_the_first_hurdle_unless_it_is_let_through() {
        let mut settings = SearchSettings::default();
        let heights = [0.5, 0.5, f64::NEG_INFINITY];
        for (let_through, expected) in [(0.0, vec![0]), (1.0, vec![0, 1, 2])] {
            settings.funnel.let_through = let_through;
            let clock = StageClock::new(&stage_names(&rungs(), &settings));
            let mut climb = Climb::new(&settings, &heights, (1, 2), (&clock, Instant::now()));
            for (rung, score) in [0.4, 0.3, 0.0].into_iter().enumerate() {
                if !climb.passes(rung, score) {
                    break;
                }
            }
            let passed: Vec<usize> = climb.scores.iter().map(|(rung, _)| *rung).collect();
            assert_eq!(passed, expected);
            assert_eq!(climb.fails_at, Some(0));
            assert_eq!(climb.is_stopped, let_through == 0.0);
        }
    }

    #[test]
    fn a_sample_is_let_through() {
        let mut settings = SearchSettings::default();
        settings.funnel.let_through = 0.1;
        let count = |settings: &SearchSettings| {
            let places = 0..2_000;
            places
                .filter(|&place| settings.lets_through(3, place))
                .count()
        };
        // The standard deviation is 13.
        assert!(
            (150..250).contains(&count(&settings)),
            "{}",
            count(&settings)
        );
        settings.funnel.let_through = 0.0;
        assert_eq!(count(&settings), 0);
    }
}
