//! Views of the same example are to be alike, and those of different ones not: the loss of contrastive learning.

use mlevolve_product::{MatrixView, MatrixViewMut, Start, multiply};

use super::{Objective, Rows, Sums};
use crate::network::Matrix;
use crate::training::Evaluation;
use crate::{Direction, Metric};

/// NT-Xent, the normalised temperature-scaled cross-entropy of Chen et al. 2020 (SimCLR), equation 1.
///
/// An example's outputs are two vectors of length 1, one for each of its views. A view has to be told from all others
/// of the batch to be its partner: the loss is −ln(exp(partner / τ) / Σ exp(other / τ)), where a view stands for its
/// cosine with the one in question and τ is the temperature; the mean over all views.
pub(crate) struct Contrast {
    /// Numbers of a vector.
    pub(crate) dimensions: usize,
    pub(crate) temperature: f32,
}

impl Contrast {
    /// Writes the cosine of any two views of `rows` examples.
    fn cosines(&self, outputs: &Matrix, rows: usize, cosines: &mut [f32]) {
        let views = outputs.view_by(self.dimensions, 0..rows);
        let mut cosines = MatrixViewMut::new(cosines, 2 * rows, 2 * rows);
        multiply(views, views.transposed(), Start::Zero, &mut cosines);
    }

    /// Turns cosines into exp((cosine − 1) / τ), which say the same as exp(cosine / τ), for the factor is common to
    /// all, and cannot become infinite, as no cosine is above 1 but by rounding. A view beside itself becomes 0.
    fn weigh(&self, cosines: &mut [f32], views: usize) {
        let factor = 1.0 / self.temperature;
        for view in 0..views {
            cosines[view * views + view] = 0.0;
            for other in 0..view {
                // The same bits on both sides of the diagonal.
                let weight = libm::expf((cosines[view * views + other] - 1.0) * factor);
                cosines[view * views + other] = weight;
                cosines[other * views + view] = weight;
            }
        }
    }
}

/// The other view of the same example.
fn partner(view: usize) -> usize {
    view ^ 1
}

impl Objective for Contrast {
    type Target = ();

    fn metric(&self) -> Metric {
        Metric {
            name: "validation NT-Xent",
            unit: "nats",
            direction: Direction::LowerIsBetter,
        }
    }

    fn companion(&self) -> Option<Metric> {
        Some(Metric {
            name: "validation views whose nearest is their partner",
            unit: "fraction",
            direction: Direction::HigherIsBetter,
        })
    }

    /// The cosine of any two views.
    fn scratch(&self, rows: usize) -> usize {
        (2 * rows) * (2 * rows)
    }

    /// With P the softmax of each view over all others and Y its partner, the gradient with respect to the cosines is
    /// G = (P − Y) / (τ · views), and that with respect to the vectors V is (G + Gᵀ) V.
    fn gradient(
        &self,
        outputs: &Matrix,
        _targets: &[()],
        gradient: &mut Matrix,
        scratch: &mut [f32],
    ) {
        let rows = outputs.rows();
        let views = 2 * rows;
        let cosines = &mut scratch[..views * views];
        self.cosines(outputs, rows, cosines);
        self.weigh(cosines, views);
        let scale = 1.0 / (self.temperature * views as f32);
        for (view, weights) in cosines.chunks_exact_mut(views).enumerate() {
            let factor = scale / weights.iter().sum::<f32>();
            for weight in weights.iter_mut() {
                *weight *= factor;
            }
            weights[partner(view)] -= scale;
        }
        let mut result = gradient.view_by_mut(self.dimensions, 0..rows);
        let of_cosines = MatrixView::new(cosines, views, views);
        let vectors = outputs.view_by(self.dimensions, 0..rows);
        multiply(of_cosines, vectors, Start::Zero, &mut result);
        multiply(of_cosines.transposed(), vectors, Start::Result, &mut result);
    }

