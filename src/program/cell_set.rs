//! Sets of cells, as small as they are many.

use std::ops::{BitAnd, BitOr};

use super::{Cell, CellIndex};

/// A set of cells, by their places.
///
/// No schema allows more cells than there are bits, which a test checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CellSet(u128);

impl CellSet {
    /// The cells of a table that fit; of a table that is too long, among the first.
    pub(crate) fn of(cells: &[Cell], fits: impl Fn(&Cell) -> bool) -> Self {
        let mut set = Self::default();
        for (index, cell) in CellIndex::enumerate(cells).take(u128::BITS as usize) {
            if fits(cell) {
                set.insert(index);
            }
        }
        set
    }

    pub(crate) const fn insert(&mut self, index: CellIndex) {
        self.0 |= 1 << index.index();
    }

    pub(crate) const fn remove(&mut self, index: CellIndex) {
        self.0 &= !(1 << index.index());
    }

    /// Those that are in it, by rising place.
    pub(crate) fn iter(self) -> impl Iterator<Item = CellIndex> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (place < u128::BITS).then_some(CellIndex::new(place as u16))
        })
    }

    /// Those that are not in the other set.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The same set if that is so, else the empty one; without a branch, for conditions that cannot be predicted.
    pub(crate) const fn only_if(self, condition: bool) -> Self {
        Self(self.0 & 0u128.wrapping_sub(condition as u128))
    }

    pub(crate) const fn contains(self, index: CellIndex) -> bool {
        self.0 >> index.index() & 1 == 1
    }
}

impl BitOr for CellSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for CellSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::program::Schema;

    #[test]
    fn all_cells_of_any_program_have_a_bit() {
        for schema in Schema::ALL {
            assert!(schema.description().maximum_cells <= u128::BITS as usize);
        }
    }
}
