//! A rod to be swung up and held.

use super::TaskEntry;
use crate::environments::Pendulum;
use crate::reinforcement::{ActorCritic, Reinforcement, Window};

/// Great enough that hidden units bend: while they are as good as linear, no value of theirs tells swinging up from
/// hanging.
const OBSERVATION_SCALE: [f32; 3] = [2.5, 2.5, 1.0];

/// The advantage actor-critic with a continuous action.
pub(super) const ACTOR_CRITIC: TaskEntry = TaskEntry::bundled("pendulum-actor-critic", |name| {
    Reinforcement::<Pendulum, _> {
        name,
        summary: "Pendulum-v1; 3-32-3 perceptron with tanh as the torque's mean and deviation and \
            as value; advantage actor-critic with generalised advantages, 32 environments of 25 \
            steps per update, noise held for 6 steps."
            .to_owned(),
        data: "Gymnasium's equations, limits and 200-step cut-off, the angle's cosine and sine \
            multiplied by 2.5; return of 16 evaluation episodes with the mean action, from a \
            random stream of their own."
            .to_owned(),
        unit: "cost of angle, velocity and torque, negated",
        hidden_units: 32,
        observation_scale: OBSERVATION_SCALE,
        learner: ActorCritic {
            window: Window {
                environments: 32,
                steps: 25,
                discount: 0.95,
                noise_held_steps: 6,
            },
            trace_decay: 0.9,
            entropy_weight: 0.02,
            value_weight: 1.0,
            reward_scale: 0.02,
        },
        budget_steps: 1_200,
        evaluation_interval_steps: 120,
        evaluation_episodes: 16,
    }
    .task()
});
