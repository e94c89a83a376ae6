//! Which steps in a program's line made it fitter, and what they changed.

use serde::{Deserialize, Serialize};

use super::Ancestor;
use crate::search::Operator;

/// The steps of a line that brought a gain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gains {
    /// The candidate that the line begins with, as far as it is written down.
    pub first_id: u64,
    /// What that was made by.
    pub first_made_by: String,
    /// Its fitness on the search's seeds, if it has one.
    pub first_fitness: Option<f64>,
    /// How many steps there are from it to the program.
    pub steps: usize,
    /// Those that brought a gain, in their order.
    pub gains: Vec<Gain>,
}

/// A candidate that is fitter than its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gain {
    /// The candidate.
    pub id: u64,
    /// The generation that it came with.
    pub generation: u32,
    /// What it was made by.
    pub made_by: String,
    /// Its parents beside the one that the line goes on with.
    pub other_parents: Vec<u64>,
    /// Its fitness on the search's seeds.
    pub fitness: f64,
    /// How much that is more than its parent's.
    pub gain: f64,
    /// Lines of constants and instructions that are new or gone, in the order of the text; nothing if the log lacks a text.
    pub changes: Option<Vec<ChangedLine>>,
    /// Whether one of the texts is that of a candidate that is judged alike, which may be written otherwise.
    pub is_of_twin: bool,
}

/// A line of a program's text that is new or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedLine {
    /// Whether it is new.
    pub is_new: bool,
    /// The line.
    pub line: String,
}

impl Gains {
    /// Of a line, the youngest first, as [`lineage`](super::lineage()) gives it; nothing of an empty one.
    #[must_use]
    pub fn of(line: &[Ancestor]) -> Option<Self> {
        let first = &line.last()?.record;
        let pairs = line.windows(2).rev();
        let gains = pairs.filter_map(|pair| {
            let (own, parent) = (&pair[0], &pair[1]);
            let gain = own.gain.filter(|&gain| gain > 0.0)?;
            let texts = own
                .record
                .program
                .as_ref()
                .zip(parent.record.program.as_ref());
            Some(Gain {
                id: own.record.id,
                generation: own.record.generation,
                made_by: words(&own.record.operators),
                other_parents: own.record.parents.iter().skip(1).copied().collect(),
                fitness: own.record.fitness?,
                gain,
                changes: texts.map(|(own, parent)| changes(parent, own)),
                is_of_twin: own.twin.or(parent.twin).is_some(),
            })
        });
        Some(Self {
            first_id: first.id,
            first_made_by: words(&first.operators),
            first_fitness: first.fitness,
            steps: line.len() - 1,
            gains: gains.collect(),
        })
    }
}

/// What was done to a candidate's parents.
pub(super) fn words(operators: &[Operator]) -> String {
    let words = operators.iter().map(ToString::to_string);
    words.collect::<Vec<_>>().join(", ")
}

/// The lines of a program's text that say what it does: constants, functions and instructions.
fn telling(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| {
            let is_constant = line.starts_with("constant ");
            let is_code = !line.starts_with('#') && (line.ends_with(':') || line.ends_with(')'));
            is_constant || is_code
        })
        .collect()
}

/// What is new and gone, by a longest common subsequence (Wagner and Fischer 1974).
fn changes(before: &str, after: &str) -> Vec<ChangedLine> {
    let (before, after) = (telling(before), telling(after));
    // How long one is of what is left from two places on.
    let mut lengths = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for row in (0..before.len()).rev() {
        for column in (0..after.len()).rev() {
            lengths[row][column] = if before[row] == after[column] {
                lengths[row + 1][column + 1] + 1
            } else {
                lengths[row + 1][column].max(lengths[row][column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut changes = Vec::new();
    while row < before.len() || column < after.len() {
        let is_same = before
            .get(row)
            .is_some_and(|line| after.get(column) == Some(line));
        let goes = column == after.len()
            || row < before.len() && lengths[row + 1][column] >= lengths[row][column + 1];
        let (is_new, line) = match (is_same, goes) {
            (true, _) => {
                (row, column) = (row + 1, column + 1);
                continue;
            }
            (false, true) => {
                row += 1;
                (false, before[row - 1])
            }
            (false, false) => {
                column += 1;
                (true, after[column - 1])
            }
        };
        let line = line.to_owned();
        changes.push(ChangedLine { is_new, line });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_lines_of_constants_and_instructions() {
        let before = "program a\nschema optimizer 1\n\ninput w tensor\nconstant c0 = 0.5\nstate m0 tensor\n\nupdate:\n  \
            m0 = add(m0, g)\n  delta = neg(m0)\n";
        let after = "# A note (or two)\nprogram b\nschema optimizer 1\n\ninput w tensor\nconstant c0 = 0.7\n\nupdate:\n  \
            m0 = add(m0, g)\n  m0 = mul(m0, c0)\n  delta = neg(m0)\n";
        let changed = changes(before, after);
        let told: Vec<(bool, &str)> = changed
            .iter()
            .map(|it| (it.is_new, it.line.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (false, "constant c0 = 0.5"),
                (true, "constant c0 = 0.7"),
                (true, "m0 = mul(m0, c0)"),
            ]
        );
        assert_eq!(changes(before, before), []);
        assert_eq!(changes("", before).len(), 4);
        assert_eq!(changes(before, "").len(), 4);
    }
}
