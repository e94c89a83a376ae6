//! Dense matrix products: the one that models are trained with and that ops on matrices mean.
//!
//! GEMM crates sum in an order of their own, which depends on the processor, and most allocate in a call. A search
//! that can be repeated needs the same bits everywhere, and training may not allocate in a step. So the meaning comes
//! first here. **Every element of a result is a chain: from its start, for each place of the depth in rising order, one
//! fused multiply-add**, `sum = left × right + sum`, rounded once. What may be chosen, then, is which elements are
//! worked on side by side, and that cannot be seen in the result.
//!
//! ```text
//! multiply ── small ──────────────────────────────────────────► kernel: tiles of rows × vectors of columns,
//!    └─────── large, or a transposed right operand ──► blocks ──►       summed in registers
//!                                                      (copies of parts of the operands, on the stack)
//! ```
//!
//! | module | what |
//! |---|---|
//! | `view` | operands and results: slices with strides, checked once |
//! | `blocks` | large products in parts that stay in the caches |
//! | `kernel` | the loops in registers, for each width of vectors; all `unsafe` of the crate |
//!
//! # Example
//!
//! ```
//! use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};
//!
//! let left = MatrixView::new(&[1.0, 2.0, 3.0, 4.0], 2, 2);
//! let right = MatrixView::new(&[5.0, 6.0], 1, 2).transposed();
//! let mut result = [0.0; 2];
//! multiply(left, right, Start::Zero, &mut MatrixViewMut::new(&mut result, 2, 1));
//! assert_eq!(result, [17.0, 39.0]);
//! ```
//!
//! `examples/layer.rs` has the three products of a layer that is trained.

mod blocks;
mod kernel;
mod view;

pub use view::{MatrixView, MatrixViewMut};

/// What the chain of each element of a result starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start<'a> {
    /// 0.
    Zero,
    /// What the result holds: the product is added to it.
    Result,
    /// The element of this row in the same column, such as a layer's bias.
    Row(&'a [f32]),
}

/// `result = start + left · right`, each element by the chain that the crate's documentation states.
///
/// Nothing is allocated. Which NaN an element is that is one, is not stated.
///
/// # Panics
///
/// If the operands' sizes do not fit each other's, the result's, or those of a row to start from.
pub fn multiply(
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    start: Start<'_>,
    result: &mut MatrixViewMut<'_>,
) {
    let [rows, depth, columns] = [left.rows(), left.columns(), right.columns()];
    assert_eq!(depth, right.rows(), "the depth of a product");
    assert_eq!(rows, result.rows(), "the rows of a product");
    assert_eq!(columns, result.columns(), "the columns of a product");
    if let Start::Row(row) = start {
        assert_eq!(columns, row.len(), "the columns of a row to start from");
    }
    blocks::multiply(kernel::Instructions::best(), left, right, start, result);
}

#[cfg(test)]
mod tests;
