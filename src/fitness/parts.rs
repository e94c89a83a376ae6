//! The three things that count of a learning curve.

use mlevolve_tasks::{Outcome, TrainingRun};
use serde::{Deserialize, Serialize};

use super::Reference;
use crate::statistics::Spread;

/// The normalised quality whose reaching ends the count of samples: most of the way from the
/// untrained model to the best known rule's.
pub const TARGET_QUALITY: f64 = 0.9;

/// The greatest value of a part: half as much again as the best known rule's.
pub const GREATEST_PART: f64 = 1.5;

/// What counts of a learning curve; of each, 0 is the untrained model's, and 1 the best that any
/// known rule reaches on average with a tuned learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FitnessParts {
    /// The area under the normalised curve.
    pub convergence_speed: f64,
    /// The normalised last point.
    pub final_quality: f64,
    /// The share of the budget that is left when the curve reaches [`TARGET_QUALITY`].
    pub sample_efficiency: f64,
}

/// How much each part counts, where the sum does not matter, and what of several seeds does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitnessWeights {
    /// Default: 1.
    pub convergence_speed: f64,
    /// Default: 2, since a model is kept when training has ended.
    pub final_quality: f64,
    /// Default: 1.
    pub sample_efficiency: f64,
    /// What of several seeds' parts counts. Default: `median`.
    #[serde(skip_serializing_if = "OverSeeds::is_default")]
    pub over_seeds: OverSeeds,
}

/// What of several seeds' parts counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverSeeds {
    /// Their median, times the share of the runs that got to their end: one seed's luck does not win, and divergence now and then
    /// does not hide.
    #[default]
    Median,
    /// Their mean, where a run that diverged has 0: a rule that ends badly now and then is as much worse as it is on average.
    Mean,
}

impl OverSeeds {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What counts of these, 0 for runs that diverged, where this share of the runs got to their end.
    fn of(self, parts: Vec<f64>, completed_share: f64) -> f64 {
        match self {
            Self::Median => completed_share * Spread::of(parts).median,
            Self::Mean => parts.iter().sum::<f64>() / parts.len() as f64,
        }
    }
}

impl Default for FitnessWeights {
    fn default() -> Self {
        Self {
            convergence_speed: 1.0,
            final_quality: 2.0,
            sample_efficiency: 1.0,
            over_seeds: OverSeeds::Median,
        }
    }
}

impl FitnessWeights {
    fn sum(&self) -> f64 {
        self.convergence_speed + self.final_quality + self.sample_efficiency
    }

    /// Whether the weights say how to combine: finite, none negative, not all 0.
    #[must_use]
    pub fn are_valid(&self) -> bool {
        let weights = [
            self.convergence_speed,
            self.final_quality,
            self.sample_efficiency,
        ];
        weights.iter().all(|&weight| weight >= 0.0) && self.sum().is_finite() && self.sum() > 0.0
    }
}

impl FitnessParts {
    /// The parts of one run. A run that diverged has none.
    #[must_use]
    pub fn of(run: &TrainingRun, reference: &Reference) -> Self {
        match run.curve.outcome {
            Outcome::Diverged { .. } => Self::default(),
            Outcome::Completed => {
                let points = run.curve.points.iter();
                let curve: Vec<(f64, f64)> = points
                    .map(|point| (f64::from(point.step), reference.quality(point.value)))
                    .collect();
                let own = CurveSummary::of(&curve);
                let greatest = reference.greatest();
                Self {
                    convergence_speed: part(own.area, greatest.area),
                    final_quality: part(own.last, greatest.last),
                    sample_efficiency: part(own.budget_left, greatest.budget_left),
                }
            }
        }
    }

    /// The parts of several seeds' runs together.
    ///
    /// # Panics
    /// If there are no runs.
    #[must_use]
    pub fn over_seeds(runs: &[TrainingRun], reference: &Reference, over_seeds: OverSeeds) -> Self {
        let parts: Vec<Self> = runs.iter().map(|run| Self::of(run, reference)).collect();
        let completed = runs
            .iter()
            .filter(|run| run.curve.outcome == Outcome::Completed);
        let share = completed.count() as f64 / runs.len() as f64;
        let together = |of: fn(&Self) -> f64| over_seeds.of(parts.iter().map(of).collect(), share);
        Self {
            convergence_speed: together(|parts| parts.convergence_speed),
            final_quality: together(|parts| parts.final_quality),
            sample_efficiency: together(|parts| parts.sample_efficiency),
        }
    }

