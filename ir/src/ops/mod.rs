//! The op table: what a program can say, each op defined in one row.
//!
//! A row gives an op's name, mnemonic, operands, cost, meaning, derivative and how other languages
//! write it. The parser, printer, type rules, random generation, differentiation and all back ends
//! derive from it, so that adding an op is adding a row:
//!
//! | to | if the op | its meaning is |
//! |---|---|---|
//! | a file of `elementwise/` | works on each element by itself | an expression over [lanes](crate::lanes) |
//! | `reduction.rs` | makes one number of whole tensors | how elements are combined, over lanes |
//! | a file of `matrix/` | works on whole matrices | a routine of `crate::matrix` |
//! | `composite.rs` | is made of others | an expression over ops |
//!
//! Every row also says once more, in the column `real`, what the op is over the real numbers, in
//! binary64 and without a thought to speed: `real` has what that is written with. Tests hold the
//! meaning, its error and its derivative against it.
//!
//! What earlier searches could say is in [`vocabulary`], row by row, as expressions of these ops.

#[macro_use]
mod kind;

mod composite;
mod elementwise;
mod matrix;
mod pattern;
pub(crate) mod real;
mod reduction;
mod terms;
pub mod vocabulary;

use std::fmt;
use std::sync::LazyLock;

pub use composite::CompositeOp;
pub use elementwise::ElementwiseOp;
pub(crate) use elementwise::slices_are_wide;
pub(crate) use matrix::ElementForm;
pub use matrix::MatrixOp;
pub use reduction::ReductionOp;
pub(crate) use terms::Terms;

use rustc_hash::FxHashMap;

use crate::function::Cost;
use crate::shape::Shape;

/// How an op is written elsewhere: an expression over `{a}`, `{b}` and `{c}`, its operands in order.
///
/// In NumPy and JAX, `np` and `jnp` are the modules, and arrays are binary32. In Rust, scalars and
/// elements are `f32` and tensors are slices. Functions that a language does not have are named
/// as the op: `minimum`, `maximum`, `sign`, `powr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Templates {
    /// In PyTorch.
    pub torch: &'static str,
    /// In NumPy.
    pub numpy: &'static str,
    /// In JAX.
    pub jax: &'static str,
    /// In Rust without dependencies.
    pub rust: &'static str,
    /// In LaTeX's mathematical mode.
    pub latex: &'static str,
}

/// When the results of an op fulfil a condition that rewrite rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarantee {
    /// Not always, even if all operands do.
    None,
    /// If all operands do.
    Kept,
    /// Whatever the operands are.
    Always,
}

/// What an operand is meant to be: of others, an op promises no useful result, and its derivative
/// nothing at all. Random functions and tests choose operands by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any value.
    Any,
    /// A matrix that is its own transpose.
    Symmetric,
    /// A symmetric matrix of positive eigenvalues.
    PositiveDefinite,
    /// A number whose bits choose a stream of random numbers. The result jumps wherever it changes.
    Key,
    /// A number from 0 to 1 that chooses one of the elements, which share that interval evenly. The result jumps where it
    /// passes from one to the next.
    Place,
}

/// The most operands that any op takes.
pub const MAX_ARITY: usize = 3;

