//! What holds for every task, whatever the rule: determinism, the contract of a run, and no panic.

mod native;

use mlevolve_tasks::{Outcome, ParameterLayout, TrainingRun, UpdateRule, bundled_tasks};
use native::{Adam, GradientDescent};

/// Gradient descent at a rate that suits no task in particular, and something else after some of its steps.
struct Then<F: FnMut(u32, &mut [f32], &[f32])> {
    rate: f32,
    then: F,
}

impl<F: FnMut(u32, &mut [f32], &[f32])> UpdateRule for Then<F> {
    fn reset(&mut self, layout: &ParameterLayout) {
        GradientDescent { rate: self.rate }.reset(layout);
    }

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        GradientDescent { rate: self.rate }.step(step, parameters, gradient);
        (self.then)(step, parameters, gradient);
    }
}

/// Equality of every bit, so that −0 and 0 differ.
fn bits(run: &TrainingRun) -> Vec<(u32, u64, Option<u64>)> {
    let points = run.curve.points.iter();
    points
        .map(|point| {
            (
                point.step,
                point.value.to_bits(),
                point.companion.map(f64::to_bits),
            )
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_thread_and_another_seed_does_not() {
    for task in bundled_tasks() {
        let name = task.description().name;
        let run = |seed| task.run(&mut Adam::new(0.01), seed);
        let first = run(1);
        let elsewhere = std::thread::scope(|scope| {
            let others = [scope.spawn(|| run(2)), scope.spawn(|| run(1))];
            others.map(|thread| thread.join().expect("a run does not panic"))
        });
        assert_eq!(bits(&first), bits(&elsewhere[1]), "{name}");
        assert_eq!(first, elsewhere[1], "{name}");
        assert_ne!(bits(&first), bits(&elsewhere[0]), "{name}");
        // A rule that has served before is as good as new.
        let mut rule = Adam::new(0.01);
        task.run(&mut rule, 9);
        assert_eq!(task.run(&mut rule, 1), first, "{name}");
    }
}

#[test]
fn a_run_that_is_broken_off_is_the_beginning_of_the_whole() {
    for task in bundled_tasks() {
        let name = task.description().name;
        let whole = task.run(&mut Adam::new(0.01), 1);
        let interval = task.description().evaluation_interval_steps;
        let part = task.run_for(2 * interval, &mut Adam::new(0.01), 1);
        assert_eq!(part.curve.points[..], whole.curve.points[..3], "{name}");
        assert_eq!(part.steps, 2 * interval, "{name}");
        // One that ends between two points has one there.
        let odd = task.run_for(interval + 1, &mut Adam::new(0.01), 1);
        let steps: Vec<u32> = odd.curve.points.iter().map(|point| point.step).collect();
        assert_eq!(steps[..2], [0, interval], "{name}");
        assert_eq!(odd.steps, interval + 1, "{name}");
        assert_eq!(odd.curve.outcome, Outcome::Completed, "{name}");
    }
}

#[test]
fn curves_and_costs_are_as_described() {
    for task in bundled_tasks() {
        let description = task.description();
        let run = task.run(&mut GradientDescent { rate: 0.01 }, 3);
        let mut steps: Vec<u32> = (0..=description.budget_steps)
            .step_by(description.evaluation_interval_steps as usize)
            .collect();
        if steps.last() != Some(&description.budget_steps) {
            steps.push(description.budget_steps);
        }
        assert_eq!(
            run.curve
                .points
                .iter()
                .map(|point| point.step)
                .collect::<Vec<_>>(),
            steps
        );
        assert_eq!(run.curve.outcome, Outcome::Completed);
        for point in &run.curve.points {
            assert_eq!(
                point.examples,
                u64::from(point.step) * description.step_examples
            );
            assert_eq!(point.companion.is_some(), description.companion.is_some());
        }
        assert_eq!(run.steps, description.budget_steps);
        assert_eq!(
            run.examples,
            u64::from(run.steps) * description.step_examples
        );
        assert_eq!(
            run.model_flops,
            u64::from(run.steps) * description.step_flops
        );
    }
}

#[test]
fn rules_are_called_as_their_contract_says() {
    #[derive(Default)]
    struct Witness {
        resets: u32,
        steps: u32,
        padding: Vec<usize>,
        arena_len: usize,
    }

    impl UpdateRule for Witness {
        fn reset(&mut self, layout: &ParameterLayout) {
            self.resets += 1;
            self.arena_len = layout.arena_len();
            let tensors = layout.tensors().iter();
            self.padding = tensors
                .flat_map(|tensor| tensor.range().end..tensor.padded_range().end)
                .collect();
        }

        fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
            self.steps += 1;
            assert_eq!(step, self.steps);
            assert_eq!(
                (parameters.len(), gradient.len()),
                (self.arena_len, self.arena_len)
            );
            GradientDescent { rate: 0.01 }.step(step, parameters, gradient);
            for index in &self.padding {
                assert_eq!(gradient[*index], 0.0);
                parameters[*index] = f32::NAN;
            }
        }
    }

    for task in bundled_tasks() {
        let mut witness = Witness::default();
        let run = task.run(&mut witness, 2);
        assert_eq!(
            (witness.resets, witness.steps),
            (1, task.description().budget_steps)
        );
        // Not even NaN in the padding of the parameters shows.
        assert_eq!(run, task.run(&mut GradientDescent { rate: 0.01 }, 2));
    }
}

#[test]
fn a_rule_that_writes_nan_diverges_at_that_step() {
    for task in bundled_tasks() {
        let interval = task.description().evaluation_interval_steps;
        for at in [1, interval, interval + 1] {
            let then = |step: u32, parameters: &mut [f32], _: &[f32]| {
                if step == at {
                    parameters[0] = f32::NAN;
                }
            };
            let run = task.run(&mut Then { rate: 0.01, then }, 1);
            assert_eq!(run.curve.outcome, Outcome::Diverged { step: at });
            assert_eq!(run.steps, at);
            assert!(
                run.curve
                    .points
                    .iter()
                    .all(|point| point.step < at && point.value.is_finite())
            );
        }
    }
}

#[test]
fn no_finite_numbers_make_a_run_panic() {
    let huge = [1e30, -1e30, f32::MAX, f32::MIN, 1e-45, -0.0, 0.0];
    for task in bundled_tasks() {
        for value in huge {
            let fill = |_: u32, parameters: &mut [f32], _: &[f32]| parameters.fill(value);
            let alternate = |_: u32, parameters: &mut [f32], _: &[f32]| {
                for (index, parameter) in parameters.iter_mut().enumerate() {
                    *parameter = if index % 3 == 0 { value } else { -value };
                }
            };
            for run in [
                task.run(
                    &mut Then {
                        rate: 0.0,
                        then: fill,
                    },
                    1,
                ),
                task.run(
                    &mut Then {
                        rate: 0.0,
                        then: alternate,
                    },
                    1,
                ),
            ] {
                assert!(run.curve.points.iter().all(|point| point.value.is_finite()));
                // The initialisation is always measured.
                assert!(!run.curve.points.is_empty());
            }
        }
        let run = task.run(&mut GradientDescent { rate: 1e20 }, 1);
        assert!(run.curve.points.iter().all(|point| point.value.is_finite()));
    }
}
