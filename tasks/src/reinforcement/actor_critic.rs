//! The advantage actor-critic, synchronous (Mnih et al. 2016): one model whose outputs are a policy and a value.
//!
//! ```text
//!  Rollout ──rewards, statuses, values──► generalised advantages ──► policy's gradient ─┐
//!     └──where episodes were cut off──► values of it ──┘       └───► value's gradient ──┴──► backward
//! ```

use super::distribution::Drawn;
use super::generalised_advantage::{Discounts, Valued, generalised_advantages};
use super::returns::mean;
use super::rollout::{Rollout, Window};
use super::{FOLLOWS_RETURNS, Learner, Policy, Run, WithLoss};
use crate::Stream;
use crate::environments::{Environment, Lockstep, Status};
use crate::network::{Activations, Matrix, Model};

/// The loss is −mean(advantage · ln π(action)) − `entropy_weight` · mean(entropy) + `value_weight` · mean((value −
/// return)²) over a window. Advantages are generalised ones (Schulman et al. 2016), brought to mean 0 and variance 1
/// in the policy's part; a return is the advantage before that and the value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActorCritic {
    pub(crate) window: Window,
    /// λ of generalised advantages.
    pub(crate) trace_decay: f32,
    pub(crate) entropy_weight: f32,
    pub(crate) value_weight: f32,
    /// What rewards are multiplied by where values are learnt, so that values are around 1.
    pub(crate) reward_scale: f32,
}

/// A window of experience, and what follows from it.
pub(crate) struct ActorCriticExperience<E: Environment> {
    rollout: Rollout<E>,
    cut_off: CutOff,
    scaled_rewards: Vec<f32>,
    values: Vec<f32>,
    next_values: Vec<f32>,
    advantages: Vec<f32>,
    returns: Vec<f32>,
}

/// Where episodes were, when the time limit or the window's end cut them off.
struct CutOff {
    observations: Matrix,
    activations: Activations,
    /// Which of the window's transitions led to each.
    transitions: Vec<usize>,
}

impl CutOff {
    fn new<E: Environment>(window: Window, model: &Model) -> Self {
        // In each environment by the time limit, as often as a window may have it, and by the window's end.
        let limits = window.steps.div_ceil(E::TIME_LIMIT_STEPS as usize);
        let rows = window.environments * (limits + 1);
        Self {
            observations: Matrix::zeros(rows, model.inputs()),
            activations: Activations::for_evaluation(model, rows),
            transitions: Vec::with_capacity(rows),
        }
    }

    /// Records the episodes that a step left with a status for which `is_cut_off` holds.
    fn record<E: Environment>(
        &mut self,
        policy: Policy<'_, E>,
        episodes: &Lockstep<E>,
        statuses: &[Status],
        first_row: usize,
        is_cut_off: impl Fn(Status) -> bool,
    ) {
        if !statuses.iter().any(|status| is_cut_off(*status)) {
            return;
        }
        episodes.observe(|episode, observation| {
            if is_cut_off(statuses[episode]) {
                let row = self.transitions.len();
                policy.show(observation, self.observations.row_mut(row));
                self.transitions.push(first_row + episode);
            }
        });
    }
}

impl ActorCritic {
    /// Outputs of the policy; the value's follows.
    fn policy_outputs<E: Environment<Action: Drawn>>() -> usize {
        E::Action::outputs(E::ACTIONS)
    }

    /// Acts for a window and works out advantages and returns.
    fn gather<E: Environment<Action: Drawn>>(
        &self,
        experience: &mut ActorCriticExperience<E>,
        policy: Policy<'_, E>,
    ) {
        let ActorCriticExperience {
            rollout,
            cut_off,
            scaled_rewards,
            values,
            next_values,
            advantages,
            returns,
        } = experience;
        let transitions = self.window.transitions();
        let environments = self.window.environments;
        let last_step = transitions - environments;
        cut_off.transitions.clear();
        rollout.gather(policy, |episodes, statuses, first_row| {
            let is_cut_off = |status| match status {
                Status::Running => first_row == last_step,
                Status::Terminated => false,
                Status::Truncated => true,
            };
            cut_off.record(policy, episodes, statuses, first_row, is_cut_off);
        });
        let value = Self::policy_outputs::<E>();
        let outputs = rollout.activations.outputs();
        let outputs = outputs
            .numbers(0..transitions)
            .chunks_exact(outputs.columns());
        for (out, outputs) in values.iter_mut().zip(outputs) {
            *out = outputs[value];
        }
        next_values[..last_step].copy_from_slice(&values[environments..]);
        let rows = 0..cut_off.transitions.len();
        policy.forward(&cut_off.observations, rows, &mut cut_off.activations);
        for (row, transition) in cut_off.transitions.iter().enumerate() {
            next_values[*transition] = cut_off.activations.outputs().row(row)[value];
        }
        for (scaled, reward) in scaled_rewards.iter_mut().zip(&rollout.rewards) {
            *scaled = self.reward_scale * reward;
        }
        let window = Valued {
            environments,
            rewards: scaled_rewards,
            statuses: &rollout.statuses,
            values,
            next_values,
        };
        let discounts = Discounts {
            discount: self.window.discount,
            trace_decay: self.trace_decay,
        };
        generalised_advantages(window, discounts, advantages);
        for (out, (advantage, value)) in returns.iter_mut().zip(advantages.iter().zip(&*values)) {
            *out = advantage + value;
        }
        standardise(advantages);
    }
}

