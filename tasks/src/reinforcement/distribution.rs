//! What a policy's outputs say about actions: how one is drawn, and how its probability depends on the outputs.
//!
//! For a discrete action the outputs are logits of a softmax. For a continuous one tanh of the first is the mean and the
//! sigmoid of the second the standard deviation of a normal distribution, in units of the action's bound. What is drawn
//! beyond the bound is executed at the bound, while probabilities are those of what was drawn. Without limits to the two, a
//! policy leaves for where all that is drawn is executed at the bound: there it learns no more.

use rand::RngExt;

use crate::Stream;
use crate::environments::{Action, ActionSpace};
use crate::network::{sigmoid, tanh};

/// An action that a policy can draw. Outputs and gradients are [`outputs`](Self::outputs) numbers long.
pub(crate) trait Drawn: Action {
    /// Numbers that describe the distribution over `space`.
    fn outputs(space: ActionSpace) -> usize;

    /// Draws what [`chosen`](Self::chosen) makes an action of, whatever the outputs.
    fn noise(numbers: &mut Stream) -> f32;

    /// The action that the policy draws with this noise.
    fn chosen(outputs: &[f32], noise: f32) -> Self;

    /// The action that the environment is given.
    fn executed(self, space: ActionSpace) -> Self;

    /// What is chosen in evaluation: a discrete action is drawn as in training, a continuous one is the mean.
    fn evaluated(outputs: &[f32], numbers: &mut Stream) -> Self;

    /// Writes the gradient of −`weight` · ln π(`action`) with respect to the outputs.
    fn write_gradient(outputs: &[f32], action: Self, weight: f32, gradient: &mut [f32]);

    /// Adds the gradient of −`weight` · the distribution's entropy.
    fn add_entropy_gradient(outputs: &[f32], weight: f32, gradient: &mut [f32]);
}

/// 1 / Σ exp(lⱼ − l): the softmax at `action`, which neither overflows to NaN nor needs the largest logit.
#[inline(always)]
fn probability(logits: &[f32], action: usize) -> f32 {
    let mut sum = 1.0;
    for (other, logit) in logits.iter().enumerate() {
        if other != action {
            sum += libm::expf(logit - logits[action]);
        }
    }
    1.0 / sum
}

impl Drawn for u32 {
    fn outputs(space: ActionSpace) -> usize {
        space.outputs()
    }

    #[inline]
    fn noise(numbers: &mut Stream) -> f32 {
        numbers.random()
    }

    /// The last action takes the lowest numbers, the first what is left: probabilities that are not numbers always
    /// give the first.
    #[inline(always)]
    fn chosen(logits: &[f32], noise: f32) -> Self {
        let mut below = 0.0;
        for action in (1..logits.len()).rev() {
            below += probability(logits, action);
            if noise < below {
                return action as Self;
            }
        }
        0
    }

    #[inline(always)]
    fn executed(self, _space: ActionSpace) -> Self {
        self
    }

    #[inline]
    fn evaluated(logits: &[f32], numbers: &mut Stream) -> Self {
        Self::chosen(logits, Self::noise(numbers))
    }

    /// `weight` · (softmax − one-hot of the action). Adding to all logits changes nothing, so the sum is 0.
    #[inline(always)]
    fn write_gradient(logits: &[f32], action: Self, weight: f32, gradient: &mut [f32]) {
        let mut sum = 0.0;
        for (index, gradient) in gradient.iter_mut().enumerate().skip(1) {
            let taken = if action as usize == index { 1.0 } else { 0.0 };
            *gradient = weight * (probability(logits, index) - taken);
            sum += *gradient;
        }
        gradient[0] = -sum;
    }

