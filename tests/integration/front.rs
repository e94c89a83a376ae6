//! What a search finds beside its best program: kept, drawn from, listed, shown and exported.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mlevolve::program::Program;
use mlevolve::run::{Ending, RunArchive, RunConfig, Session, Timing, Watch};
use mlevolve::search::{
    Generation, Individual, MapCell, MapElites, MapElitesSettings, Operator, Search, SearchSettings,
};
use serde_json::Value;

use crate::command::run_mlevolve;
use crate::run_files::{SMALL_RUN, Workplace};

/// A workplace with a finished run in `run`, which keeps a map.
fn with_a_run() -> Workplace {
    let workplace = Workplace::new();
    let text = format!("{SMALL_RUN}\n[search.map_elites]\nprobability = 0.4\n");
    workplace.write("mapping.toml", text);
    let (config, out) = (
        workplace.argument("mapping.toml"),
        workplace.argument("run"),
    );
    run_mlevolve(&["evolve", "--config", &config, "--out", &out]).succeeded();
    workplace
}

/// What `front` prints as JSON with these options.
fn listed(run: &str, options: &[&str]) -> Vec<Value> {
    let arguments = [&["front", run, "--json"], options].concat();
    let ended = run_mlevolve(&arguments).succeeded();
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Fitness, FLOPs and instructions.
fn figures(member: &Value) -> (f64, u64, u64) {
    (
        member["judgement"]["fitness"].as_f64().unwrap(),
        member["cost"]["unit_flops"].as_u64().unwrap(),
        member["cost"]["instructions"].as_u64().unwrap(),
    )
}

/// The row of a table that begins with this word.
fn row_of<'a>(table: &'a str, word: &str) -> &'a str {
    let begins = |line: &&str| line.split_whitespace().next() == Some(word);
    table.lines().find(begins).unwrap()
}

#[test]
fn what_is_kept_is_listed_shown_exported_and_reported() {
    let workplace = with_a_run();
    let run = workplace.argument("run");
    let before = workplace.snapshot("run");
    let all = listed(&run, &["--all"]);
    assert!(all.len() > 2, "{}", all.len());
    assert!(all.is_sorted_by(|one, other| figures(one).0 >= figures(other).0));
    for (place, member) in all.iter().enumerate() {
        let (fitness, flops, instructions) = figures(member);
        // By other words than the program's: no other one is better in something and worse in nothing.
        let is_beaten = all.iter().enumerate().any(|(other_place, other)| {
            let other = figures(other);
            let is_no_worse = other.0 >= fitness && other.1 <= flops && other.2 <= instructions;
            is_no_worse && (other != (fitness, flops, instructions) || other_place < place)
        });
        assert_eq!(member["is_on_front"], !is_beaten, "{member:#}");
    }
    let on_front: Vec<Value> = all
        .iter()
        .filter(|it| it["is_on_front"] == true)
        .cloned()
        .collect();
    let further = ["--backend", "interp", "--threads", "2"];
    assert_eq!(listed(&run, &further), on_front);

    let table = run_mlevolve(&["front", &run, "--all"]).succeeded().stdout;
    for member in &all {
        let word = member["id"].to_string();
        let (fitness, ..) = figures(member);
        let row = row_of(&table, &word);
        assert!(row.contains(&format!("{fitness:.3}")), "{table}");
    }

    let out = workplace.argument("found");
    let exported = run_mlevolve(&["front", &run, "--export", &out]).succeeded();
    assert!(exported.stderr.contains(&out), "{exported:#?}");
    let files = workplace.snapshot("found");
    assert_eq!(files.len(), on_front.len());
    for (place, ((path, content), member)) in files.iter().zip(&on_front).enumerate() {
        let flops = figures(member).1;
        let name = format!("front-{:02}-{flops}-flops.mle", place + 1);
        assert_eq!(path.file_name().unwrap().to_str(), Some(name.as_str()));
        let text = String::from_utf8(content.clone()).unwrap();
        assert_eq!(member["program"], text);
        assert!(
            text.contains(&format!("candidate {} of generation", member["id"])),
            "{text}"
        );
        Program::parse(&text).unwrap();
        let id = member["id"].to_string();
        let shown = run_mlevolve(&["front", &run, "--show", &id]).succeeded();
        assert_eq!((shown.stdout, shown.stderr), (text, String::new()));
    }
    // A second export does not mix with the first.
    run_mlevolve(&["front", &run, "--export", &out]).refused(&[&out, "not empty", "--export"]);
    assert_eq!(workplace.snapshot("found"), files);

    // The figures are those of a report.
    let file = files.keys().next().unwrap().to_str().unwrap();
    let arguments = ["eval", file, "--suite", "quick", "--no-tuning", "--json"];
    let evaluated = run_mlevolve(&arguments).succeeded();
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    for key in ["judgement", "cost"] {
        assert_eq!(evaluated["written"][key], on_front[0][key]);
    }
    assert_eq!(workplace.snapshot("run"), before, "looking changes nothing");
    assert_map_is_listed(&run);
    assert_report_has_front(&workplace, &all);
}

