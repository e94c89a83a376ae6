//! The interpreter: runs a function's schedule op by op, a chunk of elements at a time.
//!
//! ```text
//! Schedule ─► Plan: steps over scalar slots, then for each chunk steps over registers, then matrix ops
//!                                                      │
//!    arguments, buffers ──read in place──► op over a chunk ──► registers ──► arguments, buffers
//! ```
//!
//! A chunk is short enough that all registers stay in the first-level cache, and long enough that
//! finding out which op comes next costs little per element. Scalars that tensors are computed with
//! are spread out over a chunk-long buffer once a call, not once a chunk.

mod planner;

use crate::frame::{Frame, MatrixCall, read_at};
use crate::function::{ParameterIndex, Value};
use crate::kernel::Argument;
use crate::lanes::{ACCUMULATORS, ScalarLanes};
use crate::ops::{ElementwiseOp, MAX_ARITY, ReductionOp};
use crate::schedule::Place;
use crate::shape::{Dimensions, Shape};

/// Elements of a chunk: a multiple of [`ACCUMULATORS`], so that a chunk begins with accumulator 0.
const CHUNK: usize = 256;

/// Where a chunk of numbers comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A tensor in memory.
    Memory(Place),
    /// A chunk computed before.
    Register(usize),
    /// A scalar that has been spread out.
    Spread(usize),
}

/// A step over scalars. Slots are numbered like the function's values.
#[derive(Clone, Debug)]
enum ScalarStep {
    Load {
        parameter: ParameterIndex,
        result: Value,
    },
    Constant {
        value: f32,
        result: Value,
    },
    Apply {
        op: ElementwiseOp,
        operands: Box<[Value]>,
        result: Value,
    },
}

/// A step over one chunk.
#[derive(Clone, Debug)]
enum ChunkStep {
    Apply {
        op: ElementwiseOp,
        /// The first `arity` count.
        operands: [Source; MAX_ARITY],
        arity: usize,
        /// Not among the operands.
        register: usize,
    },
    /// Takes a chunk of memory aside that would be overwritten before it is stored elsewhere.
    Copy { place: Place, register: usize },
}

#[derive(Clone, Debug)]
struct ReductionStep {
    op: ReductionOp,
    /// The first `arity` count.
    operands: [Source; MAX_ARITY],
    arity: usize,
    result: Value,
}

/// A stage of the schedule with every operand's place settled.
#[derive(Clone, Debug)]
struct StagePlan {
    scalars: Vec<ScalarStep>,
    loops: Vec<LoopPlan>,
    matrix_calls: Vec<MatrixCall>,
}

/// A loop of the schedule with every operand's place settled.
#[derive(Clone, Debug)]
struct LoopPlan {
    shape: Shape,
    /// The scalars to spread out before the loop: (slot, buffer).
    spreads: Vec<(Value, usize)>,
    chunk: Vec<ChunkStep>,
    reductions: Vec<ReductionStep>,
    stores: Vec<(Place, Source)>,
}

/// A function as the interpreter runs it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    stages: Vec<StagePlan>,
    scalar_stores: Vec<(ParameterIndex, Value)>,
    /// The shapes of the buffers.
    pub(crate) buffers: Vec<Shape>,
    slots: usize,
    registers: usize,
    spreads: usize,
}

/// Memory that a call works in; made by the first call, and of no meaning between calls.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    slots: Vec<f32>,
    registers: Vec<Vec<f32>>,
    spreads: Vec<Vec<f32>>,
    accumulators: Vec<[f32; ACCUMULATORS]>,
}

impl Clone for Scratch {
    /// Scratch for another kernel: there is nothing to keep.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Scratch {
    fn prepare(&mut self, plan: &Plan) {
        let loops = plan.stages.iter().flat_map(|stage| &stage.loops);
        let accumulators = loops.map(|of_shape| of_shape.reductions.len()).max();
        self.slots.resize(plan.slots, 0.0);
        self.registers
            .resize_with(plan.registers, || vec![0.0; CHUNK]);
        self.spreads.resize_with(plan.spreads, || vec![0.0; CHUNK]);
        self.accumulators
            .resize(accumulators.unwrap_or(0), [0.0; ACCUMULATORS]);
    }
}

