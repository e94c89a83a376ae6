//! The interpreter: runs a function's schedule op by op, a chunk of elements at a time.
//!
//! ```text
//! Schedule ─► Plan: steps over scalar slots, then for each chunk steps over registers
//!                                                      │
//!              arguments ──read in place──► op over a chunk ──► registers ──► arguments
//! ```
//!
//! A chunk is short enough that all registers stay in the first-level cache, and long enough that
//! finding out which op comes next costs little per element. Scalars that tensors are computed with
//! are spread out over a chunk-long buffer once a call, not once a chunk.

use crate::function::{Definition, Function, ParameterIndex, Value};
use crate::kernel::Argument;
use crate::lanes::{ACCUMULATORS, ScalarLanes};
use crate::ops::{ElementwiseOp, MAX_ARITY, Op, ReductionOp};
use crate::schedule::{Schedule, Stage};
use crate::shape::Shape;

/// Elements of a chunk: a multiple of [`ACCUMULATORS`], so that a chunk begins with accumulator 0.
const CHUNK: usize = 256;

/// Where a chunk of numbers comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The argument for a tensor parameter.
    Argument(ParameterIndex),
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
    /// Takes a chunk of an argument aside that would be overwritten before it is stored elsewhere.
    Copy {
        parameter: ParameterIndex,
        register: usize,
    },
}

#[derive(Clone, Debug)]
struct ReductionStep {
    op: ReductionOp,
    operand: Source,
    result: Value,
}

/// A stage of the schedule with every operand's place settled.
#[derive(Clone, Debug, Default)]
struct StagePlan {
    scalars: Vec<ScalarStep>,
    /// The scalars to spread out before the loop: (slot, buffer).
    spreads: Vec<(Value, usize)>,
    chunk: Vec<ChunkStep>,
    reductions: Vec<ReductionStep>,
    stores: Vec<(ParameterIndex, Source)>,
}

/// A function as the interpreter runs it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    stages: Vec<StagePlan>,
    scalar_stores: Vec<(ParameterIndex, Value)>,
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

/// Settles the places of one function's values, stage by stage.
struct Planner<'a> {
    function: &'a Function,
    /// The buffer that each scalar is spread out over, if any.
    spread_of: Vec<Option<usize>>,
    spreads: usize,
    /// The most registers that a stage has needed so far.
    registers: usize,
}

impl Plan {
    pub(crate) fn new(function: &Function, schedule: &Schedule) -> Self {
        let mut planner = Planner {
            function,
            spread_of: vec![None; function.values().len()],
            spreads: 0,
            registers: 0,
        };
        let stages = schedule.stages.iter().map(|stage| planner.stage(stage));
        let stages = stages.collect();
        Self {
            stages,
            scalar_stores: schedule.scalar_stores.clone(),
            slots: function.values().len(),
            registers: planner.registers,
            spreads: planner.spreads,
        }
    }
}

