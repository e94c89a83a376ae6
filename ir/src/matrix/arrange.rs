//! Transposes, diagonals, broadcasts, single elements, and sums and maxima over rows and columns.
//!
//! A sum along a row has the order of a reduction, sixteen accumulators, as [`crate::lanes`] fixes it.
//! One down a column goes from the first row to the last, so that neighbouring columns are summed side
//! by side.

use multiversion::multiversion;

use super::{Matrix, MatrixMut};
use crate::lanes::{Lanes, ScalarLanes};
use crate::ops::ReductionOp;

/// Rows and columns that are transposed at a time, so that both sides stay in the cache.
const BLOCK: usize = 16;

/// `result = aᵀ`.
pub(crate) fn transpose(a: Matrix<'_>, result: &mut MatrixMut<'_>) {
    for first_row in (0..a.rows).step_by(BLOCK) {
        let last_row = a.rows.min(first_row + BLOCK);
        for first_column in (0..a.columns).step_by(BLOCK) {
            let last_column = a.columns.min(first_column + BLOCK);
            for column in first_column..last_column {
                for row in first_row..last_row {
                    result.data[column * a.rows + row] = a.data[row * a.columns + column];
                }
            }
        }
    }
}

/// The sum of the diagonal from the first element on.
pub(crate) fn trace(a: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let diagonal = a.data.iter().step_by(a.columns + 1);
    result.data[0] = diagonal.fold(0.0, |sum, element| sum + element);
}

/// The diagonal as a column.
pub(crate) fn diagonal(a: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let diagonal = a.data.iter().step_by(a.columns + 1);
    for (target, &element) in result.data.iter_mut().zip(diagonal) {
        *target = element;
    }
}

/// A matrix that has `elements` on its diagonal, repeated if they are too few, and 0 elsewhere.
pub(crate) fn diagonal_matrix(elements: &[f32], result: &mut MatrixMut<'_>) {
    result.data.fill(0.0);
    let diagonal = result.data.iter_mut().step_by(result.columns + 1);
    for (target, &element) in diagonal.zip(elements.iter().cycle()) {
        *target = element;
    }
}

/// Every row is `row`.
pub(crate) fn broadcast_row(row: Matrix<'_>, result: &mut MatrixMut<'_>) {
    for target in result.each_row() {
        target.copy_from_slice(row.data);
    }
}

/// Every column is `column`.
pub(crate) fn broadcast_column(column: Matrix<'_>, result: &mut MatrixMut<'_>) {
    for (target, &number) in result.each_row().zip(column.data) {
        target.fill(number);
    }
}

/// `a` with `value` for the element in whose part of [0, 1] `place` is, if all have a part of the same length, row by row.
pub(crate) fn set_element(a: Matrix<'_>, place: f32, value: f32, result: &mut MatrixMut<'_>) {
    result.data.copy_from_slice(a.data);
    let count = a.data.len();
    // In binary64 the product is exact, so that no rounding carries a place over to the next element. The cast rounds
    // down, and takes what is below 0, and NaN, for 0.
    let index = (f64::from(place) * count as f64) as usize;
    if let Some(element) = result.data.get_mut(index.min(count.saturating_sub(1))) {
        *element = value;
    }
}

/// A reduction along each row.
pub(crate) fn reduce_rows(op: ReductionOp, a: Matrix<'_>, result: &mut MatrixMut<'_>) {
    for (target, row) in result.data.iter_mut().zip(a.each_row()) {
        let mut accumulators = op.start();
        op.accumulate(&mut accumulators, &[row]);
        *target = op.finish(accumulators, row.len());
    }
}

/// The sum down each column.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(crate) fn column_sums(a: Matrix<'_>, result: &mut MatrixMut<'_>) {
    result.data.fill(0.0);
    for row in a.each_row() {
        for (sum, &element) in result.data.iter_mut().zip(row) {
            *sum += element;
        }
    }
}

/// The greatest element of each column, NaN if any is.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(crate) fn column_maxima(a: Matrix<'_>, result: &mut MatrixMut<'_>) {
    result.data.fill(f32::NEG_INFINITY);
    for row in a.each_row() {
        for (greatest, &element) in result.data.iter_mut().zip(row) {
            *greatest = ScalarLanes.maximum(*greatest, element);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_share_the_unit_interval() {
        let chosen = |place: f32, rows: usize, columns: usize| {
            let zeros = vec![0.0; rows * columns];
            let a = Matrix {
                data: &zeros,
                rows,
                columns,
            };
            let mut numbers = vec![7.0; rows * columns];
            let mut result = MatrixMut {
                data: &mut numbers,
                rows,
                columns,
            };
            set_element(a, place, 1.0, &mut result);
            assert_eq!(numbers.iter().sum::<f32>(), 1.0);
            numbers.iter().position(|&number| number == 1.0)
        };
        for (rows, columns) in [(1, 1), (3, 1), (10, 1), (4, 4), (3, 7)] {
            let count = rows * columns;
            for index in 0..count {
                let part = |share: f32| (index as f32 + share) / count as f32;
                for share in [0.01, 0.5, 0.99] {
                    assert_eq!(chosen(part(share), rows, columns), Some(index));
                }
            }
            for first in [0.0, -0.0, -3.0, f32::NEG_INFINITY, f32::NAN] {
                assert_eq!(chosen(first, rows, columns), Some(0), "{first}");
            }
            for last in [1.0, 1.5, f32::MAX, f32::INFINITY] {
                assert_eq!(chosen(last, rows, columns), Some(count - 1), "{last}");
            }
        }
        // The number next to 0.7 is a little less, although its product with 10 rounds to 7 in binary32.
        assert_eq!(0.7_f32 * 10.0, 7.0);
        assert_eq!(chosen(0.7, 10, 1), Some(6));
    }
}
