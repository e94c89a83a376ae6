//! Contenders for the same work, timed side by side.
//!
//! A figure taken alone says as much about the moment as about the code: clocks change, neighbours
//! come and go. So contenders take turns, a sample each a round, and what is compared is the ratio
//! within a round. The medians over many rounds are given, and how far the rounds spread.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How to measure; every bench takes these options.
#[derive(Clone, Debug, clap::Args)]
pub struct Measuring {
    /// How many rounds the contenders take turns for
    #[arg(long, default_value_t = 21, global = true)]
    pub rounds: usize,
    /// How long a contender's turn should last at least
    #[arg(long, default_value_t = 10, global = true)]
    pub sample_ms: u64,
    /// A file that the medians are added to, one a line, for `rivals/python/table.py`
    #[arg(long, global = true)]
    pub records: Option<PathBuf>,
    /// What the lines give as the number of the run
    #[arg(long, default_value_t = 0, global = true)]
    pub run: u32,
    /// What `cargo bench` passes to every bench; of no meaning
    #[arg(long, hide = true, global = true)]
    pub bench: bool,
}

/// Does work so many times, and says how long it took.
type Work<'a, S> = dyn FnMut(&mut S, u32) -> Duration + 'a;

/// One way to do the work. Contenders work on the same storage `S`, so that none has the luckier
/// memory.
pub struct Contender<'a, S> {
    name: String,
    work: Box<Work<'a, S>>,
}

impl<'a, S> Contender<'a, S> {
    pub fn new(name: impl Into<String>, mut work: impl FnMut(&mut S) + 'a) -> Self {
        let work = move |storage: &mut S, repetitions| {
            let start = Instant::now();
            for _ in 0..repetitions {
                work(storage);
            }
            start.elapsed()
        };
        let (name, work) = (name.into(), Box::new(work));
        Self { name, work }
    }

    /// A contender only a part of whose work counts, which it times itself.
    pub fn timing_itself(
        name: impl Into<String>,
        mut work: impl FnMut(&mut S) -> Duration + 'a,
    ) -> Self {
        let work =
            move |storage: &mut S, repetitions| (0..repetitions).map(|_| work(storage)).sum();
        let (name, work) = (name.into(), Box::new(work));
        Self { name, work }
    }

    /// Does the work once, for checks.
    pub fn run(&mut self, storage: &mut S) {
        (self.work)(storage, 1);
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

/// How long a contender's work took, once, in each round.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    pub seconds: Vec<f64>,
}

impl Series {
    pub fn median_s(&self) -> f64 {
        quantile(&self.seconds, 0.5)
    }

    /// The middle half of the rounds, from end to end, as a part of the median.
    pub fn spread(&self) -> f64 {
        (quantile(&self.seconds, 0.75) - quantile(&self.seconds, 0.25)) / self.median_s()
    }

    /// The median over the rounds of this one's time divided by the other's in the same round.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        let rounds = self.seconds.iter().zip(&other.seconds);
        let ratios: Vec<f64> = rounds.map(|(own, others)| own / others).collect();
        quantile(&ratios, 0.5)
    }
}

