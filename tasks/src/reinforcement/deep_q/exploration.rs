//! Which actions are taken to learn from: the best ones so far, and now and then any other.

use rand::RngExt;

use super::greedy;
use crate::Stream;
use crate::environments::{Action, ActionSpace, Status};
use crate::network::Matrix;

/// How often a random action is taken instead of the best one, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Epsilon {
    /// The probability in the end. It begins at 1.
    pub(crate) last: f32,
    /// Updates in which it falls to that, on a line.
    pub(crate) decay_steps: u32,
    /// A random action is held for 1 to so many steps, each number equally likely: temporally extended ε-greedy
    /// exploration (Dabney, Ostrovski and Barreto 2021), with another distribution. 1 is plain ε-greedy exploration.
    pub(crate) longest_hold_steps: u32,
}

impl Epsilon {
    /// The probability after so many updates.
    pub(super) fn after(self, updates: u32) -> f32 {
        if updates >= self.decay_steps {
            return self.last;
        }
        1.0 + (self.last - 1.0) * (updates as f32 / self.decay_steps as f32)
    }
}

/// Random actions that are held, and where they are drawn from.
pub(super) struct Exploration {
    numbers: Stream,
    longest_hold_steps: u32,
    held: Vec<Held>,
}

/// An environment's random action.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    action: u32,
    left_steps: u32,
}

impl Exploration {
    pub(super) fn new(environments: usize, longest_hold_steps: u32, numbers: Stream) -> Self {
        Self {
            numbers,
            longest_hold_steps,
            held: vec![Held::default(); environments],
        }
    }

    /// Chooses an action for every environment, from `values` with a row for each; `epsilon` is the probability with which
    /// a random one is taken up where none is held.
    pub(super) fn choose(
        &mut self,
        values: &Matrix,
        epsilon: f32,
        space: ActionSpace,
        actions: &mut [u32],
    ) {
        let numbers = &mut self.numbers;
        for (environment, (held, action)) in self.held.iter_mut().zip(actions).enumerate() {
            if held.left_steps == 0 && numbers.random::<f32>() < epsilon {
                held.action = Action::random(space, numbers);
                held.left_steps = numbers.random_range(1..=self.longest_hold_steps);
            }
            *action = if held.left_steps == 0 {
                greedy(values.row(environment))
            } else {
                held.left_steps -= 1;
                held.action
            };
        }
    }

    /// Holds nothing where an episode has ended.
    pub(super) fn forget_after_ends(&mut self, statuses: &[Status]) {
        for (held, status) in self.held.iter_mut().zip(statuses) {
            if *status != Status::Running {
                held.left_steps = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    const SPACE: ActionSpace = ActionSpace::Discrete { actions: 3 };

    #[test]
    fn the_probability_falls_on_a_line_and_stays() {
        let epsilon = Epsilon {
            last: 0.2,
            decay_steps: 4,
            longest_hold_steps: 1,
        };
        let found = [0, 1, 2, 3, 4, 5, 1_000].map(|updates| epsilon.after(updates));
        for (found, expected) in found.iter().zip([1.0, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2]) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let constant = Epsilon {
            decay_steps: 0,
            ..epsilon
        };
        assert_eq!(constant.after(0), 0.2);
    }

    /// Values that make action 2 the best one.
    fn values(environments: usize) -> Matrix {
        let mut values = Matrix::zeros(environments, 3);
        for environment in 0..environments {
            values.row_mut(environment)[2] = 1.0;
        }
        values
    }

    #[test]
    fn actions_are_random_as_often_as_asked_for() {
        let values = values(10_000);
        let mut exploration = Exploration::new(10_000, 1, stream(1, "test", [0, 0]));
        let mut actions = vec![0; 10_000];
        exploration.choose(&values, 0.6, SPACE, &mut actions);
        // A fifth each of the first two, give or take 40.
        for action in 0..2 {
            let count = actions.iter().filter(|it| **it == action).count();
            assert!((1_800..2_200).contains(&count), "{count}");
        }
        exploration.choose(&values, 0.0, SPACE, &mut actions);
        assert!(actions.iter().all(|action| *action == 2));
    }

    #[test]
    fn random_actions_are_held_until_their_time_or_the_episode_is_over() {
        const ENVIRONMENTS: usize = 3_000;
        let values = values(ENVIRONMENTS);
        let mut exploration = Exploration::new(ENVIRONMENTS, 3, stream(2, "test", [0, 0]));
        let mut actions = vec![0; ENVIRONMENTS];
        // All take up a random action, and then none does.
        exploration.choose(&values, 1.0, SPACE, &mut actions);
        let first = actions.clone();
        let mut still_held = || {
            exploration.choose(&values, 0.0, SPACE, &mut actions);
            let both = actions.iter().zip(&first);
            assert!(both.clone().all(|(now, first)| [*first, 2].contains(now)));
            // Of those whose random action is not the best one.
            both.filter(|(now, first)| now == first && **first != 2)
                .count()
        };
        // Two thirds of 3,000 took another action than the best; two thirds of these hold it for a second step, and one
        // third for a third one, give or take 30.
        let counts = [still_held(), still_held(), still_held()];
        assert!((1_180..1_490).contains(&counts[0]), "{counts:?}");
        assert!((520..820).contains(&counts[1]), "{counts:?}");
        assert_eq!(counts[2], 0);

        exploration.choose(&values, 1.0, SPACE, &mut actions);
        exploration.forget_after_ends(&[Status::Terminated; ENVIRONMENTS]);
        exploration.choose(&values, 0.0, SPACE, &mut actions);
        assert!(actions.iter().all(|action| *action == 2));
    }
}