impl Planner<'_> {
    fn scalar_step(&self, result: Value) -> ScalarStep {
        match self.function.definition(result) {
            Definition::Load(parameter) => ScalarStep::Load {
                parameter: *parameter,
                result,
            },
            Definition::Constant(constant) => ScalarStep::Constant {
                value: constant.value(),
                result,
            },
            Definition::Apply { op, operands } => ScalarStep::Apply {
                op: elementwise(*op),
                operands: operands.as_slice().into(),
                result,
            },
        }
    }

    fn stage(&mut self, stage: &Stage) -> StagePlan {
        let mut plan = StagePlan {
            scalars: stage
                .scalars
                .iter()
                .map(|&value| self.scalar_step(value))
                .collect(),
            ..StagePlan::default()
        };
        let mut free = Vec::new();
        let mut registers = 0;
        let last_uses = self.last_uses(stage);
        let mut places: Vec<Option<Source>> = vec![None; self.function.values().len()];
        for &value in &stage.tensors {
            let definition = *self.function.definition(value);
            let mut take_register = || {
                free.pop().unwrap_or_else(|| {
                    registers += 1;
                    registers - 1
                })
            };
            let place = match &definition {
                Definition::Load(parameter) => {
                    let is_elsewhere = |&(target, stored): &(ParameterIndex, Value)| {
                        stored == value && target != *parameter
                    };
                    let is_written = self.function.parameter(*parameter).access.is_written();
                    if is_written && stage.stores.iter().any(is_elsewhere) {
                        let (parameter, register) = (*parameter, take_register());
                        plan.chunk.push(ChunkStep::Copy {
                            parameter,
                            register,
                        });
                        Source::Register(register)
                    } else {
                        Source::Argument(*parameter)
                    }
                }
                Definition::Constant(_) => unreachable!("a constant is a scalar"),
                Definition::Apply { op, operands } => {
                    let register = take_register();
                    let mut sources = [Source::Register(register); MAX_ARITY];
                    for (source, &operand) in sources.iter_mut().zip(operands.as_slice()) {
                        *source = match places[operand.index()] {
                            Some(place) => place,
                            None => self.spread(operand, &mut plan),
                        };
                    }
                    plan.chunk.push(ChunkStep::Apply {
                        op: elementwise(*op),
                        operands: sources,
                        arity: operands.as_slice().len(),
                        register,
                    });
                    Source::Register(register)
                }
            };
            places[value.index()] = Some(place);
            for &operand in definition.operands() {
                if last_uses[operand.index()] == Some(value)
                    && let Some(Source::Register(register)) = places[operand.index()].take()
                {
                    free.push(register);
                }
            }
        }
        self.registers = self.registers.max(registers);
        for reduction in &stage.reductions {
            let Some(operand) = places[reduction.operand.index()] else {
                unreachable!("a stage computes what it reduces");
            };
            plan.reductions.push(ReductionStep {
                op: reduction.op,
                operand,
                result: reduction.result,
            });
        }
        for &(parameter, value) in &stage.stores {
            let source = match places[value.index()] {
                Some(place) => place,
                None => self.spread(value, &mut plan),
            };
            plan.stores.push((parameter, source));
        }
        plan
    }

    /// The tensor of a stage that is the last to use each value; `None` if the value is not used, or
    /// still needed at the end of a chunk.
    fn last_uses(&self, stage: &Stage) -> Vec<Option<Value>> {
        let mut last_uses = vec![None; self.function.values().len()];
        for &value in &stage.tensors {
            for operand in self.function.definition(value).operands() {
                last_uses[operand.index()] = Some(value);
            }
        }
        let reduced = stage.reductions.iter().map(|reduction| reduction.operand);
        for value in reduced.chain(stage.stores.iter().map(|&(_, value)| value)) {
            last_uses[value.index()] = None;
        }
        last_uses
    }

    /// The buffer of a scalar, which is filled before this stage's loop unless an earlier one did.
    fn spread(&mut self, scalar: Value, plan: &mut StagePlan) -> Source {
        debug_assert_eq!(self.function.shape(scalar), Shape::Scalar);
        let buffer = *self.spread_of[scalar.index()].get_or_insert_with(|| {
            plan.spreads.push((scalar, self.spreads));
            self.spreads += 1;
            self.spreads - 1
        });
        Source::Spread(buffer)
    }
}

fn elementwise(op: Op) -> ElementwiseOp {
    match op {
        Op::Elementwise(op) => op,
        Op::Reduction(_) => unreachable!("the schedule keeps reductions apart"),
    }
}

impl Scratch {
    fn prepare(&mut self, plan: &Plan) {
        let reductions = plan.stages.iter().map(|stage| stage.reductions.len());
        let accumulators = reductions.max().unwrap_or(0);
        self.slots.resize(plan.slots, 0.0);
        self.registers
            .resize_with(plan.registers, || vec![0.0; CHUNK]);
        self.spreads.resize_with(plan.spreads, || vec![0.0; CHUNK]);
        self.accumulators.resize(accumulators, [0.0; ACCUMULATORS]);
    }
}

