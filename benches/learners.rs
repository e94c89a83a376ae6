//! Learners, beside AutoML-Zero on its own ground, on one thread.
//!
//! ```text
//! cargo bench --bench learners -- linear       teaching a linear learner, ns per example and task
//! cargo bench --bench learners -- network      teaching a network of two layers, ns per example and task
//! cargo bench --bench learners -- demo         its demonstration's search, candidates a second
//! cargo bench --bench learners -- projected    its main search, candidates a second
//! cargo bench --bench learners -- success      candidates until linear regression is found
//! ```
//!
//! What is counted: of teaching, the time for compiling, `setup`, 8,000 examples to learn from and 100 to be examined on,
//! of all tasks together, divided by 8,000 and by the number of tasks, which share the time for compiling; how much of it is
//! that, the row "compiling" says. AutoML-Zero's figures for the same are 24, 33, 29 and 37 ns of the linear learner and
//! 73, 149, 310 and 737 ns of the network, for 4, 8, 16 and 32 features, on another machine. Of searching, candidates that were
//! made, and have a verdict at the end of their generation, in all generations from the first. Without reuse each of
//! them was run on all examples; with reuse, a program whose effective instructions, or whose rounded predictions for
//! the first 10 examples of each kind, are those of an earlier one takes its verdict.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "shared/measure.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared by benches, each of which uses a part"
)]
mod measure;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

use clap::{Parser, Subcommand};
use measure::{Contender, Measuring, Series, Unit, interleave, report};
use mimalloc::MiMalloc;
use mlevolve::fitness::{DataSettings, Judge, judging_task_seeds};
use mlevolve::learner::{LearnerJudge, LearnerSettings, teaching_function};
use mlevolve::program::{Schema, known};
use mlevolve::run::{RunConfig, load_config};
use mlevolve::search::{Search, SearchSettings};
use mlevolve_ir::lane_kernel::LaneKernel;
use mlevolve_ir::{Backend, BackendChoice, Dimensions};
use mlevolve_tasks::learner::Evaluation;
use rayon::ThreadPoolBuilder;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    case: Option<Case>,
    #[command(flatten)]
    measuring: Measuring,
}

#[derive(Subcommand, Clone)]
enum Case {
    /// Teaching a linear learner
    Linear(Lesson),
    /// Teaching a network of two layers
    Network(Lesson),
    /// The search of AutoML-Zero's demonstration
    Demo,
    /// AutoML-Zero's main search
    Projected {
        /// Where CIFAR-10 is; without it, the bundled digits are projected
        #[arg(long)]
        data_dir: Option<PathBuf>,
    },
    /// Candidates until linear regression is found
    Success {
        /// The settings of a search; without them, those of the demonstration
        #[arg(long)]
        config: Option<PathBuf>,
        /// The seed of the first search; each further one has the next
        #[arg(long, default_value_t = 1)]
        first: u64,
        /// How many searches
        #[arg(long, default_value_t = 20)]
        searches: u64,
        /// How many candidates a search may make
        #[arg(long, default_value_t = 2_000_000)]
        candidates: u64,
    },
}

#[derive(clap::Args, Clone)]
struct Lesson {
    /// How many tasks are taught side by side
    #[arg(long, value_delimiter = ',', default_values_t = TASKS)]
    tasks: Vec<usize>,
}

/// How many tasks are taught side by side: as many as fill the widest vector, and more, which share what a start costs.
const TASKS: [usize; 3] = [16, 64, 128];

/// Examples to learn from.
const EXAMPLES: usize = 8_000;

fn main() {
    let Options { case, measuring } = Options::parse();
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let lesson = Lesson {
        tasks: TASKS.to_vec(),
    };
    let all = [
        Case::Linear(lesson.clone()),
        Case::Network(lesson),
        Case::Demo,
        Case::Projected { data_dir: None },
    ];
    let cases = case.map_or(all.to_vec(), |case| vec![case]);
    pool.install(|| {
        for case in cases {
            match case {
                Case::Linear(lesson) => {
                    teaching("linear_regression", "linear", 0.01, &lesson, &measuring);
                }
                Case::Network(lesson) => {
                    teaching("two_layer_network", "two-layer", 0.001, &lesson, &measuring);
                }
                Case::Demo => searching("demo", &demo(), 100, &measuring),
                Case::Projected { data_dir } => {
                    searching("projected", &projected(data_dir), 30, &measuring);
                }
                Case::Success {
                    config,
                    first,
                    searches,
                    candidates,
                } => {
                    let settings = match config {
                        Some(path) => load_config(&path, None).unwrap().search,
                        None => demo(),
                    };
                    success(&settings, first, searches, candidates);
                }
            }
        }
    });
}

