//! Cutting a long loop into short ones.
//!
//! A processor hides the latency of a chain of operations by working on several turns of a loop at once,
//! as many as fit in its reorder buffer, which holds a few hundred instructions. The body of a loop with
//! several elementary functions is longer than that, and would wait at every step for the one before.
//! So such a loop is run over a chunk of elements at a time, as a sequence of *segments*, each a loop
//! of its own with a short body. What one segment computes and a later one needs goes through memory
//! that stays in the first-level cache:
//!
//! ```text
//! for each chunk:   segment 0: a few ops over the chunk ─► slots
//!                   segment 1: a few more               ─► slots
//!                     ⋮
//!                   last segment: and the reductions
//! ```

use crate::function::{Definition, Function, Value};
use crate::ops::Op;
use crate::schedule::{Loop, Place, Schedule};

/// Elements of a chunk: so few that all slots stay in the first-level cache, and whole rows of
/// accumulators.
pub(crate) const CHUNK: usize = 512;

/// The longest chain of dependent operations in a segment, in FLOPs. With chains of 12, loops of 20 to
/// 40 ops in a row, a quarter of them elementary functions or none, ran up to twice as fast as with 24.
const CHAIN_FLOPS: u32 = 12;

/// The most FLOPs of a segment, however they depend on each other.
const SEGMENT_FLOPS: u32 = 48;

/// A part of a loop that is a loop of its own.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// The tensors that are computed or loaded from memory, each after its operands.
    pub(super) tensors: Vec<Value>,
    /// What earlier segments have left: the value and its slot.
    pub(super) taken: Vec<(Value, usize)>,
    /// What is left for later segments: the value and its slot.
    pub(super) left: Vec<(Value, usize)>,
    /// What is stored, after all that is loaded of an element.
    pub(super) stores: Vec<(Place, Value)>,
}

/// A loop's segments, and how many slots they need. The reductions belong to the last.
#[derive(Debug)]
pub(super) struct Segments {
    pub(super) segments: Vec<Segment>,
    pub(super) slots: usize,
}

/// Where the values of a loop are computed and used.
struct Division<'a> {
    function: &'a Function,
    schedule: &'a Schedule,
    of_shape: &'a Loop,
    /// The segment that computes each value.
    computed_in: Vec<usize>,
    /// The last segment that uses each value.
    last_use: Vec<usize>,
    count: usize,
}

impl Segments {
    /// Cuts a loop.
    pub(super) fn new(function: &Function, schedule: &Schedule, of_shape: &Loop) -> Self {
        let mut division = Division {
            function,
            schedule,
            of_shape,
            computed_in: vec![0; function.values().len()],
            last_use: vec![0; function.values().len()],
            count: 1,
        };
        division.divide();
        division.find_uses();
        division.segments()
    }
}

