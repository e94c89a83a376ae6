//! A valley that bends.

use rand::RngExt;

use super::Function;
use crate::Stream;

const DIMENSIONS: usize = 16;

/// f(x) = Σᵢ (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)² / 100, whose minimum is 0 at (1, …, 1).
///
/// H. H. Rosenbrock, *An Automatic Method for Finding the Greatest or Least Value of a Function*, The Computer Journal 3
/// (1960), 175–184, chained over dimensions, and divided by 100, so that the rates at which known rules are tuned suit
/// it. The start is uniform in ±1.2, the greatest coordinate of Rosenbrock's own.
#[derive(Clone)]
pub(crate) struct Rosenbrock {
    start: [f32; DIMENSIONS],
}

impl Rosenbrock {
    pub(crate) fn random(numbers: &mut Stream) -> Self {
        Self {
            start: std::array::from_fn(|_| 1.2 * (2.0 * numbers.random::<f32>() - 1.0)),
        }
    }
}

impl Function for Rosenbrock {
    const SHAPE: [usize; 2] = [4, 4];
    // For each pair: xᵢ² and its difference; three products, a difference of two of them and a sum; a product and a sum;
    // and 1 − xᵢ.
    const GRADIENT_FLOPS: u64 = 10 * (DIMENSIONS as u64 - 1);

    fn start(&self) -> &[f32] {
        &self.start
    }

    fn value(&mut self, parameters: &[f32]) -> f64 {
        let terms = parameters.windows(2).map(|pair| {
            let (x, next) = (f64::from(pair[0]), f64::from(pair[1]));
            let (off, left) = (next - x * x, 1.0 - x);
            off * off + 0.01 * left * left
        });
        terms.sum()
    }

    fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
        for index in 0..DIMENSIONS - 1 {
            let (x, next) = (parameters[index], parameters[index + 1]);
            let off = next - x * x;
            gradient[index] += -4.0 * off * x - 0.02 * (1.0 - x);
            gradient[index + 1] += 2.0 * off;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_rosenbrocks_over_100() {
        let mut function = Rosenbrock {
            start: [1.0; DIMENSIONS],
        };
        assert_eq!(function.value(&[1.0; DIMENSIONS]), 0.0);
        // 100 (1 − 1.44)² + 2.2² = 24.2 at Rosenbrock's start (−1.2, 1), and 1 → 1 adds nothing.
        let mut parameters = [1.0; DIMENSIONS];
        parameters[0] = -1.2;
        let value = function.value(&parameters);
        assert!((value - 0.242).abs() < 1e-6, "{value}");
    }
}
