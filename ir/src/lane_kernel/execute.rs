//! Running lane code: the loop over steps, and the loops over elements that ops are.
//!
//! ```text
//! for each block of lanes, or a few at a time:
//!     for each step:
//!         streams ──copy──► where the code has them
//!         for each call: routine over elements ─► result
//!         streams ◄──copy── what the code has written
//! ```
//!
//! Lanes do not depend on each other, so a block of them, as many as the widest vector has, goes through all
//! steps before the next one begins: an element is one vector, and what the code works on stays in the
//! first-level cache. Where that has room for two blocks, two take each step together, since what the ops of
//! one wait for leaves the processor time for the other. A call is an instruction that knows its memory and its routine. There is a routine
//! for each op, compiled for each width of vectors that a machine may have, and chosen when a run
//! begins: at some nanoseconds an op, finding out in each step would be felt.
//!
//! An op reads a whole vector before it writes one. So a result can be an operand, and the compiler sees that
//! without looking at addresses.

use std::array::from_fn;
use std::cell::Cell;
use std::sync::atomic::{Ordering, compiler_fence};

use multiversion::multiversion;

use super::gather::Gathering;
use super::instruction::Extents;
use super::storage::Block;
use super::{BLOCK, LaneArgument};
use crate::ops::MAX_ARITY;

/// An instruction that knows its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(super) routine: Routine,
    /// Those past the op's number of operands are empty.
    pub(super) operands: [&'a [Cell<Block>]; MAX_ARITY],
    pub(super) result: &'a [Cell<Block>],
    pub(super) extents: Extents,
    /// How many lanes of the block there are, padding not counted.
    pub(super) lanes: u32,
}

/// What runs a call.
pub(crate) type Routine = for<'r, 'a> fn(&'r Call<'a>, &'r mut Gathering);

/// The storage of an argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// What others may read too.
    Shared(&'a [Block]),
    /// What is this run's alone.
    Owned(&'a [Cell<Block>]),
}

impl<'a> Source<'a> {
    pub(super) fn new(argument: &'a mut LaneArgument<'_>) -> Self {
        match argument {
            LaneArgument::Read(numbers) | LaneArgument::ReadEach(numbers) => {
                Self::Shared(numbers.as_chunks().0)
            }
            LaneArgument::Write(numbers) | LaneArgument::WriteEach(numbers) => {
                let blocks = numbers.as_chunks_mut().0;
                Self::Owned(Cell::from_mut(blocks).as_slice_of_cells())
            }
        }
    }
}

/// A call that works on a stream where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use<'a> {
    pub(super) call: u32,
    /// Which operand, or [`MAX_ARITY`] for the result.
    pub(super) position: u32,
    pub(super) whole: &'a [Cell<Block>],
    /// How many elements a step's content has.
    pub(super) advance: usize,
}

/// A stream that is copied to where the code has a step's content of it, or back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer<'a> {
    pub(super) whole: Source<'a>,
    /// Which block of lanes is copied, and of how many: elements are that far apart.
    pub(super) block: usize,
    pub(super) blocks: usize,
    /// How many elements a step's content has.
    pub(super) length: usize,
    /// Where it is copied to, or from: one step's content, or that of several.
    pub(super) own: &'a [Cell<Block>],
}

impl Transfer<'_> {
    /// Where the content of a step begins.
    #[inline(always)]
    fn start(&self, step: usize) -> usize {
        step * self.length * self.blocks + self.block
    }

    /// Copies the content of a step to the code.
    #[inline(always)]
    fn read(&self, step: usize) {
        let start = self.start(step);
        match self.whole {
            Source::Shared(whole) if self.blocks == 1 => {
                for (target, source) in self.own.iter().zip(&whole[start..]) {
                    target.set(*source);
                    end_of_turn();
                }
            }
            Source::Shared(whole) => {
                for (index, target) in self.own.iter().enumerate() {
                    target.set(whole[start + index * self.blocks]);
                    end_of_turn();
                }
            }
            Source::Owned(whole) => {
                for (index, target) in self.own.iter().enumerate() {
                    target.set(whole[start + index * self.blocks].get());
                    end_of_turn();
                }
            }
        }
    }

    /// Copies the content of a step from the code.
    #[inline(always)]
    fn write(&self, step: usize) {
        let start = self.start(step);
        match self.whole {
            Source::Shared(_) => unreachable!("what is written has an argument for writing"),
            Source::Owned(whole) => {
                for (index, source) in self.own.iter().enumerate() {
                    whole[start + index * self.blocks].set(source.get());
                    end_of_turn();
                }
            }
        }
    }
}

