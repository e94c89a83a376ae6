//! DQN (Mnih et al. 2015): learning what actions are worth, from a memory of transitions.
//!
//! ```text
//!  episodes ◄──actions── ε-greedy ◄──values── online network ──────────────┐
//!     └──transitions──► Replay ──a batch at random──► target network ──► Loss ──► gradient
//!                                                          ▲
//!                     the parameters, every so many steps ─┘
//! ```
//!
//! The update rule moves the online network's parameters; the target network is a copy of an earlier state of them. The
//! batch can be learnt from by double DQN (van Hasselt, Guez and Silver 2016) and with returns of several steps (Hessel et
//! al. 2018).

mod exploration;
mod huber;
mod replay;

pub(crate) use exploration::Epsilon;

use exploration::Exploration;
use huber::Huber;
use replay::Replay;

use super::{Learner, Policy, Run, WithLoss};
use crate::environments::{Environment, Lockstep, Status};
use crate::network::{Activations, Matrix, Model};
use crate::{Loss, Stream, TargetKind, Targets};

/// The loss, if no other is given, is the mean Huber loss of value less target over a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeepQ {
    pub(crate) environments: usize,
    /// Steps of every environment from one update to the next.
    pub(crate) environment_steps: usize,
    /// Steps of every environment, with random actions, before the first update. They are in no count of examples.
    pub(crate) warm_up_steps: usize,
    /// Steps of every environment that are remembered.
    pub(crate) memory_steps: usize,
    /// Transitions in a batch.
    pub(crate) batch_size: usize,
    pub(crate) discount: f32,
    /// Rewards of a return, after which the target network's value is counted. They followed on actions that were taken
    /// then, and are not corrected for what would be taken now.
    pub(crate) return_steps: usize,
    /// What rewards are multiplied by in learning, so that values are around 1.
    pub(crate) reward_scale: f32,
    /// Updates from one copy of the parameters to the next.
    pub(crate) target_interval_steps: u32,
    /// Whether the online network chooses the action whose value is the target network's, as in double DQN.
    pub(crate) double: bool,
    pub(crate) epsilon: Epsilon,
}

/// Environments in progress, what is remembered of them, and the target network.
pub(crate) struct DeepQExperience<E: Environment> {
    episodes: Lockstep<E>,
    resets: Stream,
    exploration: Exploration,
    acting: Matrix,
    acting_activations: Activations,
    statuses: Vec<Status>,
    replay: Replay,
    replay_draws: Stream,
    /// Updates so far.
    updates: u32,
    /// The parameters of the target network.
    target: Vec<f32>,
    /// What was seen before each transition of a batch, and after that what was seen after each.
    batch: Matrix,
    batch_activations: Activations,
    after: Matrix,
    after_activations: Activations,
    chosen: Vec<Chosen>,
    learnt: Learnt,
}

/// What a loss sees of a batch, and what it says: a number for each transition.
struct Learnt {
    /// Of the actions that were taken.
    values: Vec<f32>,
    /// What these should be.
    targets: Vec<f32>,
    /// With respect to these.
    gradient: Vec<f32>,
}

/// What is learnt about a transition's action.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Chosen {
    action: u32,
    /// The rewards that followed, discounted and scaled.
    earned: f32,
    /// What the value of where they led counts.
    continuation: f32,
}

/// The action of the highest value; the first if values are not numbers.
pub(super) fn greedy(values: &[f32]) -> u32 {
    let mut best = 0;
    for (action, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = action;
        }
    }
    best as u32
}

impl DeepQ {
    /// Takes one step in every environment and remembers it; with random actions only, if `is_random`.
    fn act<E: Environment<Action = u32>>(
        &self,
        experience: &mut DeepQExperience<E>,
        policy: Policy<'_, E>,
        is_random: bool,
    ) {
        let DeepQExperience {
            episodes,
            resets,
            exploration,
            acting,
            acting_activations,
            statuses,
            replay,
            updates,
            ..
        } = experience;
        let environments = self.environments;
        policy.show_all(episodes, acting, 0);
        let step = replay.next_step();
        let before = acting.numbers(0..environments);
        step.observations.copy_from_slice(before);
        let epsilon = if is_random {
            1.0
        } else {
            policy.forward(acting, 0..environments, acting_activations);
            self.epsilon.after(*updates)
        };
        let values = acting_activations.outputs();
        exploration.choose(values, epsilon, E::ACTIONS, step.actions);
        episodes.step(step.actions, step.rewards, statuses);
        step.statuses.copy_from_slice(statuses);
        let width = acting.columns();
        let mut after = step.next_observations.chunks_exact_mut(width);
        episodes.observe(|_, observation| {
            policy.show(observation, after.next().expect("a row for each episode"));
        });
        exploration.forget_after_ends(statuses);
        episodes.begin_after_ends(statuses, resets);
    }

