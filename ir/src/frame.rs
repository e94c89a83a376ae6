//! The memory that a call works in, beside its arguments: extents, buffers, and room for routines.
//!
//! It is made for the dimensions of a kernel's first call and kept, so that calls of the same
//! dimensions allocate nothing. Nothing in it has a meaning between calls.

use crate::kernel::Argument;
use crate::lanes::ACCUMULATORS;
use crate::matrix::{Matrix, MatrixMut, Workspace};
use crate::schedule::{MatrixStep, Place, Schedule};
use crate::shape::{Dimensions, Shape};
use crate::{function::Function, ops::MAX_ARITY};

/// How long a shape is in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub(crate) struct Extent {
    /// What the elements take.
    pub(crate) bytes: usize,
    /// What they take with the padding to whole rows of [`ACCUMULATORS`].
    pub(crate) padded_bytes: usize,
    /// The number of elements.
    pub(crate) count: f32,
}

impl Extent {
    pub(crate) const fn elements(&self) -> usize {
        self.bytes / size_of::<f32>()
    }

    pub(crate) const fn padded(&self) -> usize {
        self.padded_bytes / size_of::<f32>()
    }
}

/// The extent of every shape, in the order of [`Shape::ALL`].
pub(crate) type Extents = [Extent; Shape::ALL.len()];

/// Memory for the calls of one kernel.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    dimensions: Option<Dimensions>,
    pub(crate) extents: Extents,
    pub(crate) buffers: Vec<Vec<f32>>,
    pub(crate) workspace: Workspace,
    /// What segments of loops leave for later ones.
    slots: Vec<f32>,
}

/// More memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

/// The extents of all shapes; `None` if one has more elements than can be counted.
///
/// Shapes that a function does not use may have too many: they are told by `is_used`.
pub(crate) fn extents(
    dimensions: Dimensions,
    is_used: impl Fn(Shape) -> bool,
) -> Result<Extents, OutOfMemory> {
    let mut extents = Extents::default();
    for (extent, shape) in extents.iter_mut().zip(Shape::ALL) {
        if !is_used(shape) {
            continue;
        }
        let elements = dimensions.elements(shape).ok_or(OutOfMemory)?;
        let padded = elements.checked_next_multiple_of(ACCUMULATORS);
        let padded_bytes = padded.and_then(|padded| padded.checked_mul(size_of::<f32>()));
        let Some(padded_bytes) = padded_bytes else {
            return Err(OutOfMemory);
        };
        *extent = Extent {
            bytes: elements * size_of::<f32>(),
            padded_bytes,
            count: elements as f32,
        };
    }
    Ok(extents)
}

impl Frame {
    /// Makes the frame fit a call.
    ///
    /// # Errors
    /// [`OutOfMemory`] if a buffer does not fit in memory.
    pub(crate) fn prepare(
        &mut self,
        dimensions: Dimensions,
        extents: &Extents,
        buffers: &[Shape],
    ) -> Result<(), OutOfMemory> {
        if self.dimensions == Some(dimensions) {
            return Ok(());
        }
        self.dimensions = None;
        self.buffers.resize_with(buffers.len(), Vec::new);
        for (buffer, &shape) in self.buffers.iter_mut().zip(buffers) {
            let length = storage_length(shape, extents);
            buffer.clear();
            buffer.try_reserve_exact(length).map_err(|_| OutOfMemory)?;
            buffer.resize(length, 0.0);
        }
        self.extents = *extents;
        self.dimensions = Some(dimensions);
        Ok(())
    }

    /// Room for so many numbers, which grows to what is asked for and stays so.
    pub(crate) fn slots_of(&mut self, numbers: usize) -> &mut [f32] {
        if self.slots.len() < numbers {
            self.slots.resize(numbers, 0.0);
        }
        &mut self.slots
    }

    /// Whether the last call had these dimensions.
    pub(crate) fn is_for(&self, dimensions: Dimensions) -> bool {
        self.dimensions == Some(dimensions)
    }
}

impl Clone for Frame {
    /// A frame for another kernel: there is nothing to keep.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The length of a value's storage: 1 for a scalar, whole rows for all else.
pub(crate) const fn storage_length(shape: Shape, extents: &Extents) -> usize {
    if shape.is_scalar() {
        1
    } else {
        extents[shape as usize].padded()
    }
}

/// A matrix op with the memory that it works on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixCall {
    pub(crate) step: MatrixStep,
    operands: [(Place, Shape); MAX_ARITY],
    pub(crate) result: (Place, Shape),
}

impl MatrixCall {
    /// Finds the places of a step of `schedule`.
    pub(crate) fn new(function: &Function, schedule: &Schedule, step: MatrixStep) -> Self {
        let place = |value: crate::function::Value| match schedule.places[value.index()] {
            Some(place) => (place, function.shape(value)),
            None => unreachable!("the schedule puts operands and results of matrix ops in memory"),
        };
        let result = place(step.result);
        let mut operands = [result; MAX_ARITY];
        for (operand, &value) in operands.iter_mut().zip(step.operands.as_slice()) {
            *operand = place(value);
        }
        Self {
            step,
            operands,
            result,
        }
    }

    /// The places of the operands.
    pub(crate) fn operands(&self) -> &[(Place, Shape)] {
        &self.operands[..self.step.operands.as_slice().len()]
    }

    /// Runs the op over memory that `read` finds, to `result`.
    pub(crate) fn run<'a>(
        &self,
        dimensions: Dimensions,
        read: impl Fn(Place) -> &'a [f32],
        result: &mut [f32],
        workspace: &mut Workspace,
    ) {
        let extent = |shape: Shape| {
            (
                dimensions.extent(shape.rows()),
                dimensions.extent(shape.columns()),
            )
        };
        let mut operands = [Matrix {
            data: &[],
            rows: 0,
            columns: 0,
        }; MAX_ARITY];
        let placed = self.operands();
        for (operand, &(place, shape)) in operands.iter_mut().zip(placed) {
            let (rows, columns) = extent(shape);
            *operand = Matrix {
                data: &read(place)[..rows * columns],
                rows,
                columns,
            };
        }
        let (rows, columns) = extent(self.result.1);
        let mut target = MatrixMut {
            data: &mut result[..rows * columns],
            rows,
            columns,
        };
        self.step
            .op
            .evaluate(&operands[..placed.len()], &mut target, workspace);
    }
}

/// The memory at a place.
pub(crate) fn read_at<'a>(
    place: Place,
    arguments: &'a [Argument<'_>],
    buffers: &'a [Vec<f32>],
) -> &'a [f32] {
    match place {
        Place::Parameter(parameter) => arguments[parameter.index()].as_slice(),
        Place::Buffer(buffer) => &buffers[buffer],
    }
}
