//! What the page shows, from what a run has left.
//!
//! ```text
//!   log.jsonl ───────────► history, funnel ──┐
//!   checkpoint.json ─────► hall of fame ─────┤
//!   candidates.jsonl.gz ─► lineage ──────────┼──► PageData
//!   result.json ─────────► comparisons ──────┤
//!   curves.json ─────────► learning curves ──┤
//!   explanation.json ────► the best explained ┘
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use super::comparisons::compared_on;
use super::data::{
    Best, Command, Explained, History, HistoryPoint, Kept, Led, Migration, Node, PageData, Tree,
};
use super::exports::exported;
use crate::explain::{Explanation, explain};
use crate::fitness::{Judge, ProgramCost};
use crate::program::Program;
use crate::run::checkpoint::{self, Logged};
use crate::run::gains::words;
use crate::run::history::{GenerationRecord, LogReader, funnel_of};
use crate::run::invocation::command;
use crate::run::lineage::{Ancestor, family};
use crate::run::session::{Judges, named};
use crate::run::{
    self, FrontMember, Gains, RunConfig, RunCurves, RunError, RunExplanation, RunResult,
};
use crate::search::{Search, SearchError, SearchSettings};

/// How many points a chart over generations has at most.
pub(super) const MOST_POINTS: usize = 300;
/// How many leaders the page tells of at most.
const MOST_LEADERS: usize = 200;
/// How many programs the lineage goes back from at most.
const MOST_LINES: usize = 12;
/// How many candidates it has at most.
const MOST_NODES: usize = 600;

/// All of a run, whose report has these figures and curves.
pub(super) fn collected(
    path: &Path,
    judges: &Judges,
    result: &RunResult,
    curves: Option<&RunCurves>,
) -> Result<PageData, RunError> {
    let (search, logged) = checkpoint::load(path)?;
    let mut reader = LogReader::open(path)?;
    reader.follow(logged.log_bytes)?;
    let log = reader.history();
    let settings = search.settings();
    let mut programs = BTreeMap::new();
    let hall_of_fame = hall_of_fame(&search, &*judges.suite, result, &mut programs)?;
    let (lineage, gains) = tree(path, &search, logged, &hall_of_fame, &mut programs);
    let leaders = log.leaders.iter().rev().take(MOST_LEADERS).rev();
    let leaders = leaders.map(|leader| Led {
        generation: leader.generation,
        id: leader.id,
        confirmed: leader.confirmed.fitness,
    });
    let leaders = leaders.collect();
    let written = &result.comparison.written;
    let totals = search.totals();
    let name = Program::parse(&result.program).map(|program| program.name().to_owned());
    programs.insert(result.id, result.program.clone());
    let exports = exported(by_rank(Some(result.id), &hall_of_fame), &programs);
    let unseen = result.held_out.as_ref().zip(judges.held_out.as_deref());
    let suite = compared_on(
        &result.comparison,
        &*judges.suite,
        curves.map_or(&[], |curves| &curves.suite),
        false,
    );
    let unseen = unseen.map(|(comparison, judge)| {
        let curves = curves.map_or(&[][..], |curves| &curves.held_out);
        compared_on(comparison, judge, curves, true)
    });
    Ok(PageData {
        version: env!("CARGO_PKG_VERSION"),
        schema: settings.schema.clone(),
        suite: settings.suite.clone(),
        confirmation_suite: settings.confirmation_suite.clone(),
        seed: settings.seed.to_string(),
        generation: search.next_generation().saturating_sub(1),
        last_generation: settings.generations,
        end: search.end().map(|end| end.to_string()),
        candidates: totals.candidates,
        trained: totals.dropped + totals.judged,
        seconds: log.seconds(),
        best: Best {
            id: result.id,
            name: name.unwrap_or_default(),
            generation: result.generation,
            fitness: written.judgement.fitness,
            cost: written.cost.clone(),
        },
        history: history(log, leaders),
        migration: (settings.islands > 1).then_some(Migration {
            migrants: settings.migrants,
            interval_generations: settings.migration_interval_generations,
        }),
        funnel: log.funnel(),
        hall_of_fame,
        comparisons: std::iter::once(suite).chain(unseen).collect(),
        explained: Explained {
            explanation: explanation(path, judges, result)?,
            gains,
        },
        lineage,
        programs,
        exports,
        commands: commands(path),
        configuration: configuration(settings),
    })
}

