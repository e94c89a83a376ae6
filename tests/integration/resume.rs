//! Whatever stops a run, it goes on from there and ends like a run that nothing stopped.

use std::fs;
use std::time::{Duration, Instant};

use mlevolve_tasks::stream;
use rand::RngExt;
use serde_json::Value;

use crate::command::{Ended, Running, mlevolve, run, run_mlevolve, shell};
use crate::run_files::{Outcome, Workplace, log_without_timing};

/// Arguments that begin a small run in a directory.
fn beginning<'a>(config: &'a str, out: &'a str) -> [&'a str; 5] {
    ["evolve", "--config", config, "--out", out]
}

/// A small run that nothing interrupts, in the directory `whole`.
fn uninterrupted(workplace: &Workplace) -> Outcome {
    let (config, out) = (
        workplace.argument("small.toml"),
        workplace.argument("whole"),
    );
    run_mlevolve(&beginning(&config, &out)).succeeded();
    Outcome::of(&workplace.path("whole"))
}

/// Ten moments at which a run of this duration is killed: some while files are first made, the others
/// anywhere in the search or the report.
fn moments_of_death(duration: Duration) -> Vec<Duration> {
    let mut numbers = stream(1, "moments of death", [0, 0]);
    let early = [0, 2, 5, 12].map(Duration::from_millis);
    let late = (0..6).map(|_| duration.mul_f64(0.4 * numbers.random::<f64>()));
    early.into_iter().chain(late).collect()
}

#[test]
fn a_run_killed_ten_times_ends_like_one_that_was_not() {
    let workplace = Workplace::new();
    let start = Instant::now();
    let expected = uninterrupted(&workplace);
    let mut moments = moments_of_death(start.elapsed()).into_iter().peekable();
    // A run that is through before its turn is over makes place for another.
    for number in 0.. {
        let name = format!("killed {number}");
        let (config, out) = (workplace.argument("small.toml"), workplace.argument(&name));
        loop {
            let is_begun = workplace.path(&name).join("config.toml").exists();
            let next = if is_begun {
                mlevolve(["evolve", "--resume", &out])
            } else {
                mlevolve(beginning(&config, &out))
            };
            let ended = match moments.peek() {
                Some(&delay) => Running::start(next).killed_after(delay),
                None => run(next),
            };
            if ended.was_killed() {
                moments.next();
            } else {
                ended.succeeded();
                break;
            }
        }
        assert_eq!(Outcome::of(&workplace.path(&name)), expected);
        if moments.peek().is_none() {
            break;
        }
    }
}

/// A process can die between any two files that it makes.
#[test]
fn a_run_killed_before_its_first_checkpoint_is_not_lost() {
    let workplace = Workplace::new();
    begin(&workplace, "begun");
    let (config, first_log) = ("begun/config.toml", "begun/log.jsonl");
    for files in [&[config][..], &[config, first_log]] {
        let name = format!("{} files", files.len());
        for file in files {
            let target = file.replace("begun", &name);
            workplace.write(&target, workplace.read(file));
        }
        let out = workplace.argument(&name);
        run_mlevolve(&["evolve", "--resume", &out, "--time-limit", "1ms"]).succeeded();
        // The log's first line, which a run begins with.
        let log = log_without_timing(&workplace.path(&name));
        assert_eq!(log[0], workplace.read(first_log).lines().next().unwrap());
    }
}

/// What a process leaves that dies while it writes the very first file.
#[test]
fn a_file_that_was_never_finished_keeps_no_run_from_starting() {
    let workplace = Workplace::new();
    workplace.write("out/.tmpAbCdEf", "[sea");
    begin(&workplace, "out");
}

/// Begins a run and stops it at once, long before its large first generation is through.
fn begin(workplace: &Workplace, name: &str) {
    let (config, out) = (workplace.argument("small.toml"), workplace.argument(name));
    let mut arguments = beginning(&config, &out).to_vec();
    arguments.extend(["--population", "1000", "--time-limit", "1ms"]);
    run_mlevolve(&arguments).succeeded();
    assert!(workplace.path(name).join("checkpoint.json").exists());
}

