//! Getting a run of lane code ready: what instructions work on is found once, for each block of lanes.
//!
//! An argument that is the run's alone and without gaps is worked on where it is. Any other is copied to
//! where the code has room for a step's content of it, and back: one that others may read too, because code
//! makes no difference between what it reads and what it writes; and where there are several blocks of
//! lanes, because the elements of one are apart.

use std::cell::Cell;

use super::abreast::{FEWEST_STEPS, Plan};
use super::code::{LaneCode, Section, Stream, narrow};
use super::execute::{Call, Copies, Run, Source, Transfer, Use};
use super::instruction::{Instruction, Location, Region};
use super::storage::Block;
use super::{BLOCK, LaneArgument, LaneCallError, lane_stride};
use crate::function::Access;

/// Memory for what a run is made of; empty between runs. Each thread has one, and not each code: what a run is made of
/// is of one thread, and code is to be sent to others.
#[derive(Debug, Default)]
struct RunMemory {
    sources: Vec<Source<'static>>,
    calls: Vec<Call<'static>>,
    uses: Vec<Use<'static>>,
    reads: Vec<Transfer<'static>>,
    writes: Vec<Transfer<'static>>,
}

thread_local! {
    static RUN_MEMORY: Cell<RunMemory> = Cell::default();
}

/// Some of a run's streams, a bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streams(u64);

impl Streams {
    pub(super) const fn contains(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    fn insert_if(&mut self, index: usize, is_in: bool) {
        self.0 |= u64::from(is_in) << index;
    }

    /// Those that are in it, from the first on.
    fn each(mut self) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let index = self.0.trailing_zeros();
            self.0 &= self.0.wrapping_sub(1);
            (index < u64::BITS).then_some(index as usize)
        })
    }
}

/// The memory that instructions work on in one block of lanes.
#[derive(Clone, Copy)]
pub(super) struct Memory<'r, 'a> {
    pub(super) cells: &'a [Cell<Block>],
    pub(super) temporaries: &'a [Cell<Block>],
    pub(super) streams: &'r [Stream],
    pub(super) sources: &'r [Source<'a>],
    /// Those that have another content in each step.
    pub(super) is_streamed: Streams,
    /// Those that are worked on where they are.
    pub(super) is_in_place: Streams,
    /// Which block of lanes, and of how many.
    block: usize,
    blocks: usize,
    /// How many lanes it has, padding not counted.
    pub(super) lanes: u32,
}

/// What a location is in the first step.
struct Found<'a> {
    blocks: &'a [Cell<Block>],
    /// All of a stream that is worked on where it is and moves on, and by how much.
    moves: Option<(&'a [Cell<Block>], usize)>,
}

impl<'a> Memory<'_, 'a> {
    #[inline(always)]
    fn find(&self, location: Location) -> Found<'a> {
        let (blocks, moves) = if location.region == Region::CELLS {
            (&self.cells[location.range()], None)
        } else if let Some(index) = location.region.as_stream() {
            match self.sources[index] {
                Source::Owned(whole) if self.is_in_place.contains(index) => {
                    let advance = self.streams[index].location.length as usize;
                    let moves = self.is_streamed.contains(index).then_some((whole, advance));
                    (&whole[..location.length as usize], moves)
                }
                Source::Owned(_) | Source::Shared(_) => (&self.cells[location.range()], None),
            }
        } else {
            (&self.temporaries[location.range()], None)
        };
        Found { blocks, moves }
    }

    /// Adds the call that an instruction is, and where it uses streams that move on.
    #[inline(always)]
    fn add_call(
        &self,
        instruction: &Instruction,
        calls: &mut Vec<Call<'a>>,
        uses: &mut Vec<Use<'a>>,
    ) {
        let call = narrow(calls.len());
        let mut find = |position: u32, location: Location| {
            let Found { blocks, moves } = self.find(location);
            if let Some((whole, advance)) = moves {
                uses.push(Use {
                    call,
                    position,
                    whole,
                    advance,
                });
            }
            blocks
        };
        let [first, second, third] = instruction.operands;
        calls.push(Call {
            routine: instruction.task.routine(instruction.extents),
            operands: [find(0, first), find(1, second), find(2, third)],
            result: find(3, instruction.result),
            extents: instruction.extents,
            lanes: self.lanes,
        });
    }

    /// The streams among these that are copied, and the copies.
    fn transfers(&self, among: Streams) -> impl Iterator<Item = Transfer<'a>> {
        let copied = Streams(among.0 & !self.is_in_place.0);
        copied.each().map(|index| Transfer {
            whole: self.sources[index],
            block: self.block,
            blocks: self.blocks,
            length: self.streams[index].location.length as usize,
            own: &self.cells[self.streams[index].location.range()],
        })
    }
}

/// The most blocks of lanes that take each step together.
pub(super) const BLOCKS_AT_A_TIME: usize = 2;

/// How many do, if a block works on so much memory.
const fn blocks_at_a_time(bytes: usize) -> usize {
    // Half of a first-level cache of 32 KiB: streams go through it too.
    const ROOM: usize = 16 << 10;
    if bytes <= ROOM / BLOCKS_AT_A_TIME {
        BLOCKS_AT_A_TIME
    } else {
        1
    }
}

