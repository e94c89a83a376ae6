//! Time per element of AdamW's update: both back ends, beside the loop that one would write in Rust,
//! compiled for 128-bit and for 256-bit vectors.
//!
//! ```text
//! cargo bench --bench adamw [-- --elements 1024,16384]
//! ```
//!
//! 1,024 elements are a small model, all of whose memory is near; 16,384 (256 KiB of weights,
//! gradients and state) lie in the second-level cache, 1,048,576 (16 MiB) in the third or beyond, and
//! 16,777,216 (256 MiB) in main memory, whose speed is all that counts there. All contenders work on the same
//! storage, and before anything is timed they are checked to give the same bits.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod loops;
#[path = "../shared/mod.rs"]
mod shared;

use clap::Parser;
use mlevolve::lowering::lower;
use mlevolve::program::known;
use mlevolve_ir::{Backend, Function, Kernel};
use mlevolve_tasks::stream;
use rand::RngExt;
use shared::kernels::Storage;
use shared::measure::{Contender, Measuring, Unit, interleave, report};

/// Steps that must give the same bits.
const CHECKED_STEPS: usize = 5;

#[derive(Parser)]
struct Options {
    /// Numbers of elements
    #[arg(long, value_delimiter = ',', default_values_t = [1 << 10, 1 << 14, 1 << 20, 1 << 24])]
    elements: Vec<usize>,
    #[command(flatten)]
    measuring: Measuring,
}

fn main() {
    let options = Options::parse();
    let program = known::find("adamw").unwrap().program().unwrap();
    let function = &lower(&program)[0];
    if loops::for_avx2().is_none() {
        println!("NOTE: this processor has no AVX2, so no loop is compiled for it");
    }
    for elements in options.elements {
        let mut storage = start(function, elements);
        let mut contenders = contenders(function, &storage);
        check(function, elements, &mut contenders);
        let series = interleave(&mut storage, &mut contenders, &options.measuring);
        let case = elements.to_string();
        let unit = Unit::NanosecondsPerElement;
        let work = elements as f64;
        report("adamw", &case, unit, work, &series, &options.measuring);
    }
}

fn contenders(function: &Function, storage: &Storage) -> Vec<Contender<'static, Storage>> {
    let places = storage.places(loops::NAMES);
    let update_by = |name: &str, update: loops::Update| {
        Contender::new(name, move |storage: &mut Storage| {
            update(storage.slots(places));
        })
    };
    let compiled_by = |backend: Backend| {
        let mut kernel = Kernel::compile(function, backend).unwrap();
        Contender::new(
            format!("mlevolve {backend}"),
            move |storage: &mut Storage| {
                storage.run(&mut kernel);
            },
        )
    };
    let mut contenders = vec![
        compiled_by(Backend::Jit),
        compiled_by(Backend::Interpreter),
        update_by("rust, target's vectors", loops::for_the_target),
    ];
    contenders.extend(loops::for_avx2().map(|update| update_by("rust, AVX2", update)));
    contenders
}

/// Weights and gradients between −1 and 1, state zero.
fn start(function: &Function, elements: usize) -> Storage {
    let mut numbers = stream(1, "benchmark", [0, elements as u64]);

    Storage::new(function, elements, |name, _| match name {
        "w" | "g" => 2.0 * numbers.random::<f32>() - 1.0,
        _ => 0.0,
    })
}

fn check(function: &Function, elements: usize, contenders: &mut [Contender<'_, Storage>]) {
    let mut expected: Option<Vec<u32>> = None;
    for contender in contenders {
        let mut storage = start(function, elements);
        for _ in 0..CHECKED_STEPS {
            contender.run(&mut storage);
        }
        let bits = storage.bits();
        let same = expected.as_ref().is_none_or(|expected| *expected == bits);
        assert!(
            same,
            "{} differs from the first contender",
            contender.name()
        );
        expected.get_or_insert(bits);
    }
}
