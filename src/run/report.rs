//! A run's result as text that people read.

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use mlevolve_tasks::Direction;

use super::invocation::command;
use super::{Comparison, RunResult};
use crate::fitness::{Judge, judging_seeds};
use crate::program::known::KNOWN;

impl Comparison {
    /// Two tables, with what has to be known to read them: the fitness of each contender on each task
    /// and on the suite, and what its model ends with.
    #[must_use]
    pub fn text(&self, judge: &Judge) -> String {
        let adam = self.compared.iter().find(|rule| rule.name == "adam");
        let cost = self.written.element_flops;
        let beside = adam.map_or_else(String::new, |adam| {
            format!("; Adam's costs {}", adam.element_flops)
        });
        format!(
            "Fitness: 0 is the untrained model, 1 the best of {} known rules with tuned learning rates. Means\n\
             over {} seeds that are used for nothing else. Known rules have a learning rate tuned for each\n\
             task; so has the program in its second row.\n\n{}\n\n{}\n\n\
             An update costs {cost} FLOPs for each parameter{beside}.\n",
            KNOWN.len(),
            judging_seeds().len(),
            self.fitness_table(judge),
            self.metrics_table(judge),
        )
    }

    /// One row a contender: fitness on each task and on the suite, and what an update costs.
    fn fitness_table(&self, judge: &Judge) -> String {
        let mut header = vec!["fitness".to_owned()];
        header.extend(task_names(judge));
        header.extend(["suite", "FLOPs/parameter", "state/parameter"].map(str::to_owned));
        let rows = self.contenders().map(|contender| {
            let tasks = contender.judgement.tasks.iter();
            let mut row = vec![contender.name.clone()];
            row.extend(tasks.map(|task| format!("{:.3}", task.fitness)));
            row.push(format!("{:.3}", contender.judgement.fitness));
            row.push(contender.element_flops.to_string());
            row.push(contender.state_per_parameter.to_string());
            row
        });
        table(header, rows)
    }

    /// One row a contender: each task's metric at the end, its companion if it has one, and the
    /// learning rate.
    fn metrics_table(&self, judge: &Judge) -> String {
        let mut header = vec!["mean at the end".to_owned()];
        for task in judge.tasks() {
            let description = task.description();
            let arrow = match description.metric.direction {
                Direction::LowerIsBetter => "↓",
                Direction::HigherIsBetter => "↑",
            };
            header.push(format!("{} {arrow}", description.name));
            let companion = description.companion;
            header.extend(companion.map(|companion| companion.name.to_owned()));
            header.push("rate".to_owned());
        }
        let rows = self.contenders().map(|contender| {
            let mut row = vec![contender.name.clone()];
            let fitnesses = contender.judgement.tasks.iter();
            let tasks = judge.tasks().iter().zip(fitnesses);
            for ((task, fitness), rate) in tasks.zip(&contender.learning_rates) {
                row.push(figure(fitness.final_value).unwrap_or_else(|| "diverged".to_owned()));
                if task.description().companion.is_some() {
                    row.push(figure(fitness.final_companion).unwrap_or_else(|| "–".to_owned()));
                }
                row.push(rate.to_string());
            }
            row
        });
        table(header, rows)
    }
}

fn figure(value: Option<f64>) -> Option<String> {
    value.map(|value| format!("{value:.4}"))
}

fn task_names(judge: &Judge) -> impl Iterator<Item = String> + '_ {
    let tasks = judge.tasks().iter();
    tasks.map(|task| task.description().name.to_owned())
}

/// Columns of text; the first to the left, the others to the right.
fn table(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let columns = header.len();
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in 1..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

impl RunResult {
    /// The program, its figures beside the known rules', and what to do next.
    #[must_use]
    pub fn report(&self, judge: &Judge, held_out: Option<&Judge>, directory: &Path) -> String {
        let file = |name: &str| directory.join(name);
        let unseen = self.held_out.as_ref().zip(held_out);
        let unseen = unseen.map_or_else(String::new, |(comparison, judge)| {
            format!(
                "On tasks that the search did not see:\n\n{}\n\n{}\n\n",
                comparison.fitness_table(judge),
                comparison.metrics_table(judge)
            )
        });
        format!(
            "Best program, candidate {} of generation {}:\n\n{}\n{}\n{unseen}\
             Run directory:   {}\n\
             Judge again:     {}\n\
             Look at it:      {}\n\
             Search again:    {} --out NEW\n",
            self.id,
            self.generation,
            self.program,
            self.comparison.text(judge),
            directory.display(),
            command("replay", directory),
            command("show", &file("best.mle")),
            command("evolve --config", &file("config.toml")),
        )
    }
}
