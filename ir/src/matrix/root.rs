//! Inverse roots of symmetric positive matrices by the coupled Newton iteration, and their
//! derivatives.
//!
//! For A^(−1/p), with α = −1/p and z = (p + 1) / (2 ‖A‖_F), the iteration begins with X = z^(1/p) I and
//! M = zA and repeats M′ = (1 − α) I + αM, X ← X M′, M ← M′ᵖ M (Guo and Higham 2006, "A Schur–Newton
//! method for the matrix pth root and its inverse", SIAM J. Matrix Anal. Appl. 28, iteration 3.4). M tends to I as X does
//! to the root. A matrix of full rank takes 4 to 10 iterations, one that is nearly singular up to twice
//! as many.
//!
//! The derivative in a direction E is what the iteration makes of E when it is itself differentiated.
//! For a symmetric A it is symmetric as a map of E, so that it serves as its own transpose.

use super::product::{multiply, multiply_add};
use super::{Matrix, MatrixMut, Workspace};

/// The most iterations. A matrix that needs more has a condition number that binary32 cannot invert.
const MAX_ITERATIONS: usize = 40;

/// How near to I an element of M is where the iteration ends: a few units of binary32's last place.
const TOLERANCE: f32 = 1e-6;

/// M's distance from I can only grow by rounding; where it grows by more than this, what is there
/// already is the best that rounding lets be had.
const GROWTH: f32 = 1.2;

/// Which root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// A^(−1/2).
    Square,
    /// A^(−1/4).
    Fourth,
}

impl Root {
    const fn degree(self) -> f32 {
        match self {
            Self::Square => 2.0,
            Self::Fourth => 4.0,
        }
    }
}

/// Square matrices of one size that the iteration works on.
struct Square<'a> {
    numbers: &'a mut [f32],
    rows: usize,
}

impl Square<'_> {
    fn read(&self) -> Matrix<'_> {
        Matrix {
            data: self.numbers,
            rows: self.rows,
            columns: self.rows,
        }
    }

    fn write(&mut self) -> MatrixMut<'_> {
        MatrixMut {
            data: self.numbers,
            rows: self.rows,
            columns: self.rows,
        }
    }

    /// `self = left · right`.
    fn set_product(&mut self, left: &Square<'_>, right: &Square<'_>) {
        multiply(left.read(), right.read(), &mut self.write());
    }

    /// `self = a · b + c · d`, each element one chain.
    fn set_sum_of_products(&mut self, [a, b]: [&Square<'_>; 2], [c, d]: [&Square<'_>; 2]) {
        self.set_product(a, b);
        multiply_add(c.read(), d.read(), &mut self.write());
    }

    fn set(&mut self, other: &Square<'_>) {
        self.numbers.copy_from_slice(other.numbers);
    }

    /// `self = scale · other`, plus `shift` on the diagonal.
    fn set_affine(&mut self, scale: f32, other: &Square<'_>, shift: f32) {
        for (number, &other) in self.numbers.iter_mut().zip(&*other.numbers) {
            *number = scale * other;
        }
        for number in self.numbers.iter_mut().step_by(self.rows + 1) {
            *number += shift;
        }
    }

    /// The greatest distance of an element from that of I; NaN if any is.
    fn distance_from_identity(&self) -> f32 {
        let mut greatest = 0.0f32;
        for (index, &number) in self.numbers.iter().enumerate() {
            let identity = if index % (self.rows + 1) == 0 {
                1.0
            } else {
                0.0
            };
            let distance = (number - identity).abs();
            if distance.is_nan() {
                return f32::NAN;
            }
            greatest = greatest.max(distance);
        }
        greatest
    }
}

/// So many square matrices in the workspace.
fn squares<const COUNT: usize>(workspace: &mut Workspace, rows: usize) -> [Square<'_>; COUNT] {
    let mut numbers = workspace.take(COUNT * rows * rows);
    std::array::from_fn(|_| {
        let (taken, rest) = std::mem::take(&mut numbers).split_at_mut(rows * rows);
        numbers = rest;
        Square {
            numbers: taken,
            rows,
        }
    })
}

