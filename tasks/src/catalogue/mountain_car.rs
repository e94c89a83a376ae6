//! A car to be driven out of a valley.
//!
//! Pushes that change from step to step cancel out, and the goal is never seen. So exploration goes on in one direction
//! for a while; rewards and returns are the environment's own.

use super::TaskEntry;
use crate::environments::{MountainCar, MountainCarContinuous};
use crate::reinforcement::{ActorCritic, DeepQ, Epsilon, Reinforcement, Window};

/// Positions are within about 1 of the valley's bottom, velocities within 0.07.
const OBSERVATION_SCALE: [f32; 2] = [2.0, 20.0];

/// Double DQN with returns of twenty steps.
pub(super) const DQN: TaskEntry = TaskEntry::bundled("mountain-car-dqn", |name| {
    Reinforcement::<MountainCar, _> {
        name,
        summary: "MountainCar-v0; 2-32-3 perceptron with tanh as values of actions; double DQN \
            with 20-step returns and Huber loss, minibatches of 64 from the last 8,000 \
            transitions, a target network copied every 50 updates, 16 environments of 2 steps \
            per update after 200 random ones; epsilon from 1 to 0.05 over 500 updates, random \
            actions held for 1 to 40 steps."
            .to_owned(),
        data: "Gymnasium's equations, limits and 200-step cut-off, position doubled and velocity \
            multiplied by 20; return of 16 evaluation episodes with the best actions, from a \
            random stream of their own."
            .to_owned(),
        unit: "steps to the goal, negated, at worst -200",
        hidden_units: 32,
        observation_scale: OBSERVATION_SCALE,
        learner: DeepQ {
            environments: 16,
            environment_steps: 2,
            warm_up_steps: 200,
            memory_steps: 500,
            batch_size: 64,
            discount: 0.99,
            return_steps: 20,
            reward_scale: 0.05,
            target_interval_steps: 50,
            double: true,
            epsilon: Epsilon {
                last: 0.05,
                decay_steps: 500,
                longest_hold_steps: 40,
            },
        },
        budget_steps: 2_000,
        evaluation_interval_steps: 200,
        evaluation_episodes: 16,
    }
    .task()
});

/// The advantage actor-critic with a continuous action.
pub(super) const CONTINUOUS: TaskEntry = TaskEntry::bundled("mountain-car-continuous", |name| {
    Reinforcement::<MountainCarContinuous, _> {
        name,
        summary:
            "MountainCarContinuous-v0; 2-32-3 perceptron with tanh as the throttle's mean and \
            deviation and as value; advantage actor-critic with generalised advantages, 64 \
            environments of 64 steps per update, noise held for 32 steps."
                .to_owned(),
        data: "Gymnasium's equations, limits and 999-step cut-off, position doubled and velocity \
            multiplied by 20; return of 16 evaluation episodes with the mean action, from a \
            random stream of their own."
            .to_owned(),
        unit: "100 for the goal, less the fuel",
        hidden_units: 32,
        observation_scale: OBSERVATION_SCALE,
        learner: ActorCritic {
            window: Window {
                environments: 64,
                steps: 64,
                discount: 0.99,
                noise_held_steps: 32,
            },
            trace_decay: 0.98,
            entropy_weight: 0.03,
            value_weight: 2.0,
            reward_scale: 0.05,
        },
        budget_steps: 150,
        evaluation_interval_steps: 15,
        evaluation_episodes: 16,
    }
    .task()
});
