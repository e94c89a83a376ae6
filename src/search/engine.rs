//! The loop: breed, judge, select, once a generation.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::breeding::{self, Offspring};
use super::credit::Credit;
use super::fate::Fate;
use super::funnel::{FunnelStage, Hurdles, StageClock, stage_names};
use super::island::migrate;
use super::judging::Progress;
use super::library::Library;
use super::population::median_fitness;
use super::seen::Seen;
use super::taking_up::{Candidate, TakenUp};
use super::{
    Generation, Individual, Island, Leader, MapElites, Population, SearchSettings,
    SearchSettingsError, StageCount, Totals, add_stages,
};
use crate::fitness::{Fingerprint, Judge, JudgeError};
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
    pub(crate) hurdles: Hurdles,
    pub(crate) totals: Totals,
    /// What each stage of the funnel did in all.
    pub(crate) funnel: Vec<StageCount>,
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
    /// It has trained as many steps as it may.
    TrainingSteps,
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
            Self::TrainingSteps => "it has trained as many steps as it may (training_steps)",
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
            hurdles: Hurdles::default(),
            totals: Totals::default(),
            funnel: Vec::new(),
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
        } else if settings
            .training_steps
            .is_some_and(|most| self.totals.training_steps >= most)
        {
            Some(SearchEnd::TrainingSteps)
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

    /// What each stage has done so far that candidates go through, in order; nothing before the first generation.
    #[must_use]
    pub fn funnel(&self) -> &[StageCount] {
        &self.funnel
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
        let rungs = judge.rungs();
        let stage_names = stage_names(&rungs, &self.settings);
        let clock = StageClock::new(&stage_names);
        let candidates = self.candidates(judge, &clock)?;
        let made = candidates.len();
        let (candidates, plans) = self.planned(judge, candidates, &clock)?;
        let training = plans.iter().flatten().filter(|plan| plan.trains).count();
        // Those that were left out are done with, too.
        judged.fetch_add((made - training) as u64, Ordering::Relaxed);
        let progress = Progress { judged, stop };
        let passages = self.judged(judge, &rungs, &candidates, plans, &clock, progress)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(Err(Interrupted));
        }
        let mut counts = Totals {
            candidates: candidates.len() as u64,
            ..Totals::default()
        };
        let mut stages = StageCount::of(&stage_names);
        let TakenUp {
            children,
            verdicts,
            credit,
            hurdles,
            mut fates,
        } = self.take_up(candidates, passages, &rungs, &mut counts, &mut stages);
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
        (self.credit, self.hurdles) = (credit, hurdles);
        for child in children.iter().flatten() {
            self.archive.insert(child, number);
            if self.settings.map_elites.is_some() {
                self.map.insert(child, number);
            }
        }
        self.next_id += made as u64;
        let first_migrant = self.next_id;
        self.grow(children, number, judge);
        if self.settings.candidate_log.is_wanted() {
            fates.extend(self.arrivals(first_migrant));
        }
        self.next_generation += 1;
        self.totals.add(&counts);
        add_stages(&mut self.funnel, &stages);
        let populations = || self.islands.iter().map(|island| &island.population);
        let best = populations().filter_map(|population| population.best());
        let mean = |of: fn(&Island) -> f64| {
            self.islands.iter().map(of).sum::<f64>() / self.islands.len() as f64
        };
        Ok(Ok(Generation {
            number,
            counts,
            best_fitness: best.map(|best| best.fitness).fold(0.0, f64::max),
            median_fitness: median_fitness(populations()).unwrap_or(0.0),
            diversity: mean(|island| island.diversity),
            behavioural_diversity: mean(|island| island.behavioural_diversity),
            funnel: stages,
            stage_ns: clock.into_ns(),
            new_leader,
            fates,
        }))
    }

    /// Lets children into their islands, takes the best of each into the library, and lets some move on.
    fn grow(&mut self, children: Vec<Vec<Individual>>, generation: u32, judge: &dyn Judge) {
        let settings = &self.settings;
        for (place, (island, children)) in self.islands.iter_mut().zip(children).enumerate() {
            let own = settings.on_island(place);
            if settings.begins_in(generation) {
                island.population = Population::default();
            } else {
                island.population.remove_twins_of(&children);
            }
            island.grow(children, &own, generation, place, judge);
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

    fn candidates(
        &self,
        judge: &dyn Judge,
        clock: &StageClock,
    ) -> Result<Vec<Candidate>, JudgeError> {
        let settings = &self.settings;
        let (variation, generation) = (&self.variation, self.next_generation);
        let appraised = |place: usize, made: Offspring| {
            let Offspring {
                program,
                origin,
                island,
            } = made;
            let id = self.next_id + place as u64;
            let since = Instant::now();
            // One that no other candidate has, where none is to have another's verdict.
            let own = || Fingerprint::new(u128::from(id).to_be_bytes());
            let own = (!settings.reuses_verdicts).then(own);
            let appraisal = judge.appraise(&program, own)?;
            clock.add(FunnelStage::SeenBefore, since);
            Ok(Candidate {
                id,
                appraisal,
                program,
                origin,
                island,
            })
        };
        let made = if settings.begins_in(generation) {
            breeding::first_generation(settings, variation, judge, generation, &appraised)
        } else {
            let guidance = self.guidance();
            let parents = (&self.islands[..], &self.map);
            breeding::offspring(
                settings, variation, &guidance, parents, judge, generation, &appraised,
            )
        };
        made.into_iter().collect()
    }
}
