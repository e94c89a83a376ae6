//! What a user can say about how learners are taught and examined.

use serde::{Deserialize, Serialize};

use crate::setting_range::{CountOutOfRange, check_counts};

/// The size of the tasks, and how a learner's fitness on them is combined. Only searches for learners heed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LearnerSettings {
    /// How many features an example has, from 2 to 64; a user's own table has its own number. Default: 4.
    pub features: usize,
    /// How many examples a learner is taught in an epoch. Default: 100.
    pub training_examples: usize,
    /// How many examples it is examined on. Default: 100.
    pub validation_examples: usize,
    /// How often it is taught the examples; it is examined after each time, and the best one counts.
    /// Default: 1.
    pub epochs: usize,
    /// How many tasks a report judges programs on. Default: 100.
    pub report_tasks: usize,
    /// How the fitnesses on tasks of one kind are combined. Default: `mean`.
    pub combination: Combination,
    /// A greater error, or none at all, ends a task with fitness 0. Default: 100.
    pub greatest_error: f32,
    /// The most FLOPs for an example, in times of what the known network of two layers takes; a program that
    /// takes more is not trained. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greatest_cost: Option<f64>,
    /// On how many examples of each kind programs are compared that may do the same. Default: 10.
    pub equivalence_examples: usize,
}

impl Default for LearnerSettings {
    fn default() -> Self {
        Self {
            features: 4,
            training_examples: 100,
            validation_examples: 100,
            epochs: 1,
            report_tasks: 100,
            combination: Combination::Mean,
            greatest_error: 100.0,
            greatest_cost: None,
            equivalence_examples: 10,
        }
    }
}

/// How fitnesses on several tasks become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// Their mean.
    Mean,
    /// Their median; of an even number, the upper middle one.
    Median,
}

impl Combination {
    /// The fitnesses as one.
    ///
    /// # Panics
    /// If there are none.
    pub(super) fn of(self, fitnesses: &mut [f64]) -> f64 {
        match self {
            Self::Mean => fitnesses.iter().sum::<f64>() / fitnesses.len() as f64,
            Self::Median => {
                let middle = fitnesses.len() / 2;
                *fitnesses.select_nth_unstable_by(middle, f64::total_cmp).1
            }
        }
    }
}

/// Settings of learners that make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LearnerSettingsError {
    /// A count is out of range.
    #[error(transparent)]
    Count(#[from] CountOutOfRange),
    /// A number is not positive, or is infinite.
    #[error("{setting} must be finite and greater than 0, not {found}")]
    NotPositive {
        /// The setting's name.
        setting: &'static str,
        /// What was asked for.
        found: f64,
    },
}

/// The most examples: far beyond use, and far from overflow.
const MOST_EXAMPLES: usize = 1 << 24;

impl LearnerSettings {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// [`LearnerSettingsError`] for the first that does not.
    pub fn validate(&self) -> Result<(), LearnerSettingsError> {
        check_counts([
            ("features", self.features, 2..=64),
            (
                "training_examples",
                self.training_examples,
                1..=MOST_EXAMPLES,
            ),
            (
                "validation_examples",
                self.validation_examples,
                1..=MOST_EXAMPLES,
            ),
            ("epochs", self.epochs, 1..=1_000_000),
            ("report_tasks", self.report_tasks, 1..=10_000),
            ("equivalence_examples", self.equivalence_examples, 1..=1_000),
        ])?;
        let greatest_error = f64::from(self.greatest_error);
        let greatest_cost = self.greatest_cost.unwrap_or(1.0);
        for (setting, found) in [
            ("greatest_error", greatest_error),
            ("greatest_cost", greatest_cost),
        ] {
            if !found.is_finite() || found <= 0.0 {
                return Err(LearnerSettingsError::NotPositive { setting, found });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn combinations() {
        let all = [0.5, 0.0, 1.0, 0.9];
        assert_eq!(Combination::Mean.of(&mut all.clone()), 0.6);
        assert_eq!(Combination::Median.of(&mut all.clone()), 0.9);
        assert_eq!(Combination::Median.of(&mut [0.5, 0.0, 1.0]), 0.5);
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        assert_eq!(LearnerSettings::default().validate(), Ok(()));
        for (text, message) in [
            ("features = 1", "features must be from 2 to 64, not 1"),
            ("epochs = 0", "epochs must be from 1 to 1000000, not 0"),
            (
                "greatest_error = nan",
                "greatest_error must be finite and greater than 0, not NaN",
            ),
            (
                "greatest_cost = -1.0",
                "greatest_cost must be finite and greater than 0, not -1",
            ),
        ] {
            let settings: LearnerSettings = toml::from_str(text).unwrap();
            assert_eq!(settings.validate().unwrap_err().to_string(), message);
        }
    }
}
