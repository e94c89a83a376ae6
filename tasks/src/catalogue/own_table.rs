//! A user's own table: a perceptron that predicts one of its columns from the others.

use std::sync::Arc;

use super::networks::Perceptron;
use super::{Maker, TaskEntry};
use crate::data::{CsvData, CsvExamples, Divided, ExampleTable, load_csv};
use crate::objective::{CrossEntropy, Objective, SquaredError};
use crate::supervised::Supervised;
use crate::{Family, Task};

/// The table that a user names.
pub(super) const CSV: TaskEntry = TaskEntry {
    name: "csv",
    maker: Maker::Table(|name, table| {
        let data = load_csv(&table.file, &table.target)?;
        let source = table.file.display().to_string();
        Ok(task(name, &source, data))
    }),
};

/// Units of the hidden layer.
const HIDDEN: usize = 32;
/// The size of minibatches, where there are so many examples.
const BATCH_SIZE: usize = 32;

fn task(name: &'static str, source: &str, data: CsvData) -> Arc<dyn Task> {
    let of = Subject {
        name,
        source,
        target: &data.target,
        left_out: &data.constant_features,
    };
    match data.examples {
        CsvExamples::Regression(examples) => of.task(
            Family::Regression,
            examples,
            1,
            SquaredError::of_numbers(),
            "mean squared error",
        ),
        CsvExamples::Classification { examples, classes } => {
            let classes = classes.len();
            let objective = CrossEntropy::of_classes(classes);
            let loss = "softmax cross-entropy";
            of.task(Family::Classification, examples, classes, objective, loss)
        }
    }
}

/// What is predicted, and from what.
struct Subject<'a> {
    name: &'static str,
    source: &'a str,
    target: &'a str,
    left_out: &'a [String],
}

impl Subject<'_> {
    fn task<Target, O>(
        &self,
        family: Family,
        examples: Divided<ExampleTable<Target>>,
        outputs: usize,
        objective: O,
        loss: &str,
    ) -> Arc<dyn Task>
    where
        Target: Copy + Default + Send + Sync + 'static,
        O: Objective<Target = Target> + 'static,
    {
        let features = examples.training.feature_count();
        let batch_size = BATCH_SIZE.min(examples.training.count());
        let left_out = match self.left_out {
            [] => String::new(),
            names => format!("; without {}, which do not vary", names.join(", ")),
        };
        let network = Perceptron {
            inputs: features,
            hidden: HIDDEN,
            outputs,
        };
        Supervised {
            name: self.name,
            summary: format!(
                "`{}` by {features} features; {}, {loss}, minibatches of {batch_size}.",
                self.target,
                network.description()
            ),
            data: format!(
                "{}: {} examples to train on, {} to validate with, by a fixed shuffle; standardised{left_out}.",
                self.source,
                examples.training.count(),
                examples.validation.count()
            ),
            family,
            model: network.model(),
            examples,
            objective,
            batch_size,
            budget_steps: 300,
            evaluation_interval_steps: 20,
        }
        .task()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parse_csv;
    use crate::{Outcome, ParameterLayout, UpdateRule};

    struct GradientDescent;

    impl UpdateRule for GradientDescent {
        fn reset(&mut self, _layout: &ParameterLayout) {}

        fn step(&mut self, _step: u32, parameters: &mut [f32], gradient: &[f32]) {
            for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
                *parameter -= 0.1 * gradient;
            }
        }
    }

    /// What is predicted is a function of the features, so that it can be learnt.
    fn table(target: impl Fn(usize) -> String) -> CsvData {
        let rows = (0..60).map(|row| format!("{},{},{}\n", row % 10, row % 7, target(row)));
        let text = format!("a,b,y\n{}", rows.collect::<String>());
        parse_csv("test.csv", text.as_bytes(), "y").expect("a table")
    }

    #[test]
    fn both_kinds_of_targets_can_be_learnt() {
        let numbers = table(|row| format!("{}", 2 * (row % 10) + row % 7));
        let classes = table(|row| if row % 10 < 5 { "few" } else { "many" }.to_owned());
        for (data, family) in [
            (numbers, Family::Regression),
            (classes, Family::Classification),
        ] {
            let task = task("csv", "test.csv", data);
            assert_eq!(task.description().family, family);
            assert!(task.description().summary.starts_with("`y` by 2 features"));
            let run = task.run(&mut GradientDescent, 1);
            assert_eq!(run.curve.outcome, Outcome::Completed);
            let [first, .., last] = &run.curve.points[..] else {
                panic!("a curve has several points");
            };
            assert!(last.value < 0.3 * first.value, "{family}: {}", last.value);
        }
    }
}
