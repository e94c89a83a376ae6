//! Walks the table of ops: the derivative of each, in both modes and over all shapes, is the limit of
//! its difference quotients, and is as precise as binary32 allows.

use crate::operands::{allowance, application, directions, generator, length, operands, rounding};
use mlevolve_ir::ops::{Domain, Op};
use mlevolve_ir::random::double_precision::{Matrix, Slope, call, inner_product, slopes};
use mlevolve_ir::{Dimensions, Function, ParameterIndex, Shape, autodiff, passes, reference};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const DIMENSIONS: Dimensions = Dimensions::new(3, 4);
const DRAWS: usize = 200;

/// An op over operands of some shapes, with its derivatives.
struct Application {
    op: Op,
    shapes: Vec<Shape>,
    /// The op alone, with what it stands for in its place.
    function: Function,
    forward: Function,
    reverse: Function,
}

impl Application {
    /// `None` if the op has no derivative.
    fn new(op: Op, shapes: Vec<Shape>) -> Option<Self> {
        let function = application(op, &shapes);
        let operands = indices(&function);
        op.is_differentiable().then(|| Self {
            op,
            shapes,
            forward: autodiff::forward(&function, &operands).unwrap(),
            reverse: autodiff::reverse(&function, &operands).unwrap(),
            function: passes::expand(&function),
        })
    }

    /// How often it is tried: less if the op is elementwise and has been tried over tensors and scalars.
    fn draws(&self) -> usize {
        let is_common = |shape: &Shape| matches!(shape, Shape::Scalar | Shape::Tensor);
        match self.op {
            Op::Elementwise(_) if !self.shapes.iter().all(is_common) => DRAWS / 5,
            Op::Elementwise(_) | Op::Reduction(_) | Op::Matrix(_) | Op::Composite(_) => DRAWS,
        }
    }

    fn domains(&self) -> impl Iterator<Item = Domain> {
        (0..self.shapes.len()).map(|position| self.op.domain(position))
    }

    fn point(&self, rng: &mut ChaCha8Rng) -> Vec<Matrix> {
        operands(rng, self.op, &self.shapes, DIMENSIONS)
    }

    fn direction(&self, rng: &mut ChaCha8Rng) -> Vec<Matrix> {
        directions(rng, self.op, &self.shapes, DIMENSIONS)
    }

    /// Storage for the result or its differential.
    fn zeros(&self) -> Vec<f64> {
        let result = self.op.result_shape(&self.shapes).unwrap();
        vec![0.0; length(result, DIMENSIONS)]
    }

    /// What the op gives, and the greatest number on the way.
    fn value(&self, point: &[Matrix]) -> (Vec<f64>, f64) {
        let storage = [numbers(point), vec![self.zeros()]].concat();
        let mut outcome = call(&self.function, DIMENSIONS, storage);
        (outcome.storage.pop().unwrap(), outcome.greatest)
    }

    /// The storage that forward mode is called on. The last is the result's tangent.
    fn forward_storage(&self, point: &[Matrix], direction: &[Matrix]) -> Vec<Vec<f64>> {
        let zeros = || vec![self.zeros()];
        [numbers(point), zeros(), numbers(direction), zeros()].concat()
    }

    /// The tangent of the result, and the greatest number on the way.
    fn tangent(&self, point: &[Matrix], direction: &[Matrix]) -> (Vec<f64>, f64) {
        let storage = self.forward_storage(point, direction);
        let mut outcome = call(&self.forward, DIMENSIONS, storage);
        (outcome.storage.pop().unwrap(), outcome.greatest)
    }

    /// The cotangent of each operand.
    fn cotangents(&self, point: &[Matrix], of_result: Vec<f64>) -> Vec<Vec<f64>> {
        let zeros = numbers(point).into_iter().map(|it| vec![0.0; it.len()]);
        let zeros: Vec<Vec<f64>> = zeros.collect();
        let storage = [numbers(point), vec![self.zeros()], zeros, vec![of_result]].concat();
        let storage = call(&self.reverse, DIMENSIONS, storage).storage;
        storage[point.len() + 1..2 * point.len() + 1].to_vec()
    }
}

fn numbers(matrices: &[Matrix]) -> Vec<Vec<f64>> {
    matrices
        .iter()
        .map(|matrix| matrix.numbers.clone())
        .collect()
}

/// The parameters that are operands.
fn indices(function: &Function) -> Vec<ParameterIndex> {
    let operands = function.parameters().split_last().unwrap().1.iter();
    let indices = operands.map(|operand| function.index_of(&operand.name).unwrap());
    indices.collect()
}

/// The point so many steps along the direction.
fn moved(point: &[Matrix], direction: &[Matrix], step: f64) -> Vec<Matrix> {
    let pairs = point.iter().zip(direction);
    let moved = pairs.map(|(point, direction)| Matrix {
        numbers: {
            let pairs = point.numbers.iter().zip(&direction.numbers);
            pairs.map(|(x, t)| x + step * t).collect()
        },
        ..*point
    });
    moved.collect()
}

/// Every op that has a derivative over all shapes that it takes.
fn applications() -> impl Iterator<Item = Application> {
    Op::all().flat_map(|op| {
        let shapes = op.signatures().into_iter();
        shapes.filter_map(move |shapes| Application::new(op, shapes))
    })
}