impl LaneCode {
    /// Runs sections in this order, so many times, with one argument for each stream, in order of
    /// declaration. Streams move on by one step's content each time. A stream that an instruction of any
    /// section writes needs an argument for writing; any other can have one too, and is then worked on where
    /// it is instead of being copied first, if there are no more lanes than the widest vector has. Allocates
    /// nothing after the first run of as much code.
    ///
    /// # Errors
    /// [`LaneCallError`] if the arguments do not fit; nothing has been written then.
    ///
    /// # Panics
    /// If this code has no such section.
    pub fn run(
        &mut self,
        sections: &[Section],
        steps: usize,
        arguments: &mut [LaneArgument<'_>],
    ) -> Result<(), LaneCallError> {
        self.check(steps, arguments)?;
        self.run_checked(sections, steps, arguments);
        Ok(())
    }

    /// Whether all arguments fit.
    pub(super) fn check(
        &self,
        steps: usize,
        arguments: &[LaneArgument<'_>],
    ) -> Result<(), LaneCallError> {
        if arguments.len() != self.streams.len() {
            return Err(LaneCallError::ArgumentCount {
                function: "lane code".to_owned(),
                expected: self.streams.len(),
                found: arguments.len(),
            });
        }
        let stride = lane_stride(self.lanes);
        for (index, (stream, argument)) in self.streams.iter().zip(arguments).enumerate() {
            let parameter = || format!("stream {index}");
            if stream.is_written && !argument.is_writable() {
                return Err(LaneCallError::Kind {
                    parameter: parameter(),
                    access: Access::Write,
                });
            }
            let length = stream.location.length as usize * stride;
            argument.check_length(parameter, length, steps)?;
        }
        Ok(())
    }

    /// Runs sections on arguments that fit.
    pub(super) fn run_checked(
        &mut self,
        sections: &[Section],
        steps: usize,
        arguments: &mut [LaneArgument<'_>],
    ) {
        let is_empty = |section: &Section| self.section_code(*section).instructions.is_empty();
        if steps == 0 || sections.iter().all(is_empty) {
            return;
        }
        let (mut is_streamed, mut is_in_place) = (Streams::default(), Streams::default());
        for (index, argument) in arguments.iter().enumerate() {
            is_streamed.insert_if(index, argument.is_streamed());
            is_in_place.insert_if(index, argument.is_worked_on_in_place(self.lanes, steps));
        }
        let (mut is_read, mut is_written) = (Streams::default(), Streams::default());
        for section in sections {
            let code = self.section_code(*section);
            is_read.0 |= code.reads;
            is_written.0 |= code.writes;
        }
        let in_each_step = |streams: Streams| Streams(streams.0 & is_streamed.0);
        let once = |streams: Streams| Streams(streams.0 & !is_streamed.0);
        let memory = RUN_MEMORY.take();
        let mut sources: Vec<Source<'_>> = emptied(memory.sources);
        sources.extend(arguments.iter_mut().map(Source::new));
        let mut calls = emptied(memory.calls);
        let mut uses = emptied(memory.uses);
        let mut reads = emptied(memory.reads);
        let mut writes = emptied(memory.writes);
        let copies = Copies::for_this_machine();
        let blocks = self.cells.len();
        let temporary_count = self.assembly.scratch.most() as usize;
        let temporaries = self.temporaries.cells();
        let elements = self.cells[0].len() + temporary_count;
        let at_a_time = blocks_at_a_time(elements * size_of::<Block>());
        for (group, of_group) in self.cells.chunks_mut(at_a_time).enumerate() {
            calls.clear();
            uses.clear();
            reads.clear();
            writes.clear();
            let mut memories = [Memory {
                cells: &[],
                temporaries: &[],
                streams: &self.streams,
                sources: &sources,
                is_streamed,
                is_in_place,
                block: 0,
                blocks,
                lanes: 0,
            }; BLOCKS_AT_A_TIME];
            let memories = &mut memories[..of_group.len()];
            for (index, (memory, cells)) in memories.iter_mut().zip(of_group).enumerate() {
                memory.cells = cells.cells();
                memory.temporaries = &temporaries[index * temporary_count..][..temporary_count];
                memory.block = group * at_a_time + index;
                memory.lanes = narrow(BLOCK.min(self.lanes - memory.block * BLOCK));
            }
            let memories = &*memories;
            let sections = sections.iter().map(|section| section.index());
            let sections = sections.map(|section| &self.sections[..self.section_count][section]);
            let instructions = sections.flat_map(|section| &section.instructions);
            if let [memory] = memories
                && blocks == 1
                && steps >= FEWEST_STEPS
                && let Some(plan) = Plan::of(instructions.clone(), memory)
            {
                for transfer in memory.transfers(once(is_read)) {
                    (copies.read)(&transfer, 0);
                }
                plan.take_steps(
                    steps,
                    memory,
                    &mut self.abreast,
                    &mut self.assembly.gathering,
                );
                continue;
            }
            for instruction in instructions {
                for memory in memories {
                    memory.add_call(instruction, &mut calls, &mut uses);
                }
            }
            for memory in memories {
                reads.extend(memory.transfers(in_each_step(is_read)));
                writes.extend(memory.transfers(in_each_step(is_written)));
                for transfer in memory.transfers(once(is_read)) {
                    (copies.read)(&transfer, 0);
                }
            }
            let mut run = Run {
                calls: &mut calls,
                uses: &uses,
                reads: &reads,
                writes: &writes,
                copies,
            };
            run.take_steps(steps, &mut self.assembly.gathering);
            for memory in memories {
                for transfer in memory.transfers(once(is_written)) {
                    (copies.write)(&transfer, 0);
                }
            }
        }
        RUN_MEMORY.set(RunMemory {
            sources: emptied(sources),
            calls: emptied(calls),
            uses: emptied(uses),
            reads: emptied(reads),
            writes: emptied(writes),
        });
    }
}

/// An empty vector with the memory of another: collecting in place keeps it.
fn emptied<T, U>(mut items: Vec<T>) -> Vec<U> {
    items.clear();
    let none = items
        .into_iter()
        .map(|_| unreachable!("there is nothing left"));
    none.collect()
}
