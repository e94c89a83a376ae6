//! How good each action turned out to be, without values: returns-to-go, normalised over the batch.

use crate::environments::Status;

/// Turns what happened in a window of `environments` parallel environments into an advantage per transition.
///
/// All slices run over time steps, then environments. The return-to-go of a transition is the discounted sum of rewards from
/// it to the episode's termination or the window's end, whichever comes first; an episode that ran into the time limit
/// was not over, so what follows it is counted on.
///
/// Less of the window is left for later transitions, whatever the policy does. The baseline therefore is, for each time
/// step, the mean over environments; the differences are then divided by their root mean square over the batch. If
/// no environment did better than another, all advantages are 0.
///
/// # Panics
///
/// If the slices' lengths differ.
pub(super) fn advantages(
    rewards: &[f32],
    statuses: &[Status],
    environments: usize,
    discount: f32,
    out: &mut [f32],
) {
    assert_eq!([rewards.len(), statuses.len()], [out.len(); 2]);
    let steps = out.len() / environments;
    for step in (0..steps).rev() {
        let (now, later) = out[step * environments..].split_at_mut(environments);
        let rewards = &rewards[step * environments..][..environments];
        let statuses = &statuses[step * environments..][..environments];
        for (environment, value) in now.iter_mut().enumerate() {
            let continued = later.get(environment).copied().unwrap_or(0.0);
            *value = if statuses[environment] == Status::Terminated {
                rewards[environment]
            } else {
                rewards[environment] + discount * continued
            };
        }
    }
    let mut squares = 0.0;
    for now in out.chunks_exact_mut(environments) {
        let mean = mean(now);
        for value in now {
            *value -= mean;
            squares += *value * *value;
        }
    }
    let root_mean_square = libm::sqrtf(squares / out.len() as f32);
    if root_mean_square > 0.0 {
        for value in out {
            *value /= root_mean_square;
        }
    }
}

/// The mean of numbers, which is exact where all are the same: rounding errors that are divided by their own root mean
/// square would look like advantages.
pub(super) fn mean(numbers: &[f32]) -> f32 {
    let first = numbers[0];
    let distances = numbers.iter().map(|number| number - first);
    first + distances.sum::<f32>() / numbers.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_worse_than_survival_and_the_batch_is_normalised() {
        // Two environments, three steps; the second fails at the middle one and begins afresh.
        let mut statuses = [Status::Running; 6];
        statuses[3] = Status::Terminated;
        let mut values = [0.0; 6];
        advantages(&[1.0; 6], &statuses, 2, 0.5, &mut values);
        // Returns: (1.75, 1.5), (1.5, 1), (1, 1); differences from the mean ±0.125, ±0.25, 0.
        let scale = libm::sqrtf((2.0 * 0.015_625 + 2.0 * 0.0625) / 6.0);
        let expected = [0.125, -0.125, 0.25, -0.25, 0.0, 0.0].map(|value| value / scale);
        for (value, expected) in values.iter().zip(expected) {
            assert!(
                (value - expected).abs() < 1e-6,
                "{values:?} against {expected:?}"
            );
        }
    }

    #[test]
    fn the_time_limit_does_not_end_what_is_counted() {
        // As before, but for what each transition earned, and how the second environment's first episode ended.
        let mut statuses = [Status::Running; 6];
        statuses[3] = Status::Truncated;
        let mut values = [0.0; 6];
        advantages(
            &[1.0, 2.0, 4.0, 0.0, 0.0, 8.0],
            &statuses,
            2,
            0.5,
            &mut values,
        );
        // Returns: (3, 4), (4, 4), (0, 8); differences from the mean ∓0.5, 0, ∓4.
        let scale = libm::sqrtf((2.0 * 0.25 + 2.0 * 16.0) / 6.0);
        let expected = [-0.5, 0.5, 0.0, 0.0, -4.0, 4.0].map(|value| value / scale);
        for (value, expected) in values.iter().zip(expected) {
            assert!(
                (value - expected).abs() < 1e-6,
                "{values:?} against {expected:?}"
            );
        }
    }

    #[test]
    fn equal_fates_give_no_advantage() {
        let mut values = [f32::NAN; 8];
        advantages(&[1.0; 8], &[Status::Running; 8], 4, 0.99, &mut values);
        assert_eq!(values, [0.0; 8]);
        // As the tasks have it, where the returns are no round numbers.
        let mut values = [f32::NAN; 16 * 256];
        let statuses = [Status::Running; 16 * 256];
        advantages(&[1.0; 16 * 256], &statuses, 16, 0.99, &mut values);
        assert!(values.iter().all(|value| *value == 0.0));
    }
}
