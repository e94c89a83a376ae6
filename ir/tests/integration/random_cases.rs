//! Random cases hold to all that is promised of functions, and so does what is left of mutants.

use mlevolve_ir::random::{Case, Check, Mutant, random_function};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const MAXIMUM_VALUES: usize = 24;

/// How many cases; more if the environment says so.
fn cases() -> u64 {
    let asked = std::env::var("MLEVOLVE_CASES");
    asked.map_or(1000, |number| number.parse().unwrap())
}

#[test]
fn every_check_passes_on_random_cases() {
    for number in 0..cases() {
        let case = Case::numbered(1, number, MAXIMUM_VALUES);
        if let Err(finding) = Check::find_any(&case) {
            panic!("case {number}:\n{finding}");
        }
    }
}

/// What the verifier lets pass is as good as any function.
#[test]
fn mutants_are_refused_or_run() {
    let (mut refused, mut taken) = (0, 0);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for number in 0..cases() {
        let function = random_function(&mut rng, MAXIMUM_VALUES);
        match Mutant::of(&function, &mut rng).verified() {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
            Ok(function) => {
                taken += 1;
                let case = Case::of(function, &mut rng);
                if let Err(finding) = Check::find_any(&case) {
                    panic!("mutant {number}:\n{finding}");
                }
            }
        }
    }
    assert!(
        refused > cases() / 4 && taken > cases() / 8,
        "{refused}, {taken}"
    );
}
