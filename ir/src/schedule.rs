//! The order in which the back ends compute a function: stages of scalars, loops and matrix ops.
//!
//! A reduction needs every element of its operands before anything can use its result, and so does a
//! matrix op, so a function falls into stages. The *level* of a value is the number of such ops that
//! lie one above the other below it:
//!
//! ```text
//! stage 0   scalars of level 0     then a loop for each shape: reductions of level-0 tensors, and
//!                                  the level-0 tensors that are kept in buffers
//!                                  then matrix ops over what is stored or kept
//! stage 1   scalars of level 1     then loops, then matrix ops
//!   ⋮
//! stage L   scalars of level L     then loops: every tensor that is stored
//!           and last the scalars that are stored
//! ```
//!
//! Between loops only scalars and *buffers* survive. Results of matrix ops and their operands are in
//! buffers, as routines work on memory. Other tensors that two stages need are computed in both, from
//! the parameters and buffers: that costs arithmetic and saves the memory traffic of an intermediate
//! tensor, which costs more; unless the arithmetic is an elementary function's, which costs more still.
//! Parameters are written in the last stage only, so every stage sees them as they were.

use crate::function::{Definition, Function, Operands, ParameterIndex, Value};
use crate::ops::{ElementwiseOp, MatrixOp, Op, ReductionOp};
use crate::passes::live_values;
use crate::shape::Shape;

/// The FLOPs per element from which on a tensor that several stages need is kept in a buffer.
const KEPT_FLOPS: u32 = 16;

/// Memory that a function works on: a parameter's, or of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The argument for a parameter.
    Parameter(ParameterIndex),
    /// A buffer of the function's own, by number.
    Buffer(usize),
}

/// What is computed when.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// At least one.
    pub(crate) stages: Vec<Stage>,
    /// What scalar parameters hold at exit; stored after everything else.
    pub(crate) scalar_stores: Vec<(ParameterIndex, Value)>,
    /// The shapes of the function's own buffers. A scalar's has length 1.
    pub(crate) buffers: Vec<Shape>,
    /// The memory that each value is in once it has been computed, if it is in any.
    pub(crate) places: Vec<Option<Place>>,
}

/// Scalars, then loops over elements, then matrix ops.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    /// Loads, constants and ops that are ready now, each after its operands. Results of reductions
    /// and matrix ops are not among them.
    pub(crate) scalars: Vec<Value>,
    /// One for each shape, if there is anything to be done over it.
    pub(crate) loops: Vec<Loop>,
    /// In an order that does not matter.
    pub(crate) matrix_ops: Vec<MatrixStep>,
}

/// What is done for each element of a shape.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) shape: Shape,
    /// The tensors that are computed for an element, each after its operands. One that is in memory
    /// already is loaded.
    pub(crate) tensors: Vec<Value>,
    /// The reductions that are computed.
    pub(crate) reductions: Vec<Reduction>,
    /// What is stored, after all that is loaded of an element. The values can be scalars.
    pub(crate) stores: Vec<(Place, Value)>,
}

/// One reduction of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reduction {
    pub(crate) op: ReductionOp,
    /// The tensors that are reduced.
    pub(crate) operands: Operands,
    /// The scalar that it gives.
    pub(crate) result: Value,
}

/// One matrix op. Its operands and its result are in memory; scalars among the operands are put there
/// before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixStep {
    pub(crate) op: MatrixOp,
    pub(crate) operands: Operands,
    pub(crate) result: Value,
}

impl Schedule {
    /// Orders what the function's stores depend on; the rest is left out.
    ///
    /// # Panics
    /// If the function has composite ops: they are expanded before.
    pub(crate) fn new(function: &Function) -> Self {
        let live = live_values(function);
        let levels = levels(function, &live);
        let deepest = levels.iter().copied().max().unwrap_or(0);
        let mut schedule = Self {
            stages: vec![Stage::default(); deepest + 1],
            scalar_stores: Vec::new(),
            buffers: Vec::new(),
            places: vec![None; function.values().len()],
        };
        for value in function.values().filter(|value| live[value.index()]) {
            schedule.place(function, value, &levels);
        }
        for (parameter, value) in function.stores() {
            if function.parameter(parameter).shape.is_scalar() {
                schedule.scalar_stores.push((parameter, value));
            } else {
                let shape = function.parameter(parameter).shape;
                let target = (Place::Parameter(parameter), value);
                schedule.loop_over(deepest, shape).stores.push(target);
            }
        }
        schedule.keep_operands(function, &levels);
        schedule.keep_what_is_costly(function);
        for stage in 0..schedule.stages.len() {
            schedule.list_tensors(function, stage);
        }
        schedule
    }

