//! Matrices of binary64, with the operations that definitions are written with.

use crate::matrix::draw;
use crate::shape::{Dimensions, Shape};

/// A matrix, row by row. A scalar is one of 1 × 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are.
    pub columns: usize,
    /// The elements, as many as rows times columns.
    pub numbers: Vec<f64>,
}

impl Matrix {
    /// The matrix that has `at(row, column)` at each place.
    #[must_use]
    pub fn from_fn(rows: usize, columns: usize, at: impl Fn(usize, usize) -> f64) -> Self {
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let numbers = places.map(|(row, column)| at(row, column)).collect();
        Self {
            rows,
            columns,
            numbers,
        }
    }

    /// The matrix of 1 × 1.
    #[must_use]
    pub fn scalar(number: f64) -> Self {
        Self::from_fn(1, 1, |_, _| number)
    }

    /// These numbers in a shape.
    ///
    /// # Panics
    /// If there are not as many as the shape has elements.
    #[must_use]
    pub fn shaped(shape: Shape, dimensions: Dimensions, numbers: Vec<f64>) -> Self {
        let [rows, columns] = [shape.rows(), shape.columns()].map(|it| dimensions.extent(it));
        assert_eq!(numbers.len(), rows * columns, "a {shape} of {dimensions}");
        Self {
            rows,
            columns,
            numbers,
        }
    }

    /// The size of the identity matrix with these numbers on its diagonal instead of ones.
    #[must_use]
    pub fn diagonal(size: usize, at: impl Fn(usize) -> f64) -> Self {
        Self::from_fn(
            size,
            size,
            |row, column| {
                if row == column { at(row) } else { 0.0 }
            },
        )
    }

