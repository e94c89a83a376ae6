//! `mlevolve tasks`: what there is to be judged on.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use mlevolve_tasks::{Direction, Suite, task_named, task_names};
use serde_json::json;

use super::print;

/// List the tasks and suites, with sizes and costs.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve tasks\n  mlevolve tasks --json | jq '.tasks[].name'")]
pub(super) struct Tasks {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Tasks {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        print(&if self.json { json_text()? } else { text() })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn suites() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    Suite::names().filter_map(|name| {
        let suite = Suite::named(name)?;
        let tasks = suite.tasks().iter().map(|task| task.description().name);
        Some((name, tasks.collect()))
    })
}

fn text() -> String {
    let mut text = String::new();
    for task in task_names().filter_map(task_named) {
        let description = task.description();
        let direction = match description.metric.direction {
            Direction::LowerIsBetter => "lower is better",
            Direction::HigherIsBetter => "higher is better",
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{} ({})\n  {}\n  Data: {}\n  Metric: {}, in {}; {direction}\n  \
             {} parameters; {} steps of {} examples, {} FLOPs of model each; measured every {} steps\n",
            description.name,
            description.family,
            description.summary,
            description.data,
            description.metric.name,
            description.metric.unit,
            description.parameter_count,
            description.budget_steps,
            description.step_examples,
            description.step_flops,
            description.evaluation_interval_steps,
        );
    }
    for (name, tasks) in suites() {
        let _ = writeln!(text, "Suite {name}: {}", tasks.join(", "));
    }
    text
}

fn json_text() -> anyhow::Result<String> {
    let tasks = task_names().filter_map(task_named).map(|task| {
        let description = task.description();
        json!({
            "name": description.name,
            "family": description.family.to_string(),
            "summary": description.summary,
            "data": description.data,
            "metric": description.metric.name,
            "metric_unit": description.metric.unit,
            "lower_is_better": description.metric.direction == Direction::LowerIsBetter,
            "parameters": description.parameter_count,
            "budget_steps": description.budget_steps,
            "step_examples": description.step_examples,
            "step_flops": description.step_flops,
            "evaluation_interval_steps": description.evaluation_interval_steps,
        })
    });
    let suites = suites().map(|(name, tasks)| json!({ "name": name, "tasks": tasks }));
    let all = json!({
        "tasks": tasks.collect::<Vec<_>>(),
        "suites": suites.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&all)?)
}
