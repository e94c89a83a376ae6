//! What a run writes down of its candidates, and the lines that can be followed in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use mlevolve::program::Program;
use serde_json::Value;

use crate::command::run_mlevolve;
use crate::run_files::{SMALL_RUN, Workplace};

/// Runs the small search with this line among its settings, in a directory; its argument.
fn searched(workplace: &Workplace, name: &str, setting: &str) -> String {
    let config = format!("{name}.toml");
    workplace.write(
        &config,
        SMALL_RUN.replace("[search]", &format!("[search]\n{setting}")),
    );
    let (config, out) = (workplace.argument(&config), workplace.argument(name));
    run_mlevolve(&["evolve", "--config", &config, "--out", &out]).succeeded();
    out
}

/// The lines of a log of candidates.
fn lines(workplace: &Workplace, name: &str) -> Vec<Value> {
    let file = fs::File::open(workplace.path(name).join("candidates.jsonl.gz")).unwrap();
    let mut text = String::new();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    assert!(text.ends_with('\n'));
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// The candidates of a log by their ids.
fn candidates(workplace: &Workplace, name: &str) -> BTreeMap<u64, Value> {
    let records = lines(workplace, name).into_iter().skip(1);
    let by_id = records.map(|record| (record["id"].as_u64().unwrap(), record));
    by_id.collect()
}

fn lineage(arguments: &[&str]) -> Value {
    let ended = run_mlevolve(&[&["lineage"], arguments, &["--json"]].concat()).succeeded();
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn every_candidate_is_in_the_log_and_the_leader_descends_from_a_seed() {
    let workplace = Workplace::new();
    let out = searched(&workplace, "run", "");
    let all = candidates(&workplace, "run");
    assert_eq!(
        lines(&workplace, "run").len(),
        all.len() + 1,
        "each id once"
    );

    // The log of generations counts the same candidates; ids beyond those are migrants'.
    let log = workplace.read("run/log.jsonl");
    let generations = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut generations = generations.filter(|line: &Value| line["record"] == "generation");
    let totals = generations.next_back().unwrap()["totals"].clone();
    let count = |stage: &str| all.values().filter(|one| one["stage"] == stage).count();
    for stage in ["rejected", "dropped", "judged"] {
        assert_eq!(count(stage), totals[stage], "{stage}");
    }
    let by_verdict = count("seen_before") + count("same_behaviour");
    assert_eq!(by_verdict, totals["seen_before"]);
    assert!(count("migrated") > 0);
    assert_eq!(all.len() - count("migrated"), totals["candidates"]);
    assert!(all.keys().copied().eq(0..all.len() as u64));
    for (id, one) in &all {
        let is_trained = one["stage"] == "judged" || one["stage"] == "dropped";
        // One that behaves as an earlier one has a fingerprint of its own.
        let is_first = one["stage"] == "same_behaviour" && one["fitness"].is_number();
        assert_eq!(one["program"].is_string(), is_trained || is_first, "{one}");
        // A trial is on no whole task.
        let has_tasks = is_trained && one["fitness"].is_number();
        assert_eq!(one["tasks"].is_array(), has_tasks, "{one}");
        let is_dropped = one["stage"] == "dropped";
        assert_eq!(one["stopped_after"].is_string(), is_dropped, "{one}");
        assert_eq!(
            one["rejection"].is_string(),
            one["stage"] == "rejected",
            "{one}"
        );
        for parent in one["parents"].as_array().unwrap() {
            let parent = &all[&parent.as_u64().unwrap()];
            assert!(
                parent["id"].as_u64() < Some(*id) && parent["entered"] == true,
                "{one}"
            );
        }
    }

    let line = lineage(&[&out]);
    assert!(line["missing"].is_null());
    let ancestors = line["ancestors"].as_array().unwrap();
    let result: Value = serde_json::from_str(&workplace.read("run/result.json")).unwrap();
    assert_eq!(ancestors[0]["id"], result["id"]);
    assert_eq!(ancestors[0]["generation"], result["generation"]);
    assert!(ancestors.len() > 1, "the lead changes in this run");
    for pair in ancestors.windows(2) {
        let [child, parent] = [&pair[0], &pair[1]];
        assert_eq!(child["parents"][0], parent["id"]);
        let gain = child["fitness"].as_f64().unwrap() - parent["fitness"].as_f64().unwrap();
        assert_eq!(child["gain"], gain);
    }
    let seed = ancestors.last().unwrap();
    assert!(
        seed["operators"][0] == "known" || seed["operators"][0] == "random",
        "{seed}"
    );
    assert_eq!(seed["parents"].as_array().unwrap().len(), 0);

    // The leader's text is that of the best program but for its name.
    let text = ancestors[0]["program"].as_str().unwrap();
    let best = Program::parse(&workplace.read("run/best.mle")).unwrap();
    let best = best
        .with_name("candidate")
        .unwrap()
        .with_notes(Vec::new())
        .unwrap();
    assert_eq!(text, best.to_string());

    let shown = run_mlevolve(&["lineage", &out]).succeeded().stdout;
    assert_eq!(shown.lines().count(), 1 + ancestors.len() + 2, "{shown}");
    let with_programs = run_mlevolve(&["lineage", &out, "--programs"])
        .succeeded()
        .stdout;
    assert!(with_programs.starts_with(&shown) && with_programs.contains(text));
}

#[test]
fn a_candidate_that_did_not_train_has_its_twins_text() {
    let workplace = Workplace::new();
    let out = searched(&workplace, "run", "");
    let all = candidates(&workplace, "run");
    for stage in ["seen_before", "migrated"] {
        let mut of_stage = all
            .iter()
            .filter(|(_, one)| one["stage"] == stage && !one["fitness"].is_null());
        let (id, one) = of_stage.next().unwrap();
        let ancestor = lineage(&[&out, &id.to_string()])["ancestors"][0].clone();
        let twin = &all[&ancestor["twin"].as_u64().unwrap()];
        assert_eq!(twin["fingerprint"], one["fingerprint"]);
        assert_eq!(twin["fitness"], one["fitness"]);
        assert_eq!(ancestor["program"], twin["program"]);
        let shown = run_mlevolve(&["lineage", &out, &id.to_string(), "--programs"]).succeeded();
        let named = format!(
            "# Candidate {id} did not train, as candidate {} is",
            twin["id"]
        );
        assert!(shown.stdout.contains(&named), "{}", shown.stdout);
    }
}

#[test]
fn a_log_of_less_has_the_same_lineage_and_changes_no_result() {
    let workplace = Workplace::new();
    let all = searched(&workplace, "all", "");
    let trained = searched(&workplace, "trained", "candidate_log = 'trained'");
    let survivors = searched(&workplace, "survivors", "candidate_log = 'survivors'");
    let none = searched(&workplace, "none", "candidate_log = 'none'");
    assert_eq!(lineage(&[&all]), lineage(&[&trained]));
    let same = run_mlevolve(&["lineage", &all]).succeeded().stdout;
    assert_eq!(
        run_mlevolve(&["lineage", &survivors]).succeeded().stdout,
        same
    );
    for other in ["trained", "survivors", "none"] {
        let best = workplace.read(&format!("{other}/best.mle"));
        assert_eq!(best, workplace.read("all/best.mle"), "{other}");
    }

    let (every, fewer) = (
        candidates(&workplace, "all"),
        candidates(&workplace, "trained"),
    );
    let wanted = |one: &Value| {
        one["entered"] == true || one["stage"] == "judged" || one["stage"] == "dropped"
    };
    let expected = every.iter().filter(|(_, one)| wanted(one));
    assert!(expected.eq(&fewer));
    assert!(fewer.len() < every.len());
    let left_out = every
        .keys()
        .find(|id| !fewer.contains_key(id))
        .unwrap()
        .to_string();
    run_mlevolve(&["lineage", &trained, &left_out]).refused(&[
        "has no candidate",
        "those that trained or entered a population",
    ]);

    // Of survivors, everyone's own text is kept, also of those that did not train.
    let line = lineage(&[&survivors]);
    for ancestor in line["ancestors"].as_array().unwrap() {
        let (own, logged) = (
            &ancestor["program"],
            &every[&ancestor["id"].as_u64().unwrap()],
        );
        assert!(own.is_string() && ancestor["twin"].is_null(), "{ancestor}");
        assert!(
            logged["program"].is_null() || own == &logged["program"],
            "{ancestor}"
        );
    }
    run_mlevolve(&["lineage", &survivors, "999999"]).refused(&["checkpoint.json has no candidate"]);

    for other in ["survivors", "none"] {
        assert!(!workplace.path(other).join("candidates.jsonl.gz").exists());
    }
    let config = workplace.argument("none/config.toml");
    run_mlevolve(&["lineage", &none]).refused(&[&config, "candidate_log", "COPY --out NEW"]);
}

#[test]
fn what_cannot_be_followed_is_refused_with_what_is_missing() {
    let workplace = Workplace::new();
    let out = searched(&workplace, "run", "");
    let file = workplace.argument("run/candidates.jsonl.gz");
    run_mlevolve(&["lineage", &out, "999999"]).refused(&[
        &file,
        "no candidate 999999",
        "from 0 to",
    ]);
    run_mlevolve(&["lineage", &workplace.argument("nowhere")])
        .refused(&["nowhere", "No such file"]);
    workplace.write("other/notes.txt", "no run");
    run_mlevolve(&["lineage", &workplace.argument("other")]).refused(&["is no run directory"]);

    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (content, reason) in [
        (&whole[..whole.len() - 1], "fewer than the"),
        (&flipped[..], "cannot be read"),
        (&vec![0; whole.len()][..], "line 1 cannot be read"),
    ] {
        workplace.write("run/candidates.jsonl.gz", content);
        let advice = "mlevolve evolve --config";
        run_mlevolve(&["lineage", &out]).refused(&[&file, "is damaged: ", reason, advice]);
    }
    workplace.write("run/candidates.jsonl.gz", &whole[..whole.len() - 1]);
    run_mlevolve(&["evolve", "--resume", &out]).refused(&[&file, "fewer than the"]);
    fs::remove_file(&file).unwrap();
    run_mlevolve(&["lineage", &out]).refused(&["cannot read", &file]);

    // What a killed process has written beyond its checkpoint is none of the run's.
    workplace.write(
        "run/candidates.jsonl.gz",
        [&whole[..], b"half a member"].concat(),
    );
    assert!(lineage(&[&out])["missing"].is_null());
    run_mlevolve(&["evolve", "--resume", &out]).succeeded();
    assert_eq!(fs::read(&file).unwrap(), whole);
}

/// Learners are too many for a log of all, so their checkpoint has survivors' lines; that of a run that was stopped too.
#[test]
fn a_learners_line_is_the_same_after_an_interruption() {
    let workplace = Workplace::new();
    let settings = "[search]\nschema = 'learner'\nsuite = 'linear'\npopulation = 60\noffspring = 60\ngenerations = 40\n\
        restart_interval_generations = 0\nseeds = 2\n[search.learner]\ntraining_examples = 20\nvalidation_examples = 20\n";
    workplace.write("learner.toml", settings);
    let config = workplace.argument("learner.toml");
    let [whole, stopped] = ["whole", "stopped"].map(|name| workplace.argument(name));
    run_mlevolve(&["evolve", "--config", &config, "--out", &whole]).succeeded();
    let begin = [
        "evolve",
        "--config",
        &config,
        "--out",
        &stopped,
        "--time-limit",
        "1ms",
    ];
    run_mlevolve(&begin).succeeded();
    run_mlevolve(&["evolve", "--resume", &stopped]).succeeded();

    let checkpoint = |name: &str| workplace.read(&format!("{name}/checkpoint.json"));
    let body: Value = serde_json::from_str(checkpoint("whole").lines().nth(1).unwrap()).unwrap();
    let other: Value = serde_json::from_str(checkpoint("stopped").lines().nth(1).unwrap()).unwrap();
    assert_eq!(body["survivors"], other["survivors"]);
    // Lines meet, so there are far fewer than were ever in the population.
    let survivors = body["survivors"].as_array().unwrap().len();
    assert!((61..600).contains(&survivors), "{survivors}");
    let line = lineage(&[&whole]);
    assert_eq!(line, lineage(&[&stopped]));
    assert!(line["missing"].is_null());
    let ancestors = line["ancestors"].as_array().unwrap();
    assert_eq!(ancestors.last().unwrap()["operators"][0], "random");
}
