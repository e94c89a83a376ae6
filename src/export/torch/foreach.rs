//! The foreach path: all tensors of a group in a few calls, as PyTorch's own optimizers have it for many small tensors.
//!
//! ```text
//!   for state in states: scalars, a few numbers for each parameter ──► lists of numbers, `…_of_each`
//!                                                                          │
//!   lists of tensors ─── torch._foreach_… ──► lists of tensors ◄───────────┘
//! ```
//!
//! An op that PyTorch has no such function of is a list comprehension. Every op rounds as in the plain path.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{ElementwiseOp, Op};

use super::super::code::{Dialect, Line, Symbol, write};
use super::super::python::{Code, RESERVED};
use super::super::routine::Meaning;
use super::super::rule::Rule;
use super::super::template::Notation;
use super::DIALECT;
use super::optimizer::{entries, signature, symbol_of};
use crate::program::CellIndex;

/// What the list of a scalar's numbers is called, after the scalar.
const OF_EACH: &str = "_of_each";

const LISTS: Dialect = Dialect {
    notation: Notation::Code,
    template,
    number: DIALECT.number,
    wrapped_number: DIALECT.wrapped_number,
    scalar_as_matrix: DIALECT.scalar_as_matrix,
    matrix_as_scalar: DIALECT.matrix_as_scalar,
    full: DIALECT.full,
    element: None,
    spell: DIALECT.spell,
    longest_inline: DIALECT.longest_inline,
    scalars_first: true,
    reserved: RESERVED,
};

/// Whether a rule has a foreach path: it works element by element, and computes all that it keeps.
pub(super) fn is_possible(rule: &Rule) -> bool {
    let is_computed = |cell: CellIndex| {
        rule.shape(cell).is_scalar()
            || rule.routine.end(cell).is_none_or(|value| {
                let definition = &rule.routine.values[value.index()];
                !definition.shape.is_scalar()
                    && !matches!(
                        definition.meaning,
                        Meaning::Entry(_)
                            | Meaning::Apply(Op::Elementwise(ElementwiseOp::Broadcast), _)
                    )
            })
    };
    let mut kept = rule.states.iter().chain([&rule.delta]);
    rule.is_elementwise() && kept.all(|&cell| is_computed(cell))
}

/// PyTorch's function of lists for an op, if it is one call.
const fn function(op: ElementwiseOp) -> Option<&'static str> {
    use ElementwiseOp as E;
    match op {
        E::Add => Some("add"),
        E::Sub => Some("sub"),
        E::Mul => Some("mul"),
        E::Div => Some("div"),
        E::Neg => Some("neg"),
        E::Abs => Some("abs"),
        E::Sign => Some("sign"),
        E::Reciprocal => Some("reciprocal"),
        E::Min => Some("minimum"),
        E::Max => Some("maximum"),
        E::Sqrt => Some("sqrt"),
        E::Exp => Some("exp"),
        E::Expm1 => Some("expm1"),
        E::Log => Some("log"),
        E::Log2 => Some("log2"),
        E::Log10 => Some("log10"),
        E::Log1p => Some("log1p"),
        E::Sigmoid => Some("sigmoid"),
        E::Sin => Some("sin"),
        E::Cos => Some("cos"),
        E::Tan => Some("tan"),
        E::Asin => Some("asin"),
        E::Acos => Some("acos"),
        E::Atan => Some("atan"),
        E::Sinh => Some("sinh"),
        E::Cosh => Some("cosh"),
        E::Tanh => Some("tanh"),
        E::Erf => Some("erf"),
        E::Fma
        | E::Square
        | E::Cube
        | E::Lerp
        | E::Exp2
        | E::Exp10
        | E::Softplus
        | E::Cbrt
        | E::Rsqrt
        | E::Pow
        | E::Clip
        | E::Less
        | E::LessEqual
        | E::Equal
        | E::NotEqual
        | E::Heaviside
        | E::IsFinite
        | E::Select
        | E::Broadcast
        | E::Asinh
        | E::Acosh
        | E::Atanh
        | E::Gelu => None,
    }
}

