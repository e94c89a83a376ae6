//! The op table: what a program can say, each op defined in one row.
//!
//! A row gives an op's name, mnemonic, operands, whether they commute, FLOP cost and meaning. The
//! parser, printer, type rules, cost, random generation and all three back ends derive from it, so
//! that adding an op is adding a row: to `elementwise.rs` if it works on each element by itself, to
//! `reduction.rs` if it makes one number of a tensor.

mod elementwise;
mod reduction;

use std::fmt;

pub use elementwise::ElementwiseOp;
pub use reduction::ReductionOp;

use crate::shape::Shape;

/// The most operands that any op takes.
pub const MAX_ARITY: usize = 3;

/// An operation on values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// Works on each element by itself; scalars are broadcast.
    Elementwise(ElementwiseOp),
    /// Makes one scalar of a whole tensor.
    Reduction(ReductionOp),
}

/// Operands that an op does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// The number of operands is wrong.
    #[error("`{mnemonic}` takes {expected} operand{}, not {found}", if *.expected == 1 { "" } else { "s" })]
    Arity {
        /// The op's mnemonic.
        mnemonic: &'static str,
        /// How many operands the op takes.
        expected: usize,
        /// How many it was given.
        found: usize,
    },
    /// An operand has the wrong shape.
    #[error("operand {position} of `{mnemonic}` must be a {expected}, not a {found}")]
    OperandShape {
        /// The op's mnemonic.
        mnemonic: &'static str,
        /// Which operand, counted from 1.
        position: usize,
        /// The shape that the op takes there.
        expected: Shape,
        /// The shape it was given.
        found: Shape,
    },
}

impl Op {
    /// Every op, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        let elementwise = ElementwiseOp::ALL.iter().copied().map(Self::Elementwise);
        elementwise.chain(ReductionOp::ALL.iter().copied().map(Self::Reduction))
    }

    /// The op's name in program and IR text.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::Elementwise(op) => op.mnemonic(),
            Self::Reduction(op) => op.mnemonic(),
        }
    }

    /// The op that `mnemonic` names, if any.
    #[must_use]
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::all().find(|op| op.mnemonic() == mnemonic)
    }

    /// What the op computes, in one sentence.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Elementwise(op) => op.summary(),
            Self::Reduction(op) => op.summary(),
        }
    }

    /// How many operands the op takes: 1 to [`MAX_ARITY`].
    #[must_use]
    pub const fn arity(self) -> usize {
        match self {
            Self::Elementwise(op) => op.arity(),
            Self::Reduction(_) => 1,
        }
    }

    /// Whether exchanging the first two operands leaves every bit of the result as it is.
    #[must_use]
    pub const fn commutes(self) -> bool {
        match self {
            Self::Elementwise(op) => op.commutes(),
            Self::Reduction(_) => false,
        }
    }

    /// The cost of the op for one element, in floating-point operations. Add, multiply, divide,
    /// square root, comparison and sign count 1; an elementary function counts the floating-point
    /// arithmetic of its polynomial.
    #[must_use]
    pub const fn flops_per_element(self) -> u32 {
        match self {
            Self::Elementwise(op) => op.flops_per_element(),
            Self::Reduction(op) => op.flops_per_element(),
        }
    }

    /// The shape of the result over operands of these shapes: the op's type rule.
    ///
    /// # Errors
    /// [`TypeError`] if the op does not take such operands.
    pub fn result_shape(self, operands: &[Shape]) -> Result<Shape, TypeError> {
        if operands.len() != self.arity() {
            return Err(TypeError::Arity {
                mnemonic: self.mnemonic(),
                expected: self.arity(),
                found: operands.len(),
            });
        }
        match self {
            Self::Elementwise(_) => Ok(operands
                .iter()
                .fold(Shape::Scalar, |shape, &next| shape.broadcast_with(next))),
            Self::Reduction(_) => match operands[0] {
                Shape::Tensor => Ok(Shape::Scalar),
                Shape::Scalar => Err(TypeError::OperandShape {
                    mnemonic: self.mnemonic(),
                    position: 1,
                    expected: Shape::Tensor,
                    found: Shape::Scalar,
                }),
            },
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.mnemonic())
    }
}

#[cfg(test)]
mod tests;
