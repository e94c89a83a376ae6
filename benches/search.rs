//! How many candidates a search judges in a second, on the default suite.
//!
//! The first generation is made of known rules and random programs, which mostly fail at once; a later
//! one of their children, which mostly train. Both go through all that a generation is: breeding,
//! the funnel, selection, and judging challengers again on more seeds. Each sample begins with the
//! same search, so it does the same work; what that is, is printed first.

#![allow(missing_docs, reason = "criterion's macros make functions without")]
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use mlevolve::fitness::{Judge, search_seeds};
use mlevolve::program::known;
use mlevolve::search::{Generation, Search, SearchSettings};
use mlevolve_ir::Backend;

/// Room for every known rule at each of its rates, and for some random programs.
const POPULATION: usize = 40;
/// The generation that stands for those in the middle of a search.
const LATER_GENERATION: u32 = 4;

fn advance(search: &mut Search, judge: &dyn Judge) -> Generation {
    let generation = search.advance(judge, None, &AtomicU64::new(0), &AtomicBool::new(false));
    generation.unwrap().unwrap()
}

fn search(criterion: &mut Criterion) {
    let settings = SearchSettings {
        seed: 1,
        population: POPULATION,
        offspring: POPULATION,
        elites: 5,
        ..SearchSettings::default()
    };
    let first = Search::new(settings.clone()).unwrap();
    let judge = first.judge().unwrap();
    let mut later = first.clone();
    while later.next_generation() < LATER_GENERATION {
        advance(&mut later, &*judge);
    }

    let mut group = criterion.benchmark_group("search");
    group
        .sample_size(10)
        .nresamples(10_000)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(500));
    for (name, start) in [("first_generation", &first), ("later_generation", &later)] {
        let counts = advance(&mut start.clone(), &*judge).counts;
        eprintln!("{name}: {counts:?}");
        group.throughput(Throughput::Elements(counts.candidates));
        group.measurement_time(Duration::from_secs(10));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || start.clone(),
                |search| advance(search, &*judge),
                BatchSize::PerIteration,
            );
        });
    }

    let adam = known::find("adam").unwrap().program().unwrap();
    let seeds = search_seeds(settings.seed, settings.seeds);
    group.throughput(Throughput::Elements(1));
    group.measurement_time(Duration::from_secs(4));
    for backend in Backend::ALL {
        group.bench_function(format!("adam_on_default_suite/{backend}"), |bencher| {
            bencher.iter(|| {
                judge
                    .judge(black_box(&adam), &seeds, backend.into())
                    .unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
