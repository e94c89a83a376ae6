//! What a policy earns in fresh episodes.

use super::{Policy, Run};
use crate::environments::{Environment, Lockstep, Status};
use crate::network::{Activations, Matrix, Model};
use crate::{Stream, stream};

/// Evaluation episodes, run side by side. Each that ends makes way for the last, so that no work is spent on it.
pub(super) struct EvaluationEpisodes<E: Environment> {
    seed: u64,
    purpose: String,
    episodes: usize,
    running: Lockstep<E>,
    actions: Vec<E::Action>,
    rewards: Vec<f32>,
    statuses: Vec<Status>,
    observations: Matrix,
    activations: Activations,
}

impl<E: Environment> EvaluationEpisodes<E> {
    /// Room for `episodes` episodes at each curve point of a run.
    pub(super) fn new(episodes: usize, model: &Model, run: &Run<'_>) -> Self {
        Self {
            seed: run.seed,
            purpose: run.purpose("evaluation"),
            episodes,
            running: Lockstep::with_room_for(episodes),
            actions: vec![E::Action::default(); episodes],
            rewards: vec![0.0; episodes],
            statuses: vec![Status::Running; episodes],
            observations: Matrix::zeros(episodes, model.inputs()),
            activations: Activations::for_evaluation(model, episodes),
        }
    }

    /// The mean undiscounted return of fresh episodes, in which `choose` makes actions of the outputs of `policy`.
    ///
    /// Their random numbers depend on the run's seed and `step` only, and are drawn from no stream that training uses.
    pub(super) fn mean_return(
        &mut self,
        policy: Policy<'_, E>,
        step: u32,
        choose: impl Fn(&[f32], &mut Stream) -> E::Action,
    ) -> f64 {
        let mut numbers: Stream = stream(self.seed, &self.purpose, [u64::from(step), 0]);
        self.running.begin_all(self.episodes, &mut numbers);
        let mut sum = 0.0;
        while self.running.episodes() > 0 {
            let rows = 0..self.running.episodes();
            policy.show_all(&self.running, &mut self.observations, 0);
            policy.forward(&self.observations, rows.clone(), &mut self.activations);
            for row in rows.clone().rev() {
                self.actions[row] = choose(self.activations.outputs().row(row), &mut numbers);
            }
            self.running.step(
                &self.actions[rows.clone()],
                &mut self.rewards[rows.clone()],
                &mut self.statuses[rows.clone()],
            );
            // From the last to the first: what moves into a gap has been looked at.
            for row in rows.rev() {
                sum += f64::from(self.rewards[row]);
                if self.statuses[row] != Status::Running {
                    self.running.swap_remove(row);
                }
            }
        }
        sum / self.episodes as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::distribution::Drawn;
    use super::super::perceptron;
    use super::super::tests::{TEST_RUN, balancing_parameters, cart_pole_policy};
    use super::*;
    use crate::environments::CartPole;

    #[test]
    fn returns_are_those_of_policies_that_are_known() {
        let model = perceptron(4, 3, 2);
        let mut evaluation = EvaluationEpisodes::<CartPole>::new(16, &model, &TEST_RUN);
        let mut parameters = balancing_parameters(&model);
        let policy = cart_pole_policy(&model, &parameters);
        assert_eq!(evaluation.mean_return(policy, 0, u32::evaluated), 500.0);
        // All parameters zero: random actions, which last for 22 steps on average, give or take 3 for 16 episodes.
        parameters.fill(0.0);
        let policy = cart_pole_policy(&model, &parameters);
        let random = evaluation.mean_return(policy, 0, u32::evaluated);
        assert!((13.0..31.0).contains(&random), "{random}");
    }

    #[test]
    fn episodes_depend_on_seed_and_step_only() {
        let model = perceptron(4, 3, 2);
        let parameters = vec![0.0; model.layout().arena_len()];
        let policy = cart_pole_policy(&model, &parameters);
        let mut evaluation = EvaluationEpisodes::new(16, &model, &TEST_RUN);
        let first = evaluation.mean_return(policy, 0, u32::evaluated);
        assert_ne!(evaluation.mean_return(policy, 3, u32::evaluated), first);
        assert_eq!(evaluation.mean_return(policy, 0, u32::evaluated), first);
        let run = Run {
            seed: 2,
            ..TEST_RUN
        };
        let mut other = EvaluationEpisodes::new(16, &model, &run);
        assert_ne!(other.mean_return(policy, 0, u32::evaluated), first);
    }
}
