//! Operands that ops are meant for, at random: what tests that walk the table of ops draw.

use mlevolve_ir::ops::{Domain, Op};
use mlevolve_ir::random::double_precision::Matrix;
use mlevolve_ir::{Access, Dimensions, Function, FunctionBuilder, Shape, Value};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// y = op(p0, p1, …) over operands of these shapes, which the op takes. `y` is the last parameter.
pub(crate) fn application(op: Op, shapes: &[Shape]) -> Function {
    let mut builder = FunctionBuilder::new("f");
    let operands = shapes.iter().enumerate().map(|(index, &shape)| {
        let parameter = builder.parameter(format!("p{index}"), shape, Access::Read);
        builder.load(parameter.unwrap()).unwrap()
    });
    let operands: Vec<Value> = operands.collect();
    let result = builder.apply(op, &operands).unwrap();
    let y = builder.parameter("y", builder.shape(result), Access::Write);
    builder.store(y.unwrap(), result).unwrap();
    builder.finish().unwrap()
}

/// A generator that depends on the op and not on its place in the table: a new op leaves what others are
/// tested on as it is.
pub(crate) fn generator(op: Op, seed: u64) -> ChaCha8Rng {
    let letters = op.mnemonic().bytes();
    let seed = letters.fold(seed, |seed, letter| {
        seed.wrapping_mul(257).wrapping_add(letter.into())
    });
    ChaCha8Rng::seed_from_u64(seed)
}

/// How many numbers a shape has.
pub(crate) fn length(shape: Shape, dimensions: Dimensions) -> usize {
    dimensions.elements(shape).unwrap()
}

/// Numbers from one of several ranges, so that there are some in the domain of every op, and some of
/// about the same size as those of another operand. All are binary32.
fn numbers(rng: &mut ChaCha8Rng, shape: Shape, dimensions: Dimensions) -> Matrix {
    let range = match rng.random_range(0..4) {
        0 => 0.05..0.95,
        1 => 1.05..3.0,
        2 => -1.0..1.0,
        _ => -4.0..4.0f32,
    };
    let numbers = 0..length(shape, dimensions);
    let numbers = numbers.map(|_| rng.random_range(range.clone()).into());
    Matrix::shaped(shape, dimensions, numbers.collect())
}

fn symmetric(any: &Matrix) -> Matrix {
    Matrix::from_fn(any.rows, any.rows, |row, column| {
        any.at(row.min(column), row.max(column))
    })
}

/// A symmetric matrix whose eigenvalues are between 0.3 and about 2, rounded to binary32.
fn positive_definite(factor: &Matrix) -> Matrix {
    let gram = factor.times(&factor.transposed());
    let most = gram.numbers.iter().copied().fold(1.0, f64::max);
    Matrix::from_fn(gram.rows, gram.rows, |row, column| {
        let ridge = if row == column { 0.3 } else { 0.0 };
        f64::from((gram.at(row, column) / most + ridge) as f32)
    })
}

/// An operand of binary32 numbers for the position.
fn operand(rng: &mut ChaCha8Rng, domain: Domain, shape: Shape, dimensions: Dimensions) -> Matrix {
    let any = numbers(rng, shape, dimensions);
    match domain {
        Domain::Any | Domain::Key | Domain::Place => any,
        Domain::Symmetric => symmetric(&any),
        Domain::PositiveDefinite => positive_definite(&any),
    }
}

/// A direction in which such an operand can move.
fn direction(rng: &mut ChaCha8Rng, domain: Domain, shape: Shape, dimensions: Dimensions) -> Matrix {
    let any = numbers(rng, shape, dimensions);
    match domain {
        Domain::Any => any,
        Domain::Symmetric | Domain::PositiveDefinite => symmetric(&any),
        // What is drawn jumps where its key moves, and what is chosen where its place does.
        Domain::Key | Domain::Place => any.map(|_| 0.0),
    }
}

/// How far off a result in binary32 may be, relative to numbers of a few units: products of up to three
/// operands are added up, some of which cancel, numbers of at most 4 to the power 4, rounded to 24 bits a
/// few times.
pub(crate) fn rounding(op: Op) -> f64 {
    let mut domains = (0..op.arity()).map(|position| op.domain(position));
    if domains.any(|it| it == Domain::PositiveDefinite) {
        // An iteration whose roundings are divided by powers of eigenvalues of 0.3.
        1e-4
    } else {
        1e-5
    }
}

/// How far off a result in binary32 may be, beside the rounding of its last operations. Ops on whole
/// matrices and what stands for many ops round on the way, and no algorithm can be expected to tell its
/// operands from others that are half a unit of the last place of the greatest number away; so it is some
/// times the most that the `exact` result moves by where the operands do, in a few directions.
pub(crate) fn allowance(
    rng: &mut ChaCha8Rng,
    op: Op,
    operands: &[Matrix],
    exact: impl Fn(&[Matrix]) -> Vec<f64>,
) -> f64 {
    const ROUNDINGS: f64 = 16.0;
    const DIRECTIONS: usize = 4;
    match op {
        Op::Elementwise(_) | Op::Reduction(_) => return 0.0,
        Op::Matrix(_) | Op::Composite(_) => {}
    }
    let there = exact(operands);
    let mut greatest: f64 = 0.0;
    for _ in 0..DIRECTIONS {
        let positions = operands.iter().enumerate();
        let nudged = positions.map(|(position, operand)| nudged(rng, op.domain(position), operand));
        let moved = exact(&nudged.collect::<Vec<_>>());
        let differences = there.iter().zip(&moved).map(|(a, b)| (a - b).abs());
        greatest = differences
            .filter(|it| it.is_finite())
            .fold(greatest, f64::max);
    }
    ROUNDINGS * greatest
}

/// An operand that is about half a unit of the last place of the greatest number away.
fn nudged(rng: &mut ChaCha8Rng, domain: Domain, operand: &Matrix) -> Matrix {
    let step = operand.magnitude() * f64::from(f32::EPSILON) / 2.0;
    let signs = operand.numbers.iter().map(|_| rng.random_range(-1.0..1.0));
    let signs = Matrix {
        numbers: signs.collect(),
        ..*operand
    };
    let signs = match domain {
        Domain::Any => signs,
        Domain::Symmetric | Domain::PositiveDefinite => symmetric(&signs),
        Domain::Key | Domain::Place => signs.map(|_| 0.0),
    };
    Matrix::from_fn(operand.rows, operand.columns, |row, column| {
        operand.at(row, column) + step * signs.at(row, column)
    })
}

/// Operands of an op, of these shapes.
pub(crate) fn operands(
    rng: &mut ChaCha8Rng,
    op: Op,
    shapes: &[Shape],
    dimensions: Dimensions,
) -> Vec<Matrix> {
    let positions = shapes.iter().enumerate();
    positions
        .map(|(position, &shape)| operand(rng, op.domain(position), shape, dimensions))
        .collect()
}

/// A direction in which each operand of an op can move.
pub(crate) fn directions(
    rng: &mut ChaCha8Rng,
    op: Op,
    shapes: &[Shape],
    dimensions: Dimensions,
) -> Vec<Matrix> {
    let positions = shapes.iter().enumerate();
    positions
        .map(|(position, &shape)| direction(rng, op.domain(position), shape, dimensions))
        .collect()
}
