//! Tasks that are run together.

use std::sync::Arc;

use super::{
    Sources, TaskEntry, TaskError, acrobot, cartpole, diabetes, digits, generated, glyphs, images,
    mountain_car, own_table, pendulum, self_supervised, tables, text, valleys,
};
use crate::Task;

/// Every suite: its name and its tasks, cheapest first.
const SUITES: &[(&str, &[TaskEntry])] = &[
    (
        Suite::DEFAULT,
        &[diabetes::MLP, digits::MLP, cartpole::REINFORCE],
    ),
    (Suite::QUICK, &[diabetes::MLP, digits::MLP]),
    (
        "classification",
        &[
            tables::IRIS_LOGISTIC,
            tables::IRIS_MLP,
            tables::WINE_LOGISTIC,
            tables::WINE_MLP,
            tables::BREAST_CANCER_LOGISTIC,
            tables::BREAST_CANCER_MLP,
            digits::SOFTMAX,
            digits::MLP,
            digits::RESIDUAL,
            digits::CONVOLUTION,
        ],
    ),
    (
        "glyphs",
        &[glyphs::MLP, glyphs::RESIDUAL, glyphs::CONVOLUTION],
    ),
    (
        "regression",
        &[diabetes::MLP, generated::FRIEDMAN, generated::TEACHER],
    ),
    (
        "ill-conditioned",
        &[
            valleys::ROSENBROCK,
            generated::CORRELATED,
            valleys::QUADRATIC_100,
            valleys::QUADRATIC_10000,
        ],
    ),
    ("sequence", &[text::GRU, text::TRANSFORMER]),
    (
        "self-supervised",
        &[
            self_supervised::AUTOENCODER,
            self_supervised::MASKED,
            self_supervised::CONTRASTIVE,
        ],
    ),
    (
        "rl",
        &[
            cartpole::REINFORCE,
            cartpole::DQN,
            cartpole::ACTOR_CRITIC,
            acrobot::DQN,
            acrobot::ACTOR_CRITIC,
            mountain_car::DQN,
            mountain_car::CONTINUOUS,
            pendulum::ACTOR_CRITIC,
        ],
    ),
    (
        "image",
        &[
            images::MNIST_MLP,
            images::FASHION_MNIST_MLP,
            images::MNIST_CONV,
            images::FASHION_MNIST_CONV,
            images::CIFAR10_CONV,
        ],
    ),
    (
        Suite::HELD_OUT,
        &[tables::WINE_MLP, generated::FRIEDMAN, valleys::ROSENBROCK],
    ),
    (Suite::CSV, &[own_table::CSV]),
];

/// Tasks that judge a rule together.
///
/// A suite is called by its name in the table, which has the cheapest first, so that a bad rule can be dropped early; or by
/// the names of its tasks with commas between them, in the order that suits the user.
#[derive(Clone)]
pub struct Suite {
    name: String,
    tasks: Vec<Arc<dyn Task>>,
}

impl Suite {
    /// The name of [`Suite::default_suite`].
    pub const DEFAULT: &'static str = "default";

    /// The name of the suite for a first look: supervised tasks only, in a quarter of the time.
    pub const QUICK: &'static str = "quick";

    /// The name of the suite of what no search on another suite has seen; see [`Suite::held_out_from`].
    pub const HELD_OUT: &'static str = "held-out";

    /// The name of the suite of a user's own table.
    pub const CSV: &'static str = "csv";

    /// One task each of regression, classification and reinforcement learning.
    ///
    /// # Panics
    ///
    /// If the table above lacks the suite or one of its tasks needs anything, which a test rules out.
    #[must_use]
    pub fn default_suite() -> Self {
        let suite = Self::named(Self::DEFAULT, &Sources::default());
        suite.expect("the default suite is in the table and needs nothing")
    }

    /// The suite that is called so.
    ///
    /// # Errors
    ///
    /// [`TaskError`] if there is none, a task of it cannot be made, or no task of it is on some of the sources.
    pub fn named(name: &str, sources: &Sources) -> Result<Self, TaskError> {
        let entries = Self::entries(name)?;
        if let Some(data) = sources.unused_by(&entries) {
            let suite = name.to_owned();
            return Err(TaskError::Unused { suite, data });
        }
        Self::of(name, &entries, sources)
    }

    fn of(name: &str, entries: &[TaskEntry], sources: &Sources) -> Result<Self, TaskError> {
        let tasks = entries.iter().map(|entry| entry.open(sources));
        Ok(Self {
            name: name.to_owned(),
            tasks: tasks.collect::<Result<_, _>>()?,
        })
    }

