//! What DQN minimises where it is given no other loss.

use crate::Loss;

/// The mean of half the squares of errors, but linear from 1 on (Huber 1964), which is how Mnih et al. 2015 clip errors.
pub(super) struct Huber;

impl Loss for Huber {
    /// Of all numbers, however they are divided into rows: DQN has one a row.
    fn gradient(
        &mut self,
        _outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64 {
        let scale = 1.0 / predictions.len() as f32;
        let mut sum = 0.0;
        let pairs = predictions.iter().zip(targets);
        for (gradient, (prediction, target)) in gradient.iter_mut().zip(pairs) {
            let error = prediction - target;
            let clamped = error.clamp(-1.0, 1.0);
            // e²/2 up to 1, and |e| − 1/2 from there.
            sum += f64::from(clamped) * (f64::from(error) - 0.5 * f64::from(clamped));
            *gradient = scale * clamped;
        }
        sum / predictions.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_square_within_one_and_linear_beyond() {
        let mut gradient = [f32::NAN; 4];
        let loss = Huber.gradient(
            1,
            &[3.0, 0.5, -1.0, -4.0],
            &[3.0, 0.0, 0.0, -1.0],
            &mut gradient,
        );
        assert_eq!(loss, (0.125 + 0.5 + 2.5) / 4.0);
        assert_eq!(gradient, [0.0, 0.125, -0.25, -0.25]);
    }
}
