//! Examples, activations and their gradients: a row for each example.

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut};

/// `rows × columns` floats, row by row without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    data: Vec<f32>,
    columns: usize,
}

impl Matrix {
    /// A matrix of zeros.
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            data: vec![0.0; rows * columns],
            columns,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.data.len() / self.columns
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Row `row`.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.columns..][..self.columns]
    }

    /// Row `row`.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.columns..][..self.columns]
    }

    /// The numbers of some rows, for elementwise passes.
    pub(super) fn numbers(&self, rows: Range<usize>) -> &[f32] {
        &self.data[rows.start * self.columns..rows.end * self.columns]
    }

    /// The numbers of some rows, for elementwise passes.
    pub(super) fn numbers_mut(&mut self, rows: Range<usize>) -> &mut [f32] {
        &mut self.data[rows.start * self.columns..rows.end * self.columns]
    }

    /// Some rows as an operand of a product.
    pub(super) fn view(&self, rows: Range<usize>) -> MatrixView<'_> {
        MatrixView::new(self.numbers(rows.clone()), rows.len(), self.columns)
    }

    /// Some rows as the result of a product.
    pub(super) fn view_mut(&mut self, rows: Range<usize>) -> MatrixViewMut<'_> {
        let columns = self.columns;
        MatrixViewMut::new(self.numbers_mut(rows.clone()), rows.len(), columns)
    }
}
