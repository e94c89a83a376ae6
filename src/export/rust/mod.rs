//! Rust without dependencies: a struct of the learned constants, what it does, and a test of what mlevolve's interpreter
//! gives.
//!
//! ```text
//!   elementwise rule  ──► a loop over slices          lines are of one element
//!   all other programs ──► lines of `&Matrix`, elementwise ones as closures of an element's place
//! ```

mod expectation;
mod learner;
mod loss;
mod rule;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use super::code::{Block, Dialect, Line};
use super::helpers::RUST;
use super::names::{Setting, class_name, number, provenance, rule as rule_text};
use super::python::{Code, extents};
use super::template::Notation;
use crate::program::{Program, Schema};

/// Words of Rust that no variable can have, or that would hide what the code needs.
pub(super) const RESERVED: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "const",
    "continue",
    "crate",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "abstract",
    "become",
    "box",
    "do",
    "final",
    "gen",
    "macro",
    "override",
    "priv",
    "try",
    "typeof",
    "unsized",
    "virtual",
    "yield",
    "f32",
    "f64",
    "usize",
    "i",
    "state",
    "weights",
    "gradient",
    "gradients",
    "rows",
    "columns",
    "features",
    "classification",
    "before",
    "memory",
    "std",
    "_",
];

/// How lines are written that compute matrices.
const MATRICES: Dialect = Dialect {
    notation: Notation::Code,
    template: |op: Op, _| op.templates().rust.to_owned(),
    number,
    wrapped_number: |value| {
        let text = number(value);
        if text.starts_with('-') {
            format!("({text}_f32)")
        } else {
            format!("{text}_f32")
        }
    },
    scalar_as_matrix: "&Matrix::full(1, 1, {a})",
    matrix_as_scalar: "{a}[0]",
    full: |shape: Shape| format!("Matrix::full({}, {{a}})", extents(shape)),
    element: Some("{a}[i]"),
    spell: str::to_owned,
    longest_inline: 64,
    scalars_first: false,
    reserved: RESERVED,
};

/// How lines are written of one element of everything.
const ELEMENTS: Dialect = Dialect {
    element: None,
    scalars_first: true,
    ..MATRICES
};

/// The module of any program.
pub(super) fn module(program: &Program) -> String {
    let mut body = Code::default();
    let name = class_name(program.name());
    match program.schema() {
        Schema::Optimizer => rule::items(&mut body, program, &name),
        Schema::Loss => loss::items(&mut body, program, &name),
        Schema::Learner => learner::items(&mut body, program, &name),
        Schema::Algorithm => {
            loss::items(
                &mut body,
                &program.part(Schema::Loss),
                &format!("{name}Loss"),
            );
            body.blank(1);
            rule::items(&mut body, &program.part(Schema::Optimizer), &name);
        }
    }
    let mut test = Code::default();
    test.line(0, "#[cfg(test)]")
        .line(0, "mod tests {")
        .line(1, "use super::*;")
        .blank(1);
    test.line(1, "/// Equal but for what libraries round otherwise.");
    test.line(1, "fn assert_close(found: &[f32], expected: &[f32]) {");
    test.line(2, "assert_eq!(found.len(), expected.len());");
    test.line(2, "for (found, expected) in found.iter().zip(expected) {");
    test.line(3, "let distance = (found - expected).abs();");
    test.line(
        3,
        "assert!(distance <= 1e-4 * expected.abs() + 1e-6, \"{found} is not {expected}\");",
    );
    test.line(2, "}").line(1, "}");
    match program.schema() {
        Schema::Optimizer => rule::test(&mut test, program, &name),
        Schema::Loss => loss::test(&mut test, program, &name),
        Schema::Learner => learner::test(&mut test, program, &name),
        Schema::Algorithm => {
            loss::test(
                &mut test,
                &program.part(Schema::Loss),
                &format!("{name}Loss"),
            );
            rule::test(&mut test, &program.part(Schema::Optimizer), &name);
        }
    }
    test.line(0, "}");
    let body = body.text();
    let helpers = RUST.called_by(&body).join("\n\n");
    let mut code = Code::default();
    documentation(&mut code, program);
    code.blank(1).line(0, &body);
    if body.contains("Matrix") || helpers.contains("Matrix") {
        code.lines(0, include_str!("../helpers/matrix.rs")).blank(1);
    }
    if !helpers.is_empty() {
        code.lines(0, &helpers).blank(1);
    }
    let test = test.text();
    if test.contains("#[test]") {
        code.text() + &test
    } else {
        let mut none = Code::default();
        untested(&mut none);
        code.text() + none.text().replace("    //", "//").trim_start()
    }
}

