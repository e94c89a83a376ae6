//! A program's steps on several tensors, made by three machines that must agree.

use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::Program;
use mlevolve_ir::Dimensions;
use mlevolve_tasks::{ParameterLayout, UpdateRule, stream};
use rand::{Rng, RngExt};

use crate::evaluator::Evaluator;

/// Tensors with and without padding; one of a single element, and one that is longer than what the
/// interpreter takes at a time.
pub(crate) fn layout() -> ParameterLayout {
    ParameterLayout::new(&[
        ("weight", 5, 7),
        ("bias", 1, 3),
        ("single", 1, 1),
        ("full", 2, 16),
        ("long", 23, 12),
    ])
}

/// What a gradient is made of.
#[derive(Clone, Copy, Debug)]
enum Gradient {
    Ordinary,
    Zeros,
    Subnormal,
    Huge,
    /// Each element from a list of what arithmetic has its troubles with.
    Difficult,
    /// One element of all is NaN.
    OneNan,
}

/// Ordinary ones first, so that there is something to spoil; and again after that.
const GRADIENTS: [Gradient; 9] = [
    Gradient::Ordinary,
    Gradient::Ordinary,
    Gradient::Zeros,
    Gradient::Subnormal,
    Gradient::Ordinary,
    Gradient::Huge,
    Gradient::OneNan,
    Gradient::Difficult,
    Gradient::Ordinary,
];

/// How many steps leave numbers finite, as long as the program does.
pub(crate) const ORDINARY_STEPS: usize = 5;

const DIFFICULT: [f32; 16] = [
    0.0,
    -0.0,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::from_bits(1),
    -f32::from_bits(0x007f_ffff),
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    1.0,
    -1.0,
    f32::EPSILON,
    -1e30,
    1e-30,
];

impl Gradient {
    fn element(self, index: usize, numbers: &mut impl Rng) -> f32 {
        let uniform = 2.0 * numbers.random::<f32>() - 1.0;
        let bits: u32 = numbers.random();
        let sign = bits & 0x8000_0000;
        match self {
            Self::Ordinary => uniform,
            Self::Zeros => f32::from_bits(sign),
            Self::Subnormal => f32::from_bits(sign | (bits & 0x007f_ffff)),
            Self::Huge => uniform * f32::MAX,
            Self::Difficult => DIFFICULT[bits as usize % DIFFICULT.len()],
            Self::OneNan if index == 9 => f32::NAN,
            Self::OneNan => uniform,
        }
    }
}

/// What an optimizer is given: arenas.
pub(crate) struct Inputs {
    initial: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

impl Inputs {
    /// Random inputs. The parameters' padding is NaN, which must not reach any element.
    pub(crate) fn new(layout: &ParameterLayout, number: u64) -> Self {
        let mut numbers = stream(number, "optimizer inputs", [0, 0]);
        let mut initial = vec![f32::NAN; layout.arena_len()];
        for tensor in layout.tensors() {
            initial[tensor.range()].fill_with(|| numbers.random::<f32>() - 0.5);
        }
        let gradients = GRADIENTS.map(|gradient| {
            let mut arena = vec![0.0; layout.arena_len()];
            let ranges = layout
                .tensors()
                .iter()
                .map(mlevolve_tasks::TensorLayout::range);
            for (index, element) in ranges.flatten().enumerate() {
                arena[element] = gradient.element(index, &mut numbers);
            }
            arena
        });
        Self {
            initial,
            gradients: gradients.to_vec(),
        }
    }
}

/// Equal for numbers that are the same to the bit, and for any two NaNs.
fn bits(value: f32) -> u32 {
    if value.is_nan() {
        f32::NAN.to_bits()
    } else {
        value.to_bits()
    }
}

/// The bits of every parameter after each step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path(pub(crate) Vec<Vec<u32>>);

/// The elements of an arena without padding.
fn elements(layout: &ParameterLayout, arena: &[f32]) -> Vec<u32> {
    let tensors = layout.tensors().iter();
    let elements = tensors.flat_map(|tensor| &arena[tensor.range()]);
    elements.map(|&element| bits(element)).collect()
}

/// Resets a compiled program and lets it go all steps.
pub(crate) fn compiled(
    optimizer: &mut CompiledOptimizer,
    layout: &ParameterLayout,
    inputs: &Inputs,
) -> Path {
    optimizer.reset(layout);
    let mut parameters = inputs.initial.clone();
    let steps = (1..).zip(&inputs.gradients).map(|(step, gradient)| {
        optimizer.step(step, &mut parameters, gradient);
        elements(layout, &parameters)
    });
    Path(steps.collect())
}

/// Lets the independent evaluator go all steps, tensor by tensor.
pub(crate) fn evaluated(program: &Program, layout: &ParameterLayout, inputs: &Inputs) -> Path {
    let tensors = layout.tensors();
    let mut parameters = inputs.initial.clone();
    let mut evaluators: Vec<_> = tensors
        .iter()
        .map(|tensor| Evaluator::new(program, Dimensions::new(tensor.rows, tensor.columns)))
        .collect();
    let steps = (1..).zip(&inputs.gradients).map(|(step, gradient)| {
        for (tensor, evaluator) in tensors.iter().zip(&mut evaluators) {
            let w = &mut parameters[tensor.range()];
            let delta = evaluator.step(step, w, &gradient[tensor.range()]);
            for (w, delta) in w.iter_mut().zip(delta) {
                *w += delta;
            }
        }
        elements(layout, &parameters)
    });
    Path(steps.collect())
}

impl Path {
    /// Asserts that two paths of a program are one, and tells the first place where they part.
    #[track_caller]
    pub(crate) fn assert_same(&self, other: &Self, of: &str, program: &Program) {
        for (step, (first, second)) in self.0.iter().zip(&other.0).enumerate() {
            let parted = first.iter().zip(second).position(|(a, b)| a != b);
            if let Some(element) = parted {
                let [first, second] = [first, second].map(|values| f32::from_bits(values[element]));
                panic!(
                    "{of} differ after step {} ({:?}) in element {element}: {first:e} and \
                     {second:e}\n{program}",
                    step + 1,
                    GRADIENTS[step],
                );
            }
        }
        assert_eq!(self, other);
    }
}
