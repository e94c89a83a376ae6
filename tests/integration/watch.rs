//! What is told of a search where there is no terminal.

use crate::command::run_mlevolve;
use crate::run_files::{SMALL_RUN, Workplace};

#[test]
fn a_search_is_summed_up_and_told_of_in_a_few_lines() {
    let workplace = Workplace::new();
    let long = SMALL_RUN.replace("generations = 10", "generations = 60");
    workplace.write("long.toml", long);
    let (config, out) = (workplace.argument("long.toml"), workplace.argument("run"));
    let ended = run_mlevolve(&["evolve", "--config", &config, "--out", &out]).succeeded();
    let lines = ended.stderr.lines();
    let told: Vec<&str> = lines
        .filter(|line| line.starts_with("generation "))
        .collect();
    assert!((2..=11).contains(&told.len()), "{told:#?}");
    assert!(told[0].starts_with("generation 0/60"), "{told:#?}");
    assert!(
        told[told.len() - 1].starts_with("generation 60/60"),
        "{told:#?}"
    );

    let before = workplace.snapshot("run");
    let watched = run_mlevolve(&["watch", &out]).succeeded();
    assert_eq!(workplace.snapshot("run"), before);
    let best = workplace.read("run/best.mle");
    let instructions = best.split_once("update:").unwrap().1;
    for part in [
        "Search for programs of schema optimizer on quick, seed 4",
        "over after generation 60 of 60: all generations have been",
        "976 candidates in ",
        "seen before",
        instructions,
    ] {
        assert!(
            watched.stdout.contains(part),
            "`{part}` is missing\n{watched:#?}"
        );
    }

    let nothing = workplace.argument("nothing");
    run_mlevolve(&["watch", &nothing]).refused(&["nothing"]);
    workplace.write("run/log.jsonl", "no log\n");
    run_mlevolve(&["watch", &out]).refused(&["log.jsonl", "cannot be read"]);
}
