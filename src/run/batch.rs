//! Runs that differ in nothing but their seed, and what they say together.
//!
//! What one search finds owes much to luck. A batch has a directory with a run in `seed-N` for each seed, and a summary of
//! them; it goes on where it was left, run by run, as each run does.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::directory::write_json;
use super::{RunError, RunResult, write_whole};
use crate::fitness::Comparison;
use crate::search::Search;
use crate::statistics::Spread;
use crate::text_table::text_table;

/// The summary for machines, in the batch's directory.
pub(super) const SUMMARY_FILE: &str = "summary.json";

/// The most seeds of a batch.
const MOST_SEEDS: u64 = 10_000;

/// Seeds as a user lists them: `1..20`, which is twenty, or `3,5,8`, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(Vec<u64>);

/// A list of seeds that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSeeds {
    /// It is not written as one.
    #[error("`{part}` is neither a seed nor a range of seeds such as `1..20`")]
    Part {
        /// What is wrong.
        part: String,
    },
    /// A seed is there twice.
    #[error("seed {seed} is named twice")]
    Repeated {
        /// The seed.
        seed: u64,
    },
    /// There are too many.
    #[error("these are more than {MOST_SEEDS} seeds")]
    TooMany,
}

impl Seeds {
    /// The seeds, in the order in which they were named.
    #[must_use]
    pub fn all(&self) -> &[u64] {
        &self.0
    }
}

impl FromStr for Seeds {
    type Err = InvalidSeeds;

    fn from_str(text: &str) -> Result<Self, InvalidSeeds> {
        let mut seeds: Vec<u64> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let invalid = || InvalidSeeds::Part {
                part: part.to_owned(),
            };
            let number = |word: &str| word.trim().parse::<u64>().map_err(|_| invalid());
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if first > last {
                return Err(invalid());
            }
            if last - first >= MOST_SEEDS || seeds.len() as u64 + (last - first) >= MOST_SEEDS {
                return Err(InvalidSeeds::TooMany);
            }
            for seed in first..=last {
                if seeds.contains(&seed) {
                    return Err(InvalidSeeds::Repeated { seed });
                }
                seeds.push(seed);
            }
        }
        Ok(Self(seeds))
    }
}

/// The directory of the run with a seed, in that of its batch.
#[must_use]
pub fn batch_member(batch: &Path, seed: u64) -> PathBuf {
    batch.join(format!("seed-{seed}"))
}

/// Whether runs of a batch have been summed up in a directory.
#[must_use]
pub fn is_batch(directory: &Path) -> bool {
    directory.join(SUMMARY_FILE).exists()
}

/// What the runs of a batch ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchSummary {
    /// A row for each run that has ended, in the order of the seeds.
    pub runs: Vec<BatchRow>,
    /// Of their fitnesses.
    pub fitness: Spread,
    /// Of their fitnesses on tasks that the search did not see, if there are any.
    pub held_out_fitness: Option<Spread>,
    /// Of what they cost.
    pub unit_flops: Spread,
}

/// What a run of a batch ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRow {
    /// Its seed.
    pub seed: u64,
    /// The generation in which its best program was found.
    pub generation: u32,
    /// The fitness of that on the seeds for reports: with a learning rate tuned for each task, if candidates chose from
    /// some ([`SearchSettings::learning_rates_per_task`](crate::search::SearchSettings::learning_rates_per_task)), else as it
    /// is written.
    pub fitness: f64,
    /// The same on tasks that the search did not see, if there are any.
    pub held_out_fitness: Option<f64>,
    /// FLOPs for each unit that costs are counted for.
    pub unit_flops: u64,
    /// Instructions that have an effect.
    pub instructions: usize,
    /// How many candidates the search made.
    pub candidates: u64,
    /// How many steps of training it took.
    pub training_steps: u64,
}

impl BatchRow {
    /// Of a search that has ended so.
    #[must_use]
    pub fn of(search: &Search, result: &RunResult) -> Self {
        let chose_rates = search.settings().learning_rates_per_task > 1;
        let fitness = |comparison: &Comparison| {
            let tuned = comparison.tuned.as_ref().filter(|_| chose_rates);
            tuned.unwrap_or(&comparison.written).judgement.fitness
        };
        let cost = &result.comparison.written.cost;
        let totals = search.totals();
        Self {
            seed: search.settings().seed,
            generation: result.generation,
            fitness: fitness(&result.comparison),
            held_out_fitness: result.held_out.as_ref().map(fitness),
            unit_flops: cost.unit_flops,
            instructions: cost.instructions,
            candidates: totals.candidates,
            training_steps: totals.training_steps,
        }
    }
}