    /// `weight` · p (ln p + entropy) for each action.
    #[inline(always)]
    fn add_entropy_gradient(logits: &[f32], weight: f32, gradient: &mut [f32]) {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut sum, mut product) = (0.0, 0.0);
        for logit in logits {
            let exponential = libm::expf(logit - largest);
            sum += exponential;
            product += exponential * (logit - largest);
        }
        let log_sum = libm::logf(sum);
        let entropy = log_sum - product / sum;
        for (gradient, logit) in gradient.iter_mut().zip(logits) {
            let log_probability = logit - largest - log_sum;
            *gradient += weight * libm::expf(log_probability) * (log_probability + entropy);
        }
    }
}

impl Drawn for f32 {
    fn outputs(_space: ActionSpace) -> usize {
        2
    }

    /// From the normal distribution with mean 0 and variance 1, by two uniform numbers (Box and Muller 1958).
    fn noise(numbers: &mut Stream) -> f32 {
        // In (0, 1], so that the logarithm is finite.
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - numbers.random::<f32>()));
        radius * libm::cosf(std::f32::consts::TAU * numbers.random::<f32>())
    }

    #[inline(always)]
    fn chosen(outputs: &[f32], noise: f32) -> Self {
        tanh(outputs[0]) + sigmoid(outputs[1]) * noise
    }

    #[inline(always)]
    fn executed(self, space: ActionSpace) -> Self {
        let ActionSpace::Continuous { bound } = space else {
            panic!("a number is no action of {space:?}")
        };
        (bound * self).clamp(-bound, bound)
    }

    fn evaluated(outputs: &[f32], _numbers: &mut Stream) -> Self {
        tanh(outputs[0])
    }

    /// ln π(a) = −z²/2 − ln σ − ln √2π with z = (a − μ) / σ, where μ = tanh o₀ and σ = sigmoid o₁.
    #[inline(always)]
    fn write_gradient(outputs: &[f32], action: Self, weight: f32, gradient: &mut [f32]) {
        let mean = tanh(outputs[0]);
        let deviation = sigmoid(outputs[1]);
        let z = (action - mean) / deviation;
        gradient[0] = -weight * z / deviation * (1.0 - mean * mean);
        gradient[1] = -weight * (z * z - 1.0) * (1.0 - deviation);
    }

    /// The entropy is ln σ and a constant; the derivative of ln sigmoid o is 1 − sigmoid o.
    #[inline(always)]
    fn add_entropy_gradient(outputs: &[f32], weight: f32, gradient: &mut [f32]) {
        gradient[1] -= weight * (1.0 - sigmoid(outputs[1]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn discrete_actions_follow_their_probabilities() {
        let mut numbers = stream(9, "test", [0, 0]);
        let mut counts = |logits: [f32; 3]| {
            let mut counts = [0; 3];
            for _ in 0..10_000 {
                counts[u32::evaluated(&logits, &mut numbers) as usize] += 1;
            }
            counts
        };
        // Odds of 2 : 3 : 5. 10,000 draws have a standard deviation of at most 50.
        let found = counts([2.0, 3.0, 5.0].map(libm::logf));
        for (found, expected) in found.iter().zip([2_000_i32, 3_000, 5_000]) {
            assert!((found - expected).abs() < 250, "{found} for {expected}");
        }
        assert_eq!(counts([0.0, 200.0, 0.0]), [0, 10_000, 0]);
        assert_eq!(counts([0.0, f32::NAN, 0.0]), [10_000, 0, 0]);
        assert_eq!(counts([f32::MAX, f32::MIN, 0.0]), [10_000, 0, 0]);
    }

    #[test]
    fn continuous_actions_have_their_mean_and_deviation() {
        let mut numbers = stream(9, "test", [0, 0]);
        // tanh 0.549,306 is 0.5, and odds of 1 : 3 make a sigmoid of 0.25.
        let outputs = [0.549_306_15, -libm::logf(3.0)];
        let drawn: Vec<f64> = (0..10_000)
            .map(|_| f32::chosen(&outputs, f32::noise(&mut numbers)).into())
            .collect();
        let mean = drawn.iter().sum::<f64>() / 1e4;
        let variance = drawn
            .iter()
            .map(|it| (it - mean) * (it - mean))
            .sum::<f64>()
            / 1e4;
        // Within five standard errors: σ/√n and σ²·√(2/n).
        assert!((mean - 0.5).abs() < 0.0125, "{mean}");
        assert!((variance - 0.0625).abs() < 0.0045, "{variance}");
        let beyond = drawn.iter().filter(|it| (**it - 0.5).abs() > 0.5).count();
        // 4.55 % lie beyond two deviations, give or take 21.
        assert!((350..560).contains(&beyond), "{beyond}");
        let evaluated = f32::evaluated(&outputs, &mut numbers);
        assert!((evaluated - 0.5).abs() < 1e-6);
    }

    #[test]
    fn continuous_actions_are_executed_within_their_bound() {
        let space = ActionSpace::Continuous { bound: 2.0 };
        let executed = [-3.0, -0.5, 0.0, 0.75, 1.5].map(|action: f32| action.executed(space));
        assert_eq!(executed, [-2.0, -1.0, 0.0, 1.5, 2.0]);
        assert!(f32::NAN.executed(space).is_nan());
    }

    /// Compares gradients with respect to outputs with central differences of `loss`.
    fn assert_output_gradient<const LEN: usize>(
        outputs: [f32; LEN],
        gradient: [f32; LEN],
        loss: impl Fn([f64; LEN]) -> f64,
    ) {
        for index in 0..LEN {
            let at = |step: f64| {
                let mut moved = outputs.map(f64::from);
                moved[index] += step;
                loss(moved)
            };
            let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
            let found = f64::from(gradient[index]);
            assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
        }
    }

    fn softmax(logits: [f64; 3]) -> [f64; 3] {
        let exponentials = logits.map(libm::exp);
        exponentials.map(|it| it / exponentials.iter().sum::<f64>())
    }

    #[test]
    fn gradients_of_discrete_actions_are_those_of_the_softmax() {
        let logits = [0.3, -1.2, 0.9];
        let mut gradient = [f32::NAN; 3];
        for action in 0..3 {
            u32::write_gradient(&logits, action, 0.7, &mut gradient);
            assert_output_gradient(logits, gradient, |logits| {
                -0.7 * libm::log(softmax(logits)[action as usize])
            });
        }
        let mut gradient = [1.0, 2.0, 3.0];
        u32::add_entropy_gradient(&logits, 0.4, &mut gradient);
        assert_output_gradient(logits, gradient, |logits| {
            let linear = logits[0] + 2.0 * logits[1] + 3.0 * logits[2];
            let terms = softmax(logits).map(|it| it * libm::log(it));
            linear + 0.4 * terms.iter().sum::<f64>()
        });
    }

    #[test]
    fn gradients_of_continuous_actions_are_those_of_the_normal_distribution() {
        let (outputs, action) = ([0.3, -0.6], 1.1);
        let deviation = |output: f64| 1.0 / (1.0 + libm::exp(-output));
        let mut gradient = [f32::NAN; 2];
        f32::write_gradient(&outputs, action, 0.7, &mut gradient);
        assert_output_gradient(outputs, gradient, |[first, second]| {
            let deviation = deviation(second);
            let z = (f64::from(action) - libm::tanh(first)) / deviation;
            let density = libm::exp(-0.5 * z * z) / (deviation * libm::sqrt(std::f64::consts::TAU));
            -0.7 * libm::log(density)
        });
        let mut gradient = [1.0, 2.0];
        f32::add_entropy_gradient(&outputs, 0.4, &mut gradient);
        assert_output_gradient(outputs, gradient, |[first, second]| {
            let variance = deviation(second) * deviation(second);
            let entropy = 0.5 * libm::log(std::f64::consts::E * std::f64::consts::TAU * variance);
            first + 2.0 * second - 0.4 * entropy
        });
    }
}
