//! Functions as formulas, for people at a terminal: what each cell holds after a call, by what was there before.
//!
//! All of a function's stores happen at once, when it ends. So a cell that is read and written has two names: `m` is what it held
//! before, `m'` what it holds after.
//!
//! ```text
//!   v2 = lerp(v0, v1, 0.1), store m       m' = 0.9 * m + 0.1 * g
//!   v4 = mul(v2, -0.001)             ──►
//!   v5 = add(v3, v4), store w             w' = w - 0.001 * m'
//! ```
//!
//! What is used once is put where it is used; what is used again, and is no cell's, has a name of its own. Numbers have four
//! significant digits, as these lines are to be read and not to be run.

use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_ir::{Access, Definition, Function, Value};

use super::template::{Binding, Expression, Notation, fill, places, uses};

/// An expression that is no longer than this stands wherever it is used, however often that is.
const SHORT: usize = 6;

/// One line for each value that has a name, in the order in which they are computed.
pub(crate) fn formulas(function: &Function) -> Vec<String> {
    let mut writer = Writer {
        function,
        uses: vec![0; function.values().len()],
        texts: Vec::new(),
        lines: Vec::new(),
        temporaries: 0,
    };
    for value in function.values() {
        for operand in function.definition(value).operands() {
            writer.uses[operand.index()] += 1;
        }
    }
    for value in function.values() {
        let text = writer.text(value);
        writer.texts.push(text);
    }
    // What was there already, and is kept as it is or goes to another cell.
    for (parameter, value) in function.stores() {
        if !writer.is_computed(value) {
            let name = writer.name_after(parameter.index());
            let line = format!("{name} = {}", writer.texts[value.index()].text);
            writer.lines.push(line);
        }
    }
    writer.lines
}

/// A number with four significant digits at most.
pub(crate) fn short_number(value: f64) -> String {
    let rounded = format!("{value:.3e}").parse().unwrap_or(value);
    let magnitude = rounded.abs();
    if magnitude == 0.0 || (1e-4..1e7).contains(&magnitude) {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}

struct Writer<'a> {
    function: &'a Function,
    /// How many values are made of each.
    uses: Vec<usize>,
    texts: Vec<Expression>,
    lines: Vec<String>,
    temporaries: usize,
}

impl Writer<'_> {
    fn is_computed(&self, value: Value) -> bool {
        match self.function.definition(value) {
            Definition::Load(_) | Definition::Constant(_) => false,
            Definition::Apply { .. } => true,
        }
    }

    /// What a cell is called after the call.
    fn name_after(&self, parameter: usize) -> String {
        let parameter = &self.function.parameters()[parameter];
        match parameter.access {
            Access::ReadWrite => format!("{}'", parameter.name),
            Access::Read | Access::Write => parameter.name.clone(),
        }
    }

    /// How a value is spoken of after this; its line, if it has one, is written.
    fn text(&mut self, value: Value) -> Expression {
        let text = match self.function.definition(value) {
            Definition::Load(parameter) => {
                return Expression::whole(&self.function.parameter(*parameter).name);
            }
            Definition::Constant(constant) => {
                return Expression::whole(short_number(f64::from(constant.value())));
            }
            Definition::Apply { op, operands } => self.applied(*op, operands.as_slice()),
        };
        let stores = self.function.stores();
        let stored = stores.filter(|&(_, stored)| stored == value);
        let names: Vec<String> = stored
            .map(|(parameter, _)| self.name_after(parameter.index()))
            .collect();
        let uses = self.uses[value.index()];
        let (first, others) = match names.split_first() {
            Some((first, others)) => (first.clone(), others),
            None if uses > 1 && text.text.chars().count() > SHORT => {
                (self.temporary(), &[] as &[String])
            }
            None => return text,
        };
        self.lines.push(format!("{first} = {}", text.text));
        for other in others {
            self.lines.push(format!("{other} = {first}"));
        }
        Expression::whole(first)
    }

    /// A name that no cell has.
    fn temporary(&mut self) -> String {
        loop {
            self.temporaries += 1;
            let name = format!("u{}", self.temporaries);
            if self.function.index_of(&name).is_none() {
                return name;
            }
        }
    }

    fn applied(&self, op: Op, operands: &[Value]) -> Expression {
        let texts: Vec<Expression> = operands
            .iter()
            .map(|operand| self.texts[operand.index()].clone())
            .collect();
        let number = |place: usize| match self.function.definition(operands[place]) {
            Definition::Constant(constant) => Some(f64::from(constant.value())),
            Definition::Load(_) | Definition::Apply { .. } => None,
        };
        match (op, &texts[..]) {
            (Op::Elementwise(ElementwiseOp::Add), [one, other]) => sum(one, other),
            (Op::Elementwise(ElementwiseOp::Sub), [one, other]) => difference(one, other),
            (Op::Elementwise(ElementwiseOp::Mul), [one, other]) if number(1).is_some() => {
                filled("{a} * {b}", &[other.clone(), one.clone()])
            }
            (Op::Elementwise(ElementwiseOp::Lerp), [from, to, _]) => match number(2) {
                Some(share) => sum(
                    &scaled(1.0 - share, from, number(0)),
                    &scaled(share, to, number(1)),
                ),
                None => filled(&call(op), &texts),
            },
            _ => filled(&template(op), &texts),
        }
    }
}

fn filled(template: &str, operands: &[Expression]) -> Expression {
    fill(Notation::Code, template, operands)
}

/// So many times an operand, which may be a number itself.
fn scaled(factor: f64, text: &Expression, number: Option<f64>) -> Expression {
    if let Some(number) = number {
        return Expression::whole(short_number(factor * number));
    }
    let factor = Expression::whole(short_number(factor));
    filled("{a} * {b}", &[factor, text.clone()])
}

