//! A learner as a struct of all that it keeps, with `fit` and `predict`.

use mlevolve_ir::{Dimensions, Shape};

use super::super::code::{Block, Symbol, write};
use super::super::learner::Learner;
use super::super::names::symbol;
use super::super::python::{Code, extents};
use super::expectation::{Machine, are_told, nudged, numbers};
use super::{MATRICES, RESERVED, array, line, untested};
use crate::program::{CellIndex, Program, Role};
use crate::schema::learner::{FEATURES, LABEL, LEARN, PREDICT, PREDICTION, SEED, SETUP, STEP};

/// Features and examples of the test.
const TESTED: (usize, usize) = (3, 4);

/// The struct and its methods.
pub(super) fn items(code: &mut Code, program: &Program, name: &str) {
    let learner = Learner::new(program, RESERVED);
    let symbol_of = |cell: CellIndex| symbol(&learner.program, &learner.settings, RESERVED, cell);
    let field = |cell: CellIndex| match symbol_of(cell) {
        Symbol::Name(name) => name,
        Symbol::Number(_) => unreachable!("state is no number"),
    };
    code.line(0, "/// The learner: its constants, and what it has learnt.");
    code.line(0, "#[derive(Clone, Debug, PartialEq)]")
        .line(0, &format!("pub struct {name} {{"));
    code.line(1, "/// Numbers that describe an example.")
        .line(1, "pub features: usize,");
    code.line(
        1,
        "/// Whether labels are 0 or 1, and predictions the chance of 1.",
    )
    .line(1, "pub classification: bool,");
    for setting in &learner.settings {
        code.line(
            1,
            &format!("/// A learned constant: {}.", setting.literal()),
        );
        code.line(1, &format!("pub {}: f32,", setting.name));
    }
    let mut initial = Vec::new();
    for input in [STEP, SEED] {
        if learner.reads(input) {
            code.line(1, &format!("pub {input}: f32,"));
            let value = if input == SEED { "seed" } else { "0.0" };
            initial.push(if input == SEED {
                "seed,".to_owned()
            } else {
                format!("{input}: {value},")
            });
        }
    }
    for &state in &learner.states {
        let shape = learner.program.cell(state).shape;
        let (kind, zeros) = match shape {
            Shape::Scalar => ("f32", "0.0".to_owned()),
            shape => (
                "Matrix",
                format!(
                    "Matrix::full({}, 0.0)",
                    extents(shape).replace("rows", "features")
                ),
            ),
        };
        code.line(1, &format!("pub {}: {kind},", field(state)));
        initial.push(format!("{}: {zeros},", field(state)));
    }
    code.line(0, "}")
        .blank(1)
        .line(0, &format!("impl {name} {{"));
    let seed = if learner.reads(SEED) { "seed" } else { "_seed" };
    code.line(1, "/// A learner of so many features that has learnt nothing; `seed` tells its random numbers from others'.");
    code.line(
        1,
        &format!("pub fn new(features: usize, {seed}: f32) -> Self {{"),
    );
    code.line(2, "let mut learner = Self {")
        .line(3, "features,")
        .line(3, "classification: false,");
    for setting in &learner.settings {
        code.line(3, &format!("{}: {},", setting.name, setting.literal()));
    }
    for line in initial {
        code.line(3, &line);
    }
    code.line(2, "};")
        .line(2, "learner.setup();")
        .line(2, "learner")
        .line(1, "}")
        .blank(1);
    let prediction = learner.program.cell_named(PREDICTION);
    let is_vector = prediction.is_some_and(|cell| !learner.program.cell(cell).shape.is_scalar());
    around(code, is_vector);
    for (place, function) in [
        (SETUP, "setup"),
        (PREDICT, "predict_in_place"),
        (LEARN, "learn"),
    ] {
        code.blank(1);
        let block = write(
            &learner.program,
            &learner.routines[place],
            &MATRICES,
            &symbol_of,
        );
        method(code, &learner, &block, place, function, &field);
    }
    code.line(0, "}");
}

/// `fit` and `predict`.
fn around(code: &mut Code, is_vector: bool) {
    let sigmoid = |text: &str| format!("1.0 / (1.0 + (-{text}).exp())");
    code.line(
        1,
        "/// Learns from an example: its features, and its label.",
    );
    code.line(
        1,
        "pub fn fit(&mut self, features: &[f32], label: &[f32]) {",
    );
    code.line(2, "let example = Matrix::column(features);");
    code.line(2, "self.predict_in_place(&example);")
        .line(2, "if self.classification {");
    if is_vector {
        code.line(3, "for chance in &mut self.prediction.data {");
        code.line(4, &format!("*chance = {};", sigmoid("*chance")))
            .line(3, "}");
    } else {
        code.line(
            3,
            &format!("self.prediction = {};", sigmoid("self.prediction")),
        );
    }
    let label = if is_vector {
        "&Matrix::column(label)"
    } else {
        "label[0]"
    };
    code.line(2, "}")
        .line(2, &format!("self.learn(&example, {label});"))
        .line(1, "}")
        .blank(1);
    code.line(
        1,
        "/// The prediction for an example; what is learnt stays as it is.",
    );
    code.line(1, "pub fn predict(&self, features: &[f32]) -> Vec<f32> {");
    code.line(2, "let mut learner = self.clone();");
    code.line(2, "learner.predict_in_place(&Matrix::column(features));");
    let prediction = if is_vector {
        "learner.prediction.data"
    } else {
        "vec![learner.prediction]"
    };
    code.line(2, &format!("let prediction = {prediction};"));
    code.line(2, "if self.classification {");
    code.line(
        3,
        &format!(
            "prediction.iter().map(|&chance| {}).collect()",
            sigmoid("chance")
        ),
    );
    code.line(2, "} else {")
        .line(3, "prediction")
        .line(2, "}")
        .line(1, "}");
}

