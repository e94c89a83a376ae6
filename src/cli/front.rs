//! `mlevolve front`: what a search found beside its best program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::Serialize;

use super::progress::Counting;
use super::running::RunningOptions;
use super::{print, tell};
use crate::program::{FILE_EXTENSION, list};
use crate::run::{FrontMember, RunArchive, front_table, write_whole};
use crate::search::ArchivedIndividual;

/// List, show and export what a search found beside its best program.
///
/// A search keeps every candidate to which there is none that is at least as good in fitness, cost and length. As the best of
/// many owe some of their fitness to luck, each is judged again on the seeds for reports; those are listed that are still on
/// the front, the fittest first. The run may be going on: its last checkpoint is read.
#[derive(Args)]
#[command(after_help = "Examples:\n  mlevolve front runs/seed-1\n  \
    mlevolve front runs/seed-1 --show 4711 > small.mle\n  \
    mlevolve front runs/seed-1 --export programs-found\n  \
    mlevolve front runs/seed-1 --all --json | jq '.[] | [.id, .judgement.fitness, .cost.unit_flops]'\n  \
    mlevolve front runs/seed-1 --map\n\n\
    A map is kept by searches whose configuration has a table for it:\n  \
    [search.map_elites]\n  probability = 0.5")]
pub(super) struct Front {
    /// The run directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Those, too, that are no longer on the front
    #[arg(long)]
    all: bool,

    /// The map instead: the fittest of each class of costs and size of state, all of them
    #[arg(long)]
    map: bool,

    /// Print the program of this candidate, and nothing else
    #[arg(long, value_name = "CANDIDATE", conflicts_with_all = ["json", "export", "all"])]
    show: Option<u64>,

    /// Write a program file for each that is listed, in a directory that is new or empty
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    running: RunningOptions,
}

/// A member as JSON.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    member: &'a FrontMember,
    /// Of a map's.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<String>,
}

impl Front {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let backend = self.running.begin()?;
        let archive = RunArchive::open(&self.directory)?;
        let members = self.members(&archive)?;
        if let Some(id) = self.show {
            print(&shown(&archive, &members, id)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(directory) = &self.export {
            // Before the work, not after it.
            make_empty_directory(directory)?;
        }
        let counting = Counting::to(members.len() as u64);
        let judged = archive.judged(&members, backend, &|| {
            counting.advance(1, "judging again");
        });
        drop(counting);
        let judged = judged?;
        let listed: Vec<&FrontMember> = judged
            .iter()
            .filter(|member| self.all || self.map || member.is_on_front)
            .collect();
        if let Some(directory) = &self.export {
            export(directory, &listed)?;
            let (count, path) = (listed.len(), directory.display());
            tell(&format!("{count} programs are in {path}."));
        }
        if self.json {
            let map = self.map.then(|| archive.search().map());
            let rows = listed.iter().map(|member| {
                let cell = map.and_then(|map| map.cell_of(member.id));
                let cell = cell.map(|cell| cell.to_string());
                Row { member, cell }
            });
            print(&serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?)?;
        } else {
            print(&self.text(&archive, &listed, judged.len()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The programs that are asked for.
    fn members<'a>(&self, archive: &'a RunArchive) -> anyhow::Result<Vec<&'a ArchivedIndividual>> {
        let search = archive.search();
        if !self.map {
            return Ok(search.archive().members().iter().collect());
        }
        ensure!(
            search.settings().map_elites.is_some(),
            "the run in {} keeps no map; a search does whose configuration (`evolve --config FILE`) has a table \
             [search.map_elites]",
            self.directory.display()
        );
        Ok(search.map().members().collect())
    }

    /// A table, with what has to be known to read it.
    fn text(&self, archive: &RunArchive, listed: &[&FrontMember], judged: usize) -> String {
        let search = archive.search();
        let mut text = format!(
            "Fitness on the suite {}, judged again on seeds that no search uses; the leader is candidate {}.\n\n{}\n",
            search.settings().suite,
            search
                .leader()
                .map_or_else(|| "none yet".to_owned(), |it| it.individual.id.to_string()),
            front_table(listed, self.map.then(|| search.map())),
        );
        if listed.len() < judged {
            let fell = judged - listed.len();
            text += &format!(
                "\n{judged} were on the front by the search's own seeds; {fell} of them no longer are (--all lists \
                 them too).\n"
            );
        }
        text
    }
}

/// The text of one program.
fn shown(archive: &RunArchive, members: &[&ArchivedIndividual], id: u64) -> anyhow::Result<String> {
    let Some(member) = members.iter().find(|member| member.individual.id == id) else {
        let mut ids: Vec<u64> = members.iter().map(|it| it.individual.id).collect();
        ids.sort_unstable();
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        bail!(
            "candidate {id} is not kept; there are {}",
            list(ids.iter().map(String::as_str))
        );
    };
    Ok(archive.program(member).to_string())
}

/// Makes a directory that is there and empty.
fn make_empty_directory(path: &Path) -> anyhow::Result<()> {
    let unwritable = || format!("cannot write {}", path.display());
    fs::create_dir_all(path).with_context(unwritable)?;
    let mut entries = fs::read_dir(path).with_context(unwritable)?;
    ensure!(
        entries.next().is_none(),
        "{} is not empty; name another directory with --export",
        path.display()
    );
    Ok(())
}

/// Writes a file for each program, by its place in the list and its cost.
fn export(directory: &Path, members: &[&FrontMember]) -> anyhow::Result<()> {
    let digits = members.len().to_string().len().max(2);
    for (place, member) in (1..).zip(members) {
        let flops = member.cost.unit_flops;
        let name = format!("front-{place:0digits$}-{flops}-flops.{FILE_EXTENSION}");
        write_whole(&directory.join(name), member.program.as_bytes())?;
    }
    Ok(())
}
