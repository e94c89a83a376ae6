//! What a user can say about a search.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Suite;
use serde::{Deserialize, Serialize};

use super::{CandidateLogging, IslandSettings, MapElitesSettings};
use crate::fitness::{DataSettings, DataSettingsError, FitnessWeights};
use crate::learner::{LearnerSettings, LearnerSettingsError};
use crate::program::{Form, Schema, list};
use crate::setting_range::{CountOutOfRange, ShareOutOfRange, check_counts, check_shares};
use crate::variation::{SettingsError, VariationSettings};

/// All that a search's result depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// What every random draw is derived from. Default: 1.
    pub seed: u64,
    /// The kind of program that is searched for. Default: `optimizer`.
    pub schema: String,
    /// The tasks that judge it: a suite, or tasks' names with commas between them. Default: `default`.
    pub suite: String,
    /// The tasks that judge what would lead, named as in `suite`; it leads by them alone, so that what fits the suite
    /// and nothing else does not. Reports hold out the data of these tasks too. Default: those of `suite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation_suite: Option<String>,
    /// Whether the first generation has known programs, beside random ones. Default: true.
    pub known_programs: bool,
    /// Whether a candidate takes the verdict on an earlier one that is taken to be judged alike, so that it need
    /// not be judged again and cannot enter the population twice. Default: true.
    pub reuses_verdicts: bool,
    /// Whether a candidate that has the fingerprint of an individual takes its place, instead of not entering the
    /// population. Then code without effect can change, and a program that is found again is young again.
    /// Default: false.
    pub renews_twins: bool,
    /// After how many generations the population is given up for one like the first, so that a search that is stuck
    /// begins again; the leader stays. Default: 0, never.
    pub restart_interval_generations: u32,
    /// How many generations are bred after the first. Default: 30.
    pub generations: u32,
    /// The most programs in the population, and how many the first generation tries. Default: 500.
    pub population: usize,
    /// How many candidates a later generation makes. Default: 500.
    pub offspring: usize,
    /// How many candidates the search makes at most, the first generation's included; the generation in which it comes to
    /// so many is the last. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u64>,
    /// The confirmed fitness at which the search ends. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_fitness: Option<f64>,
    /// After how many generations without a new leader the search ends. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stagnation_generations: Option<u32>,
    /// How many programs a tournament draws. Default: 6.
    pub tournament: usize,
    /// How many of the best are never too old. Default: 25.
    pub elites: usize,
    /// The share of candidates made of two parents. Default: 0.3.
    pub crossover_probability: f64,
    /// The probability that a child of one parent is mutated at all. Default: 1.
    pub mutation_probability: f64,
    /// The probability that a child is mutated once more, each time anew. Default: 0.3.
    pub further_mutation_probability: f64,
    /// The share of candidates that are random programs. Default: 0.05.
    pub injection_rate: f64,
    /// The same share where diversity is below [`diversity_floor`](Self::diversity_floor).
    /// Default: 0.25.
    pub low_diversity_injection_rate: f64,
    /// The diversity, from 0 to 1, below which more random programs come in. Default: 0.4.
    pub diversity_floor: f64,
    /// How many islands share the population; each breeds by itself. Default: 1.
    pub islands: usize,
    /// After how many generations the best of each island go to the next one, the last one's to the first. Default: 5.
    pub migration_interval_generations: u32,
    /// How many go. Default: 2.
    pub migrants: usize,
    /// What is different on an island, one table for each: the first table is the first island's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub island: Vec<IslandSettings>,
    /// What a program may cost that is to lead: FLOPs for each parameter of a model, FLOPs of a loss for an example, both for
    /// an algorithm, instructions of a learner. Programs that cost more are parents all the same. Default: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greatest_leader_cost: Option<u32>,
    /// Parents from a map of the fittest program of each class of costs and size of state, beside those of tournaments.
    /// Default: no map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_elites: Option<MapElitesSettings>,
    /// How much the choice of mutations goes by what has worked lately, from 0, not at all, to 1. Default: 0.8.
    pub mutation_adaptation: f64,
    /// How many seeds a candidate is trained with on each task. Default: 4.
    pub seeds: usize,
    /// How many further seeds it is trained with before it may lead. Default: 8.
    pub confirmation_seeds: usize,
    /// The fitness on a task below which a candidate is not trained on the next one. Default: 0.3.
    pub hurdle: f64,
    /// What runs the programs; it does not change any result. Default: `auto`.
    pub backend: BackendName,
    /// Which candidates the run writes down: `all`; `trained`, those that trained or entered a population, which lineages are
    /// made of; `survivors`, those that the population and the leader descend from, in the checkpoint alone; or `none`. It does
    /// not change any result. Default: `all`; of learners, `survivors`, as they are judged in less time than it takes to
    /// write them down.
    pub candidate_log: CandidateLogging,
    /// How the parts of the fitness of learning curves are combined.
    pub fitness: FitnessWeights,
    /// How learners are taught and examined.
    #[serde(skip_serializing_if = "is_default")]
    pub learner: LearnerSettings,
    /// What tasks have of the user's own. Default: nothing.
    pub data: DataSettings,
    /// How programs are made and varied.
    pub variation: VariationSettings,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            schema: Schema::Optimizer.description().name.to_owned(),
            suite: Suite::DEFAULT.to_owned(),
            confirmation_suite: None,
            known_programs: true,
            reuses_verdicts: true,
            renews_twins: false,
            restart_interval_generations: 0,
            generations: 30,
            population: 500,
            offspring: 500,
            candidates: None,
            target_fitness: None,
            stagnation_generations: None,
            tournament: 6,
            elites: 25,
            crossover_probability: 0.3,
            mutation_probability: 1.0,
            further_mutation_probability: 0.3,
            injection_rate: 0.05,
            low_diversity_injection_rate: 0.25,
            diversity_floor: 0.4,
            islands: 1,
            migration_interval_generations: 5,
            migrants: 2,
            island: Vec::new(),
            greatest_leader_cost: None,
            map_elites: None,
            mutation_adaptation: 0.8,
            seeds: 4,
            confirmation_seeds: 8,
            hurdle: 0.3,
            backend: BackendName(BackendChoice::Auto),
            candidate_log: CandidateLogging::All,
            fitness: FitnessWeights::default(),
            learner: LearnerSettings::default(),
            data: DataSettings::default(),
            variation: VariationSettings::default(),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A back end, or `auto`, as settings name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackendName(pub BackendChoice);

