//! From a function's schedule to Cranelift's intermediate form.
//!
//! A scalar is a vector of four equal lanes, and a tensor's vector holds four neighbouring elements,
//! so one set of meanings serves both. A loop handles a few vectors a turn, side by side.
//!
//! ```text
//! entry:                           addresses of arguments and buffers, scalars of stage 0
//! loop 0 (offset, accumulators…):  a few vectors; again while offset < padded bytes
//! after 0:                         totals of the reductions, calls of matrix routines, scalars of stage 1
//!   ⋮
//! after L:                         scalar stores, return
//! ```
//!
//! A reduction has sixteen accumulators, four vectors. Each turn adds to the foremost and passes
//! them on to the back; storage is padded to whole rows of sixteen, so at the end of the loop all
//! are at their places again. The body need not be repeated for a whole row, which would make the
//! code longer and compiling slower.

use std::cell::RefCell;
use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F32X4, I64};
use cranelift_codegen::ir::{self, AbiParam, BlockArg, InstBuilder, MemFlagsData, Signature};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::constants::{ConstantTable, LANES, VECTOR_BYTES};
use super::lanes::{CraneliftLanes, Vectors};
use crate::frame::{Extent, MatrixCall};
use crate::function::{Definition, Function, Value};
use crate::kernel::CompileError;
use crate::lanes::{ACCUMULATORS, Lanes};
use crate::ops::{ElementwiseOp, MAX_ARITY, Op, ReductionOp};
use crate::schedule::{Loop, Place, Reduction, Schedule, Stage};
use crate::shape::Shape;

/// The most instructions of a function before optimisation. So many take Cranelift some tenths of a
/// second, since its time grows faster than they do; a function of a hundred ops has a few thousand.
const MAX_INSTRUCTIONS: usize = 1 << 16;

/// The cost of an op, in FLOPs per element, from which on it is a chain that is worth having two of
/// side by side.
const LONG_CHAIN: u32 = 8;

/// Vectors of a reduction's accumulators.
const ACCUMULATOR_VECTORS: usize = ACCUMULATORS / LANES;

/// Bytes of a row of elements, one for each accumulator.
const ROW_BYTES: usize = ACCUMULATOR_VECTORS * VECTOR_BYTES;

/// The signature of compiled code: `(addresses, constants, extents, routine, context)`, as
/// [`Code`](super::Code) calls it.
pub(super) fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(isa.pointer_type()); 5];
    signature
}

/// The signature of `routine`: `(context, number of the matrix op)`.
fn routine_signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(isa.pointer_type()); 2];
    signature
}

/// What a function becomes beside its code.
pub(super) struct Emitted {
    pub(super) constants: ConstantTable,
    /// By number.
    pub(super) matrix_calls: Vec<MatrixCall>,
}

/// How long the shape of a loop is.
#[derive(Clone, Copy)]
struct Bounds {
    /// What the elements take, and what they take with padding.
    bytes: ir::Value,
    padded_bytes: ir::Value,
    /// The number of elements, in each lane.
    count: ir::Value,
}

struct Emitter<'a, 'b> {
    function: &'a Function,
    schedule: &'a Schedule,
    builder: &'a RefCell<FunctionBuilder<'b>>,
    constants: &'a RefCell<ConstantTable>,
    /// The address of each parameter's storage, then of each buffer.
    addresses: Vec<ir::Value>,
    table: ir::Value,
    /// The address of the extents of all shapes.
    extents: ir::Value,
    /// What runs a matrix op, and what it takes.
    routine: ir::Value,
    routine_signature: ir::SigRef,
    context: ir::Value,
    matrix_calls: Vec<MatrixCall>,
    /// The scalars emitted so far, by value: vectors of equal lanes.
    scalars: Vec<Option<Vectors<1>>>,
}

