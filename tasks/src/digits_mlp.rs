//! `digits-mlp`: tell handwritten digits apart.

use crate::data::{Digits, DigitsSplit};
use crate::network::{Activation, InitialScale, Shape};
use crate::supervised::{CrossEntropy, Examples, Settings, SupervisedTask};
use crate::{Description, Direction, Family, Metric, Task};

/// The task's name.
pub(crate) const NAME: &str = "digits-mlp";

const SETTINGS: Settings = Settings {
    shape: Shape {
        inputs: Digits::FEATURES,
        hidden: 32,
        outputs: Digits::CLASSES,
        activation: Activation::Relu,
    },
    hidden_scale: InitialScale::He,
    batch_size: 32,
    budget_steps: 300,
    evaluation_interval_steps: 20,
};

/// The task, over the embedded data.
pub(crate) fn task() -> Box<dyn Task> {
    let DigitsSplit {
        training,
        validation,
    } = DigitsSplit::embedded();
    let examples = |part: &'static Digits| Examples {
        features: &part.features,
        targets: &part.labels,
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
