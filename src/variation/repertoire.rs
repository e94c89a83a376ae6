//! What an instruction of one function can be, worked out once for a search.
//!
//! A child is made in a microsecond or less, so what depends on nothing but the settings and the cells, which
//! all programs of a search share, is not asked of the op table again each time.

use mlevolve_ir::Shape;
use mlevolve_ir::ops::{MAX_ARITY, Op};

use crate::program::{Cell, CellIndex, Schema};

use super::{OpSet, VariationSettings};

/// Shapes of operands that an op takes, and the result's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OperandShapes {
    shapes: [Shape; MAX_ARITY],
    arity: usize,
    pub(super) result: Shape,
}

impl OperandShapes {
    pub(super) fn operands(&self) -> &[Shape] {
        &self.shapes[..self.arity]
    }
}

/// An op with shapes of operands that there are cells of and that settings allow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Production {
    pub(super) op: Op,
    pub(super) shapes: Vec<OperandShapes>,
}

/// What instructions of one function can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repertoire {
    /// The most instructions of the function.
    pub(super) most: usize,
    /// The fewest and the most of a random body.
    pub(super) random_lengths: [usize; 2],
    /// The cells whose content at the end is the caller's to use.
    pub(super) outputs: Vec<CellIndex>,
    /// The cells that can be read, by shape.
    readable: [Vec<CellIndex>; Shape::ALL.len()],
    /// The cells that can be written.
    pub(super) writable: Vec<CellIndex>,
    /// The shapes of cells that can be read.
    pub(super) shapes: Vec<Shape>,
    /// Every op.
    pub(super) productions: Vec<Production>,
    /// The ops with the shapes that give a result of a shape.
    by_result: [Vec<Production>; Shape::ALL.len()],
}

impl Repertoire {
    /// Of the schema's function at this place, over these cells.
    pub(super) fn new(
        schema: Schema,
        function: usize,
        cells: &[Cell],
        settings: &VariationSettings,
    ) -> Self {
        let description = &schema.description().functions[function];
        let sizes = settings.of_function(schema, description.name);
        let of = |fits: &dyn Fn(&Cell) -> bool| -> Vec<CellIndex> {
            let offered = CellIndex::enumerate(cells)
                .filter(|(_, cell)| schema.offers(cell, description) && fits(cell));
            offered.map(|(index, _)| index).collect()
        };
        let ignored = settings.ignored_inputs.iter();
        let is_ignored = |cell: &Cell| ignored.clone().any(|name| cell.name == *name);
        let readable = Shape::ALL.map(|shape| of(&|cell| cell.shape == shape && !is_ignored(cell)));
        let shapes: Vec<Shape> = Shape::ALL
            .into_iter()
            .filter(|&shape| !readable[shape as usize].is_empty())
            .collect();
        let productions = productions(&sizes.ops, &shapes);
        let by_result = Shape::ALL.map(|result| {
            let giving = productions.iter().map(|production| Production {
                op: production.op,
                shapes: production
                    .shapes
                    .iter()
                    .filter(|shapes| shapes.result == result)
                    .copied()
                    .collect(),
            });
            giving
                .filter(|production| !production.shapes.is_empty())
                .collect()
        });
        Self {
            most: sizes.most,
            random_lengths: sizes.random_lengths,
            outputs: of(&|cell| schema.is_output(cell, description.name)),
            readable,
            writable: of(&|cell| cell.role.is_writable()),
            shapes,
            productions,
            by_result,
        }
    }

    /// The cells of a shape that can be read.
    pub(super) fn readable(&self, shape: Shape) -> &[CellIndex] {
        &self.readable[shape as usize]
    }

    /// The ops that give a result of a shape.
    pub(super) fn giving(&self, result: Shape) -> &[Production] {
        &self.by_result[result as usize]
    }
}

/// Every op of a set with every choice of these shapes that its type rule and the set allow.
fn productions(ops: &OpSet, shapes: &[Shape]) -> Vec<Production> {
    let of_op = |choice: &super::op_set::OpChoice| {
        let arity = choice.op.arity();
        let codes = 0..shapes.len().pow(arity as u32);
        let typed = codes.filter_map(|mut code| {
            let mut operands = [Shape::Scalar; MAX_ARITY];
            for shape in &mut operands[..arity] {
                *shape = shapes[code % shapes.len()];
                code /= shapes.len();
            }
            let result = choice.op.result_shape(&operands[..arity]).ok()?;
            choice.allows(&operands[..arity]).then_some(OperandShapes {
                shapes: operands,
                arity,
                result,
            })
        });
        Production {
            op: choice.op,
            shapes: typed.collect(),
        }
    };
    let all = ops.choices().iter().map(of_op);
    all.filter(|production| !production.shapes.is_empty())
        .collect()
}
