//! Loops over the elements of a shape: their segments, turns and reductions.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F32X4, I64};
use cranelift_codegen::ir::{self, Block, InstBuilder, MemFlagsData};

use super::{
    ACCUMULATOR_VECTORS, CHUNK_BYTES, Emitter, ROW_BYTES, apply, block_arguments, unaligned,
};
use crate::frame::Extent;
use crate::function::{Definition, Value};
use crate::jit::constants::VECTOR_BYTES;
use crate::jit::lanes::Vectors;
use crate::jit::segments::{CallSegment, LoopSegment, Segment, Segments, Source};
use crate::kernel::CompileError;
use crate::lanes::Lanes;
use crate::ops::{MAX_ARITY, ReductionOp};
use crate::schedule::{Loop, Place, Reduction};
use crate::shape::Shape;

/// An address: `displacement` bytes after `base`.
#[derive(Clone, Copy)]
struct Location {
    base: ir::Value,
    displacement: i32,
}

impl Location {
    /// Where the vector with this index is, of those that begin here.
    const fn vector(self, index: usize) -> Self {
        Self {
            base: self.base,
            displacement: self.displacement + (index * VECTOR_BYTES) as i32,
        }
    }
}

/// Where the elements of a turn are in each place, or in the slots.
type Bases = Vec<(Option<Place>, ir::Value)>;

impl Emitter<'_, '_> {
    /// Loads a field of a shape's extent.
    fn extent(&self, shape: Shape, kind: ir::Type, field_offset: usize) -> ir::Value {
        let offset = (shape as usize * size_of::<Extent>() + field_offset) as i32;
        let (flags, extents) = (MemFlagsData::trusted(), self.extents);
        self.build(|builder| builder.ins().load(kind, flags, extents, offset))
    }

    /// Emits a loop, in as many segments as it takes.
    pub(super) fn emit_loop(&mut self, of_shape: &Loop) -> Result<(), CompileError> {
        let end = self.extent(of_shape.shape, I64, offset_of!(Extent, padded_bytes));
        let Segments { segments, slots } = Segments::new(
            self.function,
            self.schedule,
            of_shape,
            self.elementary_functions,
        );
        self.slots = self.slots.max(slots);
        let lanes = self.lanes::<1>();
        let start = self.build(|builder| builder.ins().iconst(I64, 0));
        let mut initial = vec![start];
        for reduction in &of_shape.reductions {
            let neutral = lanes.constant(reduction.op.neutral());
            let [neutral] = lanes.values(neutral, F32X4);
            initial.extend([neutral; ACCUMULATOR_VECTORS]);
        }
        let accumulators = if let [Segment::Loop(whole)] = &segments[..] {
            self.emit_segment(of_shape, whole, end, &initial)?
        } else {
            self.emit_chunks(of_shape, &segments, end, &initial)?
        };
        let accumulators = accumulators.chunks(ACCUMULATOR_VECTORS);
        for (reduction, accumulators) in of_shape.reductions.iter().zip(accumulators) {
            let count = self.extent(of_shape.shape, F32, offset_of!(Extent, count));
            let count = self.build(|builder| builder.ins().splat(F32X4, count));
            let total = self.finish(reduction.op, accumulators, count);
            self.scalars[reduction.result.index()] = Some(total);
        }
        Ok(())
    }

