//! A batch of searches: one for each seed, gone on with where it was left, and summed up.

use crate::command::run_mlevolve;
use crate::run_files::{Outcome, Workplace};

#[test]
fn a_batch_is_its_runs_and_goes_on_where_it_was_left() {
    let workplace = Workplace::new();
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("all"));
    let batch = |seeds: &str| {
        let arguments = [
            "evolve", "--config", &config, "--seeds", seeds, "--out", &out,
        ];
        run_mlevolve(&arguments).succeeded()
    };
    batch("4");
    let first = Outcome::of(&workplace.path("all/seed-4"));
    let both = batch("4..5");
    // What had ended was left alone, and a run of a batch is one like any other.
    assert!(!both.stderr.contains("Run 1 of 2"), "{}", both.stderr);
    assert!(both.stderr.contains("Run 2 of 2"), "{}", both.stderr);
    assert_eq!(Outcome::of(&workplace.path("all/seed-4")), first);
    let alone = workplace.argument("alone");
    run_mlevolve(&[
        "evolve", "--config", &config, "--seed", "5", "--out", &alone,
    ])
    .succeeded();
    assert_eq!(
        workplace.read("alone/best.mle"),
        workplace.read("all/seed-5/best.mle")
    );
    let summary = workplace.read("all/summary.txt");
    assert!(
        both.stdout.starts_with(summary.trim_end()),
        "{}",
        both.stdout
    );
    assert_eq!(summary.lines().count(), 1 + 2 + 3, "{summary}");

    // A run that was killed goes on.
    std::fs::remove_file(workplace.path("all/seed-5/result.json")).unwrap();
    let again = batch("4..5");
    assert_eq!(again.stdout, both.stdout);

    // Other settings are another batch.
    let other = [
        "evolve",
        "--config",
        &config,
        "--seeds",
        "4..5",
        "--generations",
        "3",
        "--out",
        &out,
    ];
    let refused = run_mlevolve(&other);
    assert!(
        refused.stderr.contains("search.generations"),
        "{}",
        refused.stderr
    );
    let nonsense = run_mlevolve(&["evolve", "--seeds", "5..1"]);
    assert!(
        nonsense.stderr.contains("neither a seed nor a range"),
        "{}",
        nonsense.stderr
    );
}

/// What candidates were chosen by sums them up: with a choice of learning rates, how they are where these are tuned.
#[test]
fn where_candidates_chose_learning_rates_their_tuned_ones_count() {
    for (rates, row) in [(1, "written"), (3, "tuned")] {
        let workplace = Workplace::new();
        let settings = format!(
            "[search]\nsuite = \"quick\"\ngenerations = 1\npopulation = 12\noffspring = 4\nelites = 2\nseeds = 2\n\
             confirmation_seeds = 2\nlearning_rates_per_task = {rates}\n"
        );
        workplace.write("rates.toml", settings);
        let (config, out) = (workplace.argument("rates.toml"), workplace.argument("all"));
        let arguments = ["evolve", "--config", &config, "--seeds", "1", "--out", &out];
        run_mlevolve(&arguments).succeeded();
        let json = |name: &str| -> serde_json::Value {
            serde_json::from_str(&workplace.read(name)).unwrap()
        };
        let (summary, result) = (json("all/summary.json"), json("all/seed-1/result.json"));
        for (summed_up, figures) in [("fitness", "comparison"), ("held_out_fitness", "held_out")] {
            assert_eq!(
                summary["runs"][0][summed_up], result[figures][row]["judgement"]["fitness"],
                "{summed_up}, {rates} rates"
            );
        }
        let figures = &result["comparison"];
        assert_ne!(
            figures["written"]["judgement"]["fitness"],
            figures["tuned"]["judgement"]["fitness"]
        );
    }
}
