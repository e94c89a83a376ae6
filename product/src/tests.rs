//! Products beside the chain that defines them, at every kind of vectors that this processor has.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::kernel::Instructions;
use crate::{MatrixView, MatrixViewMut, Start, blocks, multiply};

/// What lies between rows, and must neither be read nor written.
const GAP: f32 = f32::NAN;

fn numbers(rng: &mut impl Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Which operands are stored as their transposes, the numbers between rows, and the start.
#[derive(Clone, Copy, Debug)]
struct Variant {
    left_transposed: bool,
    right_transposed: bool,
    gap: usize,
    start: StartKind,
}

#[derive(Clone, Copy, Debug)]
enum StartKind {
    Zero,
    Result,
    Row,
}

/// A stored matrix, with gaps between its rows but none after the last.
struct Stored {
    data: Vec<f32>,
    rows: usize,
    columns: usize,
    transposed: bool,
    row_stride: usize,
}

impl Stored {
    fn new(
        rows: usize,
        columns: usize,
        transposed: bool,
        gap: usize,
        at: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let mut data = Vec::new();
        let [stored_rows, stored_columns] = if transposed {
            [columns, rows]
        } else {
            [rows, columns]
        };
        for row in 0..stored_rows {
            if row > 0 {
                data.extend(std::iter::repeat_n(GAP, gap));
            }
            data.extend((0..stored_columns).map(|column| {
                if transposed {
                    at(column, row)
                } else {
                    at(row, column)
                }
            }));
        }
        Self {
            data,
            rows: stored_rows,
            columns: stored_columns,
            transposed,
            row_stride: stored_columns + gap,
        }
    }

    fn view(&self) -> MatrixView<'_> {
        let view =
            MatrixView::with_row_stride(&self.data, self.rows, self.columns, self.row_stride);
        if self.transposed {
            view.transposed()
        } else {
            view
        }
    }
}

/// Compares a product of random numbers, at each kind of vectors, with the chain.
fn check(rng: &mut impl Rng, [rows, depth, columns]: [usize; 3], variant: Variant) {
    let left = numbers(rng, rows * depth);
    let right = numbers(rng, depth * columns);
    let held = numbers(rng, rows * columns);
    let start_row = numbers(rng, columns);
    let stored_left = Stored::new(
        rows,
        depth,
        variant.left_transposed,
        variant.gap,
        |row, place| left[row * depth + place],
    );
    let stored_right = Stored::new(
        depth,
        columns,
        variant.right_transposed,
        variant.gap,
        |place, column| right[place * columns + column],
    );
    let start = match variant.start {
        StartKind::Zero => Start::Zero,
        StartKind::Result => Start::Result,
        StartKind::Row => Start::Row(&start_row),
    };
    let expected = |row: usize, column: usize| {
        let start = match start {
            Start::Zero => 0.0,
            Start::Result => held[row * columns + column],
            Start::Row(elements) => elements[column],
        };
        (0..depth).fold(start, |sum, place| {
            left[row * depth + place].mul_add(right[place * columns + column], sum)
        })
    };
    let expected = Stored::new(rows, columns, false, variant.gap, expected).data;
    let held = Stored::new(rows, columns, false, variant.gap, |row, column| {
        held[row * columns + column]
    });
    for instructions in Instructions::all() {
        let mut result = held.data.clone();
        blocks::multiply(
            instructions,
            stored_left.view(),
            stored_right.view(),
            start,
            &mut MatrixViewMut::with_row_stride(&mut result, rows, columns, held.row_stride),
        );
        let bits = |numbers: &[f32]| -> Vec<u32> {
            numbers.iter().map(|number| number.to_bits()).collect()
        };
        assert!(
            bits(&result) == bits(&expected),
            "{instructions:?} {rows} × {depth} × {columns} {variant:?}"
        );
    }
}

fn variants() -> impl Iterator<Item = Variant> {
    let starts = [StartKind::Zero, StartKind::Result, StartKind::Row];
    (0..24).map(move |index| Variant {
        left_transposed: index & 1 != 0,
        right_transposed: index & 2 != 0,
        gap: if index & 4 != 0 { 3 } else { 0 },
        start: starts[index / 8],
    })
}