    /// Emits a loop over chunks, in each of which the segments follow one another; gives the
    /// accumulators at the end.
    fn emit_chunks(
        &mut self,
        of_shape: &Loop,
        segments: &[Segment],
        end: ir::Value,
        initial: &[ir::Value],
    ) -> Result<Vec<ir::Value>, CompileError> {
        let (chunk, after) = self.begin_loop(initial);
        let parameters = self.build(|builder| builder.block_params(chunk).to_vec());
        let (start, mut accumulators) = (parameters[0], parameters[1..].to_vec());
        let chunk_end = self.build(|builder| {
            let chunk_end = builder.ins().iadd_imm_s(start, CHUNK_BYTES as i64);
            builder.ins().umin(chunk_end, end)
        });
        // What is at an offset from the beginning of all elements is found by the same offset.
        let memory = self.address(Place::Buffer(self.schedule.buffers.len()));
        self.chunk_memory = self.build(|builder| builder.ins().isub(memory, start));
        for (number, segment) in segments.iter().enumerate() {
            let mut initial = vec![start];
            match segment {
                Segment::Call(call) => self.call_function(call, start, chunk_end),
                Segment::Loop(segment) if number + 1 == segments.len() => {
                    initial.append(&mut accumulators);
                    accumulators = self.emit_segment(of_shape, segment, chunk_end, &initial)?;
                }
                Segment::Loop(segment) => {
                    self.emit_segment(of_shape, segment, chunk_end, &initial)?;
                }
            }
        }
        self.end_loop(chunk, after, chunk_end, end, &accumulators);
        Ok(accumulators)
    }

    /// Has an elementary function computed for the elements from offset `start` to `end`.
    fn call_function(&self, call: &CallSegment, start: ir::Value, end: ir::Value) {
        let operands = call.operands.iter();
        let mut bases = Bases::new();
        let mut address = |source: Source| {
            let Location { base, displacement } = self.locate(source, start, &mut bases);
            self.build(|builder| builder.ins().iadd_imm_s(base, i64::from(displacement)))
        };
        let operands: Vec<_> = operands.map(|&operand| address(operand)).collect();
        let result = address(call.result);
        let (op, count) = self.build(|builder| {
            let bytes = builder.ins().isub(end, start);
            let count = builder
                .ins()
                .ushr_imm_u(bytes, i64::from(size_of::<f32>().ilog2()));
            (builder.ins().iconst(I64, call.op as i64), count)
        });
        // What the op does not take is not looked at, but has to be there.
        let operand = |index: usize| operands.get(index).copied().unwrap_or(operands[0]);
        let arguments = [op, operand(0), operand(1), operand(2), result, count];
        self.call(self.functions, &arguments);
    }

    /// Emits a segment's loop from the offset that `initial` begins with to `end`. If `initial` goes on
    /// with accumulators, it is the last segment, and gives them at the end.
    fn emit_segment(
        &mut self,
        of_shape: &Loop,
        segment: &LoopSegment,
        end: ir::Value,
        initial: &[ir::Value],
    ) -> Result<Vec<ir::Value>, CompileError> {
        let (body, after) = self.begin_loop(initial);
        let parameters = self.build(|builder| builder.block_params(body).to_vec());
        let (offset, mut accumulators) = (parameters[0], parameters[1..].to_vec());
        // A short body has the processor overlap its turns, and compiles in half the time.
        let width = if accumulators.is_empty() {
            self.turn::<1>(of_shape, segment, offset, &mut accumulators)?;
            1
        } else {
            self.turn::<2>(of_shape, segment, offset, &mut accumulators)?;
            2
        };
        let step_bytes = (width * VECTOR_BYTES) as i64;
        let next = self.build(|builder| builder.ins().iadd_imm_s(offset, step_bytes));
        self.end_loop(body, after, next, end, &accumulators);
        Ok(accumulators)
    }

    /// Begins a loop's body, with parameters that are `initial` at first; gives it and the block after.
    fn begin_loop(&self, initial: &[ir::Value]) -> (Block, Block) {
        self.build(|builder| {
            let (body, after) = (builder.create_block(), builder.create_block());
            for &value in initial {
                let lanes = builder.func.dfg.value_type(value);
                builder.append_block_param(body, lanes);
            }
            builder.ins().jump(body, &block_arguments(initial));
            builder.switch_to_block(body);
            (body, after)
        })
    }

