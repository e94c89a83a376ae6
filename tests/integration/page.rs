//! The page that a run ends with: what is on it is what the run has left.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::command::{mlevolve, run, run_mlevolve};
use crate::run_files::{SMALL_RUN, Workplace};

/// What is embedded in a page.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"id="data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

/// Makes a run with these settings.
fn searched(workplace: &Workplace, name: &str, settings: &str) -> String {
    let file = format!("{name}.toml");
    workplace.write(&file, settings);
    let (config, out) = (workplace.argument(&file), workplace.argument(name));
    run_mlevolve(&["evolve", "--config", &config, "--out", &out]).succeeded();
    out
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn a_page_shows_what_the_run_has_left() {
    let workplace = Workplace::new();
    let out = searched(&workplace, "run", SMALL_RUN);
    let page = workplace.read("run/report.html");
    let data = data(&page);
    let result: Value = serde_json::from_str(&workplace.read("run/result.json")).unwrap();
    let best = &result["comparison"]["written"];

    assert_eq!(data["best"]["id"], result["id"]);
    assert_eq!(data["best"]["fitness"], best["judgement"]["fitness"]);
    let program = |id: &Value| &data["programs"][id.to_string()];
    assert_eq!(program(&result["id"]), &result["program"]);

    // The search: what the log has of it.
    let log = workplace.read("run/log.jsonl");
    let records: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| -> Vec<&Value> {
        let records = records.iter();
        records.filter(|record| record["record"] == kind).collect()
    };
    let (generations, leaders) = (of("generation"), of("best"));
    let points = list(&data["history"]["points"]);
    assert_eq!(points.len(), generations.len());
    for (point, record) in points.iter().zip(&generations) {
        assert_eq!(point["generation"], record["generation"]);
        let difference = number(&point["best"]) - number(&record["best_fitness"]);
        assert!(difference.abs() < 1e-5, "{point} {record}");
        // The best of all is on one of the two islands.
        let islands = list(&point["islands"]);
        assert_eq!(islands.len(), 2);
        let best = islands.iter().filter_map(Value::as_f64).fold(0.0, f64::max);
        assert!((best - number(&point["best"])).abs() < 1e-9, "{point}");
    }
    let led = list(&data["history"]["leaders"]);
    assert_eq!(led.len(), leaders.len());
    assert!(leaders.len() > 1, "the lead changes");
    for (led, record) in led.iter().zip(&leaders) {
        assert_eq!(led["id"], record["id"]);
        assert_eq!(led["confirmed"], record["confirmed"]["fitness"]);
    }
    let funnel = list(&data["funnel"]);
    assert_eq!(funnel[0]["entered"], data["candidates"]);
    for pair in funnel.windows(2) {
        let passed = pair[0]["entered"].as_u64().unwrap() - pair[0]["stopped"].as_u64().unwrap();
        assert_eq!(
            pair[1]["entered"], passed,
            "what passes a stage enters the next"
        );
    }

    // The hall of fame: the front as it was judged again, and its programs.
    let hall = list(&data["hall_of_fame"]);
    let kept: BTreeMap<String, &Value> = hall
        .iter()
        .map(|member| (member["id"].to_string(), member))
        .collect();
    assert_eq!(kept.len(), hall.len(), "each once");
    assert!(kept.contains_key(&result["id"].to_string()));
    for member in list(&result["front"]) {
        let shown = kept[&member["id"].to_string()];
        for (key, value) in [
            ("fitness", &member["judgement"]["fitness"]),
            ("unit_flops", &member["cost"]["unit_flops"]),
            ("is_on_front", &member["is_on_front"]),
        ] {
            assert_eq!(&shown[key], value, "{key} of {member}");
        }
        assert_eq!(program(&member["id"]), &member["program"]);
    }

    let exported = list(&data["exports"]["candidates"]);
    let exported: Vec<String> = exported.iter().map(Value::to_string).collect();
    assert_eq!(
        exported[0],
        result["id"].to_string(),
        "the best program first"
    );
    assert_eq!(exported.len(), hall.len());
    assert!(exported.iter().all(|id| kept.contains_key(id)));

    // Lines: from the best program to a seed, parents first.
    let nodes: BTreeMap<String, &Value> = list(&data["lineage"]["nodes"])
        .iter()
        .map(|node| (node["id"].to_string(), node))
        .collect();
    let mut node = nodes[&result["id"].to_string()];
    let mut length = 1;
    while let Some(parent) = node["parent"].as_u64() {
        assert!(parent < node["id"].as_u64().unwrap());
        node = nodes[&parent.to_string()];
        length += 1;
    }
    let line = run_mlevolve(&["lineage", &out, "--json"]).succeeded();
    let line: Value = serde_json::from_str(&line.stdout).unwrap();
    assert_eq!(list(&line["ancestors"]).len(), length);
    for ancestor in list(&line["ancestors"]) {
        let node = nodes[&ancestor["id"].to_string()];
        assert_eq!(node["fitness"], ancestor["fitness"]);
        assert_eq!(node["gain"], ancestor["gain"]);
        let same = ancestor.get("twin").unwrap_or(&ancestor["id"]);
        assert_eq!(&node["text"], same);
    }

    // Curves: they end where the figures say.
    let curves: Value = serde_json::from_str(&workplace.read("run/curves.json")).unwrap();
    assert_eq!(curves["id"], result["id"]);
    for (place, held_out) in [false, true].into_iter().enumerate() {
        let compared = &data["comparisons"][place];
        assert_eq!(compared["is_held_out"], held_out);
        let tasks = list(&compared["tasks"]);
        assert!(!tasks.is_empty());
        for contender in list(&compared["contenders"]) {
            for (task, figures) in tasks.iter().zip(list(&contender["results"])) {
                let steps = list(&task["steps"]);
                let rows = ["least", "mean", "greatest"].map(|key| list(&figures[key]));
                if figures["diverged_runs"] == 0 {
                    assert_eq!(rows.map(<[Value]>::len), [steps.len(); 3]);
                    let ended = rows.map(|row| number(row.last().unwrap()));
                    assert!(ended.is_sorted(), "{ended:?}");
                    let expected = number(&figures["final_value"]);
                    let difference = (ended[1] - expected).abs();
                    assert!(difference <= 1e-5 * expected.abs(), "{contender}");
                }
            }
        }
    }
    assert!(page.contains("mlevolve replay"), "how to replay");
    assert_eq!(data["configuration"], workplace.read("run/config.toml"));
}

#[test]
fn a_page_is_the_same_again_and_leaves_no_trace_of_its_making() {
    let workplace = Workplace::new();
    let out = searched(&workplace, "run", SMALL_RUN);
    let before = workplace.snapshot("run");
    let (elsewhere, beside) = (
        workplace.argument("page.html"),
        workplace.argument("run/report.html"),
    );
    let made = run_mlevolve(&["report", &out, "--output", &elsewhere]).succeeded();
    assert_eq!(made.stdout, format!("{elsewhere}\n"));
    assert_eq!(
        workplace.read("page.html"),
        workplace.read("run/report.html")
    );
    let made = run_mlevolve(&["report", &out]).succeeded();
    assert_eq!(made.stdout, format!("{beside}\n"));
    assert_eq!(workplace.snapshot("run"), before);

    // Before there is a report, the page judges for itself, and comes to the same figures.
    for name in ["result.json", "curves.json", "report.txt", "report.html"] {
        std::fs::remove_file(workplace.path("run").join(name)).unwrap();
    }
    let before = workplace.snapshot("run");
    run_mlevolve(&[
        "report",
        &out,
        "--output",
        &elsewhere,
        "--backend",
        "interp",
    ])
    .succeeded();
    assert_eq!(workplace.snapshot("run"), before);
    let again = workplace.read("page.html");
    run_mlevolve(&["evolve", "--resume", &out]).succeeded();
    assert_eq!(data(&again), data(&workplace.read("run/report.html")));

    // The same settings make the same page, but for times and paths.
    searched(&workplace, "other", SMALL_RUN);
    let [mut one, mut other] = ["run", "other"].map(|name| {
        let page = workplace.read(&format!("{name}/report.html"));
        data(&page)
    });
    for page in [&mut one, &mut other] {
        for key in ["seconds", "commands"] {
            page.as_object_mut().unwrap().remove(key).unwrap();
        }
        for stage in page["funnel"].as_array_mut().unwrap() {
            stage.as_object_mut().unwrap().remove("seconds").unwrap();
        }
    }
    assert_eq!(one, other);
}

#[test]
fn what_a_run_has_not_is_said_on_its_page() {
    let workplace = Workplace::new();
    let settings = SMALL_RUN.replace("[search]", "[search]\ncandidate_log = \"none\"");
    let out = searched(&workplace, "run", &settings);
    let page = data(&workplace.read("run/report.html"));
    assert_eq!(list(&page["lineage"]["nodes"]).len(), 0);
    let note = page["lineage"]["note"].as_str().unwrap();
    assert!(note.contains("candidate_log"), "{note}");

    // A report of before curves were kept.
    std::fs::remove_file(workplace.path("run/curves.json")).unwrap();
    run_mlevolve(&["report", &out]).succeeded();
    let page = data(&workplace.read("run/report.html"));
    let results = &page["comparisons"][0]["contenders"][0]["results"][0];
    assert_eq!(list(&results["mean"]).len(), 0);
    assert!(number(&results["fitness"]) > 0.0);
}

#[test]
fn a_batch_has_a_page_of_its_searches() {
    let workplace = Workplace::new();
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("all"));
    run_mlevolve(&[
        "evolve", "--config", &config, "--seeds", "4..5", "--out", &out,
    ])
    .succeeded();
    let page = workplace.read("all/report.html");
    let shown = data(&page);
    let summary: Value = serde_json::from_str(&workplace.read("all/summary.json")).unwrap();
    let runs = list(&shown["runs"]);
    assert_eq!(runs.len(), 2);
    for (run, row) in runs.iter().zip(list(&summary["runs"])) {
        let name = format!("all/seed-{}", row["seed"]);
        assert_eq!(run["seed"], row["seed"].to_string());
        for key in ["fitness", "held_out_fitness", "unit_flops", "candidates"] {
            assert_eq!(run[key], row[key], "{key} of {name}");
        }
        let result: Value =
            serde_json::from_str(&workplace.read(&format!("{name}/result.json"))).unwrap();
        assert_eq!(run["program"], result["program"]);
        let beside = format!("all/{}", run["page"].as_str().unwrap());
        assert_eq!(beside, format!("{name}/report.html"));
        assert!(workplace.path(&beside).exists());
    }
    // What led at the end, in all of them.
    let leads = ["all/seed-4", "all/seed-5"].map(|name| {
        let log = workplace.read(&format!("{name}/log.jsonl"));
        let records = log.lines().rev();
        let mut records = records.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let last = records.find(|line| line["record"] == "best").unwrap();
        number(&last["confirmed"]["fitness"])
    });
    let last = list(&shown["course"]).last().unwrap();
    for (key, lead) in [
        ("least", leads[0].min(leads[1])),
        ("greatest", leads[0].max(leads[1])),
    ] {
        assert!((number(&last[key]) - lead).abs() < 1e-5, "{key} of {last}");
    }

    // Made anew, it is the same; elsewhere, runs' pages are not a click away.
    run_mlevolve(&["report", &out]).succeeded();
    assert_eq!(workplace.read("all/report.html"), page);
    let elsewhere = workplace.argument("batch.html");
    run_mlevolve(&["report", &out, "--output", &elsewhere]).succeeded();
    assert_eq!(
        data(&workplace.read("batch.html"))["runs"][0]["page"],
        Value::Null
    );
    std::fs::remove_file(workplace.path("all/seed-5/result.json")).unwrap();
    run_mlevolve(&["report", &out]).refused(&["seed-5", "result.json"]);
}

