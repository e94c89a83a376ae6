//! `diabetes-mlp`: predict the progression of a disease, from badly scaled measurements.

use crate::data::{DIABETES_FEATURES, Divided, ExampleTable, diabetes};
use crate::network::{Activation, InitialScale, Shape};
use crate::supervised::{Examples, MeanSquaredError, Settings, SupervisedTask};
use crate::{Description, Direction, Family, Metric, Task};

/// The task's name.
pub(crate) const NAME: &str = "diabetes-mlp";

const SETTINGS: Settings = Settings {
    shape: Shape {
        inputs: DIABETES_FEATURES,
        hidden: 16,
        outputs: 1,
        activation: Activation::Tanh,
    },
    hidden_scale: InitialScale::Glorot,
    batch_size: 32,
    budget_steps: 200,
    evaluation_interval_steps: 20,
};

/// The task, over the embedded data.
pub(crate) fn task() -> Box<dyn Task> {
    let Divided {
        training,
        validation,
    } = diabetes();
    let examples = |part: &'static ExampleTable<f32>| Examples {
        features: part.feature_matrix(),
        targets: part.targets(),
    };
    let layout = SETTINGS.shape.layout();
    let schedule = SETTINGS.schedule();
    Box::new(SupervisedTask::<MeanSquaredError> {
        description: Description {
            name: NAME,
            summary: "Disease progression from ten measurements; 10-16-1 perceptron with tanh, mean \
                squared error, minibatches of 32. Features keep the ratios of their original units, \
                which makes the problem ill-conditioned on purpose.",
            data: "Diabetes data of Efron et al. 2004: 354 patients to train on, 88 to validate with, \
                divided by a fixed shuffle; features centred, divided by one common factor; target \
                standardised; all by the statistics of the training patients.",
            family: Family::Regression,
            metric: Metric {
                name: "validation mean squared error",
                unit: "target variance",
                direction: Direction::LowerIsBetter,
            },
            companion: None,
            parameter_count: layout.parameter_count(),
            budget_steps: schedule.budget_steps,
            evaluation_interval_steps: schedule.evaluation_interval_steps,
            step_examples: schedule.step_examples,
            step_flops: schedule.step_flops,
        },
        layout,
        settings: SETTINGS,
        training: examples(training),
        validation: examples(validation),
    })
}
