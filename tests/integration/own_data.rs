//! A user's own table and text, from the file to the figures, and what is said of files that are none.

use crate::command::run_mlevolve;
use crate::run_files::Workplace;
use serde_json::Value;

/// A table whose last column is a function of the others.
fn table(rows: usize) -> String {
    let row = |row: usize| {
        let (a, b) = (row % 11, row % 7);
        format!("{a},{b},{}\n", 2 * a * b + b)
    };
    format!("a,b,y\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn a_table_is_judged_by_baselines_that_are_kept_in_a_file() {
    let workplace = Workplace::new();
    workplace.write("table.csv", table(60));
    workplace.write("other.csv", table(61));
    let [table, other] = ["table.csv", "other.csv"].map(|name| workplace.argument(name));
    let file = workplace.argument("baselines.json");
    let of_table = ["--csv", &table, "--target", "y"];
    let measured = run_mlevolve(&[&["baselines", "--write", &file][..], &of_table].concat());
    assert!(measured.succeeded().stdout.starts_with("csv\n"));

    let eval = [
        "eval",
        "adam",
        "--no-tuning",
        "--json",
        "--baselines",
        &file,
    ];
    let text = run_mlevolve(&[&eval[..], &of_table].concat())
        .succeeded()
        .stdout;
    let evaluation: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(evaluation["suite"], "csv");
    let compared = evaluation["compared"].as_array().unwrap();
    let adam = compared.iter().find(|rule| rule["name"] == "adam").unwrap();
    let fitness = adam["judgement"]["fitness"].as_f64().unwrap();
    assert!(fitness > 0.8, "{fitness}");

    let of_other = ["--csv", &other, "--target", "y"];
    let refused = run_mlevolve(&[&eval[..], &of_other].concat());
    refused.refused(&["task `csv`", "other data", "mlevolve baselines --write"]);
}

#[test]
fn a_table_can_be_searched_on_and_the_run_replayed() {
    let workplace = Workplace::new();
    workplace.write("table.csv", table(40));
    let [table, file, out, config] =
        ["table.csv", "baselines.json", "run", "small.toml"].map(|name| workplace.argument(name));
    let data = ["--csv", &table, "--target", "3"];
    run_mlevolve(&[&["baselines", "--write", &file][..], &data].concat()).succeeded();
    let evolve = [
        "evolve",
        "--config",
        &config,
        "--out",
        &out,
        "--generations",
        "1",
    ];
    let with_baselines = ["--baselines", &file];
    let ended = run_mlevolve(&[&evolve[..], &data, &with_baselines].concat()).succeeded();
    assert!(
        ended.stdout.contains("that the search did not see"),
        "{ended:#?}"
    );
    assert!(workplace.read("run/config.toml").contains("target = \"3\""));
    run_mlevolve(&["replay", &out]).succeeded();
}

#[test]
fn data_that_cannot_be_used_are_refused() {
    let workplace = Workplace::new();
    workplace.write("table.csv", table(40));
    workplace.write("holes.csv", "a,y\n1,2\n,3\n".repeat(9));
    workplace.write("short.txt", "too short");
    workplace.write("latin1.txt", b"caf\xe9".repeat(1_000));
    workplace.write("broken.json", "{\"tasks\": 1}");
    let [table, holes, short, latin1, broken, missing] = [
        "table.csv",
        "holes.csv",
        "short.txt",
        "latin1.txt",
        "broken.json",
        "missing",
    ]
    .map(|name| workplace.argument(name));
    let cases: [(&[&str], &[&str]); 11] = [
        (&["--csv", &table], &["--target"]),
        (&["--target", "y"], &["--csv"]),
        (&["--csv", &missing, "--target", "y"], &[&missing]),
        (&["--csv", &table, "--target", "z"], &[&table, "\"z\""]),
        (&["--csv", &holes, "--target", "y"], &[&holes, "line 3"]),
        (&["--suite", "csv"], &["--csv FILE --target COLUMN"]),
        (
            &["--suite", "sequence", "--text", &short],
            &[&short, "2000"],
        ),
        (
            &["--suite", "text-gru", "--text", &latin1],
            &[&latin1, "byte 3", "UTF-8"],
        ),
        (&["--suite", "mnist-mlp"], &["--data-dir", "Download"]),
        (
            &["--suite", "mnist-mlp", "--data-dir", &missing],
            &[&missing, "4 of 4 files are missing"],
        ),
        (
            &["--csv", &table, "--target", "y", "--baselines", &broken],
            &[&broken],
        ),
    ];
    for (arguments, expected) in cases {
        let before = workplace.snapshot("");
        run_mlevolve(&[&["eval", "adam"], arguments].concat()).refused(expected);
        assert_eq!(
            workplace.snapshot(""),
            before,
            "{arguments:?} changes files"
        );
    }
}

#[test]
fn tasks_are_described_once_their_data_are_named() {
    let workplace = Workplace::new();
    workplace.write("table.csv", table(40));
    let table = workplace.argument("table.csv");
    let text = run_mlevolve(&["tasks", "--csv", &table, "--target", "y"])
        .succeeded()
        .stdout;
    assert!(text.contains("`y` by 2 features"), "{text}");
    assert!(text.ends_with("Suite csv: csv\n"), "{text}");
    let text = run_mlevolve(&["tasks", "--suite", "rosenbrock,text-gru"])
        .succeeded()
        .stdout;
    assert!(text.starts_with("rosenbrock (ill-conditioned)"), "{text}");
}