/// A line's template: of scalars as in the plain path, of tensors over lists.
fn template(op: Op, shapes: &[Shape]) -> String {
    let plain = (DIALECT.template)(op, shapes);
    let Op::Elementwise(elementwise) = op else {
        return plain;
    };
    let is_scalar: Vec<bool> = shapes.iter().map(|shape| shape.is_scalar()).collect();
    if is_scalar.iter().all(|&is_scalar| is_scalar) {
        return plain;
    }
    let call = |name: &str, arguments: &str| format!("torch._foreach_{name}({arguments})");
    match (elementwise, &is_scalar[..]) {
        (ElementwiseOp::Square, _) => return call("mul", "{a}, {a}"),
        (ElementwiseOp::Cube, _) => {
            return call("mul", &format!("{}, {{a}}", call("mul", "{a}, {a}")));
        }
        (ElementwiseOp::Lerp, [false, false, of_scalar]) => {
            let share = if *of_scalar {
                format!("{{c}}{OF_EACH}")
            } else {
                "{c}".to_owned()
            };
            let moved = call("mul", &format!("{}, {share}", call("sub", "{b}, {a}")));
            return call("add", &format!("{{a}}, {moved}"));
        }
        (
            ElementwiseOp::Add | ElementwiseOp::Mul | ElementwiseOp::Min | ElementwiseOp::Max,
            [true, false],
        ) => {
            if let Some(name) = function(elementwise) {
                return call(name, &format!("{{b}}, {{a}}{OF_EACH}"));
            }
        }
        (ElementwiseOp::Sub, [true, false]) => {
            return call("add", &format!("{}, {{a}}{OF_EACH}", call("neg", "{b}")));
        }
        (ElementwiseOp::Div, [true, false]) => {}
        (_, [false]) => {
            if let Some(name) = function(elementwise) {
                return call(name, "{a}");
            }
        }
        (_, [false, of_scalar]) => {
            if let Some(name) = function(elementwise) {
                let second = if *of_scalar {
                    format!("{{b}}{OF_EACH}")
                } else {
                    "{b}".to_owned()
                };
                return call(name, &format!("{{a}}, {second}"));
            }
        }
        _ => {}
    }
    comprehension(&plain, &is_scalar)
}

/// The plain template for each element of lists.
fn comprehension(plain: &str, is_scalar: &[bool]) -> String {
    let variables = ["x", "y", "z"];
    let places = ["{a}", "{b}", "{c}"];
    let mut each = plain.to_owned();
    let mut lists = Vec::new();
    for (position, &is_scalar) in is_scalar.iter().enumerate() {
        let (place, variable) = (places[position], variables[position]);
        if is_scalar {
            each = each.replace(place, &format!("torch.tensor({variable})"));
            lists.push(format!("{place}{OF_EACH}"));
        } else {
            each = each.replace(place, variable);
            lists.push(place.to_owned());
        }
    }
    match &lists[..] {
        [only] => format!("[{each} for x in {only}]"),
        _ => {
            let variables = variables[..lists.len()].join(", ");
            format!("[{each} for {variables} in zip({})]", lists.join(", "))
        }
    }
}

/// A tensor's line with the numbers that stand in it as lists.
fn with_lists_of_numbers(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    let end = format!("){OF_EACH}");
    while let Some(at) = rest.find(&end) {
        let start = rest[..at].rfind("torch.tensor(").unwrap_or(0);
        result.push_str(&rest[..start]);
        let number = rest[start..at].trim_start_matches("torch.tensor(");
        result.push_str(&format!("[{number}] * len(params)"));
        rest = &rest[at + end.len()..];
    }
    result + rest
}

