//! `mlevolve tasks`: what there is to be judged on.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use mlevolve_tasks::learner::{LEARNER_TASKS, LearnerTaskEntry};
use mlevolve_tasks::{Description, Direction, Suite, TASKS, TaskEntry};
use serde_json::{Value, json};

use super::data::DataOptions;
use super::print;
use crate::fitness::DataSettings;

/// List the tasks and suites, with sizes and costs.
///
/// Tasks on data of your own are described once the options say where the data are; until then, what they need.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve tasks\n  mlevolve tasks --suite ill-conditioned\n  \
    mlevolve tasks --json | jq '.tasks[].name'"
)]
pub(super) struct Tasks {
    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    data: DataOptions,
}

/// A task as it is described, or why it cannot be made.
type Listed = (&'static str, Result<Description, String>);

impl Tasks {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let sources = self.data.over(&DataSettings::default()).sources()?;
        let suite = self.data.suite();
        let entries = match &suite {
            Some(suite) => Suite::entries(suite)?,
            None => TASKS.to_vec(),
        };
        let mut listed: Vec<Listed> = Vec::new();
        for entry in entries {
            let description = match entry.open(&sources) {
                Ok(task) => Ok(task.description().clone()),
                // What is not there yet is listed; what is there and broken is not passed over.
                Err(error) if error.is_of_absent_data() => Err(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            listed.push((entry.name(), description));
        }
        let learner_tasks = match &suite {
            Some(_) => &[],
            None => LEARNER_TASKS,
        };
        let suites = Suite::names().filter(|name| suite.as_ref().is_none_or(|it| it == name));
        let suites: Vec<_> = suites.map(|name| (name, names(name))).collect();
        print(&if self.json {
            json_text(&listed, learner_tasks, &suites)?
        } else {
            text(&listed, learner_tasks, &suites)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The names of a suite's tasks.
fn names(suite: &str) -> Vec<&'static str> {
    let entries = Suite::entries(suite).unwrap_or_default();
    entries.iter().map(TaskEntry::name).collect()
}

fn text(
    tasks: &[Listed],
    learner_tasks: &[LearnerTaskEntry],
    suites: &[(&str, Vec<&str>)],
) -> String {
    let mut text = String::new();
    for (name, description) in tasks {
        let description = match description {
            Ok(description) => description,
            Err(reason) => {
                let reason = reason.replace('\n', "\n  ");
                // Writing to a string does not fail.
                let _ = writeln!(text, "{name}\n  {reason}\n");
                continue;
            }
        };
        let direction = match description.metric.direction {
            Direction::LowerIsBetter => "lower is better",
            Direction::HigherIsBetter => "higher is better",
        };
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
    for task in learner_tasks {
        let _ = writeln!(
            text,
            "{} (for whole learners: --schema learner)\n  {}\n  Data: {}\n",
            task.name(),
            task.summary(),
            learner_data(task),
        );
    }
    for (name, tasks) in suites {
        let _ = writeln!(text, "Suite {name}: {}", tasks.join(", "));
    }
    text
}

/// Where a learner's task has its examples from.
const fn learner_data(task: &LearnerTaskEntry) -> &'static str {
    if task.is_bundled() {
        "in the program"
    } else {
        "yours; --data-dir DIR for images, --train FILE --valid FILE for tables"
    }
}

fn json_text(
    tasks: &[Listed],
    learner_tasks: &[LearnerTaskEntry],
    suites: &[(&str, Vec<&str>)],
) -> anyhow::Result<String> {
    let tasks = tasks.iter().map(|(name, description)| match description {
        Ok(description) => described(description),
        Err(reason) => json!({ "name": name, "not_ready": reason }),
    });
    let suites = suites
        .iter()
        .map(|(name, tasks)| json!({ "name": name, "tasks": tasks }));
    let learner_tasks = learner_tasks.iter().map(|task| {
        json!({ "name": task.name(), "summary": task.summary(), "data": learner_data(task) })
    });
    let all = json!({
        "tasks": tasks.collect::<Vec<_>>(),
        "learner_tasks": learner_tasks.collect::<Vec<_>>(),
        "suites": suites.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&all)?)
}

fn described(description: &Description) -> Value {
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
}
