//! Functions of the parameters alone, without model and data: what a rule does in a valley whose form is known.
//!
//! A run draws a function and a start from its seed. What is measured is the logarithm of the loss over that at the start,
//! so that it goes on counting however far down a rule is.

mod quadratic;
mod rosenbrock;

use std::sync::Arc;

pub(crate) use quadratic::Quadratic;
pub(crate) use rosenbrock::Rosenbrock;

use crate::objective::clipped;
use crate::training::{Evaluation, Problem, Schedule, train};
use crate::{
    Description, Direction, Family, Loss, Metric, NoTargets, ParameterLayout, Stream, Targets,
    Task, TrainingRun, UpdateRule, stream,
};

/// Where the measured logarithm ends: below, the roundings of f32 would be measured, and above, how wrong is of no
/// interest.
const RANGE: [f64; 2] = [-8.0, 2.0];

/// Points on a curve after the first.
const POINTS: u32 = 10;

/// A function of a matrix of parameters, with its gradient, and a place to start from.
pub(crate) trait Function: Send {
    /// Rows and columns of the parameters.
    const SHAPE: [usize; 2];

    /// FLOPs of a gradient.
    const GRADIENT_FLOPS: u64;

    /// Where a run starts.
    fn start(&self) -> &[f32];

    /// The value at some parameters, summed in f64.
    fn value(&mut self, parameters: &[f32]) -> f64;

    /// Writes the gradient there.
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]);
}

/// The task of going down from the start of functions that `draw` makes.
pub(crate) fn task<F: Function + 'static>(
    name: &'static str,
    summary: String,
    data: String,
    budget_steps: u32,
    draw: impl Fn(&mut Stream) -> F + Send + Sync + 'static,
) -> Arc<dyn Task> {
    let [rows, columns] = F::SHAPE;
    let layout = ParameterLayout::new(&[("parameters", rows, columns)]);
    let schedule = Schedule {
        budget_steps,
        evaluation_interval_steps: budget_steps / POINTS,
        step_examples: 1,
        step_flops: F::GRADIENT_FLOPS,
    };
    Arc::new(AnalyticTask {
        description: Description {
            name,
            summary,
            data,
            family: Family::IllConditioned,
            metric: Metric {
                name: "logarithm of the loss",
                unit: "decades from the start, bounded to -8 and 2",
                direction: Direction::LowerIsBetter,
            },
            companion: None,
            parameter_count: layout.parameter_count(),
            budget_steps,
            evaluation_interval_steps: schedule.evaluation_interval_steps,
            step_examples: schedule.step_examples,
            step_flops: schedule.step_flops,
        },
        layout,
        schedule,
        draw,
    })
}

struct AnalyticTask<Draw> {
    description: Description,
    layout: ParameterLayout,
    schedule: Schedule,
    draw: Draw,
}

impl<Draw> AnalyticTask<Draw> {
    fn no_targets(&self) -> NoTargets {
        NoTargets {
            task: self.description.name,
            reason: "it minimises a function of the parameters themselves",
        }
    }
}

impl<F: Function, Draw> Task for AnalyticTask<Draw>
where
    Draw: Fn(&mut Stream) -> F + Send + Sync,
{
    fn description(&self) -> &Description {
        &self.description
    }

    fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    fn run_for(&self, steps: u32, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        let purpose = format!("{} initialisation", self.description.name);
        let mut function = (self.draw)(&mut stream(seed, &purpose, [0, 0]));
        let mut parameters = vec![0.0; self.layout.arena_len()];
        let count = self.layout.parameter_count();
        parameters[..count].copy_from_slice(function.start());
        let first = function.value(&parameters[..count]);
        let mut problem = Descent {
            function,
            first,
            count,
        };
        let schedule = self.schedule.cut_to(steps);
        train(&mut problem, rule, &self.layout, schedule, parameters)
    }

    fn targets(&self) -> Result<Targets, NoTargets> {
        Err(self.no_targets())
    }

    fn run_with_loss_for(
        &self,
        _steps: u32,
        _loss: &mut dyn Loss,
        _rule: &mut dyn UpdateRule,
        _seed: u64,
    ) -> Result<TrainingRun, NoTargets> {
        Err(self.no_targets())
    }
}

/// One run's function.
struct Descent<F> {
    function: F,
    /// The loss at the start.
    first: f64,
    count: usize,
}

impl<F: Function> Problem for Descent<F> {
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        let parameters = &parameters[..self.count];
        self.function
            .gradient(parameters, &mut gradient[..self.count]);
    }

    fn evaluate(&mut self, _step: u32, parameters: &[f32]) -> Evaluation {
        let [least, greatest] = RANGE;
        let loss = self.function.value(&parameters[..self.count]);
        let decades = libm::log10(loss / self.first);
        // −∞ at the minimum itself; what is not a number stays so.
        let decades = if decades < least { least } else { decades };
        Evaluation {
            value: clipped(decades, greatest),
            companion: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::difference::assert_gradient;

    fn check(mut function: impl Function + Clone) {
        let start = function.start().to_vec();
        let layout = ParameterLayout::new(&[("parameters", 1, start.len())]);
        let mut gradient = vec![0.0; start.len()];
        function.gradient(&start, &mut gradient);
        let scale = function.value(&start);
        // Around 1, as the comparison wants it.
        let scaled: Vec<f32> = gradient.iter().map(|it| it / scale as f32).collect();
        assert_gradient(&layout, &start, &scaled, |parameters| {
            function.value(parameters) / scale
        });
    }

    #[test]
    fn gradients_match_central_differences() {
        check(Quadratic::random(100.0, &mut stream(1, "test", [0, 0])));
        check(Rosenbrock::random(&mut stream(1, "test", [0, 0])));
    }

    /// A paraboloid around 0.
    struct Bowl;

    impl Function for Bowl {
        const SHAPE: [usize; 2] = [1, 2];
        const GRADIENT_FLOPS: u64 = 2;

        fn start(&self) -> &[f32] {
            &[3.0, 4.0]
        }

        fn value(&mut self, parameters: &[f32]) -> f64 {
            parameters
                .iter()
                .map(|it| f64::from(*it) * f64::from(*it))
                .sum()
        }

        fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
            for (gradient, parameter) in gradient.iter_mut().zip(parameters) {
                *gradient = 2.0 * parameter;
            }
        }
    }

    #[test]
    fn losses_are_measured_in_decades() {
        let mut problem = Descent {
            function: Bowl,
            first: 25.0,
            count: 2,
        };
        let mut value = |scale: f32| problem.evaluate(0, &[3.0 * scale, 4.0 * scale]).value;
        assert_eq!(value(1.0), 0.0);
        assert!((value(0.1) + 2.0).abs() < 1e-6, "{}", value(0.1));
        assert_eq!([value(0.0), value(1e6)], RANGE);
        assert!(value(f32::NAN).is_nan());
    }
}
