//! Gathering experience: parallel environments under the current, sampling policy.

use rand::RngExt;

use super::advantage::advantages;
use super::{ACTIONS, OBSERVATIONS, Policy};
use crate::environments::{CartPole, Lockstep, Status};
use crate::network::{Activations, Matrix, Model, sigmoid};
use crate::{Stream, stream};

/// How much experience makes a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) environments: usize,
    pub(super) steps: usize,
    pub(super) discount: f32,
}

impl Window {
    /// Transitions in a window.
    pub(super) fn transitions(self) -> usize {
        self.environments * self.steps
    }
}

/// Environments in progress and the last window of experience in them.
///
/// Episodes go on from window to window. Rows run over time steps, then environments.
pub(super) struct Rollout {
    window: Window,
    environments: Lockstep<CartPole>,
    resets: Stream,
    exploration: Stream,
    observations: Matrix,
    /// The policy's activations, kept from acting, so that the backward pass needs no second forward pass.
    activations: Activations,
    /// The probability of [`CartPole::RIGHT`].
    right_probabilities: Vec<f32>,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    statuses: Vec<Status>,
    advantages: Vec<f32>,
}

impl Rollout {
    /// Fresh environments for the run of `seed`.
    pub(super) fn new(window: Window, model: &Model, seed: u64) -> Self {
        let mut resets = stream(seed, "cartpole environment resets", [0, 0]);
        let transitions = window.transitions();
        Self {
            window,
            environments: Lockstep::new(window.environments, &mut resets),
            resets,
            exploration: stream(seed, "cartpole exploration", [0, 0]),
            observations: Matrix::zeros(transitions, OBSERVATIONS),
            activations: Activations::for_training(model, transitions),
            right_probabilities: vec![0.0; transitions],
            actions: vec![CartPole::LEFT; transitions],
            rewards: vec![0.0; transitions],
            statuses: vec![Status::Running; transitions],
            advantages: vec![0.0; transitions],
        }
    }

    /// Acts for one window with `policy` and writes the gradient of REINFORCE's loss (Williams 1992),
    /// −mean(advantage · ln π(action | observation)), with respect to its parameters.
    pub(super) fn gradient(&mut self, policy: Policy<'_>, gradient: &mut [f32]) {
        for step in 0..self.window.steps {
            self.act(policy, step * self.window.environments);
        }
        advantages(
            &self.rewards,
            &self.statuses,
            self.window.environments,
            self.window.discount,
            &mut self.advantages,
        );
        policy_gradient(
            self.activations.for_loss().1,
            &self.right_probabilities,
            &self.actions,
            &self.advantages,
        );
        let rows = self.window.transitions();
        let (observations, activations) = (&self.observations, &mut self.activations);
        policy
            .model
            .backward(policy.parameters, observations, rows, activations, gradient);
    }

    /// Takes one step in every environment and records it in the rows from `first_row` on.
    fn act(&mut self, policy: Policy<'_>, first_row: usize) {
        let rows = first_row..first_row + self.environments.episodes();
        let observations = &mut self.observations;
        self.environments.observe(|environment, observation| {
            let row = observations.row_mut(first_row + environment);
            row.copy_from_slice(observation);
        });
        let (observations, activations) = (&self.observations, &mut self.activations);
        policy
            .model
            .forward(policy.parameters, observations, rows.clone(), activations);
        for row in rows.clone() {
            let probability = right_probability(self.activations.outputs().row(row));
            self.right_probabilities[row] = probability;
            self.actions[row] = sample(probability, &mut self.exploration);
        }
        let statuses = &mut self.statuses[rows.clone()];
        self.environments.step(
            &self.actions[rows.clone()],
            &mut self.rewards[rows],
            statuses,
        );
        self.environments
            .begin_after_ends(statuses, &mut self.resets);
    }
}

/// The softmax of two logits at [`CartPole::RIGHT`].
pub(super) fn right_probability(logits: &[f32]) -> f32 {
    sigmoid(logits[1] - logits[0])
}

