//! Which parts of a program matter: its fitness without each of them.
//!
//! An instruction is left out as mutation leaves one out: its cell keeps what it held before. Of state, what a cell holds at the start
//! of a call is forgotten: it is 0, as scratch is, and what the call itself writes to it holds until the call ends. So a cell that serves as
//! memory is told from one that serves as scratch.
//!
//! What is left often has another scale, which says nothing about the part. So the learning rate is tuned again, if there is one: of a
//! few factors the one that is best on the seeds for tuning, for the program and for each variant of it, and both are
//! compared then.

use serde::{Deserialize, Serialize};

use super::bench::Bench;
use super::change::Change;
use super::identity::constants_read;
use super::nearest::rates;
use crate::fitness::{JudgeError, tuning_seeds};
use crate::program::{CellIndex, Program, Role};

/// What a learning rate is multiplied by to tune it again; of factors that are equally good, the first is taken.
const RETUNING_FACTORS: [f32; 9] = [1.0, 0.5, 2.0, 0.25, 4.0, 0.0625, 16.0, 0.015_625, 64.0];
/// With how many of the seeds for tuning.
const RETUNING_SEEDS: usize = 3;

/// A part of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Part {
    /// An instruction.
    Instruction {
        /// The function that it is in.
        function: String,
        /// Its place in it, from 1, in the program without what has no effect.
        number: usize,
        /// Its text.
        text: String,
    },
    /// What a cell of state remembers from one call to the next.
    State {
        /// The cell's name.
        cell: String,
    },
}

/// What happens without a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartEffect {
    /// The part.
    pub part: Part,
    /// How the fitness changes when the part is taken out and nothing else is done.
    pub change: Change,
    /// The same where the learning rate is tuned again with and without the part; nothing if what is left has none.
    pub retuned: Option<Retuned>,
    /// What a probe has against what is left, such as that parameters stay what they are.
    pub rejection: Option<String>,
}

/// A change of fitness once the learning rate is tuned again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retuned {
    /// What the learning rate is multiplied by.
    pub rate_factor: f32,
    /// The change.
    pub change: Change,
}

impl PartEffect {
    /// The change that tells whether the part matters: that with a learning rate for each, if there is one.
    #[must_use]
    pub fn telling(&self) -> &Change {
        self.retuned.as_ref().map_or(&self.change, |it| &it.change)
    }
}

/// How many parts a program without idle instructions has.
pub(super) fn count(program: &Program) -> usize {
    ablated(program).len()
}

/// How often programs are judged to tune them again, at most.
pub(super) fn retuning_judgements(program: &Program, seeds: usize) -> u64 {
    let each = RETUNING_FACTORS.len() * RETUNING_SEEDS + seeds;
    let variants = ablated(program).into_iter().map(|(_, program)| program);
    let variants = variants.chain([program.clone()]);
    let tuned = variants.filter(|program| rate(program).is_some());
    (tuned.count() * each) as u64
}

/// How much fitter a program is with its learning rate tuned again, and what happens without each part of it. `own` are its fitnesses
/// as it is.
pub(super) fn effects(
    program: &Program,
    own: &[f64],
    bench: &Bench<'_>,
) -> Result<(Option<Retuned>, Vec<PartEffect>), JudgeError> {
    let (parts, variants): (Vec<Part>, Vec<Program>) = ablated(program).into_iter().unzip();
    let fitnesses = bench.fitnesses(&variants, &bench.seeds)?;
    let everyone: Vec<&Program> = std::iter::once(program).chain(&variants).collect();
    let as_they_are: Vec<&[f64]> = std::iter::once(own)
        .chain(fitnesses.iter().map(Vec::as_slice))
        .collect();
    let tuned = retuned(&everyone, &as_they_are, bench)?;
    let own_tuned = tuned[0].as_ref();
    let effects = parts.into_iter().enumerate().map(|(place, part)| {
        let rejection = bench.rejection(&variants[place])?;
        let both = own_tuned.zip(tuned[place + 1].as_ref());
        Ok(PartEffect {
            part,
            change: Change::between(own, &fitnesses[place]),
            retuned: both.map(|(own, without)| Retuned {
                rate_factor: without.rate_factor,
                change: Change::between(&own.fitnesses, &without.fitnesses),
            }),
            rejection: rejection.map(|rejection| rejection.word().replace('_', " ")),
        })
    });
    let effects = effects.collect::<Result<_, JudgeError>>()?;
    let own_tuned = own_tuned.map(|tuned| Retuned {
        rate_factor: tuned.rate_factor,
        change: Change::between(own, &tuned.fitnesses),
    });
    Ok((own_tuned, effects))
}

