//! Matrix products: the one GEMM that all back ends share.
//!
//! Every element of a product is the same chain: from 0, for each place of the depth in rising order,
//! one fused multiply-add. A tile of rows by columns is summed in registers over the whole depth and
//! stored once. Tiles differ in which elements they work on side by side and in nothing else, so
//! their sizes, and the width of vectors that they are compiled for, do not show in the result.

use multiversion::multiversion;

use super::{Matrix, MatrixMut, Workspace};

/// Rows of the result that are summed at a time.
const TILE_ROWS: usize = 4;

/// Columns of the result that are summed at a time where there are so many left.
const TILE_COLUMNS: usize = 32;

/// The left operand: element (r, k) is `data[r * row_stride + k * depth_stride]`, so that its
/// transpose needs no copy.
#[derive(Clone, Copy)]
struct Left<'a> {
    data: &'a [f32],
    row_stride: usize,
    depth_stride: usize,
}

/// `result = left · right`.
pub(crate) fn multiply(left: Matrix<'_>, right: Matrix<'_>, result: &mut MatrixMut<'_>) {
    let plain = Left {
        data: left.data,
        row_stride: left.columns,
        depth_stride: 1,
    };
    product(plain, left.columns, right.data, result.data, result.columns);
}

/// `result = leftᵀ · right`.
pub(crate) fn multiply_left_transposed(
    left: Matrix<'_>,
    right: Matrix<'_>,
    result: &mut MatrixMut<'_>,
) {
    let transposed = Left {
        data: left.data,
        row_stride: 1,
        depth_stride: left.columns,
    };
    product(
        transposed,
        left.rows,
        right.data,
        result.data,
        result.columns,
    );
}

/// `result = left · rightᵀ`.
pub(crate) fn multiply_right_transposed(
    left: Matrix<'_>,
    right: Matrix<'_>,
    result: &mut MatrixMut<'_>,
    workspace: &mut Workspace,
) {
    let transposed = workspace.take(right.data.len());
    super::arrange::transpose(
        right,
        &mut MatrixMut {
            data: transposed,
            rows: right.columns,
            columns: right.rows,
        },
    );
    let right = Matrix {
        data: transposed,
        rows: right.columns,
        columns: right.rows,
    };
    multiply(left, right, result);
}

/// The product of `left` and `right` (`depth` × `columns`) to `result`, which has `columns` columns.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
fn product(left: Left<'_>, depth: usize, right: &[f32], result: &mut [f32], columns: usize) {
    for (index, rows) in result.chunks_mut(TILE_ROWS * columns).enumerate() {
        let left = Left {
            data: &left.data[index * TILE_ROWS * left.row_stride..],
            ..left
        };
        match rows.len() / columns {
            TILE_ROWS => tile_row::<TILE_ROWS>(left, depth, right, rows, columns),
            3 => tile_row::<3>(left, depth, right, rows, columns),
            2 => tile_row::<2>(left, depth, right, rows, columns),
            _ => tile_row::<1>(left, depth, right, rows, columns),
        }
    }
}

/// `ROWS` whole rows of the result.
#[inline(always)]
fn tile_row<const ROWS: usize>(
    left: Left<'_>,
    depth: usize,
    right: &[f32],
    rows: &mut [f32],
    columns: usize,
) {
    let mut column = 0;
    while column + TILE_COLUMNS <= columns {
        tile::<ROWS, TILE_COLUMNS>(left, depth, right, rows, columns, column);
        column += TILE_COLUMNS;
    }
    while column + 8 <= columns {
        tile::<ROWS, 8>(left, depth, right, rows, columns, column);
        column += 8;
    }
    while column < columns {
        tile::<ROWS, 1>(left, depth, right, rows, columns, column);
        column += 1;
    }
}

/// A tile of the result that begins at `column`.
#[inline(always)]
fn tile<const ROWS: usize, const COLUMNS: usize>(
    left: Left<'_>,
    depth: usize,
    right: &[f32],
    rows: &mut [f32],
    columns: usize,
    column: usize,
) {
    let mut sums = [[0.0f32; COLUMNS]; ROWS];
    for place in 0..depth {
        let start = place * columns + column;
        let right = &right[start..start + COLUMNS];
        for (row, sums) in sums.iter_mut().enumerate() {
            let factor = left.data[row * left.row_stride + place * left.depth_stride];
            for (sum, &right) in sums.iter_mut().zip(right) {
                *sum = factor.mul_add(right, *sum);
            }
        }
    }
    for (row, sums) in rows.chunks_exact_mut(columns).zip(&sums) {
        row[column..column + COLUMNS].copy_from_slice(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, salt: u32) -> Vec<f32> {
        (0..count as u32)
            .map(|index| {
                let mixed = (index + salt).wrapping_mul(2_654_435_761) >> 8;
                mixed as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    fn transposed(data: &[f32], rows: usize, columns: usize) -> Vec<f32> {
        let places = (0..columns).flat_map(|column| (0..rows).map(move |row| (row, column)));
        places
            .map(|(row, column)| data[row * columns + column])
            .collect()
    }

    #[test]
    fn products_of_all_sizes_are_the_chain_that_defines_them() {
        for rows in [1, 2, 3, 4, 5, 9] {
            for depth in [1, 2, 7, 16] {
                for columns in [1, 3, 8, 13, 31, 32, 33, 75] {
                    let (left, right) = (numbers(rows * depth, 1), numbers(depth * columns, 77));
                    let mut expected = vec![0.0f32; rows * columns];
                    for (index, sum) in expected.iter_mut().enumerate() {
                        let (row, column) = (index / columns, index % columns);
                        for place in 0..depth {
                            let factor = left[row * depth + place];
                            *sum = factor.mul_add(right[place * columns + column], *sum);
                        }
                    }
                    let matrix = |data, rows, columns| Matrix {
                        data,
                        rows,
                        columns,
                    };
                    let (plain_left, plain_right) =
                        (matrix(&left, rows, depth), matrix(&right, depth, columns));
                    let turned_left = transposed(&left, rows, depth);
                    let turned_right = transposed(&right, depth, columns);
                    let mut results = [(); 3].map(|()| vec![f32::NAN; rows * columns]);
                    let [plain, left_turned, right_turned] =
                        results.each_mut().map(|data| MatrixMut {
                            data,
                            rows,
                            columns,
                        });
                    let (mut plain, mut left_turned, mut right_turned) =
                        (plain, left_turned, right_turned);
                    multiply(plain_left, plain_right, &mut plain);
                    let turned_left = matrix(&turned_left, depth, rows);
                    multiply_left_transposed(turned_left, plain_right, &mut left_turned);
                    multiply_right_transposed(
                        plain_left,
                        matrix(&turned_right, columns, depth),
                        &mut right_turned,
                        &mut Workspace::default(),
                    );
                    for result in &results {
                        assert_eq!(result, &expected, "{rows} {depth} {columns}");
                    }
                }
            }
        }
    }
}
