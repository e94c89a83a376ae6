//! Compiled code: the memory that it lies in, and the call into it. All `unsafe` of this crate is
//! here and in the modules within: [`over_lanes`] has what is for code over lanes.
//!
//! The [memory](super::memory) has one owner, [`Code`], which frees it when dropped. The address of the
//! code never leaves it: others call [`Code::run`], which borrows it, so code cannot be freed while it
//! runs.

#![allow(
    unsafe_code,
    reason = "running machine code made here is what the type system cannot check"
)]

mod over_lanes;

use std::{fmt, slice};

pub(crate) use over_lanes::{LaneAddresses, LaneCodeRing, LaneParameter};
pub(super) use over_lanes::{LaneCode, LaneLayout};

use super::MachineCode;
use super::constants::Splat;
use super::memory::Memory;
use super::segments::CHUNK;
use crate::frame::{Extent, Extents, Frame, MatrixCall, storage_length};
use crate::kernel::{Argument, CompileError};
use crate::matrix::Workspace;
use crate::ops::ElementwiseOp;
use crate::schedule::Place;
use crate::shape::{Dimensions, Shape};

/// What [`emit`](super::emit) gives every function as signature.
type Entry = unsafe extern "C" fn(
    addresses: *const *mut f32,
    constants: *const Splat,
    extents: *const Extent,
    routine: Routine,
    context: *mut MatrixContext<'_>,
    functions: FunctionRoutine,
);

/// What compiled code calls for a matrix op.
type Routine = unsafe extern "C" fn(context: *mut MatrixContext<'_>, number: usize);

/// What compiled code calls for an elementary function of a chunk.
type FunctionRoutine = unsafe extern "C" fn(
    op: usize,
    first: *const f32,
    second: *const f32,
    third: *const f32,
    result: *mut f32,
    count: usize,
);

/// What a matrix op works on, for the time of one call.
struct MatrixContext<'a> {
    calls: &'a [MatrixCall],
    parameters: usize,
    /// The addresses that compiled code is given.
    addresses: &'a [*mut f32],
    extents: &'a Extents,
    dimensions: Dimensions,
    workspace: &'a mut Workspace,
}

/// Runs matrix op `number` of a function.
///
/// # Safety
/// To be called by code in [`Code::run`] with the context that it was given, and the number of one of
/// the function's matrix ops, whose operands have been computed.
unsafe extern "C" fn run_matrix_op(context: *mut MatrixContext<'_>, number: usize) {
    // SAFETY: `run` made the context, nothing else refers to it while the code runs, and the code
    // calls no two routines at a time.
    let context = unsafe { &mut *context };
    let address = |place| match place {
        Place::Parameter(parameter) => context.addresses[parameter.index()],
        Place::Buffer(buffer) => context.addresses[context.parameters + buffer],
    };
    let length = |shape| storage_length(shape, context.extents);
    let call = &context.calls[number];
    let read = |place| {
        let shape = call.operands().iter().find(|(other, _)| *other == place);
        let length = shape.map_or(0, |&(_, shape)| length(shape));
        // SAFETY: the storage of a parameter or a buffer has the length of its shape, as `check` and
        // the frame have it, and lives as long as the call. Nothing writes to it during this routine:
        // the one thing that does is the result below, a buffer that is no operand.
        unsafe { slice::from_raw_parts(address(place), length) }
    };
    let (place, shape) = call.result;
    // SAFETY: as above; and it is the only reference to this buffer.
    let result = unsafe { slice::from_raw_parts_mut(address(place), length(shape)) };
    call.run(context.dimensions, read, result, context.workspace);
}

/// Evaluates the elementwise op with this place in the table on `count` elements.
///
/// # Safety
/// So many numbers can be read at each of the three addresses, whether the op has so many operands or
/// not, and so many can be written at `result`, where none of the operands is.
unsafe extern "C" fn run_function(
    op: usize,
    first: *const f32,
    second: *const f32,
    third: *const f32,
    result: *mut f32,
    count: usize,
) {
    let op = ElementwiseOp::ALL[op];
    // SAFETY: the caller's promise; nothing else writes while this runs.
    let operands =
        [first, second, third].map(|operand| unsafe { slice::from_raw_parts(operand, count) });
    // SAFETY: the caller's promise.
    let result = unsafe { slice::from_raw_parts_mut(result, count) };
    op.evaluate_slices(&operands[..op.arity()], result);
}

