//! Rewriting by the table of rules, for each of its purposes.

use super::expand::expanded;
use super::graph::{Rewriting, rewritten};
use super::pattern::Rule;
use super::rules::Purpose;
use crate::function::Function;

/// Replaces values by others that have the same bits and are less work, as the exact [rules] have
/// it. Equal values become one on the way, since a rule has to see that they are.
///
/// [rules]: fn@super::rules
#[must_use]
pub fn simplify(function: &Function) -> Function {
    let rewriting = Rewriting {
        rules: Some(Purpose::Running.rules()),
        folds: false,
    };
    settled(function, rewriting, false).0
}

/// Expands composite ops, folds, simplifies, shares and drops what is dead, until there is nothing more to do.
///
/// One walk is enough, but where a rule would have lost a shape that only dead code needed. Each walk
/// that follows another has less before it, be it a shape, a value or what the rules measure.
#[must_use]
pub fn optimise(function: &Function) -> Function {
    settled(&expanded(function), everything(Purpose::Running), true).0
}

/// The form of a function in which it is compared with others: the exact [rules] are applied even
/// where that is more work. Functions with one form have the same bits; that those with the same
/// bits have one form is too much to ask.
///
/// [rules]: fn@super::rules
#[must_use]
pub fn normalise(function: &Function) -> Function {
    // Whether a shape is needed is asked of a value, so equal ones have to be one before.
    let shared = rewritten(&expanded(function), Rewriting::default(), true).function;
    settled(&shared, everything(Purpose::Comparing), true).0
}

/// A function as people read it, and what is not exact about that.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The function: near the original on ordinary numbers, and not to be run in its place.
    pub function: Function,
    /// The rules that were applied although they do not keep every bit, each once. Empty if the
    /// function keeps every bit.
    pub inexact: Vec<&'static Rule>,
}

/// Simplifies as on paper: x − x is 0 and log(exp x) is x, whatever happens to infinities, NaN, the
/// sign of zero and the last bits.
#[must_use]
pub fn simplify_for_reading(function: &Function) -> Reading {
    // What is dead is not read, and a rule that touches nothing else is not worth a mention.
    let live = rewritten(function, Rewriting::default(), true).function;
    let (function, inexact) = settled(&live, everything(Purpose::Reading), true);
    Reading { function, inexact }
}

fn everything(purpose: Purpose) -> Rewriting {
    Rewriting {
        rules: Some(purpose.rules()),
        folds: true,
    }
}

/// What is left when another walk finds nothing to do, and the rules taken that are not exact.
fn settled(
    function: &Function,
    rewriting: Rewriting,
    drops_dead: bool,
) -> (Function, Vec<&'static Rule>) {
    let mut last = rewritten(function, rewriting, drops_dead);
    while last.may_go_on {
        let mut next = rewritten(&last.function, rewriting, drops_dead);
        let new = std::mem::take(&mut next.inexact);
        for rule in new {
            if !last.inexact.iter().any(|&known| std::ptr::eq(known, rule)) {
                last.inexact.push(rule);
            }
        }
        let is_settled = next.function == last.function;
        next.inexact = std::mem::take(&mut last.inexact);
        last = next;
        if is_settled {
            break;
        }
    }
    (last.function, last.inexact)
}
