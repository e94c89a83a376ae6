//! Judging a recorded best program again, to see that the figures hold to the bit.

use std::path::Path;

use mlevolve_ir::BackendChoice;

use super::session::Judges;
use super::{RunDirectory, RunError, RunResult, checkpoint};
use crate::fitness::{Contender, confirmation_seeds};
use crate::program::Program;
use crate::schema::LEARNING_RATE;
use crate::search::SearchError;

/// What a replay found.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The program's text.
    pub program: String,
    /// The figures as they are recorded, the program's first.
    pub recorded: Vec<Contender>,
    /// The figures now.
    pub replayed: Vec<Contender>,
}

impl Replay {
    /// Each figure that differs, with what is recorded and what it is now.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let figures =
            |contenders: &[Contender]| -> Vec<_> { contenders.iter().flat_map(figures).collect() };
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
            differences.push("there are other programs or tasks now".to_owned());
        }
        differences
    }
}

/// Every figure with its name, in full precision: the shortest decimal that reads back to its bits.
fn figures(contender: &Contender) -> Vec<(String, String)> {
    let mut figures = Vec::new();
    let mut figure = |name: &str, value: String| {
        figures.push((format!("{}, {name}", contender.name), value));
    };
    let judgement = &contender.judgement;
    figure("fitness", format!("{:?}", judgement.fitness));
    figure("learning rates", format!("{:?}", contender.learning_rates));
    figure("cost", format!("{:?}", contender.cost));
    for task in &judgement.tasks {
        let mut figure =
            |name: &str, value: String| figure(&format!("{} {name}", task.task), value);
        figure("fitness", format!("{:?}", task.fitness));
        figure("parts", format!("{:?}", task.parts));
        figure("final value", format!("{:?}", task.final_value));
        figure("final companion", format!("{:?}", task.final_companion));
        figure("runs", task.runs.to_string());
        figure("diverged runs", task.diverged_runs.to_string());
        figure("program FLOPs", task.program_flops.to_string());
    }
    figures
}

/// Judges the best program of a run again, and finds the figures of its result or, before there is one,
/// of its last checkpoint.
///
/// # Errors
/// [`RunError`] if there is no run, its files are damaged, or nothing has trained yet.
pub fn replay(path: &Path, backend: BackendChoice) -> Result<Replay, RunError> {
    let (directory, _) = RunDirectory::open(path)?;
    if let Some(result) = RunResult::load(&directory.file("result.json"))? {
        let parsed = |text: &str| {
            Program::parse(text).map_err(|error| RunError::Config {
                path: directory.file("result.json"),
                message: RunError::program_text(&error),
            })
        };
        let program = parsed(&result.program)?;
        let on_front = result.front.iter().map(|member| parsed(&member.program));
        let on_front = on_front.collect::<Result<Vec<_>, _>>()?;
        let judges = Judges::new(path, &result.settings)?;
        let tunes = result.comparison.tuned.is_some();
        let (comparison, held_out) = judges.compare(&program, tunes, backend)?;
        let pairs = result.front.iter().zip(&on_front);
        let front = pairs.map(|(member, program)| {
            let again = member.judged_again(program, &*judges.suite, backend);
            again.map_err(SearchError::from)
        });
        let replayed = RunResult {
            comparison,
            held_out,
            front: front.collect::<Result<_, _>>()?,
            ..result.clone()
        };
        return Ok(Replay {
            recorded: result.contenders(),
            replayed: replayed.contenders(),
            program: result.program,
        });
    }
    let (search, _) = checkpoint::load(path)?;
    let Some(leader) = search.leader() else {
        let path = path.to_owned();
        return Err(RunError::NothingTrained { path });
    };
    let program = &leader.individual.program;
    let settings = search.settings();
    let judges = Judges::new(path, settings)?;
    let judge = judges.confirmation.unwrap_or(judges.suite);
    let seeds = confirmation_seeds(settings.seed, settings.confirmation_seeds);
    let judgement = judge.judge(program, &seeds, backend);
    let cost = judge.cost(program).map_err(SearchError::from)?;
    let replayed = Contender {
        name: "leader".to_owned(),
        learning_rates: Vec::from_iter(program.constant(LEARNING_RATE)),
        judgement: judgement.map_err(SearchError::from)?,
        cost,
        curves: Vec::new(),
    };
    Ok(Replay {
        program: program.pruned().to_string(),
        recorded: vec![Contender {
            judgement: leader.confirmed.clone(),
            // Of the other figures a checkpoint has no record.
            ..replayed.clone()
        }],
        replayed: vec![replayed],
    })
}
