//! Native code over lanes: a whole loop over steps as one machine function.
//!
//! A learner's step takes some nanoseconds, less than a call of anything. So the loop over steps is part of
//! the code, dimensions are constants in it, and an element of a value is a few vectors of lanes side by side,
//! so many that their chains of dependent instructions keep the processor busy:
//!
//! ```text
//!          ┌───────── lanes of an element ─────────┐
//!          │ group 0            │ group 1          │        for each block of steps:
//!          │ vector │ vector    │ vector │ vector  │            for each group: the code
//!          └────────────────────┴──────────────────┘
//!  frame of a group:  kept parameters │ buffers           streams: in the arguments
//! ```
//!
//! What is kept from step to step is copied to the group's frame before the first step and back after the last
//! one, so that it lies dense and stays in the first-level cache. Groups take turns after a block of steps, which
//! is so long that what streams by is in a near cache when the next group reads it.
//!
//! [`plan`] says how a step is laid out, [`emit`] and what follows it makes the code, and [`widening`] has it work on
//! vectors of 256 bits, where there are any. What streams by from afar is [fetched](fetching) ahead.
//!
//! Measured on a virtual machine with two cores of an Intel Xeon (Sapphire Rapids) while others kept it busy, by
//! `cargo bench -p mlevolve-ir --bench lane_native_speed -- steps 250`: the least of some repetitions on one
//! thread, for 16 lanes of 250 streamed examples, which a near cache holds. A step predicts and learns; vectors have
//! 256 bits, and 128 for comparison.
//!
//! | features | linear: ns per example and lane | with 128 bits | compile, µs: full, quick tier | two layers: ns | with 128 bits | compile, µs |
//! |---|---|---|---|---|---|---|
//! | 4 | 0.72 | 0.89 | 105, 97 | 2.5 | 4.4 | 656, 220 |
//! | 8 | 1.05 | 1.53 | 155, 98 | 8.2 | 13.6 | 422, 222 |
//! | 16 | 1.82 | 3.24 | 154, 101 | 27.6 | 45.9 | 480, 267 |
//! | 32 | 3.94 | 6.86 | 129, 91 | 98 | 171 | 479, 271 |
//!
//! Where all examples of many lanes do not fit in a near cache, the linear learner of 32 features waits for them: its
//! stream is 132 bytes an example and lane. It waits longer where there is more than one group, as each skips the cache
//! lines of the others.

mod depth;
mod elements;
mod emit;
pub(crate) mod fetching;
mod form;
mod inlining;
mod machine_code;
mod plan;
#[cfg(test)]
mod tests;
mod widening;

use std::borrow::Cow;
use std::sync::Arc;

use self::emit::Spacing;
use self::form::Form;
use self::plan::{Plan, Planner};
use self::widening::{Refusal, widened};
use super::code::{LaneAddresses, LaneCode, LaneLayout, LaneParameter};
use super::{Listing, Tier, Workshop, has_wide_vectors, host};
use crate::function::{Function, Value};
use crate::jit::constants::{ConstantTable, LANES};
use crate::kernel::CompileError;
use crate::lane_kernel::{LaneArgument, lane_stride};
use crate::shape::{Dimensions, Shape};

/// The most vectors of a group.
const MOST_VECTORS: usize = 4;

/// How large the vectors are that code works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VectorSize {
    /// Cranelift's.
    Bits128,
    /// What [`widening`] makes of them.
    Bits256,
}

impl VectorSize {
    /// The best of this machine.
    ///
    /// # Errors
    /// [`CompileError::UnsupportedHost`] if there is none.
    fn best() -> Result<Self, CompileError> {
        let is_wide = has_wide_vectors(host(Tier::Full)?.as_ref());
        Ok(if is_wide {
            Self::Bits256
        } else {
            Self::Bits128
        })
    }

    pub(super) const fn lanes(self) -> usize {
        match self {
            Self::Bits128 => LANES,
            Self::Bits256 => 2 * LANES,
        }
    }

    const fn bytes(self) -> usize {
        self.lanes() * size_of::<f32>()
    }
}

/// The lanes that code works on at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) size: VectorSize,
    /// How many vectors.
    pub(super) width: usize,
}

impl Group {
    /// Numbers of an element.
    const fn numbers(self) -> usize {
        self.width * self.size.lanes()
    }
}

/// Bytes of a cache line.
const LINE_BYTES: usize = 64;

/// Boundaries that frames begin at, in numbers: cache lines.
const FRAME_ALIGNMENT: usize = LINE_BYTES / size_of::<f32>();

/// A function's code over lanes, with the memory that a run works in. A clone shares the code.
#[derive(Clone, Debug)]
pub struct LaneNative {
    code: Arc<LaneCode>,
    /// Numbers of an element.
    stride: usize,
    /// Numbers that a group has of an element.
    numbers: usize,
    /// What is kept from step to step: the parameter, how many elements it has, and where in a frame they are,
    /// in numbers.
    kept: Vec<(usize, usize, usize)>,
    /// Numbers of a frame.
    frame_length: usize,
    frames: Vec<f32>,
    addresses: LaneAddresses,
}

