//! How much the values of a program's constants matter.
//!
//! Each constant that an instruction reads is multiplied by a few factors, one constant at a time. A decay rate such as 0.9 is
//! told from another by how far it is from 1, so of constants from 3/4 up to 1 that distance is multiplied instead: 0.9 becomes 0.8 and
//! 0.95. A learning rate has a wider range than others, as it is what is tuned from task to task.

use serde::{Deserialize, Serialize};

use super::bench::Bench;
use super::change::{Change, Direction};
use super::identity::constants_read;
use super::nearest::rates;
use crate::fitness::JudgeError;
use crate::program::Program;
use crate::statistics::Spread;

/// What most constants are multiplied by.
const FACTORS: [f32; 4] = [0.25, 0.5, 2.0, 4.0];
/// What a learning rate is multiplied by.
const RATE_FACTORS: [f32; 10] = [0.03125, 0.0625, 0.125, 0.25, 0.5, 2.0, 4.0, 8.0, 16.0, 32.0];
/// From here up to 1, a constant's distance from 1 is what counts.
const NEAR_ONE: f32 = 0.75;
/// A constant is flat if nowhere in its range the median change of fitness is this great.
const FLAT: f64 = 0.01;
/// A constant is sharp if half or twice of it costs this much fitness, in the median.
const SHARP: f64 = 0.05;

/// How a program's fitness depends on a constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// The constant's name.
    pub constant: String,
    /// Its value.
    pub value: f32,
    /// Whether it is the learning rate of the schema.
    pub is_rate: bool,
    /// What is multiplied.
    pub variation: Variation,
    /// The fitness at other values, by rising factor; none for 0, of which there are no multiples.
    pub points: Vec<SensitivityPoint>,
    /// What the points say together.
    pub sharpness: Sharpness,
}

/// A program's fitness with another value of a constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensitivityPoint {
    /// What the value, or its distance from 1, is multiplied by.
    pub factor: f32,
    /// The value.
    pub value: f32,
    /// The fitness over the seeds.
    pub fitness: Spread,
    /// How much that is more than with the program's own value.
    pub change: Change,
}

/// What of a constant is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variation {
    /// Its value.
    Value,
    /// Its distance from 1.
    DistanceFromOne,
}

/// How much a constant's value matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharpness {
    /// It does not, over the whole range.
    Flat,
    /// It does, but half or twice of it will do.
    Gentle,
    /// Half or twice of it costs much.
    Sharp,
}

impl Sensitivity {
    /// The point that is best of those that are clearly better than the program's own value.
    #[must_use]
    pub fn better(&self) -> Option<&SensitivityPoint> {
        let points = self.points.iter();
        let better = points.filter(|point| {
            let change = &point.change;
            change.direction() == Direction::Better && !change.is_negligible()
        });
        better.max_by(|one, other| {
            let gain = |point: &SensitivityPoint| point.change.mean.mean;
            gain(one).total_cmp(&gain(other))
        })
    }
}

impl Variation {
    fn of(value: f32) -> Self {
        if (NEAR_ONE..1.0).contains(&value) {
            Self::DistanceFromOne
        } else {
            Self::Value
        }
    }

    fn varied(self, value: f32, factor: f32) -> f32 {
        match self {
            Self::Value => value * factor,
            Self::DistanceFromOne => 1.0 - (1.0 - value) * factor,
        }
    }
}

/// How many variants of a program without idle instructions there are.
pub(super) fn count(program: &Program) -> usize {
    constants_read(program)
        .iter()
        .map(|(name, value)| variants(program, name, *value).len())
        .sum()
}

/// A program with other values of a constant, each with its factor and the value.
fn variants(program: &Program, name: &str, value: f32) -> Vec<(f32, f32, Program)> {
    if value == 0.0 {
        return Vec::new();
    }
    let (variation, factors) = range(program, name, value);
    let variants = factors.iter().filter_map(|&factor| {
        let value = variation.varied(value, factor);
        Some((factor, value, program.with_constant(name, value).ok()?))
    });
    variants.collect()
}

