//! What lane code is made of: ops whose operands and results have places in memory.

use super::execute::{Routine, copy_routine, fill_routine};
use super::gather::GATHERED;
use super::matrices::{Move, move_routine, outer_routine, product_routine};
use crate::ops::{ElementwiseOp, MAX_ARITY, ReductionOp};

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

    /// Whether it is that of temporaries.
    pub(super) const fn is_temporary(self) -> bool {
        self.0 == Self::TEMPORARIES.0
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

/// What an instruction does with the elements of its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// An op on each element. Operands are as long as the result, or scalars.
    Elementwise(ElementwiseOp),
    /// An op that makes each element of the next so many columns of each operand, or of its single row.
    Reduction(ReductionOp),
    /// The result is the operand, which is as long.
    Copy,
    /// Each element of the result is the operand's first.
    Fill,
    Move(Move),
    /// A product of depth 1.
    Outer,
    Product {
        transposed: [bool; 2],
    },
    /// What only a routine for each lane by itself can do.
    LaneByLane,
}

impl Task {
    /// What does it on this machine.
    pub(super) fn routine(self, extents: Extents) -> Routine {
        match self {
            Self::Elementwise(op) => op.lane_routine(),
            Self::Reduction(op) => op.lane_routine(extents.columns),
            Self::Copy => copy_routine(),
            Self::Fill => fill_routine(),
            Self::Move(what) => move_routine(what),
            Self::Outer => outer_routine(),
            Self::Product { transposed } => product_routine(transposed),
            Self::LaneByLane => GATHERED,
        }
    }

    /// How its routine does several steps in one call.
    pub(super) const fn steps(self) -> Steps {
        match self {
            Self::Elementwise(_) | Self::Copy => Steps::AsElements,
            Self::Reduction(_) => Steps::AsRows,
            Self::Fill | Self::Move(_) | Self::Outer | Self::Product { .. } | Self::LaneByLane => {
                Steps::Apart
            }
        }
    }
}

/// An op with places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) task: Task,
    pub(super) extents: Extents,
    /// Those past the op's number of operands are none.
    pub(super) operands: [Location; MAX_ARITY],
    pub(super) result: Location,
}

impl Instruction {
    /// What it reads, and what it writes.
    pub(super) fn locations(&self) -> impl Iterator<Item = Location> {
        let operands = self.operands.iter().copied();
        operands
            .take_while(|operand| operand.length > 0)
            .chain([self.result])
    }
}
