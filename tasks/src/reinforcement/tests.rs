//! What tests of learners share, and what holds for all of them.

use super::*;
use crate::environments::CartPole;

/// Names streams for tests.
pub(super) const TEST_RUN: Run<'static> = Run {
    task: "test",
    seed: 1,
};

pub(super) fn cart_pole_policy<'a>(
    model: &'a Model,
    parameters: &'a [f32],
) -> Policy<'a, CartPole> {
    Policy {
        model,
        parameters,
        observation_scale: [1.0; 4],
    }
}

/// A policy that pushes towards where the pole is falling, and keeps it up for good.
pub(super) fn balancing_parameters(model: &Model) -> Vec<f32> {
    let layout = model.layout();
    let mut parameters = vec![0.0; layout.arena_len()];
    let [hidden, _, output, _] = layout.tensors() else {
        panic!("a policy of two layers has four tensors");
    };
    for (observation, weight) in [0.05, 0.1, 1.0, 0.5].into_iter().enumerate() {
        parameters[hidden.offset + observation * hidden.columns] = weight;
    }
    // So large that the sampled action is almost always the likelier one.
    parameters[output.range()][..2].copy_from_slice(&[-1e4, 1e4]);
    parameters
}

/// Plain gradient descent.
struct GradientDescent {
    rate: f32,
}

impl UpdateRule for GradientDescent {
    fn reset(&mut self, _layout: &ParameterLayout) {}

    fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
        for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
            *parameter -= self.rate * gradient;
        }
    }
}

const WINDOW: Window = Window {
    environments: 16,
    steps: 64,
    discount: 0.99,
    noise_held_steps: 1,
};

/// A short task on CartPole with any learner.
fn assert_evaluation_does_not_change_training<L: Learner<CartPole>>(
    learner: impl Fn() -> L,
    rate: f32,
) {
    let run = |evaluation_interval_steps| {
        let learner = learner();
        let task = Reinforcement {
            name: "test",
            summary: String::new(),
            data: String::new(),
            unit: "",
            hidden_units: 8,
            observation_scale: [1.0; 4],
            learner,
            budget_steps: 6,
            evaluation_interval_steps,
            evaluation_episodes: 16,
        };
        let task = task.into_task();
        task.run(&mut GradientDescent { rate }, 5).curve.points
    };
    let (seldom, often) = (run(6), run(1));
    assert_eq!((seldom.len(), often.len()), (2, 7));
    assert_eq!([seldom[0], seldom[1]], [often[0], often[6]]);
    assert_ne!(often[0].value, often[6].value);
}

#[test]
fn evaluating_more_often_does_not_change_the_training() {
    let reinforce = || Reinforce { window: WINDOW };
    assert_evaluation_does_not_change_training(reinforce, 2.0);
    let actor_critic = || ActorCritic {
        window: WINDOW,
        trace_decay: 0.95,
        entropy_weight: 0.01,
        value_weight: 0.5,
        reward_scale: 0.01,
    };
    assert_evaluation_does_not_change_training(actor_critic, 2.0);
    let deep_q = || DeepQ {
        environments: 16,
        environment_steps: 2,
        warm_up_steps: 20,
        memory_steps: 64,
        batch_size: 32,
        discount: 0.99,
        return_steps: 2,
        reward_scale: 0.1,
        target_interval_steps: 2,
        double: true,
        epsilon: Epsilon {
            last: 0.1,
            decay_steps: 4,
            longest_hold_steps: 3,
        },
    };
    assert_evaluation_does_not_change_training(deep_q, 2.0);
}
