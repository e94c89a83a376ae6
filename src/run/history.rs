//! The log, read: what a page and a terminal show of a search, running or over.
//!
//! ```text
//!   log.jsonl ──new whole lines──► LogReader ──► History: settings, a record for each generation and each leader, the end
//! ```
//!
//! A log grows while it is read, so the last line may not be whole yet; and it is cut where a killed run goes on, so
//! that it may be shorter than it was, in which case it is read again from its beginning. Records and fields of other versions
//! are passed over, as what is known of the others still holds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RunDirectory, RunError};
use crate::fitness::{Judgement, ProgramCost};
use crate::search::{Operator, SearchEnd, StageCount, Totals, add_stages};

/// What a log says of a generation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct GenerationRecord {
    /// Its number; 0 is the first.
    pub generation: u32,
    /// The greatest fitness in the population after it, on the search's seeds.
    pub best_fitness: f64,
    /// The population's median fitness.
    pub median_fitness: f64,
    /// How different the population's programs are as text, from 0 to 1.
    pub diversity: f64,
    /// How different they are in what they do, from 0 to 1.
    pub behavioural_diversity: f64,
    /// The greatest fitness on each island, if there are several; nothing where none has trained.
    #[serde(default)]
    pub best_by_island: Vec<Option<f64>>,
    /// What became of its candidates.
    pub counts: Totals,
    /// What each stage did that they go through, in order.
    pub funnel: Vec<StageCount>,
    /// How often each mutation is chosen in the next generation, relative to the others.
    #[serde(default)]
    pub mutation_weights: BTreeMap<String, f64>,
    /// How long it took.
    pub timing: GenerationTiming,
}

/// How long a generation took.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct GenerationTiming {
    /// Candidates that had their verdict, for each second.
    pub candidates_per_second: f64,
    /// Seconds by stage of the funnel, over all threads.
    pub stage_seconds: BTreeMap<String, f64>,
}

/// What a stage of the funnel did with the candidates that came to it, and what it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelStage {
    /// What it did.
    #[serde(flatten)]
    pub count: StageCount,
    /// What it took, in seconds over all threads.
    pub seconds: f64,
}

/// What a log says of a new leader.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LeaderRecord {
    /// The generation that it came with.
    pub generation: u32,
    /// The candidate that it is.
    pub id: u64,
    /// What was done to its parents, in order.
    pub operators: Vec<Operator>,
    /// Its fitness on the seeds that every candidate is judged on.
    pub search_fitness: f64,
    /// How good it is on the seeds for confirmation.
    pub confirmed: Judgement,
    /// What it costs to run.
    pub cost: ProgramCost,
    /// Its text, without what has no effect.
    pub program: String,
}

/// A line. The settings are kept as they are written: those of another version still say what a page or a screen shows.
#[derive(Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Line {
    Run {
        settings: Value,
    },
    Generation(GenerationRecord),
    Best(LeaderRecord),
    End {
        reason: SearchEnd,
    },
    #[serde(other)]
    Other,
}

/// All that a log says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The run's settings, as the first line has them; null before there is one.
    pub settings: Value,
    /// Every generation, in order.
    pub generations: Vec<GenerationRecord>,
    /// Every leader, in order; the last one leads.
    pub leaders: Vec<LeaderRecord>,
    /// Why the search is over, if it is.
    pub end: Option<SearchEnd>,
}

impl History {
    fn take(&mut self, line: Line) {
        match line {
            Line::Run { settings } => self.settings = settings,
            Line::Generation(record) => self.generations.push(record),
            Line::Best(record) => self.leaders.push(record),
            Line::End { reason } => self.end = Some(reason),
            Line::Other => {}
        }
    }

    /// What each stage did with all candidates, in the order in which candidates come to them.
    #[must_use]
    pub fn funnel(&self) -> Vec<FunnelStage> {
        funnel_of(&self.generations)
    }

    /// How many candidates there were.
    #[must_use]
    pub fn candidates(&self) -> u64 {
        let generations = self.generations.iter();
        generations.map(|record| record.counts.candidates).sum()
    }

    /// How long the search has worked, in seconds, over all processes that worked on it.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        let generations = self.generations.iter();
        let seconds = generations.map(|record| {
            let rate = record.timing.candidates_per_second;
            record.counts.candidates as f64 / rate
        });
        seconds.filter(|seconds| seconds.is_finite()).sum()
    }
}

/// What the stages did in some generations, and took.
#[must_use]
pub fn funnel_of(generations: &[GenerationRecord]) -> Vec<FunnelStage> {
    let mut counts = Vec::new();
    for record in generations {
        add_stages(&mut counts, &record.funnel);
    }
    let seconds = |stage: &str| {
        let times = generations
            .iter()
            .map(|record| &record.timing.stage_seconds);
        times.filter_map(|seconds| seconds.get(stage)).sum()
    };
    let stages = counts.into_iter().map(|count: StageCount| FunnelStage {
        seconds: seconds(&count.stage),
        count,
    });
    stages.collect()
}

/// Reads a log, and what is appended to it.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    /// How much has been read: whole lines only.
    read: u64,
    history: History,
}

impl LogReader {
    /// Of the run in a directory.
    ///
    /// # Errors
    /// [`RunError`] if there is no run there.
    pub fn open(directory: &Path) -> Result<Self, RunError> {
        RunDirectory::expect(directory)?;
        Ok(Self {
            path: directory.join("log.jsonl"),
            read: 0,
            history: History::default(),
        })
    }

