//! How a search went, from its log: curves, and what the funnel did and cost.
//!
//! A run may be going on, or have been interrupted and gone on: the log has it all, times included, which nothing else of a run
//! has.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::search::{StageCount, Totals, add_stages};
use crate::text_table::text_table;

/// How a search went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Course {
    /// The generations, in order.
    pub generations: Vec<GenerationPoint>,
    /// What each stage did in all of them, in order.
    pub stages: Vec<StageCount>,
    /// How long each stage took, on all threads together.
    pub stage_seconds: BTreeMap<String, f64>,
    /// What has become of candidates.
    pub totals: Totals,
}

/// What curves have of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationPoint {
    /// Its number.
    pub generation: u32,
    /// The greatest fitness in the population, on the search's seeds.
    pub best_fitness: f64,
    /// The median fitness.
    pub median_fitness: f64,
    /// The diversity of structure, from 0 to 1.
    pub diversity: f64,
    /// The diversity of behaviour, from 0 to 1.
    pub behavioural_diversity: f64,
}

/// A line of the log, as far as it is of use here.
#[derive(Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Line {
    Generation {
        #[serde(flatten)]
        point: GenerationPoint,
        totals: Totals,
        funnel: Vec<StageCount>,
        timing: Times,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Times {
    stage_seconds: BTreeMap<String, f64>,
}

/// How the search of a run directory went so far.
///
/// # Errors
/// [`RunError`] if there is no log, or a line of it cannot be read.
pub fn course(path: &Path) -> Result<Course, RunError> {
    let path = path.join("log.jsonl");
    let unreadable = |source: std::io::Error| RunError::Unreadable {
        path: path.clone(),
        source,
    };
    let file = std::fs::File::open(&path).map_err(unreadable)?;
    let mut course = Course::default();
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        lines.read_until(b'\n', &mut line).map_err(unreadable)?;
        if line.last() != Some(&b'\n') {
            // The end, or a line that is being written.
            return Ok(course);
        }
        let line = serde_json::from_slice(&line);
        match line.map_err(|error| unreadable(error.into()))? {
            Line::Generation {
                point,
                totals,
                funnel,
                timing,
            } => {
                course.generations.push(point);
                course.totals = totals;
                add_stages(&mut course.stages, &funnel);
                for (stage, seconds) in timing.stage_seconds {
                    *course.stage_seconds.entry(stage).or_default() += seconds;
                }
            }
            Line::Other => {}
        }
    }
}

impl Course {
    /// Curves and a table of stages, for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let curves = [
            ("best fitness", of(|point| point.best_fitness)),
            ("median fitness", of(|point| point.median_fitness)),
            ("diversity of structure", of(|point| point.diversity)),
            (
                "diversity of behaviour",
                of(|point| point.behavioural_diversity),
            ),
        ];
        let curves = curves.map(|(name, of)| {
            let values: Vec<f64> = self.generations.iter().map(of).collect();
            let (first, last) = (values.first(), values.last());
            let ends = first.zip(last).map_or_else(String::new, |(first, last)| {
                format!("{first:.3} to {last:.3}")
            });
            format!("  {name:<22}  {}  {ends}\n", sparkline(&values))
        });
        let Totals {
            candidates,
            seen_before,
            instructions,
            effective_instructions,
            training_steps,
            ..
        } = self.totals;
        let shorter = instructions as f64 / effective_instructions.max(1) as f64;
        format!(
            "The search, generation by generation:\n\n{}\n\
             What candidates went through:\n\n{}\n\n\
             Of {candidates} candidates {:.0} % had the verdict of an earlier one; without what has no effect they are\n\
             {shorter:.1} times shorter. Those that trained took {training_steps} steps. Of those that a stage would stop\n\
             some are let through: good ones are as fit as half of the population.\n",
            curves.concat(),
            self.stage_table(),
            100.0 * seen_before as f64 / candidates.max(1) as f64,
        )
    }

    fn stage_table(&self) -> String {
        let header = [
            "stage",
            "entered",
            "stopped",
            "share",
            "let through",
            "good",
            "CPU s",
            "share",
            "µs each",
        ];
        let all_seconds: f64 = self.stage_seconds.values().sum();
        let rows = self.stages.iter().map(|stage| {
            let seconds = self.stage_seconds.get(&stage.stage).copied();
            let seconds = seconds.unwrap_or(0.0);
            let entered = stage.entered.max(1) as f64;
            vec![
                stage.stage.clone(),
                stage.entered.to_string(),
                stage.stopped.to_string(),
                format!("{:.0} %", 100.0 * stage.stopped as f64 / entered),
                stage.let_through.to_string(),
                stage.wrongly_stopped.to_string(),
                format!("{seconds:.1}"),
                format!(
                    "{:.0} %",
                    100.0 * seconds / all_seconds.max(f64::MIN_POSITIVE)
                ),
                format!("{:.0}", 1e6 * seconds / entered),
            ]
        });
        text_table(header.map(str::to_owned).to_vec(), rows)
    }
}

