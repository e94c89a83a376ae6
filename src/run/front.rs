//! What a search keeps beside its leader, judged again.
//!
//! An archive holds the best of each cost and length by their fitness on the search's seeds, and the best of many owe some of
//! that to luck. So nothing is said of them before they are judged on seeds that no search uses, as the leader is; then some
//! turn out to be no better than others that cost less.
//!
//! ```text
//!   checkpoint ──► RunArchive ──► archive or map ──judged──► FrontMember: fitness for reports, cost,
//!                                                    │       and whether it is still on the front
//!   Session::report: the fittest at each cost ───────┘                    │
//!                                           result.json, report.txt ◄─────┴────► mlevolve front
//! ```

use std::path::{Path, PathBuf};

use mlevolve_ir::BackendChoice;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::session::{Judges, named};
use super::{RunDirectory, RunError, checkpoint};
use crate::fitness::{Contender, Judge, JudgeError, Judgement, ProgramCost};
use crate::program::Program;
use crate::search::{ArchivedIndividual, MapElites, Search, SearchError, SearchSettings};
use crate::text_table::text_table;

/// A program of an archive, judged again on the seeds for reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontMember {
    /// The candidate that it is.
    pub id: u64,
    /// The generation that it came with.
    pub generation: u32,
    /// Its text.
    pub program: String,
    /// Its fitness on the search's seeds, by which it was chosen.
    pub search_fitness: f64,
    /// Whether there is none beside it that is at least as good in fitness, FLOPs for each unit and instructions, by
    /// the figures that follow. Of equals one is.
    pub is_on_front: bool,
    /// How good it is on the search's tasks, on the seeds for reports.
    pub judgement: Judgement,
    /// What it costs to run.
    pub cost: ProgramCost,
}

impl FrontMember {
    /// Whether it leaves no reason to keep the other.
    fn covers(&self, other: &Self) -> bool {
        self.judgement.fitness >= other.judgement.fitness
            && self.cost.unit_flops <= other.cost.unit_flops
            && self.cost.instructions <= other.cost.instructions
    }

    /// The same with figures of now, of its parsed program.
    pub(super) fn judged_again(
        &self,
        program: &Program,
        judge: &dyn Judge,
        backend: BackendChoice,
    ) -> Result<Self, JudgeError> {
        Ok(Self {
            judgement: judge.judge(program, &judge.report_seeds(), backend)?,
            cost: judge.cost(program)?,
            ..self.clone()
        })
    }

    /// Its figures, as a replay compares them.
    pub(super) fn contender(&self) -> Contender {
        Contender {
            name: format!("candidate {}, of the front", self.id),
            learning_rates: Vec::new(),
            judgement: self.judgement.clone(),
            cost: self.cost.clone(),
            curves: Vec::new(),
        }
    }
}

/// Judges members of an archive again, on all threads; the fittest first, of equals the cheaper one. `told` hears of each
/// that is done.
///
/// # Errors
/// [`JudgeError`] if the back end fails.
pub(super) fn judged(
    judge: &dyn Judge,
    members: &[&ArchivedIndividual],
    settings: &SearchSettings,
    told: &(dyn Fn() + Sync),
) -> Result<Vec<FrontMember>, JudgeError> {
    let (seeds, backend) = (judge.report_seeds(), settings.backend.0);
    let judged = members.par_iter().map(|member| {
        let ArchivedIndividual {
            individual,
            generation,
            ..
        } = member;
        let program = named(individual, *generation, settings.seed);
        let front_member = FrontMember {
            id: individual.id,
            generation: *generation,
            search_fitness: individual.fitness,
            is_on_front: true,
            judgement: judge.judge(&program, &seeds, backend)?,
            cost: judge.cost(&program)?,
            program: program.to_string(),
        };
        told();
        Ok(front_member)
    });
    let mut judged = judged.collect::<Result<Vec<_>, JudgeError>>()?;
    mark_front(&mut judged);
    Ok(judged)
}

/// Sorts members, the fittest first, and finds out which are on the front.
fn mark_front(members: &mut [FrontMember]) {
    members.sort_by(|one, other| {
        let fittest_first = other.judgement.fitness.total_cmp(&one.judgement.fitness);
        let figures = |it: &FrontMember| (it.cost.unit_flops, it.cost.instructions, it.id);
        fittest_first.then(figures(one).cmp(&figures(other)))
    });
    // Whoever covers another comes before it.
    for place in 0..members.len() {
        let (before, rest) = members.split_at_mut(place);
        rest[0].is_on_front = !before.iter().any(|other| other.covers(&rest[0]));
    }
}

