//! The screen: what is drawn where.
//!
//! ```text
//!   ┌ what is searched for ───────────────────────────────┐
//!   │ how far it has come                                 │
//!   ├ fitness ─────────────────┬ funnel ──────────────────┤
//!   │                          │                          │
//!   ├ diversity ───────────────┼ leader ──────────────────┤
//!   │                          │                          │
//!   ├ mutations, if they fit ──┤                          │
//!   └──────────────────────────┴──────────────────────────┘
//! ```

use std::time::Duration;

use indicatif::HumanDuration;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, Paragraph};

use super::summary::{generations, heading, made_by, percent_stopped, progress};
use crate::run::{FunnelStage, GenerationRecord, History};

/// What is to be seen.
pub(super) struct View<'a> {
    /// The run directory, as the user named it.
    pub(super) directory: String,
    pub(super) history: &'a History,
    /// For how long the log has not grown.
    pub(super) quiet: Option<Duration>,
    /// The first line of the program that is shown.
    pub(super) first_line: u16,
}

/// How tall the screen must be for mutations, too.
const TALL: u16 = 36;

/// Draws all.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View<'_>) {
    let rows = Layout::vertical([
        Constraint::Length(3),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]);
    let [top, middle, bottom] = rows.areas(frame.area());
    draw_progress(frame, top, view);
    let columns = Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]);
    let [left, right] = columns.areas(middle);
    let mutations = if middle.height >= TALL { 14 } else { 0 };
    let [fitness, diversity, weights] = Layout::vertical([
        Constraint::Fill(3),
        Constraint::Fill(2),
        Constraint::Length(mutations),
    ])
    .areas(left);
    let stages = view.history.funnel();
    let [funnel, leader] = Layout::vertical([
        Constraint::Length(stages.len() as u16 + 2),
        Constraint::Fill(1),
    ])
    .areas(right);
    draw_fitness(frame, fitness, view.history);
    draw_diversity(frame, diversity, view.history);
    draw_weights(frame, weights, view.history);
    draw_funnel(frame, funnel, view.history);
    draw_leader(frame, leader, view);
    let keys = " q leaves   ↑ ↓ move the program ";
    frame.render_widget(Line::from(keys).dim(), bottom);
}