impl BatchSummary {
    /// Of these runs.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of(runs: Vec<BatchRow>) -> Self {
        let spread = |of: &dyn Fn(&BatchRow) -> f64| Spread::of(runs.iter().map(of).collect());
        let unseen: Option<Vec<f64>> = runs.iter().map(|row| row.held_out_fitness).collect();
        Self {
            fitness: spread(&|row| row.fitness),
            held_out_fitness: unseen.map(Spread::of),
            unit_flops: spread(&|row| row.unit_flops as f64),
            runs,
        }
    }

    /// That of the batch in a directory.
    ///
    /// # Errors
    /// [`RunError`] if it has none, or a damaged one.
    pub fn load(batch: &Path) -> Result<Self, RunError> {
        let path = batch.join(SUMMARY_FILE);
        let text = std::fs::read_to_string(&path);
        let read = text.and_then(|text| serde_json::from_str(&text).map_err(Into::into));
        read.map_err(|source| RunError::Unreadable { path, source })
    }

    /// One row a run, and the spread of all.
    #[must_use]
    pub fn text(&self) -> String {
        let has_unseen = self.held_out_fitness.is_some();
        let mut header = vec!["seed", "fitness"];
        header.extend(has_unseen.then_some("held out"));
        header.extend(["FLOPs/unit", "instructions", "found in generation"]);
        let fitness = |value: f64| format!("{value:.3}");
        let rows = self.runs.iter().map(|row| {
            let mut text = vec![row.seed.to_string(), fitness(row.fitness)];
            text.extend(row.held_out_fitness.filter(|_| has_unseen).map(fitness));
            text.extend([
                row.unit_flops.to_string(),
                row.instructions.to_string(),
                row.generation.to_string(),
            ]);
            text
        });
        let quartiles = [
            (
                "a quarter is below",
                (|spread| spread.lower_quartile) as fn(Spread) -> f64,
            ),
            ("median", |spread| spread.median),
            ("a quarter is above", |spread| spread.upper_quartile),
        ];
        let spreads = quartiles.into_iter().map(|(name, of)| {
            let mut text = vec![name.to_owned(), fitness(of(self.fitness))];
            text.extend(self.held_out_fitness.map(|spread| fitness(of(spread))));
            text.push(of(self.unit_flops).to_string());
            text
        });
        let header = header.into_iter().map(str::to_owned).collect();
        text_table(header, rows.chain(spreads))
    }

    /// Writes `summary.txt` and `summary.json` to the batch's directory.
    ///
    /// # Errors
    /// [`RunError`] if they cannot be written.
    pub fn save(&self, batch: &Path) -> Result<(), RunError> {
        let json = serde_json::to_string_pretty(self);
        write_json(&batch.join(SUMMARY_FILE), json)?;
        write_whole(&batch.join("summary.txt"), (self.text() + "\n").as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_and_numbers() {
        let seeds = |text: &str| text.parse::<Seeds>().map(|seeds| seeds.0);
        assert_eq!(seeds("1..4").unwrap(), [1, 2, 3, 4]);
        assert_eq!(seeds("7").unwrap(), [7]);
        assert_eq!(
            seeds("9, 2..3,18446744073709551615").unwrap(),
            [9, 2, 3, u64::MAX]
        );
        for (text, message) in [
            ("", "`` is neither a seed nor a range"),
            ("x", "`x` is neither"),
            ("4..1", "`4..1` is neither"),
            ("1..3,2", "seed 2 is named twice"),
            ("0..18446744073709551615", "more than 10000 seeds"),
        ] {
            let error = seeds(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_summary_has_a_row_for_each_run_and_three_for_all() {
        let row = |seed: u64, fitness: f64| BatchRow {
            seed,
            generation: 3,
            fitness,
            held_out_fitness: None,
            unit_flops: seed,
            instructions: 5,
            candidates: 100,
            training_steps: 1_000,
        };
        let summary = BatchSummary::of(vec![row(1, 0.5), row(2, 0.7), row(3, 0.9)]);
        assert_eq!(summary.fitness.median, 0.7);
        let text = summary.text();
        assert_eq!(text.lines().count(), 1 + 3 + 3, "{text}");
        assert!(!text.contains("held out"), "{text}");
        assert!(
            text.lines()
                .any(|line| line.contains("median") && line.contains("0.700"))
        );
    }
}
