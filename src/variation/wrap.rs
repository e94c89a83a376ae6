//! A value that one instruction reads, made another one on the way.
//!
//! Anything that needs a new instruction *and* somebody who reads it is two changes to register code, of which the first does nothing. Expression
//! trees take it in one: a node comes between a node and its parent. This is that change for registers:
//!
//! ```text
//!   delta = mul(m, rate)    ──►    t = add(m, g)
//!                                  delta = mul(t, rate)
//! ```

use mlevolve_ir::ops::MAX_ARITY;
use rand::Rng;

use crate::program::{Cell, CellIndex, Instruction, Program, Role};

use super::draw::{Site, pick, pick_uniformly};
use super::repertoire::{OperandShapes, Production, Repertoire};

/// How much likelier a tensor is wrapped than a scalar: most work is on tensors, and a factor more or less on the learning rate is
/// none.
const TENSOR_WEIGHT: u32 = 3;

/// Has an instruction of `body`, which is one of `parent`'s, read, in place of a cell, what a new instruction before it makes of that cell
/// and, perhaps, of others. Nothing, and no change, if there is no room, no op that takes and gives that cell's shape, or no cell that is
/// free to hold the result.
pub(super) fn wrap_argument(
    parent: &Program,
    repertoire: &Repertoire,
    body: &mut Vec<Instruction>,
    rng: &mut impl Rng,
) -> Option<()> {
    if body.len() >= repertoire.most {
        return None;
    }
    let cells = parent.cells();
    let instructions = body.iter().enumerate();
    let reads: Vec<(usize, usize)> = instructions
        .flat_map(|(place, instruction)| {
            (0..instruction.operands().len()).map(move |position| (place, position))
        })
        .collect();
    let weight = |index: usize| {
        let (place, position) = reads[index];
        let read = body[place].operands()[position];
        if cells[read.index()].shape.is_scalar() {
            1
        } else {
            TENSOR_WEIGHT
        }
    };
    let start = pick(0..reads.len(), weight, rng)?;
    let empty = parent.empty_states();
    for &(place, position) in reads[start..].iter().chain(&reads[..start]) {
        let site = Site::new(cells, repertoire, &body[..place], &body[place..]).with_empty(empty);
        if let Some(pair) = wrapped(cells, &site, body, place, position, rng) {
            body.splice(place..=place, pair);
            return Some(());
        }
    }
    None
}

/// The new instruction, and what becomes of the one at `place`.
fn wrapped(
    cells: &[Cell],
    site: &Site<'_>,
    body: &[Instruction],
    place: usize,
    position: usize,
    rng: &mut impl Rng,
) -> Option<[Instruction; 2]> {
    let repertoire = site.repertoire();
    let reader = body[place];
    let &read = reader.operands().get(position)?;
    let shape = cells[read.index()].shape;

    let takes = |shapes: &&OperandShapes| shapes.operands().contains(&shape);
    let productions = repertoire.giving(shape).iter();
    let productions: Vec<&Production> = productions
        .filter(|production| production.shapes.iter().any(|shapes| takes(&shapes)))
        .collect();
    let production = *pick_uniformly(&productions, rng)?;
    let choices: Vec<&OperandShapes> = production.shapes.iter().filter(takes).collect();
    let shapes = pick_uniformly(&choices, rng)?.operands();
    let positions: Vec<usize> = (0..shapes.len())
        .filter(|&at| shapes[at] == shape)
        .collect();
    let own = *pick_uniformly(&positions, rng)?;

    let mut operands = [CellIndex::default(); MAX_ARITY];
    for (at, &shape) in shapes.iter().enumerate() {
        operands[at] = match at == own {
            true => read,
            false => {
                let other = site.operand(shape, Some(read), rng);
                other.or_else(|| site.operand(shape, None, rng))?
            }
        };
    }
    let is_free = |cell: CellIndex| {
        let others = reader.operands().iter().enumerate();
        let mut others = others.filter(|&(at, _)| at != position);
        cells[cell.index()].shape == shape
            && others.all(|(_, &operand)| operand != cell)
            && is_unused_after(cells, cell, reader, &body[place + 1..])
    };
    let free: Vec<CellIndex> = repertoire
        .writable
        .iter()
        .copied()
        .filter(|&cell| is_free(cell))
        .collect();
    let result = *pick_uniformly(&free, rng)?;
    let new = Instruction::new(result, production.op, &operands[..shapes.len()]).ok()?;
    Some([new, reader.with_operand(position, result)])
}

/// Whether nobody misses what is in a cell once `reader` has run, and `after` follows.
fn is_unused_after(
    cells: &[Cell],
    cell: CellIndex,
    reader: Instruction,
    after: &[Instruction],
) -> bool {
    if reader.destination() == cell {
        return true;
    }
    for instruction in after {
        if instruction.operands().contains(&cell) {
            return false;
        }
        if instruction.destination() == cell {
            return true;
        }
    }
    // What it holds at the end is nobody's but that of the next call, or of the caller.
    match cells[cell.index()].role {
        Role::Scratch => true,
        Role::State | Role::Output | Role::Input | Role::Constant(_) => false,
    }
}
