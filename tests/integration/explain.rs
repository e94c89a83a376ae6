//! `mlevolve explain`: what is told of known programs and of runs' programs, in text, as JSON and on the page.

use std::sync::atomic::{AtomicU64, Ordering};

use mlevolve::explain::{Direction, Explanation, Measuring, Part, Sharpness, explain, judgements};
use mlevolve::fitness::{DataSettings, FitnessWeights, TrainingJudge};
use mlevolve::lowering::CanonicalHash;
use mlevolve::program::{Program, Schema, known};
use mlevolve_ir::{Backend, BackendChoice};
use serde_json::Value;

use crate::command::run_mlevolve;
use crate::run_files::{SMALL_RUN, Workplace};
use crate::specimens::evolved;

fn known_program(name: &str) -> Program {
    known::find(name).unwrap().program().unwrap()
}

/// Explains an update rule on the suite `quick`; how many programs it hears of that are judged, too.
fn measured(
    program: &Program,
    seeds: usize,
    backend: impl Into<BackendChoice>,
) -> (Explanation, u64) {
    let judge = TrainingJudge::new("quick", &DataSettings::default(), FitnessWeights::default());
    let done = AtomicU64::new(0);
    let told = |count| {
        done.fetch_add(count, Ordering::Relaxed);
    };
    let measuring = Measuring {
        suite: "quick",
        seeds,
        backend: backend.into(),
        told: &told,
    };
    let explanation = explain(program, &judge.unwrap(), Some(measuring)).unwrap();
    (explanation, done.into_inner())
}

fn part_named(part: &Part) -> String {
    match part {
        Part::Instruction { text, .. } => text.clone(),
        Part::State { cell } => format!("memory of {cell}"),
    }
}

#[test]
fn parts_that_do_nothing_and_parts_that_do_all_are_told_apart() {
    let text = "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
         constant learning_rate = 0.1\nconstant tiny = 1e-12\nconstant unused = 3\nstate m tensor\n\
         scratch t tensor\nscratch u tensor\noutput delta tensor\nupdate:\n\
         u = sqrt(w)\nt = mul(g, learning_rate)\nm = add(m, tiny)\nt = add(t, m)\ndelta = neg(t)";
    let program = Program::parse(text).unwrap();
    let (explanation, judged) = measured(&program, 3, Backend::Jit);
    assert_eq!(explanation.reading.idle_instructions, 1);
    let measured = explanation.measured.unwrap();
    // What is told of the work ahead is what is done.
    assert_eq!(judged, judgements(&program, 3));
    assert_eq!(measured.seeds.len(), 3);

    let effect = |name: &str| {
        let mut parts = measured.parts.iter();
        let found = parts.find(|effect| part_named(&effect.part) == name);
        found.unwrap_or_else(|| panic!("{name} in {:?}", measured.parts))
    };
    assert_eq!(measured.parts.len(), 4 + 1);
    let gradient = effect("t = mul(g, learning_rate)");
    assert_eq!(gradient.change.direction(), Direction::Worse);
    assert!(gradient.change.spread.median < -0.5, "{gradient:?}");
    assert!(
        gradient.retuned.is_none(),
        "it is the one that reads the rate"
    );
    assert_eq!(effect("delta = neg(t)").rejection.as_deref(), Some("idle"));
    // 1e-12 more in each step is lost in rounding.
    for name in ["m = add(m, tiny)", "t = add(t, m)", "memory of m"] {
        let effect = effect(name);
        assert!(effect.change.spread.median.abs() < 1e-3, "{effect:?}");
    }
    let constant = |name: &str| {
        let mut constants = measured.constants.iter();
        constants.find(|it| it.constant == name)
    };
    assert!(constant("learning_rate").unwrap().is_rate);
    assert_ne!(
        constant("learning_rate").unwrap().sharpness,
        Sharpness::Flat
    );
    assert_eq!(constant("tiny").unwrap().sharpness, Sharpness::Flat);
    assert_eq!(constant("unused"), None);
}

#[test]
fn an_explanation_is_the_same_at_any_number_of_threads_and_on_any_back_end() {
    let program = known_program("momentum")
        .with_constant("learning_rate", 0.05)
        .unwrap();
    let explain = |threads: usize, backend: Backend| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| measured(&program, 2, backend).0)
    };
    let first = explain(1, Backend::Jit);
    assert_eq!(explain(3, Backend::Interpreter), first);
    // And it is read as it was written.
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Explanation>(&text).unwrap(), first);
}

