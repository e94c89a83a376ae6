//! Removal of what has no effect: the form of an evolved program that a person reads.

use std::collections::BTreeSet;

use super::{CellIndex, Instruction, Program, Role};

impl Program {
    /// The same program without instructions whose result reaches no output, in this call or, by
    /// way of state, in a later one; and without cells that nothing uses then, unless the schema
    /// requires them. Outputs are the same bit for bit at every step.
    #[must_use]
    pub fn pruned(&self) -> Self {
        let needed_at_end = self.needed_at_end();
        let bodies: Vec<Vec<Instruction>> = self
            .bodies
            .iter()
            .map(|body| {
                let mut needed = needed_at_end.clone();
                let mut kept: Vec<_> = body
                    .iter()
                    .rev()
                    .filter(|instruction| step_back(instruction, &mut needed))
                    .collect();
                kept.reverse();
                kept.into_iter().copied().collect()
            })
            .collect();

        let used: BTreeSet<CellIndex> = bodies
            .iter()
            .flatten()
            .flat_map(Instruction::cells)
            .collect();
        let mut places = vec![CellIndex::default(); self.cells.len()];
        let mut cells = Vec::new();
        let mut next = 0;
        for (index, cell) in CellIndex::enumerate(&self.cells) {
            if used.contains(&index) || self.schema.required_cell(&cell.name).is_some() {
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

    /// The cells whose value at the end of a call matters: outputs, and state that a call reads
    /// before it writes, on the way to such a cell. The fixpoint is reached because the set only
    /// grows.
    pub(crate) fn needed_at_end(&self) -> BTreeSet<CellIndex> {
        let cells = CellIndex::enumerate(&self.cells);
        let mut needed: BTreeSet<CellIndex> = cells
            .filter(|(_, cell)| cell.role == Role::Output)
            .map(|(index, _)| index)
            .collect();
        loop {
            let mut grown = needed.clone();
            for body in &self.bodies {
                let mut needed_before = needed.clone();
                for instruction in body.iter().rev() {
                    step_back(instruction, &mut needed_before);
                }
                let is_state = |index: &CellIndex| self.cell(*index).role == Role::State;
                grown.extend(needed_before.into_iter().filter(is_state));
            }
            if grown == needed {
                return needed;
            }
            needed = grown;
        }
    }
}

/// Turns the cells needed after an instruction into those needed before it; whether the instruction
/// itself is needed.
fn step_back(instruction: &Instruction, needed: &mut BTreeSet<CellIndex>) -> bool {
    let is_needed = needed.remove(&instruction.destination());
    if is_needed {
        needed.extend(instruction.operands());
    }
    is_needed
}
