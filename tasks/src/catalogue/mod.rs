//! Which tasks there are, and which are run together.
//!
//! Adding a task is a constant of type [`TaskEntry`] in a file here, and a row of [`TASKS`]; adding a suite is a row of
//! the table in `suite.rs`.
//!
//! ```text
//! TaskEntry ──open(Sources: what a user provides)──► Task, or why it is not ready
//! ```

mod cartpole;
mod diabetes;
mod digits;
mod generated;
mod own_table;
mod sources;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "wired by the catalogue's sources")
)]
mod images;
mod self_supervised;
mod suite;
mod tables;
mod valleys;

use std::sync::Arc;

pub use sources::{OwnTable, Sources, TaskError};
pub use suite::Suite;

use crate::Task;

/// Every task, by family and data.
pub const TASKS: &[TaskEntry] = &[
    tables::IRIS_LOGISTIC,
    tables::IRIS_MLP,
    tables::WINE_LOGISTIC,
    tables::WINE_MLP,
    tables::BREAST_CANCER_LOGISTIC,
    tables::BREAST_CANCER_MLP,
    digits::SOFTMAX,
    digits::MLP,
    digits::CONVOLUTION,
    diabetes::MLP,
    generated::FRIEDMAN,
    generated::TEACHER,
    own_table::CSV,
    valleys::QUADRATIC_100,
    valleys::QUADRATIC_10000,
    valleys::ROSENBROCK,
    generated::CORRELATED,
    self_supervised::AUTOENCODER,
    self_supervised::MASKED,
    self_supervised::CONTRASTIVE,
    cartpole::REINFORCE,
];

/// A task that can be made, if what it needs is there.
#[derive(Debug, Clone, Copy)]
pub struct TaskEntry {
    name: &'static str,
    maker: Maker,
}

type MakeOfTable = fn(&'static str, &OwnTable) -> Result<Arc<dyn Task>, TaskError>;

/// How a task is made, by what it needs of a user.
#[derive(Debug, Clone, Copy)]
enum Maker {
    /// Nothing.
    Bundled(fn(&'static str) -> Arc<dyn Task>),
    /// A table.
    Table(MakeOfTable),
}

impl TaskEntry {
    /// A task whose data is in the program.
    const fn bundled(name: &'static str, make: fn(&'static str) -> Arc<dyn Task>) -> Self {
        Self {
            name,
            maker: Maker::Bundled(make),
        }
    }

    /// The task with this name.
    ///
    /// # Errors
    ///
    /// [`TaskError::Unknown`] if there is none.
    pub fn named(name: &str) -> Result<&'static Self, TaskError> {
        let found = TASKS.iter().find(|entry| entry.name == name);
        found.ok_or_else(|| TaskError::Unknown {
            name: name.to_owned(),
        })
    }

    /// The task's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the task is the same for everyone who has these sources: it is, unless its data come from a user.
    #[must_use]
    pub const fn is_bundled(&self, _sources: &Sources) -> bool {
        match self.maker {
            Maker::Bundled(_) => true,
            Maker::Table(_) => false,
        }
    }

    /// Makes the task; data files are read here.
    ///
    /// # Errors
    ///
    /// [`TaskError`] if what it needs is not among the sources, or cannot be read.
    pub fn open(&self, sources: &Sources) -> Result<Arc<dyn Task>, TaskError> {
        match self.maker {
            Maker::Bundled(make) => Ok(make(self.name)),
            Maker::Table(make) => match &sources.table {
                Some(table) => make(self.name, table),
                None => Err(TaskError::NoTable { task: self.name }),
            },
        }
    }
}

/// Every task whose data is in the program.
pub fn bundled_tasks() -> impl Iterator<Item = Arc<dyn Task>> {
    TASKS.iter().filter_map(|entry| match entry.maker {
        Maker::Bundled(make) => Some(make(entry.name)),
        Maker::Table(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PADDING;

    #[test]
    fn every_task_is_found_by_its_own_name_and_describes_itself() {
        let mut names = Vec::new();
        for entry in TASKS {
            let name = entry.name();
            assert!(!names.contains(&name), "{name} is listed twice");
            names.push(name);
            assert_eq!(TaskEntry::named(name).expect(name).name(), name);
            let Ok(task) = entry.open(&Sources::default()) else {
                assert!(!entry.is_bundled(&Sources::default()), "{name}");
                continue;
            };
            let description = task.description();
            assert_eq!(description.name, name);
            let layout = task.layout();
            assert_eq!(description.parameter_count, layout.parameter_count());
            assert!(layout.arena_len().is_multiple_of(PADDING));
            assert!(
                (1..=description.budget_steps).contains(&description.evaluation_interval_steps)
            );
            assert!(description.step_examples > 0);
            assert!(description.step_flops > 0);
        }
        assert!(TaskEntry::named("no such task").is_err());
    }

    #[test]
    fn flops_are_counted_as_documented() {
        for (name, hidden) in [("diabetes-mlp", 10 * 16), ("digits-mlp", 64 * 32)] {
            let entry = TaskEntry::named(name).expect(name);
            let task = entry.open(&Sources::default()).expect(name);
            let lengths = task.layout().tensors().iter();
            let lengths: Vec<_> = lengths.map(|tensor| tensor.len() as u64).collect();
            assert_eq!(lengths[0], hidden);
            // Forward and backward: 4 FLOPs per weight and 2 per bias, and 2 per output weight for the way back.
            let example = 4 * lengths[0] + 6 * lengths[2] + 2 * (lengths[1] + lengths[3]);
            assert_eq!(task.description().step_flops, 32 * example);
        }
    }
}
