//! An update rule as a struct of constants with `update`, and a struct of what is kept.

use mlevolve_ir::{Dimensions, Shape};

use super::super::code::{Block, Symbol, write};
use super::super::names::symbol;
use super::super::python::{Code, extents};
use super::super::rule::Rule;
use super::expectation::{Machine, are_told, nudged, numbers};
use super::{
    ELEMENTS, MATRICES, RESERVED, array, line, settings_struct, settings_variables, untested,
};
use crate::program::{CellIndex, Program};

/// Rows and columns of the parameter in the test, and its steps.
const TESTED: (usize, usize, usize) = (2, 3, 3);

fn symbol_of(rule: &Rule, cell: CellIndex) -> Symbol {
    symbol(&rule.program, &rule.settings, RESERVED, cell)
}

fn name_of(rule: &Rule, cell: CellIndex) -> String {
    match symbol_of(rule, cell) {
        Symbol::Name(name) => name,
        Symbol::Number(_) => unreachable!("state is no number"),
    }
}

/// The structs and the update.
pub(super) fn items(code: &mut Code, program: &Program, name: &str) {
    let rule = Rule::new(program, &[], RESERVED);
    settings_struct(
        code,
        name,
        &rule.settings,
        "The update rule, by its constants.",
    );
    kept(code, &rule, name);
    let dialect = if rule.is_elementwise() {
        &ELEMENTS
    } else {
        &MATRICES
    };
    let block = write(&rule.program, &rule.routine, dialect, &|cell| {
        symbol_of(&rule, cell)
    });
    code.line(0, &format!("impl {name} {{"));
    if rule.is_elementwise() {
        of_slices(code, &rule, &block, name);
    } else {
        of_matrices(code, &rule, &block, name);
    }
    code.line(0, "}");
}

/// The struct of what is kept of a parameter.
fn kept(code: &mut Code, rule: &Rule, name: &str) {
    let is_elementwise = rule.is_elementwise();
    code.line(
        0,
        "/// What is kept of one parameter from one step to the next.",
    );
    code.line(0, "#[derive(Clone, Debug, PartialEq)]");
    code.line(0, &format!("pub struct {name}State {{"));
    let mut initial = Vec::new();
    if rule.reads_step() {
        code.line(1, "pub step: f32,");
        initial.push("step: 0.0,".to_owned());
    }
    for &state in &rule.states {
        let field = name_of(rule, state);
        let (kind, zeros) = match (rule.shape(state), is_elementwise) {
            (Shape::Scalar, _) => ("f32", "0.0".to_owned()),
            (_, true) => ("Vec<f32>", "vec![0.0; elements]".to_owned()),
            (shape, false) => ("Matrix", format!("Matrix::full({}, 0.0)", extents(shape))),
        };
        code.line(1, &format!("pub {field}: {kind},"));
        initial.push(format!("{field}: {zeros},"));
    }
    code.line(0, "}").blank(1);
    let argument = if is_elementwise {
        "elements: usize"
    } else {
        "rows: usize, columns: usize"
    };
    let size = if is_elementwise {
        "elements"
    } else {
        "rows and columns"
    };
    code.line(0, &format!("impl {name}State {{"));
    code.line(1, &format!("/// Zeros, for a parameter of so many {size}."));
    if !initial
        .iter()
        .any(|line| line.contains("elements") || line.contains("rows") || line.contains("columns"))
    {
        code.line(1, "#[allow(unused_variables)]");
    }
    code.line(1, &format!("pub fn new({argument}) -> Self {{"))
        .line(2, "Self {");
    for line in initial {
        code.line(3, &line);
    }
    code.line(2, "}").line(1, "}").line(0, "}").blank(1);
}

