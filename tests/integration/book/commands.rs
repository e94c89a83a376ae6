//! What can be told of a command without running it: that there is such a thing, and that it takes these arguments.

use std::path::Path;

use crate::command::run_mlevolve;

/// Asserts that a line of shell names what there is.
///
/// # Panics
/// If a program is unknown, a file of the project is not there, or `mlevolve` does not take the arguments.
pub(super) fn assert_understood(line: &str, place: &str) {
    for part in line.split("&&") {
        let code = part.split(" #").next().unwrap_or_default();
        let words = shlex::split(code).unwrap_or_else(|| panic!("{place}: quotes of `{line}`"));
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Before the command's name come variables.
        while words.first().is_some_and(|word| is_variable(word)) {
            words.remove(0);
        }
        // What goes on after a pipe or into a file is the shell's.
        if let Some(end) = words
            .iter()
            .position(|word| matches!(*word, "|" | ">" | ">>"))
        {
            words.truncate(end);
        }
        match words.split_first() {
            None => {}
            Some((&"mlevolve", arguments)) => assert_taken(arguments, place),
            Some((&"cargo", arguments)) => assert_cargo(arguments, place),
            Some((&"git", arguments)) => assert_eq!(arguments.first(), Some(&"clone"), "{place}"),
            Some((&("cd" | "man" | "python" | "python3"), _)) => {}
            Some((program, _)) => {
                assert!(
                    program.contains('/') && project(program).exists() || program.starts_with('/'),
                    "{place}: no test knows `{program}`"
                );
            }
        }
    }
}

fn is_variable(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

/// With `--help` a command reads all of its arguments, and does nothing.
fn assert_taken(arguments: &[&str], place: &str) {
    let helped = [arguments, &["--help"]].concat();
    let ended = run_mlevolve(&helped);
    assert_eq!(
        ended.code(),
        Some(0),
        "{place}: {arguments:?}\n{}",
        ended.stderr
    );
}

/// What `cargo` is asked to run is in the project.
fn assert_cargo(arguments: &[&str], place: &str) {
    let chooses = ["--example", "--bin"];
    if let Some(end) = arguments.iter().position(|&word| word == "--")
        && arguments[0] == "run"
        && !arguments.iter().any(|word| chooses.contains(word))
    {
        assert_taken(&arguments[end + 1..], place);
    }
    let known = [
        "bench", "build", "doc", "fuzz", "install", "nextest", "run", "test",
    ];
    assert!(known.contains(&arguments[0]), "{place}: {arguments:?}");
    for pair in arguments.windows(2) {
        let crates = ["", "ir/", "tasks/", "product/", "rivals/"];
        let exists = |names: &[String]| {
            let mut names = crates
                .iter()
                .flat_map(|folder| names.iter().map(move |name| format!("{folder}{name}")));
            names.any(|name| project(&name).exists())
        };
        let is_there = match *pair {
            ["--bench", name] => exists(&[
                format!("benches/{name}.rs"),
                format!("benches/{name}/main.rs"),
            ]),
            ["--example", name] => exists(&[
                format!("examples/{name}.rs"),
                format!("examples/{name}/main.rs"),
            ]),
            ["--manifest-path", path] => project(path).exists(),
            ["-p" | "--package", name] => {
                let folder = name
                    .trim_start_matches("mlevolve-")
                    .trim_start_matches("mlevolve");
                project(folder).join("Cargo.toml").exists()
            }
            _ => true,
        };
        assert!(is_there, "{place}: {pair:?} is not in the project");
    }
}

fn project(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
