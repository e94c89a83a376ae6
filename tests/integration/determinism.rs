//! The same settings and seed give the same run, to the bit, whatever it runs on.

use std::sync::atomic::{AtomicBool, AtomicU64};

use mlevolve::run::{Ending, RunConfig, Session, Timing, Watch, load_config};
use mlevolve::search::{BackendName, Generation, Search};
use mlevolve_ir::Backend;

use crate::command::run_mlevolve;
use crate::run_files::{Outcome, Workplace, log_without_timing};

#[test]
fn threads_and_back_ends_change_nothing() {
    let workplace = Workplace::new();
    let runs = [("one", "1", "jit"), ("two", "2", "interp")];
    let outcomes = runs.map(|(name, threads, backend)| {
        let (config, out) = (workplace.argument("small.toml"), workplace.argument(name));
        let arguments = [
            "evolve",
            "--config",
            &config,
            "--out",
            &out,
            "--threads",
            threads,
            "--backend",
            backend,
        ];
        let ended = run_mlevolve(&arguments).succeeded();
        // What is printed is the report, which is kept as well.
        assert_eq!(ended.stdout, workplace.read(&format!("{name}/report.txt")));
        Outcome::of(&workplace.path(name))
    });
    // A run, a generation before and after each round of breeding, and a leader at least.
    assert!(outcomes[0].log.len() > 1 + 11);
    let [first, second] = outcomes.map(Outcome::without_backend);
    assert_eq!(first, second);
}

/// Sees nothing.
struct Unwatched;

impl Watch for Unwatched {
    fn generation(&mut self, _: &Generation, _: &Search, _: &Timing) {}
}

/// The search as it ends on so many threads, and the log without timing.
fn searched(
    workplace: &Workplace,
    name: &str,
    config: &RunConfig,
    threads: usize,
) -> (Search, Vec<String>) {
    let path = workplace.path(name);
    let mut session = Session::start(&path, config).unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let (judged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let ending = pool.install(|| session.run(&mut Unwatched, &judged, &stop));
    assert!(matches!(ending.unwrap(), Ending::Finished));
    (session.search().clone(), log_without_timing(&path))
}

/// The whole state of the search, of which a report shows one program.
#[test]
fn the_whole_population_is_the_same_at_any_number_of_threads() {
    let workplace = Workplace::new();
    let mut config = load_config(&workplace.path("small.toml"), None).unwrap();
    config.search.generations = 6;
    config.search.backend = BackendName(Backend::Interpreter.into());
    let first = searched(&workplace, "1", &config, 1);
    assert!(
        first
            .0
            .islands()
            .iter()
            .all(|island| island.population.individuals().len() > 4)
    );
    for threads in [2, 5] {
        let again = searched(&workplace, &threads.to_string(), &config, threads);
        assert_eq!(again, first, "{threads} threads");
    }

    config.search.seed += 1;
    let (other, log) = searched(&workplace, "other seed", &config, 2);
    assert_ne!(other.islands(), first.0.islands());
    assert_ne!(log[1..], first.1[1..]);
}
