//! Tasks that are run together.

use std::sync::Arc;

use super::{TaskEntry, cartpole, diabetes, digits, task_named};
use crate::Task;

/// Every suite: its name and its tasks, cheapest first.
const SUITES: &[(&str, &[TaskEntry])] = &[
    (
        Suite::DEFAULT,
        &[diabetes::MLP, digits::MLP, cartpole::REINFORCE],
    ),
    (Suite::QUICK, &[diabetes::MLP, digits::MLP]),
];

/// Tasks that judge a rule together, cheapest first, so that a bad rule can be dropped early.
#[derive(Clone)]
pub struct Suite {
    name: &'static str,
    tasks: Vec<Arc<dyn Task>>,
}

impl Suite {
    /// The name of [`Suite::default_suite`].
    pub const DEFAULT: &'static str = "default";

    /// The name of the suite for a first look: supervised tasks only, in a quarter of the time.
    pub const QUICK: &'static str = "quick";

    /// One task each of regression, classification and reinforcement learning.
    ///
    /// # Panics
    ///
    /// If the table above lacks the suite or one of its tasks, which a test rules out.
    #[must_use]
    pub fn default_suite() -> Self {
        Self::named(Self::DEFAULT).expect("the default suite is in the table")
    }

    /// The suite with this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (name, tasks) = SUITES.iter().find(|(known, _)| *known == name)?;
        let tasks = tasks
            .iter()
            .map(|entry| task_named(entry.name()))
            .collect::<Option<_>>()?;
        Some(Self { name, tasks })
    }

    /// The names of all suites.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SUITES.iter().map(|(name, _)| *name)
    }

    /// This suite's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The tasks, cheapest first.
    #[must_use]
    pub fn tasks(&self) -> &[Arc<dyn Task>] {
        &self.tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_can_be_made() {
        for name in Suite::names() {
            let suite = Suite::named(name).expect(name);
            assert_eq!(suite.name(), name);
            assert!(!suite.tasks().is_empty());
        }
        assert_eq!(Suite::default_suite().tasks().len(), 3);
        assert!(Suite::named("no such suite").is_none());
    }
}
