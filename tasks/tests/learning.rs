//! Rules that are known to learn do, on every task, and Adam is ahead of gradient descent.
//!
//! The rates are the best for the mean final value over seeds on a grid of three per decade.

mod native;

use mlevolve_tasks::{CurvePoint, Outcome, Sources, TaskEntry, UpdateRule};
use native::{Adam, GradientDescent};

/// The mean first and last points of five runs.
fn mean_ends(task: &str, rule: &mut dyn UpdateRule) -> (CurvePoint, CurvePoint) {
    const SEEDS: u64 = 5;
    let entry = TaskEntry::named(task).expect(task);
    let task = entry.open(&Sources::default()).expect(task);
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
