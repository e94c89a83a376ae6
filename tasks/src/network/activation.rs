//! What a unit does to its sum, and how the gradient passes back.

use multiversion::multiversion;

use super::exponential::exp;

/// A layer's nonlinearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// None.
    Identity,
    /// max(x, 0); NaN stays NaN, so that a broken model is seen to be broken.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Replaces each sum of `values` by the unit's output.
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => apply_relu(values),
            Self::Tanh => apply_tanh(values),
        }
    }

    /// Turns `gradient` with respect to the units' outputs into that with respect to their sums.
    ///
    /// The derivatives can be told from the output alone: 1 where it is positive for ReLU, 1 − y² for tanh.
    pub(super) fn backward(self, outputs: &[f32], gradient: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => relu_backward(outputs, gradient),
            Self::Tanh => tanh_backward(outputs, gradient),
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn apply_relu(values: &mut [f32]) {
    for value in values {
        *value = if *value < 0.0 {
            0.0
        } else {
            other_zero(*value)
        };
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn apply_tanh(values: &mut [f32]) {
    for value in values {
        *value = tanh(*value);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn relu_backward(outputs: &[f32], gradient: &mut [f32]) {
    for (gradient, output) in gradient.iter_mut().zip(outputs) {
        *gradient = if *output > 0.0 {
            other_zero(*gradient)
        } else {
            0.0
        };
    }
}

/// The same number, and for -0 the other zero.
///
/// Of a choice between a number and 0 that goes where the number came from, the compiler makes a store under a mask, which processors
/// without AVX-512 do many times slower than a whole one. This sum keeps it from that.
#[inline(always)]
fn other_zero(number: f32) -> f32 {
    number + 0.0
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn tanh_backward(outputs: &[f32], gradient: &mut [f32]) {
    for (gradient, output) in gradient.iter_mut().zip(outputs) {
        *gradient *= 1.0 - output * output;
    }
}

/// Hyperbolic tangent with a relative error below 5e-7, without branches, so that a loop over it becomes vector code;
/// it is most of the work of a CartPole rollout.
///
/// A rational approximation x·P(x²)/Q(x²) of degree (4, 4), fitted for this crate by least squares on Chebyshev
/// nodes of [0, 9] with Lawson's reweighting towards the smallest maximal relative error (2.1e-8 before rounding to f32).
/// Beyond ±9, tanh differs from ±1 by less than half a unit in the last place of f32.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    const SATURATION: f32 = 9.0;
    const P: [f32; 5] = [
        1.0,
        0.133_810_24,
        0.003_495_585_4,
        2.060_903_7e-5,
        1.335_460_2e-8,
    ];
    const Q: [f32; 5] = [
        1.0,
        0.467_143_4,
        0.025_876_97,
        0.000_328_563_04,
        7.776_533e-7,
    ];
    // `clamp` passes NaN on.
    let x = x.clamp(-SATURATION, SATURATION);
    let square = x * x;
    let evaluate =
        |c: [f32; 5]| c[0] + square * (c[1] + square * (c[2] + square * (c[3] + square * c[4])));
    // Rounding may overshoot ±1 by a unit in the last place, which would make 1 − y² negative.
    (x * evaluate(P) / evaluate(Q)).clamp(-1.0, 1.0)
}

/// 1 / (1 + exp(−x)).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_accurate_everywhere() {
        // Every 1,000th float from the smallest normal to infinity, both signs.
        let mut worst = 0.0_f64;
        for bits in (f32::MIN_POSITIVE.to_bits()..=f32::INFINITY.to_bits()).step_by(1_000) {
            let x = f32::from_bits(bits);
            let exact = libm::tanh(f64::from(x));
            worst = worst.max((f64::from(tanh(x)) / exact - 1.0).abs());
            assert_eq!(tanh(-x), -tanh(x), "tanh is odd at {x}");
            assert!(tanh(x) <= 1.0);
        }
        assert!(worst < 5e-7, "worst relative error {worst}");
        assert_eq!(tanh(0.0), 0.0);
        assert_eq!(tanh(f32::INFINITY), 1.0);
    }

    #[test]
    fn sigmoid_is_accurate_and_saturates() {
        for step in -800..800 {
            let x = 0.1 * step as f32;
            let exact = 1.0 / (1.0 + libm::exp(f64::from(-x)));
            let error = (f64::from(sigmoid(x)) / exact - 1.0).abs();
            assert!(error < 4e-7, "{error} at {x}");
        }
        let ends = [-1e9, f32::NEG_INFINITY, 1e9, f32::INFINITY];
        assert_eq!(ends.map(sigmoid), [0.0, 0.0, 1.0, 1.0]);
        assert!(sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn nan_is_not_hidden() {
        for activation in [Activation::Relu, Activation::Tanh] {
            let mut values = [f32::NAN, 1.0];
            activation.apply(&mut values);
            assert!(values[0].is_nan() && !values[1].is_nan());
        }
    }
}
