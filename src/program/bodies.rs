//! The instructions of all functions of a program, in one piece.
//!
//! A search copies and walks over programs by the million, and what it waits for is memory: so the functions lie one behind the other,
//! and a copy is one.

use std::ops::Index;

use arrayvec::ArrayVec;

use super::Instruction;
use crate::schema::MOST_FUNCTIONS;

/// The instructions of each function, in the schema's order.
///
/// Indexed by the place of a function, they are its instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bodies {
    /// Those of one function after those of the other.
    pub(super) instructions: Vec<Instruction>,
    /// Where those of each function end. Of more functions than any schema has, none but the first are told apart.
    ends: ArrayVec<u32, MOST_FUNCTIONS>,
    functions: usize,
}

impl Bodies {
    /// How many functions there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.functions
    }

    /// Whether there is no function.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.functions == 0
    }

    /// The instructions of each function.
    pub fn iter(&self) -> impl Iterator<Item = &[Instruction]> + Clone {
        (0..self.ends.len()).map(|function| &self[function])
    }

    /// The instructions of all functions, those of one after those of the other.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The instructions of each function, to be changed and made a program of.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Vec<Instruction>> {
        self.iter().map(<[Instruction]>::to_vec).collect()
    }

    /// The same with other instructions of one function, by its place.
    ///
    /// # Panics
    /// If there is no such function.
    #[must_use]
    pub fn with_body(&self, function: usize, body: &[Instruction]) -> Self {
        let most = self.instructions.len() + body.len() - self[function].len();
        let mut bodies = Self {
            instructions: Vec::with_capacity(most),
            ..Self::default()
        };
        for (place, own) in self.iter().enumerate() {
            bodies.push(if place == function { body } else { own });
        }
        bodies
    }

    /// Adds the next function.
    pub(crate) fn push(&mut self, body: &[Instruction]) {
        self.instructions.extend_from_slice(body);
        self.end_function();
    }

    /// Forgets all functions, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.instructions.clear();
        self.ends.clear();
        self.functions = 0;
    }

    /// Ends the function that the last instructions are of.
    pub(super) fn end_function(&mut self) {
        self.functions += 1;
        if !self.ends.is_full() {
            self.ends.push(self.instructions.len() as u32);
        }
    }
}

impl Index<usize> for Bodies {
    type Output = [Instruction];

    fn index(&self, function: usize) -> &[Instruction] {
        let end = self.ends[function] as usize;
        let before = function.checked_sub(1);
        let start = before.map_or(0, |before| self.ends[before] as usize);
        &self.instructions[start..end]
    }
}

impl<B: AsRef<[Instruction]>> FromIterator<B> for Bodies {
    fn from_iter<I: IntoIterator<Item = B>>(functions: I) -> Self {
        let mut bodies = Self::default();
        for body in functions {
            bodies.push(body.as_ref());
        }
        bodies
    }
}

impl From<Vec<Vec<Instruction>>> for Bodies {
    fn from(functions: Vec<Vec<Instruction>>) -> Self {
        functions.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Schema, known};

    #[test]
    fn no_schema_has_more_functions() {
        for schema in Schema::ALL {
            assert!(schema.description().functions.len() <= MOST_FUNCTIONS);
        }
    }

    #[test]
    fn a_function_can_be_replaced() {
        for known in known::of(Schema::Learner) {
            let program = known.parsed();
            let bodies = program.bodies();
            assert_eq!(Bodies::from(bodies.to_vec()), *bodies);
            for (place, body) in bodies.iter().enumerate() {
                assert_eq!(bodies.with_body(place, body), *bodies);
                let doubled = [body, body].concat();
                let replaced = bodies.with_body(place, &doubled);
                assert_eq!(replaced.len(), bodies.len());
                for (other, original) in bodies.iter().enumerate() {
                    let expected = if other == place { &doubled } else { original };
                    assert_eq!(&replaced[other], expected);
                }
            }
        }
    }
}