impl<E: Environment<Action: Drawn>> Learner<E> for ActorCritic {
    type Experience = ActorCriticExperience<E>;

    fn outputs(&self) -> usize {
        Self::policy_outputs::<E>() + 1
    }

    fn step_transitions(&self) -> usize {
        self.window.transitions()
    }

    /// Values where the time limit cut episodes off, which come and go, are not in it.
    fn step_flops(&self, model: &Model) -> u64 {
        let transitions = self.window.transitions();
        model.forward_flops(transitions + self.window.environments)
            + model.backward_flops(transitions)
    }

    fn begin(&self, run: &Run<'_>, policy: Policy<'_, E>) -> Self::Experience {
        let numbers = || vec![0.0; self.window.transitions()];
        ActorCriticExperience {
            rollout: Rollout::new(self.window, policy.model, run),
            cut_off: CutOff::new::<E>(self.window, policy.model),
            scaled_rewards: numbers(),
            values: numbers(),
            next_values: numbers(),
            advantages: numbers(),
            returns: numbers(),
        }
    }

    fn gradient(
        &self,
        experience: &mut Self::Experience,
        policy: Policy<'_, E>,
        gradient: &mut [f32],
    ) {
        self.gather(experience, policy);
        let ActorCriticExperience {
            rollout,
            advantages,
            returns,
            ..
        } = experience;
        let rows = self.window.transitions();
        let scale = 1.0 / rows as f32;
        let (outputs, output_gradient) = rollout.activations.for_loss();
        let width = outputs.columns();
        let outputs = outputs.numbers(0..rows).chunks_exact(width);
        let gradients = output_gradient.numbers_mut(0..rows).chunks_exact_mut(width);
        let judged = rollout.actions.iter().zip(advantages.iter().zip(returns));
        for ((outputs, gradients), (action, (advantage, target))) in
            outputs.zip(gradients).zip(judged)
        {
            let value = Self::policy_outputs::<E>();
            let (outputs, values) = outputs.split_at(value);
            let (gradients, value_gradients) = gradients.split_at_mut(value);
            E::Action::write_gradient(outputs, *action, scale * *advantage, gradients);
            if self.entropy_weight != 0.0 {
                E::Action::add_entropy_gradient(outputs, scale * self.entropy_weight, gradients);
            }
            value_gradients[0] = scale * self.value_weight * 2.0 * (values[0] - *target);
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
        let outputs = &outputs[..Self::policy_outputs::<E>()];
        E::Action::evaluated(outputs, numbers).executed(E::ACTIONS)
    }
}

/// Brings numbers to mean 0 and variance 1; numbers that are all the same become 0.
fn standardise(numbers: &mut [f32]) {
    let count = numbers.len() as f32;
    let mean = mean(numbers);
    let mut squares = 0.0;
    for number in numbers.iter_mut() {
        *number -= mean;
        squares += *number * *number;
    }
    let deviation = libm::sqrtf(squares / count);
    if deviation > 0.0 {
        for number in numbers {
            *number /= deviation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::perceptron;
    use super::super::tests::{TEST_RUN, balancing_parameters, cart_pole_policy};
    use super::*;
    use crate::environments::{CartPole, Pendulum};
    use crate::network::difference::assert_gradient;
    use crate::stream;

    const LEARNER: ActorCritic = ActorCritic {
        window: Window {
            environments: 5,
            steps: 60,
            discount: 0.97,
            noise_held_steps: 1,
        },
        trace_decay: 0.9,
        entropy_weight: 0.3,
        value_weight: 0.4,
        reward_scale: 0.1,
    };

    /// Compares the gradient of a window with differences of the loss, for which `policy_terms` says the logarithm of
    /// an action's probability and the entropy.
    fn assert_loss_gradient<E: Environment<Action: Drawn>>(
        model: &Model,
        observation_scale: E::Observation,
        policy_terms: impl Fn(&[f32], E::Action) -> [f64; 2],
    ) -> ActorCriticExperience<E> {
        let parameters = model.initialise(&mut stream(2, "test", [0, 0]));
        let policy = Policy {
            model,
            parameters: &parameters,
            observation_scale,
        };
        let mut experience = LEARNER.begin(&TEST_RUN, policy);
        let mut gradient = vec![0.0; parameters.len()];
        // The second window starts in the middle of episodes.
        for _ in 0..2 {
            LEARNER.gradient(&mut experience, policy, &mut gradient);
        }
        let rows = LEARNER.window.transitions();
        let mut activations = Activations::for_evaluation(model, rows);
        let ActorCriticExperience { rollout, .. } = &experience;
        let loss = |parameters: &[f32]| {
            model.forward(parameters, &rollout.observations, 0..rows, &mut activations);
            let mut total = 0.0;
            for (row, action) in rollout.actions.iter().enumerate() {
                let outputs = activations.outputs().row(row);
                let [log_probability, entropy] = policy_terms(outputs, *action);
                let value = f64::from(outputs[model.outputs() - 1]);
                let error = value - f64::from(experience.returns[row]);
                total += 0.4 * error * error
                    - f64::from(experience.advantages[row]) * log_probability
                    - 0.3 * entropy;
            }
            total / rows as f64
        };
        assert_gradient(model.layout(), &parameters, &gradient, loss);
        experience
    }

    #[test]
    fn the_gradient_with_discrete_actions_is_that_of_the_loss() {
        let model = perceptron(4, 6, 3);
        let experience = assert_loss_gradient::<CartPole>(&model, [1.0; 4], |logits, action| {
            let exponentials = [logits[0], logits[1]].map(|it| libm::exp(f64::from(it)));
            let logs = exponentials.map(|it| libm::log(it / (exponentials[0] + exponentials[1])));
            let entropy = -logs.iter().map(|it| libm::exp(*it) * it).sum::<f64>();
            [logs[action as usize], entropy]
        });
        assert!(experience.rollout.statuses.contains(&Status::Terminated));
    }

    #[test]
    fn the_gradient_with_continuous_actions_is_that_of_the_loss() {
        let model = perceptron(3, 6, 3);
        assert_loss_gradient::<Pendulum>(&model, [1.0, 1.0, 0.125], |outputs, action| {
            let mean = libm::tanh(f64::from(outputs[0]));
            let deviation = 1.0 / (1.0 + libm::exp(-f64::from(outputs[1])));
            let z = (f64::from(action) - mean) / deviation;
            let log_scale = libm::log(deviation) + 0.5 * libm::log(std::f64::consts::TAU);
            [-0.5 * z * z - log_scale, log_scale + 0.5]
        });
    }

    /// The value that the model gives to an environment's state.
    fn value_of(model: &Model, policy: Policy<'_, CartPole>, observation: &[f32]) -> f32 {
        let mut inputs = Matrix::zeros(1, 4);
        policy.show(observation, inputs.row_mut(0));
        let mut activations = Activations::for_evaluation(model, 1);
        policy.forward(&inputs, 0..1, &mut activations);
        activations.outputs().row(0)[2]
    }

    #[test]
    fn what_was_cut_off_is_valued_where_it_was() {
        // Both poles stay up, so that both episodes are cut off after 500 steps, and again by the window's end.
        let model = perceptron(4, 6, 3);
        let mut parameters = balancing_parameters(&model);
        let [.., output, bias] = model.layout().tensors() else {
            panic!("a model of two layers has four tensors");
        };
        parameters[output.offset + 2] = 3.0;
        parameters[bias.offset + 2] = 0.5;
        let policy = cart_pole_policy(&model, &parameters);
        let learner = ActorCritic {
            window: Window {
                environments: 2,
                steps: 510,
                ..LEARNER.window
            },
            ..LEARNER
        };
        let mut experience = learner.begin(&TEST_RUN, policy);
        // The same episodes by hand: all that is drawn are resets and what near-certain actions ignore.
        let mut resets = TEST_RUN.stream("environment resets");
        let mut episodes = Lockstep::<CartPole>::new(2, &mut resets);
        let (mut rewards, mut statuses) = ([0.0; 2], [Status::Running; 2]);
        learner.gather(&mut experience, policy);
        for step in 0..510 {
            episodes.step(
                &experience.rollout.actions[2 * step..][..2],
                &mut rewards,
                &mut statuses,
            );
            episodes.observe(|episode, observation| {
                let expected = value_of(&model, policy, observation);
                assert_eq!(experience.next_values[2 * step + episode], expected);
            });
            episodes.begin_after_ends(&statuses, &mut resets);
        }
        assert_eq!(experience.cut_off.transitions, [998, 999, 1018, 1019]);
        // A return is what one step earned and the discounted value after it, and a part of what comes later.
        let (returns, next_values) = (&experience.returns, &experience.next_values);
        for row in [998, 1018] {
            let expected = 0.1 + 0.97 * next_values[row];
            assert!((returns[row] - expected).abs() < 1e-5);
        }
        let expected = 0.1 + 0.97 * (0.1 * next_values[1016] + 0.9 * returns[1018]);
        assert!((returns[1016] - expected).abs() < 1e-5);
    }

    #[test]
    fn standardised_numbers_have_mean_0_and_variance_1() {
        let mut numbers = [1.0, 2.0, 5.0, 8.0];
        standardise(&mut numbers);
        let deviation = libm::sqrtf(7.5);
        let expected = [-3.0, -2.0, 1.0, 4.0].map(|it| it / deviation);
        for (number, expected) in numbers.iter().zip(expected) {
            assert!((number - expected).abs() < 1e-6);
        }
        // Of many tenths, the sum is not their number's.
        let mut equal = [0.1; 2048];
        standardise(&mut equal);
        assert_eq!(equal, [0.0; 2048]);
    }
}
