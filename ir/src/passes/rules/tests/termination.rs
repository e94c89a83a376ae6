//! Rewriting ends: every rule lowers a measure that cannot fall for ever.

use super::super::*;
use crate::passes::pattern::{Condition, MAX_VARIABLES};

/// A measure of terms: linear in that of the variables, which are 1 at least.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    coefficients: [i64; MAX_VARIABLES],
    constant: i64,
}

impl Measure {
    fn constant(constant: i64) -> Self {
        Self {
            constant,
            ..Self::default()
        }
    }

    fn variable(variable: usize) -> Self {
        let mut measure = Self::default();
        measure.coefficients[variable] = 1;
        measure
    }

    fn plus(self, other: Self, times: i64) -> Self {
        let mut sum = self;
        for (mine, its) in sum.coefficients.iter_mut().zip(other.coefficients) {
            *mine += times * its;
        }
        sum.constant += times * other.constant;
        sum
    }

    /// Whether it is at least 0 whatever the variables are, and how much it is at least.
    fn least(self) -> Option<i64> {
        let is_bounded = self
            .coefficients
            .iter()
            .all(|&coefficient| coefficient >= 0);
        is_bounded.then(|| self.constant + self.coefficients.iter().sum::<i64>())
    }
}

/// An op's own measure and so many times that of each operand.
fn weighted(own: i64, operands: impl Iterator<Item = Measure>, times: [i64; 3]) -> Measure {
    let both = operands.zip(times);
    both.fold(Measure::constant(own), |sum, (operand, times)| {
        sum.plus(operand, times)
    })
}

/// The weight of a term. Constants weigh 1, or more if they are negative; what is folded weighs less
/// than what it is folded from, as every op weighs more than any constant.
fn weight(pattern: &Pattern, rule: &Rule, purpose: Purpose) -> Measure {
    let is_comparing = purpose == Purpose::Comparing;
    let negative = if is_comparing { 8 } else { 2 };
    let is_signed = |variable: &usize| rule.conditions.contains(&(Condition::Signed, *variable));
    match pattern {
        Pattern::Constant(variable) if is_signed(variable) => Measure::constant(negative),
        Pattern::Any(variable) | Pattern::Constant(variable) => Measure::variable(*variable),
        Pattern::Number(number) if Condition::Signed.holds(number.value()) => {
            Measure::constant(negative)
        }
        Pattern::Number(_) => Measure::constant(1),
        Pattern::Apply(op, operands) if pattern.is_constant() => {
            match (op.mnemonic(), &operands[0]) {
                ("abs", _) => Measure::constant(1),
                ("neg", Pattern::Constant(variable)) if is_signed(variable) => Measure::constant(1),
                ("reciprocal", Pattern::Constant(variable)) => Measure::variable(*variable),
                _ => Measure::constant(negative),
            }
        }
        Pattern::Apply(op, operands) => {
            // For comparing, signs move out of products, and composite ops are spelled out.
            let (own, times) = match (op.mnemonic(), is_comparing) {
                ("div", false) => (12, [1, 1, 1]),
                ("add" | "sub", false) => (11, [1, 1, 1]),
                ("pow", false) => (20, [1, 1, 1]),
                ("clip" | "rsqrt", false) => (15, [1, 1, 1]),
                ("matmul" | "matmul_left_transposed" | "matmul_right_transposed", _) => {
                    (10, [2, 2, 2])
                }
                ("fma", _) => (40, [3, 3, 3]),
                ("mul", true) => (10, [2, 2, 2]),
                ("div", true) => (12, [2, 2, 2]),
                ("add", true) => (13, [1, 1, 1]),
                ("sub", true) => (60, [1, 1, 1]),
                ("clip", true) => (30, [1, 1, 1]),
                ("lerp", true) => (200, [3, 2, 2]),
                ("dot", _) => (20, [1, 1, 1]),
                _ => (10, [1, 1, 1]),
            };
            weighted(
                own,
                operands
                    .iter()
                    .map(|operand| weight(operand, rule, purpose)),
                times,
            )
        }
    }
}

/// How deep a term's signs and transposes are: less, the further out they are.
fn depth_of_signs(pattern: &Pattern) -> Measure {
    match pattern {
        Pattern::Number(_) => Measure::constant(1),
        Pattern::Any(variable) | Pattern::Constant(variable) => Measure::variable(*variable),
        Pattern::Apply(..) if pattern.is_constant() => Measure::constant(1),
        Pattern::Apply(op, operands) => {
            let (own, times) = match op.mnemonic() {
                "neg" | "abs" | "transpose" => (1, [1, 1, 1]),
                "div" => (1, [2, 3, 2]),
                "max" => (2, [2, 2, 2]),
                _ => (1, [2, 2, 2]),
            };
            weighted(own, operands.iter().map(depth_of_signs), times)
        }
    }
}

/// Rewriting ends: for each purpose, every rule makes terms lighter, or keeps the weight and moves
/// signs out. Both measures rise with every operand's and do not see the order of commuting ones, so
/// what is lowered somewhere in a term is lowered in the whole.
#[test]
fn every_rule_lowers_a_measure() {
    for purpose in Purpose::ALL {
        for rule in rules().filter(|rule| purpose.takes(rule)) {
            let [left, right] = [&rule.left, &rule.right].map(|it| weight(it, rule, purpose));
            let lighter = left.plus(right, -1).least();
            let further_out = depth_of_signs(&rule.left)
                .plus(depth_of_signs(&rule.right), -1)
                .least();
            assert!(
                lighter.is_some_and(|least| least > 0)
                    || lighter.is_some_and(|least| least == 0)
                        && further_out.is_some_and(|least| least > 0),
                "{} for {purpose:?}: {left:?} to {right:?}",
                rule.line(),
            );
        }
    }
}