fn titled(title: impl Into<Line<'static>>) -> Block<'static> {
    let style = Style::new().fg(Color::DarkGray);
    Block::bordered()
        .border_style(style)
        .title_style(Style::new())
        .title(title)
}

fn draw_progress(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let history = view.history;
    let (done, planned) = generations(history);
    let share = if history.end.is_some() {
        1.0
    } else {
        (done as f64 / planned.max(1) as f64).min(1.0)
    };
    let mut label = progress(history);
    if history.end.is_none() {
        if let Some(left) = time_left(history) {
            label += &format!(", {} left", HumanDuration(left));
        }
        // A search that was stopped leaves no word of it.
        if let Some(quiet) = view.quiet.filter(|quiet| quiet.as_secs() >= 60) {
            label += &format!(", nothing new for {}", HumanDuration(quiet));
        }
    }
    let title = format!(" {}, in {} ", heading(history), view.directory);
    let gauge = Gauge::default()
        .block(titled(title))
        .gauge_style(Style::new().fg(Color::Cyan).bg(Color::Black))
        .use_unicode(true)
        .ratio(share)
        .label(Span::styled(
            label,
            Style::new().add_modifier(Modifier::BOLD),
        ));
    frame.render_widget(gauge, area);
}

/// How long the generations that are left will take, if they take as long as the last ones did.
fn time_left(history: &History) -> Option<Duration> {
    let (done, planned) = generations(history);
    let lately = &history.generations[history.generations.len().saturating_sub(10)..];
    let seconds = lately
        .iter()
        .map(|record| record.counts.candidates as f64 / record.timing.candidates_per_second);
    let each = seconds.sum::<f64>() / lately.len() as f64;
    Duration::try_from_secs_f64(each * planned.saturating_sub(done) as f64).ok()
}

/// A line over generations.
struct Curve {
    name: &'static str,
    colour: Color,
    /// Generation and value, by rising generation.
    points: Vec<(f64, f64)>,
}

/// A point for each generation.
fn points(history: &History, of: impl Fn(&GenerationRecord) -> f64) -> Vec<(f64, f64)> {
    let records = history.generations.iter();
    let points = records.map(|record| (f64::from(record.generation), of(record)));
    points.collect()
}

fn draw_fitness(frame: &mut Frame<'_>, area: Rect, history: &History) {
    let best = points(history, |record| record.best_fitness);
    let median = points(history, |record| record.median_fitness);
    // What leads stays what it is until another does.
    let mut leaders = history.leaders.iter().peekable();
    let mut fitness = None;
    let mut leader = Vec::new();
    for record in &history.generations {
        while let Some(next) = leaders.next_if(|next| next.generation <= record.generation) {
            fitness = Some(next.confirmed.fitness);
        }
        leader.extend(fitness.map(|fitness| (f64::from(record.generation), fitness)));
    }
    let all = best.iter().chain(&median).chain(&leader);
    let greatest = all.map(|&(_, value)| value).fold(0.0, f64::max);
    let curve = |name, colour, points| Curve {
        name,
        colour,
        points,
    };
    let curves = [
        curve("leader, confirmed", Color::Green, leader),
        curve("best", Color::Blue, best),
        curve("median", Color::Yellow, median),
    ];
    draw_chart(
        frame,
        area,
        " Fitness ",
        (greatest * 1.05).max(0.1),
        &curves,
    );
}

fn draw_diversity(frame: &mut Frame<'_>, area: Rect, history: &History) {
    let texts = points(history, |record| record.diversity);
    let behaviour = points(history, |record| record.behavioural_diversity);
    let mut curves = vec![Curve {
        name: "of texts",
        colour: Color::Magenta,
        points: texts,
    }];
    if !behaviour.is_empty() {
        curves.push(Curve {
            name: "of behaviour",
            colour: Color::Cyan,
            points: behaviour,
        });
    }
    draw_chart(frame, area, " Diversity ", 1.0, &curves);
}

/// Lines over generations, from 0 up.
fn draw_chart(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &'static str,
    greatest: f64,
    curves: &[Curve],
) {
    let last = curves.iter().filter_map(|curve| curve.points.last());
    let last = last.map(|&(generation, _)| generation).fold(1.0, f64::max);
    // The first is drawn last, over the others.
    let datasets = curves.iter().rev().map(|curve| {
        Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(Style::new().fg(curve.colour))
            .data(&curve.points)
    });
    // The legend is in the title, where it covers nothing.
    let mut heading = vec![Span::raw(title)];
    for curve in curves {
        let value = curve.points.last().map_or(f64::NAN, |&(_, value)| value);
        let text = format!("─ {} {value:.3} ", curve.name);
        heading.push(Span::styled(text, Style::new().fg(curve.colour)));
    }
    let heights = [0.0, greatest / 2.0, greatest].map(|value| format!("{value:.2}"));
    let chart = Chart::new(datasets.collect())
        .block(titled(Line::from(heading)))
        .legend_position(None)
        .x_axis(
            Axis::default()
                .bounds([0.0, last])
                .labels(["0".to_owned(), last.to_string()]),
        )
        .y_axis(Axis::default().bounds([0.0, greatest]).labels(heights));
    frame.render_widget(chart, area);
}

fn draw_funnel(frame: &mut Frame<'_>, area: Rect, history: &History) {
    let stages = history.funnel();
    let all = stages.first().map_or(1, |stage| stage.count.entered).max(1) as f64;
    let names = stages.iter().map(|stage| stage.count.stage.chars().count());
    let widest = names.max().unwrap_or(0);
    // A name, a bar, and the figures: all of them where there is room.
    let figures = |stage: &FunnelStage, is_wide: bool| {
        let percent = percent_stopped(stage);
        if is_wide {
            format!(" {:>10} {percent:>3.0} % gone", stage.count.entered)
        } else {
            format!(" {percent:>3.0} %")
        }
    };
    let inside = usize::from(area.width).saturating_sub(2);
    let is_wide = inside >= widest + 40;
    let taken = stages
        .first()
        .map_or(0, |stage| figures(stage, is_wide).len());
    let room = inside.saturating_sub(widest + 1 + taken);
    let rows = stages.iter().map(|stage| {
        let cells = |count: u64| (count as f64 / all * room as f64).round() as usize;
        let (whole, stopped) = (cells(stage.count.entered), cells(stage.count.stopped));
        Line::from(vec![
            Span::raw(format!("{:<widest$} ", stage.count.stage)),
            Span::styled(
                "█".repeat(whole.saturating_sub(stopped)),
                Style::new().fg(Color::Green),
            ),
            Span::styled("▒".repeat(stopped.min(whole)), Style::new().fg(Color::Red)),
            Span::raw(" ".repeat(room.saturating_sub(whole))),
            Span::raw(figures(stage, is_wide)),
        ])
    });
    let rows: Vec<_> = rows.collect();
    frame.render_widget(Paragraph::new(rows).block(titled(" Funnel ")), area);
}

fn draw_weights(frame: &mut Frame<'_>, area: Rect, history: &History) {
    if area.height == 0 {
        return;
    }
    let last = history.generations.last();
    let mut weights: Vec<(&String, f64)> = last
        .into_iter()
        .flat_map(|record| &record.mutation_weights)
        .map(|(name, &weight)| (name, weight))
        .collect();
    weights.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let widest = weights.iter().map(|(name, _)| name.chars().count()).max();
    let widest = widest.unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(widest + 2 + 2 + 6);
    let most = weights
        .first()
        .map_or(1.0, |&(_, weight)| weight)
        .max(f64::MIN_POSITIVE);
    let rows = weights.iter().map(|(name, weight)| {
        let length = (weight / most * room as f64).round() as usize;
        Line::from(vec![
            Span::raw(format!("{:<widest$} ", name.replace('_', " "))),
            Span::styled("▄".repeat(length), Style::new().fg(Color::Blue)),
            Span::raw(format!(" {:.0} %", 100.0 * weight / all)),
        ])
    });
    let rows: Vec<_> = rows.collect();
    let block = titled(" Mutations, by how often they are chosen ");
    frame.render_widget(Paragraph::new(rows).block(block), area);
}

fn draw_leader(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let Some(leader) = view.history.leaders.last() else {
        let text = Paragraph::new("Nothing has trained yet.").block(titled(" Leader "));
        frame.render_widget(text, area);
        return;
    };
    let title = format!(
        " Leader: candidate {} of generation {} ",
        leader.id, leader.generation
    );
    let cost = &leader.cost;
    let facts = [
        format!(
            "fitness {:.4} confirmed, {:.4} in the search",
            leader.confirmed.fitness, leader.search_fitness
        ),
        format!(
            "{} FLOPs for each {}, {} instructions",
            cost.unit_flops, cost.unit, cost.instructions
        ),
        format!("made by {}", made_by(view.history)),
        String::new(),
    ];
    let facts = facts.into_iter().map(|fact| Line::from(fact).dim());
    let lines: Vec<Line<'_>> = leader.program.lines().map(Line::from).collect();
    // It does not move out of sight.
    let room = area.height.saturating_sub(2 + 4);
    let furthest = (lines.len() as u16).saturating_sub(room);
    let first = view.first_line.min(furthest);
    let shown = lines.into_iter().skip(usize::from(first));
    let text = facts.chain(shown).collect::<Vec<_>>();
    frame.render_widget(Paragraph::new(text).block(titled(title)), area);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::summary::summary;
    use super::*;
    use crate::run::LogReader;

    /// The log of a search of ten generations, of which so many have been; it is over if that is all.
    fn history(generations: u32) -> History {
        let settings = r#"{"schema":"optimizer","suite":"default","seed":7,"generations":9}"#;
        let mut log = format!("{{\"record\":\"run\",\"settings\":{settings}}}\n");
        for number in 0..generations {
            let fitness = f64::from(number) / 10.0;
            log += &format!(
                r#"{{"record":"generation","generation":{number},"best_fitness":{fitness},"median_fitness":0.1,"diversity":0.75,"behavioural_diversity":0.25,"counts":{{"candidates":100,"seen_before":50,"rejected":20,"dropped":10,"judged":20,"training_steps":1000,"instructions":600,"effective_instructions":200}},"funnel":[{{"stage":"seen before","entered":100,"stopped":50,"let_through":0,"wrongly_stopped":0}},{{"stage":"probe","entered":50,"stopped":20,"let_through":0,"wrongly_stopped":0}},{{"stage":"hurdle of a task","entered":30,"stopped":10,"let_through":0,"wrongly_stopped":0}},{{"stage":"whole suite","entered":20,"stopped":0,"let_through":0,"wrongly_stopped":0}}],"mutation_weights":{{"swap":1.0,"insert_instruction":3.0}},"timing":{{"elapsed_seconds":1.0,"candidates_per_second":50.0,"trained_per_second":15.0,"stage_seconds":{{}}}}}}"#
            );
            log.push('\n');
        }
        if generations > 1 {
            let program: Vec<_> = (0..40).map(|line| format!("line {line}")).collect();
            log += &format!(
                r#"{{"record":"best","generation":1,"id":123,"parents":[4],"operators":["crossover","swap"],"search_fitness":0.5,"confirmed":{{"fitness":0.4321,"tasks":[]}},"cost":{{"unit":"parameter","unit_flops":11,"call_flops":0,"call_flops_formula":"","state":1,"instructions":6}},"program":"{}"}}"#,
                program.join("\\n")
            );
            log.push('\n');
        }
        if generations == 10 {
            log += "{\"record\":\"end\",\"reason\":\"generations\"}\n";
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.toml"), "").unwrap();
        std::fs::write(directory.path().join("log.jsonl"), log).unwrap();
        let mut reader = LogReader::open(directory.path()).unwrap();
        reader.follow(u64::MAX).unwrap();
        reader.history().clone()
    }

    /// What a screen of this size shows.
    fn screen(history: &History, width: u16, height: u16, first_line: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let view = View {
            directory: "runs/a".to_owned(),
            history,
            quiet: Some(Duration::from_secs(200)),
            first_line,
        };
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn a_running_search_is_on_the_screen() {
        let history = history(5);
        let text = screen(&history, 130, 50, 0);
        for part in [
            "Search for programs of schema optimizer on default, seed 7, in runs/a",
            "generation 4 of 9, 10 seconds left, nothing new for 3 minutes",
            "leader, confirmed 0.432",
            "best 0.400",
            "median 0.100",
            "of texts 0.750",
            "whole suite",
            "50 % gone",
            "candidate 123 of generation 1",
            "11 FLOPs for each parameter, 6 instructions",
            "made by crossover, swap",
            "line 0",
            "insert instruction ▄",
            "75 %",
            "q leaves",
        ] {
            assert!(text.contains(part), "`{part}` is missing:\n{text}");
        }
        // Curves are drawn in dots.
        let dots = text
            .chars()
            .filter(|it| ('\u{2801}'..='\u{28ff}').contains(it));
        assert!(dots.count() > 60, "{text}");
    }

    #[test]
    fn a_program_moves_as_far_as_its_last_line() {
        let history = history(10);
        let first = screen(&history, 100, 30, 0);
        assert!(
            first.contains("over after generation 9 of 9: all generations have been"),
            "{first}"
        );
        assert!(
            first.contains("line 0 ") && !first.contains("line 39"),
            "{first}"
        );
        let moved = screen(&history, 100, 30, 3);
        assert!(
            !moved.contains("line 2 ") && moved.contains("line 3 "),
            "{moved}"
        );
        let last = screen(&history, 100, 30, 1_000);
        assert!(last.contains("line 39"), "{last}");
        assert!(!last.contains("Mutations"), "there is no room for them");
    }

    #[test]
    fn a_search_that_has_only_begun_and_a_tiny_screen_are_no_trouble() {
        let nothing = screen(&History::default(), 90, 24, 0);
        assert!(nothing.contains("Nothing has trained yet."), "{nothing}");
        for generations in [0, 1, 10] {
            let history = history(generations);
            for (width, height) in [(1, 1), (10, 4), (40, 12), (300, 100)] {
                let text = screen(&history, width, height, 0);
                assert_eq!(text.lines().count(), usize::from(height));
            }
        }
    }

    #[test]
    fn a_summary_says_the_same() {
        let text = summary(&history(10));
        for part in [
            "over after generation 9 of 9: all generations have been",
            "1000 candidates in 20 seconds, 50 a second",
            "best in the population 0.9000, median 0.1000, diversity 0.75",
            "seen before",
            "candidate 123 of generation 1, made by crossover, swap: fitness 0.4321",
            "line 39",
        ] {
            assert!(text.contains(part), "`{part}` is missing:\n{text}");
        }
        assert!(summary(&History::default()).contains("has not begun"));
    }
}