    /// Draws a batch and works out what the values of its actions should be.
    fn draw<E: Environment<Action = u32>>(
        &self,
        experience: &mut DeepQExperience<E>,
        policy: Policy<'_, E>,
    ) {
        let DeepQExperience {
            replay,
            replay_draws,
            target,
            batch,
            batch_activations,
            after,
            after_activations,
            chosen,
            learnt,
            ..
        } = experience;
        let size = self.batch_size;
        for (row, chosen) in chosen.iter_mut().enumerate() {
            let drawn = replay.draw(replay_draws);
            let recalled = replay.recall(drawn, self.return_steps, self.discount);
            batch.row_mut(row).copy_from_slice(recalled.observation);
            batch
                .row_mut(size + row)
                .copy_from_slice(recalled.last_observation);
            after
                .row_mut(row)
                .copy_from_slice(recalled.last_observation);
            *chosen = Chosen {
                action: recalled.action,
                earned: self.reward_scale * recalled.earned,
                continuation: recalled.continuation,
            };
        }
        let rows = if self.double { 2 * size } else { size };
        policy.forward(batch, 0..rows, batch_activations);
        let target = Policy {
            parameters: target,
            ..policy
        };
        target.forward(after, 0..size, after_activations);
        let transitions = chosen.iter().zip(&mut learnt.targets).enumerate();
        for (row, (chosen, target)) in transitions {
            let values = after_activations.outputs().row(row);
            let next = if self.double {
                greedy(batch_activations.outputs().row(size + row))
            } else {
                greedy(values)
            };
            // Where nothing follows, not even a value that is no number counts.
            *target = if chosen.continuation == 0.0 {
                chosen.earned
            } else {
                chosen.earned + chosen.continuation * values[next as usize]
            };
        }
    }

    /// Acts, and writes the gradient of a loss of the values of actions that were taken before.
    fn follow<E: Environment<Action = u32>>(
        &self,
        experience: &mut DeepQExperience<E>,
        loss: &mut dyn Loss,
        policy: Policy<'_, E>,
        gradient: &mut [f32],
    ) {
        let is_due = experience
            .updates
            .is_multiple_of(self.target_interval_steps);
        if is_due {
            experience.target.copy_from_slice(policy.parameters);
        }
        for _ in 0..self.environment_steps {
            self.act(experience, policy, false);
        }
        experience.updates += 1;
        self.draw(experience, policy);
        let DeepQExperience {
            batch,
            batch_activations,
            chosen,
            learnt,
            ..
        } = experience;
        let (values, value_gradient) = batch_activations.for_loss();
        for (row, (chosen, value)) in chosen.iter().zip(&mut learnt.values).enumerate() {
            *value = values.row(row)[chosen.action as usize];
        }
        loss.gradient(1, &learnt.values, &learnt.targets, &mut learnt.gradient);
        value_gradient.numbers_mut(0..self.batch_size).fill(0.0);
        for (row, (chosen, gradient)) in chosen.iter().zip(&learnt.gradient).enumerate() {
            value_gradient.row_mut(row)[chosen.action as usize] = *gradient;
        }
        policy.model.backward(
            policy.parameters,
            batch,
            self.batch_size,
            batch_activations,
            gradient,
        );
    }
}

impl<E: Environment<Action = u32>> Learner<E> for DeepQ {
    type Experience = DeepQExperience<E>;

    fn outputs(&self) -> usize {
        E::ACTIONS.outputs()
    }

    fn step_transitions(&self) -> usize {
        self.environments * self.environment_steps
    }

    fn step_flops(&self, model: &Model) -> u64 {
        let passes = if self.double { 3 } else { 2 };
        let forward = <Self as Learner<E>>::step_transitions(self) + passes * self.batch_size;
        model.forward_flops(forward) + model.backward_flops(self.batch_size)
    }

    fn begin(&self, run: &Run<'_>, policy: Policy<'_, E>) -> Self::Experience {
        let model = policy.model;
        let inputs = model.inputs();
        let mut resets = run.stream("environment resets");
        let mut experience = DeepQExperience {
            episodes: Lockstep::new(self.environments, &mut resets),
            resets,
            exploration: Exploration::new(
                self.environments,
                self.epsilon.longest_hold_steps,
                run.stream("exploration"),
            ),
            acting: Matrix::zeros(self.environments, inputs),
            acting_activations: Activations::for_evaluation(model, self.environments),
            statuses: vec![Status::Running; self.environments],
            replay: Replay::new(self.environments, self.memory_steps, inputs),
            replay_draws: run.stream("replay"),
            updates: 0,
            target: policy.parameters.to_vec(),
            batch: Matrix::zeros(2 * self.batch_size, inputs),
            batch_activations: Activations::for_training(model, 2 * self.batch_size),
            after: Matrix::zeros(self.batch_size, inputs),
            after_activations: Activations::for_evaluation(model, self.batch_size),
            chosen: vec![Chosen::default(); self.batch_size],
            learnt: Learnt {
                values: vec![0.0; self.batch_size],
                targets: vec![0.0; self.batch_size],
                gradient: vec![0.0; self.batch_size],
            },
        };
        for _ in 0..self.warm_up_steps {
            self.act(&mut experience, policy, true);
        }
        experience
    }

    fn gradient(
        &self,
        experience: &mut Self::Experience,
        policy: Policy<'_, E>,
        gradient: &mut [f32],
    ) {
        self.follow(experience, &mut Huber, policy, gradient);
    }

    fn with_loss(&self) -> Result<WithLoss<E, Self>, &'static str> {
        Ok(WithLoss {
            targets: Targets {
                kind: TargetKind::ActionValues,
                rows: self.batch_size,
                outputs: 1,
            },
            gradient: Self::follow,
        })
    }

    /// The action of the highest value.
    fn evaluated(outputs: &[f32], _numbers: &mut Stream) -> u32 {
        greedy(outputs)
    }
}

#[cfg(test)]
mod tests;
