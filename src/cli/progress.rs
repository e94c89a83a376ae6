//! How work comes along: on a terminal a bar for a run and a spinner for anything else; elsewhere a
//! line for a tenth of a run's generations at a time, as all of them are in its log.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::tell;
use crate::run::{Timing, Watch};
use crate::search::{Generation, Search};

/// Says on a terminal that something is being worked on, until it is dropped.
pub(super) struct Working(ProgressBar);

impl Working {
    pub(super) fn on(what: &'static str) -> Self {
        let spinner = ProgressBar::new_spinner().with_message(what);
        spinner.enable_steady_tick(Duration::from_millis(100));
        Self(spinner)
    }

    /// Says how far the work has come.
    pub(super) fn tell(&self, how_far: String) {
        self.0.set_message(how_far);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows on a terminal how much of a known amount is done, if it takes over two seconds.
pub(super) struct Counting {
    bar: ProgressBar,
    done: AtomicU64,
    start: Instant,
}

impl Counting {
    pub(super) fn to(all: u64) -> Self {
        let bar = ProgressBar::new(all);
        let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}  {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self {
            bar,
            done: AtomicU64::new(0),
            start: Instant::now(),
        }
    }

    /// Goes on by so much, in the course of `what`.
    pub(super) fn advance(&self, done: u64, what: &str) {
        let done = done + self.done.fetch_add(done, Ordering::Relaxed);
        // A bar is first drawn when it is told something.
        if self.start.elapsed() > Duration::from_secs(2) {
            self.bar.set_message(what.to_owned());
            self.bar.set_position(done);
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows a run's progress on standard error.
pub(super) struct Progress {
    bar: ProgressBar,
    judged: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    follower: Option<JoinHandle<()>>,
    start: Instant,
    told: Option<Told>,
    first_generation: u32,
    last_generation: u32,
}

/// When something was last told of a run, and of which generation.
struct Told {
    at: Instant,
    generation: u32,
}

/// The least time between two lines about generations.
const TELLING_INTERVAL: Duration = Duration::from_millis(500);
/// How many lines a run that is no longer than planned has about generations where there is no terminal.
const LINES: u32 = 10;

impl Progress {
    pub(super) fn start(search: &Search, directory: &Path) -> Self {
        let settings = search.settings();
        let (population, offspring) = (settings.population as u64, settings.offspring as u64);
        let all = population + offspring * u64::from(settings.generations);
        let done = search.totals().candidates;
        let bar = ProgressBar::new(all);
        let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {wide_msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_position(done);
        tell(&format!(
            "Searching: suite {}, population {population}, {} generations, seed {}; in {}",
            settings.suite,
            settings.generations,
            settings.seed,
            directory.display()
        ));
        bar.set_message("first generation");
        let judged = Arc::new(AtomicU64::new(0));
        let ended = Arc::new(AtomicBool::new(false));
        let (followed, counted, until) = (bar.clone(), Arc::clone(&judged), Arc::clone(&ended));
        let follower = (!bar.is_hidden()).then(|| {
            std::thread::spawn(move || {
                while !until.load(Ordering::Relaxed) {
                    followed.set_position(done + counted.load(Ordering::Relaxed));
                    std::thread::sleep(Duration::from_millis(100));
                }
            })
        });
        Self {
            bar,
            judged,
            ended,
            follower,
            start: Instant::now(),
            told: None,
            first_generation: search.next_generation(),
            last_generation: settings.generations,
        }
    }

    /// The count that the bar follows.
    pub(super) fn judged(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.judged)
    }

    pub(super) fn end(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(follower) = self.follower.take() {
            // The follower does nothing that could panic.
            let _ = follower.join();
        }
        self.bar.finish_and_clear();
    }

    /// Whether it is too soon after the last line for one about this generation.
    fn is_soon(&self, generation: u32) -> bool {
        let Some(told) = &self.told else {
            return false;
        };
        let interval = if self.bar.is_hidden() {
            self.last_generation.div_ceil(LINES)
        } else {
            1
        };
        generation < told.generation + interval || told.at.elapsed() < TELLING_INTERVAL
    }

    /// How long the generations that are left will take, if they take as long as those so far.
    fn time_left(&self, generation: u32) -> Duration {
        let done = f64::from(generation + 1 - self.first_generation);
        let left = f64::from(self.last_generation - generation);
        self.start.elapsed().mul_f64(left / done)
    }
}

impl Watch for Progress {
    fn generation(&mut self, generation: &Generation, search: &Search, timing: &Timing) {
        if !search.is_finished() && self.is_soon(generation.number) {
            return;
        }
        self.told = Some(Told {
            at: Instant::now(),
            generation: generation.number,
        });
        let leader = search.leader();
        let line = format!(
            "generation {}/{}  best {:.4}  diversity {:.2}  {:.0} candidates/s, {:.0} trained  {:.0} % rejected before training  {} left",
            generation.number,
            self.last_generation,
            leader.map_or(0.0, |leader| leader.confirmed.fitness),
            generation.diversity,
            timing.candidates_per_second,
            timing.trained_per_second,
            100.0 * search.totals().share_untrained(),
            HumanDuration(self.time_left(generation.number)),
        );
        if self.bar.is_hidden() {
            tell(&line);
        } else {
            self.bar.set_message(line);
        }
    }
}
