//! A run of many steps leaves what as many runs of one step leave, to the bit: whether its steps are taken one after the other or,
//! where none needs what the one before left, abreast; or by machine code.

use mlevolve_ir::lane_kernel::{LaneArgument, LaneCode, Place, Section, lane_stride};
use mlevolve_ir::ops::{ElementwiseOp, Op, ReductionOp};
use mlevolve_ir::random::fill;
use mlevolve_ir::{Dimensions, Shape};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::harness::same;

const CODES: u64 = 4_000;
const STREAMS: [Shape; 4] = [Shape::Column, Shape::Scalar, Shape::Column, Shape::Scalar];

/// Random code on random places, with four streams.
struct Case {
    code: LaneCode,
    section: Section,
    cells: Vec<(Place, Shape)>,
    /// Whether the first two streams, which are not written, are the run's own.
    is_own: bool,
    steps: usize,
    /// The content of each stream in all steps.
    streams: Vec<Vec<f32>>,
}

fn random_case(rng: &mut ChaCha8Rng) -> Case {
    let features = *[1, 2, 3, 4, 8, 17].choose(rng).unwrap();
    let lanes = *[1, 10, 16, 17].choose(rng).unwrap();
    let mut code = LaneCode::new(Dimensions::new(features, features), lanes);
    let streams = STREAMS.map(|shape| code.stream(shape));
    let shapes = [Shape::Scalar, Shape::Scalar, Shape::Column, Shape::Column];
    let cells: Vec<(Place, Shape)> = shapes.map(|shape| (code.cell(shape), shape)).to_vec();
    let mut readable: Vec<Place> = streams.to_vec();
    readable.extend(cells.iter().map(|(cell, _)| *cell));
    readable.push(code.constant(0.5));
    let writable = [
        streams[2], streams[3], cells[0].0, cells[1].0, cells[2].0, cells[3].0,
    ];
    // A few, so that it is not seldom that nothing lasts.
    let destinations: Vec<Place> = (0..rng.random_range(1..=3))
        .map(|_| *writable.choose(rng).unwrap())
        .collect();
    let all: Vec<Op> = Op::all().collect();
    let common = [
        Op::Elementwise(ElementwiseOp::Add),
        Op::Elementwise(ElementwiseOp::Mul),
        Op::Elementwise(ElementwiseOp::Neg),
        Op::Reduction(ReductionOp::Dot),
    ];
    let section = code.section();
    let wanted = rng.random_range(1..=6);
    let mut found = 0;
    while found < wanted {
        let ops = if rng.random_bool(0.7) {
            &common
        } else {
            all.as_slice()
        };
        let op = *ops.choose(rng).unwrap();
        let operands: Vec<Place> = (0..op.arity())
            .map(|_| *readable.choose(rng).unwrap())
            .collect();
        let destination = *destinations.choose(rng).unwrap();
        found += usize::from(code.push(section, op, &operands, destination).is_ok());
    }
    let stride = lane_stride(lanes);
    for &(cell, shape) in &cells {
        let mut numbers = vec![0.0; code.storage_len(shape)];
        fill(rng, &mut numbers);
        code.write(cell, &numbers);
    }
    let steps = rng.random_range(1..=150);
    let streams = STREAMS.map(|shape| {
        let elements = if shape == Shape::Scalar { 1 } else { features };
        let mut numbers = vec![0.0; elements * stride * steps];
        fill(rng, &mut numbers);
        numbers
    });
    Case {
        code,
        section,
        cells,
        is_own: rng.random_bool(0.5),
        steps,
        streams: streams.to_vec(),
    }
}

