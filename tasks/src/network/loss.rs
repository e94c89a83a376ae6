//! Losses: their values in f64 for learning curves, their gradients in f32 for training.

use super::Matrix;

/// Replaces each row of `logits` (batch × classes) by the gradient, with respect to it, of the batch's mean
/// cross-entropy: (softmax − one-hot of the label) / batch.
pub(crate) fn cross_entropy_gradient(logits: &mut Matrix, labels: &[u8]) {
    let scale = 1.0 / labels.len() as f32;
    for (row, label) in labels.iter().enumerate() {
        let logits = logits.row_mut(row);
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for logit in logits.iter_mut() {
            *logit = libm::expf(*logit - largest);
            sum += *logit;
        }
        for logit in logits.iter_mut() {
            *logit *= scale / sum;
        }
        logits[usize::from(*label)] -= scale;
    }
}

/// Sum over rows of the cross-entropy in nats, and how many rows have their largest logit at the label.
///
/// A NaN among the logits makes the sum NaN.
pub(crate) fn cross_entropy_sum(logits: &Matrix, labels: &[u8]) -> (f64, usize) {
    let mut total = 0.0;
    let mut correct = 0;
    for (row, label) in labels.iter().enumerate() {
        let logits = logits.row(row);
        let label = usize::from(*label);
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits
            .iter()
            .map(|logit| libm::exp(f64::from(*logit - largest)))
            .sum();
        total += libm::log(sum) - f64::from(logits[label] - largest);
        correct += usize::from(logits.iter().position(|logit| *logit == largest) == Some(label));
    }
    (total, correct)
}

/// Replaces the predictions (batch × 1) by the gradient, with respect to them, of the batch's mean squared error:
/// 2 (prediction − target) / batch.
pub(crate) fn squared_error_gradient(predictions: &mut Matrix, targets: &[f32]) {
    let scale = 2.0 / targets.len() as f32;
    for (row, target) in targets.iter().enumerate() {
        let prediction = &mut predictions.row_mut(row)[0];
        *prediction = scale * (*prediction - target);
    }
}

/// Sum over rows of the squared error.
pub(crate) fn squared_error_sum(predictions: &Matrix, targets: &[f32]) -> f64 {
    targets
        .iter()
        .enumerate()
        .map(|(row, target)| {
            let error = f64::from(predictions.row(row)[0]) - f64::from(*target);
            error * error
        })
        .sum()
}
