//! Judging a recorded best program again, to see that the figures hold to the bit.

use std::path::Path;

use mlevolve_ir::Backend;

use super::result::{RunResult, contender};
use super::{RunDirectory, RunError, checkpoint};
use crate::fitness::{Judge, Judgement, confirmation_seeds};
use crate::optimizer::CompiledOptimizer;
use crate::program::Program;
use crate::search::SearchError;

/// What a replay found.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The program's text.
    pub program: String,
    /// The figures as they are recorded.
    pub recorded: Judgement,
    /// The figures now.
    pub replayed: Judgement,
}

impl Replay {
    /// Each figure that differs, with what is recorded and what it is now.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let (recorded, replayed) = (figures(&self.recorded), figures(&self.replayed));
        let mut differences: Vec<String> = recorded
            .iter()
            .zip(&replayed)
            .filter(|(recorded, replayed)| recorded != replayed)
            .map(|((name, recorded), (_, replayed))| {
                format!("{name}: recorded {recorded}, now {replayed}")
            })
            .collect();
        if recorded.len() != replayed.len() {
            differences.push("the suite has other tasks now".to_owned());
        }
        differences
    }
}

/// Every figure with its name, in full precision: the shortest decimal that reads back to its bits.
fn figures(judgement: &Judgement) -> Vec<(String, String)> {
    let mut figures = vec![("fitness".to_owned(), format!("{:?}", judgement.fitness))];
    for task in &judgement.tasks {
        let mut figure = |name: &str, value: String| {
            figures.push((format!("{} {name}", task.task), value));
        };
        figure("fitness", format!("{:?}", task.fitness));
        figure("parts", format!("{:?}", task.parts));
        figure("final value", format!("{:?}", task.final_value));
        figure("final companion", format!("{:?}", task.final_companion));
        figure("diverged runs", task.diverged_runs.to_string());
        figure("update FLOPs", task.update_flops.to_string());
    }
    figures
}

/// Judges the best program of a run again: of a finished run with the figures of its result, else
/// with those of its last checkpoint.
///
/// # Errors
/// [`RunError`] if there is no run, its files are damaged, or nothing has trained yet.
pub fn replay(path: &Path, backend: Backend) -> Result<Replay, RunError> {
    let (directory, config) = RunDirectory::open(path)?;
    let judge = Judge::new(&config.search.suite, config.search.fitness);
    let judge = judge.map_err(SearchError::from)?;
    if let Some(result) = RunResult::load(&directory.file("result.json"))? {
        let program = Program::parse(&result.program).map_err(|error| RunError::Config {
            path: directory.file("result.json"),
            message: RunError::program_text(&error),
        })?;
        let replayed = contender(&result.best.name, &program, &judge, backend)?;
        return Ok(Replay {
            program: result.program,
            recorded: result.best.judgement,
            replayed: replayed.judgement,
        });
    }
    let (search, _) = checkpoint::load(path)?;
    let Some(leader) = search.leader() else {
        let path = path.to_owned();
        return Err(RunError::NothingTrained { path });
    };
    let program = &leader.individual.program;
    let optimizer = CompiledOptimizer::new(program, backend).map_err(SearchError::from)?;
    let settings = search.settings();
    let seeds = confirmation_seeds(settings.seed, settings.confirmation_seeds);
    Ok(Replay {
        program: program.pruned().to_string(),
        recorded: leader.confirmed.clone(),
        replayed: judge.judge(&optimizer, &seeds),
    })
}
