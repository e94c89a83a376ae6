//! Programs out of two parents.

use rand::{Rng, RngExt};

use crate::program::{Instruction, Program, Role};

use super::Variation;
use super::numbers::happens;

impl Variation {
    /// A child of two parents: in each function, a segment of `second`'s instructions takes the place of
    /// a segment of `first`'s. Constants that the segment reads come along with the probability that the
    /// settings give; everything else, the name included, is `first`'s.
    ///
    /// The child is never longer than the settings' maximum, whatever its parents are.
    ///
    /// # Panics
    /// If the parents are not on the cells of this variation.
    #[must_use]
    pub fn crossover(&self, first: &Program, second: &Program, rng: &mut impl Rng) -> Program {
        self.check(first);
        self.check(second);
        let mut cells = first.cells().to_vec();
        let mut read = vec![false; cells.len()];
        let mut bodies = Vec::with_capacity(first.bodies().len());
        for ((body, other), repertoire) in first
            .bodies()
            .iter()
            .zip(second.bodies())
            .zip(&self.functions)
        {
            let (spliced, segment) = splice(body, other, repertoire.most, rng);
            for operand in segment.iter().flat_map(Instruction::operands) {
                read[operand.index()] = true;
            }
            bodies.push(spliced);
        }
        for ((cell, other), read) in cells.iter_mut().zip(second.cells()).zip(read) {
            let Role::Constant(_) = cell.role else {
                continue;
            };
            if read && happens(self.settings.constant_takeover_probability, rng) {
                cell.role = other.role;
            }
        }
        first.varied_on(cells, bodies)
    }
}

/// `body` with a random segment replaced by one of `other`, at most `most` instructions long; and the
/// segment that came in, which is not empty if `other` is not.
fn splice<'a>(
    body: &[Instruction],
    other: &'a [Instruction],
    most: usize,
    rng: &mut impl Rng,
) -> (Vec<Instruction>, &'a [Instruction]) {
    // One place must become free if something is to come in.
    let fewest_removed = (body.len() + 1).saturating_sub(most);
    let removed = rng.random_range(fewest_removed..=body.len().max(fewest_removed));
    let kept = body.len() - removed;
    let start = rng.random_range(0..=kept);

    let most_inserted = other.len().min(most - kept);
    let inserted = rng.random_range(most_inserted.min(1)..=most_inserted);
    let from = rng.random_range(0..=other.len() - inserted);
    let segment = &other[from..from + inserted];

    let mut spliced = Vec::with_capacity(kept + inserted);
    spliced.extend_from_slice(&body[..start]);
    spliced.extend_from_slice(segment);
    spliced.extend_from_slice(&body[start + removed..]);
    (spliced, segment)
}
