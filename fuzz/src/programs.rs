//! Programs: text, lowering, and variation.

use mlevolve::fitness::{Fingerprint, ProbeRun};
use mlevolve::lowering::{CanonicalHash, lower, lower_unoptimised};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::known;
use mlevolve::program::{Form, MAXIMUM_TEXT_BYTES, Program, Schema, distance};

use mlevolve::variation::{Variation, VariationSettings};
use mlevolve_ir::Backend;
use rand::{Rng, RngExt};

use crate::functions::assert_back_ends_agree;
use crate::{Draws, assert_displays};

/// The most programs that descend from the first ones.
const MOST_OFFSPRING: usize = 16;

/// The text of a program is refused, or holds to all that is promised of programs.
pub fn check_text(bytes: &[u8]) {
    match Program::parse(&String::from_utf8_lossy(bytes)) {
        Ok(program) => check_program(&program),
        Err(error) => assert_displays(&error),
    }
}

/// A chain of mutants and crossovers, begun by random and known programs, under random settings.
pub fn check_variation(bytes: &[u8]) {
    let mut draws = Draws::new(bytes);
    let youngest = drawn(&mut draws);
    check_program(&youngest);
    for function in lower_unoptimised(&youngest) {
        assert_back_ends_agree(function, &mut draws);
    }
}

/// The last of a chain of programs under random settings.
pub(crate) fn drawn(draws: &mut impl Rng) -> Program {
    let schema = Schema::ALL[draws.random_range(0..Schema::ALL.len())];
    let settings = settings(schema, draws);
    assert_eq!(settings.validate(schema), Ok(()), "{settings:?}");
    descend(schema, &settings, draws)
}

/// Random settings that are valid.
fn settings(schema: Schema, draws: &mut impl Rng) -> VariationSettings {
    let most = schema.description().maximum_instructions;
    let maximum_instructions = match draws.random_range(0..8) {
        0 => draws.random_range(1..=most),
        _ => draws.random_range(1..=32),
    };
    let random_maximum_instructions = draws.random_range(1..=maximum_instructions);
    VariationSettings {
        maximum_instructions,
        random_maximum_instructions,
        random_minimum_instructions: draws.random_range(1..=random_maximum_instructions),
        sign_flip_probability: draws.random(),
        constant_takeover_probability: draws.random(),
        ..VariationSettings::default()
    }
}

/// The last of a chain of programs, each of which is verified, within the settings' limits and prints
/// and parses to itself.
pub(crate) fn descend(
    schema: Schema,
    settings: &VariationSettings,
    draws: &mut impl Rng,
) -> Program {
    let known: Vec<_> = known::of(schema).collect();
    let known = known[draws.random_range(0..known.len())].program().ok();
    // All programs are of the form of the known one.
    let form = known.as_ref().map_or(Form::STANDARD, Program::form);
    let variation = Variation::of_form(schema, form, settings);
    let mut programs = vec![variation.random_program(draws, "random")];
    programs.extend(known.and_then(|program| program.on_cells(&settings.cells).ok()));
    for _ in 0..draws.random_range(0..=MOST_OFFSPRING) {
        let first = &programs[draws.random_range(0..programs.len())];
        let second = &programs[draws.random_range(0..programs.len())];
        let child = match draws.random_range(0..8) {
            0 => variation.random_program(draws, "random"),
            1..=3 => variation.crossover(first, second, draws),
            _ => variation.mutate(first, draws).0,
        };
        assert_prints_and_parses(&child);
        assert_eq!(
            child.on_cells(&settings.cells).as_ref(),
            Ok(&child),
            "{child}"
        );
        // A known program may be longer than the settings allow; what is made of it is not longer.
        let functions = settings.functions.values();
        let own = functions.filter_map(|function| function.maximum_instructions);
        let most = own
            .chain([settings.maximum_instructions])
            .max()
            .unwrap_or(0);
        for (body, before) in child.bodies().iter().zip(first.bodies().iter()) {
            assert!(body.len() <= most.max(before.len()), "{child}");
        }
        assert_eq!(distance(first, &child), distance(&child, first));
        programs.push(child);
    }
    let youngest = programs.pop();
    youngest.expect("the first program is random")
}

/// All that is promised of every verified program.
fn check_program(program: &Program) {
    assert_prints_and_parses(program);
    for function in lower_unoptimised(program).iter().chain(&lower(program)) {
        assert_eq!(function.verify(), Ok(()), "{program}");
    }
    let hash = CanonicalHash::of(program);
    let fingerprint = Fingerprint::from(hash);
    assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));

    let pruned = program.pruned();
    assert_prints_and_parses(&pruned);
    assert_eq!(pruned.pruned(), pruned, "{program}");
    assert_eq!(CanonicalHash::of(&pruned), hash, "{program}");

    match program.standardised() {
        Ok(standardised) => {
            assert_prints_and_parses(&standardised);
            assert!(standardised.is_standardised(), "{program}");
            assert_eq!(CanonicalHash::of(&standardised), hash, "{program}");
        }
        Err(error) => assert_displays(&error),
    }

    if program.schema() != Schema::Optimizer {
        return;
    }
    let probed = ProbeRun::of(program);
    assert!(probed.is_ok(), "{probed:?}\n{program}");
    // One program that a back end refuses would end a search.
    for backend in Backend::ALL {
        let compiled = CompiledOptimizer::new(program, backend).map(drop);
        assert!(compiled.is_ok(), "{backend}: {compiled:?}\n{program}");
    }
}

pub(crate) fn assert_prints_and_parses(program: &Program) {
    assert_eq!(program.verify(), Ok(()), "{program}");
    let text = program.to_string();
    assert!(text.len() <= MAXIMUM_TEXT_BYTES, "{text}");
    let parsed = Program::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&parsed, program, "{text}");
    assert_eq!(parsed.to_string(), text);
}
