//! Memory that compiled code lies in: writable or executable, never both. What is assembled anew for each program is in a
//! [ring](super::code::LaneCodeRing) of its own.
//!
//! ```text
//! free ──take──► writable ──copy──► executable ──drop──► writable again ──► free
//! ```
//!
//! A search compiles millions of functions and drops nearly all of them. Asking the system for fresh
//! pages each time, and giving them back, costs more than copying the code; so a thread keeps what has
//! been dropped on it, up to a limit, and uses it again.

use std::cell::RefCell;
use std::io;

use memmap2::{Mmap, MmapMut};

/// The least that is asked for: a page on most machines, and what most functions fit in.
const LEAST_BYTES: usize = 4096;

/// The most that a thread keeps.
const MOST_KEPT_BYTES: usize = 1 << 20;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { pieces: Vec::new(), bytes: 0 }) };
}

/// Memory that is free.
struct Kept {
    pieces: Vec<MmapMut>,
    bytes: usize,
}

impl Kept {
    /// Free memory of exactly so many bytes.
    fn take(&mut self, bytes: usize) -> Option<MmapMut> {
        let position = self.pieces.iter().position(|piece| piece.len() == bytes)?;
        self.bytes -= bytes;
        Some(self.pieces.swap_remove(position))
    }

    fn put(&mut self, piece: MmapMut) {
        if self.bytes + piece.len() <= MOST_KEPT_BYTES {
            self.bytes += piece.len();
            self.pieces.push(piece);
        }
    }
}

/// Code that can be executed and not written.
#[derive(Debug)]
pub(super) struct Memory {
    /// There until it is dropped.
    executable: Option<Mmap>,
}

impl Memory {
    /// Copies code to executable memory.
    ///
    /// # Errors
    /// What the system says if it refuses.
    pub(super) fn with_code(code: &[u8]) -> io::Result<Self> {
        // Few sizes, so that what is dropped fits what comes next.
        let bytes = code.len().next_power_of_two().max(LEAST_BYTES);
        let kept = KEPT.with_borrow_mut(|kept| kept.take(bytes));
        let mut writable = match kept {
            Some(writable) => writable,
            None => {
                let fresh = MmapMut::map_anon(bytes)?;
                set_apart(&fresh);
                fresh
            }
        };
        writable[..code.len()].copy_from_slice(code);
        let executable = writable.make_exec()?;
        synchronise(&executable)?;
        Ok(Self {
            executable: Some(executable),
        })
    }

    /// The first byte of the code.
    pub(super) fn address(&self) -> *const u8 {
        match &self.executable {
            Some(executable) => executable.as_ptr(),
            None => unreachable!("memory is there until it is dropped"),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let writable = self.executable.take().map(Mmap::make_mut);
        // What cannot be made writable again is given back, and so is all on a thread that ends.
        if let Some(Ok(writable)) = writable {
            let _ = KEPT.try_with(|kept| kept.borrow_mut().put(writable));
        }
    }
}

/// Has the system keep memory apart from what lies beside it. Else it joins neighbours whenever their
/// protection is the same and parts them when it no longer is, which takes longer than the change of
/// protection itself. What is left out of core dumps is never joined with what is not.
#[cfg(target_os = "linux")]
fn set_apart(memory: &MmapMut) {
    // A system that refuses is slower, and nothing else.
    let _ = memory.advise(memmap2::Advice::DontDump);
}

/// Other systems are taken as they are.
#[cfg(not(target_os = "linux"))]
const fn set_apart(_memory: &MmapMut) {}

/// Sees to it that processors fetch the code that has been written, where they do not do so by
/// themselves.
#[cfg(target_arch = "x86_64")]
#[expect(clippy::unnecessary_wraps, reason = "other machines can fail")]
const fn synchronise(_code: &Mmap) -> io::Result<()> {
    Ok(())
}

/// Sees to it that processors fetch the code that has been written.
#[cfg(not(target_arch = "x86_64"))]
fn synchronise(code: &Mmap) -> io::Result<()> {
    super::code::clear_instruction_cache(code)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_kept_within_bounds() {
        let first = Memory::with_code(&[0xc3; 100]).unwrap();
        let address = first.address();
        drop(first);
        let second = Memory::with_code(&[0xc3; 3000]).unwrap();
        assert_eq!(second.address(), address);
        let large = Memory::with_code(&[0xc3; 5000]).unwrap();
        assert_ne!(large.address(), address);
        let many: Vec<_> = (0..600)
            .map(|_| Memory::with_code(&[0xc3; 10]).unwrap())
            .collect();
        drop(many);
        KEPT.with_borrow(|kept| {
            assert!(kept.bytes <= MOST_KEPT_BYTES);
            let bytes: usize = kept.pieces.iter().map(|piece| piece.len()).sum();
            assert_eq!(bytes, kept.bytes);
        });
    }
}
