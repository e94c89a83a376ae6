//! Lane code: what runs as it is written.
//!
//! For budgets of microseconds, making a [`Function`] of a program and a kernel of that
//! takes longer than all that it computes. Lane code is a program's own instructions over a program's own
//! cells: adding one takes some tens of nanoseconds, and it can run at once. What runs for longer can be
//! [assembled](LaneCode::assemble) first.
//!
//! ```text
//!  cells, constants ───┐            section: op place op place …
//!  streams of a run ───┤                      │ push
//!                      ▼                      ▼
//!   LaneCode::run:  for each step: the sections in order, on all lanes
//! ```
//!
//! Beside that, it is what [`LaneKernel`](super::LaneKernel) makes of a function to interpret it.

use std::ops::Range;

use super::assemble::{Assembly, Placed};
use super::instruction::{Instruction, Location, Region};
use super::machine::Workbench;
use super::run::BLOCKS_AT_A_TIME;
use super::storage::Storage;
use super::{BLOCK, lane_stride};
use crate::function::{Constant, Function, MAX_PARAMETERS};
use crate::ops::{MAX_ARITY, Op, TypeError};
use crate::shape::{Dimensions, Shape};

/// A cell, a constant or a stream of some [`LaneCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u32);

/// A list of instructions of some [`LaneCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Section(u32);

