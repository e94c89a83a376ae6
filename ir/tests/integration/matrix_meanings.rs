//! What reductions, ops on whole matrices and composite ops compute in binary32: near what they mean
//! in binary64, on ordinary matrices of many dimensions, and what is said of iterations and streams.

use crate::operands::{allowance, application, generator, operands, rounding};
use mlevolve_ir::ops::Op;
use mlevolve_ir::random::double_precision::{Matrix, apply, call};
use mlevolve_ir::reference::{self, Whole};
use mlevolve_ir::{Dimensions, Shape, passes};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const DIMENSIONS: [Dimensions; 8] = [
    Dimensions::new(1, 1),
    Dimensions::new(1, 7),
    Dimensions::new(6, 1),
    Dimensions::new(3, 5),
    Dimensions::new(8, 8),
    Dimensions::new(17, 4),
    Dimensions::new(5, 33),
    Dimensions::new(40, 20),
];

fn op(mnemonic: &str) -> Op {
    Op::from_mnemonic(mnemonic).unwrap()
}

/// What the op makes of these numbers, which are rounded to binary32.
fn computed(op: Op, dimensions: Dimensions, operands: &[(Shape, &Matrix)]) -> Vec<f64> {
    let whole = operands.iter().map(|(shape, matrix)| Whole {
        shape: *shape,
        elements: matrix.numbers.iter().map(|&x| x as f32).collect(),
    });
    let whole: Vec<Whole> = whole.collect();
    let result = reference::apply(op, dimensions, &whole.iter().collect::<Vec<_>>()).unwrap();
    result.elements.into_iter().map(f64::from).collect()
}

/// Numbers of binary32 from −2 to 2.
fn random(rng: &mut ChaCha8Rng, rows: usize, columns: usize) -> Matrix {
    let numbers = (0..rows * columns).map(|_| rng.random_range(-2.0..2.0f32).into());
    Matrix {
        rows,
        columns,
        numbers: numbers.collect(),
    }
}

fn rounded(matrix: &Matrix) -> Matrix {
    Matrix::from_fn(matrix.rows, matrix.columns, |row, column| {
        f64::from(matrix.at(row, column) as f32)
    })
}

/// a aᵀ over the mean of its eigenvalues, plus `ridge` on the diagonal. With fewer columns than rows,
/// a aᵀ alone is singular.
fn gram(a: &Matrix, ridge: f64) -> Matrix {
    let product = a.times(&a.transposed());
    let trace: f64 = (0..a.rows).map(|index| product.at(index, index)).sum();
    let mean = trace / a.rows as f64;
    rounded(&Matrix::from_fn(a.rows, a.rows, |row, column| {
        product.at(row, column) / mean + if row == column { ridge } else { 0.0 }
    }))
}

fn exact(op: Op, operands: &[Matrix]) -> Vec<f64> {
    apply(op, &operands.iter().collect::<Vec<_>>()).numbers
}

fn greatest_magnitude(numbers: &[f64]) -> f64 {
    let magnitudes = numbers.iter().map(|number| number.abs());
    magnitudes.filter(|it| it.is_finite()).fold(0.0, f64::max)
}

#[test]
fn every_op_is_near_what_it_means_over_the_real_numbers() {
    // Elementwise ops have tests of their own.
    for op in Op::all().filter(|op| !matches!(op, Op::Elementwise(_))) {
        let mut rng = generator(op, 1);
        for shapes in op.signatures() {
            for dimensions in DIMENSIONS {
                let operands = operands(&mut rng, op, &shapes, dimensions);
                let expected = exact(op, &operands);
                let typed: Vec<_> = shapes.iter().copied().zip(&operands).collect();
                let found = computed(op, dimensions, &typed);
                assert_eq!(found.len(), expected.len(), "{op} {shapes:?}");
                let tolerance = rounding(op) * greatest_magnitude(&expected).max(1.0)
                    + allowance(&mut rng, op, &operands, |operands| exact(op, operands));
                for (found, expected) in found.iter().zip(expected) {
                    assert!(
                        (found - expected).abs() <= tolerance
                            || found.is_nan() && expected.is_nan(),
                        "{op} over {shapes:?} for {dimensions}: {found} should be {expected} \
                         within {tolerance}"
                    );
                }
            }
        }
    }
}

