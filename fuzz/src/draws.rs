//! A fuzzer's bytes as a source of random choices.

use std::convert::Infallible;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng, TryRng};

/// Gives out the fuzzer's bytes one after the other, and an endless stream after them.
///
/// Seeding a generator with the bytes would be simpler, but then each change of a byte changes every
/// choice, and the fuzzer could not keep what is interesting about an input while it varies the rest.
/// Here the first eight bytes seed the stream, and the others are choices themselves.
#[derive(Clone, Debug)]
pub struct Draws<'a> {
    bytes: &'a [u8],
    beyond: Xoshiro256PlusPlus,
}

impl<'a> Draws<'a> {
    /// The choices that `bytes` stand for.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let (first, rest) = bytes.split_at(bytes.len().min(8));
        let mut seed = [0; 8];
        seed[..first.len()].copy_from_slice(first);
        Self {
            bytes: rest,
            beyond: Xoshiro256PlusPlus::seed_from_u64(u64::from_le_bytes(seed)),
        }
    }
}

impl TryRng for Draws<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        let taken = destination.len().min(self.bytes.len());
        let (head, rest) = self.bytes.split_at(taken);
        destination[..taken].copy_from_slice(head);
        self.bytes = rest;
        self.beyond.fill_bytes(&mut destination[taken..]);
        Ok(())
    }
}
