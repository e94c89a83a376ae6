//! NumPy: a reference to read. An update rule is two functions, `init` and `update`, over matrices; a loss is one.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use super::code::{Dialect, Symbol, write};
use super::helpers::NUMPY;
use super::learner::{self, Library};
use super::names::{Setting, class_name, number, plain_number, settings, symbol};
use super::python::{
    Code, RESERVED, assembled, described_settings, docstring, extents, parameters,
};
use super::routine::{Definition, Meaning, Routine};
use super::rule::Rule;
use super::template::Notation;
use crate::program::{CellIndex, Program, Schema};
use crate::schema::loss::LOSS;

/// How lines are written for NumPy; other libraries' dialects are this but for some.
pub(super) const DIALECT: Dialect = Dialect {
    notation: Notation::Code,
    template: |op: Op, _| op.templates().numpy.to_owned(),
    number: plain_number,
    wrapped_number: |value| format!("np.float32({})", number(value)),
    scalar_as_matrix: "np.reshape({a}, (1, 1))",
    matrix_as_scalar: "{a}[0, 0]",
    full: |shape: Shape| format!("np.full(({}), {{a}})", extents(shape)),
    element: None,
    spell: str::to_owned,
    longest_inline: 64,
    scalars_first: false,
    reserved: RESERVED,
};

const LIBRARY: Library = Library {
    dialect: &DIALECT,
    zeros: |extents| format!("np.zeros(({extents}), np.float32)"),
    scalar: |number| format!("np.float32({number})"),
    array: |examples| format!("np.asarray({examples}, np.float32)"),
    sigmoid: |value| format!("sigmoid({value})"),
    stack: "np.stack",
    decorator: "",
};

/// The module of any program.
pub(super) fn module(program: &Program) -> String {
    let mut body = Code::default();
    match program.schema() {
        Schema::Optimizer => rule(&mut body, program),
        Schema::Loss => loss(&mut body, program),
        Schema::Learner => {
            learner::class(&mut body, program, &class_name(program.name()), &LIBRARY);
        }
        Schema::Algorithm => {
            loss(&mut body, &program.part(Schema::Loss));
            body.blank(2);
            rule(&mut body, &program.part(Schema::Optimizer));
        }
    }
    let body = body.text();
    let helpers = NUMPY.called_by(&body).join("\n\n\n");
    let mut imports = Code::default();
    if helpers.contains("math.") {
        imports.line(0, "import math").blank(1);
    }
    imports.line(0, "import numpy as np");
    assembled(program, "NumPy", imports, &helpers, &body)
}

/// Settings as scalars of binary32, which Python's numbers are not.
fn rounded_settings(code: &mut Code, settings: &[Setting]) {
    for Setting { name, .. } in settings {
        code.line(1, &format!("{name} = np.float32({name})"));
    }
}

