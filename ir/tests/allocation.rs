//! A call allocates nothing after a kernel's first: training takes millions of them.
#![allow(clippy::unwrap_used)]
#![allow(unsafe_code, reason = "counting allocations takes an allocator")]

#[allow(dead_code, unreachable_pub, reason = "a part of it is used here")]
#[path = "integration/harness.rs"]
mod harness;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use harness::random_storage;
use mlevolve_ir::lane_kernel::{
    LaneArgument, LaneCode, LaneCodeError, LaneKernel, Section, lane_stride,
};
use mlevolve_ir::ops::{ElementwiseOp, Op, ReductionOp};
use mlevolve_ir::random::random_function;
use mlevolve_ir::{Argument, Backend, Dimensions, Kernel, Shape};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every request goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        // SAFETY: `address` came from `alloc` above, so from the system's allocator.
        unsafe { System.dealloc(address, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn calls_allocate_nothing() {
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 24);
        let mut storage = random_storage(&mut rng, &function, 300);
        for backend in Backend::ALL {
            let mut kernel = Kernel::compile(&function, backend).unwrap();
            let parameters = function.parameters().iter().zip(&mut storage);
            let mut arguments: Vec<Argument<'_>> = parameters
                .map(|(parameter, storage)| {
                    if parameter.access.is_written() {
                        Argument::Write(&mut storage[1..])
                    } else {
                        Argument::Read(&storage[1..])
                    }
                })
                .collect();
            kernel.call(300, &mut arguments).unwrap();
            let before = ALLOCATIONS.with(Cell::get);
            kernel.call(300, &mut arguments).unwrap();
            let after = ALLOCATIONS.with(Cell::get);
            assert_eq!(after - before, 0, "{backend}\n{function}");
        }
    }
}

#[test]
fn runs_over_lanes_allocate_nothing() {
    const STEPS: usize = 3;
    let dimensions = Dimensions::new(5, 3);
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 24);
        let lanes = [4, 16, 21][seed as usize % 3];
        let mut kernel =
            LaneKernel::compile(&function, dimensions, lanes, Backend::Interpreter).unwrap();
        let parameters = function.parameters().iter();
        let mut storage: Vec<Vec<f32>> = parameters
            .map(|parameter| {
                let elements = dimensions.elements(parameter.shape).unwrap();
                vec![0.5; elements * lane_stride(lanes)]
            })
            .collect();
        let parameters = function.parameters().iter().zip(&mut storage);
        let mut arguments: Vec<LaneArgument<'_>> = parameters
            .map(|(parameter, numbers)| {
                if parameter.access.is_written() {
                    LaneArgument::Write(numbers)
                } else {
                    LaneArgument::Read(numbers)
                }
            })
            .collect();
        kernel.run(STEPS, &mut arguments).unwrap();
        let before = ALLOCATIONS.with(Cell::get);
        kernel.run(STEPS, &mut arguments).unwrap();
        let after = ALLOCATIONS.with(Cell::get);
        assert_eq!(after - before, 0, "{function}");
    }
}

/// The linear learner of a few features, made anew.
fn learner(code: &mut LaneCode) -> Result<Section, LaneCodeError> {
    code.clear();
    let (x, y) = (code.stream(Shape::Column), code.stream(Shape::Scalar));
    let (w, change) = (code.cell(Shape::Column), code.cell(Shape::Column));
    let (error, rate) = (code.cell(Shape::Scalar), code.constant(0.1));
    let step = code.section();
    code.push(step, Op::Reduction(ReductionOp::Dot), &[w, x], error)?;
    let [add, sub, mul] = [ElementwiseOp::Add, ElementwiseOp::Sub, ElementwiseOp::Mul];
    code.push(step, Op::Elementwise(sub), &[y, error], error)?;
    code.push(step, Op::Elementwise(mul), &[error, rate], error)?;
    code.push(step, Op::Elementwise(mul), &[error, x], change)?;
    code.push(step, Op::Elementwise(add), &[w, change], w)?;
    Ok(step)
}

#[test]
fn making_as_much_lane_code_again_allocates_nothing() {
    let mut code = LaneCode::new(Dimensions::new(4, 1), 10);
    let numbers = vec![0.5; 4 * lane_stride(10)];
    let (x, y) = (&numbers[..], &numbers[..lane_stride(10)]);
    let mut make_and_run = || {
        let step = learner(&mut code).unwrap();
        code.reset();
        let mut arguments = [LaneArgument::Read(x), LaneArgument::Read(y)];
        code.run(&[step], 7, &mut arguments).unwrap();
    };
    make_and_run();
    let before = ALLOCATIONS.with(Cell::get);
    make_and_run();
    let after = ALLOCATIONS.with(Cell::get);
    assert_eq!(after - before, 0);
}
