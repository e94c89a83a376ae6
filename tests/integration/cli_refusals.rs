//! What users get wrong, and what their machines do to them: each is refused with exit code 2, a
//! message that says where and what, nothing on standard output, and no file changed.

use std::fs;

use mlevolve::run::RUN_FORMAT;

use crate::command::{Running, mlevolve, project_file, run, run_mlevolve, shell};
use crate::run_files::Workplace;

const HEAD: &str = "program bad\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
    constant learning_rate = 0.1\noutput delta tensor\nscratch s scalar\nupdate:\n";

/// A workplace with a run in `run` that stopped before its first generation.
fn with_a_run() -> Workplace {
    let workplace = Workplace::new();
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("run"));
    let mut arguments = vec!["evolve", "--config", &config, "--out", &out];
    // So many that it stops long before they are through.
    arguments.extend(["--population", "1000", "--time-limit", "1ms"]);
    run_mlevolve(&arguments).succeeded();
    workplace
}

/// Asserts that a command is refused with all of `expected`, and changes no file of the workplace.
#[track_caller]
fn assert_refused(workplace: &Workplace, arguments: &[&str], expected: &[&str]) {
    let before = workplace.snapshot("");
    run_mlevolve(arguments).refused(expected);
    assert_eq!(
        workplace.snapshot(""),
        before,
        "{arguments:?} changes files"
    );
}

/// Asserts that neither `evolve --resume` nor `replay` takes the run.
#[track_caller]
fn assert_run_refused(workplace: &Workplace, expected: &[&str]) {
    let run = workplace.argument("run");
    assert_refused(workplace, &["evolve", "--resume", &run], expected);
    assert_refused(workplace, &["replay", &run], expected);
}

#[test]
fn programs_that_are_none() {
    let workplace = Workplace::new();
    workplace.write(
        "type.mle",
        format!("{HEAD}  delta = mul(g, learning_rate)\n  s = sum(s)\n"),
    );
    workplace.write(
        "op.mle",
        format!("{HEAD}  delta = mull(g, learning_rate)\n"),
    );
    workplace.write(
        "cell.mle",
        format!("{HEAD}  delta = mul(g, learning_rat)\n"),
    );
    workplace.write("shape.mle", format!("{HEAD}  s = mul(g, learning_rate)\n"));
    workplace.write("constant.mle", HEAD.replace("0.1", "-0.1"));
    workplace.write(
        "binary.mle",
        [b"program p\n\xff\xfe".as_slice(), &[0; 40]].concat(),
    );
    workplace.write("long.mle", "#\n".repeat(100_000));
    workplace.write("empty.mle", "");
    let cases: [(&str, &[&str]); 9] = [
        (
            "type.mle",
            &[
                ":11:11: `s` does not fit: operand 1 of `sum` must be a tensor or another matrix, the same for all operands, not a scalar\n  s = sum(s)\n          ^\n",
            ],
        ),
        (
            "op.mle",
            &[
                ":10:11: there is no op `mull`; ",
                "`mul`",
                "\n  delta = mull(g, learning_rate)\n          ^\n",
            ],
        ),
        (
            "cell.mle",
            &[
                ":10:18: there is no cell `learning_rat`; ",
                "`learning_rate`",
            ],
        ),
        (
            "shape.mle",
            &[":10:", "`s`", "\n  s = mul(g, learning_rate)\n"],
        ),
        ("constant.mle", &[":6:", "learning_rate"]),
        ("binary.mle", &[":2: program files are UTF-8 text"]),
        ("long.mle", &["131072 bytes"]),
        ("empty.mle", &[":1:1: expected `program`"]),
        ("missing.mle", &["No such file", "or one of sgd, "]),
    ];
    for (file, expected) in cases {
        let path = workplace.argument(file);
        for command in ["eval", "show"] {
            let place = [&[path.as_str()], expected].concat();
            assert_refused(&workplace, &[command, &path], &place);
        }
    }
    let directory = workplace.argument("");
    assert_refused(
        &workplace,
        &["eval", &directory],
        &[&directory, "directory"],
    );
    assert_refused(
        &workplace,
        &["show", "adm"],
        &["adm", "No such file", "adam"],
    );
}

