//! Where a program comes from: from a survivor of a search back to the program that its line began with.
//!
//! ```text
//!   known or random ──mutation──► candidate 731 ──crossover──► candidate 1502 ──…──► leader
//!                                                   ▲
//!                                  candidate 944 ───┘ a second parent: named, not followed
//! ```
//!
//! The line follows the first parent, which is the one that most of a child is of. The log of candidates may have millions, so it
//! is read several times: for who descends from whom, for all that it has of those in the line, and for the texts of their
//! twins. Where a run keeps survivors' lines only, its checkpoint has them.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::candidate_record::CandidateRecord;
use super::candidates::WrittenCandidates;
use super::checkpoint::Logged;
use super::{RunDirectory, RunError, checkpoint};
use crate::search::CandidateLogging;

/// The line of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lineage {
    /// The candidate first, each one's first parent after it.
    pub ancestors: Vec<Ancestor>,
    /// The first parent of the last, if the log does not have it; else that one is of no parents.
    pub missing: Option<u64>,
}

/// A candidate in a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ancestor {
    /// What the log has of it; its program may be its twin's.
    #[serde(flatten)]
    pub record: CandidateRecord,
    /// By how much it is fitter than its first parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// The candidate whose program's text stands for this one's, as this one did not train itself. Both are taken to be judged
    /// alike, which does not mean that they are written alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin: Option<u64>,
}

/// Of a record, who descends from whom.
#[derive(Deserialize)]
struct LinkRecord {
    id: u64,
    parents: Vec<u64>,
}

/// Of a record, its text.
#[derive(Deserialize)]
struct TextRecord {
    id: u64,
    fingerprint: String,
    #[serde(default)]
    program: Option<String>,
}

/// Of a record, who descends from whom, in little memory, as there may be millions.
struct Link {
    id: u64,
    parent: Option<u64>,
}

/// The line of a candidate of a run, or of the one that leads in its last checkpoint. The run may be going on.
///
/// # Errors
/// [`RunError`] if there is no run, its files are damaged, it writes no candidates down, there is no such candidate in
/// its log, or no id is given and nothing has trained yet.
pub fn lineage(path: &Path, id: Option<u64>) -> Result<Lineage, RunError> {
    RunDirectory::expect(path)?;
    let (search, logged) = checkpoint::load(path)?;
    let logging = search.settings().candidate_log;
    let id = match (id, search.leader()) {
        (Some(id), _) => id,
        (None, Some(leader)) => leader.individual.id,
        (None, None) => {
            let path = path.to_owned();
            return Err(RunError::NothingTrained { path });
        }
    };
    let candidates = Candidates::of(path, logging, logged)?;
    let (links, full) = links(&candidates)?;
    let (chain, missing) = chain(&links, id);
    if chain.is_empty() {
        return Err(RunError::UnknownCandidate {
            path: match &candidates {
                Candidates::Written(written) => written.path().to_owned(),
                Candidates::Survivors(_) => path.join("checkpoint.json"),
            },
            id,
            reason: why_unknown(id, &links, logging, full),
        });
    }
    let mut ancestors = members(&candidates, &chain.iter().map(|link| link.id).collect())?;
    ancestors.reverse();
    Ok(Lineage { ancestors, missing })
}

/// The lines of several candidates together: a tree, or several, since everyone has one first parent at most.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Family {
    /// All that are in some line, by rising id.
    pub(super) members: Vec<Ancestor>,
    /// Whether older ones were left out, as there would have been too many.
    pub(super) is_cut: bool,
}

/// The lines of candidates of a run whose last checkpoint says that so much is logged, the first candidate's first; `most`
/// members at most, of which the youngest of a line are kept.
///
/// # Errors
/// [`RunError`] if the log of candidates is damaged, or the run writes none.
pub(super) fn family(
    path: &Path,
    logging: CandidateLogging,
    logged: Logged,
    ids: &[u64],
    most: usize,
) -> Result<Family, RunError> {
    let candidates = Candidates::of(path, logging, logged)?;
    let (links, _) = links(&candidates)?;
    // Only looked up, never iterated.
    let mut wanted = FxHashSet::default();
    let mut is_cut = false;
    for &id in ids {
        for link in chain(&links, id).0 {
            if wanted.len() == most && !wanted.contains(&link.id) {
                is_cut = true;
                break;
            }
            if !wanted.insert(link.id) {
                // From here on, the line is one that is there already.
                break;
            }
        }
    }
    let members = members(&candidates, &wanted)?;
    Ok(Family { members, is_cut })
}

/// What a run has written down of candidates.
enum Candidates {
    Written(WrittenCandidates),
    Survivors(Vec<CandidateRecord>),
}

