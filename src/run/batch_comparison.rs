//! Batches of searches beside each other: what a setting, or a control, makes of the same seeds.

use std::path::PathBuf;

use serde::Serialize;

use super::RunError;
use super::batch::{BatchRow, BatchSummary};
use crate::statistics::{Interval, Spread};
use crate::text_table::text_table;

/// Batches, the first of which the others are compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchComparison {
    /// What is known of each, in the order in which they were named.
    pub batches: Vec<ComparedBatch>,
}

/// A batch beside the first one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedBatch {
    /// Its directory.
    pub directory: PathBuf,
    /// How many runs it has.
    pub runs: usize,
    /// The fitnesses of their best programs, on the seeds for reports.
    pub fitness: Spread,
    /// By how much the first batch is fitter; nothing for that itself.
    pub first_is_fitter: Option<PairedDifference>,
    /// The same on tasks that the searches did not see.
    pub first_is_fitter_on_held_out: Option<PairedDifference>,
    /// Candidates of a run.
    pub candidates: Spread,
    /// Steps of training of a run.
    pub training_steps: Spread,
}

/// A difference over the seeds that two batches share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedDifference {
    /// How many seeds that is.
    pub seeds: usize,
    /// For how many of them the first is ahead.
    pub ahead: usize,
    /// The mean difference, with a confidence of 95 %.
    pub difference: Interval,
}

impl BatchComparison {
    /// Of the batches in these directories.
    ///
    /// # Errors
    /// [`RunError`] if one has no summary, or no seed of the first.
    pub fn of(directories: &[PathBuf]) -> Result<Self, RunError> {
        let summaries = directories
            .iter()
            .map(|directory| BatchSummary::load(directory));
        let summaries = summaries.collect::<Result<Vec<_>, _>>()?;
        let batches =
            directories
                .iter()
                .zip(&summaries)
                .enumerate()
                .map(|(place, (directory, summary))| {
                    let spread = |of: fn(&BatchRow) -> f64| {
                        Spread::of(summary.runs.iter().map(of).collect())
                    };
                    let against = |of: fn(&BatchRow) -> Option<f64>| {
                        (place > 0)
                            .then(|| difference(&summaries[0].runs, &summary.runs, of))
                            .flatten()
                    };
                    let first_is_fitter = against(|row| Some(row.fitness));
                    if place > 0 && first_is_fitter.is_none() {
                        return Err(RunError::NoSharedSeeds {
                            first: directories[0].clone(),
                            other: directory.clone(),
                        });
                    }
                    Ok(ComparedBatch {
                        directory: directory.clone(),
                        runs: summary.runs.len(),
                        fitness: spread(|row| row.fitness),
                        first_is_fitter,
                        first_is_fitter_on_held_out: against(|row| row.held_out_fitness),
                        candidates: spread(|row| row.candidates as f64),
                        training_steps: spread(|row| row.training_steps as f64),
                    })
                });
        Ok(Self {
            batches: batches.collect::<Result<_, _>>()?,
        })
    }

    /// A row a batch.
    #[must_use]
    pub fn text(&self) -> String {
        let header = [
            "batch",
            "runs",
            "fitness",
            "quartiles",
            "first is fitter by",
            "ahead",
            "held out by",
            "ahead",
            "candidates",
            "training steps",
        ];
        let rows = self.batches.iter().map(|batch| {
            let Spread {
                lower_quartile,
                median,
                upper_quartile,
            } = batch.fitness;
            let [suite, held_out] = [batch.first_is_fitter, batch.first_is_fitter_on_held_out]
                .map(|difference| difference.map_or([String::new(), String::new()], cells));
            let [difference, ahead] = suite;
            let [difference_held_out, ahead_held_out] = held_out;
            vec![
                batch.directory.display().to_string(),
                batch.runs.to_string(),
                format!("{median:.3}"),
                format!("{lower_quartile:.3} – {upper_quartile:.3}"),
                difference,
                ahead,
                difference_held_out,
                ahead_held_out,
                format!("{:.0}", batch.candidates.median),
                format!("{:.0}", batch.training_steps.median),
            ]
        });
        let table = text_table(header.map(str::to_owned).to_vec(), rows);
        format!(
            "{table}\n\nFitness, candidates and steps are medians over runs. Differences are means over the seeds that a batch\n\
             shares with the first, with bootstrap intervals of 95 %; ahead says for how many of them the first is fitter.\n"
        )
    }
}

fn cells(difference: PairedDifference) -> [String; 2] {
    let Interval { mean, lower, upper } = difference.difference;
    [
        format!("{mean:+.3} [{lower:+.3}, {upper:+.3}]"),
        format!("{} of {}", difference.ahead, difference.seeds),
    ]
}

/// By how much the first runs are ahead of others with the same seeds; nothing if they share none.
fn difference(
    first: &[BatchRow],
    others: &[BatchRow],
    of: fn(&BatchRow) -> Option<f64>,
) -> Option<PairedDifference> {
    let pairs = first.iter().filter_map(|row| {
        let other = others.iter().find(|other| other.seed == row.seed)?;
        Some(of(row)? - of(other)?)
    });
    let differences: Vec<f64> = pairs.collect();
    (!differences.is_empty()).then(|| PairedDifference {
        seeds: differences.len(),
        ahead: differences.iter().filter(|&&it| it > 0.0).count(),
        difference: Interval::of_mean(&differences),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::path::Path;

    use super::*;

    fn batch(directory: &Path, fitnesses: &[(u64, f64)]) -> PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let rows = fitnesses.iter().map(|&(seed, fitness)| BatchRow {
            seed,
            generation: 3,
            fitness,
            held_out_fitness: None,
            unit_flops: 4,
            instructions: 5,
            candidates: 100,
            training_steps: 1_000,
        });
        BatchSummary::of(rows.collect()).save(directory).unwrap();
        directory.to_owned()
    }

    #[test]
    fn batches_are_paired_by_seed() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let first = batch(&at("first"), &[(1, 0.9), (2, 0.8), (3, 0.7)]);
        let other = batch(&at("other"), &[(3, 0.5), (2, 0.9), (9, 0.0)]);
        let comparison = BatchComparison::of(&[first.clone(), other]).unwrap();
        assert_eq!(comparison.batches[0].first_is_fitter, None);
        let paired = comparison.batches[1].first_is_fitter.unwrap();
        assert_eq!((paired.seeds, paired.ahead), (2, 1));
        assert!((paired.difference.mean - 0.05).abs() < 1e-12);
        assert!(comparison.text().contains("+0.050 [-0.100, +0.200]"));
        let stranger = batch(&at("stranger"), &[(7, 0.5)]);
        let error = BatchComparison::of(&[first.clone(), stranger]).unwrap_err();
        assert!(error.to_string().contains("share no seed"), "{error}");
        let error = BatchComparison::of(&[first, at("none")]).unwrap_err();
        assert!(error.to_string().contains("summary.json"), "{error}");
    }
}