/// The generations, so many to a point that there are not too many points.
fn history(log: &run::History, leaders: Vec<Led>) -> History {
    let generations = &log.generations;
    let leader_after = |generation: u32| {
        let before = log
            .leaders
            .partition_point(|leader| leader.generation <= generation);
        let leader = before.checked_sub(1).map(|last| &log.leaders[last]);
        leader.map(|leader| rounded(leader.confirmed.fitness))
    };
    let generations_per_point = generations.len().div_ceil(MOST_POINTS).max(1);
    let stages = funnel_of(generations);
    let points = generations.chunks(generations_per_point).map(|records| {
        let mean = |of: &dyn Fn(&GenerationRecord) -> f64| {
            records.iter().map(of).sum::<f64>() / records.len() as f64
        };
        let last = &records[records.len() - 1];
        let here = funnel_of(records);
        let candidates = mean(&|it| it.counts.candidates as f64) * records.len() as f64;
        let stopped = stages.iter().map(|stage| {
            let here = here.iter().find(|it| it.count.stage == stage.count.stage);
            here.map_or(0.0, |it| it.count.stopped as f64) / candidates.max(1.0)
        });
        HistoryPoint {
            generation: last.generation,
            best: rounded(last.best_fitness),
            leader: leader_after(last.generation),
            median: rounded(mean(&|it| it.median_fitness)),
            diversity: rounded(mean(&|it| it.diversity)),
            behavioural_diversity: rounded(mean(&|it| it.behavioural_diversity)),
            islands: last
                .best_by_island
                .iter()
                .map(|best| best.map(rounded))
                .collect(),
            stopped: stopped.map(rounded).collect(),
        }
    });
    History {
        generations_per_point,
        points: points.collect(),
        leaders,
    }
}

/// To six significant digits: more cannot be seen, and makes the page larger.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// The archive, with the leader, which need not be in it as others decide on the lead.
fn hall_of_fame(
    search: &Search,
    judge: &dyn Judge,
    result: &RunResult,
    programs: &mut BTreeMap<u64, String>,
) -> Result<Vec<Kept>, RunError> {
    let mut kept = Vec::new();
    for member in search.archive().members() {
        let (individual, seed) = (&member.individual, search.settings().seed);
        let program = named(individual, member.generation, seed);
        let cost = judge.cost(&program).map_err(SearchError::from)?;
        let again = result.front.iter().find(|it| it.id == individual.id);
        programs.insert(individual.id, program.to_string());
        kept.push(Kept {
            id: individual.id,
            generation: member.generation,
            search_fitness: individual.fitness,
            fitness: again.map(|member| member.judgement.fitness),
            is_on_front: again.is_some_and(|member: &FrontMember| member.is_on_front),
            unit_flops: cost.unit_flops,
            state: cost.state,
            instructions: cost.instructions,
        });
    }
    let leader = search.leader().map(|leader| leader.individual.fitness);
    let ProgramCost {
        unit_flops,
        state,
        instructions,
        ..
    } = result.comparison.written.cost;
    let fitness = Some(result.comparison.written.judgement.fitness);
    match kept.iter_mut().find(|member| member.id == result.id) {
        Some(member) => member.fitness = fitness,
        None => kept.push(Kept {
            id: result.id,
            generation: result.generation,
            search_fitness: leader.unwrap_or(f64::NAN),
            fitness,
            is_on_front: false,
            unit_flops,
            state,
            instructions,
        }),
    }
    Ok(kept)
}

/// The best program explained: as it was when that was asked for, or else as far as that takes no training.
fn explanation(path: &Path, judges: &Judges, result: &RunResult) -> Result<Explanation, RunError> {
    let asked_for = RunExplanation::load(path, result.id)?.map(|it| it.explanation);
    if let Some(explanation) = asked_for.filter(|it| it.program == result.program) {
        return Ok(explanation);
    }
    let program = Program::parse(&result.program).map_err(|error| RunError::Config {
        path: path.join("result.json"),
        message: RunError::program_text(&error),
    })?;
    Ok(explain(&program, &*judges.suite, None).map_err(SearchError::from)?)
}

/// The line of a candidate, the youngest first, among members of a family.
fn line_of(members: &[Ancestor], id: u64) -> Vec<Ancestor> {
    let mut line = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        let found = members.binary_search_by_key(&id, |member| member.record.id);
        let Ok(place) = found else {
            break;
        };
        next = members[place].record.parents.first().copied();
        line.push(members[place].clone());
    }
    line
}

/// The leader, those that were judged again, and the others.
fn by_rank(leader: Option<u64>, hall_of_fame: &[Kept]) -> Vec<u64> {
    let (again, others): (Vec<&Kept>, Vec<&Kept>) = hall_of_fame
        .iter()
        .partition(|member| member.fitness.is_some());
    let behind = again.iter().chain(&others).map(|member| member.id);
    let behind = behind.filter(|&id| Some(id) != leader);
    leader.into_iter().chain(behind).collect()
}