    /// What a search on a suite is judged by afterwards: the tasks of [`Suite::HELD_OUT`] on data that no task of the suite
    /// is on, so that the two never overlap. Of the held-out suite itself that is nothing.
    ///
    /// # Errors
    ///
    /// [`TaskError::UnknownSuite`] if there is no such suite.
    pub fn held_out_from(name: &str) -> Result<Self, TaskError> {
        let searched = Self::entries(name)?;
        let searched = searched
            .iter()
            .filter_map(|entry| entry.open(&Sources::default()).ok());
        let searched: Vec<_> = searched.collect();
        let mut held_out = Self::named(Self::HELD_OUT, &Sources::default())?;
        let is_unseen = |task: &Arc<dyn Task>| {
            let data = &task.description().data;
            searched.iter().all(|it| it.description().data != *data)
        };
        held_out.tasks.retain(is_unseen);
        Ok(held_out)
    }

    /// The entries of the tasks in a suite.
    ///
    /// # Errors
    ///
    /// [`TaskError::UnknownSuite`] if there is none that is called so.
    pub fn entries(name: &str) -> Result<Vec<TaskEntry>, TaskError> {
        if let Some((_, entries)) = SUITES.iter().find(|(known, _)| *known == name) {
            return Ok(entries.to_vec());
        }
        let mut entries: Vec<TaskEntry> = Vec::new();
        for task in name.split(',').map(str::trim) {
            let unknown = |_| TaskError::UnknownSuite {
                name: name.to_owned(),
            };
            let entry = TaskEntry::named(task).map_err(unknown)?;
            if entries.iter().any(|it| it.name() == task) {
                return Err(TaskError::Twice {
                    name: task.to_owned(),
                });
            }
            entries.push(*entry);
        }
        Ok(entries)
    }

    /// The names of all suites.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SUITES.iter().map(|(name, _)| *name)
    }

    /// This suite's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tasks, in order.
    #[must_use]
    pub fn tasks(&self) -> &[Arc<dyn Task>] {
        &self.tasks
    }
}

#[cfg(test)]
mod tests {
    use super::super::TASKS;
    use super::*;

    #[test]
    fn every_suite_is_made_of_listed_tasks() {
        for name in Suite::names() {
            let entries = Suite::entries(name).expect(name);
            assert!(!entries.is_empty());
            for entry in &entries {
                let is_listed = TASKS.iter().any(|listed| listed.name() == entry.name());
                assert!(is_listed, "{} of {name}", entry.name());
            }
            match Suite::named(name, &Sources::default()) {
                Ok(suite) => assert_eq!(suite.name(), name),
                Err(error) => {
                    let has_bundled = entries
                        .iter()
                        .any(|entry| entry.is_bundled(&Sources::default()));
                    assert!(!has_bundled, "{name}: {error}");
                }
            }
        }
        assert_eq!(Suite::default_suite().tasks().len(), 3);
        let unknown = Suite::named("no such suite", &Sources::default());
        let message = unknown.err().expect("there is none").to_string();
        assert!(message.contains("`default`, `quick`"), "{message}");
    }

    #[test]
    fn tasks_can_be_chosen_by_name() {
        let name = "rosenbrock, iris-mlp";
        let suite = Suite::named(name, &Sources::default()).expect(name);
        let tasks = suite.tasks().iter().map(|task| task.description().name);
        assert_eq!(tasks.collect::<Vec<_>>(), ["rosenbrock", "iris-mlp"]);
        assert_eq!(suite.name(), name);
        let held_out = Suite::held_out_from(name).expect(name);
        let unseen = held_out.tasks().iter().map(|task| task.description().name);
        assert_eq!(unseen.collect::<Vec<_>>(), ["wine-mlp", "friedman1-mlp"]);
        for (name, message) in [
            ("rosenbrock,", "there is no suite or task `rosenbrock,`"),
            ("iris-mlp,iris-mlp", "task `iris-mlp` is named twice"),
        ] {
            let error = Suite::entries(name).expect_err(name).to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn no_search_sees_the_tasks_that_are_held_out_from_it() {
        for name in Suite::names() {
            let held_out = Suite::held_out_from(name).expect(name);
            for task in held_out.tasks() {
                let entries = Suite::entries(name).expect(name);
                let is_seen = |entry: &TaskEntry| entry.name() == task.description().name;
                assert!(!entries.iter().any(is_seen), "{name}");
            }
            assert_eq!(held_out.tasks().is_empty(), name == Suite::HELD_OUT);
        }
        // The same wines, by another model.
        let unseen = Suite::held_out_from("wine-logistic").expect("a task");
        let unseen = unseen.tasks().iter().map(|task| task.description().name);
        assert_eq!(unseen.collect::<Vec<_>>(), ["friedman1-mlp", "rosenbrock"]);
    }
}
