//! The command line: one file a command.
//!
//! What a command is asked for goes to standard output, so that it can be piped; progress and errors
//! go to standard error. What exit codes mean, `mlevolve --help` says.

mod baselines;
mod batch;
mod bench;
mod compare;
mod completions;
mod data;
mod eval;
mod evolve;
mod explain;
mod export;
mod front;
#[cfg(feature = "fuzz")]
mod fuzz;
mod judge;
mod lineage;
mod man;
mod ops;
mod progress;
mod replay;
mod report;
mod running;
mod searching;
mod show;
mod tasks;
mod ulp;
mod watch;

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::program::{FILE_EXTENSION, LoadError, Program, known};

/// Exit code of a run that was interrupted and can be resumed: 128 + SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;
/// Exit code where something has to be mended first.
const REFUSED: u8 = 2;

/// Evolves learning algorithms and judges them in native code.
///
/// Without knowing anything else, run `mlevolve evolve`: it searches for an optimizer for a minute
/// or two and shows what it found beside SGD, Adam and others.
#[derive(Parser)]
#[command(
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  mlevolve evolve                      search for an optimizer\n  \
        mlevolve eval programs/adam.mle      train with a known one\n  \
        mlevolve show programs/adam.mle      look at a program\n  \
        mlevolve help evolve                 everything about one command\n\n\
        Exit codes:\n  \
        0    success\n  \
        1    a check that failed: `replay` found other figures, `ulp` an error beyond its bound,\n       \
        `fuzz` a disagreement\n  \
        2    something to be mended; a message says what\n  \
        130  interrupted, and resumable"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Evolve(Box<evolve::Evolve>),
    Replay(replay::Replay),
    Report(report::Report),
    Watch(watch::Watch),
    Front(front::Front),
    Lineage(lineage::Lineage),
    Eval(eval::Eval),
    Judge(judge::JudgeOptions),
    Explain(Box<explain::Explain>),
    Compare(compare::Compare),
    Show(show::Show),
    Export(export::Export),
    Ops(ops::Ops),
    Tasks(tasks::Tasks),
    Ulp(ulp::Ulp),
    Baselines(baselines::Baselines),
    Bench(bench::Bench),
    #[cfg(feature = "fuzz")]
    Fuzz(fuzz::Fuzz),
    Completions(completions::Completions),
    Man(man::ManPages),
}

/// Runs the command that the process's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    // Clap prints its own messages: help and version with exit code 0, errors with 2.
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Evolve(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Watch(command) => command.run(),
        Command::Front(command) => command.run(),
        Command::Lineage(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Judge(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Show(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Ops(command) => command.run(),
        Command::Tasks(command) => command.run(),
        Command::Ulp(command) => command.run(),
        Command::Baselines(command) => command.run(),
        Command::Bench(command) => command.run(),
        #[cfg(feature = "fuzz")]
        Command::Fuzz(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {}", message(&error)));
            ExitCode::from(REFUSED)
        }
    }
}

/// An error and its causes in one line, without those that it quotes already.
fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

/// Writes a line to standard error. A full disk or a closed pipe there must not end a search.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Whether the reader of a pipe, such as `head`, has had enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}

/// Writes a command's result to standard output.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        output.write_all(b"\n")?;
    }
    Ok(output.flush()?)
}

/// The program that a user names: a file, or one of the known programs.
fn program_named(name: &str) -> anyhow::Result<Program> {
    let path = Path::new(name);
    if let (false, Some(known)) = (path.exists(), known::find(name)) {
        return Ok(known.parsed());
    }
    let loaded = Program::load(path);
    match &loaded {
        Err(LoadError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            let names: Vec<_> = known::KNOWN.iter().map(|known| known.name).collect();
            let names = names.join(", ");
            loaded.with_context(|| {
                format!(
                    "there is no program {name}; name a .{FILE_EXTENSION} file, or one of {names}"
                )
            })
        }
        Ok(_) | Err(_) => Ok(loaded?),
    }
}

/// Sets the number of threads of everything after.
fn set_threads(threads: Option<usize>) -> anyhow::Result<()> {
    if let Some(threads) = threads {
        anyhow::ensure!(
            (1..=1_024).contains(&threads),
            "--threads must be from 1 to 1024, not {threads}"
        );
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn messages_say_everything_once() {
        let cause = || std::io::Error::other("the disk is full");
        let quoted = anyhow::Error::new(cause()).context("cannot write x: the disk is full");
        assert_eq!(message(&quoted), "cannot write x: the disk is full");
        let unquoted = anyhow::Error::new(cause()).context("cannot write x");
        assert_eq!(message(&unquoted), "cannot write x: the disk is full");
    }

    #[test]
    fn the_command_line_is_well_formed_and_every_command_shows_an_example() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        for command in command.get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example"), "{}", command.get_name());
            assert!(help.contains("mlevolve"), "{}", command.get_name());
        }
    }
}
