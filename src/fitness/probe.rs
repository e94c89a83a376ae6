//! What a few steps tell of an update rule: most that cannot learn never train, and of those that step alike, one does.

use mlevolve_ir::Backend;
use mlevolve_tasks::{ParameterLayout, UpdateRule, stream};
use rand::{Rng, RngExt};
use sha2::{Digest, Sha256};

use super::{Fingerprint, Rejection, rounded};
use crate::optimizer::{CompiledOptimizer, OptimizerError};
use crate::program::Program;
use crate::schema::LEARNING_RATE;

/// The steps of a probe: the magnitudes of gradients, as they occur in training, and the numbers that steps go by, as rules
/// may do later what they do not at first.
const STEPS: [(u32, f32); 6] = [
    (1, 1.0),
    (2, 0.1),
    (3, 0.01),
    (4, 0.1),
    (100, 0.1),
    (1_000, 0.01),
];

/// The magnitude of the first tensor's elements, whose sums show what a rule does to parameters for their size.
const LARGE: f32 = 0.3;
/// That of the others, on which even a small displacement has all its digits.
const SMALL: f32 = 1e-3;

/// How many steps tell whether a rule follows its learning rate: some do not move in the first.
const RATE_STEPS: usize = 3;
/// How much further they go with twice the learning rate, of rules that follow it.
const FOLLOWING: std::ops::RangeInclusive<f32> = 1.6..=2.5;

/// What a hash begins with.
const FINGERPRINT: &str = "steps of a probe";

/// Made-up parameters that were stepped along made-up gradients, twice.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeRun {
    /// Where both began: tensor after tensor, without padding.
    start: Vec<f32>,
    /// How many of them are large.
    large: usize,
    /// Where they ended, each with gradients of its own.
    ends: [Vec<f32>; 2],
    /// How far the first of them went in its first [`RATE_STEPS`].
    early_distance: f32,
}

impl ProbeRun {
    /// Of an update rule. The interpreter runs it, as compiling costs more than these few steps.
    ///
    /// # Errors
    /// [`OptimizerError`] if the program has another schema.
    pub fn of(program: &Program) -> Result<Self, OptimizerError> {
        let bench = Bench::new();
        let mut optimizer = CompiledOptimizer::new(program, Backend::Interpreter)?;
        Ok(Self {
            start: bench.elements(&bench.initial),
            large: bench.layout.tensors()[0].range().len(),
            ends: [1, 2].map(|gradients| bench.stepped(&mut optimizer, gradients, &STEPS)),
            early_distance: bench.early_distance(&mut optimizer),
        })
    }

