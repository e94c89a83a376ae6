//! Code over lanes: loops over steps that are compiled once, and those that are assembled anew for each program.
//!
//! The first lie in [memory](super::super::memory) of their own. Of the second there are hundreds of thousands a second, and a change of
//! what memory may be used for takes longer than running one. So they lie in a [ring](LaneCodeRing), which the process sees twice: where
//! it is written and not executed, and where it is executed and not written.

use std::ops::Range;
use std::thread::{self, ThreadId};
use std::{fmt, io};

use arrayvec::ArrayVec;

use super::super::constants::Splat;
use super::super::memory::Memory;
use super::Addresses;
use crate::kernel::CompileError;
use crate::lane_kernel::LaneArgument;

/// What makes a loop over steps gives it as signature.
type LaneEntry = unsafe extern "C" fn(
    addresses: *const *mut f32,
    byte_steps: *const usize,
    constants: *const u8,
    frame: *mut f32,
    steps: usize,
);

/// What code over lanes takes the argument of a parameter to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneParameter {
    /// Numbers of its storage in all lanes.
    pub(crate) length: usize,
    /// Whether the function writes to it.
    pub(crate) is_written: bool,
}

/// What code over lanes takes its arguments to be.
#[derive(Debug, Default)]
pub(crate) struct LaneLayout {
    pub(crate) parameters: Vec<LaneParameter>,
    /// Numbers from one element of an argument to the next.
    pub(crate) stride: usize,
    /// Numbers of an element that a run works on.
    pub(crate) group: usize,
    /// Numbers of a frame.
    pub(crate) frame: usize,
}

/// Bytes that stream by while a group of lanes has its turn: half of a first-level cache.
const TURN_BYTES: usize = 24 << 10;

/// The fewest steps of a turn, so that a group's frame is not fetched anew all the time.
const LEAST_TURN_STEPS: usize = 16;

impl LaneLayout {
    /// How many of these steps a group of lanes takes until it is the next one's turn, if there are so many groups: so few that what
    /// streams by is in a near cache when that reads it.
    pub(crate) fn turn_steps(
        &self,
        steps: usize,
        groups: usize,
        arguments: &[LaneArgument<'_>],
    ) -> usize {
        match groups {
            1 => steps,
            _ => (TURN_BYTES / self.streamed_bytes(arguments).max(1)).max(LEAST_TURN_STEPS),
        }
    }

    /// How many bytes of these arguments are different ones in each step.
    fn streamed_bytes(&self, arguments: &[LaneArgument<'_>]) -> usize {
        let pairs = arguments.iter().zip(&self.parameters);
        let lengths = pairs.map(|(argument, parameter)| match argument {
            LaneArgument::Read(_) | LaneArgument::Write(_) => 0,
            LaneArgument::ReadEach(_) | LaneArgument::WriteEach(_) => parameter.length,
        });
        lengths.sum::<usize>() * size_of::<f32>()
    }

    /// Runs a loop over steps.
    ///
    /// # Panics
    /// If there are not as many arguments as parameters, if one is too short for these steps, if it is for
    /// reading and the parameter is written, or if the lanes or the frame are not those of the layout.
    ///
    /// # Safety
    /// `entry` is the code of a loop over steps that was made for this layout, and it and its constants stay where they are during the
    /// call: for each of so many steps it reads and writes elements of arguments, `group` numbers at every `stride`, within `length`
    /// numbers of where a step's content begins, which is `first` numbers before the address that it is given;
    /// elements within the frame; and constants. What it fetches beyond, it does not read. It writes only to arguments that are written,
    /// and to the frame, calls nothing, and returns.
    unsafe fn run(
        &self,
        (entry, constants): (LaneEntry, *const u8),
        room: &mut LaneAddresses,
        arguments: &mut [LaneArgument<'_>],
        steps: Range<usize>,
        (first, frame): (usize, &mut [f32]),
    ) {
        assert!(!steps.is_empty(), "a run has steps");
        let parameters = &self.parameters;
        assert_eq!(arguments.len(), parameters.len(), "an argument a parameter");
        assert_eq!(frame.len(), self.frame, "the frame is of another function");
        assert!(
            first + self.group <= self.stride,
            "lanes that there are not"
        );
        let LaneAddresses {
            addresses: Addresses(addresses),
            byte_steps,
        } = room;
        addresses.clear();
        byte_steps.clear();
        for (argument, parameter) in arguments.iter_mut().zip(parameters) {
            let (is_streamed, is_written, found) = match argument {
                LaneArgument::Read(slice) => (false, false, slice.len()),
                LaneArgument::ReadEach(slice) => (true, false, slice.len()),
                LaneArgument::Write(slice) => (false, true, slice.len()),
                LaneArgument::WriteEach(slice) => (true, true, slice.len()),
            };
            assert!(
                is_written || !parameter.is_written,
                "an argument of another kind"
            );
            let step = if is_streamed { parameter.length } else { 0 };
            let start = steps.start.checked_mul(step);
            let last = (steps.end - 1).checked_mul(step);
            let end = last.and_then(|last| last.checked_add(parameter.length));
            let (Some(start), Some(true)) = (start, end.map(|end| end <= found)) else {
                panic!("an argument is too short");
            };
            let address = match argument {
                // Never written through: `is_written` is what the function does with it.
                LaneArgument::Read(slice) | LaneArgument::ReadEach(slice) => {
                    slice[start..].as_ptr().cast_mut()
                }
                LaneArgument::Write(slice) | LaneArgument::WriteEach(slice) => {
                    slice[start..].as_mut_ptr()
                }
            };
            addresses.push(address.wrapping_add(first));
            byte_steps.push(step * size_of::<f32>());
        }
        // SAFETY: the caller's promise, and the assertions above for what there is. Arguments and the frame are borrowed for the time of
        // the call, those that are written exclusively.
        unsafe {
            entry(
                addresses.as_ptr(),
                byte_steps.as_ptr(),
                constants,
                frame.as_mut_ptr(),
                steps.len(),
            );
        }
    }
}

/// Executable code of a function's loop over steps, with its constants.
pub(in super::super) struct LaneCode {
    /// Keeps what `entry` points to.
    _memory: Memory,
    entry: LaneEntry,
    constants: Box<[Splat]>,
    layout: LaneLayout,
}

impl fmt::Debug for LaneCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LaneCode").finish_non_exhaustive()
    }
}

impl LaneCode {
    /// Makes machine code executable: a whole function that [`emit`](super::super::lane_loop) made for this
    /// layout, with these constants and no relocations.
    ///
    /// # Errors
    /// [`CompileError::Memory`] if the system refuses.
    pub(in super::super) fn new(
        bytes: &[u8],
        constants: Box<[Splat]>,
        layout: LaneLayout,
    ) -> Result<Self, CompileError> {
        let memory = Memory::with_code(bytes).map_err(|error| CompileError::Memory {
            reason: error.to_string(),
        })?;
        // SAFETY: it is a whole function for this machine, without relocations, with the signature of
        // `LaneEntry`, and its first byte is its entry. It is aligned, as memory begins at a page.
        let entry = unsafe { std::mem::transmute::<*const u8, LaneEntry>(memory.address()) };
        Ok(Self {
            _memory: memory,
            entry,
            constants,
            layout,
        })
    }

