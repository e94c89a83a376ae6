//! The loop: breed, judge, select, once a generation.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mlevolve_tasks::stream;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::breeding;
use super::{Individual, Origin, Population, SearchSettings, SearchSettingsError};
use crate::fitness::{
    Fingerprint, Judge, JudgeError, Judgement, Verdict, confirmation_seeds, search_seeds,
};
use crate::program::{Program, Schema};
use crate::variation::Variation;

/// How many verdicts are remembered; of more, the oldest are forgotten. Bounds memory and the size of
/// a checkpoint in searches over millions of candidates.
const REMEMBERED: usize = 100_000;

/// How many of a generation's best are judged again for the lead.
const CHALLENGERS: usize = 3;

/// A search between two generations.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub(crate) settings: SearchSettings,
    pub(crate) schema: Schema,
    pub(crate) variation: Variation,
    /// The number of the generation that comes next.
    pub(crate) next_generation: u32,
    pub(crate) next_id: u64,
    pub(crate) population: Population,
    pub(crate) diversity: f64,
    pub(crate) leader: Option<Leader>,
    pub(crate) seen: Seen,
    pub(crate) totals: Totals,
}

/// The program that is reported if the search ends now.
#[derive(Clone, Debug, PartialEq)]
pub struct Leader {
    /// The individual, with its fitness on the search's seeds.
    pub individual: Individual,
    /// How good it is on the seeds for confirmation.
    pub confirmed: Judgement,
    /// The generation that it came with.
    pub generation: u32,
}

/// What has become of candidates so far, the first generation's included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Programs that were made.
    pub candidates: u64,
    /// Of these, those that had been judged before, up to names and order.
    pub seen_before: u64,
    /// Of these, those that a probe rejected.
    pub rejected: u64,
    /// Of these, those that were trained, but not on the whole suite.
    pub dropped: u64,
    /// Of these, those that were trained on the whole suite.
    pub judged: u64,
}

impl Totals {
    /// The share of candidates that never trained.
    #[must_use]
    pub fn share_untrained(&self) -> f64 {
        if self.candidates == 0 {
            0.0
        } else {
            (self.seen_before + self.rejected) as f64 / self.candidates as f64
        }
    }
}

/// Verdicts by fingerprint: a fitness, or nothing for what was rejected.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Only looked up, never iterated.
    verdicts: FxHashMap<Fingerprint, Option<SeenFitness>>,
    /// In the order in which they were reached.
    order: VecDeque<Fingerprint>,
}

/// What is remembered of a candidate that trained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenFitness {
    pub(crate) fitness: f64,
    pub(crate) cost: u32,
}

impl Seen {
    pub(crate) fn insert(&mut self, hash: Fingerprint, verdict: Option<SeenFitness>) {
        if self.verdicts.insert(hash, verdict).is_none() {
            self.order.push_back(hash);
        }
    }

    /// Forgets the oldest verdicts, down to [`REMEMBERED`]. Done between generations, so that none is
    /// forgotten that a candidate of this one was found to have.
    fn forget_oldest(&mut self) {
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.verdicts.remove(&oldest);
            }
        }
    }

    /// Everything that is remembered, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fingerprint, Option<SeenFitness>)> + '_ {
        let order = self.order.iter();
        order.map(|hash| (*hash, self.verdicts.get(hash).copied().flatten()))
    }
}

/// What one generation did.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Its number; 0 is the first.
    pub number: u32,
    /// What became of its candidates.
    pub counts: Totals,
    /// The greatest fitness in the population after it, on the search's seeds.
    pub best_fitness: f64,
    /// The population's median fitness.
    pub median_fitness: f64,
    /// The population's diversity.
    pub diversity: f64,
    /// Whether the lead changed.
    pub new_leader: bool,
}

