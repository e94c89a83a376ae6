//! Steps abreast: where no step needs what the one before left, an instruction does many of them in one call.
//!
//! At some nanoseconds an op, a call takes longer than what it computes. A program that is examined mostly does the same with each
//! example and learns nothing, so examples are as independent as elements are. What an instruction works on in several steps then
//! lies one behind the other: a stream does so anyway, and what is computed gets room for as many steps as the nearest cache holds.
//!
//! ```text
//!   step by step:   x₀ ► dot ► sub    x₁ ► dot ► sub    x₂ ► dot ► sub
//!   abreast:        x₀ x₁ x₂ ► dot    ► sub
//! ```
//!
//! Each step's numbers are what they would be otherwise: the same routines compute them from the same numbers. A [`Plan`] says how, or
//! that it cannot be done: if something is read before it is written, so that it lasts from step to step, or if an op cannot take
//! several steps as it takes several elements or rows.

use arrayvec::ArrayVec;

use super::execute::{Call, Copies, Routine, Source, Transfer};
use super::gather::Gathering;
use super::instruction::{Extents, Instruction, Location, Region, Steps};
use super::run::Memory;
use super::storage::Storage;
use crate::ops::MAX_ARITY;

/// The fewest steps for which a plan is made.
pub(super) const FEWEST_STEPS: usize = 8;

/// The most instructions that a plan is made for. Where there are more, calls take the lesser part of the time.
const MOST_INSTRUCTIONS: usize = 16;

/// The most values that have room for several steps.
const MOST_ROWS: usize = 32;

/// How many blocks what is computed may take in all steps of a turn: a part of a first-level cache.
const ROOM_BLOCKS: usize = 192;

/// The most steps of a turn.
const MOST_ABREAST: usize = 64;

/// Where an operand or a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// Where it always is, the same in all steps.
    Kept(Location),
    /// In a stream.
    Stream { index: usize, length: usize },
    /// In the room for several steps, by its place among those that are.
    Abreast(usize),
}

impl Spot {
    const fn varies(self) -> bool {
        match self {
            Self::Kept(_) => false,
            Self::Stream { .. } | Self::Abreast(_) => true,
        }
    }
}

/// An instruction that knows where things are.
#[derive(Clone, Copy, Debug)]
struct Planned {
    routine: Routine,
    extents: Extents,
    operands: [Spot; MAX_ARITY],
    result: Spot,
}

/// What has room for several steps.
#[derive(Clone, Copy, Debug)]
struct Row {
    location: Location,
    /// How many blocks there are before it, in one step.
    start: usize,
    /// The stream that it is copied from, if it is not computed.
    stream: Option<usize>,
}

/// How instructions do several steps in one call.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What is done once, since it is the same in all steps, then what is done in each turn.
    once: ArrayVec<Planned, MOST_INSTRUCTIONS>,
    each: ArrayVec<Planned, MOST_INSTRUCTIONS>,
    rows: ArrayVec<Row, MOST_ROWS>,
    /// What has been written so far in the order of the instructions, and is the same in all steps.
    settled: ArrayVec<Location, MOST_INSTRUCTIONS>,
}