/// The map is listed with its cells, each once, whoever is on a front.
fn assert_map_is_listed(run: &str) {
    let archive = RunArchive::open(run.as_ref()).unwrap();
    let map = archive.search().map();
    let members = listed(run, &["--map"]);
    assert!(members.len() > 2, "{}", members.len());
    let ids = |members: &[Value]| -> BTreeSet<u64> {
        let members = members.iter();
        members.map(|it| it["id"].as_u64().unwrap()).collect()
    };
    let kept: BTreeSet<u64> = map.members().map(|it| it.individual.id).collect();
    assert_eq!(ids(&members), kept);
    let table = run_mlevolve(&["front", run, "--map"]).succeeded().stdout;
    for (cell, member) in map.cells().zip(map.members()) {
        let id = member.individual.id;
        let listed = members.iter().find(|it| it["id"] == id).unwrap();
        assert_eq!(listed["cell"], cell.to_string());
        let line = row_of(&table, &id.to_string());
        assert!(line.ends_with(&format!(" {cell}")), "{cell}\n{table}");
    }
}

/// The run's report shows a few of `all`, and a replay knows their figures.
fn assert_report_has_front(workplace: &Workplace, all: &[Value]) {
    let report = workplace.read("run/report.txt");
    assert!(report.contains("Fittest at each cost"), "{report}");
    let honest: Value = serde_json::from_str(&workplace.read("run/result.json")).unwrap();
    let members = honest["front"].as_array().unwrap();
    assert!((1..=8).contains(&members.len()), "{}", members.len());
    let mut least = u64::MAX;
    for member in members {
        let same = all.iter().find(|it| it["id"] == member["id"]).unwrap();
        for key in [
            "judgement",
            "cost",
            "program",
            "search_fitness",
            "generation",
        ] {
            assert_eq!(member[key], same[key], "{key}");
        }
        least = least.min(figures(member).1);
    }
    // The cheapest of all is the last of the stairs, if they are not too many.
    let cheapest = all.iter().map(|member| figures(member).1).min();
    assert!(members.len() == 8 || Some(least) == cheapest);

    let run = workplace.argument("run");
    run_mlevolve(&["replay", &run]).succeeded();
    for (pointer, figure) in [
        ("/front/0/judgement/fitness", "fitness"),
        ("/front/0/cost/state", "cost"),
    ] {
        let mut result = honest.clone();
        let value = result.pointer_mut(pointer).unwrap();
        *value = match value.as_u64() {
            Some(count) => (count + 1).into(),
            None => value.as_f64().unwrap().next_up().into(),
        };
        workplace.write("run/result.json", result.to_string());
        let ended = run_mlevolve(&["replay", &run]);
        assert_eq!(ended.code(), Some(1), "{ended:#?}");
        let named = format!("candidate {}, of the front, {figure}: ", members[0]["id"]);
        assert!(ended.stdout.contains(&named), "{named}\n{ended:#?}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let workplace = Workplace::new();
    let (config, run) = (workplace.argument("small.toml"), workplace.argument("run"));
    let missing = workplace.argument("missing");
    run_mlevolve(&["front", &missing]).refused(&["cannot read", &missing, "No such file"]);
    let other = workplace.argument("");
    run_mlevolve(&["front", &other]).refused(&["is no run directory"]);
    // A run that stopped before its first generation.
    let begin = ["evolve", "--config", &config, "--out", &run];
    let at_once = ["--population", "1000", "--time-limit", "1ms"];
    run_mlevolve(&[&begin[..], &at_once].concat()).succeeded();
    run_mlevolve(&["front", &run]).refused(&[&run, "no candidate has trained"]);

    let short = workplace.argument("short");
    let config = RunConfig {
        search: SearchSettings {
            generations: 1,
            map_elites: None,
            ..settings()
        },
        ..RunConfig::default()
    };
    ended(Session::start(short.as_ref(), &config).unwrap(), u32::MAX);
    run_mlevolve(&["front", &short, "--map"]).refused(&[
        "keeps no map",
        "[search.map_elites]",
        "--config",
    ]);
    let kept = listed(&short, &["--all"])[0]["id"].to_string();
    run_mlevolve(&["front", &short, "--show", "999999"])
        .refused(&["candidate 999999 is not kept", &format!("`{kept}`")]);
    run_mlevolve(&["front", &short, "--show", "first"]).refused(&["'first'", "--show"]);
    let file = workplace.argument("small.toml");
    run_mlevolve(&["front", &short, "--export", &file]).refused(&["cannot write", &file]);
}

fn settings() -> SearchSettings {
    SearchSettings {
        suite: "iris-logistic".to_owned(),
        generations: 8,
        population: 24,
        offspring: 24,
        elites: 2,
        seeds: 1,
        confirmation_seeds: 1,
        islands: 3,
        migration_interval_generations: 3,
        map_elites: Some(MapElitesSettings { probability: 1.0 }),
        ..SearchSettings::default()
    }
}

/// Stops a run after a generation, if it comes so far.
struct StopAfter<'a>(u32, &'a AtomicBool);

impl Watch for StopAfter<'_> {
    fn generation(&mut self, generation: &Generation, _: &Search, _: &Timing) {
        self.1.store(generation.number == self.0, Ordering::Relaxed);
    }
}

