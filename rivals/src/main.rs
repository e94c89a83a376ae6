//! The compiler of mlevolve beside others, on the same random expressions over the same rows, one
//! thread each. `README.md` says what is measured and how.

#[path = "../../benches/shared/mod.rs"]
mod shared;

mod dynamic;
mod gcc;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, process};

use clap::Parser;
use mlevolve_ir::Backend;
use mlevolve_tasks::stream;
use ndarray::Array2;
use shared::expressions::{Compiled, supported};
use shared::measure::{Contender, Measuring, Unit, interleave, report};
use shared::trees::{Mix, Operation, Tree, VARIABLES, columns};

/// How far a contender's values may be from those in binary64: the root of the mean squared
/// difference over all rows, as a part of the root of the mean square. Rivals contract, reorder and
/// approximate.
const TOLERANCE: f64 = 1e-3;

#[derive(Parser)]
#[command(about = "Random expressions: mlevolve's compiler, gcc and dynamic_expressions")]
struct Options {
    /// How many trees of each kind
    #[arg(long, default_value_t = 100)]
    trees: usize,
    /// How many rows; a multiple of 16
    #[arg(long, default_value_t = 10_000)]
    rows: usize,
    /// What all trees and rows are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A directory to write the trees and rows to, for rivals in other languages
    #[arg(long)]
    write: Option<PathBuf>,
    /// Only write them
    #[arg(long, requires = "write")]
    only_write: bool,
    #[command(flatten)]
    measuring: Measuring,
}

fn main() {
    let options = Options::parse();
    if let Err(error) = run(&options) {
        eprintln!("error: {error}");
        process::exit(1);
    }
}

fn run(options: &Options) -> io::Result<()> {
    if options.rows == 0 || !options.rows.is_multiple_of(16) {
        return Err(io::Error::other("rows must be a multiple of 16"));
    }
    let transcendental = supported(&Operation::TRANSCENDENTAL);
    let columns = columns(&mut stream(options.seed, "rows", [0, 0]), options.rows);
    let mixes = [Mix::transcendental(&transcendental), Mix::arithmetic()];
    for (number, mut mix) in mixes.into_iter().enumerate() {
        let mut numbers = stream(options.seed, "trees", [number as u64, 0]);
        let trees: Vec<Tree> = (0..options.trees).map(|_| mix.draw(&mut numbers)).collect();
        if let Some(directory) = &options.write {
            write(directory, &mix, &trees, &columns)?;
        }
        if !options.only_write {
            describe(&mix, &trees, options.rows);
            measure(&mix, &trees, &columns, &options.measuring)?;
        }
    }
    Ok(())
}

/// Writes the trees, one a line, and the columns, one after the other in binary32, little-endian.
fn write(directory: &Path, mix: &Mix, trees: &[Tree], columns: &[Vec<f32>]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let lines: String = trees.iter().map(|tree| format!("{tree}\n")).collect();
    fs::write(directory.join(format!("{}.trees", mix.name)), lines)?;
    let numbers = columns.iter().flatten();
    let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
    fs::write(directory.join("columns.f32"), bytes)
}

fn node_count(trees: &[Tree]) -> usize {
    trees.iter().map(|tree| tree.nodes.len()).sum()
}

fn describe(mix: &Mix, trees: &[Tree], rows: usize) {
    let nodes = node_count(trees);
    println!(
        "\n{}: {} trees, {nodes} nodes, {rows} rows, {VARIABLES} variables",
        mix.name,
        trees.len()
    );
    let shares = mix.drawn().iter().map(|(operation, count)| {
        let percent = 100.0 * *count as f64 / nodes as f64;
        format!("{} {percent:.1} %", operation.name())
    });
    println!("  of the nodes: {}", shares.collect::<Vec<_>>().join(", "));
}

/// Where contenders write the value of one tree after the other.
struct Results {
    tree: Vec<f32>,
    /// The values of all trees, for checks.
    kept: Option<Vec<Vec<f32>>>,
}

fn contender<'a>(
    name: &str,
    trees: usize,
    mut run: impl FnMut(usize, &mut [f32]) + 'a,
) -> Contender<'a, Results> {
    Contender::new(name, move |results: &mut Results| {
        for tree in 0..trees {
            run(tree, &mut results.tree);
            if let Some(kept) = &mut results.kept {
                kept.push(results.tree.clone());
            }
        }
    })
}

