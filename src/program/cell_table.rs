//! A program's cells, with what is asked of them time and again.

use std::hash::{Hash, Hasher};
use std::ops::Deref;

use super::{Cell, CellSet, Role};
use crate::schema::Schema;

/// The cells of a program, and of which kinds they are. Programs of a search share it by the million.
#[derive(Clone, Debug)]
pub(crate) struct CellTable {
    cells: Vec<Cell>,
    /// Those that every program has.
    pub(super) required: CellSet,
    /// Those that keep their value from one call to the next.
    pub(super) state: CellSet,
    /// For each function of the schema, those whose content at its end is the caller's to use.
    pub(super) outputs: Vec<CellSet>,
    /// For each function of the schema, by place, the functions that may be called next.
    pub(super) followers: Vec<Vec<usize>>,
}

impl CellTable {
    /// The table of these cells. Of more cells than any schema allows, only the first are looked at.
    pub(crate) fn new(schema: Schema, cells: Vec<Cell>) -> Self {
        let functions = schema.description().functions.iter();
        let outputs = functions
            .map(|function| CellSet::of(&cells, |cell| schema.is_output(cell, function.name)));
        Self {
            required: CellSet::of(&cells, |cell| schema.required_cell(&cell.name).is_some()),
            state: CellSet::of(&cells, |cell| cell.role == Role::State),
            outputs: outputs.collect(),
            followers: schema.followers(),
            cells,
        }
    }
}

impl Deref for CellTable {
    type Target = [Cell];

    fn deref(&self) -> &[Cell] {
        &self.cells
    }
}

impl PartialEq for CellTable {
    fn eq(&self, other: &Self) -> bool {
        self.cells == other.cells
    }
}

impl Eq for CellTable {}

impl Hash for CellTable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cells.hash(state);
    }
}