/// So that closures of one type stand in an array.
fn of(of: fn(&GenerationPoint) -> f64) -> fn(&GenerationPoint) -> f64 {
    of
}

/// The most columns of a curve; of more generations, each column is the mean of some.
const COLUMNS: usize = 48;

/// Values as a row of bars, the least one lowest. What does not change is low throughout.
fn sparkline(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = COLUMNS.min(values.len());
    let means: Vec<f64> = (0..columns)
        .map(|column| {
            let bounds = [column, column + 1].map(|it| it * values.len() / columns);
            let part = &values[bounds[0]..bounds[1]];
            part.iter().sum::<f64>() / part.len() as f64
        })
        .collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: &f64| {
        let height = (value - least) / (most - least).max(f64::MIN_POSITIVE);
        BARS[((height * 8.0) as usize).min(7)]
    };
    means.iter().map(bar).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn curves_go_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[0.0, 0.5, 1.0, 0.2]), "▁▅█▂");
        assert_eq!(sparkline(&[0.3, 0.3]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        let many: Vec<f64> = (0..1_000).map(f64::from).collect();
        let line = sparkline(&many);
        assert_eq!(line.chars().count(), COLUMNS);
        assert!(line.starts_with('▁') && line.ends_with('█'), "{line}");
        assert!(line.chars().is_sorted());
    }

    #[test]
    fn a_course_adds_generations_up_and_leaves_out_a_line_that_is_not_whole() {
        let directory = tempfile::tempdir().unwrap();
        let generation = |number: u32| {
            format!(
                "{{\"record\":\"generation\",\"generation\":{number},\"best_fitness\":0.{number},\"median_fitness\":0.1,\
                 \"diversity\":0.5,\"behavioural_diversity\":0.25,\"counts\":{{}},\"totals\":{{\"candidates\":{number}0,\
                 \"seen_before\":{number},\"rejected\":0,\"dropped\":0,\"judged\":9,\"training_steps\":100,\
                 \"instructions\":60,\"effective_instructions\":20}},\"funnel\":[{{\"stage\":\"probe\",\"entered\":10,\
                 \"stopped\":4,\"let_through\":2,\"wrongly_stopped\":1}}],\"mutation_weights\":{{}},\
                 \"timing\":{{\"elapsed_seconds\":1.0,\"stage_seconds\":{{\"probe\":0.5}}}}}}\n"
            )
        };
        let log = format!(
            "{{\"record\":\"run\",\"format\":7}}\n{}{}{{\"record\":\"gen",
            generation(1),
            generation(2)
        );
        std::fs::write(directory.path().join("log.jsonl"), log).unwrap();
        let course = course(directory.path()).unwrap();
        assert_eq!(course.generations.len(), 2);
        assert_eq!(course.generations[1].best_fitness, 0.2);
        assert_eq!(course.totals.candidates, 20);
        let stage = &course.stages[0];
        assert_eq!((stage.entered, stage.stopped), (20, 8));
        assert_eq!((stage.let_through, stage.wrongly_stopped), (4, 2));
        assert_eq!(course.stage_seconds["probe"], 1.0);
        let text = course.text();
        for part in [
            "best fitness            ▁█  0.100 to 0.200",
            "Of 20 candidates 10 % had the verdict of an earlier one",
            "3.0 times shorter",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
