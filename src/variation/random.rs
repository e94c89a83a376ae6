//! Programs out of nothing.

use rand::{Rng, RngExt};

use crate::program::{Bodies, Instruction, Program, Role};

use super::Variation;
use super::draw::Site;
use super::numbers::random_constant;
use super::repertoire::Repertoire;

impl Variation {
    /// A random program. The last instructions of a function write its outputs.
    ///
    /// # Panics
    /// If `name` is no name, see [`verify::is_name`](crate::program::verify::is_name).
    #[must_use]
    pub fn random_program(&self, rng: &mut impl Rng, name: &str) -> Program {
        let mut cells = self.cells.to_vec();
        for cell in &mut cells {
            if let Role::Constant(_) = cell.role {
                let required = self
                    .schema
                    .required_cell(&cell.name)
                    .map(|required| &required.role);
                cell.role = Role::Constant(random_constant(required, rng));
            }
        }
        let functions = self.functions.iter();
        let bodies: Bodies = functions
            .map(|repertoire| {
                let [shortest, longest] = repertoire.random_lengths;
                let length = rng.random_range(shortest..=longest);
                self.random_body(repertoire, length, rng)
            })
            .collect();
        match Program::new(self.schema, name, Vec::new(), cells, bodies) {
            Ok(program) => program,
            Err(error) => panic!("a random program is invalid: {error}"),
        }
    }

    /// So many instructions of a function.
    pub(super) fn random_body(
        &self,
        repertoire: &Repertoire,
        length: usize,
        rng: &mut impl Rng,
    ) -> Vec<Instruction> {
        let outputs = &repertoire.outputs[..repertoire.outputs.len().min(length)];
        let mut body = Vec::with_capacity(length);
        while body.len() + outputs.len() < length {
            let site = Site::new(&self.cells, repertoire, &body, &[]);
            let Some(instruction) = site.instruction(rng) else {
                break;
            };
            body.push(instruction);
        }
        for &output in outputs {
            let site = Site::new(&self.cells, repertoire, &body, &[]);
            body.extend(site.instruction_into(output, rng));
        }
        body
    }
}