/// In binary64, what a composite op stands for is what its row says that it is.
#[test]
fn expressions_of_composite_ops_are_their_definitions() {
    for op in Op::all().filter(|op| matches!(op, Op::Composite(_))) {
        let mut rng = generator(op, 5);
        for shapes in op.signatures() {
            let expression = passes::expand(&application(op, &shapes));
            for dimensions in DIMENSIONS {
                let operands = operands(&mut rng, op, &shapes, dimensions);
                let expected = exact(op, &operands);
                let storage = operands.into_iter().map(|operand| operand.numbers);
                let mut storage: Vec<Vec<f64>> = storage.collect();
                storage.push(vec![0.0; expected.len()]);
                let found = call(&expression, dimensions, storage)
                    .storage
                    .pop()
                    .unwrap();
                let tolerance = 1e-11 * greatest_magnitude(&expected).max(1.0);
                for (found, expected) in found.iter().zip(expected) {
                    assert!(
                        (found - expected).abs() <= tolerance
                            || found.is_nan() && expected.is_nan(),
                        "{op} over {shapes:?} for {dimensions}: {found} should be {expected}"
                    );
                }
            }
        }
    }
}

/// Matrices of full rank, and singular ones with a ridge as optimizers add it.
fn roots_of(rng: &mut ChaCha8Rng) -> Vec<(Matrix, f64)> {
    let mut cases = Vec::new();
    for rows in [1, 2, 3, 5, 16, 33] {
        cases.push((gram(&random(rng, rows, 4 * rows), 0.0), 1e-5));
        for ridge in [1e-1, 1e-2, 1e-3] {
            // What binary32 rounds in the matrix shows in the root as often as the condition number says.
            let condition = (rows as f64 + ridge) / ridge;
            let tolerance = 1e-6 * condition;
            cases.push((gram(&random(rng, rows, rows.div_ceil(3)), ridge), tolerance));
        }
    }
    cases
}

#[test]
fn inverse_roots_are_inverse_roots() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (a, tolerance) in roots_of(&mut rng) {
        let dimensions = Dimensions::new(a.rows, 1);
        for root in ["inverse_square_root", "inverse_fourth_root"] {
            let expected = apply(op(root), &[&a]);
            let found = computed(op(root), dimensions, &[(Shape::RowGram, &a)]);
            let greatest = expected
                .numbers
                .iter()
                .fold(0.0, |a: f64, b| a.max(b.abs()));
            for (found, expected) in found.iter().zip(&expected.numbers) {
                assert!(
                    (found - expected).abs() <= tolerance * greatest,
                    "{root} of {} × {}: {found} should be {expected} of {greatest}, {tolerance}",
                    a.rows,
                    a.rows,
                );
            }
        }
    }
}

#[test]
fn derivatives_of_inverse_roots_are_those_of_the_eigenvalues() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for (a, tolerance) in roots_of(&mut rng) {
        let dimensions = Dimensions::new(a.rows, 1);
        let direction = random(&mut rng, a.rows, a.rows);
        let direction = Matrix::from_fn(a.rows, a.rows, |row, column| {
            direction.at(row.min(column), row.max(column))
        });
        for root in [
            "inverse_square_root_derivative",
            "inverse_fourth_root_derivative",
        ] {
            let expected = apply(op(root), &[&a, &direction]);
            let operands = [(Shape::RowGram, &a), (Shape::RowGram, &direction)];
            let found = computed(op(root), dimensions, &operands);
            let greatest = expected
                .numbers
                .iter()
                .fold(0.0, |a: f64, b| a.max(b.abs()));
            for (found, expected) in found.iter().zip(&expected.numbers) {
                assert!(
                    (found - expected).abs() <= 4.0 * tolerance * greatest,
                    "{root} of {} × {}: {found} should be {expected} of {greatest}, {tolerance}",
                    a.rows,
                    a.rows,
                );
            }
        }
    }
}

