//! Dense matrix products for small models: the only `unsafe` code of the crate.
//!
//! Why not a GEMM crate: the products here are tens of rows and columns, a run must allocate nothing per step, and a
//! result must not depend on the machine. `gemm` 0.19 allocates in every call, and picks among kernels that fuse and
//! order additions differently by the processor's features. Here each element of the result is the plain sum
//! `((0 + l₀r₀) + l₁r₁) + …` over the depth, rounded after each multiply and each add, whichever vector width computes
//! it. The same source is compiled for the baseline and for AVX2 and chosen at run time; Rust never contracts a
//! multiply and an add, so both give the same bits.
//!
//! Loops are register-blocked: a tile of [`TILE_ROWS`] rows by 16, 8 or 4 columns is summed in registers over the
//! whole depth and then stored once.

#![allow(
    unsafe_code,
    reason = "unchecked loads behind length checks, and calls of code compiled for AVX2"
)]

/// Rows of the right operand must lie at a distance that is a multiple of this, so that each can be read in whole vectors.
pub(super) const ROW_PADDING: usize = 16;

/// Rows of the result that are summed at a time.
const TILE_ROWS: usize = 4;

/// The left operand: element (r, k) is `data[r * row_stride + k * column_stride]`, so that a transpose needs no copy.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub(super) data: &'a [f32],
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
    pub(super) rows: usize,
    pub(super) depth: usize,
}

/// Writes the product of `left` (rows × depth) and `right` (depth × `columns`, rows `right_stride` apart) to `out`, whose
/// rows lie `out_stride` apart. Only the first `columns` floats of each row of `out` are written.
///
/// # Panics
///
/// If a slice is too short for its shape, or `right_stride` is no multiple of [`ROW_PADDING`] or smaller than `columns`.
pub(super) fn multiply(
    left: Left<'_>,
    right: &[f32],
    right_stride: usize,
    columns: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    if left.rows == 0 || columns == 0 {
        return;
    }
    assert!(right_stride.is_multiple_of(ROW_PADDING) && columns <= right_stride);
    assert!(right.len() >= left.depth * right_stride);
    assert!(columns <= out_stride && out.len() >= (left.rows - 1) * out_stride + columns);
    if left.depth > 0 {
        let last = (left.rows - 1) * left.row_stride + (left.depth - 1) * left.column_stride;
        assert!(left.data.len() > last);
    }
    let product = Product {
        left,
        right,
        right_stride,
        columns,
        out_stride,
    };

    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just detected; the shapes were checked above.
        unsafe { multiply_avx2(&product, out) };
        return;
    }
    // SAFETY: the shapes were checked above.
    unsafe { multiply_blocks::<8>(&product, out) };
}

/// Operands whose lengths [`multiply`] has checked.
struct Product<'a> {
    left: Left<'a>,
    right: &'a [f32],
    right_stride: usize,
    columns: usize,
    out_stride: usize,
}

/// # Safety
///
/// As for [`multiply_blocks`]; the processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn multiply_avx2(product: &Product<'_>, out: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe { multiply_blocks::<16>(product, out) };
}

/// Goes through the result by tiles; `WIDTH` (4, 8 or 16) is the widest tile that still fits the registers.
///
/// # Safety
///
/// The operands' slices must cover their shapes, as [`multiply`] checks.
#[inline(always)]
unsafe fn multiply_blocks<const WIDTH: usize>(product: &Product<'_>, out: &mut [f32]) {
    let mut row = 0;
    while row + TILE_ROWS <= product.left.rows {
        // SAFETY: rows row .. row + TILE_ROWS exist; the rest is the caller's promise.
        unsafe { multiply_rows::<WIDTH, TILE_ROWS>(product, row, out) };
        row += TILE_ROWS;
    }
    while row < product.left.rows {
        // SAFETY: row `row` exists; the rest is the caller's promise.
        unsafe { multiply_rows::<WIDTH, 1>(product, row, out) };
        row += 1;
    }
}

/// # Safety
///
/// As for [`multiply_blocks`], and rows `row .. row + ROWS` must exist.
#[inline(always)]
unsafe fn multiply_rows<const WIDTH: usize, const ROWS: usize>(
    product: &Product<'_>,
    row: usize,
    out: &mut [f32],
) {
    let mut column = 0;
    while column < product.columns {
        let remaining = product.columns - column;
        // SAFETY: `column` is a multiple of the tile's width or the tile is no wider than what remains when rounded up to a
        // power of two, so the tile ends within a row padded to ROW_PADDING; the rest is the caller's promise.
        column += unsafe {
            if WIDTH == 16 && remaining > 8 {
                multiply_tile::<16, ROWS>(product, row, column, out)
            } else if WIDTH >= 8 && remaining > 4 {
                multiply_tile::<8, ROWS>(product, row, column, out)
            } else {
                multiply_tile::<4, ROWS>(product, row, column, out)
            }
        };
    }
}

