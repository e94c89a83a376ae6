//! Softmax cross-entropy over classes, with accuracy as companion.

use super::{Objective, Rows, Sums, clipped};
use crate::network::{Matrix, largest_and_sum, softmax_rows};
use crate::training::Evaluation;
use crate::{Direction, Metric, TargetKind};

/// The mean over an example's labels, each with the logits of all classes in the outputs, one after the other.
///
/// The measured cross-entropy is clipped at 1.5 ln(classes), as learned_optimization (Metz et al. 2022) does: beyond
/// what guessing costs, how wrong a model is says nothing about the rule that trained it.
pub(crate) struct CrossEntropy {
    classes: usize,
    metric: Metric,
}

impl CrossEntropy {
    /// Of so many classes.
    pub(crate) const fn of_classes(classes: usize) -> Self {
        Self {
            classes,
            metric: Metric {
                name: "validation cross-entropy",
                unit: "nats, clipped at 1.5 ln(classes)",
                direction: Direction::LowerIsBetter,
            },
        }
    }

    /// Of so many different characters, each the next one of a text.
    pub(crate) const fn of_characters(characters: usize) -> Self {
        Self {
            classes: characters,
            metric: Metric {
                name: "validation cross-entropy of characters",
                unit: "nats per character, clipped at 1.5 ln(different characters)",
                direction: Direction::LowerIsBetter,
            },
        }
    }
}

impl Objective for CrossEntropy {
    type Target = u8;

    fn metric(&self) -> Metric {
        self.metric
    }

    fn companion(&self) -> Option<Metric> {
        Some(Metric {
            name: "validation accuracy",
            unit: "fraction",
            direction: Direction::HigherIsBetter,
        })
    }

    /// (softmax − one-hot of the label) / labels.
    fn gradient(
        &self,
        outputs: &Matrix,
        labels: &[u8],
        gradient: &mut Matrix,
        _scratch: &mut [f32],
    ) {
        let scale = 1.0 / labels.len() as f32;
        let rows = outputs.rows();
        let gradient = gradient.numbers_mut(0..rows);
        gradient.copy_from_slice(outputs.numbers(0..rows));
        softmax_rows(gradient, self.classes);
        let gradients = gradient.chunks_exact_mut(self.classes);
        for (gradient, label) in gradients.zip(labels) {
            gradient[usize::from(*label)] -= 1.0;
            for value in gradient {
                *value *= scale;
            }
        }
    }

    /// A NaN among the logits makes the sum NaN.
    fn add(
        &self,
        outputs: &Matrix,
        rows: usize,
        labels: &[u8],
        _scratch: &mut [f32],
        sums: &mut Sums,
    ) {
        let logits = outputs.numbers(0..rows).chunks_exact(self.classes);
        for (logits, label) in logits.zip(labels) {
            let label = usize::from(*label);
            let (largest, sum) = largest_and_sum(logits);
            sums.loss += libm::log(sum) - f64::from(logits[label] - largest);
            let predicted = logits.iter().position(|logit| *logit == largest);
            sums.companion += f64::from(u8::from(predicted == Some(label)));
            sums.count += 1;
        }
    }

    fn evaluation(&self, sums: &Sums) -> Evaluation {
        let count = sums.count as f64;
        Evaluation {
            value: clipped(sums.loss / count, 1.5 * libm::log(self.classes as f64)),
            companion: Some(sums.companion / count),
        }
    }

    /// A row for each label: 1 at its class, 0 elsewhere.
    fn rows(&self, _targets: usize) -> Result<Rows<u8>, &'static str> {
        Ok(Rows {
            kind: TargetKind::Classes,
            outputs: self.classes,
            write: |labels, classes, rows| {
                rows.fill(0.0);
                for (row, label) in rows.chunks_exact_mut(classes).zip(labels) {
                    row[usize::from(*label)] = 1.0;
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;

    fn logits(rows: &[[f32; 2]]) -> Matrix {
        let mut matrix = Matrix::zeros(rows.len(), 2);
        for (row, values) in rows.iter().enumerate() {
            matrix.row_mut(row).copy_from_slice(values);
        }
        matrix
    }

    const OBJECTIVE: CrossEntropy = CrossEntropy::of_classes(2);

    #[test]
    fn it_is_the_mean_negative_log_probability() {
        // Odds of 3 : 1 for class 0, read once with label 0 and once with label 1.
        let outputs = logits(&[[libm::logf(3.0), 0.0], [libm::logf(3.0), 0.0]]);
        let Evaluation { value, companion } = evaluate(&OBJECTIVE, &outputs, &[0, 1]);
        assert!(
            (value - (-(0.75_f64.ln()) - 0.25_f64.ln()) / 2.0).abs() < 1e-7,
            "{value}"
        );
        assert_eq!(companion, Some(0.5));
    }

    #[test]
    fn it_is_clipped_but_nan_is_not_hidden() {
        let clipped = evaluate(&OBJECTIVE, &logits(&[[1e30, 0.0]]), &[1]);
        assert_eq!(clipped.value, 1.5 * libm::log(2.0));
        for broken in [[f32::NAN, 0.0], [0.0, f32::NAN], [f32::INFINITY, 0.0]] {
            assert!(
                evaluate(&OBJECTIVE, &logits(&[broken]), &[1])
                    .value
                    .is_nan(),
                "{broken:?}"
            );
        }
    }

    #[test]
    fn every_label_is_a_row() {
        let Rows { write, outputs, .. } = CrossEntropy::of_classes(3).rows(2).expect("labels");
        let mut rows = [9.0; 12];
        write(&[2, 0, 1, 1], outputs, &mut rows);
        let expected = [
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 1.0, 0.0],
        ];
        assert_eq!(rows, *expected.as_flattened());
    }

    #[test]
    fn its_gradient_is_of_the_mean_over_labels() {
        // Two labels an example, each with logits of its own: odds of 3 : 1 and of 1 : 1.
        let mut outputs = Matrix::zeros(1, 4);
        outputs.row_mut(0)[0] = libm::logf(3.0);
        let mut gradient = Matrix::zeros(1, 4);
        OBJECTIVE.gradient(&outputs, &[0, 1], &mut gradient, &mut []);
        for (found, expected) in gradient.row(0).iter().zip([-0.125, 0.125, 0.25, -0.25]) {
            assert!((found - expected).abs() < 1e-7, "{gradient:?}");
        }
    }
}