    /// What has been read so far.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Reads what there is beyond what has been read, of the first `most` bytes at most; whether that was anything.
    ///
    /// # Errors
    /// [`RunError`] if the log cannot be read, or a line in it is none.
    pub fn follow(&mut self, most: u64) -> Result<bool, RunError> {
        let unreadable = |source| RunError::Unreadable {
            path: self.path.clone(),
            source,
        };
        let mut file = File::open(&self.path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len().min(most);
        let was_cut = length < self.read;
        if was_cut {
            (self.read, self.history) = (0, History::default());
        }
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(self.read)).map_err(unreadable)?;
        let mut rest = file.take(length - self.read);
        rest.read_to_end(&mut text).map_err(unreadable)?;
        let whole = text.iter().rposition(|&byte| byte == b'\n');
        let whole = whole.map_or(0, |last| last + 1);
        for line in text[..whole].split(|&byte| byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            let line = serde_json::from_slice(line).map_err(|error| RunError::Config {
                path: self.path.clone(),
                message: format!("has a line that cannot be read: {error}"),
            })?;
            self.history.take(line);
        }
        self.read += whole as u64;
        Ok(whole > 0 || was_cut)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::super::course;
    use super::*;

    /// A line of a generation with 100 candidates, of which the probe stopped 30.
    fn generation(number: u32) -> String {
        format!(
            r#"{{"record":"generation","generation":{number},"best_fitness":0.5,"median_fitness":0.25,"diversity":0.9,"behavioural_diversity":0.3,"counts":{{"candidates":100,"seen_before":40,"rejected":30,"dropped":20,"judged":10,"training_steps":1000,"instructions":600,"effective_instructions":200}},"funnel":[{{"stage":"seen before","entered":100,"stopped":40,"let_through":0,"wrongly_stopped":0}},{{"stage":"probe","entered":60,"stopped":30,"let_through":2,"wrongly_stopped":1}}],"mutation_weights":{{}},"timing":{{"elapsed_seconds":1.0,"candidates_per_second":50.0,"trained_per_second":15.0,"stage_seconds":{{"seen before":0.25,"probe":0.5}}}}}}"#
        ) + "\n"
    }

    fn log(content: &str) -> (tempfile::TempDir, LogReader) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.toml"), "").unwrap();
        fs::write(directory.path().join("log.jsonl"), content).unwrap();
        let reader = LogReader::open(directory.path()).unwrap();
        (directory, reader)
    }

    #[test]
    fn a_log_is_followed_as_it_grows_and_read_again_where_it_was_cut() {
        let first = "{\"record\":\"run\",\"settings\":{\"seed\":7}}\n".to_owned();
        let (directory, mut reader) = log(&(first.clone() + &generation(0)));
        assert!(reader.follow(u64::MAX).unwrap());
        assert_eq!(reader.history().settings["seed"], 7);
        assert!(!reader.follow(u64::MAX).unwrap(), "nothing new");

        // A line that is not whole yet waits for its end; records of other versions are passed over.
        let path = directory.path().join("log.jsonl");
        let whole = first.clone() + &generation(0) + &generation(1);
        let whole = whole + "{\"record\":\"weather\",\"rain\":true}\n";
        fs::write(&path, &whole[..whole.len() - 60]).unwrap();
        reader.follow(u64::MAX).unwrap();
        assert_eq!(reader.history().generations.len(), 1);
        fs::write(
            &path,
            whole + "{\"record\":\"end\",\"reason\":\"stagnation\"}\n",
        )
        .unwrap();
        reader.follow(u64::MAX).unwrap();
        assert_eq!(reader.history().generations.len(), 2);
        assert_eq!(reader.history().end, Some(SearchEnd::Stagnation));
        assert_eq!(reader.history().seconds(), 4.0);

        fs::write(&path, first + &generation(0)).unwrap();
        assert!(reader.follow(u64::MAX).unwrap());
        assert_eq!(reader.history().generations.len(), 1);
        assert_eq!(reader.history().end, None);
    }

    #[test]
    fn a_funnel_is_the_sum_of_its_stages() {
        let (_directory, mut reader) = log(&(generation(0) + &generation(1)));
        reader.follow(u64::MAX).unwrap();
        let stages = reader.history().funnel();
        let figures = |stage: &FunnelStage| (stage.count.entered, stage.count.stopped);
        let found: Vec<_> = stages.iter().map(figures).collect();
        assert_eq!(found, [(200, 80), (120, 60)]);
        let probe = &stages[1];
        let let_through = (probe.count.let_through, probe.count.wrongly_stopped);
        assert_eq!((let_through, probe.seconds), ((4, 2), 1.0));
    }

    #[test]
    fn a_course_has_curves_and_what_stages_did() {
        let (_directory, mut reader) = log(&(generation(0) + &generation(1)));
        reader.follow(u64::MAX).unwrap();
        let text = course(reader.history());
        for part in [
            "diversity of behaviour  ▁▁  0.300 to 0.300",
            "Of 200 candidates 40 % had the verdict of an earlier one",
            "3.0 times shorter. Those that trained took 2000 steps",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let probe = text.lines().find(|line| line.starts_with(" probe"));
        let words: Vec<&str> = probe.unwrap().split_whitespace().collect();
        let expected = [
            "probe", "120", "60", "50", "%", "4", "2", "1.0", "67", "%", "8333",
        ];
        assert_eq!(words, expected);
    }
}