/// Sums one tile, stores its real columns, and returns its width.
///
/// # Safety
///
/// As for [`multiply_rows`], and `column + WIDTH` must not exceed the right operand's stride.
#[inline(always)]
unsafe fn multiply_tile<const WIDTH: usize, const ROWS: usize>(
    product: &Product<'_>,
    row: usize,
    column: usize,
    out: &mut [f32],
) -> usize {
    let Left {
        data,
        row_stride,
        column_stride,
        depth,
        ..
    } = product.left;
    debug_assert!(column + WIDTH <= product.right_stride);
    let mut sums = [[0.0_f32; WIDTH]; ROWS];
    for k in 0..depth {
        // SAFETY: k < depth and column + WIDTH <= right_stride, so the tile's row ends before depth * right_stride, which
        // `multiply` checked against the slice. An array of f32 has the alignment of f32.
        let right: [f32; WIDTH] = unsafe {
            *product
                .right
                .as_ptr()
                .add(k * product.right_stride + column)
                .cast()
        };
        for (tile_row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: row + tile_row < rows and k < depth; `multiply` checked the index of the last such element.
            let left =
                unsafe { *data.get_unchecked((row + tile_row) * row_stride + k * column_stride) };
            // Whole arrays by value: updates in place are compiled to scalar code.
            *sums = std::array::from_fn(|lane| sums[lane] + left * right[lane]);
        }
    }
    let stored = WIDTH.min(product.columns - column);
    for (tile_row, sums) in sums.iter().enumerate() {
        let start = (row + tile_row) * product.out_stride + column;
        out[start..start + stored].copy_from_slice(&sums[..stored]);
    }
    WIDTH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Matrix;
    use crate::stream;
    use rand::RngExt;

    fn random_matrix(rows: usize, columns: usize, key: u64) -> Matrix {
        let mut numbers = stream(3, "product test", [key, 0]);
        let mut matrix = Matrix::zeros(rows, columns);
        for row in 0..rows {
            matrix
                .row_mut(row)
                .fill_with(|| numbers.random_range(-1.0..1.0));
        }
        matrix
    }

    /// The definition: the sum over the depth, in order, rounded after every operation.
    fn expected(left: &Matrix, right: &Matrix) -> Vec<f32> {
        let mut out = Vec::new();
        for row in 0..left.rows() {
            for column in 0..right.columns() {
                let sum = (0..left.columns()).fold(0.0, |sum: f32, k| {
                    sum + left.row(row)[k] * right.row(k)[column]
                });
                out.push(sum);
            }
        }
        out
    }

    fn transpose(matrix: &Matrix) -> Matrix {
        let mut out = Matrix::zeros(matrix.columns(), matrix.rows());
        for row in 0..matrix.rows() {
            for (column, value) in matrix.row(row).iter().enumerate() {
                out.row_mut(column)[row] = *value;
            }
        }
        out
    }

    #[test]
    fn products_of_all_shapes_match_the_definition_bit_for_bit() {
        for rows in [1, 3, 4, 5, 9] {
            for depth in [1, 2, 7, 33] {
                for columns in [1, 2, 4, 5, 8, 9, 10, 16, 17, 32, 37] {
                    let left = random_matrix(rows, depth, 1);
                    let right = random_matrix(depth, columns, 2);
                    let expected = expected(&left, &right);
                    let right_rows = right.padded_rows(0..depth);
                    let case = format!("{rows}x{depth}x{columns}");

                    let mut out = vec![f32::NAN; rows * columns];
                    multiply(
                        left.left(0..rows),
                        right_rows,
                        right.stride(),
                        columns,
                        &mut out,
                        columns,
                    );
                    assert_eq!(out, expected, "{case}");

                    let transposed = transpose(&left);
                    let mut out = vec![f32::NAN; rows * columns];
                    let operand = transposed.left_transposed(0..depth);
                    multiply(
                        operand,
                        right_rows,
                        right.stride(),
                        columns,
                        &mut out,
                        columns,
                    );
                    assert_eq!(out, expected, "{case} from a transpose");

                    let product = Product {
                        left: left.left(0..rows),
                        right: right_rows,
                        right_stride: right.stride(),
                        columns,
                        out_stride: columns,
                    };
                    let mut out = vec![f32::NAN; rows * columns];
                    // SAFETY: the same operands as above, which `multiply` accepted.
                    unsafe { multiply_blocks::<8>(&product, &mut out) };
                    assert_eq!(out, expected, "{case} at the baseline's width");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "right.len()")]
    fn a_short_operand_is_refused() {
        let left = random_matrix(4, 4, 1);
        let right = random_matrix(3, 4, 2);
        let mut out = [0.0; 16];
        multiply(
            left.left(0..4),
            right.padded_rows(0..3),
            right.stride(),
            4,
            &mut out,
            4,
        );
    }

    #[test]
    #[should_panic(expected = "out.len()")]
    fn a_short_result_is_refused() {
        let left = random_matrix(4, 4, 1);
        let right = random_matrix(4, 4, 2);
        let mut out = [0.0; 15];
        multiply(
            left.left(0..4),
            right.padded_rows(0..4),
            right.stride(),
            4,
            &mut out,
            4,
        );
    }
}
