//! A learner as a Python class with `fit` and `predict`, for PyTorch or NumPy.
//!
//! ```text
//!   __init__ ──► setup ──► state
//!   fit:      for each example  predict ─► learn        on the learner's own state
//!   predict:  for each example  predict                 on a copy of it
//! ```

use mlevolve_ir::Shape;

use super::code::{Block, Dialect, Symbol, write};
use super::names::{Setting, settings, symbol};
use super::python::{Code, RESERVED, described_settings, docstring, parameters};
use super::routine::{Meaning, Routine};
use crate::program::{CellIndex, Program, Role};
use crate::schema::learner::{FEATURES, LABEL, LEARN, PREDICT, PREDICTION, SEED, SETUP, STEP};

/// What the libraries write differently.
pub(super) struct Library {
    pub(super) dialect: &'static Dialect,
    /// A column or matrix of zeros, of these extents.
    pub(super) zeros: fn(&str) -> String,
    /// A scalar of an expression of Python.
    pub(super) scalar: fn(&str) -> String,
    /// An array of binary32 of whatever the caller has.
    pub(super) array: fn(&str) -> String,
    /// The logistic function of an expression.
    pub(super) sigmoid: fn(&str) -> String,
    /// One array of a list of them.
    pub(super) stack: &'static str,
    /// What decorates `fit` and `predict`.
    pub(super) decorator: &'static str,
}

/// A learner, and what is kept in it from one call to the next.
pub(super) struct Learner {
    pub(super) program: Program,
    /// `setup`, `predict` and `learn`.
    pub(super) routines: [Routine; 3],
    pub(super) settings: Vec<Setting>,
    pub(super) states: Vec<CellIndex>,
}

impl Learner {
    pub(super) fn new(program: &Program, reserved: &[&str]) -> Self {
        let program = program.pruned();
        let effective = program.effective();
        let routines =
            [SETUP, PREDICT, LEARN].map(|place| Routine::new(&program, &effective, place));
        let states = CellIndex::enumerate(program.cells()).filter(|(index, cell)| {
            let mut routines = routines.iter();
            cell.role == Role::State
                && (cell.name == PREDICTION
                    || routines.any(|it| it.reads(*index) || it.end(*index).is_some()))
        });
        Self {
            states: states.map(|(index, _)| index).collect(),
            settings: settings(&program, &[], reserved),
            routines,
            program,
        }
    }

    /// Whether a function reads an input before it writes it.
    pub(super) fn reads(&self, name: &str) -> bool {
        let cell = self.program.cell_named(name);
        cell.is_some_and(|cell| self.routines.iter().any(|routine| routine.reads(cell)))
    }
}

/// The class of a learner.
pub(super) fn class(code: &mut Code, program: &Program, name: &str, library: &Library) {
    let learner = Learner::new(program, RESERVED);
    let label = learner.program.cell_named(LABEL);
    let is_vector = label.is_some_and(|cell| learner.program.cell(cell).shape == Shape::Column);
    code.line(0, &format!("class {name}:"));
    let label = if is_vector {
        "a vector of as many numbers as there are features"
    } else {
        "a number"
    };
    let mut more = vec![
        "Args:".to_owned(),
        "    features: how many numbers describe an example".to_owned(),
    ];
    more.extend(described_settings(&learner.settings));
    more.extend([
        "    classification: whether labels are 0 or 1, and predictions the chance of 1 (default: False)".to_owned(),
        "    seed: what tells this learner's random numbers from others' (default: 0)".to_owned(),
    ]);
    let head =
        format!("A learner: it is its own model and its own update rule. A label is {label}.");
    docstring(code, 1, &learner.program, &head, &more);
    code.blank(1);
    init(code, &learner, library);
    fit(code, library);
    predict(code, library);
    for (place, function) in [(SETUP, "setup"), (PREDICT, "predict"), (LEARN, "learn")] {
        code.blank(1);
        method(code, &learner, library, place, function);
    }
}

fn init(code: &mut Code, learner: &Learner, library: &Library) {
    code.line(1, "def __init__(")
        .line(2, "self,")
        .line(2, "features: int,")
        .line(2, "*,");
    for parameter in parameters(&learner.settings) {
        code.line(2, &format!("{parameter},"));
    }
    code.line(2, "classification: bool = False,")
        .line(2, "seed: float = 0.0,")
        .line(1, "):");
    code.line(2, "self.features = features");
    code.line(2, "self.classification = classification");
    for setting in &learner.settings {
        let name = &setting.name;
        code.line(2, &format!("self.{name} = {}", (library.scalar)(name)));
    }
    code.line(2, "self.state = {");
    if learner.reads(STEP) {
        code.line(3, &format!("\"step\": {},", (library.scalar)("0.0")));
    }
    if learner.reads(SEED) {
        code.line(3, &format!("\"seed\": {},", (library.scalar)("seed")));
    }
    for &state in &learner.states {
        let cell = learner.program.cell(state);
        let zeros = match cell.shape {
            Shape::Scalar => (library.scalar)("0.0"),
            shape => (library.zeros)(&of_features(shape)),
        };
        code.line(3, &format!("\"{}\": {zeros},", cell.name));
    }
    code.line(2, "}")
        .line(2, "self._setup(self.state)")
        .blank(1);
}

