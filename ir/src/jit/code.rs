//! Compiled code: the memory that it lies in, and the call into it. All `unsafe` of this crate is
//! here.
//!
//! The memory has one owner, [`Code`], which frees it when dropped. The address of the code never
//! leaves it: others call [`Code::run`], which borrows it, so code cannot be freed while it runs.

#![allow(
    unsafe_code,
    reason = "running machine code made here is what the type system cannot check"
)]

use std::{fmt, ptr, slice};

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider, SystemMemoryProvider};

use super::MachineCode;
use super::constants::Splat;
use crate::function::MAX_PARAMETERS;
use crate::kernel::{Argument, CompileError};

/// What [`emit`](super::emit) gives every function as signature.
type Entry = unsafe extern "C" fn(
    arguments: *const *mut f32,
    constants: *const Splat,
    bytes: usize,
    padded_bytes: usize,
    count: f32,
);

/// Executable code of one function, with its constants.
pub(crate) struct Code {
    memory: SystemMemoryProvider,
    /// Lies in `memory`.
    entry: Entry,
    constants: Box<[Splat]>,
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Code").finish_non_exhaustive()
    }
}

// SAFETY: a shared `Code` is only run. That reads the code and the constants, which do not change
// after construction, and writes what the caller's arguments let it. `memory` is not used but by
// `drop`, which has it to itself.
unsafe impl Sync for Code {}

impl Code {
    /// Makes machine code executable.
    ///
    /// # Errors
    /// [`CompileError::Memory`] if the system refuses.
    pub(super) fn new(code: MachineCode<'_>) -> Result<Self, CompileError> {
        let MachineCode {
            bytes,
            alignment,
            constants,
        } = code;
        let failed = |reason: String| CompileError::Memory { reason };
        let mut memory = SystemMemoryProvider::new();
        let address = memory
            .allocate(bytes.len(), alignment, JITMemoryKind::Executable)
            .map_err(|error| failed(error.to_string()))?;
        // SAFETY: `allocate` gives as many writable bytes as it was asked for, which nothing else
        // uses yet.
        let target = unsafe { slice::from_raw_parts_mut(address, bytes.len()) };
        target.copy_from_slice(bytes);
        let finalized = memory.finalize(BranchProtection::None);
        // SAFETY: `MachineCode` is a whole function for this machine, without relocations, with
        // the signature of `Entry`, and its first byte is its entry.
        let entry = unsafe { std::mem::transmute::<*mut u8, Entry>(address) };
        let code = Self {
            memory,
            entry,
            constants,
        };
        match finalized {
            Ok(()) => Ok(code),
            // Dropping `code` frees the memory.
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Runs the code on arguments that [`Kernel::call`](crate::Kernel::call) has checked: one for
    /// each parameter, with its access, of length 1 for a scalar and `padded` for a tensor, where
    /// `padded` is the next multiple of a row's elements from `elements` ≥ 1.
    pub(crate) fn run(&self, elements: usize, padded: usize, arguments: &mut [Argument<'_>]) {
        let mut addresses = [ptr::null_mut(); MAX_PARAMETERS];
        for (address, argument) in addresses.iter_mut().zip(arguments) {
            *address = match argument {
                // Never written through: the function's access to this parameter is to read.
                Argument::Read(slice) => slice.as_ptr().cast_mut(),
                Argument::Write(slice) => slice.as_mut_ptr(),
            };
        }
        let bytes = size_of::<f32>();
        // SAFETY: `entry` points to code in `memory`, which `self` keeps alive. The caller has
        // checked the arguments, and what `emit` emits stays within them and within `constants`,
        // writes only to parameters that are written, and returns. Arguments are borrowed for the
        // time of the call, those that are written exclusively.
        unsafe {
            (self.entry)(
                addresses.as_ptr(),
                self.constants.as_ptr(),
                elements * bytes,
                padded * bytes,
                elements as f32,
            );
        }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: code runs only in `run`, which borrows `self`, so none runs now; and no address of
        // it has left `self`, so none will.
        unsafe { self.memory.free_memory() };
    }
}
