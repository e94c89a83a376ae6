//! Programs out of nothing.

use rand::{Rng, RngExt};

use crate::program::{Cell, CellIndex, Instruction, Program, Role, Schema};

use super::VariationSettings;
use super::draw::Site;
use super::numbers::random_constant;

/// A random program on the schema's standard layout. Its last instructions write the outputs.
///
/// # Panics
/// If `name` is no name, see [`verify::is_name`](crate::program::verify::is_name).
#[must_use]
pub fn random_program(
    schema: Schema,
    settings: &VariationSettings,
    rng: &mut impl Rng,
    name: &str,
) -> Program {
    let mut cells = schema.standard_cells();
    for cell in &mut cells {
        if let Role::Constant(_) = cell.role {
            let required = schema
                .required_cell(&cell.name)
                .map(|required| &required.role);
            cell.role = Role::Constant(random_constant(required, rng));
        }
    }
    let functions = schema.description().functions;
    let most = settings.most_instructions(schema);
    let bodies = functions
        .iter()
        .map(|_| random_body(&cells, settings, most, rng))
        .collect();
    match Program::new(schema, name, Vec::new(), cells, bodies) {
        Ok(program) => program,
        Err(error) => panic!("a random program is invalid: {error}"),
    }
}

fn random_body(
    cells: &[Cell],
    settings: &VariationSettings,
    most: usize,
    rng: &mut impl Rng,
) -> Vec<Instruction> {
    let longest = settings.random_maximum_instructions.clamp(1, most);
    let shortest = settings.random_minimum_instructions.clamp(1, longest);
    let length = rng.random_range(shortest..=longest);
    let is_output =
        |(index, cell): (CellIndex, &Cell)| (cell.role == Role::Output).then_some(index);
    let outputs: Vec<CellIndex> = CellIndex::enumerate(cells)
        .filter_map(is_output)
        .take(length)
        .collect();
    let mut body = Vec::with_capacity(length);
    while body.len() + outputs.len() < length {
        let Some(instruction) = Site::new(cells, &settings.ops, &body, &[]).instruction(rng) else {
            break;
        };
        body.push(instruction);
    }
    for output in outputs {
        body.extend(Site::new(cells, &settings.ops, &body, &[]).instruction_into(output, rng));
    }
    body
}
