//! Gathering experience: parallel environments under the current, sampling policy.

use super::distribution::Drawn;
use super::{Policy, Run};
use crate::Stream;
use crate::environments::{Environment, Lockstep, Status};
use crate::network::{Activations, Matrix, Model};

/// How much experience makes a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) environments: usize,
    pub(crate) steps: usize,
    pub(crate) discount: f32,
    /// Steps after which the numbers that actions are drawn with are drawn anew; 1 if each action is drawn on its own.
    ///
    /// Each action still has the policy's distribution, but explores in the same direction for a while, as in
    /// generalised state-dependent exploration (Raffin, Kober and Stulp 2021): one push after the other that cancels
    /// out gets nowhere in the mountain car's valley.
    pub(crate) noise_held_steps: u32,
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
pub(crate) struct Rollout<E: Environment> {
    pub(super) window: Window,
    environments: Lockstep<E>,
    resets: Stream,
    exploration: Stream,
    /// What actions are drawn with, for each environment, and for how many steps more.
    noise: Vec<f32>,
    noise_left_steps: u32,
    pub(super) observations: Matrix,
    /// The policy's activations, kept from acting, so that the backward pass needs no second forward pass.
    pub(super) activations: Activations,
    pub(super) actions: Vec<E::Action>,
    executed: Vec<E::Action>,
    pub(super) rewards: Vec<f32>,
    pub(super) statuses: Vec<Status>,
}

impl<E: Environment<Action: Drawn>> Rollout<E> {
    /// Fresh environments for a run.
    pub(super) fn new(window: Window, model: &Model, run: &Run<'_>) -> Self {
        let mut resets = run.stream("environment resets");
        let transitions = window.transitions();
        Self {
            window,
            environments: Lockstep::new(window.environments, &mut resets),
            resets,
            exploration: run.stream("exploration"),
            noise: vec![0.0; window.environments],
            noise_left_steps: 0,
            observations: Matrix::zeros(transitions, model.inputs()),
            activations: Activations::for_training(model, transitions),
            actions: vec![E::Action::default(); transitions],
            executed: vec![E::Action::default(); window.environments],
            rewards: vec![0.0; transitions],
            statuses: vec![Status::Running; transitions],
        }
    }

    /// Acts for one window with `policy`.
    ///
    /// After each step, before new episodes take the place of those that ended, `after` is shown the episodes and how
    /// they stand, with the first row of the step.
    pub(super) fn gather(
        &mut self,
        policy: Policy<'_, E>,
        mut after: impl FnMut(&Lockstep<E>, &[Status], usize),
    ) {
        for step in 0..self.window.steps {
            let first_row = step * self.window.environments;
            self.act(policy, first_row);
            let statuses = &self.statuses[first_row..][..self.window.environments];
            after(&self.environments, statuses, first_row);
            self.environments
                .begin_after_ends(statuses, &mut self.resets);
        }
    }

    /// Takes one step in every environment and records it in the rows from `first_row` on.
    fn act(&mut self, policy: Policy<'_, E>, first_row: usize) {
        let rows = first_row..first_row + self.window.environments;
        policy.show_all(&self.environments, &mut self.observations, first_row);
        policy.forward(&self.observations, rows.clone(), &mut self.activations);
        if self.noise_left_steps == 0 {
            let exploration = &mut self.exploration;
            self.noise.fill_with(|| E::Action::noise(exploration));
            self.noise_left_steps = self.window.noise_held_steps;
        }
        self.noise_left_steps -= 1;
        let outputs = self.activations.outputs();
        let outputs = outputs
            .numbers(rows.clone())
            .chunks_exact(outputs.columns());
        let actions = self.actions[rows.clone()].iter_mut();
        for ((action, executed), (outputs, noise)) in
            (actions.zip(&mut self.executed)).zip(outputs.zip(&self.noise))
        {
            *action = E::Action::chosen(&outputs[..E::Action::outputs(E::ACTIONS)], *noise);
            *executed = action.executed(E::ACTIONS);
        }
        self.environments.step(
            &self.executed,
            &mut self.rewards[rows.clone()],
            &mut self.statuses[rows],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::perceptron;
    use super::super::tests::{TEST_RUN, balancing_parameters, cart_pole_policy};
    use super::*;
    use crate::environments::{CartPole, Pendulum};
    use crate::network::Dense;

    #[test]
    fn the_time_limit_begins_a_new_episode_but_is_no_failure() {
        let window = Window {
            environments: 2,
            steps: 510,
            discount: 0.99,
            noise_held_steps: 1,
        };
        let model = perceptron(4, 6, 2);
        let mut rollout = Rollout::<CartPole>::new(window, &model, &TEST_RUN);
        let parameters = balancing_parameters(&model);
        let mut truncated_rows = Vec::new();
        rollout.gather(
            cart_pole_policy(&model, &parameters),
            |_, statuses, first_row| {
                for (environment, status) in statuses.iter().enumerate() {
                    if *status == Status::Truncated {
                        truncated_rows.push(first_row + environment);
                    }
                }
            },
        );
        assert_eq!(truncated_rows, [998, 999]);
        assert!(!rollout.statuses.contains(&Status::Terminated));
        let fresh = |row: usize| {
            let observation = rollout.observations.row(row);
            observation.iter().all(|value| value.abs() <= 0.05)
        };
        assert!(fresh(0) && fresh(1), "the first episodes' beginnings");
        assert!(
            fresh(1_000) && fresh(1_001),
            "the second episodes', after 500 steps in both environments"
        );
        assert!(!fresh(998) && !fresh(999), "the ends of the first");
    }

    #[test]
    fn noise_is_held_for_as_many_steps_as_asked_for() {
        // All parameters zero: the mean is 0 and the deviation 1, so that actions are the noise.
        let model = Model::of(3).then("output", Dense::new(3, 2));
        let parameters = vec![0.0; model.layout().arena_len()];
        let policy = Policy {
            model: &model,
            parameters: &parameters,
            observation_scale: [1.0; 3],
        };
        let window = Window {
            environments: 2,
            steps: 4,
            discount: 0.9,
            noise_held_steps: 3,
        };
        let mut rollout = Rollout::<Pendulum>::new(window, &model, &TEST_RUN);
        let mut first_environment = Vec::new();
        for _ in 0..2 {
            rollout.gather(policy, |_, _, _| {});
            assert_ne!(rollout.actions[0], rollout.actions[1]);
            first_environment.extend(rollout.actions.iter().copied().step_by(2));
        }
        let changes: Vec<bool> = (first_environment.windows(2))
            .map(|pair| pair[0] != pair[1])
            .collect();
        let expected = [false, false, true, false, false, true, false];
        assert_eq!(changes, expected);
    }
}