/// Draws an action; a probability that is not a number always gives [`CartPole::LEFT`].
pub(super) fn sample(right_probability: f32, numbers: &mut Stream) -> u32 {
    if numbers.random::<f32>() < right_probability {
        CartPole::RIGHT
    } else {
        CartPole::LEFT
    }
}

/// Writes the gradient, with respect to the outputs, of −mean(advantage · ln π(action)).
fn policy_gradient(
    output_gradient: &mut Matrix,
    right_probabilities: &[f32],
    actions: &[u32],
    advantages: &[f32],
) {
    let scale = 1.0 / actions.len() as f32;
    for (row, action) in actions.iter().enumerate() {
        let taken = if *action == CartPole::RIGHT { 1.0 } else { 0.0 };
        let right = scale * advantages[row] * (right_probabilities[row] - taken);
        let gradient: [f32; ACTIONS] = [-right, right];
        output_gradient.row_mut(row).copy_from_slice(&gradient);
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy_model;
    use super::super::tests::balancing_parameters;
    use super::*;
    use crate::network::difference::assert_gradient;

    #[test]
    fn the_gradient_is_that_of_reinforces_loss() {
        let model = policy_model(6);
        let parameters = model.initialise(&mut stream(2, "test", [0, 0]));
        let policy = Policy {
            model: &model,
            parameters: &parameters,
        };
        let window = Window {
            environments: 5,
            steps: 60,
            discount: 0.97,
        };
        let mut rollout = Rollout::new(window, &model, 4);
        let mut gradient = vec![0.0; parameters.len()];
        // The second window starts in the middle of episodes.
        for _ in 0..2 {
            rollout.gradient(policy, &mut gradient);
        }
        assert!(rollout.statuses.contains(&Status::Terminated));
        assert!(rollout.actions.contains(&CartPole::LEFT));

        // The loss from what the window recorded, with the softmax written out.
        let rows = window.transitions();
        let mut activations = Activations::for_evaluation(&model, rows);
        let loss = |parameters: &[f32]| {
            model.forward(parameters, &rollout.observations, 0..rows, &mut activations);
            let mut total = 0.0;
            for (row, action) in rollout.actions.iter().enumerate() {
                let logits = activations.outputs().row(row);
                let exponentials = [logits[0], logits[1]].map(|it| libm::exp(f64::from(it)));
                let taken = exponentials[*action as usize];
                let log_probability = libm::log(taken / (exponentials[0] + exponentials[1]));
                total -= f64::from(rollout.advantages[row]) * log_probability;
            }
            total / rows as f64
        };
        assert_gradient(model.layout(), &parameters, &gradient, loss);
    }

    #[test]
    fn the_time_limit_begins_a_new_episode_but_is_no_failure() {
        let window = Window {
            environments: 2,
            steps: 510,
            discount: 0.99,
        };
        let model = policy_model(6);
        let mut rollout = Rollout::new(window, &model, 1);
        let parameters = balancing_parameters(&model);
        let policy = Policy {
            model: &model,
            parameters: &parameters,
        };
        rollout.gradient(policy, &mut vec![0.0; parameters.len()]);
        assert!(!rollout.statuses.contains(&Status::Terminated));
        let fresh = |row: usize| {
            rollout
                .observations
                .row(row)
                .iter()
                .all(|value| value.abs() <= 0.05)
        };
        assert!(fresh(0) && fresh(1), "the first episodes' beginnings");
        assert!(
            fresh(1_000) && fresh(1_001),
            "the second episodes', after 500 steps in both environments"
        );
        assert!(!fresh(998) && !fresh(999), "the ends of the first");
    }

    #[test]
    fn actions_follow_their_probability() {
        let mut numbers = stream(9, "test", [0, 0]);
        let mut right = |probability| {
            (0..10_000)
                .filter(|_| sample(probability, &mut numbers) == CartPole::RIGHT)
                .count()
        };
        // 10,000 draws at 0.3 have a standard deviation of 46.
        assert!((2_770..=3_230).contains(&right(0.3)));
        assert_eq!(right(0.0), 0);
        assert_eq!(right(1.0), 10_000);
        assert_eq!(right(f32::NAN), 0);
    }
}
