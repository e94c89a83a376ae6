//! Values of which an element is made of many: reductions and products.

use cranelift_codegen::ir;
use cranelift_codegen::ir::types::F32X4;

use super::elements::{At, Index, factor};
use super::emit::Emitter;
use super::plan::{Root, straight_reduction_operations};
use crate::function::Value;
use crate::jit::lanes::Vectors;
use crate::lanes::{ACCUMULATORS, Lanes};
use crate::ops::ReductionOp;

/// How many chains of dependent instructions keep the processor busy.
const CHAINS: usize = 8;

/// Most elements of a reduction in four turns.
const MOST_IN_FOUR_TURNS: usize = 64;

/// About how many multiply-adds a turn along the depth of a product has.
const TURN_MULTIPLY_ADDS: usize = 16;

/// Most multiply-adds of a tile without a loop along the depth.
const STRAIGHT_MULTIPLY_ADDS: usize = 48;

impl<const WIDTH: usize> Emitter<'_, '_, WIDTH> {
    /// The reduction of a root's operands.
    pub(super) fn reduction(&mut self, root: &Root, op: ReductionOp) -> Vectors<WIDTH> {
        let operands = self.operands(root.value);
        let (rows, columns) = self.extents(self.function.shape(operands[0]));
        let place = |index: Index| At::Flat(index);
        self.reduce(operands, op, rows * columns, root.is_straight, &place)
    }

    /// The reduction of each row.
    pub(super) fn row_reductions(&mut self, root: &Root, op: ReductionOp) {
        let operands = self.operands(root.value);
        let (rows, columns) = self.extents(self.function.shape(operands[0]));
        let is_short = columns * root.operations * WIDTH <= straight_reduction_operations(WIDTH);
        self.repeat_or_unroll(rows, 1, root.is_straight, &mut |emitter, row, _| {
            let place = |index: Index| At::Cell(row, index);
            let is_straight = root.is_straight || is_short;
            let vectors = emitter.reduce(operands, op, columns, is_straight, &place);
            emitter.put(root, At::Flat(row), vectors);
        });
    }

    /// The reduction of `count` elements, at these places of all operands.
    fn reduce(
        &mut self,
        operands: &[Value],
        op: ReductionOp,
        count: usize,
        is_straight: bool,
        place: &dyn Fn(Index) -> At,
    ) -> Vectors<WIDTH> {
        let mut element = |emitter: &mut Self, index: Index| {
            let vectors = emitter.operand_elements(operands, place(index));
            op.element(&emitter.lanes(), &vectors[..operands.len()])
        };
        let total = if is_straight {
            self.reduce_straight(op, count, &mut element)
        } else if count.is_multiple_of(4) && count <= MOST_IN_FOUR_TURNS {
            self.reduce_in_four_turns(op, count, &mut element)
        } else {
            self.reduce_in_turns(op, count, &mut element)
        };
        let lanes = self.lanes();
        op.total(&lanes, total, lanes.constant(count as f32))
    }

    /// The total of all accumulators without a loop. Accumulators that nothing is added to are left out: what
    /// is neutral changes nothing where it is combined with others.
    fn reduce_straight(
        &mut self,
        op: ReductionOp,
        count: usize,
        element: &mut dyn FnMut(&mut Self, Index) -> Vectors<WIDTH>,
    ) -> Vectors<WIDTH> {
        let neutral = self.lanes().constant(op.neutral());
        if count == 0 {
            return neutral;
        }
        let mut first = match op.begins_with_neutral() {
            true => Some(ReductionOp::least_deep(count)),
            false => None,
        };
        let mut start = |emitter: &mut Self, index: usize| {
            let vectors = element(emitter, Index::new(index));
            if first == Some(index) {
                first = None;
                return op.combine(&emitter.lanes(), neutral, vectors);
            }
            vectors
        };
        self.node(op, 0, 1, count, &mut start)
    }

