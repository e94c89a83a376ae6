//! Ten thousand random functions: the reference, both back ends and every pass give the same bits.
#![allow(clippy::unwrap_used)]

mod harness;

use harness::{ELEMENT_COUNTS, Storage, assert_same, call, random_storage, reference};
use mlevolve_ir::random::random_function;
use mlevolve_ir::{Backend, Function, Kernel, passes};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const FUNCTIONS: u64 = 10_000;
const MAXIMUM_VALUES: usize = 24;
/// Calls on the same storage, so that state is carried over.
const CALLS: usize = 3;

/// A random function with inputs, and what the reference makes of them.
struct Case {
    function: Function,
    elements: usize,
    inputs: Storage,
    expected: Storage,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, MAXIMUM_VALUES);
        let elements = ELEMENT_COUNTS[(seed % ELEMENT_COUNTS.len() as u64) as usize];
        let inputs = random_storage(&mut rng, &function, elements);
        let mut expected = inputs.clone();
        for _ in 0..CALLS {
            reference(&function, elements, &mut expected);
        }
        Self {
            function,
            elements,
            inputs,
            expected,
        }
    }

    /// Runs another form of the function, which must give what the reference does.
    fn check(&self, what: &str, mut kernel: Kernel) {
        let mut storage = self.inputs.clone();
        call(&mut kernel, self.elements, &mut storage, CALLS);
        let (function, elements) = (&self.function, self.elements);
        assert_same(
            what,
            function,
            elements,
            &self.inputs,
            &self.expected,
            &storage,
        );
    }
}

fn native(function: &Function) -> Kernel {
    Kernel::compile(function, Backend::Jit).unwrap()
}

#[test]
fn both_back_ends_agree_with_the_reference() {
    for seed in 0..FUNCTIONS {
        let case = Case::new(seed);
        case.check("interpreter", Kernel::interpret(&case.function));
        case.check("native code", native(&case.function));
    }
}

#[test]
fn every_pass_keeps_every_bit() {
    type Pass = fn(&Function) -> Function;
    let passes: [(&str, Pass); 3] = [
        (
            "common subexpressions",
            passes::eliminate_common_subexpressions,
        ),
        ("dead code", passes::eliminate_dead_code),
        ("all passes", passes::optimise),
    ];
    for seed in 0..FUNCTIONS {
        let case = Case::new(seed);
        for (name, pass) in passes {
            let optimised = pass(&case.function);
            optimised.verify().unwrap();
            assert_eq!(optimised.parameters(), case.function.parameters());
            assert!(optimised.values().len() <= case.function.values().len());
            assert_eq!(pass(&optimised), optimised, "{name} twice");
            case.check(name, Kernel::interpret(&optimised));
        }
        if seed % 4 == 0 {
            let optimised = passes::optimise(&case.function);
            case.check("all passes, compiled", native(&optimised));
        }
    }
}

#[test]
fn printing_and_parsing_are_inverse() {
    for seed in 0..FUNCTIONS {
        let function = random_function(&mut ChaCha8Rng::seed_from_u64(seed), MAXIMUM_VALUES);
        assert_eq!(function.verify(), Ok(()));
        let text = function.to_string();
        let parsed = Function::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(parsed, function, "{text}");
        assert_eq!(parsed.to_string(), text);
    }
}

#[test]
fn large_functions_agree_too() {
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, 300);
        let inputs = random_storage(&mut rng, &function, 33);
        let mut expected = inputs.clone();
        reference(&function, 33, &mut expected);
        for mut kernel in [Kernel::interpret(&function), native(&function)] {
            let mut storage = inputs.clone();
            call(&mut kernel, 33, &mut storage, 1);
            let what = kernel.backend().to_string();
            assert_same(&what, &function, 33, &inputs, &expected, &storage);
        }
    }
}
