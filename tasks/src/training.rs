//! The loop that all tasks share: gradient, rule, check, and now and then a point on the curve.

use crate::{CurvePoint, LearningCurve, Outcome, ParameterLayout, TrainingRun, UpdateRule};

/// What is particular to one run of a task, buffers and random streams included.
pub(crate) trait Problem {
    /// Writes the training loss's gradient at `parameters` to `gradient`, whose padding is zero and has to stay so.
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]);

    /// Measures the model at `parameters`, after `step` steps.
    fn evaluate(&mut self, step: u32, parameters: &[f32]) -> Evaluation;
}

/// The task's metrics at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evaluation {
    pub(crate) value: f64,
    pub(crate) companion: Option<f64>,
}

/// How long a run lasts and what each of its steps costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) budget_steps: u32,
    pub(crate) evaluation_interval_steps: u32,
    pub(crate) step_examples: u64,
    pub(crate) step_flops: u64,
}

impl Schedule {
    /// Points on the curve of a complete run.
    fn point_count(&self) -> usize {
        1 + self.budget_steps.div_ceil(self.evaluation_interval_steps) as usize
    }

    /// The same for a run that ends after so many steps, unless it would end sooner.
    pub(crate) fn cut_to(self, steps: u32) -> Self {
        Self {
            budget_steps: self.budget_steps.min(steps),
            ..self
        }
    }

    fn has_point(&self, step: u32) -> bool {
        step.is_multiple_of(self.evaluation_interval_steps) || step == self.budget_steps
    }
}

/// Trains `problem` from `parameters`, an arena of `layout`.
pub(crate) fn train(
    problem: &mut impl Problem,
    rule: &mut dyn UpdateRule,
    layout: &ParameterLayout,
    schedule: Schedule,
    mut parameters: Vec<f32>,
) -> TrainingRun {
    let mut points = Vec::with_capacity(schedule.point_count());
    let mut gradient = vec![0.0; layout.arena_len()];
    rule.reset(layout);
    let mut step = 0;
    let outcome = loop {
        if !all_finite(layout, &parameters) {
            break Outcome::Diverged { step };
        }
        if schedule.has_point(step) {
            let Evaluation { value, companion } = problem.evaluate(step, &parameters);
            if !value.is_finite() {
                break Outcome::Diverged { step };
            }
            let examples = u64::from(step) * schedule.step_examples;
            points.push(CurvePoint {
                step,
                examples,
                value,
                companion,
            });
        }
        if step == schedule.budget_steps {
            break Outcome::Completed;
        }
        step += 1;
        problem.gradient(&parameters, &mut gradient);
        rule.step(step, &mut parameters, &gradient);
    };
    TrainingRun {
        curve: LearningCurve { points, outcome },
        steps: step,
        examples: u64::from(step) * schedule.step_examples,
        model_flops: u64::from(step) * schedule.step_flops,
    }
}

/// Whether every parameter, padding aside, is finite.
fn all_finite(layout: &ParameterLayout, parameters: &[f32]) -> bool {
    // A float is non-finite if all bits of its exponent are set. Without a way out of the loop, it becomes vector code.
    const EXPONENT: u32 = 0x7f80_0000;
    layout.tensors().iter().all(|tensor| {
        let any = parameters[tensor.range()].iter().fold(false, |any, value| {
            any | (value.to_bits() & EXPONENT == EXPONENT)
        });
        !any
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minimises x²/2 for each parameter; its metric is the first parameter, or NaN at a given step.
    struct Quadratic {
        evaluated_at: Vec<u32>,
        metric_breaks_at: Option<u32>,
    }

    impl Problem for Quadratic {
        fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
            gradient[..3].copy_from_slice(&parameters[..3]);
        }

        fn evaluate(&mut self, step: u32, parameters: &[f32]) -> Evaluation {
            self.evaluated_at.push(step);
            let value = if self.metric_breaks_at == Some(step) {
                f64::NAN
            } else {
                parameters[0].into()
            };
            Evaluation {
                value,
                companion: None,
            }
        }
    }

    /// Halves every parameter, and writes `value` to element `index` at step `at`.
    struct Halve {
        at: u32,
        index: usize,
        value: f32,
    }

    impl UpdateRule for Halve {
        fn reset(&mut self, _layout: &ParameterLayout) {}

        fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
            for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
                *parameter -= 0.5 * gradient;
            }
            if step == self.at {
                parameters[self.index] = self.value;
            }
        }
    }

    fn run(rule: &mut Halve, metric_breaks_at: Option<u32>) -> (TrainingRun, Vec<u32>) {
        let layout = ParameterLayout::new(&[("x", 1, 3)]);
        let schedule = Schedule {
            budget_steps: 7,
            evaluation_interval_steps: 3,
            step_examples: 10,
            step_flops: 100,
        };
        let mut problem = Quadratic {
            evaluated_at: Vec::new(),
            metric_breaks_at,
        };
        let mut parameters = vec![0.0; layout.arena_len()];
        parameters[..3].fill(128.0);
        let run = train(&mut problem, rule, &layout, schedule, parameters);
        (run, problem.evaluated_at)
    }

    #[test]
    fn points_lie_at_the_start_at_every_interval_and_at_the_end() {
        let (run, evaluated_at) = run(
            &mut Halve {
                at: 0,
                index: 0,
                value: 0.0,
            },
            None,
        );
        assert_eq!(evaluated_at, [0, 3, 6, 7]);
        let points: Vec<_> = run
            .curve
            .points
            .iter()
            .map(|point| (point.step, point.examples, point.value))
            .collect();
        assert_eq!(
            points,
            [(0, 0, 128.0), (3, 30, 16.0), (6, 60, 2.0), (7, 70, 1.0)]
        );
        assert_eq!(run.curve.outcome, Outcome::Completed);
        assert_eq!((run.steps, run.examples, run.model_flops), (7, 70, 700));
    }

    #[test]
    fn a_non_finite_parameter_ends_the_run_at_its_step() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for index in 0..3 {
                let (run, evaluated_at) = run(
                    &mut Halve {
                        at: 5,
                        index,
                        value,
                    },
                    None,
                );
                assert_eq!(run.curve.outcome, Outcome::Diverged { step: 5 });
                assert_eq!(evaluated_at, [0, 3]);
                assert_eq!((run.steps, run.curve.points.len()), (5, 2));
            }
        }
    }

    #[test]
    fn padding_may_hold_anything() {
        for index in 3..16 {
            let (run, _) = run(
                &mut Halve {
                    at: 5,
                    index,
                    value: f32::NAN,
                },
                None,
            );
            assert_eq!(run.curve.outcome, Outcome::Completed);
        }
    }

    #[test]
    fn a_non_finite_metric_ends_the_run_and_is_no_point() {
        let (run, _) = run(
            &mut Halve {
                at: 0,
                index: 0,
                value: 0.0,
            },
            Some(6),
        );
        assert_eq!(run.curve.outcome, Outcome::Diverged { step: 6 });
        assert_eq!(run.curve.points.len(), 2);
    }
}