/// Extents in features.
fn of_features(shape: Shape) -> String {
    super::python::extents(shape).replace("rows", "features")
}

fn fit(code: &mut Code, library: &Library) {
    if !library.decorator.is_empty() {
        code.line(1, library.decorator);
    }
    code.line(1, "def fit(self, x, y):");
    code.line(2, "\"\"\"Learns from examples, one after another; may be called again with further ones.\"\"\"");
    code.line(
        2,
        &format!(
            "for example, label in zip({}, {}):",
            (library.array)("x"),
            (library.array)("y")
        ),
    );
    code.line(
        3,
        "example, label = example.reshape(-1, 1), label.reshape(self.state[\"prediction\"].shape)",
    );
    code.line(3, "self._predict(self.state, example)");
    code.line(3, "if self.classification:");
    let sigmoid = (library.sigmoid)("self.state[\"prediction\"]");
    code.line(4, &format!("self.state[\"prediction\"] = {sigmoid}"));
    code.line(3, "self._learn(self.state, example, label)");
    code.line(2, "return self").blank(1);
}

fn predict(code: &mut Code, library: &Library) {
    if !library.decorator.is_empty() {
        code.line(1, library.decorator);
    }
    code.line(1, "def predict(self, x):");
    code.line(
        2,
        "\"\"\"A prediction for each example; what is learnt stays as it is.\"\"\"",
    );
    code.line(2, "state = dict(self.state)")
        .line(2, "predictions = []");
    code.line(2, &format!("for example in {}:", (library.array)("x")));
    code.line(3, "self._predict(state, example.reshape(-1, 1))");
    code.line(3, "value = state[\"prediction\"]");
    code.line(
        3,
        "predictions.append(value.reshape(-1) if value.ndim else value)",
    );
    code.line(2, &format!("predictions = {}(predictions)", library.stack));
    code.line(
        2,
        &format!(
            "return {} if self.classification else predictions",
            (library.sigmoid)("predictions")
        ),
    );
}

fn method(code: &mut Code, learner: &Learner, library: &Library, place: usize, function: &str) {
    let routine = &learner.routines[place];
    let symbol = |cell: CellIndex| {
        let symbol = symbol(&learner.program, &learner.settings, RESERVED, cell);
        match learner.program.cell(cell).name.as_str() {
            FEATURES => Symbol::Name("x".to_owned()),
            LABEL => Symbol::Name("y".to_owned()),
            _ => symbol,
        }
    };
    let block: Block = write(&learner.program, routine, library.dialect, &symbol);
    let arguments = match place {
        PREDICT => "self, state, x",
        LEARN => "self, state, x, y",
        _ => "self, state",
    };
    code.line(1, &format!("def _{function}({arguments}):"));
    let mut lines = Code::default();
    let counts = place == PREDICT && learner.reads(STEP);
    if counts {
        lines.line(0, "state[\"step\"] = state[\"step\"] + 1");
    }
    let is_full = |value: &super::routine::Definition| matches!(value.meaning, Meaning::Fill(_));
    if routine.values.iter().any(is_full) {
        lines.line(0, "rows = self.features");
    }
    // `setup` finds no example.
    let x = learner.program.cell_named(FEATURES);
    if place == SETUP && x.is_some_and(|x| routine.reads(x)) {
        lines.line(0, &format!("x = {}", (library.zeros)("self.features, 1")));
    }
    for (cell, described) in CellIndex::enumerate(learner.program.cells()) {
        let Symbol::Name(name) = symbol(cell) else {
            continue;
        };
        if !routine.reads(cell) {
            continue;
        }
        match (described.role, described.name.as_str()) {
            (Role::Constant(_), _) => lines.line(0, &format!("{name} = self.{name}")),
            (Role::Input, FEATURES | LABEL) => &mut lines,
            (Role::Input | Role::State, key) => {
                lines.line(0, &format!("{name} = state[\"{key}\"]"))
            }
            (Role::Scratch | Role::Output, _) => &mut lines,
        };
    }
    lines.assignments(0, &block.lines);
    for (cell, end) in &block.ends {
        let described = learner.program.cell(*cell);
        let value = routine.end(*cell);
        let is_scalar = value.is_some_and(|value| routine.shape(value).is_scalar());
        let text = if is_scalar && !described.shape.is_scalar() {
            let zeros = (library.zeros)(
                &super::python::extents(described.shape).replace("rows", "self.features"),
            );
            format!("{} + {zeros}", end.text)
        } else {
            end.text.clone()
        };
        lines.line(0, &format!("state[\"{}\"] = {text}", described.name));
    }
    let lines = lines.text();
    if lines.is_empty() {
        code.line(2, "pass");
    } else {
        code.lines(2, &lines);
    }
}
