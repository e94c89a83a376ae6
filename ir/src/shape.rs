//! Shapes of values: what the type rules speak of.
//!
//! A function works on one parameter tensor at a time, a matrix of *m* rows and *n* columns. How many
//! those are is bound at a [call](crate::Kernel::call), so that one kernel serves every tensor. What
//! is made of it has one of these two as its extents, or one element:
//!
//! | | 1 column | *n* columns | *m* columns |
//! |---|---|---|---|
//! | 1 row | scalar | row | transposed column |
//! | *m* rows | column | tensor | row Gram matrix |
//! | *n* rows | transposed row | transposed | column Gram matrix |

use std::fmt;

use crate::lanes::ACCUMULATORS;

/// One of the extents of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// One row or column.
    One,
    /// As many as the parameter tensor has rows.
    M,
    /// As many as the parameter tensor has columns.
    N,
}

/// Declares the shapes with their extents and keywords, so that each is named once.
macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $name:ident = $keyword:literal, $rows:ident, $columns:ident;)+) => {
        /// The shape of a value. All values are IEEE-754 binary32, and matrices are stored row by
        /// row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Shape {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Shape {
            /// Every shape, in the order in which text lists them.
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];

            /// The word for this shape in program and IR text.
            #[must_use]
            pub const fn keyword(self) -> &'static str {
                match self { $(Self::$name => $keyword,)+ }
            }

            /// How many rows there are.
            #[must_use]
            pub const fn rows(self) -> Dimension {
                match self { $(Self::$name => Dimension::$rows,)+ }
            }

            /// How many columns there are.
            #[must_use]
            pub const fn columns(self) -> Dimension {
                match self { $(Self::$name => Dimension::$columns,)+ }
            }

            /// The shape with these extents.
            #[must_use]
            pub const fn of(rows: Dimension, columns: Dimension) -> Self {
                match (rows, columns) {
                    $((Dimension::$rows, Dimension::$columns) => Self::$name,)+
                }
            }
        }
    };
}

shapes! {
    /// One number, the same for every element.
    Scalar = "scalar", One, One;
    /// The parameter tensor's own shape, *m* × *n*. A vector is one with a single row or column.
    Tensor = "tensor", M, N;
    /// *m* × 1: a number for each row.
    Column = "column", M, One;
    /// 1 × *n*: a number for each column.
    Row = "row", One, N;
    /// *m* × *m*: a number for each pair of rows.
    RowGram = "row_gram", M, M;
    /// *n* × *n*: a number for each pair of columns.
    ColumnGram = "column_gram", N, N;
    /// *n* × *m*.
    Transposed = "transposed", N, M;
    /// 1 × *m*: a column on its side.
    TransposedColumn = "transposed_column", One, M;
    /// *n* × 1: a row on its side.
    TransposedRow = "transposed_row", N, One;
}

impl Shape {
    /// The shape that `keyword` names, if any.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|shape| shape.keyword() == keyword)
    }

    /// The keywords of all shapes, for messages.
    #[must_use]
    pub fn alternatives() -> String {
        let words = Self::ALL.map(|shape| format!("`{shape}`"));
        let [first @ .., last] = &words;
        format!("{} or {last}", first.join(", "))
    }

    /// Whether this is one number.
    #[must_use]
    pub const fn is_scalar(self) -> bool {
        matches!(self, Self::Scalar)
    }

    /// Whether storage of this shape can be given a value of `other`: the same shape, or a scalar,
    /// which fills it.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        self == other || other.is_scalar()
    }

    /// The shape of an elementwise result over `self` and `other`, if there is one: both are the
    /// same, or one is a scalar, which is broadcast.
    #[must_use]
    pub fn broadcast_with(self, other: Self) -> Option<Self> {
        if self == other || other.is_scalar() {
            Some(self)
        } else if self.is_scalar() {
            Some(other)
        } else {
            None
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.keyword())
    }
}

/// How many rows and columns the parameter tensor of a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dimensions {
    /// *m*.
    pub rows: usize,
    /// *n*.
    pub columns: usize,
}

impl Dimensions {
    /// A parameter tensor of `rows` × `columns`.
    #[must_use]
    pub const fn new(rows: usize, columns: usize) -> Self {
        Self { rows, columns }
    }

    /// A parameter tensor of one row, as serves where rows and columns make no difference.
    #[must_use]
    pub const fn flat(elements: usize) -> Self {
        Self::new(1, elements)
    }

    /// What a symbolic extent is here.
    #[must_use]
    pub const fn extent(self, dimension: Dimension) -> usize {
        match dimension {
            Dimension::One => 1,
            Dimension::M => self.rows,
            Dimension::N => self.columns,
        }
    }

    /// How many elements a value of `shape` has; `None` if they are too many to be counted.
    #[must_use]
    pub const fn elements(self, shape: Shape) -> Option<usize> {
        self.extent(shape.rows())
            .checked_mul(self.extent(shape.columns()))
    }

    /// How long the storage of a value of `shape` is: 1 for a scalar, else the number of elements,
    /// rounded up to a multiple of [`ACCUMULATORS`]; `None` if that is too long.
    #[must_use]
    pub const fn storage_len(self, shape: Shape) -> Option<usize> {
        match self.elements(shape) {
            Some(elements) if !shape.is_scalar() => elements.checked_next_multiple_of(ACCUMULATORS),
            elements => elements,
        }
    }
}

impl From<usize> for Dimensions {
    /// So many elements, [flat](Dimensions::flat).
    fn from(elements: usize) -> Self {
        Self::flat(elements)
    }
}

impl fmt::Display for Dimensions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} × {}", self.rows, self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_lead_back_from_keywords_and_extents() {
        for shape in Shape::ALL {
            assert_eq!(Shape::from_keyword(shape.keyword()), Some(shape));
            assert_eq!(Shape::of(shape.rows(), shape.columns()), shape);
            assert_eq!(shape.broadcast_with(Shape::Scalar), Some(shape));
            assert_eq!(Shape::Scalar.broadcast_with(shape), Some(shape));
        }
        assert_eq!(Shape::Tensor.broadcast_with(Shape::Row), None);
        assert_eq!(Shape::from_keyword("matrix"), None);
    }

    #[test]
    fn elements_are_counted_or_too_many() {
        let dimensions = Dimensions::new(3, 5);
        assert_eq!(dimensions.elements(Shape::Scalar), Some(1));
        assert_eq!(dimensions.elements(Shape::Transposed), Some(15));
        assert_eq!(dimensions.elements(Shape::ColumnGram), Some(25));
        assert_eq!(
            Dimensions::flat(usize::MAX).elements(Shape::ColumnGram),
            None
        );
    }
}
