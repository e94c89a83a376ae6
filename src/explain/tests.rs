//! What is told without a judge, of known programs and of ones that are made from them.

use super::identity::{Identity, identity};
use super::labels::{Labels, difference, outline};
use super::skeleton::Skeleton;
use crate::program::{Program, known};

fn program(name: &str) -> Program {
    known::find(name).unwrap().parsed()
}

fn rule(body: &str) -> Program {
    let text = format!(
        "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
         constant learning_rate = 0.05\nconstant c = 0.8\nconstant d = 0.3\nconstant one = 1\noutput delta tensor\n\
         state m tensor\nstate n tensor\nscratch t tensor\nscratch u tensor\nscratch s scalar\nupdate:\n{body}"
    );
    Program::parse(&text).unwrap()
}

/// The constants that differ, with their values.
fn other_constants(identity: &Identity) -> Vec<(String, f64)> {
    let constants = identity.constants.as_ref().unwrap().iter();
    let differing = constants.filter_map(|it| Some((it.name.clone(), it.own?)));
    differing.collect()
}

fn distance(one: &Program, other: &Program) -> f64 {
    let outlines = [one, other].map(|program| outline(&Skeleton::of(program)));
    difference(&outlines[0], &outlines[1])
}

#[test]
fn every_known_program_is_itself_and_no_other() {
    for own in known::KNOWN {
        let all: Vec<&str> = known::of(own.schema)
            .filter(|known| identity(&own.parsed(), &known.parsed()).is_some())
            .map(|known| known.name)
            .collect();
        assert_eq!(all, [own.name]);
        let found = identity(&own.parsed(), &own.parsed()).unwrap();
        assert!(found.is_exact, "{}", own.name);
        assert_eq!(other_constants(&found), [], "{}", own.name);
        assert_eq!(distance(&own.parsed(), &own.parsed()), 0.0);
    }
}

#[test]
fn other_constants_are_found_by_name() {
    for known in known::KNOWN {
        for (name, value) in super::identity::constants_read(&known.parsed()) {
            // Some numbers are no settings: a rule with another `one` need not be of the same form.
            if ["zero", "half", "one", "two"].contains(&name.as_str()) {
                continue;
            }
            let changed = known.parsed().with_constant(&name, value * 0.75).unwrap();
            let found = identity(&changed, &known.parsed());
            let found = found.unwrap_or_else(|| panic!("{} with another {name}", known.name));
            assert!(!found.is_exact);
            let others = other_constants(&found);
            assert_eq!(others.len(), 1, "{}: {others:?}", known.name);
            assert_eq!(others[0].0, name, "{}", known.name);
            let relative = others[0].1 / f64::from(value * 0.75) - 1.0;
            assert!(relative.abs() < 1e-3, "{}: {others:?}", known.name);
        }
    }
}

