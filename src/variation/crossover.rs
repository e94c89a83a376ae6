//! Programs out of two parents.

use rand::{Rng, RngExt};

use crate::program::{Bodies, CellIndex, CellSet, Instruction, Program, Role};

use super::Variation;
use super::numbers::happens;

/// A child's functions, and which of the second parent's constants should come along.
pub(super) struct Combination {
    pub(super) bodies: Bodies,
    /// Those that instructions of the second parent name: with a probability.
    pub(super) wanted: CellSet,
    /// Those that come along certainly.
    pub(super) certain: CellSet,
}

impl Combination {
    /// The child of `first`, with constants of `second`.
    pub(super) fn child(
        self,
        first: &Program,
        second: &Program,
        takeover_probability: f64,
        rng: &mut impl Rng,
    ) -> Program {
        let constants = CellIndex::enumerate(second.cells());
        let constants = constants.filter_map(|(index, cell)| match cell.role {
            Role::Constant(value) => Some((index, value)),
            Role::Input | Role::State | Role::Scratch | Role::Output => None,
        });
        let coming = constants.filter(|&(index, _)| {
            self.certain.contains(index)
                || self.wanted.contains(index) && happens(takeover_probability, rng)
        });
        first.varied_in_constants(coming, self.bodies)
    }
}

impl Variation {
    /// A child of two parents: in each function, a segment of `second`'s instructions takes the place of
    /// a segment of `first`'s, any other one or, as often as the settings say, that which is at the same places; or, of programs of several functions, with the probability that the settings give, some of
    /// the functions are `second`'s as they are.
    ///
    /// Constants that a segment reads come along with another probability of the settings, and so do those of a whole
    /// function that others read too; those that are its own always do. Everything else, the name included, is `first`'s.
    ///
    /// The child is never longer than the settings' maximum, whatever its parents are.
    ///
    /// # Panics
    /// If the parents are not on the cells of this variation.
    #[must_use]
    pub fn crossover(&self, first: &Program, second: &Program, rng: &mut impl Rng) -> Program {
        self.check(first);
        self.check(second);
        let exchanges =
            first.bodies().len() > 1 && happens(self.settings.function_exchange_probability, rng);
        let exchanged = exchanges.then(|| self.exchanged(first, second, rng));
        let combination = exchanged
            .flatten()
            .unwrap_or_else(|| self.spliced(first, second, rng));
        let takeover = self.settings.constant_takeover_probability;
        combination.child(first, second, takeover, rng)
    }

    /// Some functions of one parent and some of the other; nothing if those drawn of `second` are too long for a child.
    fn exchanged(
        &self,
        first: &Program,
        second: &Program,
        rng: &mut impl Rng,
    ) -> Option<Combination> {
        let functions = first.bodies().len();
        // A bit for each function; neither none of them nor all.
        let taken = rng.random_range(1..(1_u32 << functions) - 1);
        let is_taken = |function: usize| taken >> function & 1 == 1;
        let fits =
            |function: usize| second.bodies()[function].len() <= self.functions[function].most;
        if (0..functions).any(|function| is_taken(function) && !fits(function)) {
            return None;
        }
        let (mut wanted, mut kept) = (CellSet::default(), CellSet::default());
        let bodies = (0..functions).map(|function| {
            let (parent, named) = if is_taken(function) {
                (second, &mut wanted)
            } else {
                (first, &mut kept)
            };
            let body = &parent.bodies()[function];
            insert_operands(named, body);
            body
        });
        Some(Combination {
            bodies: bodies.collect(),
            wanted,
            certain: wanted.without(kept),
        })
    }

    /// Functions of `first` with segments of `second`.
    fn spliced(&self, first: &Program, second: &Program, rng: &mut impl Rng) -> Combination {
        let mut wanted = CellSet::default();
        let parents = first.bodies().iter().zip(second.bodies().iter());
        let bodies = parents.zip(&self.functions);
        let bodies = bodies.map(|((body, other), repertoire)| {
            let is_homologous = happens(self.settings.homologous_crossover_probability, rng);
            let (spliced, segment) = if is_homologous {
                exchange_places(body, other, repertoire.most, rng)
            } else {
                splice(body, other, repertoire.most, rng)
            };
            insert_operands(&mut wanted, segment);
            spliced
        });
        Combination {
            bodies: bodies.collect(),
            wanted,
            certain: CellSet::default(),
        }
    }
}

/// Adds all cells that instructions read.
pub(super) fn insert_operands(set: &mut CellSet, instructions: &[Instruction]) {
    for &operand in instructions.iter().flat_map(Instruction::operands) {
        set.insert(operand);
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

/// `body` with a random segment replaced by what `other` has at the same places, and that: homologous crossover, which leaves
/// what stands where in related parents as it is (Nordin et al. 1999, "Efficient Evolution of Machine Code for CISC
/// Architectures Using Instruction Blocks and Homologous Crossover"). It takes the end of a longer `other` along, as far as
/// there is room.
fn exchange_places<'a>(
    body: &[Instruction],
    other: &'a [Instruction],
    most: usize,
    rng: &mut impl Rng,
) -> (Vec<Instruction>, &'a [Instruction]) {
    let places = other.len().min(most);
    if places == 0 {
        return (body[..body.len().min(most)].to_vec(), &[]);
    }
    // Nothing may be left out between the two.
    let start = rng.random_range(0..=(places - 1).min(body.len()));
    let end = rng.random_range(start + 1..=places);
    let segment = &other[start..end];
    let mut child = body[..start].to_vec();
    child.extend_from_slice(segment);
    child.extend_from_slice(body.get(end..).unwrap_or_default());
    child.truncate(most);
    (child, segment)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;
    use crate::program::{Schema, known};
    use crate::variation::VariationSettings;

    #[test]
    fn functions_are_exchanged_whole_with_their_constants() {
        let settings = VariationSettings {
            function_exchange_probability: 1.0,
            ..VariationSettings::default()
        };
        let variation = Variation::new(Schema::Algorithm, &settings);
        let joined = |loss: &str, rule: &str| {
            let parts = [loss, rule].map(|name| known::find(name).unwrap().parsed());
            let joined = Program::joined(Schema::Algorithm, "both", &[&parts[0], &parts[1]]);
            joined.unwrap().standardised().unwrap()
        };
        let (first, second) = (joined("huber", "adam"), joined("label_smoothing", "lion"));
        // All constants are told apart by their functions, so a child is one of two.
        let children = [joined("huber", "lion"), joined("label_smoothing", "adam")];
        let mut found = [false; 2];
        for seed in 0..20 {
            let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
            let child = variation.crossover(&first, &second, rng).pruned();
            let place = children.iter().position(|one| one.pruned() == child);
            found[place.expect("a child has whole functions")] = true;
        }
        assert_eq!(found, [true; 2]);
    }
}
