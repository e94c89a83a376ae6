//! How long the policy keeps the pole up.

use super::rollout::{right_probability, sample};
use super::{OBSERVATIONS, Policy};
use crate::environments::{CartPole, Lockstep, Status};
use crate::network::{Activations, Matrix, Model};
use crate::{Stream, stream};

/// Evaluation episodes, run side by side. Each that ends makes way for the last, so that no work is spent on it.
pub(super) struct EvaluationEpisodes {
    seed: u64,
    episodes: usize,
    running: Lockstep<CartPole>,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    statuses: Vec<Status>,
    observations: Matrix,
    activations: Activations,
}

impl EvaluationEpisodes {
    /// Room for `episodes` episodes at each curve point of the run of `seed`.
    pub(super) fn new(episodes: usize, model: &Model, seed: u64) -> Self {
        Self {
            seed,
            episodes,
            running: Lockstep::with_room_for(episodes),
            actions: vec![CartPole::LEFT; episodes],
            rewards: vec![0.0; episodes],
            statuses: vec![Status::Running; episodes],
            observations: Matrix::zeros(episodes, OBSERVATIONS),
            activations: Activations::for_evaluation(model, episodes),
        }
    }

    /// The mean undiscounted return of fresh episodes under the sampling `policy`.
    ///
    /// Their random numbers depend on the run's seed and `step` only, and are drawn from no stream that training uses.
    pub(super) fn mean_return(&mut self, policy: Policy<'_>, step: u32) -> f64 {
        let mut numbers: Stream = stream(self.seed, "cartpole evaluation", [u64::from(step), 0]);
        self.running.begin_all(self.episodes, &mut numbers);
        let mut sum = 0.0;
        while self.running.episodes() > 0 {
            let rows = 0..self.running.episodes();
            let observations = &mut self.observations;
            self.running.observe(|row, observation| {
                observations.row_mut(row).copy_from_slice(observation);
            });
            let (observations, activations) = (&self.observations, &mut self.activations);
            policy
                .model
                .forward(policy.parameters, observations, rows.clone(), activations);
            for row in rows.clone().rev() {
                let probability = right_probability(self.activations.outputs().row(row));
                self.actions[row] = sample(probability, &mut numbers);
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
    use super::super::policy_model;
    use super::super::tests::balancing_parameters;
    use super::*;

    #[test]
    fn returns_are_those_of_policies_that_are_known() {
        let model = policy_model(3);
        let mut evaluation = EvaluationEpisodes::new(16, &model, 1);
        let mut parameters = balancing_parameters(&model);
        let policy = Policy {
            model: &model,
            parameters: &parameters,
        };
        assert_eq!(evaluation.mean_return(policy, 0), 500.0);
        // All parameters zero: random actions, which last for 22 steps on average, give or take 3 for 16 episodes.
        parameters.fill(0.0);
        let policy = Policy {
            model: &model,
            parameters: &parameters,
        };
        let random = evaluation.mean_return(policy, 0);
        assert!((13.0..31.0).contains(&random), "{random}");
    }

    #[test]
    fn episodes_depend_on_seed_and_step_only() {
        let model = policy_model(3);
        let policy = Policy {
            model: &model,
            parameters: &vec![0.0; model.layout().arena_len()],
        };
        let mut evaluation = EvaluationEpisodes::new(16, &model, 1);
        let first = evaluation.mean_return(policy, 0);
        assert_ne!(evaluation.mean_return(policy, 3), first);
        assert_eq!(evaluation.mean_return(policy, 0), first);
        let mut other = EvaluationEpisodes::new(16, &model, 2);
        assert_ne!(other.mean_return(policy, 0), first);
    }
}
