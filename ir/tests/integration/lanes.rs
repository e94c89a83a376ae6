//! Lane code and lane kernels: every lane's bits are those that the reference gives on that lane alone,
//! step by step.

use crate::harness::same;
use mlevolve_ir::lane_kernel::{
    LaneArgument, LaneCallError, LaneCode, LaneCodeError, LaneKernel, Place, lane_stride,
};
use mlevolve_ir::ops::{ElementwiseOp, Op, TypeError};
use mlevolve_ir::random::{fill, random_function};
use mlevolve_ir::{Access, Backend, Dimensions, Function, Shape, reference};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const DIMENSIONS: [Dimensions; 10] = [
    Dimensions::new(1, 1),
    Dimensions::new(2, 1),
    Dimensions::new(3, 2),
    Dimensions::new(4, 1),
    Dimensions::new(4, 4),
    Dimensions::new(7, 3),
    Dimensions::new(16, 1),
    Dimensions::new(17, 5),
    Dimensions::new(1, 33),
    Dimensions::new(33, 2),
];
const LANES: [usize; 7] = [1, 3, 4, 10, 16, 21, 40];
const FUNCTIONS: u64 = 2_000;

/// How many numbers the content of a shape takes in so many lanes.
fn length(shape: Shape, dimensions: Dimensions, lanes: usize) -> usize {
    dimensions.elements(shape).unwrap() * lane_stride(lanes)
}

/// What one lane has of numbers that are stored for all.
fn lane_of(numbers: &[f32], lanes: usize, lane: usize) -> Vec<f32> {
    let elements = numbers.chunks_exact(lane_stride(lanes));
    elements.map(|element| element[lane]).collect()
}

/// Puts what one lane has where all lanes are stored.
fn set_lane(numbers: &mut [f32], lanes: usize, lane: usize, of_lane: &[f32]) {
    let elements = numbers.chunks_exact_mut(lane_stride(lanes));
    for (element, &number) in elements.zip(of_lane) {
        element[lane] = number;
    }
}

/// The first place where lanes, padding not counted, are not as expected.
fn difference(expected: &[f32], found: &[f32], lanes: usize) -> Option<String> {
    assert_eq!(expected.len(), found.len());
    let stride = lane_stride(lanes);
    let pairs = expected.iter().zip(found).enumerate();
    let mut counted = pairs.filter(|(index, _)| index % stride < lanes);
    let (index, (expected, found)) = counted.find(|(_, (a, b))| !same(**a, **b))?;
    let (element, lane) = (index / stride, index % stride);
    Some(format!(
        "element {element}, lane {lane} is {found:e} and should be {expected:e}"
    ))
}

fn random_numbers(rng: &mut ChaCha8Rng, length: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; length];
    fill(rng, &mut numbers);
    numbers
}

/// A parameter's storage in all lanes, and how it is handed over.
#[derive(Clone)]
struct Held {
    numbers: Vec<f32>,
    is_streamed: bool,
    access: Access,
    /// How many numbers a step's content has.
    length: usize,
}

impl Held {
    /// The content of a step.
    fn at(&mut self, step: usize) -> &mut [f32] {
        let start = if self.is_streamed {
            step * self.length
        } else {
            0
        };
        &mut self.numbers[start..start + self.length]
    }

    fn argument(&mut self) -> LaneArgument<'_> {
        match (self.access, self.is_streamed) {
            (Access::Read, false) => LaneArgument::Read(&self.numbers),
            (Access::Read, true) => LaneArgument::ReadEach(&self.numbers),
            (Access::ReadWrite | Access::Write, false) => LaneArgument::Write(&mut self.numbers),
            (Access::ReadWrite | Access::Write, true) => LaneArgument::WriteEach(&mut self.numbers),
        }
    }
}

/// Runs a function by the reference on one lane after the other, step by step.
fn by_reference(
    function: &Function,
    dimensions: Dimensions,
    lanes: usize,
    steps: usize,
    held: &mut [Held],
) {
    for step in 0..steps {
        for lane in 0..lanes {
            let mut storage: Vec<Vec<f32>> = held
                .iter_mut()
                .map(|held| lane_of(held.at(step), lanes, lane))
                .collect();
            let mut slices: Vec<&mut [f32]> =
                storage.iter_mut().map(|numbers| &mut numbers[..]).collect();
            reference::call(function, dimensions, &mut slices);
            for (held, numbers) in held.iter_mut().zip(&storage) {
                set_lane(held.at(step), lanes, lane, numbers);
            }
        }
    }
}

