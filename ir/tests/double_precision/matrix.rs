//! Matrices of binary64, and what ops on whole matrices make of them: written as the formulas are, one
//! element after another. Inverse roots go by eigenvalues, not by the iteration that they are tested
//! for.

use super::{Meaning, maximum};

/// A matrix, row by row. A scalar is one of 1 × 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub numbers: Vec<f64>,
}

impl Matrix {
    pub fn from_fn(rows: usize, columns: usize, at: impl Fn(usize, usize) -> f64) -> Self {
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let numbers = places.map(|(row, column)| at(row, column)).collect();
        Self {
            rows,
            columns,
            numbers,
        }
    }

    pub fn scalar(number: f64) -> Self {
        Self::from_fn(1, 1, |_, _| number)
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.numbers[row * self.columns + column]
    }

    pub fn transposed(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |row, column| self.at(column, row))
    }

    pub fn times(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.rows);
        Self::from_fn(self.rows, other.columns, |row, column| {
            let places = 0..self.columns;
            places
                .map(|place| self.at(row, place) * other.at(place, column))
                .sum()
        })
    }

    /// What `of_row` makes of each row, as a column.
    pub fn by_rows(&self, of_row: impl Fn(&[f64]) -> f64) -> Self {
        let rows = self.numbers.chunks(self.columns);
        Self {
            rows: self.rows,
            columns: 1,
            numbers: rows.map(of_row).collect(),
        }
    }

    /// What `of_column` makes of each column, as a row.
    pub fn by_columns(&self, of_column: impl Fn(&[f64]) -> f64) -> Self {
        self.transposed().by_rows(of_column).transposed()
    }

    /// V diag(f(λ)) Vᵀ: a function of the eigenvalues of a symmetric matrix.
    pub fn by_eigenvalues(&self, function: impl Fn(f64) -> f64) -> Self {
        let (values, vectors) = self.eigen();
        let scaled = Self::from_fn(self.rows, self.rows, |row, column| {
            vectors.at(row, column) * function(values[column])
        });
        scaled.times(&vectors.transposed())
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

    /// The eigenvalues of a symmetric matrix, and their vectors as columns: by Jacobi's rotations,
    /// each of which makes an element off the diagonal 0.
    pub fn eigen(&self) -> (Vec<f64>, Self) {
        const SWEEPS: usize = 30;
        let size = self.rows;
        let mut a = self.clone();
        let mut vectors = Self::from_fn(size, size, |row, column| f64::from(row == column));
        for _ in 0..SWEEPS {
            for p in 0..size {
                for q in p + 1..size {
                    if a.at(p, q) == 0.0 {
                        continue;
                    }
                    let ratio = (a.at(q, q) - a.at(p, p)) / (2.0 * a.at(p, q));
                    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
                    let cosine = 1.0 / tangent.hypot(1.0);
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
}

/// The derivative of a function of a symmetric matrix in a symmetric direction, after Daleckii and
/// Krein: in the eigenbasis, each element of the direction is multiplied with the function's divided
/// difference between two eigenvalues.
fn derivative_by_eigenvalues(
    a: &Matrix,
    direction: &Matrix,
    divided_difference: impl Fn(f64, f64) -> f64,
) -> Matrix {
    let (values, vectors) = a.eigen();
    let turned = vectors.transposed().times(direction).times(&vectors);
    let scaled = Matrix::from_fn(a.rows, a.rows, |row, column| {
        turned.at(row, column) * divided_difference(values[row], values[column])
    });
    vectors.times(&scaled).times(&vectors.transposed())
}

/// The meaning of an op on whole matrices.
pub fn matrix(mnemonic: &str) -> Option<Meaning> {
    Some(match mnemonic {
        "matmul" => |x| x[0].times(x[1]),
        "matmul_left_transposed" => |x| x[0].transposed().times(x[1]),
        "matmul_right_transposed" => |x| x[0].times(&x[1].transposed()),
        "transpose" => |x| x[0].transposed(),
        "trace" => |x| Matrix::scalar((0..x[0].rows).map(|index| x[0].at(index, index)).sum()),
        "scaled_identity" => |x| {
            let size = x[1].rows;
            Matrix::from_fn(size, size, |row, column| {
                if row == column { x[0].numbers[0] } else { 0.0 }
            })
        },
        "diagonal" => |x| Matrix::from_fn(x[0].rows, 1, |row, _| x[0].at(row, row)),
        "diagonal_matrix" => |x| {
            let size = x[0].rows;
            Matrix::from_fn(size, size, |row, column| {
                if row == column {
                    x[0].numbers[row]
                } else {
                    0.0
                }
            })
        },
        "row_sums" => |x| x[0].by_rows(|row| row.iter().sum()),
        "column_sums" => |x| x[0].by_columns(|column| column.iter().sum()),
        "row_maxima" => |x| x[0].by_rows(greatest),
        "column_maxima" => |x| x[0].by_columns(greatest),
        "broadcast_column" => {
            |x| Matrix::from_fn(x[1].rows, x[1].columns, |row, _| x[0].numbers[row])
        }
        "broadcast_row" => {
            |x| Matrix::from_fn(x[1].rows, x[1].columns, |_, column| x[0].numbers[column])
        }
        "inverse_square_root" => |x| x[0].by_eigenvalues(|value| value.powf(-0.5)),
        "inverse_fourth_root" => |x| x[0].by_eigenvalues(|value| value.powf(-0.25)),
        "inverse_square_root_derivative" => |x| {
            // (1/s − 1/t) / (s² − t²).
            derivative_by_eigenvalues(x[0], x[1], |a, b| {
                let (s, t) = (a.sqrt(), b.sqrt());
                -1.0 / (s * t * (s + t))
            })
        },
        "inverse_fourth_root_derivative" => |x| {
            // (1/s − 1/t) / (s⁴ − t⁴).
            derivative_by_eigenvalues(x[0], x[1], |a, b| {
                let (s, t) = (a.powf(0.25), b.powf(0.25));
                -1.0 / (s * t * (s + t) * (s * s + t * t))
            })
        },
        "uniform" => |x| drawn(x, |[word, _]| unit_interval(word)),
        "normal" => |x| {
            drawn(x, |[radius, angle]| {
                let radius = (-2.0 * (1.0 - unit_interval(radius)).ln()).sqrt();
                radius * (std::f64::consts::TAU * unit_interval(angle)).cos()
            })
        },
        _ => return None,
    })
}

fn greatest(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::NEG_INFINITY, maximum)
}

/// The upper 24 bits as a number in [0, 1).
fn unit_interval(word: u32) -> f64 {
    f64::from(word >> 8) / f64::from(1 << 24)
}

/// Numbers made of two random words each: those of Philox-2x32 for the place and the keys' bits.
fn drawn(operands: &[&Matrix], number: impl Fn([u32; 2]) -> f64) -> Matrix {
    let bits = |key: &Matrix| match key.numbers[0] as f32 {
        key if key.is_nan() => f32::NAN.to_bits(),
        key => key.to_bits(),
    };
    let (first, second, like) = (bits(operands[0]), bits(operands[1]), operands[2]);
    Matrix::from_fn(like.rows, like.columns, |row, column| {
        let place = (row * like.columns + column) as u32;
        let (mut left, mut right) = (place, first);
        for round in 0..10u32 {
            let key = second.wrapping_add(round.wrapping_mul(0x9e37_79b9));
            let product = u64::from(left) * 0xd256_d193;
            left = (product >> 32) as u32 ^ key ^ right;
            right = product as u32;
        }
        number([left, right])
    })
}
