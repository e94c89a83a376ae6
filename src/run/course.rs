//! How a search went, as text: curves, and what the funnel did and cost.

use super::history::{FunnelStage, GenerationRecord, History};
use crate::search::Totals;
use crate::text_table::text_table;

/// Curves and a table of stages, for a terminal.
#[must_use]
pub fn course(history: &History) -> String {
    let curves = [
        ("best fitness", of(|record| record.best_fitness)),
        ("median fitness", of(|record| record.median_fitness)),
        ("diversity of structure", of(|record| record.diversity)),
        (
            "diversity of behaviour",
            of(|record| record.behavioural_diversity),
        ),
    ];
    let curves = curves.map(|(name, of)| {
        let values: Vec<f64> = history.generations.iter().map(of).collect();
        let (first, last) = (values.first(), values.last());
        let ends = first.zip(last).map_or_else(String::new, |(first, last)| {
            format!("{first:.3} to {last:.3}")
        });
        format!("  {name:<22}  {}  {ends}\n", sparkline(&values))
    });
    let sum = |of: fn(&Totals) -> u64| -> u64 {
        let counts = history.generations.iter().map(|record| &record.counts);
        counts.map(of).sum()
    };
    let candidates = sum(|counts| counts.candidates);
    let seen_before = sum(|counts| counts.seen_before) as f64;
    let effective = sum(|counts| counts.effective_instructions).max(1) as f64;
    format!(
        "The search, generation by generation:\n\n{}\n\
         What candidates went through:\n\n{}\n\n\
         Of {candidates} candidates {:.0} % had the verdict of an earlier one; without what has no effect they are\n\
         {:.1} times shorter. Those that trained took {} steps. Of those that a stage would stop\n\
         some are let through: good ones are as fit as half of the population.\n",
        curves.concat(),
        stage_table(&history.funnel()),
        100.0 * seen_before / candidates.max(1) as f64,
        sum(|counts| counts.instructions) as f64 / effective,
        sum(|counts| counts.training_steps),
    )
}

/// A row a stage: what it stopped and cost, and what became of those that it would have stopped and let through.
#[must_use]
pub fn stage_table(stages: &[FunnelStage]) -> String {
    let header = [
        "stage",
        "entered",
        "stopped",
        "share",
        "let through",
        "good",
        "CPU s",
        "share",
        "µs each",
    ];
    let all_seconds: f64 = stages.iter().map(|stage| stage.seconds).sum();
    let rows = stages.iter().map(|FunnelStage { count, seconds }| {
        let entered = count.entered.max(1) as f64;
        vec![
            count.stage.clone(),
            count.entered.to_string(),
            count.stopped.to_string(),
            format!("{:.0} %", 100.0 * count.stopped as f64 / entered),
            count.let_through.to_string(),
            count.wrongly_stopped.to_string(),
            format!("{seconds:.1}"),
            format!(
                "{:.0} %",
                100.0 * seconds / all_seconds.max(f64::MIN_POSITIVE)
            ),
            format!("{:.0}", 1e6 * seconds / entered),
        ]
    });
    text_table(header.map(str::to_owned).to_vec(), rows)
}

/// So that closures of one type stand in an array.
fn of(of: fn(&GenerationRecord) -> f64) -> fn(&GenerationRecord) -> f64 {
    of
}

/// The most columns of a curve; of more generations, each column is the mean of some.
const COLUMNS: usize = 48;

/// Values as a row of bars, the least one lowest. What does not change is low throughout.
fn sparkline(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = COLUMNS.min(values.len());
    let means: Vec<f64> = (0..columns)
        .map(|column| {
            let bounds = [column, column + 1].map(|it| it * values.len() / columns);
            let part = &values[bounds[0]..bounds[1]];
            part.iter().sum::<f64>() / part.len() as f64
        })
        .collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: &f64| {
        let height = (value - least) / (most - least).max(f64::MIN_POSITIVE);
        BARS[((height * 8.0) as usize).min(7)]
    };
    means.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_go_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[0.0, 0.5, 1.0, 0.2]), "▁▅█▂");
        assert_eq!(sparkline(&[0.3, 0.3]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        let many: Vec<f64> = (0..1_000).map(f64::from).collect();
        let line = sparkline(&many);
        assert_eq!(line.chars().count(), COLUMNS);
        assert!(line.starts_with('▁') && line.ends_with('█'), "{line}");
        assert!(line.chars().is_sorted());
    }
}
