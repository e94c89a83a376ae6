//! The loop: breed, judge, select, once a generation.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::breeding::{self, Offspring};
use super::credit::Credit;
use super::fate::Fate;
use super::island::migrate;
use super::library::Library;
use super::population::median_fitness;
use super::seen::Seen;
use super::taking_up::{Candidate, TakenUp};
use super::{
    Generation, Individual, Island, Leader, MapElites, Population, SearchSettings,
    SearchSettingsError, Totals,
};
use crate::fitness::{Fingerprint, Judge, JudgeError, Verdict, search_seeds};
use crate::program::Schema;
use crate::variation::{Guidance, Variation};

/// A search between two generations.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub(crate) settings: SearchSettings,
    pub(crate) schema: Schema,
    pub(crate) variation: Variation,
    /// The number of the generation that comes next.
    pub(crate) next_generation: u32,
    pub(crate) next_id: u64,
    pub(crate) islands: Vec<Island>,
    pub(crate) leader: Option<Leader>,
    pub(crate) archive: Archive,
    /// Empty unless the settings want one.
    pub(crate) map: MapElites,
    pub(crate) library: Library,
    pub(crate) credit: Credit,
    pub(crate) seen: Seen,
    pub(crate) totals: Totals,
}

/// The search was told to stop in the middle of a generation, which has left no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Why a search is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchEnd {
    /// All generations have been.
    Generations,
    /// It has made as many candidates as it may.
    Candidates,
    /// The leader is as good as was wanted.
    TargetFitness,
    /// There was no new leader for long.
    Stagnation,
}

