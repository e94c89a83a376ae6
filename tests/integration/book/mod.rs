//! Everything that the book and the README show is run: commands with their output, programs, settings, code.
//!
//! A chapter's blocks are run in their order, in a directory of their own, so that a block finds the files that those above it
//! made; `programs/` and `experiments/` are there as in a clone. Rust is compiled and run as a test of the documentation
//! (`src/book.rs`). What cannot be run says so in a comment above it, and its commands are checked as far as that goes.

mod blocks;
mod commands;
mod output;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlevolve::program::{Program, known};
use mlevolve::run::load_config;

use crate::cli_commands;
use crate::command::{Ended, project_file, run, shell};
use crate::run_files::Workplace;
use blocks::{Block, Chapter, Language, Remark, Shown, commands};

/// A test for each chapter.
macro_rules! chapters {
    ($($name:ident: $path:literal),* $(,)?) => {
        const CHAPTERS: &[&str] = &[$($path),*];
        mod chapter {
            use super::{Chapter, Tools, run_chapter};

            $(
                #[test]
                fn $name() {
                    run_chapter(&Chapter::read($path), &Tools::WithoutPython);
                }
            )*
        }
    };
}

chapters! {
    readme: "README.md",
    contributing: "CONTRIBUTING.md",
    rivals: "rivals/README.md",
    ahead_of_controls: "experiments/ahead-of-controls/README.md",
    ablation: "experiments/ablation/README.md",
    cheaper_than_adam: "experiments/cheaper-than-adam/README.md",
    interpreter_alone: "experiments/interpreter-alone/README.md",
    commands: "docs/src/commands.md",
    experiments: "docs/src/experiments.md",
    export: "docs/src/export.md",
    files: "docs/src/files.md",
    first_search: "docs/src/first-search.md",
    introduction: "docs/src/introduction.md",
    judging: "docs/src/judging.md",
    own_data: "docs/src/own-data.md",
    own_op: "docs/src/own-op.md",
    own_task: "docs/src/own-task.md",
    programs: "docs/src/programs.md",
    schemas: "docs/src/schemas.md",
    search: "docs/src/search.md",
    semantics: "docs/src/semantics.md",
    speed: "docs/src/speed.md",
    tasks: "docs/src/tasks.md",
}

/// Whose tools are there.
enum Tools {
    WithoutPython,
    /// This directory of executables has a `python` with PyTorch.
    WithPyTorch(PathBuf),
}

/// What is wrong in a chapter is not passed over.
#[test]
fn false_chapters_fail() {
    for (text, complaint) in [
        ("```\nx\n```\n", "no test runs a block of None"),
        (
            "```yaml\nx\n```\n",
            "no test runs a block of Some(\"yaml\")",
        ),
        ("```text\nx\n```\n", "text that no test checks"),
        (
            "<!-- too slow -->\n```sh\ntrue\n```\n",
            "what is `too slow`?",
        ),
        ("```console\n$ echo one\ntwo\n```\n", "`echo one` prints"),
        (
            "```console\n$ mlevolve tusks\n```\n",
            "unrecognized subcommand",
        ),
        (
            "<!-- not run: slow -->\n```sh\nmlevolve evolve --seeed 1\n```\n",
            "--seeed",
        ),
        (
            "<!-- not run: slow -->\n```sh\ncargo bench --bench none\n```\n",
            "is not in the project",
        ),
        (
            "<!-- not run: slow -->\n```sh\nmake\n```\n",
            "no test knows `make`",
        ),
        ("```toml\n[search]\nsede = 1\n```\n", "unknown field `sede`"),
        ("```mle\nprogram x\nschema optimizer 1\n```\n", "made up:1"),
        ("```csv file=x.csv\n1\n```\n", "nothing uses x.csv"),
        ("```python\npass\n```\n", "no command can use it"),
        (
            "In `src/lib.rs`:\n\n```diff\n+fn no_such_thing() {}\n```\n",
            "does not say",
        ),
    ] {
        let run = || {
            run_chapter(
                &Chapter::of("made up", text.to_owned()),
                &Tools::WithoutPython,
            );
        };
        let failure = std::panic::catch_unwind(run).expect_err(text);
        let said = failure.downcast_ref::<String>().map_or("", String::as_str);
        assert!(said.contains(complaint), "{text}\n{said}");
    }
}