fn of_slices(code: &mut Code, rule: &Rule, block: &Block, name: &str) {
    code.line(1, "/// Moves a parameter's elements, given its gradient.")
        .line(1, "///");
    code.line(1, "/// # Panics")
        .line(1, "/// If the lengths differ.");
    let state = if rule.states.is_empty() && !rule.reads_step() {
        "_state"
    } else {
        "state"
    };
    code.line(1, &format!("pub fn update(&self, weights: &mut [f32], gradients: &[f32], {state}: &mut {name}State) {{"));
    code.line(2, "assert_eq!(weights.len(), gradients.len());");
    settings_variables(code, 2, &rule.settings, block);
    if rule.reads_step() {
        code.line(2, "state.step += 1.0;");
    }
    if block.reads(rule.step) {
        code.line(2, "let step = state.step;");
    }
    let read = rule.states.iter().filter(|&&state| block.reads(state));
    let (scalars, tensors): (Vec<CellIndex>, Vec<CellIndex>) =
        read.partition(|&&state| rule.shape(state).is_scalar());
    for state in scalars {
        let field = name_of(rule, state);
        code.line(2, &format!("let {field} = state.{field};"));
    }
    for line in block.lines.iter().filter(|line| line.shape.is_scalar()) {
        code.line(2, &format!("let {} = {};", line.name, line.text));
    }
    code.line(2, "for i in 0..weights.len() {");
    if block.reads(rule.weights) {
        code.line(3, "let w = weights[i];");
    }
    if block.reads(rule.gradient) {
        code.line(3, "let g = gradients[i];");
    }
    for state in tensors {
        let field = name_of(rule, state);
        code.line(3, &format!("let {field} = state.{field}[i];"));
    }
    for line in block.lines.iter().filter(|line| !line.shape.is_scalar()) {
        code.line(3, &format!("let {} = {};", line.name, line.text));
    }
    let ends = block.ends.iter().filter(|(cell, _)| *cell != rule.delta);
    for (cell, end) in ends
        .clone()
        .filter(|(cell, _)| !rule.shape(*cell).is_scalar())
    {
        code.line(
            3,
            &format!("state.{}[i] = {};", name_of(rule, *cell), end.text),
        );
    }
    let delta = block
        .end(rule.delta)
        .map_or("0.0", |delta| delta.text.as_str());
    code.line(3, &format!("weights[i] += {delta};"))
        .line(2, "}");
    for (cell, end) in ends.filter(|(cell, _)| rule.shape(*cell).is_scalar()) {
        code.line(
            2,
            &format!("state.{} = {};", name_of(rule, *cell), end.text),
        );
    }
    code.line(1, "}");
}

fn of_matrices(code: &mut Code, rule: &Rule, block: &Block, name: &str) {
    code.line(1, "/// Moves a parameter, a matrix with a row for each input and a column for each output, given its gradient;");
    code.line(1, "/// a vector is a row.").line(1, "///");
    code.line(1, "/// # Panics")
        .line(1, "/// If the sizes differ.");
    let mut lines = Code::default();
    if block.reads(rule.weights) {
        lines.line(2, "let w = &weights.clone();");
    }
    if block.reads(rule.gradient) {
        lines.line(2, "let g = gradient;");
    }
    let read: Vec<CellIndex> = rule
        .states
        .iter()
        .copied()
        .filter(|&state| block.reads(state))
        .collect();
    if !read.is_empty() {
        lines.line(2, "let before = state.clone();");
    }
    for state in read {
        let field = name_of(rule, state);
        let reference = if rule.shape(state).is_scalar() {
            ""
        } else {
            "&"
        };
        lines.line(2, &format!("let {field} = {reference}before.{field};"));
    }
    for each in &block.lines {
        line(&mut lines, 2, each);
    }
    for (cell, end) in block.ends.iter().filter(|(cell, _)| *cell != rule.delta) {
        let field = name_of(rule, *cell);
        let text = match (rule.shape(*cell).is_scalar(), rule.ends_as_scalar(*cell)) {
            (true, _) => end.text.clone(),
            (false, true) => format!("Matrix::full({}, {})", extents(rule.shape(*cell)), end.text),
            (false, false) => format!("{}.clone()", end.text),
        };
        lines.line(2, &format!("state.{field} = {text};"));
    }
    let delta = block
        .end(rule.delta)
        .map_or("0.0", |delta| delta.text.as_str());
    if rule.ends_as_scalar(rule.delta) {
        lines
            .line(2, "for weight in &mut weights.data {")
            .line(3, &format!("*weight += {delta};"));
    } else {
        lines.line(
            2,
            &format!("for (weight, delta) in weights.data.iter_mut().zip({delta}.iter()) {{"),
        );
        lines.line(3, "*weight += delta;");
    }
    lines.line(2, "}");
    let lines = lines.text();
    let is_kept = lines.contains("state.") || rule.reads_step();
    let state = if is_kept { "state" } else { "_state" };
    code.line(1, &format!("pub fn update(&self, weights: &mut Matrix, gradient: &Matrix, {state}: &mut {name}State) {{"));
    code.line(
        2,
        "assert_eq!((weights.rows, weights.columns), (gradient.rows, gradient.columns));",
    );
    settings_variables(code, 2, &rule.settings, block);
    if rule.reads_step() {
        code.line(2, "state.step += 1.0;");
    }
    if block.reads(rule.step) {
        code.line(2, "let step = state.step;");
    }
    match (lines.contains("rows"), lines.contains("columns")) {
        (true, true) => code.line(
            2,
            "let (rows, columns) = (gradient.rows, gradient.columns);",
        ),
        (true, false) => code.line(2, "let rows = gradient.rows;"),
        (false, true) => code.line(2, "let columns = gradient.columns;"),
        (false, false) => code,
    };
    code.lines(0, &lines).line(1, "}");
}

