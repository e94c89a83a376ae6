//! Small changes to one program.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::MAX_ARITY;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::program::{Cell, CellIndex, CellSet, Instruction, Program, Role};

use super::crossover::insert_operands;
use super::draw::{Site, pick_uniformly};
use super::numbers::perturbed;
use super::repertoire::{OperandShapes, Production, Repertoire};
use super::wrap::wrap_argument;
use super::{Variation, VariationSettings};

/// A kind of small change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// A random instruction appears anywhere.
    Insert,
    /// An instruction disappears.
    Delete,
    /// An instruction computes something else, of the same operands as far as their number and
    /// shapes allow.
    ReplaceOp,
    /// An instruction reads another cell in one place, or writes another one.
    RewireArgument,
    /// A constant that is read changes its value.
    PerturbConstant,
    /// Two instructions exchange their places.
    Swap,
    /// A random instruction takes the place of one.
    ReplaceInstruction,
    /// As many random instructions take the place of all of a function's.
    ReplaceFunction,
    /// A few instructions appear that follow each other in a program that has done well.
    InsertFragment,
    /// An instruction reads, in place of a cell, what a new instruction makes of that.
    WrapArgument,
}

impl Mutation {
    /// Every kind, in the order in which one that cannot apply gives way to the next.
    pub const ALL: [Self; 10] = [
        Self::Insert,
        Self::Delete,
        Self::ReplaceOp,
        Self::RewireArgument,
        Self::PerturbConstant,
        Self::Swap,
        Self::ReplaceInstruction,
        Self::ReplaceFunction,
        Self::InsertFragment,
        Self::WrapArgument,
    ];
}

/// What a search has learnt of what works, for mutations to go by.
#[derive(Clone, Copy, Debug)]
pub struct Guidance<'a> {
    /// How often each kind is chosen, relative to the others, in the order of [`Mutation::ALL`].
    pub weights: [f64; Mutation::ALL.len()],
    /// Programs that have done well, on the cells of the search, without what has no effect.
    pub library: &'a [Program],
}

impl VariationSettings {
    /// The guidance of a search that has learnt nothing yet.
    #[must_use]
    pub fn guidance(&self) -> Guidance<'static> {
        Guidance {
            weights: Mutation::ALL.map(|kind| self.mutation_weights.of(kind)),
            library: &[],
        }
    }
}

impl Variation {
    /// A child that differs from `parent` in one small change, and the kind of it.
    ///
    /// The kind is drawn by the settings' weights. Where it cannot apply, such as a deletion from a
    /// single instruction, the next one in the order of [`Mutation::ALL`] that has a weight is tried; where none applies, the
    /// child is its parent. A child is never
    /// longer than the settings' maximum, unless the parent was, and then not longer than the parent.
    ///
    /// # Panics
    /// If the parent is not on the cells of this variation.
    #[must_use]
    pub fn mutate(&self, parent: &Program, rng: &mut impl Rng) -> (Program, Mutation) {
        self.mutate_guided(parent, &self.settings.guidance(), rng)
    }

    /// As [`mutate`](Self::mutate), by what a search has learnt in place of the settings' weights.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate), or if a program of the library is not on the cells of this variation.
    #[must_use]
    pub fn mutate_guided(
        &self,
        parent: &Program,
        guidance: &Guidance<'_>,
        rng: &mut impl Rng,
    ) -> (Program, Mutation) {
        self.check(parent);
        let mut weights = guidance.weights;
        if guidance.library.is_empty() {
            weights[Mutation::InsertFragment as usize] = 0.0;
        }
        let drawn = draw_kind(weights, rng);
        let kinds = Mutation::ALL
            .iter()
            .cycle()
            .skip(drawn)
            .take(Mutation::ALL.len())
            .filter(|&&kind| weights[kind as usize] > 0.0);
        for &kind in kinds {
            if let Some(child) = self.apply(kind, parent, guidance.library, rng) {
                return (child, kind);
            }
        }
        // Where all kinds have a weight, one applies: an empty body can grow, and any other can have an op replaced.
        (parent.clone(), Mutation::ALL[drawn])
    }

