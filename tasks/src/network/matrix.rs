//! A row-major matrix whose rows are padded to whole vectors.

use std::ops::Range;

use super::product::{Left, ROW_PADDING};

/// `rows × columns` floats; each row occupies [`stride`](Self::stride) floats, of which those past `columns` are scratch.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    data: Vec<f32>,
    rows: usize,
    columns: usize,
    stride: usize,
}

impl Matrix {
    /// A matrix of zeros.
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(ROW_PADDING);
        Self {
            data: vec![0.0; rows * stride],
            rows,
            columns,
            stride,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Floats from the start of one row to the start of the next.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Row `row` without its padding.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.stride..][..self.columns]
    }

    /// Row `row` without its padding.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.stride..][..self.columns]
    }

    /// Rows with their padding, for elementwise passes and products.
    pub(super) fn padded_rows(&self, rows: Range<usize>) -> &[f32] {
        &self.data[rows.start * self.stride..rows.end * self.stride]
    }

    /// Rows with their padding, for elementwise passes and products.
    pub(super) fn padded_rows_mut(&mut self, rows: Range<usize>) -> &mut [f32] {
        &mut self.data[rows.start * self.stride..rows.end * self.stride]
    }

    /// The left operand of a product: these rows.
    pub(super) fn left(&self, rows: Range<usize>) -> Left<'_> {
        Left {
            row_stride: self.stride,
            column_stride: 1,
            rows: rows.len(),
            depth: self.columns,
            data: self.padded_rows(rows),
        }
    }

    /// The left operand of a product: the transpose of these rows.
    pub(super) fn left_transposed(&self, rows: Range<usize>) -> Left<'_> {
        Left {
            row_stride: 1,
            column_stride: self.stride,
            rows: self.columns,
            depth: rows.len(),
            data: self.padded_rows(rows),
        }
    }
}