    /// What is in accumulator `number` when those at a distance of `distance` and more have been combined
    /// with it.
    fn node(
        &mut self,
        op: ReductionOp,
        number: usize,
        distance: usize,
        count: usize,
        element: &mut dyn FnMut(&mut Self, usize) -> Vectors<WIDTH>,
    ) -> Vectors<WIDTH> {
        if distance == ACCUMULATORS {
            let mut chain = element(self, number);
            for index in (number + ACCUMULATORS..count).step_by(ACCUMULATORS) {
                let next = element(self, index);
                chain = op.combine(&self.lanes(), chain, next);
            }
            return chain;
        }
        let left = self.node(op, number, 2 * distance, count, element);
        if number + distance >= count {
            return left;
        }
        let right = self.node(op, number + distance, 2 * distance, count, element);
        op.combine(&self.lanes(), left, right)
    }

    /// The same with a loop of four turns: in each, the accumulators that are combined first. It is a quarter of
    /// the code.
    fn reduce_in_four_turns(
        &mut self,
        op: ReductionOp,
        count: usize,
        element: &mut dyn FnMut(&mut Self, Index) -> Vectors<WIDTH>,
    ) -> Vectors<WIDTH> {
        let neutral = self.lanes().constant(op.neutral());
        let initial = [[self.zero; WIDTH]; 4].concat();
        let fours = self.repeat(4, 1, &initial, &mut |emitter, turn, carried| {
            let mut start = |emitter: &mut Self, number: usize| {
                let vectors = element(emitter, turn.plus(number));
                if number == 0 && op.begins_with_neutral() {
                    return op.combine(&emitter.lanes(), neutral, vectors);
                }
                vectors
            };
            let total = emitter.node(op, 0, 4, count, &mut start);
            // The totals of four turns move up, so that each is in its place at the end.
            let mut next = carried[WIDTH..].to_vec();
            next.extend(emitter.lanes().values(total, F32X4));
            next
        });
        let fours = gathered(&fours);
        let lanes = self.lanes();
        let even = op.combine(&lanes, fours[0], fours[2]);
        let odd = op.combine(&lanes, fours[1], fours[3]);
        op.combine(&lanes, even, odd)
    }

    /// The same with loops, four accumulators at a time: each four that are combined first.
    fn reduce_in_turns(
        &mut self,
        op: ReductionOp,
        count: usize,
        element: &mut dyn FnMut(&mut Self, Index) -> Vectors<WIDTH>,
    ) -> Vectors<WIDTH> {
        let lanes = self.lanes();
        let turns = count / ACCUMULATORS;
        let fours = [0, 1, 2, 3].map(|number| {
            let numbers = [number, number + 8, number + 4, number + 12];
            let neutral = lanes.values(lanes.constant(op.neutral()), F32X4);
            let carried = self.repeat(
                turns,
                ACCUMULATORS,
                &[neutral; 4].concat(),
                &mut |emitter, index, carried| {
                    let mut next = Vec::with_capacity(carried.len());
                    for (&number, accumulator) in numbers.iter().zip(gathered(carried)) {
                        let vectors = element(emitter, index.plus(number));
                        let combined = op.combine(&emitter.lanes(), accumulator, vectors);
                        next.extend(emitter.lanes().values(combined, F32X4));
                    }
                    next
                },
            );
            let rest = turns * ACCUMULATORS;
            let mut accumulators = gathered(&carried);
            for (&number, accumulator) in numbers.iter().zip(&mut accumulators) {
                if rest + number < count {
                    let vectors = element(self, Index::new(rest + number));
                    *accumulator = op.combine(&lanes, *accumulator, vectors);
                }
            }
            let pair = op.combine(&lanes, accumulators[0], accumulators[1]);
            let other = op.combine(&lanes, accumulators[2], accumulators[3]);
            op.combine(&lanes, pair, other)
        });
        let even = op.combine(&lanes, fours[0], fours[2]);
        let odd = op.combine(&lanes, fours[1], fours[3]);
        op.combine(&lanes, even, odd)
    }