#[test]
fn derivatives_are_the_limits_of_difference_quotients_in_both_modes() {
    for application in applications() {
        let mut rng = generator(application.op, 1);
        let (op, draws) = (application.op, application.draws());
        let (mut forward_checks, mut reverse_checks) = (0, 0);
        for _ in 0..draws {
            let point = application.point(&mut rng);
            let direction = application.direction(&mut rng);
            let (tangent, greatest) = application.tangent(&point, &direction);
            let slopes = slopes(greatest, |step| {
                application.value(&moved(&point, &direction, step)).0
            });
            for (slope, &tangent) in slopes.iter().zip(&tangent) {
                if let Some(slope) = slope {
                    assert!(
                        (tangent - slope.value).abs() <= slope.error,
                        "{tangent} should be {slope:?}\n{point:?}\n{}",
                        application.forward
                    );
                    forward_checks += 1;
                }
            }

            // An element without derivative would make the sum a NaN.
            let Some(slopes) = slopes.into_iter().collect::<Option<Vec<Slope>>>() else {
                continue;
            };
            let weights: Vec<f64> = slopes.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
            let (mut expected, mut error) = (0.0, 1e-12);
            for (slope, weight) in slopes.iter().zip(&weights) {
                expected += weight * slope.value;
                error += weight.abs() * slope.error;
            }
            let cotangents = application.cotangents(&point, weights);
            let pairs = cotangents.iter().zip(&direction);
            let products = pairs.map(|(a, b)| inner_product(a, &b.numbers));
            let found: f64 = products.sum();
            assert!(
                (found - expected).abs() <= error,
                "{found} should be {expected}\n{point:?}\n{}",
                application.reverse
            );
            reverse_checks += 1;
        }
        assert!(forward_checks >= draws / 4, "{op}: {forward_checks}");
        assert!(reverse_checks >= draws / 40, "{op}: {reverse_checks}");
    }
}

/// Derivatives are as precise in binary32 as their formulas allow: no row subtracts numbers that are
/// nearly equal at ordinary points.
#[test]
fn derivatives_are_precise_in_single_precision() {
    for application in applications() {
        let mut rng = generator(application.op, 2);
        for _ in 0..application.draws() {
            let point = application.point(&mut rng);
            let direction = application.direction(&mut rng);
            let (exact, _) = application.tangent(&point, &direction);
            let allowance = allowance(&mut rng, application.op, &point, |point| {
                application.tangent(point, &direction).0
            });
            let given = application.forward_storage(&point, &direction);
            let given = given
                .iter()
                .map(|numbers| numbers.iter().map(|&it| it as f32).collect());
            let mut storage: Vec<Vec<f32>> = given.collect();
            let mut slices: Vec<&mut [f32]> = storage.iter_mut().map(Vec::as_mut_slice).collect();
            reference::call(&application.forward, DIMENSIONS, &mut slices);
            for (&found, &exact) in storage.last().unwrap().iter().zip(&exact) {
                let tolerance = rounding(application.op) * exact.abs().max(4.0) + allowance;
                assert!(
                    (f64::from(found) - exact).abs() <= tolerance
                        || !exact.is_finite() && !found.is_finite(),
                    "{}: {found} should be {exact} within {tolerance}\n{}",
                    application.op,
                    application.forward
                );
            }
        }
    }
}

/// A stream of random numbers is what it is wherever its keys move to, and an element is chosen or is not.
#[test]
fn keys_and_places_have_the_derivative_0() {
    let mut checks = 0;
    for application in applications() {
        let mut rng = generator(application.op, 3);
        let is_key = application.domains().map(|domain| match domain {
            Domain::Key | Domain::Place => true,
            Domain::Any | Domain::Symmetric | Domain::PositiveDefinite => false,
        });
        let is_key: Vec<bool> = is_key.collect();
        if !is_key.contains(&true) {
            continue;
        }
        let point = application.point(&mut rng);
        let pairs = point.iter().zip(&is_key);
        let of_keys = pairs.map(|(it, &is_key)| it.map(|_| if is_key { 1.0 } else { 0.0 }));
        let (tangent, _) = application.tangent(&point, &of_keys.collect::<Vec<_>>());
        assert!(
            tangent.iter().all(|&number| number == 0.0),
            "{}",
            application.op
        );
        let ones = vec![1.0; tangent.len()];
        for (cotangent, is_key) in application.cotangents(&point, ones).iter().zip(is_key) {
            let is_zero = cotangent.iter().all(|&number| number == 0.0);
            assert!(is_zero || !is_key, "{}", application.op);
            checks += 1;
        }
    }
    assert!(checks > 0);
}

#[test]
fn what_is_a_derivative_already_has_none() {
    let mut checks = 0;
    for op in Op::all().filter(|op| !op.is_differentiable()) {
        for shapes in op.signatures() {
            let function = application(op, &shapes);
            let refused = [
                autodiff::forward(&function, &indices(&function)),
                autodiff::reverse(&function, &indices(&function)),
            ];
            for error in refused.map(Result::unwrap_err) {
                assert_eq!(
                    error.to_string(),
                    format!("`{op}` in `f` has no derivative")
                );
                checks += 1;
            }
        }
    }
    assert!(checks > 0);
}
