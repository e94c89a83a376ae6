//! Expressions from the op table's templates, with the brackets that they need and no others.
//!
//! A template is text with `{a}`, `{b}` and `{c}` for its operands. What stands beside a place decides how tightly an
//! operand's expression must hold together to be put there without brackets; what stands outside all brackets decides
//! how tightly the whole does. So `{a} * {b}` of `x + y` and `z` is `(x + y) * z`, and the order of operations, which
//! decides every rounding, is the program's.

/// How tightly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    /// A conditional.
    Choice,
    /// A sum or difference.
    Sum,
    /// A product or quotient.
    Product,
    /// A sign before, or an exponent behind.
    Sign,
    /// A name, a number, a call.
    Whole,
}

impl Binding {
    /// What holds together more tightly by one.
    const fn tighter(self) -> Self {
        match self {
            Self::Choice => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign | Self::Whole => Self::Whole,
        }
    }
}

/// An expression and how tightly it holds together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) binding: Binding,
}

impl Expression {
    /// A name, a number or a call.
    pub(super) fn whole(text: impl Into<String>) -> Self {
        let text = text.into();
        let binding = if text.starts_with('-') {
            Binding::Sign
        } else {
            Binding::Whole
        };
        Self { text, binding }
    }
}

/// What language a template is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// A programming language.
    Code,
    /// LaTeX's mathematical mode.
    Mathematics,
}

/// The places of a template: `(start, letter)`, where a place is three bytes long.
pub(super) fn places(template: &str) -> Vec<(usize, u8)> {
    let bytes = template.as_bytes();
    let place = |start: usize| match bytes[start..] {
        [b'{', letter @ b'a'..=b'c', b'}', ..] => Some((start, letter)),
        _ => None,
    };
    (0..bytes.len()).filter_map(place).collect()
}

/// How often a template names an operand.
pub(super) fn uses(template: &str, operand: usize) -> usize {
    let places = places(template).into_iter();
    places
        .filter(|&(_, letter)| usize::from(letter - b'a') == operand)
        .count()
}

/// Whether an operand stands beside an operator and another operand wherever it is named, so that a bare number can stand
/// there.
pub(super) fn is_beside_operator(template: &str, operand: usize) -> bool {
    const OPERATORS: [char; 9] = ['+', '-', '*', '/', '<', '>', '=', '!', ' '];
    places(template).into_iter().all(|(start, letter)| {
        let (before, after) = (&template[..start], &template[start + 3..]);
        let stripped = before.trim_end_matches(OPERATORS);
        let follows = stripped.len() + 1 < before.len() && stripped.ends_with(['}', ')']);
        let stripped = after.trim_start_matches(OPERATORS);
        let leads = stripped.len() + 1 < after.len() && stripped.starts_with(['{', '(']);
        usize::from(letter - b'a') != operand || follows || leads
    })
}

/// A template with its operands in their places.
pub(super) fn fill(notation: Notation, template: &str, operands: &[Expression]) -> Expression {
    let mut text = String::new();
    let mut end = 0;
    for (start, letter) in places(template) {
        text.push_str(&template[end..start]);
        end = start + 3;
        let operand = &operands[usize::from(letter - b'a')];
        let needed = needed_between(notation, &template[..start], &template[end..]);
        if operand.binding < needed {
            text.push_str(&bracketed(notation, &operand.text));
        } else if is_indexed(notation, &template[end..]) && operand.text.contains('_') {
            // TeX takes no second index but of a group.
            text.push_str(&format!("{{{}}}", operand.text));
        } else {
            text.push_str(&operand.text);
        }
    }
    text.push_str(&template[end..]);
    // A template that is one operand as it is.
    let binding = match places(template)[..] {
        [(0, letter)] if template.len() == 3 => operands[usize::from(letter - b'a')].binding,
        _ => binding_of(notation, template),
    };
    Expression { text, binding }
}

/// Whether what stands before this is given an index.
fn is_indexed(notation: Notation, after: &str) -> bool {
    notation == Notation::Mathematics && after.starts_with('_')
}

fn bracketed(notation: Notation, text: &str) -> String {
    match notation {
        Notation::Code => format!("({text})"),
        Notation::Mathematics => format!("\\left({text}\\right)"),
    }
}

/// How tightly an operand must hold together between these parts of a template.
fn needed_between(notation: Notation, before: &str, after: &str) -> Binding {
    let (before, after) = (before.trim_end(), after.trim_start());
    let first = after.bytes().next();
    let last = before.bytes().next_back();
    if matches!(first, Some(b'.' | b'[' | b'^')) || is_indexed(notation, after) {
        return Binding::Whole;
    }
    let of_right = match first {
        Some(b'+' | b'-') => Binding::Sum,
        Some(b'*' | b'/' | b'@') => Binding::Product,
        Some(b'<' | b'>' | b'=' | b'!') => Binding::Sum,
        Some(_) | None => Binding::Choice,
    };
    let of_left = match last {
        Some(b'+') => Binding::Sum.tighter(),
        // A sign, if nothing stands before it that something could be taken from.
        Some(b'-') => match before[..before.len() - 1].trim_end().bytes().next_back() {
            Some(b'}' | b')' | b']') | Some(b'0'..=b'9') => Binding::Sum.tighter(),
            Some(_) | None => Binding::Whole,
        },
        Some(b'*' | b'/' | b'@') => Binding::Product.tighter(),
        Some(b'<' | b'>' | b'=') => Binding::Sum,
        Some(_) | None => Binding::Choice,
    };
    let of_neighbours = match notation {
        Notation::Code => Binding::Choice,
        Notation::Mathematics => {
            let multiplied = before.ends_with("\\,")
                || after.starts_with("\\,")
                || after.starts_with('{')
                || after.starts_with('(')
                || after.starts_with("\\math")
                || after.starts_with('I');
            let is_argument = last.is_some_and(|last| last.is_ascii_alphanumeric())
                || before.ends_with("\\#")
                || before.ends_with('}');
            match (multiplied, is_argument) {
                (_, true) => Binding::Sign,
                (true, false) => Binding::Product,
                (false, false) => Binding::Choice,
            }
        }
    };
    of_left.max(of_right).max(of_neighbours)
}

