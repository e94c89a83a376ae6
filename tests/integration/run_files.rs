//! What a run leaves in its directory, and a run that is small enough to be made often.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Settings of a run of a second or so before its report. The lead changes several times.
pub(crate) const SMALL_RUN: &str = "\
[search]
seed = 4
suite = \"quick\"
population = 16
offspring = 16
elites = 2
generations = 10
seeds = 1
confirmation_seeds = 1
islands = 2
migration_interval_generations = 3
migrants = 1

[[search.island]]
tournament = 3
";

/// A directory with `small.toml` in it, and room for runs.
pub(crate) struct Workplace {
    directory: tempfile::TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let workplace = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        workplace.write("small.toml", SMALL_RUN);
        workplace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The path of a file or directory as an argument.
    pub(crate) fn argument(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Reads a text file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Every file in a directory or below it, with its content.
    pub(crate) fn snapshot(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut directories = vec![self.path(name)];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    files.insert(path, content);
                }
            }
        }
        files
    }

    /// Copies the files of a run.
    pub(crate) fn copy_run(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to)).unwrap();
        for (path, content) in self.snapshot(from) {
            let name = path.strip_prefix(self.path(from)).unwrap();
            fs::write(self.path(to).join(name), content).unwrap();
        }
    }
}

/// All of a finished run that must not depend on how it came about.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) log: Vec<String>,
    result: String,
    best: String,
    /// Compressed: the same lines are the same bytes.
    candidates: Vec<u8>,
}

impl Outcome {
    pub(crate) fn of(run: &Path) -> Self {
        let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
        Self {
            log: log_without_timing(run),
            result: read("result.json"),
            best: read("best.mle"),
            candidates: fs::read(run.join("candidates.jsonl.gz")).unwrap(),
        }
    }

    /// The same with the back end's name taken out of the settings.
    pub(crate) fn without_backend(mut self) -> Self {
        let first = &mut self.log[0];
        let before = first.len();
        *first = first.replace(r#""backend":"interp""#, "");
        *first = first.replace(r#""backend":"jit""#, "");
        assert_ne!(first.len(), before, "settings name the back end: {first}");
        self
    }
}

/// The lines of a run's log, which must be whole, without what stands under `timing`.
pub(crate) fn log_without_timing(run: &Path) -> Vec<String> {
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    assert!(log.ends_with('\n'), "the last line is whole");
    log.lines().map(without_timing).collect()
}

/// Works on the text, since reading and writing a number again could hide a difference.
fn without_timing(line: &str) -> String {
    const KEY: &str = r#","timing":{"#;
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    let Some(start) = line.find(KEY) else {
        assert_ne!(record["record"], "generation", "{line}");
        return line.to_owned();
    };
    assert_eq!(record["record"], "generation", "{line}");
    let end = start + line[start..].find('}').unwrap();
    line[..start].to_owned() + &line[end + 1..]
}
