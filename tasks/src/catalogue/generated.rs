//! Regression on data that are computed: curves and interactions to be found among noise, and features so correlated
//! that a first-order rule crawls.

use std::sync::Arc;

use super::TaskEntry;
use super::networks::Perceptron;
use crate::data::{
    CORRELATED_FEATURES, Divided, ExampleTable, FRIEDMAN_FEATURES, TEACHER_FEATURES,
    correlated_regression, friedman1, random_teacher,
};
use crate::network::{Dense, Model};
use crate::objective::SquaredError;
use crate::supervised::Supervised;
use crate::{Family, Task};

/// Friedman's first function.
pub(super) const FRIEDMAN: TaskEntry = TaskEntry::bundled("friedman1-mlp", |name| {
    Generated {
        family: Family::Regression,
        summary: "Friedman's first function of ten features, five of which do nothing; 10-32-1 perceptron with ReLU",
        data: "Friedman 1991: 1,000 examples to train on, 500 to validate with; uniform features, standardised; noise is \
            4 % of the target's variance.",
        examples: friedman1(),
        model: perceptron(FRIEDMAN_FEATURES).model(),
    }
    .task(name)
});

/// A network that learns what another one does.
pub(super) const TEACHER: TaskEntry = TaskEntry::bundled("teacher-mlp", |name| {
    Generated {
        family: Family::Regression,
        summary: "What a random network of eight hidden units with tanh makes of its inputs; 16-32-1 perceptron with ReLU",
        data: "A fixed random teacher, after Saad and Solla 1995: 1,000 examples to train on, 500 to validate with; normal \
            features; no noise.",
        examples: random_teacher(),
        model: perceptron(TEACHER_FEATURES).model(),
    }
    .task(name)
});

/// Linear regression whose Hessian has a condition number of 10,000.
pub(super) const CORRELATED: TaskEntry = TaskEntry::bundled("correlated-regression", |name| {
    const CONDITION_NUMBER: f64 = 1e4;
    Generated {
        family: Family::IllConditioned,
        summary: "Linear regression on 16 correlated features: the Hessian has a condition number of 10,000, and each of its \
            directions explains as much of the target as any other",
        data: "Features with just that covariance over 1,000 training examples; 500 more to validate with; noise is 1 % of \
            the target's variance.",
        examples: correlated_regression(CONDITION_NUMBER),
        model: Model::of(CORRELATED_FEATURES).then("output", Dense::new(CORRELATED_FEATURES, 1)),
    }
    .task(name)
});

/// What makes one of these tasks differ from another.
struct Generated {
    family: Family,
    summary: &'static str,
    data: &'static str,
    examples: Divided<ExampleTable<f32>>,
    model: Model,
}

impl Generated {
    fn task(self, name: &'static str) -> Arc<dyn Task> {
        const BATCH_SIZE: usize = 32;
        Supervised {
            name,
            summary: format!(
                "{}, mean squared error, minibatches of {BATCH_SIZE}.",
                self.summary
            ),
            data: self.data.to_owned(),
            family: self.family,
            examples: self.examples,
            model: self.model,
            objective: SquaredError::of_numbers(),
            batch_size: BATCH_SIZE,
            budget_steps: 300,
            evaluation_interval_steps: 30,
        }
        .task()
    }
}

/// One hidden layer of 32 units, and one output.
const fn perceptron(features: usize) -> Perceptron {
    Perceptron {
        inputs: features,
        hidden: 32,
        outputs: 1,
    }
}
