//! Removal of what has no effect: the form of an evolved program that a person reads.

use super::{CellIndex, CellSet, Instruction, Program};

/// What of a program has an effect.
#[derive(Debug, Default)]
pub(crate) struct Effective {
    /// The instructions of each function whose result reaches an output, in this call or, by way of
    /// state, in a later one.
    pub(crate) bodies: Vec<Vec<Instruction>>,
    /// The cells that one of them names, or that the schema requires.
    pub(crate) kept: CellSet,
    /// For each function, the cells whose value at the start of a call matters.
    pub(crate) needed_at_start: Vec<CellSet>,
    /// For each function, the cells whose value at the end of a call matters.
    pub(crate) needed_at_end: Vec<CellSet>,
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
        let bodies = bodies
            .into_iter()
            .map(|body| body.into_iter().map(rename).collect())
            .collect();
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
        self.effective().bodies.iter().map(Vec::len).sum()
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
            needed_at_end,
            ..
        } = self;
        *kept = program.cells.required;
        bodies.resize_with(program.bodies.len(), Vec::new);
        let pairs = program.bodies.iter().zip(bodies);
        for ((body, effective), needed) in pairs.zip(needed_at_end) {
            let mut needed = *needed;
            effective.clear();
            for instruction in body.iter().rev() {
                if step_back(instruction, &mut needed) {
                    effective.push(*instruction);
                    for cell in instruction.cells() {
                        kept.insert(cell);
                    }
                }
            }
            effective.reverse();
        }
    }

    /// For each function the cells whose value matters at the start and at the end of a call: at the
    /// end those of the function's outputs, and of state that a function which may be called next needs at
    /// its start. The fixpoint is reached because the cells that matter only become more.
    fn find_needed(&mut self, program: &Program) {
        let Program { cells, bodies, .. } = program;
        let (at_start, at_end) = (&mut self.needed_at_start, &mut self.needed_at_end);
        at_end.clone_from(&cells.outputs);
        at_start.clone_from(&cells.outputs);
        loop {
            for ((body, needed), start) in bodies.iter().zip(&*at_end).zip(&mut *at_start) {
                *start = *needed;
                for instruction in body.iter().rev() {
                    step_back(instruction, start);
                }
            }
            let mut has_grown = false;
            for (followers, needed) in cells.followers.iter().zip(&mut *at_end) {
                let before = *needed;
                for &next in followers {
                    *needed = *needed | at_start[next] & cells.state;
                }
                has_grown |= *needed != before;
            }
            if !has_grown {
                return;
            }
        }
    }
}

/// Turns which cells are needed after an instruction into which are needed before it; whether the
/// instruction itself is needed.
fn step_back(instruction: &Instruction, needed: &mut CellSet) -> bool {
    let is_needed = needed.contains(instruction.destination());
    if is_needed {
        needed.remove(instruction.destination());
        for &operand in instruction.operands() {
            needed.insert(operand);
        }
    }
    is_needed
}
