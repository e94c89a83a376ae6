//! LaTeX: the program as an algorithm of `algpseudocode`, with the learned constants as it requires them.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use super::code::{Block, Dialect, Symbol, write};
use super::names::{Setting, number, provenance, settings};
use super::python::Code;
use super::routine::{Meaning, Routine};
use super::template::Notation;
use crate::program::{CellIndex, Program, Role, Schema};

/// How lines are written in LaTeX.
const DIALECT: Dialect = Dialect {
    notation: Notation::Mathematics,
    template: |op: Op, _| op.templates().latex.to_owned(),
    number: mathematical_number,
    wrapped_number: mathematical_number,
    scalar_as_matrix: "{a}",
    matrix_as_scalar: "{a}",
    full: |_: Shape| "{a}".to_owned(),
    element: None,
    spell: spelled,
    longest_inline: 130,
    scalars_first: false,
    reserved: &[],
};

/// Names that people write as a letter.
const LETTERS: [(&str, &str); 12] = [
    ("learning_rate", "\\eta"),
    ("rate", "r"),
    ("step", "t"),
    ("epsilon", "\\epsilon"),
    ("momentum", "\\mu"),
    ("weight_decay", "\\lambda"),
    ("delta", "\\Delta"),
    ("velocity", "v"),
    ("alpha", "\\alpha"),
    ("beta", "\\beta"),
    ("gamma", "\\gamma"),
    ("prediction", "\\hat{y}"),
];

/// A name in mathematical mode: a letter, with its number as an index, or a word.
fn spelled(name: &str) -> String {
    let stem = name.trim_end_matches(|it: char| it.is_ascii_digit());
    let number = &name[stem.len()..];
    let stem = stem.strip_suffix('_').unwrap_or(stem);
    let letter = LETTERS.iter().find(|(word, _)| *word == stem);
    let text = match letter {
        Some((_, letter)) => (*letter).to_owned(),
        None if stem.len() <= 1 => stem.to_owned(),
        None => format!("\\mathit{{{}}}", stem.replace('_', "\\_")),
    };
    if number.is_empty() {
        text
    } else {
        format!("{text}_{{{number}}}")
    }
}

/// A number in mathematical mode.
fn mathematical_number(value: f32) -> String {
    let text = number(value);
    let text = text.strip_suffix(".0").unwrap_or(&text);
    match text.split_once('e') {
        Some(("1", exponent)) => format!("10^{{{exponent}}}"),
        Some((digits, exponent)) => format!("{digits} \\cdot 10^{{{exponent}}}"),
        None => text.to_owned(),
    }
}

/// The algorithm.
pub(super) fn module(program: &Program) -> String {
    let program = program.pruned();
    let settings = settings(&program, &[], &[]);
    let mut code = Code::default();
    code.line(0, &format!("% {}", provenance(&program)));
    code.line(
        0,
        "% Needs \\usepackage{algorithm, algpseudocode, amsmath}.",
    );
    for note in program.notes() {
        code.line(0, format!("% {note}").trim_end());
    }
    code.line(0, "\\begin{algorithm}");
    code.line(
        1,
        &format!(
            "\\caption{{\\texttt{{{}}}}}",
            program.name().replace('_', "\\_")
        ),
    );
    code.line(1, "\\begin{algorithmic}[1]");
    for Setting { name, value, .. } in &settings {
        code.line(
            2,
            &format!(
                "\\Require ${} = {}$",
                spelled(name),
                mathematical_number(*value)
            ),
        );
    }
    let effective = program.effective();
    let functions = program.schema().description().functions.iter();
    for (place, function) in functions.enumerate() {
        let routine = Routine::new(&program, &effective, place);
        let symbol = |cell: CellIndex| symbol(&program, &settings, cell);
        let block = write(&program, &routine, &DIALECT, &symbol);
        begin(&mut code, program.schema(), function.name, &program);
        assignments(&mut code, &program, &routine, &block);
        code.line(2, end(program.schema(), function.name));
    }
    code.line(1, "\\end{algorithmic}")
        .line(0, "\\end{algorithm}");
    code.text()
}

fn symbol(program: &Program, settings: &[Setting], cell: CellIndex) -> Symbol {
    let described = program.cell(cell);
    match described.role {
        Role::Constant(value) if settings.iter().all(|setting| setting.cell != cell) => {
            Symbol::Number(value.value())
        }
        Role::Constant(_) | Role::Input | Role::State | Role::Scratch | Role::Output => {
            Symbol::Name(spelled(&described.name))
        }
    }
}

/// What stands before a function's lines.
fn begin(code: &mut Code, schema: Schema, function: &str, program: &Program) {
    if function == "update" {
        let states = program
            .cells()
            .iter()
            .filter(|cell| cell.role == Role::State);
        let states: Vec<String> = states
            .map(|cell| format!("{} \\gets 0", spelled(&cell.name)))
            .collect();
        if !states.is_empty() {
            code.line(2, &format!("\\State ${}$", states.join(";\\ ")));
        }
        code.line(2, "\\For{$t = 1, 2, \\dots$}");
        code.line(3, "\\State $g \\gets \\nabla L(w)$");
        return;
    }
    match schema {
        Schema::Loss | Schema::Algorithm => {
            code.line(2, "\\Function{Loss}{$\\hat{y}, \\mathit{target}$}");
        }
        Schema::Learner | Schema::Optimizer => {
            let arguments = match function {
                "predict" => "$x$",
                "learn" => "$x, y$",
                _ => "",
            };
            let (first, rest) = function.split_at(1);
            code.line(
                2,
                &format!(
                    "\\Procedure{{{}{rest}}}{{{arguments}}}",
                    first.to_ascii_uppercase()
                ),
            );
        }
    }
}

/// What stands behind a function's lines.
fn end(schema: Schema, function: &str) -> &'static str {
    match (schema, function) {
        (_, "update") => "\\EndFor",
        (Schema::Loss | Schema::Algorithm, _) => "\\EndFunction",
        (Schema::Learner | Schema::Optimizer, _) => "\\EndProcedure",
    }
}

fn assignments(code: &mut Code, program: &Program, routine: &Routine, block: &Block) {
    for line in &block.lines {
        code.line(3, &format!("\\State ${} \\gets {}$", line.name, line.text));
    }
    for (cell, end) in &block.ends {
        let described = program.cell(*cell);
        let name = spelled(&described.name);
        let is_computed = routine.end(*cell).is_some_and(|value| {
            matches!(routine.values[value.index()].meaning, Meaning::Apply(..))
        });
        if described.name == "loss" {
            code.line(3, &format!("\\State \\Return ${}$", end.text));
        } else if !is_computed || end.text != name {
            code.line(3, &format!("\\State ${name} \\gets {}$", end.text));
        }
        if described.name == "delta" {
            code.line(3, "\\State $w \\gets w + \\Delta$");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_as_papers_have_them() {
        assert_eq!(spelled("beta1"), "\\beta_{1}");
        assert_eq!(spelled("learning_rate"), "\\eta");
        assert_eq!(spelled("m"), "m");
        assert_eq!(spelled("c3"), "c_{3}");
        assert_eq!(spelled("root_weights"), "\\mathit{root\\_weights}");
        assert_eq!(mathematical_number(1e-8), "10^{-8}");
        assert_eq!(mathematical_number(2.5e-9), "2.5 \\cdot 10^{-9}");
        assert_eq!(mathematical_number(0.9), "0.9");
    }
}
