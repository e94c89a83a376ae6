//! Shapes of values: what the type rules speak of.

use std::fmt;

/// The shape of a value. All values are IEEE-754 binary32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// One number, the same for every element.
    Scalar,
    /// One number for each element of the parameter tensor that a kernel is called on. How many
    /// elements that is, is bound at the call, so one kernel serves every tensor.
    Tensor,
}

impl Shape {
    /// Both shapes, in the order in which text lists them.
    pub const ALL: [Self; 2] = [Self::Scalar, Self::Tensor];

    /// The word for this shape in program and IR text.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Tensor => "tensor",
        }
    }

    /// The shape that `keyword` names, if any.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|shape| shape.keyword() == keyword)
    }

    /// The shape of an elementwise result over `self` and `other`: a scalar is broadcast.
    #[must_use]
    pub const fn broadcast_with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Scalar, Self::Scalar) => Self::Scalar,
            (Self::Tensor, _) | (_, Self::Tensor) => Self::Tensor,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.keyword())
    }
}
