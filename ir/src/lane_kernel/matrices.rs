//! Ops on whole matrices over a block of lanes: an element of a matrix is a vector, and what an op does
//! with rows and columns it does with all lanes of them at once.
//!
//! The forms are those of [`ElementForm`](crate::ops::ElementForm), and so are the bits. No result is an
//! operand: the instructions before see to that.

use multiversion::multiversion;

use super::BLOCK;
use super::execute::{Call, Routine, end_of_turn, lanes};

/// How many rows of a product are computed side by side, if there are as many: each is a chain of dependent
/// additions, and processors have that many under way.
const MANY_ROWS: usize = 8;
/// And if there are fewer.
const SOME_ROWS: usize = 4;

/// What moves elements: the result has so many rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// It is the transpose of the operand.
    Transposed,
    /// Each of its columns is the operand.
    EachColumn,
    /// Each of its rows is the operand.
    EachRow,
}

/// What moves elements on this machine.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(super) fn move_routine(what: Move) -> Routine {
    match what {
        Move::Transposed => |call, _| call.transpose(),
        Move::EachColumn => |call, _| call.repeat_columns(),
        Move::EachRow => |call, _| call.repeat_rows(),
    }
}

/// A product of so many rows and columns and such a depth on this machine, by whether each factor is
/// transposed.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(super) fn product_routine(transposed: [bool; 2]) -> Routine {
    match transposed {
        [false, false] => |call, _| call.multiply(false, false),
        [false, true] => |call, _| call.multiply(false, true),
        [true, false] => |call, _| call.multiply(true, false),
        [true, true] => |call, _| call.multiply(true, true),
    }
}

/// A product of depth 1 on this machine: of a column and a row, however they lie.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(super) fn outer_routine() -> Routine {
    |call, _| call.multiply_outer()
}

impl Call<'_> {
    #[inline(always)]
    fn transpose(&self) {
        let (rows, columns) = (self.extents.rows as usize, self.extents.columns as usize);
        for row in 0..rows {
            for column in 0..columns {
                let element = self.operands[0][column * rows + row].get();
                self.result[row * columns + column].set(element);
                end_of_turn();
            }
        }
    }

    #[inline(always)]
    fn repeat_columns(&self) {
        let columns = self.extents.columns as usize;
        for (row, element) in self.operands[0].iter().enumerate() {
            let element = element.get();
            for target in &self.result[row * columns..][..columns] {
                target.set(element);
                end_of_turn();
            }
        }
    }

    #[inline(always)]
    fn repeat_rows(&self) {
        let (rows, columns) = (self.extents.rows as usize, self.extents.columns as usize);
        for row in 0..rows {
            let targets = &self.result[row * columns..][..columns];
            for (target, element) in targets.iter().zip(self.operands[0]) {
                target.set(element.get());
                end_of_turn();
            }
        }
    }

    /// Each element is a chain of fused multiply-adds over the depth in rising order, from 0.
    #[inline(always)]
    fn multiply(&self, left_transposed: bool, right_transposed: bool) {
        let rows = self.extents.rows as usize;
        let mut row = 0;
        while row + MANY_ROWS <= rows {
            self.multiply_rows::<MANY_ROWS>(row, left_transposed, right_transposed);
            row += MANY_ROWS;
        }
        while row + SOME_ROWS <= rows {
            self.multiply_rows::<SOME_ROWS>(row, left_transposed, right_transposed);
            row += SOME_ROWS;
        }
        while row < rows {
            self.multiply_rows::<1>(row, left_transposed, right_transposed);
            row += 1;
        }
    }

    #[inline(always)]
    fn multiply_outer(&self) {
        let [left, right, _] = self.operands;
        let mut first = 0;
        for left in left {
            let left = left.get();
            for (target, right) in self.result[first..].iter().zip(right) {
                target.set(lanes(
                    [left, right.get()],
                    #[inline(always)]
                    |[a, b]| a.mul_add(b, 0.0),
                ));
                end_of_turn();
            }
            first += right.len();
        }
    }

    /// Some rows of the result.
    #[inline(always)]
    fn multiply_rows<const COUNT: usize>(
        &self,
        row: usize,
        left_transposed: bool,
        right_transposed: bool,
    ) {
        let (rows, depth) = (self.extents.rows as usize, self.extents.depth as usize);
        let columns = self.extents.columns as usize;
        let [left, right, _] = self.operands;
        for column in 0..columns {
            let mut sums = [[0.0; BLOCK]; COUNT];
            for place in 0..depth {
                let factor = if right_transposed {
                    right[column * depth + place].get()
                } else {
                    right[place * columns + column].get()
                };
                for (index, sum) in sums.iter_mut().enumerate() {
                    let other = if left_transposed {
                        left[place * rows + row + index].get()
                    } else {
                        left[(row + index) * depth + place].get()
                    };
                    *sum = lanes(
                        [other, factor, *sum],
                        #[inline(always)]
                        |[a, b, c]| a.mul_add(b, c),
                    );
                }
                end_of_turn();
            }
            for (index, sum) in sums.into_iter().enumerate() {
                self.result[(row + index) * columns + column].set(sum);
            }
        }
    }
}
