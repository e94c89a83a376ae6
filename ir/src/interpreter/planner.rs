//! Settling where every value of a function is, before it runs.

use super::{ChunkStep, LoopPlan, Plan, ReductionStep, ScalarStep, Source, StagePlan};
use crate::frame::MatrixCall;
use crate::function::{Definition, Function, Value};
use crate::ops::MAX_ARITY;
use crate::schedule::{Loop, Schedule, Stage, elementwise};

/// Settles the places of one function's values, stage by stage.
struct Planner<'a> {
    function: &'a Function,
    schedule: &'a Schedule,
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
            schedule,
            spread_of: vec![None; function.values().len()],
            spreads: 0,
            registers: 0,
        };
        let stages = schedule.stages.iter().map(|stage| planner.stage(stage));
        let stages = stages.collect();
        Self {
            stages,
            scalar_stores: schedule.scalar_stores.clone(),
            buffers: schedule.buffers.clone(),
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
        let scalars = stage.scalars.iter();
        let matrix_ops = stage.matrix_ops.iter();
        StagePlan {
            scalars: scalars.map(|&value| self.scalar_step(value)).collect(),
            loops: stage
                .loops
                .iter()
                .map(|of_shape| self.loop_over(of_shape))
                .collect(),
            matrix_calls: matrix_ops
                .map(|&step| MatrixCall::new(self.function, self.schedule, step))
                .collect(),
        }
    }

    fn loop_over(&mut self, of_shape: &Loop) -> LoopPlan {
        let mut plan = LoopPlan {
            shape: of_shape.shape,
            spreads: Vec::new(),
            chunk: Vec::new(),
            reductions: Vec::new(),
            stores: Vec::new(),
        };
        let mut free = Vec::new();
        let mut registers = 0;
        let last_uses = self.last_uses(of_shape);
        let mut sources: Vec<Option<Source>> = vec![None; self.function.values().len()];
        for &value in &of_shape.tensors {
            let mut take_register = || {
                free.pop().unwrap_or_else(|| {
                    registers += 1;
                    registers - 1
                })
            };
            if self.schedule.is_loaded(of_shape, value) {
                sources[value.index()] =
                    Some(self.loaded(of_shape, value, &mut plan, take_register));
                continue;
            }
            let Definition::Apply { op, operands } = self.function.definition(value) else {
                unreachable!("a tensor that is not in memory is computed");
            };
            let register = take_register();
            let mut chunks = [Source::Register(register); MAX_ARITY];
            for (chunk, &operand) in chunks.iter_mut().zip(operands.as_slice()) {
                *chunk = match sources[operand.index()] {
                    Some(source) => source,
                    None => self.spread(operand, &mut plan),
                };
            }
            plan.chunk.push(ChunkStep::Apply {
                op: elementwise(*op),
                operands: chunks,
                arity: operands.as_slice().len(),
                register,
            });
            sources[value.index()] = Some(Source::Register(register));
            for &operand in operands.as_slice() {
                if last_uses[operand.index()] == Some(value)
                    && let Some(Source::Register(register)) = sources[operand.index()].take()
                {
                    free.push(register);
                }
            }
        }
        self.registers = self.registers.max(registers);
        for reduction in &of_shape.reductions {
            let reduced = reduction.operands.as_slice();
            let mut operands = [Source::Register(0); MAX_ARITY];
            for (operand, value) in operands.iter_mut().zip(reduced) {
                let Some(source) = sources[value.index()] else {
                    unreachable!("a loop computes what it reduces");
                };
                *operand = source;
            }
            plan.reductions.push(ReductionStep {
                op: reduction.op,
                operands,
                arity: reduced.len(),
                result: reduction.result,
            });
        }
        for &(place, value) in &of_shape.stores {
            let source = match sources[value.index()] {
                Some(source) => source,
                None => self.spread(value, &mut plan),
            };
            plan.stores.push((place, source));
        }
        plan
    }

    /// Where a loop reads a tensor that is in memory.
    fn loaded(
        &self,
        of_shape: &Loop,
        value: Value,
        plan: &mut LoopPlan,
        take_register: impl FnOnce() -> usize,
    ) -> Source {
        let Some(place) = self.schedule.places[value.index()] else {
            unreachable!("what is loaded has a place");
        };
        let mut stores = of_shape.stores.iter();
        let is_written = of_shape.stores.iter().any(|&(target, _)| target == place);
        if is_written && stores.any(|&(target, stored)| stored == value && target != place) {
            let register = take_register();
            plan.chunk.push(ChunkStep::Copy { place, register });
            Source::Register(register)
        } else {
            Source::Memory(place)
        }
    }

    /// The tensor of a loop that is the last to use each value; `None` if the value is not used, or
    /// still needed at the end of a chunk.
    fn last_uses(&self, of_shape: &Loop) -> Vec<Option<Value>> {
        let mut last_uses = vec![None; self.function.values().len()];
        for &value in &of_shape.tensors {
            if self.schedule.is_loaded(of_shape, value) {
                continue;
            }
            for operand in self.function.definition(value).operands() {
                last_uses[operand.index()] = Some(value);
            }
        }
        let reductions = of_shape.reductions.iter();
        let reduced = reductions.flat_map(|reduction| reduction.operands.as_slice());
        let stored = of_shape.stores.iter().map(|(_, value)| value);
        for value in reduced.chain(stored) {
            last_uses[value.index()] = None;
        }
        last_uses
    }

    /// The buffer of a scalar, which is filled before this loop unless an earlier one did.
    fn spread(&mut self, scalar: Value, plan: &mut LoopPlan) -> Source {
        debug_assert!(self.function.shape(scalar).is_scalar());
        let buffer = *self.spread_of[scalar.index()].get_or_insert_with(|| {
            plan.spreads.push((scalar, self.spreads));
            self.spreads += 1;
            self.spreads - 1
        });
        Source::Spread(buffer)
    }
}
