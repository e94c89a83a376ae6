//! The memory that cells and temporaries of lane code lie in.
//!
//! It begins at a multiple of a cache line, since a vector that crosses the end of one takes twice as
//! long to load, and most values here are a few vectors.

use std::cell::Cell;

use super::BLOCK;

/// As many lanes of an element as are worked on at a time: the widest vector.
pub(super) type Block = [f32; BLOCK];

/// Blocks in a row, the first at a multiple of its size.
#[derive(Debug, Default)]
pub(super) struct Storage {
    /// The blocks, and before them what makes them begin where they should.
    numbers: Vec<f32>,
    start: usize,
    blocks: usize,
}

impl Clone for Storage {
    fn clone(&self) -> Self {
        let mut clone = Self::default();
        clone.grow(self.blocks);
        clone.numbers_mut().copy_from_slice(self.numbers());
        clone
    }
}

impl Storage {
    /// How many blocks there are.
    pub(super) const fn len(&self) -> usize {
        self.blocks
    }

    /// Forgets all blocks and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.blocks = 0;
        self.numbers.truncate(self.start);
    }

    /// Adds so many blocks of zeros.
    pub(super) fn grow(&mut self, count: usize) {
        let length = self.start + (self.blocks + count) * BLOCK;
        if length > self.numbers.capacity() {
            let mut numbers: Vec<f32> = Vec::with_capacity(2 * length + BLOCK);
            let start = numbers.as_ptr().align_offset(size_of::<Block>());
            // Where nothing is known of addresses, any will do.
            self.start = if start < BLOCK { start } else { 0 };
            numbers.resize(self.start, 0.0);
            numbers.extend_from_slice(self.numbers());
            self.numbers = numbers;
        }
        self.blocks += count;
        let length = self.start + self.blocks * BLOCK;
        self.numbers.resize(length, 0.0);
    }

    /// The numbers of all blocks.
    pub(super) fn numbers(&self) -> &[f32] {
        let stored = self.numbers.len().saturating_sub(self.blocks * BLOCK);
        &self.numbers[stored..]
    }

    /// The numbers of all blocks, to be written.
    pub(super) fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.start..]
    }

    /// The blocks, which more than one can read and write.
    pub(super) fn cells(&mut self) -> &[Cell<Block>] {
        Cell::from_mut(self.numbers_mut().as_chunks_mut().0).as_slice_of_cells()
    }

    /// The blocks.
    pub(super) fn blocks(&self) -> &[Block] {
        self.numbers().as_chunks().0
    }

    /// The blocks, to be written.
    pub(super) fn blocks_mut(&mut self) -> &mut [Block] {
        self.numbers_mut().as_chunks_mut().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_zeros_and_stay_what_they_are() {
        let mut storage = Storage::default();
        assert!(storage.blocks().is_empty());
        for round in 0..3 {
            storage.clear();
            for count in [1, 4, 0, 100] {
                let before = storage.blocks().to_vec();
                storage.grow(count);
                let (kept, new) = storage.blocks().split_at(before.len());
                assert_eq!(kept, before);
                assert_eq!(new, vec![[0.0; BLOCK]; count], "{round}");
                storage.blocks_mut().fill([count as f32; BLOCK]);
                for copy in [&storage, &storage.clone()] {
                    assert_eq!(copy.numbers().len(), copy.len() * BLOCK);
                    assert_eq!(copy.blocks(), storage.blocks());
                    assert_eq!(copy.blocks().as_ptr().addr() % size_of::<Block>(), 0);
                }
            }
        }
    }
}
