//! Every command does what its help says, for people and for pipes.

use mlevolve::program::Program;
use mlevolve_ir::Function;
use mlevolve_ir::ops::vocabulary::Vocabulary;
use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_tasks::{Sources, Suite, TASKS, TaskEntry, bundled_tasks};
use serde_json::Value;

use crate::command::{project_file, run, run_mlevolve, shell};
use crate::run_files::Workplace;

/// The commands that the help lists.
pub(crate) fn commands() -> Vec<String> {
    let help = run_mlevolve(&["--help"]).succeeded().stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.map_while(|line| line.split_whitespace().next().map(str::to_owned));
    names.collect()
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands = commands();
    for expected in [
        "evolve",
        "replay",
        "front",
        "lineage",
        "explain",
        "eval",
        "show",
        "ops",
        "tasks",
        "ulp",
        "baselines",
        "bench",
        "completions",
        "man",
    ] {
        assert!(
            commands.iter().any(|command| command == expected),
            "{commands:?}"
        );
    }
    for command in commands.iter().filter(|command| *command != "help") {
        for arguments in [[command, "--help"], ["help", command]] {
            let ended = run_mlevolve(&arguments).succeeded();
            let example = format!("  mlevolve {command}");
            assert!(ended.stdout.contains("Example"), "{ended:#?}");
            assert!(ended.stdout.contains(&example), "{ended:#?}");
            assert_eq!(ended.stderr, "");
        }
    }
    let version = run_mlevolve(&["--version"]).succeeded().stdout;
    assert_eq!(version, format!("mlevolve {}\n", env!("CARGO_PKG_VERSION")));
    let nothing = run_mlevolve(&[]);
    assert_eq!((nothing.code(), nothing.stdout.as_str()), (Some(2), ""));
    assert!(nothing.stderr.contains("mlevolve evolve"), "{nothing:#?}");
}

#[test]
fn tasks_lists_tasks_and_suites() {
    let text = run_mlevolve(&["tasks"]).succeeded().stdout;
    let json: Value =
        serde_json::from_str(&run_mlevolve(&["tasks", "--json"]).succeeded().stdout).unwrap();
    let names = |list: &Value| -> Vec<String> {
        let names = list
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    let known: Vec<_> = TASKS.iter().map(TaskEntry::name).collect();
    assert_eq!(names(&json["tasks"]), known);
    assert_eq!(names(&json["suites"]), Suite::names().collect::<Vec<_>>());
    for name in known.into_iter().chain(Suite::names()) {
        assert!(text.contains(name), "{name}");
    }
    for task in json["tasks"].as_array().unwrap() {
        if let Some(reason) = task.get("not_ready") {
            assert!(reason.as_str().unwrap().contains("--"), "{task:#}");
            continue;
        }
        for count in ["parameters", "budget_steps", "step_examples", "step_flops"] {
            assert!(task[count].as_u64().unwrap() > 0, "{task:#}");
        }
    }
}

#[test]
fn ops_lists_every_op_on_a_line_under_its_kind() {
    let text = run_mlevolve(&["ops"]).succeeded().stdout;
    let (headings, rows): (Vec<_>, Vec<_>) = text
        .lines()
        .filter(|line| !line.is_empty())
        .partition(|line| !line.starts_with(' '));
    let kinds = headings.iter().map(|line| line.split(':').next().unwrap());
    assert!(
        kinds.eq(["Elementwise", "Reductions", "Matrix ops", "Composite"]),
        "{text}"
    );
    let names = rows
        .iter()
        .map(|line| line.trim_start().split('(').next().unwrap());
    let names = names.filter(|name| !name.starts_with("op "));
    assert!(names.eq(Op::all().map(Op::mnemonic)), "{text}");
    for line in rows {
        assert!(line.chars().count() <= 160, "{line}");
    }
}

#[test]
fn ops_of_an_earlier_search_are_listed_with_what_they_are_here() {
    for vocabulary in Vocabulary::ALL {
        let text = run_mlevolve(&["ops", "--of", vocabulary.keyword])
            .succeeded()
            .stdout;
        assert!(text.starts_with(vocabulary.title), "{text}");
        let rows: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with(' ') && !line.starts_with("  there "))
            .collect();
        assert_eq!(rows.len(), vocabulary.functions().count());
        for (line, function) in rows.iter().zip(vocabulary.functions()) {
            for part in [function.name, function.expression, function.note] {
                assert!(line.contains(part), "{line}");
            }
        }
    }
    let other = run_mlevolve(&["ops", "--of", "gplearn"]);
    assert_eq!(other.code(), Some(2));
    assert!(
        other.stderr.contains("lion") && other.stderr.contains("automl-zero"),
        "{other:#?}"
    );
}

