//! Programs as code for elsewhere: the text of one for each target, refusals, and the command. That the code does what the
//! program does, `python/parity/run.sh` checks.

use std::fs;

use mlevolve::export::{Target, export};
use mlevolve::program::known::{self, KNOWN};
use mlevolve::program::{Program, Schema};

use crate::command::{project_file, run_mlevolve};

/// The file of the fixture for each target, and what Adam is as that.
const ADAM: [(&str, &str); 6] = [
    ("torch", "adam_torch.py"),
    ("optax", "adam_optax.py"),
    ("numpy", "adam_numpy.py"),
    ("rust", "adam.rs"),
    ("latex", "adam.tex"),
    ("text", "adam.mle"),
];

fn program(name: &str) -> Program {
    known::find(name).unwrap().program().unwrap()
}

/// A change to what is exported is seen as a change to these files: `mlevolve export adam --to TARGET --output FILE`.
#[test]
fn adam_is_as_its_fixtures_have_it() {
    for (target, file) in ADAM {
        let target: Target = target.parse().unwrap();
        let found = export(&program("adam"), target).unwrap();
        let path = project_file(&format!("tests/fixtures/export/{file}"));
        let expected = fs::read_to_string(&path).unwrap();
        assert_eq!(found, expected, "{path} is not what is exported");
    }
    let names: Vec<&str> = ADAM.iter().map(|(name, _)| *name).collect();
    let targets: Vec<&str> = Target::all().map(Target::name).collect();
    assert_eq!(names, targets);
}

#[test]
fn every_known_program_is_exported_to_every_target_that_takes_it() {
    for known in KNOWN {
        let program = known.program().unwrap();
        for target in Target::all() {
            let exported = export(&program, target);
            let is_refused = known.schema == Schema::Learner && target == Target::Optax;
            assert_eq!(exported.is_err(), is_refused, "{} to {target}", known.name);
            let Ok(text) = exported else { continue };
            // Constants are there with their values, and what is called by its number is not a setting.
            assert!(text.contains(program.name()) || target == Target::Latex);
            assert!(
                !text.contains("one: float"),
                "{} to {target}\n{text}",
                known.name
            );
            // Nothing is left of a template.
            for place in ["{a}", "{b}", "{c}"] {
                assert!(
                    !text.contains(place),
                    "{} to {target} has {place}",
                    known.name
                );
            }
        }
    }
}

#[test]
fn words_that_a_language_has_taken_are_no_names() {
    let text = "program lambda\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
        constant learning_rate = 0.1\nconstant lambda = 0.5\nstate torch tensor\noutput delta tensor\nupdate:\n\
        torch = lerp(torch, g, lambda)\ndelta = mul(torch, learning_rate)";
    let program = Program::parse(text).unwrap();
    let torch = export(&program, Target::Torch).unwrap();
    assert!(
        torch.contains("torch_ = torch_ + lambda_ * (g - torch_)"),
        "{torch}"
    );
    let rust = export(&program, Target::Rust).unwrap();
    assert!(
        rust.contains("let torch = torch + lambda * (g - torch);"),
        "{rust}"
    );
}

#[test]
fn a_state_that_becomes_a_scalar_has_the_extents_of_its_parameter() {
    // The norm is of a matrix, so the rule has rows and columns; the state is read before it is the same everywhere.
    let text = "program flat\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
        constant learning_rate = 0.1\nstate m tensor\nscratch s scalar\noutput delta tensor\nupdate:\n\
        s = norm(m)\ndelta = mul(g, s)\nm = mul(step, learning_rate)";
    let program = Program::parse(text).unwrap();
    for target in [Target::Torch, Target::Numpy] {
        let text = export(&program, target).unwrap();
        let named = text.find("rows, columns = g.shape");
        let used = text.rfind("(rows, columns)");
        assert!(named.is_some() && named < used, "{text}");
    }
}

#[test]
fn a_value_that_is_still_spoken_of_keeps_its_name() {
    // The old m is read after the new one is there.
    let text = "program old\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
        constant learning_rate = 0.1\nstate m tensor\nstate n tensor\nscratch t tensor\noutput delta tensor\nupdate:\n\
        t = square(m)\nm = add(m, g)\nn = mul(n, m)\nn = add(n, t)\nt = add(t, m)\ndelta = mul(t, n)";
    let torch = export(&Program::parse(text).unwrap(), Target::Torch).unwrap();
    let lines: Vec<&str> = torch.lines().map(str::trim).collect();
    let at = |line: &str| {
        let place = lines.iter().position(|found| *found == line);
        place.unwrap_or_else(|| panic!("`{line}` is missing:\n{torch}"))
    };
    assert!(at("t = torch.square(m)") < at("m = m + g"));
    assert!(at("m = m + g") < at("n = n * m + t"));
}

#[test]
fn the_command_writes_what_the_library_gives_and_refuses_with_what_would_do() {
    let printed = run_mlevolve(&["export", "lion", "--to", "numpy"])
        .succeeded()
        .stdout;
    assert_eq!(printed, export(&program("lion"), Target::Numpy).unwrap());

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lion.py");
    let file = file.to_str().unwrap();
    run_mlevolve(&["export", "lion", "--to", "torch", "--output", file]).succeeded();
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        export(&program("lion"), Target::Torch).unwrap()
    );

    // A run's directory stands for its best program.
    let run = directory.path().to_str().unwrap();
    run_mlevolve(&["export", run, "--to", "text"]).refused(&["no best program", "best.mle"]);
    fs::write(
        directory.path().join("best.mle"),
        program("sgd").to_string(),
    )
    .unwrap();
    let best = run_mlevolve(&["export", run, "--to", "text"])
        .succeeded()
        .stdout;
    assert_eq!(best, program("sgd").pruned().to_string());

    run_mlevolve(&["export", "linear_regression", "--to", "optax"]).refused(&[
        "learner is neither",
        "`torch`",
        "`numpy`",
        "`rust`",
    ]);
    run_mlevolve(&["export", "adam", "--to", "keras"]).refused(&["keras", "`torch`", "`optax`"]);
    run_mlevolve(&["export", "adma", "--to", "torch"]).refused(&["adma", "adam"]);
    run_mlevolve(&[
        "export",
        "adam",
        "--to",
        "torch",
        "--output",
        "/nowhere/adam.py",
    ])
    .refused(&["/nowhere/adam.py"]);
}