fn rule(code: &mut Code, program: &Program) {
    let rule = Rule::new(program, &[], RESERVED);
    let symbol = |cell: CellIndex| symbol(&rule.program, &rule.settings, RESERVED, cell);
    let block = write(&rule.program, &rule.routine, &DIALECT, &symbol);
    code.line(0, "def init(w):");
    code.line(
        1,
        "\"\"\"What is kept of a parameter `w`, a matrix, from one step to the next: zeros.\"\"\"",
    );
    let is_matrix =
        |&state: &CellIndex| !matches!(rule.shape(state), Shape::Scalar | Shape::Tensor);
    if rule.states.iter().any(is_matrix) {
        code.line(1, "rows, columns = w.shape");
    }
    let mut kept: Vec<String> = Vec::new();
    if rule.reads_step() {
        kept.push("\"step\": np.float32(0)".to_owned());
    }
    for &state in &rule.states {
        let zeros = match rule.shape(state) {
            Shape::Scalar => "np.float32(0)".to_owned(),
            Shape::Tensor => "np.zeros_like(w)".to_owned(),
            shape => format!("np.zeros(({}), np.float32)", extents(shape)),
        };
        kept.push(format!("\"{}\": {zeros}", rule.program.cell(state).name));
    }
    code.line(1, &format!("return {{{}}}", kept.join(", ")));
    code.blank(2);
    let names: Vec<String> = ["w", "g", "state"].map(str::to_owned).to_vec();
    let mut arguments = names;
    if !rule.settings.is_empty() {
        arguments.push("*".to_owned());
        arguments.extend(parameters(&rule.settings));
    }
    code.line(
        0,
        &format!("def update(\n    {},\n):", arguments.join(",\n    ")),
    );
    let mut more = vec![
        "`w` and `g` are matrices of binary32 with a row for each input and a column for each output of a layer; biases".to_owned(),
        "have one row. `state` is what `init` gave, and is changed.".to_owned(),
        String::new(),
        "Args:".to_owned(),
    ];
    more.extend(described_settings(&rule.settings));
    let head = "What is to be added to the parameter `w` of gradient `g`.";
    docstring(code, 1, &rule.program, head, &more);
    rounded_settings(code, &rule.settings);
    if rule.needs_extents() {
        code.line(1, "rows, columns = g.shape");
    }
    if rule.reads_step() {
        code.line(
            1,
            "step = state[\"step\"] = state[\"step\"] + np.float32(1)",
        );
    }
    for &state in &rule.states {
        if let (true, Symbol::Name(name)) = (rule.routine.reads(state), symbol(state)) {
            code.line(
                1,
                &format!("{name} = state[\"{}\"]", rule.program.cell(state).name),
            );
        }
    }
    code.assignments(1, &block.lines);
    for (cell, end) in block.ends.iter().filter(|(cell, _)| *cell != rule.delta) {
        let key = &rule.program.cell(*cell).name;
        let text = if rule.ends_as_scalar(*cell) {
            format!("np.full(({}), {})", extents(rule.shape(*cell)), end.text)
        } else {
            end.text.clone()
        };
        code.line(1, &format!("state[\"{key}\"] = {text}"));
    }
    let delta = block
        .end(rule.delta)
        .map_or("np.float32(0)", |delta| delta.text.as_str());
    if rule.ends_as_scalar(rule.delta) {
        code.line(1, &format!("return np.full(w.shape, {delta})"));
    } else {
        code.line(1, &format!("return {delta}"));
    }
}

fn loss(code: &mut Code, program: &Program) {
    let program = program.pruned();
    let routine = Routine::new(&program, &program.effective(), 0);
    let settings = settings(&program, &[], RESERVED);
    let symbol = |cell: CellIndex| symbol(&program, &settings, RESERVED, cell);
    let block = write(&program, &routine, &DIALECT, &symbol);
    let mut arguments: Vec<String> = ["prediction", "target"].map(str::to_owned).to_vec();
    if !settings.is_empty() {
        arguments.push("*".to_owned());
        arguments.extend(parameters(&settings));
    }
    code.line(0, &format!("def loss({}):", arguments.join(", ")));
    let mut more = vec![
        "`prediction` and `target` are columns of binary32, with a row for each output.".to_owned(),
    ];
    if !settings.is_empty() {
        more.extend([String::new(), "Args:".to_owned()]);
        more.extend(described_settings(&settings));
    }
    docstring(code, 1, &program, "The loss of one example.", &more);
    rounded_settings(code, &settings);
    let is_full = |value: &Definition| matches!(value.meaning, Meaning::Fill(_));
    if routine.values.iter().any(is_full) {
        code.line(1, "rows = prediction.shape[0]");
    }
    code.assignments(1, &block.lines);
    let end = program.cell_named(LOSS).and_then(|cell| block.end(cell));
    code.line(
        1,
        &format!(
            "return {}",
            end.map_or("np.float32(0)", |end| end.text.as_str())
        ),
    );
}
