//! A search between two generations, as a file.
//!
//! The first line says what follows: the format, the length and the SHA-256 of the second, so that a
//! file that was cut short or changed is told from one that is whole. The second is one JSON object.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::candidate_record::CandidateRecord;
use super::directory::write_whole;
use super::{RUN_FORMAT, RunDirectory, RunError};
use crate::fitness::{Fingerprint, InvalidFingerprint, Judgement};
use crate::program::{Form, Program};
use crate::schema::CellCounts;
use crate::search::credit::Credit;
use crate::search::funnel::Hurdles;
use crate::search::library::Library;
use crate::search::seen::Seen;
use crate::search::{
    Archive, ArchivedIndividual, Individual, Island, Leader, MapElites, Origin, Population, Search,
    SearchSettings, StageCount, Totals,
};
use crate::variation::Variation;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    #[serde(default)]
    bytes: usize,
    #[serde(default)]
    sha256: String,
}

/// What is written down beside the search.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// The length of the log, in bytes.
    pub(super) log_bytes: u64,
    /// That of the log of candidates; 0 if there is none.
    pub(super) candidate_log_bytes: u64,
    /// Survivors and those that they descend from, if the settings want just these.
    pub(super) survivors: Vec<CandidateRecord>,
}

/// The second line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    settings: SearchSettings,
    log_bytes: u64,
    candidate_log_bytes: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    survivors: Vec<CandidateRecord>,
    next_generation: u32,
    next_id: u64,
    totals: Totals,
    funnel: Vec<StageCount>,
    hurdles: Hurdles,
    leader: Option<LeaderRecord>,
    islands: Vec<IslandRecord>,
    archive: Vec<ArchivedRecord>,
    map: Vec<ArchivedRecord>,
    library: Vec<ExemplarRecord>,
    credit: Credit,
    seen: Vec<SeenRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndividualRecord {
    id: u64,
    origin: Origin,
    fitness: f64,
    cost: u32,
    instructions: u32,
    fingerprint: String,
    program: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaderRecord {
    generation: u32,
    confirmed: Judgement,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    screened: Option<f64>,
    individual: IndividualRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IslandRecord {
    diversity: f64,
    behavioural_diversity: f64,
    population: Vec<IndividualRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchivedRecord {
    generation: u32,
    individual: IndividualRecord,
}

/// A program of the library.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemplarRecord {
    fingerprint: String,
    program: String,
}

/// A hash, and what is known of it.
#[derive(Serialize, Deserialize)]
struct SeenRecord(String, Option<f64>);

impl From<&Individual> for IndividualRecord {
    fn from(individual: &Individual) -> Self {
        Self {
            id: individual.id,
            origin: individual.origin.clone(),
            fitness: individual.fitness,
            cost: individual.cost,
            instructions: individual.instructions,
            fingerprint: individual.fingerprint.to_string(),
            program: individual.program.to_string(),
        }
    }
}

impl IndividualRecord {
    fn restored(self, form: Form, cells: &CellCounts) -> Result<Individual, String> {
        Ok(Individual {
            id: self.id,
            origin: self.origin,
            fingerprint: parsed(&self.fingerprint)?,
            program: program_on(form, cells, &self.program)?,
            fitness: self.fitness,
            cost: self.cost,
            instructions: self.instructions,
        })
    }
}

impl From<&ArchivedIndividual> for ArchivedRecord {
    fn from(member: &ArchivedIndividual) -> Self {
        Self {
            generation: member.generation,
            individual: IndividualRecord::from(&member.individual),
        }
    }
}

impl ArchivedRecord {
    fn restored(self, form: Form, cells: &CellCounts) -> Result<ArchivedIndividual, String> {
        Ok(ArchivedIndividual {
            individual: self.individual.restored(form, cells)?,
            generation: self.generation,
        })
    }
}

/// The program of this text, which must be on these cells.
fn program_on(form: Form, cells: &CellCounts, text: &str) -> Result<Program, String> {
    let program = Program::parse(text).map_err(|error| RunError::program_text(&error))?;
    if program.form() == form && program.on_cells(cells).as_ref() == Ok(&program) {
        Ok(program)
    } else {
        let name = program.name();
        Err(format!(
            "program {name} is not on the cells that searches work on"
        ))
    }
}

fn parsed(fingerprint: &str) -> Result<Fingerprint, String> {
    let parsed = fingerprint.parse();
    parsed.map_err(|error: InvalidFingerprint| error.to_string())
}

/// Writes the search down, with what is logged.
pub(super) fn save(
    directory: &RunDirectory,
    search: &Search,
    logged: Logged,
) -> Result<(), RunError> {
    let path = directory.file("checkpoint.json");
    let leader = search.leader.as_ref().map(|leader| LeaderRecord {
        generation: leader.generation,
        confirmed: leader.confirmed.clone(),
        screened: leader.screened,
        individual: IndividualRecord::from(&leader.individual),
    });
    let records = |population: &Population| {
        let individuals = population.individuals().iter();
        individuals.map(IndividualRecord::from).collect()
    };
    let islands = search.islands.iter().map(|island| IslandRecord {
        diversity: island.diversity,
        behavioural_diversity: island.behavioural_diversity,
        population: records(&island.population),
    });
    let archive = search.archive.members().iter();
    let map = search.map.members();
    let library = search.library.iter();
    let library = library.map(|(fingerprint, program)| ExemplarRecord {
        fingerprint: fingerprint.to_string(),
        program: program.to_string(),
    });
    let seen = search.seen.iter();
    let body = Body {
        settings: search.settings.clone(),
        log_bytes: logged.log_bytes,
        candidate_log_bytes: logged.candidate_log_bytes,
        survivors: logged.survivors,
        next_generation: search.next_generation,
        next_id: search.next_id,
        totals: search.totals,
        funnel: search.funnel.clone(),
        hurdles: search.hurdles.clone(),
        leader,
        islands: islands.collect(),
        archive: archive.map(ArchivedRecord::from).collect(),
        map: map.map(ArchivedRecord::from).collect(),
        library: library.collect(),
        credit: search.credit.clone(),
        seen: seen
            .map(|(hash, verdict)| SeenRecord(hash.to_string(), verdict))
            .collect(),
    };
    let content = encoded(&body).map_err(|error| RunError::Unwritable {
        path: path.clone(),
        source: error.into(),
    })?;
    write_whole(&path, &content)
}

fn encoded(body: &Body) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_vec(body)?;
    let mut content = serde_json::to_vec(&Header {
        format: RUN_FORMAT,
        bytes: body.len(),
        sha256: digest(&body),
    })?;
    content.push(b'\n');
    content.extend(body);
    content.push(b'\n');
    Ok(content)
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the search of a run directory, and what was logged then.
///
/// # Errors
/// [`RunError`] if the file is missing, of a newer version, or damaged.
pub(super) fn load(directory: &Path) -> Result<(Search, Logged), RunError> {
    let path = directory.join("checkpoint.json");
    let content = fs::read(&path).map_err(|source| RunError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let damaged = |reason: String| RunError::Damaged {
        path: path.clone(),
        config: directory.join("config.toml"),
        reason,
    };
    let (header, body) = split(&content).map_err(damaged)?;
    if header.format > RUN_FORMAT {
        let (path, found) = (path.clone(), header.format);
        return Err(RunError::Newer { path, found });
    }
    if header.format < RUN_FORMAT {
        let (path, found) = (path.clone(), header.format);
        return Err(RunError::Older { path, found });
    }
    let body = checked(&header, body).map_err(damaged)?;
    restored(body).map_err(damaged)
}

fn split(content: &[u8]) -> Result<(Header, &[u8]), String> {
    let end = content.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or("its first line has no end")?;
    let header = serde_json::from_slice(&content[..end])
        .map_err(|error| format!("its first line cannot be read: {error}"))?;
    Ok((header, &content[end + 1..]))
}

fn checked(header: &Header, body: &[u8]) -> Result<Body, String> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    if body.len() != header.bytes {
        let (expected, found) = (header.bytes, body.len());
        return Err(format!(
            "its second line should have {expected} bytes and has {found}"
        ));
    }
    if digest(body) != header.sha256 {
        return Err("its content is not what its checksum was made of".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("its content cannot be read: {error}"))
}

fn restored(body: Body) -> Result<(Search, Logged), String> {
    let logged = Logged {
        log_bytes: body.log_bytes,
        candidate_log_bytes: body.candidate_log_bytes,
        survivors: body.survivors,
    };
    let settings = &body.settings;
    settings.validate().map_err(|error| error.to_string())?;
    let schema = settings.schema().map_err(|error| error.to_string())?;
    let form = settings.form().map_err(|error| error.to_string())?;
    let cells = &settings.variation.cells;
    if body.islands.len() != settings.islands {
        let (expected, found) = (settings.islands, body.islands.len());
        return Err(format!("it should have {expected} islands and has {found}"));
    }
    let islands = body.islands.into_iter().map(|island| {
        let individuals = island.population.into_iter();
        let individuals = individuals.map(|record| record.restored(form, cells));
        Ok(Island {
            diversity: island.diversity,
            behavioural_diversity: island.behavioural_diversity,
            population: Population::new(individuals.collect::<Result<_, String>>()?),
        })
    });
    let islands = islands.collect::<Result<Vec<_>, String>>()?;
    let members = |records: Vec<ArchivedRecord>| {
        let members = records.into_iter();
        let members = members.map(|record| record.restored(form, cells));
        members.collect::<Result<Vec<_>, String>>()
    };
    let (archive, map) = (members(body.archive)?, members(body.map)?);
    let mut library = Library::default();
    for record in body.library {
        library.push(
            parsed(&record.fingerprint)?,
            program_on(form, cells, &record.program)?,
        );
    }
    let leader = body.leader.map(|leader| {
        Ok::<_, String>(Leader {
            individual: leader.individual.restored(form, cells)?,
            confirmed: leader.confirmed,
            screened: leader.screened,
            generation: leader.generation,
        })
    });
    let mut seen = Seen::default();
    for SeenRecord(hash, verdict) in body.seen {
        seen.insert(parsed(&hash)?, verdict);
    }
    let search = Search {
        variation: Variation::of_form(schema, form, &body.settings.variation),
        settings: body.settings,
        schema,
        next_generation: body.next_generation,
        next_id: body.next_id,
        islands,
        archive: Archive::restored(archive),
        map: MapElites::restored(map),
        library,
        credit: body.credit,
        leader: leader.transpose()?,
        seen,
        totals: body.totals,
        funnel: body.funnel,
        hurdles: body.hurdles,
    };
    Ok((search, logged))
}
