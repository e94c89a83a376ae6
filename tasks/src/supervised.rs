//! Learning from examples: the task behind every data set.
//!
//! ```text
//! Examples ──example by example──► a batch ──► Model ──► Objective ──► gradient
//!    └──once──► validation examples ──chunk by chunk──► Model ──► Objective ──► a point of the curve
//! ```
//!
//! A task is [`Supervised`]: which examples, model and objective, and how long. Minibatches, training and validation are
//! the same for all. In training, a [`Loss`] can stand in place of the objective.

use std::sync::Arc;

use crate::data::{Divided, ExampleTable, MinibatchOrder};
use crate::network::{Activations, Matrix, Model};
use crate::objective::{Objective, Rows, Sums, WriteRows};
use crate::training::{Evaluation, Problem, Schedule, train};
use crate::{
    Description, Family, Loss, NoTargets, ParameterLayout, Stream, Targets, Task, TrainingRun,
    UpdateRule, stream,
};

/// The greatest number of validation examples that pass through a model together.
pub(crate) const CHUNK_ROWS: usize = 64;

/// Where the examples of a task come from.
pub(crate) trait Examples: Send + Sync + 'static {
    /// What a part of an example should be answered with.
    type Target: Copy + Default + Send + Sync;

    /// How many examples each part has.
    fn counts(&self) -> Divided<usize>;

    /// How many targets an example has.
    fn targets(&self) -> usize {
        1
    }

    /// Writes example `index` of a part. Whatever is drawn for it comes from `numbers`.
    fn write(
        &self,
        part: Part,
        index: usize,
        numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [Self::Target],
    );
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Training,
    Validation,
}

impl<E: Examples> Examples for &'static E {
    type Target = E::Target;

    fn counts(&self) -> Divided<usize> {
        (**self).counts()
    }

    fn targets(&self) -> usize {
        (**self).targets()
    }

    fn write(
        &self,
        part: Part,
        index: usize,
        numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [E::Target],
    ) {
        (**self).write(part, index, numbers, features, targets);
    }
}

impl Part {
    /// What is meant of two parts.
    pub(crate) fn of<T>(self, divided: &Divided<T>) -> &T {
        match self {
            Self::Training => &divided.training,
            Self::Validation => &divided.validation,
        }
    }
}

impl<Target> Examples for Divided<ExampleTable<Target>>
where
    Target: Copy + Default + Send + Sync + 'static,
{
    type Target = Target;

    fn counts(&self) -> Divided<usize> {
        Divided {
            training: self.training.count(),
            validation: self.validation.count(),
        }
    }

    fn write(
        &self,
        part: Part,
        index: usize,
        _numbers: &mut Stream,
        features: &mut [f32],
        targets: &mut [Target],
    ) {
        let table = part.of(self);
        features.copy_from_slice(table.features(index));
        targets[0] = table.targets()[index];
    }
}

/// What makes one supervised task differ from another.
pub(crate) struct Supervised<E: Examples, O> {
    pub(crate) name: &'static str,
    pub(crate) summary: String,
    pub(crate) data: String,
    pub(crate) family: Family,
    pub(crate) examples: E,
    pub(crate) model: Model,
    pub(crate) objective: O,
    pub(crate) batch_size: usize,
    pub(crate) budget_steps: u32,
    pub(crate) evaluation_interval_steps: u32,
}