#[test]
fn options_that_make_no_sense() {
    let workplace = Workplace::new();
    let out = workplace.argument("out");
    let cases: [(&[&str], &[&str]); 17] = [
        (
            &["evolve", "--population", "0"],
            &["population must be from 2 to 1000000, not 0"],
        ),
        (
            &["evolve", "--population", "99999999"],
            &["population must be from 2"],
        ),
        (
            &["evolve", "--population", "many"],
            &["'many'", "--population"],
        ),
        (
            &["evolve", "--threads", "0"],
            &["--threads must be from 1 to 1024, not 0"],
        ),
        (
            &["evolve", "--threads", "100000"],
            &["--threads must be from 1 to 1024"],
        ),
        (
            &["evolve", "--backend", "gpu"],
            &["there is no back end `gpu`, only `auto`, `interp`, `jit-quick`, `jit`"],
        ),
        (
            &["evolve", "--time-limit", "soon"],
            &["'soon'", "--time-limit"],
        ),
        (&["evolve", "--seed=-1"], &["'-1'", "--seed"]),
        (&["evolve", "--sede", "1"], &["--sede", "--seed"]),
        (
            &["evolve", "--resume", "x", "--out", "y"],
            &["--resume", "--out"],
        ),
        (
            &["eval", "adam", "--suite", "x"],
            &["there is no suite or task `x`; suites are `default`, `quick`"],
        ),
        (
            &["eval", "adam", "--threads", "0"],
            &["--threads must be from 1"],
        ),
        (
            &["eval", "adam", "--backend", "gpu"],
            &["there is no back end `gpu`"],
        ),
        (
            &["completions", "tcsh"],
            &["tcsh", "bash", "zsh", "fish", "elvish", "powershell"],
        ),
        (&["evole"], &["evole", "evolve"]),
        (&["eval"], &["<PROGRAM>"]),
        (&["show", "adam", "lion"], &["lion"]),
    ];
    for (arguments, expected) in cases {
        let is_evolve = arguments[0] == "evolve" && !arguments.contains(&"--out");
        let further: &[&str] = if is_evolve { &["--out", &out] } else { &[] };
        assert_refused(&workplace, &[arguments, further].concat(), expected);
    }
    let nowhere = workplace.argument("no/such/directory/table.json");
    let arguments = ["baselines", "--threads", "0", "--write", &nowhere];
    assert_refused(&workplace, &arguments, &["--threads"]);
}

#[test]
fn ops_that_have_no_error_to_measure() {
    run_mlevolve(&["ulp", "exponential"]).refused(&["no op `exponential`", "mlevolve ops"]);
    run_mlevolve(&["ulp", "exp", "add"]).refused(&["`add`", "exactly rounded"]);
    run_mlevolve(&["ulp", "sum"]).refused(&["`sum`"]);
    run_mlevolve(&["ulp", "exp", "--stride", "0"]).refused(&["--stride"]);
}

#[test]
fn configurations_that_make_no_sense() {
    let workplace = Workplace::new();
    let out = workplace.argument("out");
    let cases: [(&str, &[&str]); 9] = [
        (
            "[search]\nsede = 1\n",
            &["line 2, column 1", "unknown field `sede`", "`seed`"],
        ),
        (
            "[search]\nseed = 'x'\n",
            &["line 2, column 8", "invalid type"],
        ),
        (
            "[search]\nseed = 1\nhurdle = true\n",
            &["line 3, column 10"],
        ),
        (
            "[serach]\nseed = 1\n",
            &["line 1", "unknown field `serach`"],
        ),
        ("[search\n", &["line 1"]),
        (
            "[search]\nsuite = 'x'\n",
            &["suite: there is no suite or task `x`; suites are `default`, `quick`"],
        ),
        (
            "[search]\nbackend = 'gpu'\n",
            &["line 2, column 11", "there is no back end `gpu`"],
        ),
        (
            "[search.fitness]\nfinal_quality = nan\n",
            &["weights must be finite"],
        ),
        (
            "format = 99\n[serach]\n",
            &["has format 99", "newer mlevolve"],
        ),
    ];
    for (text, expected) in cases {
        workplace.write("config.toml", text);
        let config = workplace.argument("config.toml");
        let expected = [&[config.as_str()], expected].concat();
        let arguments = ["evolve", "--config", &config, "--out", &out];
        assert_refused(&workplace, &arguments, &expected);
    }
    workplace.write("config.toml", [0xff, 0xfe]);
    for config in ["config.toml", "missing.toml", ""] {
        let config = workplace.argument(config);
        let arguments = ["evolve", "--config", &config, "--out", &out];
        assert_refused(&workplace, &arguments, &["cannot read", &config]);
    }
}

