//! The figures that a program is reported with, beside those of known ones.

use serde::{Deserialize, Serialize};

use super::{Judgement, ProgramCost, TaskCurves};

/// A program beside known ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The program as it is written, with one learning rate for all tasks.
    pub written: Contender,
    /// The same with a learning rate tuned for each task, as the known rules have; unless that was not
    /// asked for, or it diverges at every rate on some task.
    pub tuned: Option<Contender>,
    /// Known programs; update rules with a learning rate tuned for each task.
    pub compared: Vec<Contender>,
}

/// A judged program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contender {
    /// What it is called in reports.
    pub name: String,
    /// The learning rate on each task; of programs that have none, nothing.
    pub learning_rates: Vec<f32>,
    /// How good it is.
    pub judgement: Judgement,
    /// What it costs to run.
    pub cost: ProgramCost,
    /// The curves that its figures are of, by task, if it trains models. They are many numbers, and have a file of their own.
    #[serde(skip)]
    pub curves: Vec<TaskCurves>,
}

impl Comparison {
    /// Everyone, the program first.
    pub fn contenders(&self) -> impl Iterator<Item = &Contender> {
        let program = std::iter::once(&self.written).chain(&self.tuned);
        program.chain(&self.compared)
    }
}