fn measure(
    mix: &Mix,
    trees: &[Tree],
    columns: &[Vec<f32>],
    measuring: &Measuring,
) -> io::Result<()> {
    let rows = columns[0].len();
    let matrix = Array2::from_shape_vec((VARIABLES, rows), columns.concat());
    let matrix = matrix.map_err(io::Error::other)?;
    let made_ready = |name: &str, all: Duration| {
        let each_us = all.as_secs_f64() * 1e6 / trees.len() as f64;
        println!("  {name}: {each_us:.1} us a tree to make it ready");
    };
    let mut contenders = Vec::new();
    for backend in [Backend::Jit, Backend::Interpreter] {
        let name = format!("mlevolve {backend}");
        let start = Instant::now();
        let compiled = trees.iter().map(|tree| Compiled::new(tree, backend));
        let mut compiled: Vec<Compiled> = compiled.collect();
        made_ready(&name, start.elapsed());
        let run = move |tree: usize, result: &mut [f32]| compiled[tree].run(columns, result);
        contenders.push(contender(&name, trees.len(), run));
    }
    for target in gcc::Target::ALL {
        if !target.runs_here() {
            println!("NOTE: this machine cannot run {}", target.name());
            continue;
        }
        let compiled = gcc::Compiled::new(trees, target)?;
        made_ready(target.name(), compiled.compile_time());
        let run = move |tree: usize, result: &mut [f32]| compiled.run(tree, columns, result);
        contenders.push(contender(target.name(), trees.len(), run));
    }
    let start = Instant::now();
    let dynamic = trees.iter().map(|tree| dynamic::Compiled::new(tree, rows));
    let mut dynamic: Vec<dynamic::Compiled> = dynamic.collect();
    made_ready("dynamic_expressions", start.elapsed());
    let matrix = &matrix;
    let run = move |tree: usize, result: &mut [f32]| dynamic[tree].run(matrix, result);
    contenders.push(contender("dynamic_expressions", trees.len(), run));

    check(trees, columns, &mut contenders);
    let mut results = Results {
        tree: vec![0.0; rows],
        kept: None,
    };
    let series = interleave(&mut results, &mut contenders, measuring);
    let work = (node_count(trees) * rows) as f64;
    let unit = Unit::GigaNodeRowsPerSecond;
    report("expressions", mix.name, unit, work, &series, measuring);
    Ok(())
}

/// That all contenders compute the same, within [`TOLERANCE`], and our back ends to the bit.
///
/// # Panics
/// If they do not.
fn check(trees: &[Tree], columns: &[Vec<f32>], contenders: &mut [Contender<'_, Results>]) {
    let rows = columns[0].len();
    let row_of = |tree: &Tree, row: usize| tree.evaluate(|variable| columns[variable][row]);
    let expected = trees.iter().map(|tree| {
        let values = (0..rows).map(|row| row_of(tree, row));
        values.collect::<Vec<f64>>()
    });
    let expected: Vec<Vec<f64>> = expected.collect();
    let mut first: Option<Vec<Vec<f32>>> = None;
    for (number, contender) in contenders.iter_mut().enumerate() {
        let mut results = Results {
            tree: vec![0.0; rows],
            kept: Some(Vec::new()),
        };
        contender.run(&mut results);
        let kept = results.kept.unwrap_or_default();
        let errors = kept
            .iter()
            .zip(&expected)
            .map(|(is, should)| error(is, should));
        let greatest = errors.clone().fold(0.0, f64::max);
        println!(
            "  {}: error at most {greatest:.1e} of a tree's values",
            contender.name()
        );
        for (tree, error) in trees.iter().zip(errors) {
            let name = contender.name();
            // A NaN is not within tolerance either.
            assert!(error <= TOLERANCE, "{name} is {error:.1e} off on `{tree}`");
        }
        let bits = |all: &[Vec<f32>]| -> Vec<u32> {
            all.iter()
                .flatten()
                .map(|number| number.to_bits())
                .collect()
        };
        match &first {
            None => first = Some(kept),
            // The interpreter.
            Some(first) if number == 1 => {
                assert!(bits(first) == bits(&kept), "our back ends differ");
            }
            Some(_) => {}
        }
    }
}

/// The root of the mean squared difference, as a part of the root of the mean square.
fn error(is: &[f32], should: &[f64]) -> f64 {
    let differences = is
        .iter()
        .zip(should)
        .map(|(is, should)| f64::from(*is) - should);
    let squared: f64 = differences.map(|difference| difference * difference).sum();
    let square: f64 = should.iter().map(|value| value * value).sum();
    (squared / square).sqrt()
}