impl fmt::Display for SearchEnd {
    /// What can be said after "it ended, as".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Generations => "all generations have been",
            Self::Candidates => "it has made as many candidates as it may (candidates)",
            Self::TargetFitness => "the best program is as good as was wanted (target_fitness)",
            Self::Stagnation => {
                "no program was better than the best for long (stagnation_generations)"
            }
        })
    }
}

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
            islands: vec![Island::default(); settings.islands],
            settings,
            schema,
            next_generation: 0,
            next_id: 0,
            leader: None,
            archive: Archive::default(),
            map: MapElites::default(),
            library: Library::default(),
            credit: Credit::default(),
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

    /// The judge of what would lead, where the settings name tasks for it.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub fn confirming_judge(&self) -> Result<Option<Box<dyn Judge>>, SearchError> {
        let judging = &self.schema.description().judging;
        let settings = self.settings.confirming();
        let judge = settings.map(|settings| (judging.judge)(&settings, &settings.data));
        Ok(judge.transpose()?)
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

    /// Why the search is over, if it is: the first reason of those that hold.
    #[must_use]
    pub fn end(&self) -> Option<SearchEnd> {
        let settings = &self.settings;
        let leader = self.leader.as_ref();
        let has_reached = |target: f64| leader.is_some_and(|it| it.confirmed.fitness >= target);
        let stands_still = |generations: u32| {
            let since = leader.map_or(0, |leader| leader.generation);
            self.next_generation > since.saturating_add(generations)
        };
        if settings.target_fitness.is_some_and(has_reached) {
            Some(SearchEnd::TargetFitness)
        } else if self.next_generation > settings.generations {
            Some(SearchEnd::Generations)
        } else if settings
            .candidates
            .is_some_and(|most| self.totals.candidates >= most)
        {
            Some(SearchEnd::Candidates)
        } else if settings.stagnation_generations.is_some_and(stands_still) {
            Some(SearchEnd::Stagnation)
        } else {
            None
        }
    }

    /// Whether the search is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.end().is_some()
    }

    /// The islands after the last generation.
    #[must_use]
    pub fn islands(&self) -> &[Island] {
        &self.islands
    }

    /// The best programs of every cost and length so far.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The fittest program so far of each class of costs and size of state; empty unless the settings want it.
    #[must_use]
    pub const fn map(&self) -> &MapElites {
        &self.map
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

    /// What mutations of the next generation go by.
    #[must_use]
    pub fn guidance(&self) -> Guidance<'_> {
        let (weights, adaptation) = (
            &self.settings.variation.mutation_weights,
            self.settings.mutation_adaptation,
        );
        Guidance {
            weights: self.credit.weights(weights, adaptation),
            library: self.library.programs(),
        }
    }

    /// Breeds, judges and selects one generation. What would lead is judged by `confirming`, or again by `judge` if
    /// there is none. `judged` counts the candidates that have had their verdict, for those who watch; when `stop`
    /// becomes true, the generation is given up.
    ///
    /// # Errors
    /// [`SearchError`] if the back end fails. The search is as before then.
    pub fn advance(
        &mut self,
        judge: &dyn Judge,
        confirming: Option<&dyn Judge>,
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
                self.seen.verdict(one.fingerprint).is_none() && fresh.insert(one.fingerprint)
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
        let TakenUp {
            children,
            verdicts,
            credit,
            mut fates,
        } = self.take_up(candidates, verdicts, &mut counts);
        let challengers = children.iter().flatten();
        let leader = self.challenged_leader(challengers, judge, confirming, number)?;
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
        self.credit = credit;
        for child in children.iter().flatten() {
            self.archive.insert(child, number);
            if self.settings.map_elites.is_some() {
                self.map.insert(child, number);
            }
        }
        self.next_id += made;
        let first_migrant = self.next_id;
        self.grow(children, number);
        if self.settings.candidate_log.is_wanted() {
            fates.extend(self.arrivals(first_migrant));
        }
        self.next_generation += 1;
        self.totals.add(&counts);
        let populations = || self.islands.iter().map(|island| &island.population);
        let best = populations().filter_map(|population| population.best());
        let diversities = self.islands.iter().map(|island| island.diversity);
        Ok(Ok(Generation {
            number,
            counts,
            best_fitness: best.map(|best| best.fitness).fold(0.0, f64::max),
            median_fitness: median_fitness(populations()).unwrap_or(0.0),
            diversity: diversities.sum::<f64>() / self.islands.len() as f64,
            new_leader,
            fates,
        }))
    }

    /// Lets children into their islands, takes the best of each into the library, and lets some move on.
    fn grow(&mut self, children: Vec<Vec<Individual>>, generation: u32) {
        let settings = &self.settings;
        for (place, (island, children)) in self.islands.iter_mut().zip(children).enumerate() {
            let own = settings.on_island(place);
            if settings.begins_in(generation) {
                island.population = Population::default();
            } else if settings.renews_twins {
                island.population.remove_twins_of(&children);
            }
            island.grow(children, &own, generation, place);
            if let Some(best) = island.population.best() {
                self.library.insert(best);
            }
        }
        let interval = settings.migration_interval_generations;
        if self.islands.len() > 1 && generation > 0 && generation.is_multiple_of(interval) {
            self.next_id = migrate(&mut self.islands, settings, self.next_id);
        }
    }

    /// Those who came to an island under ids from `first` on, by rising id.
    fn arrivals(&self, first: u64) -> Vec<Fate> {
        let logging = self.settings.candidate_log;
        let islands = self.islands.iter().enumerate();
        let mut arrivals: Vec<Fate> = islands
            .flat_map(|(place, island)| {
                let individuals = island.population.individuals().iter().rev();
                let new = individuals.take_while(|individual| individual.id >= first);
                new.filter_map(move |individual| Fate::of_migrant(individual, place, logging))
            })
            .collect();
        arrivals.sort_by_key(|fate| fate.id);
        arrivals
    }

    fn candidates(&self, judge: &dyn Judge) -> Result<Vec<Candidate>, JudgeError> {
        let settings = &self.settings;
        let (variation, generation) = (&self.variation, self.next_generation);
        let made = if settings.begins_in(generation) {
            breeding::first_generation(settings, variation, judge, generation)
        } else {
            let guidance = self.guidance();
            let (islands, map) = (&self.islands, &self.map);
            breeding::offspring(settings, variation, &guidance, islands, map, generation)
        };
        made.into_par_iter()
            .enumerate()
            .map(|(place, made)| {
                let Offspring {
                    program,
                    origin,
                    island,
                } = made;
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
                    island,
                })
            })
            .collect()
    }
}
