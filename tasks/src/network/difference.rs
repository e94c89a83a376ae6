//! For tests only: gradients beside central differences along random directions.

use rand::RngExt;

use crate::{ParameterLayout, stream};

/// Directions that are tried in each tensor.
const DIRECTIONS: u64 = 12;
/// How long a step is, where parameters are around 1.
const STEP: f64 = 4e-3;

/// Compares `gradient` with differences of `loss` at `parameters`, and finds the padding of the gradient zero.
///
/// In each tensor by itself: a mistake in a small one does not drown in a great one. Models compute in f32, so a loss
/// around 1 is known to 10⁻⁷, and a quotient over a step of 4·10⁻³ to some 10⁻⁵. A quotient that changes when the step is
/// halved has a kink in it, or too much of the third derivative, and is not compared; most are.
pub(crate) fn assert_gradient(
    layout: &ParameterLayout,
    parameters: &[f32],
    gradient: &[f32],
    mut loss: impl FnMut(&[f32]) -> f64,
) {
    let (mut compared, mut largest) = (0, 0.0_f64);
    for (index, tensor) in layout.tensors().iter().enumerate() {
        for direction in 0..DIRECTIONS {
            let mut numbers = stream(direction, "difference", [index as u64, 0]);
            let signs: Vec<f64> = tensor
                .range()
                .map(|_| if numbers.random() { 1.0 } else { -1.0 })
                .collect();
            // Of length 1, whatever the size of the tensor.
            let unit = 1.0 / (tensor.len() as f64).sqrt();
            let mut at = |step: f64| {
                let mut moved = parameters.to_vec();
                for (parameter, sign) in moved[tensor.range()].iter_mut().zip(&signs) {
                    *parameter = (f64::from(*parameter) + step * sign * unit) as f32;
                }
                loss(&moved)
            };
            let mut quotient = |step: f64| (at(step) - at(-step)) / (2.0 * step);
            let (coarse, fine) = (quotient(STEP), quotient(0.5 * STEP));
            let found: f64 = gradient[tensor.range()]
                .iter()
                .zip(&signs)
                .map(|(gradient, sign)| f64::from(*gradient) * sign * unit)
                .sum();
            let scale = found.abs().max(fine.abs()).max(0.05);
            if (coarse - fine).abs() > 2e-3 * scale {
                continue;
            }
            // Without the term of the third derivative (Richardson).
            let expected = (4.0 * fine - coarse) / 3.0;
            compared += 1;
            largest = largest.max(found.abs());
            assert!(
                (found - expected).abs() < 4e-3 * scale,
                "{}: {found} instead of {expected}",
                tensor.name
            );
        }
        for value in &gradient[tensor.range().end..tensor.padded_range().end] {
            assert_eq!(*value, 0.0, "padding of {}", tensor.name);
        }
    }
    let tried = layout.tensors().len() as u64 * DIRECTIONS;
    assert!(compared * 3 > tried * 2, "{compared} of {tried} compared");
    assert!(
        largest > 1e-2,
        "gradients this small prove nothing: {largest}"
    );
}
