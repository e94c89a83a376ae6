//! How different two programs are: the measure behind a population's diversity.

use std::mem::Discriminant;

use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;

use super::{Instruction, Program, Role};

/// The least number of insertions, deletions and replacements that turn one sequence into the other
/// (Levenshtein 1966).
pub(super) fn edit_distance<T: PartialEq>(first: &[T], second: &[T]) -> usize {
    // distances[j] is the distance of the items of `first` so far to the first j items of `second`.
    let mut distances: Vec<usize> = (0..=second.len()).collect();
    for (row, item) in first.iter().enumerate() {
        let mut diagonal = distances[0];
        distances[0] = row + 1;
        for (column, other) in second.iter().enumerate() {
            let replaced = diagonal + usize::from(item != other);
            diagonal = distances[column + 1];
            let inserted_or_deleted = diagonal.min(distances[column]) + 1;
            distances[column + 1] = replaced.min(inserted_or_deleted);
        }
    }
    distances[second.len()]
}

/// How much of the longer program must be edited to give the other: from 0 for equal sequences to 1
/// for programs that share nothing in order.
///
/// Instructions count as equal when their op and their destination's role and shape are, because
/// which of several like registers holds a value says little about the algorithm. Programs that
/// differ in operands or constants alone are therefore at distance 0.
#[must_use]
pub fn distance(first: &Program, second: &Program) -> f64 {
    let (mut edits, mut length) = (0, 0);
    for (body, other) in first.bodies().iter().zip(second.bodies().iter()) {
        let (body, other) = (symbols(first, body), symbols(second, other));
        edits += edit_distance(&body, &other);
        length += body.len().max(other.len());
    }
    if length == 0 {
        0.0
    } else {
        edits as f64 / length as f64
    }
}

fn symbols(program: &Program, body: &[Instruction]) -> Vec<(Op, Discriminant<Role>, Shape)> {
    let symbol = |instruction: &Instruction| {
        let destination = program.cell(instruction.destination());
        (
            instruction.op(),
            std::mem::discriminant(&destination.role),
            destination.shape,
        )
    };
    body.iter().map(symbol).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distances() {
        for (first, second, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
        ] {
            assert_eq!(edit_distance(first.as_bytes(), second.as_bytes()), expected);
        }
    }
}
