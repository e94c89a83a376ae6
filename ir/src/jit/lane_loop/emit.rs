//! From a step's plan to Cranelift's intermediate form.
//!
//! ```text
//! entry:                              addresses of the arguments
//! step (steps left, addresses…):      loads of kept scalars
//!                                     each root: straight code or loops, storing as it goes
//!                                     copies and fills
//!                                     again with each address moved on, while steps are left
//! exit:                               return
//! ```
//!
//! An address in a loop is a pointer that moves on with it, made when the loop's body first asks for it: so an
//! instruction's operand in memory is at a register plus a constant, which processors take at the
//! cost of the instruction alone.

use std::cell::RefCell;

use cranelift_codegen::ir::types::{F32X4, I64};
use cranelift_codegen::ir::{
    self, AbiParam, Block, BlockArg, Inst, InstBuilder, MemFlagsData, Signature,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::VectorSize;
use super::elements::{At, Index, Remembered};
use super::form::Form;
use super::plan::{Home, Plan, Root};
use crate::function::{Function, Value};
use crate::jit::constants::{ConstantTable, VECTOR_BYTES};
use crate::jit::lanes::{CraneliftLanes, Vectors};
use crate::kernel::CompileError;
use crate::shape::{Dimensions, Shape};

/// The most instructions of a function before optimisation, as for other native code.
const MAX_INSTRUCTIONS: usize = 1 << 16;

/// About how many instructions a turn of a loop should have, so that counting costs little beside them.
const TURN_INSTRUCTIONS: usize = 32;

/// Most elements of a turn.
const TURN_ELEMENTS: usize = 8;

/// The signature of a loop over steps: `(addresses, byte_steps, constants, frame, steps)`, as
/// [`LaneCode`](crate::jit::code::LaneCode) calls it.
pub(super) fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(isa.pointer_type()); 5];
    signature
}

/// How far apart the elements lie that code works on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spacing {
    /// Numbers from an element of an argument to the next.
    pub(super) stride: usize,
    /// Elements of a frame are a group of such vectors.
    pub(super) size: VectorSize,
}

/// What emits a turn of a loop at an index: is given what the turn before hands on, and hands on itself.
type Turn<'a, Emitter> = dyn FnMut(&mut Emitter, Index, &[ir::Value]) -> Vec<ir::Value> + 'a;

/// A loop whose body is being emitted.
pub(super) struct Loop {
    /// What the loop is known by: how many turns are left.
    pub(super) variable: ir::Value,
    /// The block that each turn begins with.
    pub(super) test: Block,
    /// The jump into the loop.
    pub(super) entry: Inst,
    pub(super) pointers: Vec<Pointer>,
}

/// An address that moves on with a loop.
pub(super) struct Pointer {
    /// Where it is when the loop begins.
    pub(super) start: ir::Value,
    /// By how many bytes it moves on for each element.
    pub(super) bytes: usize,
    pub(super) value: ir::Value,
}

/// Emits the code of a step for `WIDTH` vectors of lanes.
pub(super) struct Emitter<'a, 'b, const WIDTH: usize> {
    pub(super) function: &'a Function,
    pub(super) dimensions: Dimensions,
    pub(super) plan: &'a Plan,
    pub(super) size: VectorSize,
    pub(super) builder: &'a RefCell<FunctionBuilder<'b>>,
    constants: &'a RefCell<ConstantTable>,
    table: ir::Value,
    /// +0 in every lane, in a register: each root has its own, which is made anew rather than kept for long.
    pub(super) zero: ir::Value,
    pub(super) frame: ir::Value,
    /// The address of each parameter's argument in this step; the frame's for the kept ones.
    pub(super) addresses: Vec<ir::Value>,
    /// Bytes from an element of an argument to the next.
    pub(super) argument_bytes: usize,
    /// What is in registers, by value and element.
    pub(super) registers: Vec<Vec<Option<Vectors<WIDTH>>>>,
    /// Elements in memory that have been loaded and can be used again in code that is emitted behind.
    pub(super) remembered: Vec<Remembered<WIDTH>>,
    /// The loops that code is emitted in, from the outermost to the innermost.
    pub(super) loops: Vec<Loop>,
}