/// Without the sign that it begins with, if that is the sign of all of it.
fn unsigned(text: &Expression) -> Option<Expression> {
    let rest = text.text.strip_prefix('-')?;
    (text.binding >= Binding::Product).then(|| Expression {
        text: rest.to_owned(),
        binding: text.binding,
    })
}

/// A sum without brackets around sums in it: how it is rounded does not matter to who reads.
fn sum(one: &Expression, other: &Expression) -> Expression {
    let open = |text: &Expression| match text.binding {
        Binding::Choice => format!("({})", text.text),
        Binding::Sum | Binding::Product | Binding::Sign | Binding::Whole => text.text.clone(),
    };
    let (one, other) = (open(one), open(other));
    let text = match (one.strip_prefix('-'), other.strip_prefix('-')) {
        (_, Some(subtracted)) => format!("{one} - {subtracted}"),
        (Some(subtracted), None) => format!("{other} - {subtracted}"),
        (None, None) => format!("{one} + {other}"),
    };
    Expression {
        text,
        binding: Binding::Sum,
    }
}

fn difference(one: &Expression, other: &Expression) -> Expression {
    match unsigned(other) {
        Some(added) => filled("{a} + {b}", &[one.clone(), added]),
        None => filled("{a} - {b}", &[one.clone(), other.clone()]),
    }
}

/// How an op is written: by operators where NumPy has nothing else for it and names each operand once, else by its name.
fn template(op: Op) -> String {
    match op {
        Op::Elementwise(ElementwiseOp::Square) => return "{a}^2".to_owned(),
        Op::Elementwise(ElementwiseOp::Cube) => return "{a}^3".to_owned(),
        Op::Elementwise(ElementwiseOp::Reciprocal) => return "1 / {a}".to_owned(),
        Op::Elementwise(_) | Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => {}
    }
    let numpy = op.templates().numpy;
    let named = (0..op.arity()).all(|operand| uses(numpy, operand) == 1);
    let letters = numpy.chars().filter(char::is_ascii_alphanumeric).count();
    if named && letters == places(numpy).len() {
        numpy.to_owned()
    } else {
        call(op)
    }
}

/// An op as its name before its operands.
fn call(op: Op) -> String {
    let operands = ["{a}", "{b}", "{c}"];
    format!("{}({})", op.mnemonic(), operands[..op.arity()].join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use mlevolve_ir::passes;

    use super::*;
    use crate::lowering::lower_unoptimised;
    use crate::program::{Program, known};

    fn read(program: &Program) -> Vec<String> {
        let functions = lower_unoptimised(program);
        let functions = functions.iter();
        functions
            .flat_map(|function| formulas(&passes::simplify_for_reading(function).function))
            .collect()
    }

    fn known_rule(name: &str) -> Vec<String> {
        read(&known::find(name).unwrap().parsed())
    }

    #[test]
    fn known_rules_read_as_in_papers() {
        assert_eq!(known_rule("sgd"), ["w' = w - 0.001 * g"]);
        assert_eq!(
            known_rule("momentum"),
            [
                "velocity' = g + 0.9 * velocity",
                "w' = w - 0.001 * velocity'"
            ]
        );
        let adam = known_rule("adam");
        assert!(
            adam.contains(&"m' = 0.9 * m + 0.1 * g".to_owned()),
            "{adam:?}"
        );
        assert!(
            adam.contains(&"v' = 0.999 * v + 0.001 * g^2".to_owned()),
            "{adam:?}"
        );
        assert_eq!(
            known_rule("cross_entropy"),
            ["loss = log_sum_exp(prediction) - dot(prediction, target)"]
        );
    }

    #[test]
    fn signs_and_brackets_are_where_people_put_them() {
        let of = |body: &str| {
            let text = format!(
                "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
                 constant learning_rate = 0.5\nconstant c = -2\noutput delta tensor\nstate m tensor\n\
                 state u1 tensor\nscratch t tensor\nscratch u tensor\nupdate:\n{body}"
            );
            read(&Program::parse(&text).unwrap())
        };
        for (body, expected) in [
            (
                "delta = add(g, m)\nm = neg(g)",
                &["m' = -g", "w' = w + g + m"][..],
            ),
            (
                "t = add(g, w)\ndelta = mul(t, c)",
                &["w' = w - 2 * (w + g)"],
            ),
            (
                "t = sub(g, w)\nu = abs(t)\nu = div(t, u)\ndelta = sub(w, u)",
                &["w' = w + w - sign(g - w)"],
            ),
            (
                "t = tanh(g)\nu = sqrt(t)\nu = max(u, t)\ndelta = pow(u, t)",
                &["u1 = tanh(g)", "w' = w + pow(max(u1, sqrt(u1)), u1)"],
            ),
            (
                "u1 = lerp(u1, g, c)\ndelta = square(u1)",
                &["u1' = 3 * u1 - 2 * g", "w' = w + u1'^2"],
            ),
        ] {
            assert_eq!(of(body), expected, "{body}");
        }
        // No name has two meanings.
        let named = of(
            "u1 = neg(u1)\nt = tanh(g)\nu = sqrt(t)\nu = max(u, t)\nt = pow(u, t)\ndelta = mul(t, u1)",
        );
        assert!(named.contains(&"u2 = tanh(g)".to_owned()), "{named:?}");
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (0.1_f32, "0.1"),
            (1.0 - 0.9, "0.1"),
            (0.0, "0"),
            (-2.0, "-2"),
            (1e-8, "1e-8"),
            (123_456.0, "123500"),
            (f32::INFINITY, "inf"),
        ] {
            assert_eq!(short_number(f64::from(number)), text);
        }
    }
}