impl LaneNative {
    /// Compiles a function, whose composite ops have been expanded, for these dimensions and so many lanes.
    ///
    /// # Errors
    /// [`CompileError::WholeMatrices`] if an op has no code over lanes, and others if there can be no native
    /// code.
    pub(crate) fn new(
        function: &Function,
        dimensions: Dimensions,
        lanes: usize,
        tier: Tier,
    ) -> Result<Self, CompileError> {
        let with_vectors = |size| {
            let width = width_for(function, dimensions, lane_stride(lanes), size);
            Self::with_group(function, dimensions, lanes, tier, Group { size, width })
        };
        match VectorSize::best()? {
            VectorSize::Bits256 => match with_vectors(VectorSize::Bits256) {
                Err(CompileError::CodeGenerator { .. }) => with_vectors(VectorSize::Bits128),
                result => result,
            },
            VectorSize::Bits128 => with_vectors(VectorSize::Bits128),
        }
    }

    /// As [`new`](Self::new), with groups of so many vectors of this size.
    pub(super) fn with_group(
        function: &Function,
        dimensions: Dimensions,
        lanes: usize,
        tier: Tier,
        group: Group,
    ) -> Result<Self, CompileError> {
        let stride = lane_stride(lanes);
        let plan = Planner::plan(function, dimensions, group.width)?;
        let numbers = group.numbers();
        let frame_length = (plan.frame_elements * numbers).next_multiple_of(FRAME_ALIGNMENT);
        let kept = plan.kept.iter();
        let kept = kept.map(|kept| (kept.parameter.index(), kept.elements, kept.offset * numbers));
        let kept: Vec<_> = kept.collect();
        let code = Workshop::enter(|workshop| {
            let constants =
                workshop.emit_lanes(function, dimensions, stride, &plan, group, tier)?;
            let compiled = workshop.finish(function, host(tier)?.as_ref())?;
            let narrow = compiled.code_buffer();
            let code = match group.size {
                VectorSize::Bits128 => Cow::Borrowed(narrow),
                VectorSize::Bits256 => {
                    let refused = |refusal: Refusal| CompileError::CodeGenerator {
                        function: function.name().to_owned(),
                        reason: refusal.reason().to_owned(),
                    };
                    Cow::Owned(widened(narrow).map_err(refused)?)
                }
            };
            let parameters = function.parameters().iter();
            let parameters = parameters.map(|parameter| {
                let length = elements(parameter.shape, dimensions).checked_mul(stride);
                let too_long = || CompileError::CodeGenerator {
                    function: function.name().to_owned(),
                    reason: "its parameters are longer than memory".to_owned(),
                };
                Ok(LaneParameter {
                    length: length.ok_or_else(too_long)?,
                    is_written: parameter.access.is_written(),
                })
            });
            let layout = LaneLayout {
                parameters: parameters.collect::<Result<_, CompileError>>()?,
                stride,
                group: numbers,
                frame: frame_length,
            };
            LaneCode::new(&code, constants.into_splats(), layout)
        })?;
        Ok(Self {
            code: Arc::new(code),
            stride,
            numbers,
            kept,
            frame_length,
            frames: Vec::new(),
            addresses: LaneAddresses::default(),
        })
    }

