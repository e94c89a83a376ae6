//! Rewrite rules as they are written, and as they are matched.
//!
//! A rule is a line of text over the op table's mnemonics:
//!
//! ```text
//! div(?a, #k) => mul(?a, reciprocal(#k)) if exact_reciprocal(#k)
//! ```
//!
//! `?a` stands for any value and `#k` for any constant; a number stands for itself, to the bit. The
//! operands of a commuting op match in either order. What the right side computes of constants alone
//! is a constant. Conditions are those of [`Condition`], divided by commas.

#[cfg(any(test, feature = "random"))]
mod instance;

#[cfg(any(test, feature = "random"))]
pub(crate) use instance::Source;

use crate::function::Constant;
use crate::ops::{Guarantee, Op};

/// The most variables of a rule.
pub(super) const MAX_VARIABLES: usize = 5;

/// One side of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// Any value, the same wherever the variable stands.
    Any(usize),
    /// Any constant, the same wherever the variable stands.
    Constant(usize),
    /// This constant.
    Number(Constant),
    /// An op's result.
    Apply(Op, Vec<Pattern>),
}

/// Declares the conditions: a word, what it asks of a number, and, unless it is asked of constants only,
/// what rows of the op table guarantee of results.
macro_rules! conditions {
    ($($(#[doc = $summary:literal])+ $word:ident = $name:ident($number:ident) {
        $holds:expr $(, guarantee: $guarantee:path)?
    })+) => {
        /// What a rule asks of a variable. A NaN has no sign that could be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Condition {
            $($(#[doc = $summary])+ $name,)+
        }

        impl Condition {
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),+];

            fn from_word(word: &str) -> Option<Self> {
                match word { $(stringify!($word) => Some(Self::$name),)+ _ => None }
            }

            /// Whether a number fulfils the condition.
            pub(super) fn holds(self, number: f32) -> bool {
                match self { $(Self::$name => { let $number = number; $holds })+ }
            }

            /// What rows of the op table guarantee of results, if they know the condition.
            pub(super) fn guarantee(self) -> Option<fn(Op) -> Guarantee> {
                let known: &[fn(Op) -> Guarantee] = match self {
                    $(Self::$name => &[$($guarantee)?],)+
                };
                known.first().copied()
            }
        }
    };
}

conditions! {
    /// The sign bit is clear, or it is a NaN.
    unsigned = Unsigned(number) {
        number.is_nan() || number.is_sign_positive(), guarantee: Op::unsigned
    }
    /// The sign bit is set, and it is no NaN.
    signed = Signed(number) { !number.is_nan() && number.is_sign_negative() }
    /// +0 or 1.
    truth = Truth(number) { number.to_bits() == 0 || number == 1.0, guarantee: Op::truth }
    /// More than 0.
    positive = Positive(number) { number > 0.0 }
    /// Not more than 0, or a NaN.
    not_positive = NotPositive(number) { number.is_nan() || number <= 0.0 }
    /// Not more than 0, and no NaN.
    at_most_zero = AtMostZero(number) { number <= 0.0 }
    /// ±2ⁿ where 2⁻ⁿ is a number too.
    exact_reciprocal = ExactReciprocal(number) {
        is_power_of_two(number) && is_power_of_two(1.0 / number)
    }
    /// 2ⁿ for 1 ≤ n ≤ 60: small enough that the product of two is finite.
    doubling = Doubling(number) {
        is_power_of_two(number) && (2.0..=1_152_921_504_606_846_976.0).contains(&number)
    }
}

impl Condition {
    /// When the results of an op fulfil the condition.
    pub(super) fn guaranteed_by(self, op: Op) -> Guarantee {
        self.guarantee()
            .map_or(Guarantee::None, |guarantee| guarantee(op))
    }

    /// The first op of one operand whose results always fulfil the condition, if there is any.
    #[cfg(any(test, feature = "random"))]
    pub(super) fn fulfiller(self) -> Option<Op> {
        let fulfils = |op: &Op| op.arity() == 1 && self.guaranteed_by(*op) == Guarantee::Always;
        Op::all().find(fulfils)
    }
}

/// Whether a finite number's magnitude is a power of two.
fn is_power_of_two(number: f32) -> bool {
    let magnitude = number.abs().to_bits();
    let fraction = magnitude & 0x007f_ffff;
    match magnitude >> 23 {
        0 => fraction.is_power_of_two(),
        255 => false,
        _ => fraction == 0,
    }
}

/// What rules a line is among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Keeps every bit. Taken wherever it adds no work, and where work does not count.
    Exact,
    /// Keeps every bit and makes code that is better to run and to read, but harder to compare.
    Written,
    /// Keeps every bit and makes code that is easier to compare.
    Comparable,
    /// True of numbers, not of their bits.
    Inexact,
}

/// A line of the table.
#[derive(Debug)]
pub struct Rule {
    line: &'static str,
    pub(super) kind: Kind,
    pub(super) left: Pattern,
    pub(super) right: Pattern,
    pub(super) conditions: Vec<(Condition, usize)>,
}