    fn apply(
        &self,
        kind: Mutation,
        parent: &Program,
        library: &[Program],
        rng: &mut impl Rng,
    ) -> Option<Program> {
        match kind {
            Mutation::PerturbConstant => return perturb_constant(parent, &self.settings, rng),
            Mutation::InsertFragment => return self.insert_fragment(parent, library, rng),
            Mutation::Insert
            | Mutation::Delete
            | Mutation::ReplaceOp
            | Mutation::RewireArgument
            | Mutation::Swap
            | Mutation::ReplaceInstruction
            | Mutation::ReplaceFunction
            | Mutation::WrapArgument => {}
        }
        let function = rng.random_range(0..parent.bodies().len());
        let repertoire = &self.functions[function];
        let mut changed = parent.bodies()[function].to_vec();
        let body = &mut changed;
        match kind {
            Mutation::Insert => {
                if body.len() >= repertoire.most {
                    return None;
                }
                let place = rng.random_range(0..=body.len());
                let (before, after) = body.split_at(place);
                let site = Site::new(parent.cells(), repertoire, before, after);
                let instruction = site.instruction(rng)?;
                body.insert(place, instruction);
            }
            Mutation::Delete => {
                if body.len() < 2 {
                    return None;
                }
                body.remove(rng.random_range(0..body.len()));
            }
            Mutation::ReplaceOp => change_one(parent, repertoire, body, rng, replace_op)?,
            Mutation::RewireArgument => change_one(parent, repertoire, body, rng, rewire)?,
            Mutation::Swap => swap(body, rng)?,
            Mutation::ReplaceInstruction => {
                change_one(parent, repertoire, body, rng, |_, site, before, rng| {
                    site.instruction(rng).filter(|after| *after != before)
                })?;
            }
            Mutation::ReplaceFunction => {
                if body.is_empty() {
                    return None;
                }
                *body = self.random_body(repertoire, body.len(), rng);
            }
            Mutation::WrapArgument => wrap_argument(parent, repertoire, body, rng)?,
            Mutation::PerturbConstant | Mutation::InsertFragment => return None,
        }
        let bodies = parent.bodies().with_body(function, &changed);
        Some(parent.varied(parent.shared_cells(), bodies))
    }
}

/// The place in [`Mutation::ALL`] of a kind drawn by weight. Weights that are none count as 0.
fn draw_kind(weights: [f64; Mutation::ALL.len()], rng: &mut impl Rng) -> usize {
    let weights = weights.map(|weight| weight.clamp(0.0, f64::MAX / Mutation::ALL.len() as f64));
    let weights = weights.map(|weight| if weight.is_nan() { 0.0 } else { weight });
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    let chosen = weights.iter().position(|&weight| {
        left -= weight;
        left < 0.0
    });
    chosen.unwrap_or(0)
}