/// What `stop` says of a run that it goes on with and stops. On a busy machine the run can be through
/// before it is stopped; then the run as it was has another go.
fn stopped(
    workplace: &Workplace,
    name: &str,
    stop: impl Fn(&str) -> Ended,
    is_stopped: impl Fn(&Ended) -> bool,
) -> Ended {
    workplace.copy_run(name, "spare");
    for _ in 0..50 {
        let ended = stop(&workplace.argument(name));
        if is_stopped(&ended) {
            return ended;
        }
        ended.succeeded();
        fs::remove_dir_all(workplace.path(name)).unwrap();
        workplace.copy_run("spare", name);
    }
    panic!("the run in {name} could not be stopped");
}

#[test]
fn a_full_disk_ctrl_c_and_a_time_limit_stop_a_run_without_loss() {
    let workplace = Workplace::new();
    let expected = uninterrupted(&workplace);
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("out"));
    let resume = format!("mlevolve evolve --resume {out}");
    let path = workplace.path("out");

    // No file may grow beyond 4 KiB: enough to begin, but not for a population.
    let arguments = beginning(&config, &out).join(" ");
    let limited = format!("trap '' XFSZ; ulimit -f 8; exec \"$0\" {arguments}");
    let unwritable = format!("cannot write {out}/");
    run(shell(&limited)).refused(&[&unwritable, "File too large", &resume]);
    let again = format!("trap '' XFSZ; ulimit -f 8; exec \"$0\" evolve --resume {out}");
    let before = workplace.snapshot("out");
    run(shell(&again)).refused(&[&unwritable, &resume]);
    let checkpoint = path.join("checkpoint.json");
    let after = workplace.snapshot("out");
    assert_eq!(before[&checkpoint], after[&checkpoint]);
    assert_eq!(before.len(), after.len(), "no temporary file is left");

    let interrupted = |out: &str| {
        let mut resumed = Running::start(mlevolve(["evolve", "--resume", out]));
        resumed.await_line("generation ");
        resumed.signal("INT");
        resumed.end()
    };
    let ended = stopped(&workplace, "out", interrupted, |ended| {
        ended.code() == Some(130)
    });
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains("Interrupted before generation "),
        "{ended:#?}"
    );
    assert!(ended.stderr.ends_with(&format!("{resume}\n")), "{ended:#?}");
    ended.assert_orderly();
    // The best program is there from the first leader on, its figures only at the end.
    assert!(path.join("best.mle").exists());
    assert!(!path.join("result.json").exists() && !path.join("report.txt").exists());

    let log = log_without_timing(&path);
    assert_eq!(
        expected.log[..log.len()],
        log,
        "what is there is as it would be"
    );
    let replayed = run_mlevolve(&["replay", &out]).succeeded();
    assert!(replayed.stdout.contains("bit for bit"), "{replayed:#?}");

    // What a process leaves that dies after the log has grown and before the checkpoint has.
    let grown = workplace.read("out/log.jsonl") + "{\"record\":\"generation\",\"gener";
    workplace.write("out/log.jsonl", grown);
    let limited = |out: &str| run_mlevolve(&["evolve", "--resume", out, "--time-limit", "1ms"]);
    let is_limited = |ended: &Ended| ended.stderr.contains("The time limit ended the run");
    let ended = stopped(&workplace, "out", limited, is_limited).succeeded();
    assert!(ended.stderr.contains(&resume), "{ended:#?}");
    assert_eq!(ended.stdout, workplace.read("out/report.txt"));
    run_mlevolve(&["replay", &out, "--backend", "interp"]).succeeded();

    // What runs the programs may change on the way, for it changes nothing.
    run_mlevolve(&["evolve", "--resume", &out, "--backend", "interp"]).succeeded();
    assert_eq!(Outcome::of(&path), expected);
}

