//! How the elements of a value come about: what planning and emission ask of ops.

use crate::function::{Definition, Function, ParameterIndex, Value};
use crate::kernel::CompileError;
use crate::ops::{ElementForm, ElementwiseOp, MatrixOp, Op, ReductionOp};
use crate::shape::Dimensions;

/// How the elements of a value come about, where dimensions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A parameter's at entry.
    Load(ParameterIndex),
    /// A constant's bits.
    Constant(u32),
    /// The op on the operands' elements of the same place.
    Elementwise(ElementwiseOp),
    /// One element, of all of the operands'.
    Reduction(ReductionOp),
    /// The operand's with row and column exchanged.
    Transposed,
    /// The first operand's of the same row.
    EachColumn,
    /// The first operand's of the same column.
    EachRow,
    /// A product of one element of each operand, plus 0. Each of the two may be transposed.
    Outer([bool; 2]),
    /// A chain of multiply-adds.
    Product {
        /// Whether each of the two factors is transposed.
        transposed: [bool; 2],
        /// How long the chain is.
        depth: usize,
    },
    /// The reduction of the operand's row.
    RowReduction(ReductionOp),
}

impl Form {
    /// The form of a value.
    ///
    /// # Errors
    /// [`CompileError::WholeMatrices`] if only the op's routine knows it.
    ///
    /// # Panics
    /// If the value's op is composite: those have been expanded.
    pub(super) fn of(
        function: &Function,
        dimensions: Dimensions,
        value: Value,
    ) -> Result<Self, CompileError> {
        Ok(match function.definition(value) {
            Definition::Load(parameter) => Self::Load(*parameter),
            Definition::Constant(constant) => Self::Constant(constant.bits()),
            Definition::Apply { op, operands } => match op {
                Op::Elementwise(op) => Self::Elementwise(*op),
                Op::Reduction(op) => Self::Reduction(*op),
                Op::Matrix(op) => {
                    Self::of_matrix_op(function, dimensions, *op, operands.as_slice())?
                }
                Op::Composite(op) => unreachable!("`{}` has been expanded", op.mnemonic()),
            },
        })
    }

    fn of_matrix_op(
        function: &Function,
        dimensions: Dimensions,
        op: MatrixOp,
        operands: &[Value],
    ) -> Result<Self, CompileError> {
        Ok(match op.element_form() {
            ElementForm::Transposed => Self::Transposed,
            ElementForm::EachColumn => Self::EachColumn,
            ElementForm::EachRow => Self::EachRow,
            ElementForm::Product { transposed } => {
                let left = function.shape(operands[0]);
                let depth = if transposed[0] {
                    left.rows()
                } else {
                    left.columns()
                };
                match dimensions.extent(depth) {
                    1 => Self::Outer(transposed),
                    depth => Self::Product { transposed, depth },
                }
            }
            ElementForm::RowReduction(op) => Self::RowReduction(op),
            ElementForm::Routine => {
                return Err(CompileError::WholeMatrices {
                    function: function.name().to_owned(),
                    op: op.mnemonic(),
                });
            }
        })
    }

    /// The operands whose elements are looked at, of all that there are.
    pub(super) fn taken(self, operands: &[Value]) -> &[Value] {
        match self {
            // The second one is there for its shape.
            Self::EachColumn | Self::EachRow => &operands[..1],
            Self::Load(_)
            | Self::Constant(_)
            | Self::Elementwise(_)
            | Self::Reduction(_)
            | Self::Transposed
            | Self::Outer(_)
            | Self::Product { .. }
            | Self::RowReduction(_) => operands,
        }
    }

    /// Whether an element is made of the operands' of the same place.
    pub(super) const fn is_elementwise(self) -> bool {
        match self {
            Self::Elementwise(_) | Self::Load(_) | Self::Constant(_) => true,
            Self::Reduction(_)
            | Self::Transposed
            | Self::EachColumn
            | Self::EachRow
            | Self::Outer(_)
            | Self::Product { .. }
            | Self::RowReduction(_) => false,
        }
    }

    /// Whether an element is made of many.
    pub(super) const fn has_depth(self) -> bool {
        match self {
            Self::Reduction(_) | Self::Product { .. } | Self::RowReduction(_) => true,
            Self::Load(_)
            | Self::Constant(_)
            | Self::Elementwise(_)
            | Self::Transposed
            | Self::EachColumn
            | Self::EachRow
            | Self::Outer(_) => false,
        }
    }

    /// About how many instructions an element takes, of the operands where it is made of many.
    pub(super) const fn operations(self) -> usize {
        match self {
            Self::Load(_) => 1,
            Self::Constant(_) | Self::Transposed | Self::EachColumn | Self::EachRow => 0,
            Self::Elementwise(op) => op.flops_per_element() as usize,
            Self::Reduction(_) | Self::RowReduction(_) => 2,
            Self::Outer(_) | Self::Product { .. } => 1,
        }
    }
}
