//! Two links to be swung up.

use super::TaskEntry;
use crate::environments::Acrobot;
use crate::reinforcement::{ActorCritic, DeepQ, Epsilon, Reinforcement, Window};

const UNIT: &str = "steps to the goal, negated, at worst -500";

/// Velocities are at most 4π and 9π, and mostly below a third of that.
const OBSERVATION_SCALE: [f32; 6] = [1.0, 1.0, 1.0, 1.0, 0.25, 0.125];

/// The advantage actor-critic.
pub(super) const ACTOR_CRITIC: TaskEntry = TaskEntry::bundled("acrobot-actor-critic", |name| {
    Reinforcement::<Acrobot, _> {
        name,
        summary: "Acrobot-v1; 6-32-4 perceptron with tanh as policy and value; advantage \
            actor-critic with generalised advantages, 32 environments of 32 steps per update."
            .to_owned(),
        data: "Gymnasium's equations, limits and 500-step cut-off, velocities divided by 4 and 8; \
            return of 16 evaluation episodes with sampled actions, from a random stream of their \
            own."
            .to_owned(),
        unit: UNIT,
        hidden_units: 32,
        observation_scale: OBSERVATION_SCALE,
        learner: ActorCritic {
            window: Window {
                environments: 32,
                steps: 32,
                discount: 0.99,
                noise_held_steps: 1,
            },
            trace_decay: 0.95,
            entropy_weight: 0.01,
            value_weight: 0.5,
            reward_scale: 0.02,
        },
        budget_steps: 200,
        evaluation_interval_steps: 20,
        evaluation_episodes: 16,
    }
    .task()
});

/// Double DQN with returns of twenty steps.
pub(super) const DQN: TaskEntry = TaskEntry::bundled("acrobot-dqn", |name| {
    Reinforcement::<Acrobot, _> {
        name,
        summary: "Acrobot-v1; 6-32-3 perceptron with tanh as values of actions; double DQN with \
            20-step returns and Huber loss, minibatches of 64 from the last 32,000 transitions, a \
            target network copied every 100 updates, 32 environments of 2 steps per update after \
            500 random ones; epsilon from 1 to 0.05 over 500 updates, random actions held for 1 \
            to 4 steps."
            .to_owned(),
        data: "Gymnasium's equations, limits and 500-step cut-off, sines and cosines doubled, \
            velocities divided by 4 and 8; return of 16 evaluation episodes with the best \
            actions, from a random stream of their own."
            .to_owned(),
        unit: UNIT,
        hidden_units: 32,
        observation_scale: [2.0, 2.0, 2.0, 2.0, 0.25, 0.125],
        learner: DeepQ {
            environments: 32,
            environment_steps: 2,
            warm_up_steps: 500,
            memory_steps: 1_000,
            batch_size: 64,
            discount: 0.99,
            return_steps: 20,
            reward_scale: 0.05,
            target_interval_steps: 100,
            double: true,
            epsilon: Epsilon {
                last: 0.05,
                decay_steps: 500,
                longest_hold_steps: 4,
            },
        },
        budget_steps: 2_500,
        evaluation_interval_steps: 250,
        evaluation_episodes: 16,
    }
    .task()
});
