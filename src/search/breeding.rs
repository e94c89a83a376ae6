//! Where candidates come from: the first generation, and the children of a population.

use mlevolve_tasks::{Stream, stream};
use rand::{Rng, RngExt};

use super::{Operator, Origin, Population, SearchSettings};
use crate::fitness::Judge;
use crate::program::Program;
use crate::variation::Variation;

/// What programs of a search are called, until one of them is taken out of it.
const NAME: &str = "candidate";

/// The first generation: known programs that the judge suggests, as far as there is room and the settings
/// want them, and random programs.
pub(super) fn first_generation(
    settings: &SearchSettings,
    variation: &Variation,
    judge: &dyn Judge,
) -> Vec<(Program, Origin)> {
    let known = if settings.known_programs {
        judge.starting_points()
    } else {
        Vec::new()
    };
    let mut candidates: Vec<_> = known
        .iter()
        .filter_map(|program| member(program, settings))
        .take(settings.population)
        .map(|program| (program, origin(&[], Operator::Known)))
        .collect();
    for place in candidates.len()..settings.population {
        let mut numbers = stream(settings.seed, "breeding", [0, place as u64]);
        candidates.push(random(variation, &mut numbers));
    }
    candidates
}

/// A known program as a member of the first generation, if it fits the cells of the search and is of its form.
fn member(known: &Program, settings: &SearchSettings) -> Option<Program> {
    let program = known
        .with_name(NAME)
        .and_then(|program| program.with_notes(Vec::new()))
        .expect("the name is one, and there are no notes");
    let program = program.on_cells(&settings.variation.cells).ok()?;
    (settings.form() == Ok(program.form())).then_some(program)
}

/// A later generation's candidates.
pub(super) fn offspring(
    settings: &SearchSettings,
    variation: &Variation,
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
                random(variation, &mut numbers)
            } else {
                child(settings, variation, population, &mut numbers)
            }
        })
        .collect()
}

fn random(variation: &Variation, numbers: &mut Stream) -> (Program, Origin) {
    let program = variation.random_program(numbers, NAME);
    (program, origin(&[], Operator::Random))
}

/// Whether an event of this probability happens. A certain one draws nothing.
fn happens(probability: f64, numbers: &mut impl Rng) -> bool {
    probability >= 1.0 || numbers.random::<f64>() < probability
}

/// A child of one parent, mutated once at least if at all; or of two, mutated perhaps.
fn child(
    settings: &SearchSettings,
    variation: &Variation,
    population: &Population,
    numbers: &mut impl Rng,
) -> (Program, Origin) {
    let first = population.tournament(settings.tournament, numbers);
    let (mut program, mut origin) = if numbers.random::<f64>() < settings.crossover_probability {
        let second = population.tournament(settings.tournament, numbers);
        let program = variation.crossover(&first.program, &second.program, numbers);
        (program, origin(&[first.id, second.id], Operator::Crossover))
    } else if happens(settings.mutation_probability, numbers) {
        let (program, mutation) = variation.mutate(&first.program, numbers);
        (program, origin(&[first.id], Operator::Mutation(mutation)))
    } else {
        return (first.program.clone(), origin(&[first.id], Operator::Copy));
    };
    // A share of 1 must not go on for ever.
    for _ in 0..settings.variation.maximum_instructions {
        if numbers.random::<f64>() >= settings.further_mutation_probability {
            break;
        }
        let (mutant, mutation) = variation.mutate(&program, numbers);
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
