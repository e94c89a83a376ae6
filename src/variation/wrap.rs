//! A value that one instruction reads, made another one on the way.
//!
//! Anything that needs a new instruction *and* somebody who reads it is two changes to register code, of which the first does nothing. Expression
//! trees take it in one: a node comes between a node and its parent. This is that change for registers:
//!
//! ```text
//!   delta = mul(m, rate)    ──►    t = add(m, g)
//!                                  delta = mul(t, rate)
//! ```
//!
//! What joins the value that is read may be new too, as a tree's new node may have a child beside the old one. So a rate that falls with the
//! square root of the steps is one change, where the way by two leads over a rate that falls with the steps, which few survive:
//!
//! ```text
//!   delta = mul(m, rate)    ──►    s = sqrt(step)
//!                                  s = div(rate, s)
//!                                  delta = mul(m, s)
//! ```

use arrayvec::ArrayVec;
use mlevolve_ir::Shape;
use mlevolve_ir::ops::MAX_ARITY;
use rand::Rng;

use crate::program::{Cell, CellIndex, Instruction, Program, Role};

use super::draw::{Site, pick, pick_uniformly};
use super::numbers::happens;
use super::repertoire::{OperandShapes, Production, Repertoire};

/// How much likelier a tensor is wrapped than a scalar: most work is on tensors, and a factor more or less on the learning rate is
/// none.
const TENSOR_WEIGHT: u32 = 3;

/// How often what joins the value that is read is made by one more new instruction, where there is room.
const GROWTH_PROBABILITY: f64 = 0.5;

/// Has an instruction of `body`, which is one of `parent`'s, read, in place of a cell, what a new instruction before it makes of that cell
/// and, perhaps, of another, which may be new as well. Nothing, and no change, if there is no room, no op that takes and gives that cell's shape, or no cell that is
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
    let may_grow = body.len() + 1 < repertoire.most;
    for &(place, position) in reads[start..].iter().chain(&reads[..start]) {
        let site = Site::new(cells, repertoire, &body[..place], &body[place..]).with_empty(empty);
        let read = Read {
            cells,
            reader: body[place],
            position,
            after: &body[place + 1..],
        };
        if let Some(instructions) = read.wrapped(&site, may_grow, rng) {
            body.splice(place..=place, instructions);
            return Some(());
        }
    }
    None
}

/// An operand of an instruction, and what follows.
struct Read<'a> {
    cells: &'a [Cell],
    reader: Instruction,
    position: usize,
    after: &'a [Instruction],
}

impl Read<'_> {
    /// The new instruction, with one before it for what it reads beside, if it may, and what becomes of the reader.
    fn wrapped(
        &self,
        site: &Site<'_>,
        may_grow: bool,
        rng: &mut impl Rng,
    ) -> Option<ArrayVec<Instruction, 3>> {
        let repertoire = site.repertoire();
        let &read = self.reader.operands().get(self.position)?;
        let shape = self.cells[read.index()].shape;

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

        let mut new = ArrayVec::new();
        let mut operands = [CellIndex::default(); MAX_ARITY];
        operands[own] = read;
        for (at, &shape) in shapes.iter().enumerate().filter(|&(at, _)| at != own) {
            let grows = may_grow && new.is_empty() && happens(GROWTH_PROBABILITY, rng);
            let grown = match grows {
                true => self.grown(site, shape, read, rng),
                false => None,
            };
            operands[at] = match grown {
                Some(instruction) => {
                    new.push(instruction);
                    instruction.destination()
                }
                None => {
                    let other = site.operand(shape, Some(read), rng);
                    other.or_else(|| site.operand(shape, None, rng))?
                }
            };
        }
        let result = self.free_cell(site, shape, None, rng)?;
        new.push(Instruction::new(result, production.op, &operands[..shapes.len()]).ok()?);
        new.push(self.reader.with_operand(self.position, result));
        Some(new)
    }

    /// A random instruction that makes something of this shape to join the value that is read.
    fn grown(
        &self,
        site: &Site<'_>,
        shape: Shape,
        read: CellIndex,
        rng: &mut impl Rng,
    ) -> Option<Instruction> {
        let result = self.free_cell(site, shape, Some(read), rng)?;
        site.instruction_into(result, rng)
    }

    /// A cell of this shape, other than `except`, that can be written before the reader without a loss.
    fn free_cell(
        &self,
        site: &Site<'_>,
        shape: Shape,
        except: Option<CellIndex>,
        rng: &mut impl Rng,
    ) -> Option<CellIndex> {
        let is_free = |cell: CellIndex| {
            let others = self.reader.operands().iter().enumerate();
            let mut others = others.filter(|&(at, _)| at != self.position);
            self.cells[cell.index()].shape == shape
                && Some(cell) != except
                && others.all(|(_, &operand)| operand != cell)
                && is_unused_after(self.cells, cell, self.reader, self.after)
        };
        let writable = site.repertoire().writable.iter().copied();
        let free: Vec<CellIndex> = writable.filter(|&cell| is_free(cell)).collect();
        pick_uniformly(&free, rng).copied()
    }
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
