//! What a few steps tell of an update rule: most that cannot learn never train.

use mlevolve_ir::Backend;
use mlevolve_tasks::{ParameterLayout, UpdateRule, stream};
use rand::{Rng, RngExt};

use super::Rejection;
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::Program;

/// Steps of a probe.
const PROBE_STEPS: u32 = 4;
/// The magnitudes of a probe's gradients, as they occur in training.
const PROBE_GRADIENT_SCALES: [f32; PROBE_STEPS as usize] = [1.0, 0.1, 0.01, 0.1];

/// Steps made-up parameters along made-up gradients, and says what speaks against training.
///
/// The interpreter runs it, as compiling costs more than these few steps.
///
/// # Errors
/// [`OptimizerError`] if the program has another schema.
pub fn probe(program: &Program) -> Result<Option<Rejection>, OptimizerError> {
    let mut optimizer = CompiledOptimizer::new(program, Backend::Interpreter)?;
    let layout = ParameterLayout::new(&[("weight", 4, 12), ("bias", 1, 5)]);
    let mut numbers = stream(0, "probe", [0, 0]);
    let initial = uniform(layout.arena_len(), 0.3, &mut numbers);
    let mut moved = |gradients: u64| {
        let mut numbers = stream(0, "probe gradients", [gradients, 0]);
        let mut parameters = initial.clone();
        optimizer.reset(&layout);
        for (step, scale) in (1..).zip(PROBE_GRADIENT_SCALES) {
            let gradient = uniform(layout.arena_len(), scale, &mut numbers);
            optimizer.step(step, &mut parameters, &gradient);
        }
        let tensors = layout.tensors().iter();
        let elements: Vec<f32> = tensors
            .flat_map(|tensor| parameters[tensor.range()].to_vec())
            .collect();
        elements
    };
    let (first, second) = (moved(1), moved(2));
    let tensors = layout.tensors().iter();
    let start = tensors.flat_map(|tensor| initial[tensor.range()].to_vec());
    let rejection = if !first.iter().chain(&second).all(|value| value.is_finite()) {
        Some(Rejection::NotFinite)
    } else if start.eq(first.iter().copied()) {
        Some(Rejection::Idle)
    } else if first == second {
        Some(Rejection::BlindToGradient)
    } else {
        None
    };
    Ok(rejection)
}

/// Numbers between −`scale` and `scale`.
fn uniform(count: usize, scale: f32, numbers: &mut impl Rng) -> Vec<f32> {
    let mut draw = || 2.0 * numbers.random::<f32>() - 1.0;
    (0..count).map(|_| scale * draw()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::program::Schema;
    use crate::program::known;

    fn of(body: &str) -> Option<Rejection> {
        let text = format!(
            "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
             constant learning_rate = 0.1\noutput delta tensor\nstate m tensor\nupdate:\n{body}"
        );
        probe(&Program::parse(&text).unwrap()).unwrap()
    }

    #[test]
    fn probes_tell_what_cannot_learn() {
        assert_eq!(of("delta = sub(g, g)"), Some(Rejection::Idle));
        assert_eq!(of(""), Some(Rejection::Idle));
        assert_eq!(of("delta = neg(w)"), Some(Rejection::BlindToGradient));
        assert_eq!(of("delta = log(g)"), Some(Rejection::NotFinite));
        // What the gradient does to state shows from the second step on.
        assert_eq!(of("delta = neg(m)\nm = mul(g, learning_rate)"), None);
    }

    #[test]
    fn known_rules_pass() {
        for known in known::of(Schema::Optimizer) {
            assert_eq!(probe(&known.parsed()).unwrap(), None, "{}", known.name);
        }
    }
}