    /// Puts a value in its stage, and in memory if that is where it comes about.
    fn place(&mut self, function: &Function, value: Value, levels: &[usize]) {
        let level = levels[value.index()];
        let shape = function.shape(value);
        match function.definition(value) {
            Definition::Load(parameter) => {
                self.places[value.index()] = Some(Place::Parameter(*parameter));
                if shape.is_scalar() {
                    self.stages[level].scalars.push(value);
                }
            }
            Definition::Constant(_) => self.stages[level].scalars.push(value),
            Definition::Apply { op, operands } => match op {
                Op::Elementwise(_) => {
                    if shape.is_scalar() {
                        self.stages[level].scalars.push(value);
                    }
                }
                Op::Reduction(op) => {
                    let reduced = function.shape(operands.as_slice()[0]);
                    self.loop_over(level - 1, reduced)
                        .reductions
                        .push(Reduction {
                            op: *op,
                            operands: *operands,
                            result: value,
                        });
                }
                Op::Matrix(op) => {
                    self.keep(function, value);
                    self.stages[level - 1].matrix_ops.push(MatrixStep {
                        op: *op,
                        operands: *operands,
                        result: value,
                    });
                }
                Op::Composite(op) => panic!("{op:?} has not been expanded"),
            },
        }
    }

    /// Gives a value a buffer, unless it is in memory already; whether it did.
    fn keep(&mut self, function: &Function, value: Value) -> bool {
        let place = &mut self.places[value.index()];
        if place.is_some() {
            return false;
        }
        *place = Some(Place::Buffer(self.buffers.len()));
        self.buffers.push(function.shape(value));
        true
    }

    /// The loop of a stage over a shape.
    fn loop_over(&mut self, stage: usize, shape: Shape) -> &mut Loop {
        let loops = &mut self.stages[stage].loops;
        let index = loops.iter().position(|other| other.shape == shape);
        let index = index.unwrap_or_else(|| {
            loops.push(Loop {
                shape,
                tensors: Vec::new(),
                reductions: Vec::new(),
                stores: Vec::new(),
            });
            loops.len() - 1
        });
        &mut loops[index]
    }

    /// Has the operands of matrix ops in memory when they are needed: tensors as soon as they can be
    /// computed. Scalars get a place too, which the back end fills.
    fn keep_operands(&mut self, function: &Function, levels: &[usize]) {
        for stage in 0..self.stages.len() {
            for step in 0..self.stages[stage].matrix_ops.len() {
                let operands = self.stages[stage].matrix_ops[step].operands;
                for &operand in operands.as_slice() {
                    if self.keep(function, operand) && !function.shape(operand).is_scalar() {
                        self.store_kept(function, levels[operand.index()], operand);
                    }
                }
            }
        }
    }

    /// Has a loop of a stage store a tensor to its buffer.
    fn store_kept(&mut self, function: &Function, stage: usize, value: Value) {
        let Some(place) = self.places[value.index()] else {
            unreachable!("it has just been given a buffer");
        };
        let target = (place, value);
        self.loop_over(stage, function.shape(value))
            .stores
            .push(target);
    }

    /// Keeps what takes an elementary function and more than one stage needs.
    fn keep_what_is_costly(&mut self, function: &Function) {
        if self.stages.len() == 1 {
            return;
        }
        let needed: Vec<Vec<Value>> = (0..self.stages.len())
            .map(|stage| self.needed_tensors(function, stage))
            .collect();
        for value in function.values() {
            let is_costly = match function.definition(value) {
                Definition::Load(_) | Definition::Constant(_) => false,
                Definition::Apply { op, .. } => match op {
                    Op::Elementwise(op) => op.flops_per_element() >= KEPT_FLOPS,
                    Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => false,
                },
            };
            if !is_costly || function.shape(value).is_scalar() {
                continue;
            }
            let mut stages = (0..needed.len()).filter(|&stage| needed[stage].contains(&value));
            if let (Some(first), Some(_)) = (stages.next(), stages.next())
                && self.keep(function, value)
            {
                self.store_kept(function, first, value);
            }
        }
    }

    /// The tensors that the loops of a stage depend on and that are not in memory before it.
    fn needed_tensors(&self, function: &Function, stage: usize) -> Vec<Value> {
        let loops = self.stages[stage].loops.iter();
        loops
            .flat_map(|of_shape| self.loop_tensors(function, of_shape))
            .filter(|value| self.places[value.index()].is_none())
            .collect()
    }

    /// The tensors that a loop depends on, in the order of definition. It does not look behind what
    /// is in memory, unless the loop itself is what puts it there.
    fn loop_tensors(&self, function: &Function, of_shape: &Loop) -> Vec<Value> {
        let mut needed = vec![false; function.values().len()];
        let reductions = of_shape.reductions.iter();
        let reduced = reductions.flat_map(|reduction| reduction.operands.as_slice());
        let stored = of_shape.stores.iter().map(|(_, value)| value);
        for value in reduced.chain(stored) {
            needed[value.index()] = true;
        }
        let is_tensor = |value: Value| !function.shape(value).is_scalar();
        for value in function.values().rev() {
            let is_loaded = self.is_loaded(of_shape, value);
            if needed[value.index()] && is_tensor(value) && !is_loaded {
                for operand in function.definition(value).operands() {
                    needed[operand.index()] = true;
                }
            }
        }
        let values = function.values();
        values
            .filter(|&value| needed[value.index()] && is_tensor(value))
            .collect()
    }

