//! How many candidates a second more threads judge, on the default suite: the same generation of the same search, with
//! thread pools of every size that the machine has processors for.
//!
//! ```text
//! cargo bench --bench threads
//! ```

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "shared/measure.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared by benches, each of which uses a part"
)]
mod measure;

use std::sync::atomic::{AtomicBool, AtomicU64};

use clap::Parser;
use measure::{Contender, Measuring, Unit, interleave, report};
use mlevolve::search::{Search, SearchSettings};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Enough candidates that the last ones to be judged do not leave threads idle for long.
const CANDIDATES: usize = 400;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    measuring: Measuring,
}

fn pool(threads: usize) -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    builder.build().unwrap()
}

fn main() {
    let Options { measuring } = Options::parse();
    let settings = SearchSettings {
        population: CANDIDATES,
        offspring: CANDIDATES,
        ..SearchSettings::default()
    };
    let mut search = Search::new(settings).unwrap();
    let judge = search.judge().unwrap();
    let advance = |search: &mut Search| {
        let generation = search.advance(&*judge, None, &AtomicU64::new(0), &AtomicBool::new(false));
        generation.unwrap().unwrap()
    };
    // A generation of children, most of which train.
    advance(&mut search);
    let candidates = advance(&mut search.clone()).counts.candidates;
    let processors = std::thread::available_parallelism().unwrap().get();
    let sizes = (0..)
        .map(|power| 1 << power)
        .take_while(|threads| *threads < processors)
        .chain([processors]);
    let mut contenders: Vec<Contender<'_, Search>> = sizes
        .map(|threads| {
            let pool = pool(threads);
            let name = match threads {
                1 => "1 thread".to_owned(),
                _ => format!("{threads} threads"),
            };
            Contender::new(name, move |search: &mut Search| {
                let mut search = search.clone();
                pool.install(|| advance(&mut search));
            })
        })
        .collect();
    let series = interleave(&mut search, &mut contenders, &measuring);
    let unit = Unit::CandidatesPerSecond;
    report(
        "threads",
        "default suite",
        unit,
        candidates as f64,
        &series,
        &measuring,
    );
}
