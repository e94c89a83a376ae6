//! What lane code is made of: ops whose operands and results have places in memory.

use super::execute::Routine;
use crate::ops::MAX_ARITY;

/// Which memory: cells and constants, which are kept from step to step and from run to run; temporaries, of
/// which nothing is kept; or a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region(u32);

impl Region {
    pub(super) const CELLS: Self = Self(0);
    pub(super) const TEMPORARIES: Self = Self(1);

    /// That of a stream.
    pub(super) const fn stream(index: u32) -> Self {
        Self(index + 2)
    }

    /// Which stream it is.
    pub(super) const fn as_stream(self) -> Option<usize> {
        (self.0 as usize).checked_sub(2)
    }
}

/// Some elements of a region, of one block of lanes. A stream's are counted as cells, among which there is
/// room for a step's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) region: Region,
    pub(super) offset: u32,
    pub(super) length: u32,
}

impl Location {
    /// No memory: what stands for an operand that an op does not have.
    pub(super) const NONE: Self = Self {
        region: Region::CELLS,
        offset: 0,
        length: 0,
    };

    /// The first elements of it.
    pub(super) const fn first(self, length: u32) -> Self {
        Self { length, ..self }
    }

    pub(super) const fn range(self) -> std::ops::Range<usize> {
        let start = self.offset as usize;
        start..start + self.length as usize
    }
}

/// How many rows and columns a routine works on, and what else it has to know. Each says what it looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extents {
    pub(super) rows: u32,
    pub(super) columns: u32,
    /// The depth of a product, or which matrix op is run lane by lane.
    pub(super) depth: u32,
}

/// How a routine does several steps in one call, with what these work on one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// As it does more elements. What is the same in all steps must be a scalar.
    AsElements,
    /// As it does more rows. What is the same in all steps must be one row.
    AsRows,
    /// It cannot.
    Apart,
}

/// What runs an op, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    pub(super) routine: Routine,
    pub(super) extents: Extents,
    pub(super) steps: Steps,
}

/// An op with places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) means: Means,
    /// Those past the op's number of operands are none.
    pub(super) operands: [Location; MAX_ARITY],
    pub(super) result: Location,
}