impl Candidates {
    /// Those of a run, as its last checkpoint knows of them.
    fn of(path: &Path, logging: CandidateLogging, logged: Logged) -> Result<Self, RunError> {
        match logging {
            CandidateLogging::All | CandidateLogging::Trained => {
                let written = WrittenCandidates::of(path, logged.candidate_log_bytes);
                Ok(Self::Written(written))
            }
            CandidateLogging::Survivors => Ok(Self::Survivors(logged.survivors)),
            CandidateLogging::None => {
                let config = path.join("config.toml");
                Err(RunError::NoCandidates { config })
            }
        }
    }
}

/// Who descends from whom, by rising id; and the generation after which the log was full, if it was.
fn links(candidates: &Candidates) -> Result<(Vec<Link>, Option<u32>), RunError> {
    let written = match candidates {
        Candidates::Written(written) => written,
        Candidates::Survivors(records) => {
            let links = records.iter().map(|record| Link {
                id: record.id,
                parent: record.parents.first().copied(),
            });
            return Ok((links.collect(), None));
        }
    };
    let mut links: Vec<Link> = Vec::new();
    // The line in a file that was changed must end all the same.
    let mut wrong = None;
    let full = written.each(|record: LinkRecord| {
        let parent = record.parents.first().copied();
        let is_in_order = links.last().is_none_or(|last| last.id < record.id);
        if is_in_order && parent.is_none_or(|parent| parent < record.id) {
            links.push(Link {
                id: record.id,
                parent,
            });
        } else {
            wrong = Some(record.id);
        }
    })?;
    match wrong {
        Some(id) => Err(written.damaged(format!("candidate {id} is out of its order"))),
        None => Ok((links, full)),
    }
}

/// The line of a candidate as far as there are links, and the parent at which there are none any more.
fn chain(links: &[Link], id: u64) -> (Vec<&Link>, Option<u64>) {
    let mut chain = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        let Ok(place) = links.binary_search_by_key(&id, |link| link.id) else {
            break;
        };
        chain.push(&links[place]);
        next = links[place].parent;
    }
    (chain, next)
}

fn why_unknown(id: u64, links: &[Link], logging: CandidateLogging, full: Option<u32>) -> String {
    let (Some(first), Some(last)) = (links.first(), links.last()) else {
        return "it has none yet".to_owned();
    };
    let known = format!("it has {}, from {} to {}", links.len(), first.id, last.id);
    if last.id < id {
        return match full {
            Some(generation) => format!("{known}: it was full after generation {generation}"),
            None => known,
        };
    }
    let which = match logging {
        CandidateLogging::All | CandidateLogging::None => return known,
        CandidateLogging::Trained => "those that trained or entered a population",
        CandidateLogging::Survivors => "those that the population and the best descend from",
    };
    format!("{known}, {which}, as the settings have it (candidate_log)")
}

/// All that is written down of some candidates, by rising id.
fn members(candidates: &Candidates, wanted: &FxHashSet<u64>) -> Result<Vec<Ancestor>, RunError> {
    // These are only looked up, never iterated.
    let mut texts: FxHashMap<String, Vec<(u64, String)>> = FxHashMap::default();
    let mut records: Vec<CandidateRecord> = Vec::with_capacity(wanted.len());
    match candidates {
        Candidates::Survivors(all) => {
            let in_line = all.iter().filter(|record| wanted.contains(&record.id));
            records.extend(in_line.cloned());
        }
        Candidates::Written(written) => {
            written.each(|record: CandidateRecord| {
                if wanted.contains(&record.id) {
                    records.push(record);
                }
            })?;
            let textless = records.iter().filter(|record| record.program.is_none());
            let twins: FxHashSet<String> =
                textless.map(|record| record.fingerprint.clone()).collect();
            if !twins.is_empty() {
                written.each(|record: TextRecord| {
                    if let (Some(text), true) =
                        (record.program, twins.contains(&record.fingerprint))
                    {
                        let texts = texts.entry(record.fingerprint).or_default();
                        texts.push((record.id, text));
                    }
                })?;
            }
        }
    }
    let fitness: FxHashMap<u64, f64> = records
        .iter()
        .filter_map(|record| Some((record.id, record.fitness?)))
        .collect();
    let members = records.into_iter().map(|mut record| {
        let mut twin = None;
        if record.program.is_none() {
            let twins = texts.get(&record.fingerprint);
            let before = twins.and_then(|twins| twins.iter().rfind(|(id, _)| *id < record.id));
            if let Some((id, text)) = before {
                (twin, record.program) = (Some(*id), Some(text.clone()));
            }
        }
        let parent = record.parents.first().and_then(|id| fitness.get(id));
        let gain = record.fitness.zip(parent).map(|(own, parent)| own - parent);
        Ancestor { record, gain, twin }
    });
    Ok(members.collect())
}
