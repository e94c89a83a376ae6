//! Run directories: what a search leaves behind, and how it goes on after any interruption.
//!
//! ```text
//!   DIR/config.toml          the settings; never changed after the start
//!   DIR/log.jsonl            one JSON object a line: the run, each generation, each new leader
//!   DIR/candidates.jsonl.gz  one a candidate: what it was made of, how far it came, how good it is
//!   DIR/checkpoint.json      the whole search after its last complete generation
//!   DIR/best.mle             the best program, from the first leader on
//!   DIR/result.json          its figures beside known rules', at the end or at a time limit
//!   DIR/curves.json          the learning curves behind them
//!   DIR/report.txt           the program and its figures for people, then too
//!   DIR/report.html          all of the run as a page, then too
//!   DIR/explanation.json     what was measured to explain the best program, if that was asked for
//! ```
//!
//! After each generation the logs grow, and from time to time a new checkpoint, which knows how long they are,
//! takes the place of the one before in one step. Whatever moment a process is killed at, the last
//! checkpoint is whole; what the logs hold beyond it is cut off on resuming, and made again the same.

mod appended;
mod batch;
mod batch_comparison;
mod candidate_record;
mod candidates;
mod checkpoint;
mod config;
mod course;
mod curves;
mod directory;
mod error;
mod explanation;
mod front;
mod gains;
mod history;
pub(crate) mod invocation;
mod lineage;
mod log;
mod page;
mod replay;
mod report;
mod result;
mod session;
mod survivors;

/// The version of run directories that this program writes. Raised when older programs cannot read
/// what is written, or would go on differently from it.
pub const RUN_FORMAT: u32 = 8;

pub use batch::{BatchRow, BatchSummary, InvalidSeeds, Seeds, batch_member, is_batch};
pub use batch_comparison::{BatchComparison, ComparedBatch, PairedDifference};
pub use candidate_record::{CandidateRecord, StageReached};
pub use config::{RunConfig, load_config};
pub use course::{course, stage_table};
pub use curves::{ContenderCurves, RunCurves};
pub use directory::{RunDirectory, write_whole};
pub use error::RunError;
pub use explanation::{EXPLANATION_FILE, RunExplanation, RunProgram, judge_of, settings_of};
pub use front::{FrontMember, RunArchive, front_table};
pub use gains::{ChangedLine, Gain, Gains};
pub use history::{
    FunnelStage, GenerationRecord, GenerationTiming, History, LeaderRecord, LogReader, funnel_of,
};
pub use lineage::{Ancestor, Lineage, lineage};
pub use log::Timing;
pub use page::{PAGE_FILE, write_batch_page, write_page};
pub use replay::{Replay, replay};
pub use result::RunResult;
pub use session::{Ending, Session, Watch};