    /// Does for each lane what a call of the function on its arguments does, so many times. Arguments are one
    /// for each parameter, of its kind, and as long as its storage in all lanes, for each step where they are
    /// streamed. Allocates nothing after the first run.
    ///
    /// # Panics
    /// If the arguments are others.
    pub fn run(&mut self, steps: usize, arguments: &mut [LaneArgument<'_>]) {
        if steps == 0 || self.stride == 0 {
            return;
        }
        let (stride, numbers, length) = (self.stride, self.numbers, self.frame_length);
        let groups = stride.div_ceil(numbers);
        // The last group works on some lanes of the one before again, rather than on none.
        let first_number = |group: usize| (group * numbers).min(stride - numbers);
        self.frames.resize(groups * length + FRAME_ALIGNMENT, 0.0);
        let start = self
            .frames
            .as_ptr()
            .align_offset(FRAME_ALIGNMENT * size_of::<f32>());
        let frames = &mut self.frames[start.min(FRAME_ALIGNMENT)..];
        for group in 0..groups {
            let first = first_number(group);
            let frame = &mut frames[group * length..][..length];
            for &(parameter, elements, offset) in &self.kept {
                let LaneArgument::Write(argument) = &arguments[parameter] else {
                    panic!("what is kept has an argument that is written");
                };
                let kept = frame[offset..].chunks_exact_mut(numbers).take(elements);
                for (kept, element) in kept.zip(argument.chunks_exact(stride)) {
                    kept.copy_from_slice(&element[first..][..numbers]);
                }
            }
        }
        let block = self.code.layout().turn_steps(steps, groups, arguments);
        for start in (0..steps).step_by(block) {
            let end = steps.min(start.saturating_add(block));
            for group in 0..groups {
                let frame = &mut frames[group * length..][..length];
                let first = first_number(group);
                self.code
                    .run(&mut self.addresses, arguments, start..end, first, frame);
            }
        }
        for group in 0..groups {
            let first = first_number(group);
            let frame = &frames[group * length..][..length];
            for &(parameter, elements, offset) in &self.kept {
                let LaneArgument::Write(argument) = &mut arguments[parameter] else {
                    panic!("what is kept has an argument that is written");
                };
                let kept = frame[offset..].chunks_exact(numbers).take(elements);
                for (kept, element) in kept.zip(argument.chunks_exact_mut(stride)) {
                    element[first..][..numbers].copy_from_slice(kept);
                }
            }
        }
    }
}

impl Workshop {
    /// Emits the intermediate form of a function's loop over steps.
    fn emit_lanes(
        &mut self,
        function: &Function,
        dimensions: Dimensions,
        stride: usize,
        plan: &Plan,
        group: Group,
        tier: Tier,
    ) -> Result<ConstantTable, CompileError> {
        let isa = host(tier)?.as_ref();
        let code = &mut self.context.func;
        code.signature = emit::signature(isa);
        let spacing = Spacing {
            stride,
            size: group.size,
        };
        let emit = match group.width {
            1 => emit::emit::<1>,
            2 => emit::emit::<2>,
            3 => emit::emit::<3>,
            4 => emit::emit::<4>,
            _ => unreachable!("a group has at most four vectors"),
        };
        emit(
            function,
            dimensions,
            spacing,
            plan,
            isa,
            code,
            &mut self.builder_context,
        )
    }
}

/// What native code over lanes a function becomes. The assembly is Cranelift's, before vectors become wide.
pub(super) fn listing(
    function: &Function,
    dimensions: Dimensions,
    lanes: usize,
) -> Result<Listing, CompileError> {
    let stride = lane_stride(lanes);
    let size = VectorSize::best()?;
    let width = width_for(function, dimensions, stride, size);
    let group = Group { size, width };
    let plan = Planner::plan(function, dimensions, width)?;
    Workshop::enter(|workshop| {
        workshop.emit_lanes(function, dimensions, stride, &plan, group, Tier::Full)?;
        let cranelift_ir = workshop.context.func.display().to_string();
        workshop.context.set_disasm(true);
        let compiled = workshop.finish(function, host(Tier::Full)?.as_ref())?;
        let assembly = compiled.vcode.clone().unwrap_or_default();
        Ok(Listing {
            cranelift_ir,
            assembly,
        })
    })
}

/// How many elements a value of a shape has.
fn elements(shape: Shape, dimensions: Dimensions) -> usize {
    dimensions.extent(shape.rows()) * dimensions.extent(shape.columns())
}

/// About how many instructions a step takes for each vector of lanes.
fn work(function: &Function, dimensions: Dimensions) -> usize {
    let elements = |value| {
        dimensions
            .elements(function.shape(value))
            .unwrap_or(usize::MAX)
    };
    let of_value = |value: Value| {
        let Ok(form) = Form::of(function, dimensions, value) else {
            return 0;
        };
        let times = match form {
            Form::Load(_) | Form::Constant(_) => 0,
            Form::Reduction(_) | Form::RowReduction(_) => {
                elements(function.definition(value).operands()[0])
            }
            Form::Product { depth, .. } => elements(value).saturating_mul(depth),
            Form::Elementwise(_)
            | Form::Transposed
            | Form::EachColumn
            | Form::EachRow
            | Form::Outer(_) => elements(value),
        };
        times.saturating_mul(form.operations())
    };
    function
        .values()
        .map(of_value)
        .fold(0, usize::saturating_add)
}

/// Cycles that a step takes at least, by its longest chain of dependent instructions: about that of a linear
/// learner.
const CHAIN_CYCLES: usize = 50;

/// Vector instructions that a processor completes in a cycle.
const INSTRUCTIONS_A_CYCLE: usize = 2;

/// How many vectors a group has: so many that a step's longest chain of dependent instructions takes no longer
/// than all of its instructions, and no more, as there are few registers. Where the last group would do lanes
/// again, another number can be better.
fn width_for(
    function: &Function,
    dimensions: Dimensions,
    stride: usize,
    size: VectorSize,
) -> usize {
    let vectors = (stride / size.lanes()).max(1);
    let work = work(function, dimensions);
    let cost = |width: usize| {
        let cycles = (width.saturating_mul(work) / INSTRUCTIONS_A_CYCLE).max(CHAIN_CYCLES);
        // Each vector more costs one part in sixteen, for what does not stay in registers.
        (vectors.div_ceil(width) * (15 + width)).saturating_mul(cycles)
    };
    let widths = 1..=MOST_VECTORS.min(vectors);
    widths.min_by_key(|&width| cost(width)).unwrap_or(1)
}

const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<LaneNative>();
};
