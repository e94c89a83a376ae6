//! Ops on whole matrices.

use super::Real;
use crate::matrix::{Matrix, MatrixMut, draw};
use crate::shape::{Dimensions, Shape};

/// Elements, row by row.
#[derive(Clone, Debug)]
struct Real2 {
    rows: usize,
    columns: usize,
    elements: Vec<f64>,
}

impl Real2 {
    fn of(rows: usize, columns: usize, element: impl Fn(usize, usize) -> f64) -> Self {
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Self {
            rows,
            columns,
            elements: all.map(|(row, column)| element(row, column)).collect(),
        }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.elements[row * self.columns + column]
    }

    fn transposed(&self) -> Self {
        Self::of(self.columns, self.rows, |row, column| self.at(column, row))
    }

    fn times(&self, other: &Self) -> Self {
        Self::of(self.rows, other.columns, |row, column| {
            let products = (0..self.columns).map(|k| self.at(row, k) * other.at(k, column));
            products.sum()
        })
    }

    fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        (0..self.columns).map(move |column| self.at(row, column))
    }

    fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        (0..self.rows).map(move |row| self.at(row, column))
    }

    /// Whether this is its own transpose, but for rounding.
    fn is_symmetric(&self) -> bool {
        let size = self
            .elements
            .iter()
            .fold(0.0, |size, it| it.abs().max(size));
        let transposed = self.transposed();
        let mut pairs = self.elements.iter().zip(&transposed.elements);
        pairs.all(|(a, b)| (a - b).abs() <= 1e-12 * size)
    }

    /// The eigenvalues of a symmetric matrix and a matrix whose columns are the eigenvectors, by
    /// Jacobi's rotations.
    fn eigen(&self) -> (Vec<f64>, Self) {
        let size = self.rows;
        let mut left = self.clone();
        let mut vectors = Self::of(size, size, |row, column| f64::from(row == column));
        // Convergence is quadratic; ten sweeps are plenty.
        for _ in 0..30 {
            for p in 0..size {
                for q in p + 1..size {
                    if left.at(p, q) == 0.0 {
                        continue;
                    }
                    let angle = 0.5 * (2.0 * left.at(p, q)).atan2(left.at(p, p) - left.at(q, q));
                    let (sine, cosine) = angle.sin_cos();
                    let rotation = Self::of(size, size, |row, column| match (row, column) {
                        (r, c) if r == c && (r == p || r == q) => cosine,
                        (r, c) if r == p && c == q => -sine,
                        (r, c) if r == q && c == p => sine,
                        _ => f64::from(row == column),
                    });
                    left = rotation.transposed().times(&left).times(&rotation);
                    vectors = vectors.times(&rotation);
                }
            }
        }
        (
            (0..size).map(|index| left.at(index, index)).collect(),
            vectors,
        )
    }

    /// a^(−1/degree) of a symmetric positive definite matrix, else NaN.
    fn inverse_root(&self, degree: f64) -> Self {
        if !self.is_symmetric() {
            return Self::of(self.rows, self.columns, |_, _| f64::NAN);
        }
        let (values, vectors) = self.eigen();
        let scaled = Self::of(self.rows, self.rows, |row, column| {
            vectors.at(row, column) * values[column].powf(-1.0 / degree)
        });
        scaled.times(&vectors.transposed())
    }

    /// The derivative of [`inverse_root`](Self::inverse_root) in a direction, by divided differences
    /// of eigenvalues (Daleckiĭ and Kreĭn).
    fn inverse_root_derivative(&self, direction: &Self, degree: f64) -> Self {
        if !self.is_symmetric() || !direction.is_symmetric() {
            return Self::of(self.rows, self.columns, |_, _| f64::NAN);
        }
        let (values, vectors) = self.eigen();
        let inner = vectors.transposed().times(direction).times(&vectors);
        let root = |value: f64| value.powf(-1.0 / degree);
        let scaled = Self::of(self.rows, self.rows, |row, column| {
            let (a, b) = (values[row], values[column]);
            // Where both are near, the mean of the derivatives is nearer than the quotient.
            let quotient = if (a - b).abs() < 1e-5 * a.abs() {
                let middle = 0.5 * (a + b);
                -1.0 / degree * root(middle) / middle
            } else {
                (root(a) - root(b)) / (a - b)
            };
            quotient * inner.at(row, column)
        });
        vectors.times(&scaled).times(&vectors.transposed())
    }
}

