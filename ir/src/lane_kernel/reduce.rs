//! Running reductions: the order in which the semantics contract has elements combined, over blocks of lanes.

use std::array::from_fn;
use std::cell::Cell;

use super::BLOCK;
use super::execute::{Call, end_of_turn, lanes};
use super::storage::Block;
use crate::lanes::ACCUMULATORS;

impl Call<'_> {
    /// The loop of a reduction: each element of the result is of the next so many columns.
    #[inline(always)]
    pub(crate) fn reduce<const ARITY: usize>(
        &self,
        neutral: f32,
        element: impl Fn([f32; ARITY]) -> f32,
        combine: impl Fn(f32, f32) -> f32,
        total: impl Fn(f32, f32) -> f32,
    ) {
        let columns = self.extents.columns as usize;
        let count = columns as f32;
        for (row, target) in self.result.iter().enumerate() {
            let operands: [&[Cell<Block>]; ARITY] = from_fn(
                #[inline(always)]
                |position| {
                    // A single row is that of all.
                    let operand = self.operands[position];
                    let start = if operand.len() == columns {
                        0
                    } else {
                        row * columns
                    };
                    &operand[start..][..columns]
                },
            );
            let accumulators = Accumulators {
                operands,
                count: columns,
                neutral: [neutral; BLOCK],
                element: &element,
                combine: &combine,
            };
            let combined = if columns <= ACCUMULATORS {
                accumulators.of_few()
            } else {
                accumulators.of_many()
            };
            target.set(lanes(
                [combined],
                #[inline(always)]
                |[sum]| total(sum, count),
            ));
            end_of_turn();
        }
    }

    /// [`reduce`](Self::reduce) where the compiler knows how many columns there are, not more than accumulators.
    #[inline(always)]
    pub(crate) fn reduce_rows_of<const COLUMNS: usize, const ARITY: usize>(
        &self,
        neutral: f32,
        element: impl Fn([f32; ARITY]) -> f32,
        combine: impl Fn(f32, f32) -> f32,
        total: impl Fn(f32, f32) -> f32,
    ) {
        let operands: [&[[Cell<Block>; COLUMNS]]; ARITY] = from_fn(
            #[inline(always)]
            |position| self.operands[position].as_chunks().0,
        );
        for (row, target) in self.result.iter().enumerate() {
            let accumulators = Accumulators {
                operands: operands.map(
                    #[inline(always)]
                    |rows| match rows {
                        [all] => all.as_slice(),
                        _ => rows[row].as_slice(),
                    },
                ),
                count: COLUMNS,
                neutral: [neutral; BLOCK],
                element: &element,
                combine: &combine,
            };
            target.set(lanes(
                [accumulators.of_few()],
                #[inline(always)]
                |[sum]| total(sum, COLUMNS as f32),
            ));
            end_of_turn();
        }
    }
}

/// Accumulators where vectors do not cross the end of a cache line.
#[repr(align(64))]
struct Aligned([Block; ACCUMULATORS]);

/// The order in which the semantics contract has a reduction combine elements: sixteen accumulators, which
/// are then the leaves of a tree.
struct Accumulators<'r, 'a, const ARITY: usize, Element, Combine> {
    operands: [&'a [Cell<Block>]; ARITY],
    /// As many as each operand has.
    count: usize,
    neutral: Block,
    element: &'r Element,
    combine: &'r Combine,
}

impl<const ARITY: usize, Element, Combine> Accumulators<'_, '_, ARITY, Element, Combine>
where
    Element: Fn([f32; ARITY]) -> f32,
    Combine: Fn(f32, f32) -> f32,
{
    /// Of more elements than there are accumulators: these lie in memory.
    #[inline(always)]
    fn of_many(&self) -> Block {
        let Aligned(sums) = &mut Aligned([self.neutral; ACCUMULATORS]);
        let mut start = 0;
        while start < self.count {
            let here = ACCUMULATORS.min(self.count - start);
            for (index, sum) in sums[..here].iter_mut().enumerate() {
                *sum = self.combined(*sum, self.element_at(start + index));
                end_of_turn();
            }
            start += ACCUMULATORS;
        }
        let mut half = ACCUMULATORS / 2;
        while half > 0 {
            let (left, right) = sums.split_at_mut(half);
            for (left, right) in left.iter_mut().zip(right) {
                *left = self.combined(*left, *right);
                end_of_turn();
            }
            half /= 2;
        }
        sums[0]
    }

    /// Of no more elements than there are accumulators. Those without any are left out, which no bit
    /// shows, since the neutral element leaves partial results as they are. The tree is walked from leaf to
    /// leaf, so that it never has more than five partial results at a time.
    #[inline(always)]
    fn of_few(&self) -> Block {
        if self.count == 0 {
            return self.neutral;
        }
        self.apart_by_1(0)
    }

    /// The accumulators from `first` on.
    #[inline(always)]
    fn apart_by_1(&self, first: usize) -> Block {
        let left = self.apart_by_2(first);
        if first + 1 < self.count {
            self.combined(left, self.apart_by_2(first + 1))
        } else {
            left
        }
    }

    /// Every second accumulator from `first` on.
    #[inline(always)]
    fn apart_by_2(&self, first: usize) -> Block {
        let left = self.apart_by_4(first);
        if first + 2 < self.count {
            self.combined(left, self.apart_by_4(first + 2))
        } else {
            left
        }
    }

    /// Every fourth accumulator from `first` on.
    #[inline(always)]
    fn apart_by_4(&self, first: usize) -> Block {
        let left = self.apart_by_8(first);
        if first + 4 < self.count {
            self.combined(left, self.apart_by_8(first + 4))
        } else {
            left
        }
    }

    /// Every eighth accumulator from `first` on.
    #[inline(always)]
    fn apart_by_8(&self, first: usize) -> Block {
        let left = self.accumulator(first);
        if first + 8 < self.count {
            self.combined(left, self.accumulator(first + 8))
        } else {
            left
        }
    }

    /// An accumulator of one element.
    #[inline(always)]
    fn accumulator(&self, index: usize) -> Block {
        self.combined(self.neutral, self.element_at(index))
    }

    #[inline(always)]
    fn element_at(&self, index: usize) -> Block {
        let found = self.operands.map(
            #[inline(always)]
            |operand| operand[index].get(),
        );
        lanes(found, self.element)
    }

    #[inline(always)]
    fn combined(&self, left: Block, right: Block) -> Block {
        lanes(
            [left, right],
            #[inline(always)]
            |[left, right]| (self.combine)(left, right),
        )
    }
}
