//! What the cells of lane code hold, as it is seen from outside: as the storage of arguments is, with all
//! lanes of an element side by side.

use super::BLOCK;
use super::assemble::Placed;
use super::code::{LaneCode, Place, PlaceEntry, PlaceKind};
use super::instruction::Location;
use super::storage::Block;

impl LaneCode {
    /// Fills all cells with zeros.
    pub fn reset(&mut self) {
        for cells in &mut self.cells {
            cells.numbers_mut().fill(0.0);
        }
        for index in 0..self.places.len() {
            let PlaceEntry { placed, kind } = self.places[index];
            match kind {
                PlaceKind::Constant(constant) => {
                    self.fill_location(placed.location, constant.value());
                }
                PlaceKind::Cell | PlaceKind::Stream(_) => {}
            }
        }
    }

    pub(super) fn fill_location(&mut self, location: Location, value: f32) {
        for cells in &mut self.cells {
            cells.blocks_mut()[location.range()].fill([value; BLOCK]);
        }
    }

    /// Copies what a cell or a constant holds to `numbers`, which are [stored](super) as arguments are.
    ///
    /// # Panics
    /// If this code has no such place, it is a stream, or there are not [as many](Self::storage_len)
    /// numbers.
    pub fn read(&self, place: Place, numbers: &mut [f32]) {
        let Placed { shape, location } = self.placed(place);
        let kind = self.places[place.index()].kind;
        assert!(
            !matches!(kind, PlaceKind::Stream(_)),
            "a stream is its caller's"
        );
        assert_eq!(numbers.len(), self.storage_len(shape), "as many numbers");
        for (index, cells) in self.cells.iter().enumerate() {
            let targets = numbers.as_chunks_mut().0.iter_mut().skip(index);
            let targets = targets.step_by(self.cells.len());
            for (target, block) in targets.zip(&cells.blocks()[location.range()]) {
                *target = *block;
            }
        }
    }

    /// Copies `numbers`, which are [stored](super) as arguments are, to a cell.
    ///
    /// # Panics
    /// If this code has no such place, it is not a cell, or there are not [as many](Self::storage_len)
    /// numbers.
    pub fn write(&mut self, place: Place, numbers: &[f32]) {
        let Placed { shape, location } = self.placed(place);
        self.assert_cell(place);
        assert_eq!(numbers.len(), self.storage_len(shape), "as many numbers");
        let count = self.cells.len();
        for (index, cells) in self.cells.iter_mut().enumerate() {
            let sources: &[Block] = numbers.as_chunks().0;
            let sources = sources.iter().skip(index).step_by(count);
            for (target, block) in cells.blocks_mut()[location.range()].iter_mut().zip(sources) {
                *target = *block;
            }
        }
    }

    /// Fills a cell with one number.
    ///
    /// # Panics
    /// If this code has no such place, or it is not a cell.
    pub fn fill(&mut self, place: Place, number: f32) {
        self.assert_cell(place);
        self.fill_location(self.placed(place).location, number);
    }

    fn assert_cell(&self, place: Place) {
        let kind = self.places[place.index()].kind;
        assert!(kind == PlaceKind::Cell, "only cells are written");
    }
}
