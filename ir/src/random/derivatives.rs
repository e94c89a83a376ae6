//! What is promised of derivatives, checked in binary64 at points where numbers are ordinary.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use super::case::{Case, call_reference, elements, length, readable};
use super::check::one_call;
use super::double_precision::{self as real, Matrix, Slope, inner_product, slopes};
use crate::autodiff::{self, DerivativeError};
use crate::function::{Access, BuildError, Function, FunctionBuilder, Value};
use crate::ops::{Domain, MAX_ARITY, Op};
use crate::passes::expand;
use crate::shape::{Dimensions, Shape};

/// The greatest number of a value for which a difference quotient says anything: with 16 digits of
/// which 6 are before the point, and the step's 4 lost in the difference, 6 are left.
const GREATEST: f64 = 1e6;

/// Both derivatives of a function store what it stores; where numbers are ordinary, they are
/// transposes of each other, and forward mode agrees with difference quotients.
pub(super) fn check(case: &Case) -> Result<(), String> {
    let chosen = readable(&case.function);
    let derivatives = (
        autodiff::forward(&case.function, &chosen),
        autodiff::reverse(&case.function, &chosen),
    );
    let (forward, reverse) = match derivatives {
        (Ok(forward), Ok(reverse)) => (forward, reverse),
        (Err(error), _) | (_, Err(error)) => {
            return match error {
                DerivativeError::TooLarge { .. } | DerivativeError::NotDifferentiable { .. } => {
                    Ok(())
                }
                unexpected => Err(unexpected.to_string()),
            };
        }
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    for (mode, derivative) in [("forward", &forward), ("reverse", &reverse)] {
        stores_the_same(case, derivative, &mut rng).map_err(|what| format!("{mode}: {what}"))?;
    }
    over_the_reals(case, &forward, &reverse, &mut rng).map(|_| ())
}

fn stores_the_same(
    case: &Case,
    derivative: &Function,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<(), String> {
    let verified = derivative.verify();
    verified.map_err(|error| format!("an invalid derivative: {error}"))?;
    let differentials = &derivative.parameters()[case.inputs.len()..];
    let mut inputs = case.inputs.clone();
    for parameter in differentials {
        let numbers = 0..length(parameter.shape, case.dimensions);
        inputs.push(numbers.map(|_| rng.random_range(-1.0..1.0)).collect());
    }
    let mut expected = case.inputs.clone();
    call_reference(&case.function, case.dimensions, &mut expected);
    let mut found = inputs.clone();
    call_reference(derivative, case.dimensions, &mut found);
    if let Some(difference) = case.difference(&expected, &found) {
        return Err(format!("{difference}, derivative\n{derivative}"));
    }
    one_call(&Case {
        function: derivative.clone(),
        dimensions: case.dimensions,
        inputs,
    })
    .map_err(|difference| format!("interpreter: {difference}, derivative\n{derivative}"))
}

/// How many numbers are stored, and how many of them have a difference quotient that their tangent could
/// be compared with; `None` if numbers are not ordinary, so that nothing was compared.
fn over_the_reals(
    case: &Case,
    forward: &Function,
    reverse: &Function,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Option<[usize; 2]>, String> {
    let parameters = case.function.parameters();
    let dimensions = case.dimensions;
    let mut differential = |is_given: bool, shape: Shape| -> Vec<f64> {
        let numbers = 0..elements(shape, dimensions);
        let numbers = numbers.map(|_| match is_given {
            true => rng.random_range(-1.0..1.0),
            false => 0.0,
        });
        numbers.collect()
    };
    let mut point: Vec<Vec<f64>> = Vec::new();
    let (mut tangents, mut cotangents) = (Vec::new(), Vec::new());
    for (parameter, numbers) in parameters.iter().zip(&case.inputs) {
        let (shape, access) = (parameter.shape, parameter.access);
        let numbers = &numbers[..elements(shape, dimensions)];
        point.push(numbers.iter().copied().map(f64::from).collect());
        tangents.push(differential(access.is_read(), shape));
        cotangents.push(differential(access.is_written(), shape));
    }
    let is_ordinary = |number: &f64| *number == 0.0 || (1e-3..1e3).contains(&number.abs());
    if !point.iter().flatten().all(is_ordinary) {
        return Ok(None);
    }

    // Every parameter has one differential, in order.
    let (pushed, pulled) = (
        real::call(forward, dimensions, [&point[..], &tangents].concat()),
        real::call(reverse, dimensions, [&point[..], &cotangents].concat()),
    );
    let (out_tangents, out_cotangents) = (
        &pushed.storage[parameters.len()..],
        &pulled.storage[parameters.len()..],
    );
    // Both sums, and the sum of what is added up in them: the yardstick of rounding.
    let (mut forth, mut back, mut magnitude) = (0.0, 0.0, 0.0);
    for (index, parameter) in parameters.iter().enumerate() {
        if parameter.access.is_written() {
            forth += inner_product(&cotangents[index], &out_tangents[index]);
            magnitude += out_tangents[index].iter().map(|it| it.abs()).sum::<f64>();
        }
        if parameter.access.is_read() {
            back += inner_product(&tangents[index], &out_cotangents[index]);
            magnitude += out_cotangents[index].iter().map(|it| it.abs()).sum::<f64>();
        }
    }
    let greatest = pushed.greatest.max(pulled.greatest);
    // Derivatives of 10⁶ are where a pole is near, and one that is none is at it: √(x − x).
    if magnitude.is_nan() || magnitude > GREATEST || greatest > GREATEST {
        return Ok(None);
    }
    // Rounding of binary64 is 10⁻¹⁶; within a derivative, terms can cancel that are as many times
    // greater than it as six digits say.
    if (forth - back).abs() > 1e-10 * magnitude.max(1.0) {
        return Err(format!(
            "{forth} forward and {back} in reverse\n{forward}\n{reverse}"
        ));
    }

    let original = expand(&case.function);
    let written = || {
        let parameters = parameters.iter().enumerate();
        parameters.filter(|(_, parameter)| parameter.access.is_written())
    };
    let moved = |step: f64| -> Vec<Vec<f64>> {
        let pairs = point.iter().zip(&tangents);
        let moved = pairs.map(|(point, tangent)| {
            let pairs = point.iter().zip(tangent);
            pairs.map(|(x, t)| x + step * t).collect()
        });
        moved.collect()
    };
    let is_smooth = |slope: &Option<Slope>| slope.is_some_and(|slope| !slope.has_kink);
    let tangent_is_smooth = {
        let passed = |step| {
            let arguments = [moved(step), tangents.clone()].concat();
            real::call(forward, dimensions, arguments).passed
        };
        slopes(greatest, passed).iter().all(is_smooth)
    };
    let stored = |step| {
        let storage = real::call(&original, dimensions, moved(step)).storage;
        let stored = written().flat_map(|(index, _)| &storage[index]);
        stored.copied().collect::<Vec<f64>>()
    };
    let names = written().flat_map(|(index, parameter)| {
        let numbers = out_tangents[index].iter().enumerate();
        numbers.map(|(element, &number)| (&parameter.name, element, number))
    });
    // At a kink any slope between those of its sides is right for an op, and none of them need be for a
    // function of kinks that cancel, as those of min(max(1, x), x) do at 1.
    let (mut compared, mut quotients) = (0, 0);
    for (slope, (name, element, found)) in slopes(greatest, stored).iter().zip(names) {
        compared += 1;
        let Some(slope) = slope.filter(|_| tangent_is_smooth) else {
            continue;
        };
        quotients += 1;
        if (found - slope.value).abs() > slope.error {
            return Err(format!(
                "tangent of `{name}`[{element}]: {found} should be {slope:?}\n{forward}"
            ));
        }
    }
    Ok(Some([compared, quotients]))
}

/// A function whose values are ordinary numbers at the point that it comes with: ops are drawn one by
/// one, and those kept whose results are neither huge nor NaN there. A chain of exponentials has no
/// difference quotient.
///
/// # Panics
/// Never: a function that the verifier refused would be an error in this crate.
#[must_use]
pub fn random_smooth_case(rng: &mut impl Rng, maximum_values: usize) -> Case {
    let dimensions = Dimensions::new(rng.random_range(1..=5), rng.random_range(1..=5));
    match build(rng, dimensions, maximum_values) {
        Ok(case) => case,
        Err(error) => panic!("a random function is invalid: {error}"),
    }
}

/// A function in the making.
struct Drawing {
    builder: FunctionBuilder,
    dimensions: Dimensions,
    values: Vec<(Value, Matrix)>,
}

impl Drawing {
    fn load(
        &mut self,
        name: String,
        numbers: &[f32],
        shape: Shape,
        access: Access,
    ) -> Result<(), BuildError> {
        let parameter = self.builder.parameter(name, shape, access)?;
        if access.is_read() {
            let numbers = &numbers[..elements(shape, self.dimensions)];
            let numbers = numbers.iter().copied().map(f64::from).collect();
            let matrix = Matrix::shaped(shape, self.dimensions, numbers);
            self.values.push((self.builder.load(parameter)?, matrix));
        }
        Ok(())
    }

    fn constant(&mut self, number: f32) -> usize {
        let value = self.builder.constant(number);
        self.values.push((value, Matrix::scalar(number.into())));
        self.values.len() - 1
    }

    /// Applies an op to values, if it takes them and the result is ordinary.
    fn apply(&mut self, op: Op, operands: &[usize]) -> Option<usize> {
        let values = operands.iter().map(|&index| self.values[index].0);
        let values: Vec<Value> = values.collect();
        let shapes: Vec<Shape> = values.iter().map(|&it| self.builder.shape(it)).collect();
        op.result_shape(&shapes).ok()?;
        let matrices = operands.iter().map(|&index| &self.values[index].1);
        let result = real::apply(op, &matrices.collect::<Vec<_>>());
        let is_ordinary = |number: &f64| number.abs() < 30.0;
        if !result.numbers.iter().all(is_ordinary) {
            return None;
        }
        let value = self.builder.apply(op, &values).ok()?;
        self.values.push((value, result));
        Some(self.values.len() - 1)
    }

    fn named(&mut self, mnemonic: &str, operands: &[usize]) -> Option<usize> {
        self.apply(Op::from_mnemonic(mnemonic)?, operands)
    }

    fn recent(&self, rng: &mut impl Rng) -> usize {
        let back = rng.random_range(0..self.values.len().min(8));
        self.values.len() - 1 - back
    }

    fn draw(&mut self, rng: &mut impl Rng) -> Option<usize> {
        let count = Op::all().count();
        let op = Op::all().nth(rng.random_range(0..count))?;
        // The type rule says what the op takes; a few draws find it, whatever it is.
        for _ in 0..8 {
            let mut operands = [0; MAX_ARITY];
            let operands = &mut operands[..op.arity()];
            let mut gram = None;
            for (position, operand) in operands.iter_mut().enumerate() {
                *operand = match op.domain(position) {
                    Domain::Any | Domain::Key | Domain::Place => self.recent(rng),
                    // All of them of one matrix, so that they fit: x xᵀ, and x xᵀ + c I.
                    Domain::Symmetric | Domain::PositiveDefinite => {
                        let x = self.recent(rng);
                        let made = gram.map_or_else(|| self.named("row_gram", &[x]), Some)?;
                        gram = Some(made);
                        match op.domain(position) {
                            Domain::PositiveDefinite => {
                                let shift = self.constant(rng.random_range(0.5..2.0f32));
                                let shift = self.named("scaled_identity", &[shift, made])?;
                                self.named("add", &[made, shift])?
                            }
                            Domain::Any | Domain::Key | Domain::Place | Domain::Symmetric => made,
                        }
                    }
                };
            }
            let shapes: Vec<Shape> = operands
                .iter()
                .map(|&it| self.builder.shape(self.values[it].0))
                .collect();
            if op.result_shape(&shapes).is_ok() {
                return self.apply(op, operands);
            }
        }
        None
    }
}

fn build(
    rng: &mut impl Rng,
    dimensions: Dimensions,
    maximum_values: usize,
) -> Result<Case, BuildError> {
    let mut drawing = Drawing {
        builder: FunctionBuilder::new("smooth"),
        dimensions,
        values: Vec::new(),
    };
    let mut inputs = Vec::new();
    for index in 0..rng.random_range(1..=4) {
        let shape = match rng.random_range(0..6) {
            0..3 => Shape::Tensor,
            3 => Shape::Scalar,
            _ => Shape::ALL[rng.random_range(0..Shape::ALL.len())],
        };
        let numbers = 0..length(shape, dimensions);
        let sign = if rng.random_bool(0.8) { 1.0 } else { -1.0 };
        let numbers: Vec<f32> = numbers
            .map(|_| sign * rng.random_range(0.2..2.0f32))
            .collect();
        drawing.load(format!("x{index}"), &numbers, shape, Access::Read)?;
        inputs.push(numbers);
    }
    drawing.constant(rng.random_range(-2.0..2.0f32));
    let wanted = drawing.values.len() + rng.random_range(1..=maximum_values.max(1));
    for _ in 0..4 * wanted {
        if drawing.values.len() < wanted {
            drawing.draw(rng);
        }
    }
    for index in 0..rng.random_range(1..=3) {
        let value = drawing.values[drawing.recent(rng)].0;
        // A scalar may fill something greater.
        let shape = match drawing.builder.shape(value) {
            Shape::Scalar => Shape::ALL[rng.random_range(0..Shape::ALL.len())],
            other => other,
        };
        let parameter = drawing
            .builder
            .parameter(format!("y{index}"), shape, Access::Write)?;
        drawing.builder.store(parameter, value)?;
        inputs.push(vec![0.0; length(shape, dimensions)]);
    }
    Ok(Case {
        function: drawing.builder.finish()?,
        dimensions,
        inputs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A check that finds nothing to compare would pass.
    #[test]
    fn most_of_smooth_cases_can_be_compared() {
        const CASES: usize = 2000;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let (mut differentiable, mut transposes) = (0, 0);
        let (mut quotients, mut stored) = (0, 0);
        while differentiable < CASES {
            let case = random_smooth_case(&mut rng, 16);
            let chosen = readable(&case.function);
            let derivatives =
                [autodiff::forward, autodiff::reverse].map(|mode| mode(&case.function, &chosen));
            let [Ok(forward), Ok(reverse)] = derivatives else {
                continue;
            };
            differentiable += 1;
            match over_the_reals(&case, &forward, &reverse, &mut rng) {
                Ok(None) => {}
                Ok(Some([stored_here, quotients_here])) => {
                    transposes += 1;
                    stored += stored_here;
                    quotients += quotients_here;
                }
                Err(difference) => panic!("{difference}"),
            }
        }
        assert!(transposes >= CASES * 9 / 10, "{transposes}");
        assert!(quotients >= stored * 8 / 10, "{quotients} of {stored}");
    }
}
