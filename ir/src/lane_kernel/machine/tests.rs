use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::ops::{ElementwiseOp, Op, ReductionOp};
use crate::passes::expand;
use crate::random::{fill, random_function};
use crate::shape::{Dimensions, Shape};

const STEPS: usize = 3;

/// The widths that this machine has.
fn widths() -> Vec<Width> {
    match Width::of_this_machine() {
        Some(Width::Bits512) => vec![Width::Bits256, Width::Bits512],
        Some(Width::Bits256) => vec![Width::Bits256],
        None => Vec::new(),
    }
}

/// Code with one instruction, over cells and streams of random numbers.
struct Case {
    code: LaneCode,
    section: Section,
    /// Cells, and what they hold at first.
    cells: Vec<(super::super::Place, Vec<f32>)>,
    streams: [Vec<f32>; 2],
}

impl Case {
    /// An op over operands of these shapes: the last a stream, the others cells; the result goes to a cell and a stream. None if the op
    /// does not take them.
    fn new(op: Op, shapes: &[Shape], dimensions: Dimensions, lanes: usize) -> Option<Self> {
        let result = op.result_shape(shapes).ok()?;
        let mut rng = ChaCha8Rng::seed_from_u64(shapes.len() as u64);
        let mut code = LaneCode::new(dimensions, lanes);
        let (last, others) = shapes.split_last()?;
        let streams = [code.stream(*last), code.stream(result)];
        let mut operands: Vec<_> = others.iter().map(|&shape| code.cell(shape)).collect();
        let target = code.cell(result);
        let mut cells = Vec::new();
        for (&place, &shape) in operands.iter().zip(others).chain([(&target, &result)]) {
            let mut numbers = vec![0.0; code.storage_len(shape)];
            fill(&mut rng, &mut numbers);
            cells.push((place, numbers));
        }
        operands.push(streams[0]);
        let section = code.section();
        for target in [target, streams[1]] {
            code.push(section, op, &operands, target).ok()?;
        }
        let streams = [*last, result].map(|shape| {
            let mut numbers = vec![0.0; STEPS * code.storage_len(shape)];
            fill(&mut rng, &mut numbers);
            numbers
        });
        Some(Self {
            code,
            section,
            cells,
            streams,
        })
    }

    /// What cells and the written stream hold afterwards, by the interpreter or by machine code; none if there is none.
    fn run(&mut self, width: Option<Width>) -> Option<Vec<f32>> {
        let code = &mut self.code;
        for (cell, numbers) in &self.cells {
            code.write(*cell, numbers);
        }
        let mut written = self.streams[1].clone();
        let arguments = &mut [
            LaneArgument::ReadEach(&self.streams[0]),
            LaneArgument::WriteEach(&mut written),
        ];
        match width {
            None => code.run(&[self.section], STEPS, arguments).ok()?,
            Some(width) => {
                let [assembled] = code.assemble_for(Some(width), [&[self.section]]);
                code.run_assembled(assembled?, STEPS, arguments).ok()?;
            }
        }
        for (cell, numbers) in &self.cells {
            let mut found = vec![0.0; numbers.len()];
            code.read(*cell, &mut found);
            written.extend(found);
        }
        Some(written)
    }
}

/// Every op, over operands of all shapes that it takes, has the bits of the interpreter.
#[test]
fn every_op_has_the_bits_of_the_interpreter() {
    let shapes = [
        Shape::Scalar,
        Shape::Column,
        Shape::Row,
        Shape::Tensor,
        Shape::RowGram,
    ];
    for (op, extents) in Op::all().flat_map(|op| [(2, 3), (5, 1), (19, 18)].map(|it| (op, it))) {
        let choices = shapes.len().pow(op.arity() as u32);
        for choice in 0..choices {
            let operands: Vec<Shape> = (0..op.arity() as u32)
                .map(|place| shapes[choice / shapes.len().pow(place) % shapes.len()])
                .collect();
            let dimensions = Dimensions::new(extents.0, extents.1);
            let lanes = if extents.0 == 2 { 20 } else { 7 };
            let Some(mut case) = Case::new(op, &operands, dimensions, lanes) else {
                continue;
            };
            let expected = case.run(None).unwrap();
            for width in widths() {
                let Some(found) = case.run(Some(width)) else {
                    continue;
                };
                let stride = lane_stride(lanes);
                for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let is_same = found.to_bits() == expected.to_bits()
                        || found.is_nan() && expected.is_nan();
                    assert!(
                        is_same || index % stride >= lanes,
                        "{op:?} {operands:?}, {width:?}, number {index}: {found:e}, not {expected:e}"
                    );
                }
            }
        }
    }
}

