//! Matrix products: what ops on whole matrices ask of the crate `mlevolve_product`, which tasks train
//! with as well.
//!
//! Every element is the chain that the crate's documentation states: from 0, for each place of the
//! depth in rising order, one fused multiply-add.

use mlevolve_product::{MatrixView, MatrixViewMut, Start};

use super::{Matrix, MatrixMut};

impl<'a> Matrix<'a> {
    fn view(&self) -> MatrixView<'a> {
        MatrixView::new(self.data, self.rows, self.columns)
    }
}

impl MatrixMut<'_> {
    fn view(&mut self) -> MatrixViewMut<'_> {
        MatrixViewMut::new(self.data, self.rows, self.columns)
    }
}

/// `result = left · right`.
pub(crate) fn multiply(left: Matrix<'_>, right: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let (left, right) = (left.view(), right.view());
    mlevolve_product::multiply(left, right, Start::Zero, &mut result.view());
}

/// `result += left · right`: the chain goes on from what `result` holds.
pub(super) fn multiply_add(left: Matrix<'_>, right: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let (left, right) = (left.view(), right.view());
    mlevolve_product::multiply(left, right, Start::Result, &mut result.view());
}

/// `result = leftᵀ · right`.
pub(crate) fn multiply_left_transposed(
    left: Matrix<'_>,
    right: Matrix<'_>,
    result: &mut MatrixMut<'_>,
) {
    let (left, right) = (left.view().transposed(), right.view());
    mlevolve_product::multiply(left, right, Start::Zero, &mut result.view());
}

/// `result = left · rightᵀ`.
pub(crate) fn multiply_right_transposed(
    left: Matrix<'_>,
    right: Matrix<'_>,
    result: &mut MatrixMut<'_>,
) {
    let (left, right) = (left.view(), right.view().transposed());
    mlevolve_product::multiply(left, right, Start::Zero, &mut result.view());
}
