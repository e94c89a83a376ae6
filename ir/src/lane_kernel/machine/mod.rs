//! Machine code from lane code, in one pass: what is run for some hundred steps has no time for a compiler.
//!
//! The interpreter's calls take some nanoseconds each, more than what they compute, and Cranelift takes longer to compile a learner than
//! the interpreter to teach it. Here each instruction of lane code becomes what its op means over vector registers, one after the
//! other; elements stay in registers from step to step, as far as there are any:
//!
//! ```text
//! instructions ─► where each element is ─► entry │ loop over steps: instructions │ exit ─► ring of executable memory
//!                                         loads │                               │ stores
//! ```
//!
//! It is for x86-64 with AVX2 or AVX-512, on systems that let memory be mapped twice. There is none for ops that are run lane by lane, nor for more streams or instructions than fit: such code is
//! interpreted.
//!
//! Measured on a virtual machine with two cores of an Intel Xeon (Sapphire Rapids), linear regression with four features, five
//! instructions on 10 lanes: 0.6 µs to assemble a step that learns, 0.2 one that only predicts; 8 ns and 2 ns a step, and half a
//! microsecond until new code is where instructions are fetched from. Interpreting 100 steps of each takes a little longer than
//! assembling and running them.

mod body;
mod encoder;
mod encoding;
mod lifetimes;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
mod vectors;

use std::cell::RefCell;
use std::fmt;

use arrayvec::ArrayVec;

use self::body::{Body, Homes, Layout};
use self::encoder::Encoder;
use self::encoding::Width;
use super::code::{LaneCode, Section, SectionCode};
use super::instruction::{Instruction, Task};
use super::storage::Storage;
use super::{BLOCK, LaneArgument, LaneCallError, lane_stride};
use crate::function::Function;
use crate::jit::{LaneAddresses, LaneCodeRing, LaneParameter};
use crate::shape::Dimensions;

/// The most vector instructions that a step may have, about: more do not stay in the nearest cache.
const MOST_OPERATIONS: usize = 4_000;

/// The most sections of a list.
const MOST_SECTIONS: usize = 8;

/// Machine code of some sections of lane code, and what is needed to make more.
pub(super) struct Machine {
    ring: LaneCodeRing,
    encoder: Encoder,
    homes: Homes,
    addresses: LaneAddresses,
}

/// Machine code of some sections, of the lane code that made it. Clones of that have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assembled(usize);

/// What lane code has for making machine code. A clone has none.
#[derive(Default)]
pub(super) enum Workbench {
    /// Nobody has asked for it.
    #[default]
    Absent,
    /// The system has no memory for it, and will not be asked again.
    Refused,
    Ready(Box<Machine>),
}

impl Clone for Workbench {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Workbench {
    /// Forgets all code.
    pub(super) fn clear(&mut self) {
        if let Self::Ready(machine) = self {
            machine.ring.begin();
        }
    }

    /// The machine for vectors of this width, unless the system refuses.
    fn machine(self, width: Width) -> Option<Box<Machine>> {
        match self {
            Self::Ready(machine) if machine.encoder.width == width => Some(machine),
            Self::Absent | Self::Ready(_) => Machine::new(width),
            Self::Refused => None,
        }
    }
}

impl fmt::Debug for Workbench {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Workbench").finish_non_exhaustive()
    }
}

impl LaneCode {
    /// Makes machine code, for [`run_assembled`](Self::run_assembled), of several lists of sections as they are now, each in its order. What was
    /// made before is forgotten. There is none of a list with an op that has none, or with too much to do; and none at all on machines
    /// other than x86-64 with AVX2, for more than four streams or lists, or for more than eight sections in a list.
    ///
    /// It takes some tens of nanoseconds for each element that an instruction computes.
    ///
    /// # Panics
    /// If this code has no such section.
    pub fn assemble<const COUNT: usize>(
        &mut self,
        lists: [&[Section]; COUNT],
    ) -> [Option<Assembled>; COUNT] {
        self.assemble_for(Width::of_this_machine(), lists)
    }

    fn assemble_for<const COUNT: usize>(
        &mut self,
        width: Option<Width>,
        lists: [&[Section]; COUNT],
    ) -> [Option<Assembled>; COUNT] {
        let none = [None; COUNT];
        let Some(width) = width else { return none };
        let Some(mut machine) = std::mem::take(&mut self.workbench).machine(width) else {
            self.workbench = Workbench::Refused;
            return none;
        };
        let assembled = machine.assemble(self, lists);
        self.workbench = Workbench::Ready(machine);
        assembled
    }

