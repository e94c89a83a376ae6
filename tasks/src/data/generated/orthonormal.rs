//! Vectors at right angles, out of random ones.

use super::standard_normal;
use crate::Stream;

/// `count` vectors of length 1 at right angles to each other and to those in `to`, in a space of `dimensions`; uniformly
/// random, as normal vectors have no preferred direction (G. W. Stewart 1980).
///
/// # Panics
///
/// If there are more vectors than dimensions.
pub(crate) fn random_orthonormal(
    count: usize,
    dimensions: usize,
    to: &[Vec<f64>],
    numbers: &mut Stream,
) -> Vec<Vec<f64>> {
    assert!(count + to.len() <= dimensions, "too many right angles");
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut vector: Vec<f64> = (0..dimensions).map(|_| standard_normal(numbers)).collect();
        // Twice, since the first pass leaves rounding errors of what it takes away (Giraud and others 2005).
        for _ in 0..2 {
            for other in to.iter().chain(&vectors) {
                let along = product(&vector, other) / product(other, other);
                for (component, other) in vector.iter_mut().zip(other) {
                    *component -= along * other;
                }
            }
        }
        let length = libm::sqrt(product(&vector, &vector));
        for component in &mut vector {
            *component /= length;
        }
        vectors.push(vector);
    }
    vectors
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn vectors_are_orthonormal_and_at_right_angles_to_those_given() {
        let given = vec![vec![1.0; 7]];
        let vectors = random_orthonormal(6, 7, &given, &mut stream(1, "test", [0, 0]));
        for (index, vector) in vectors.iter().enumerate() {
            assert!(product(vector, &given[0]).abs() < 1e-14);
            for (other_index, other) in vectors.iter().enumerate() {
                let expected = f64::from(index == other_index);
                assert!((product(vector, other) - expected).abs() < 1e-14);
            }
        }
    }
}