/// The scale z, and z^(1/p).
fn scales(root: Root, a: Matrix<'_>) -> (f32, f32) {
    let norm = a.data.iter().map(|x| x * x).sum::<f32>().sqrt();
    let scale = (root.degree() + 1.0) / (2.0 * norm);
    let of_root = match root {
        Root::Square => scale.sqrt(),
        Root::Fourth => scale.sqrt().sqrt(),
    };
    (scale, of_root)
}

/// Whether the iteration goes on after M's distance from I was `before` and is `now`.
fn goes_on(now: f32, before: f32) -> bool {
    now > TOLERANCE && now < GROWTH * before
}

/// `result = a^(−1/p)` for a symmetric positive definite `a`. What is not positive definite, or nearly
/// singular, gives some numbers or NaN.
pub(crate) fn inverse_root(
    root: Root,
    a: Matrix<'_>,
    result: &mut MatrixMut<'_>,
    workspace: &mut Workspace,
) {
    let rows = a.rows;
    let [mut x, mut m, mut step, mut power, mut spare] = squares(workspace, rows);
    let (scale, of_root) = scales(root, a);
    spare.numbers.fill(0.0);
    x.set_affine(0.0, &spare, of_root);
    spare.numbers.copy_from_slice(a.data);
    m.set_affine(scale, &spare, 0.0);
    let alpha = -1.0 / root.degree();
    let mut distance = f32::INFINITY;
    for _ in 0..MAX_ITERATIONS {
        step.set_affine(alpha, &m, 1.0 - alpha);
        spare.set_product(&x, &step);
        x.set(&spare);
        power.set_product(&step, &step);
        match root {
            Root::Square => {}
            Root::Fourth => {
                spare.set_product(&power, &power);
                power.set(&spare);
            }
        }
        spare.set_product(&power, &m);
        m.set(&spare);
        let now = m.distance_from_identity();
        if !goes_on(now, distance) {
            break;
        }
        distance = now;
    }
    result.data.copy_from_slice(x.numbers);
}

