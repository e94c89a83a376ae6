//! Where candidates come from: the first generation, and the children of a population.

use mlevolve_tasks::{Stream, stream};
use rand::{Rng, RngExt};

use super::{Operator, Origin, Population, SearchSettings};
use crate::fitness::BaselineTable;
use crate::program::known::KNOWN;
use crate::program::{Program, Schema};
use crate::variation::{crossover, mutate, random_program};

/// What programs of a search are called, until one of them is taken out of it.
const NAME: &str = "candidate";

/// The first generation: every known rule at each learning rate at which it is best on some task, as
/// far as there is room, and random programs.
pub(super) fn first_generation(
    settings: &SearchSettings,
    schema: Schema,
    baselines: &BaselineTable,
) -> Vec<(Program, Origin)> {
    let known = known_programs(schema, baselines);
    let mut candidates: Vec<_> = known
        .into_iter()
        .take(settings.population)
        .map(|program| (program, origin(&[], Operator::Known)))
        .collect();
    for place in candidates.len()..settings.population {
        let mut numbers = stream(settings.seed, "breeding", [0, place as u64]);
        candidates.push(random(settings, schema, &mut numbers));
    }
    candidates
}

/// Known rules of the schema that fit its standard cells; the same rate first for all rules, so that a
/// small population gets every rule once.
fn known_programs(schema: Schema, baselines: &BaselineTable) -> Vec<Program> {
    let known = KNOWN.iter().map(|known| (known.name, known.parsed()));
    let known: Vec<_> = known
        .filter(|(_, program)| program.schema() == schema && program.standardised().is_ok())
        .collect();
    let tasks = baselines.tasks.iter();
    tasks
        .flat_map(|task| {
            known.iter().filter_map(|(name, program)| {
                let rate = task.rule(name)?.learning_rate;
                Some(seeded(program, rate))
            })
        })
        .collect()
}

/// A known rule as a member of the first generation.
fn seeded(known: &Program, learning_rate: f32) -> Program {
    known
        .with_constant("learning_rate", learning_rate)
        .expect("tuned learning rates are positive")
        .with_name(NAME)
        .and_then(|program| program.with_notes(Vec::new()))
        .expect("the name is one, and there are no notes")
        .standardised()
        .expect("only rules that fit the standard cells are seeds")
}

/// A later generation's candidates.
pub(super) fn offspring(
    settings: &SearchSettings,
    schema: Schema,
    population: &Population,
    generation: u32,
    diversity: f64,
) -> Vec<(Program, Origin)> {
    let injection_rate = if diversity < settings.diversity_floor {
        settings.low_diversity_injection_rate
    } else {
        settings.injection_rate
    };
    (0..settings.offspring)
        .map(|place| {
            let key = [u64::from(generation), place as u64];
            let mut numbers = stream(settings.seed, "breeding", key);
            if population.individuals().is_empty() || numbers.random::<f64>() < injection_rate {
                random(settings, schema, &mut numbers)
            } else {
                child(settings, population, &mut numbers)
            }
        })
        .collect()
}

fn random(settings: &SearchSettings, schema: Schema, numbers: &mut Stream) -> (Program, Origin) {
    let program = random_program(schema, &settings.variation, numbers, NAME);
    (program, origin(&[], Operator::Random))
}

/// A child of one parent, mutated once at least; or of two, mutated perhaps.
fn child(
    settings: &SearchSettings,
    population: &Population,
    numbers: &mut impl Rng,
) -> (Program, Origin) {
    let first = population.tournament(settings.tournament, numbers);
    let (mut program, mut origin) = if numbers.random::<f64>() < settings.crossover_probability {
        let second = population.tournament(settings.tournament, numbers);
        let program = crossover(
            &first.program,
            &second.program,
            &settings.variation,
            numbers,
        );
        (program, origin(&[first.id, second.id], Operator::Crossover))
    } else {
        let (program, mutation) = mutate(&first.program, &settings.variation, numbers);
        (program, origin(&[first.id], Operator::Mutation(mutation)))
    };
    // A share of 1 must not go on for ever.
    for _ in 0..settings.variation.maximum_instructions {
        if numbers.random::<f64>() >= settings.further_mutation_probability {
            break;
        }
        let (mutant, mutation) = mutate(&program, &settings.variation, numbers);
        program = mutant;
        origin.operators.push(Operator::Mutation(mutation));
    }
    (program, origin)
}

fn origin(parents: &[u64], operator: Operator) -> Origin {
    Origin {
        parents: parents.to_vec(),
        operators: vec![operator],
    }
}