/// Each part of a program without idle instructions, with the program without it.
fn ablated(program: &Program) -> Vec<(Part, Program)> {
    let mut ablated = Vec::new();
    let functions = program.schema().description().functions.iter();
    for (place, function) in functions.enumerate() {
        let body = &program.bodies()[place];
        for (number, instruction) in body.iter().enumerate() {
            let mut shorter = body.to_vec();
            shorter.remove(number);
            let bodies = program.bodies().with_body(place, &shorter);
            let part = Part::Instruction {
                function: function.name.to_owned(),
                number: number + 1,
                text: program.instruction_text(instruction),
            };
            ablated.push((part, program.varied(program.shared_cells(), bodies)));
        }
    }
    let effective = program.effective();
    for (index, cell) in CellIndex::enumerate(program.cells()) {
        let is_required = program.schema().required_cell(&cell.name).is_some();
        let mut at_start = effective.needed_at_start.iter();
        let is_memory = at_start.any(|needed| needed.contains(index));
        if cell.role != Role::State || is_required || !is_memory {
            continue;
        }
        let mut cells = program.cells().to_vec();
        cells[index.index()].role = Role::Scratch;
        let part = Part::State {
            cell: cell.name.to_string(),
        };
        ablated.push((part, program.varied_on(cells, program.bodies().clone())));
    }
    ablated
}

/// The learning rate that a program has, if an instruction reads it.
fn rate(program: &Program) -> Option<(&'static str, f32)> {
    let read = constants_read(program);
    rates(program.schema()).find_map(|name| {
        let mut read = read.iter();
        read.find_map(|(constant, value)| (constant == name).then_some((name, *value)))
    })
}

/// A program at its best rate.
struct Tuned {
    rate_factor: f32,
    fitnesses: Vec<f64>,
}

/// Each program with its learning rate tuned; nothing for those that have none. `fitnesses` are theirs as they are.
fn retuned(
    programs: &[&Program],
    fitnesses: &[&[f64]],
    bench: &Bench<'_>,
) -> Result<Vec<Option<Tuned>>, JudgeError> {
    let at = |program: &Program, factor: f32| {
        let (name, value) = rate(program)?;
        program.with_constant(name, value * factor).ok()
    };
    // Those that have a rate, at each factor that gives one.
    let mut variants = Vec::new();
    let mut of = Vec::new();
    for (place, program) in programs.iter().enumerate() {
        for factor in RETUNING_FACTORS {
            if let Some(variant) = at(program, factor) {
                variants.push(variant);
                of.push((place, factor));
            }
        }
    }
    let seeds = &tuning_seeds()[..RETUNING_SEEDS];
    let tried = bench.fitnesses(&variants, seeds)?;
    let mut best: Vec<Option<(f32, f64)>> = vec![None; programs.len()];
    for ((place, factor), fitnesses) in of.into_iter().zip(&tried) {
        let sum = fitnesses.iter().sum::<f64>();
        if best[place].is_none_or(|(_, most)| sum > most) {
            best[place] = Some((factor, sum));
        }
    }
    // What is best as it is has been judged already.
    let changed = |place: usize| {
        let (factor, _) = best[place].filter(|&(factor, _)| factor != 1.0)?;
        Some((place, at(programs[place], factor)?))
    };
    let (places, variants): (Vec<usize>, Vec<Program>) =
        (0..programs.len()).filter_map(changed).unzip();
    let mut again = bench.fitnesses(&variants, &bench.seeds)?.into_iter();
    let untouched = best.iter().flatten().count() - places.len();
    (bench.told)((untouched * bench.seeds.len()) as u64);
    let tuned = best.iter().enumerate().map(|(place, best)| {
        let (rate_factor, _) = (*best)?;
        Some(Tuned {
            rate_factor,
            fitnesses: match places.contains(&place) {
                true => again.next()?,
                false => fitnesses[place].to_vec(),
            },
        })
    });
    Ok(tuned.collect())
}