/// The chapters whose blocks need PyTorch, whole. `docs/run_python.sh` calls this.
#[test]
#[ignore = "needs PyTorch: docs/run_python.sh has it"]
fn with_pytorch() {
    let python = std::env::var_os("BOOK_PYTHON").expect("docs/run_python.sh sets BOOK_PYTHON");
    let tools = Tools::WithPyTorch(Path::new(&python).to_owned());
    let mut count = 0;
    for name in CHAPTERS {
        let chapter = Chapter::read(name);
        let needs = |block: &Block| block.remark == Some(Remark::NeedsPyTorch);
        if chapter.blocks.iter().any(needs) {
            run_chapter(&chapter, &tools);
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn every_chapter_is_listed_and_tested() {
    let files = std::fs::read_dir(project_file("docs/src")).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let chapters: BTreeSet<String> = files
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect();
    let tested: BTreeSet<String> = CHAPTERS
        .iter()
        .filter_map(|path| path.strip_prefix("docs/src/"))
        .map(str::to_owned)
        .collect();
    assert_eq!(tested, chapters);
    let summary = Chapter::read("docs/src/SUMMARY.md").text;
    let listed: BTreeSet<String> = links(&summary).map(str::to_owned).collect();
    assert_eq!(listed, chapters);
    let compiled = std::fs::read_to_string(project_file("src/book.rs")).unwrap();
    for path in CHAPTERS {
        if Chapter::read(path).has(Language::Rust) {
            assert!(compiled.contains(&format!("\"../{path}\"")), "{path}");
        }
    }
}

#[test]
fn every_command_is_listed() {
    let chapter = Chapter::read("docs/src/commands.md").text;
    for command in cli_commands::commands()
        .iter()
        .filter(|name| *name != "help")
    {
        let listed = [" ", "`"].map(|end| format!("| `mlevolve {command}{end}"));
        assert!(listed.iter().any(|row| chapter.contains(row)), "{command}");
    }
}

/// Every experiment is in the chapter on them, and its settings are understood.
#[test]
fn every_experiment_is_listed_and_can_be_made() {
    let chapter = Chapter::read("docs/src/experiments.md").text;
    let mut count = 0;
    for folder in std::fs::read_dir(project_file("experiments")).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(
            chapter.contains(&format!("(../../experiments/{name})")),
            "{name}"
        );
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            if file
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                load_config(&file, None).unwrap_or_else(|error| panic!("{error}"));
                count += 1;
            }
        }
    }
    assert!(count > 0);
}

/// What documents link to is there, places in chapters too.
#[test]
fn links_lead_somewhere() {
    let others = ["ARCHITECTURE.md", "docs/src/SUMMARY.md"];
    for path in CHAPTERS.iter().chain(&others) {
        let path = PathBuf::from(project_file(path));
        let text = std::fs::read_to_string(&path).unwrap();
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", path.display());
            if !place.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let mut names = headings.map(anchor);
                assert!(
                    names.any(|name| name == place),
                    "{}: {link}",
                    path.display()
                );
            }
        }
    }
}

/// The chapter on what programs mean has the contract as the code has it.
#[test]
fn the_contract_is_the_codes() {
    let code = std::fs::read_to_string(project_file("ir/src/lanes.rs")).unwrap();
    let lines = code.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.skip_while(|line| !line.starts_with(" 1. "));
    let contract = lines
        .take_while(|line| !line.is_empty())
        .collect::<String>();
    let contract = contract.replace("[`fma`](Lanes::fma)", "`fma`");
    let contract = contract.replace("[`ACCUMULATORS`]", "16");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let chapter = words(&Chapter::read("docs/src/semantics.md").text);
    assert!(chapter.contains(&words(&contract)), "{contract}");
}

/// What stands in parentheses behind brackets, or in an attribute for pictures.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    let lines = text.lines().filter(move |line| {
        is_code ^= line.starts_with("```");
        !is_code
    });
    lines.flat_map(|line| {
        let ends = [("](", ')'), ("src=\"", '"'), ("srcset=\"", '"')];
        ends.into_iter().flat_map(move |(before, after)| {
            let parts = line.split(before).skip(1);
            parts.filter_map(move |part| part.split_once(after).map(|(link, _)| link))
        })
    })
}

