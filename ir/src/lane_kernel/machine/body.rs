//! What a step does, instruction by instruction, and where it finds elements.

use std::cell::{RefCell, RefMut};

use arrayvec::ArrayVec;

use super::super::code::{SectionCode, Stream};
use super::super::instruction::{Instruction, Location, Task};
use super::super::matrices::Move;
use super::super::storage::Block;
use super::encoder::Encoder;
use super::encoding::{Base, Operand, fetch, steps};
use super::vectors::Vectors;
use crate::jit::{LaneCodeRing, fetching};
use crate::lanes::{ACCUMULATORS, Lanes};
use crate::ops::{MAX_ARITY, ReductionOp};

/// Where elements are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout<'c> {
    /// Elements of cells, which temporaries come after.
    pub(super) cells: usize,
    pub(super) temporaries: usize,
    pub(super) streams: &'c [Stream],
    /// Blocks of lanes: elements of streams are that far apart.
    pub(super) blocks: usize,
}

/// The most elements of the frame, and of a stream in all lanes, so that displacements reach them.
const MOST_ELEMENTS: usize = 1 << 20;

impl Layout<'_> {
    /// Whether there is an address for everything.
    pub(super) fn is_in_reach(&self) -> bool {
        let mut lengths = self.streams.iter().map(|stream| stream.location.length);
        self.streams.len() <= Base::STREAMS.len()
            && self.cells + self.temporaries <= MOST_ELEMENTS
            && lengths.all(|length| length as usize * self.blocks <= MOST_ELEMENTS)
    }

    /// Where a location begins in the frame; nowhere if it is a stream's.
    const fn in_frame(&self, location: Location) -> Option<usize> {
        let start = location.offset as usize;
        match location.region.as_stream() {
            Some(_) => None,
            None if location.region.is_temporary() => Some(self.cells + start),
            None => Some(start),
        }
    }

    /// The address of an element of a stream.
    fn in_stream(&self, stream: usize, location: Location, index: usize) -> Operand {
        let start = self.streams[stream].location.offset;
        let element = (location.offset - start) as usize + index;
        Operand::memory(Base::STREAMS[stream].element(element * self.blocks))
    }
}

/// A register that a scalar of a stream stays in within a step, once it is written.
#[derive(Clone, Copy, Debug)]
struct Recorded {
    stream: usize,
    register: u8,
    is_written: bool,
}

/// Which elements are in registers.
#[derive(Clone, Debug, Default)]
pub(super) struct Homes {
    /// Where each element of the frame is.
    elements: Vec<Operand>,
    /// The registers that instructions write to, a bit for each.
    written: u32,
    recorded: Vec<Recorded>,
}

impl Homes {
    /// Has all elements be in memory.
    fn begin(&mut self, layout: &Layout<'_>) {
        self.elements.clear();
        let places = 0..layout.cells + layout.temporaries;
        self.elements
            .extend(places.map(|place| Operand::memory(Base::FRAME.element(place))));
        self.written = 0;
        self.recorded.clear();
    }

    fn recorded(&self, stream: usize) -> Option<&Recorded> {
        self.recorded.iter().find(|it| it.stream == stream)
    }

    fn recorded_mut(&mut self, stream: usize) -> Option<&mut Recorded> {
        self.recorded.iter_mut().find(|it| it.stream == stream)
    }

    /// Gives registers to elements, scalars first, as long as there are any.
    fn settle(&mut self, sections: &[&SectionCode], layout: &Layout<'_>, encoder: &mut Encoder) {
        // Where there are more, registers are used up before the last comes.
        let mut others: ArrayVec<Location, 32> = ArrayVec::new();
        for section in sections {
            for instruction in &section.instructions {
                for location in instruction.locations() {
                    if location.length == 1 {
                        self.settle_at(location, layout, encoder);
                    } else if !others.contains(&location) && !others.is_full() {
                        others.push(location);
                    }
                }
            }
        }
        for location in others {
            self.settle_at(location, layout, encoder);
        }
    }