/// An operation on values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// Works on each element by itself; scalars are broadcast.
    Elementwise(ElementwiseOp),
    /// Makes one scalar of whole tensors.
    Reduction(ReductionOp),
    /// Works on whole matrices.
    Matrix(MatrixOp),
    /// Stands for an expression of other ops.
    Composite(CompositeOp),
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
    /// The operands of an elementwise op differ in shape.
    #[error(
        "operand {position} of `{mnemonic}` must be a {expected} as those before it, or a scalar, not a {found}"
    )]
    OperandShape {
        /// The op's mnemonic.
        mnemonic: &'static str,
        /// Which operand, counted from 1.
        position: usize,
        /// The shape of the operands before it.
        expected: Shape,
        /// The shape it was given.
        found: Shape,
    },
    /// A reduction is of a scalar, or of two shapes.
    #[error(
        "operand {position} of `{mnemonic}` must be a tensor or another matrix, the same for all operands, not a {found}"
    )]
    Reduced {
        /// The op's mnemonic.
        mnemonic: &'static str,
        /// Which operand, counted from 1.
        position: usize,
        /// The shape it was given.
        found: Shape,
    },
    /// An operand does not fit the pattern of a matrix op.
    #[error(
        "operand {position} of `{mnemonic}`, which has the shapes {pattern}, cannot be a {found}"
    )]
    Pattern {
        /// The op's mnemonic.
        mnemonic: &'static str,
        /// Which operand, counted from 1.
        position: usize,
        /// The shape it was given.
        found: Shape,
        /// The shapes of operands and result: rows and columns, the same letter for the same number.
        pattern: String,
    },
}