impl Plan {
    /// Runs the function on arguments that fit it, whose tensors have length `padded`.
    pub(crate) fn run(
        &self,
        scratch: &mut Scratch,
        elements: usize,
        padded: usize,
        arguments: &mut [Argument<'_>],
    ) {
        scratch.prepare(self);
        for stage in &self.stages {
            for step in &stage.scalars {
                step.run(&mut scratch.slots, arguments);
            }
            for &(scalar, buffer) in &stage.spreads {
                let length = padded.min(CHUNK);
                scratch.spreads[buffer][..length].fill(scratch.slots[scalar.index()]);
            }
            stage.run_loop(scratch, elements, padded, arguments);
        }
        for &(parameter, value) in &self.scalar_stores {
            written(&mut arguments[parameter.index()])[0] = scratch.slots[value.index()];
        }
    }
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

impl StagePlan {
    fn run_loop(
        &self,
        scratch: &mut Scratch,
        elements: usize,
        padded: usize,
        arguments: &mut [Argument<'_>],
    ) {
        if self.reductions.is_empty() && self.stores.is_empty() {
            return;
        }
        for (step, accumulators) in self.reductions.iter().zip(&mut scratch.accumulators) {
            *accumulators = [step.op.neutral(); ACCUMULATORS];
        }
        for start in (0..padded).step_by(CHUNK) {
            let length = CHUNK.min(padded - start);
            for step in &self.chunk {
                step.run(scratch, start, length, arguments);
            }
            // The last chunk's padding takes no part.
            let counted = length.min(elements - start);
            for (index, step) in self.reductions.iter().enumerate() {
                let (registers, spreads) = (&scratch.registers, &scratch.spreads);
                let chunk = step
                    .operand
                    .chunk(registers, spreads, arguments, start, counted);
                step.op.accumulate(&mut scratch.accumulators[index], chunk);
            }
            for &(parameter, source) in &self.stores {
                let chunk = match source {
                    // Arguments that are overwritten have been taken aside.
                    Source::Argument(from) if from == parameter => continue,
                    Source::Argument(from) => {
                        copy_between(arguments, from, parameter, start, length);
                        continue;
                    }
                    Source::Register(register) => &scratch.registers[register],
                    Source::Spread(buffer) => &scratch.spreads[buffer],
                };
                written(&mut arguments[parameter.index()])[start..start + length]
                    .copy_from_slice(&chunk[..length]);
            }
        }
        for (step, accumulators) in self.reductions.iter().zip(&scratch.accumulators) {
            scratch.slots[step.result.index()] = step.op.finish(*accumulators, elements);
        }
    }
}

impl ChunkStep {
    fn run(&self, scratch: &mut Scratch, start: usize, length: usize, arguments: &[Argument<'_>]) {
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
                    *chunk = operand.chunk(registers, spreads, arguments, start, length);
                }
                op.evaluate_slices(&chunks[..*arity], &mut result[..length]);
                scratch.registers[*register] = result;
            }
            Self::Copy {
                parameter,
                register,
            } => {
                let source = &arguments[parameter.index()].as_slice()[start..start + length];
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
        arguments: &'a [Argument<'_>],
        start: usize,
        length: usize,
    ) -> &'a [f32] {
        match self {
            Self::Argument(parameter) => {
                &arguments[parameter.index()].as_slice()[start..start + length]
            }
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

/// Copies a chunk of one argument to another.
fn copy_between(
    arguments: &mut [Argument<'_>],
    from: ParameterIndex,
    to: ParameterIndex,
    start: usize,
    length: usize,
) {
    let (from, to) = (from.index(), to.index());
    let (source, target) = if from < to {
        let (front, back) = arguments.split_at_mut(to);
        (&front[from], &mut back[0])
    } else {
        let (front, back) = arguments.split_at_mut(from);
        (&back[0], &mut front[to])
    };
    let range = start..start + length;
    written(target)[range.clone()].copy_from_slice(&source.as_slice()[range]);
}