    /// Emits a product: the chains of a tile of rows and columns side by side.
    pub(super) fn product(&mut self, root: &Root, transposed: [bool; 2], depth: usize) {
        let (rows, columns) = self.extents(self.function.shape(root.value));
        let chains = (CHAINS / WIDTH).max(2);
        let (tall, wide) = match (rows, columns) {
            (_, 1) => (chains, 1),
            (1, _) => (1, chains),
            (_, _) => (chains / 2, 2),
        };
        let tall = evenly(rows, tall);
        let wide = evenly(columns, wide);
        self.repeat_or_unroll(rows, tall, root.is_straight, &mut |emitter, row, tall| {
            let is_straight = root.is_straight;
            emitter.repeat_or_unroll(columns, wide, is_straight, &mut |emitter, column, wide| {
                emitter.tile(root, transposed, depth, [row, column], [tall, wide]);
            });
        });
    }

    /// Emits the chains of so many rows and columns of a product, from `row` and `column` on.
    fn tile(
        &mut self,
        root: &Root,
        transposed: [bool; 2],
        depth: usize,
        [row, column]: [Index; 2],
        [tall, wide]: [usize; 2],
    ) {
        let operands = self.operands(root.value);
        let left = |row, along| factor(transposed[0], row, along);
        let right = |along, column| factor(transposed[1], along, column);
        let link = |emitter: &mut Self, along: Index, chains: &mut [Vectors<WIDTH>]| {
            let lanes = emitter.lanes();
            // The factor that more than one chain takes stays in registers, the other one is an operand in
            // memory.
            if tall >= wide {
                for across in 0..wide {
                    let b = emitter.element(operands[1], right(along, column.plus(across)));
                    for down in 0..tall {
                        let a = emitter.element(operands[0], left(row.plus(down), along));
                        let chain = &mut chains[down * wide + across];
                        *chain = lanes.fma(b, a, *chain);
                    }
                }
            } else {
                for down in 0..tall {
                    let a = emitter.element(operands[0], left(row.plus(down), along));
                    for across in 0..wide {
                        let b = emitter.element(operands[1], right(along, column.plus(across)));
                        let chain = &mut chains[down * wide + across];
                        *chain = lanes.fma(a, b, *chain);
                    }
                }
            }
        };
        let multiply_adds = tall * wide * WIDTH;
        let chains = (0..tall * wide).map(|_| Vectors::Each([(); WIDTH].map(|()| self.new_zero())));
        let mut chains: Vec<Vectors<WIDTH>> = chains.collect();
        if root.is_straight || multiply_adds * depth <= STRAIGHT_MULTIPLY_ADDS {
            for along in 0..depth {
                link(self, Index::new(along), &mut chains);
            }
        } else {
            let together = TURN_MULTIPLY_ADDS.div_ceil(multiply_adds).min(depth);
            let turns = depth / together;
            let initial = spread(&chains);
            let last = self.repeat(turns, together, &initial, &mut |emitter, along, carried| {
                let mut chains = gathered(carried);
                for next in 0..together {
                    link(emitter, along.plus(next), &mut chains);
                }
                spread(&chains)
            });
            chains = gathered(&last);
            for along in turns * together..depth {
                link(self, Index::new(along), &mut chains);
            }
        }
        for (number, &chain) in chains.iter().enumerate() {
            let (down, across) = (number / wide, number % wide);
            self.put(root, At::Cell(row.plus(down), column.plus(across)), chain);
        }
    }
}

/// At most `most`, and such that as few as possible are left over.
fn evenly(extent: usize, most: usize) -> usize {
    let most = most.min(extent).max(1);
    extent.div_ceil(extent.div_ceil(most).max(1)).max(1)
}

/// Vectors as what loops hand on.
fn spread<const WIDTH: usize>(all: &[Vectors<WIDTH>]) -> Vec<ir::Value> {
    let each = all.iter().flat_map(|vectors| match vectors {
        Vectors::Each(values) => *values,
        Vectors::Constant(_) => unreachable!("chains are in registers"),
    });
    each.collect()
}

/// What loops hand on, as vectors.
fn gathered<const WIDTH: usize>(values: &[ir::Value]) -> Vec<Vectors<WIDTH>> {
    let chunks = values.chunks_exact(WIDTH);
    chunks
        .map(|chunk| Vectors::Each(std::array::from_fn(|index| chunk[index])))
        .collect()
}