/// What cannot be assembled is what is run lane by lane, nothing else: no op needs more registers than there are.
#[test]
fn all_but_what_is_run_lane_by_lane_is_assembled() {
    for width in widths() {
        for op in Op::all() {
            let operands = vec![Shape::Tensor; op.arity()];
            let Some(mut case) = Case::new(op, &operands, Dimensions::new(2, 1), 5) else {
                continue;
            };
            let mut instructions = case.code.section_code(case.section).instructions.iter();
            let is_lane_by_lane = instructions.any(|it| it.task == Task::LaneByLane);
            let is_assembled = case.run(Some(width)).is_some();
            assert_eq!(is_assembled, !is_lane_by_lane, "{op:?}, {width:?}");
        }
    }
}

/// A learner's step leaves what the interpreter leaves, whether its elements have room in registers or not, and several lists of sections
/// can be assembled at a time.
#[test]
fn steps_leave_what_the_interpreter_leaves_with_and_without_room() {
    const STEPS: usize = 40;
    for width in widths() {
        for features in [3, 40] {
            let mut rng = ChaCha8Rng::seed_from_u64(features as u64);
            let mut code = LaneCode::new(Dimensions::new(features, 1), 18);
            let [x, y, prediction] =
                [Shape::Column, Shape::Scalar, Shape::Scalar].map(|shape| code.stream(shape));
            let [w, step, error] =
                [Shape::Column, Shape::Column, Shape::Scalar].map(|shape| code.cell(shape));
            let rate = code.constant(0.01);
            let [predict, learn] = [(); 2].map(|()| code.section());
            let mul = Op::Elementwise(ElementwiseOp::Mul);
            let dot = Op::Reduction(ReductionOp::Dot);
            code.push(predict, dot, &[w, x], prediction).unwrap();
            for (op, operands, target) in [
                (Op::Elementwise(ElementwiseOp::Sub), [y, prediction], error),
                (mul, [error, rate], error),
                (mul, [error, x], step),
                (Op::Elementwise(ElementwiseOp::Add), [w, step], w),
            ] {
                code.push(learn, op, &operands, target).unwrap();
            }
            let streams = [features, 1].map(|elements| {
                let mut numbers = vec![0.0; STEPS * elements * lane_stride(18)];
                fill(&mut rng, &mut numbers);
                numbers
            });
            let mut left = [None, Some(width)].map(|width| {
                code.reset();
                let mut predictions = vec![0.0; STEPS * lane_stride(18)];
                let lists: [&[Section]; 2] = [&[predict, learn], &[predict]];
                let assembled = width.map(|width| code.assemble_for(Some(width), lists));
                for (index, list) in lists.into_iter().enumerate() {
                    let arguments = &mut [
                        LaneArgument::ReadEach(&streams[0]),
                        LaneArgument::ReadEach(&streams[1]),
                        LaneArgument::WriteEach(&mut predictions),
                    ];
                    let ran = match assembled {
                        Some(assembled) => {
                            code.run_assembled(assembled[index].unwrap(), STEPS, arguments)
                        }
                        None => code.run(list, STEPS, arguments),
                    };
                    ran.unwrap();
                }
                let mut weights = vec![0.0; code.storage_len(Shape::Column)];
                code.read(w, &mut weights);
                predictions.extend(weights);
                predictions
            });
            for numbers in &mut left {
                for group in numbers.chunks_exact_mut(lane_stride(18)) {
                    group[18..].fill(0.0);
                }
            }
            let [expected, found] = left.map(|numbers| {
                let bits = numbers.iter().map(|number| match number.is_nan() {
                    true => u32::MAX,
                    false => number.to_bits(),
                });
                bits.collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{width:?}, {features}");
        }
    }
}

/// Random functions mean the same to machine code of every width, whatever of their parameters is streamed.
#[test]
fn random_functions_have_the_bits_of_the_interpreter() {
    let mut assembled = 0;
    for seed in 0..1_500 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = expand(&random_function(&mut rng, 12));
        let dimensions = Dimensions::new(rng.random_range(1..=5), rng.random_range(1..=17));
        let lanes = rng.random_range(1..=20);
        let steps = rng.random_range(1..=4);
        let mut code = LaneCode::new(dimensions, lanes);
        let section = code.push_function(&function);
        let inputs: Vec<(bool, bool, Vec<f32>)> = function
            .parameters()
            .iter()
            .map(|parameter| {
                let is_kept = parameter.access == crate::Access::ReadWrite;
                let is_streamed = !is_kept && rng.random_bool(0.5);
                let contents = if is_streamed { steps } else { 1 };
                let mut numbers = vec![0.0; contents * code.storage_len(parameter.shape)];
                fill(&mut rng, &mut numbers);
                (parameter.access.is_written(), is_streamed, numbers)
            })
            .collect();
        let mut run = |width: Option<Width>| {
            let mut storage: Vec<Vec<f32>> = inputs.iter().map(|it| it.2.clone()).collect();
            let arguments = inputs.iter().zip(&mut storage);
            let mut arguments: Vec<LaneArgument<'_>> = arguments
                .map(
                    |(&(is_written, is_streamed, _), numbers)| match (is_written, is_streamed) {
                        (false, false) => LaneArgument::Read(numbers),
                        (false, true) => LaneArgument::ReadEach(numbers),
                        (true, false) => LaneArgument::Write(numbers),
                        (true, true) => LaneArgument::WriteEach(numbers),
                    },
                )
                .collect();
            match width {
                None => code.run(&[section], steps, &mut arguments).unwrap(),
                Some(width) => {
                    let [assembled] = code.assemble_for(Some(width), [&[section]]);
                    code.run_assembled(assembled?, steps, &mut arguments)
                        .unwrap();
                }
            }
            Some(storage)
        };
        let expected = run(None).unwrap();
        for width in widths() {
            let Some(found) = run(Some(width)) else {
                continue;
            };
            assembled += 1;
            let stride = lane_stride(lanes);
            for (found, expected) in found
                .iter()
                .flatten()
                .zip(expected.iter().flatten())
                .enumerate()
                .filter_map(|(index, pair)| (index % stride < lanes).then_some(pair))
            {
                let is_same =
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                assert!(
                    is_same,
                    "{seed}, {width:?}: {found:e}, not {expected:e}\n{function}"
                );
            }
        }
    }
    assert!(
        assembled > 500 || widths().is_empty(),
        "only {assembled} were assembled"
    );
}

/// Machine code has room of its own, which does not become more, and is forgotten with the sections that it is of.
#[test]
fn room_is_used_again_and_code_forgotten() {
    for width in widths() {
        let mut code = LaneCode::new(Dimensions::new(4, 1), 3);
        let [x, y] = [Shape::Column; 2].map(|shape| code.cell(shape));
        let op = Op::all().find(|op| op.mnemonic() == "softmax").unwrap();
        let mut lengths = Vec::new();
        for _ in 0..5 {
            code.clear_sections();
            let section = code.section();
            code.push(section, op, &[x], y).unwrap();
            let [assembled] = code.assemble_for(Some(width), [&[section]]);
            code.run_assembled(assembled.unwrap(), 1, &mut []).unwrap();
            lengths.push(code.cells[0].len());
        }
        assert_eq!(lengths[1..], [lengths[0]; 4]);
        let section = code.section();
        let [old] = code.assemble_for(Some(width), [&[section]]);
        code.clear();
        let ran = std::panic::catch_unwind(move || code.run_assembled(old.unwrap(), 1, &mut []));
        assert!(ran.is_err(), "code of sections that are no more has run");
    }
}

/// Code without places, or too far away, is run or refused, and neither panics.
#[test]
fn what_is_empty_or_too_large_does_not_panic() {
    for width in widths() {
        let mut code = LaneCode::new(Dimensions::new(4, 1), 3);
        let section = code.section();
        let [assembled] = code.assemble_for(Some(width), [&[section]]);
        code.run_assembled(assembled.unwrap(), 2, &mut []).unwrap();
        let mut code = LaneCode::new(Dimensions::new(16, 1), 1 << 18);
        let [x, y] = [Shape::Column, Shape::Scalar].map(|shape| code.stream(shape));
        let section = code.section();
        code.push(section, Op::Reduction(ReductionOp::Sum), &[x], y)
            .unwrap();
        let [assembled] = code.assemble_for(Some(width), [&[section]]);
        let x = vec![1.0; 16 << 18];
        let mut y = vec![0.0; 1 << 18];
        let arguments = &mut [LaneArgument::ReadEach(&x), LaneArgument::WriteEach(&mut y)];
        code.run_assembled(assembled.unwrap(), 1, arguments)
            .unwrap();
        assert!(y.iter().all(|&sum| sum == 16.0));
        let mut code = LaneCode::new(Dimensions::new(17, 1), 1 << 20);
        code.stream(Shape::Column);
        let section = code.section();
        assert_eq!(code.assemble_for(Some(width), [&[section]]), [None]);
    }
}
