//! Random numbers for constants.

use mlevolve_ir::lanes::ScalarLanes;
use mlevolve_ir::ops::ElementwiseOp;
use rand::{Rng, RngExt};

use crate::program::{Constant, RequiredRole};

use super::VariationSettings;

/// Constants that algorithms need more often than chance would give them.
const COMMON: [Constant; 9] = [
    Constant::literal(0.0),
    Constant::literal(1.0),
    Constant::literal(-1.0),
    Constant::literal(0.5),
    Constant::literal(2.0),
    Constant::literal(0.1),
    Constant::literal(0.9),
    Constant::literal(0.99),
    Constant::literal(0.999),
];
/// How often a random constant is one of [`COMMON`].
const COMMON_PROBABILITY: f64 = 0.3;
/// The magnitudes of other random constants: from the epsilon that keeps a divisor from 0 to a
/// moderate factor.
const MAGNITUDES: [f32; 2] = [1e-8, 10.0];
/// How often a random constant that is not common is negative.
const NEGATIVE_PROBABILITY: f64 = 0.2;

/// Whether an event of this probability happens; a probability that is none counts as the nearest
/// one.
pub(super) fn happens(probability: f64, rng: &mut impl Rng) -> bool {
    rng.random::<f64>() < probability
}

/// A random value for a constant; `required` if the schema demands something of it.
pub(super) fn random_constant(required: Option<&RequiredRole>, rng: &mut impl Rng) -> Constant {
    match required {
        Some(RequiredRole::PositiveConstant { drawn_from, .. }) => log_uniform(*drawn_from, rng),
        Some(
            RequiredRole::Input
            | RequiredRole::Output
            | RequiredRole::Result { .. }
            | RequiredRole::Increment { .. },
        )
        | None => {
            if happens(COMMON_PROBABILITY, rng) {
                COMMON[rng.random_range(0..COMMON.len())]
            } else {
                signed_log_uniform(rng)
            }
        }
    }
}

/// Another value near `value`: times 2^N(0, 1), as in Lion's search (Chen et al. 2023), and now and
/// then of the other sign. Where scaling leads nowhere, as from 0, which could otherwise never
/// move, the value is drawn anew.
pub(super) fn perturbed(
    value: Constant,
    required: Option<&RequiredRole>,
    settings: &VariationSettings,
    rng: &mut impl Rng,
) -> Constant {
    let factor = exp(standard_normal(rng) * std::f32::consts::LN_2);
    let scaled = value.value() * factor;
    let moved = Constant::new(scaled).filter(|&moved| scaled.is_normal() && moved != value);
    match required {
        Some(RequiredRole::PositiveConstant { drawn_from, .. }) => {
            moved.unwrap_or_else(|| log_uniform(*drawn_from, rng))
        }
        Some(
            RequiredRole::Input
            | RequiredRole::Output
            | RequiredRole::Result { .. }
            | RequiredRole::Increment { .. },
        )
        | None => {
            let flips = happens(settings.sign_flip_probability, rng);
            match moved {
                None => signed_log_uniform(rng),
                Some(moved) if flips => Constant::new(-moved.value()).unwrap_or(moved),
                Some(moved) => moved,
            }
        }
    }
}

/// A number from N(0, 1), by the polar method (Marsaglia and Bray 1964, "A Convenient Method for
/// Generating Normal Variables"). Crates for distributions call the platform's logarithm, whose last
/// bits differ from machine to machine.
fn standard_normal(rng: &mut impl Rng) -> f32 {
    loop {
        let [u, v] = [(); 2].map(|()| 2.0 * rng.random::<f32>() - 1.0);
        let square = u * u + v * v;
        if square > 0.0 && square < 1.0 {
            return u * (-2.0 * log(square) / square).sqrt();
        }
    }
}

fn signed_log_uniform(rng: &mut impl Rng) -> Constant {
    let magnitude = log_uniform(MAGNITUDES, rng);
    let negative = happens(NEGATIVE_PROBABILITY, rng);
    if negative {
        Constant::new(-magnitude.value()).unwrap_or(magnitude)
    } else {
        magnitude
    }
}

/// A number whose logarithm is uniform between those of two positive bounds.
fn log_uniform([lowest, highest]: [f32; 2], rng: &mut impl Rng) -> Constant {
    let (low, high) = (log(lowest), log(highest));
    let value = exp(low + rng.random::<f32>() * (high - low));
    // Rounding may lead out of the bounds by a few last places.
    let bounded = if value > lowest {
        value.min(highest)
    } else {
        lowest
    };
    Constant::new(bounded).unwrap_or(COMMON[1])
}

fn exp(x: f32) -> f32 {
    ElementwiseOp::Exp.evaluate(&ScalarLanes, &[x])
}

fn log(x: f32) -> f32 {
    ElementwiseOp::Log.evaluate(&ScalarLanes, &[x])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_the_moments_and_tails_of_the_distribution() {
        let mut numbers = mlevolve_tasks::stream(1, "test", [0, 0]);
        let drawn: Vec<f64> = (0..20_000)
            .map(|_| f64::from(standard_normal(&mut numbers)))
            .collect();
        let share = |is_in: fn(f64) -> bool| {
            drawn.iter().filter(|&&value| is_in(value)).count() as f64 / 20_000.0
        };
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|value| value * value).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.04, "{variance}");
        assert!((share(|value| value.abs() < 1.0) - 0.6827).abs() < 0.015);
        assert!((share(|value| value.abs() > 2.0) - 0.0455).abs() < 0.008);
    }
}
