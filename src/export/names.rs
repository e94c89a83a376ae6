//! What things are called in exported code: constants, cells, classes; and where the code comes from, in words.

use crate::lowering::CanonicalHash;
use crate::program::{CellIndex, Program, Role, Schema};

use super::code::{Symbol, legal};

/// A constant that a user may set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) cell: CellIndex,
    /// What the exported code calls it.
    pub(super) name: String,
    /// The learned value.
    pub(super) value: f32,
    /// Whether it may not be negative.
    pub(super) is_rate: bool,
}

impl Setting {
    /// The value, as a floating-point number is written in most languages.
    pub(super) fn literal(&self) -> String {
        number(self.value)
    }
}

/// What a program is, in words.
pub(super) fn kind(program: &Program) -> &'static str {
    match program.schema() {
        Schema::Optimizer => "update rule",
        Schema::Loss => "loss",
        Schema::Learner => "learner",
        Schema::Algorithm => "loss and update rule",
    }
}

/// A number with the fewest digits that read back to the same bits, and a point or an exponent.
pub(super) fn number(value: f32) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e7).contains(&magnitude) {
        format!("{value:?}")
    } else {
        format!("{value:e}")
    }
}

/// A number without a point where it is whole, as people write it beside an operator.
pub(super) fn plain_number(value: f32) -> String {
    let text = number(value);
    // The point keeps the sign of −0.
    match text.strip_suffix(".0") {
        Some(whole) if value != 0.0 || value.is_sign_positive() => whole.to_owned(),
        Some(_) | None => text,
    }
}

/// Words for numbers. A constant that is called by its number is one.
const NUMBER_WORDS: [(&str, f32); 6] = [
    ("zero", 0.0),
    ("half", 0.5),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
];

/// Whether a constant is no more than its number: it is called by it, or evolution gave a nameless one the value 0 or 1.
fn is_number(name: &str, value: f32) -> bool {
    let is_nameless = name.len() > 1 && name.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    NUMBER_WORDS.contains(&(name, value)) || is_nameless && (value == 0.0 || value == 1.0)
}

/// The constants that a pruned program's instructions read and a user may set, learning rate first.
pub(super) fn settings(
    program: &Program,
    rename: &[(&str, &str)],
    reserved: &[&str],
) -> Vec<Setting> {
    let is_read = |index: CellIndex| {
        let mut instructions = program.bodies().iter().flatten();
        instructions.any(|instruction| instruction.operands().contains(&index))
    };
    let settings = CellIndex::enumerate(program.cells()).filter_map(|(cell, described)| {
        let Role::Constant(value) = described.role else {
            return None;
        };
        let is_rate = program.schema().required_cell(&described.name).is_some();
        if !is_read(cell) || !is_rate && is_number(&described.name, value.value()) {
            return None;
        }
        let renamed = rename.iter().find(|(from, _)| *from == described.name);
        let name = match renamed {
            Some((_, to)) => (*to).to_owned(),
            None => legal(&described.name, reserved),
        };
        Some(Setting {
            cell,
            name,
            value: value.value(),
            is_rate,
        })
    });
    let mut settings: Vec<Setting> = settings.collect();
    settings.sort_by_key(|setting| !setting.is_rate);
    settings
}

/// What a cell is called that holds something at the start: a setting by its name, any other constant by its number.
pub(super) fn symbol(
    program: &Program,
    settings: &[Setting],
    reserved: &[&str],
    cell: CellIndex,
) -> Symbol {
    if let Some(setting) = settings.iter().find(|setting| setting.cell == cell) {
        return Symbol::Name(setting.name.clone());
    }
    let described = program.cell(cell);
    match described.role {
        Role::Constant(value) => Symbol::Number(value.value()),
        Role::Input | Role::State | Role::Scratch | Role::Output => {
            Symbol::Name(legal(&described.name, reserved))
        }
    }
}

/// A program's name as a class is called: `cross_entropy` as `CrossEntropy`.
pub(super) fn class_name(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    let name: String = words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect();
    if name.bytes().next().is_none_or(|byte| byte.is_ascii_digit()) {
        format!("Program{name}")
    } else {
        name
    }
}

/// Where exported code comes from.
pub(super) fn provenance(program: &Program) -> String {
    format!(
        "Exported by mlevolve {} from the {} program `{}`, canonical hash {}.",
        env!("CARGO_PKG_VERSION"),
        program.schema().description().name,
        program.name(),
        CanonicalHash::of(program)
    )
}

/// The instructions of each function that has some, as the program has them.
pub(super) fn rule(program: &Program) -> Vec<String> {
    let text = program.to_string();
    let functions = program.schema().description().functions;
    let is_head = |line: &str| {
        let name = line.strip_suffix(':');
        name.is_some_and(|name| functions.iter().any(|function| function.name == name))
    };
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().skip_while(|line| !is_head(line)) {
        lines.push(line.to_owned());
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_as_people_write_them() {
        assert_eq!(class_name("cross_entropy"), "CrossEntropy");
        assert_eq!(class_name("_1"), "Program1");
        assert_eq!(number(1.0), "1.0");
        assert_eq!(number(1e-8), "1e-8");
        assert_eq!(number(3.4e38), "3.4e38");
        assert_eq!(plain_number(2.0), "2");
        assert_eq!(plain_number(-0.0), "-0.0");
        assert!(is_number("one", 1.0) && !is_number("one", 1.5));
        assert!(is_number("c3", 0.0) && !is_number("c3", 0.5) && !is_number("margin", 1.0));
    }
}
