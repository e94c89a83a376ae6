//! Runs with a loss that is given in place of the task's own.

mod native;

use mlevolve_tasks::{
    Loss, Outcome, Sources, TargetKind, Targets, Task, TaskEntry, TrainingRun, bundled_tasks,
};
use native::{Adam, GradientDescent};

/// A loss as a function of a row's predictions and targets, which gives the row's loss and writes its gradient, and of
/// binary64, so that it has no rounding of the built-in ones.
struct OfRows<F: FnMut(&[f64], &[f64], &mut [f64]) -> f64 + Send>(F);

impl<F: FnMut(&[f64], &[f64], &mut [f64]) -> f64 + Send> Loss for OfRows<F> {
    fn gradient(
        &mut self,
        outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64 {
        let exact = |numbers: &[f32]| numbers.iter().copied().map(f64::from).collect::<Vec<_>>();
        let rows = predictions.len() / outputs;
        let pairs = predictions
            .chunks_exact(outputs)
            .zip(targets.chunks_exact(outputs));
        let mut sum = 0.0;
        for (gradient, (predictions, targets)) in gradient.chunks_exact_mut(outputs).zip(pairs) {
            let mut of_row = vec![0.0; outputs];
            sum += (self.0)(&exact(predictions), &exact(targets), &mut of_row);
            for (gradient, of_row) in gradient.iter_mut().zip(of_row) {
                *gradient = (of_row / rows as f64) as f32;
            }
        }
        sum / rows as f64
    }
}

/// −Σ target · ln softmax(logits)
fn cross_entropy(logits: &[f64], targets: &[f64], gradient: &mut [f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    let mut loss = 0.0;
    for (gradient, (logit, target)) in gradient.iter_mut().zip(logits.iter().zip(targets)) {
        let logarithm = logit - largest - sum.ln();
        loss -= target * logarithm;
        *gradient = logarithm.exp() - target;
    }
    loss
}

/// The mean over a row's numbers.
fn squared_error(values: &[f64], targets: &[f64], gradient: &mut [f64]) -> f64 {
    let count = values.len() as f64;
    let mut loss = 0.0;
    for (gradient, (value, target)) in gradient.iter_mut().zip(values.iter().zip(targets)) {
        loss += (value - target).powi(2) / count;
        *gradient = 2.0 * (value - target) / count;
    }
    loss
}

fn open(name: &str) -> std::sync::Arc<dyn Task> {
    let entry = TaskEntry::named(name).expect(name);
    entry.open(&Sources::default()).expect(name)
}

/// How far the second curve's points are from the first's, in shares of them.
fn distance(expected: &TrainingRun, found: &TrainingRun) -> f64 {
    assert_eq!(expected.curve.outcome, found.curve.outcome);
    assert_eq!(expected.curve.points.len(), found.curve.points.len());
    let pairs = expected.curve.points.iter().zip(&found.curve.points);
    let distances = pairs.map(|(expected, found)| {
        assert_eq!(
            (expected.step, expected.examples),
            (found.step, found.examples)
        );
        (expected.value - found.value).abs() / expected.value.abs()
    });
    distances.fold(0.0, f64::max)
}

#[test]
fn built_in_losses_train_the_same_when_they_are_given() {
    type OfRow = fn(&[f64], &[f64], &mut [f64]) -> f64;
    let cases: [(&str, OfRow); 6] = [
        ("iris-logistic", cross_entropy),
        ("wine-mlp", cross_entropy),
        ("text-gru", cross_entropy),
        ("diabetes-mlp", squared_error),
        ("correlated-regression", squared_error),
        ("digits-autoencoder", squared_error),
    ];
    for (name, of_row) in cases {
        let task = open(name);
        let own = task.run(&mut Adam::new(0.003), 1);
        let given = task.run_with_loss(&mut OfRows(of_row), &mut Adam::new(0.003), 1);
        let distance = distance(&own, &given.expect(name));
        println!("{distance:.1e} {name}");
        assert!(distance < 1e-5, "{name}: {distance}");
    }
}

/// The loss of DQN with the same roundings, since a rounding can change an action and all that follows.
struct Huber;

impl Loss for Huber {
    fn gradient(
        &mut self,
        outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64 {
        assert_eq!(outputs, 1);
        let share = 1.0 / targets.len() as f32;
        for (index, target) in targets.iter().enumerate() {
            gradient[index] = share * (predictions[index] - target).clamp(-1.0, 1.0);
        }
        0.0
    }
}

#[test]
fn dqn_learns_the_same_from_its_own_loss_when_that_is_given() {
    let task = open("mountain-car-dqn");
    let own = task.run(&mut Adam::new(0.003), 1);
    let given = task.run_with_loss(&mut Huber, &mut Adam::new(0.003), 1);
    assert_eq!(given.expect("values of actions have targets"), own);
}

#[test]
fn nothing_but_the_given_loss_is_followed() {
    for task in bundled_tasks().filter(|task| task.targets().is_ok()) {
        let description = task.description();
        // The curve of a task that acts has the luck of each evaluation.
        let acts = task.targets().expect("just asked").kind == TargetKind::ActionValues;
        if acts || description.step_flops > 3_000_000 {
            continue;
        }
        let run = task.run_with_loss(
            &mut OfRows(|_, _, _| 0.0),
            &mut GradientDescent { rate: 1.0 },
            3,
        );
        let curve = run.expect(description.name).curve;
        let first = curve.points[0];
        for point in &curve.points {
            assert_eq!(
                (point.value, point.companion),
                (first.value, first.companion)
            );
        }
    }
}

/// Checks what it is given, and ends the run after so many steps.
struct Checked {
    targets: Targets,
    calls: usize,
}

impl Loss for Checked {
    fn gradient(
        &mut self,
        outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64 {
        self.calls += 1;
        let count = self.targets.rows * outputs;
        assert_eq!(outputs, self.targets.outputs);
        assert_eq!(
            [predictions.len(), targets.len(), gradient.len()],
            [count; 3]
        );
        assert!(predictions.iter().chain(targets).all(|it| it.is_finite()));
        match self.targets.kind {
            TargetKind::Classes => {
                assert!(outputs > 1);
                for row in targets.chunks_exact(outputs) {
                    assert!(row.iter().all(|target| [0.0, 1.0].contains(target)));
                    assert_eq!(row.iter().sum::<f32>(), 1.0);
                }
            }
            TargetKind::Values => assert!(targets.iter().any(|it| *it != targets[0])),
            TargetKind::ActionValues => assert_eq!(outputs, 1),
        }
        gradient.fill(if self.calls == 3 { f32::NAN } else { 0.001 });
        0.0
    }
}

/// Kind of targets, rows and outputs.
type Given = (TargetKind, usize, usize);

/// Every task, and what a loss is given there, if anything.
const EXPECTED: &[(&str, Option<Given>)] = &[
    ("iris-logistic", Some((TargetKind::Classes, 16, 3))),
    ("iris-mlp", Some((TargetKind::Classes, 16, 3))),
    ("wine-logistic", Some((TargetKind::Classes, 16, 3))),
    ("wine-mlp", Some((TargetKind::Classes, 16, 3))),
    ("breast-cancer-logistic", Some((TargetKind::Classes, 16, 2))),
    ("breast-cancer-mlp", Some((TargetKind::Classes, 16, 2))),
    ("digits-softmax", Some((TargetKind::Classes, 32, 10))),
    ("digits-mlp", Some((TargetKind::Classes, 64, 10))),
    ("digits-conv", Some((TargetKind::Classes, 64, 10))),
    ("digits-residual", Some((TargetKind::Classes, 32, 10))),
    ("glyphs-mlp", Some((TargetKind::Classes, 32, 10))),
    ("glyphs-conv", Some((TargetKind::Classes, 32, 10))),
    ("glyphs-residual", Some((TargetKind::Classes, 32, 10))),
    ("diabetes-mlp", Some((TargetKind::Values, 32, 1))),
    ("friedman1-mlp", Some((TargetKind::Values, 32, 1))),
    ("teacher-mlp", Some((TargetKind::Values, 32, 1))),
    ("quadratic-100", None),
    ("quadratic-10000", None),
    ("rosenbrock", None),
    ("correlated-regression", Some((TargetKind::Values, 32, 1))),
    ("text-transformer", Some((TargetKind::Classes, 128, 56))),
    ("text-gru", Some((TargetKind::Classes, 128, 56))),
    ("digits-autoencoder", Some((TargetKind::Values, 64, 64))),
    ("digits-masked", None),
    ("digits-contrastive", None),
    ("cartpole", None),
    ("cartpole-actor-critic", None),
    ("cartpole-dqn", Some((TargetKind::ActionValues, 64, 1))),
    ("acrobot-actor-critic", None),
    ("acrobot-dqn", Some((TargetKind::ActionValues, 64, 1))),
    ("mountain-car-dqn", Some((TargetKind::ActionValues, 64, 1))),
    ("mountain-car-continuous", None),
    ("pendulum-actor-critic", None),
];

#[test]
fn every_task_gives_a_loss_what_it_says_or_says_why_not() {
    let mut expected = EXPECTED.iter();
    for task in bundled_tasks() {
        let name = task.description().name;
        let (expected_name, expected) = expected.next().expect(name);
        assert_eq!(name, *expected_name);
        let targets = task.targets();
        let found = targets.map(|it| (it.kind, it.rows, it.outputs));
        assert_eq!(found.ok(), *expected, "{name}");
        let mut loss = Checked {
            targets: targets.unwrap_or(Targets {
                kind: TargetKind::Values,
                rows: 0,
                outputs: 0,
            }),
            calls: 0,
        };
        let run = task.run_with_loss(&mut loss, &mut GradientDescent { rate: 0.01 }, 1);
        match run {
            Ok(run) => {
                assert!(targets.is_ok(), "{name}");
                assert_eq!(run.curve.outcome, Outcome::Diverged { step: 3 }, "{name}");
                assert_eq!(loss.calls, 3);
            }
            Err(error) => {
                assert_eq!(Err(error), targets, "{name}");
                assert_eq!((error.task, loss.calls), (name, 0));
            }
        }
    }
    assert_eq!(expected.next(), None);
}

#[test]
fn refusals_say_why_and_which_tasks_would_do() {
    let message = |name| {
        let refused = open(name).targets().expect_err(name).to_string();
        let (refused, remedy) = refused.split_once("; ").expect("a remedy");
        // What is recommended does take a loss.
        for (kind, name) in [
            (TargetKind::Classes, "iris-mlp"),
            (TargetKind::Values, "diabetes-mlp"),
            (TargetKind::Classes, "text-gru"),
            (TargetKind::ActionValues, "cartpole-dqn"),
        ] {
            assert!(remedy.contains(name), "{remedy}");
            assert_eq!(open(name).targets().map(|it| it.kind), Ok(kind));
        }
        refused.to_owned()
    };
    assert_eq!(
        message("rosenbrock"),
        "task `rosenbrock` takes no loss: it minimises a function of the parameters themselves"
    );
    assert_eq!(
        message("digits-masked"),
        "task `digits-masked` takes no loss: most outputs of an example have no target"
    );
    assert_eq!(
        message("digits-contrastive"),
        "task `digits-contrastive` takes no loss: views are compared with one another and not with targets"
    );
    for name in ["cartpole", "pendulum-actor-critic"] {
        assert_eq!(
            message(name),
            format!(
                "task `{name}` takes no loss: its policy follows the returns of what it did, and there is no action \
                 that it should have taken"
            )
        );
    }
}
