//! What all exports to Python have in common: docstrings, signatures, indentation, words that are taken.

use mlevolve_ir::{Dimension, Shape};

use super::code::Line;
use super::names::{Setting, kind, provenance, rule};
use crate::program::Program;

/// Words of Python that no variable can have, or that would hide what the code needs.
pub(super) const RESERVED: &[&str] = &[
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "_",
    "abs",
    "dict",
    "float",
    "int",
    "isinstance",
    "len",
    "list",
    "max",
    "min",
    "name",
    "print",
    "range",
    "set",
    "str",
    "sum",
    "tuple",
    "type",
    "zip",
    // Modules and the code around the lines.
    "jax",
    "jnp",
    "math",
    "np",
    "optax",
    "torch",
    "closure",
    "columns",
    "foreach",
    "grads",
    "group",
    "init",
    "leaf",
    "leaves",
    "loss",
    "lr",
    "maximize",
    "p",
    "params",
    "rows",
    "self",
    "state",
    "states",
    "transposed",
    "update",
    "updates",
    "count",
    "features",
    "classification",
    "x_",
    "labels",
    "logits",
    "example",
    "u",
    "v_",
    "value",
    // Functions that templates call.
    "cbrt",
    "clip_norm",
    "erf",
    "exp10",
    "fma",
    "gelu",
    "inverse_root",
    "inverse_root_derivative",
    "log_sum_exp",
    "newton_schulz",
    "normal",
    "powr",
    "row_log_sum_exp",
    "row_softmax",
    "set_element",
    "sigmoid",
    "softmax",
    "uniform",
    "nn",
    "functional",
];

/// Lines of code, each indented by so many levels.
#[derive(Debug, Default)]
pub(super) struct Code(String);

impl Code {
    pub(super) fn line(&mut self, depth: usize, text: &str) -> &mut Self {
        if !text.is_empty() {
            self.0.push_str(&"    ".repeat(depth));
            self.0.push_str(text);
        }
        self.0.push('\n');
        self
    }

    /// Lines that are indented among themselves already.
    pub(super) fn lines(&mut self, depth: usize, text: &str) -> &mut Self {
        for line in text.lines() {
            self.line(depth, line);
        }
        self
    }

    pub(super) fn blank(&mut self, count: usize) -> &mut Self {
        self.0.push_str(&"\n".repeat(count));
        self
    }

    pub(super) fn assignments<'a>(
        &mut self,
        depth: usize,
        lines: impl IntoIterator<Item = &'a Line>,
    ) -> &mut Self {
        for line in lines {
            self.line(depth, &format!("{} = {}", line.name, line.text));
        }
        self
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// A module: what it is and which library it is for, imports, the functions that the code calls, and the code.
pub(super) fn assembled(
    program: &Program,
    library: &str,
    imports: Code,
    helpers: &str,
    body: &str,
) -> String {
    let (kind, name) = (kind(program), program.name());
    let mut code = Code::default();
    code.line(
        0,
        &format!("\"\"\"The {kind} `{name}`, for {library}.\"\"\""),
    )
    .blank(1)
    .lines(0, &imports.text())
    .blank(2);
    if !helpers.is_empty() {
        code.lines(0, helpers).blank(2);
    }
    code.text() + body
}

/// A docstring: the program's own notes, the rule, what else is to be said, and where it comes from.
pub(super) fn docstring(
    code: &mut Code,
    depth: usize,
    program: &Program,
    head: &str,
    more: &[String],
) {
    code.line(depth, &format!("r\"\"\"{}", harmless(head)));
    if !program.notes().is_empty() {
        code.blank(1);
        for note in program.notes() {
            code.line(depth, &harmless(note));
        }
    }
    code.blank(1).line(depth, "The program::").blank(1);
    for line in rule(program) {
        code.line(depth + 1, &line);
    }
    if !more.is_empty() {
        code.blank(1);
        for line in more {
            code.line(depth, &harmless(line));
        }
    }
    code.blank(1);
    code.line(depth, &provenance(program));
    code.line(depth, "\"\"\"");
}

/// Text that does not end a docstring.
fn harmless(text: &str) -> String {
    text.replace("\"\"\"", "'''")
}

/// The lines of a docstring that say what each setting is.
pub(super) fn described_settings(settings: &[Setting]) -> Vec<String> {
    let described = settings.iter().map(|setting| {
        let what = if setting.is_rate {
            "learning rate"
        } else {
            "learned constant"
        };
        format!(
            "    {}: {what} (default: {})",
            setting.name,
            setting.literal()
        )
    });
    described.collect()
}

/// Settings as parameters of a function, with their learned values.
pub(super) fn parameters(settings: &[Setting]) -> Vec<String> {
    let parameters = settings.iter();
    parameters
        .map(|setting| format!("{}: float = {}", setting.name, setting.literal()))
        .collect()
}

/// Names with commas between them, and one behind if there is only one.
pub(super) fn tuple<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names[..] {
        [only] => format!("{only},"),
        _ => names.join(", "),
    }
}

/// What an extent of a matrix is called.
const fn extent(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::One => "1",
        Dimension::M => "rows",
        Dimension::N => "columns",
    }
}

/// Rows and columns of a shape, as arguments.
pub(super) fn extents(shape: Shape) -> String {
    format!("{}, {}", extent(shape.rows()), extent(shape.columns()))
}