/// Programs with dead code, cells that hold nothing, numbers that are none: whatever a search makes.
#[test]
fn whatever_a_search_makes_can_be_explained() {
    let judge = TrainingJudge::new("quick", &DataSettings::default(), FitnessWeights::default());
    let judge = judge.unwrap();
    let known: Vec<CanonicalHash> = known::of(Schema::Optimizer)
        .map(|known| CanonicalHash::of(&known.program().unwrap()))
        .collect();
    let mut recognised = 0;
    for program in evolved(20, 150) {
        let explanation = explain(&program, &judge, None).unwrap();
        let nearest = &explanation.nearest[0];
        let structures: Vec<f64> = nearest.distances.iter().map(|it| it.structure).collect();
        assert!(structures.is_sorted(), "{structures:?}");
        assert!(
            structures.iter().all(|it| (0.0..=1.0).contains(it)),
            "{structures:?}"
        );
        for known in &nearest.distances {
            assert!(
                known.behaviour.is_none_or(|it| (0.0..=1.0).contains(&it)),
                "{known:?}"
            );
        }
        let is_known = known.contains(&CanonicalHash::of(&program));
        let identity = nearest.identity.as_ref();
        assert_eq!(
            identity.is_some_and(|it| it.is_exact),
            is_known,
            "{program}"
        );
        if let Some(identity) = identity {
            recognised += 1;
            let mut distances = nearest.distances.iter();
            let found = distances.find(|it| it.name == identity.name).unwrap();
            assert_eq!(found.structure, 0.0, "{program}");
        }
        // Every formula says what a cell holds, or what is spoken of later.
        for line in explanation
            .reading
            .functions
            .iter()
            .flat_map(|it| &it.formulas)
        {
            let (name, formula) = line.split_once(" = ").unwrap();
            assert!(!name.is_empty() && !formula.is_empty(), "{line}");
            assert_eq!(
                formula.matches('(').count(),
                formula.matches(')').count(),
                "{line}"
            );
        }
    }
    assert!(
        recognised > 9,
        "children of known rules are known rules now and then: {recognised}"
    );
}

/// One line of output that says what is wanted.
fn says(text: &str, wanted: &str) {
    assert!(text.contains(wanted), "`{wanted}` is missing in\n{text}");
}

#[test]
fn every_known_program_is_told_to_be_itself() {
    for known in known::KNOWN {
        let mut arguments = vec!["explain", known.name, "--quick"];
        // The default tasks for learners have numbers for labels.
        if known.name.ends_with("_vector") {
            arguments.extend(["--suite", "two-layer-vector"]);
        }
        let text = run_mlevolve(&arguments).succeeded().stdout;
        says(&text, &format!("It is {}, to the bit.", known.name));
        says(&text, "# Read as");
        says(&text, "# What it costs");
    }
    // Of a loss with an update rule, each by itself, too.
    let both = run_mlevolve(&["explain", "cross_entropy_adam", "--quick"])
        .succeeded()
        .stdout;
    for part in ["cross_entropy", "adam"] {
        says(&both, &format!("It is {part}, to the bit."));
    }
}

#[test]
fn a_program_with_other_constants_is_told_to_be_the_known_one() {
    let workplace = Workplace::new();
    let other = known_program("adam").with_constant("beta2", 0.98).unwrap();
    workplace.write("other.mle", other.with_name("other").unwrap().to_string());
    let file = workplace.argument("other.mle");
    let text = run_mlevolve(&["explain", &file, "--quick"])
        .succeeded()
        .stdout;
    says(
        &text,
        "It is adam with other constants: beta2 0.98 (adam: 0.999).",
    );
    says(&text, "v' = 0.98 * v + 0.02 * g^2");
    let json = run_mlevolve(&["explain", &file, "--quick", "--json"]).succeeded();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        json["explanation"]["nearest"][0]["identity"]["name"],
        "adam"
    );
    assert_eq!(json["explanation"]["measured"], Value::Null);
    assert_eq!(json["id"], Value::Null);
}

#[test]
fn every_schema_can_be_measured() {
    for (name, options, part) in [
        (
            "linear_regression",
            &["--suite", "linear"][..],
            "memory of weights",
        ),
        ("huber", &["--suite", "wine-mlp"], "loss 1"),
        (
            "cross_entropy_adam",
            &["--suite", "wine-mlp"],
            "memory of v",
        ),
    ] {
        let arguments = [&["explain", name, "--seeds", "2"][..], options].concat();
        let text = run_mlevolve(&arguments).succeeded().stdout;
        says(&text, "# Which parts matter");
        says(&text, part);
    }
}