    /// Gives registers to the elements of a location, if there are as many.
    fn settle_at(&mut self, location: Location, layout: &Layout<'_>, encoder: &mut Encoder) {
        let Some(start) = layout.in_frame(location) else {
            self.record(location, layout, encoder);
            return;
        };
        let elements = &mut self.elements[start..][..location.length as usize];
        // The first ones may be a location of their own, but for that elements are in registers together.
        let is_settled = elements.last().is_none_or(|last| !last.is_in_memory());
        if !is_settled && encoder.can_spare(location.length) {
            for element in elements.iter_mut().filter(|element| element.is_in_memory()) {
                *element = Operand::register(encoder.take_register());
            }
        }
    }

    /// Gives a register to a scalar of a stream that is written, if there is one.
    fn record(&mut self, location: Location, layout: &Layout<'_>, encoder: &mut Encoder) {
        let Some(stream) = location.region.as_stream() else {
            return;
        };
        let Stream {
            location: whole,
            is_written,
        } = layout.streams[stream];
        let is_recorded = is_written && whole.length == 1;
        if is_recorded && self.recorded(stream).is_none() && encoder.can_spare(1) {
            self.recorded.push(Recorded {
                stream,
                register: encoder.take_register(),
                is_written: false,
            });
        }
    }

    /// For each cell's element that is in a register this, and where it is in memory.
    fn of_cells(&self, layout: &Layout<'_>) -> impl Iterator<Item = (u8, Operand)> {
        let cells = self.elements[..layout.cells].iter().enumerate();
        cells.filter_map(|(place, element)| {
            let cell = Operand::memory(Base::FRAME.element(place));
            Some((element.in_register()?, cell))
        })
    }
}

/// The FLOPs of an element above which it pays to find out how long results on the way to it are needed.
const LEAST_LONG_FLOPS: u32 = 8;

/// The making of a loop over steps.
pub(super) struct Body<'b, 'e> {
    pub(super) encoder: &'b RefCell<&'e mut Encoder>,
    pub(super) homes: &'b mut Homes,
    pub(super) layout: Layout<'b>,
}