/// The greater; NaN if one is.
fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// The result of a matrix op; `None` if it has no meaning here.
pub(super) fn apply(
    mnemonic: &str,
    dimensions: Dimensions,
    operands: &[&Real],
    shape: Shape,
) -> Option<Vec<f64>> {
    let extents = |shape: Shape| {
        let (rows, columns) = (shape.rows(), shape.columns());
        (dimensions.extent(rows), dimensions.extent(columns))
    };
    let operands: Vec<Real2> = operands
        .iter()
        .map(|operand| {
            let (rows, columns) = extents(operand.shape);
            let elements = operand.elements.clone();
            Real2 {
                rows,
                columns,
                elements,
            }
        })
        .collect();
    let (rows, columns) = extents(shape);
    let result = |element: &dyn Fn(usize, usize) -> f64| Some(Real2::of(rows, columns, element));
    let a = operands.first()?;
    let matrix = match (mnemonic, &operands[1..]) {
        ("matmul", [b]) => Some(a.times(b)),
        ("matmul_left_transposed", [b]) => Some(a.transposed().times(b)),
        ("matmul_right_transposed", [b]) => Some(a.times(&b.transposed())),
        ("transpose", []) => Some(a.transposed()),
        ("trace", []) => result(&|_, _| (0..a.rows).map(|index| a.at(index, index)).sum()),
        ("scaled_identity", [_]) => result(&|row, column| match row == column {
            true => a.at(0, 0),
            false => 0.0,
        }),
        ("diagonal", []) => result(&|row, _| a.at(row, row)),
        ("diagonal_matrix", []) => result(&|row, column| match row == column {
            true => a.at(row, 0),
            false => 0.0,
        }),
        ("row_sums", []) => result(&|row, _| a.row(row).sum()),
        ("column_sums", []) => result(&|_, column| a.column(column).sum()),
        ("row_maxima", []) => result(&|row, _| a.row(row).fold(f64::NEG_INFINITY, maximum)),
        ("column_maxima", []) => {
            result(&|_, column| a.column(column).fold(f64::NEG_INFINITY, maximum))
        }
        ("broadcast_column", [_]) => result(&|row, _| a.at(row, 0)),
        ("broadcast_row", [_]) => result(&|_, column| a.at(0, column)),
        ("inverse_square_root", []) => Some(a.inverse_root(2.0)),
        ("inverse_fourth_root", []) => Some(a.inverse_root(4.0)),
        ("inverse_square_root_derivative", [b]) => Some(a.inverse_root_derivative(b, 2.0)),
        ("inverse_fourth_root_derivative", [b]) => Some(a.inverse_root_derivative(b, 4.0)),
        ("uniform", [b, _]) => drawn(draw::uniform, a, b, rows, columns),
        ("normal", [b, _]) => drawn(draw::normal, a, b, rows, columns),
        _ => None,
    };
    matrix.map(|matrix| matrix.elements)
}

/// Random numbers are defined by bits, so these are the library's own.
fn drawn(
    draw: fn(Matrix<'_>, Matrix<'_>, &mut MatrixMut<'_>),
    first_key: &Real2,
    second_key: &Real2,
    rows: usize,
    columns: usize,
) -> Option<Real2> {
    let mut data = vec![0.0; rows * columns];
    let mut target = MatrixMut {
        data: &mut data,
        rows,
        columns,
    };
    let keys = [first_key, second_key].map(|key| [key.at(0, 0) as f32]);
    let [first, second] = keys.each_ref().map(|data| Matrix {
        data,
        rows: 1,
        columns: 1,
    });
    draw(first, second, &mut target);
    Some(Real2 {
        rows,
        columns,
        elements: data.into_iter().map(f64::from).collect(),
    })
}