#[test]
fn several_constants_at_once() {
    let adam = program("adam");
    let mut other = adam.clone();
    for (name, value) in [
        ("learning_rate", 0.02),
        ("beta1", 0.85),
        ("beta2", 0.99),
        ("epsilon", 1e-6),
    ] {
        other = other.with_constant(name, value).unwrap();
    }
    let found = other_constants(&identity(&other, &adam).unwrap());
    let expected = [
        ("learning_rate", 0.02),
        ("beta1", 0.85),
        ("beta2", 0.99),
        ("epsilon", 1e-6),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((name, value), (expected_name, expected)) in found.iter().zip(expected) {
        assert_eq!(name, expected_name);
        assert!((value / expected - 1.0).abs() < 1e-3, "{name} {value}");
    }
    // Decay of parameters is no matter of constants.
    assert_eq!(identity(&program("adamw"), &adam), None);
}

#[test]
fn momentum_is_momentum_however_it_is_written() {
    let momentum = program("momentum");
    let bodies = [
        // Other names, operands the other way around, an instruction for nothing.
        "u = sqrt(w)\nn = mul(c, n)\nn = add(g, n)\nt = mul(learning_rate, n)\ndelta = neg(t)",
        // The sign elsewhere.
        "s = neg(learning_rate)\nn = mul(c, n)\nn = sub(n, g)\ndelta = mul(learning_rate, n)",
        // In two products, and by way of a division.
        "m = mul(m, c)\nm = add(m, g)\nt = mul(m, d)\nt = mul(t, learning_rate)\ndelta = neg(t)",
        "t = div(m, c)\nm = add(t, g)\nt = sub(w, m)\nt = sub(t, w)\ndelta = mul(t, learning_rate)",
        // With a share of the gradient.
        "m = lerp(m, g, d)\nt = mul(m, learning_rate)\ndelta = neg(t)",
    ];
    for body in bodies {
        let rewritten = rule(body);
        let found = identity(&rewritten, &momentum);
        assert!(found.is_some_and(|it| !it.is_exact), "{body}");
        assert_eq!(identity(&rewritten, &program("sgd")), None, "{body}");
        assert_eq!(identity(&rewritten, &program("nesterov")), None, "{body}");
    }
    let first = other_constants(&identity(&rule(bodies[0]), &momentum).unwrap());
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["learning_rate", "momentum"]);
    assert!(
        (first[0].1 - 0.05).abs() < 1e-6 && (first[1].1 - 0.8).abs() < 1e-6,
        "{first:?}"
    );
    let product = other_constants(&identity(&rule(bodies[2]), &momentum).unwrap());
    assert!((product[0].1 - 0.015).abs() < 1e-6, "{product:?}");
    // The gradient's share has no counterpart.
    assert_eq!(
        identity(&rule(bodies[4]), &momentum).unwrap().constants,
        None
    );
}

#[test]
fn what_is_not_momentum_is_not_taken_for_it() {
    let momentum = program("momentum");
    for body in [
        "t = mul(g, learning_rate)\ndelta = neg(t)",
        "m = mul(m, c)\nm = add(m, w)\nt = mul(m, learning_rate)\ndelta = neg(t)",
        "m = mul(m, c)\nm = add(m, g)\nt = sign(m)\nt = mul(t, learning_rate)\ndelta = neg(t)",
        // It forgets, and it decays parameters.
        "m = add(m, g)\nm = mul(m, g)\nt = mul(m, learning_rate)\ndelta = neg(t)",
        "m = mul(m, c)\nm = add(m, g)\nt = mul(m, learning_rate)\nu = mul(w, d)\nt = add(t, u)\ndelta = neg(t)",
        // Two states, of which one lags behind.
        "n = mul(m, c)\nm = mul(m, c)\nm = add(m, g)\nt = mul(n, learning_rate)\ndelta = neg(t)",
    ] {
        assert_eq!(identity(&rule(body), &momentum), None, "{body}");
    }
}

/// Cells of state that differ in constants alone must not be exchanged for one.
#[test]
fn one_cell_of_state_is_not_two() {
    let two = rule(
        "m = lerp(m, g, c)\nn = lerp(n, g, d)\nt = sub(m, n)\nt = tanh(t)\ndelta = mul(t, learning_rate)",
    );
    let crossed = rule(
        "m = lerp(m, g, d)\nn = lerp(n, g, c)\nt = sub(n, m)\nt = tanh(t)\ndelta = mul(t, learning_rate)",
    );
    let labels = [&two, &crossed].map(|program| Labels::of(&Skeleton::of(program)).whole);
    assert_eq!(labels[0], labels[1]);
    assert!(identity(&two, &crossed).is_some());
    let squared =
        rule("m = lerp(m, g, c)\nt = max(m, m)\nt = tanh(t)\ndelta = mul(t, learning_rate)");
    assert_eq!(identity(&two, &squared), None);
}

#[test]
fn structures_are_the_nearer_the_more_they_share() {
    let of = |one: &str, other: &str| distance(&program(one), &program(other));
    // Decay of parameters is all that tells these apart.
    assert!(of("adam", "adamw") > 0.0);
    assert!(of("adam", "adamw") < of("adam", "rmsprop"));
    assert!(of("adam", "rmsprop") < of("adam", "muon"));
    assert!(of("momentum", "nesterov") < of("momentum", "adam"));
    assert!(of("momentum", "adam") < 1.0);
    // In both directions alike.
    assert_eq!(of("lion", "adam"), of("adam", "lion"));
}
