//! Every model that the tasks train beside PyTorch's, both passes, at parameters and inputs of a formula.
//!
//! The loss is a weighted sum of the outputs, so that nothing but the model shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::{Maker, OwnTable, Sources, TASKS, TaskEntry};
use crate::data::{Divided, ImageData, ImageSet};
use crate::fixture::{self, Formula, Quantity, ROWS, TOLERANCE, Use, greatest};
use crate::network::{Activations, Matrix, Model};
use crate::{Family, Task};

/// The task of an entry, on whatever data: models depend on their sizes only.
fn task(entry: &TaskEntry) -> Arc<dyn Task> {
    match entry.maker {
        Maker::Bundled(_) | Maker::Text(_) => entry.open(&Sources::default()).expect(entry.name),
        Maker::Images(data, make) => make(entry.name, black_images(data)),
        Maker::Table(make) => {
            let file = NamedTempFile::new().expect("a temporary file");
            std::fs::write(&file, table()).expect("a written file");
            let table = OwnTable {
                file: file.path().to_owned(),
                target: "class".to_owned(),
            };
            make(entry.name, &table).expect(entry.name)
        }
    }
}

fn black_images(data: ImageData) -> Divided<ImageSet> {
    let (shape, classes) = (data.shape(), data.classes());
    let part = || ImageSet::made_up(shape, classes, vec![0; shape.pixels()], vec![0]);
    Divided {
        training: part(),
        validation: part(),
    }
}

/// Five features that vary, and three classes.
fn table() -> String {
    let row = |row: usize| {
        let features = [2, 3, 5, 7, 11].map(|divisor| (row % divisor).to_string());
        let class = ["one", "two", "three"][row % 3];
        format!("{},{class}\n", features.join(","))
    };
    format!("a,b,c,d,e,class\n{}", (0..60).map(row).collect::<String>())
}

/// A model with its batch, and what PyTorch made of the same: the outputs, and then the gradient of every tensor.
struct Case<'a> {
    name: &'static str,
    model: &'a Model,
    parameters: Vec<f32>,
    inputs: Matrix,
    weights: Matrix,
    expected: Vec<&'a Quantity>,
}

impl<'a> Case<'a> {
    fn new(task: &'a dyn Task, model: &'a Model, stored: &'a [Quantity]) -> Self {
        let name = task.description().name;
        let expected: Vec<_> = stored.iter().filter(|it| it.of == name).collect();
        let [outputs, tensors @ ..] = expected.as_slice() else {
            panic!("{name} has no fixture: tests/fixtures/make_models.py");
        };
        assert_eq!(outputs.name, "outputs");
        assert_eq!((outputs.rows, outputs.columns), (ROWS, model.outputs()));
        let told = |it: &&Quantity| (it.name.clone(), it.rows, it.columns);
        let tensors: Vec<_> = tensors.iter().map(told).collect();
        let layout = model.layout().tensors();
        let own = layout
            .iter()
            .map(|it| (it.name.clone(), it.rows, it.columns));
        assert_eq!(own.collect::<Vec<_>>(), tensors, "tensors of {name}");

        let formula = outputs.formula;
        let mut inputs = formula.matrix(Use::Inputs, model.inputs());
        if task.description().family == Family::Sequence {
            let vocabulary = layout[0].rows;
            let tokens = formula.integers(Use::Inputs, vocabulary);
            for (input, token) in inputs.numbers_mut(0..ROWS).iter_mut().zip(tokens) {
                *input = token as f32;
            }
        }
        Self {
            name,
            parameters: parameters(model, formula),
            inputs,
            weights: formula.matrix(Use::Weights, model.outputs()),
            model,
            expected,
        }
    }

    /// The distances of outputs and gradients from what they should be, in the order of `expected`.
    fn distances(&self, parameters: &[f32]) -> Vec<f64> {
        let (outputs, gradient) = self.passes(parameters);
        let layout = self.model.layout().tensors().iter();
        let of_gradient = layout.map(|tensor| &gradient[tensor.range()]);
        let found = std::iter::once(&outputs[..]).chain(of_gradient);
        let pairs = self.expected.iter().zip(found);
        pairs
            .map(|(expected, found)| expected.distance(found))
            .collect()
    }

    /// Outputs, and the gradient of their weighted sum.
    fn passes(&self, parameters: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let Self {
            model,
            inputs,
            weights,
            ..
        } = self;
        let mut activations = Activations::for_training(model, ROWS);
        model.forward(parameters, inputs, 0..ROWS, &mut activations);
        let (outputs, output_gradient) = activations.for_loss();
        let outputs = outputs.numbers(0..ROWS).to_vec();
        let weights = weights.numbers(0..ROWS);
        output_gradient
            .numbers_mut(0..ROWS)
            .copy_from_slice(weights);
        let mut gradient = vec![0.0; parameters.len()];
        model.backward(parameters, inputs, ROWS, &mut activations, &mut gradient);
        (outputs, gradient)
    }
}

/// Parameters that are smaller the more numbers a unit sums, by a power of 2, so that sums stay around 1.
fn parameters(model: &Model, formula: Formula) -> Vec<f32> {
    let mut parameters = vec![0.0; model.layout().arena_len()];
    for (index, tensor) in model.layout().tensors().iter().enumerate() {
        let scale = 1.0 / (1 << (tensor.rows.ilog2() / 2)) as f32;
        let elements = parameters[tensor.range()].iter_mut();
        for (element, number) in elements.zip(formula.numbers(Use::Tensor(index))) {
            *element = scale * number;
        }
    }
    parameters
}

/// Does something with every model of the catalogue that PyTorch can be asked about.
fn for_each_case(stored: &[Quantity], mut visit: impl FnMut(Case<'_>)) {
    for entry in TASKS {
        let task = task(entry);
        match (task.description().family, task.model()) {
            (_, Some(model)) => visit(Case::new(&*task, model, stored)),
            // Functions of the parameters alone.
            (Family::IllConditioned, None) => {}
            (_, None) => panic!("{} shows no model", entry.name),
        }
    }
}

#[test]
fn every_model_computes_what_pytorch_does() {
    let stored = fixture::read("models.csv.gz");
    let mut names = BTreeSet::new();
    for_each_case(&stored, |case| {
        for (expected, distance) in case.expected.iter().zip(case.distances(&case.parameters)) {
            println!("{distance:.1e} {}: {}", case.name, expected.name);
            assert!(distance < TOLERANCE);
        }
        names.insert(case.name);
    });
    let stored = stored.iter().map(|it| it.of.as_str());
    assert_eq!(names, stored.collect(), "fixtures are of tasks");
}

#[test]
fn a_parameter_that_is_off_by_a_thousandth_is_noticed() {
    let stored = fixture::read("models.csv.gz");
    for_each_case(&stored, |case| {
        let (_, gradient) = case.passes(&case.parameters);
        for tensor in case.model.layout().tensors() {
            // One that matters: a unit that is shut and a token that does not occur do nothing.
            let strongest = tensor.range().max_by(|one, other| {
                let [one, other] = [one, other].map(|index| gradient[*index].abs());
                one.total_cmp(&other)
            });
            let mut parameters = case.parameters.clone();
            parameters[strongest.expect("an element")] += 1e-3;
            let distance = greatest(&case.distances(&parameters));
            println!("{distance:.1e} {}: {}", case.name, tensor.name);
            assert!(distance > 10.0 * TOLERANCE);
        }
    });
}