    /// What speaks against training.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        let [first, second] = &self.ends;
        if !first.iter().chain(second).all(|value| value.is_finite()) {
            Some(Rejection::NotFinite)
        } else if self.start == *first {
            Some(Rejection::Idle)
        } else if first == second {
            Some(Rejection::BlindToGradient)
        } else {
            None
        }
    }

    /// Whether the rule, which this is a run of, moves parameters about twice as far in its first steps where its learning rate is
    /// twice as great: whether it can be tuned by it for another task.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub fn follows_rate(&self, program: &Program) -> Result<bool, OptimizerError> {
        let Some(rate) = program.constant(LEARNING_RATE) else {
            return Ok(false);
        };
        let Ok(twice) = program.with_constant(LEARNING_RATE, 2.0 * rate) else {
            return Ok(false);
        };
        let mut twice = CompiledOptimizer::new(&twice, Backend::Interpreter)?;
        let ratio = Bench::new().early_distance(&mut twice) / self.early_distance;
        // What does not move, or to infinity, is for others to reject.
        Ok(!ratio.is_finite() || FOLLOWING.contains(&ratio))
    }

    /// How far the parameters went.
    #[must_use]
    pub fn displacements(&self) -> Vec<f32> {
        let ends = self.ends.iter();
        ends.flat_map(|end| end.iter().zip(&self.start))
            .map(|(end, start)| end - start)
            .collect()
    }

    /// The same for rules that step alike but for rounding. Of small parameters, the displacement of each counts; that of
    /// large ones is lost in rounding, so their sum does, and that with the parameters as weights, which shows decay.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let hasher = Sha256::new_with_prefix(FINGERPRINT);
        self.fingerprint_of(&self.displacements(), 1.0, hasher)
    }

    /// The same for rules that step alike but for rounding and a moderate factor, as rules with two learning rates do; what goes four times
    /// as far always has another one. For judges that choose a rate anew for each task, in steps of about that.
    #[must_use]
    pub fn direction_fingerprint(&self) -> Fingerprint {
        let displacements = self.displacements();
        let of_small = displacements
            .chunks_exact(self.start.len())
            .flat_map(|one| &one[self.large..]);
        let greatest = of_small.fold(0.0, |greatest: f32, by| greatest.max(by.abs()));
        if greatest > 0.0 && greatest.is_finite() {
            // The exponent, without its last bit.
            let size = greatest.to_bits() >> 24;
            let hasher = Sha256::new_with_prefix(FINGERPRINT).chain_update(size.to_le_bytes());
            self.fingerprint_of(&displacements, greatest, hasher)
        } else {
            self.fingerprint()
        }
    }

    /// Of displacements as multiples of a unit, and of what the hasher has been given.
    fn fingerprint_of(&self, displacements: &[f32], unit: f32, mut hasher: Sha256) -> Fingerprint {
        for displacements in displacements.chunks_exact(self.start.len()) {
            let (large, small) = displacements.split_at(self.large);
            for number in small {
                hasher.update(rounded(number / unit).to_le_bytes());
            }
            let along = large.iter().zip(&self.start);
            let along: f64 = along.map(|(by, at)| f64::from(*by) * f64::from(*at)).sum();
            let in_all: f64 = large.iter().map(|by| f64::from(*by)).sum();
            for sum in [along, in_all] {
                // To some three digits.
                let sum = (sum as f32 / unit).to_bits().saturating_add(1 << 11) >> 12;
                hasher.update(sum.to_le_bytes());
            }
        }
        Fingerprint::of_digest(&hasher.finalize().into())
    }
}

/// The made-up parameters.
struct Bench {
    layout: ParameterLayout,
    initial: Vec<f32>,
}

impl Bench {
    fn new() -> Self {
        let layout = ParameterLayout::new(&[("weight", 4, 12), ("small", 3, 5), ("bias", 1, 5)]);
        let mut numbers = stream(0, "probe", [0, 0]);
        let mut initial = uniform(layout.arena_len(), LARGE, &mut numbers);
        for tensor in &layout.tensors()[1..] {
            for element in &mut initial[tensor.range()] {
                *element *= SMALL / LARGE;
            }
        }
        Self { layout, initial }
    }

    /// What an arena holds, tensor after tensor, without padding.
    fn elements(&self, arena: &[f32]) -> Vec<f32> {
        let tensors = self.layout.tensors().iter();
        tensors
            .flat_map(|tensor| arena[tensor.range()].to_vec())
            .collect()
    }

    /// How far the parameters go in the first steps.
    fn early_distance(&self, optimizer: &mut CompiledOptimizer) -> f32 {
        let end = self.stepped(optimizer, 1, &STEPS[..RATE_STEPS]);
        let start = self.elements(&self.initial);
        let squares = end
            .iter()
            .zip(&start)
            .map(|(end, start)| (end - start).powi(2));
        squares.sum::<f32>().sqrt()
    }

    /// Where the parameters are after these steps along gradients that are numbered so.
    fn stepped(
        &self,
        optimizer: &mut CompiledOptimizer,
        gradients: u64,
        steps: &[(u32, f32)],
    ) -> Vec<f32> {
        let mut numbers = stream(0, "probe gradients", [gradients, 0]);
        let mut parameters = self.initial.clone();
        optimizer.reset(&self.layout);
        for &(step, scale) in steps {
            let gradient = uniform(self.layout.arena_len(), scale, &mut numbers);
            optimizer.step(step, &mut parameters, &gradient);
        }
        self.elements(&parameters)
    }
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

    fn text(body: &str) -> String {
        format!(
            "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
             constant learning_rate = 0.1\nconstant decay = 0.01\noutput delta tensor\n\
             state m tensor\nscratch t tensor\nupdate:\n{body}"
        )
    }