    /// What it takes its arguments to be.
    pub(in super::super) const fn layout(&self) -> &LaneLayout {
        &self.layout
    }

    /// Runs the code for these steps of a run, on the lanes from the one at `first` on in each element, over
    /// a frame that holds their kept parameters.
    ///
    /// # Panics
    /// If the arguments, the lanes or the frame do not fit the layout.
    pub(in super::super) fn run(
        &self,
        addresses: &mut LaneAddresses,
        arguments: &mut [LaneArgument<'_>],
        steps: Range<usize>,
        first: usize,
        frame: &mut [f32],
    ) {
        let code = (self.entry, self.constants.as_ptr().cast());
        // SAFETY: `entry` points to code in memory that `self` keeps alive, with its constants. What `emit` emits for a layout is as it
        // must be.
        unsafe {
            self.layout
                .run(code, addresses, arguments, steps, (first, frame));
        }
    }
}

/// A constant in as many lanes as there can be, where no vector crosses the end of a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u32; 16]);

/// Memory that loops over steps are put in, run, and forgotten, a few at a time, which have a layout and constants in common.
///
/// They go round, since to write where code was run a moment ago is slow: processors must make sure that they do not have it under way.
pub(crate) struct LaneCodeRing {
    views: Views,
    /// Where each loop begins.
    entries: ArrayVec<usize, { LaneCodeRing::MOST }>,
    /// Where the next one can.
    next: usize,
    /// The thread on which the processor was told of the code; none if it has been written since.
    told: Option<ThreadId>,
    constants: Vec<Line>,
    layout: LaneLayout,
}

impl LaneCodeRing {
    /// Many times a first-level cache, so that code has left it when the next is written there.
    const BYTES: usize = 1 << 18;

    /// The most loops at a time.
    const MOST: usize = 4;

    /// The most bytes of one: when it is written, those that belong with it are elsewhere.
    pub(crate) const MOST_BYTES: usize = Self::BYTES / (2 * Self::MOST);

    /// Code begins at a multiple of so many bytes.
    const ALIGNMENT: usize = 64;

