//! Tests of the learner as a whole.

use super::super::perceptron;
use super::super::tests::{TEST_RUN, cart_pole_policy};
use super::*;
use crate::environments::CartPole;
use crate::network::difference::assert_gradient;
use crate::stream;

const LEARNER: DeepQ = DeepQ {
    environments: 4,
    environment_steps: 3,
    warm_up_steps: 40,
    memory_steps: 100,
    batch_size: 48,
    discount: 0.9,
    return_steps: 3,
    reward_scale: 0.5,
    target_interval_steps: 3,
    double: true,
    epsilon: Epsilon {
        last: 0.1,
        decay_steps: 10,
        longest_hold_steps: 2,
    },
};

/// Initial parameters, the same for a draw.
fn parameters(model: &Model, draw: u64) -> Vec<f32> {
    model.initialise(&mut stream(draw, "test", [0, 0]))
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let model = perceptron(4, 6, 2);
    let (earlier, now) = (parameters(&model, 1), parameters(&model, 2));
    for double in [false, true] {
        let learner = DeepQ { double, ..LEARNER };
        let mut gradient = vec![0.0; now.len()];
        let policy = cart_pole_policy(&model, &earlier);
        let mut experience = learner.begin(&TEST_RUN, policy);
        learner.gradient(&mut experience, policy, &mut gradient);
        learner.gradient(
            &mut experience,
            cart_pole_policy(&model, &now),
            &mut gradient,
        );
        let terminated = experience.chosen.iter().filter(|it| it.continuation == 0.0);
        assert!((1..48).contains(&terminated.count()));

        // The loss from the batch and the target network's parameters, which are the earlier ones.
        let mut activations = Activations::for_evaluation(&model, 2 * learner.batch_size);
        let mut values = |parameters: &[f32]| {
            let rows = 0..2 * learner.batch_size;
            model.forward(
                parameters,
                &experience.batch,
                rows.clone(),
                &mut activations,
            );
            let values = rows.map(|row| activations.outputs().row(row).to_vec());
            values.collect::<Vec<_>>()
        };
        let (by_target, by_online) = (values(&earlier), values(&now));
        let targets: Vec<f64> = (experience.chosen.iter().enumerate())
            .map(|(row, chosen)| {
                let after = learner.batch_size + row;
                let chooser = if double { &by_online } else { &by_target };
                let action = usize::from(chooser[after][1] > chooser[after][0]);
                f64::from(chosen.earned)
                    + f64::from(chosen.continuation) * f64::from(by_target[after][action])
            })
            .collect();
        let (mut small, mut large) = (0, 0);
        let mut loss = |parameters: &[f32]| {
            let values = values(parameters);
            let rows = experience.chosen.iter().zip(&targets).enumerate();
            let losses = rows.map(|(row, (chosen, target))| {
                let error = (f64::from(values[row][chosen.action as usize]) - target).abs();
                if error <= 1.0 {
                    small += 1;
                    0.5 * error * error
                } else {
                    large += 1;
                    error - 0.5
                }
            });
            losses.sum::<f64>() / learner.batch_size as f64
        };
        assert_gradient(model.layout(), &now, &gradient, &mut loss);
        assert!(small > 0 && large > 0, "both parts of Huber's loss");
    }
}

#[test]
fn the_target_network_is_frozen_between_copies() {
    let model = perceptron(4, 6, 2);
    let mut gradient = vec![0.0; model.layout().arena_len()];
    let first = parameters(&model, 0);
    let policy = cart_pole_policy(&model, &first);
    let mut experience = LEARNER.begin(&TEST_RUN, policy);
    for update in 0..8 {
        let current = parameters(&model, update);
        let policy = cart_pole_policy(&model, &current);
        LEARNER.gradient(&mut experience, policy, &mut gradient);
        // Copied before the first update, the fourth and the seventh.
        let copied = update / 3 * 3;
        assert_eq!(experience.target, parameters(&model, copied));
    }
}

#[test]
fn what_is_remembered_is_what_happened() {
    let model = perceptron(4, 6, 2);
    let parameters = parameters(&model, 3);
    let policy = cart_pole_policy(&model, &parameters);
    let learner = DeepQ {
        memory_steps: 40,
        ..LEARNER
    };
    let experience = learner.begin(&TEST_RUN, policy);
    // The warm-up again, with the actions that are remembered.
    let mut resets = TEST_RUN.stream("environment resets");
    let mut episodes = Lockstep::<CartPole>::new(4, &mut resets);
    let (mut rewards, mut statuses) = ([0.0; 4], [Status::Running; 4]);
    let mut ends = 0;
    for step in 0..40 {
        let recall = |environment: usize| experience.replay.recall(4 * step + environment, 1, 0.9);
        episodes.observe(|environment, observation| {
            assert_eq!(recall(environment).observation, observation);
        });
        let actions: [u32; 4] = std::array::from_fn(|environment| recall(environment).action);
        episodes.step(&actions, &mut rewards, &mut statuses);
        episodes.observe(|environment, observation| {
            let recalled = recall(environment);
            assert_eq!(recalled.last_observation, observation);
            assert_eq!(recalled.earned, rewards[environment]);
            let terminated = statuses[environment] == Status::Terminated;
            assert_eq!(recalled.continuation, if terminated { 0.0 } else { 0.9 });
            ends += u32::from(terminated);
        });
        episodes.begin_after_ends(&statuses, &mut resets);
    }
    assert!(ends > 2);
    assert_eq!(experience.replay.recall(0, 3, 0.5).earned, 1.75);
}

#[test]
fn values_that_are_not_numbers_are_seen_and_choose_the_first_action() {
    assert_eq!(greedy(&[0.0, 3.0, 1.0]), 1);
    assert_eq!(greedy(&[2.0, 2.0]), 0);
    assert_eq!(greedy(&[f32::NAN, 1.0]), 0);
    let model = perceptron(4, 6, 2);
    let first = parameters(&model, 1);
    let policy = cart_pole_policy(&model, &first);
    let mut experience = LEARNER.begin(&TEST_RUN, policy);
    let broken = vec![f32::NAN; first.len()];
    let mut gradient = vec![0.0; first.len()];
    LEARNER.gradient(
        &mut experience,
        cart_pole_policy(&model, &broken),
        &mut gradient,
    );
    let range = model.layout().tensors()[0].range();
    assert!(gradient[range].iter().all(|it| it.is_nan()));
}
