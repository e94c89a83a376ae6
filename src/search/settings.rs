//! What a user can say about a search.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Suite;
use serde::{Deserialize, Serialize};

use crate::fitness::{DataSettings, DataSettingsError, FitnessWeights};
use crate::learner::{LearnerSettings, LearnerSettingsError};
use crate::program::{Form, Schema, list};
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
    /// Whether the first generation has known programs, beside random ones. Default: true.
    pub known_programs: bool,
    /// Whether a candidate takes the verdict on an earlier one that is taken to be judged alike, so that it need
    /// not be judged again and cannot enter the population twice. Default: true.
    pub reuses_verdicts: bool,
    /// How many generations are bred after the first. Default: 30.
    pub generations: u32,
    /// The most programs in the population, and how many the first generation tries. Default: 500.
    pub population: usize,
    /// How many candidates a later generation makes. Default: 500.
    pub offspring: usize,
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
    /// How many seeds a candidate is trained with on each task. Default: 4.
    pub seeds: usize,
    /// How many further seeds it is trained with before it may lead. Default: 8.
    pub confirmation_seeds: usize,
    /// The fitness on a task below which a candidate is not trained on the next one. Default: 0.3.
    pub hurdle: f64,
    /// What runs the programs; it does not change any result. Default: `auto`.
    pub backend: BackendName,
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
            known_programs: true,
            reuses_verdicts: true,
            generations: 30,
            population: 500,
            offspring: 500,
            tournament: 6,
            elites: 25,
            crossover_probability: 0.3,
            mutation_probability: 1.0,
            further_mutation_probability: 0.3,
            injection_rate: 0.05,
            low_diversity_injection_rate: 0.25,
            diversity_floor: 0.4,
            seeds: 4,
            confirmation_seeds: 8,
            hurdle: 0.3,
            backend: BackendName(BackendChoice::Auto),
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
    /// A count is out of range.
    #[error("{setting} must be from {least} to {most}, not {found}")]
    Count {
        /// The setting's name.
        setting: &'static str,
        /// The least that makes sense.
        least: usize,
        /// The most that makes sense.
        most: usize,
        /// What was asked for.
        found: usize,
    },
    /// A number is out of range.
    #[error("{setting} must be from 0 to 1, not {found}")]
    Share {
        /// The setting's name.
        setting: &'static str,
        /// What was asked for.
        found: f64,
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
        (schema.description().judging.validate)(self)?;
        for (setting, found, least, most) in [
            ("population", self.population, 2, GREATEST_COUNT),
            ("offspring", self.offspring, 1, GREATEST_COUNT),
            ("tournament", self.tournament, 1, GREATEST_COUNT),
            ("elites", self.elites, 1, self.population),
            ("seeds", self.seeds, 1, 1_000),
            ("confirmation_seeds", self.confirmation_seeds, 1, 1_000),
        ] {
            if !(least..=most).contains(&found) {
                return Err(SearchSettingsError::Count {
                    setting,
                    least,
                    most,
                    found,
                });
            }
        }
        for (setting, found) in [
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
        ] {
            if !(0.0..=1.0).contains(&found) {
                return Err(SearchSettingsError::Share { setting, found });
            }
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
    fn settings_that_make_no_sense_are_named() {
        for (text, message) in [
            (
                "population = 0",
                "population must be from 2 to 1000000, not 0",
            ),
            ("elites = 600", "elites must be from 1 to 500, not 600"),
            ("hurdle = -0.5", "hurdle must be from 0 to 1, not -0.5"),
            (
                "suite = 'x'",
                "suite: there is no suite or task `x`; suites are `default`, `quick`, `classification`, \
                 `regression`, `ill-conditioned`, `sequence`, `self-supervised`, `rl`, `image`, `held-out`, `csv`, or \
                 tasks with commas between them, which `mlevolve tasks` lists",
            ),
            (
                "schema = 'x'",
                "schema: there is none called `x`, only `optimizer`, `learner`, `loss`",
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
