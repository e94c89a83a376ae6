//! What the page shows, as it is embedded in it.
//!
//! Everything is a summary of bounded size, whatever the length of the search: a million candidates make a page as large as
//! fifteen thousand do. Programs are in one table by their candidates' ids, since the same ones are in several charts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::exports::Exports;
use crate::explain::Explanation;
use crate::fitness::ProgramCost;
use crate::run::Gains;
use crate::run::history::FunnelStage;

/// Everything on the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct PageData {
    /// This program's version.
    pub(crate) version: &'static str,
    /// What is searched for: `optimizer`, `loss`, `algorithm` or `learner`.
    pub(crate) schema: String,
    /// The tasks that judge.
    pub(crate) suite: String,
    /// The tasks that judge what would lead, if they are others.
    pub(crate) confirmation_suite: Option<String>,
    /// Every random draw's; as text, since JavaScript's numbers do not hold every seed.
    pub(crate) seed: String,
    /// The last generation, and the last that is planned.
    pub(crate) generation: u32,
    pub(crate) last_generation: u32,
    /// Why the search is over, if it is.
    pub(crate) end: Option<String>,
    /// How many candidates there were, and how many of them trained.
    pub(crate) candidates: u64,
    pub(crate) trained: u64,
    /// How long the search took, in seconds; differs from run to run.
    pub(crate) seconds: f64,
    pub(crate) best: Best,
    pub(crate) history: History,
    /// How programs move from island to island, if there are several.
    pub(crate) migration: Option<Migration>,
    /// What each stage did with all candidates, in their order.
    pub(crate) funnel: Vec<FunnelStage>,
    /// What was kept of everything that was judged, the fittest in the search first.
    pub(crate) hall_of_fame: Vec<Kept>,
    /// On the suite, and on what is held out if there is anything.
    pub(crate) comparisons: Vec<ComparedOn>,
    pub(crate) explained: Explained,
    pub(crate) lineage: Tree,
    /// Texts by candidate.
    pub(crate) programs: BTreeMap<u64, String>,
    /// Those of the hall of fame as code for elsewhere.
    pub(crate) exports: Exports,
    /// What to type to go on from here.
    pub(crate) commands: Vec<Command>,
    /// The settings, as a file.
    pub(crate) configuration: String,
}

/// The program that leads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Best {
    pub(crate) id: u64,
    /// The name in its text.
    pub(crate) name: String,
    pub(crate) generation: u32,
    /// Its fitness on the seeds for reports.
    pub(crate) fitness: f64,
    pub(crate) cost: ProgramCost,
}

/// How programs move to the next island.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Migration {
    /// How many of an island's best do.
    pub(crate) migrants: usize,
    pub(crate) interval_generations: u32,
}

/// The search by its generations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct History {
    /// How many generations a point stands for.
    pub(crate) generations_per_point: usize,
    pub(crate) points: Vec<HistoryPoint>,
    /// The candidates that led, in order; of very many, the youngest.
    pub(crate) leaders: Vec<Led>,
}

/// Some successive generations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HistoryPoint {
    /// The last of them.
    pub(crate) generation: u32,
    /// The greatest fitness in the population after that, on the search's seeds.
    pub(crate) best: f64,
    /// The fitness of what leads after that, on the tasks and seeds for confirmation, once anything does.
    pub(crate) leader: Option<f64>,
    /// The median fitness, on average.
    pub(crate) median: f64,
    /// The diversity of texts, on average.
    pub(crate) diversity: f64,
    /// The diversity of behaviour, on average, if that was measured.
    pub(crate) behavioural_diversity: f64,
    /// The greatest fitness on each island after that, if there are several; nothing where none has trained.
    pub(crate) islands: Vec<Option<f64>>,
    /// The share of candidates that each stage of the funnel stopped, in their order.
    pub(crate) stopped: Vec<f64>,
}

/// A candidate that led.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Led {
    pub(crate) generation: u32,
    pub(crate) id: u64,
    /// Its fitness on the tasks and seeds for confirmation.
    pub(crate) confirmed: f64,
}

/// A program that is best at its cost and length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    pub(crate) generation: u32,
    /// On the search's seeds.
    pub(crate) search_fitness: f64,
    /// On the seeds for reports, if it was judged on them.
    pub(crate) fitness: Option<f64>,
    /// Whether it is on the front by that.
    pub(crate) is_on_front: bool,
    pub(crate) unit_flops: u64,
    pub(crate) state: usize,
    pub(crate) instructions: usize,
}

/// The best program beside known ones on some tasks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ComparedOn {
    /// Whether these are tasks that the search did not see.
    pub(crate) is_held_out: bool,
    pub(crate) tasks: Vec<ComparedTask>,
    pub(crate) contenders: Vec<Compared>,
    /// What has to be known to read it.
    pub(crate) legend: String,
}

/// A task, with the curves of all contenders.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ComparedTask {
    pub(crate) name: String,
    pub(crate) lower_is_better: bool,
    /// What the curves measure; nothing where there are none.
    pub(crate) metric: Option<String>,
    /// The steps at which curves have points.
    pub(crate) steps: Vec<u32>,
}

/// A contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) fitness: f64,
    pub(crate) unit_flops: u64,
    pub(crate) state: usize,
    /// One a task.
    pub(crate) results: Vec<TaskResult>,
}

/// Who a contender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// The best program, as it is written.
    Written,
    /// The same with a learning rate tuned for each task.
    Tuned,
    /// A known program.
    Known,
}

/// What a contender did on a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TaskResult {
    pub(crate) fitness: f64,
    pub(crate) final_value: Option<f64>,
    pub(crate) learning_rate: Option<f32>,
    pub(crate) diverged_runs: usize,
    pub(crate) runs: usize,
    /// The mean, the least and the greatest value over the seeds that came so far, at each of the task's steps.
    pub(crate) mean: Vec<f64>,
    pub(crate) least: Vec<f64>,
    pub(crate) greatest: Vec<f64>,
}

/// What there is to tell of the best program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Explained {
    /// What it does, what it is like, and which of its parts matter, if that was measured.
    pub(crate) explanation: Explanation,
    /// The steps of its line that brought a gain, if its line is written down.
    pub(crate) gains: Option<Gains>,
}

/// Where the best programs come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Tree {
    /// By rising id, parents before children.
    pub(crate) nodes: Vec<Node>,
    /// What there is to say of what is not there.
    pub(crate) note: Option<String>,
}

/// A candidate that one of the best descends from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Node {
    pub(crate) id: u64,
    pub(crate) generation: u32,
    pub(crate) island: usize,
    /// The parent that most of it is of.
    pub(crate) parent: Option<u64>,
    /// The other one.
    pub(crate) other_parent: Option<u64>,
    pub(crate) made_by: String,
    pub(crate) fitness: Option<f64>,
    pub(crate) gain: Option<f64>,
    /// Whose text stands for its own: its own id, or its twin's.
    pub(crate) text: Option<u64>,
}

/// Something to type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Command {
    pub(crate) purpose: &'static str,
    pub(crate) line: String,
}