impl Division<'_> {
    fn is_loaded(&self, value: Value) -> bool {
        self.schedule.is_loaded(self.of_shape, value)
    }

    /// Gives each computed value its segment.
    fn divide(&mut self) {
        let mut flops = 0;
        // The longest chain that ends in each value, within its segment.
        let mut chains = vec![0; self.function.values().len()];
        for &value in &self.of_shape.tensors {
            if self.is_loaded(value) {
                continue;
            }
            let definition = self.function.definition(value);
            let own = match definition {
                Definition::Apply {
                    op: Op::Elementwise(op),
                    ..
                } => op.flops_per_element().min(CHAIN_FLOPS),
                Definition::Apply { .. } | Definition::Load(_) | Definition::Constant(_) => 0,
            };
            let operands = definition.operands().iter();
            let here =
                operands.filter(|operand| self.computed_in[operand.index()] + 1 == self.count);
            let before = here.map(|operand| chains[operand.index()]).max();
            let mut chain = before.unwrap_or(0) + own;
            if chain > CHAIN_FLOPS || flops + own > SEGMENT_FLOPS {
                self.count += 1;
                (flops, chain) = (0, own);
            }
            flops += own;
            chains[value.index()] = chain;
            self.computed_in[value.index()] = self.count - 1;
        }
    }

    fn find_uses(&mut self) {
        let last = self.count - 1;
        for &value in &self.of_shape.tensors {
            if self.is_loaded(value) {
                continue;
            }
            let segment = self.computed_in[value.index()];
            for operand in self.function.definition(value).operands() {
                let use_ = &mut self.last_use[operand.index()];
                *use_ = (*use_).max(segment);
            }
        }
        for reduction in &self.of_shape.reductions {
            for operand in reduction.operands.as_slice() {
                self.last_use[operand.index()] = last;
            }
        }
        // What is copied from one place to another is read when nothing can have been written yet.
        for &(_, value) in &self.of_shape.stores {
            if self.is_loaded(value) {
                self.last_use[value.index()] = last;
            }
        }
    }

    /// The segment in which a value is stored to a place: as soon as it is there, and no earlier than
    /// anything reads what is there now.
    fn stored_in(&self, place: Place, value: Value) -> usize {
        // A scalar is there from the beginning, and a copy of what is elsewhere is made at the end.
        let there = if self.is_loaded(value) {
            self.count - 1
        } else {
            self.computed_in[value.index()]
        };
        // A parameter can be loaded more than once.
        let readers = self.of_shape.tensors.iter().filter(|&&other| {
            self.is_loaded(other) && self.schedule.places[other.index()] == Some(place)
        });
        let last_read = readers.map(|other| self.last_use[other.index()]).max();
        there.max(last_read.unwrap_or(0))
    }

    fn segments(&mut self) -> Segments {
        let mut segments: Vec<Segment> = (0..self.count).map(|_| Segment::default()).collect();
        for &(place, value) in &self.of_shape.stores {
            let segment = self.stored_in(place, value);
            segments[segment].stores.push((place, value));
            let use_ = &mut self.last_use[value.index()];
            *use_ = (*use_).max(segment);
        }
        let mut slots = Slots::default();
        for (number, segment) in segments.iter_mut().enumerate() {
            slots.free_those_used_before(number);
            for &value in &self.of_shape.tensors {
                let is_loaded = self.is_loaded(value);
                if is_loaded && self.is_used_in(number, value, segment) {
                    segment.tensors.push(value);
                } else if !is_loaded && self.computed_in[value.index()] == number {
                    segment.tensors.push(value);
                    let last_use = self.last_use[value.index()];
                    if last_use > number {
                        segment.left.push((value, slots.take(value, last_use)));
                    }
                } else if let Some(slot) = slots.of(value)
                    && self.is_used_in(number, value, segment)
                {
                    segment.taken.push((value, slot));
                }
            }
        }
        Segments {
            segments,
            slots: slots.most,
        }
    }

    /// Whether a segment uses a value.
    fn is_used_in(&self, number: usize, value: Value, segment: &Segment) -> bool {
        let is_operand = self.of_shape.tensors.iter().any(|&user| {
            !self.is_loaded(user)
                && self.computed_in[user.index()] == number
                && self.function.definition(user).operands().contains(&value)
        });
        let is_stored = segment.stores.iter().any(|&(_, stored)| stored == value);
        let mut reductions = self.of_shape.reductions.iter();
        let is_reduced = number + 1 == self.count
            && reductions.any(|reduction| reduction.operands.as_slice().contains(&value));
        is_operand || is_stored || is_reduced
    }
}

/// The slots that values are left in, used again once their value has been.
#[derive(Default)]
struct Slots {
    /// The value in each slot, and the last segment that uses it.
    held: Vec<Option<(Value, usize)>>,
    most: usize,
}

impl Slots {
    fn free_those_used_before(&mut self, segment: usize) {
        for slot in &mut self.held {
            if slot.is_some_and(|(_, last_use)| last_use < segment) {
                *slot = None;
            }
        }
    }

