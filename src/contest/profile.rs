//! Performance profiles: on how many tasks a contender is nearly as fast as the fastest.

use serde::Serialize;

/// Beyond this ratio to the fastest contender, being slow is as bad as never arriving. As in AlgoPerf (Dahl et al. 2023,
/// section 4.4).
pub const GREATEST_RATIO: f64 = 4.0;

/// A contender's ratios to the fastest one, task by task; of tasks whose target it does not reach, nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Profile {
    ratios: Vec<Option<f64>>,
}

impl Profile {
    /// Of ratios, each 1 or more.
    #[must_use]
    pub const fn of(ratios: Vec<Option<f64>>) -> Self {
        Self { ratios }
    }

    /// The share of tasks on which it takes at most so many times as long as the fastest (Dolan and Moré 2002, equation
    /// 2.1).
    #[must_use]
    pub fn share_within(&self, ratio: f64) -> f64 {
        let within = self.ratios.iter().flatten().filter(|own| **own <= ratio);
        within.count() as f64 / self.ratios.len() as f64
    }

    /// The area under the profile from 1 to [`GREATEST_RATIO`], divided by that of the best there can be.
    #[must_use]
    pub fn score(&self) -> f64 {
        // A task adds to the profile from its ratio on.
        let areas = self.ratios.iter().flatten();
        let areas = areas.map(|own| (GREATEST_RATIO - own).max(0.0) / (GREATEST_RATIO - 1.0));
        // The sum of no numbers is -0.
        areas.fold(0.0, |sum, area| sum + area) / self.ratios.len() as f64
    }

    /// On how many tasks it reaches the target.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.ratios.iter().flatten().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_area_under_the_profile() {
        let profile = Profile::of(vec![Some(1.0), Some(2.5), Some(5.0), None]);
        assert_eq!(profile.share_within(1.0), 0.25);
        assert_eq!(profile.share_within(2.5), 0.5);
        assert_eq!(profile.share_within(4.0), 0.5);
        assert_eq!(profile.reached(), 3);
        assert_eq!(profile.score(), (1.0 + 0.5) / 4.0);
        let steps = 30_000;
        let width = (GREATEST_RATIO - 1.0) / f64::from(steps);
        let heights = (0..steps).map(|step| profile.share_within(1.0 + width * f64::from(step)));
        let area = heights.sum::<f64>() * width / (GREATEST_RATIO - 1.0);
        assert!((area - profile.score()).abs() < 1e-4, "{area}");
        // Who reaches nothing has no negative zero.
        assert!(Profile::of(vec![None]).score().is_sign_positive());
    }
}
