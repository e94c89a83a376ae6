//! A compiled program allocates when it is reset and at its first step, and never after. In a file of
//! its own, for it replaces the process's allocator.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    unsafe_code,
    reason = "a global allocator that counts is unsafe to implement"
)]

#[allow(dead_code, reason = "a part of it is used here")]
#[path = "integration/specimens.rs"]
mod specimens;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mlevolve::loss::LossFunction;
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::{Schema, known};
use mlevolve_ir::Backend;
use mlevolve_tasks::{Loss, ParameterLayout, TargetKind, Targets, UpdateRule};

thread_local! {
    /// Per thread, because the test harness allocates in threads of its own while a test runs.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise about `layout`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise about `pointer` and `layout`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn steps_after_the_first_do_not_allocate() {
    let layout = ParameterLayout::new(&[("weight", 17, 33), ("bias", 1, 5), ("single", 1, 1)]);
    let (mut parameters, gradient) = (
        vec![0.5; layout.arena_len()],
        vec![0.25; layout.arena_len()],
    );
    let mut programs = specimens::program_files();
    programs.extend(specimens::odd());
    for program in &programs {
        for backend in Backend::ALL {
            let mut optimizer = CompiledOptimizer::new(program, backend).unwrap();
            let before = ALLOCATIONS.get();
            optimizer.reset(&layout);
            assert!(ALLOCATIONS.get() > before, "the counter counts");
            optimizer.step(1, &mut parameters, &gradient);
            let before = ALLOCATIONS.get();
            for step in 2..6 {
                optimizer.step(step, &mut parameters, &gradient);
            }
            assert_eq!(ALLOCATIONS.get(), before, "{backend}\n{program}");
        }
    }
}

#[test]
fn losses_of_batches_after_the_first_do_not_allocate() {
    for known in known::of(Schema::Loss) {
        let function = LossFunction::of(&known.program().unwrap()).unwrap();
        for backend in Backend::ALL {
            for (rows, outputs) in [(16, 3), (70, 10), (64, 1)] {
                let targets = Targets {
                    kind: TargetKind::Values,
                    rows,
                    outputs,
                };
                let before = ALLOCATIONS.get();
                let mut loss = function.compile(targets, backend).unwrap();
                assert!(ALLOCATIONS.get() > before, "the counter counts");
                let numbers = vec![0.5; rows * outputs];
                let mut gradient = numbers.clone();
                loss.gradient(outputs, &numbers, &numbers, &mut gradient);
                let before = ALLOCATIONS.get();
                for rows in [rows, rows / 2, 1, rows] {
                    let numbers = &numbers[..rows * outputs];
                    let gradient = &mut gradient[..rows * outputs];
                    loss.gradient(outputs, numbers, numbers, gradient);
                }
                assert_eq!(ALLOCATIONS.get(), before, "{backend} {}", known.name);
            }
        }
    }
}
