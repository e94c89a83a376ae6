//! `mlevolve lineage`: where a program comes from.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::print;
use crate::run::{Ancestor, CandidateRecord, Lineage as Line, StageReached, lineage};
use crate::search::Operator;
use crate::text_table::text_table;

/// Show where a run's best program comes from.
///
/// The line goes back to the known or random program that it began with. A line for each ancestor, the youngest first: what it was made by, its fitness on the search's seeds, and by how much
/// that is more than its parent's. Of two parents, the first is followed, which most of the child is of; the other is named.
/// The run may be going on; what counts is its last checkpoint.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve lineage runs/seed-1\n  mlevolve lineage runs/seed-1 1234 --programs\n\n\
    A run writes every candidate down in DIR/candidates.jsonl.gz, one of learners, which are too many, only those that its\n\
    population and its best descend from, in its checkpoint: candidate_log under [search] in its settings."
)]
pub(super) struct Lineage {
    /// The run directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The candidate to begin with [default: the best program]
    #[arg(value_name = "ID")]
    id: Option<u64>,

    /// Show each one's text, without what has no effect
    #[arg(long)]
    programs: bool,

    /// Print all that is known of each, texts too, as JSON
    #[arg(long, conflicts_with = "programs")]
    json: bool,
}

impl Lineage {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let line = lineage(&self.directory, self.id)?;
        if self.json {
            print(&serde_json::to_string_pretty(&line)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut text = table(&line);
        text += &format!("\n\n{}\n", beginning(&line));
        if self.programs {
            for ancestor in &line.ancestors {
                text += &format!("\n{}\n", program(ancestor));
            }
        }
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn table(line: &Line) -> String {
    let header = [
        "candidate",
        "generation",
        "fitness",
        "gain",
        "cost",
        "stage",
        "made by",
    ];
    let number = |figure: Option<String>| figure.unwrap_or_else(|| "-".to_owned());
    let rows = line.ancestors.iter().map(|ancestor| {
        let record = &ancestor.record;
        vec![
            record.id.to_string(),
            record.generation.to_string(),
            number(record.fitness.map(|fitness| format!("{fitness:.5}"))),
            number(ancestor.gain.map(|gain| format!("{gain:+.5}"))),
            record.cost.to_string(),
            stage(record),
            made_by(record),
        ]
    });
    text_table(header.map(str::to_owned).to_vec(), rows)
}

fn stage(record: &CandidateRecord) -> String {
    let words = match record.stage {
        StageReached::SeenBefore => "seen before",
        StageReached::SameBehaviour => "same behaviour",
        StageReached::Rejected => "rejected",
        StageReached::Dropped => "dropped",
        StageReached::Judged => "judged",
        StageReached::Migrated => "migrated",
    };
    match (&record.rejection, &record.stopped_after) {
        (Some(reason), _) => format!("{words}: {}", reason.replace('_', " ")),
        (None, Some(stage)) => format!("{words} after {stage}"),
        (None, None) => words.to_owned(),
    }
}

/// What was done, in order, with the parents that are not in the next line.
fn made_by(record: &CandidateRecord) -> String {
    let others = record.parents.iter().skip(1).map(u64::to_string);
    let others: Vec<_> = others.collect();
    let words = record.operators.iter().map(|operator| match operator {
        Operator::Crossover => format!("{operator} with {}", others.join(", ")),
        Operator::Migration => format!("{operator} to island {}", record.island + 1),
        Operator::Known | Operator::Random | Operator::Copy | Operator::Mutation(_) => {
            operator.to_string()
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What there is to say of the end of the line.
fn beginning(line: &Line) -> String {
    let Some(last) = line.ancestors.last().map(|ancestor| &ancestor.record) else {
        return String::new();
    };
    match line.missing {
        Some(parent) => format!(
            "The log does not have candidate {parent}, the parent of candidate {}.",
            last.id
        ),
        None => format!("It began with candidate {}, a {}.", last.id, made_by(last)),
    }
}

fn program(ancestor: &Ancestor) -> String {
    let record = &ancestor.record;
    let title = format!("# Candidate {}", record.id);
    match (&record.program, ancestor.twin) {
        (Some(text), None) => format!("{title}\n{text}"),
        (Some(text), Some(twin)) => format!(
            "{title} did not train, as candidate {twin} is taken to be judged alike, which is:\n{text}"
        ),
        (None, _) => format!(
            "{title} did not train, and the log has the text of no candidate with its fingerprint, {}",
            record.fingerprint
        ),
    }
}
