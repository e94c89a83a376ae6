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
//!
//! Where the machine's vectors are wider than native code's, an elementary function is a segment by
//! itself: one call a chunk of the loop that the interpreter has for it, which rustc has compiled for
//! that width. Passing its operands through memory costs less than the width gains. Arithmetic between
//! such calls is gathered, so that there are as few loops as the calls' dependences allow.

use crate::function::{Definition, Function, Value};
use crate::ops::{ElementwiseOp, slices_are_wide};
use crate::schedule::{Loop, Place, Schedule, elementwise};
use crate::shape::Shape;

/// Elements of a chunk: so few that all slots stay in the first-level cache, and whole rows of
/// accumulators.
pub(crate) const CHUNK: usize = 512;

/// The longest chain of dependent operations in a segment, in FLOPs. With chains of 12, loops of 20 to
/// 40 ops in a row, a quarter of them elementary functions or none, ran up to twice as fast as with 24.
const CHAIN_FLOPS: u32 = 12;

/// The most FLOPs of a segment, however they depend on each other.
const SEGMENT_FLOPS: u32 = 48;

/// The FLOPs from which on an op is called, if any is.
const CALLED_FLOPS: u32 = 12;

/// How native code comes by elementary functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementaryFunctions {
    /// They are part of its loops.
    Inlined,
    /// It calls the interpreter's loops, a chunk at a time.
    Called,
}

impl ElementaryFunctions {
    /// What is faster on this machine.
    pub(crate) fn for_this_machine() -> Self {
        if slices_are_wide() {
            Self::Called
        } else {
            Self::Inlined
        }
    }

    const fn are_called_for(self, op: ElementwiseOp) -> bool {
        match self {
            Self::Inlined => false,
            Self::Called => op.flops_per_element() >= CALLED_FLOPS,
        }
    }
}

/// Where the elements of a chunk are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Where the tensor is as a whole.
    Place(Place),
    /// In memory for chunks, by number.
    Slot(usize),
}

/// A part of a loop that is done for a whole chunk before the next.
#[derive(Debug)]
pub(super) enum Segment {
    /// A loop of its own.
    Loop(LoopSegment),
    /// A call for the chunk.
    Call(CallSegment),
}

/// A loop over a chunk.
#[derive(Debug, Default)]
pub(super) struct LoopSegment {
    /// The tensors that are computed or loaded from memory, each after its operands.
    pub(super) tensors: Vec<Value>,
    /// What earlier segments have left: the value and where it is.
    pub(super) taken: Vec<(Value, Source)>,
    /// What is left for later segments: the value and its slot.
    pub(super) left: Vec<(Value, usize)>,
    /// What is stored, after all that is loaded of an element.
    pub(super) stores: Vec<(Place, Value)>,
}

/// An elementary function of a chunk.
#[derive(Debug)]
pub(super) struct CallSegment {
    pub(super) op: ElementwiseOp,
    pub(super) operands: Vec<Source>,
    /// Not among the operands.
    pub(super) result: Source,
}

/// A loop's segments, and how many slots they need. The reductions belong to the last, which is a loop
/// if there are any.
#[derive(Debug)]
pub(super) struct Segments {
    pub(super) segments: Vec<Segment>,
    pub(super) slots: usize,
}

impl Segments {
    /// Cuts a loop.
    pub(super) fn new(
        function: &Function,
        schedule: &Schedule,
        of_shape: &Loop,
        functions: ElementaryFunctions,
    ) -> Self {
        let mut division = Division {
            function,
            schedule,
            of_shape,
            functions,
            computed_in: vec![0; function.values().len()],
            last_use: vec![0; function.values().len()],
            kinds: Vec::new(),
        };
        division.divide();
        division.find_uses();
        division.segments()
    }
}

/// What a segment is going to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Loop,
    Call(Value),
}

/// Where the values of a loop are computed and used.
struct Division<'a> {
    function: &'a Function,
    schedule: &'a Schedule,
    of_shape: &'a Loop,
    functions: ElementaryFunctions,
    /// The segment that computes each value.
    computed_in: Vec<usize>,
    /// The last segment that uses each value.
    last_use: Vec<usize>,
    /// All segments.
    kinds: Vec<Kind>,
}