#[test]
fn signals_end_a_run_that_has_only_begun() {
    let workplace = Workplace::new();
    let config = workplace.argument("small.toml");
    for signal in ["INT", "TERM"] {
        let out = workplace.argument(signal);
        let mut arguments = beginning(&config, &out).to_vec();
        arguments.extend(["--population", "1000"]);
        let mut running = Running::start(mlevolve(arguments));
        running.await_line("Searching: ");
        running.signal(signal);
        let ended = running.end();
        assert_eq!(ended.code(), Some(130), "{ended:#?}");
        assert!(
            ended.stderr.contains("Interrupted before generation "),
            "{ended:#?}"
        );
        ended.assert_orderly();
        // It stands at a generation's start, and says so.
        let log = log_without_timing(&workplace.path(signal));
        let record: Value = serde_json::from_str(&log[0]).unwrap();
        assert_eq!(record["record"], "run");
    }
}

#[test]
fn a_finished_run_reports_again_and_replays() {
    let workplace = Workplace::new();
    uninterrupted(&workplace);
    let out = workplace.argument("whole");
    let before = workplace.snapshot("whole");
    assert_eq!(before.len(), 9, "{:?}", before.keys());
    let again = run_mlevolve(&["evolve", "--resume", &out]).succeeded();
    assert_eq!(again.stdout, workplace.read("whole/report.txt"));
    assert_eq!(workplace.snapshot("whole"), before);

    let result: Value = serde_json::from_str(&workplace.read("whole/result.json")).unwrap();
    let best = workplace.argument("whole/best.mle");
    let arguments = ["eval", &best, "--suite", "quick", "--no-tuning", "--json"];
    let evaluated = run_mlevolve(&arguments).succeeded();
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    assert_eq!(evaluated["program"], result["program"]);
    assert_eq!(evaluated["program"], workplace.read("whole/best.mle"));
    for key in ["judgement", "learning_rates", "cost"] {
        let figures = &evaluated["written"][key];
        assert!(!figures.is_null(), "{key}");
        assert_eq!(figures, &result["comparison"]["written"][key], "{key}");
    }
    assert_eq!(evaluated["compared"], result["comparison"]["compared"]);

    for backend in ["jit", "interp"] {
        let replayed = run_mlevolve(&["replay", &out, "--backend", backend]).succeeded();
        assert!(replayed.stdout.contains("bit for bit"), "{replayed:#?}");
        assert!(
            replayed
                .stdout
                .starts_with(result["program"].as_str().unwrap())
        );
    }
    assert_eq!(
        workplace.snapshot("whole"),
        before,
        "a replay writes nothing"
    );
    assert_tampering_is_noticed(&workplace, &result);
}

/// The next number above: the least that a figure can be off by.
fn nudged(figure: &Value) -> Value {
    let figure = figure.as_f64().unwrap();
    let next = figure.next_up();
    assert!(next != figure);
    next.into()
}

/// A figure that is off in its last bit is noticed, and named.
fn assert_tampering_is_noticed(workplace: &Workplace, honest: &Value) {
    let out = workplace.argument("whole");
    for (pointer, figure) in [
        ("/fitness", "fitness"),
        ("/tasks/0/fitness", "diabetes-mlp fitness"),
        ("/tasks/1/final_value", "digits-mlp final value"),
        ("/tasks/1/final_companion", "digits-mlp final companion"),
        ("/tasks/0/convergence_speed", "diabetes-mlp parts"),
        ("/tasks/1/sample_efficiency", "digits-mlp parts"),
    ] {
        let mut result = honest.clone();
        let value = result["comparison"]["written"]["judgement"]
            .pointer_mut(pointer)
            .unwrap();
        *value = nudged(value);
        let recorded = value.to_string();
        workplace.write("whole/result.json", result.to_string());
        let ended = run_mlevolve(&["replay", &out]);
        assert_eq!(ended.code(), Some(1), "{pointer}\n{ended:#?}");
        assert_eq!(ended.stderr, "");
        let start = format!(", as written, {figure}: recorded ");
        let mut lines = ended.stdout.lines().map(str::trim_start);
        let named = lines.any(|line| line.contains(&start) && line.contains(&recorded));
        assert!(named, "{start}{recorded}\n{ended:#?}");
        assert!(!ended.stdout.contains("bit for bit"), "{ended:#?}");
    }
}
