//! `mlevolve man`: what the help says, as manual pages.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Cli, print};
use crate::run::write_whole;

/// Write manual pages, one for each command.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve man ~/.local/share/man/man1\n  man mlevolve-evolve")]
pub(super) struct ManPages {
    /// The directory to write them to; made if it is not there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl ManPages {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let directory = &self.directory;
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let mut written = String::new();
        for (name, content) in pages()? {
            let path = directory.join(name);
            write_whole(&path, &content)?;
            written += &format!("{}\n", path.display());
        }
        print(&written)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The name and content of every page: that of `mlevolve` first, then its commands' in their order.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    // A page for `help` would repeat the others.
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    let commands: Vec<Command> = whole.get_subcommands().cloned().collect();
    std::iter::once(whole).chain(commands).map(page).collect()
}

fn page(command: Command) -> std::io::Result<(String, Vec<u8>)> {
    let after = command.get_after_help().map(ToString::to_string);
    let has_commands = command.has_subcommands();
    let source = format!("mlevolve {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).source(source).manual("mlevolve");
    let mut content = Vec::new();
    man.render_title(&mut content)?;
    man.render_name_section(&mut content)?;
    man.render_synopsis_section(&mut content)?;
    man.render_description_section(&mut content)?;
    man.render_options_section(&mut content)?;
    if has_commands {
        man.render_subcommands_section(&mut content)?;
    }
    as_it_stands(&after.unwrap_or_default()).to_writer(&mut content)?;
    Ok((man.get_filename(), content))
}

/// What a help ends with: its examples, its exit codes, with lines and columns as they are.
fn as_it_stands(after: &str) -> Roff {
    let mut roff = Roff::default();
    for line in after.lines() {
        let heading = match line {
            "Example:" | "Examples:" => Some("EXAMPLES"),
            "Exit codes:" => Some("EXIT STATUS"),
            _ => None,
        };
        match heading {
            Some(heading) => roff.control("SH", [heading]).control("nf", []),
            None => roff.text([roman(line)]),
        };
    }
    roff
}
