//! Large products in parts that stay in the caches, and products whose right operand is transposed.
//!
//! The kernel reads rows of the right operand as vectors, again and again, and one number of each of several rows of the left one
//! in each step. That goes well as long as both are small. Of larger ones, parts are copied to where they lie without
//! gaps and in the order in which they are read:
//!
//! ```text
//!  for each block of the depth ── DEPTH places, so that a strip stays in the nearest caches
//!    for each block of rows ───── the left operand's part is copied, TILE rows interleaved
//!      for each strip of columns ─ the right operand's part is copied, STRIP columns wide, its transpose undone
//!        for each tile of rows ── kernel
//! ```
//!
//! The first block of the depth starts a chain as the caller says, and the others go on from what the result holds, so that
//! the chain of an element is what it would have been in one go.

use crate::kernel::{self, Instructions};
use crate::{MatrixView, MatrixViewMut, Start};

/// Places of the depth in a block.
const DEPTH: usize = 256;

/// Columns in a strip: three vectors of the widest kind.
const STRIP: usize = 48;

/// Rows that are interleaved in the left operand's copy: those of a tile of the widest kind.
const TILE: usize = 8;

/// Rows of the left operand that are copied at a time.
const ROWS: usize = 128;

/// The most elements that the right operand may have for the kernel to read it where it lies. Twice as many may the left
/// one have if it is transposed.
const SMALL: usize = 8192;

/// So few rows that copying the right operand would take longer than multiplying by it.
const FEW_ROWS: usize = 16;

/// So many columns that copying the left operand pays.
const MANY_COLUMNS: usize = 512;

/// Numbers that begin where a vector may, so that no load crosses a line of the cache.
#[repr(align(64))]
struct Aligned<Numbers>(Numbers);

/// `result = start + left · right`, whose sizes fit.
pub(crate) fn multiply(
    instructions: Instructions,
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    start: Start<'_>,
    result: &mut MatrixViewMut<'_>,
) {
    let [rows, depth, columns] = [left.rows(), left.columns(), right.columns()];
    if right.column_stride() == 1 && (rows < FEW_ROWS || depth * columns <= SMALL) {
        kernel::multiply(instructions, left, right, start, result);
    } else if depth <= 16 {
        // Clearing a small buffer takes less time than a small product.
        in_strips::<16>(instructions, left, right, start, result);
    } else if depth <= 64 {
        in_strips::<64>(instructions, left, right, start, result);
    } else if columns < MANY_COLUMNS && (left.column_stride() == 1 || rows * depth <= 2 * SMALL) {
        in_strips::<DEPTH>(instructions, left, right, start, result);
    } else {
        in_blocks(instructions, left, right, start, result);
    }
}

/// A large product.
#[inline(never)]
fn in_blocks(
    instructions: Instructions,
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    start: Start<'_>,
    result: &mut MatrixViewMut<'_>,
) {
    let [rows, columns] = [left.rows(), right.columns()];
    let mut left_copy = Aligned([0.0; DEPTH * ROWS]);
    let mut right_copy = Aligned([0.0; DEPTH * STRIP]);
    for_each_block_of_depth(DEPTH, left, right, start, |left, right, start| {
        let depth = left.columns();
        for row in (0..rows).step_by(ROWS) {
            let block_rows = ROWS.min(rows - row);
            let left = left.part([row, 0], [block_rows, depth]);
            let tiles = copy_left(left, &mut left_copy.0);
            for column in (0..columns).step_by(STRIP) {
                let strip_columns = STRIP.min(columns - column);
                let right = right.part([0, column], [depth, strip_columns]);
                let strip = copy_right(right, &mut right_copy.0);
                let start = part_of_start(start, column, strip_columns);
                for tile in 0..block_rows.div_ceil(TILE) {
                    let tile_rows = TILE.min(block_rows - tile * TILE);
                    let left = MatrixView::new(&tiles[tile * TILE * depth..], depth, TILE);
                    let left = left.transposed().part([0, 0], [tile_rows, depth]);
                    let place = [row + tile * TILE, column];
                    let mut result = result.part(place, [tile_rows, strip_columns]);
                    kernel::multiply(instructions, left, strip, start, &mut result);
                }
            }
        }
    });
}

