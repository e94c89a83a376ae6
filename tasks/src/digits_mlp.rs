//! `digits-mlp`: tell handwritten digits apart.

use crate::data::{ClassData, Divided, ExampleTable};
use crate::network::{Activation, InitialScale, Shape};
use crate::supervised::{CrossEntropy, Examples, Settings, SupervisedTask};
use crate::{Description, Direction, Family, Metric, Task};

/// The task's name.
pub(crate) const NAME: &str = "digits-mlp";

const SETTINGS: Settings = Settings {
    shape: Shape {
        inputs: ClassData::Digits.features(),
        hidden: 32,
        outputs: ClassData::Digits.classes(),
        activation: Activation::Relu,
    },
    hidden_scale: InitialScale::He,
    batch_size: 32,
    budget_steps: 300,
    evaluation_interval_steps: 20,
};

/// The task, over the embedded data.
pub(crate) fn task() -> Box<dyn Task> {
    let Divided {
        training,
        validation,
    } = ClassData::Digits.divided();
    let examples = |part: &'static ExampleTable<u8>| Examples {
        features: part.feature_matrix(),
        targets: part.targets(),
    };
    let layout = SETTINGS.shape.layout();
    let schedule = SETTINGS.schedule();
    Box::new(SupervisedTask::<CrossEntropy> {
        description: Description {
            name: NAME,
            summary: "Handwritten digits, 8x8 pixels; 64-32-10 perceptron with ReLU, softmax \
                cross-entropy, minibatches of 32.",
            data: "UCI Optical Recognition of Handwritten Digits: 1,437 images to train on, \
                360 to validate with, divided by a fixed shuffle; pixels scaled to [0, 1].",
            family: Family::Classification,
            metric: Metric {
                name: "validation cross-entropy",
                unit: "nats, clipped at 1.5 ln 10",
                direction: Direction::LowerIsBetter,
            },
            companion: Some(Metric {
                name: "validation accuracy",
                unit: "fraction",
                direction: Direction::HigherIsBetter,
            }),
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
