//! Examples, activations and their gradients: a row for each example.

use std::ops::Range;

use mlevolve_product::{MatrixView, MatrixViewMut};

/// `rows × columns` floats, row by row without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    data: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl Matrix {
    /// A matrix of zeros.
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            data: vec![0.0; rows * columns],
            rows,
            columns,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Row `row`.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        self.numbers(row..row + 1)
    }

    /// Row `row`.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        self.numbers_mut(row..row + 1)
    }

    /// The numbers of some rows.
    pub(crate) fn numbers(&self, rows: Range<usize>) -> &[f32] {
        &self.data[rows.start * self.columns..rows.end * self.columns]
    }

    /// The numbers of some rows.
    pub(crate) fn numbers_mut(&mut self, rows: Range<usize>) -> &mut [f32] {
        &mut self.data[rows.start * self.columns..rows.end * self.columns]
    }

    /// The numbers of some rows, `columns` to a row instead of this matrix's, as an operand of a product.
    pub(crate) fn view_by(&self, columns: usize, rows: Range<usize>) -> MatrixView<'_> {
        let numbers = self.numbers(rows);
        MatrixView::new(numbers, numbers.len() / columns, columns)
    }

    /// The same as the result of a product.
    pub(crate) fn view_by_mut(&mut self, columns: usize, rows: Range<usize>) -> MatrixViewMut<'_> {
        let numbers = self.numbers_mut(rows);
        let rows = numbers.len() / columns;
        MatrixViewMut::new(numbers, rows, columns)
    }
}
