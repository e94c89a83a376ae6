//! How new programs arise: at random, by mutation of one parent, by crossover of two.
//!
//! ```text
//!   random_program ──►┐
//!   mutate(parent) ──►├──► child: verified by construction, on the cells of the Variation
//!   crossover(a, b) ─►┘
//! ```
//!
//! A [`Variation`] is made once of a schema and its settings. Everything is typed by asking ops for their type
//! rule, so an op that is added to the table takes part without a change here, and every draw comes from the
//! generator that is handed in: the same stream gives the same child, on any machine. Logarithms and
//! exponentials are therefore the IR's own, not the platform's.
//!
//! All programs that are varied share one cell table, which
//! [`Program::on_cells`](crate::program::Program::on_cells) gives them.

mod crossover;
mod draw;
mod fragment;
mod mutation;
mod numbers;
mod op_set;
mod random;
mod repertoire;
mod settings;
mod wrap;

use std::sync::Arc;

use crate::program::{CellTable, Form, Program, Schema};
use repertoire::Repertoire;

pub use mutation::{Guidance, Mutation};
pub use op_set::{InvalidOps, OpSet};
pub use settings::{FunctionSettings, MutationWeights, SettingsError, VariationSettings};

/// Makes programs of one schema and varies them.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    schema: Schema,
    settings: VariationSettings,
    /// What all programs are on.
    cells: Arc<CellTable>,
    /// One for each function, in the schema's order.
    functions: Vec<Repertoire>,
}

impl Variation {
    /// Of programs of this schema in the standard form, with these settings, of which any will do.
    #[must_use]
    pub fn new(schema: Schema, settings: &VariationSettings) -> Self {
        Self::of_form(schema, Form::STANDARD, settings)
    }

    /// Of programs of this schema in a form.
    #[must_use]
    pub fn of_form(schema: Schema, form: Form, settings: &VariationSettings) -> Self {
        let cells = schema.cells(form, &settings.cells);
        let functions = 0..schema.description().functions.len();
        Self {
            schema,
            settings: settings.clone(),
            functions: functions
                .map(|function| Repertoire::new(schema, function, &cells, settings))
                .collect(),
            cells: Arc::new(CellTable::new(schema, cells)),
        }
    }

    /// Sees to it that a program is on the cells that are worked on.
    fn check(&self, program: &Program) {
        assert!(
            self.cells.is_like(program.cell_table()),
            "program `{}` is not on the cells of the search",
            program.name()
        );
    }
}