#[test]
fn ulp_holds_errors_against_their_bounds() {
    let text = run_mlevolve(&["ulp", "--stride", "1000003"])
        .succeeded()
        .stdout;
    let lines: Vec<Vec<_>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let bounded = ElementwiseOp::ALL
        .iter()
        .filter_map(|op| op.error_bound_ulp());
    assert_eq!(lines.len(), 1 + bounded.count());
    for line in &lines[1..] {
        let [bound, greatest] = [1, 2].map(|column| line[column].parse::<f64>().unwrap());
        assert!(greatest > 0.0 && greatest <= bound, "{line:?}");
    }
    let text = run_mlevolve(&["ulp", "tanh", "--stride", "1000003", "--threads", "1"])
        .succeeded()
        .stdout;
    let tanh = lines.iter().find(|line| line[0] == "tanh").unwrap();
    let again: Vec<_> = text.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(&again, tanh);
}

#[test]
fn baselines_shows_the_table() {
    let text = run_mlevolve(&["baselines"]).succeeded().stdout;
    let tasks: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    let bundled = bundled_tasks().map(|task| task.description().name);
    assert_eq!(tasks, bundled.collect::<Vec<_>>());
    assert_eq!(text.matches("adamw").count(), tasks.len());
}

#[test]
fn eval_gives_the_same_figures_on_both_back_ends() {
    let arguments = [
        "eval",
        "adam",
        "--suite",
        "quick",
        "--no-tuning",
        "--json",
        "--backend",
    ];
    let [interpreted, native] = ["interp", "jit"]
        .map(|backend| run_mlevolve(&[&arguments[..], &[backend]].concat()).succeeded());
    assert_eq!(interpreted.stderr, "");
    assert_eq!(interpreted.stdout, native.stdout);
    let evaluation: Value = serde_json::from_str(&native.stdout).unwrap();
    assert_eq!(evaluation["tuned"], Value::Null);
    let tasks = evaluation["written"]["judgement"]["tasks"]
        .as_array()
        .unwrap();
    let named = tasks.iter().map(|task| task["task"].as_str().unwrap());
    let suite = Suite::named("quick", &Sources::default()).unwrap();
    let expected = suite.tasks().iter().map(|task| task.description().name);
    assert!(named.eq(expected));
    // As it is written, its learning rate is too small for these budgets.
    let fitness = evaluation["written"]["judgement"]["fitness"]
        .as_f64()
        .unwrap();
    assert!(fitness > 0.1 && fitness < 0.95, "{fitness}");
}