/// Storage for a function, some of it streamed.
fn random_held(
    rng: &mut ChaCha8Rng,
    function: &Function,
    dimensions: Dimensions,
    lanes: usize,
    steps: usize,
) -> Vec<Held> {
    let parameters = function.parameters().iter();
    let held = parameters.map(|parameter| {
        let is_streamed = parameter.access != Access::ReadWrite && rng.random_bool(0.5);
        let length = length(parameter.shape, dimensions, lanes);
        let contents = if is_streamed { steps } else { 1 };
        Held {
            numbers: random_numbers(rng, contents * length),
            is_streamed,
            access: parameter.access,
            length,
        }
    });
    held.collect()
}

#[test]
fn random_functions_give_every_lane_the_bits_of_the_reference() {
    for seed in 0..FUNCTIONS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 24);
        let dimensions = DIMENSIONS[(seed % DIMENSIONS.len() as u64) as usize];
        // Where many steps work on storage that is not aligned, they work on a copy.
        let steps = [3, 6][seed as usize % 2];
        let lanes = LANES[rng.random_range(0..LANES.len())];
        let inputs = random_held(&mut rng, &function, dimensions, lanes, steps);
        let mut expected = inputs.clone();
        by_reference(&function, dimensions, lanes, steps, &mut expected);
        let mut kernel =
            LaneKernel::compile(&function, dimensions, lanes, Backend::Interpreter).unwrap();
        // What a run leaves behind is not seen by the next.
        for _ in 0..2 {
            let mut found = inputs.clone();
            let mut arguments: Vec<LaneArgument<'_>> =
                found.iter_mut().map(Held::argument).collect();
            kernel.run(steps, &mut arguments).unwrap();
            for ((parameter, expected), found) in
                function.parameters().iter().zip(&expected).zip(&found)
            {
                if let Some(difference) = difference(&expected.numbers, &found.numbers, lanes) {
                    panic!(
                        "{seed}: `{}` of {dimensions}, {lanes} lanes: {difference}\n{function}",
                        parameter.name
                    );
                }
            }
        }
    }
}

/// What the reference makes of an op in every lane.
fn applied(
    op: Op,
    dimensions: Dimensions,
    lanes: usize,
    shapes: &[Shape],
    operands: &[Vec<f32>],
    destination: Shape,
) -> Vec<f32> {
    let mut result = vec![0.0; length(destination, dimensions, lanes)];
    for lane in 0..lanes {
        let wholes: Vec<reference::Whole> = shapes
            .iter()
            .zip(operands)
            .map(|(&shape, numbers)| reference::Whole {
                shape,
                elements: lane_of(numbers, lanes, lane),
            })
            .collect();
        let wholes: Vec<&reference::Whole> = wholes.iter().collect();
        let mut whole = reference::apply(op, dimensions, &wholes).unwrap();
        if whole.shape.is_scalar() {
            let elements = dimensions.elements(destination).unwrap();
            whole.elements = vec![whole.elements[0]; elements];
        }
        set_lane(&mut result, lanes, lane, &whole.elements);
    }
    result
}

#[test]
fn every_op_writes_anywhere_in_place_and_not() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for op in Op::all() {
        for shapes in op.signatures() {
            let result = op.result_shape(&shapes).unwrap();
            let dimensions = DIMENSIONS[rng.random_range(0..DIMENSIONS.len())];
            let lanes = LANES[rng.random_range(0..LANES.len())];
            // To a cell of the result's shape, to each operand that holds it, and, a scalar, to all of a
            // tensor.
            let mut destinations = vec![(result, None)];
            let holding = shapes.iter().enumerate();
            let holding = holding.filter(|(_, shape)| shape.holds(result));
            destinations.extend(holding.map(|(position, &shape)| (shape, Some(position))));
            if result.is_scalar() {
                destinations.push((Shape::Tensor, None));
            }
            for (destination, in_place) in destinations {
                check_op(
                    &mut rng,
                    op,
                    dimensions,
                    lanes,
                    &shapes,
                    destination,
                    in_place,
                );
            }
        }
    }
}