#[test]
fn the_best_program_of_a_run_is_explained_on_its_page_once_that_is_asked_for() {
    let workplace = Workplace::new();
    let (config, out) = (workplace.argument("small.toml"), workplace.argument("run"));
    run_mlevolve(&["evolve", "--config", &config, "--out", &out]).succeeded();
    let on_page = || -> Value {
        let page = workplace.read("run/report.html");
        let (_, rest) = page.split_once(r#"id="data">"#).unwrap();
        let (data, _) = rest.split_once("</script>").unwrap();
        let mut data: Value = serde_json::from_str(data).unwrap();
        data["explained"].take()
    };
    // At the end of the run, what takes no training.
    let quick = on_page();
    assert_eq!(quick["explanation"]["measured"], Value::Null);
    let before = workplace.snapshot("run");
    let printed = run_mlevolve(&["explain", "--run", &out, "--quick", "--json"]).succeeded();
    let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(quick["explanation"], printed["explanation"]);
    assert_eq!(quick["gains"], printed["gains"]);
    assert_eq!(
        workplace.snapshot("run"),
        before,
        "a quick one leaves no trace"
    );

    // The gains of its line.
    let line = run_mlevolve(&["lineage", &out, "--json"]).succeeded();
    let line: Value = serde_json::from_str(&line.stdout).unwrap();
    let ancestors = line["ancestors"].as_array().unwrap();
    let gained = ancestors
        .iter()
        .rev()
        .filter(|it| it["gain"].as_f64().is_some_and(|gain| gain > 0.0));
    let gained: Vec<&Value> = gained.map(|it| &it["id"]).collect();
    let gains = quick["gains"]["gains"].as_array().unwrap();
    assert!(!gains.is_empty());
    assert_eq!(
        gains.iter().map(|gain| &gain["id"]).collect::<Vec<_>>(),
        gained
    );
    assert_eq!(quick["gains"]["steps"], ancestors.len() - 1);
    assert!(
        gains
            .iter()
            .any(|gain| !gain["changes"].as_array().unwrap().is_empty())
    );

    // What takes some, when it is asked for.
    let ended = run_mlevolve(&["explain", "--run", &out, "--seeds", "2"]).succeeded();
    says(&ended.stdout, "# Which parts matter");
    says(&ended.stdout, "# Where it comes from");
    says(&ended.stderr, "explanation.json");
    run_mlevolve(&["report", &out]).succeeded();
    let left: Value = serde_json::from_str(&workplace.read("run/explanation.json")).unwrap();
    assert_eq!(on_page()["explanation"], left["explanation"]);
    assert_eq!(left["explanation"]["measured"]["suite"], "quick");

    // Another candidate, and another program on the run's tasks, leave that as it is.
    let before = workplace.snapshot("run");
    let parent = ancestors[1]["id"].to_string();
    let text = run_mlevolve(&["explain", &parent, "--run", &out, "--quick"])
        .succeeded()
        .stdout;
    says(&text, "# Where it comes from");
    run_mlevolve(&["explain", "sgd", "--run", &out, "--seeds", "1"]).succeeded();
    run_mlevolve(&[
        "explain",
        "--run",
        &out,
        "--seeds",
        "1",
        "--suite",
        "quadratic-100",
    ])
    .succeeded();
    assert_eq!(workplace.snapshot("run"), before);
    run_mlevolve(&["replay", &out]).succeeded();

    // One of another candidate is not shown.
    let other = workplace
        .read("run/explanation.json")
        .replace("\"id\": ", "\"id\": 9");
    workplace.write("run/explanation.json", other);
    run_mlevolve(&["report", &out]).succeeded();
    assert_eq!(on_page(), quick);
}

#[test]
fn a_run_without_lines_says_so() {
    let workplace = Workplace::new();
    let settings = SMALL_RUN.replace("[search]", "[search]\ncandidate_log = \"none\"");
    workplace.write("none.toml", settings);
    let (config, out) = (workplace.argument("none.toml"), workplace.argument("run"));
    run_mlevolve(&["evolve", "--config", &config, "--out", &out]).succeeded();
    let text = run_mlevolve(&["explain", "--run", &out, "--quick"])
        .succeeded()
        .stdout;
    says(&text, "Not known: ");
    says(&text, "candidate_log");
    run_mlevolve(&["explain", "1", "--run", &out, "--quick"]).refused(&["candidate_log"]);
}

#[test]
fn what_cannot_be_explained_is_refused_with_a_remedy() {
    let workplace = Workplace::new();
    let nowhere = workplace.argument("nowhere");
    for (arguments, parts) in [
        (&["explain"][..], &["PROGRAM"][..]),
        (&["explain", "adma"], &["there is no program adma", "adam"]),
        (
            &["explain", "adam", "--seeds", "0"],
            &["--seeds must be from 1 to 1000, not 0"],
        ),
        (
            &["explain", "adam", "--quick", "--seeds", "3"],
            &["--quick", "--seeds"],
        ),
        (&["explain", "adam", "--suite", "none"], &["none"]),
        (&["explain", "--run", &nowhere], &["cannot read", "nowhere"]),
        (
            &["explain", "adam", "--suite", "linear"],
            &["linear", "learner"],
        ),
        (
            &["explain", "linear_regression", "--suite", "quick"],
            &["quick"],
        ),
    ] {
        run_mlevolve(arguments).refused(parts);
    }
}