#[test]
fn adam_learns_the_digits_with_a_tuned_rate() {
    let program = project_file("programs/adam.mle");
    let ended = run_mlevolve(&["eval", &program, "--suite", "quick", "--json"]).succeeded();
    let evaluation: Value = serde_json::from_str(&ended.stdout).unwrap();
    let tasks = evaluation["tuned"]["judgement"]["tasks"]
        .as_array()
        .unwrap();
    let mut digits = tasks.iter().filter(|task| task["task"] == "digits-mlp");
    let accuracy = digits.next().unwrap()["final_companion"].as_f64().unwrap();
    assert!((0.95..=1.0).contains(&accuracy), "{accuracy}");
    // It is tuned by the protocol by which the table's Adam was, so the figures are the same.
    let compared = evaluation["compared"].as_array().unwrap();
    let known = compared.iter().find(|rule| rule["name"] == "adam").unwrap();
    assert_eq!(evaluation["tuned"]["judgement"], known["judgement"]);
    assert_eq!(
        evaluation["tuned"]["learning_rates"],
        known["learning_rates"]
    );
}

#[test]
fn eval_prints_tables_for_people() {
    let arguments = [
        "eval",
        "sgd",
        "--suite",
        "quick",
        "--no-tuning",
        "--threads",
        "2",
    ];
    let text = run_mlevolve(&arguments).succeeded().stdout;
    for part in [
        "diabetes-mlp",
        "digits-mlp",
        "sgd, as written",
        "adamw",
        "FLOPs",
        "rate",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 120),
        "{text}"
    );
}

/// What `show` prints of Adam with one flag.
fn shown(flag: &str) -> String {
    let program = project_file("programs/adam.mle");
    let ended = run_mlevolve(&["show", &program, flag]).succeeded();
    assert_eq!(ended.stderr, "");
    ended.stdout
}

#[test]
fn show_prints_single_sections_bare() {
    let file = std::fs::read_to_string(project_file("programs/adam.mle")).unwrap();
    assert_eq!(shown("--text"), file);
    // Nothing can be pruned.
    assert_eq!(shown("--pruned"), file);

    let read =
        |text: String| Function::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (lowered, optimised) = (read(shown("--ssa")), read(shown("--optimised")));
    assert_eq!(mlevolve_ir::passes::optimise(&lowered), optimised);
    assert_eq!(read(shown("--optimized")), optimised);

    let cranelift = shown("--cranelift");
    assert!(cranelift.starts_with("function "), "{cranelift}");
    assert!(cranelift.contains("f32x4"), "{cranelift}");
    let native = shown("--asm");
    assert!(native.lines().count() > 20, "{native}");
    assert!(!native.contains("f32x4"), "{native}");

    let cost = shown("--cost");
    let expected = optimised.cost();
    assert!(cost.contains(&format!("{expected} FLOPs")), "{cost}");
    let hash = mlevolve::lowering::CanonicalHash::of(&Program::parse(&file).unwrap());
    assert!(cost.contains(&hash.to_string()), "{cost}");
}

#[test]
fn show_titles_several_sections() {
    let program = project_file("programs/lion.mle");
    let text = run_mlevolve(&["show", &program]).succeeded().stdout;
    for title in ["# program\n", "# ssa, after passes\n", "# cost\n"] {
        assert!(text.contains(title), "{title}\n{text}");
    }
    let known = run_mlevolve(&["show", "lion"]).succeeded().stdout;
    assert_eq!(text, known);
}

#[test]
fn a_file_goes_before_a_known_program_of_its_name() {
    let workplace = Workplace::new();
    let sgd = std::fs::read_to_string(project_file("programs/sgd.mle")).unwrap();
    workplace.write("adam", sgd.replace("program sgd", "program mine"));
    let script = format!(
        "cd {} && exec \"$0\" show adam --text",
        workplace.argument("")
    );
    let text = run(shell(&script)).succeeded().stdout;
    assert!(text.contains("program mine"), "{text}");
}

#[test]
fn completions_know_every_command() {
    let commands = commands();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run_mlevolve(&["completions", shell]).succeeded();
        assert_eq!(ended.stderr, "");
        for command in &commands {
            assert!(
                ended.stdout.contains(command.as_str()),
                "{shell}: {command}"
            );
        }
        assert!(ended.stdout.contains("time-limit"), "{shell}");
    }
}