/// A product whose left operand is read where it lies, and whose right one is copied.
#[inline(never)]
fn in_strips<const DEPTH: usize>(
    instructions: Instructions,
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    start: Start<'_>,
    result: &mut MatrixViewMut<'_>,
) {
    let [rows, columns] = [left.rows(), right.columns()];
    let mut right_copy = Aligned([[0.0; STRIP]; DEPTH]);
    for_each_block_of_depth(DEPTH, left, right, start, |left, right, start| {
        for column in (0..columns).step_by(STRIP) {
            let strip_columns = STRIP.min(columns - column);
            let right = right.part([0, column], [right.rows(), strip_columns]);
            let strip = copy_right(right, right_copy.0.as_flattened_mut());
            let start = part_of_start(start, column, strip_columns);
            let mut result = result.part([0, column], [rows, strip_columns]);
            kernel::multiply(instructions, left, strip, start, &mut result);
        }
    });
}

/// Calls `block` with the columns of `left` and the rows of `right` that belong to each block of the depth, and with what the
/// chains start from there.
fn for_each_block_of_depth<'a>(
    block_depth: usize,
    left: MatrixView<'a>,
    right: MatrixView<'a>,
    start: Start<'a>,
    mut block: impl FnMut(MatrixView<'a>, MatrixView<'a>, Start<'a>),
) {
    let depth = right.rows();
    // A depth of 0 is a block too, which leaves the start.
    let mut first = 0;
    loop {
        let places = block_depth.min(depth - first);
        block(
            left.part([0, first], [left.rows(), places]),
            right.part([first, 0], [places, right.columns()]),
            if first == 0 { start } else { Start::Result },
        );
        first += places;
        if first == depth {
            break;
        }
    }
}

/// What the columns from `column` on start from.
fn part_of_start(start: Start<'_>, column: usize, columns: usize) -> Start<'_> {
    match start {
        Start::Row(row) => Start::Row(&row[column..column + columns]),
        Start::Zero | Start::Result => start,
    }
}

/// Copies `left` so that each place of the depth has the numbers of [`TILE`] rows side by side, tile after tile.
fn copy_left<'a>(left: MatrixView<'_>, copy: &'a mut [f32]) -> &'a [f32] {
    let [rows, depth] = [left.rows(), left.columns()];
    for (tile, copy) in copy.chunks_exact_mut(TILE * depth).enumerate() {
        if tile * TILE >= rows {
            break;
        }
        let tile_rows = TILE.min(rows - tile * TILE);
        let tile = left.part([tile * TILE, 0], [tile_rows, depth]);
        transpose_or_copy(tile.transposed(), copy, TILE);
    }
    copy
}

/// Copies `right` so that its columns are next to each other.
fn copy_right<'a>(right: MatrixView<'_>, copy: &'a mut [f32]) -> MatrixView<'a> {
    // Rows that begin where a vector may.
    let row_stride = right.columns().next_multiple_of(16);
    transpose_or_copy(right, copy, row_stride);
    MatrixView::with_row_stride(copy, right.rows(), right.columns(), row_stride)
}

/// Writes `from`, row by row, to rows that begin `row_stride` numbers apart.
fn transpose_or_copy(from: MatrixView<'_>, to: &mut [f32], row_stride: usize) {
    let [rows, columns] = [from.rows(), from.columns()];
    if from.column_stride() == 1 {
        for row in 0..rows {
            let from = &from.data()[row * from.row_stride()..][..columns];
            to[row * row_stride..][..columns].copy_from_slice(from);
        }
        return;
    }
    // Squares, which are turned in registers.
    const SIDE: usize = 4;
    let [square_rows, square_columns] = [rows, columns].map(|count| count - count % SIDE);
    for column in (0..square_columns).step_by(SIDE) {
        for row in (0..square_rows).step_by(SIDE) {
            let mut square = [[0.0; SIDE]; SIDE];
            for (index, side) in square.iter_mut().enumerate() {
                let start = (column + index) * from.column_stride() + row;
                side.copy_from_slice(&from.data()[start..start + SIDE]);
            }
            for index in 0..SIDE {
                let start = (row + index) * row_stride + column;
                to[start..start + SIDE].copy_from_slice(&square.map(|side| side[index]));
            }
        }
    }
    for column in 0..columns {
        let first = if column < square_columns {
            square_rows
        } else {
            0
        };
        for row in first..rows {
            to[row * row_stride + column] = from.data()[column * from.column_stride() + row];
        }
    }
}
