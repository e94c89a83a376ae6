//! From a function's schedule to Cranelift's intermediate form.
//!
//! A scalar is a vector of four equal lanes, and a tensor's vector holds four neighbouring elements,
//! so one set of meanings serves both. A loop handles a few vectors a turn, side by side.
//!
//! ```text
//! entry:                           addresses of the arguments, scalars of stage 0
//! loop 0 (offset, accumulators…):  a few vectors; again while offset < padded bytes
//! after 0:                         totals of the reductions, scalars of stage 1
//!   ⋮
//! after L:                         scalar stores, return
//! ```
//!
//! A reduction has sixteen accumulators, four vectors. Each turn adds to the foremost and passes
//! them on to the back; storage is padded to whole rows of sixteen, so at the end of the loop all
//! are at their places again. The body need not be repeated for a whole row, which would make the
//! code longer and compiling slower.

use std::cell::RefCell;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F32X4, I64};
use cranelift_codegen::ir::{
    self, AbiParam, Block, BlockArg, InstBuilder, MemFlagsData, Signature,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::constants::{ConstantTable, LANES, VECTOR_BYTES};
use super::lanes::{CraneliftLanes, Vectors};
use crate::function::{Definition, Function, Value};
use crate::kernel::CompileError;
use crate::lanes::{ACCUMULATORS, Lanes};
use crate::ops::{MAX_ARITY, Op, ReductionOp};
use crate::schedule::{Reduction, Schedule, Stage};

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

/// The signature of compiled code: `(arguments, constants, bytes, padded_bytes, count)`, as
/// [`Code`](super::Code) calls it.
pub(super) fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    let pointer = isa.pointer_type();
    for parameter in [pointer, pointer, pointer, pointer, F32] {
        signature.params.push(AbiParam::new(parameter));
    }
    signature
}

struct Emitter<'a, 'b> {
    function: &'a Function,
    builder: &'a RefCell<FunctionBuilder<'b>>,
    constants: &'a RefCell<ConstantTable>,
    /// The address of each parameter's storage.
    addresses: Vec<ir::Value>,
    table: ir::Value,
    /// What the elements of a tensor take, and what they take with padding.
    bytes: ir::Value,
    padded_bytes: ir::Value,
    /// The number of elements, in each lane.
    count: ir::Value,
    /// The scalars emitted so far, by value: vectors of equal lanes.
    scalars: Vec<Option<Vectors<1>>>,
}

