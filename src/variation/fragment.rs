//! Pieces of programs that have done well.

use rand::{Rng, RngExt};

use crate::program::{CellSet, Program};

use super::Variation;
use super::crossover::{Combination, insert_operands};
use super::draw::pick_uniformly;

/// The fewest and the most instructions of a fragment: more than an insertion, and less than a crossover.
const FRAGMENT_INSTRUCTIONS: [usize; 2] = [2, 5];

impl Variation {
    /// `parent` with instructions that follow each other in a program of the library, at any place of the same function.
    /// Constants that only they read come along. Nothing if there is no room or no such program.
    pub(super) fn insert_fragment(
        &self,
        parent: &Program,
        library: &[Program],
        rng: &mut impl Rng,
    ) -> Option<Program> {
        let exemplar = pick_uniformly(library, rng)?;
        self.check(exemplar);
        let function = rng.random_range(0..parent.bodies().len());
        let (body, source) = (&parent.bodies()[function], &exemplar.bodies()[function]);
        let room = self.functions[function].most.saturating_sub(body.len());
        let [fewest, most] = FRAGMENT_INSTRUCTIONS;
        let most = most.min(source.len()).min(room);
        if most < fewest {
            return None;
        }
        let length = rng.random_range(fewest..=most);
        let from = rng.random_range(0..=source.len() - length);
        let fragment = &source[from..from + length];
        let place = rng.random_range(0..=body.len());
        let longer = [&body[..place], fragment, &body[place..]].concat();
        let (mut wanted, mut kept) = (CellSet::default(), CellSet::default());
        insert_operands(&mut wanted, fragment);
        for body in parent.bodies().iter() {
            insert_operands(&mut kept, body);
        }
        let combination = Combination {
            bodies: parent.bodies().with_body(function, &longer),
            wanted: CellSet::default(),
            certain: wanted.without(kept),
        };
        Some(combination.child(parent, exemplar, 0.0, rng))
    }
}
