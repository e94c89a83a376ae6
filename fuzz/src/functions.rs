//! The compiler: the library's checks on functions that a fuzzer's bytes choose.

use mlevolve::program::Program;
use mlevolve_ir::random::{Case, Check, Mutant, random_function, random_smooth_case};
use mlevolve_ir::{Function, passes};
use rand::Rng;

use crate::{Draws, assert_displays, programs};

/// The most values of a function from text that is run: native code for the largest takes too long.
const MAXIMUM_VALUES_RUN: usize = 64;
/// The most values of a random function.
const MAXIMUM_VALUES_DRAWN: usize = 40;

/// A random function means the same to every back end, before and after the passes.
pub fn interp_vs_jit(bytes: &[u8]) {
    assert_holds(Check::BackEnds, &drawn(bytes));
}

/// Every pass keeps every bit of a random function.
pub fn passes_keep_bits(bytes: &[u8]) {
    assert_holds(Check::Passes, &drawn(bytes));
}

/// A random function and a random program print and parse to themselves.
pub fn text_round_trip(bytes: &[u8]) {
    assert_holds(Check::Text, &drawn(bytes));
    let _ = programs::drawn(&mut Draws::new(bytes));
}

/// Forward and reverse mode are transposes of each other and agree with difference quotients.
pub fn grad_vs_difference(bytes: &[u8]) {
    let case = random_smooth_case(&mut Draws::new(bytes), MAXIMUM_VALUES_DRAWN);
    assert_holds(Check::Derivatives, &case);
}

/// A function changed at random is refused, or is as good as any.
pub fn verify_rejects(bytes: &[u8]) {
    let mut draws = Draws::new(bytes);
    let function = random_function(&mut draws, MAXIMUM_VALUES_DRAWN);
    match Mutant::of(&function, &mut draws).verified() {
        Ok(function) => assert_all_hold(&Case::of(function, &mut draws)),
        Err(error) => assert_displays(&error),
    }
}

/// The text of a function is refused, or prints and parses to itself and is as good as any function;
/// that of a program too.
pub fn parse_anything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Program::parse(&text) {
        Ok(program) => programs::assert_prints_and_parses(&program),
        Err(error) => assert_displays(&error),
    }
    let function = match Function::parse(&text) {
        Ok(function) => function,
        Err(error) => return assert_displays(&error),
    };
    assert_eq!(function.verify(), Ok(()), "{function}");
    assert_eq!(
        Function::parse(&function.to_string()).as_ref(),
        Ok(&function)
    );
    assert_eq!(passes::optimise(&function).verify(), Ok(()), "{function}");
    if function.values().len() <= MAXIMUM_VALUES_RUN {
        assert_all_hold(&Case::of(function, &mut Draws::new(bytes)));
    }
}

fn drawn(bytes: &[u8]) -> Case {
    Case::draw(&mut Draws::new(bytes), MAXIMUM_VALUES_DRAWN)
}

/// A lowered program means the same to every back end.
pub(crate) fn assert_back_ends_agree(function: Function, draws: &mut impl Rng) {
    assert_holds(Check::BackEnds, &Case::of(function, draws));
}

/// Fails with a test to paste, if the check finds something.
fn assert_holds(check: Check, case: &Case) {
    if let Err(finding) = check.find(case) {
        panic!("{finding}");
    }
}

fn assert_all_hold(case: &Case) {
    if let Err(finding) = Check::find_any(case) {
        panic!("{finding}");
    }
}
