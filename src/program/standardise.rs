//! Hand-written programs on the cell table that a search works on.

use mlevolve_ir::Shape;

use super::{Cell, CellIndex, Instruction, Program};
use crate::schema::CellCounts;

/// A program has more cells of one kind than the standard layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "program `{program}` does not fit the standard layout of schema `{schema}`: it has no room for \
     {role} `{cell}`, as there are {available} {role} cells of shape {shape}"
)]
pub struct StandardiseError {
    /// The program's name.
    pub program: String,
    /// Its schema.
    pub schema: &'static str,
    /// The first cell that finds no place.
    pub cell: String,
    /// Its role.
    pub role: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// How many such cells the layout has beside the required ones.
    pub available: usize,
}

impl Program {
    /// Whether the cell table is the schema's standard one in the program's form, up to the constants' values.
    #[must_use]
    pub fn is_standardised(&self) -> bool {
        let standard = self.schema.cells(self.form(), &CellCounts::default());
        same_table(&self.cells, &standard)
    }

    /// The same program on the standard numbers of cells, as [`on_cells`](Self::on_cells) gives it.
    ///
    /// # Errors
    /// [`StandardiseError`] if the program has more cells of a kind than the layout.
    pub fn standardised(&self) -> Result<Self, StandardiseError> {
        self.on_cells(&CellCounts::default())
    }

    /// The same program on so many cells of each group: required cells keep their names and shapes, the others take
    /// the places of their role and shape in order, if possible of a group that is meant for the functions that name them.
    /// Programs that are on them already come back as they are.
    ///
    /// # Errors
    /// [`StandardiseError`] if the program has more cells of a kind than the layout.
    pub fn on_cells(&self, counts: &CellCounts) -> Result<Self, StandardiseError> {
        let mut cells = self.schema.cells(self.form(), counts);
        if same_table(&self.cells, &cells) {
            return Ok(self.clone());
        }
        let mut taken = vec![false; cells.len()];
        let mut places = Vec::with_capacity(self.cells.len());
        for (index, cell) in CellIndex::enumerate(&self.cells) {
            let required = self.schema.required_cell(&cell.name).is_some();
            let fits = |candidate: &Cell| {
                if required {
                    candidate.name == cell.name
                } else {
                    self.schema.required_cell(&candidate.name).is_none()
                        && candidate.role.same_kind(cell.role)
                        && candidate.shape == cell.shape
                }
            };
            let is_meant = |candidate: &Cell| {
                let mut functions = self.functions();
                functions.all(|(function, body)| {
                    let names =
                        |instruction: &Instruction| instruction.cells().any(|one| one == index);
                    self.schema.is_meant_for(candidate, function) || !body.iter().any(names)
                })
            };
            let free = || {
                CellIndex::enumerate(&cells)
                    .filter(|(place, candidate)| fits(candidate) && !taken[place.index()])
            };
            let meant = free().find(|(_, candidate)| is_meant(candidate));
            let Some((place, _)) = meant.or_else(|| free().next()) else {
                let available = cells.iter().filter(|candidate| fits(candidate)).count();
                return Err(self.no_room(cell, available));
            };
            taken[place.index()] = true;
            // The role carries the constant's value.
            cells[place.index()].role = cell.role;
            places.push(place);
        }
        let bodies = self
            .bodies
            .iter()
            .map(|body| {
                body.iter()
                    .map(|instruction| instruction.map_cells(|cell| places[cell.index()]))
                    .collect::<Vec<_>>()
            })
            .collect();
        let notes = self.notes.clone();
        Ok(Self {
            notes,
            ..self.varied_on(cells, bodies)
        })
    }

    fn no_room(&self, cell: &Cell, available: usize) -> StandardiseError {
        StandardiseError {
            program: self.name().to_owned(),
            schema: self.schema.description().name,
            cell: cell.name.to_string(),
            role: cell.role.keyword(),
            shape: cell.shape,
            available,
        }
    }
}

/// Whether instructions mean the same over both tables: equal up to the constants' values.
pub(crate) fn same_table(first: &[Cell], second: &[Cell]) -> bool {
    let same = |(cell, other): (&Cell, &Cell)| {
        cell.name == other.name && cell.shape == other.shape && cell.role.same_kind(other.role)
    };
    first.len() == second.len() && first.iter().zip(second).all(same)
}

#[cfg(test)]
mod tests {
    use super::super::Schema;

    #[test]
    fn standard_layouts_are_valid_programs() {
        for &schema in Schema::ALL {
            let bodies = vec![Vec::new(); schema.description().functions.len()];
            let cells = schema.standard_cells();
            let program = super::Program::new(schema, "empty", Vec::new(), cells, bodies);
            let program = program.expect("the standard layout must be valid");
            assert!(program.is_standardised());
            // Only required cells are left of a program that does nothing.
            assert_eq!(
                program.pruned().cells().len(),
                schema.description().required.len()
            );
        }
    }
}