/// What of a constant is multiplied, and by what.
fn range(program: &Program, name: &str, value: f32) -> (Variation, &'static [f32]) {
    if is_rate(program, name) {
        (Variation::Value, &RATE_FACTORS)
    } else {
        (Variation::of(value), &FACTORS)
    }
}

fn is_rate(program: &Program, name: &str) -> bool {
    rates(program.schema()).any(|rate| rate == name)
}

/// Of each constant that an instruction reads, learning rates first. `own` are the program's fitnesses as it is.
pub(super) fn sensitivities(
    program: &Program,
    own: &[f64],
    bench: &Bench<'_>,
) -> Result<Vec<Sensitivity>, JudgeError> {
    let mut constants = constants_read(program);
    constants.sort_by_key(|(name, _)| !is_rate(program, name));
    let variants: Vec<_> = constants
        .iter()
        .map(|(name, value)| variants(program, name, *value))
        .collect();
    let all = variants.iter().flatten();
    let programs: Vec<Program> = all.map(|(_, _, program)| program.clone()).collect();
    let mut fitnesses = bench.fitnesses(&programs, &bench.seeds)?.into_iter();
    let sensitivities = constants.into_iter().zip(variants);
    let sensitivities = sensitivities.map(|((constant, value), variants)| {
        let points: Vec<SensitivityPoint> = variants
            .iter()
            .zip(&mut fitnesses)
            .map(|((factor, value, _), fitnesses)| SensitivityPoint {
                factor: *factor,
                value: *value,
                change: Change::between(own, &fitnesses),
                fitness: Spread::of(fitnesses),
            })
            .collect();
        Sensitivity {
            is_rate: is_rate(program, &constant),
            variation: range(program, &constant, value).0,
            sharpness: sharpness(&points),
            constant,
            value,
            points,
        }
    });
    Ok(sensitivities.collect())
}

fn sharpness(points: &[SensitivityPoint]) -> Sharpness {
    let is_near = |point: &&SensitivityPoint| point.factor == 0.5 || point.factor == 2.0;
    let median = |point: &SensitivityPoint| point.change.spread.median;
    if points.iter().all(|point| median(point).abs() < FLAT) {
        Sharpness::Flat
    } else if (points.iter().filter(is_near)).any(|point| median(point) <= -SHARP) {
        Sharpness::Sharp
    } else {
        Sharpness::Gentle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(factor: f32, change: f64) -> SensitivityPoint {
        SensitivityPoint {
            factor,
            value: factor,
            fitness: Spread::of(vec![1.0 + change]),
            change: Change::between(&[1.0, 1.0], &[1.0 + change, 1.0 + change]),
        }
    }

    #[test]
    fn decay_rates_are_varied_by_their_distance_from_one() {
        for (value, factor, expected) in [
            (0.9, 2.0, 0.8),
            (0.9, 0.5, 0.95),
            (0.999, 4.0, 0.996),
            (0.5, 2.0, 1.0),
            (1.0, 2.0, 2.0),
            (-0.9, 2.0, -1.8),
        ] {
            let varied: f32 = Variation::of(value).varied(value, factor);
            assert!(
                (varied - expected).abs() < 1e-6,
                "{value} {factor} {varied}"
            );
        }
    }

    #[test]
    fn what_is_sharp_is_told_from_what_is_not() {
        for (changes, expected) in [
            ([0.001, -0.002, 0.0, 0.009], Sharpness::Flat),
            ([-0.5, -0.01, 0.0, -0.2], Sharpness::Gentle),
            ([0.0, 0.02, 0.0, 0.0], Sharpness::Gentle),
            ([-0.5, -0.01, -0.06, -0.2], Sharpness::Sharp),
        ] {
            let points: Vec<_> = FACTORS.into_iter().zip(changes).collect();
            let points: Vec<_> = points
                .iter()
                .map(|&(at, change)| point(at, change))
                .collect();
            assert_eq!(sharpness(&points), expected, "{changes:?}");
        }
    }
}