/// Fills in the body of `code`, whose signature is [`signature`]'s, and gives the constants that it needs.
pub(super) fn emit<const WIDTH: usize>(
    function: &Function,
    dimensions: Dimensions,
    spacing: Spacing,
    plan: &Plan,
    isa: &dyn TargetIsa,
    code: &mut ir::Function,
    context: &mut FunctionBuilderContext,
) -> Result<ConstantTable, CompileError> {
    let Spacing { stride, size } = spacing;
    let mut builder = FunctionBuilder::new(code, context);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let [addresses, byte_steps, table, frame, steps] = *builder.block_params(entry) else {
        unreachable!("the signature has five parameters");
    };
    let is_kept = |index: usize| plan.kept.iter().any(|kept| kept.parameter.index() == index);
    let streamed: Vec<usize> = (0..function.parameters().len())
        .filter(|&index| !is_kept(index))
        .collect();
    let mut carried = vec![steps];
    for &index in &streamed {
        let offset = (index * size_of::<*mut f32>()) as i32;
        let flags = MemFlagsData::trusted();
        carried.push(builder.ins().load(I64, flags, addresses, offset));
    }
    let (step, exit) = (builder.create_block(), builder.create_block());
    for _ in &carried {
        builder.append_block_param(step, I64);
    }
    builder.ins().jump(step, &block_arguments(&carried));
    builder.switch_to_block(step);
    carried = builder.block_params(step).to_vec();
    let zero = builder
        .func
        .dfg
        .constants
        .insert(vec![0; VECTOR_BYTES].into());
    let zero = builder.ins().vconst(F32X4, zero);
    let mut addresses = vec![frame; function.parameters().len()];
    for (&index, &address) in streamed.iter().zip(&carried[1..]) {
        addresses[index] = address;
    }
    let builder = RefCell::new(builder);
    let constants = RefCell::new(ConstantTable::for_lanes(size.lanes()));
    let argument_bytes = stride * size_of::<f32>();
    let mut emitter = Emitter::<WIDTH> {
        function,
        dimensions,
        plan,
        size,
        builder: &builder,
        constants: &constants,
        table,
        zero,
        frame,
        addresses,
        argument_bytes,
        registers: vec![Vec::new(); function.values().len()],
        remembered: Vec::new(),
        loops: Vec::new(),
    };
    emitter.step()?;
    let mut builder = builder.into_inner();
    let steps_left = builder.ins().iadd_imm_s(carried[0], -1);
    let mut next = vec![steps_left];
    for (&index, &address) in streamed.iter().zip(&carried[1..]) {
        let offset = (index * size_of::<usize>()) as i32;
        let flags = MemFlagsData::trusted();
        let bytes = builder.ins().load(I64, flags, byte_steps, offset);
        next.push(builder.ins().iadd(address, bytes));
    }
    builder
        .ins()
        .brif(steps_left, step, &block_arguments(&next), exit, &[]);
    builder.switch_to_block(exit);
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    Ok(constants.into_inner())
}

pub(super) fn block_arguments(values: &[ir::Value]) -> Vec<BlockArg> {
    values.iter().map(|&value| value.into()).collect()
}

impl<'a, 'b, const WIDTH: usize> Emitter<'a, 'b, WIDTH> {
    pub(super) fn lanes(&self) -> CraneliftLanes<'a, 'b, WIDTH> {
        CraneliftLanes::new(self.builder, self.constants, self.table)
    }

    pub(super) fn build<T>(&self, build: impl FnOnce(&mut FunctionBuilder<'b>) -> T) -> T {
        build(&mut self.builder.borrow_mut())
    }

    /// The form of a value that a store depends on.
    pub(super) fn form(&self, value: Value) -> Form {
        match self.plan.forms[value.index()] {
            Some(form) => form,
            None => unreachable!("no code needs a value that no store depends on"),
        }
    }

    pub(super) fn home(&self, value: Value) -> Home {
        self.plan.homes[value.index()]
    }

    pub(super) fn operands(&self, value: Value) -> &'a [Value] {
        self.function.definition(value).operands()
    }

