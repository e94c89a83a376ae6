//! `mlevolve fuzz`: does the compiler keep its promises on random functions?

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use mlevolve_ir::random::{Case, Check};
use rayon::prelude::*;

use super::progress::Working;
use super::{print, set_threads};

/// Functions that are shared out among the threads at a time.
const BLOCK: u64 = 256;
/// The most values of a random function.
const MAXIMUM_VALUES: usize = 24;

/// Put the compiler to the test on random functions and difficult numbers.
///
/// Each function runs by the reference, the interpreter and native code, before and after every pass, and
/// all must agree to the bit. It is printed and parsed, and differentiated: forward and reverse mode must
/// be transposes of each other, and agree with difference quotients. The first function that fails is made
/// small and printed as a Rust test to paste into ir/tests/integration/findings.rs, and the exit code is 1.
///
/// What function number k is depends on the seed and k alone, not on time or threads. The targets under
/// fuzz/ make the same checks on functions that a fuzzer chooses by coverage.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve fuzz\n  mlevolve fuzz --seed 7 --time-limit 1h\n  \
    mlevolve fuzz --seed 7 --from 12800     again from what was found there"
)]
pub(super) struct Fuzz {
    /// Begins a sequence of functions
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// The number of the first function in the sequence
    #[arg(long, value_name = "K", default_value_t = 0)]
    from: u64,

    /// Stop after this long: `90s`, `10m`, `2h`
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    time_limit: Duration,

    /// How many threads check [default: one for each core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Fuzz {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        set_threads(self.threads)?;
        let working = Working::on("checking random functions");
        let checked = AtomicU64::new(0);
        let start = Instant::now();
        let mut first = self.from;
        let found = loop {
            let last = first.saturating_add(BLOCK);
            let found = (first..last).into_par_iter().find_map_first(|number| {
                let case = Case::numbered(self.seed, number, MAXIMUM_VALUES);
                let found = Check::find_any(&case).err();
                let checked = checked.fetch_add(1, Ordering::Relaxed) + 1;
                if checked.is_multiple_of(64) {
                    working.tell(format!("{checked} random functions checked"));
                }
                found.map(|finding| (number, finding))
            });
            first = last;
            if found.is_some() || start.elapsed() >= self.time_limit || last == u64::MAX {
                break found;
            }
        };
        drop(working);
        let (checked, seconds) = (checked.into_inner(), start.elapsed().as_secs_f64());
        let names: Vec<&str> = Check::ALL.iter().map(|check| check.keyword()).collect();
        let rate = checked as f64 / seconds;
        let summary = format!(
            "{checked} functions of seed {}, from number {} on, in {seconds:.1} s: {rate:.0} functions/s; checked: {}",
            self.seed,
            self.from,
            names.join(", "),
        );
        Ok(match found {
            None => {
                print(&format!("{summary}\nNothing was found."))?;
                ExitCode::SUCCESS
            }
            Some((number, finding)) => {
                print(&format!(
                    "{finding}\n{summary}\nFunction {number} failed the check of {}; the test above shows it.",
                    finding.check.keyword()
                ))?;
                ExitCode::FAILURE
            }
        })
    }
}