/// The function that steps all tensors at once.
pub(super) fn multi_tensor(code: &mut Code, rule: &Rule) {
    let mut block = write(&rule.program, &rule.routine, &LISTS, &|cell| {
        symbol_of(rule, cell)
    });
    for line in &mut block.lines {
        line.text = with_lists_of_numbers(&line.text);
    }
    let (scalars, tensors): (Vec<Line>, Vec<Line>) = block
        .lines
        .iter()
        .cloned()
        .partition(|line| line.shape.is_scalar());
    code.line(0, &signature(rule, "_multi_tensor"));
    code.line(1, "if not params:").line(2, "return");
    let lists = listed(&tensors);
    let is_setting = |name: &String| rule.settings.iter().any(|setting| setting.name == *name);
    for name in lists.iter().filter(|name| is_setting(name)) {
        code.line(
            1,
            &format!("{name}{OF_EACH} = [{name}.item()] * len(params)"),
        );
    }
    let of_states: Vec<&String> = lists.iter().filter(|name| !is_setting(name)).collect();
    let kept_scalars = block
        .ends
        .iter()
        .filter(|(cell, _)| rule.shape(*cell).is_scalar());
    let kept_scalars: Vec<_> = kept_scalars.collect();
    if !of_states.is_empty() || !kept_scalars.is_empty() || rule.reads_step() {
        for name in &of_states {
            code.line(1, &format!("{name}{OF_EACH} = []"));
        }
        code.line(1, "for state in states:");
        scalar_entries(code, rule);
        code.assignments(2, &scalars);
        for (cell, end) in &kept_scalars {
            let key = &rule.program.cell(*cell).name;
            code.line(2, &format!("state[\"{key}\"] = {}", end.text));
        }
        for name in &of_states {
            code.line(2, &format!("{name}{OF_EACH}.append({name}.item())"));
        }
    } else if !scalars.is_empty() {
        code.assignments(1, &scalars);
    }
    if rule.reads_weights() {
        code.line(1, "w = params");
    }
    code.line(1, "g = torch._foreach_neg(grads) if maximize else grads");
    for &state in &rule.states {
        let is_read = rule.routine.reads(state) && !rule.shape(state).is_scalar();
        if let (true, Symbol::Name(name)) = (is_read, symbol_of(rule, state)) {
            let key = &rule.program.cell(state).name;
            code.line(
                1,
                &format!("{name} = [state[\"{key}\"] for state in states]"),
            );
        }
    }
    code.assignments(1, &tensors);
    let delta = block
        .end(rule.delta)
        .map_or("0", |delta| delta.text.as_str());
    code.line(1, &format!("torch._foreach_add_(params, {delta})"));
    let kept = block.ends.iter();
    let kept = kept.filter(|(cell, _)| *cell != rule.delta && !rule.shape(*cell).is_scalar());
    for (cell, end) in kept {
        let key = &rule.program.cell(*cell).name;
        code.line(
            1,
            &format!("for state, value in zip(states, {}):", end.text),
        );
        code.line(2, &format!("state[\"{key}\"] = value"));
    }
}

/// Variables for the scalars that are kept.
fn scalar_entries(code: &mut Code, rule: &Rule) {
    let mut lines = Code::default();
    entries(&mut lines, 0, rule);
    let is_of_tensor = |line: &str| {
        rule.states.iter().any(|&state| {
            let key = format!("state[\"{}\"]", rule.program.cell(state).name);
            !rule.shape(state).is_scalar() && line.ends_with(&key)
        })
    };
    for line in lines.text().lines().filter(|line| !is_of_tensor(line)) {
        code.line(2, line);
    }
}

/// The scalars whose lists tensors' lines speak of.
fn listed(tensors: &[Line]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in tensors {
        for (end, _) in line.text.match_indices(OF_EACH) {
            let before = &line.text[..end];
            let start = before
                .rfind(|it: char| !it.is_ascii_alphanumeric() && it != '_')
                .map_or(0, |at| at + 1);
            let name = before[start..].to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::names::number;

    #[test]
    fn numbers_become_lists_where_lists_are_asked_for() {
        assert_eq!(
            with_lists_of_numbers(&format!("f(x, torch.tensor({}){OF_EACH})", number(2.0))),
            "f(x, [2.0] * len(params))"
        );
        assert_eq!(with_lists_of_numbers("f(x, y_of_each)"), "f(x, y_of_each)");
    }
}