impl Plan {
    /// Runs the function on arguments and a frame that fit it.
    pub(crate) fn run(
        &self,
        scratch: &mut Scratch,
        frame: &mut Frame,
        dimensions: Dimensions,
        arguments: &mut [Argument<'_>],
    ) {
        scratch.prepare(self);
        for stage in &self.stages {
            for step in &stage.scalars {
                step.run(&mut scratch.slots, arguments);
            }
            for of_shape in &stage.loops {
                of_shape.run(scratch, frame, arguments);
            }
            for call in &stage.matrix_calls {
                run_matrix_call(call, scratch, frame, dimensions, arguments);
            }
        }
        for &(parameter, value) in &self.scalar_stores {
            written(&mut arguments[parameter.index()])[0] = scratch.slots[value.index()];
        }
    }
}

/// Puts the scalars among a matrix op's operands in memory, runs it, and takes a scalar result up.
fn run_matrix_call(
    call: &MatrixCall,
    scratch: &mut Scratch,
    frame: &mut Frame,
    dimensions: Dimensions,
    arguments: &[Argument<'_>],
) {
    let values = call.step.operands.as_slice();
    for (&value, &(place, shape)) in values.iter().zip(call.operands()) {
        match place {
            Place::Buffer(buffer) if shape.is_scalar() => {
                frame.buffers[buffer][0] = scratch.slots[value.index()];
            }
            Place::Buffer(_) | Place::Parameter(_) => {}
        }
    }
    let Place::Buffer(target) = call.result.0 else {
        unreachable!("a matrix op's result is in a buffer");
    };
    // No operand is the result.
    let mut result = std::mem::take(&mut frame.buffers[target]);
    let read = |place| read_at(place, arguments, &frame.buffers);
    call.run(dimensions, read, &mut result, &mut frame.workspace);
    if call.result.1.is_scalar() {
        scratch.slots[call.step.result.index()] = result[0];
    }
    frame.buffers[target] = result;
}

impl ScalarStep {
    fn run(&self, slots: &mut [f32], arguments: &[Argument<'_>]) {
        match self {
            Self::Load { parameter, result } => {
                slots[result.index()] = arguments[parameter.index()].as_slice()[0];
            }
            Self::Constant { value, result } => slots[result.index()] = *value,
            Self::Apply {
                op,
                operands,
                result,
            } => {
                let mut numbers = [0.0; MAX_ARITY];
                for (number, operand) in numbers.iter_mut().zip(operands) {
                    *number = slots[operand.index()];
                }
                slots[result.index()] = op.evaluate(&ScalarLanes, &numbers[..operands.len()]);
            }
        }
    }
}

impl LoopPlan {
    fn run(&self, scratch: &mut Scratch, frame: &mut Frame, arguments: &mut [Argument<'_>]) {
        let extent = frame.extents[self.shape as usize];
        let (elements, padded) = (extent.elements(), extent.padded());
        for &(scalar, buffer) in &self.spreads {
            // An earlier loop's elements may be fewer than a later one's.
            scratch.spreads[buffer].fill(scratch.slots[scalar.index()]);
        }
        for (step, accumulators) in self.reductions.iter().zip(&mut scratch.accumulators) {
            *accumulators = step.op.start();
        }
        for start in (0..padded).step_by(CHUNK) {
            let length = CHUNK.min(padded - start);
            for step in &self.chunk {
                step.run(scratch, &frame.buffers, start, length, arguments);
            }
            // The last chunk's padding takes no part.
            let counted = length.min(elements.saturating_sub(start));
            for (index, step) in self.reductions.iter().enumerate() {
                let mut chunks: [&[f32]; MAX_ARITY] = [&[]; MAX_ARITY];
                for (chunk, operand) in chunks.iter_mut().zip(&step.operands[..step.arity]) {
                    let (registers, spreads) = (&scratch.registers, &scratch.spreads);
                    let memory = (&*arguments, frame.buffers.as_slice());
                    *chunk = operand.chunk(registers, spreads, memory, start, counted);
                }
                let accumulators = &mut scratch.accumulators[index];
                step.op.accumulate(accumulators, &chunks[..step.arity]);
            }
            for &(place, source) in &self.stores {
                let chunk = match source {
                    // What is overwritten has been taken aside.
                    Source::Memory(from) if from == place => continue,
                    Source::Memory(from) => {
                        copy_between(arguments, &mut frame.buffers, from, place, start, length);
                        continue;
                    }
                    Source::Register(register) => &scratch.registers[register],
                    Source::Spread(buffer) => &scratch.spreads[buffer],
                };
                let target = write_at(place, arguments, &mut frame.buffers);
                target[start..start + length].copy_from_slice(&chunk[..length]);
            }
        }
        for (step, accumulators) in self.reductions.iter().zip(&scratch.accumulators) {
            scratch.slots[step.result.index()] = step.op.finish(*accumulators, elements);
        }
    }
}

impl ChunkStep {
    fn run(
        &self,
        scratch: &mut Scratch,
        buffers: &[Vec<f32>],
        start: usize,
        length: usize,
        arguments: &[Argument<'_>],
    ) {
        match self {
            Self::Apply {
                op,
                operands,
                arity,
                register,
            } => {
                // The planner never gives a step's result the register of an operand.
                let mut result = std::mem::take(&mut scratch.registers[*register]);
                let mut chunks: [&[f32]; MAX_ARITY] = [&[]; MAX_ARITY];
                for (chunk, operand) in chunks.iter_mut().zip(&operands[..*arity]) {
                    let (registers, spreads) = (&scratch.registers, &scratch.spreads);
                    let memory = (arguments, buffers);
                    *chunk = operand.chunk(registers, spreads, memory, start, length);
                }
                op.evaluate_slices(&chunks[..*arity], &mut result[..length]);
                scratch.registers[*register] = result;
            }
            Self::Copy { place, register } => {
                let source = &read_at(*place, arguments, buffers)[start..start + length];
                scratch.registers[*register][..length].copy_from_slice(source);
            }
        }
    }
}

impl Source {
    fn chunk<'a>(
        self,
        registers: &'a [Vec<f32>],
        spreads: &'a [Vec<f32>],
        memory: (&'a [Argument<'_>], &'a [Vec<f32>]),
        start: usize,
        length: usize,
    ) -> &'a [f32] {
        match self {
            Self::Memory(place) => &read_at(place, memory.0, memory.1)[start..start + length],
            Self::Register(register) => &registers[register][..length],
            Self::Spread(buffer) => &spreads[buffer][..length],
        }
    }
}

/// The storage of a parameter that is written: [`Kernel::call`](crate::Kernel::call) has seen to it.
fn written<'a>(argument: &'a mut Argument<'_>) -> &'a mut [f32] {
    match argument {
        Argument::Write(slice) => slice,
        Argument::Read(_) => unreachable!("a store is to a parameter that is written"),
    }
}

/// The memory at a place, to be written.
fn write_at<'a>(
    place: Place,
    arguments: &'a mut [Argument<'_>],
    buffers: &'a mut [Vec<f32>],
) -> &'a mut [f32] {
    match place {
        Place::Parameter(parameter) => written(&mut arguments[parameter.index()]),
        Place::Buffer(buffer) => &mut buffers[buffer],
    }
}

