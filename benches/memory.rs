//! How much memory is left behind by programs that were compiled, run once and dropped.
//!
//! ```text
//! cargo bench --bench memory [-- --programs 100000]
//! ```
//!
//! A search makes millions of programs ready and throws them away; what each leaves behind adds up.
//! Random functions go through each back end, and resident memory is read from `/proc/self/status` as it goes.
//! Growth is counted from a thousand programs on, when what is kept for reuse has been made.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod shared;

use std::time::Instant;

use clap::Parser;
use mlevolve_ir::{Backend, CompileError, Kernel, random};
use mlevolve_tasks::stream;
use shared::kernels::Storage;

/// Programs before growth is counted.
const WARM_UP: usize = 1_000;
/// The most values of a function.
const VALUES: usize = 24;
const ELEMENTS: usize = 16;
/// How much may be left behind in all.
const TARGET_MIB: f64 = 16.0;

#[derive(Parser)]
struct Options {
    /// How many programs each back end makes ready
    #[arg(long, default_value_t = 1_000_000)]
    programs: usize,
    /// What `cargo bench` passes to every bench; of no meaning
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let Options { programs, .. } = Options::parse();
    if resident_mib().is_none() {
        println!("NOTE: resident memory is read from /proc/self/status, which does not tell");
        return;
    }
    for backend in Backend::ALL {
        measure(backend, programs);
    }
}

fn measure(backend: Backend, programs: usize) {
    let mut numbers = stream(1, "benchmark", [3, 0]);
    let start = Instant::now();
    let (mut first_mib, mut greatest_mib, mut too_large) = (0.0, 0.0f64, 0);
    println!("\nmemory, {backend}, {programs} programs compiled, run once and dropped");
    for done in 0..WARM_UP + programs {
        if done == WARM_UP {
            first_mib = resident_mib().unwrap();
            greatest_mib = first_mib;
        }
        let function = random::random_function(&mut numbers, VALUES);
        match Kernel::compile(&function, backend) {
            Ok(mut kernel) => Storage::new(&function, ELEMENTS, |_, _| 1.0).run(&mut kernel),
            Err(CompileError::TooLarge { .. }) => too_large += 1,
            Err(error) => panic!("{function}cannot be compiled: {error}"),
        }
        if done >= WARM_UP && done.is_multiple_of(1_000) {
            greatest_mib = greatest_mib.max(resident_mib().unwrap());
        }
        if done > WARM_UP && (done - WARM_UP).is_multiple_of(programs.div_ceil(5)) {
            let growth_mib = resident_mib().unwrap() - first_mib;
            println!("  after {:>9}: {growth_mib:+.2} MiB", done - WARM_UP);
        }
    }
    let last_mib = resident_mib().unwrap();
    println!(
        "  growth {:+.2} MiB, at most {:+.2} MiB (target: at most {TARGET_MIB} MiB), from \
         {first_mib:.1} MiB, in {:.0} s",
        last_mib - first_mib,
        greatest_mib - first_mib,
        start.elapsed().as_secs_f64()
    );
    if too_large > 0 {
        println!("  {too_large} programs were too large for native code");
    }
    if greatest_mib - first_mib > TARGET_MIB {
        println!("  TARGET MISSED");
    }
}

/// Resident memory that is not of a file, so that code which is first run later does not count.
fn resident_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
