//! A search in some lines of text.

use std::time::Duration;

use indicatif::HumanDuration;

use crate::run::{FunnelStage, History, stage_table};

/// What is known of a search.
pub(super) fn summary(history: &History) -> String {
    let mut text = format!("{}\n{}\n", heading(history), progress(history));
    let Some(last) = history.generations.last() else {
        return text;
    };
    text += &format!(
        "{} candidates in {}, {:.0} a second\n\n",
        history.candidates(),
        HumanDuration(Duration::from_secs_f64(history.seconds())),
        history.candidates() as f64 / history.seconds().max(1e-9),
    );
    text += &format!(
        "best in the population {:.4}, median {:.4}, diversity {:.2}\n\n{}\n",
        last.best_fitness,
        last.median_fitness,
        last.diversity,
        stage_table(&history.funnel()),
    );
    if let Some(leader) = history.leaders.last() {
        text += &format!(
            "\nLeader, candidate {} of generation {}, made by {}: fitness {:.4} on seeds of its own, {} FLOPs for each {}\n\n{}",
            leader.id,
            leader.generation,
            made_by(history),
            leader.confirmed.fitness,
            leader.cost.unit_flops,
            leader.cost.unit,
            leader.program,
        );
    }
    text
}

/// What is searched for.
pub(super) fn heading(history: &History) -> String {
    let setting = |name: &str| match &history.settings[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if history.settings.is_null() {
        return "A search that has not begun".to_owned();
    }
    format!(
        "Search for programs of schema {} on {}, seed {}",
        setting("schema"),
        setting("suite"),
        setting("seed")
    )
}

/// The number of the last generation, and of the last that is planned.
pub(super) fn generations(history: &History) -> (u64, u64) {
    let planned = history.settings["generations"].as_u64().unwrap_or(0);
    let last = history.generations.last();
    (last.map_or(0, |last| u64::from(last.generation)), planned)
}

/// How far it has come.
pub(super) fn progress(history: &History) -> String {
    let (done, planned) = generations(history);
    match (history.end, history.generations.last()) {
        (_, None) => "in its first generation".to_owned(),
        (Some(end), Some(_)) => format!("over after generation {done} of {planned}: {end}"),
        (None, Some(_)) => format!("generation {done} of {planned}"),
    }
}

/// What was done to the leader's parents.
pub(super) fn made_by(history: &History) -> String {
    let leader = history.leaders.last();
    let operators = leader.into_iter().flat_map(|leader| &leader.operators);
    let words = operators.map(ToString::to_string);
    words.collect::<Vec<_>>().join(", ")
}

/// What a stage stopped, of those that came to it, in percent.
pub(super) fn percent_stopped(stage: &FunnelStage) -> f64 {
    100.0 * stage.count.stopped as f64 / (stage.count.entered as f64).max(1.0)
}
