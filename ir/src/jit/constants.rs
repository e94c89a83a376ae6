//! The constants of compiled code, in memory beside it.
//!
//! ```text
//! ones × 16 │ zeros × 32 │ constant × 4 │ constant × 4 │ …
//! ```
//!
//! Up to sixteen lanes that begin *k* lanes before the zeros mask out all but the first *k*; *k* can
//! be as low as −16. The constants that follow fill four lanes each, as vector instructions take
//! them, or eight, where those of code over lanes are wider.

use std::collections::BTreeMap;

use crate::lanes::ACCUMULATORS;

/// Lanes of a vector.
pub(super) const LANES: usize = 4;

/// Bytes of a vector.
pub(super) const VECTOR_BYTES: usize = LANES * size_of::<f32>();

/// One bit pattern in each lane, aligned as vector instructions without AVX need it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct Splat(pub(super) [u32; LANES]);

/// The constants of a function in the course of compilation.
pub(super) struct ConstantTable {
    splats: Vec<Splat>,
    /// How many splats a constant takes: those of a vector.
    splats_each: usize,
    /// Where each bit pattern is in the table.
    positions: BTreeMap<u32, usize>,
}

impl ConstantTable {
    pub(super) fn new() -> Self {
        Self::for_lanes(LANES)
    }

    /// A table whose constants fill so many lanes each, a multiple of four.
    pub(super) fn for_lanes(lanes: usize) -> Self {
        let vectors = ACCUMULATORS / LANES;
        let mut splats = vec![Splat([u32::MAX; LANES]); vectors];
        splats.resize(3 * vectors, Splat([0; LANES]));
        Self {
            splats,
            splats_each: lanes / LANES,
            positions: BTreeMap::new(),
        }
    }

    /// The offset in bytes of the vector with `bits` in each lane.
    pub(super) fn offset(&mut self, bits: u32) -> i32 {
        let position = *self.positions.entry(bits).or_insert_with(|| {
            let position = self.splats.len();
            let filled = position + self.splats_each;
            self.splats.resize(filled, Splat([bits; LANES]));
            position
        });
        match i32::try_from(position * VECTOR_BYTES) {
            Ok(offset) => offset,
            Err(_) => panic!("a function has fewer than 2²⁷ constants"),
        }
    }

    pub(super) fn into_splats(self) -> Box<[Splat]> {
        self.splats.into()
    }
}
