//! The fenced blocks of a chapter, each with what its author says of it.
//!
//! A fence's first word is its language; further words are `file=NAME`, which writes the block to that file, and
//! `fails=CODE`, for commands that are meant to fail. A comment in the line above the fence says more:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- not run: REASON -->` | its commands are checked, but not run, or its output is not compared |
//! | `<!-- needs PyTorch -->` | `docs/run_python.sh` runs it, with all blocks above |
//! | `<!-- drawing -->` | text that is no input or output of anything |

use std::path::Path;

/// What a block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// Commands after `$ `, each with the output that it has.
    Console,
    /// Commands without their output.
    Shell,
    /// A program.
    Program,
    /// Settings.
    Settings,
    /// Code that compiles and runs.
    Rust,
    /// A script that is run by a command below.
    Python,
    /// A table of data that is read by a command below.
    Table,
    /// Lines of a file of the project whose name stands above.
    Difference,
    /// A drawing.
    Text,
}

/// What the comment above a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    NotRun(String),
    NeedsPyTorch,
    Drawing,
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) language: Language,
    pub(super) file: Option<String>,
    pub(super) fails: i32,
    pub(super) remark: Option<Remark>,
    pub(super) content: String,
    /// The chapter's text from the block before to this one.
    pub(super) above: String,
    /// Where the fence is, for messages.
    pub(super) place: String,
}

/// A file of the book, or another one with blocks in it.
#[derive(Debug)]
pub(super) struct Chapter {
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
}

impl Chapter {
    /// Reads a file of the project.
    ///
    /// # Panics
    /// If a fence says what no test knows.
    pub(super) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::of(name, text)
    }

    /// A chapter of this text.
    ///
    /// # Panics
    /// As [`read`](Self::read).
    pub(super) fn of(name: &str, text: String) -> Self {
        let mut blocks = Vec::new();
        let mut above = String::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            assert!(!line.starts_with("~~~"), "{name}: fences are ```");
            let Some(fence) = line.strip_prefix("```") else {
                assert!(
                    !line.trim_start().starts_with("```"),
                    "{name}: an indented fence"
                );
                above += line;
                above.push('\n');
                continue;
            };
            let mut content = String::new();
            loop {
                let (_, line) = lines
                    .next()
                    .unwrap_or_else(|| panic!("{name}: no end of `{fence}`"));
                if line == "```" {
                    break;
                }
                content += line;
                content.push('\n');
            }
            let above = std::mem::take(&mut above);
            blocks.push(Block::new(
                fence,
                content,
                above,
                format!("{name}:{}", number + 1),
            ));
        }
        Self { text, blocks }
    }

    pub(super) fn has(&self, language: Language) -> bool {
        self.blocks.iter().any(|block| block.language == language)
    }
}

impl Block {
    fn new(fence: &str, content: String, above: String, place: String) -> Self {
        let mut words = fence.split_whitespace();
        let language = match words.next() {
            Some("console") => Language::Console,
            Some("sh") => Language::Shell,
            Some("mle") => Language::Program,
            Some("toml") => Language::Settings,
            Some("rust") => Language::Rust,
            Some("python") => Language::Python,
            Some("csv") => Language::Table,
            Some("diff") => Language::Difference,
            Some("text") => Language::Text,
            other => panic!("{place}: no test runs a block of {other:?}"),
        };
        let (mut file, mut fails) = (None, 0);
        for word in words {
            match word.split_once('=') {
                Some(("file", name)) => file = Some(name.to_owned()),
                Some(("fails", code)) => fails = code.parse().unwrap(),
                _ => panic!("{place}: what is `{word}`?"),
            }
        }
        let comment = above.lines().last().and_then(|line| {
            let line = line.strip_prefix("<!-- ")?;
            line.strip_suffix(" -->")
        });
        let remark = comment.map(|comment| match comment.split_once(": ") {
            Some(("not run", reason)) => Remark::NotRun(reason.to_owned()),
            None if comment == "needs PyTorch" => Remark::NeedsPyTorch,
            None if comment == "drawing" => Remark::Drawing,
            Some(_) | None => panic!("{place}: what is `{comment}`?"),
        });
        Self {
            language,
            file,
            fails,
            remark,
            content,
            above,
            place,
        }
    }
}

/// A command, and the output that the text shows of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) command: String,
    pub(super) output: Vec<String>,
}

/// The commands of a block.
pub(super) fn commands(block: &Block) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for line in block.content.lines() {
        let begun = match block.language {
            Language::Shell if !goes_on => Some(line),
            Language::Console if !goes_on => line.strip_prefix("$ "),
            _ => None,
        };
        match (begun, shown.last_mut()) {
            (Some(""), _) => {}
            (Some(command), _) => shown.push(Shown {
                command: command.to_owned(),
                output: Vec::new(),
            }),
            (None, Some(last)) if goes_on => {
                last.command.push('\n');
                last.command += line;
            }
            (None, Some(last)) => last.output.push(line.trim_end().to_owned()),
            (None, None) => panic!("{}: output of no command", block.place),
        }
        let is_command = begun.is_some() || goes_on;
        goes_on = is_command && line.ends_with('\\');
    }
    shown
}

#[test]
fn commands_have_their_output_and_go_on_after_a_backslash() {
    let text = "Above.\n\n```console fails=2\n$ one \\\n  two\n\nout\n$ three\n```\n".to_owned();
    let chapter = Chapter::of("made up", text);
    let [block] = &chapter.blocks[..] else {
        panic!("{chapter:?}")
    };
    assert_eq!((block.fails, &*block.above), (2, "Above.\n\n"));
    let shown = |command: &str, output: &[&str]| Shown {
        command: command.to_owned(),
        output: output.iter().map(|&line| line.to_owned()).collect(),
    };
    let expected = [shown("one \\\n  two", &["", "out"]), shown("three", &[])];
    assert_eq!(commands(block), expected);
}
