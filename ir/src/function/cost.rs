//! What a call of a function costs, in floating-point operations.

use std::fmt;
use std::ops::AddAssign;

use super::{Definition, Function};
use crate::shape::{Dimension, Dimensions, Shape};

/// One more than the highest power of an extent in any op's cost.
const POWERS: usize = 4;

/// The cost of a call in floating-point operations: a polynomial in the rows *m* and the columns *n*
/// of the parameter tensor, see [`Op::cost`](crate::ops::Op::cost).
///
/// Each value counts once, dead ones too: a back end may recompute values, and that is not the
/// function's cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cost {
    /// The coefficient of m^i n^j at `[i][j]`.
    flops: [[u32; POWERS]; POWERS],
}

impl Cost {
    /// `flops` times some extents.
    ///
    /// # Panics
    /// If one of them occurs more than three times.
    pub(crate) fn monomial(flops: u32, extents: impl Iterator<Item = Dimension>) -> Self {
        let (mut rows, mut columns) = (0, 0);
        for extent in extents {
            match extent {
                Dimension::One => {}
                Dimension::M => rows += 1,
                Dimension::N => columns += 1,
            }
        }
        let mut cost = Self::default();
        cost.flops[rows][columns] = flops;
        cost
    }

    /// `flops` for each element of a shape.
    pub(crate) fn per_element(flops: u32, shape: Shape) -> Self {
        Self::monomial(flops, [shape.rows(), shape.columns()].into_iter())
    }

    /// What each element of the parameter tensor costs: the coefficient of m n.
    #[must_use]
    pub const fn element_flops(&self) -> u32 {
        self.flops[1][1]
    }

    /// What each call costs whatever its tensors: the constant coefficient.
    #[must_use]
    pub const fn call_flops(&self) -> u32 {
        self.flops[0][0]
    }

    /// The cost of one call on a parameter tensor of these dimensions.
    #[must_use]
    pub fn total(&self, dimensions: Dimensions) -> f64 {
        let mut total = 0.0;
        for (rows, flops) in self.flops.iter().enumerate() {
            for (columns, &flops) in flops.iter().enumerate() {
                let rows = (dimensions.rows as f64).powi(rows as i32);
                total += f64::from(flops) * rows * (dimensions.columns as f64).powi(columns as i32);
            }
        }
        total
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        let coefficients = self.flops.as_flattened_mut().iter_mut();
        for (flops, &more) in coefficients.zip(other.flops.as_flattened()) {
            *flops = flops.saturating_add(more);
        }
    }
}

impl fmt::Display for Cost {
    /// The polynomial, highest powers first: `4 m² n + 12 m n + 3`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SUPERSCRIPTS: [&str; POWERS] = ["", "", "²", "³"];
        let mut text = String::new();
        for rows in (0..POWERS).rev() {
            for columns in (0..POWERS).rev() {
                let flops = self.flops[rows][columns];
                if flops == 0 {
                    continue;
                }
                if !text.is_empty() {
                    text.push_str(" + ");
                }
                let mut factors = Vec::new();
                if flops != 1 || rows + columns == 0 {
                    factors.push(flops.to_string());
                }
                for (letter, power) in [("m", rows), ("n", columns)] {
                    if power > 0 {
                        factors.push(format!("{letter}{}", SUPERSCRIPTS[power]));
                    }
                }
                text.push_str(&factors.join(" "));
            }
        }
        formatter.pad(if text.is_empty() { "0" } else { &text })
    }
}

impl Function {
    /// What a call of the function costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for value in self.values() {
            match self.definition(value) {
                Definition::Load(_) | Definition::Constant(_) => {}
                Definition::Apply { op, operands } => {
                    let shapes = operands.as_slice().iter();
                    let shapes: Vec<Shape> = shapes.map(|&operand| self.shape(operand)).collect();
                    match op.cost(&shapes) {
                        Ok(of_op) => cost += of_op,
                        Err(error) => panic!("a valid function has an ill-typed op: {error}"),
                    }
                }
            }
        }
        cost
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn tensors_and_reductions_cost_per_element_and_scalars_per_call() {
        let text = "function f\n\nread g tensor\nwrite d tensor\n\n\
                    v0 = load g\nv1 = constant 2.0\nv2 = norm(v0)\nv3 = add(v2, v1)\n\
                    v4 = square(v3)\nv5 = div(v0, v4)\n\nstore d = v5\n";
        let cost = Function::parse(text).unwrap().cost();
        assert_eq!((cost.element_flops(), cost.call_flops()), (3, 2));
        assert_eq!(cost.total(Dimensions::new(10, 100)), 3002.0);
        assert_eq!(cost.to_string(), "3 m n + 2");
    }

    #[test]
    fn matrix_ops_cost_what_their_pattern_says_and_composites_what_they_stand_for() {
        let text = "function f\n\nread g tensor\nwrite d tensor\n\n\
                    v0 = load g\nv1 = row_gram(v0)\nv2 = matmul(v1, v0)\n\nstore d = v2\n";
        let cost = Function::parse(text).unwrap().cost();
        assert_eq!(cost.to_string(), "4 m² n");
        assert_eq!(cost.total(Dimensions::new(2, 3)), 48.0);
    }
}
