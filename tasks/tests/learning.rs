//! Rules that are known to learn do, on every task, and where that can be told, Adam is ahead of gradient descent.
//!
//! The rates are the best for the mean final value over seeds on a grid of three per decade.

mod native;

use mlevolve_tasks::{CurvePoint, Outcome, UpdateRule, task_named};
use native::{Adam, GradientDescent};

/// The mean first and last points of five runs.
fn mean_ends(task: &str, rule: &mut dyn UpdateRule) -> (CurvePoint, CurvePoint) {
    const SEEDS: u64 = 5;
    let task = task_named(task).expect(task);
    let mut ends: [Option<CurvePoint>; 2] = [None; 2];
    for seed in 0..SEEDS {
        let run = task.run(rule, seed);
        assert_eq!(run.curve.outcome, Outcome::Completed);
        let points = [
            run.curve.points[0],
            run.curve.points[run.curve.points.len() - 1],
        ];
        for (sum, point) in ends.iter_mut().zip(points) {
            let share = |value: f64| value / SEEDS as f64;
            let so_far = sum.get_or_insert(CurvePoint {
                value: 0.0,
                companion: point.companion.map(|_| 0.0),
                ..point
            });
            so_far.value += share(point.value);
            so_far.companion = so_far
                .companion
                .zip(point.companion)
                .map(|(sum, one)| sum + share(one));
        }
    }
    let [Some(first), Some(last)] = ends else {
        panic!("there are seeds")
    };
    (first, last)
}

#[test]
fn digits() {
    let (first, adam) = mean_ends("digits-mlp", &mut Adam::new(0.0215));
    let (_, descent) = mean_ends("digits-mlp", &mut GradientDescent { rate: 0.464 });
    assert!(
        first.value > 2.0 && first.companion.is_some_and(|accuracy| accuracy < 0.2),
        "{first:?}"
    );
    assert!(
        adam.companion.is_some_and(|accuracy| accuracy >= 0.95),
        "{adam:?}"
    );
    assert!(adam.value < 0.17 && descent.value < 0.25 && adam.value < descent.value);
}

#[test]
fn diabetes() {
    let (first, adam) = mean_ends("diabetes-mlp", &mut Adam::new(0.002_15));
    let (_, descent) = mean_ends("diabetes-mlp", &mut GradientDescent { rate: 0.0215 });
    assert!(first.value > 1.0, "{first:?}");
    assert!(adam.value < 0.465 && descent.value < 0.5 && adam.value < descent.value);
}

#[test]
fn cartpole() {
    let (first, adam) = mean_ends("cartpole", &mut Adam::new(0.0464));
    let (_, descent) = mean_ends("cartpole", &mut GradientDescent { rate: 4.64 });
    assert!(first.value < 40.0, "{first:?}");
    assert!(adam.value > 350.0 && descent.value > 150.0 && adam.value > descent.value);
}

/// What a task of reinforcement learning is asked for.
struct Expected {
    /// The untrained return is below this.
    untrained: f64,
    /// Adam's rate, and what its return is above.
    adam: (f32, f64),
    /// The same of gradient descent.
    descent: (f32, f64),
}

fn assert_learns(task: &str, expected: &Expected) {
    let (adam_rate, adam_return) = expected.adam;
    let (first, adam) = mean_ends(task, &mut Adam::new(adam_rate));
    let (rate, descent_return) = expected.descent;
    let (_, descent) = mean_ends(task, &mut GradientDescent { rate });
    assert!(first.value < expected.untrained, "{first:?}");
    assert!(adam.value > adam_return, "Adam: {adam:?}");
    assert!(
        descent.value > descent_return,
        "gradient descent: {descent:?}"
    );
}

#[test]
fn cartpole_actor_critic() {
    let expected = Expected {
        untrained: 40.0,
        adam: (0.0215, 380.0),
        descent: (0.215, 380.0),
    };
    assert_learns("cartpole-actor-critic", &expected);
}

#[test]
fn cartpole_dqn() {
    let expected = Expected {
        untrained: 80.0,
        adam: (0.01, 420.0),
        descent: (0.215, 350.0),
    };
    assert_learns("cartpole-dqn", &expected);
}

#[test]
fn acrobot_actor_critic() {
    let expected = Expected {
        untrained: -450.0,
        adam: (0.0215, -100.0),
        descent: (1.0, -120.0),
    };
    assert_learns("acrobot-actor-critic", &expected);
}

#[test]
fn acrobot_dqn() {
    let expected = Expected {
        untrained: -450.0,
        adam: (0.001, -200.0),
        descent: (0.215, -250.0),
    };
    assert_learns("acrobot-dqn", &expected);
}

#[test]
fn mountain_car_dqn() {
    let expected = Expected {
        untrained: -199.0,
        adam: (0.0215, -150.0),
        descent: (0.464, -150.0),
    };
    assert_learns("mountain-car-dqn", &expected);
}

#[test]
fn mountain_car_continuous() {
    let expected = Expected {
        untrained: 0.0,
        adam: (0.004_64, 85.0),
        descent: (0.1, 85.0),
    };
    assert_learns("mountain-car-continuous", &expected);
}

#[test]
fn pendulum_actor_critic() {
    let expected = Expected {
        untrained: -1_100.0,
        adam: (0.002_15, -700.0),
        descent: (0.0215, -700.0),
    };
    assert_learns("pendulum-actor-critic", &expected);
}