/// Fills in the body of `code`, whose signature is [`signature`]'s.
pub(super) fn emit(
    function: &Function,
    schedule: &Schedule,
    isa: &dyn TargetIsa,
    code: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Result<Emitted, CompileError> {
    let mut builder = FunctionBuilder::new(code, context);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let [addresses, table, extents, routine, routine_context] = *builder.block_params(entry) else {
        unreachable!("the signature has five parameters");
    };
    let pointer = isa.pointer_type();
    let places = function.parameters().len() + schedule.buffers.len();
    let addresses = (0..places).map(|index| {
        let offset = (index * size_of::<*mut f32>()) as i32;
        let flags = MemFlagsData::trusted();
        builder.ins().load(pointer, flags, addresses, offset)
    });
    let addresses = addresses.collect();
    let routine_signature = builder.import_signature(routine_signature(isa));
    let builder = RefCell::new(builder);
    let constants = RefCell::new(ConstantTable::new());
    let mut emitter = Emitter {
        function,
        schedule,
        builder: &builder,
        constants: &constants,
        addresses,
        table,
        extents,
        routine,
        routine_signature,
        context: routine_context,
        matrix_calls: Vec::new(),
        scalars: vec![None; function.values().len()],
    };
    for stage in &schedule.stages {
        emitter.stage(stage)?;
    }
    emitter.store_scalars(schedule);
    let matrix_calls = emitter.matrix_calls;
    let mut builder = builder.into_inner();
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    Ok(Emitted {
        constants: constants.into_inner(),
        matrix_calls,
    })
}

impl<'a, 'b> Emitter<'a, 'b> {
    /// What emits so many vectors side by side. Scalars take one.
    fn lanes<const WIDTH: usize>(&self) -> CraneliftLanes<'a, 'b, WIDTH> {
        CraneliftLanes::new(self.builder, self.constants, self.table)
    }

    fn build<T>(&self, build: impl FnOnce(&mut FunctionBuilder<'b>) -> T) -> T {
        build(&mut self.builder.borrow_mut())
    }

    /// Refuses to go on where compiling would take too long.
    fn check_size(&self) -> Result<(), CompileError> {
        if self.build(|builder| builder.func.dfg.num_insts()) > MAX_INSTRUCTIONS {
            return Err(CompileError::TooLarge {
                function: self.function.name().to_owned(),
                limit: MAX_INSTRUCTIONS,
            });
        }
        Ok(())
    }

    fn scalar(&self, value: Value) -> Vectors<1> {
        match self.scalars[value.index()] {
            Some(scalar) => scalar,
            None => unreachable!("the schedule puts operands first"),
        }
    }

    fn stage(&mut self, stage: &Stage) -> Result<(), CompileError> {
        for &value in &stage.scalars {
            let scalar = match self.function.definition(value) {
                Definition::Load(parameter) => self.load_scalar(self.addresses[parameter.index()]),
                Definition::Constant(constant) => Vectors::Constant(constant.bits()),
                Definition::Apply { op, operands } => {
                    let operand = |value| self.scalar(value);
                    apply(&self.lanes(), *op, operands.as_slice(), operand)
                }
            };
            self.scalars[value.index()] = Some(scalar);
            self.check_size()?;
        }
        for of_shape in &stage.loops {
            // A short body has the processor overlap its turns, and compiles in half the time.
            if of_shape.reductions.is_empty() && !self.has_long_chain(of_shape) {
                self.emit_loop::<1>(of_shape)?;
            } else {
                self.emit_loop::<2>(of_shape)?;
            }
        }
        for &step in &stage.matrix_ops {
            self.matrix_call(MatrixCall::new(self.function, self.schedule, step));
        }
        Ok(())
    }

    fn has_long_chain(&self, of_shape: &Loop) -> bool {
        let mut computed = of_shape
            .tensors
            .iter()
            .filter(|&&value| !self.schedule.is_loaded(of_shape, value));
        computed.any(|&value| match self.function.definition(value) {
            Definition::Load(_) | Definition::Constant(_) => false,
            Definition::Apply { op, .. } => elementwise(*op).flops_per_element() >= LONG_CHAIN,
        })
    }

    fn address(&self, place: Place) -> ir::Value {
        match place {
            Place::Parameter(parameter) => self.addresses[parameter.index()],
            Place::Buffer(buffer) => self.addresses[self.function.parameters().len() + buffer],
        }
    }

    /// Puts the scalars among a matrix op's operands in memory, calls its routine, and takes a scalar
    /// result up.
    fn matrix_call(&mut self, call: MatrixCall) {
        let values = call.step.operands.as_slice();
        for (&value, &(place, shape)) in values.iter().zip(call.operands()) {
            match place {
                Place::Buffer(_) if shape.is_scalar() => self.store_scalar(place, value),
                Place::Buffer(_) | Place::Parameter(_) => {}
            }
        }
        let number = self.matrix_calls.len() as i64;
        let (routine, signature, context) = (self.routine, self.routine_signature, self.context);
        self.build(|builder| {
            let number = builder.ins().iconst(I64, number);
            builder
                .ins()
                .call_indirect(signature, routine, &[context, number]);
        });
        let (place, shape) = call.result;
        if shape.is_scalar() {
            let scalar = self.load_scalar(self.address(place));
            self.scalars[call.step.result.index()] = Some(scalar);
        }
        self.matrix_calls.push(call);
    }

    fn load_scalar(&self, address: ir::Value) -> Vectors<1> {
        Vectors::Each([self.build(|builder| {
            // Matrix ops write between loads.
            let flags = MemFlagsData::new().with_notrap().with_aligned();
            let number = builder.ins().load(F32, flags, address, 0);
            builder.ins().splat(F32X4, number)
        })])
    }

    fn store_scalar(&self, place: Place, value: Value) {
        let [vector] = self.lanes().values(self.scalar(value), F32X4);
        let address = self.address(place);
        self.build(|builder| {
            let number = builder.ins().extractlane(vector, 0);
            let flags = MemFlagsData::trusted();
            builder.ins().store(flags, number, address, 0);
        });
    }

    fn store_scalars(&self, schedule: &Schedule) {
        for &(parameter, value) in &schedule.scalar_stores {
            self.store_scalar(Place::Parameter(parameter), value);
        }
    }

    /// Loads how long a shape is.
    fn bounds(&self, shape: Shape) -> Bounds {
        let extents = self.extents;
        let start = shape as usize * size_of::<Extent>();
        self.build(|builder| {
            let flags = MemFlagsData::trusted();
            let mut field = |kind, offset: usize| {
                builder
                    .ins()
                    .load(kind, flags, extents, (start + offset) as i32)
            };
            let bytes = field(I64, offset_of!(Extent, bytes));
            let padded_bytes = field(I64, offset_of!(Extent, padded_bytes));
            let count = field(F32, offset_of!(Extent, count));
            Bounds {
                bytes,
                padded_bytes,
                count: builder.ins().splat(F32X4, count),
            }
        })
    }

    /// Emits a loop, `WIDTH` vectors a turn.
    fn emit_loop<const WIDTH: usize>(&mut self, of_shape: &Loop) -> Result<(), CompileError> {
        let bounds = self.bounds(of_shape.shape);
        let lanes = self.lanes::<1>();
        let start = self.build(|builder| builder.ins().iconst(I64, 0));
        let mut initial = vec![start];
        for reduction in &of_shape.reductions {
            let neutral = lanes.constant(reduction.op.neutral());
            let [neutral] = lanes.values(neutral, F32X4);
            initial.extend([neutral; ACCUMULATOR_VECTORS]);
        }
        let (body, after) = self.build(|builder| {
            let (body, after) = (builder.create_block(), builder.create_block());
            for &value in &initial {
                let lanes = builder.func.dfg.value_type(value);
                builder.append_block_param(body, lanes);
            }
            builder.ins().jump(body, &block_arguments(&initial));
            builder.switch_to_block(body);
            (body, after)
        });
        let parameters = self.build(|builder| builder.block_params(body).to_vec());
        let (offset, mut accumulators) = (parameters[0], parameters[1..].to_vec());
        self.turn::<WIDTH>(of_shape, bounds, offset, &mut accumulators)?;
        let step_bytes = (WIDTH * VECTOR_BYTES) as i64;
        let next = self.build(|builder| builder.ins().iadd_imm_s(offset, step_bytes));
        let mut arguments = block_arguments(&[next]);
        arguments.extend(block_arguments(&accumulators));
        self.build(|builder| {
            let end = bounds.padded_bytes;
            let again = builder.ins().icmp(IntCC::UnsignedLessThan, next, end);
            builder.ins().brif(again, body, &arguments, after, &[]);
            builder.switch_to_block(after);
        });
        let accumulators = accumulators.chunks(ACCUMULATOR_VECTORS);
        for (reduction, accumulators) in of_shape.reductions.iter().zip(accumulators) {
            let total = self.finish(reduction.op, accumulators, bounds.count);
            self.scalars[reduction.result.index()] = Some(total);
        }
        Ok(())
    }

    /// Emits one turn of a loop, for the elements at `offset`, and leaves in `accumulators` what the
    /// next turn begins with.
    fn turn<const WIDTH: usize>(
        &self,
        of_shape: &Loop,
        bounds: Bounds,
        offset: ir::Value,
        accumulators: &mut [ir::Value],
    ) -> Result<(), CompileError> {
        let lanes = self.lanes::<WIDTH>();
        let mut tensors: Vec<Option<Vectors<WIDTH>>> = vec![None; self.function.values().len()];
        for &value in &of_shape.tensors {
            let emitted = match (
                self.schedule.places[value.index()],
                self.function.definition(value),
            ) {
                (Some(place), _) if self.schedule.is_loaded(of_shape, value) => {
                    let address = self.element_address(self.address(place), offset);
                    Vectors::Each(std::array::from_fn(|index| self.load(address, index)))
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
        if !of_shape.reductions.is_empty() {
            let masks = self.mask_address(bounds.bytes, offset, WIDTH * VECTOR_BYTES);
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
        for &(place, value) in &of_shape.stores {
            let stored = lanes.values(self.operand(&tensors, value), F32X4);
            let address = self.element_address(self.address(place), offset);
            for (index, vector) in stored.into_iter().enumerate() {
                self.build(|builder| {
                    let displacement = (index * VECTOR_BYTES) as i32;
                    builder
                        .ins()
                        .store(unaligned(), vector, address, displacement);
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

    fn element_address(&self, address: ir::Value, offset: ir::Value) -> ir::Value {
        self.build(|builder| builder.ins().iadd(address, offset))
    }

    /// The vector with this index at `address`.
    fn load(&self, address: ir::Value, index: usize) -> ir::Value {
        self.build(|builder| {
            let displacement = (index * VECTOR_BYTES) as i32;
            builder
                .ins()
                .load(F32X4, unaligned(), address, displacement)
        })
    }

    /// The address of masks, one vector after the other: ones for the elements at `offset`, zeros
    /// for padding.
    fn mask_address(&self, bytes: ir::Value, offset: ir::Value, step_bytes: usize) -> ir::Value {
        self.build(|builder| {
            // Not above a turn's elements, and as low as minus a row in the padding.
            let left = builder.ins().isub(bytes, offset);
            let most = builder.ins().iconst(I64, step_bytes as i64);
            let counted = builder.ins().smin(left, most);
            let end_of_ones = builder.ins().iadd_imm_s(self.table, ROW_BYTES as i64);
            builder.ins().isub(end_of_ones, counted)
        })
    }

    /// Adds a turn's elements to the foremost accumulators and puts these last. The neutral element
    /// stands in for padding.
    fn accumulate<const WIDTH: usize>(
        &self,
        reduction: &Reduction,
        accumulators: &mut [ir::Value],
        elements: &[Vectors<WIDTH>],
        masks: ir::Value,
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

/// Emits an elementwise op.
fn apply<const WIDTH: usize>(
    lanes: &CraneliftLanes<'_, '_, WIDTH>,
    op: Op,
    operands: &[Value],
    operand: impl Fn(Value) -> Vectors<WIDTH>,
) -> Vectors<WIDTH> {
    let mut vectors = [Vectors::Constant(0); MAX_ARITY];
    for (vector, &value) in vectors.iter_mut().zip(operands) {
        *vector = operand(value);
    }
    elementwise(op).evaluate(lanes, &vectors[..operands.len()])
}

fn elementwise(op: Op) -> ElementwiseOp {
    match op {
        Op::Elementwise(op) => op,
        Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => {
            unreachable!("the schedule keeps all other ops apart")
        }
    }
}

fn block_arguments(values: &[ir::Value]) -> Vec<BlockArg> {
    values.iter().map(|&value| value.into()).collect()
}

/// An access to an argument: always within bounds, on no boundary in particular.
const fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
