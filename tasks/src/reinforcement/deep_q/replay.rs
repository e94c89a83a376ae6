//! A memory of transitions.

use rand::RngExt;

use crate::Stream;
use crate::environments::Status;
use crate::network::Matrix;

/// The last steps of parallel environments. Rows run over steps, then environments; the newest step takes the place of
/// the oldest.
#[derive(Debug)]
pub(super) struct Replay {
    environments: usize,
    /// Steps that there is room for.
    steps: usize,
    /// Steps that are stored.
    stored_steps: usize,
    /// Where the next step goes.
    next_step: usize,
    observations: Matrix,
    next_observations: Matrix,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    statuses: Vec<Status>,
}

/// A step of all environments, to be written.
pub(super) struct StepMut<'a> {
    pub(super) observations: &'a mut [f32],
    pub(super) actions: &'a mut [u32],
    pub(super) rewards: &'a mut [f32],
    pub(super) statuses: &'a mut [Status],
    /// What the step led to, before new episodes took the place of those that ended.
    pub(super) next_observations: &'a mut [f32],
}

/// A transition and what followed in its episode.
#[derive(Debug, PartialEq)]
pub(super) struct Recalled<'a> {
    pub(super) observation: &'a [f32],
    pub(super) action: u32,
    /// The discounted sum of rewards.
    pub(super) earned: f32,
    /// What the value of the last observation counts: nothing after termination.
    pub(super) continuation: f32,
    pub(super) last_observation: &'a [f32],
}

impl Replay {
    pub(super) fn new(environments: usize, steps: usize, inputs: usize) -> Self {
        let rows = environments * steps;
        Self {
            environments,
            steps,
            stored_steps: 0,
            next_step: 0,
            observations: Matrix::zeros(rows, inputs),
            next_observations: Matrix::zeros(rows, inputs),
            actions: vec![0; rows],
            rewards: vec![0.0; rows],
            statuses: vec![Status::Running; rows],
        }
    }

    /// Forgets the oldest step, if there is no room, for a new one, all of which has to be written.
    pub(super) fn next_step(&mut self) -> StepMut<'_> {
        let first_row = self.next_step * self.environments;
        let rows = first_row..first_row + self.environments;
        self.next_step = (self.next_step + 1) % self.steps;
        self.stored_steps = self.steps.min(self.stored_steps + 1);
        StepMut {
            observations: self.observations.numbers_mut(rows.clone()),
            actions: &mut self.actions[rows.clone()],
            rewards: &mut self.rewards[rows.clone()],
            statuses: &mut self.statuses[rows.clone()],
            next_observations: self.next_observations.numbers_mut(rows),
        }
    }

    /// Draws the row of a stored transition, each equally likely.
    pub(super) fn draw(&self, numbers: &mut Stream) -> usize {
        // Until the memory is full, what is stored are its first rows.
        let rows = self.stored_steps * self.environments;
        // Of 32 bits on every machine.
        numbers.random_range(0..rows as u32) as usize
    }

    /// The transition in `row`, and up to `return_steps` rewards from it on: fewer if the episode ends or nothing
    /// newer is stored.
    pub(super) fn recall(&self, row: usize, return_steps: usize, discount: f32) -> Recalled<'_> {
        let rows = self.actions.len();
        let newest = (self.next_step + self.steps - 1) % self.steps;
        let newer_steps = (newest + self.steps - row / self.environments) % self.steps;
        let (mut last, mut earned, mut continuation) = (row, 0.0, 1.0);
        for left in (0..return_steps.min(newer_steps + 1)).rev() {
            earned += continuation * self.rewards[last];
            continuation = match self.statuses[last] {
                Status::Terminated => 0.0,
                Status::Running | Status::Truncated => continuation * discount,
            };
            if left == 0 || self.statuses[last] != Status::Running {
                break;
            }
            // The next step's row, which may be at the beginning again.
            last += self.environments;
            last -= if last >= rows { rows } else { 0 };
        }
        Recalled {
            observation: self.observations.row(row),
            action: self.actions[row],
            earned,
            continuation,
            last_observation: self.next_observations.row(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Stores a step whose numbers tell the step and the environment.
    fn store(replay: &mut Replay, step: usize, statuses: &[Status]) {
        let environments = replay.environments;
        let written = replay.next_step();
        for environment in 0..environments {
            let number = (10 * step + environment) as f32;
            written.observations[environment] = number;
            written.actions[environment] = number as u32;
            written.rewards[environment] = number;
            written.next_observations[environment] = number + 10.0;
        }
        written.statuses.copy_from_slice(statuses);
    }

    #[test]
    fn draws_are_uniform_over_what_is_stored() {
        let mut replay = Replay::new(2, 4, 1);
        let mut numbers = stream(1, "test", [0, 0]);
        let mut seen = |replay: &Replay| {
            let mut counts = [0; 100];
            for _ in 0..8_000 {
                let recalled = replay.recall(replay.draw(&mut numbers), 1, 0.5);
                counts[recalled.action as usize] += 1;
            }
            let seen = counts
                .into_iter()
                .enumerate()
                .filter(|(_, count)| *count > 0);
            seen.collect::<Vec<(usize, i32)>>()
        };
        for step in 0..7 {
            store(&mut replay, step, &[Status::Running; 2]);
            let stored = (step + 1).min(4);
            let expected: Vec<usize> = (step + 1 - stored..=step)
                .flat_map(|step| [10 * step, 10 * step + 1])
                .collect();
            let seen = seen(&replay);
            let transitions: Vec<usize> = seen.iter().map(|(number, _)| *number).collect();
            assert_eq!(transitions, expected);
            let share = 8_000 / expected.len() as i32;
            // Six standard deviations or more.
            let tolerance = 6 * f64::from(share).sqrt() as i32;
            assert!(
                seen.iter()
                    .all(|(_, count)| (count - share).abs() < tolerance)
            );
        }
    }

    #[test]
    fn returns_go_on_to_the_newest_step_or_the_end_of_the_episode() {
        let mut replay = Replay::new(2, 4, 1);
        // Steps 2 to 5 are left, in rows of steps 4, 5, 2, 3.
        for step in 0..6 {
            let statuses = match step {
                3 => [Status::Running, Status::Terminated],
                4 => [Status::Truncated, Status::Running],
                _ => [Status::Running; 2],
            };
            store(&mut replay, step, &statuses);
        }
        let recall = |step: usize, environment: usize, return_steps: usize| {
            let recalled = replay.recall(step % 4 * 2 + environment, return_steps, 0.5);
            let number = (10 * step + environment) as f32;
            assert_eq!(
                (recalled.observation, recalled.action),
                (&[number][..], number as u32)
            );
            (
                recalled.earned,
                recalled.continuation,
                recalled.last_observation[0],
            )
        };
        assert_eq!(recall(2, 0, 1), (20.0, 0.5, 30.0));
        assert_eq!(recall(2, 0, 2), (20.0 + 15.0, 0.25, 40.0));
        // Cut off at step 4: where it was counts.
        assert_eq!(recall(2, 0, 9), (20.0 + 15.0 + 10.0, 0.125, 50.0));
        // Terminated at step 3.
        assert_eq!(recall(2, 1, 2), (21.0 + 15.5, 0.0, 41.0));
        assert_eq!(recall(3, 1, 3), (31.0, 0.0, 41.0));
        // Nothing newer than step 5.
        assert_eq!(recall(4, 1, 3), (41.0 + 25.5, 0.25, 61.0));
        assert_eq!(recall(5, 0, 3), (50.0, 0.5, 60.0));
    }
}
