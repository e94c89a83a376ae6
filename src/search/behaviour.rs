//! How differently programs behave, whatever they look like.
//!
//! What a program does with made-up numbers is a list of numbers: how far an update rule moves parameters, the gradients of a
//! loss, what a learner predicts. The distance of two programs is the angle between these, as vectors, from 0 for programs that
//! do the same but for one factor, by 1/2 where what one does says nothing about the other, to 1 for opposites. So a learning
//! rate alone makes no diversity.

use mlevolve_tasks::stream;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::{Population, SearchSettings};
use crate::fitness::Judge;

/// How many individuals are compared, each with each.
const COMPARED: usize = 24;

/// The mean distance of two individuals in what they do, over a random sample of them; 0 if there are not two.
pub(super) fn behavioural_diversity(
    population: &Population,
    judge: &dyn Judge,
    settings: &SearchSettings,
    generation: u32,
    island: usize,
) -> f64 {
    let individuals = population.individuals();
    let key = [u64::from(generation), island as u64];
    let mut numbers = stream(settings.seed, "behavioural diversity", key);
    let drawn = drawn(individuals.len(), COMPARED, &mut numbers);
    let directions: Vec<Vec<f64>> = drawn
        .par_iter()
        // What is in a population has been judged, so it has a behaviour.
        .filter_map(|&place| judge.behaviour(&individuals[place].program).ok())
        .map(|behaviour| direction(&behaviour))
        .collect();
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (place, one) in directions.iter().enumerate() {
        for other in &directions[..place] {
            sum += angle(one, other);
            pairs += 1.0;
        }
    }
    if pairs == 0.0 { 0.0 } else { sum / pairs }
}

/// How differently two programs behave that did this: the angle between both, as a part of a half turn.
pub(crate) fn behavioural_distance(one: &[f32], other: &[f32]) -> f64 {
    angle(&direction(one), &direction(other))
}

/// So many different places of all, or all if there are fewer.
fn drawn(all: usize, count: usize, numbers: &mut impl Rng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..all).collect();
    for next in 0..count.min(all) {
        places.swap(next, numbers.random_range(next..all));
    }
    places.truncate(count);
    places
}

/// A behaviour at length 1, or at length 0 if it does nothing. What is not finite counts as 0.
pub(super) fn direction(behaviour: &[f32]) -> Vec<f64> {
    let finite = |number: &f32| match number.is_finite() {
        true => f64::from(*number),
        false => 0.0,
    };
    let mut direction: Vec<f64> = behaviour.iter().map(finite).collect();
    let length = direction.iter().map(|it| it * it).sum::<f64>().sqrt();
    if length > 0.0 {
        for number in &mut direction {
            *number /= length;
        }
    }
    direction
}

/// The angle between two directions, as a part of a half turn.
pub(super) fn angle(one: &[f64], other: &[f64]) -> f64 {
    let cosine: f64 = one.iter().zip(other).map(|(one, other)| one * other).sum();
    let is_idle = |direction: &[f64]| direction.iter().all(|it| *it == 0.0);
    if is_idle(one) && is_idle(other) {
        return 0.0;
    }
    libm::acos(cosine.clamp(-1.0, 1.0)) / std::f64::consts::PI
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_parts_of_a_half_turn() {
        let of = behavioural_distance;
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-7, "{found}");
        close(of(&[1.0, 2.0], &[0.001, 0.002]), 0.0);
        close(of(&[1.0, 2.0], &[-10.0, -20.0]), 1.0);
        close(of(&[1.0, 0.0], &[0.0, 3.0]), 0.5);
        close(of(&[1.0, 0.0], &[1.0, 1.0]), 0.25);
        // Doing nothing is unlike anything else.
        close(of(&[0.0, 0.0], &[1.0, 1.0]), 0.5);
        close(of(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
        close(of(&[f32::NAN, 1.0], &[0.0, 2.0]), 0.0);
    }
}