/// The search of a session that went on to its end, or was stopped after this generation.
fn ended(mut session: Session, last: u32) -> Search {
    let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let ending = session.run(&mut StopAfter(last, &stop), &judged, &stop);
    let is_stopped = matches!(ending.unwrap(), Ending::Stopped);
    assert_eq!(is_stopped, last != u32::MAX);
    session.search().clone()
}

fn is_there(id: u64, map: &MapElites) -> bool {
    map.members().any(|member| member.individual.id == id)
}

#[test]
fn a_map_keeps_the_fittest_of_each_kind_and_gives_all_parents_if_asked_to() {
    let mut search = Search::new(settings()).unwrap();
    let judge = search.judge().unwrap();
    let mut seen: Vec<Individual> = Vec::new();
    let (mut children, mut strangers) = (0, 0);
    while !search.is_finished() {
        let before = search.clone();
        let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        search
            .advance(&*judge, None, &judged, &stop)
            .unwrap()
            .unwrap();
        for (place, island) in search.islands().iter().enumerate() {
            let old = &before.islands()[place].population;
            for one in island.population.individuals() {
                if old.with_id(one.id).is_some()
                    || one.origin.operators[..] == [Operator::Migration]
                {
                    continue;
                }
                seen.push(one.clone());
                for &parent in &one.origin.parents {
                    assert!(is_there(parent, before.map()), "{one:?}");
                    strangers += usize::from(old.with_id(parent).is_none());
                }
                children += one.origin.parents.len();
            }
        }
        let map = search.map();
        assert!(map.cells().is_sorted_by(|one, other| one < other));
        assert!(
            map.cells()
                .eq(map.members().map(|it| MapCell::of(&it.individual)))
        );
        for one in &seen {
            let mut pairs = map.cells().zip(map.members());
            let place = pairs.find(|(cell, _)| *cell == MapCell::of(one));
            let (_, elite) = place.unwrap();
            assert!(elite.individual.rank(one).is_le(), "{one:?}");
        }
    }
    assert!(
        search.map().members().len() > 4,
        "{}",
        search.map().members().len()
    );
    // Most of the map lives on other islands, or nowhere any more.
    assert!(
        children > 50 && strangers > children / 4,
        "{strangers} of {children}"
    );
}

#[test]
fn a_search_with_a_map_goes_on_as_if_nothing_had_stopped_it() {
    let workplace = Workplace::new();
    let config = RunConfig {
        search: settings(),
        ..RunConfig::default()
    };
    let start = |name: &str| Session::start(&workplace.path(name), &config).unwrap();
    let whole = ended(start("whole"), u32::MAX);
    let stopped = ended(start("stopped"), 3);
    assert_eq!(stopped.next_generation(), 4);
    assert!(stopped.map().members().len() > 0);
    let resumed = Session::resume(&workplace.path("stopped"), |begun| Ok(begun.clone())).unwrap();
    assert_eq!(resumed.search(), &stopped);
    assert_eq!(ended(resumed, u32::MAX), whole);

    let without = SearchSettings {
        map_elites: None,
        ..settings()
    };
    let config = RunConfig {
        search: without,
        ..config
    };
    let without = Session::start(&workplace.path("without"), &config).unwrap();
    let without = ended(without, u32::MAX);
    assert_eq!(without.map(), &MapElites::default());
    assert_ne!(without.islands(), whole.islands());
}
