//! `mlevolve watch`: a search in a terminal, while it runs or when it is over.
//!
//! ```text
//!   log.jsonl ──LogReader::follow, twice a second──► History ──► screen::draw, or a summary where there is no terminal
//! ```
//!
//! The run's directory is only read, so any number of people can watch a search, and none of them can stop it.

mod screen;
mod summary;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use self::screen::{View, draw};
use super::print;
use crate::run::LogReader;

/// Watch a search in the terminal, while it runs or when it is over.
///
/// Curves of fitness and diversity, what each stage of judging stopped, and the program that leads, as the log has them. `q`
/// leaves, and the arrow keys move the program's text. The search is not touched. Where standard output is no terminal, a summary is printed once.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve watch runs/seed-1\n  mlevolve watch runs/seed-1 | cat"
)]
pub(super) struct Watch {
    /// The run directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// How often the log is looked at.
const INTERVAL: Duration = Duration::from_millis(500);

impl Watch {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut reader = LogReader::open(&self.directory)?;
        reader.follow(u64::MAX)?;
        if !std::io::stdout().is_terminal() {
            print(&summary::summary(reader.history()))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut terminal = ratatui::try_init()?;
        let watched = self.watched(&mut terminal, &mut reader);
        ratatui::try_restore()?;
        watched?;
        Ok(ExitCode::SUCCESS)
    }

    /// Shows the run until somebody leaves.
    fn watched(
        &self,
        terminal: &mut DefaultTerminal,
        reader: &mut LogReader,
    ) -> anyhow::Result<()> {
        let mut first_line: u16 = 0;
        loop {
            reader.follow(u64::MAX)?;
            let view = View {
                directory: self.directory.display().to_string(),
                history: reader.history(),
                quiet: self.quiet(),
                first_line,
            };
            terminal.draw(|frame| draw(frame, &view))?;
            if !event::poll(INTERVAL)? {
                continue;
            }
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                    KeyCode::Char('c') if control => return Ok(()),
                    KeyCode::Up => first_line = first_line.saturating_sub(1),
                    KeyCode::Down => first_line = (first_line + 1).min(program_lines(reader)),
                    KeyCode::Home => first_line = 0,
                    _ => {}
                }
            }
        }
    }

    /// For how long the log has not grown, if the system can tell.
    fn quiet(&self) -> Option<Duration> {
        let metadata = std::fs::metadata(self.directory.join("log.jsonl")).ok()?;
        SystemTime::now()
            .duration_since(metadata.modified().ok()?)
            .ok()
    }
}

/// How many lines the leader's text has.
fn program_lines(reader: &LogReader) -> u16 {
    let leader = reader.history().leaders.last();
    let lines = leader.map_or(0, |leader| leader.program.lines().count());
    u16::try_from(lines).unwrap_or(u16::MAX)
}