#[test]
fn directories_that_cannot_hold_a_new_run() {
    let workplace = Workplace::new();
    workplace.write("full/thesis.tex", "important");
    let config = workplace.argument("small.toml");
    let below_a_file = workplace.argument("small.toml/run");
    let full = workplace.argument("full");
    let cases: [(&str, &[&str]); 4] = [
        (&full, &["is not empty", "--resume", "--out"]),
        (&below_a_file, &["cannot write", "Not a directory"]),
        (&config, &["cannot", "small.toml"]),
        // Root may write almost anywhere, but not there.
        ("/proc/mlevolve", &["cannot write /proc/mlevolve"]),
    ];
    for (out, expected) in cases {
        let arguments = ["evolve", "--config", &config, "--out", out];
        assert_refused(&workplace, &arguments, expected);
    }
}

#[test]
fn a_full_disk_at_the_very_start() {
    let workplace = Workplace::new();
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("out"));
    let begin = format!("evolve --config {config} --out {out} --time-limit 1ms");
    let limited = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {begin}");
    run(shell(&limited)).refused(&["cannot write", &out, "File too large"]);
    // Once there is room, the same command works.
    run(shell(&format!("exec \"$0\" {begin}"))).succeeded();
}

#[test]
fn directories_without_a_run() {
    let workplace = Workplace::new();
    workplace.write("other/notes.txt", "no run");
    let other = workplace.argument("other");
    let missing = workplace.argument("missing");
    let file = workplace.argument("small.toml");
    for command in [&["evolve", "--resume"][..], &["replay"], &["lineage"]] {
        let refused = |path: &str, expected: &[&str]| {
            let arguments = [command, &[path]].concat();
            assert_refused(&workplace, &arguments, expected);
        };
        refused(
            &other,
            &[&other, "is no run directory: it has no config.toml"],
        );
        refused(&missing, &["cannot read", &missing, "No such file"]);
        refused(&file, &["cannot read", &file]);
    }
    let workplace = with_a_run();
    let run = workplace.argument("run");
    for command in ["replay", "lineage"] {
        let expected = [&run, "no candidate has trained"];
        assert_refused(&workplace, &[command, &run], &expected);
    }
}

#[test]
fn checkpoints_that_are_damaged() {
    let workplace = with_a_run();
    let file = workplace.argument("run/checkpoint.json");
    let whole = fs::read(&file).unwrap();
    let body = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let advice = "mlevolve evolve --config";

    let mut flipped = whole.clone();
    flipped[body + 100] ^= 1;
    let mut digit = whole.clone();
    let place = whole
        .windows(7)
        .position(|part| part == b"\"seed\":")
        .unwrap()
        + 7;
    digit[place] = b'5';
    let mut header = whole.clone();
    header[0] = b'[';
    let damaged = [
        ("cut in its second line", whole[..whole.len() - 10].to_vec()),
        ("cut in its first line", whole[..body / 2].to_vec()),
        ("cut between its lines", whole[..body].to_vec()),
        ("empty", Vec::new()),
        ("a bit flipped", flipped),
        ("a digit changed", digit),
        ("a header that is none", header),
        ("grown", [whole.as_slice(), b"{}\n"].concat()),
        ("zeros", vec![0; whole.len()]),
    ];
    for (what, content) in damaged {
        assert_ne!(content, whole, "{what}");
        workplace.write("run/checkpoint.json", content);
        assert_run_refused(&workplace, &[&file, "is damaged: ", advice]);
    }
    workplace.write("run/checkpoint.json", &whole);

    let log = workplace.read("run/log.jsonl");
    workplace.write("run/log.jsonl", &log[..log.len() / 2]);
    let run = workplace.argument("run");
    let resume = ["evolve", "--resume", &run];
    assert_refused(&workplace, &resume, &["log.jsonl", "fewer than"]);
    fs::remove_file(workplace.path("run/log.jsonl")).unwrap();
    assert_refused(&workplace, &resume, &["log.jsonl"]);
    workplace.write("run/log.jsonl", log);
    // Nothing of all that has done any harm.
    run_mlevolve(&[&resume[..], &["--time-limit", "1ms"]].concat()).succeeded();
}

