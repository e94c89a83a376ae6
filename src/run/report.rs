//! A run's result as text that people read.

use std::path::Path;

use mlevolve_tasks::Direction;

use super::invocation::command;
use super::session::Judges;
use super::{RunResult, front_table};
use crate::fitness::{Comparison, Judge};
use crate::text_table::text_table;

impl Comparison {
    /// Two tables, with what has to be known to read them: the fitness of each contender on each task
    /// and on the suite, and what its model ends with.
    #[must_use]
    pub fn text(&self, judge: &dyn Judge) -> String {
        let cost = &self.written.cost;
        let unit = &cost.unit;
        let beside = self.compared.iter().find(|rule| rule.name == "adam");
        let beside = beside.map_or_else(String::new, |adam| {
            format!("; Adam's costs {}", adam.cost.unit_flops)
        });
        format!(
            "{}\n\n{}\n\n{}\n\nIt costs {} FLOPs for each {unit}{beside}.\n",
            judge.legend(),
            self.fitness_table(judge),
            self.metrics_table(judge),
            cost.unit_flops,
        )
    }

    /// One row a contender: fitness on each task and on the suite, and what it costs.
    fn fitness_table(&self, judge: &dyn Judge) -> String {
        let mut header = vec!["fitness".to_owned()];
        header.extend(judge.tasks().iter().map(|task| task.name.to_owned()));
        let unit = &self.written.cost.unit;
        header.extend([
            "suite".to_owned(),
            format!("FLOPs/{unit}"),
            format!("state/{unit}"),
        ]);
        let rows = self.contenders().map(|contender| {
            let tasks = contender.judgement.tasks.iter();
            let mut row = vec![contender.name.clone()];
            row.extend(tasks.map(|task| format!("{:.3}", task.fitness)));
            row.push(format!("{:.3}", contender.judgement.fitness));
            row.push(contender.cost.unit_flops.to_string());
            row.push(contender.cost.state.to_string());
            row
        });
        text_table(header, rows)
    }

    /// One row a contender: each task's metric at the end, its companion if it has one, and the
    /// learning rate if programs have one.
    fn metrics_table(&self, judge: &dyn Judge) -> String {
        let labels = judge.tasks();
        let has_rates = !self.written.learning_rates.is_empty();
        let mut header = vec!["mean at the end".to_owned()];
        for label in &labels {
            let arrow = match label.direction {
                Direction::LowerIsBetter => "↓",
                Direction::HigherIsBetter => "↑",
            };
            header.push(format!("{} {arrow}", label.name));
            header.extend(label.companion.map(str::to_owned));
            header.extend(has_rates.then(|| "rate".to_owned()));
        }
        let rows = self.contenders().map(|contender| {
            let mut row = vec![contender.name.clone()];
            let fitnesses = contender.judgement.tasks.iter();
            for (place, (label, fitness)) in labels.iter().zip(fitnesses).enumerate() {
                row.push(figure(fitness.final_value).unwrap_or_else(|| "diverged".to_owned()));
                if label.companion.is_some() {
                    row.push(figure(fitness.final_companion).unwrap_or_else(|| "–".to_owned()));
                }
                let rate = contender.learning_rates.get(place);
                row.extend(rate.map(f32::to_string));
            }
            row
        });
        text_table(header, rows)
    }
}

fn figure(value: Option<f64>) -> Option<String> {
    value.map(|value| format!("{value:.4}"))
}

impl RunResult {
    /// The program, its figures beside the known rules', and what to do next.
    #[must_use]
    pub(super) fn report(&self, judges: &Judges, directory: &Path) -> String {
        let file = |name: &str| directory.join(name);
        let unseen = self.held_out.as_ref().zip(judges.held_out.as_deref());
        let unseen = unseen.map_or_else(String::new, |(comparison, judge)| {
            format!(
                "On tasks that the search did not see:\n\n{}\n\n{}\n\n",
                comparison.fitness_table(judge),
                comparison.metrics_table(judge)
            )
        });
        let front: Vec<_> = self.front.iter().filter(|it| it.is_on_front).collect();
        let front = front_table(&front, None);
        format!(
            "Best program, candidate {} of generation {}:\n\n{}\n{}\n{unseen}\
             Fittest at each cost, judged again on the suite:\n\n{front}\n\n\
             Run directory:   {}\n\
             All of these:    {}\n\
             Judge again:     {}\n\
             Look at it:      {}\n\
             Explain it:      {}\n\
             Search again:    {} --out NEW\n",
            self.id,
            self.generation,
            self.program,
            self.comparison.text(&*judges.suite),
            directory.display(),
            command("front", directory),
            command("replay", directory),
            command("show", &file("best.mle")),
            command("explain --run", directory),
            command("evolve --config", &file("config.toml")),
        )
    }
}