    /// A ring without code.
    ///
    /// # Errors
    /// What the system says if it refuses, or cannot.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            views: Views::new(Self::BYTES)?,
            entries: ArrayVec::new(),
            next: 0,
            told: None,
            constants: Vec::new(),
            layout: LaneLayout::default(),
        })
    }

    /// Forgets all code.
    pub(crate) fn begin(&mut self) {
        self.entries.clear();
        self.constants.clear();
    }

    /// Adds a loop: a whole function that `lane_kernel::machine` made for the layout that it [describes](Self::describe) then, without
    /// relocations, which finds these constants in all lanes, the first of which are those of the loops before it. None if there is
    /// no room.
    pub(crate) fn add(&mut self, bytes: &[u8], constants: &[u32]) -> Option<usize> {
        if bytes.len() > Self::MOST_BYTES || self.entries.is_full() {
            return None;
        }
        let start = if self.next + bytes.len() > Self::BYTES {
            0
        } else {
            self.next
        };
        self.views.write(start, bytes);
        self.next = (start + bytes.len()).next_multiple_of(Self::ALIGNMENT);
        self.told = None;
        let further = constants.iter().skip(self.constants.len());
        self.constants
            .extend(further.map(|&constant| Line([constant; 16])));
        self.entries.push(start);
        Some(self.entries.len() - 1)
    }

    /// Says what all loops take their arguments to be.
    pub(crate) fn describe(&mut self, describe: impl FnOnce(&mut LaneLayout)) {
        describe(&mut self.layout);
    }

    /// What the code takes its arguments to be.
    pub(crate) const fn layout(&self) -> &LaneLayout {
        &self.layout
    }

    /// Runs a loop for these steps of a run, on the lanes from the one at `first` on in each element.
    ///
    /// # Panics
    /// If there is no such loop, or the arguments, the lanes or the frame do not fit the layout.
    pub(crate) fn run(
        &mut self,
        index: usize,
        addresses: &mut LaneAddresses,
        arguments: &mut [LaneArgument<'_>],
        steps: Range<usize>,
        (first, frame): (usize, &mut [f32]),
    ) {
        let Some(&start) = self.entries.get(index) else {
            panic!("there is no such code");
        };
        let address = self.views.address(start);
        // Each processor that runs it has to be told: a thread that goes on on another is by the system.
        let thread = thread::current().id();
        if self.told != Some(thread) {
            forget_prefetched();
            self.told = Some(thread);
        }
        // SAFETY: there is the code of a whole function for this machine, without relocations, with the signature of `LaneEntry`, and its
        // first byte is its entry. The processor has forgotten what it may have fetched there before.
        let entry = unsafe { std::mem::transmute::<*const u8, LaneEntry>(address) };
        let code = (entry, self.constants.as_ptr().cast());
        // SAFETY: `self` keeps the code and its constants where they are. What the machine assembles for a layout is as it must be.
        unsafe {
            self.layout
                .run(code, addresses, arguments, steps, (first, frame));
        }
    }
}

/// Memory that the process sees twice.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
struct Views {
    writable: memmap2::MmapMut,
    executable: memmap2::Mmap,
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl Views {
    fn new(bytes: usize) -> io::Result<Self> {
        use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

        let create = |further| memfd_create("mlevolve-code", MemfdFlags::CLOEXEC | further);
        // Kernels before 6.3 do not know that it may be executed, and later ones want to be told.
        let file = create(MemfdFlags::EXEC).or_else(|_| create(MemfdFlags::empty()))?;
        ftruncate(&file, bytes as u64)?;
        let mut options = memmap2::MmapOptions::new();
        options.len(bytes);
        // SAFETY: the file is this function's, has no name, and so many bytes; nothing else writes to it.
        let writable = unsafe { options.map_mut(&file)? };
        // SAFETY: as above. It is written through `writable` only, by `write`, which has `self` exclusively, so that nobody reads it.
        let executable = unsafe { options.map_exec(&file)? };
        // A child of a fork would write over what its parent runs.
        writable.advise(memmap2::Advice::DontFork)?;
        executable.advise(memmap2::Advice::DontFork)?;
        Ok(Self {
            writable,
            executable,
        })
    }

    fn write(&mut self, start: usize, bytes: &[u8]) {
        self.writable[start..][..bytes.len()].copy_from_slice(bytes);
    }

    fn address(&self, start: usize) -> *const u8 {
        self.executable[start..].as_ptr()
    }
}

/// Has the processor forget instructions that it has fetched before they were written under another address: what serialises, as
/// Intel's manual (volume 3, section 9.1.3) and AMD's (volume 2, section 7.6.1) ask for then. Of instructions that do and that every
/// processor has, a return from an interrupt to the next instruction is the one that a virtual machine does not have to emulate. It is
/// not for processes with a shadow stack, which Linux gives to those only that ask for it, and those of Rust do not.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn forget_prefetched() {
    // SAFETY: what is put on the stack is what the return takes from it: the stack, flags and code as they are.
    unsafe {
        std::arch::asm!(
            "mov {stack}, rsp",
            "mov {segment:e}, ss",
            "push {segment}",
            "push {stack}",
            "pushfq",
            "mov {segment:e}, cs",
            "push {segment}",
            "lea {segment}, [rip + 2f]",
            "push {segment}",
            "iretq",
            "2:",
            stack = out(reg) _,
            segment = out(reg) _,
        );
    }
}

/// On other systems there is none.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
enum Views {}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
impl Views {
    fn new(_bytes: usize) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn write(&mut self, _start: usize, _bytes: &[u8]) {
        match *self {}
    }

    fn address(&self, _start: usize) -> *const u8 {
        match *self {}
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
const fn forget_prefetched() {}

/// Room for what a run over lanes passes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneAddresses {
    addresses: Addresses,
    /// Bytes from the content of one step to that of the next.
    byte_steps: Vec<usize>,
}