/// The derivative of [`inverse_root`] at `a` in the symmetric `direction`.
pub(crate) fn inverse_root_derivative(
    root: Root,
    a: Matrix<'_>,
    direction: Matrix<'_>,
    result: &mut MatrixMut<'_>,
    workspace: &mut Workspace,
) {
    let rows = a.rows;
    let [
        mut x,
        mut m,
        mut step,
        mut power,
        mut dx,
        mut dm,
        mut dstep,
        mut dpower,
        mut spare,
    ] = squares(workspace, rows);
    let (scale, of_root) = scales(root, a);
    spare.numbers.fill(0.0);
    x.set_affine(0.0, &spare, of_root);
    dx.set(&spare);
    spare.numbers.copy_from_slice(a.data);
    m.set_affine(scale, &spare, 0.0);
    // The limit does not depend on the scale, so the scale counts as a constant.
    spare.numbers.copy_from_slice(direction.data);
    dm.set_affine(scale, &spare, 0.0);
    let alpha = -1.0 / root.degree();
    let mut distance = f32::INFINITY;
    for _ in 0..MAX_ITERATIONS {
        step.set_affine(alpha, &m, 1.0 - alpha);
        dstep.set_affine(alpha, &dm, 0.0);
        spare.set_sum_of_products([&dx, &step], [&x, &dstep]);
        dx.set(&spare);
        spare.set_product(&x, &step);
        x.set(&spare);
        power.set_product(&step, &step);
        dpower.set_sum_of_products([&dstep, &step], [&step, &dstep]);
        match root {
            Root::Square => {}
            Root::Fourth => {
                spare.set_sum_of_products([&dpower, &power], [&power, &dpower]);
                dpower.set(&spare);
                spare.set_product(&power, &power);
                power.set(&spare);
            }
        }
        spare.set_sum_of_products([&dpower, &m], [&power, &dm]);
        dm.set(&spare);
        spare.set_product(&power, &m);
        m.set(&spare);
        let now = m.distance_from_identity();
        if !goes_on(now, distance) {
            break;
        }
        distance = now;
    }
    result.data.copy_from_slice(dx.numbers);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric positive definite matrix with eigenvalues around 1, and a symmetric direction.
    fn case(rows: usize) -> (Vec<f32>, Vec<f32>) {
        let number = |index: usize| ((index * 37 + 11) % 23) as f32 / 23.0 - 0.5;
        let at = |row: usize, column: usize| number(row * rows + column);
        let (mut a, mut direction) = (vec![0.0; rows * rows], vec![0.0; rows * rows]);
        for row in 0..rows {
            for column in 0..rows {
                let products = (0..rows).map(|k| at(row, k) * at(column, k));
                a[row * rows + column] = products.sum::<f32>() / rows as f32;
                direction[row * rows + column] = at(row, column) + at(column, row);
            }
            a[row * rows + row] += 0.5;
        }
        (a, direction)
    }

    fn product(a: &[f32], b: &[f32], rows: usize) -> Vec<f32> {
        let mut result = vec![0.0f64; rows * rows];
        for (index, sum) in result.iter_mut().enumerate() {
            for k in 0..rows {
                *sum +=
                    f64::from(a[index / rows * rows + k]) * f64::from(b[k * rows + index % rows]);
            }
        }
        result.into_iter().map(|number| number as f32).collect()
    }

    fn root_of(root: Root, a: &[f32], rows: usize) -> Vec<f32> {
        let mut result = vec![0.0; rows * rows];
        let matrix = Matrix {
            data: a,
            rows,
            columns: rows,
        };
        let mut target = MatrixMut {
            data: &mut result,
            rows,
            columns: rows,
        };
        inverse_root(root, matrix, &mut target, &mut Workspace::default());
        result
    }

    #[test]
    fn a_power_of_the_root_is_the_inverse() {
        for rows in [1, 2, 5, 12] {
            let (a, _) = case(rows);
            for root in [Root::Square, Root::Fourth] {
                let x = root_of(root, &a, rows);
                let square = product(&x, &x, rows);
                let inverse = match root {
                    Root::Square => square,
                    Root::Fourth => product(&square, &square, rows),
                };
                let identity = product(&inverse, &a, rows);
                for (index, number) in identity.into_iter().enumerate() {
                    let expected = if index % (rows + 1) == 0 { 1.0 } else { 0.0 };
                    assert!((number - expected).abs() < 2e-5, "{root:?} {rows} {number}");
                }
            }
        }
    }

    #[test]
    fn the_derivative_is_the_limit_of_differences() {
        let rows = 6;
        let (a, direction) = case(rows);
        for root in [Root::Square, Root::Fourth] {
            let mut derivative = vec![0.0; rows * rows];
            let matrix = |data| Matrix {
                data,
                rows,
                columns: rows,
            };
            let mut target = MatrixMut {
                data: &mut derivative,
                rows,
                columns: rows,
            };
            let workspace = &mut Workspace::default();
            inverse_root_derivative(root, matrix(&a), matrix(&direction), &mut target, workspace);
            let step = 1.0 / 128.0;
            let moved = |by: f32| {
                let moved = a.iter().zip(&direction).map(|(a, d)| a + by * d);
                root_of(root, &moved.collect::<Vec<_>>(), rows)
            };
            let differences = moved(step).into_iter().zip(moved(-step));
            for (derivative, (above, below)) in derivative.into_iter().zip(differences) {
                let difference = (above - below) / (2.0 * step);
                // The error of the difference: step² times a third derivative, and rounding.
                assert!(
                    (derivative - difference).abs() < 5e-3,
                    "{derivative} {difference}"
                );
            }
        }
    }
}