/// Changes one instruction: a random one, or the first after it that can be changed.
fn change_one<R: Rng>(
    parent: &Program,
    repertoire: &Repertoire,
    body: &mut [Instruction],
    rng: &mut R,
    change: impl Fn(&Program, &Site<'_>, Instruction, &mut R) -> Option<Instruction>,
) -> Option<()> {
    if body.is_empty() {
        return None;
    }
    let start = rng.random_range(0..body.len());
    for place in (start..body.len()).chain(0..start) {
        let site = Site::new(
            parent.cells(),
            repertoire,
            &body[..place],
            &body[place + 1..],
        );
        if let Some(changed) = change(parent, &site, body[place], rng) {
            body[place] = changed;
            return Some(());
        }
    }
    None
}

/// Another op with the same destination, and with the same operands where their shapes fit.
fn replace_op(
    parent: &Program,
    site: &Site<'_>,
    instruction: Instruction,
    rng: &mut impl Rng,
) -> Option<Instruction> {
    let destination = instruction.destination();
    let room = parent.cell(destination).shape;
    let fits = |shapes: &&OperandShapes| room.holds(shapes.result);
    let productions = site.repertoire().productions.iter();
    let others: Vec<&Production> = productions
        .filter(|other| other.op != instruction.op() && other.shapes.iter().any(|one| fits(&one)))
        .collect();
    let production = *pick_uniformly(&others, rng)?;
    let op = production.op;

    let kept = |shapes: &OperandShapes| {
        let pairs = shapes.operands().iter().zip(instruction.operands());
        pairs
            .filter(|&(&shape, &operand)| parent.cell(operand).shape == shape)
            .count()
    };
    let exact = |shapes: &OperandShapes| usize::from(shapes.result == room);
    let fitting = || production.shapes.iter().filter(fits);
    let most = fitting()
        .map(|shapes| (kept(shapes), exact(shapes)))
        .max()?;
    let best: Vec<&OperandShapes> = fitting()
        .filter(|shapes| (kept(shapes), exact(shapes)) == most)
        .collect();
    let shapes = pick_uniformly(&best, rng)?;

    let mut operands = [CellIndex::default(); MAX_ARITY];
    for (position, &shape) in shapes.operands().iter().enumerate() {
        let old = instruction.operands().get(position).copied();
        operands[position] = match old.filter(|&operand| parent.cell(operand).shape == shape) {
            Some(operand) => operand,
            None => site.operand(shape, None, rng)?,
        };
    }
    Instruction::new(destination, op, &operands[..op.arity()]).ok()
}

/// The same op with one operand or the destination exchanged for another cell.
fn rewire(
    parent: &Program,
    site: &Site<'_>,
    instruction: Instruction,
    rng: &mut impl Rng,
) -> Option<Instruction> {
    let op = instruction.op();
    let mut shapes = [Shape::Scalar; MAX_ARITY];
    for (shape, &operand) in shapes.iter_mut().zip(instruction.operands()) {
        *shape = parent.cell(operand).shape;
    }
    let position = rng.random_range(0..=op.arity());
    if position == op.arity() {
        let result = op.result_shape(&shapes[..op.arity()]).ok()?;
        let destination = site.destination(result, Some(instruction.destination()), rng)?;
        return Some(instruction.with_destination(destination));
    }
    let room = parent.cell(instruction.destination()).shape;
    let fits = |shape: &Shape| {
        let mut shapes = shapes;
        shapes[position] = *shape;
        op.result_shape(&shapes[..op.arity()])
            .is_ok_and(|result| room.holds(result))
    };
    let choices: Vec<Shape> = site
        .repertoire()
        .shapes
        .iter()
        .copied()
        .filter(fits)
        .collect();
    let shape = *pick_uniformly(&choices, rng)?;
    let operand = site.operand(shape, Some(instruction.operands()[position]), rng)?;
    Some(instruction.with_operand(position, operand))
}

/// Exchanges two different instructions: a random one and the first different one from a second
/// random place on.
fn swap(body: &mut [Instruction], rng: &mut impl Rng) -> Option<()> {
    if body.len() < 2 {
        return None;
    }
    let first = rng.random_range(0..body.len());
    let start = rng.random_range(0..body.len());
    let mut places = (start..body.len()).chain(0..start);
    let second = places.find(|&place| body[place] != body[first])?;
    body.swap(first, second);
    Some(())
}

/// Gives one of the constants that instructions read another value.
fn perturb_constant(
    parent: &Program,
    settings: &VariationSettings,
    rng: &mut impl Rng,
) -> Option<Program> {
    let mut read = CellSet::default();
    insert_operands(&mut read, parent.bodies().instructions());
    let is_read_constant = |(index, cell): (CellIndex, &Cell)| match cell.role {
        Role::Constant(value) if read.contains(index) => Some((index, value)),
        Role::Constant(_) | Role::Input | Role::State | Role::Scratch | Role::Output => None,
    };
    let cells = CellIndex::enumerate(parent.cells());
    let constants: Vec<_> = cells.filter_map(is_read_constant).collect();
    let &(index, value) = pick_uniformly(&constants, rng)?;

    let required = parent.schema().required_cell(&parent.cell(index).name);
    let value = perturbed(value, required.map(|cell| &cell.role), settings, rng);
    Some(parent.varied_in_constants([(index, value)], parent.bodies().clone()))
}
