//! Learning from labelled examples: the task behind every data set.
//!
//! A row of a few settings and an [`Objective`] make a task; minibatches, training and validation are the same for all.

use crate::data::MinibatchOrder;
use crate::network::{
    Activations, InitialScale, Matrix, Shape, TwoLayerNetwork, cross_entropy_gradient,
    cross_entropy_sum, squared_error_gradient, squared_error_sum,
};
use crate::training::{Evaluation, Problem, Schedule, train};
use crate::{Description, ParameterLayout, Task, TrainingRun, UpdateRule, stream};

/// What is minimised in training and measured on validation examples.
pub(crate) trait Objective: Send + Sync + 'static {
    /// What an example should be answered with.
    type Target: Copy + Default + Send + Sync;

    /// Replaces a batch's outputs by the gradient of its mean loss with respect to them.
    fn gradient(outputs: &mut Matrix, targets: &[Self::Target]);

    /// The metric, and its companion, of the outputs for all of `targets`.
    fn evaluate(outputs: &Matrix, targets: &[Self::Target]) -> Evaluation;
}

/// Softmax cross-entropy over classes, with accuracy as companion.
///
/// The measured cross-entropy is clipped at 1.5 ln(classes), as learned_optimization (Metz et al. 2022) does: beyond
/// what guessing costs, how wrong a model is says nothing about the rule that trained it.
pub(crate) struct CrossEntropy;

impl Objective for CrossEntropy {
    type Target = u8;

    fn gradient(outputs: &mut Matrix, targets: &[u8]) {
        cross_entropy_gradient(outputs, targets);
    }

    fn evaluate(outputs: &Matrix, targets: &[u8]) -> Evaluation {
        let (sum, correct) = cross_entropy_sum(outputs, targets);
        let count = targets.len() as f64;
        let mean = sum / count;
        let ceiling = 1.5 * libm::log(outputs.columns() as f64);
        // Not `min`, which would turn NaN into the ceiling.
        let value = if mean > ceiling { ceiling } else { mean };
        Evaluation {
            value,
            companion: Some(correct as f64 / count),
        }
    }
}

/// Mean squared error of one output.
pub(crate) struct MeanSquaredError;

impl Objective for MeanSquaredError {
    type Target = f32;

    fn gradient(outputs: &mut Matrix, targets: &[f32]) {
        squared_error_gradient(outputs, targets);
    }

    fn evaluate(outputs: &Matrix, targets: &[f32]) -> Evaluation {
        let value = squared_error_sum(outputs, targets) / targets.len() as f64;
        Evaluation {
            value,
            companion: None,
        }
    }
}

/// Features and what they should be answered with, row by row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Examples<Target: 'static> {
    pub(crate) features: &'static Matrix,
    pub(crate) targets: &'static [Target],
}

/// What makes one supervised task differ from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) shape: Shape,
    pub(crate) hidden_scale: InitialScale,
    pub(crate) batch_size: usize,
    pub(crate) budget_steps: u32,
    pub(crate) evaluation_interval_steps: u32,
}

impl Settings {
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule {
            budget_steps: self.budget_steps,
            evaluation_interval_steps: self.evaluation_interval_steps,
            step_examples: self.batch_size as u64,
            step_flops: self.shape.forward_flops(self.batch_size)
                + self.shape.backward_flops(self.batch_size),
        }
    }
}

/// A data set, a network and an objective.
pub(crate) struct SupervisedTask<O: Objective> {
    pub(crate) description: Description,
    pub(crate) layout: ParameterLayout,
    pub(crate) settings: Settings,
    pub(crate) training: Examples<O::Target>,
    pub(crate) validation: Examples<O::Target>,
}

impl<O: Objective> Task for SupervisedTask<O> {
    fn description(&self) -> &Description {
        &self.description
    }

    fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    fn run(&self, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        let Settings {
            shape,
            hidden_scale,
            ..
        } = self.settings;
        // Tasks have streams of their own: a seed's luck on one says nothing about another.
        let purpose = |what: &str| format!("{} {what}", self.description.name);
        let mut initialisation = stream(seed, &purpose("initialisation"), [0, 0]);
        let parameters = shape.initialise(hidden_scale, &mut initialisation);
        let order = stream(seed, &purpose("minibatch order"), [0, 0]);
        let mut problem = SupervisedProblem::new(self, order);
        train(
            &mut problem,
            rule,
            &self.layout,
            self.settings.schedule(),
            parameters,
        )
    }
}

/// One run's buffers and place in the data.
struct SupervisedProblem<'a, O: Objective> {
    task: &'a SupervisedTask<O>,
    order: MinibatchOrder,
    network: TwoLayerNetwork,
    batch_features: Matrix,
    batch_targets: Vec<O::Target>,
    batch: Activations,
    evaluation: Activations,
}

impl<'a, O: Objective> SupervisedProblem<'a, O> {
    fn new(task: &'a SupervisedTask<O>, order: crate::Stream) -> Self {
        let Settings {
            shape, batch_size, ..
        } = task.settings;
        Self {
            task,
            order: MinibatchOrder::new(task.training.targets.len(), batch_size, order),
            network: TwoLayerNetwork::new(shape),
            batch_features: Matrix::zeros(batch_size, shape.inputs),
            batch_targets: vec![O::Target::default(); batch_size],
            batch: Activations::for_training(shape, batch_size),
            evaluation: Activations::for_evaluation(shape, task.validation.targets.len()),
        }
    }
}

impl<O: Objective> Problem for SupervisedProblem<'_, O> {
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        let Examples { features, targets } = self.task.training;
        for (to, from) in self.order.next_batch().iter().enumerate() {
            self.batch_features
                .row_mut(to)
                .copy_from_slice(features.row(*from));
            self.batch_targets[to] = targets[*from];
        }
        let rows = self.batch_targets.len();
        self.network.load(parameters);
        self.network
            .forward(&self.batch_features, 0..rows, &mut self.batch);
        O::gradient(&mut self.batch.outputs, &self.batch_targets);
        self.network
            .backward(&self.batch_features, rows, &mut self.batch, gradient);
    }

    fn evaluate(&mut self, _step: u32, parameters: &[f32]) -> Evaluation {
        let Examples { features, targets } = self.task.validation;
        self.network.load(parameters);
        self.network
            .forward(features, 0..targets.len(), &mut self.evaluation);
        O::evaluate(&self.evaluation.outputs, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(rows: &[[f32; 2]]) -> Matrix {
        let mut matrix = Matrix::zeros(rows.len(), 2);
        for (row, values) in rows.iter().enumerate() {
            matrix.row_mut(row).copy_from_slice(values);
        }
        matrix
    }

    #[test]
    fn cross_entropy_is_the_mean_negative_log_probability() {
        // Odds of 3 : 1 for class 0, read once with label 0 and once with label 1.
        let outputs = logits(&[[libm::logf(3.0), 0.0], [libm::logf(3.0), 0.0]]);
        let Evaluation { value, companion } = CrossEntropy::evaluate(&outputs, &[0, 1]);
        assert!(
            (value - (-(0.75_f64.ln()) - 0.25_f64.ln()) / 2.0).abs() < 1e-7,
            "{value}"
        );
        assert_eq!(companion, Some(0.5));
    }

    #[test]
    fn cross_entropy_is_clipped_but_nan_is_not_hidden() {
        let clipped = CrossEntropy::evaluate(&logits(&[[1e30, 0.0]]), &[1]);
        assert_eq!(clipped.value, 1.5 * libm::log(2.0));
        for broken in [[f32::NAN, 0.0], [0.0, f32::NAN], [f32::INFINITY, 0.0]] {
            assert!(
                CrossEntropy::evaluate(&logits(&[broken]), &[1])
                    .value
                    .is_nan(),
                "{broken:?}"
            );
        }
    }

    #[test]
    fn mean_squared_error_is_a_mean_over_examples() {
        let outputs = logits(&[[1.0, 9.0], [-2.0, 9.0]]);
        assert_eq!(
            MeanSquaredError::evaluate(&outputs, &[3.0, -1.0]).value,
            2.5
        );
    }
}
