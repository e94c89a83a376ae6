//! The best program beside known ones, with everyone's learning curves.

use mlevolve_tasks::Direction;

use super::collect::rounded;
use super::data::{Compared, ComparedOn, ComparedTask, Role, TaskResult};
use crate::fitness::{Comparison, Contender, Judge, TaskCurves};
use crate::run::ContenderCurves;

/// A comparison on the judge's tasks. Whose curves are not there has none.
pub(super) fn compared_on(
    comparison: &Comparison,
    judge: &dyn Judge,
    curves: &[ContenderCurves],
    is_held_out: bool,
) -> ComparedOn {
    let of = |contender: &Contender| -> &[TaskCurves] {
        let found = curves.iter().find(|curves| curves.name == contender.name);
        found.map_or(&[], |curves| &curves.tasks)
    };
    // A run that diverged has fewer points than others.
    let longest = |place: usize| {
        let rows = curves.iter().filter_map(|curves| curves.tasks.get(place));
        rows.max_by_key(|task| task.steps.len())
    };
    let labels = judge.tasks();
    let tasks = labels.iter().enumerate().map(|(place, label)| {
        let longest = longest(place);
        ComparedTask {
            name: label.name.to_owned(),
            lower_is_better: label.direction == Direction::LowerIsBetter,
            metric: longest.map(|task| task.metric.clone()),
            steps: longest.map_or_else(Vec::new, |task| task.steps.clone()),
        }
    });
    let written = (&comparison.written, Role::Written);
    let tuned = comparison.tuned.iter().map(|it| (it, Role::Tuned));
    let known = comparison.compared.iter().map(|it| (it, Role::Known));
    let everyone = std::iter::once(written).chain(tuned).chain(known);
    ComparedOn {
        is_held_out,
        tasks: tasks.collect(),
        contenders: everyone
            .map(|(contender, role)| compared(contender, role, of(contender)))
            .collect(),
        legend: judge.legend().replace('\n', " "),
    }
}

fn compared(contender: &Contender, role: Role, curves: &[TaskCurves]) -> Compared {
    let tasks = contender.judgement.tasks.iter().enumerate();
    let results = tasks.map(|(place, task)| {
        let (mean, least, greatest) = curves.get(place).map(over_seeds).unwrap_or_default();
        TaskResult {
            fitness: task.fitness,
            final_value: task.final_value,
            learning_rate: contender.learning_rates.get(place).copied(),
            diverged_runs: task.diverged_runs,
            runs: task.runs,
            mean,
            least,
            greatest,
        }
    });
    Compared {
        name: contender.name.clone(),
        role,
        fitness: contender.judgement.fitness,
        unit_flops: contender.cost.unit_flops,
        state: contender.cost.state,
        results: results.collect(),
    }
}

/// The mean, the least and the greatest value at each step, over the seeds that came so far.
fn over_seeds(curves: &TaskCurves) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut means, mut least, mut greatest) = (Vec::new(), Vec::new(), Vec::new());
    for place in 0..curves.steps.len() {
        let values = curves.seeds.iter().filter_map(|seed| seed.get(place));
        let values: Vec<f64> = values.copied().collect();
        means.push(rounded(values.iter().sum::<f64>() / values.len() as f64));
        least.push(rounded(
            values.iter().copied().fold(f64::INFINITY, f64::min),
        ));
        greatest.push(rounded(
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ));
    }
    (means, least, greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_over_the_seeds_that_came_so_far() {
        let curves = TaskCurves {
            task: "a".to_owned(),
            metric: "loss".to_owned(),
            lower_is_better: true,
            steps: vec![0, 10, 20],
            seeds: vec![vec![4.0, 2.0, 1.0], vec![6.0, 3.0], vec![2.0, 4.0, 3.0]],
        };
        let (mean, least, greatest) = over_seeds(&curves);
        assert_eq!(mean, [4.0, 3.0, 2.0]);
        assert_eq!(least, [2.0, 2.0, 1.0]);
        assert_eq!(greatest, [6.0, 4.0, 3.0]);
    }
}
