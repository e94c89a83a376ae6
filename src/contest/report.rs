//! A contest's result as text that people read.

use super::{ContestResult, GREATEST_RATIO, OnTask, Standing, TARGET_SHARE, TaskResult};
use crate::text_table::text_table;

/// The ratios to the fastest at which profiles are shown.
const SHOWN_RATIOS: [f64; 4] = [1.0, 1.5, 2.0, GREATEST_RATIO];

impl ContestResult {
    /// What has to be known to read it, the standings, and a table for each task.
    #[must_use]
    pub fn text(&self) -> String {
        let tasks: Vec<String> = self.tasks.iter().map(|task| self.task_text(task)).collect();
        format!(
            "Everyone has a learning rate tuned for each task: 14 rates, 5 seeds each, chosen on validation data. Then medians\n\
             over {} seeds that are used for nothing else. A task's target is the best median of a baseline after {:.0} % of the\n\
             steps. The score is the area under the profile: the share of tasks whose target is reached in at most so many\n\
             times the steps of the fastest, up to {GREATEST_RATIO}. A program is not worse where it is not shown to be: the\n\
             interval of its gain at the end reaches zero.\n\n{}\n\n{}\n",
            self.seeds.len(),
            100.0 * TARGET_SHARE,
            self.standings_text(),
            tasks.join("\n\n"),
        )
    }

    fn standings_text(&self) -> String {
        let mut header: Vec<String> = vec!["on all tasks".to_owned(), "score".to_owned()];
        header.extend(SHOWN_RATIOS.map(|ratio| format!("within {ratio}x")));
        header.extend([
            "targets".to_owned(),
            format!("not worse than {}", self.reference),
            format!("faster than {}", self.reference),
            "in update FLOPs".to_owned(),
            "FLOPs/parameter".to_owned(),
        ]);
        let rows = self.standings.iter().map(|standing: &Standing| {
            let mut row = vec![standing.name.clone(), format!("{:.3}", standing.score)];
            let shares = SHOWN_RATIOS.map(|ratio| standing.profile.share_within(ratio));
            row.extend(shares.map(|share| format!("{share:.2}")));
            let of_all = |tasks: usize| format!("{tasks} of {}", self.tasks.len());
            let times =
                |ratio: Option<f64>| ratio.map_or("–".to_owned(), |it| format!("{it:.2}x"));
            row.extend([
                of_all(standing.reached_tasks),
                of_all(standing.not_worse_tasks),
                times(standing.speed_up_steps),
                times(standing.speed_up_update_flops),
                format!("{:.1}", standing.parameter_flops),
            ]);
            row
        });
        text_table(header, rows)
    }

    fn task_text(&self, task: &TaskResult) -> String {
        let arrow = if task.higher_is_better { "↑" } else { "↓" };
        let header = [
            task.task,
            "rate",
            "steps to target",
            "runs there",
            "at the end, quartiles",
            &format!("better than {} by, 95 %", self.reference),
        ];
        let rows = task.contenders.iter().map(|contender: &OnTask| {
            let missing = || "–".to_owned();
            let last = contender.last.map_or_else(
                || match contender.learning_rate {
                    Some(_) => format!("{} diverged", contender.diverged_runs),
                    None => "diverged at every rate".to_owned(),
                },
                |last| {
                    let (lower, upper) = (last.lower_quartile, last.upper_quartile);
                    format!("{:.4} [{lower:.4}, {upper:.4}]", last.median)
                },
            );
            let gain = contender.gain.map_or_else(missing, |gain| {
                format!("{:+.4} [{:+.4}, {:+.4}]", gain.mean, gain.lower, gain.upper)
            });
            let steps = contender.steps_to_target;
            vec![
                contender.name.clone(),
                contender
                    .learning_rate
                    .map_or_else(missing, |rate| rate.to_string()),
                steps.map_or_else(missing, |steps| steps.to_string()),
                format!("{} of {}", contender.reached_runs, self.seeds.len()),
                last,
                gain,
            ]
        });
        format!(
            "{}: {} {arrow}; target {:.4}, by {} after {:.0} of {} steps\n{}",
            task.task,
            task.metric,
            task.target,
            task.target_by,
            TARGET_SHARE * f64::from(task.budget_steps),
            task.budget_steps,
            text_table(header.map(str::to_owned).to_vec(), rows)
        )
    }
}