/// Where the best programs come from. A page without that is better than none, so what is missing is said on it.
fn tree(
    path: &Path,
    search: &Search,
    logged: Logged,
    hall_of_fame: &[Kept],
    programs: &mut BTreeMap<u64, String>,
) -> (Tree, Option<Gains>) {
    let leader = search.leader().map(|leader| leader.individual.id);
    let mut ids = by_rank(leader, hall_of_fame);
    ids.truncate(MOST_LINES);
    let logging = search.settings().candidate_log;
    let family = match family(path, logging, logged, &ids, MOST_NODES) {
        Ok(family) => family,
        Err(error) => {
            let tree = Tree {
                nodes: Vec::new(),
                note: Some(error.to_string()),
            };
            return (tree, None);
        }
    };
    let cut = format!("Older forebears are left out: there are more than {MOST_NODES}.");
    let gains = leader.and_then(|id| Gains::of(&line_of(&family.members, id)));
    let nodes = family.members.into_iter().map(|member| {
        let Ancestor { record, gain, twin } = member;
        let text = record.program.map(|text| {
            let id = twin.unwrap_or(record.id);
            programs.entry(id).or_insert(text);
            id
        });
        Node {
            id: record.id,
            generation: record.generation,
            island: record.island,
            parent: record.parents.first().copied(),
            other_parent: record.parents.get(1).copied(),
            made_by: words(&record.operators),
            fitness: record.fitness,
            gain,
            text,
        }
    });
    let tree = Tree {
        nodes: nodes.collect(),
        note: family.is_cut.then_some(cut),
    };
    (tree, gains)
}

/// What to type to go on from here.
fn commands(directory: &Path) -> Vec<Command> {
    let file = |name: &str| directory.join(name);
    let line = |purpose, line| Command { purpose, line };
    vec![
        line(
            "Judge the best program again, and compare every figure",
            command("replay", directory),
        ),
        line(
            "Search again from the same settings",
            format!(
                "{} --out NEW",
                command("evolve --config", &file("config.toml"))
            ),
        ),
        line(
            "Look at the best program and its native code",
            command("show", &file("best.mle")),
        ),
        line(
            "Find out which of its parts and constants matter",
            command("explain --run", directory),
        ),
        line(
            "List and export the programs of every cost",
            command("front", directory),
        ),
        line(
            "Follow the best program back to its seed",
            command("lineage", directory),
        ),
    ]
}

/// The settings as a file.
fn configuration(settings: &SearchSettings) -> String {
    let config = RunConfig {
        search: settings.clone(),
        ..RunConfig::default()
    };
    config.to_text()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::search::{StageCount, Totals};

    fn generation(number: u32) -> GenerationRecord {
        let counts = Totals {
            candidates: 10,
            seen_before: 4,
            rejected: 1,
            dropped: 2,
            judged: 3,
            ..Totals::default()
        };
        let stages = [
            ("seen before", 10, 4),
            ("probe", 6, 1),
            ("first", 5, 2),
            ("second", 3, 0),
        ];
        let funnel = stages.map(|(stage, entered, stopped)| StageCount {
            stage: stage.to_owned(),
            entered,
            stopped,
            ..StageCount::default()
        });
        let share = f64::from(number) / 1e5;
        serde_json::from_value(serde_json::json!({
            "generation": number, "best_fitness": share, "median_fitness": share, "diversity": 0.5,
            "behavioural_diversity": 0.25, "counts": counts, "funnel": funnel,
            "timing": {"candidates_per_second": 5.0, "stage_seconds": {}},
        }))
        .unwrap()
    }

    #[test]
    fn the_longest_search_makes_a_chart_of_bounded_size() {
        for (count, points, each) in [
            (1_u32, 1, 1),
            (300, 300, 1),
            (301, 151, 2),
            (100_000, 300, 334),
        ] {
            let log = run::History {
                generations: (0..count).map(generation).collect(),
                ..run::History::default()
            };
            let history = history(&log, Vec::new());
            assert_eq!(
                (history.points.len(), history.generations_per_point),
                (points, each)
            );
            let last = history.points.last().unwrap();
            assert_eq!(last.generation, count - 1);
            assert_eq!(last.best, rounded(f64::from(count - 1) / 1e5));
            assert!(last.median <= last.best);
            // Of ten candidates, in the order of the funnel.
            assert_eq!(last.stopped, [0.4, 0.1, 0.2, 0.0]);
        }
    }

    #[test]
    fn six_digits_are_enough() {
        for (value, expected) in [
            (0.123_456_789, 0.123_457),
            (-98_765_432.0, -98_765_400.0),
            (0.0, 0.0),
            (1e-300, 1e-300),
        ] {
            assert_eq!(rounded(value), expected);
        }
    }
}
