//! Work on whole matrices: the routines behind ops whose results are not made element by element.
//!
//! Every back end calls these same routines, so there is one order of operations and the bits agree.
//! They are written so that the compiler vectorises over elements that do not depend on each other,
//! and are compiled for each width of vectors that a machine may have; no width changes a bit.
//!
//! | module | what |
//! |---|---|
//! | [`product`] | matrix products, which are those of the crate `mlevolve_product` |
//! | [`arrange`] | transposes, diagonals, broadcasts, single elements, sums and maxima over rows and columns |
//! | [`root`] | inverse roots of symmetric positive matrices, and their derivatives |
//! | [`draw`] | uniform and normal random numbers by place, without state |

pub(crate) mod arrange;
pub(crate) mod draw;
pub(crate) mod product;
pub(crate) mod root;

/// A matrix to read, row by row without gaps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    /// As many as rows times columns.
    pub(crate) data: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Matrix<'_> {
    /// The first element: the number, if this is a scalar.
    pub(crate) fn number(&self) -> f32 {
        self.data[0]
    }

    /// The rows, in order.
    pub(crate) fn each_row(&self) -> impl Iterator<Item = &[f32]> {
        debug_assert_eq!(self.data.len(), self.rows * self.columns);
        self.data.chunks_exact(self.columns)
    }
}

/// A matrix to write, row by row without gaps.
#[derive(Debug)]
pub(crate) struct MatrixMut<'a> {
    /// As many as rows times columns.
    pub(crate) data: &'a mut [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl MatrixMut<'_> {
    /// The rows, in order.
    pub(crate) fn each_row(&mut self) -> impl Iterator<Item = &mut [f32]> {
        debug_assert_eq!(self.data.len(), self.rows * self.columns);
        self.data.chunks_exact_mut(self.columns)
    }
}

/// Memory that routines work in. It grows to what the largest has needed and stays so.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    numbers: Vec<f32>,
}

impl Workspace {
    /// So many numbers, of any value.
    pub(crate) fn take(&mut self, count: usize) -> &mut [f32] {
        if self.numbers.len() < count {
            self.numbers.resize(count, 0.0);
        }
        &mut self.numbers[..count]
    }
}