    fn take(&mut self, value: Value, last_use: usize) -> usize {
        let free = self.held.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.held.push(None);
            self.held.len() - 1
        });
        self.held[slot] = Some((value, last_use));
        self.most = self.most.max(self.held.len());
        slot
    }

    fn of(&self, value: Value) -> Option<usize> {
        let mut held = self.held.iter();
        held.position(|slot| slot.is_some_and(|(other, _)| other == value))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn cut(code: &str) -> Segments {
        let text = format!("function f\n\nread_write a tensor\nread_write b tensor\n\n{code}");
        let function = Function::parse(&text).unwrap();
        let schedule = Schedule::new(&function);
        Segments::new(&function, &schedule, &schedule.stages[0].loops[0])
    }

    fn indices(values: &[Value]) -> Vec<usize> {
        values.iter().map(|value| value.index()).collect()
    }

    #[test]
    fn a_short_loop_is_one_segment() {
        let cut = cut("v0 = load a\nv1 = load b\nv2 = add(v0, v1)\n\nstore a = v2\nstore b = v0\n");
        assert_eq!((cut.segments.len(), cut.slots), (1, 0));
        assert_eq!(indices(&cut.segments[0].tensors), [0, 1, 2]);
        assert_eq!(cut.segments[0].stores.len(), 2);
    }

    #[test]
    fn what_later_segments_need_is_left_in_slots_that_are_used_again() {
        let cut = cut("v0 = load a\nv1 = tanh(v0)\nv2 = sin(v1)\nv3 = exp(v2)\n\
             v4 = mul(v3, v1)\nv5 = tanh(v4)\nv6 = add(v5, v0)\n\nstore a = v6\nstore b = v2\n");
        let each = |of: fn(&Segment) -> Vec<usize>| -> Vec<Vec<usize>> {
            cut.segments.iter().map(of).collect()
        };
        let computed = each(|segment| indices(&segment.tensors));
        assert_eq!(
            computed,
            [vec![0, 1], vec![2], vec![3], vec![4], vec![5], vec![0, 6]]
        );
        // v1 stays for v4; v4 takes the place of v2, and v5 that of v1.
        let left = each(|segment| segment.left.iter().map(|(_, slot)| *slot).collect());
        assert_eq!(left, [vec![0], vec![1], vec![2], vec![1], vec![0], vec![]]);
        assert_eq!(cut.slots, 3);
        // b is never read, and a in the last segment still.
        let stores = each(|segment| segment.stores.iter().map(|(_, v)| v.index()).collect());
        assert_eq!(stores, [vec![], vec![2], vec![], vec![], vec![], vec![6]]);
    }

    /// A second load of `a` reads what it held at entry, however early the first was done with.
    #[test]
    fn nothing_is_stored_before_any_load_of_its_place() {
        let cut = cut(
            "v0 = load a\nv1 = tanh(v0)\nv2 = tanh(v1)\nv3 = load a\nv4 = tanh(v2)\n\
             v5 = mul(v4, v3)\n\nstore a = v1\nstore b = v5\n",
        );
        let (last, others) = cut.segments.split_last().unwrap();
        assert!(others.iter().all(|segment| segment.stores.is_empty()));
        assert_eq!(last.stores.len(), 2);
    }

    #[test]
    fn chains_side_by_side_share_a_segment() {
        let cut = cut(
            "v0 = load a\nv1 = load b\nv2 = tanh(v0)\nv3 = tanh(v1)\n\nstore a = v2\nstore b = v3\n",
        );
        assert_eq!(cut.segments.len(), 1);
    }

    #[test]
    fn tensors_that_trade_places_are_stored_at_the_end() {
        let cut = cut(
            "v0 = load a\nv1 = load b\nv2 = tanh(v0)\nv3 = tanh(v2)\nv4 = tanh(v3)\n\
             v5 = add(v4, v1)\n\nstore a = v1\nstore b = v5\n",
        );
        let (last, others) = cut.segments.split_last().unwrap();
        assert!(!others.is_empty());
        assert!(others.iter().all(|segment| segment.stores.is_empty()));
        assert_eq!(last.stores.len(), 2);
    }
}