/// Fills in the body of `code`, whose signature is [`signature`]'s, and gives the constants.
pub(super) fn emit(
    function: &Function,
    schedule: &Schedule,
    isa: &dyn TargetIsa,
    code: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Result<ConstantTable, CompileError> {
    let mut builder = FunctionBuilder::new(code, context);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let [arguments, table, bytes, padded_bytes, count] = *builder.block_params(entry) else {
        unreachable!("the signature has five parameters");
    };
    let pointer = isa.pointer_type();
    let addresses = (0..function.parameters().len()).map(|index| {
        let offset = (index * size_of::<*mut f32>()) as i32;
        let flags = MemFlagsData::trusted();
        builder.ins().load(pointer, flags, arguments, offset)
    });
    let addresses = addresses.collect();
    let count = builder.ins().splat(F32X4, count);
    let builder = RefCell::new(builder);
    let constants = RefCell::new(ConstantTable::new());
    let mut emitter = Emitter {
        function,
        builder: &builder,
        constants: &constants,
        addresses,
        table,
        bytes,
        padded_bytes,
        count,
        scalars: vec![None; function.values().len()],
    };
    for stage in &schedule.stages {
        emitter.stage(stage)?;
    }
    emitter.store_scalars(schedule);
    let mut builder = builder.into_inner();
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    Ok(constants.into_inner())
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
                Definition::Load(parameter) => {
                    let address = self.addresses[parameter.index()];
                    let vector = self.build(|builder| {
                        let flags = MemFlagsData::trusted();
                        let number = builder.ins().load(F32, flags, address, 0);
                        builder.ins().splat(F32X4, number)
                    });
                    Vectors::Each([vector])
                }
                Definition::Constant(constant) => Vectors::Constant(constant.bits()),
                Definition::Apply { op, operands } => {
                    let operand = |value| self.scalar(value);
                    apply(&self.lanes(), *op, operands.as_slice(), operand)
                }
            };
            self.scalars[value.index()] = Some(scalar);
            self.check_size()?;
        }
        if stage.has_loop() {
            // A short body has the processor overlap its turns, and compiles in half the time.
            if stage.reductions.is_empty() && !self.has_long_chain(stage) {
                self.stage_loop::<1>(stage)?;
            } else {
                self.stage_loop::<2>(stage)?;
            }
        }
        Ok(())
    }

    fn has_long_chain(&self, stage: &Stage) -> bool {
        let mut definitions = stage
            .tensors
            .iter()
            .map(|&value| self.function.definition(value));
        definitions.any(|definition| match definition {
            Definition::Load(_) | Definition::Constant(_) => false,
            Definition::Apply { op, .. } => op.flops_per_element() >= LONG_CHAIN,
        })
    }

    fn store_scalars(&self, schedule: &Schedule) {
        for &(parameter, value) in &schedule.scalar_stores {
            let [vector] = self.lanes().values(self.scalar(value), F32X4);
            let address = self.addresses[parameter.index()];
            self.build(|builder| {
                let number = builder.ins().extractlane(vector, 0);
                let flags = MemFlagsData::trusted();
                builder.ins().store(flags, number, address, 0);
            });
        }
    }

    /// Emits a stage's loop, `WIDTH` vectors a turn.
    fn stage_loop<const WIDTH: usize>(&mut self, stage: &Stage) -> Result<(), CompileError> {
        let lanes = self.lanes::<1>();
        let start = self.build(|builder| builder.ins().iconst(I64, 0));
        let mut initial = vec![start];
        for reduction in &stage.reductions {
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
        self.turn::<WIDTH>(stage, offset, &mut accumulators)?;
        let step_bytes = (WIDTH * VECTOR_BYTES) as i64;
        let next = self.build(|builder| builder.ins().iadd_imm_s(offset, step_bytes));
        self.close_loop(body, after, next, &accumulators);
        let accumulators = accumulators.chunks(ACCUMULATOR_VECTORS);
        for (reduction, accumulators) in stage.reductions.iter().zip(accumulators) {
            let total = self.finish(reduction.op, accumulators);
            self.scalars[reduction.result.index()] = Some(total);
        }
        Ok(())
    }

    /// Takes another turn, for the elements at `next`, while there are any, and then goes on after
    /// the loop.
    fn close_loop(&self, body: Block, after: Block, next: ir::Value, accumulators: &[ir::Value]) {
        self.build(|builder| {
            let end = self.padded_bytes;
            let again = builder.ins().icmp(IntCC::UnsignedLessThan, next, end);
            let mut arguments = block_arguments(&[next]);
            arguments.extend(block_arguments(accumulators));
            builder.ins().brif(again, body, &arguments, after, &[]);
            builder.switch_to_block(after);
        });
    }

    /// Emits one turn of a loop, for the elements at `offset`, and leaves in `accumulators` what the
    /// next turn begins with.
    fn turn<const WIDTH: usize>(
        &self,
        stage: &Stage,
        offset: ir::Value,
        accumulators: &mut [ir::Value],
    ) -> Result<(), CompileError> {
        let lanes = self.lanes::<WIDTH>();
        let mut tensors: Vec<Option<Vectors<WIDTH>>> = vec![None; self.function.values().len()];
        for &value in &stage.tensors {
            let emitted = match self.function.definition(value) {
                Definition::Load(parameter) => {
                    let address = self.element_address(self.addresses[parameter.index()], offset);
                    Vectors::Each(std::array::from_fn(|index| self.load(address, index)))
                }
                Definition::Constant(_) => unreachable!("a constant is a scalar"),
                Definition::Apply { op, operands } => {
                    let operand = |value| self.operand(&tensors, value);
                    apply(&lanes, *op, operands.as_slice(), operand)
                }
            };
            tensors[value.index()] = Some(emitted);
            self.check_size()?;
        }
        if !stage.reductions.is_empty() {
            let masks = self.mask_address(offset, WIDTH * VECTOR_BYTES);
            let accumulators = accumulators.chunks_mut(ACCUMULATOR_VECTORS);
            for (reduction, accumulators) in stage.reductions.iter().zip(accumulators) {
                let element = self.operand(&tensors, reduction.operand);
                self.accumulate(reduction, accumulators, element, masks);
            }
        }
        for &(parameter, value) in &stage.stores {
            let stored = lanes.values(self.operand(&tensors, value), F32X4);
            let address = self.element_address(self.addresses[parameter.index()], offset);
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
    fn mask_address(&self, offset: ir::Value, step_bytes: usize) -> ir::Value {
        self.build(|builder| {
            // Not above a turn's elements, and as low as minus a row in the padding.
            let left = builder.ins().isub(self.bytes, offset);
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
        element: Vectors<WIDTH>,
        masks: ir::Value,
    ) {
        let (op, lanes) = (reduction.op, self.lanes::<WIDTH>());
        let element = lanes.values(op.element(&lanes, element), F32X4);
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
    fn finish(&self, op: ReductionOp, accumulators: &[ir::Value]) -> Vectors<1> {
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
        let (total, count) = (Vectors::Each([total]), Vectors::Each([self.count]));
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
    match op {
        Op::Elementwise(op) => op.evaluate(lanes, &vectors[..operands.len()]),
        Op::Reduction(_) => unreachable!("the schedule keeps reductions apart"),
    }
}

fn block_arguments(values: &[ir::Value]) -> Vec<BlockArg> {
    values.iter().map(|&value| value.into()).collect()
}

/// An access to an argument: always within bounds, on no boundary in particular.
const fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