    /// Rows and columns.
    pub(super) fn extents(&self, shape: Shape) -> (usize, usize) {
        let (rows, columns) = (shape.rows(), shape.columns());
        (
            self.dimensions.extent(rows),
            self.dimensions.extent(columns),
        )
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

    /// Emits a step.
    fn step(&mut self) -> Result<(), CompileError> {
        self.fetch_ahead();
        // Kept scalars: what is stored to them is stored after this.
        for value in self.function.values() {
            if let (Some(Form::Load(parameter)), Home::Registers) =
                (self.plan.forms[value.index()], self.home(value))
                && self.function.parameter(parameter).access.is_written()
            {
                self.ready(value);
            }
        }
        for root in &self.plan.roots {
            self.root(root);
            self.remembered.clear();
            self.check_size()?;
        }
        for copied in &self.plan.copies {
            let shape = self.function.shape(copied.value);
            let (rows, columns) = self.extents(shape);
            self.each(rows * columns, 1, false, &mut |emitter, index| {
                let vectors = emitter.load(copied.from, shape, At::Flat(index));
                emitter.store(copied.to, shape, At::Flat(index), vectors);
            });
        }
        for fill in &self.plan.fills {
            self.ready(fill.value);
            let shape = self.function.parameter(fill.parameter).shape;
            let (rows, columns) = self.extents(shape);
            // So it is in registers for all of the loop.
            let vectors = Vectors::Each(self.lanes().values(self.scalar(fill.value), F32X4));
            self.each(rows * columns, 1, false, &mut |emitter, index| {
                emitter.store(fill.to, shape, At::Flat(index), vectors);
            });
        }
        self.check_size()
    }

    /// Emits the code of a root.
    fn root(&mut self, root: &Root) {
        self.ready_scalars(root.value);
        self.zero = self.new_zero();
        let value = root.value;
        let shape = self.function.shape(value);
        let (rows, columns) = self.extents(shape);
        let elements = rows * columns;
        if self.home(value) == Home::Registers {
            self.registers[value.index()] = vec![None; elements];
        }
        match self.form(value) {
            Form::Reduction(op) => {
                let vectors = self.reduction(root, op);
                self.put(root, At::first(), vectors);
            }
            Form::RowReduction(op) => self.row_reductions(root, op),
            Form::Product { transposed, depth } => self.product(root, transposed, depth),
            Form::Load(_)
            | Form::Constant(_)
            | Form::Elementwise(_)
            | Form::Transposed
            | Form::EachColumn
            | Form::EachRow
            | Form::Outer(_) => {
                if root.is_flat || shape.is_scalar() {
                    self.each(
                        elements,
                        root.operations,
                        root.is_straight,
                        &mut |emitter, index| {
                            let vectors = emitter.compute(value, At::Flat(index));
                            emitter.put(root, At::Flat(index), vectors);
                        },
                    );
                } else {
                    self.matrix(root, rows, columns);
                }
            }
        }
    }

    /// +0 in every lane. Takes an instruction only where it is used.
    pub(super) fn new_zero(&self) -> ir::Value {
        self.build(|builder| {
            let zero = builder
                .func
                .dfg
                .constants
                .insert(vec![0; VECTOR_BYTES].into());
            builder.ins().vconst(F32X4, zero)
        })
    }

    /// Computes a matrix row by row.
    fn matrix(&mut self, root: &Root, rows: usize, columns: usize) {
        let value = root.value;
        let is_short = columns * root.operations * WIDTH <= TURN_INSTRUCTIONS * 3 / 2;
        self.repeat_or_unroll(rows, 1, root.is_straight, &mut |emitter, row, _| {
            let mark = emitter.remembered.len();
            emitter.remember_of_row(value, row);
            emitter.each(
                columns,
                root.operations,
                root.is_straight || is_short,
                &mut |emitter, column| {
                    let at = At::Cell(row, column);
                    let vectors = emitter.compute(value, at);
                    emitter.put(root, at, vectors);
                },
            );
            emitter.remembered.truncate(mark);
        });
    }

    /// Stores an element of a root in all of its places.
    pub(super) fn put(&mut self, root: &Root, at: At, vectors: Vectors<WIDTH>) {
        let shape = self.function.shape(root.value);
        if self.home(root.value) == Home::Registers {
            let (rows, columns) = self.extents(shape);
            let element = at.number(rows, columns);
            self.registers[root.value.index()][element] = Some(vectors);
        }
        for &target in &root.targets {
            self.store(target, shape, at, vectors);
        }
    }

    /// Emits `body` for every index below `count`: several a turn, or all, where there is to be no loop.
    pub(super) fn each(
        &mut self,
        count: usize,
        operations: usize,
        is_straight: bool,
        body: &mut dyn FnMut(&mut Self, Index),
    ) {
        let most = TURN_INSTRUCTIONS / (operations * WIDTH).max(1);
        let most = most.clamp(1, TURN_ELEMENTS);
        // The rest is more code, so there had better be none.
        let even = (most.div_ceil(2)..=most)
            .rev()
            .find(|turn| count.is_multiple_of(*turn));
        let turn = even.unwrap_or(most);
        let is_straight = is_straight || count <= turn;
        self.repeat_or_unroll(count, turn, is_straight, &mut |emitter, index, together| {
            for next in 0..together {
                body(emitter, index.plus(next));
            }
        });
    }

    /// Emits `body` for so many indices at a time, and once for the rest: it is given the first one, and how
    /// many there are.
    pub(super) fn repeat_or_unroll(
        &mut self,
        count: usize,
        together: usize,
        is_straight: bool,
        body: &mut dyn FnMut(&mut Self, Index, usize),
    ) {
        let whole = count / together * together;
        if is_straight {
            for start in (0..whole).step_by(together) {
                body(self, Index::new(start), together);
            }
        } else {
            self.repeat(whole / together, together, &[], &mut |emitter, index, _| {
                body(emitter, index, together);
                Vec::new()
            });
        }
        if whole < count {
            body(self, Index::new(whole), count - whole);
        }
    }

    /// Emits a loop: so many turns, the index `stride` further each time. A turn is given what the one before
    /// hands on, and the first one `initial`; gives what the last one hands on.
    ///
    /// The end is tested for before a turn, so that what a turn hands on is used once, by its last jump:
    /// Cranelift makes a load part of an instruction only if what comes of it is used once, however
    /// indirectly.
    pub(super) fn repeat(
        &mut self,
        turns: usize,
        stride: usize,
        initial: &[ir::Value],
        body: &mut Turn<'_, Self>,
    ) -> Vec<ir::Value> {
        if turns == 0 {
            return initial.to_vec();
        }
        if turns == 1 {
            return body(self, Index::new(0), initial);
        }
        let (test, after, entry, parameters) = self.build(|builder| {
            let [test, turn, after] = [(); 3].map(|()| builder.create_block());
            let mut arguments = vec![builder.ins().iconst(I64, turns as i64)];
            arguments.extend(initial);
            for &argument in &arguments {
                let kind = builder.func.dfg.value_type(argument);
                builder.append_block_param(test, kind);
            }
            let entry = builder.ins().jump(test, &block_arguments(&arguments));
            builder.switch_to_block(test);
            let parameters = builder.block_params(test).to_vec();
            builder.ins().brif(parameters[0], turn, &[], after, &[]);
            builder.switch_to_block(turn);
            (test, after, entry, parameters)
        });
        let turns_left = parameters[0];
        self.loops.push(Loop {
            variable: turns_left,
            test,
            entry,
            pointers: Vec::new(),
        });
        let mark = self.remembered.len();
        let results = body(self, Index::variable(turns_left), &parameters[1..]);
        self.remembered.truncate(mark);
        let pointers = match self.loops.pop() {
            Some(ended) => ended.pointers,
            None => unreachable!("loops end in the order in which they are nested"),
        };
        self.build(|builder| {
            let mut arguments = vec![builder.ins().iadd_imm_s(turns_left, -1)];
            arguments.extend(&results);
            for pointer in &pointers {
                let bytes = (stride * pointer.bytes) as i64;
                arguments.push(builder.ins().iadd_imm_s(pointer.value, bytes));
            }
            builder.ins().jump(test, &block_arguments(&arguments));
            builder.switch_to_block(after);
        });
        parameters[1..].to_vec()
    }
}
