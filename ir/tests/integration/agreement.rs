//! Ten thousand random functions: the reference, both back ends and every pass give the same bits.

use crate::harness::{DIMENSIONS, Storage, assert_same, call, length, random_storage, reference};
use mlevolve_ir::random::random_function;
use mlevolve_ir::{Backend, Definition, Dimensions, Function, Kernel, Value, passes};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const FUNCTIONS: u64 = 10_000;
const MAXIMUM_VALUES: usize = 24;
/// Calls on the same storage, so that state is carried over.
const CALLS: usize = 3;

/// A random function with inputs, and what the reference makes of them.
struct Case {
    function: Function,
    dimensions: Dimensions,
    inputs: Storage,
    expected: Storage,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let function = random_function(&mut rng, MAXIMUM_VALUES);
        let dimensions = DIMENSIONS[(seed % DIMENSIONS.len() as u64) as usize];
        let inputs = random_storage(&mut rng, &function, dimensions);
        let mut expected = inputs.clone();
        for _ in 0..CALLS {
            reference(&function, dimensions, &mut expected);
        }
        Self {
            function,
            dimensions,
            inputs,
            expected,
        }
    }

    /// Runs another form of the function, which must give what the reference does.
    fn check(&self, what: &str, mut kernel: Kernel) {
        let mut storage = self.inputs.clone();
        call(&mut kernel, self.dimensions, &mut storage, CALLS);
        let (function, dimensions) = (&self.function, self.dimensions);
        assert_same(
            what,
            function,
            dimensions,
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

type Pass = fn(&Function) -> Function;

const PASSES: [(&str, Pass); 6] = [
    (
        "common subexpressions",
        passes::eliminate_common_subexpressions,
    ),
    ("dead code", passes::eliminate_dead_code),
    ("folding", passes::fold_constants),
    ("simplification", passes::simplify),
    ("all passes", passes::optimise),
    ("normal form", passes::normalise),
];

/// How many values are computed once composite ops are expanded, and what that costs.
fn work(function: &Function) -> [u32; 3] {
    let function = passes::expand(function);
    let is_op = |value: &Value| match function.definition(*value) {
        Definition::Apply { .. } => true,
        Definition::Load(_) | Definition::Constant(_) => false,
    };
    let ops = function.values().filter(is_op).count() as u32;
    let cost = function.cost();
    // What was done for each element may now be done for each call.
    let both = cost.element_flops() + cost.call_flops();
    [ops, cost.element_flops(), both]
}

#[test]
fn every_pass_keeps_every_bit() {
    let mut simplified = 0;
    for seed in 0..FUNCTIONS {
        let case = Case::new(seed);
        for (name, pass) in PASSES {
            let optimised = pass(&case.function);
            optimised.verify().unwrap();
            assert_eq!(optimised.parameters(), case.function.parameters());
            assert_eq!(pass(&optimised), optimised, "{name} twice");
            case.check(name, Kernel::interpret(&optimised));
        }
        let optimised = passes::optimise(&case.function);
        let (before, after) = (work(&case.function), work(&optimised));
        assert!(
            (0..3).all(|index| after[index] <= before[index]),
            "{}",
            case.function
        );
        // It is the fixpoint of all that is done one after the other.
        for (name, pass) in &PASSES[..5] {
            assert_eq!(pass(&optimised), optimised, "{name} after all");
        }
        let shared = passes::expand(&case.function);
        let shared = passes::eliminate_common_subexpressions(&shared);
        let shared = passes::eliminate_dead_code(&shared);
        simplified += u32::from(shared != optimised);
        if seed % 4 == 0 {
            case.check("all passes, compiled", native(&optimised));
        }
    }
    assert!(simplified > 1000, "{simplified}");
}

#[test]
fn what_is_hoisted_once_gives_the_bits_of_every_call() {
    let mut hoisted_values = 0;
    for seed in 0..FUNCTIONS {
        let case = Case::new(seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let parameters = case.function.parameters().len();
        let hoisted = passes::hoist(&case.function, |_| rng.random_bool(0.7));
        for part in [&hoisted.prologue, &hoisted.body] {
            part.verify().unwrap();
        }
        hoisted_values += hoisted.count;
        let handed_over = &hoisted.prologue.parameters()[hoisted.unchanging.len()..];
        assert_eq!(handed_over.len(), hoisted.count);
        for (written, read) in handed_over
            .iter()
            .zip(&hoisted.body.parameters()[parameters..])
        {
            assert_eq!((&written.name, written.shape), (&read.name, read.shape));
        }
        let mut storage: Storage = hoisted
            .unchanging
            .iter()
            .map(|parameter| case.inputs[parameter.index()].clone())
            .chain(handed_over.iter().map(|parameter| {
                // What is not overwritten is seen.
                vec![f32::NAN; 1 + length(parameter.shape, case.dimensions)]
            }))
            .collect();
        reference(&hoisted.prologue, case.dimensions, &mut storage);
        let mut inputs = case.inputs.clone();
        inputs.extend(storage.drain(hoisted.unchanging.len()..));
        let mut kernel = Kernel::interpret(&hoisted.body);
        call(&mut kernel, case.dimensions, &mut inputs, CALLS);
        inputs.truncate(parameters);
        assert_same(
            "hoisted",
            &case.function,
            case.dimensions,
            &case.inputs,
            &case.expected,
            &inputs,
        );
    }
    assert!(hoisted_values > 1000, "{hoisted_values}");
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