    /// Whether a loop finds a tensor in memory, rather than putting it there or computing it.
    pub(crate) fn is_loaded(&self, of_shape: &Loop, value: Value) -> bool {
        self.places[value.index()].is_some_and(|place| match place {
            Place::Parameter(_) => true,
            Place::Buffer(_) => !of_shape.stores.contains(&(place, value)),
        })
    }

    fn list_tensors(&mut self, function: &Function, stage: usize) {
        for index in 0..self.stages[stage].loops.len() {
            let tensors = self.loop_tensors(function, &self.stages[stage].loops[index]);
            self.stages[stage].loops[index].tensors = tensors;
        }
    }
}

/// The op of a scalar or of a tensor in a loop: reductions and matrix ops have lists of their own.
pub(crate) fn elementwise(op: Op) -> ElementwiseOp {
    match op {
        Op::Elementwise(op) => op,
        Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => {
            unreachable!("the schedule keeps all other ops apart")
        }
    }
}

/// For each live value, the greatest number of ops on a way down from it, itself included, that need
/// all elements of their operands.
fn levels(function: &Function, live: &[bool]) -> Vec<usize> {
    let mut levels = vec![0; function.values().len()];
    for value in function.values().filter(|value| live[value.index()]) {
        let definition = function.definition(value);
        let below = definition
            .operands()
            .iter()
            .map(|operand| levels[operand.index()])
            .max();
        let own = match definition {
            Definition::Load(_) | Definition::Constant(_) => 0,
            Definition::Apply { op, .. } => match op {
                Op::Elementwise(_) => 0,
                Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => 1,
            },
        };
        levels[value.index()] = below.unwrap_or(0) + own;
    }
    levels
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn indices(values: &[Value]) -> Vec<usize> {
        values.iter().map(|value| value.index()).collect()
    }

    #[test]
    fn a_tensor_is_computed_in_every_loop_that_needs_it() {
        let text = "function f\n\nread g tensor\nread rate scalar\nwrite d tensor\nwrite n scalar\n\n\
            v0 = load g\nv1 = load rate\nv2 = square(v0)\nv3 = sum(v2)\nv4 = mul(v3, v1)\n\
            v5 = sub(v2, v4)\nv6 = max_of(v5)\nv7 = div(v5, v6)\nv8 = neg(v7)\n\n\
            store d = v7\nstore n = v4\n";
        let schedule = Schedule::new(&Function::parse(text).unwrap());
        let [first, second, third] = &schedule.stages[..] else {
            panic!("{schedule:?}");
        };
        assert!(schedule.buffers.is_empty());
        assert_eq!(indices(&first.scalars), [1]);
        assert_eq!(indices(&first.loops[0].tensors), [0, 2]);
        assert_eq!(first.loops[0].reductions[0].result.index(), 3);
        assert_eq!(indices(&second.scalars), [4]);
        assert_eq!(indices(&second.loops[0].tensors), [0, 2, 5]);
        assert_eq!(second.loops[0].reductions[0].result.index(), 6);
        assert_eq!(indices(&third.scalars), []);
        // v8 is dead.
        assert_eq!(indices(&third.loops[0].tensors), [0, 2, 5, 7]);
        assert!(third.loops[0].reductions.is_empty());
        assert_eq!(third.loops[0].stores[0].1.index(), 7);
        assert_eq!(schedule.scalar_stores[0].1.index(), 4);
    }

    #[test]
    fn operands_of_matrix_ops_and_costly_tensors_are_kept() {
        let text = "function f\n\nread g tensor\nwrite d tensor\n\n\
            v0 = load g\nv1 = exp(v0)\nv2 = neg(v0)\nv3 = matmul_right_transposed(v0, v2)\n\
            v4 = matmul(v3, v1)\nv5 = norm(v4)\nv6 = mul(v1, v5)\n\nstore d = v6\n";
        let schedule = Schedule::new(&Function::parse(text).unwrap());
        assert_eq!(schedule.stages.len(), 4);
        let [first, second, third, last] = &schedule.stages[..] else {
            panic!("{schedule:?}");
        };
        // v1 costs much and v2 is an operand; v0 is in memory as it is.
        assert_eq!(indices(&first.loops[0].tensors), [0, 1, 2]);
        assert_eq!(first.loops[0].stores.len(), 2);
        assert_eq!(first.matrix_ops[0].result.index(), 3);
        assert!(second.loops.is_empty());
        assert_eq!(second.matrix_ops[0].result.index(), 4);
        assert_eq!(indices(&third.loops[0].tensors), [4]);
        assert_eq!(indices(&last.loops[0].tensors), [1, 6]);
        assert_eq!(schedule.buffers.len(), 4);
    }
}
