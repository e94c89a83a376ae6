//! Which tasks there are, and which are run together.
//!
//! Adding a task is a constant of type [`TaskEntry`] in a file here, and a row of [`TASKS`]; adding a suite is a row of
//! the table in `suite.rs`.
//!
//! ```text
//! TaskEntry ──open(Sources: what a user provides)──► Task, or why it is not ready
//! ```

mod acrobot;
mod cartpole;
mod diabetes;
mod digits;
mod generated;
mod glyphs;
mod images;
mod mountain_car;
mod networks;
mod own_table;
mod pendulum;
#[cfg(test)]
mod pytorch;
mod self_supervised;
mod sources;
mod suite;
mod tables;
mod text;
mod valleys;

use std::sync::Arc;

pub use sources::{OwnTable, Sources, TaskError};
pub use suite::Suite;

use crate::Task;
use crate::data::{Divided, ImageData, ImageSet, Text};

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
    digits::RESIDUAL,
    glyphs::MLP,
    glyphs::CONVOLUTION,
    glyphs::RESIDUAL,
    images::MNIST_MLP,
    images::MNIST_CONV,
    images::FASHION_MNIST_MLP,
    images::FASHION_MNIST_CONV,
    images::CIFAR10_CONV,
    diabetes::MLP,
    generated::FRIEDMAN,
    generated::TEACHER,
    own_table::CSV,
    valleys::QUADRATIC_100,
    valleys::QUADRATIC_10000,
    valleys::ROSENBROCK,
    generated::CORRELATED,
    text::TRANSFORMER,
    text::GRU,
    self_supervised::AUTOENCODER,
    self_supervised::MASKED,
    self_supervised::CONTRASTIVE,
    cartpole::REINFORCE,
    cartpole::ACTOR_CRITIC,
    cartpole::DQN,
    acrobot::ACTOR_CRITIC,
    acrobot::DQN,
    mountain_car::DQN,
    mountain_car::CONTINUOUS,
    pendulum::ACTOR_CRITIC,
];

/// A task that can be made, if what it needs is there.
#[derive(Debug, Clone, Copy)]
pub struct TaskEntry {
    name: &'static str,
    maker: Maker,
}

type MakeOfText = fn(&'static str, &Text, &str) -> Arc<dyn Task>;
type MakeOfTable = fn(&'static str, &OwnTable) -> Result<Arc<dyn Task>, TaskError>;

/// How a task is made, by what it needs of a user.
#[derive(Debug, Clone, Copy)]
enum Maker {
    /// Nothing.
    Bundled(fn(&'static str) -> Arc<dyn Task>),
    /// Nothing, but a text can take the place of the bundled one.
    Text(MakeOfText),
    /// Files of images.
    Images(
        ImageData,
        fn(&'static str, Divided<ImageSet>) -> Arc<dyn Task>,
    ),
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

    /// A task on a text.
    const fn of_text(name: &'static str, make: MakeOfText) -> Self {
        Self {
            name,
            maker: Maker::Text(make),
        }
    }

    /// A task on images that a user provides.
    const fn of_images(
        name: &'static str,
        data: ImageData,
        make: fn(&'static str, Divided<ImageSet>) -> Arc<dyn Task>,
    ) -> Self {
        Self {
            name,
            maker: Maker::Images(data, make),
        }
    }

    /// Whether the task with these sources is on data that are in the program.
    #[must_use]
    pub const fn is_bundled(&self, sources: &Sources) -> bool {
        match self.maker {
            Maker::Bundled(_) => true,
            Maker::Text(_) => sources.text.is_none(),
            Maker::Images(..) | Maker::Table(_) => false,
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
            Maker::Text(make) => match &sources.text {
                Some(file) => {
                    let title = file.display().to_string();
                    Ok(make(self.name, &Text::load(file)?, &title))
                }
                None => Ok(make(self.name, Text::bundled(), Text::BUNDLED_TITLE)),
            },
            Maker::Images(data, make) => {
                let images = data.load(sources.data_directory.as_deref())?;
                Ok(make(self.name, images))
            }
            Maker::Table(make) => match &sources.table {
                Some(table) => make(self.name, table),
                None => Err(TaskError::NoTable { task: self.name }),
            },
        }
    }
}

/// Every task whose data is in the program.
///
/// # Panics
///
/// Never: tests make every one.
pub fn bundled_tasks() -> impl Iterator<Item = Arc<dyn Task>> {
    let is_bundled = |entry: &&TaskEntry| entry.is_bundled(&Sources::default());
    let bundled = TASKS.iter().filter(is_bundled);
    bundled.map(|entry| match entry.open(&Sources::default()) {
        Ok(task) => task,
        Err(error) => panic!("{} is bundled: {error}", entry.name),
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
            let opened = entry.open(&Sources::default());
            assert_eq!(
                opened.is_ok(),
                entry.is_bundled(&Sources::default()),
                "{name}"
            );
            let Ok(task) = opened else {
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
        for (name, hidden, batch) in [("diabetes-mlp", 10 * 16, 32), ("digits-mlp", 64 * 32, 64)] {
            let entry = TaskEntry::named(name).expect(name);
            let task = entry.open(&Sources::default()).expect(name);
            let lengths = task.layout().tensors().iter();
            let lengths: Vec<_> = lengths.map(|tensor| tensor.len() as u64).collect();
            assert_eq!(lengths[0], hidden);
            // Forward and backward: 4 FLOPs per weight and 2 per bias, and 2 per output weight for the way back.
            let example = 4 * lengths[0] + 6 * lengths[2] + 2 * (lengths[1] + lengths[3]);
            assert_eq!(task.description().step_flops, batch * example);
        }
    }
}