    fn run_of(body: &str) -> ProbeRun {
        ProbeRun::of(&Program::parse(&text(body)).unwrap()).unwrap()
    }

    fn of(body: &str) -> Option<Rejection> {
        run_of(body).rejection()
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
            let run = ProbeRun::of(&known.parsed()).unwrap();
            assert_eq!(run.rejection(), None, "{}", known.name);
        }
    }

    #[test]
    fn what_follows_its_learning_rate_can_be_tuned() {
        let follows = |program: &Program| {
            let run = ProbeRun::of(program).unwrap();
            run.follows_rate(program).unwrap()
        };
        for known in known::of(Schema::Optimizer) {
            assert!(follows(&known.parsed()), "{}", known.name);
        }
        for (body, expected) in [
            ("t = mul(g, learning_rate)\ndelta = neg(t)", true),
            // The first step goes nowhere.
            ("delta = neg(m)\nm = mul(g, learning_rate)", true),
            ("t = mul(g, decay)\ndelta = neg(t)", false),
            (
                "t = mul(g, learning_rate)\nt = div(t, learning_rate)\ndelta = neg(t)",
                false,
            ),
            (
                "t = sqrt(learning_rate)\nt = mul(g, t)\ndelta = neg(t)",
                false,
            ),
        ] {
            let program = Program::parse(&text(body)).unwrap();
            assert_eq!(follows(&program), expected, "{body}");
        }
    }

    #[test]
    fn rules_that_differ_in_their_learning_rates_alone_have_one_direction() {
        let run = |name: &str, rate: f32| {
            let rule = known::find(name).unwrap().parsed();
            ProbeRun::of(&rule.with_constant(LEARNING_RATE, rate).unwrap()).unwrap()
        };
        let mut directions = std::collections::BTreeSet::new();
        for name in ["sgd", "momentum", "adam"] {
            let before = directions.len();
            for rate in (0..10).map(|step| 0.01 * (1.0 + 0.3 * step as f32)) {
                let (run, again) = (run(name, rate), run(name, 1.01 * rate));
                assert_ne!(run.fingerprint(), again.fingerprint());
                directions.insert(run.direction_fingerprint());
            }
            // Two, where the rates are of two sizes; once in a while, rounding makes one more.
            let added = directions.len() - before;
            assert!((1..=3).contains(&added), "{name}: {added}");
        }
        let far = run("sgd", 1.0).direction_fingerprint();
        assert!(!directions.contains(&far));
    }

    #[test]
    fn rules_that_differ_in_rounding_alone_have_one_fingerprint_and_others_do_not() {
        let bodies = [
            "t = mul(g, learning_rate)\ndelta = neg(t)",
            // A little decay.
            "t = mul(w, decay)\nt = add(g, t)\nt = mul(t, learning_rate)\ndelta = neg(t)",
            "m = lerp(g, m, learning_rate)\ndelta = neg(m)",
            "t = sign(g)\nt = mul(t, learning_rate)\ndelta = neg(t)",
            // Of another size at the steps that come late.
            "t = div(g, step)\ndelta = neg(t)",
            "t = mul(g, learning_rate)\nt = add(t, decay)\ndelta = neg(t)",
        ];
        let fingerprint = |body: &str| run_of(body).fingerprint();
        for (index, body) in bodies.iter().enumerate() {
            for other in &bodies[..index] {
                assert_ne!(fingerprint(body), fingerprint(other), "{body}\n\n{other}");
            }
        }
        for (one, other) in [
            (
                bodies[0],
                "t = mul(g, decay)\nt = div(t, decay)\nt = mul(t, learning_rate)\ndelta = neg(t)",
            ),
            (
                bodies[1],
                "t = mul(w, learning_rate)\nt = mul(t, decay)\nm = mul(g, learning_rate)\n\
                 t = add(t, m)\ndelta = neg(t)",
            ),
        ] {
            assert_ne!(run_of(one), run_of(other));
            assert_eq!(fingerprint(one), fingerprint(other), "{one}\n\n{other}");
        }
    }
}