impl Division<'_> {
    fn is_loaded(&self, value: Value) -> bool {
        self.schedule.is_loaded(self.of_shape, value)
    }

    /// The op of a tensor that is computed.
    fn op(&self, value: Value) -> ElementwiseOp {
        match self.function.definition(value) {
            Definition::Apply { op, .. } => elementwise(*op),
            Definition::Load(_) | Definition::Constant(_) => {
                unreachable!("a load is in memory, and a constant is a scalar")
            }
        }
    }

    fn is_called(&self, computed: Value) -> bool {
        self.functions.are_called_for(self.op(computed))
    }

    /// Gives each computed tensor its segment: for each number of calls that lie one above the other
    /// below it, the calls, then loops of what they make ready.
    fn divide(&mut self) {
        let tensors = &self.of_shape.tensors;
        let computed = tensors.iter().filter(|&&value| !self.is_loaded(value));
        let computed: Vec<Value> = computed.copied().collect();
        let mut depths = vec![0; self.function.values().len()];
        let mut deepest = 0;
        let mut spreads = false;
        for &value in &computed {
            let operands = self.function.definition(value).operands();
            let below = operands.iter().map(|operand| depths[operand.index()]);
            let is_called = self.is_called(value);
            let depth = below.max().unwrap_or(0) + usize::from(is_called);
            depths[value.index()] = depth;
            deepest = deepest.max(depth);
            let mut shapes = operands.iter().map(|&operand| self.function.shape(operand));
            spreads |= is_called && shapes.any(Shape::is_scalar);
        }
        if spreads {
            self.kinds.push(Kind::Loop);
        }
        for depth in 0..=deepest {
            let at_depth = computed
                .iter()
                .filter(|value| depths[value.index()] == depth);
            let (called, looped): (Vec<Value>, Vec<Value>) =
                at_depth.partition(|&&value| self.is_called(value));
            for value in called {
                self.computed_in[value.index()] = self.kinds.len();
                self.kinds.push(Kind::Call(value));
            }
            self.divide_loop(&looped);
        }
        // For the reductions, and what is stored late.
        if self.kinds.last() != Some(&Kind::Loop) {
            self.kinds.push(Kind::Loop);
        }
    }

    /// Gives tensors their segments, which are loops of short bodies.
    fn divide_loop(&mut self, values: &[Value]) {
        let mut flops = 0;
        // The longest chain that ends in each value, within its segment.
        let mut chains = vec![0; self.function.values().len()];
        for &value in values {
            let own = self.op(value).flops_per_element().min(CHAIN_FLOPS);
            let operands = self.function.definition(value).operands().iter();
            let here = operands
                .filter(|operand| self.computed_in[operand.index()] + 1 == self.kinds.len());
            let before = here.map(|operand| chains[operand.index()]).max();
            let mut chain = before.unwrap_or(0) + own;
            let is_full = chain > CHAIN_FLOPS || flops + own > SEGMENT_FLOPS;
            if is_full || self.kinds.last() != Some(&Kind::Loop) {
                self.kinds.push(Kind::Loop);
                (flops, chain) = (0, own);
            }
            flops += own;
            chains[value.index()] = chain;
            self.computed_in[value.index()] = self.kinds.len() - 1;
        }
    }

    fn find_uses(&mut self) {
        let last = self.kinds.len() - 1;
        for &value in &self.of_shape.tensors {
            if self.is_loaded(value) {
                continue;
            }
            let segment = self.computed_in[value.index()];
            for operand in self.function.definition(value).operands() {
                self.note_use(*operand, segment);
            }
        }
        for reduction in &self.of_shape.reductions {
            for operand in reduction.operands.as_slice() {
                self.note_use(*operand, last);
            }
        }
        // What is copied from one place to another is read when nothing can have been written yet.
        for &(_, value) in &self.of_shape.stores {
            if self.is_loaded(value) {
                self.note_use(value, last);
            }
        }
    }

    fn note_use(&mut self, value: Value, segment: usize) {
        let last_use = &mut self.last_use[value.index()];
        *last_use = (*last_use).max(segment);
    }

    /// The segment in which a value is stored to a place, either as the result of a call or in a loop:
    /// as soon as it is there, and no earlier than anything reads what is there now.
    fn stored_in(&self, place: Place, value: Value) -> usize {
        let last = self.kinds.len() - 1;
        // A parameter can be loaded more than once.
        let readers = self.of_shape.tensors.iter().filter(|&&other| {
            self.is_loaded(other) && self.schedule.places[other.index()] == Some(place)
        });
        let last_read = readers.map(|other| self.last_use[other.index()]).max();
        // A scalar is there from the beginning, and a copy of what is elsewhere is made at the end.
        let there = if self.is_loaded(value) {
            last
        } else {
            self.computed_in[value.index()]
        };
        let is_result = self.kinds[there] == Kind::Call(value);
        if is_result && last_read.is_none_or(|last_read| last_read < there) {
            return there;
        }
        self.loop_from(there.max(last_read.unwrap_or(0)))
    }

    /// The first segment from this one on that is a loop: the last is.
    fn loop_from(&self, segment: usize) -> usize {
        let last = self.kinds.len() - 1;
        let mut loops = (segment..last).filter(|&segment| self.kinds[segment] == Kind::Loop);
        loops.next().unwrap_or(last)
    }

    fn segments(mut self) -> Segments {
        let count = self.kinds.len();
        let mut stores = vec![Vec::new(); count];
        for &(place, value) in &self.of_shape.stores {
            let mut segment = self.stored_in(place, value);
            if self.kinds[segment] != Kind::Loop && !stores[segment].is_empty() {
                // A call has one result.
                segment = self.loop_from(segment);
            }
            stores[segment].push((place, value));
            self.note_use(value, segment);
        }
        let mut memory = ChunkMemory {
            sources: vec![None; self.function.values().len()],
            held: Vec::new(),
            slots: 0,
        };
        let mut segments = Vec::with_capacity(count);
        for (number, stores) in stores.into_iter().enumerate() {
            memory.free_slots_used_before(number);
            segments.push(match self.kinds[number] {
                Kind::Loop => Segment::Loop(self.loop_segment(number, stores, &mut memory)),
                Kind::Call(value) => Segment::Call(self.call_segment(value, &stores, &mut memory)),
            });
        }
        if self.of_shape.reductions.is_empty()
            && let Some(Segment::Loop(last)) = segments.last()
            && last.tensors.is_empty()
            && last.stores.is_empty()
        {
            segments.pop();
        }
        Segments {
            segments,
            slots: memory.slots,
        }
    }

    fn loop_segment(
        &self,
        number: usize,
        stores: Vec<(Place, Value)>,
        memory: &mut ChunkMemory,
    ) -> LoopSegment {
        let mut segment = LoopSegment {
            stores,
            ..LoopSegment::default()
        };
        if number == 0 {
            for scalar in self.spread_scalars() {
                let slot = memory.leave(scalar, self.last_use[scalar.index()]);
                segment.left.push((scalar, slot));
            }
        }
        let is_used = self.uses(number, &segment.stores);
        for &value in &self.of_shape.tensors {
            if self.is_computed_in(number, value) {
                segment.tensors.push(value);
                let last_use = self.last_use[value.index()];
                if last_use > number {
                    segment.left.push((value, memory.leave(value, last_use)));
                }
            } else if is_used[value.index()] {
                match memory.sources[value.index()] {
                    Some(source) => segment.taken.push((value, source)),
                    None => segment.tensors.push(value),
                }
            }
        }
        segment
    }

    fn is_computed_in(&self, number: usize, value: Value) -> bool {
        !self.is_loaded(value) && self.computed_in[value.index()] == number
    }

    /// Whether a loop uses each value.
    fn uses(&self, number: usize, stores: &[(Place, Value)]) -> Vec<bool> {
        let mut is_used = vec![false; self.function.values().len()];
        for &value in &self.of_shape.tensors {
            if self.is_computed_in(number, value) {
                for operand in self.function.definition(value).operands() {
                    is_used[operand.index()] = true;
                }
            }
        }
        for &(_, value) in stores {
            is_used[value.index()] = true;
        }
        if number + 1 == self.kinds.len() {
            for reduction in &self.of_shape.reductions {
                for operand in reduction.operands.as_slice() {
                    is_used[operand.index()] = true;
                }
            }
        }
        is_used
    }

    /// The scalars among the operands of calls.
    fn spread_scalars(&self) -> Vec<Value> {
        let mut scalars = Vec::new();
        for &kind in &self.kinds {
            let Kind::Call(value) = kind else {
                continue;
            };
            for &operand in self.function.definition(value).operands() {
                if self.function.shape(operand).is_scalar() && !scalars.contains(&operand) {
                    scalars.push(operand);
                }
            }
        }
        scalars
    }

    fn call_segment(
        &self,
        value: Value,
        stores: &[(Place, Value)],
        memory: &mut ChunkMemory,
    ) -> CallSegment {
        let operands = self.function.definition(value).operands().iter();
        let operands = operands.map(|operand| {
            let place = self.schedule.places[operand.index()];
            match memory.sources[operand.index()].or(place.map(Source::Place)) {
                Some(source) => source,
                None => unreachable!("an earlier segment has left it"),
            }
        });
        let operands = operands.collect();
        let result = match stores.first() {
            Some(&(place, _)) => {
                let source = Source::Place(place);
                memory.sources[value.index()] = Some(source);
                source
            }
            None => Source::Slot(memory.leave(value, self.last_use[value.index()])),
        };
        CallSegment {
            op: self.op(value),
            operands,
            result,
        }
    }
}

/// Where the values are that segments leave. A slot is used again once its value has been.
struct ChunkMemory {
    /// Where each value has been left, if it has.
    sources: Vec<Option<Source>>,
    /// The last segment that uses what is in each slot.
    held: Vec<Option<usize>>,
    /// How many slots there have been at most.
    slots: usize,
}

impl ChunkMemory {
    fn free_slots_used_before(&mut self, segment: usize) {
        for slot in &mut self.held {
            if slot.is_some_and(|last_use| last_use < segment) {
                *slot = None;
            }
        }
    }

    /// Gives a value a free slot until its last use.
    fn leave(&mut self, value: Value, last_use: usize) -> usize {
        let free = self.held.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.held.push(None);
            self.held.len() - 1
        });
        self.held[slot] = Some(last_use);
        self.slots = self.slots.max(self.held.len());
        self.sources[value.index()] = Some(Source::Slot(slot));
        slot
    }
}

#[cfg(test)]
mod tests;
