//! A run from where it is to its end, with progress, and ways to stop it.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;

use super::progress::{Progress, Working};
use super::{INTERRUPTED, tell};
use crate::run::invocation::command;
use crate::run::{Ending, RunResult, Session};
use crate::search::SearchEnd;

/// What ends a search before its time: Ctrl-C, or the end of a time limit.
pub(super) struct Stopping {
    stop: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
}

/// How a search came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Searched {
    /// It is over.
    Finished,
    /// The time limit ended it.
    OutOfTime,
    /// Ctrl-C did.
    Interrupted,
}

impl Stopping {
    /// Listens to Ctrl-C from now on, and waits for the end of the time limit, if there is one.
    pub(super) fn listen(time_limit: Option<Duration>) -> anyhow::Result<Self> {
        let stopping = Self {
            stop: Arc::new(AtomicBool::new(false)),
            interrupted: Arc::new(AtomicBool::new(false)),
        };
        let (stop, interrupted) = (
            Arc::clone(&stopping.stop),
            Arc::clone(&stopping.interrupted),
        );
        ctrlc::set_handler(move || {
            if interrupted.swap(true, Ordering::Relaxed) {
                // The second time, or in the report, the user is in a hurry. The checkpoint is whole.
                tell("Interrupted; nothing is lost, `evolve --resume` goes on.");
                exit(i32::from(INTERRUPTED));
            }
            stop.store(true, Ordering::Relaxed);
        })
        .context("cannot listen for Ctrl-C")?;
        if let Some(limit) = time_limit {
            let stop = Arc::clone(&stopping.stop);
            std::thread::spawn(move || {
                std::thread::sleep(limit);
                stop.store(true, Ordering::Relaxed);
            });
        }
        Ok(stopping)
    }

    /// Whether it is time to stop.
    pub(super) fn is_due(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// From now on Ctrl-C ends the process.
    pub(super) fn stop_at_once(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }
}

/// Goes on with a run to its end, or until it is stopped, and says how that came about.
pub(super) fn searched(session: &mut Session, stopping: &Stopping) -> anyhow::Result<Searched> {
    let mut progress = Progress::start(session.search(), session.directory());
    let judged = progress.judged();
    let ending = session.run(&mut progress, &judged, &stopping.stop);
    progress.end();
    let resume = command("evolve --resume", session.directory());
    let next = session.search().next_generation();
    match ending? {
        Ending::Stopped if stopping.interrupted.load(Ordering::Relaxed) => {
            tell(&format!(
                "Interrupted before generation {next}; nothing is lost. Go on with\n  {resume}"
            ));
            Ok(Searched::Interrupted)
        }
        Ending::Stopped => {
            tell(&format!(
                "The time limit ended the run before generation {next}; go on with\n  {resume}"
            ));
            Ok(Searched::OutOfTime)
        }
        Ending::Finished => {
            match session.search().end() {
                None | Some(SearchEnd::Generations) => {}
                Some(reason) => {
                    tell(&format!(
                        "The search ended before generation {next}: {reason}."
                    ));
                }
            }
            Ok(Searched::Finished)
        }
    }
}

/// A run's result and report, made while something moves on the terminal.
pub(super) fn reported(session: &Session) -> anyhow::Result<(RunResult, String)> {
    let _working = Working::on("judging the best program beside known rules");
    Ok(session.report()?)
}