#[test]
fn runs_of_a_newer_version() {
    let workplace = with_a_run();
    let (config, checkpoint) = ("run/config.toml", "run/checkpoint.json");
    let newer = "newer mlevolve";

    let old = workplace.read(config);
    let (found, next) = (RUN_FORMAT, RUN_FORMAT + 1);
    let has_next = format!("has format {next}");
    let own = format!("format = {found}");
    assert!(old.contains(&own));
    workplace.write(
        config,
        old.replace(&own, &format!("format = {next}\nflavour = 'x'")),
    );
    assert_run_refused(&workplace, &[&workplace.argument(config), &has_next, newer]);
    workplace.write(config, old);

    let old = workplace.read(checkpoint);
    let own = format!("\"format\":{found}");
    assert!(old.starts_with(&format!("{{{own},")));
    workplace.write(checkpoint, old.replacen(&own, "\"format\":2", 1));
    let file = workplace.argument(checkpoint);
    assert_run_refused(&workplace, &[&file, "has format 2", "start a new run"]);
    workplace.write(
        checkpoint,
        format!("{{\"format\":{next},\"flavour\":\"x\"}}\n{{\"all\":\"else\"}}\n"),
    );
    let file = workplace.argument(checkpoint);
    assert_run_refused(&workplace, &[&file, &has_next, newer]);
    workplace.write(checkpoint, old);

    workplace.write("run/result.json", format!("{{\"format\":{next}}}"));
    let (run, file) = (
        workplace.argument("run"),
        workplace.argument("run/result.json"),
    );
    assert_refused(&workplace, &["replay", &run], &[&file, &has_next, newer]);
    workplace.write("run/result.json", "{\"format\":1,\"seed\":");
    assert_refused(&workplace, &["replay", &run], &[&file, "damaged"]);
}

#[test]
fn resumed_runs_with_changed_settings() {
    let workplace = with_a_run();
    let run = workplace.argument("run");
    let settings = workplace.argument("run/config.toml");
    for (option, value, difference) in [
        ("--seed", "5", "search.seed is now 5 instead of 4"),
        (
            "--generations",
            "11",
            "search.generations is now 11 instead of 10",
        ),
        ("--population", "17", "search."),
    ] {
        let arguments = ["evolve", "--resume", &run, option, value];
        assert_refused(
            &workplace,
            &arguments,
            &[&settings, difference, "--out NEW"],
        );
    }
    let other = workplace
        .read("small.toml")
        .replace("seeds = 1", "seeds = 2");
    workplace.write("other.toml", other);
    let other = workplace.argument("other.toml");
    let arguments = ["evolve", "--resume", &run, "--config", &other];
    assert_refused(&workplace, &arguments, &["seeds is now 2 instead of 1"]);

    let edited = workplace
        .read("run/config.toml")
        .replace("hurdle = 0.3", "hurdle = 0.4");
    workplace.write("run/config.toml", edited);
    let expected = [settings.as_str(), "search.hurdle is now 0.4 instead of 0.3"];
    assert_refused(&workplace, &["evolve", "--resume", &run], &expected);
}

#[test]
fn two_processes_on_one_directory() {
    let workplace = Workplace::new();
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("run"));
    let begin = ["evolve", "--config", &config, "--out", &out];
    // It is not through before it is stopped.
    let endless = [&begin[..], &["--generations", "1000000"]].concat();
    let mut first = Running::start(mlevolve(endless));
    first.await_line("Searching: ");
    let message = [out.as_str(), "another process is running"];
    run_mlevolve(&["evolve", "--resume", &out]).refused(&message);
    run_mlevolve(&["replay", &out]).refused(&message);
    run_mlevolve(&begin).refused(&["is not empty"]);
    assert!(first.is_running(), "the first one is not disturbed");
    first.signal("INT");
    let ended = first.end();
    assert_eq!(ended.code(), Some(130), "{ended:#?}");
    // Then the directory is free again.
    run_mlevolve(&["evolve", "--resume", &out, "--time-limit", "1ms"]).succeeded();
}

#[test]
fn output_that_has_no_room() {
    for script in [
        "exec \"$0\" tasks >/dev/full".to_owned(),
        format!(
            "exec \"$0\" show {} >/dev/full",
            project_file("programs/adam.mle")
        ),
    ] {
        run(shell(&script)).refused(&["No space left"]);
    }
}
