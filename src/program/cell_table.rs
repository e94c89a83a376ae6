//! A program's cells, with what is asked of them time and again.

use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use super::{Cell, CellIndex, CellSet, Constant, Form, Role, same_table};
use crate::schema::Schema;

/// The cells of a program, and of which kinds they are. Programs of a search share it by the million.
#[derive(Clone, Debug)]
pub(crate) struct CellTable {
    cells: Vec<Cell>,
    kinds: Arc<CellKinds>,
}

/// What tables have in common that differ in nothing but the values of constants.
#[derive(Debug)]
pub(crate) struct CellKinds {
    /// Those that every program has.
    pub(crate) required: CellSet,
    /// Where they are, in the schema's order. Of a table that lacks some, which no program has, it is shorter.
    pub(crate) required_places: Vec<CellIndex>,
    /// Those that keep their value from one call to the next.
    pub(crate) state: CellSet,
    /// Those that are zero at the start of each call, and nobody's but the program's.
    pub(crate) scratch: CellSet,
    /// For each function of the schema, those whose content at its end is the caller's to use.
    pub(crate) outputs: Vec<CellSet>,
    /// For each function of the schema, by place, the functions that may be called next.
    pub(crate) followers: Vec<Vec<usize>>,
    /// For each function of the schema, whether it may be called after another call.
    pub(crate) is_follower: Vec<bool>,
    /// Which shapes the required cells have.
    pub(crate) form: Form,
}

impl CellTable {
    /// The table of these cells. Of more cells than any schema allows, only the first are looked at.
    pub(crate) fn new(schema: Schema, cells: Vec<Cell>) -> Self {
        let description = schema.description();
        let functions = description.functions.iter();
        let outputs = functions
            .map(|function| CellSet::of(&cells, |cell| schema.is_output(cell, function.name)));
        let place_of = |name: &str| {
            let mut all = CellIndex::enumerate(&cells);
            all.find_map(|(index, cell)| (cell.name == name).then_some(index))
        };
        let required = description.required.iter();
        let followers = schema.followers();
        let functions = 0..followers.len();
        let is_follower =
            functions.map(|function| followers.iter().flatten().any(|&it| it == function));
        let kinds = CellKinds {
            required: CellSet::of(&cells, |cell| schema.required_cell(&cell.name).is_some()),
            required_places: required.filter_map(|cell| place_of(cell.name)).collect(),
            state: CellSet::of(&cells, |cell| cell.role == Role::State),
            scratch: CellSet::of(&cells, |cell| cell.role == Role::Scratch),
            outputs: outputs.collect(),
            is_follower: is_follower.collect(),
            followers,
            form: schema.form_of(&cells).0,
        };
        Self {
            cells,
            kinds: Arc::new(kinds),
        }
    }

    /// The same table with other values of constants, which must be some.
    pub(crate) fn with_constants(
        &self,
        constants: impl IntoIterator<Item = (CellIndex, Constant)>,
    ) -> Self {
        let mut table = self.clone();
        for (index, value) in constants {
            let role = &mut table.cells[index.index()].role;
            debug_assert!(matches!(role, Role::Constant(_)));
            *role = Role::Constant(value);
        }
        table
    }

    /// Of which kinds the cells are.
    pub(crate) fn kinds(&self) -> &CellKinds {
        &self.kinds
    }

    /// Whether instructions mean the same over both tables: equal up to the constants' values.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kinds, &other.kinds) || same_table(&self.cells, &other.cells)
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