/// Room for the addresses that a call passes on.
///
/// They are written anew by every call and mean nothing between calls.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Vec<*mut f32>);

// SAFETY: an address is dereferenced only during the call that wrote it.
unsafe impl Send for Addresses {}
// SAFETY: nothing is done with a shared list.
unsafe impl Sync for Addresses {}

impl Clone for Addresses {
    /// Room for another kernel: there is nothing to keep.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Executable code of one function, with its constants.
pub(crate) struct Code {
    /// Keeps what `entry` points to.
    _memory: Memory,
    entry: Entry,
    constants: Box<[Splat]>,
    /// The shapes of the buffers that it needs.
    buffers: Vec<Shape>,
    parameters: usize,
    matrix_calls: Vec<MatrixCall>,
    slots: usize,
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Code").finish_non_exhaustive()
    }
}

impl Code {
    /// Makes machine code executable.
    ///
    /// # Errors
    /// [`CompileError::Memory`] if the system refuses.
    pub(super) fn new(code: MachineCode<'_>) -> Result<Self, CompileError> {
        let MachineCode {
            bytes,
            constants,
            buffers,
            parameters,
            matrix_calls,
            slots,
        } = code;
        let memory = Memory::with_code(bytes).map_err(|error| CompileError::Memory {
            reason: error.to_string(),
        })?;
        // SAFETY: `MachineCode` is a whole function for this machine, without relocations, with
        // the signature of `Entry`, and its first byte is its entry. It is aligned, as memory begins
        // at a page.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(memory.address()) };
        Ok(Self {
            _memory: memory,
            entry,
            constants,
            buffers,
            parameters,
            matrix_calls,
            slots,
        })
    }

    /// The shapes of the buffers that a call needs.
    pub(crate) fn buffers(&self) -> &[Shape] {
        &self.buffers
    }

    /// Runs the code on arguments that [`Kernel::call`](crate::Kernel::call) has checked, one for
    /// each parameter, with its access and of its shape's length in `frame`, which it has prepared
    /// for `dimensions`, none of them 0.
    pub(crate) fn run(
        &self,
        Addresses(addresses): &mut Addresses,
        frame: &mut Frame,
        dimensions: Dimensions,
        arguments: &mut [Argument<'_>],
    ) {
        addresses.clear();
        for argument in arguments {
            addresses.push(match argument {
                // Never written through: the function's access to this parameter is to read.
                Argument::Read(slice) => slice.as_ptr().cast_mut(),
                Argument::Write(slice) => slice.as_mut_ptr(),
            });
        }
        addresses.extend(frame.buffers.iter_mut().map(Vec::as_mut_ptr));
        addresses.push(frame.slots_of(self.slots * CHUNK).as_mut_ptr());
        let mut context = MatrixContext {
            calls: &self.matrix_calls,
            parameters: self.parameters,
            addresses,
            extents: &frame.extents,
            dimensions,
            workspace: &mut frame.workspace,
        };
        // SAFETY: `entry` points to code in memory that `self` keeps alive. The caller has
        // checked the arguments, and what `emit` emits stays within them, within the buffers, the
        // extents and `constants`, writes only to parameters that are written, to buffers and to slots, calls
        // the routine with this context and numbers of its calls, and the one for functions with
        // elements of operands and of a result apart from them, and returns. Arguments and buffers
        // are borrowed for the time of the call, those that are written exclusively.
        unsafe {
            (self.entry)(
                addresses.as_ptr(),
                self.constants.as_ptr(),
                frame.extents.as_ptr(),
                run_matrix_op,
                &raw mut context,
                run_function,
            );
        }
    }
}

/// Has processors fetch code that has just been written.
///
/// # Errors
/// What the system says if it cannot.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn clear_instruction_cache(code: &[u8]) -> std::io::Result<()> {
    use wasmtime_internal_jit_icache_coherence as coherence;
    // SAFETY: the code is readable memory of this process for as long as it is borrowed.
    unsafe { coherence::clear_cache(code.as_ptr().cast(), code.len()) }
        .map_err(std::io::Error::other)?;
    coherence::pipeline_flush_mt().map_err(std::io::Error::other)
}
