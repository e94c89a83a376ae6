//! Programs of one schema that differ in what the caller hands them.
//!
//! A learner's label is a number or a vector, and its prediction is what the label is. Everything else about such
//! programs is the same, so they are of one schema, in two *forms*: required cells that may have several shapes all
//! have the one at the same place of their lists.
//!
//! ```text
//!   required cell   shapes             form 0    form 1
//!   x               column             column    column
//!   y               scalar, column     scalar    column
//!   prediction      scalar, column     scalar    column
//! ```
//!
//! What form a program has, its cells say; what form a search is for, its settings do, by their suite.

use mlevolve_ir::Shape;

use super::{RequiredCell, Schema};
use crate::program::Cell;

/// One of the forms that programs of a schema may have: which of their shapes the required cells have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Form(usize);

impl Form {
    /// The first, which every schema has.
    pub const STANDARD: Self = Self(0);

    /// The form at this place.
    pub(super) const fn new(place: usize) -> Self {
        Self(place)
    }
}

impl RequiredCell {
    /// What the cell holds in programs of a form.
    ///
    /// # Panics
    /// If the schema has no such form.
    #[must_use]
    pub const fn shape(&self, form: Form) -> Shape {
        match self.shapes {
            [only] => *only,
            several => several[form.0],
        }
    }

    /// Whether what the cell holds depends on the form.
    const fn tells_form(&self) -> bool {
        self.shapes.len() > 1
    }

    /// The form in which the cell has this shape, if there is one that it tells.
    fn form_with(&self, shape: Shape) -> Option<Form> {
        let place = self.shapes.iter().position(|&it| it == shape);
        place.filter(|_| self.tells_form()).map(Form)
    }
}

impl Schema {
    /// The form that a table of cells has, and the first required cell that tells it: the standard form, if none does.
    #[must_use]
    pub(crate) fn form_of(self, cells: &[Cell]) -> (Form, Option<&'static str>) {
        let mut telling = self.description().required.iter().filter_map(|required| {
            let cell = cells.iter().find(|cell| cell.name == required.name)?;
            Some((required.form_with(cell.shape)?, Some(required.name)))
        });
        telling.next().unwrap_or((Form::STANDARD, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cells_that_tell_a_form_tell_the_same_number_of_them() {
        for schema in Schema::ALL {
            let required = schema.description().required.iter();
            let several = required.filter(|cell| cell.tells_form());
            let counts: Vec<usize> = several.map(|cell| cell.shapes.len()).collect();
            assert!(counts.windows(2).all(|pair| pair[0] == pair[1]));
            // Each form is told from its shapes.
            for &count in &counts {
                for place in 0..count {
                    let cells = schema.cells(Form(place), &super::super::CellCounts::default());
                    assert_eq!(schema.form_of(&cells).0, Form(place));
                }
            }
        }
    }
}
