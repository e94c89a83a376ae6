//! Settings that make no sense, and what is said about them.

use super::{KnownPrograms, MapElitesSettings, NicheSettings, SearchSettings, SecondLookSettings};
use crate::fitness::{DataSettingsError, GREATEST_RATE_COUNT};
use crate::learner::LearnerSettingsError;
use crate::program::{Schema, known, list};
use crate::schema::LEARNING_RATE;
use crate::setting_range::{CountOutOfRange, ShareOutOfRange, check_counts, check_shares};
use crate::variation::SettingsError;

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
    /// There is no such program to begin with.
    #[error("known_programs: there is none called `{found}`, only {known}")]
    KnownProgram {
        /// What was asked for.
        found: String,
        /// The known programs that such a search can begin with.
        known: String,
    },
    /// There is no learning rate to choose.
    #[error(
        "learning_rates_per_task: programs of schema `{schema}` have no learning rate to choose, so that it can only be 1"
    )]
    NoLearningRate {
        /// The schema.
        schema: &'static str,
    },
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
        if let KnownPrograms::Named(names) = &self.known_programs {
            check_known(names, schema)?;
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
            (
                "random_attempts",
                self.random_attempts as usize,
                1..=GREATEST_COUNT,
            ),
            ("elites", self.elites, 1..=self.population),
            ("islands", self.islands, 1..=self.population / 2),
            ("offspring", self.offspring, self.islands..=GREATEST_COUNT),
            (
                "trained_offspring",
                self.trained_offspring.unwrap_or(self.islands),
                self.islands..=GREATEST_COUNT,
            ),
            ("migrants", self.migrants, 0..=GREATEST_COUNT),
            ("seeds", self.seeds, 1..=1_000),
            ("challengers", self.challengers, 1..=GREATEST_COUNT),
            ("confirmation_seeds", self.confirmation_seeds, 1..=1_000),
            (
                "screening_seeds",
                self.screening_seeds.unwrap_or(1),
                1..=self.confirmation_seeds,
            ),
            (
                "learning_rates_per_task",
                self.learning_rates_per_task,
                1..=GREATEST_RATE_COUNT,
            ),
        ])?;
        let required = schema.description().required.iter();
        if self.learning_rates_per_task > 1
            && required.filter(|cell| cell.name == LEARNING_RATE).count() == 0
        {
            return Err(SearchSettingsError::NoLearningRate {
                schema: schema.description().name,
            });
        }
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
            (
                "behavioural_diversity_floor",
                self.behavioural_diversity_floor,
            ),
            ("hurdle", self.hurdle),
            ("funnel.hurdle_quantile", self.funnel.hurdle_quantile),
            ("funnel.let_through", self.funnel.let_through),
            ("mutation_adaptation", self.mutation_adaptation),
        ])?;
        if let Some(SecondLookSettings { seeds, share }) = self.second_look {
            check_counts([("second_look.seeds", seeds, 1..=1_000)])?;
            check_shares([("second_look.share", share)])?;
        }
        if let Some(MapElitesSettings { probability }) = self.map_elites {
            check_shares([("map_elites.probability", probability)])?;
        }
        if let Some(NicheSettings { radius, capacity }) = self.niches {
            check_shares([("niches.radius", radius)])?;
            check_counts([("niches.capacity", capacity, 1..=GREATEST_COUNT)])?;
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

/// Checks that a search can begin with programs of these names.
fn check_known(names: &[String], schema: Schema) -> Result<(), SearchSettingsError> {
    // The update rules of algorithms go by their names.
    let of = match schema {
        Schema::Algorithm => Schema::Optimizer,
        Schema::Optimizer | Schema::Learner | Schema::Loss => schema,
    };
    let mut known = known::of(of).map(|known| known.name);
    for name in names {
        if !known.clone().any(|known| known == name) {
            return Err(SearchSettingsError::KnownProgram {
                found: name.clone(),
                known: list(known.by_ref()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

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
            (
                "schema = 'loss'\nknown_programs = ['adam']",
                "known_programs: there is none called `adam`, only `mean_squared`, \
                 `mean_absolute`, `huber`, `log_cosh`, `cross_entropy`, `binary_cross_entropy`, `hinge`, `focal`, \
                 `label_smoothing`, `baikal`, `dqn`, `dqnreg`",
            ),
            ("hurdle = -0.5", "hurdle must be from 0 to 1, not -0.5"),
            (
                "learning_rates_per_task = 10",
                "learning_rates_per_task must be from 1 to 9, not 10",
            ),
            (
                "schema = 'learner'\nsuite = 'linear'\nlearning_rates_per_task = 3",
                "learning_rates_per_task: programs of schema `learner` have no learning rate to choose, so that it can \
                 only be 1",
            ),
            (
                "second_look.seeds = 0",
                "second_look.seeds must be from 1 to 1000, not 0",
            ),
            (
                "second_look.share = 2.0",
                "second_look.share must be from 0 to 1, not 2",
            ),
            (
                "confirmation_seeds = 8\nscreening_seeds = 9",
                "screening_seeds must be from 1 to 8, not 9",
            ),
            (
                "islands = 4\ntrained_offspring = 3",
                "trained_offspring must be from 4 to 1000000, not 3",
            ),
            (
                "niches.capacity = 0",
                "niches.capacity must be from 1 to 1000000, not 0",
            ),
            (
                "niches.radius = -1.0",
                "niches.radius must be from 0 to 1, not -1",
            ),
            (
                "map_elites.probability = 1.5",
                "map_elites.probability must be from 0 to 1, not 1.5",
            ),
            (
                "suite = 'x'",
                "suite: there is no suite or task `x`; suites are `default`, `quick`, `classification`, \
                 `glyphs`, `regression`, `ill-conditioned`, `sequence`, `self-supervised`, `rl`, `image`, `held-out`, `csv`, or \
                 tasks with commas between them, which `mlevolve tasks` lists",
            ),
            (
                "confirmation_suite = 'linear'",
                "confirmation_suite: `linear` is for whole learners, programs of schema `learner`, which bring their own \
                 model and rule; suites whose models are trained are `default`, `quick`, `classification`, `glyphs`, `regression`, \
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