/// The name that a heading is linked to by.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

fn run_chapter(chapter: &Chapter, tools: &Tools) {
    let workplace = Workplace::new();
    for name in ["programs", "experiments"] {
        std::os::unix::fs::symlink(project_file(name), workplace.path(name)).unwrap();
    }
    for (number, block) in chapter.blocks.iter().enumerate() {
        if let Some(file) = &block.file {
            workplace.write(file, &block.content);
            let later = chapter.blocks[number + 1..].iter();
            let mut users = later.filter(|block| block.content.contains(file.as_str()));
            assert!(
                users.next().is_some(),
                "{}: nothing uses {file}",
                block.place
            );
        }
        check(block, &workplace, tools);
    }
}

fn check(block: &Block, workplace: &Workplace, tools: &Tools) {
    let place = &block.place;
    match block.language {
        Language::Console | Language::Shell => {
            let lacks_tools =
                matches!(tools, Tools::WithoutPython) && block.remark == Some(Remark::NeedsPyTorch);
            for shown in commands(block) {
                match &block.remark {
                    Some(Remark::NotRun(_)) => commands::assert_understood(&shown.command, place),
                    _ if lacks_tools => commands::assert_understood(&shown.command, place),
                    _ => run_shown(&shown, block, workplace, tools),
                }
            }
        }
        Language::Program => {
            let program =
                Program::parse(&block.content).unwrap_or_else(|error| panic!("{place}: {error}"));
            if let Some(known) = known::find(program.name()) {
                assert_eq!(block.content, known.text, "{place}");
            }
        }
        Language::Settings => {
            let path = workplace.path("settings-of-a-block.toml");
            std::fs::write(&path, &block.content).unwrap();
            load_config(&path, None).unwrap_or_else(|error| panic!("{place}: {error}"));
        }
        Language::Rust => {}
        Language::Python | Language::Table => {
            assert!(
                block.file.is_some(),
                "{place}: no command can use it without `file=NAME`"
            );
        }
        Language::Difference => assert_added(block),
        Language::Text => assert_eq!(
            block.remark,
            Some(Remark::Drawing),
            "{place}: text that no test checks"
        ),
    }
}

/// Runs a command, and compares what it prints with what is shown, if anything is.
fn run_shown(shown: &Shown, block: &Block, workplace: &Workplace, tools: &Tools) {
    let ended = in_workplace(&shown.command, workplace, tools);
    let place = &block.place;
    assert_eq!(ended.code(), Some(block.fails), "{place}: {ended:#?}");
    ended.assert_orderly();
    let printed = if block.fails == 0 {
        &ended.stdout
    } else {
        &ended.stderr
    };
    let lines: Vec<_> = printed.lines().collect();
    assert!(
        shown.output.is_empty() || output::is_shown(&shown.output, &lines),
        "{place}: `{}` prints\n{printed}",
        shown.command
    );
}

fn in_workplace(line: &str, workplace: &Workplace, tools: &Tools) -> Ended {
    let binaries = Path::new(env!("CARGO_BIN_EXE_mlevolve")).parent().unwrap();
    let mut directories = vec![binaries.to_owned()];
    if let Tools::WithPyTorch(python) = tools {
        directories.push(python.clone());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    directories.extend(std::env::split_paths(&path));
    let mut command: Command = shell(line);
    command
        .current_dir(workplace.path(""))
        .env("PATH", std::env::join_paths(directories).unwrap())
        .env("HOME", workplace.path(""));
    run(command)
}

/// A block of added lines is in the file that is named last above it.
fn assert_added(block: &Block) {
    let place = &block.place;
    let names = block.above.split('`').skip(1).step_by(2);
    let file = names.filter(|name| name.ends_with(".rs")).last();
    let file = file.unwrap_or_else(|| panic!("{place}: of which file?"));
    let text = std::fs::read_to_string(project_file(file))
        .unwrap_or_else(|error| panic!("{place}: {file}: {error}"));
    let lines = block.content.lines().map(|line| {
        let line = line.strip_prefix('+');
        line.unwrap_or_else(|| panic!("{place}: a line is not added"))
            .to_owned()
            + "\n"
    });
    let added: String = lines.collect();
    assert!(
        text.contains(&added),
        "{place}: {file} does not say\n{added}"
    );
}
