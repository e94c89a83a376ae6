//! Patterns of shapes: the type rule of ops that are not elementwise, and what they cost.

use super::TypeError;
use crate::function::Cost;
use crate::shape::{Dimension, Shape};

/// Rows and columns of an operand or a result: a letter for an extent, or `1`.
pub(crate) type Extents = (&'static str, &'static str);

/// Which shapes go together.
///
/// Each letter stands for one extent. A pattern of small letters does not match a scalar, one of
/// capital letters does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShapePattern {
    pub(crate) operands: &'static [Extents],
    pub(crate) result: Extents,
}

/// What an op costs in floating-point operations: a number of them times extents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flops {
    pub(crate) coefficient: u32,
    /// Letters of the op's pattern.
    pub(crate) extents: &'static [&'static str],
}

/// What the letters of a pattern stand for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// A pattern has no more letters than these.
    letters: [Option<(&'static str, Dimension)>; 4],
}

impl Extent {
    /// What a letter stands for, if that is known.
    pub(crate) fn of(&self, letter: &str) -> Option<Dimension> {
        if letter == "1" {
            return Some(Dimension::One);
        }
        let known = self.letters.iter().flatten();
        known
            .copied()
            .find(|(known, _)| *known == letter)
            .map(|(_, dimension)| dimension)
    }

    /// Lets a letter stand for `dimension`; whether it can.
    fn bind(&mut self, letter: &'static str, dimension: Dimension) -> bool {
        if let Some(known) = self.of(letter) {
            return known == dimension;
        }
        match self.letters.iter_mut().find(|letter| letter.is_none()) {
            Some(free) => *free = Some((letter, dimension)),
            None => panic!("a pattern has too many letters"),
        }
        true
    }
}

impl ShapePattern {
    /// What the letters stand for over operands of these shapes.
    ///
    /// # Errors
    /// [`TypeError`] if the operands do not go together, or are not as many as they should be.
    pub(crate) fn matched(
        &self,
        mnemonic: &'static str,
        shapes: &[Shape],
    ) -> Result<Extent, TypeError> {
        if shapes.len() != self.operands.len() {
            return Err(TypeError::Arity {
                mnemonic,
                expected: self.operands.len(),
                found: shapes.len(),
            });
        }
        let mut extent = Extent::default();
        for (index, (&(rows, columns), &shape)) in self.operands.iter().zip(shapes).enumerate() {
            let takes_scalar = [rows, columns].iter().all(|letter| {
                *letter == "1" || letter.starts_with(|letter: char| letter.is_ascii_uppercase())
            });
            let fits = (takes_scalar || !shape.is_scalar())
                && extent.bind(rows, shape.rows())
                && extent.bind(columns, shape.columns());
            if !fits {
                return Err(TypeError::Pattern {
                    mnemonic,
                    position: index + 1,
                    found: shape,
                    pattern: self.to_string(),
                });
            }
        }
        Ok(extent)
    }

    /// The shape of the result over operands of these shapes.
    ///
    /// # Errors
    /// As for [`matched`](Self::matched).
    pub(crate) fn result_shape(
        &self,
        mnemonic: &'static str,
        shapes: &[Shape],
    ) -> Result<Shape, TypeError> {
        let extent = self.matched(mnemonic, shapes)?;
        let (rows, columns) = self.result;
        match (extent.of(rows), extent.of(columns)) {
            (Some(rows), Some(columns)) => Ok(Shape::of(rows, columns)),
            _ => panic!("the result of {mnemonic} has an extent that no operand has"),
        }
    }
}

impl Flops {
    /// The cost over operands of these shapes.
    ///
    /// # Errors
    /// As for [`ShapePattern::matched`].
    pub(crate) fn over(
        &self,
        pattern: &ShapePattern,
        mnemonic: &'static str,
        shapes: &[Shape],
    ) -> Result<Cost, TypeError> {
        let extent = pattern.matched(mnemonic, shapes)?;
        let dimensions = self.extents.iter().map(|letter| match extent.of(letter) {
            Some(dimension) => dimension,
            None => panic!("the cost of {mnemonic} has an extent that no operand has"),
        });
        Ok(Cost::monomial(self.coefficient, dimensions))
    }
}

impl std::fmt::Display for ShapePattern {
    /// As rows of the table are written.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (rows, columns)) in self.operands.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}({rows}, {columns})")?;
        }
        let (rows, columns) = self.result;
        write!(formatter, " -> ({rows}, {columns})")
    }
}
