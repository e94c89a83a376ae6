//! A run allocates before its first step and never after. In a file of its own, for it replaces the process's allocator.

#![allow(
    unsafe_code,
    reason = "a global allocator that counts is unsafe to implement"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mlevolve_tasks::{
    Loss, Outcome, ParameterLayout, Task, TrainingRun, UpdateRule, bundled_tasks,
};

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

/// Gradient descent that ends the run by writing NaN at a given step, and notes the count at its first.
struct StopAt {
    step: u32,
    allocations_at_first_step: u64,
}

impl UpdateRule for StopAt {
    fn reset(&mut self, _layout: &ParameterLayout) {}

    fn step(&mut self, step: u32, parameters: &mut [f32], gradient: &[f32]) {
        if step == 1 {
            self.allocations_at_first_step = ALLOCATIONS.get();
        }
        for (parameter, gradient) in parameters.iter_mut().zip(gradient) {
            *parameter -= 0.01 * gradient;
        }
        if step == self.step {
            parameters[0] = f32::NAN;
        }
    }
}

/// Allocations of a run of so many steps: before and from its first update.
fn count(steps: u32, run: impl FnOnce(&mut StopAt) -> TrainingRun) -> (u64, u64) {
    let mut rule = StopAt {
        step: steps,
        allocations_at_first_step: 0,
    };
    let start = ALLOCATIONS.get();
    let run = run(&mut rule);
    let end = ALLOCATIONS.get();
    assert_eq!(run.curve.outcome, Outcome::Diverged { step: steps });
    (
        rule.allocations_at_first_step - start,
        end - rule.allocations_at_first_step,
    )
}

/// Runs a task for a step, for all it has and for two.
fn assert_no_step_allocates(task: &dyn Task, run: impl Fn(&mut StopAt) -> TrainingRun) {
    let name = task.description().name;
    // The first run may decode data sets and detect the processor's features.
    count(1, &run);
    let (before, after) = count(task.description().budget_steps, &run);
    assert!(before > 0, "{name}: the counter counts");
    assert_eq!(
        after, 0,
        "{name}: allocations from the first update to the end"
    );
    assert_eq!(count(2, &run), (before, 0), "{name}");
}

#[test]
fn steps_and_evaluations_do_not_allocate() {
    for task in bundled_tasks() {
        assert_no_step_allocates(&*task, |rule| task.run(rule, 1));
    }
}

/// The difference of predictions and targets is the gradient.
struct Difference;

impl Loss for Difference {
    fn gradient(
        &mut self,
        _outputs: usize,
        predictions: &[f32],
        targets: &[f32],
        gradient: &mut [f32],
    ) -> f64 {
        let scale = 1.0 / predictions.len() as f32;
        for (gradient, (prediction, target)) in
            gradient.iter_mut().zip(predictions.iter().zip(targets))
        {
            *gradient = scale * (prediction - target);
        }
        0.0
    }
}

#[test]
fn steps_with_a_given_loss_do_not_allocate() {
    for task in bundled_tasks().filter(|task| task.targets().is_ok()) {
        assert_no_step_allocates(&*task, |rule| {
            let run = task.run_with_loss(&mut Difference, rule, 1);
            run.expect("the task has targets")
        });
    }
}