/// An instruction that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LaneCodeError {
    /// The op does not take such operands.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// The result does not fit where it should go.
    #[error("`{mnemonic}` gives a {result}, which a {destination} does not hold")]
    Destination {
        /// The op's mnemonic.
        mnemonic: &'static str,
        /// The shape of its result.
        result: Shape,
        /// The shape of the place.
        destination: Shape,
    },
    /// The result should go to a constant.
    #[error("`{mnemonic}` cannot write to a constant")]
    Constant {
        /// The op's mnemonic.
        mnemonic: &'static str,
    },
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceKind {
    Cell,
    Constant(Constant),
    /// Which one.
    Stream(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceEntry {
    pub(super) placed: Placed,
    pub(super) kind: PlaceKind,
}

/// A stream: an argument of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    /// Where a step's content is put for the code to work on.
    pub(super) location: Location,
    pub(super) is_written: bool,
}

/// A section's instructions, and which streams they use, a bit for each.
#[derive(Clone, Debug, Default)]
pub(super) struct SectionCode {
    pub(super) instructions: Vec<Instruction>,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

// There is a bit for each stream.
const _: () = assert!(MAX_PARAMETERS <= u64::BITS as usize);

/// Register code over lanes, and the cells that it works on.
///
/// A place holds a value of a [`Shape`] for each lane, stored as the [module](super) says. Cells keep what
/// they hold from step to step and from run to run; they begin as zeros.
///
/// ```
/// use mlevolve_ir::lane_kernel::{LaneArgument, LaneCode, lane_stride};
/// use mlevolve_ir::ops::{ElementwiseOp, Op, ReductionOp};
/// use mlevolve_ir::{Dimensions, Shape};
///
/// // A linear prediction of three features, for ten learners.
/// let mut code = LaneCode::new(Dimensions::new(3, 1), 10);
/// let w = code.cell(Shape::Column);
/// let x = code.stream(Shape::Column);
/// let y = code.stream(Shape::Scalar);
/// let predict = code.section();
/// code.push(predict, Op::Reduction(ReductionOp::Dot), &[w, x], y)?;
/// code.fill(w, 2.0);
///
/// let (steps, stride) = (5, lane_stride(10));
/// let examples = vec![1.0; steps * 3 * stride];
/// let mut predictions = vec![0.0; steps * stride];
/// code.run(&[predict], steps, &mut [
///     LaneArgument::ReadEach(&examples),
///     LaneArgument::WriteEach(&mut predictions),
/// ])?;
/// assert_eq!(predictions[stride + 9], 6.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LaneCode {
    dimensions: Dimensions,
    pub(super) lanes: usize,
    pub(super) places: Vec<PlaceEntry>,
    pub(super) streams: Vec<Stream>,
    /// Those past `section_count` are kept for their memory.
    pub(super) sections: Vec<SectionCode>,
    pub(super) section_count: usize,
    /// Cells, constants and streams, for each block of lanes.
    pub(super) cells: Vec<Storage>,
    pub(super) temporaries: Storage,
    /// Room for what is computed in several steps at once.
    pub(super) abreast: Storage,
    pub(super) assembly: Assembly,
    pub(super) workbench: Workbench,
    /// Blocks among the cells that machine code has for itself.
    pub(super) spare: Range<usize>,
}

impl LaneCode {
    /// No code yet, over values that these dimensions give their extents, in so many lanes.
    ///
    /// # Panics
    /// If there are no lanes, or one of the dimensions is 0.
    #[must_use]
    pub fn new(dimensions: Dimensions, lanes: usize) -> Self {
        assert!(lanes > 0, "lane code without lanes");
        assert!(
            dimensions.rows > 0 && dimensions.columns > 0,
            "lane code over values without elements: {dimensions}"
        );
        Self {
            dimensions,
            lanes,
            places: Vec::new(),
            streams: Vec::new(),
            sections: Vec::new(),
            section_count: 0,
            cells: vec![Storage::default(); lane_stride(lanes) / BLOCK],
            temporaries: Storage::default(),
            abreast: Storage::default(),
            assembly: Assembly::new(dimensions),
            workbench: Workbench::default(),
            spare: 0..0,
        }
    }

    /// Forgets places and sections, and what was [assembled](Self::assemble), and keeps the memory that they took.
    pub fn clear(&mut self) {
        self.places.clear();
        self.streams.clear();
        for cells in &mut self.cells {
            cells.clear();
        }
        self.spare = 0..0;
        self.clear_sections();
    }

    /// Forgets all sections, and what was [assembled](Self::assemble). Places stay, with what they hold.
    pub fn clear_sections(&mut self) {
        self.section_count = 0;
        self.workbench.clear();
        self.assembly.gathering.clear();
        for stream in &mut self.streams {
            stream.is_written = false;
        }
    }

    /// The dimensions.
    #[must_use]
    pub const fn dimensions(&self) -> Dimensions {
        self.dimensions
    }

    /// How many lanes there are, padding not counted.
    #[must_use]
    pub const fn lanes(&self) -> usize {
        self.lanes
    }

    /// How many numbers a value of this shape takes, padding between lanes included.
    ///
    /// # Panics
    /// If they are more than memory holds.
    #[must_use]
    pub fn storage_len(&self, shape: Shape) -> usize {
        self.assembly.length(shape) as usize * lane_stride(self.lanes)
    }

    /// A new cell. It holds zeros.
    ///
    /// # Panics
    /// If memory does not hold it.
    pub fn cell(&mut self, shape: Shape) -> Place {
        self.in_cells(shape, PlaceKind::Cell)
    }

    /// A scalar that holds `value` in every lane and is never written.
    ///
    /// # Panics
    /// If memory does not hold it.
    pub fn constant(&mut self, value: f32) -> Place {
        let constant = Constant::new(value);
        let kind = PlaceKind::Constant(constant);
        if let Some(index) = self.places.iter().position(|place| place.kind == kind) {
            return Place(narrow(index));
        }
        let place = self.in_cells(Shape::Scalar, kind);
        self.fill_location(self.placed(place).location, constant.value());
        place
    }

    fn in_cells(&mut self, shape: Shape, kind: PlaceKind) -> Place {
        let length = self.assembly.length(shape);
        let region = match kind {
            PlaceKind::Stream(index) => Region::stream(index),
            PlaceKind::Cell | PlaceKind::Constant(_) => Region::CELLS,
        };
        let offset = narrow(self.cells[0].len());
        for cells in &mut self.cells {
            cells.grow(length as usize);
        }
        let location = Location {
            region,
            offset,
            length,
        };
        let placed = Placed { shape, location };
        self.places.push(PlaceEntry { placed, kind });
        Place(narrow(self.places.len() - 1))
    }

    /// A place whose content is the next argument of a [run](Self::run): what was declared first is the
    /// first argument.
    ///
    /// # Panics
    /// If there are as many streams as a function can have parameters already.
    pub fn stream(&mut self, shape: Shape) -> Place {
        assert!(self.streams.len() < MAX_PARAMETERS, "too many streams");
        let kind = PlaceKind::Stream(narrow(self.streams.len()));
        let place = self.in_cells(shape, kind);
        self.streams.push(Stream {
            location: self.placed(place).location,
            is_written: false,
        });
        place
    }

    /// A new section, without instructions.
    pub fn section(&mut self) -> Section {
        match self.sections.get_mut(self.section_count) {
            Some(section) => {
                section.instructions.clear();
                (section.reads, section.writes) = (0, 0);
            }
            None => self.sections.push(SectionCode::default()),
        }
        self.section_count += 1;
        Section(narrow(self.section_count - 1))
    }

    /// How many instructions a section has; a composite op is several.
    ///
    /// # Panics
    /// If this code has no such section.
    #[must_use]
    pub fn instruction_count(&self, section: Section) -> usize {
        self.section_code(section).instructions.len()
    }

    pub(super) fn section_code(&self, section: Section) -> &SectionCode {
        &self.sections[..self.section_count][section.index()]
    }

    fn section_code_mut(&mut self, section: Section) -> &mut SectionCode {
        &mut self.sections[..self.section_count][section.index()]
    }

    /// The shape of a place.
    ///
    /// # Panics
    /// If this code has no such place.
    #[must_use]
    pub fn shape(&self, place: Place) -> Shape {
        self.places[place.index()].placed.shape
    }

    /// Adds `destination = op(operands)` to a section. The destination may be an operand. If it is not a
    /// scalar and the result is, the result fills it.
    ///
    /// # Errors
    /// [`LaneCodeError`] if the op does not take such operands, or the destination does not hold the result
    /// or is a constant; nothing has been added then.
    ///
    /// # Panics
    /// If this code has no such section or place.
    pub fn push(
        &mut self,
        section: Section,
        op: Op,
        operands: &[Place],
        destination: Place,
    ) -> Result<(), LaneCodeError> {
        if operands.len() > MAX_ARITY {
            return Err(LaneCodeError::Type(TypeError::Arity {
                mnemonic: op.mnemonic(),
                expected: op.arity(),
                found: operands.len(),
            }));
        }
        let mut shapes = [Shape::Scalar; MAX_ARITY];
        let mut locations = [Location::NONE; MAX_ARITY];
        for (index, operand) in operands.iter().enumerate() {
            let Placed { shape, location } = self.placed(*operand);
            (shapes[index], locations[index]) = (shape, location);
        }
        let shapes = &shapes[..operands.len()];
        let result = op.result_shape(shapes)?;
        let target = self.destination(destination, op.mnemonic(), result)?;
        self.mark_used(section, &locations, target.location);
        self.assembly.scratch.begin();
        match op {
            Op::Elementwise(_) | Op::Reduction(_) | Op::Matrix(_) => {
                self.emit(section, op, (shapes, locations), result, target.location);
            }
            Op::Composite(op) => {
                let expansion = self.assembly.expansion(op, shapes);
                let mut parameters = [target; MAX_ARITY + 1];
                for (parameter, operand) in parameters.iter_mut().zip(operands) {
                    *parameter = self.placed(*operand);
                }
                self.append(section, &expansion, &parameters[..=operands.len()]);
            }
        }
        self.make_room();
        Ok(())
    }

    /// Where a result of this shape goes.
    fn destination(
        &self,
        destination: Place,
        mnemonic: &'static str,
        result: Shape,
    ) -> Result<Placed, LaneCodeError> {
        let PlaceEntry { placed, kind } = self.places[destination.index()];
        match kind {
            PlaceKind::Constant(_) => return Err(LaneCodeError::Constant { mnemonic }),
            PlaceKind::Cell | PlaceKind::Stream(_) => {}
        }
        if !placed.shape.holds(result) {
            return Err(LaneCodeError::Destination {
                mnemonic,
                result,
                destination: placed.shape,
            });
        }
        Ok(placed)
    }

    /// Adds a section that does what a function without composite ops does, with a stream for each of its
    /// parameters.
    pub(super) fn push_function(&mut self, function: &Function) -> Section {
        let parameters = function.parameters().iter();
        let places: Vec<Placed> = parameters
            .map(|parameter| {
                let place = self.stream(parameter.shape);
                self.placed(place)
            })
            .collect();
        let section = self.section();
        for (placed, parameter) in places.iter().zip(function.parameters()) {
            if parameter.access.is_read() {
                self.mark_used(section, &[placed.location], Location::NONE);
            }
            if parameter.access.is_written() {
                self.mark_used(section, &[], placed.location);
            }
        }
        self.assembly.scratch.begin();
        self.append(section, function, &places);
        self.make_room();
        section
    }

    /// Adds `destination = source` to a section. A scalar fills the destination.
    ///
    /// # Errors
    /// [`LaneCodeError`] if the destination does not hold the source or is a constant; nothing has been
    /// added then.
    ///
    /// # Panics
    /// If this code has no such section or place.
    pub fn push_copy(
        &mut self,
        section: Section,
        source: Place,
        destination: Place,
    ) -> Result<(), LaneCodeError> {
        let source = self.placed(source);
        let target = self.destination(destination, "copy", source.shape)?;
        self.mark_used(section, &[source.location], target.location);
        self.emit_copy(section, source.location, target.location);
        Ok(())
    }

    /// Notes which streams an instruction of a section uses.
    fn mark_used(&mut self, section: Section, sources: &[Location], target: Location) {
        let reads = sources
            .iter()
            .filter_map(|source| source.region.as_stream());
        let reads: u64 = reads.fold(0, |reads, stream| reads | 1 << stream);
        let code = &mut self.sections[..self.section_count][section.index()];
        code.reads |= reads;
        if let Some(stream) = target.region.as_stream() {
            code.writes |= 1 << stream;
            self.streams[stream].is_written = true;
        }
    }

    /// The shape and the memory of a place.
    pub(super) fn placed(&self, place: Place) -> Placed {
        self.places[place.index()].placed
    }

    /// Adds an instruction as it is.
    pub(super) fn add(&mut self, section: Section, instruction: Instruction) {
        self.section_code_mut(section)
            .instructions
            .push(instruction);
    }

    /// Sees to it that temporaries have memory.
    pub(super) fn make_room(&mut self) {
        // Blocks of lanes that take a step together have temporaries each.
        let needed = self.assembly.scratch.most() as usize * self.cells.len().min(BLOCKS_AT_A_TIME);
        let missing = needed.saturating_sub(self.temporaries.len());
        if missing > 0 {
            self.temporaries.grow(missing);
        }
    }
}

impl Place {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Section {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Narrows a position in a table or a number of blocks.
pub(super) fn narrow(index: usize) -> u32 {
    match u32::try_from(index) {
        Ok(index) => index,
        Err(_) => panic!("lane code has no room for {index}"),
    }
}
