//! Random numbers for constants.

use mlevolve_ir::lanes::ScalarLanes;
use mlevolve_ir::ops::ElementwiseOp;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

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
        Some(RequiredRole::Input | RequiredRole::Output | RequiredRole::Increment { .. })
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
    let exponent: f64 = rng.sample(StandardNormal);
    let factor = exp(exponent as f32 * std::f32::consts::LN_2);
    let scaled = value.value() * factor;
    let moved = Constant::new(scaled).filter(|&moved| scaled.is_normal() && moved != value);
    match required {
        Some(RequiredRole::PositiveConstant { drawn_from, .. }) => {
            moved.unwrap_or_else(|| log_uniform(*drawn_from, rng))
        }
        Some(RequiredRole::Input | RequiredRole::Output | RequiredRole::Increment { .. })
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