/// How tightly what is made of a template holds together.
fn binding_of(notation: Notation, template: &str) -> Binding {
    // A cast binds tightly, but what follows it may be read as a part of its type.
    if template.starts_with("if ") || template.contains(" as ") {
        return Binding::Choice;
    }
    if template.starts_with('-') {
        return match notation {
            Notation::Code => Binding::Sign,
            Notation::Mathematics => Binding::Sum,
        };
    }
    let mut depth = 0_i32;
    let mut binding = Binding::Whole;
    let bytes = template.as_bytes();
    let places = places(template);
    let mut skip = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if index < skip {
            continue;
        }
        if places.iter().any(|&(start, _)| start == index) {
            skip = index + 3;
            continue;
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b'+' | b'-' if depth == 0 => binding = binding.min(Binding::Sum),
            b'*' | b'/' | b'@' if depth == 0 => binding = binding.min(Binding::Product),
            b'^' if depth == 0 => binding = binding.min(Binding::Sign),
            _ => {}
        }
    }
    let is_product = notation == Notation::Mathematics
        && (template.contains("} {")
            || template.contains("\\,")
            || template.starts_with("\\sum")
            || template.starts_with("\\ln ")
            || template.starts_with("\\max ")
            || template.starts_with("\\min ")
            || template.ends_with("} I")
            || template.contains("\\mathbf{1}"));
    if is_product {
        binding = binding.min(Binding::Product);
    }
    binding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, operands: &[&str]) -> String {
        // Operands are made by templates too, so that they are bound as they look.
        let operands: Vec<Expression> = operands
            .iter()
            .map(|text| Expression {
                text: (*text).to_owned(),
                binding: binding_of(Notation::Code, text),
            })
            .collect();
        fill(Notation::Code, template, &operands).text
    }

    #[test]
    fn brackets_are_where_roundings_would_change_and_nowhere_else() {
        for (template, operands, expected) in [
            ("{a} * {b}", ["x + y", "z"], "(x + y) * z"),
            ("{a} * {b}", ["x * y", "z"], "x * y * z"),
            ("{a} * {b}", ["x", "y * z"], "x * (y * z)"),
            ("{a} / {b}", ["x", "y / z"], "x / (y / z)"),
            ("{a} + {b}", ["x", "y * z"], "x + y * z"),
            ("{a} + {b}", ["x", "y + z"], "x + (y + z)"),
            ("{a} - {b}", ["x", "-y"], "x - -y"),
            ("f({a}, {b})", ["x + y", "z - x"], "f(x + y, z - x)"),
            ("({a} < {b}).float()", ["x + y", "z"], "(x + y < z).float()"),
            ("{a}.T @ {b}", ["x @ y", "z"], "(x @ y).T @ z"),
        ] {
            assert_eq!(filled(template, &operands), expected);
        }
        assert_eq!(filled("-{a}", &["x * y"]), "-(x * y)");
        assert_eq!(filled("{a}.exp()", &["-x"]), "(-x).exp()");
        assert_eq!(
            filled("{a} + {c} * ({b} - {a})", &["x", "y + z", "u + v"]),
            "x + (u + v) * (y + z - x)"
        );
    }

    #[test]
    fn an_index_is_of_all_before_it_and_of_one_index_at_most() {
        for (operand, binding, expected) in [
            ("m", Binding::Whole, "m_i"),
            ("m_{2}", Binding::Whole, "{m_{2}}_i"),
            ("m + g", Binding::Sum, "\\left(m + g\\right)_i"),
        ] {
            let text = operand.to_owned();
            let filled = fill(
                Notation::Mathematics,
                "{a}_i",
                &[Expression { text, binding }],
            );
            assert_eq!(filled.text, expected);
        }
    }

    #[test]
    fn a_number_may_stand_beside_an_operator_only() {
        assert!(is_beside_operator("{a} + {b}", 0));
        assert!(!is_beside_operator("torch.maximum({a}, {b})", 1));
        assert!(!is_beside_operator("torch.where({a} > 0, {b}, {c})", 0));
        assert!(is_beside_operator("{a} + {c} * ({b} - {a})", 2));
        assert!(!is_beside_operator("{a} + {c} * ({b} - {a}) + f({a})", 0));
        assert_eq!(uses("{a} @ {a}.T", 0), 2);
    }
}
