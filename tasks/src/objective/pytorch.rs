//! Every objective beside PyTorch's loss, value and gradient, at outputs and targets of a formula.

use std::collections::BTreeSet;

use super::{Contrast, CrossEntropy, Objective, SquaredError, evaluate};
use crate::fixture::{self, Formula, Quantity, ROWS, TOLERANCE, Use};
use crate::network::Matrix;

/// What is stored, and what of it has been asked for.
struct Comparison {
    stored: Vec<Quantity>,
    names: BTreeSet<&'static str>,
}

impl Comparison {
    /// Compares an objective of so many outputs, which are `scale` times the formula's numbers.
    fn assert<O: Objective>(
        &mut self,
        name: &'static str,
        objective: &O,
        (columns, scale): (usize, f32),
        targets: impl Fn(Formula) -> Vec<O::Target>,
    ) {
        let mut stored = self.stored.iter().filter(|it| it.of == name);
        let (Some(value), Some(gradient), None) = (stored.next(), stored.next(), stored.next())
        else {
            panic!("{name} has a value and a gradient: tests/fixtures/make_models.py");
        };
        let formula = value.formula;
        let targets = targets(formula);
        let mut outputs = formula.matrix(Use::Weights, columns);
        for output in outputs.numbers_mut(0..ROWS) {
            *output *= scale;
        }
        assert_eq!([&value.name, &gradient.name], ["value", "gradient"]);
        let of_value = evaluate(objective, &outputs, &targets).value;
        let mut of_outputs = Matrix::zeros(ROWS, columns);
        let mut scratch = vec![f32::NAN; objective.scratch(ROWS)];
        objective.gradient(&outputs, &targets, &mut of_outputs, &mut scratch);
        for (expected, found) in [
            (value, &[of_value as f32][..]),
            (gradient, of_outputs.numbers(0..ROWS)),
        ] {
            let distance = expected.distance(found);
            println!("{distance:.1e} {name}: {}", expected.name);
            assert!(distance < TOLERANCE);
        }
        self.names.insert(name);
    }
}

/// Classes for so many labels of each example.
fn labels(formula: Formula, count: usize, classes: usize) -> Vec<u8> {
    let labels = formula.integers(Use::Inputs, classes);
    labels.take(ROWS * count).map(|label| label as u8).collect()
}

#[test]
fn every_objective_is_pytorchs() {
    let mut comparison = Comparison {
        stored: fixture::read("objectives.csv.gz"),
        names: BTreeSet::new(),
    };
    let objective = CrossEntropy::of_classes(5);
    comparison.assert("cross-entropy", &objective, (5, 2.0), |formula| {
        labels(formula, 1, 5)
    });
    let objective = CrossEntropy::of_characters(3);
    let name = "cross-entropy of several labels";
    comparison.assert(name, &objective, (12, 2.0), |formula| labels(formula, 4, 3));
    comparison.assert(
        "squared error",
        &SquaredError::of_numbers(),
        (1, 1.0),
        |formula| formula.numbers(Use::Inputs).take(ROWS).collect(),
    );
    comparison.assert(
        "reconstruction",
        &SquaredError::<Option<f32>>::of_pixels(),
        (7, 1.0),
        |formula| {
            let targets = formula.numbers(Use::Inputs).take(7 * ROWS);
            let asked_for = formula.integers(Use::Tensor(0), 2);
            let targets = targets.zip(asked_for);
            targets
                .map(|(it, asked)| (asked == 0).then_some(it))
                .collect()
        },
    );
    let objective = Contrast {
        dimensions: 4,
        temperature: 0.5,
    };
    comparison.assert("contrast", &objective, (8, 1.0), |_| Vec::new());
    let stored = comparison.stored.iter().map(|it| it.of.as_str());
    assert_eq!(comparison.names, stored.collect(), "fixtures are compared");
}