    /// [Runs](Self::run) machine code. Lanes hold the same bits afterwards as if its sections had been run.
    ///
    /// # Errors
    /// [`LaneCallError`] if the arguments do not fit; nothing has been written then.
    ///
    /// # Panics
    /// If there is no such machine code, or there are other streams since it was made.
    pub fn run_assembled(
        &mut self,
        assembled: Assembled,
        steps: usize,
        arguments: &mut [LaneArgument<'_>],
    ) -> Result<(), LaneCallError> {
        self.check(steps, arguments)?;
        let Workbench::Ready(machine) = &mut self.workbench else {
            panic!("nothing is assembled");
        };
        if steps > 0 {
            machine.run(assembled, &mut self.cells, steps, arguments);
        }
        Ok(())
    }
}

/// Whether a function may have few enough elements to be assembled.
pub(super) fn may_fit(function: &Function, dimensions: Dimensions) -> bool {
    let parameters = function.parameters().iter();
    let parameters = parameters.map(|parameter| parameter.shape);
    let mut shapes = parameters.chain(function.values().map(|value| function.shape(value)));
    let all = shapes.try_fold(0usize, |all, shape| {
        all.checked_add(dimensions.elements(shape)?)
    });
    all.is_some_and(|all| all <= MOST_OPERATIONS)
}

impl Machine {
    /// None if the system has no memory for it.
    fn new(width: Width) -> Option<Box<Self>> {
        Some(Box::new(Self {
            ring: LaneCodeRing::new().ok()?,
            encoder: Encoder::new(width),
            homes: Homes::default(),
            addresses: LaneAddresses::default(),
        }))
    }

    fn assemble<const COUNT: usize>(
        &mut self,
        code: &mut LaneCode,
        lists: [&[Section]; COUNT],
    ) -> [Option<Assembled>; COUNT] {
        // What was there for machine code before is there again, unless cells have come behind it.
        let blocks = code.cells[0].len();
        let cells = if code.spare.end == blocks {
            code.spare.start
        } else {
            blocks
        };
        let layout = Layout {
            cells,
            temporaries: code.assembly.scratch.most() as usize,
            streams: &code.streams,
            blocks: code.cells.len(),
        };
        self.encoder.begin();
        self.ring.begin();
        let assembled = lists.map(|sections| {
            let mut found: ArrayVec<&SectionCode, MOST_SECTIONS> = ArrayVec::new();
            for &section in sections {
                found.try_push(code.section_code(section)).ok()?;
            }
            self.assemble_one(layout, &found)
        });
        let elements = layout.cells + layout.temporaries;
        let stride = lane_stride(code.lanes);
        let group = self.encoder.width.lanes();
        self.ring.describe(|layout| {
            layout.stride = stride;
            layout.group = group;
            // Where vectors are narrower than blocks, a frame begins in the middle of its first.
            layout.frame = (elements * BLOCK).saturating_sub(BLOCK - group);
            layout.parameters.clear();
            let parameters = code.streams.iter().map(|stream| LaneParameter {
                length: stream.location.length as usize * stride,
                is_written: stream.is_written,
            });
            layout.parameters.extend(parameters);
        });
        code.spare = cells..elements.max(blocks);
        for cells in &mut code.cells {
            cells.grow(elements.saturating_sub(blocks));
        }
        assembled
    }

    fn assemble_one(&mut self, layout: Layout<'_>, sections: &[&SectionCode]) -> Option<Assembled> {
        let instructions = sections.iter().flat_map(|section| &section.instructions);
        let operations = instructions.map(Instruction::operations);
        if !layout.is_in_reach() || operations.sum::<usize>() > MOST_OPERATIONS {
            return None;
        }
        let encoder = RefCell::new(&mut self.encoder);
        let mut body = Body {
            encoder: &encoder,
            homes: &mut self.homes,
            layout,
        };
        // Where nothing stays in registers, what needs many can have all.
        let is_made = body.assemble(sections, true)
            || body.encoder().is_exhausted && body.assemble(sections, false);
        let Encoder {
            bytes, constants, ..
        } = &self.encoder;
        let added = is_made.then(|| self.ring.add(bytes.as_slice(), constants));
        added.flatten().map(Assembled)
    }

    fn run(
        &mut self,
        Assembled(index): Assembled,
        cells: &mut [Storage],
        steps: usize,
        arguments: &mut [LaneArgument<'_>],
    ) {
        let layout = self.ring.layout();
        let (group, frame) = (layout.group, layout.frame);
        let at_a_time = layout.turn_steps(steps, cells.len(), arguments);
        for start in (0..steps).step_by(at_a_time) {
            let end = steps.min(start + at_a_time);
            for (block, cells) in cells.iter_mut().enumerate() {
                for within in (0..BLOCK).step_by(group) {
                    // Without elements there is none, not even an end of one.
                    let frame = cells.numbers_mut().get_mut(within..within + frame);
                    self.ring.run(
                        index,
                        &mut self.addresses,
                        arguments,
                        start..end,
                        (block * BLOCK + within, frame.unwrap_or_default()),
                    );
                }
            }
        }
    }
}

impl Instruction {
    /// About how many vector instructions it is.
    fn operations(&self) -> usize {
        let each = match self.task {
            Task::Elementwise(op) => op.flops_per_element(),
            Task::Reduction(_) => self.extents.columns,
            Task::Product { .. } => self.extents.depth,
            Task::Copy | Task::Fill | Task::Move(_) | Task::Outer | Task::LaneByLane => 1,
        };
        (each as usize).saturating_mul(self.result.length as usize)
    }
}
