//! Several runs that differ in their seed, one after the other.

use std::path::Path;

use super::progress::Working;
use super::searching::{Searched, Stopping, reported, searched};
use super::tell;
use crate::run::{
    BatchRow, BatchSummary, PAGE_FILE, RunConfig, RunError, Seeds, Session, batch_member,
    write_batch_page,
};

/// Goes on with each run that has not ended, and sums up all; nothing if it was stopped before.
pub(super) fn run(
    directory: &Path,
    seeds: &Seeds,
    base: &RunConfig,
    stopping: &Stopping,
) -> anyhow::Result<Option<BatchSummary>> {
    let mut rows = Vec::new();
    for (place, &seed) in seeds.all().iter().enumerate() {
        let mut config = base.clone();
        config.search.seed = seed;
        let mut session = {
            let _working = Working::on("preparing");
            session(&batch_member(directory, seed), &config)?
        };
        if session.search().is_finished()
            && let Some(result) = session.result()?
        {
            rows.push(BatchRow::of(session.search(), &result));
            continue;
        }
        tell(&format!("Run {} of {}:", place + 1, seeds.all().len()));
        match searched(&mut session, stopping)? {
            Searched::Finished => {}
            Searched::OutOfTime | Searched::Interrupted => return Ok(None),
        }
        let (result, _) = match reported(&session) {
            // A search in which nothing trains says so, and the others go on.
            Err(error) if is_nothing_trained(&error) => {
                tell(&format!("seed {seed}: {error}"));
                continue;
            }
            other => other?,
        };
        rows.push(BatchRow::of(session.search(), &result));
        if stopping.is_due() {
            return Ok(None);
        }
    }
    if rows.is_empty() {
        anyhow::bail!(
            "nothing trained in any of the runs in {}",
            directory.display()
        );
    }
    let summary = BatchSummary::of(rows);
    summary.save(directory)?;
    write_batch_page(directory, &directory.join(PAGE_FILE))?;
    Ok(Some(summary))
}

/// The run in a directory, as far as it has come; a new one if there is none.
fn session(path: &Path, config: &RunConfig) -> Result<Session, RunError> {
    if path.join("config.toml").exists() {
        Session::resume(path, |_| Ok(config.clone()))
    } else {
        Session::start(path, config)
    }
}

fn is_nothing_trained(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<RunError>()
        .is_some_and(|error| matches!(error, RunError::NothingTrained { .. }))
}