fn method(
    code: &mut Code,
    learner: &Learner,
    block: &Block,
    place: usize,
    function: &str,
    field: &dyn Fn(CellIndex) -> String,
) {
    let routine = &learner.routines[place];
    let is_vector = {
        let label = learner.program.cell_named(LABEL);
        label.is_some_and(|cell| !learner.program.cell(cell).shape.is_scalar())
    };
    let reads = |name: &str| {
        learner
            .program
            .cell_named(name)
            .is_some_and(|cell| block.reads(cell))
    };
    let x = if reads(FEATURES) { "x" } else { "_x" };
    let y = if reads(LABEL) { "y" } else { "_y" };
    let label = if is_vector { "&Matrix" } else { "f32" };
    let arguments = match place {
        PREDICT => format!(", {x}: &Matrix"),
        LEARN => format!(", {x}: &Matrix, {y}: {label}"),
        _ => String::new(),
    };
    code.line(1, &format!("fn {function}(&mut self{arguments}) {{"));
    if place == PREDICT && learner.reads(STEP) {
        code.line(2, "self.step += 1.0;");
    }
    let mut lines = Code::default();
    if place == SETUP && reads(FEATURES) {
        lines.line(2, "let x = &Matrix::full(self.features, 1, 0.0);");
    }
    let mut needs_copy = false;
    for (cell, described) in CellIndex::enumerate(learner.program.cells()) {
        if !block.reads(cell) {
            continue;
        }
        let is_setting = learner.settings.iter().any(|setting| setting.cell == cell);
        match (described.role, described.name.as_str()) {
            (Role::Constant(_), _) if !is_setting => {}
            (Role::Input, FEATURES | LABEL) | (Role::Scratch | Role::Output, _) => {}
            (Role::Constant(_) | Role::Input | Role::State, _) => {
                let name = field(cell);
                needs_copy = true;
                let reference = if described.shape.is_scalar() { "" } else { "&" };
                lines.line(2, &format!("let {name} = {reference}before.{name};"));
            }
        }
    }
    for each in &block.lines {
        line(&mut lines, 2, each);
    }
    for (cell, end) in &block.ends {
        let shape = learner.program.cell(*cell).shape;
        let is_scalar = routine
            .end(*cell)
            .is_some_and(|value| routine.shape(value).is_scalar());
        let text = match (shape.is_scalar(), is_scalar) {
            (true, _) => end.text.clone(),
            (false, true) => format!("Matrix::full({}, {})", extents(shape), end.text),
            (false, false) => format!("{}.clone()", end.text),
        };
        lines.line(2, &format!("self.{} = {text};", field(*cell)));
    }
    if needs_copy {
        code.line(2, "let before = self.clone();");
    }
    let lines = lines.text();
    if lines.contains("rows") {
        code.line(2, "let rows = self.features;");
    }
    code.lines(0, &lines).line(1, "}");
}

/// The test of a learner.
pub(super) fn test(code: &mut Code, program: &Program, name: &str) {
    let (features, examples) = TESTED;
    let label = program.cell_named(LABEL);
    let is_vector = label.is_some_and(|cell| !program.cell(cell).shape.is_scalar());
    let outputs = if is_vector { features } else { 1 };
    let taught = |nudge: &dyn Fn(Vec<f32>) -> Vec<f32>| {
        let mut machine = Machine::new(program, Dimensions::new(features, features));
        let nothing = vec![0.0; features];
        machine.call(
            SETUP,
            &[(FEATURES, &nothing), (STEP, &[0.0]), (SEED, &[0.0])],
        );
        let examples = (0..examples).map(|number| {
            let x = nudge(numbers(features, number));
            let y = nudge(numbers(outputs, number + 7));
            let step = [(number + 1) as f32];
            machine.call(PREDICT, &[(FEATURES, &x), (STEP, &step)]);
            let prediction = machine.content(PREDICTION, outputs);
            machine.call(LEARN, &[(FEATURES, &x), (LABEL, &y), (STEP, &step)]);
            [x, y, prediction]
        });
        examples.collect::<Vec<_>>()
    };
    let pairs = taught(&|it| it).into_iter().zip(taught(&|it| nudged(&it)));
    let told = pairs.take_while(|(example, other)| are_told(&example[2], &other[2]));
    let expected: Vec<[Vec<f32>; 3]> = told.map(|(example, _)| example).collect();
    if expected.is_empty() {
        untested(code);
        return;
    }
    code.blank(1)
        .line(1, "#[test]")
        .line(1, "fn it_learns_as_the_interpreter_does() {");
    code.line(
        2,
        &format!("let mut learner = {name}::new({features}, 0.0);"),
    );
    let kind = format!("([f32; {features}], [f32; {outputs}], [f32; {outputs}])");
    code.line(
        2,
        &format!("let examples: [{kind}; {}] = [", expected.len()),
    );
    for example in &expected {
        let [x, y, prediction] = [0, 1, 2].map(|place| array(&example[place]));
        code.line(3, &format!("({x}, {y}, {prediction}),"));
    }
    code.line(2, "];")
        .line(2, "for (features, label, expected) in examples {");
    code.line(3, "assert_close(&learner.predict(&features), &expected);");
    code.line(3, "learner.fit(&features, &label);")
        .line(2, "}")
        .line(1, "}");
}
