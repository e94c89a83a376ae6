//! REINFORCE (Williams 1992) with a baseline: actions that turned out better than others become more likely.

use super::distribution::Drawn;
use super::returns::advantages;
use super::rollout::{Rollout, Window};
use super::{FOLLOWS_RETURNS, Learner, Policy, Run, WithLoss};
use crate::Stream;
use crate::environments::Environment;
use crate::network::Model;

/// The loss is −mean(advantage · ln π(action | observation)) over a window, with [`advantages`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reinforce {
    pub(crate) window: Window,
}

/// A window of experience, and how good its actions turned out to be.
pub(crate) struct ReinforceExperience<E: Environment> {
    rollout: Rollout<E>,
    advantages: Vec<f32>,
}

impl<E: Environment<Action: Drawn>> Learner<E> for Reinforce {
    type Experience = ReinforceExperience<E>;

    fn outputs(&self) -> usize {
        E::Action::outputs(E::ACTIONS)
    }

    fn step_transitions(&self) -> usize {
        self.window.transitions()
    }

    fn step_flops(&self, model: &Model) -> u64 {
        let transitions = self.window.transitions();
        model.forward_flops(transitions) + model.backward_flops(transitions)
    }

    fn begin(&self, run: &Run<'_>, policy: Policy<'_, E>) -> Self::Experience {
        ReinforceExperience {
            rollout: Rollout::new(self.window, policy.model, run),
            advantages: vec![0.0; self.window.transitions()],
        }
    }

    fn gradient(
        &self,
        experience: &mut Self::Experience,
        policy: Policy<'_, E>,
        gradient: &mut [f32],
    ) {
        let ReinforceExperience {
            rollout,
            advantages: of_actions,
        } = experience;
        rollout.gather(policy, |_, _, _| {});
        let Window {
            environments,
            discount,
            ..
        } = self.window;
        advantages(
            &rollout.rewards,
            &rollout.statuses,
            environments,
            discount,
            of_actions,
        );
        let rows = self.window.transitions();
        let scale = 1.0 / rows as f32;
        let (outputs, output_gradient) = rollout.activations.for_loss();
        let width = outputs.columns();
        let outputs = outputs.numbers(0..rows).chunks_exact(width);
        let gradients = output_gradient.numbers_mut(0..rows).chunks_exact_mut(width);
        for ((outputs, gradient), (action, advantage)) in outputs
            .zip(gradients)
            .zip(rollout.actions.iter().zip(of_actions))
        {
            E::Action::write_gradient(outputs, *action, scale * *advantage, gradient);
        }
        policy.model.backward(
            policy.parameters,
            &rollout.observations,
            rows,
            &mut rollout.activations,
            gradient,
        );
    }

    fn with_loss(&self) -> Result<WithLoss<E, Self>, &'static str> {
        Err(FOLLOWS_RETURNS)
    }

    fn evaluated(outputs: &[f32], numbers: &mut Stream) -> E::Action {
        E::Action::evaluated(outputs, numbers).executed(E::ACTIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::super::perceptron;
    use super::super::tests::{TEST_RUN, cart_pole_policy};
    use super::*;
    use crate::environments::{CartPole, Status};
    use crate::network::Activations;
    use crate::network::difference::assert_gradient;
    use crate::stream;

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let model = perceptron(4, 6, 2);
        let parameters = model.initialise(&mut stream(2, "test", [0, 0]));
        let policy = cart_pole_policy(&model, &parameters);
        let learner = Reinforce {
            window: Window {
                environments: 5,
                steps: 60,
                discount: 0.97,
                noise_held_steps: 1,
            },
        };
        let mut experience = learner.begin(&TEST_RUN, policy);
        let mut gradient = vec![0.0; parameters.len()];
        // The second window starts in the middle of episodes.
        for _ in 0..2 {
            learner.gradient(&mut experience, policy, &mut gradient);
        }
        let ReinforceExperience {
            rollout,
            advantages,
        } = experience;
        assert!(rollout.statuses.contains(&Status::Terminated));
        assert!(rollout.actions.contains(&CartPole::LEFT));

        // The loss from what the window recorded, with the softmax written out.
        let rows = learner.window.transitions();
        let mut activations = Activations::for_evaluation(&model, rows);
        let loss = |parameters: &[f32]| {
            model.forward(parameters, &rollout.observations, 0..rows, &mut activations);
            let mut total = 0.0;
            for (row, action) in rollout.actions.iter().enumerate() {
                let logits = activations.outputs().row(row);
                let exponentials = [logits[0], logits[1]].map(|it| libm::exp(f64::from(it)));
                let taken = exponentials[*action as usize];
                let log_probability = libm::log(taken / (exponentials[0] + exponentials[1]));
                total -= f64::from(advantages[row]) * log_probability;
            }
            total / rows as f64
        };
        assert_gradient(model.layout(), &parameters, &gradient, loss);
    }
}
