//! What the page of a batch shows, from what its runs have left.
//!
//! ```text
//!   summary.json ───────────────► figures of each seed, spreads ──┐
//!   seed-N/result.json ─────────► programs, with exports ─────────┼──► BatchData
//!   seed-N/log.jsonl ──leaders──► spread over generations ────────┘
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::PAGE_FILE;
use super::collect::{MOST_POINTS, rounded};
use super::data::Command;
use super::exports::{Exports, exported};
use crate::program::Program;
use crate::run::batch::{BatchSummary, batch_member};
use crate::run::history::LogReader;
use crate::run::invocation::command;
use crate::run::{RunError, RunResult};
use crate::statistics::Spread;

/// Everything on the page of a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct BatchData {
    /// This program's version.
    pub(super) version: &'static str,
    pub(super) schema: String,
    pub(super) suite: String,
    /// What costs are counted for.
    pub(super) unit: String,
    /// The searches, in the order of the batch.
    pub(super) runs: Vec<BatchRun>,
    pub(super) fitness: Spread,
    pub(super) held_out_fitness: Option<Spread>,
    pub(super) unit_flops: Spread,
    /// What led, over generations.
    pub(super) course: Vec<CoursePoint>,
    /// Of all programs; a search's place stands for the candidate.
    pub(super) exports: Exports,
    pub(super) commands: Vec<Command>,
}

/// What a search of the batch ended with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct BatchRun {
    /// As text, since JavaScript's numbers do not hold every seed.
    pub(super) seed: String,
    /// Its own page, as a path from that of the batch; nothing if there is none.
    pub(super) page: Option<String>,
    /// The best program's name and text.
    pub(super) name: String,
    pub(super) program: String,
    pub(super) generation: u32,
    /// On the seeds for reports.
    pub(super) fitness: f64,
    pub(super) held_out_fitness: Option<f64>,
    pub(super) unit_flops: u64,
    pub(super) instructions: usize,
    pub(super) candidates: u64,
    pub(super) training_steps: u64,
}

/// The fitness of what led in the searches after a generation, on the tasks and seeds for confirmation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct CoursePoint {
    pub(super) generation: u32,
    pub(super) least: f64,
    pub(super) greatest: f64,
    pub(super) spread: Spread,
}

/// When something began to lead, with its fitness.
type Leads = Vec<(u32, f64)>;

/// All of a batch.
pub(super) fn collected(path: &Path, output: &Path) -> Result<BatchData, RunError> {
    let summary = BatchSummary::load(path)?;
    let mut runs = Vec::new();
    let mut leads = Vec::new();
    let mut programs = BTreeMap::new();
    let mut settings = None;
    let mut last = 0;
    for (place, row) in (0..).zip(&summary.runs) {
        let directory = batch_member(path, row.seed);
        let recorded = directory.join("result.json");
        let result = RunResult::load(&recorded)?;
        let result = result.ok_or_else(|| RunError::Unreadable {
            path: recorded,
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let mut log = LogReader::open(&directory)?;
        log.follow(u64::MAX)?;
        let history = log.history();
        last = last.max(history.generations.last().map_or(0, |it| it.generation));
        let led = history.leaders.iter();
        leads.push(
            led.map(|it| (it.generation, it.confirmed.fitness))
                .collect::<Leads>(),
        );
        let name = Program::parse(&result.program).map(|program| program.name().to_owned());
        // Where a page of the batch is elsewhere, those of the runs are not beside it.
        let is_beside = output.parent() == Some(path) && directory.join(PAGE_FILE).exists();
        runs.push(BatchRun {
            seed: row.seed.to_string(),
            page: is_beside.then(|| format!("seed-{}/{PAGE_FILE}", row.seed)),
            name: name.unwrap_or_default(),
            program: result.program.clone(),
            generation: row.generation,
            fitness: row.fitness,
            held_out_fitness: row.held_out_fitness,
            unit_flops: row.unit_flops,
            instructions: row.instructions,
            candidates: row.candidates,
            training_steps: row.training_steps,
        });
        programs.insert(place, result.program.clone());
        let unit = result.comparison.written.cost.unit.clone();
        settings.get_or_insert((result.settings, unit));
    }
    let Some((settings, unit)) = settings else {
        return Err(RunError::NothingTrained {
            path: path.to_owned(),
        });
    };
    let ranked = by_fitness(&runs);
    let best = summary.runs[ranked[0] as usize].seed;
    Ok(BatchData {
        version: env!("CARGO_PKG_VERSION"),
        schema: settings.schema,
        suite: settings.suite,
        unit,
        exports: exported(ranked, &programs),
        runs,
        fitness: summary.fitness,
        held_out_fitness: summary.held_out_fitness,
        unit_flops: summary.unit_flops,
        course: course(&leads, last),
        commands: vec![
            Command {
                purpose: "Compare with another batch, seed by seed",
                line: format!("{} OTHER", command("compare", path)),
            },
            Command {
                purpose: "Judge the best program again, and compare every figure",
                line: command("replay", &batch_member(path, best)),
            },
        ],
    })
}

/// The places of searches, the fittest first.
fn by_fitness(runs: &[BatchRun]) -> Vec<u64> {
    let mut places: Vec<(u64, f64)> = (0..).zip(runs.iter().map(|run| run.fitness)).collect();
    places.sort_by(|one, other| other.1.total_cmp(&one.1));
    places.into_iter().map(|(place, _)| place).collect()
}

/// What led in all searches together, from the first generation in which something leads in each of them.
fn course(leads: &[Leads], last: u32) -> Vec<CoursePoint> {
    let each = last / MOST_POINTS as u32 + 1;
    let generations = (0..last).step_by(each as usize).chain([last]);
    let points = generations.filter_map(|generation| {
        let leading = leads.iter().map(|led| {
            let before = led.partition_point(|&(since, _)| since <= generation);
            before.checked_sub(1).map(|place| led[place].1)
        });
        let leading: Vec<f64> = leading.collect::<Option<_>>()?;
        (!leading.is_empty()).then(|| {
            let Spread {
                lower_quartile,
                median,
                upper_quartile,
            } = Spread::of(leading.clone());
            CoursePoint {
                generation,
                least: rounded(leading.iter().copied().fold(f64::INFINITY, f64::min)),
                greatest: rounded(leading.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
                spread: Spread {
                    lower_quartile: rounded(lower_quartile),
                    median: rounded(median),
                    upper_quartile: rounded(upper_quartile),
                },
            }
        })
    });
    points.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_course_begins_where_something_leads_everywhere() {
        let leads = [
            vec![(0, 0.1), (4, 0.5)],
            vec![(2, 0.3)],
            vec![(1, 0.2), (3, 0.9)],
        ];
        let course = course(&leads, 5);
        let generations: Vec<u32> = course.iter().map(|point| point.generation).collect();
        assert_eq!(generations, [2, 3, 4, 5]);
        let first = &course[0];
        assert_eq!((first.least, first.greatest), (0.1, 0.3));
        assert_eq!(first.spread.median, 0.2);
        let last = &course[3];
        assert_eq!(
            (last.least, last.spread.median, last.greatest),
            (0.3, 0.5, 0.9)
        );
    }

    #[test]
    fn the_longest_batch_has_a_course_of_bounded_size() {
        let course = course(&[vec![(0, 0.5)]], 1_000_000);
        assert!(course.len() <= MOST_POINTS + 1, "{}", course.len());
        assert_eq!(course.last().map(|point| point.generation), Some(1_000_000));
    }
}
