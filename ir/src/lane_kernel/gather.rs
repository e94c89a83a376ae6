//! Matrix ops of which only their routine knows what they do: each lane's operands are gathered, the
//! routine is run, and its result is scattered. That is slow beside everything else here.

use super::execute::{Call, Routine};
use crate::matrix::{Matrix, MatrixMut, Workspace};
use crate::ops::{MAX_ARITY, MatrixOp};

/// An op, and the rows and columns of its operands and its result.
#[derive(Clone, Debug)]
pub(super) struct LaneByLane {
    pub(super) op: MatrixOp,
    /// Those past the op's number of operands are of no account.
    pub(super) operands: [(usize, usize); MAX_ARITY],
    pub(super) result: (usize, usize),
}

/// The ops of some lane code that are run lane by lane, and the memory that they work in.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    ops: Vec<LaneByLane>,
    operands: [Vec<f32>; MAX_ARITY],
    result: Vec<f32>,
    workspace: Workspace,
}

impl Clone for Gathering {
    /// The same ops with memory of their own, of which there is nothing to keep.
    fn clone(&self) -> Self {
        Self {
            ops: self.ops.clone(),
            ..Self::default()
        }
    }
}

/// Runs the op that the call's depth is the place of.
pub(super) const GATHERED: Routine = |call, gathering| gathering.run(call);

impl Gathering {
    /// Forgets all ops.
    pub(super) fn clear(&mut self) {
        self.ops.clear();
    }

    /// Adds an op: its place in the table.
    pub(super) fn push(&mut self, op: LaneByLane) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    fn run(&mut self, call: &Call<'_>) {
        let LaneByLane {
            op,
            operands: extents,
            result: (rows, columns),
        } = &self.ops[call.extents.depth as usize];
        let arity = op.arity();
        for lane in 0..call.lanes as usize {
            for (numbers, source) in self.operands.iter_mut().zip(&call.operands[..arity]) {
                numbers.clear();
                numbers.extend(source.iter().map(|block| block.get()[lane]));
            }
            let mut matrices = [Matrix {
                data: &[],
                rows: 0,
                columns: 0,
            }; MAX_ARITY];
            let gathered = extents.iter().zip(&self.operands);
            for (matrix, (&(rows, columns), data)) in matrices.iter_mut().zip(gathered) {
                *matrix = Matrix {
                    data,
                    rows,
                    columns,
                };
            }
            self.result.clear();
            self.result.resize(rows * columns, 0.0);
            let mut target = MatrixMut {
                data: &mut self.result,
                rows: *rows,
                columns: *columns,
            };
            op.evaluate(&matrices[..arity], &mut target, &mut self.workspace);
            for (target, &number) in call.result.iter().zip(&self.result) {
                let mut block = target.get();
                block[lane] = number;
                target.set(block);
            }
        }
    }
}