/// The archive of a run, as its last checkpoint has it.
///
/// Nothing is written, so a run can be looked at while a process works on it.
pub struct RunArchive {
    path: PathBuf,
    search: Search,
}

impl RunArchive {
    /// Reads the checkpoint of a run directory.
    ///
    /// # Errors
    /// [`RunError`] if there is no run, or its checkpoint is missing, damaged or of another version.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        RunDirectory::expect(path)?;
        let path = path.to_owned();
        let (search, _) = checkpoint::load(&path)?;
        if search.archive().members().is_empty() {
            return Err(RunError::NothingTrained { path });
        }
        Ok(Self { path, search })
    }

    /// The search, with its archive and its map.
    #[must_use]
    pub const fn search(&self) -> &Search {
        &self.search
    }

    /// The program of a member, as people meet it.
    #[must_use]
    pub fn program(&self, member: &ArchivedIndividual) -> Program {
        let seed = self.search.settings().seed;
        named(&member.individual, member.generation, seed)
    }

    /// Judges members again; the fittest first. `told` hears of each that is done, on whatever thread.
    ///
    /// # Errors
    /// [`RunError::Search`] if the tasks, their data or the table of baselines is missing, or the back end fails.
    pub fn judged(
        &self,
        members: &[&ArchivedIndividual],
        backend: BackendChoice,
        told: &(dyn Fn() + Sync),
    ) -> Result<Vec<FrontMember>, RunError> {
        let mut settings = self.search.settings().clone();
        settings.backend.0 = backend;
        let judges = Judges::new(&self.path, &settings)?;
        let judged = judged(&*judges.suite, members, &settings, told);
        Ok(judged.map_err(SearchError::from)?)
    }
}

/// One row a member: its fitness now and in the search, what it costs, whether it is on the front if not all are, and its
/// cell of a map if one is given.
#[must_use]
pub fn front_table(members: &[&FrontMember], map: Option<&MapElites>) -> String {
    let unit = members.first().map_or("", |member| &member.cost.unit);
    let mut header = vec![
        "candidate".to_owned(),
        "fitness".to_owned(),
        "in search".to_owned(),
        format!("FLOPs/{unit}"),
        format!("state/{unit}"),
        "instructions".to_owned(),
    ];
    let are_mixed = members.iter().any(|member| !member.is_on_front);
    header.extend(are_mixed.then(|| "on front".to_owned()));
    header.extend(map.map(|_| "cost, state of its cell".to_owned()));
    let rows = members.iter().map(|member| {
        let mut row = vec![
            member.id.to_string(),
            format!("{:.3}", member.judgement.fitness),
            format!("{:.3}", member.search_fitness),
            member.cost.unit_flops.to_string(),
            member.cost.state.to_string(),
            member.cost.instructions.to_string(),
        ];
        let mark = if member.is_on_front { "yes" } else { "no" };
        row.extend(are_mixed.then(|| mark.to_owned()));
        let cell = map.and_then(|map| map.cell_of(member.id));
        row.extend(cell.map(|cell| cell.to_string()));
        row
    });
    text_table(header, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: u64, fitness: f64, unit_flops: u64, instructions: usize) -> FrontMember {
        FrontMember {
            id,
            generation: 0,
            program: String::new(),
            search_fitness: 1.0,
            is_on_front: true,
            judgement: Judgement {
                fitness,
                tasks: Vec::new(),
            },
            cost: ProgramCost {
                unit: "parameter".to_owned(),
                unit_flops,
                call_flops: 0,
                call_flops_formula: String::new(),
                state: 0,
                instructions,
            },
        }
    }

    #[test]
    fn what_held_what_it_promised_is_told_from_what_did_not() {
        let mut members = [
            member(0, 0.4, 2, 1),
            // Beaten by 4 in everything, and by nobody in length.
            member(1, 0.6, 9, 5),
            member(2, 0.5, 12, 3),
            member(3, 0.9, 12, 8),
            member(4, 0.7, 8, 5),
            // Two that are equal.
            member(6, 0.5, 6, 6),
            member(5, 0.5, 6, 6),
        ];
        mark_front(&mut members);
        let marks = members.each_ref().map(|it| (it.id, it.is_on_front));
        let expected = [
            (3, true),
            (4, true),
            (1, false),
            (5, true),
            (6, false),
            (2, true),
            (0, true),
        ];
        assert_eq!(marks, expected);
        let all: Vec<_> = members.iter().collect();
        let table = front_table(&all, None);
        assert_eq!(table.matches(" yes").count(), 5, "{table}");
        let held: Vec<_> = members.iter().filter(|it| it.is_on_front).collect();
        let table = front_table(&held, None);
        assert_eq!((table.lines().count(), table.contains("yes")), (6, false));
    }
}