impl<E, O> Supervised<E, O>
where
    E: Examples,
    O: Objective<Target = E::Target> + 'static,
{
    /// The task; its validation examples are made here.
    pub(crate) fn task(self) -> Arc<dyn Task> {
        let schedule = Schedule {
            budget_steps: self.budget_steps,
            evaluation_interval_steps: self.evaluation_interval_steps,
            step_examples: self.batch_size as u64,
            step_flops: self.model.forward_flops(self.batch_size)
                + self.model.backward_flops(self.batch_size),
        };
        let description = Description {
            name: self.name,
            summary: self.summary,
            data: self.data,
            family: self.family,
            metric: self.objective.metric(),
            companion: self.objective.companion(),
            parameter_count: self.model.layout().parameter_count(),
            budget_steps: schedule.budget_steps,
            evaluation_interval_steps: schedule.evaluation_interval_steps,
            step_examples: schedule.step_examples,
            step_flops: schedule.step_flops,
        };
        let count = self.examples.counts().validation;
        let mut validation = Batch::new(count, &self.model, &self.examples);
        // One stream whatever the seed: all runs are judged on the same examples.
        let mut numbers = stream(0, &format!("{} validation examples", self.name), [0, 0]);
        for index in 0..count {
            validation.write(index, &self.examples, Part::Validation, index, &mut numbers);
        }
        Arc::new(SupervisedTask {
            description,
            schedule,
            examples: self.examples,
            model: self.model,
            objective: self.objective,
            batch_size: self.batch_size,
            validation,
        })
    }
}

/// Some examples side by side.
struct Batch<Target> {
    features: Matrix,
    targets: Vec<Target>,
}

impl<Target: Copy + Default> Batch<Target> {
    fn new(rows: usize, model: &Model, examples: &impl Examples) -> Self {
        Self {
            features: Matrix::zeros(rows, model.inputs()),
            targets: vec![Target::default(); rows * examples.targets()],
        }
    }

    /// Makes row `row` example `index` of a part.
    fn write(
        &mut self,
        row: usize,
        examples: &impl Examples<Target = Target>,
        part: Part,
        index: usize,
        numbers: &mut Stream,
    ) {
        let count = examples.targets();
        let targets = &mut self.targets[row * count..][..count];
        examples.write(part, index, numbers, self.features.row_mut(row), targets);
    }
}

/// A data set, a model and an objective.
struct SupervisedTask<E: Examples, O> {
    description: Description,
    schedule: Schedule,
    examples: E,
    model: Model,
    objective: O,
    batch_size: usize,
    validation: Batch<E::Target>,
}

impl<E, O> Task for SupervisedTask<E, O>
where
    E: Examples,
    O: Objective<Target = E::Target>,
{
    fn description(&self) -> &Description {
        &self.description
    }

    fn layout(&self) -> &ParameterLayout {
        self.model.layout()
    }

    #[cfg(test)]
    fn model(&self) -> Option<&Model> {
        Some(&self.model)
    }

    fn run_for(&self, steps: u32, rule: &mut dyn UpdateRule, seed: u64) -> TrainingRun {
        self.train(Minimised::Objective, steps, rule, seed)
    }

    fn targets(&self) -> Result<Targets, NoTargets> {
        self.rows().map(|(_, targets)| targets)
    }

    fn run_with_loss_for(
        &self,
        steps: u32,
        loss: &mut dyn Loss,
        rule: &mut dyn UpdateRule,
        seed: u64,
    ) -> Result<TrainingRun, NoTargets> {
        let (Rows { write, .. }, Targets { rows, outputs, .. }) = self.rows()?;
        let given = Minimised::Loss {
            loss,
            outputs,
            write,
            targets: vec![0.0; rows * outputs],
        };
        Ok(self.train(given, steps, rule, seed))
    }
}