/// The singular values that are not 0 to begin with end around 1, whatever the scale.
#[test]
fn newton_schulz_steps_bring_singular_values_near_1() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for (rows, columns, rank) in [(4, 4, 4), (3, 9, 3), (16, 8, 8), (12, 20, 5), (1, 6, 1)] {
        for scale in [1e-6, 1.0, 1e6] {
            // Directions at right angles, and singular values from 1 down to a tenth.
            let orthonormal = |m: &Matrix| {
                let gram = m.transposed().times(m);
                m.times(&gram.by_eigenvalues(|value| value.powf(-0.5)))
            };
            let left = orthonormal(&random(&mut rng, rows, rank));
            let right = orthonormal(&random(&mut rng, columns, rank));
            let values = Matrix::from_fn(rank, rank, |row, column| {
                if row == column {
                    scale * (1.0 - 0.9 * row as f64 / rank as f64)
                } else {
                    0.0
                }
            });
            let a = rounded(&left.times(&values).times(&right.transposed()));
            let dimensions = Dimensions::new(rows, columns);
            let found = computed(op("newton_schulz"), dimensions, &[(Shape::Tensor, &a)]);
            let found = Matrix::shaped(Shape::Tensor, dimensions, found);
            let core = left.transposed().times(&found).times(&right);
            let gram = core.times(&core.transposed());
            let (least, greatest) = extreme_eigenvalues(&gram);
            let range = least.sqrt()..=greatest.sqrt();
            assert!(
                *range.start() >= 0.68 && *range.end() <= 1.14,
                "{range:?} for {rows} × {columns} of rank {rank} and scale {scale}"
            );
        }
    }
}

fn extreme_eigenvalues(a: &Matrix) -> (f64, f64) {
    let (values, _) = a.eigen();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(0.0, f64::max))
}

#[test]
fn streams_have_the_moments_they_say_and_differ_between_keys() {
    const COUNT: usize = 100_000;
    let dimensions = Dimensions::flat(COUNT);
    let like = Matrix::from_fn(1, COUNT, |_, _| 0.0);
    let draw = |mnemonic, first, second| {
        let (first, second) = (Matrix::scalar(first), Matrix::scalar(second));
        let operands = [
            (Shape::Scalar, &first),
            (Shape::Scalar, &second),
            (Shape::Tensor, &like),
        ];
        computed(op(mnemonic), dimensions, &operands)
    };
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / COUNT as f64;
    for (mnemonic, expected_mean, expected_variance) in
        [("uniform", 0.5, 1.0 / 12.0), ("normal", 0.0, 1.0)]
    {
        let keys = [
            (0.0, 0.0),
            (1.0, 0.0),
            (0.0, 1.0),
            (1.0, 1.0),
            (2.0, 1.0),
            (-1.0, 0.5),
        ];
        let streams: Vec<Vec<f64>> = keys.map(|(a, b)| draw(mnemonic, a, b)).to_vec();
        // Five standard errors of a mean of so many numbers; that of a variance is less than 2.
        let error = 5.0 / (COUNT as f64).sqrt();
        for (index, stream) in streams.iter().enumerate() {
            let moment = mean(stream);
            let centred: Vec<f64> = stream.iter().map(|x| x - moment).collect();
            let variance = mean(&centred.iter().map(|x| x * x).collect::<Vec<_>>());
            assert!(
                (moment - expected_mean).abs() <= error,
                "{mnemonic}: {moment}"
            );
            assert!(
                (variance - expected_variance).abs() <= 2.0 * error,
                "{mnemonic}: {variance}"
            );
            if mnemonic == "uniform" {
                assert!(stream.iter().all(|x| (0.0..1.0).contains(x)));
            }
            assert_eq!(*stream, draw(mnemonic, keys[index].0, keys[index].1));
            // Neighbours, and the same places of other streams, have nothing to do with each other.
            let later: f64 = centred.windows(2).map(|pair| pair[0] * pair[1]).sum();
            assert!((later / COUNT as f64).abs() <= error, "{mnemonic}");
            for other in &streams[..index] {
                let products = centred.iter().zip(other);
                let covariance: f64 = products.map(|(a, b)| a * b).sum::<f64>() / COUNT as f64;
                assert!(covariance.abs() <= error, "{mnemonic}: {covariance}");
                assert_ne!(stream, other);
            }
        }
    }
}
