//! Which tasks there are, and which are run together.
//!
//! Adding a task is one file and one row of [`TASKS`]; adding a suite is one row of [`SUITES`].

use std::sync::Arc;

use crate::{Task, cartpole, diabetes_mlp, digits_mlp};

/// A task's name and how to make it.
type TaskRow = (&'static str, fn() -> Box<dyn Task>);

/// Every task, cheapest run first.
const TASKS: &[TaskRow] = &[
    (diabetes_mlp::NAME, diabetes_mlp::task),
    (digits_mlp::NAME, digits_mlp::task),
    (cartpole::NAME, cartpole::task),
];

/// Every suite: its name and its tasks' names, cheapest first.
const SUITES: &[(&str, &[&str])] = &[
    (
        Suite::DEFAULT,
        &[diabetes_mlp::NAME, digits_mlp::NAME, cartpole::NAME],
    ),
    (Suite::QUICK, &[diabetes_mlp::NAME, digits_mlp::NAME]),
];

/// The names of all tasks, cheapest run first.
pub fn task_names() -> impl Iterator<Item = &'static str> {
    TASKS.iter().map(|(name, _)| *name)
}

/// The task with this name, if there is one.
#[must_use]
pub fn task_named(name: &str) -> Option<Arc<dyn Task>> {
    let (_, make) = TASKS.iter().find(|(known, _)| *known == name)?;
    Some(make().into())
}

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
            .map(|task| task_named(task))
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
    use crate::PADDING;

    #[test]
    fn every_task_is_found_by_its_own_name_and_describes_itself() {
        let mut names = Vec::new();
        for name in task_names() {
            let task = task_named(name).expect(name);
            let description = task.description();
            assert_eq!(description.name, name);
            assert!(!names.contains(&name), "{name} is listed twice");
            names.push(name);
            let layout = task.layout();
            assert_eq!(description.parameter_count, layout.parameter_count());
            assert!(layout.arena_len().is_multiple_of(PADDING));
            assert!(
                (1..=description.budget_steps).contains(&description.evaluation_interval_steps)
            );
            assert!(description.step_examples > 0);
            // Forward and backward: 4 FLOPs per weight and 2 per bias, and 2 per output weight for the way back.
            let sizes: Vec<_> = layout
                .tensors()
                .iter()
                .map(|tensor| tensor.len() as u64)
                .collect();
            let [hidden_weight, hidden_bias, output_weight, output_bias] = sizes[..] else {
                panic!("{name} has {} tensors", sizes.len());
            };
            let example_flops =
                4 * hidden_weight + 6 * output_weight + 2 * (hidden_bias + output_bias);
            assert_eq!(
                description.step_flops,
                description.step_examples * example_flops
            );
        }
        assert!(task_named("no such task").is_none());
    }

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