    /// The element at a place.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.numbers[row * self.columns + column]
    }

    /// The first element: the number, if this is a scalar.
    #[must_use]
    pub fn number(&self) -> f64 {
        self.numbers[0]
    }

    /// What `function` makes of each element.
    #[must_use]
    pub fn map(&self, function: impl Fn(f64) -> f64) -> Self {
        Self {
            numbers: self
                .numbers
                .iter()
                .map(|&number| function(number))
                .collect(),
            ..*self
        }
    }

    /// The same matrix with another number for one element: the one that has `place` in its part of [0, 1], if all, row
    /// by row, have a part of the same length.
    #[must_use]
    pub fn with_element(&self, place: f64, number: f64) -> Self {
        let count = self.numbers.len() as f64;
        let chosen = (place * count).floor().max(0.0).min(count - 1.0);
        let replaced = self.numbers.iter().zip(0..).map(|(&old, index)| {
            if f64::from(index) == chosen {
                number
            } else {
                old
            }
        });
        Self {
            numbers: replaced.collect(),
            ..*self
        }
    }

    /// The transpose.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |row, column| self.at(column, row))
    }

    /// The matrix product.
    ///
    /// # Panics
    /// If `other` has not as many rows as this has columns.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.rows, "a matrix product");
        Self::from_fn(self.rows, other.columns, |row, column| {
            let places = 0..self.columns;
            places
                .map(|place| self.at(row, place) * other.at(place, column))
                .sum()
        })
    }

    /// What `of_row` makes of each row, as a column.
    #[must_use]
    pub fn by_rows(&self, of_row: impl Fn(&[f64]) -> f64) -> Self {
        let rows = self.numbers.chunks(self.columns);
        Self {
            rows: self.rows,
            columns: 1,
            numbers: rows.map(of_row).collect(),
        }
    }

    /// What `of_column` makes of each column, as a row.
    #[must_use]
    pub fn by_columns(&self, of_column: impl Fn(&[f64]) -> f64) -> Self {
        self.transposed().by_rows(of_column).transposed()
    }

    /// The greatest magnitude of an element that is finite, 0 if there is none.
    #[must_use]
    pub fn magnitude(&self) -> f64 {
        let finite = self.numbers.iter().filter(|number| number.is_finite());
        finite.fold(0.0, |greatest, number| greatest.max(number.abs()))
    }

    /// Whether this is its own transpose, but for rounding.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        let size = self.magnitude();
        let transposed = self.transposed();
        let mut pairs = self.numbers.iter().zip(&transposed.numbers);
        pairs.all(|(a, b)| (a - b).abs() <= 1e-12 * size)
    }

    /// V diag(f(λ)) Vᵀ: a function of the eigenvalues of a symmetric matrix; NaN of any other.
    #[must_use]
    pub fn by_eigenvalues(&self, function: impl Fn(f64) -> f64) -> Self {
        if !self.is_symmetric() {
            return self.map(|_| f64::NAN);
        }
        let (values, vectors) = self.eigen();
        let scaled = Self::from_fn(self.rows, self.rows, |row, column| {
            vectors.at(row, column) * function(values[column])
        });
        scaled.times(&vectors.transposed())
    }

    /// The derivative of a function of a symmetric matrix in a symmetric direction, after Daleckiĭ and
    /// Kreĭn: in the eigenbasis, each element of the direction is multiplied with the function's divided
    /// difference between two eigenvalues. NaN of any other matrix or direction.
    #[must_use]
    pub fn derivative_by_eigenvalues(
        &self,
        direction: &Self,
        divided_difference: impl Fn(f64, f64) -> f64,
    ) -> Self {
        if !self.is_symmetric() || !direction.is_symmetric() {
            return self.map(|_| f64::NAN);
        }
        let (values, vectors) = self.eigen();
        let turned = vectors.transposed().times(direction).times(&vectors);
        let scaled = Self::from_fn(self.rows, self.rows, |row, column| {
            turned.at(row, column) * divided_difference(values[row], values[column])
        });
        vectors.times(&scaled).times(&vectors.transposed())
    }

    /// The eigenvalues of a symmetric matrix, and their vectors as columns: by Jacobi's rotations,
    /// each of which makes an element off the diagonal 0.
    #[must_use]
    pub fn eigen(&self) -> (Vec<f64>, Self) {
        // Convergence is quadratic; ten sweeps are plenty.
        const SWEEPS: usize = 30;
        let size = self.rows;
        let mut a = self.clone();
        let mut vectors = Self::diagonal(size, |_| 1.0);
        for _ in 0..SWEEPS {
            for p in 0..size {
                for q in p + 1..size {
                    if a.at(p, q) == 0.0 {
                        continue;
                    }
                    let ratio = (a.at(q, q) - a.at(p, p)) / (2.0 * a.at(p, q));
                    let tangent = ratio.signum() / (ratio.abs() + libm::hypot(ratio, 1.0));
                    let cosine = 1.0 / libm::hypot(tangent, 1.0);
                    let sine = tangent * cosine;
                    a.rotate_columns([p, q], cosine, sine);
                    a.rotate_rows([p, q], cosine, sine);
                    vectors.rotate_columns([p, q], cosine, sine);
                }
            }
        }
        let values = (0..size).map(|index| a.at(index, index)).collect();
        (values, vectors)
    }

    /// Turns two columns in their plane.
    fn rotate_columns(&mut self, [p, q]: [usize; 2], cosine: f64, sine: f64) {
        for row in self.numbers.chunks_mut(self.columns) {
            (row[p], row[q]) = (
                cosine * row[p] - sine * row[q],
                sine * row[p] + cosine * row[q],
            );
        }
    }

    /// Turns two rows in their plane.
    fn rotate_rows(&mut self, [p, q]: [usize; 2], cosine: f64, sine: f64) {
        for column in 0..self.columns {
            let (x, y) = (self.at(p, column), self.at(q, column));
            self.numbers[p * self.columns + column] = cosine * x - sine * y;
            self.numbers[q * self.columns + column] = sine * x + cosine * y;
        }
    }
}

/// Numbers made of two uniform ones in [0, 1) each, in the shape of `like`. Streams are defined by bits,
/// so the uniform ones are those of [`draw`].
pub(crate) fn drawn(keys: [&Matrix; 2], like: &Matrix, number: impl Fn([f64; 2]) -> f64) -> Matrix {
    let [first, second] = keys.map(|key| key.number() as f32);
    let words = draw::words(first, second);
    Matrix::from_fn(like.rows, like.columns, |row, column| {
        let words = words(row * like.columns + column);
        number(words.map(|word| draw::unit_interval(word).into()))
    })
}