impl Op {
    /// Every op, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        let elementwise = ElementwiseOp::ALL.iter().copied().map(Self::Elementwise);
        elementwise
            .chain(ReductionOp::ALL.iter().copied().map(Self::Reduction))
            .chain(MatrixOp::ALL.iter().copied().map(Self::Matrix))
            .chain(CompositeOp::ALL.iter().copied().map(Self::Composite))
    }

    /// The op's name in program and IR text.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::Elementwise(op) => op.mnemonic(),
            Self::Reduction(op) => op.mnemonic(),
            Self::Matrix(op) => op.mnemonic(),
            Self::Composite(op) => op.mnemonic(),
        }
    }

    /// The op that `mnemonic` names, if any.
    #[must_use]
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        // Only looked up, never iterated.
        static BY_MNEMONIC: LazyLock<FxHashMap<&str, Op>> =
            LazyLock::new(|| Op::all().map(|op| (op.mnemonic(), op)).collect());
        BY_MNEMONIC.get(mnemonic).copied()
    }

    /// What the op computes, in one sentence.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Elementwise(op) => op.summary(),
            Self::Reduction(op) => op.summary(),
            Self::Matrix(op) => op.summary(),
            Self::Composite(op) => op.summary(),
        }
    }

    /// The shapes that the op takes and gives, as rows and columns: the same letter stands for the same
    /// number, and only capital letters for 1 too.
    #[must_use]
    pub fn shapes(self) -> String {
        match self {
            Self::Elementwise(_) => "elementwise".to_owned(),
            Self::Reduction(op) => {
                let operands = vec!["(r, c)"; op.arity()].join(", ");
                format!("{operands} -> (1, 1)")
            }
            Self::Matrix(op) => op.pattern().to_string(),
            Self::Composite(op) => op.pattern().to_string(),
        }
    }

    /// How many operands the op takes: 1 to [`MAX_ARITY`].
    #[must_use]
    #[inline]
    pub const fn arity(self) -> usize {
        match self {
            Self::Elementwise(op) => op.arity(),
            Self::Reduction(op) => op.arity(),
            Self::Matrix(op) => op.arity(),
            Self::Composite(op) => op.arity(),
        }
    }

    /// Every sequence of operands' shapes that the op takes.
    #[must_use]
    pub fn signatures(self) -> Vec<Vec<Shape>> {
        let sequences = (0..self.arity()).fold(vec![Vec::new()], |sequences, _| {
            let longer = sequences.iter().flat_map(|sequence: &Vec<Shape>| {
                Shape::ALL.map(|shape| [sequence.as_slice(), &[shape]].concat())
            });
            longer.collect()
        });
        let taken = sequences.into_iter();
        taken.filter(|it| self.result_shape(it).is_ok()).collect()
    }

    /// What the operand at a position, counted from 0, is meant to be.
    #[must_use]
    pub fn domain(self, position: usize) -> Domain {
        let domains = match self {
            Self::Matrix(op) => op.domains(),
            Self::Elementwise(_) | Self::Reduction(_) | Self::Composite(_) => &[],
        };
        domains.get(position).copied().unwrap_or(Domain::Any)
    }

    /// Whether the op has a derivative. Derivatives are of first order: some ops are derivatives already.
    #[must_use]
    pub const fn is_differentiable(self) -> bool {
        match self {
            Self::Matrix(op) => op.is_differentiable(),
            Self::Elementwise(_) | Self::Reduction(_) | Self::Composite(_) => true,
        }
    }

    /// When results have a clear sign bit or are NaN.
    pub(crate) const fn unsigned(self) -> Guarantee {
        match self {
            Self::Elementwise(op) => op.unsigned(),
            Self::Reduction(op) => op.unsigned(),
            Self::Matrix(_) | Self::Composite(_) => Guarantee::None,
        }
    }

    /// When results are +0 or 1.
    pub(crate) const fn truth(self) -> Guarantee {
        match self {
            Self::Elementwise(op) => op.truth(),
            Self::Reduction(op) => op.truth(),
            Self::Matrix(_) | Self::Composite(_) => Guarantee::None,
        }
    }

    /// Whether exchanging the first two operands leaves every bit of the result as it is.
    #[must_use]
    pub const fn commutes(self) -> bool {
        match self {
            Self::Elementwise(op) => op.commutes(),
            Self::Reduction(op) => op.commutes(),
            Self::Matrix(_) | Self::Composite(_) => false,
        }
    }

    /// What the op costs over operands of these shapes, in floating-point operations. Add,
    /// multiply, divide, square root, comparison and sign count 1, a fused multiply-add counts 2, and
    /// an elementary function counts the floating-point arithmetic of its polynomial.
    ///
    /// # Errors
    /// [`TypeError`] if the op does not take such operands.
    pub fn cost(self, operands: &[Shape]) -> Result<Cost, TypeError> {
        let result = self.result_shape(operands)?;
        Ok(match self {
            Self::Elementwise(op) => Cost::per_element(op.flops_per_element(), result),
            Self::Reduction(op) => Cost::per_element(op.flops_per_element(), operands[0]),
            Self::Matrix(op) => op.flops().over(&op.pattern(), self.mnemonic(), operands)?,
            Self::Composite(op) => op.expansion(operands).cost(),
        })
    }

    /// How the op is written in other languages.
    #[must_use]
    pub const fn templates(self) -> Templates {
        match self {
            Self::Elementwise(op) => op.templates(),
            Self::Reduction(op) => op.templates(),
            Self::Matrix(op) => op.templates(),
            Self::Composite(op) => op.templates(),
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
        let mnemonic = self.mnemonic();
        match self {
            Self::Elementwise(_) => broadcast_shape(mnemonic, operands),
            Self::Reduction(_) => {
                for (index, &found) in operands.iter().enumerate() {
                    if found.is_scalar() || found != operands[0] {
                        return Err(TypeError::Reduced {
                            mnemonic,
                            position: index + 1,
                            found,
                        });
                    }
                }
                Ok(Shape::Scalar)
            }
            Self::Matrix(op) => op.pattern().result_shape(mnemonic, operands),
            Self::Composite(op) => op.pattern().result_shape(mnemonic, operands),
        }
    }
}

/// The shape of an elementwise result: that of all operands that are not scalars.
fn broadcast_shape(mnemonic: &'static str, operands: &[Shape]) -> Result<Shape, TypeError> {
    let mut result = Shape::Scalar;
    for (index, &found) in operands.iter().enumerate() {
        result = result
            .broadcast_with(found)
            .ok_or(TypeError::OperandShape {
                mnemonic,
                position: index + 1,
                expected: result,
                found,
            })?;
    }
    Ok(result)
}

/// The operands as an array, so that a row can name them.
#[inline(always)]
fn exactly<T: Copy, const N: usize>(operands: &[T]) -> [T; N] {
    match <[T; N]>::try_from(operands) {
        Ok(array) => array,
        Err(_) => panic!("an op of {N} operands was given {}", operands.len()),
    }
}

impl fmt::Display for Op {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.mnemonic())
    }
}

#[cfg(test)]
mod tests;