/// What copies to the code and from it on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copies {
    pub(super) read: fn(&Transfer<'_>, usize),
    pub(super) write: fn(&Transfer<'_>, usize),
}

impl Copies {
    pub(super) fn for_this_machine() -> Self {
        copies()
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
fn copies() -> Copies {
    Copies {
        read: |transfer, step| transfer.read(step),
        write: |transfer, step| transfer.write(step),
    }
}

/// All that runs on some blocks of lanes.
#[derive(Debug)]
pub(super) struct Run<'r, 'a> {
    pub(super) calls: &'r mut [Call<'a>],
    pub(super) uses: &'r [Use<'a>],
    /// What is read of streams in each step.
    pub(super) reads: &'r [Transfer<'a>],
    /// What is written to streams in each step.
    pub(super) writes: &'r [Transfer<'a>],
    pub(super) copies: Copies,
}

impl Run<'_, '_> {
    /// Takes so many steps. There are no vectors here, so that none has to be put aside for a call.
    pub(super) fn take_steps(&mut self, steps: usize, gathering: &mut Gathering) {
        for step in 0..steps {
            for used in self.uses {
                self.calls[used.call as usize].move_to(used, step);
            }
            for read in self.reads {
                (self.copies.read)(read, step);
            }
            for call in &*self.calls {
                (call.routine)(call, gathering);
            }
            for write in self.writes {
                (self.copies.write)(write, step);
            }
        }
    }
}

impl<'a> Call<'a> {
    /// Gives the call the content that a stream has in a step.
    #[inline(always)]
    fn move_to(&mut self, used: &Use<'a>, step: usize) {
        let place = match self.operands.get_mut(used.position as usize) {
            Some(operand) => operand,
            None => &mut self.result,
        };
        let length = place.len();
        *place = &used.whole[step * used.advance..][..length];
    }
}

/// What copies an operand that is as long as the result.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(super) fn copy_routine() -> Routine {
    |call, _| {
        call.each(
            #[inline(always)]
            |[a]| a,
        );
    }
}

/// What fills the result with a scalar.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+fma", "x86_64+avx2+fma",))]
pub(super) fn fill_routine() -> Routine {
    |call, _| {
        let scalar = call.operands[0][0].get();
        for target in call.result {
            target.set(scalar);
            end_of_turn();
        }
    }
}

/// Ends a turn of a loop over vectors. It is no instruction, but keeps the compiler from making vectors of
/// what several turns do, which takes many times as long, as it would have to gather them.
#[inline(always)]
pub(super) fn end_of_turn() {
    compiler_fence(Ordering::SeqCst);
}

/// A meaning on each lane of a block.
#[inline(always)]
pub(super) fn lanes<const ARITY: usize>(
    operands: [Block; ARITY],
    meaning: impl Fn([f32; ARITY]) -> f32,
) -> Block {
    let mut result = [0.0; BLOCK];
    for (lane, number) in result.iter_mut().enumerate() {
        *number = meaning(from_fn(
            #[inline(always)]
            |operand| operands[operand][lane],
        ));
    }
    result
}

impl Call<'_> {
    /// The loop of an elementwise op. Operands are as long as the result; if there are several, some may be
    /// scalars. A long meaning must not be in more loops than it has to, or parts of it are not inlined and
    /// not compiled for this machine.
    #[inline(always)]
    pub(crate) fn each<const ARITY: usize>(&self, meaning: impl Fn([f32; ARITY]) -> f32) {
        let result = self.result;
        let count = result.len();
        let is_whole: [bool; ARITY] = from_fn(
            #[inline(always)]
            |position| self.operands[position].len() == count,
        );
        if ARITY == 1 || is_whole.iter().all(|whole| *whole) {
            let operands: [&[Cell<Block>]; ARITY] = from_fn(
                #[inline(always)]
                |position| &self.operands[position][..count],
            );
            for (index, target) in result.iter().enumerate() {
                let found = operands.map(
                    #[inline(always)]
                    |operand| operand[index].get(),
                );
                target.set(lanes(found, &meaning));
                end_of_turn();
            }
        } else if ARITY == 2 && is_whole[0] {
            let second = self.operands[1][0].get();
            for (target, first) in result.iter().zip(self.operands[0]) {
                let found = from_fn(
                    #[inline(always)]
                    |position| if position == 0 { first.get() } else { second },
                );
                target.set(lanes(found, &meaning));
                end_of_turn();
            }
        } else if ARITY == 2 {
            let first = self.operands[0][0].get();
            for (target, second) in result.iter().zip(self.operands[1]) {
                let found = from_fn(
                    #[inline(always)]
                    |position| if position == 0 { first } else { second.get() },
                );
                target.set(lanes(found, &meaning));
                end_of_turn();
            }
        } else {
            for (index, target) in result.iter().enumerate() {
                let found = from_fn(
                    #[inline(always)]
                    |position| {
                        let place = if is_whole[position] { index } else { 0 };
                        self.operands[position][place].get()
                    },
                );
                target.set(lanes(found, &meaning));
                end_of_turn();
            }
        }
    }
}
