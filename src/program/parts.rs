//! Programs that are made of others' functions, and those functions as programs of their own.
//!
//! ```text
//!   loss program ───┐              ┌──part──► loss program
//!                   ├──joined──► algorithm
//!   update rule ────┘              └──part──► update rule
//! ```

use std::collections::BTreeSet;

use super::verify::MAXIMUM_NAME_LENGTH;
use super::{Bodies, Cell, CellIndex, Instruction, InvalidProgram, Program, Schema};

impl Program {
    /// A program of a schema that has the functions of these parts. Cells that are no part's requirement get other names
    /// where two parts have the same.
    ///
    /// # Errors
    /// [`InvalidProgram`] if the parts do not have all of the functions, have others, or too many cells in all.
    pub fn joined(schema: Schema, name: &str, parts: &[&Self]) -> Result<Self, InvalidProgram> {
        let mut cells: Vec<Cell> = Vec::new();
        let mut bodies = vec![Vec::new(); schema.description().functions.len()];
        for part in parts {
            let mut places = Vec::with_capacity(part.cells.len());
            for cell in part.cells.iter() {
                places.push(CellIndex::new(cells.len() as u16));
                let mut cell = cell.clone();
                if part.schema.required_cell(&cell.name).is_none() {
                    cell.name = free_name(schema, &cell.name, &cells).into();
                }
                cells.push(cell);
            }
            for (function, body) in part.functions() {
                let all = schema.description().functions.iter();
                let place = all.clone().position(|described| described.name == function);
                if let Some(place) = place {
                    bodies[place] = renamed(body, &places);
                }
            }
        }
        Self::new(schema, name, Vec::new(), cells, bodies)
    }

    /// The functions of this program that another schema has, as a program of that, with the cells that they name and that
    /// every such program has.
    ///
    /// # Panics
    /// If `schema` has functions, or requires cells, that this program's does not have.
    #[must_use]
    pub fn part(&self, schema: Schema) -> Self {
        let functions = schema.description().functions.iter();
        let bodies: Vec<&[Instruction]> = functions
            .map(|function| match self.body(function.name) {
                Some(body) => body,
                None => panic!("program `{}` has no `{}`", self.name, function.name),
            })
            .collect();
        let named: BTreeSet<_> = bodies
            .iter()
            .flat_map(|body| body.iter().flat_map(Instruction::cells))
            .collect();
        let mut places = vec![CellIndex::default(); self.cells.len()];
        let mut cells = Vec::new();
        for (index, cell) in CellIndex::enumerate(&self.cells) {
            if named.contains(&index) || schema.required_cell(&cell.name).is_some() {
                places[index.index()] = CellIndex::new(cells.len() as u16);
                cells.push(cell.clone());
            }
        }
        let bodies: Bodies = bodies.iter().map(|body| renamed(body, &places)).collect();
        match Self::new(schema, &self.name, Vec::new(), cells, bodies) {
            Ok(part) => part,
            Err(error) => panic!("a part of program `{}` is a program: {error}", self.name),
        }
    }

    /// The instructions of each function, with its name.
    pub(super) fn functions(&self) -> impl Iterator<Item = (&'static str, &[Instruction])> {
        let described = self.schema.description().functions.iter();
        described
            .map(|function| function.name)
            .zip(self.bodies.iter())
    }
}

fn renamed(body: &[Instruction], places: &[CellIndex]) -> Vec<Instruction> {
    let renamed = body
        .iter()
        .map(|instruction| instruction.map_cells(|cell| places[cell.index()]));
    renamed.collect()
}

/// `name`, with a number after it if a cell has that name or the schema requires one that does.
fn free_name(schema: Schema, name: &str, cells: &[Cell]) -> String {
    let is_free = |name: &str| {
        schema.required_cell(name).is_none() && cells.iter().all(|cell| cell.name != name)
    };
    if is_free(name) {
        return name.to_owned();
    }
    // Names are ASCII, and no table has so many cells that the number takes more room.
    let stem = &name[..name.len().min(MAXIMUM_NAME_LENGTH - 4)];
    let mut numbered = (2..).map(|number: u32| format!("{stem}_{number}"));
    let free = numbered.find(|name| is_free(name));
    free.unwrap_or_else(|| unreachable!("there are more numbers than cells"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::lowering::CanonicalHash;
    use crate::program::known;

    #[test]
    fn parts_of_what_is_joined_are_what_was_joined() {
        for loss in known::of(Schema::Loss) {
            for rule in known::of(Schema::Optimizer) {
                let (loss, rule) = (loss.parsed(), rule.parsed());
                let joined = Program::joined(Schema::Algorithm, "both", &[&loss, &rule]).unwrap();
                for part in [loss, rule] {
                    let again = joined.part(part.schema());
                    assert_eq!(CanonicalHash::of(&again), CanonicalHash::of(&part));
                    assert_eq!(again.bodies(), part.pruned().bodies());
                }
                // A search's cells keep the functions apart.
                if let Ok(standard) = joined.standardised() {
                    for schema in [Schema::Loss, Schema::Optimizer] {
                        let hash = CanonicalHash::of(&standard.part(schema));
                        assert_eq!(hash, CanonicalHash::of(&joined.part(schema)));
                    }
                }
            }
        }
    }

    #[test]
    fn names_that_two_parts_share_are_told_apart() {
        let huber = known::find("huber").unwrap().parsed();
        let text = "program rule\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
             constant learning_rate = 0.1\nconstant half = 0.25\nscratch prediction tensor\noutput delta tensor\n\
             update:\nprediction = mul(g, half)\ndelta = neg(prediction)";
        let rule = Program::parse(text).unwrap();
        let joined = Program::joined(Schema::Algorithm, "both", &[&huber, &rule]).unwrap();
        assert_eq!(joined.constant("half"), Some(0.5));
        assert_eq!(joined.constant("half_2"), Some(0.25));
        let text = joined.to_string();
        assert!(text.contains("delta = neg(prediction_2)"), "{text}");
        assert_eq!(Program::parse(&text).unwrap(), joined);
    }

    #[test]
    fn what_is_missing_is_named() {
        let huber = known::find("huber").unwrap().parsed();
        let error = Program::joined(Schema::Algorithm, "half", &[&huber]).unwrap_err();
        assert!(error.to_string().contains("requires the cell"), "{error}");
    }
}