/// A page for each command, which has its options and examples, and one for all.
#[test]
fn man_writes_a_page_for_each_command() {
    let workplace = Workplace::new();
    let directory = workplace.argument("man/man1");
    let ended = run_mlevolve(&["man", &directory]).succeeded();
    let commands: Vec<String> = commands()
        .into_iter()
        .filter(|name| name != "help")
        .collect();
    let names = commands.iter().map(|name| format!("mlevolve-{name}.1"));
    let names: Vec<String> = std::iter::once("mlevolve.1".to_owned())
        .chain(names)
        .collect();
    let told: Vec<String> = names
        .iter()
        .map(|name| format!("{directory}/{name}"))
        .collect();
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), told);
    assert_eq!(workplace.snapshot("man").len(), names.len());

    let whole = workplace.read("man/man1/mlevolve.1");
    for command in &commands {
        let page = workplace.read(&format!("man/man1/mlevolve-{command}.1"));
        // Hyphens are escaped, lest they become other dashes.
        let plain = page.replace("\\-", "-");
        let help = run_mlevolve(&[command, "--help"]).succeeded().stdout;
        let options = help.lines().filter_map(|line| {
            let (_, option) = line.trim_start().split_once("--")?;
            line.trim_start()
                .starts_with('-')
                .then(|| option.split([' ', '=']).next())
                .flatten()
        });
        for option in options {
            assert!(plain.contains(&format!("--{option}")), "{option}\n{page}");
        }
        for part in [".SH NAME\n", ".SH SYNOPSIS\n", ".SH EXAMPLES\n"] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(plain.contains(&format!("\n  mlevolve {command}")), "{page}");
        assert!(
            whole
                .replace("\\-", "-")
                .contains(&format!("mlevolve-{command}(1)")),
            "{whole}"
        );
    }
    for code in ["0 ", "1 ", "2 ", "130 "] {
        let (_, codes) = whole.split_once(".SH \"EXIT STATUS\"\n").unwrap();
        assert!(codes.contains(&format!("\n  {code}")), "{whole}");
    }

    // What cannot be a directory is named.
    workplace.write("file", "");
    let ended = run_mlevolve(&["man", &workplace.argument("file")]);
    ended.refused(&["cannot make", "file"]);
}

/// A reader that has had enough is no failure: exit code 0, and nothing said.
#[test]
fn closed_pipes_are_no_failure() {
    let workplace = Workplace::new();
    let evolve = format!(
        "evolve --config {} --out {} --time-limit 1ms",
        workplace.argument("small.toml"),
        workplace.argument("out")
    );
    for (number, command) in [
        "tasks",
        "show adam",
        "completions zsh",
        "baselines",
        "help evolve",
    ]
    .into_iter()
    .enumerate()
    {
        // The fifo's only reader is gone before anything is written.
        let code = workplace.argument(&format!("code {number}"));
        let script = format!("{{ sleep 0.1; \"$0\" {command}; echo $? >'{code}'; }} | true");
        let ended = run(shell(&script)).succeeded();
        assert_eq!(ended.stderr, "", "{command}");
        assert_eq!(
            workplace.read(&format!("code {number}")),
            "0\n",
            "{command}"
        );
    }
    // Progress that nobody reads must not end a search.
    let code = workplace.argument("code");
    let script =
        format!("{{ sleep 0.1; \"$0\" {evolve} 2>&1 >/dev/null; echo $? >'{code}'; }} | true");
    run(shell(&script));
    assert_eq!(workplace.read("code"), "0\n");
}

/// A full disk takes the progress that is written to it, and nothing else.
#[test]
fn progress_that_has_no_room_does_not_end_a_search() {
    let workplace = Workplace::new();
    let script = format!(
        "exec \"$0\" evolve --config {} --out {} --time-limit 1ms 2>/dev/full",
        workplace.argument("small.toml"),
        workplace.argument("out")
    );
    run(shell(&script)).succeeded();
}