    /// The parts as one number: their weighted mean.
    #[must_use]
    pub fn combined(&self, weights: &FitnessWeights) -> f64 {
        let sum = weights.convergence_speed * self.convergence_speed
            + weights.final_quality * self.final_quality
            + weights.sample_efficiency * self.sample_efficiency;
        sum / weights.sum()
    }
}

fn part(own: f64, greatest: f64) -> f64 {
    (own / greatest).clamp(0.0, GREATEST_PART)
}

/// A normalised curve in three numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CurveSummary {
    /// The mean height between the first and the last step, by trapezoids.
    pub(super) area: f64,
    /// The last height.
    pub(super) last: f64,
    /// The share of the steps that are left at the first crossing of [`TARGET_QUALITY`], with points
    /// joined by straight lines; 0 if there is none.
    pub(super) budget_left: f64,
}

impl CurveSummary {
    /// Of points of step and quality, by rising step, the first at step 0.
    pub(super) fn of(curve: &[(f64, f64)]) -> Self {
        let (Some(&(_, first)), Some(&(budget, last))) = (curve.first(), curve.last()) else {
            return Self {
                area: 0.0,
                last: 0.0,
                budget_left: 0.0,
            };
        };
        let mut area = 0.0;
        let mut reached_at = (first >= TARGET_QUALITY).then_some(0.0);
        for pair in curve.windows(2) {
            let [(from, low), (to, high)] = [pair[0], pair[1]];
            area += (to - from) * 0.5 * (low + high);
            if reached_at.is_none() && high >= TARGET_QUALITY {
                reached_at = Some(from + (to - from) * (TARGET_QUALITY - low) / (high - low));
            }
        }
        Self {
            area: if budget > 0.0 { area / budget } else { first },
            last,
            budget_left: reached_at.map_or(0.0, |step| 1.0 - step / budget.max(1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_summarised_by_area_end_and_crossing() {
        let summary = CurveSummary::of(&[(0.0, 0.0), (10.0, 0.8), (20.0, 1.0), (40.0, 0.5)]);
        assert!((summary.area - (4.0 + 9.0 + 15.0) / 40.0).abs() < 1e-12);
        assert_eq!(summary.last, 0.5);
        // Half of the way from step 10 to step 20.
        assert!((summary.budget_left - (1.0 - 15.0 / 40.0)).abs() < 1e-12);
        let never = CurveSummary::of(&[(0.0, 0.0), (10.0, 0.89)]);
        assert_eq!(never.budget_left, 0.0);
        let at_once = CurveSummary::of(&[(0.0, 1.0), (10.0, 0.0)]);
        assert_eq!(at_once.budget_left, 1.0);
    }

    #[test]
    fn over_seeds_a_median_overlooks_one_bad_end_and_a_mean_does_not() {
        let of = |over_seeds: OverSeeds, parts: [f64; 4], share: f64| {
            let part = over_seeds.of(parts.to_vec(), share);
            (part * 1e6).round() / 1e6
        };
        for (parts, share, median, mean) in [
            ([0.8, 1.0, 0.9, 0.9], 1.0, 0.9, 0.9),
            ([0.8, 0.3, 0.9, 0.9], 1.0, 0.85, 0.725),
            ([0.9, 0.9, 0.9, 0.0], 0.75, 0.675, 0.675),
        ] {
            assert_eq!(of(OverSeeds::Median, parts, share), median);
            assert_eq!(of(OverSeeds::Mean, parts, share), mean);
        }
    }

    #[test]
    fn parts_are_weighted_and_weights_checked() {
        let parts = FitnessParts {
            convergence_speed: 0.4,
            final_quality: 1.0,
            sample_efficiency: 0.8,
        };
        assert!((parts.combined(&FitnessWeights::default()) - 0.8).abs() < 1e-12);
        let only_last = FitnessWeights {
            convergence_speed: 0.0,
            final_quality: 3.0,
            sample_efficiency: 0.0,
            ..FitnessWeights::default()
        };
        assert_eq!(parts.combined(&only_last), 1.0);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            let weights = FitnessWeights {
                final_quality: bad,
                ..FitnessWeights::default()
            };
            assert!(!weights.are_valid(), "{bad}");
        }
        let none = FitnessWeights {
            final_quality: 0.0,
            ..only_last
        };
        assert!(!none.are_valid() && only_last.are_valid());
    }
}
