//! Numbers made of many.

use super::{maximum, minimum};

/// ∑ aᵢ bᵢ.
#[must_use]
pub fn inner_product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The greatest number; NaN if any is.
pub(crate) fn greatest(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::NEG_INFINITY, maximum)
}

/// The smallest number; NaN if any is.
pub(crate) fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, minimum)
}

/// The arithmetic mean.
pub(crate) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The Euclidean norm.
pub(crate) fn norm(numbers: &[f64]) -> f64 {
    inner_product(numbers, numbers).sqrt()
}

/// The root of the mean square distance from the mean.
pub(crate) fn standard_deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares = numbers.iter().map(|x| (x - mean) * (x - mean));
    (squares.sum::<f64>() / numbers.len() as f64).sqrt()
}

/// The logarithm of the sum of e to each number. In binary64 powers of ordinary numbers do not
/// overflow.
pub(crate) fn log_sum_exp(numbers: &[f64]) -> f64 {
    libm::log(numbers.iter().map(|&x| libm::exp(x)).sum())
}
