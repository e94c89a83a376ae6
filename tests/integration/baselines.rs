//! The committed table of baselines, which fitness is measured by, is what this program measures.

use std::sync::Arc;

use mlevolve::fitness::{
    BaselineTable, DataSettings, FitnessParts, FitnessWeights, TrainingJudge, best_learning_rate,
    measure, tuning_seeds,
};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::Schema;
use mlevolve::program::known;
use mlevolve_ir::Backend;
use mlevolve_tasks::{Sources, Suite, Task, TaskEntry, bundled_tasks};
use rayon::prelude::*;

fn task_named(name: &str) -> Arc<dyn Task> {
    let entry = TaskEntry::named(name).unwrap();
    entry.open(&Sources::default()).unwrap()
}

#[test]
fn every_recorded_curve_is_reproduced_to_the_bit() {
    let table = BaselineTable::committed().unwrap();
    let names: Vec<_> = table.tasks.iter().map(|task| task.task.as_str()).collect();
    let bundled = bundled_tasks().map(|task| task.description().name);
    assert_eq!(names, bundled.collect::<Vec<_>>());
    for task in &table.tasks {
        let rules: Vec<_> = task.rules.iter().map(|row| row.rule.as_str()).collect();
        let known = known::of(Schema::Optimizer);
        let known: Vec<_> = known.map(|known| known.name).collect();
        assert_eq!(rules, known, "{}", task.task);
    }
    let rows = table
        .tasks
        .iter()
        .flat_map(|task| task.rules.iter().map(move |row| (task, row)));
    let rows: Vec<_> = rows.collect();
    rows.into_par_iter().for_each(|(baselines, recorded)| {
        let task = task_named(&baselines.task);
        let measured = measure(&recorded.rule, recorded.learning_rate, &*task, Backend::Jit);
        let measured = measured.unwrap();
        for curve in &recorded.curves {
            assert_eq!(curve.len(), baselines.steps.len());
        }
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
        let task = task_named(task);
        let picked = best_learning_rate(&program, &*task, Backend::Jit).unwrap();
        assert_eq!(picked, recorded.learning_rate, "{rule}");
    }
}

/// Of each part, some known rule has 1 on the seeds that the table was measured on, and none more.
#[test]
fn the_best_known_rule_of_each_part_scores_one() {
    let (data, weights) = (DataSettings::default(), FitnessWeights::default());
    let judge = TrainingJudge::new(Suite::DEFAULT, &data, weights).unwrap();
    for (index, task) in judge.suite_tasks().iter().enumerate() {
        let rows = &judge
            .baselines()
            .task(task.description().name)
            .unwrap()
            .rules;
        let parts = rows.iter().map(|row| {
            let program = known::find(&row.rule).unwrap().program().unwrap();
            let program = program.with_constant("learning_rate", row.learning_rate);
            let optimizer = CompiledOptimizer::new(&program.unwrap(), Backend::Jit).unwrap();
            let fitness = judge.judge_task(index, &optimizer, &tuning_seeds());
            fitness.parts.unwrap()
        });
        let parts: Vec<FitnessParts> = parts.collect();
        let greatest = |of: fn(&FitnessParts) -> f64| parts.iter().map(of).fold(0.0, f64::max);
        for greatest in [
            greatest(|parts| parts.convergence_speed),
            greatest(|parts| parts.final_quality),
            greatest(|parts| parts.sample_efficiency),
        ] {
            assert!((greatest - 1.0).abs() < 1e-12, "{greatest}");
        }
    }
}

#[test]
fn the_committed_text_is_what_is_written() {
    let table = BaselineTable::committed().unwrap();
    let committed = include_str!("../../src/fitness/baselines.json");
    assert_eq!(table.to_text(), committed);
}