/// The module's documentation: notes, the program, where it comes from.
fn documentation(code: &mut Code, program: &Program) {
    let kind = super::names::kind(program);
    code.line(0, &format!("//! The {kind} `{}`.", program.name()))
        .line(0, "//!");
    for note in program.notes() {
        code.line(0, format!("//! {note}").trim_end());
    }
    if !program.notes().is_empty() {
        code.line(0, "//!");
    }
    code.line(0, "//! ```text");
    for line in rule_text(&program.pruned()) {
        code.line(0, format!("//! {line}").trim_end());
    }
    code.line(0, "//! ```").line(0, "//!");
    code.line(0, &format!("//! {}", provenance(program)));
}

/// The struct of the learned constants, and its default.
fn settings_struct(code: &mut Code, name: &str, settings: &[Setting], what: &str) {
    code.line(0, &format!("/// {what}"));
    code.line(0, "#[derive(Clone, Copy, Debug, PartialEq)]");
    if settings.is_empty() {
        code.line(0, &format!("pub struct {name};")).blank(1);
        code.line(0, &format!("impl Default for {name} {{"))
            .line(1, "fn default() -> Self {");
        code.line(2, "Self").line(1, "}").line(0, "}").blank(1);
        return;
    }
    code.line(0, &format!("pub struct {name} {{"));
    for setting in settings {
        let what = if setting.is_rate {
            "The learning rate"
        } else {
            "A learned constant"
        };
        code.line(1, &format!("/// {what}: {}.", setting.literal()));
        code.line(1, &format!("pub {}: f32,", setting.name));
    }
    code.line(0, "}").blank(1);
    code.line(0, &format!("impl Default for {name} {{"))
        .line(1, "fn default() -> Self {")
        .line(2, "Self {");
    for setting in settings {
        code.line(3, &format!("{}: {},", setting.name, setting.literal()));
    }
    code.line(2, "}").line(1, "}").line(0, "}").blank(1);
}

/// Variables for the constants that are spoken of.
fn settings_variables(code: &mut Code, depth: usize, settings: &[Setting], block: &Block) {
    let spoken_of = settings.iter().filter(|setting| block.reads(setting.cell));
    let mut names: Vec<&str> = spoken_of.map(|setting| setting.name.as_str()).collect();
    if names.is_empty() {
        return;
    }
    if names.len() < settings.len() {
        names.push("..");
    }
    code.line(
        depth,
        &format!("let Self {{ {} }} = *self;", names.join(", ")),
    );
}

/// A line that computes a scalar, or a matrix as a reference.
fn line(code: &mut Code, depth: usize, line: &Line) {
    let Line {
        name,
        text,
        shape,
        is_element,
    } = line;
    if shape.is_scalar() {
        code.line(depth, &format!("let {name} = {text};"));
    } else if *is_element {
        let place = if text.contains("[i]") { "i" } else { "_" };
        code.line(
            depth,
            &format!(
                "let {name} = &Matrix::each({}, |{place}| {text});",
                extents(*shape)
            ),
        );
    } else {
        code.line(depth, &format!("let {name} = &{text};"));
    }
}

/// What stands for a test that would have nothing to say.
fn untested(code: &mut Code) {
    code.blank(1).line(
        1,
        "// There is no test: the last bits of what libraries round otherwise decide the result from the beginning.",
    );
}

/// Numbers as an array of Rust's.
fn array(numbers: &[f32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|&it| number(it)).collect();
    format!("[{}]", numbers.join(", "))
}