impl<'e> Body<'_, 'e> {
    /// Makes the loop, with elements in registers from step to step if that is wanted; whether there is one.
    pub(super) fn assemble(&mut self, sections: &[&SectionCode], keeps_elements: bool) -> bool {
        let layout = self.layout;
        let streams = layout.streams.len();
        self.homes.begin(&layout);
        self.encoder().begin_loop();
        if keeps_elements {
            let encoder = &mut self.encoder.borrow_mut();
            self.homes.settle(sections, &layout, encoder);
        }
        steps::load_addresses(streams, &mut self.encoder().bytes);
        for (register, cell) in self.homes.of_cells(&layout) {
            self.encoder().load(register, cell);
        }
        let start = self.encoder().bytes.len();
        self.fetch_ahead(sections);
        let instructions = sections.iter().flat_map(|section| &section.instructions);
        for instruction in instructions {
            let is_added = self.add(instruction);
            let encoder = self.encoder();
            if !is_added || encoder.is_exhausted || encoder.bytes.len() > LaneCodeRing::MOST_BYTES {
                return false;
            }
        }
        steps::repeat(streams, start, &mut self.encoder().bytes);
        for (register, cell) in self.homes.of_cells(&layout) {
            if self.homes.written >> register & 1 == 1 {
                self.encoder().store(register, cell);
            }
        }
        steps::leave(&mut self.encoder().bytes);
        true
    }

    /// Has what a later step reads of streams fetched, if it is so much that processors do not do so by themselves soon enough. What is
    /// fetched behind the end of an argument does no harm.
    fn fetch_ahead(&self, sections: &[&SectionCode]) {
        let Layout {
            streams, blocks, ..
        } = self.layout;
        let reads = sections.iter().fold(0, |reads, code| reads | code.reads);
        // What is written is mostly what the step before left.
        let read = (0..)
            .zip(streams)
            .filter(|(stream, entry)| reads >> stream & 1 == 1 && !entry.is_written);
        let read = read.map(|(stream, entry)| (stream, entry.location.length as usize));
        let lines: usize = read.clone().map(|(_, length)| length).sum();
        let step_bytes = lines * size_of::<Block>();
        if step_bytes < fetching::LEAST_STEP_BYTES || lines > fetching::MOST_FETCHES {
            return;
        }
        let steps = fetching::FETCHED_BYTES.div_ceil(step_bytes);
        if (steps + 1) * lines * blocks > MOST_ELEMENTS {
            return;
        }
        for (stream, length) in read {
            for element in steps * length..(steps + 1) * length {
                let address = Base::STREAMS[stream as usize].element(element * blocks);
                fetch(address, &mut self.encoder().bytes);
            }
        }
    }

    #[inline]
    pub(super) fn encoder(&self) -> RefMut<'_, &'e mut Encoder> {
        self.encoder.borrow_mut()
    }

    fn vectors(&self) -> Vectors<'_, 'e> {
        Vectors(self.encoder)
    }

    /// Where an element is.
    #[inline]
    fn element(&self, location: Location, index: usize) -> Operand {
        if let Some(start) = self.layout.in_frame(location) {
            return self.homes.elements[start + index];
        }
        match location.region.as_stream() {
            Some(stream) => match self.homes.recorded(stream) {
                Some(recorded) if recorded.is_written => Operand::register(recorded.register),
                _ => self.layout.in_stream(stream, location, index),
            },
            None => unreachable!("what is not in the frame is a stream's"),
        }
    }

    /// Puts what has just been computed, and is not needed elsewhere, where an element is.
    fn settle(&mut self, value: Operand, location: Location, index: usize) {
        let target = self.element(location, index);
        if let Some(stream) = location.region.as_stream()
            && let Some(recorded) = self.homes.recorded_mut(stream)
        {
            recorded.is_written = true;
            let register = Operand::register(recorded.register);
            let memory = self.layout.in_stream(stream, location, index);
            let mut encoder = self.encoder();
            encoder.settle(value, register);
            encoder.put(register, memory);
            return;
        }
        if let Some(register) = target.in_register() {
            self.homes.written |= 1 << register;
        }
        self.encoder().settle(value, target);
    }

    /// Computes an element of the result, and gives registers back that were needed for it.
    fn put_each(
        &mut self,
        result: Location,
        index: usize,
        compute: impl FnOnce(&mut Self) -> Operand,
    ) {
        let were_free = {
            let mut encoder = self.encoder();
            encoder.begin_element();
            encoder.free
        };
        let value = compute(self);
        self.settle(value, result, index);
        self.encoder().free = were_free;
    }

    /// Adds an instruction; false if that cannot be done.
    fn add(&mut self, instruction: &Instruction) -> bool {
        let Instruction {
            task,
            extents,
            operands,
            result,
        } = *instruction;
        let [first, second, _] = operands;
        let count = result.length as usize;
        let (rows, columns) = (extents.rows as usize, extents.columns as usize);
        match task {
            Task::Elementwise(op) => {
                let value = |body: &Self, index: usize| {
                    let arity = op.arity();
                    let mut elements = [Operand::register(0); MAX_ARITY];
                    for (element, &operand) in elements.iter_mut().zip(&operands[..arity]) {
                        // A scalar stands for as many elements as there are.
                        let place = if operand.length == 1 { 0 } else { index };
                        *element = body.element(operand, place);
                    }
                    op.evaluate(&body.vectors(), &elements[..arity])
                };
                let is_long = op.flops_per_element() > LEAST_LONG_FLOPS;
                if is_long {
                    self.encoder().lifetimes.find();
                    value(self, 0);
                    self.encoder().lifetimes.follow();
                }
                for index in 0..count {
                    self.put_each(result, index, |body| value(body, index));
                }
                if is_long {
                    self.encoder().lifetimes.forget();
                }
            }
            Task::Reduction(op) => {
                for row in 0..count {
                    self.put_each(result, row, |body| {
                        body.reduction(op, (operands, row), columns)
                    });
                }
            }
            Task::Copy => {
                for index in 0..count {
                    self.put_each(result, index, |body| body.element(first, index));
                }
            }
            Task::Fill => {
                for index in 0..count {
                    self.put_each(result, index, |body| body.element(first, 0));
                }
            }
            Task::Move(what) => {
                for index in 0..count {
                    let source = match what {
                        Move::Transposed => index % columns * rows + index / columns,
                        Move::EachColumn => index / columns,
                        Move::EachRow => index % columns,
                    };
                    self.put_each(result, index, |body| body.element(first, source));
                }
            }
            Task::Outer => {
                for index in 0..count {
                    self.put_each(result, index, |body| {
                        let left = body.element(first, index / columns);
                        let right = body.element(second, index % columns);
                        body.chain([(left, right)].into_iter())
                    });
                }
            }
            Task::Product { transposed } => {
                let depth = extents.depth as usize;
                for index in 0..count {
                    let (row, column) = (index / columns, index % columns);
                    self.put_each(result, index, |body| {
                        let factors = (0..depth).map(|place| {
                            let left = match transposed[0] {
                                true => place * rows + row,
                                false => row * depth + place,
                            };
                            let right = match transposed[1] {
                                true => column * depth + place,
                                false => place * columns + column,
                            };
                            (body.element(first, left), body.element(second, right))
                        });
                        body.chain(factors)
                    });
                }
            }
            Task::LaneByLane => return false,
        }
        true
    }

    /// The sum of products, each added to those before, from 0 on.
    fn chain(&self, factors: impl Iterator<Item = (Operand, Operand)>) -> Operand {
        let sum = self.encoder().zero();
        for (left, right) in factors {
            self.encoder().multiply_add(sum, left, right);
        }
        Operand::register(sum)
    }

    /// A reduction of so many elements of each operand: of its only row, or of one of many.
    fn reduction(
        &self,
        op: ReductionOp,
        (operands, row): ([Location; MAX_ARITY], usize),
        count: usize,
    ) -> Operand {
        let lanes = self.vectors();
        let neutral = lanes.constant(op.neutral());
        let starts_neutral = op
            .begins_with_neutral()
            .then(|| ReductionOp::least_deep(count));
        let arity = op.arity();
        let element = |index: usize| {
            let mut elements = [Operand::register(0); MAX_ARITY];
            for (element, &operand) in elements.iter_mut().zip(&operands[..arity]) {
                let is_single = operand.length as usize == count;
                let start = if is_single { 0 } else { row * count };
                *element = self.element(operand, start + index);
            }
            let element = op.element(&lanes, &elements[..arity]);
            match starts_neutral == Some(index) {
                true => op.combine(&lanes, neutral, element),
                false => element,
            }
        };
        let total = match count {
            0 => neutral,
            _ => self.node(op, 0, 1, count, &element),
        };
        op.total(&lanes, total, lanes.constant(count as f32))
    }

    /// What is in accumulator `number` when those at a distance of `distance` and more have been combined with it. Of what it took, only
    /// that stays in a register.
    fn node(
        &self,
        op: ReductionOp,
        number: usize,
        mut distance: usize,
        count: usize,
        element: &dyn Fn(usize) -> Operand,
    ) -> Operand {
        // Where nothing is that far away, it is what is in the accumulator when those further away have been combined with it.
        while distance < ACCUMULATORS && number + distance >= count {
            distance *= 2;
        }
        let were_free = self.encoder().free;
        let lanes = self.vectors();
        let total = if distance == ACCUMULATORS {
            let mut chain = element(number);
            for index in (number + ACCUMULATORS..count).step_by(ACCUMULATORS) {
                chain = op.combine(&lanes, chain, element(index));
                self.encoder().keep_only(chain, were_free);
            }
            chain
        } else {
            let left = self.node(op, number, 2 * distance, count, element);
            let right = self.node(op, number + distance, 2 * distance, count, element);
            op.combine(&lanes, left, right)
        };
        self.encoder().keep_only(total, were_free);
        total
    }
}
