//! The progression of a disease, from badly scaled measurements.

use super::TaskEntry;
use crate::Family;
use crate::data::{DIABETES_FEATURES, diabetes};
use crate::network::{Dense, Model};
use crate::objective::SquaredError;
use crate::supervised::Supervised;

/// One hidden layer with tanh.
pub(super) const MLP: TaskEntry = TaskEntry::bundled("diabetes-mlp", |name| {
    Supervised {
        name,
        summary: "Disease progression from ten measurements; 10-16-1 perceptron with tanh, mean \
            squared error, minibatches of 32. Features keep the ratios of their original units, \
            which makes the problem ill-conditioned on purpose."
            .to_owned(),
        data: "Diabetes data of Efron et al. 2004: 354 patients to train on, 88 to validate with, \
            divided by a fixed shuffle; features centred, divided by one common factor; target \
            standardised; all by the statistics of the training patients."
            .to_owned(),
        family: Family::Regression,
        examples: diabetes(),
        model: Model::of(DIABETES_FEATURES)
            .then("hidden", Dense::new(DIABETES_FEATURES, 16).tanh())
            .then("output", Dense::new(16, 1)),
        objective: SquaredError::of_numbers(),
        batch_size: 32,
        budget_steps: 200,
        evaluation_interval_steps: 20,
    }
    .task()
});