impl<E, O> SupervisedTask<E, O>
where
    E: Examples,
    O: Objective<Target = E::Target>,
{
    /// How targets are written out for a loss, and what of a batch is.
    fn rows(&self) -> Result<(Rows<E::Target>, Targets), NoTargets> {
        let rows = self.objective.rows(self.examples.targets());
        let rows = rows.map_err(|reason| NoTargets {
            task: self.description.name,
            reason,
        })?;
        let targets = Targets {
            kind: rows.kind,
            rows: self.batch_size * self.model.outputs() / rows.outputs,
            outputs: rows.outputs,
        };
        Ok((rows, targets))
    }

    fn train<'a>(
        &'a self,
        minimised: Minimised<'a, E::Target>,
        steps: u32,
        rule: &mut dyn UpdateRule,
        seed: u64,
    ) -> TrainingRun {
        // Tasks have streams of their own: a seed's luck on one says nothing about another.
        let draw = |what: &str| {
            let purpose = format!("{} {what}", self.description.name);
            stream(seed, &purpose, [0, 0])
        };
        let parameters = self.model.initialise(&mut draw("initialisation"));
        let count = self.examples.counts().training;
        let chunk_rows = CHUNK_ROWS.min(self.validation.features.rows());
        let mut problem = SupervisedProblem {
            task: self,
            minimised,
            order: MinibatchOrder::new(count, self.batch_size, draw("minibatch order")),
            numbers: draw("examples"),
            batch: Batch::new(self.batch_size, &self.model, &self.examples),
            activations: Activations::for_training(&self.model, self.batch_size),
            chunk: Matrix::zeros(chunk_rows, self.model.inputs()),
            evaluation: Activations::for_evaluation(&self.model, chunk_rows),
            scratch: vec![0.0; self.objective.scratch(chunk_rows.max(self.batch_size))],
        };
        let layout = self.model.layout();
        let schedule = self.schedule.cut_to(steps);
        train(&mut problem, rule, layout, schedule, parameters)
    }
}

/// What a run minimises.
enum Minimised<'a, Target> {
    /// The task's objective.
    Objective,
    /// A loss that was given, of rows of so many outputs, and how targets are written out for it.
    Loss {
        loss: &'a mut dyn Loss,
        outputs: usize,
        write: WriteRows<Target>,
        /// Those of a batch, written out.
        targets: Vec<f32>,
    },
}

/// One run's buffers and place in the data.
struct SupervisedProblem<'a, E: Examples, O> {
    task: &'a SupervisedTask<E, O>,
    minimised: Minimised<'a, E::Target>,
    order: MinibatchOrder,
    /// What is drawn for examples.
    numbers: Stream,
    batch: Batch<E::Target>,
    activations: Activations,
    chunk: Matrix,
    evaluation: Activations,
    /// The objective's.
    scratch: Vec<f32>,
}

impl<E, O> Problem for SupervisedProblem<'_, E, O>
where
    E: Examples,
    O: Objective<Target = E::Target>,
{
    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        let SupervisedTask {
            examples,
            model,
            objective,
            ..
        } = self.task;
        for (row, index) in self.order.next_batch().iter().enumerate() {
            let numbers = &mut self.numbers;
            self.batch
                .write(row, examples, Part::Training, *index, numbers);
        }
        let Batch { features, targets } = &self.batch;
        let rows = features.rows();
        model.forward(parameters, features, 0..rows, &mut self.activations);
        let (outputs, output_gradient) = self.activations.for_loss();
        match &mut self.minimised {
            Minimised::Objective => {
                objective.gradient(outputs, targets, output_gradient, &mut self.scratch);
            }
            Minimised::Loss {
                loss,
                outputs: width,
                write,
                targets: written,
            } => {
                write(targets, *width, written);
                let predictions = outputs.numbers(0..rows);
                loss.gradient(
                    *width,
                    predictions,
                    written,
                    output_gradient.numbers_mut(0..rows),
                );
            }
        }
        model.backward(parameters, features, rows, &mut self.activations, gradient);
    }

    fn evaluate(&mut self, _step: u32, parameters: &[f32]) -> Evaluation {
        let SupervisedTask {
            model,
            objective,
            examples,
            validation,
            ..
        } = self.task;
        let (count, chunk_rows) = (validation.features.rows(), self.chunk.rows());
        let mut sums = Sums::default();
        for start in (0..count).step_by(chunk_rows) {
            let end = count.min(start + chunk_rows);
            let rows = end - start;
            let features = validation.features.numbers(start..end);
            self.chunk.numbers_mut(0..rows).copy_from_slice(features);
            model.forward(parameters, &self.chunk, 0..rows, &mut self.evaluation);
            let each = examples.targets();
            let targets = &validation.targets[start * each..end * each];
            let outputs = self.evaluation.outputs();
            objective.add(outputs, rows, targets, &mut self.scratch, &mut sums);
        }
        objective.evaluation(&sums)
    }
}
