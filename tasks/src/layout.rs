//! Where a model's tensors lie in memory.
//!
//! All tensors of a model share one contiguous arena, so that an elementwise update rule is a single pass over a single
//! slice instead of a call per tensor. Each tensor starts at a multiple of [`PADDING`] floats and is padded to the next
//! one, so that vector code needs no scalar tail and no vector straddles two tensors.

use std::ops::Range;

/// Tensors start at, and are padded to, multiples of this many floats: one 64-byte cache line.
pub const PADDING: usize = 16;

/// One tensor's name, shape and place. Elements are row-major without gaps; padding follows the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorLayout {
    /// What the tensor is in the model, e.g. `hidden weight`.
    pub name: String,
    /// Rows; for a weight, the layer's inputs; 1 for a bias.
    pub rows: usize,
    /// Columns; for a weight and a bias, the layer's outputs.
    pub columns: usize,
    /// Index of the first element in the arena, a multiple of [`PADDING`].
    pub offset: usize,
}

impl TensorLayout {
    /// Elements, without padding.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a layout holds no empty tensor"
    )]
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Elements with padding, a multiple of [`PADDING`].
    #[must_use]
    pub fn padded_len(&self) -> usize {
        self.len().next_multiple_of(PADDING)
    }

    /// The elements' indices in the arena, without padding.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len()
    }

    /// The indices in the arena that belong to this tensor, padding included.
    #[must_use]
    pub fn padded_range(&self) -> Range<usize> {
        self.offset..self.offset + self.padded_len()
    }
}

/// The places of all tensors of one model: consecutive, in order, without overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterLayout {
    tensors: Vec<TensorLayout>,
    arena_len: usize,
}

impl ParameterLayout {
    /// Lays out tensors given as name, rows, columns, one after the other.
    ///
    /// # Panics
    ///
    /// If a tensor has no rows or no columns.
    #[must_use]
    pub fn new(shapes: &[(&str, usize, usize)]) -> Self {
        let mut arena_len = 0;
        let tensors = shapes
            .iter()
            .map(|&(name, rows, columns)| {
                assert!(
                    rows > 0 && columns > 0,
                    "tensor {name} is empty: {rows}x{columns}"
                );
                let tensor = TensorLayout {
                    name: name.to_owned(),
                    rows,
                    columns,
                    offset: arena_len,
                };
                arena_len += tensor.padded_len();
                tensor
            })
            .collect();
        Self { tensors, arena_len }
    }

    /// The tensors in the order of the arena.
    #[must_use]
    pub fn tensors(&self) -> &[TensorLayout] {
        &self.tensors
    }

    /// Floats in the arena, padding included; a multiple of [`PADDING`].
    #[must_use]
    pub fn arena_len(&self) -> usize {
        self.arena_len
    }

    /// Parameters of the model, padding excluded.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.tensors.iter().map(TensorLayout::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_are_padded_and_do_not_overlap() {
        let layout = ParameterLayout::new(&[("a", 3, 5), ("b", 1, 16), ("c", 1, 1), ("d", 4, 8)]);
        let offsets: Vec<_> = layout
            .tensors()
            .iter()
            .map(|tensor| tensor.offset)
            .collect();
        assert_eq!(offsets, [0, 16, 32, 48]);
        assert_eq!(layout.tensors()[0].range(), 0..15);
        assert_eq!(layout.tensors()[0].padded_range(), 0..16);
        assert_eq!(layout.tensors()[2].range(), 32..33);
        assert_eq!(layout.tensors()[2].padded_range(), 32..48);
        assert_eq!(layout.arena_len(), 80);
        assert_eq!(layout.parameter_count(), 15 + 16 + 1 + 32);
    }

    #[test]
    #[should_panic(expected = "tensor b is empty")]
    fn empty_tensors_are_refused() {
        let _ = ParameterLayout::new(&[("a", 1, 1), ("b", 0, 4)]);
    }
}