/// What cells hold, and streams, after so many steps at a time; nothing if that is asked of machine code and there is none.
fn after(case: &Case, at_a_time: usize, is_assembled: bool) -> Option<Vec<Vec<f32>>> {
    let mut code = case.code.clone();
    let [assembled] = match is_assembled {
        true => code.assemble([&[case.section]]),
        false => [None],
    };
    if is_assembled && assembled.is_none() {
        return None;
    }
    let mut streams = case.streams.clone();
    let mut taken = 0;
    while taken < case.steps {
        let count = at_a_time.min(case.steps - taken);
        let mut parts: Vec<&mut [f32]> = streams
            .iter_mut()
            .map(|numbers| {
                let length = numbers.len() / case.steps;
                &mut numbers[taken * length..][..count * length]
            })
            .collect();
        let arguments = parts.iter_mut().enumerate().map(|(index, part)| {
            if index >= 2 || case.is_own {
                LaneArgument::WriteEach(part)
            } else {
                LaneArgument::ReadEach(part)
            }
        });
        let mut arguments: Vec<LaneArgument<'_>> = arguments.collect();
        let ran = match assembled {
            Some(assembled) => code.run_assembled(assembled, count, &mut arguments),
            None => code.run(&[case.section], count, &mut arguments),
        };
        ran.unwrap();
        taken += count;
    }
    let mut left = streams;
    for &(cell, shape) in &case.cells {
        let mut numbers = vec![0.0; code.storage_len(shape)];
        code.read(cell, &mut numbers);
        left.push(numbers);
    }
    Some(left)
}

#[test]
fn many_steps_at_a_time_leave_what_single_steps_leave() {
    for seed in 0..CODES {
        let case = random_case(&mut ChaCha8Rng::seed_from_u64(seed));
        let expected = after(&case, 1, false).unwrap();
        compare(
            &case,
            seed,
            &expected,
            &after(&case, case.steps, false).unwrap(),
        );
    }
}

#[test]
fn machine_code_leaves_what_the_interpreter_leaves() {
    let mut assembled = 0;
    for seed in 0..CODES {
        let case = random_case(&mut ChaCha8Rng::seed_from_u64(seed));
        let Some(found) = after(&case, case.steps, true) else {
            continue;
        };
        let expected = after(&case, case.steps, false).unwrap();
        compare(&case, seed, &expected, &found);
        // What a run leaves in the frame is what the next begins with.
        compare(&case, seed, &expected, &after(&case, 1, true).unwrap());
        assembled += 1;
    }
    assert!(
        assembled > CODES / 2 || !has_machine_code(),
        "only {assembled} of {CODES} codes were assembled"
    );
}

/// Whether there can be machine code here.
fn has_machine_code() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    return false;
}

fn compare(case: &Case, seed: u64, expected: &[Vec<f32>], found: &[Vec<f32>]) {
    let lanes = case.code.lanes();
    let stride = lane_stride(lanes);
    for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
        for (index, (one, other)) in expected.iter().zip(found).enumerate() {
            assert!(
                index % stride >= lanes || same(*one, *other),
                "code {seed}, place {place}, number {index}: {other:e} instead of {one:e}"
            );
        }
    }
}

#[test]
fn more_streams_than_there_is_room_for_are_taken_step_by_step() {
    const STEPS: usize = 20;
    let mut code = LaneCode::new(Dimensions::new(1, 1), 10);
    let streams: Vec<Place> = (0..39).map(|_| code.stream(Shape::Scalar)).collect();
    let section = code.section();
    let fma = Op::Elementwise(ElementwiseOp::Fma);
    let sums: Vec<Place> = streams
        .chunks_exact(3)
        .map(|operands| {
            let sum = code.cell(Shape::Scalar);
            code.push(section, fma, operands, sum).unwrap();
            sum
        })
        .collect();
    let stride = lane_stride(10);
    let numbers: Vec<f32> = (0..STEPS * stride).map(|number| number as f32).collect();
    let mut arguments: Vec<LaneArgument<'_>> = streams
        .iter()
        .map(|_| LaneArgument::ReadEach(&numbers))
        .collect();
    code.run(&[section], STEPS, &mut arguments).unwrap();
    for sum in sums {
        let mut found = vec![0.0; stride];
        code.read(sum, &mut found);
        for (lane, found) in found.iter().enumerate() {
            let last = numbers[(STEPS - 1) * stride + lane];
            assert_eq!(*found, last.mul_add(last, last));
        }
    }
}