fn quantile(numbers: &[f64], part: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part * (sorted.len() - 1) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

/// Lets the contenders take turns on `storage`. Each round begins with another of them, so that none
/// always has the same predecessor; and before a turn is timed the work is done once, so that the
/// caches are the contender's own.
pub fn interleave<S>(
    storage: &mut S,
    contenders: &mut [Contender<'_, S>],
    measuring: &Measuring,
) -> Vec<Series> {
    let least = Duration::from_millis(measuring.sample_ms.max(1));
    let repetitions: Vec<u32> = contenders
        .iter_mut()
        .map(|contender| repetitions_lasting(least, |count| (contender.work)(storage, count)))
        .collect();
    let mut series: Vec<Series> = contenders
        .iter()
        .map(|contender| Series {
            name: contender.name.clone(),
            seconds: Vec::new(),
        })
        .collect();
    for round in 0..measuring.rounds.max(1) {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            contenders[index].run(storage);
            let elapsed = (contenders[index].work)(storage, repetitions[index]);
            let once_s = elapsed.as_secs_f64() / f64::from(repetitions[index]);
            series[index].seconds.push(once_s);
        }
    }
    series
}

fn repetitions_lasting(least: Duration, mut work: impl FnMut(u32) -> Duration) -> u32 {
    let mut repetitions = 1;
    loop {
        let start = Instant::now();
        let elapsed = work(repetitions);
        if elapsed >= least / 2 {
            let needed = least.as_secs_f64() / elapsed.as_secs_f64() * f64::from(repetitions);
            return needed.ceil().max(1.0) as u32;
        }
        // Work that counts little of its own time must not take for ever.
        if start.elapsed() > 20 * least {
            return repetitions;
        }
        repetitions *= 2;
    }
}

/// What figures are given in, of the time for so much work.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    NanosecondsPerElement,
    NanosecondsPerExample,
    Microseconds,
    /// Billions of nodes of expressions, times rows, a second.
    GigaNodeRowsPerSecond,
    /// Millions of environments' steps a second.
    MegaStepsPerSecond,
    /// Billions of floating-point operations a second.
    GigaFlopsPerSecond,
    CandidatesPerSecond,
}

impl Unit {
    const fn label(self) -> &'static str {
        match self {
            Self::NanosecondsPerElement => "ns/element",
            Self::NanosecondsPerExample => "ns/example/task",
            Self::Microseconds => "us",
            Self::GigaNodeRowsPerSecond => "G node-rows/s",
            Self::MegaStepsPerSecond => "M steps/s",
            Self::GigaFlopsPerSecond => "GFLOP/s",
            Self::CandidatesPerSecond => "candidates/s",
        }
    }

    /// The figure, if so much work took so long.
    fn figure(self, seconds: f64, work: f64) -> f64 {
        match self {
            Self::NanosecondsPerElement | Self::NanosecondsPerExample => seconds * 1e9 / work,
            Self::Microseconds => seconds * 1e6 / work,
            Self::GigaNodeRowsPerSecond | Self::GigaFlopsPerSecond => work / seconds / 1e9,
            Self::MegaStepsPerSecond => work / seconds / 1e6,
            Self::CandidatesPerSecond => work / seconds,
        }
    }
}

/// Prints what was measured, `work` being how much of it a contender does at once, with the time that
/// the first of the series took as a ratio to each other's: below 1, the first is faster. Adds the
/// medians to the records if there are to be any.
pub fn report(
    bench: &str,
    case: &str,
    unit: Unit,
    work: f64,
    series: &[Series],
    measuring: &Measuring,
) {
    let Some(first) = series.first() else {
        return;
    };
    println!("\n{bench}, {case}");
    println!(
        "  {:<28}{:>16}{:>10}{:>20}",
        "",
        unit.label(),
        "spread",
        "first's time / its"
    );
    for one in series {
        println!(
            "  {:<28}{:>16.3}{:>8.1} %{:>20.3}",
            one.name,
            unit.figure(one.median_s(), work),
            1e2 * one.spread(),
            first.ratio_to(one)
        );
    }
    if let Some(path) = &measuring.records {
        let lines = series.iter().map(|one| {
            let (figure, run) = (unit.figure(one.median_s(), work), measuring.run);
            let (name, unit) = (&one.name, unit.label());
            format!("{run}\t{bench}\t{case}\t{name}\t{unit}\t{figure}\n")
        });
        let lines: String = lines.collect();
        let file = OpenOptions::new().create(true).append(true).open(path);
        if let Err(error) = file.and_then(|mut file| file.write_all(lines.as_bytes())) {
            panic!("cannot write to {}: {error}", path.display());
        }
    }
}