    /// Takes another turn from offset `next` on while it is below `end`, and then goes on after the
    /// loop.
    fn end_loop(
        &self,
        body: Block,
        after: Block,
        next: ir::Value,
        end: ir::Value,
        accumulators: &[ir::Value],
    ) {
        let mut arguments = block_arguments(&[next]);
        arguments.extend(block_arguments(accumulators));
        self.build(|builder| {
            let again = builder.ins().icmp(IntCC::UnsignedLessThan, next, end);
            builder.ins().brif(again, body, &arguments, after, &[]);
            builder.switch_to_block(after);
        });
    }

    /// Where the elements at `offset` are. Each base is computed once for as long as `bases` are kept.
    fn locate(&self, source: Source, offset: ir::Value, bases: &mut Bases) -> Location {
        let (place, displacement) = match source {
            Source::Place(place) => (Some(place), 0),
            Source::Slot(slot) => (None, (slot * CHUNK_BYTES) as i32),
        };
        let known = bases.iter().find(|(known, _)| *known == place);
        if let Some(&(_, base)) = known {
            return Location { base, displacement };
        }
        let start = place.map_or(self.chunk_memory, |place| self.address(place));
        let base = self.build(|builder| builder.ins().iadd(start, offset));
        bases.push((place, base));
        Location { base, displacement }
    }

    /// Emits one turn of a loop, for the elements at `offset`, and leaves in `accumulators` what the
    /// next turn begins with.
    fn turn<const WIDTH: usize>(
        &self,
        of_shape: &Loop,
        segment: &LoopSegment,
        offset: ir::Value,
        accumulators: &mut [ir::Value],
    ) -> Result<(), CompileError> {
        let lanes = self.lanes::<WIDTH>();
        let mut bases = Bases::new();
        let mut tensors: Vec<Option<Vectors<WIDTH>>> = vec![None; self.function.values().len()];
        for &(value, source) in &segment.taken {
            let location = self.locate(source, offset, &mut bases);
            let taken = Vectors::Each(std::array::from_fn(|index| self.load(location, index)));
            tensors[value.index()] = Some(taken);
        }
        for &value in &segment.tensors {
            let emitted = match (
                self.schedule.places[value.index()],
                self.function.definition(value),
            ) {
                (Some(place), _) if self.schedule.is_loaded(of_shape, value) => {
                    let location = self.locate(Source::Place(place), offset, &mut bases);
                    Vectors::Each(std::array::from_fn(|index| self.load(location, index)))
                }
                (_, Definition::Apply { op, operands }) => {
                    let operand = |value| self.operand(&tensors, value);
                    apply(&lanes, *op, operands.as_slice(), operand)
                }
                (_, Definition::Load(_) | Definition::Constant(_)) => {
                    unreachable!("a load is in memory, and a constant is a scalar")
                }
            };
            tensors[value.index()] = Some(emitted);
            self.check_size()?;
        }
        if !accumulators.is_empty() {
            let masks = self.masks(of_shape.shape, offset, WIDTH * VECTOR_BYTES);
            let accumulators = accumulators.chunks_mut(ACCUMULATOR_VECTORS);
            for (reduction, accumulators) in of_shape.reductions.iter().zip(accumulators) {
                let mut elements = [Vectors::Constant(0); MAX_ARITY];
                let operands = reduction.operands.as_slice();
                for (element, &operand) in elements.iter_mut().zip(operands) {
                    *element = self.operand(&tensors, operand);
                }
                let elements = &elements[..operands.len()];
                self.accumulate(reduction, accumulators, elements, masks);
            }
        }
        let left = segment.left.iter();
        let left = left.map(|&(value, slot)| (Source::Slot(slot), value));
        let stores = segment.stores.iter();
        let stores = stores.map(|&(place, value)| (Source::Place(place), value));
        for (target, value) in left.chain(stores) {
            let location = self.locate(target, offset, &mut bases);
            let stored = lanes.values(self.operand(&tensors, value), F32X4);
            for (index, vector) in stored.into_iter().enumerate() {
                let Location { base, displacement } = location.vector(index);
                self.build(|builder| {
                    let flags = unaligned();
                    builder.ins().store(flags, vector, base, displacement);
                });
            }
        }
        Ok(())
    }

