//! Removal of what has no effect: the form of an evolved program that a person reads.

use super::cell_table::CellKinds;
use super::{Bodies, CellIndex, CellSet, Instruction, Program};

/// What of a program has an effect.
#[derive(Debug, Default)]
pub(crate) struct Effective {
    /// The instructions of each function whose result reaches an output, in this call or, by way of
    /// state, in a later one.
    pub(crate) bodies: Bodies,
    /// The cells that one of them names, or that the schema requires.
    pub(crate) kept: CellSet,
    /// The cells that one of them reads.
    pub(crate) read: CellSet,
    /// For each function, the cells whose value at the start of a call matters.
    pub(crate) needed_at_start: Vec<CellSet>,
    /// For each function, the cells whose value at the end of a call matters.
    pub(crate) needed_at_end: Vec<CellSet>,
    /// What each instruction of the program uses, function by function.
    usages: Vec<Usage>,
    /// Where the instructions of each function begin among them.
    starts: Vec<usize>,
}

/// The cells that an instruction uses.
#[derive(Clone, Copy, Debug)]
struct Usage {
    writes: CellSet,
    reads: CellSet,
}

impl Program {
    /// The same program without instructions whose result reaches no output, in this call or, by
    /// way of state, in a later one; and without cells that nothing uses then, unless the schema
    /// requires them. Outputs are the same bit for bit at every step.
    #[must_use]
    pub fn pruned(&self) -> Self {
        let Effective { bodies, kept, .. } = self.effective();
        let mut places = vec![CellIndex::default(); self.cells.len()];
        let mut cells = Vec::new();
        let mut next = 0;
        for (index, cell) in CellIndex::enumerate(&self.cells) {
            if kept.contains(index) {
                places[index.index()] = CellIndex::new(next);
                next += 1;
                cells.push(cell.clone());
            }
        }
        let rename = |instruction: Instruction| instruction.map_cells(|cell| places[cell.index()]);
        let bodies = bodies.iter();
        let bodies = bodies.map(|body| body.iter().copied().map(rename).collect::<Vec<_>>());
        let bodies = bodies.collect();
        let notes = self.notes.clone();
        Self {
            notes,
            ..self.varied_on(cells, bodies)
        }
    }

    /// The same program without instructions whose result reaches no output, on the same cells.
    #[must_use]
    pub fn without_idle_instructions(&self) -> Self {
        self.varied(self.shared_cells(), self.effective().bodies)
    }

    /// How many instructions [`pruned`](Self::pruned) keeps.
    #[must_use]
    pub fn effective_instruction_count(&self) -> usize {
        self.effective().bodies.instructions().len()
    }

    /// What [`pruned`](Self::pruned) keeps.
    pub(crate) fn effective(&self) -> Effective {
        let mut effective = Effective::default();
        effective.find(self);
        effective
    }
}

impl Effective {
    /// Makes this what of `program` has an effect, in the memory that it has: searches ask of millions.
    pub(crate) fn find(&mut self, program: &Program) {
        self.find_needed(program);
        let Self {
            bodies,
            kept,
            read,
            needed_at_end,
            usages,
            ..
        } = self;
        let mut written = CellSet::default();
        *read = CellSet::default();
        bodies.clear();
        let mut later = usages.as_slice();
        for (body, needed) in program.bodies.iter().zip(needed_at_end) {
            let (usages, after) = later.split_at(body.len());
            later = after;
            let mut needed = *needed;
            // What is needed is moved to the end; what is not is written over by the next that is. Which of them there are is as
            // good as random, so that asking would take longer than moving.
            let before = bodies.instructions.len();
            bodies.instructions.extend_from_slice(body);
            let effective = &mut bodies.instructions[before..];
            let mut start = body.len();
            for (place, usage) in usages.iter().enumerate().rev() {
                let is_needed = usage.step_back(&mut needed);
                effective[start - 1] = body[place];
                start -= usize::from(is_needed);
                *read = *read | usage.reads.only_if(is_needed);
                written = written | usage.writes.only_if(is_needed);
            }
            bodies.instructions.drain(before..before + start);
            bodies.end_function();
        }
        *kept = program.cells.kinds().required | *read | written;
    }

    /// For each function the cells whose value matters at the start and at the end of a call: at the
    /// end those of the function's outputs, and of state that a function which may be called next needs at
    /// its start. The fixpoint is reached because the cells that matter only become more. A function that follows none says nothing
    /// about others, so that it can wait for the end.
    fn find_needed(&mut self, program: &Program) {
        let Program { cells, bodies, .. } = program;
        let CellKinds {
            state,
            outputs,
            followers,
            is_follower,
            ..
        } = cells.kinds();
        self.usages.clear();
        self.starts.clear();
        for body in bodies.iter() {
            self.starts.push(self.usages.len());
            self.usages.extend(body.iter().map(Usage::of));
        }
        self.needed_at_end.clone_from(outputs);
        self.needed_at_start.clear();
        self.needed_at_start
            .resize(bodies.len(), CellSet::default());
        let functions = 0..bodies.len();
        let mut is_first_round = true;
        let mut has_grown = true;
        while has_grown {
            has_grown = false;
            for function in functions.clone().filter(|&function| is_follower[function]) {
                let needed = self.needed_by(&followers[function], *state) | outputs[function];
                if is_first_round || needed != self.needed_at_end[function] {
                    has_grown = true;
                    self.step_back_over(function, bodies[function].len(), needed);
                }
            }
            is_first_round = false;
        }
        for function in functions.filter(|&function| !is_follower[function]) {
            let needed = self.needed_by(&followers[function], *state) | outputs[function];
            self.step_back_over(function, bodies[function].len(), needed);
        }
    }

    /// The state that one of these functions needs at its start.
    fn needed_by(&self, functions: &[usize], state: CellSet) -> CellSet {
        let mut needed = CellSet::default();
        for &function in functions {
            needed = needed | self.needed_at_start[function] & state;
        }
        needed
    }

    /// Notes what a function of so many instructions needs at its start, if that is needed at its end.
    fn step_back_over(&mut self, function: usize, length: usize, needed: CellSet) {
        self.needed_at_end[function] = needed;
        let start = &mut self.needed_at_start[function];
        *start = needed;
        for usage in self.usages[self.starts[function]..][..length].iter().rev() {
            usage.step_back(start);
        }
    }
}

impl Usage {
    fn of(instruction: &Instruction) -> Self {
        let mut writes = CellSet::default();
        writes.insert(instruction.destination());
        Self {
            writes,
            reads: instruction.operand_set(),
        }
    }

    /// Turns which cells are needed after an instruction into which are needed before it; whether the
    /// instruction itself is needed.
    fn step_back(&self, needed: &mut CellSet) -> bool {
        let is_needed = *needed & self.writes != CellSet::default();
        *needed = needed.without(self.writes) | self.reads.only_if(is_needed);
        is_needed
    }
}