/// Copies a chunk from one place to another.
fn copy_between(
    arguments: &mut [Argument<'_>],
    buffers: &mut [Vec<f32>],
    from: Place,
    to: Place,
    start: usize,
    length: usize,
) {
    let range = start..start + length;
    match (from, to) {
        (Place::Parameter(from), Place::Parameter(to)) => {
            let (source, target) = two_of(arguments, from.index(), to.index());
            written(target)[range.clone()].copy_from_slice(&source.as_slice()[range]);
        }
        (Place::Buffer(from), Place::Buffer(to)) => {
            let (source, target) = two_of(buffers, from, to);
            target[range.clone()].copy_from_slice(&source[range]);
        }
        (Place::Parameter(_), Place::Buffer(to)) => {
            let source = &read_at(from, arguments, &[])[range.clone()];
            buffers[to][range].copy_from_slice(source);
        }
        (Place::Buffer(from), Place::Parameter(to)) => {
            written(&mut arguments[to.index()])[range.clone()]
                .copy_from_slice(&buffers[from][range]);
        }
    }
}

/// Two items, the first to be read and the second to be written.
fn two_of<T>(items: &mut [T], from: usize, to: usize) -> (&T, &mut T) {
    match items.get_disjoint_mut([from, to]) {
        Ok([source, target]) => (source, target),
        Err(error) => unreachable!("nothing is copied to itself: {error}"),
    }
}
