//! Small tables of classes: each with a linear model and with one hidden layer.

use std::sync::Arc;

use super::TaskEntry;
use crate::data::ClassData;
use crate::network::{Dense, Model};
use crate::objective::CrossEntropy;
use crate::supervised::Supervised;
use crate::{Family, Task};

/// Irises, linear.
pub(super) const IRIS_LOGISTIC: TaskEntry =
    TaskEntry::bundled("iris-logistic", |name| logistic(name, &IRIS));
/// Irises, one hidden layer.
pub(super) const IRIS_MLP: TaskEntry = TaskEntry::bundled("iris-mlp", |name| mlp(name, &IRIS));
/// Wines, linear.
pub(super) const WINE_LOGISTIC: TaskEntry =
    TaskEntry::bundled("wine-logistic", |name| logistic(name, &WINE));
/// Wines, one hidden layer.
pub(super) const WINE_MLP: TaskEntry = TaskEntry::bundled("wine-mlp", |name| mlp(name, &WINE));
/// Tumours, linear.
pub(super) const BREAST_CANCER_LOGISTIC: TaskEntry =
    TaskEntry::bundled("breast-cancer-logistic", |name| {
        logistic(name, &BREAST_CANCER)
    });
/// Tumours, one hidden layer.
pub(super) const BREAST_CANCER_MLP: TaskEntry =
    TaskEntry::bundled("breast-cancer-mlp", |name| mlp(name, &BREAST_CANCER));

/// A data set and how long to train on it.
struct Table {
    data: ClassData,
    /// What is told apart by what.
    subject: &'static str,
    source: &'static str,
    budget_steps: u32,
}

const IRIS: Table = Table {
    data: ClassData::Iris,
    subject: "Three species of iris by four measurements",
    source: "Iris (Fisher 1936): 120 flowers to train on, 30 to validate with",
    budget_steps: 100,
};
const WINE: Table = Table {
    data: ClassData::Wine,
    subject: "Three cultivars of wine by 13 chemical measurements",
    source: "UCI Wine (Forina et al. 1988): 142 wines to train on, 36 to validate with",
    budget_steps: 100,
};
const BREAST_CANCER: Table = Table {
    data: ClassData::BreastCancer,
    subject: "Malignant and benign tumours by 30 measurements of cell nuclei",
    source: "UCI Breast Cancer Wisconsin (Street et al. 1993): 456 tumours to train on, 113 to validate with",
    budget_steps: 150,
};

/// Units of the hidden layer.
const HIDDEN: usize = 16;
const BATCH_SIZE: usize = 16;

fn logistic(name: &'static str, table: &Table) -> Arc<dyn Task> {
    let (features, classes) = (table.data.features(), table.data.classes());
    let model = Model::of(features).then("output", Dense::new(features, classes));
    task(name, table, "softmax regression", model)
}

fn mlp(name: &'static str, table: &Table) -> Arc<dyn Task> {
    let (features, classes) = (table.data.features(), table.data.classes());
    let model = Model::of(features)
        .then("hidden", Dense::new(features, HIDDEN).tanh())
        .then("output", Dense::new(HIDDEN, classes));
    let kind = format!("{features}-{HIDDEN}-{classes} perceptron with tanh");
    task(name, table, &kind, model)
}

fn task(name: &'static str, table: &Table, kind: &str, model: Model) -> Arc<dyn Task> {
    Supervised {
        name,
        summary: format!(
            "{}; {kind}, softmax cross-entropy, minibatches of {BATCH_SIZE}.",
            table.subject
        ),
        data: format!(
            "{}, a fifth of each class by a fixed shuffle; features standardised.",
            table.source
        ),
        family: Family::Classification,
        examples: table.data.divided(),
        model,
        objective: CrossEntropy::of_classes(table.data.classes()),
        batch_size: BATCH_SIZE,
        budget_steps: table.budget_steps,
        evaluation_interval_steps: table.budget_steps / 10,
    }
    .task()
}