impl Rule {
    /// The rule as it is written in the table.
    #[must_use]
    pub const fn line(&self) -> &'static str {
        self.line
    }

    /// Whether the rule keeps every bit, NaNs' aside.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        match self.kind {
            Kind::Exact | Kind::Written | Kind::Comparable => true,
            Kind::Inexact => false,
        }
    }

    /// Reads a line; what is wrong with it, if it is no rule.
    pub(super) fn parse(line: &'static str, kind: Kind) -> Result<Self, String> {
        let mut parser = Parser {
            rest: line,
            variables: Vec::new(),
        };
        let left = parser.pattern(true)?;
        parser.expect("=>")?;
        let right = parser.pattern(false)?;
        let mut conditions = Vec::new();
        if parser.take("if") {
            loop {
                let word = parser.word();
                let condition = Condition::from_word(word)
                    .ok_or_else(|| format!("there is no condition `{word}`"))?;
                parser.expect("(")?;
                match parser.pattern(false)? {
                    Pattern::Any(variable) | Pattern::Constant(variable) => {
                        conditions.push((condition, variable));
                    }
                    Pattern::Number(_) | Pattern::Apply(..) => {
                        return Err("a condition is asked of a variable".to_owned());
                    }
                }
                parser.expect(")")?;
                if !parser.take(",") {
                    break;
                }
            }
        }
        if !parser.rest.trim().is_empty() {
            return Err(format!("`{}` is left over", parser.rest.trim()));
        }
        match &left {
            Pattern::Apply(..) => Ok(Self {
                line,
                kind,
                left,
                right,
                conditions,
            }),
            Pattern::Any(_) | Pattern::Constant(_) | Pattern::Number(_) => {
                Err("the left side is no op".to_owned())
            }
        }
    }

    /// Whether what is made of a value never costs more than the value, even where all that the left
    /// side spans is needed still: one op at most, and no dearer one.
    pub(super) fn adds_no_work(&self) -> bool {
        let (Pattern::Apply(old, _), Pattern::Apply(new, operands)) = (&self.left, &self.right)
        else {
            return true;
        };
        // What spans tensors is dearer than what does not.
        let cost = |op: &Op| match op {
            Op::Elementwise(op) => (0, op.flops_per_element()),
            Op::Reduction(op) => (1, op.flops_per_element()),
            Op::Matrix(op) => (2, op.flops().coefficient),
            Op::Composite(_) => (3, 0),
        };
        cost(new) <= cost(old) && !operands.iter().any(Pattern::has_work)
    }

    /// The left sides that match in all orders of commuting operands.
    pub(super) fn orders(&self) -> Vec<Pattern> {
        self.left.orders()
    }
}

impl Pattern {
    /// Whether the pattern is computed of constants alone.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Any(_) => false,
            Self::Constant(_) | Self::Number(_) => true,
            Self::Apply(op, operands) => match op {
                Op::Elementwise(_) => operands.iter().all(Self::is_constant),
                Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => false,
            },
        }
    }

    /// Whether anything is computed when the pattern is made.
    fn has_work(&self) -> bool {
        match self {
            Self::Any(_) | Self::Constant(_) | Self::Number(_) => false,
            Self::Apply(..) => !self.is_constant(),
        }
    }

    fn orders(&self) -> Vec<Self> {
        let Self::Apply(op, operands) = self else {
            return vec![self.clone()];
        };
        let mut choices = vec![Vec::new()];
        for operand in operands {
            let orders = operand.orders();
            let with = |choice: &Vec<Self>| {
                let longer = orders
                    .iter()
                    .map(|order| [&choice[..], std::slice::from_ref(order)]);
                longer.map(|parts| parts.concat()).collect::<Vec<_>>()
            };
            choices = choices.iter().flat_map(with).collect();
        }
        let mut all = Vec::new();
        for choice in choices {
            let mut exchanged = choice.clone();
            if op.commutes() {
                exchanged.swap(0, 1);
            }
            for operands in [choice, exchanged] {
                let pattern = Self::Apply(*op, operands);
                if !all.contains(&pattern) {
                    all.push(pattern);
                }
            }
        }
        all
    }
}

struct Parser {
    rest: &'static str,
    /// The variables that there are, with the mark before them.
    variables: Vec<(char, &'static str)>,
}

impl Parser {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) {
            Ok(())
        } else {
            Err(format!(
                "`{token}` is missing before `{}`",
                self.rest.trim()
            ))
        }
    }

    fn word(&mut self) -> &'static str {
        let text = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
        let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let (word, rest) = text.split_at(length);
        self.rest = rest;
        word
    }

    /// A pattern. The left side introduces variables, and nothing else does.
    fn pattern(&mut self, introduces: bool) -> Result<Pattern, String> {
        for mark in ['?', '#'] {
            if self.take(mark.encode_utf8(&mut [0; 4])) {
                let variable = self.variable(mark, introduces)?;
                return Ok(if mark == '?' {
                    Pattern::Any(variable)
                } else {
                    Pattern::Constant(variable)
                });
            }
        }
        let word = self.word();
        // `inf` is a number to Rust, and no op is named like one.
        if let Ok(number) = word.parse::<f32>() {
            return Ok(Pattern::Number(Constant::new(number)));
        }
        let op = Op::from_mnemonic(word).ok_or_else(|| format!("there is no op `{word}`"))?;
        let mut operands = Vec::new();
        self.expect("(")?;
        loop {
            operands.push(self.pattern(introduces)?);
            if !self.take(",") {
                break;
            }
        }
        self.expect(")")?;
        if operands.len() != op.arity() {
            return Err(format!("`{op}` takes {} operands", op.arity()));
        }
        Ok(Pattern::Apply(op, operands))
    }

    fn variable(&mut self, mark: char, introduces: bool) -> Result<usize, String> {
        let name = self.word();
        if let Some(known) = self.variables.iter().position(|&(_, known)| known == name) {
            return if self.variables[known].0 == mark {
                Ok(known)
            } else {
                Err(format!("`{name}` is a value and a constant"))
            };
        }
        if !introduces {
            return Err(format!("`{mark}{name}` does not stand on the left"));
        }
        if name.is_empty() || self.variables.len() == MAX_VARIABLES {
            return Err(format!("`{mark}{name}` is no variable, or one too many"));
        }
        self.variables.push((mark, name));
        Ok(self.variables.len() - 1)
    }
}

#[cfg(test)]
mod tests;
