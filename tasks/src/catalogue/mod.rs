//! Which tasks there are, and which are run together.
//!
//! Adding a task is a constant of type [`TaskEntry`] in a file here, and a row of [`catalogue`]; adding a suite is a row
//! of the table in `suite.rs`.

mod acrobot;
mod cartpole;
mod diabetes;
mod digits;
mod mountain_car;
mod pendulum;
mod suite;

use std::sync::Arc;

pub use suite::Suite;

use crate::Task;

/// Every task, cheapest run first.
const TASKS: &[TaskEntry] = &[
    diabetes::MLP,
    digits::MLP,
    cartpole::REINFORCE,
    cartpole::DQN,
    cartpole::ACTOR_CRITIC,
    mountain_car::DQN,
    acrobot::ACTOR_CRITIC,
    acrobot::DQN,
    mountain_car::CONTINUOUS,
    pendulum::ACTOR_CRITIC,
];

/// Every task there is, cheapest run first.
pub fn catalogue() -> &'static [TaskEntry] {
    TASKS
}

/// A task that can be made.
#[derive(Debug, Clone, Copy)]
pub struct TaskEntry {
    name: &'static str,
    make: fn(&'static str) -> Arc<dyn Task>,
}

impl TaskEntry {
    /// A task whose data is in the program.
    const fn bundled(name: &'static str, make: fn(&'static str) -> Arc<dyn Task>) -> Self {
        Self { name, make }
    }

    /// The task's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The names of all tasks, cheapest run first.
pub fn task_names() -> impl Iterator<Item = &'static str> {
    TASKS.iter().map(|entry| entry.name)
}

/// The task with this name, if there is one.
#[must_use]
pub fn task_named(name: &str) -> Option<Arc<dyn Task>> {
    let entry = TASKS.iter().find(|entry| entry.name == name)?;
    Some((entry.make)(entry.name))
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
            assert!(description.step_flops > 0);
        }
        assert!(task_named("no such task").is_none());
    }

    #[test]
    fn flops_are_counted_as_documented() {
        for (name, hidden) in [("diabetes-mlp", 10 * 16), ("digits-mlp", 64 * 32)] {
            let task = task_named(name).expect(name);
            let lengths = task.layout().tensors().iter();
            let lengths: Vec<_> = lengths.map(|tensor| tensor.len() as u64).collect();
            assert_eq!(lengths[0], hidden);
            // Forward and backward: 4 FLOPs per weight and 2 per bias, and 2 per output weight for the way back.
            let example = 4 * lengths[0] + 6 * lengths[2] + 2 * (lengths[1] + lengths[3]);
            assert_eq!(task.description().step_flops, 32 * example);
        }
    }
}