impl From<BackendName> for String {
    fn from(name: BackendName) -> Self {
        name.0.to_string()
    }
}

impl TryFrom<String> for BackendName {
    type Error = mlevolve_ir::UnknownBackend;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse().map(Self)
    }
}

/// The most that a number of programs or seeds may be: far beyond use, and far from overflow.
const GREATEST_COUNT: usize = 1_000_000;

/// Settings that make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SearchSettingsError {
    /// There is no such schema.
    #[error("schema: there is none called `{found}`, only {known}")]
    Schema {
        /// What was asked for.
        found: String,
        /// The schemas there are.
        known: String,
    },
    /// There is no such suite.
    #[error("suite: {0}")]
    Suite(String),
    /// There is no such suite to confirm by.
    #[error("confirmation_suite: {0}")]
    ConfirmationSuite(String),
    /// A count is out of range.
    #[error(transparent)]
    Count(#[from] CountOutOfRange),
    /// A number is out of range.
    #[error(transparent)]
    Share(#[from] ShareOutOfRange),
    /// Nobody would ever migrate.
    #[error("migration_interval_generations must be 1 or more, not 0")]
    NoInterval,
    /// There are settings for more islands than there are.
    #[error("island: there are {tables} tables for {islands} islands")]
    Islands {
        /// How many tables there are.
        tables: usize,
        /// How many islands there are.
        islands: usize,
    },
    /// Settings of one island make no sense.
    #[error("island {number}: {source}")]
    Island {
        /// Which one, from 1.
        number: usize,
        /// What is wrong.
        source: Box<SearchSettingsError>,
    },
    /// The weights do not say how to combine.
    #[error("fitness: weights must be finite, not negative, and not all 0")]
    Weights,
    /// Settings of learners make no sense.
    #[error("learner: {0}")]
    Learner(#[from] LearnerSettingsError),
    /// It is not clear what data tasks should have.
    #[error("data: {0}")]
    Data(#[from] DataSettingsError),
    /// Settings of variation make no sense.
    #[error("variation: {0}")]
    Variation(#[from] SettingsError),
}

impl SearchSettings {
    /// The schema that is searched.
    ///
    /// # Errors
    /// [`SearchSettingsError::Schema`] if there is none of this name.
    pub fn schema(&self) -> Result<Schema, SearchSettingsError> {
        Schema::from_name(&self.schema).ok_or_else(|| SearchSettingsError::Schema {
            found: self.schema.clone(),
            known: list(Schema::ALL.iter().map(|schema| schema.description().name)),
        })
    }

    /// The settings of the judge of what would lead, if the tasks for that are others: these, with those tasks as the
    /// suite.
    #[must_use]
    pub fn confirming(&self) -> Option<Self> {
        self.confirmation_suite.as_ref().map(|suite| Self {
            suite: suite.clone(),
            confirmation_suite: None,
            ..self.clone()
        })
    }

    /// These settings with all tasks as the suite that a candidate is judged by, sooner or later: what is held out must
    /// be on none of their data.
    ///
    /// Tasks of learners are left as they are, as other seeds of theirs are held out.
    #[must_use]
    pub fn seeing_all(&self) -> Self {
        let suites = [Some(&self.suite), self.confirmation_suite.as_ref()];
        let entries = suites
            .into_iter()
            .flatten()
            .map(|name| Suite::entries(name));
        let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else {
            return self.clone();
        };
        let mut names: Vec<&str> = Vec::new();
        for entry in entries.concat() {
            if !names.contains(&entry.name()) {
                names.push(entry.name());
            }
        }
        Self {
            suite: names.join(","),
            confirmation_suite: None,
            ..self.clone()
        }
    }

    /// Whether its judges tune known rules before anything else: on a user's own data, if no file has their
    /// baselines. Learners are measured by themselves.
    #[must_use]
    pub fn tunes_known_rules(&self) -> bool {
        let suite = self.seeing_all().suite;
        let (Ok(entries), Ok(sources)) = (Suite::entries(&suite), self.data.sources()) else {
            return false;
        };
        let is_own = entries.iter().any(|entry| !entry.is_bundled(&sources));
        is_own && self.data.baselines.is_none()
    }

    /// Whether the candidates of this generation are made of nothing.
    pub(super) const fn begins_in(&self, generation: u32) -> bool {
        match self.restart_interval_generations {
            0 => generation == 0,
            interval => generation.is_multiple_of(interval),
        }
    }

    /// The form of the programs that are searched, which their tasks ask for.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub fn form(&self) -> Result<Form, SearchSettingsError> {
        Ok((self.schema()?.description().judging.form)(self))
    }

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// [`SearchSettingsError`] for the first that does not.
    pub fn validate(&self) -> Result<(), SearchSettingsError> {
        let schema = self.schema()?;
        let validate = schema.description().judging.validate;
        validate(self)?;
        if let Some(confirming) = self.confirming() {
            validate(&confirming).map_err(|error| match error {
                SearchSettingsError::Suite(message) => {
                    SearchSettingsError::ConfirmationSuite(message)
                }
                other => other,
            })?;
        }
        check_counts([
            (
                "candidates",
                self.candidates
                    .map_or(1, |most| most.try_into().unwrap_or(usize::MAX)),
                1..=usize::MAX,
            ),
            ("population", self.population, 2..=GREATEST_COUNT),
            ("offspring", self.offspring, 1..=GREATEST_COUNT),
            ("tournament", self.tournament, 1..=GREATEST_COUNT),
            ("elites", self.elites, 1..=self.population),
            ("islands", self.islands, 1..=self.population / 2),
            ("offspring", self.offspring, self.islands..=GREATEST_COUNT),
            ("migrants", self.migrants, 0..=GREATEST_COUNT),
            ("seeds", self.seeds, 1..=1_000),
            ("confirmation_seeds", self.confirmation_seeds, 1..=1_000),
        ])?;
        check_shares([
            ("crossover_probability", self.crossover_probability),
            ("mutation_probability", self.mutation_probability),
            (
                "further_mutation_probability",
                self.further_mutation_probability,
            ),
            ("injection_rate", self.injection_rate),
            (
                "low_diversity_injection_rate",
                self.low_diversity_injection_rate,
            ),
            ("diversity_floor", self.diversity_floor),
            ("hurdle", self.hurdle),
            ("mutation_adaptation", self.mutation_adaptation),
        ])?;
        if let Some(MapElitesSettings { probability }) = self.map_elites {
            check_shares([("map_elites.probability", probability)])?;
        }
        if self.migration_interval_generations == 0 {
            return Err(SearchSettingsError::NoInterval);
        }
        if self.island.len() > self.islands {
            return Err(SearchSettingsError::Islands {
                tables: self.island.len(),
                islands: self.islands,
            });
        }
        for place in 0..self.island.len() {
            let own = Self {
                island: Vec::new(),
                islands: 1,
                ..self.on_island(place)
            };
            own.validate()
                .map_err(|source| SearchSettingsError::Island {
                    number: place + 1,
                    source: Box::new(source),
                })?;
        }
        self.data.sources()?;
        self.learner.validate()?;
        if !self.fitness.are_valid() {
            return Err(SearchSettingsError::Weights);
        }
        Ok(self.variation.validate(schema)?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_round_trip() {
        let settings = SearchSettings::default();
        assert_eq!(settings.validate(), Ok(()));
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str(&text), Ok(settings));
        assert_eq!(toml::from_str(""), Ok(SearchSettings::default()));
    }

    #[test]
    fn all_that_judges_is_seen() {
        let seen = |text: &str| {
            let settings: SearchSettings = toml::from_str(text).unwrap();
            settings.seeing_all().suite
        };
        assert_eq!(seen("suite = 'iris-mlp'"), "iris-mlp");
        assert_eq!(
            seen("suite = 'iris-mlp,wine-mlp'\nconfirmation_suite = 'wine-mlp,digits-mlp'"),
            "iris-mlp,wine-mlp,digits-mlp"
        );
        assert_eq!(
            seen("schema = 'learner'\nsuite = 'linear'\nconfirmation_suite = 'two-layer'"),
            "linear"
        );
    }

    /// Only what has no committed baselines is tuned, and only where known rules are the measure.
    #[test]
    fn known_rules_are_tuned_on_a_users_own_data_alone() {
        for (text, tunes) in [
            ("", false),
            ("suite = 'csv'\ndata.csv = 'x.csv'\ndata.target = 'y'", true),
            (
                "suite = 'quick'\nconfirmation_suite = 'csv'\ndata.csv = 'x.csv'\ndata.target = 'y'",
                true,
            ),
            (
                "suite = 'csv'\ndata.csv = 'x.csv'\ndata.target = 'y'\ndata.baselines = 'x.json'",
                false,
            ),
            ("suite = 'text-gru'\ndata.text = 'x.txt'", true),
            ("suite = 'iris-mlp'\ndata.text = 'x.txt'", false),
            (
                "schema = 'learner'\nsuite = 'own'\ndata.train = 'x.csv'\ndata.valid = 'y.csv'",
                false,
            ),
            (
                "schema = 'learner'\nsuite = 'projected-files'\ndata.directory = 'x'",
                false,
            ),
        ] {
            let settings: SearchSettings = toml::from_str(text).unwrap();
            assert_eq!(settings.tunes_known_rules(), tunes, "{text}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        for (text, message) in [
            (
                "population = 0",
                "population must be from 2 to 1000000, not 0",
            ),
            ("elites = 600", "elites must be from 1 to 500, not 600"),
            (
                "candidates = 0",
                "candidates must be from 1 to 18446744073709551615, not 0",
            ),
            ("islands = 0", "islands must be from 1 to 250, not 0"),
            (
                "migration_interval_generations = 0",
                "migration_interval_generations must be 1 or more, not 0",
            ),
            (
                "[[island]]\n[[island]]\n",
                "island: there are 2 tables for 1 islands",
            ),
            (
                "islands = 2\n[[island]]\ntournament = 0",
                "island 1: tournament must be from 1 to 1000000, not 0",
            ),
            ("hurdle = -0.5", "hurdle must be from 0 to 1, not -0.5"),
            (
                "map_elites.probability = 1.5",
                "map_elites.probability must be from 0 to 1, not 1.5",
            ),
            (
                "suite = 'x'",
                "suite: there is no suite or task `x`; suites are `default`, `quick`, `classification`, \
                 `regression`, `ill-conditioned`, `sequence`, `self-supervised`, `rl`, `image`, `held-out`, `csv`, or \
                 tasks with commas between them, which `mlevolve tasks` lists",
            ),
            (
                "confirmation_suite = 'linear'",
                "confirmation_suite: `linear` is for whole learners, programs of schema `learner`, which bring their own \
                 model and rule; suites whose models are trained are `default`, `quick`, `classification`, `regression`, \
                 `ill-conditioned`, `sequence`, `self-supervised`, `rl`, `image`, `held-out`, `csv`",
            ),
            (
                "schema = 'x'",
                "schema: there is none called `x`, only `optimizer`, `learner`, `loss`, `algorithm`",
            ),
            (
                "[fitness]\nfinal_quality = -1.0",
                "fitness: weights must be finite, not negative, and not all 0",
            ),
            (
                "[data]\ncsv = 'x.csv'",
                "data: a table (csv) needs the column that is to be predicted (target)",
            ),
            (
                "[variation]\nmaximum_instructions = 0",
                "variation: maximum_instructions must be from 1 to 256, not 0",
            ),
        ] {
            let settings: SearchSettings = toml::from_str(text).unwrap();
            assert_eq!(settings.validate().unwrap_err().to_string(), message);
        }
        let error = toml::from_str::<SearchSettings>("backend = 'gpu'").unwrap_err();
        assert!(error.to_string().contains("there is no back end `gpu`"));
    }
}