fn check_op(
    rng: &mut ChaCha8Rng,
    op: Op,
    dimensions: Dimensions,
    lanes: usize,
    shapes: &[Shape],
    destination: Shape,
    in_place: Option<usize>,
) {
    let operands: Vec<Vec<f32>> = shapes
        .iter()
        .map(|&shape| random_numbers(rng, length(shape, dimensions, lanes)))
        .collect();
    let expected = applied(op, dimensions, lanes, shapes, &operands, destination);
    let mut code = LaneCode::new(dimensions, lanes);
    let places: Vec<Place> = shapes.iter().map(|&shape| code.cell(shape)).collect();
    let target = match in_place {
        Some(position) => places[position],
        None => code.cell(destination),
    };
    let section = code.section();
    code.push(section, op, &places, target).unwrap();
    for (&place, numbers) in places.iter().zip(&operands) {
        code.write(place, numbers);
    }
    code.run(&[section], 1, &mut []).unwrap();
    let mut found = vec![f32::NAN; expected.len()];
    code.read(target, &mut found);
    if let Some(difference) = difference(&expected, &found, lanes) {
        panic!(
            "{op}({shapes:?}) to a {destination}, in place of {in_place:?}, of {dimensions}, \
             {lanes} lanes: {difference}"
        );
    }
}

const DESCENT: &str = "function descent
read x column
read y scalar
read_write w column
write s scalar

v0 = load x
v1 = load y
v2 = load w
v3 = dot(v2, v0)
v4 = sub(v1, v3)
v5 = mul(v4, v0)
v6 = add(v2, v5)

store w = v6
store s = v3
";

#[test]
fn cells_are_kept_and_streams_move_on() {
    const STEPS: usize = 5;
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for lanes in LANES {
        let dimensions = Dimensions::new(4, 1);
        let function = Function::parse(DESCENT).unwrap();
        let mut held = random_held(&mut rng, &function, dimensions, lanes, 2 * STEPS);
        for (held, is_streamed) in held.iter_mut().zip([true, true, false, true]) {
            let contents = if is_streamed { 2 * STEPS } else { 1 };
            let numbers = (0..contents * held.length).map(|_| rng.random_range(-1.0..1.0));
            held.numbers = numbers.collect();
            held.is_streamed = is_streamed;
        }
        let [x, y, w, _] = [0, 1, 2, 3].map(|index| held[index].numbers.clone());
        by_reference(&function, dimensions, lanes, 2 * STEPS, &mut held);

        let mut code = LaneCode::new(dimensions, lanes);
        // Places of an earlier code leave nothing behind, and what is only read may be the run's alone.
        for is_alone in [false, true] {
            let (mut x, mut y) = (x.clone(), y.clone());
            code.clear();
            let x_of_step = code.stream(Shape::Column);
            let y_of_step = code.stream(Shape::Scalar);
            let s = code.stream(Shape::Scalar);
            let weights = code.cell(Shape::Column);
            let error = code.cell(Shape::Scalar);
            let change = code.cell(Shape::Column);
            let predict = code.section();
            let learn = code.section();
            let op = |mnemonic| Op::from_mnemonic(mnemonic).unwrap();
            code.push(predict, op("dot"), &[weights, x_of_step], s)
                .unwrap();
            code.push(learn, op("sub"), &[y_of_step, s], error).unwrap();
            code.push(learn, op("mul"), &[error, x_of_step], change)
                .unwrap();
            code.push(learn, op("add"), &[weights, change], weights)
                .unwrap();
            assert_eq!(code.instruction_count(learn), 3);
            code.write(weights, &w);
            let mut predictions = vec![f32::NAN; held[3].numbers.len()];
            let [of_x, of_y, of_s] = [&x, &y, &predictions].map(|numbers| numbers.len() / 2);
            for half in [0, 1] {
                let x = &mut x[half * of_x..][..of_x];
                let y = &mut y[half * of_y..][..of_y];
                let s = LaneArgument::WriteEach(&mut predictions[half * of_s..][..of_s]);
                let mut arguments = if is_alone {
                    [LaneArgument::WriteEach(x), LaneArgument::WriteEach(y), s]
                } else {
                    [LaneArgument::ReadEach(x), LaneArgument::ReadEach(y), s]
                };
                code.run(&[predict, learn], STEPS, &mut arguments).unwrap();
            }
            let mut found = vec![0.0; w.len()];
            code.read(weights, &mut found);
            assert_eq!(difference(&held[2].numbers, &found, lanes), None);
            assert_eq!(difference(&held[3].numbers, &predictions, lanes), None);
            code.reset();
            code.read(weights, &mut found);
            assert_eq!(found, vec![0.0; w.len()]);
        }
    }
}