fn teaching(name: &str, suite: &str, rate: f32, lesson: &Lesson, measuring: &Measuring) {
    let program = known::find(name).unwrap().program().unwrap();
    let program = program.with_constant("learning_rate", rate).unwrap();
    let function = teaching_function(&program, Evaluation::RootMeanSquare);
    for features in [4, 8, 16, 32] {
        let settings = SearchSettings {
            suite: suite.to_owned(),
            seeds: 1,
            learner: LearnerSettings {
                features,
                training_examples: EXAMPLES,
                validation_examples: 100,
                ..LearnerSettings::default()
            },
            ..RunConfig::of(Schema::Learner).search
        };
        let judge = LearnerJudge::new(&settings, &DataSettings::default()).unwrap();
        for &tasks in &lesson.tasks {
            let seeds = judging_task_seeds(tasks);
            let judgement = judge.judge(&program, &seeds, BackendChoice::Auto);
            let fitness = judgement.unwrap().fitness;
            let contender = |backend: BackendChoice| {
                let (judge, program, seeds) = (&judge, &program, &seeds);
                Contender::new(format!("{backend}"), move |(): &mut ()| {
                    judge.judge(program, seeds, backend).unwrap();
                })
            };
            let only = [Backend::Jit, Backend::JitQuick, Backend::Interpreter];
            let choices = std::iter::once(BackendChoice::Auto).chain(only.map(BackendChoice::Only));
            let mut contenders: Vec<_> = choices.map(contender).collect();
            let compiling = || {
                let dimensions = Dimensions::new(features, features);
                LaneKernel::compile(&function, dimensions, tasks, Backend::Jit).unwrap()
            };
            contenders.push(Contender::new("compiling", move |(): &mut ()| {
                black_box(compiling());
            }));
            let series = interleave(&mut (), &mut contenders, measuring);
            let work = (EXAMPLES * tasks) as f64;
            let case = format!("{name}, {features} features, {tasks} tasks, fitness {fitness:.4}");
            let unit = Unit::NanosecondsPerExample;
            report("learners", &case, unit, work, &series, measuring);
            for Series { name, seconds } in &series {
                let least = seconds.iter().copied().fold(f64::INFINITY, f64::min);
                println!(
                    "  {name}: the least of all rounds {:.2}",
                    least * 1e9 / work
                );
            }
        }
    }
}

fn configuration(name: &str) -> SearchSettings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/automl-zero");
    load_config(&path.join(name), None).unwrap().search
}

fn demo() -> SearchSettings {
    configuration("demo.toml")
}

fn projected(data_dir: Option<PathBuf>) -> SearchSettings {
    let mut settings = configuration("projected.toml");
    if data_dir.is_some() {
        settings.suite = "projected-cifar10".to_owned();
        settings.data.directory = data_dir;
    }
    settings
}

fn searching(case: &str, settings: &SearchSettings, generations: u32, measuring: &Measuring) {
    let searches = [("without reuse", false), ("with reuse", true)].map(|(name, reuses)| {
        let search = Search::new(SearchSettings {
            reuses_verdicts: reuses,
            ..settings.clone()
        });
        (name, search.unwrap())
    });
    let judge = searches[0].1.judge().unwrap();
    let mut made = 0;
    let mut contenders: Vec<Contender<'_, ()>> = Vec::new();
    for (name, search) in &searches {
        made = generations as usize * settings.offspring + settings.population;
        let judge = &*judge;
        contenders.push(Contender::new(*name, move |(): &mut ()| {
            let mut search = search.clone();
            for _ in 0..=generations {
                advance(&mut search, judge);
            }
        }));
    }
    // One is a search of some seconds.
    let measuring = Measuring {
        rounds: measuring.rounds.min(5),
        sample_ms: 1,
        ..measuring.clone()
    };
    let series = interleave(&mut (), &mut contenders, &measuring);
    let case = format!("{case}, {made} candidates from nothing");
    report(
        "learners",
        &case,
        Unit::CandidatesPerSecond,
        made as f64,
        &series,
        &measuring,
    );
}

fn advance(search: &mut Search, judge: &dyn Judge) -> mlevolve::search::Generation {
    let generation = search.advance(judge, None, &AtomicU64::new(0), &AtomicBool::new(false));
    generation.unwrap().unwrap()
}

/// The fitness on 100 fresh tasks, after 1,000 examples, at which AutoML-Zero's demonstration ends.
const SUFFICIENT: f64 = 0.9999;

fn success(settings: &SearchSettings, first: u64, searches: u64, most: u64) {
    let mut needed: Vec<f64> = Vec::new();
    println!(
        "candidates until a leader has fitness {SUFFICIENT} on 100 other tasks of 1,000 examples"
    );
    for seed in first..first + searches {
        let settings = SearchSettings {
            seed,
            ..settings.clone()
        };
        let thorough = SearchSettings {
            learner: LearnerSettings {
                training_examples: 1_000,
                ..settings.learner.clone()
            },
            ..settings.clone()
        };
        let final_judge = LearnerJudge::new(&thorough, &DataSettings::default()).unwrap();
        let mut search = Search::new(settings).unwrap();
        let judge = search.judge().unwrap();
        let before = Instant::now();
        let found = loop {
            let generation = advance(&mut search, &*judge);
            let made = search.totals().candidates;
            if let (true, Some(leader)) = (generation.new_leader, search.leader()) {
                let program = &leader.individual.program;
                let seeds = judging_task_seeds(100);
                let judgement = final_judge.judge(program, &seeds, BackendChoice::Auto);
                if judgement.unwrap().fitness >= SUFFICIENT {
                    break Some(made);
                }
            }
            if made >= most {
                break None;
            }
        };
        let seconds = before.elapsed().as_secs_f64();
        match found {
            Some(candidates) => println!("  seed {seed}: {candidates} in {seconds:.1} s"),
            None => println!("  seed {seed}: not among {most}, in {seconds:.1} s"),
        }
        needed.push(found.map_or(f64::INFINITY, |candidates| candidates as f64));
    }
    needed.sort_by(f64::total_cmp);
    let succeeded = needed.iter().filter(|needed| needed.is_finite()).count();
    let median = needed[needed.len() / 2];
    println!("  {succeeded} of {searches} found it; median {median} candidates");
}