    /// The views of the examples that are added together are each other's others.
    fn add(
        &self,
        outputs: &Matrix,
        rows: usize,
        _targets: &[()],
        scratch: &mut [f32],
        sums: &mut Sums,
    ) {
        let views = 2 * rows;
        let cosines = &mut scratch[..views * views];
        self.cosines(outputs, rows, cosines);
        for (view, cosines) in cosines.chunks_exact(views).enumerate() {
            let others = cosines
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != view);
            let nearest = others
                .map(|(_, cosine)| *cosine)
                .fold(f32::NEG_INFINITY, f32::max);
            let is_nearest = cosines[partner(view)] == nearest;
            sums.companion += f64::from(u8::from(is_nearest));
            sums.loss -= f64::from(cosines[partner(view)] - 1.0) / f64::from(self.temperature);
            sums.count += 1;
        }
        self.weigh(cosines, views);
        for weights in cosines.chunks_exact(views) {
            let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            sums.loss += libm::log(sum);
        }
    }

    fn evaluation(&self, sums: &Sums) -> Evaluation {
        let count = sums.count as f64;
        Evaluation {
            value: sums.loss / count,
            companion: Some(sums.companion / count),
        }
    }

    fn rows(&self, _targets: usize) -> Result<Rows<()>, &'static str> {
        Err("views are compared with one another and not with targets")
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;
    use crate::network::difference::assert_gradient;
    use crate::{ParameterLayout, stream};
    use rand::RngExt;

    const OBJECTIVE: Contrast = Contrast {
        dimensions: 2,
        temperature: 0.5,
    };

    fn outputs(views: [[f32; 2]; 4]) -> Matrix {
        let mut outputs = Matrix::zeros(2, 4);
        let numbers = outputs.numbers_mut(0..2);
        numbers.copy_from_slice(views.as_flattened());
        outputs
    }

    #[test]
    fn it_is_the_cross_entropy_of_finding_the_partner() {
        const X: [f32; 2] = [1.0, 0.0];
        const Y: [f32; 2] = [0.0, 1.0];
        let others = |cosines: [f64; 3]| {
            let sum: f64 = cosines.iter().map(|cosine| (cosine / 0.5).exp()).sum();
            sum.ln()
        };
        for (views, loss, found) in [
            ([X, X, Y, Y], others([1.0, 0.0, 0.0]) - 1.0 / 0.5, 1.0),
            ([X, Y, X, Y], others([0.0, 1.0, 0.0]), 0.0),
            // Each has its partner and another as near.
            ([X, X, X, X], others([1.0; 3]) - 1.0 / 0.5, 1.0),
        ] {
            let Evaluation { value, companion } = evaluate(&OBJECTIVE, &outputs(views), &[]);
            assert!((value - loss).abs() < 1e-6, "{value} instead of {loss}");
            assert_eq!(companion, Some(found));
        }
    }

    #[test]
    fn nan_is_not_hidden() {
        for view in 0..4 {
            let mut views = [[0.6, 0.8]; 4];
            views[view][0] = f32::NAN;
            let found = evaluate(&OBJECTIVE, &outputs(views), &[]);
            assert!(found.value.is_nan());
        }
    }

    #[test]
    fn its_gradient_matches_central_differences() {
        const ROWS: usize = 5;
        let objective = Contrast {
            dimensions: 4,
            temperature: 0.5,
        };
        let layout = ParameterLayout::new(&[("vectors", 2 * ROWS, 4)]);
        let numbers = &mut stream(1, "test", [0, 0]);
        let mut vectors = vec![0.0; layout.arena_len()];
        vectors[..8 * ROWS].fill_with(|| numbers.random::<f32>() - 0.5);
        let as_outputs = |vectors: &[f32]| {
            let mut outputs = Matrix::zeros(ROWS, 8);
            let numbers = outputs.numbers_mut(0..ROWS);
            numbers.copy_from_slice(&vectors[..8 * ROWS]);
            outputs
        };
        let mut scratch = vec![f32::NAN; objective.scratch(ROWS)];
        let mut gradient = Matrix::zeros(ROWS, 8);
        objective.gradient(&as_outputs(&vectors), &[], &mut gradient, &mut scratch);
        let mut found = vec![0.0; layout.arena_len()];
        found[..8 * ROWS].copy_from_slice(gradient.numbers(0..ROWS));
        assert_gradient(&layout, &vectors, &found, |vectors| {
            evaluate(&objective, &as_outputs(vectors), &[]).value
        });
    }
}