#[test]
fn small_products_are_the_chain_that_defines_them() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    for rows in [0, 1, 2, 3, 5, 8, 15, 23] {
        for depth in [0, 1, 2, 7, 17] {
            for columns in [0, 1, 3, 4, 7, 8, 10, 15, 16, 17, 33, 47, 48, 50, 64, 65, 81] {
                for variant in variants() {
                    check(rng, [rows, depth, columns], variant);
                }
            }
        }
    }
}

#[test]
fn products_in_blocks_are_the_chain_that_defines_them() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    // Beside and beyond the sizes of blocks.
    for sizes in [[16, 600, 20], [17, 65, 513], [24, 300, 100], [137, 257, 53]] {
        for variant in variants() {
            check(rng, sizes, variant);
        }
    }
}

#[test]
fn products_of_any_size_are_the_chain_that_defines_them() {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let variants: Vec<Variant> = variants().collect();
    for _ in 0..2_000 {
        // As many sizes from 1 to 2 as from 128 to 256.
        let sizes = [(); 3].map(|()| {
            let most = 1usize << rng.random_range(0..9);
            rng.random_range(0..=most)
        });
        let variant = variants[rng.random_range(0..variants.len())];
        check(rng, sizes, variant);
    }
}

#[test]
fn special_numbers_go_through_the_chain() {
    let huge = f32::MAX;
    // Not contracted, the product would overflow; not in order, it would be ∞ − ∞.
    let left = [huge, -1.0, 1.0, -0.0];
    let right = [2.0, huge, f32::MIN_POSITIVE, 3.0];
    let mut result = [-huge];
    let product = |start, result: &mut [f32]| {
        multiply(
            MatrixView::new(&left, 1, 4),
            MatrixView::new(&right, 4, 1),
            start,
            &mut MatrixViewMut::new(result, 1, 1),
        );
    };
    product(Start::Result, &mut result);
    assert_eq!(result, [f32::MIN_POSITIVE]);
    product(Start::Zero, &mut result);
    assert_eq!(result, [f32::INFINITY]);
    multiply(
        MatrixView::new(&[0.0], 1, 1),
        MatrixView::new(&[f32::INFINITY], 1, 1),
        Start::Zero,
        &mut MatrixViewMut::new(&mut result, 1, 1),
    );
    assert!(result[0].is_nan());
}

#[test]
#[should_panic(expected = "take 11, not 10")]
fn an_operand_that_ends_too_early_is_refused() {
    let _ = MatrixView::with_row_stride(&[0.0; 10], 3, 3, 4);
}

#[test]
#[should_panic(expected = "fits in memory")]
fn an_operand_larger_than_the_address_space_is_refused() {
    let _ = MatrixView::with_row_stride(&[0.0; 10], 3, 3, usize::MAX);
}

#[test]
#[should_panic(expected = "overlap")]
fn a_result_whose_rows_overlap_is_refused() {
    let _ = MatrixViewMut::with_row_stride(&mut [0.0; 10], 3, 3, 2);
}

#[test]
#[should_panic(expected = "the columns of a product")]
fn a_result_of_another_size_is_refused() {
    let (left, right) = ([0.0; 6], [0.0; 6]);
    multiply(
        MatrixView::new(&left, 2, 3),
        MatrixView::new(&right, 3, 2),
        Start::Zero,
        &mut MatrixViewMut::new(&mut [0.0; 6], 2, 3),
    );
}

#[test]
#[should_panic(expected = "the columns of a row to start from")]
fn a_row_of_another_size_is_refused() {
    let (left, right) = ([0.0; 6], [0.0; 6]);
    multiply(
        MatrixView::new(&left, 2, 3),
        MatrixView::new(&right, 3, 2),
        Start::Row(&[0.0]),
        &mut MatrixViewMut::new(&mut [0.0; 4], 2, 2),
    );
}
