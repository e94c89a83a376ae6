//! A call allocates nothing after a kernel's first: training takes millions of them.
#![allow(clippy::unwrap_used)]
#![allow(unsafe_code, reason = "counting allocations takes an allocator")]

mod harness;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use harness::random_storage;
use mlevolve_ir::random::random_function;
use mlevolve_ir::{Argument, Backend, Kernel};
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