impl Plan {
    /// The plan for these instructions, if there can be one.
    pub(super) fn of<'i>(
        instructions: impl Iterator<Item = &'i Instruction> + Clone,
        memory: &Memory<'_, '_>,
    ) -> Option<Self> {
        if something_lasts(instructions.clone()) {
            return None;
        }
        let mut written: ArrayVec<Location, MOST_INSTRUCTIONS> = ArrayVec::new();
        for instruction in instructions.clone() {
            let result = instruction.result;
            if written
                .iter()
                .any(|other| overlap(*other, result) && *other != result)
            {
                return None;
            }
            written.try_push(result).ok()?;
        }
        let mut plan = Self::default();
        for instruction in instructions {
            plan.add(instruction, &written, memory)?;
        }
        Some(plan)
    }

    fn add(
        &mut self,
        instruction: &Instruction,
        written: &[Location],
        memory: &Memory<'_, '_>,
    ) -> Option<()> {
        let Instruction {
            task,
            extents,
            operands,
            result,
        } = *instruction;
        let mut spots = [Spot::Kept(Location::NONE); MAX_ARITY];
        for (spot, operand) in spots.iter_mut().zip(operands) {
            if operand.length > 0 {
                *spot = self.operand(operand, written, memory)?;
            }
        }
        let planned = |result: Spot| Planned {
            routine: task.routine(extents),
            extents,
            operands: spots,
            result,
        };
        if !spots.iter().any(|spot| spot.varies()) {
            if result.region.as_stream().is_some() {
                return None;
            }
            // What is done once is done before all else, which must not see it too soon.
            let mut rows = self.rows.iter();
            if self.settled.contains(&result) || rows.any(|row| row.location == result) {
                return None;
            }
            self.settled.push(result);
            self.once.push(planned(Spot::Kept(result)));
            return Some(());
        }
        let fits = |(spot, operand): (&Spot, &Location)| {
            let is_there = operand.length > 0;
            match task.steps() {
                Steps::Apart => false,
                Steps::AsElements if spot.varies() => operand.length == result.length,
                Steps::AsElements => !is_there || operand.length == 1,
                Steps::AsRows => spot.varies() || !is_there || operand.length == extents.columns,
            }
        };
        if !spots.iter().zip(&operands).all(fits) {
            return None;
        }
        let spot = match result.region.as_stream() {
            Some(index) => {
                let is_there = memory.is_streamed.contains(index)
                    && memory.is_in_place.contains(index)
                    && memory.streams[index].location == result;
                is_there.then_some(Spot::Stream {
                    index,
                    length: result.length as usize,
                })?
            }
            None => self.row(result, None)?,
        };
        self.each.push(planned(spot));
        Some(())
    }

    /// Where an operand is, if it does not last from step to step.
    fn operand(
        &mut self,
        operand: Location,
        written: &[Location],
        memory: &Memory<'_, '_>,
    ) -> Option<Spot> {
        let is_written = written.iter().any(|other| overlap(*other, operand));
        let Some(index) = operand.region.as_stream() else {
            let place = self.rows.iter().position(|row| row.location == operand);
            return match place {
                Some(place) => Some(Spot::Abreast(place)),
                None if !is_written || self.settled.contains(&operand) => Some(Spot::Kept(operand)),
                None => None,
            };
        };
        if memory.streams[index].location != operand {
            return None;
        }
        match (
            memory.is_streamed.contains(index),
            memory.is_in_place.contains(index),
        ) {
            (true, true) => Some(Spot::Stream {
                index,
                length: operand.length as usize,
            }),
            (true, false) if !is_written => self.row(operand, Some(index)),
            // It has been copied to where the code has room for it.
            (false, false) if !is_written => Some(Spot::Kept(operand)),
            _ => None,
        }
    }

    /// The room for several steps of what is at a location, unless there are too many.
    fn row(&mut self, location: Location, stream: Option<usize>) -> Option<Spot> {
        let known = self.rows.iter().position(|row| row.location == location);
        if known.is_none() {
            let row = Row {
                location,
                start: self.step_blocks(),
                stream,
            };
            self.rows.try_push(row).ok()?;
        }
        Some(Spot::Abreast(known.unwrap_or(self.rows.len() - 1)))
    }

    /// How many blocks a step takes.
    fn step_blocks(&self) -> usize {
        let last = self.rows.last();
        last.map_or(0, |row| row.start + row.location.length as usize)
    }

    /// Does so many steps. `room` is for what is computed.
    pub(super) fn take_steps(
        &self,
        steps: usize,
        memory: &Memory<'_, '_>,
        room: &mut Storage,
        gathering: &mut Gathering,
    ) {
        let Memory {
            cells,
            temporaries,
            sources,
            lanes,
            ..
        } = *memory;
        let copies = Copies::for_this_machine();
        let most = (ROOM_BLOCKS / self.step_blocks().max(1)).clamp(2, MOST_ABREAST);
        let missing = (most * self.step_blocks()).saturating_sub(room.len());
        room.grow(missing);
        let room = room.cells();
        let kept = |location: Location| match location.region {
            Region::TEMPORARIES => &temporaries[location.range()],
            _ => &cells[location.range()],
        };
        let mut run = |planned: &Planned, start: usize, count: usize| {
            let find = |spot: Spot| match spot {
                Spot::Kept(location) => kept(location),
                Spot::Stream { index, length } => match sources[index] {
                    Source::Owned(whole) => &whole[start * length..][..count * length],
                    Source::Shared(_) => unreachable!("what is worked on in place is the run's"),
                },
                Spot::Abreast(place) => {
                    let Row {
                        start, location, ..
                    } = self.rows[place];
                    &room[start * most..][..count * location.length as usize]
                }
            };
            let call = Call {
                routine: planned.routine,
                operands: planned.operands.map(find),
                result: find(planned.result),
                extents: planned.extents,
                lanes,
            };
            (call.routine)(&call, gathering);
        };
        for planned in &self.once {
            run(planned, 0, 1);
        }
        for start in (0..steps).step_by(most) {
            let count = most.min(steps - start);
            for row in &self.rows {
                if let Some(stream) = row.stream {
                    let length = row.location.length as usize;
                    let transfer = Transfer {
                        whole: sources[stream],
                        block: 0,
                        blocks: 1,
                        length,
                        own: &room[row.start * most..][..count * length],
                    };
                    (copies.read)(&transfer, start);
                }
            }
            for planned in &self.each {
                run(planned, start, count);
            }
        }
        // Cells hold what the last step left.
        let last = (steps - 1) % most;
        for row in self.rows.iter().filter(|row| row.stream.is_none()) {
            let length = row.location.length as usize;
            let left = &room[row.start * most + last * length..][..length];
            for (target, source) in kept(row.location).iter().zip(left) {
                target.set(source.get());
            }
        }
    }
}

/// Whether a step needs what the one before left: whether something is read before it is written. It is found out in some
/// nanoseconds, as most programs that learn have such a thing, and no plan.
fn something_lasts<'i>(instructions: impl Iterator<Item = &'i Instruction> + Clone) -> bool {
    let own = |location: &Location| match location.region.as_stream() {
        Some(_) => Some(0),
        // Cells and temporaries that are one behind the other in as many bits as there are.
        None => (location.range().end < u128::BITS as usize)
            .then(|| ((1_u128 << location.length) - 1) << location.offset),
    };
    let mut all = 0;
    for instruction in instructions.clone() {
        let Some(result) = own(&instruction.result) else {
            return true;
        };
        all |= result;
    }
    let mut written = 0;
    for instruction in instructions {
        for operand in &instruction.operands {
            if own(operand).is_none_or(|operand| operand & all & !written != 0) {
                return true;
            }
        }
        written |= own(&instruction.result).unwrap_or_default();
    }
    false
}

/// Whether two locations have an element in common.
fn overlap(one: Location, other: Location) -> bool {
    let (first, second) = (one.range(), other.range());
    one.region == other.region && first.start < second.end && second.start < first.end
}