/// The search was told to stop in the middle of a generation, which has left no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Why a search cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The settings make no sense.
    #[error(transparent)]
    Settings(#[from] SearchSettingsError),
    /// There is nobody to judge, or a program cannot be compiled.
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

/// A program that awaits its verdict.
struct Candidate {
    id: u64,
    program: Program,
    origin: Origin,
    fingerprint: Fingerprint,
}

/// What becomes of a generation's candidates.
#[derive(Default)]
struct TakenUp {
    /// Those that may enter the population.
    children: Vec<Individual>,
    /// Verdicts that are new, in the order of the candidates.
    verdicts: Vec<(Fingerprint, Option<SeenFitness>)>,
}

impl Search {
    /// A search before its first generation.
    ///
    /// # Errors
    /// [`SearchError::Settings`] if the settings make no sense.
    pub fn new(settings: SearchSettings) -> Result<Self, SearchError> {
        settings.validate()?;
        let schema = settings.schema()?;
        Ok(Self {
            variation: Variation::of_form(schema, settings.form()?, &settings.variation),
            settings,
            schema,
            next_generation: 0,
            next_id: 0,
            population: Population::default(),
            diversity: 0.0,
            leader: None,
            seen: Seen::default(),
            totals: Totals::default(),
        })
    }

    /// The judge that this search needs.
    ///
    /// # Errors
    /// [`SearchError::Judge`] if the suite, its data or the table of baselines is missing.
    pub fn judge(&self) -> Result<Box<dyn Judge>, SearchError> {
        let SearchSettings { data, .. } = &self.settings;
        Ok((self.schema.description().judging.judge)(
            &self.settings,
            data,
        )?)
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &SearchSettings {
        &self.settings
    }

    /// The number of the generation that comes next; the first is 0.
    #[must_use]
    pub const fn next_generation(&self) -> u32 {
        self.next_generation
    }

    /// Whether all generations have been.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.next_generation > self.settings.generations
    }

    /// The population after the last generation.
    #[must_use]
    pub const fn population(&self) -> &Population {
        &self.population
    }

    /// What is best so far, once anything has trained.
    #[must_use]
    pub const fn leader(&self) -> Option<&Leader> {
        self.leader.as_ref()
    }

    /// What has become of candidates so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Breeds, judges and selects one generation. `judged` counts the candidates that have had their
    /// verdict, for those who watch; when `stop` becomes true, the generation is given up.
    ///
    /// # Errors
    /// [`SearchError`] if the back end fails. The search is as before then.
    pub fn advance(
        &mut self,
        judge: &dyn Judge,
        judged: &AtomicU64,
        stop: &AtomicBool,
    ) -> Result<Result<Generation, Interrupted>, SearchError> {
        let number = self.next_generation;
        let candidates = self.candidates(judge)?;
        let made = candidates.len() as u64;

        // The first candidate of each fingerprint that is not known yet is judged; the others need not be.
        let mut fresh: FxHashSet<Fingerprint> = FxHashSet::default();
        let is_fresh: Vec<bool> = candidates
            .iter()
            .map(|one| {
                !self.seen.verdicts.contains_key(&one.fingerprint) && fresh.insert(one.fingerprint)
            })
            .collect();
        judged.fetch_add(made - fresh.len() as u64, Ordering::Relaxed);
        let seeds = search_seeds(self.settings.seed, self.settings.seeds);
        let (hurdle, backend) = (self.settings.hurdle, self.settings.backend.0);
        let verdicts: Result<Vec<Option<Verdict>>, JudgeError> = candidates
            .par_iter()
            .zip(&is_fresh)
            .map(|(candidate, &is_fresh)| {
                if !is_fresh || stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let verdict = judge.examine(&candidate.program, &seeds, hurdle, backend)?;
                judged.fetch_add(1, Ordering::Relaxed);
                Ok(Some(verdict))
            })
            .collect();
        let verdicts = verdicts?;
        if stop.load(Ordering::Relaxed) {
            return Ok(Err(Interrupted));
        }
        let mut counts = Totals {
            candidates: made,
            ..Totals::default()
        };
        let TakenUp { children, verdicts } = self.take_up(candidates, verdicts, &mut counts);
        let leader = self.challenged_leader(&children, judge, number)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(Err(Interrupted));
        }
        // From here on nothing can fail or be interrupted.
        let new_leader = leader.is_some();
        self.leader = leader.or(self.leader.take());
        for (fingerprint, verdict) in verdicts {
            self.seen.insert(fingerprint, verdict);
        }
        self.seen.forget_oldest();
        let (elites, capacity) = (self.settings.elites, self.settings.population);
        self.population.replace_oldest(children, elites, capacity);
        let mut numbers = stream(self.settings.seed, "diversity", [u64::from(number), 0]);
        self.diversity = self.population.diversity(&mut numbers);
        self.next_id += made;
        self.next_generation += 1;
        self.totals.add(&counts);
        Ok(Ok(Generation {
            number,
            counts,
            best_fitness: self.population.best().map_or(0.0, |best| best.fitness),
            median_fitness: self.population.median_fitness().unwrap_or(0.0),
            diversity: self.diversity,
            new_leader,
        }))
    }

    fn candidates(&self, judge: &dyn Judge) -> Result<Vec<Candidate>, JudgeError> {
        let settings = &self.settings;
        let made = if self.next_generation == 0 {
            breeding::first_generation(settings, &self.variation, judge)
        } else {
            let (generation, diversity) = (self.next_generation, self.diversity);
            breeding::offspring(
                settings,
                &self.variation,
                &self.population,
                generation,
                diversity,
            )
        };
        made.into_par_iter()
            .enumerate()
            .map(|(place, (program, origin))| {
                let id = self.next_id + place as u64;
                let fingerprint = if settings.reuses_verdicts {
                    judge.fingerprint(&program)?
                } else {
                    // One that no other candidate has.
                    Fingerprint::new(u128::from(id).to_be_bytes())
                };
                Ok(Candidate {
                    id,
                    fingerprint,
                    program,
                    origin,
                })
            })
            .collect()
    }

    /// What the verdicts make of the candidates: those with a fitness may enter the population, unless a twin
    /// of theirs is in already.
    fn take_up(
        &self,
        candidates: Vec<Candidate>,
        verdicts: Vec<Option<Verdict>>,
        counts: &mut Totals,
    ) -> TakenUp {
        let mut present = self.population.fingerprints();
        let mut taken_up = TakenUp::default();
        // Only looked up, never iterated.
        let mut new: FxHashMap<Fingerprint, Option<SeenFitness>> = FxHashMap::default();
        for (candidate, verdict) in candidates.into_iter().zip(verdicts) {
            let fingerprint = candidate.fingerprint;
            let seen = match verdict {
                None => {
                    counts.seen_before += 1;
                    let before = self.seen.verdicts.get(&fingerprint);
                    before.or_else(|| new.get(&fingerprint)).copied().flatten()
                }
                Some(verdict) => {
                    let fitness = match verdict {
                        Verdict::Rejected(_) => {
                            counts.rejected += 1;
                            None
                        }
                        Verdict::Trained {
                            judgement,
                            dropped,
                            cost,
                        } => {
                            counts.dropped += u64::from(dropped);
                            counts.judged += u64::from(!dropped);
                            Some(SeenFitness {
                                fitness: judgement.fitness,
                                cost,
                            })
                        }
                    };
                    if self.settings.reuses_verdicts {
                        new.insert(fingerprint, fitness);
                        taken_up.verdicts.push((fingerprint, fitness));
                    }
                    fitness
                }
            };
            let Some(seen) = seen else { continue };
            if present.insert(fingerprint) {
                taken_up.children.push(Individual {
                    id: candidate.id,
                    origin: candidate.origin,
                    program: candidate.program,
                    fingerprint,
                    fitness: seen.fitness,
                    cost: seen.cost,
                });
            }
        }
        taken_up
    }

    /// Judges the best children again, on other seeds than those that candidates are chosen by; the new
    /// leader, if one of them is better than the old one there.
    ///
    /// A child's fitness is compared with the leader's confirmed one, not with that which the leader
    /// was chosen by: the best of many owes some of that to luck, and would keep better ones out.
    fn challenged_leader(
        &self,
        children: &[Individual],
        judge: &dyn Judge,
        generation: u32,
    ) -> Result<Option<Leader>, SearchError> {
        let leader = self.leader.as_ref();
        let to_beat = leader.map_or(f64::NEG_INFINITY, |leader| leader.confirmed.fitness);
        let mut challengers: Vec<&Individual> = children
            .iter()
            .filter(|child| child.fitness > to_beat)
            .collect();
        challengers.sort_by(|first, second| first.rank(second));
        challengers.truncate(CHALLENGERS);
        let seeds = confirmation_seeds(self.settings.seed, self.settings.confirmation_seeds);
        let mut best: Option<Leader> = None;
        for challenger in challengers {
            let (program, backend) = (&challenger.program, self.settings.backend.0);
            let confirmed = judge.judge(program, &seeds, backend)?;
            let incumbent = best.as_ref().or(self.leader.as_ref());
            if incumbent.is_none_or(|leader| confirmed.fitness > leader.confirmed.fitness) {
                best = Some(Leader {
                    individual: challenger.clone(),
                    confirmed,
                    generation,
                });
            }
        }
        Ok(best)
    }
}

impl Totals {
    fn add(&mut self, counts: &Self) {
        self.candidates += counts.candidates;
        self.seen_before += counts.seen_before;
        self.rejected += counts.rejected;
        self.dropped += counts.dropped;
        self.judged += counts.judged;
    }
}
