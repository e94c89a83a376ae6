//! Removal of what has no effect: the form of an evolved program that a person reads.

use super::{Cell, CellIndex, Instruction, Program, Role};

/// What of a program has an effect.
pub(crate) struct Effective {
    /// The instructions of each function whose result reaches an output, in this call or, by way of
    /// state, in a later one.
    pub(crate) bodies: Vec<Vec<Instruction>>,
    /// For each cell, whether one of them names it, or the schema requires it.
    pub(crate) is_kept: Vec<bool>,
    /// For each cell, whether its value at the end of a call matters.
    pub(crate) needed_at_end: Vec<bool>,
}

impl Program {
    /// The same program without instructions whose result reaches no output, in this call or, by
    /// way of state, in a later one; and without cells that nothing uses then, unless the schema
    /// requires them. Outputs are the same bit for bit at every step.
    #[must_use]
    pub fn pruned(&self) -> Self {
        let Effective {
            bodies, is_kept, ..
        } = self.effective();
        let mut places = vec![CellIndex::default(); self.cells.len()];
        let mut cells = Vec::new();
        let mut next = 0;
        for (index, cell) in CellIndex::enumerate(&self.cells) {
            if is_kept[index.index()] {
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
            ..self.varied(cells, bodies)
        }
    }

    /// What [`pruned`](Self::pruned) keeps.
    pub(crate) fn effective(&self) -> Effective {
        let needed_at_end = self.needed_at_end();
        let bodies = self.bodies.iter().map(|body| {
            let mut needed = needed_at_end.clone();
            let from_last = body.iter().rev().copied();
            let mut kept: Vec<_> = from_last
                .filter(|instruction| step_back(instruction, &mut needed))
                .collect();
            kept.reverse();
            kept
        });
        let bodies: Vec<_> = bodies.collect();
        let is_required = |cell: &Cell| self.schema.required_cell(&cell.name).is_some();
        let mut is_kept: Vec<bool> = self.cells.iter().map(is_required).collect();
        for cell in bodies.iter().flatten().flat_map(Instruction::cells) {
            is_kept[cell.index()] = true;
        }
        Effective {
            bodies,
            is_kept,
            needed_at_end,
        }
    }

    /// For each cell, whether its value at the end of a call matters: that of outputs, and of state
    /// that a call reads before it writes, on the way to such a cell. The fixpoint is reached because
    /// the cells that matter only become more.
    fn needed_at_end(&self) -> Vec<bool> {
        let is_output = |cell: &Cell| cell.role == Role::Output;
        let mut needed: Vec<bool> = self.cells.iter().map(is_output).collect();
        loop {
            let mut grown = needed.clone();
            for body in &self.bodies {
                let mut needed_before = needed.clone();
                for instruction in body.iter().rev() {
                    step_back(instruction, &mut needed_before);
                }
                for (index, cell) in self.cells.iter().enumerate() {
                    grown[index] |= needed_before[index] && cell.role == Role::State;
                }
            }
            if grown == needed {
                return needed;
            }
            needed = grown;
        }
    }
}

/// Turns which cells are needed after an instruction into which are needed before it; whether the
/// instruction itself is needed.
fn step_back(instruction: &Instruction, needed: &mut [bool]) -> bool {
    let is_needed = std::mem::take(&mut needed[instruction.destination().index()]);
    if is_needed {
        for operand in instruction.operands() {
            needed[operand.index()] = true;
        }
    }
    is_needed
}
