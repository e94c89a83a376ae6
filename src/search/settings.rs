//! What a user can say about a search.

use mlevolve_ir::BackendChoice;
use mlevolve_tasks::Suite;
use serde::{Deserialize, Serialize};

use super::{
    CandidateLogging, FunnelSettings, IslandSettings, MapElitesSettings, NicheSettings,
    SearchSettingsError, SecondLookSettings,
};
use crate::fitness::{DataSettings, FitnessWeights, RateChoice};
use crate::learner::LearnerSettings;
use crate::program::{Form, Schema, list};
use crate::variation::VariationSettings;

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
    /// Which known programs the first generation has, beside random ones: `true` for all that the judge suggests, `false` for
    /// none, or a list of names. Default: true.
    pub known_programs: KnownPrograms,
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
    /// How many candidates of a later generation train at most, each island its part; those that are bred after so many are as if they
    /// had never been. As ever more candidates have been seen before, a generation can then make many and cost no more for it. Default: any
    /// number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained_offspring: Option<usize>,
    /// How many steps of training all candidates together may take: a measure of what a search costs that is the same on
    /// every machine. Of learners, how many examples they may be taught. The generation in which it comes to so many is the
    /// last. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training_steps: Option<u64>,
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
    /// How many random programs are drawn at most for each that is to be made, until one passes the probe: most cannot learn, and
    /// a population that begins with few that can has little to choose from. Default: 1.
    pub random_attempts: u32,
    /// The share of candidates that are random programs. Default: 0.05.
    pub injection_rate: f64,
    /// The same share where diversity is below [`diversity_floor`](Self::diversity_floor).
    /// Default: 0.25.
    pub low_diversity_injection_rate: f64,
    /// The diversity of structure, from 0 to 1, below which more random programs come in. Default: 0.4.
    pub diversity_floor: f64,
    /// The diversity of behaviour, from 0 to 1, below which more random programs come in. Default: 0.1.
    pub behavioural_diversity_floor: f64,
    /// How many islands share the population; each breeds by itself. Default: 1.
    pub islands: usize,
    /// After how many generations the best of each island go to the next one, the last one's to the first. Default: 5.
    pub migration_interval_generations: u32,
    /// How many go. Default: 2.
    pub migrants: usize,
    /// What is different on an island, one table for each: the first table is the first island's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub island: Vec<IslandSettings>,
    /// What a program may cost that enters the population, counted as for `greatest_leader_cost`; what costs more never trains.
    /// Known programs enter whatever they cost, as parents. An island may have its own limit, so that one of cheap programs has
    /// dear ones beside it. Default: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greatest_cost: Option<u32>,
    /// What a program may cost that is to lead: FLOPs for each parameter of a model, FLOPs of a loss for an example, both for
    /// an algorithm, instructions of a learner. Programs that cost more are parents all the same. Default: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greatest_leader_cost: Option<u32>,
    /// Whether an update rule has to move parameters about twice as far where its learning rate is twice as great, so that it
    /// can be tuned by it for other tasks; one that does not never trains. Default: true.
    pub needs_learning_rate: bool,
    /// How many learning rates an update rule may choose from on each task: its own, and others half decades around it, to which it goes
    /// as long as that gets better. One seed in four is for choosing, and no more than eight. Rules that differ by a moderate factor alone are then taken to be judged alike. With 1, one rate has to do for all tasks, whose best ones often differ tenfold. Default: 1.
    pub learning_rates_per_task: usize,
    /// Whether rates a quarter of a decade beside the best of these are tried too, where two seeds or more choose: in a second look, and
    /// before a candidate leads. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub fine_learning_rates: bool,
    /// Whether candidates that would be among the best are trained with more seeds, which then decide. Default: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_look: Option<SecondLookSettings>,
    /// Parents from a map of the fittest program of each class of costs and size of state, beside those of tournaments.
    /// Default: no map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_elites: Option<MapElitesSettings>,
    /// How many programs that do almost the same an island has room for. Default: for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub niches: Option<NicheSettings>,
    /// How much the choice of mutations goes by what has worked lately, from 0, not at all, to 1. Default: 0.8.
    pub mutation_adaptation: f64,
    /// How many seeds a candidate is trained with on each task. Default: 4.
    pub seeds: usize,
    /// How many of a generation's best are trained again before one of them may lead. Default: 3.
    pub challengers: usize,
    /// How many further seeds they are trained with for that. Default: 8.
    pub confirmation_seeds: usize,
    /// How many of these seeds come first: who is behind the leader there is trained with no more of them. Default: none come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screening_seeds: Option<usize>,
    /// The fitness on a task below which a candidate is not trained on the next one. Default: 0.3.
    pub hurdle: f64,
    /// What candidates go through before they are judged in full, beside that hurdle.
    pub funnel: FunnelSettings,
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
            known_programs: KnownPrograms::All(true),
            reuses_verdicts: true,
            renews_twins: false,
            restart_interval_generations: 0,
            generations: 30,
            population: 500,
            offspring: 500,
            trained_offspring: None,
            candidates: None,
            training_steps: None,
            target_fitness: None,
            stagnation_generations: None,
            tournament: 6,
            elites: 25,
            crossover_probability: 0.3,
            mutation_probability: 1.0,
            further_mutation_probability: 0.3,
            random_attempts: 1,
            injection_rate: 0.05,
            low_diversity_injection_rate: 0.25,
            diversity_floor: 0.4,
            behavioural_diversity_floor: 0.1,
            islands: 1,
            migration_interval_generations: 5,
            migrants: 2,
            island: Vec::new(),
            greatest_cost: None,
            greatest_leader_cost: None,
            needs_learning_rate: true,
            learning_rates_per_task: 1,
            fine_learning_rates: false,
            second_look: None,
            map_elites: None,
            niches: None,
            mutation_adaptation: 0.8,
            seeds: 4,
            challengers: 3,
            confirmation_seeds: 8,
            screening_seeds: None,
            hurdle: 0.3,
            funnel: FunnelSettings::default(),
            backend: BackendName(BackendChoice::Auto),
            candidate_log: CandidateLogging::All,
            fitness: FitnessWeights::default(),
            learner: LearnerSettings::default(),
            data: DataSettings::default(),
            variation: VariationSettings::default(),
        }
    }
}

/// Known programs to begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KnownPrograms {
    /// All, or none.
    All(bool),
    /// Those of these names; for algorithms, those with update rules of these names.
    Named(Vec<String>),
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

    /// What a candidate chooses its learning rate on a task from.
    pub(crate) fn rate_choice(&self) -> RateChoice {
        RateChoice::of(self.learning_rates_per_task).finely(self.fine_learning_rates)
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
}