/// The test of an update rule.
pub(super) fn test(code: &mut Code, program: &Program, name: &str) {
    let rule = Rule::new(program, &[], RESERVED);
    let (rows, columns, steps) = TESTED;
    let elements = rows * columns;
    let mut machine = Machine::new(program, Dimensions::new(rows, columns));
    let mut other = Machine::new(program, Dimensions::new(rows, columns));
    let initial = numbers(elements, 0);
    let (mut weights, mut of_nudged) = (initial.clone(), nudged(&initial));
    let mut expected = Vec::new();
    for step in 1..=steps {
        let gradient = numbers(elements, step);
        let number = [step as f32];
        machine.call(0, &[("w", &weights), ("g", &gradient), ("step", &number)]);
        // The step too, as its function may choose random numbers.
        let given = [
            ("w", of_nudged.as_slice()),
            ("g", &nudged(&gradient)),
            ("step", &nudged(&number)),
        ];
        other.call(0, &given);
        weights = machine.content("w", elements);
        of_nudged = other.content("w", elements);
        if !are_told(&weights, &of_nudged) {
            break;
        }
        expected.push((gradient, weights.clone()));
    }
    if expected.is_empty() {
        untested(code);
        return;
    }
    let (initial, state) = if rule.is_elementwise() {
        (
            format!("let mut weights = {};", array(&initial)),
            format!("{name}State::new({elements})"),
        )
    } else {
        let data = format!("data: vec!{}", array(&initial));
        (
            format!("let mut weights = Matrix {{ rows: {rows}, columns: {columns}, {data} }};"),
            format!("{name}State::new({rows}, {columns})"),
        )
    };
    code.blank(1)
        .line(1, "#[test]")
        .line(1, "fn it_steps_as_the_interpreter_does() {");
    code.line(2, &initial)
        .line(2, &format!("let mut state = {state};"));
    code.line(
        2,
        &format!(
            "let steps: [([f32; {elements}], [f32; {elements}]); {}] = [",
            expected.len()
        ),
    );
    for (gradient, weights) in &expected {
        code.line(3, "(").line(4, &format!("{},", array(gradient)));
        code.line(4, &format!("{},", array(weights))).line(3, "),");
    }
    code.line(2, "];")
        .line(2, "for (gradient, expected) in steps {");
    if rule.is_elementwise() {
        code.line(
            3,
            &format!("{name}::default().update(&mut weights, &gradient, &mut state);"),
        );
        code.line(3, "assert_close(&weights, &expected);");
    } else {
        let made =
            format!("Matrix {{ rows: {rows}, columns: {columns}, data: gradient.to_vec() }}");
        code.line(3, &format!("let gradient = {made};"));
        code.line(
            3,
            &format!("{name}::default().update(&mut weights, &gradient, &mut state);"),
        );
        code.line(3, "assert_close(&weights.data, &expected);");
    }
    code.line(2, "}").line(1, "}");
}