#[test]
fn learners_have_a_page_too() {
    let workplace = Workplace::new();
    let settings = "\
[search]
schema = \"learner\"
seed = 3
suite = \"linear\"
population = 20
offspring = 20
elites = 2
generations = 5
";
    searched(&workplace, "run", settings);
    let page = data(&workplace.read("run/report.html"));
    assert_eq!(page["schema"], "learner");
    assert_eq!(page["best"]["cost"]["unit"], "example");
    let task = &page["comparisons"][0]["tasks"][0];
    assert_eq!(
        (&task["metric"], list(&task["steps"]).len()),
        (&Value::Null, 0)
    );
    // The survivors' lines are in the checkpoint.
    assert!(!list(&page["lineage"]["nodes"]).is_empty());
}

#[test]
fn a_page_is_made_of_runs_only() {
    let workplace = Workplace::new();
    let nothing = workplace.argument("nothing");
    run_mlevolve(&["report", &nothing]).refused(&["nothing"]);
    workplace.write("other/file", "");
    let other = workplace.argument("other");
    run_mlevolve(&["report", &other]).refused(&["other", "no run"]);
    let out = searched(&workplace, "run", SMALL_RUN);
    let nowhere = workplace.argument("no/where/page.html");
    run_mlevolve(&["report", &out, "--output", &nowhere]).refused(&["cannot write", "page.html"]);
    // Nothing shows pages here.
    let mut command = mlevolve(["report", &out, "--open"]);
    command.env("PATH", workplace.argument("other"));
    let ended = run(command);
    assert_eq!(ended.code(), Some(2));
    assert!(ended.stderr.contains("in a browser yourself"), "{ended:#?}");
}