    /// A tensor's vectors, or a scalar in as many.
    fn operand<const WIDTH: usize>(
        &self,
        tensors: &[Option<Vectors<WIDTH>>],
        value: Value,
    ) -> Vectors<WIDTH> {
        tensors[value.index()].unwrap_or_else(|| match self.scalar(value) {
            Vectors::Constant(bits) => Vectors::Constant(bits),
            Vectors::Each([vector]) => Vectors::Each([vector; WIDTH]),
        })
    }

    /// The vector with this index at `location`.
    fn load(&self, location: Location, index: usize) -> ir::Value {
        let Location { base, displacement } = location.vector(index);
        self.build(|builder| builder.ins().load(F32X4, unaligned(), base, displacement))
    }

    /// Masks, one vector after the other: ones for the elements at `offset`, zeros for padding.
    fn masks(&self, shape: Shape, offset: ir::Value, step_bytes: usize) -> Location {
        let bytes = self.extent(shape, I64, offset_of!(Extent, bytes));
        self.build(|builder| {
            // Not above a turn's elements, and as low as minus a row in the padding.
            let left = builder.ins().isub(bytes, offset);
            let most = builder.ins().iconst(I64, step_bytes as i64);
            let counted = builder.ins().smin(left, most);
            Location {
                base: builder.ins().isub(self.table, counted),
                displacement: ROW_BYTES as i32,
            }
        })
    }

    /// Adds a turn's elements to the foremost accumulators and puts these last. The neutral element
    /// stands in for padding.
    fn accumulate<const WIDTH: usize>(
        &self,
        reduction: &Reduction,
        accumulators: &mut [ir::Value],
        elements: &[Vectors<WIDTH>],
        masks: Location,
    ) {
        let (op, lanes) = (reduction.op, self.lanes::<WIDTH>());
        let element = lanes.values(op.element(&lanes, elements), F32X4);
        let neutral = lanes.constant(op.neutral());
        let kept = Vectors::Each(std::array::from_fn(|index| {
            let element = element[index];
            let mask = self.load(masks, index);
            let kept = self.build(|builder| builder.ins().band(element, mask));
            if op.neutral().to_bits() == 0 {
                return kept;
            }
            let mask = self.load(masks, index);
            let neutral = lanes.values(neutral, F32X4)[index];
            self.build(|builder| {
                let filled = builder.ins().band_not(neutral, mask);
                builder.ins().bor(kept, filled)
            })
        }));
        let foremost = std::array::from_fn(|index| accumulators[index]);
        let combined = op.combine(&lanes, Vectors::Each(foremost), kept);
        accumulators[..WIDTH].copy_from_slice(&lanes.values(combined, F32X4));
        accumulators.rotate_left(WIDTH);
    }

    /// Combines the accumulators in the order that the semantics contract fixes.
    fn finish(&self, op: ReductionOp, accumulators: &[ir::Value], count: ir::Value) -> Vectors<1> {
        let lanes = self.lanes::<1>();
        let combine = |left, right| {
            let (left, right) = (Vectors::Each([left]), Vectors::Each([right]));
            let combined = op.combine(&lanes, left, right);
            lanes.values(combined, F32X4)[0]
        };
        let mut vectors = accumulators.to_vec();
        while vectors.len() > 1 {
            let (left, right) = vectors.split_at(vectors.len() / 2);
            let pairs = left.iter().zip(right);
            vectors = pairs.map(|(&left, &right)| combine(left, right)).collect();
        }
        let lane = |lane: u8| {
            self.build(|builder| {
                let number = builder.ins().extractlane(vectors[0], lane);
                builder.ins().splat(F32X4, number)
            })
        };
        let total = combine(combine(lane(0), lane(2)), combine(lane(1), lane(3)));
        let (total, count) = (Vectors::Each([total]), Vectors::Each([count]));
        op.total(&lanes, total, count)
    }
}