#[test]
fn constants_outlive_a_reset_and_are_never_written() {
    let mut code = LaneCode::new(Dimensions::new(3, 1), 21);
    let half = code.constant(0.5);
    assert_eq!(code.constant(0.5), half);
    assert_ne!(code.constant(-0.5), half);
    let cell = code.cell(Shape::Column);
    let section = code.section();
    let add = Op::Elementwise(ElementwiseOp::Add);
    assert_eq!(
        code.push(section, add, &[half, half], half),
        Err(LaneCodeError::Constant { mnemonic: "add" })
    );
    assert_eq!(
        code.push_copy(section, cell, half),
        Err(LaneCodeError::Constant { mnemonic: "copy" })
    );
    code.push_copy(section, half, cell).unwrap();
    code.push(section, add, &[cell, half], cell).unwrap();
    code.reset();
    code.run(&[section], 1, &mut []).unwrap();
    let mut found = vec![0.0; code.storage_len(Shape::Column)];
    code.read(cell, &mut found);
    assert_eq!(found, vec![1.0; 3 * lane_stride(21)]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut code = LaneCode::new(Dimensions::new(3, 2), 4);
    let scalar = code.cell(Shape::Scalar);
    let column = code.cell(Shape::Column);
    let row = code.cell(Shape::Row);
    let section = code.section();
    let op = |mnemonic| Op::from_mnemonic(mnemonic).unwrap();
    let types = [
        code.push(section, op("add"), &[column, row], column),
        code.push(section, op("add"), &[column], column),
        code.push(section, op("add"), &[column; 4], column),
        code.push(section, op("sum"), &[scalar], scalar),
        code.push(section, op("matmul"), &[column, column], column),
    ];
    for found in types {
        assert!(matches!(found, Err(LaneCodeError::Type(_))), "{found:?}");
    }
    assert!(matches!(
        code.push(section, op("add"), &[column; 4], column),
        Err(LaneCodeError::Type(TypeError::Arity {
            expected: 2,
            found: 4,
            ..
        }))
    ));
    assert_eq!(
        code.push(section, op("add"), &[column, column], scalar),
        Err(LaneCodeError::Destination {
            mnemonic: "add",
            result: Shape::Column,
            destination: Shape::Scalar,
        })
    );
    assert_eq!(
        code.push_copy(section, row, column),
        Err(LaneCodeError::Destination {
            mnemonic: "copy",
            result: Shape::Row,
            destination: Shape::Column,
        })
    );
    assert_eq!(code.instruction_count(section), 0);
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let function = Function::parse(DESCENT).unwrap();
    let dimensions = Dimensions::new(4, 1);
    let mut kernel = LaneKernel::compile(&function, dimensions, 10, Backend::Interpreter).unwrap();
    assert_eq!(kernel.lanes(), 10);
    assert_eq!(kernel.backend(), Backend::Interpreter);
    let stride = lane_stride(10);
    let (x, y) = (vec![1.0; 2 * 4 * stride], vec![1.0; stride]);
    let (mut w, mut s) = (vec![1.0; 4 * stride], vec![0.0; 2 * stride]);
    let before = (w.clone(), s.clone());
    let mut run = |arguments: &mut [LaneArgument<'_>]| kernel.run(2, arguments);
    assert_eq!(
        run(&mut [LaneArgument::ReadEach(&x)]),
        Err(LaneCallError::ArgumentCount {
            function: "descent".to_owned(),
            expected: 4,
            found: 1,
        })
    );
    let kind = |parameter: &str, access| {
        Err(LaneCallError::Kind {
            parameter: parameter.to_owned(),
            access,
        })
    };
    use LaneArgument::{Read, ReadEach, Write, WriteEach};
    let mut other = x.clone();
    let found = run(&mut [
        WriteEach(&mut other),
        Read(&y),
        Write(&mut w),
        WriteEach(&mut s),
    ]);
    assert_eq!(found, kind("x", Access::Read));
    let found = run(&mut [ReadEach(&x), Read(&y), WriteEach(&mut w), WriteEach(&mut s)]);
    assert_eq!(found, kind("w", Access::ReadWrite));
    let found = run(&mut [ReadEach(&x), Read(&y), Write(&mut w), ReadEach(&s)]);
    assert_eq!(found, kind("s", Access::Write));
    let found = run(&mut [Read(&x), Read(&y), Write(&mut w), WriteEach(&mut s)]);
    assert_eq!(
        found,
        Err(LaneCallError::Length {
            parameter: "x".to_owned(),
            expected: 4 * stride,
            found: 2 * 4 * stride,
        })
    );
    assert_eq!((w.clone(), s.clone()), before);
    run(&mut [ReadEach(&x), Read(&y), Write(&mut w), WriteEach(&mut s)]).unwrap();
    assert_ne!((w, s), before);
}
