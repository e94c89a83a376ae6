//! A pole to be balanced.

use super::TaskEntry;
use crate::environments::CartPole;
use crate::reinforcement::{ActorCritic, DeepQ, Epsilon, Reinforce, Reinforcement, Window};

const UNIT: &str = "steps upright, at most 500";

/// The angle is at most a fifth of a radian.
const OBSERVATION_SCALE: [f32; 4] = [1.0, 1.0, 5.0, 1.0];

/// REINFORCE without a critic.
pub(super) const REINFORCE: TaskEntry = TaskEntry::bundled("cartpole", |name| {
    Reinforcement::<CartPole, _> {
        name,
        summary:
            "CartPole-v1; 4-32-2 perceptron with tanh as policy; REINFORCE with returns-to-go \
            and batch-normalised advantages, 16 environments of 256 steps per update."
                .to_owned(),
        data: "Gymnasium's equations, limits and 500-step cut-off; return of 16 evaluation \
            episodes with sampled actions, from a random stream of their own."
            .to_owned(),
        unit: UNIT,
        hidden_units: 32,
        observation_scale: [1.0; 4],
        learner: Reinforce {
            window: Window {
                environments: 16,
                steps: 256,
                discount: 0.99,
                noise_held_steps: 1,
            },
        },
        budget_steps: 24,
        evaluation_interval_steps: 3,
        evaluation_episodes: 16,
    }
    .task()
});

/// The advantage actor-critic.
pub(super) const ACTOR_CRITIC: TaskEntry = TaskEntry::bundled("cartpole-actor-critic", |name| {
    Reinforcement::<CartPole, _> {
        name,
        summary: "CartPole-v1; 4-32-3 perceptron with tanh as policy and value; advantage \
            actor-critic with generalised advantages, 32 environments of 64 steps per update."
            .to_owned(),
        data: "Gymnasium's equations, limits and 500-step cut-off, the angle multiplied by 5; \
            return of 16 evaluation episodes with sampled actions, from a random stream of their \
            own."
            .to_owned(),
        unit: UNIT,
        hidden_units: 32,
        observation_scale: OBSERVATION_SCALE,
        learner: ActorCritic {
            window: Window {
                environments: 32,
                steps: 64,
                discount: 0.99,
                noise_held_steps: 1,
            },
            trace_decay: 0.98,
            entropy_weight: 0.0,
            value_weight: 2.0,
            reward_scale: 0.05,
        },
        budget_steps: 100,
        evaluation_interval_steps: 10,
        evaluation_episodes: 16,
    }
    .task()
});

/// DQN with returns of ten steps.
pub(super) const DQN: TaskEntry = TaskEntry::bundled("cartpole-dqn", |name| {
    Reinforcement::<CartPole, _> {
        name,
        summary: "CartPole-v1; 4-32-2 perceptron with tanh as values of actions; DQN with 10-step \
            returns and Huber loss, minibatches of 64 from the last 32,000 transitions, a target \
            network copied every 25 updates, 32 environments of 1 step per update after 100 \
            random ones; epsilon from 1 to 0.1 over 300 updates."
            .to_owned(),
        data: "Gymnasium's equations, limits and 500-step cut-off, the angle multiplied by 5; \
            return of 16 evaluation episodes with the best actions, from a random stream of their \
            own."
            .to_owned(),
        unit: UNIT,
        hidden_units: 32,
        observation_scale: OBSERVATION_SCALE,
        learner: DeepQ {
            environments: 32,
            environment_steps: 1,
            warm_up_steps: 100,
            memory_steps: 1_000,
            batch_size: 64,
            discount: 0.99,
            return_steps: 10,
            reward_scale: 0.1,
            target_interval_steps: 25,
            double: false,
            epsilon: Epsilon {
                last: 0.1,
                decay_steps: 300,
                longest_hold_steps: 1,
            },
        },
        budget_steps: 1_000,
        evaluation_interval_steps: 100,
        evaluation_episodes: 16,
    }
    .task()
});
