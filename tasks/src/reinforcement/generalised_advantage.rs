//! How good each action turned out to be, by rewards and values: generalised advantage estimation.

use crate::environments::Status;

/// What is counted of the future.
#[derive(Debug, Clone, Copy)]
pub(super) struct Discounts {
    /// γ: what a reward is worth a step later.
    pub(super) discount: f32,
    /// λ: how fast trust moves from rewards that were seen to values that were guessed; 0 looks one step ahead only, 1
    /// counts all rewards to the episode's or the window's end.
    pub(super) trace_decay: f32,
}

/// A window of transitions in `environments` parallel environments, each slice over time steps, then environments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Valued<'a> {
    pub(super) environments: usize,
    pub(super) rewards: &'a [f32],
    pub(super) statuses: &'a [Status],
    /// The value of what was seen before each transition.
    pub(super) values: &'a [f32],
    /// The value of what was seen after it, and before a new episode took the old one's place. Of no meaning where the
    /// episode terminated.
    pub(super) next_values: &'a [f32],
}

/// Writes Σₗ (γλ)ˡ δₜ₊ₗ with δₜ = rₜ + γ V(sₜ₊₁) − V(sₜ) (Schulman et al. 2016, equation 16).
///
/// The sum ends with the episode or the window. Nothing comes after termination; an episode that was cut off by the time
/// limit or the window's end is worth the value of where it was.
///
/// # Panics
///
/// If the slices' lengths differ.
pub(super) fn generalised_advantages(window: Valued<'_>, discounts: Discounts, out: &mut [f32]) {
    let Valued {
        environments,
        rewards,
        statuses,
        values,
        next_values,
    } = window;
    let lengths = [rewards.len(), statuses.len(), values.len()];
    assert_eq!(lengths, [out.len(); 3]);
    assert_eq!(next_values.len(), out.len());
    let Discounts {
        discount,
        trace_decay,
    } = discounts;
    for row in (0..out.len()).rev() {
        let next_value = if statuses[row] == Status::Terminated {
            0.0
        } else {
            next_values[row]
        };
        let error = rewards[row] + discount * next_value - values[row];
        let later = out.get(row + environments).copied().unwrap_or(0.0);
        let carried = if statuses[row] == Status::Running {
            later
        } else {
            0.0
        };
        out[row] = error + discount * trace_decay * carried;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn termination_ends_the_future_and_the_time_limit_does_not() {
        // Three steps of three environments: one goes on, one terminates at the middle step, one is cut off there.
        let mut statuses = [Status::Running; 9];
        statuses[4] = Status::Terminated;
        statuses[5] = Status::Truncated;
        let rewards = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0];
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        // Where an episode goes on, the value after a step is that before the next one; NaN is not to be looked at.
        let next_values = [4.0, 5.0, 6.0, 7.0, f32::NAN, 10.0, 16.0, 20.0, 24.0];
        let mut advantages = [f32::NAN; 9];
        let discounts = Discounts {
            discount: 0.5,
            trace_decay: 0.5,
        };
        let window = Valued {
            environments: 3,
            rewards: &rewards,
            statuses: &statuses,
            values: &values,
            next_values: &next_values,
        };
        generalised_advantages(window, discounts, &mut advantages);
        // δ of the last step: 4 + 8 − 7, 4 + 10 − 8, 4 + 12 − 9.
        // δ of the middle step: 2 + 3.5 − 4, 2 − 5, 2 + 5 − 6; the first adds a quarter of what follows, 5.
        // δ of the first step: 1 + 2 − 1, 1 + 2.5 − 2, 1 + 3 − 3; each adds a quarter of what follows.
        let middle = [1.5 + 0.25 * 5.0, -3.0, 1.0];
        let first = [
            2.0 + 0.25 * middle[0],
            1.5 + 0.25 * middle[1],
            1.0 + 0.25 * middle[2],
        ];
        assert_eq!(advantages[6..], [5.0, 6.0, 7.0]);
        assert_eq!(advantages[3..6], middle);
        assert_eq!(advantages[..3], first);
    }

    #[test]
    fn without_decay_it_is_the_return_less_the_value() {
        let window = Valued {
            environments: 1,
            rewards: &[1.0, 2.0, 4.0],
            statuses: &[Status::Running, Status::Running, Status::Terminated],
            values: &[0.5, 10.0, -3.0],
            next_values: &[10.0, -3.0, f32::NAN],
        };
        let discounts = Discounts {
            discount: 0.5,
            trace_decay: 1.0,
        };
        let mut advantages = [f32::NAN; 3];
        generalised_advantages(window, discounts, &mut advantages);
        assert_eq!(advantages, [3.0 - 0.5, 4.0 - 10.0, 4.0 + 3.0]);
    }
}
