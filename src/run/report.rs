//! A run's result as text that people read.

use std::fmt::Write;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use mlevolve_tasks::Direction;

use super::{Contender, RunResult};
use crate::fitness::{Judge, judging_seeds};

/// The fitness of several programs, one a row: on each task, on the suite, and what an update costs.
#[must_use]
pub fn comparison_table(contenders: &[&Contender], judge: &Judge) -> String {
    let mut header = vec!["fitness".to_owned()];
    header.extend(task_names(judge));
    header.extend(["suite", "FLOPs/parameter", "state/parameter"].map(str::to_owned));
    let rows = contenders.iter().map(|contender| {
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

/// What the models of several programs end with, one a row: each task's metric, its companion if it
/// has one, and the learning rate.
#[must_use]
pub fn metrics_table(contenders: &[&Contender], judge: &Judge) -> String {
    let mut header = vec!["mean at the end".to_owned()];
    for task in judge.tasks() {
        let description = task.description();
        let arrow = match description.metric.direction {
            Direction::LowerIsBetter => "↓",
            Direction::HigherIsBetter => "↑",
        };
        header.push(format!("{} {arrow}", description.name));
        header.extend(
            description
                .companion
                .map(|companion| companion.name.to_owned()),
        );
        header.push("rate".to_owned());
    }
    let rows = contenders.iter().map(|contender| {
        let mut row = vec![contender.name.clone()];
        let tasks = contender.judgement.tasks.iter();
        for ((task, fitness), rate) in judge
            .tasks()
            .iter()
            .zip(tasks)
            .zip(&contender.learning_rates)
        {
            let value = fitness.final_value;
            row.push(value.map_or_else(|| "diverged".to_owned(), |value| format!("{value:.4}")));
            if task.description().companion.is_some() {
                let value = fitness.final_companion;
                row.push(value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}")));
            }
            row.push(format!("{rate}"));
        }
        row
    });
    table(header, rows)
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
    pub fn report(&self, judge: &Judge, directory: &Path) -> String {
        format!(
            "Best program, candidate {} of generation {}:\n\n{}\n{}",
            self.id,
            self.generation,
            self.program,
            self.figures(judge, directory)
        )
    }

    /// The figures beside the known rules', and what to do next.
    fn figures(&self, judge: &Judge, directory: &Path) -> String {
        let mut contenders = vec![&self.best];
        contenders.extend(&self.best_tuned);
        contenders.extend(&self.compared);
        let adam = self.compared.iter().find(|rule| rule.name == "adam");
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "Fitness: 0 is the untrained model, 1 the best known rule of the task with a tuned learning rate; \
             {} seeds that\nthe search has not seen. Known rules have a learning rate tuned for each task.\n\n{}\n\n{}\n",
            judging_seeds().len(),
            comparison_table(&contenders, judge),
            metrics_table(&contenders, judge),
        );
        if let Some(adam) = adam {
            let _ = writeln!(
                text,
                "An update costs {} FLOPs for each parameter; Adam's costs {}.",
                self.best.element_flops, adam.element_flops
            );
        }
        let directory = directory.display();
        let _ = write!(
            text,
            "Run directory:   {directory}\n\
             Judge again:     mlevolve replay {directory}\n\
             Look at it:      mlevolve show {directory}/best.mle\n\
             Search again:    mlevolve evolve --config {directory}/config.toml --out NEW\n"
        );
        text
    }
}
