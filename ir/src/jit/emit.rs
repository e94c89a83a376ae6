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

mod loops;

use std::cell::RefCell;

use cranelift_codegen::ir::types::{F32, F32X4, I64};
use cranelift_codegen::ir::{self, AbiParam, BlockArg, InstBuilder, MemFlagsData, Signature};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::constants::{ConstantTable, LANES, VECTOR_BYTES};
use super::lanes::{CraneliftLanes, Vectors};
use super::segments::{CHUNK, ElementaryFunctions};
use crate::frame::MatrixCall;
use crate::function::{Definition, Function, Value};
use crate::kernel::CompileError;
use crate::lanes::ACCUMULATORS;
use crate::ops::{MAX_ARITY, Op};
use crate::schedule::{Place, Schedule, Stage, elementwise};

/// The most instructions of a function before optimisation. So many take Cranelift some tenths of a
/// second, since its time grows faster than they do; a function of a hundred ops has a few thousand.
const MAX_INSTRUCTIONS: usize = 1 << 16;

/// Vectors of a reduction's accumulators.
const ACCUMULATOR_VECTORS: usize = ACCUMULATORS / LANES;

/// Bytes of a slot, which holds a chunk.
const CHUNK_BYTES: usize = CHUNK * size_of::<f32>();

/// Bytes of a row of elements, one for each accumulator.
const ROW_BYTES: usize = ACCUMULATOR_VECTORS * VECTOR_BYTES;

/// The signature of compiled code: `(addresses, constants, extents, routine, context, functions)`, as
/// [`Code`](super::Code) calls it.
pub(super) fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(isa.pointer_type()); 6];
    signature
}

/// What a function becomes beside its code.
pub(super) struct Emitted {
    pub(super) constants: ConstantTable,
    /// By number.
    pub(super) matrix_calls: Vec<MatrixCall>,
    /// How many chunks of memory the segments of loops need.
    pub(super) slots: usize,
}

struct Emitter<'a, 'b> {
    function: &'a Function,
    schedule: &'a Schedule,
    builder: &'a RefCell<FunctionBuilder<'b>>,
    constants: &'a RefCell<ConstantTable>,
    /// The address of each parameter's storage, then of each buffer, then of the slots.
    addresses: Vec<ir::Value>,
    table: ir::Value,
    /// The address of the extents of all shapes.
    extents: ir::Value,
    /// What runs a matrix op.
    routine: ir::Value,
    context: ir::Value,
    /// What runs an elementary function over a chunk.
    functions: ir::Value,
    elementary_functions: ElementaryFunctions,
    matrix_calls: Vec<MatrixCall>,
    /// How many slots the loops so far need.
    slots: usize,
    /// The address of the slots less the offset at which the present chunk begins.
    chunk_memory: ir::Value,
    /// The scalars emitted so far, by value: vectors of equal lanes.
    scalars: Vec<Option<Vectors<1>>>,
}

/// Fills in the body of `code`, whose signature is [`signature`]'s.
pub(super) fn emit(
    function: &Function,
    schedule: &Schedule,
    elementary_functions: ElementaryFunctions,
    isa: &dyn TargetIsa,
    code: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Result<Emitted, CompileError> {
    let mut builder = FunctionBuilder::new(code, context);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let parameters = builder.block_params(entry);
    let [
        addresses,
        table,
        extents,
        routine,
        routine_context,
        functions,
    ] = *parameters
    else {
        unreachable!("the signature has six parameters");
    };
    let pointer = isa.pointer_type();
    let places = function.parameters().len() + schedule.buffers.len() + 1;
    let addresses = (0..places).map(|index| {
        let offset = (index * size_of::<*mut f32>()) as i32;
        let flags = MemFlagsData::trusted();
        builder.ins().load(pointer, flags, addresses, offset)
    });
    let addresses = addresses.collect();
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
        context: routine_context,
        functions,
        elementary_functions,
        matrix_calls: Vec::new(),
        slots: 0,
        chunk_memory: extents,
        scalars: vec![None; function.values().len()],
    };
    for stage in &schedule.stages {
        emitter.stage(stage)?;
    }
    emitter.store_scalars(schedule);
    let (matrix_calls, slots) = (emitter.matrix_calls, emitter.slots);
    let mut builder = builder.into_inner();
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    Ok(Emitted {
        constants: constants.into_inner(),
        matrix_calls,
        slots,
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
            self.emit_loop(of_shape)?;
        }
        for &step in &stage.matrix_ops {
            self.matrix_call(MatrixCall::new(self.function, self.schedule, step));
        }
        Ok(())
    }

    /// Calls a routine that takes addresses, and numbers of their size, and gives nothing.
    fn call(&self, routine: ir::Value, arguments: &[ir::Value]) {
        self.build(|builder| {
            let own = &builder.func.signature;
            let mut signature = Signature::new(own.call_conv);
            signature.params = vec![own.params[0]; arguments.len()];
            let signature = builder.import_signature(signature);
            builder.ins().call_indirect(signature, routine, arguments);
        });
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
        let number = self.build(|builder| builder.ins().iconst(I64, number));
        self.call(self.routine, &[self.context, number]);
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

fn block_arguments(values: &[ir::Value]) -> Vec<BlockArg> {
    values.iter().map(|&value| value.into()).collect()
}

/// An access to an argument: always within bounds, on no boundary in particular.
const fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
