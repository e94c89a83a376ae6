//! An update rule as all targets need to know it.

use mlevolve_ir::Shape;

use super::names::{Setting, settings};
use super::routine::{Meaning, Routine};
use crate::program::{CellIndex, Program, Role};

/// A pruned program of the schema `optimizer`, and what is in it.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) program: Program,
    pub(super) routine: Routine,
    pub(super) settings: Vec<Setting>,
    pub(super) weights: CellIndex,
    pub(super) gradient: CellIndex,
    pub(super) step: CellIndex,
    pub(super) delta: CellIndex,
    /// What is kept from one step to the next.
    pub(super) states: Vec<CellIndex>,
}

impl Rule {
    /// Of a program of the schema `optimizer`, whose settings are called otherwise where `rename` says so.
    pub(super) fn new(program: &Program, rename: &[(&str, &str)], reserved: &[&str]) -> Self {
        let program = program.pruned();
        let routine = Routine::new(&program, &program.effective(), 0);
        let required = |name: &str| match program.cell_named(name) {
            Some(cell) => cell,
            None => panic!("every update rule has a cell `{name}`"),
        };
        let states = CellIndex::enumerate(program.cells()).filter(|(index, cell)| {
            cell.role == Role::State && (routine.reads(*index) || routine.end(*index).is_some())
        });
        Self {
            settings: settings(&program, rename, reserved),
            weights: required("w"),
            gradient: required("g"),
            step: required("step"),
            delta: required("delta"),
            states: states.map(|(index, _)| index).collect(),
            routine,
            program,
        }
    }

    pub(super) fn shape(&self, cell: CellIndex) -> Shape {
        self.program.cell(cell).shape
    }

    pub(super) fn is_elementwise(&self) -> bool {
        let mut states = self.states.iter();
        self.routine.is_elementwise()
            && states.all(|&state| matches!(self.shape(state), Shape::Scalar | Shape::Tensor))
    }

    pub(super) fn reads_weights(&self) -> bool {
        self.routine.reads(self.weights)
    }

    pub(super) fn reads_step(&self) -> bool {
        self.routine.reads(self.step)
    }

    /// Whether rows and columns are spoken of by number: to fill something, or a state that a scalar stands for.
    pub(super) fn needs_extents(&self) -> bool {
        let is_full = |meaning: &Meaning| matches!(meaning, Meaning::Fill(_));
        let mut values = self.routine.values.iter();
        values.any(|value| is_full(&value.meaning))
            || self.states.iter().any(|&state| self.ends_as_scalar(state))
    }

    /// Whether what a cell holds at the end is a scalar where the cell has another shape.
    pub(super) fn ends_as_scalar(&self, cell: CellIndex) -> bool {
        let end = self.routine.end(cell);
        end.is_some_and(|value| self.routine.shape(value).is_scalar())
            && !self.shape(cell).is_scalar()
    }
}
