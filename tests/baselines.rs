//! The committed table of baselines, which fitness is measured by, is what this program measures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use mlevolve::fitness::{BaselineTable, best_learning_rate, measure};
use mlevolve::program::known::{self, KNOWN};
use mlevolve_ir::Backend;
use mlevolve_tasks::{task_named, task_names};
use rayon::prelude::*;

#[test]
fn every_recorded_curve_is_reproduced_to_the_bit() {
    let table = BaselineTable::committed().unwrap();
    let names: Vec<_> = table.tasks.iter().map(|task| task.task.as_str()).collect();
    assert_eq!(names, task_names().collect::<Vec<_>>());
    for task in &table.tasks {
        let rules: Vec<_> = task.rules.iter().map(|row| row.rule.as_str()).collect();
        let known: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        assert_eq!(rules, known, "{}", task.task);
    }
    let rows = table
        .tasks
        .iter()
        .flat_map(|task| task.rules.iter().map(move |row| (task, row)));
    let rows: Vec<_> = rows.collect();
    rows.into_par_iter().for_each(|(baselines, recorded)| {
        let task = task_named(&baselines.task).unwrap();
        let measured = measure(&recorded.rule, recorded.learning_rate, &*task, Backend::Jit);
        let measured = measured.unwrap();
        assert_eq!(recorded.curve.len(), baselines.steps.len());
        assert_eq!(
            &measured, recorded,
            "{} on {}: the table is out of date; `mlevolve baselines --write` makes it anew",
            recorded.rule, baselines.task
        );
    });
}

#[test]
fn recorded_rates_are_those_that_the_protocol_picks() {
    let table = BaselineTable::committed().unwrap();
    for (rule, task) in [
        ("momentum", "diabetes-mlp"),
        ("adam", "diabetes-mlp"),
        ("momentum", "digits-mlp"),
        ("sgd", "cartpole"),
    ] {
        let program = known::find(rule).unwrap().program().unwrap();
        let recorded = table.task(task).unwrap().rule(rule).unwrap();
        let task = task_named(task).unwrap();
        let picked = best_learning_rate(&program, &*task, Backend::Jit).unwrap();
        assert_eq!(picked, recorded.learning_rate, "{rule}");
    }
}

#[test]
fn the_committed_text_is_what_is_written() {
    let table = BaselineTable::committed().unwrap();
    let committed = include_str!("../src/fitness/baselines.json");
    assert_eq!(table.to_text(), committed);
}
