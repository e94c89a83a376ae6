//! Where candidates come from: the first generation, and the children of a population.

use mlevolve_tasks::{Stream, stream};
use rand::{Rng, RngExt};
use rayon::prelude::*;
use smallvec::smallvec;

use super::{
    Individual, Island, KnownPrograms, MapElites, Operator, Origin, Population, SearchSettings,
};
use crate::fitness::{Judge, Probed};
use crate::program::{Program, known};
use crate::variation::{Guidance, Variation};

/// What programs of a search are called, until one of them is taken out of it.
const NAME: &str = "candidate";

/// A program that was made on an island.
pub(super) struct Offspring {
    pub(super) program: Program,
    pub(super) origin: Origin,
    pub(super) island: usize,
}

/// What becomes of a program once it is made, by its place among those of its generation: at once, while it is still in the
/// nearest caches.
pub(super) trait Next<T>: Fn(usize, Offspring) -> T + Sync {}

impl<T, F: Fn(usize, Offspring) -> T + Sync> Next<T> for F {}

/// The first generation, or one that begins anew: known programs that the judge suggests, as far as there is room
/// and the settings want them, and random programs. Known ones go round the islands.
pub(super) fn first_generation<T: Send>(
    settings: &SearchSettings,
    variation: &Variation,
    judge: &dyn Judge,
    generation: u32,
    next: &impl Next<T>,
) -> Vec<T> {
    let known = match &settings.known_programs {
        KnownPrograms::All(true) => judge.starting_points(),
        KnownPrograms::All(false) => Vec::new(),
        KnownPrograms::Named(names) => named(names, judge.starting_points()),
    };
    let known = known.iter().filter_map(|program| member(program, settings));
    let known = known.map(|program| (program, origin(&[], Operator::Known)));
    let random = |place: usize| {
        let key = [u64::from(generation), place as u64];
        let mut numbers = stream(settings.seed, "breeding", key);
        random(settings, variation, judge, &mut numbers)
    };
    let settled = |place: usize, (program, origin)| {
        let offspring = Offspring {
            program,
            origin,
            island: place % settings.islands,
        };
        next(place, offspring)
    };
    let known = known.take(settings.population).enumerate();
    let mut made: Vec<T> = known.map(|(place, made)| settled(place, made)).collect();
    let places = made.len()..settings.population;
    let random = places
        .into_par_iter()
        .map(|place| settled(place, random(place)));
    made.par_extend(random);
    made
}

/// The known programs of these names: as the judge suggests them, in its order, or else as they are written.
fn named(names: &[String], suggested: Vec<Program>) -> Vec<Program> {
    let is_suggested = |name: &String| suggested.iter().any(|program| program.name() == name);
    let others = names.iter().filter(|name| !is_suggested(name));
    let others = others.filter_map(|name| known::find(name));
    let others: Vec<Program> = others.map(known::KnownProgram::parsed).collect();
    let mut programs = suggested;
    programs.retain(|program| names.iter().any(|name| name == program.name()));
    programs.extend(others);
    programs
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

/// A later generation's candidates, island by island.
pub(super) fn offspring<T: Send>(
    settings: &SearchSettings,
    variation: &Variation,
    guidance: &Guidance<'_>,
    (islands, map): (&[Island], &MapElites),
    judge: &dyn Judge,
    generation: u32,
    next: &impl Next<T>,
) -> Vec<T> {
    let mut made = Vec::with_capacity(settings.offspring);
    for (place, island) in islands.iter().enumerate() {
        let own = settings.on_island(place);
        let is_poor = island.diversity < own.diversity_floor
            || island.behavioural_diversity < own.behavioural_diversity_floor;
        let injection_rate = if is_poor {
            // An island may want more at any time.
            own.low_diversity_injection_rate.max(own.injection_rate)
        } else {
            own.injection_rate
        };
        let born = made.len();
        let is_empty = island.population.individuals().is_empty();
        made.par_extend((0..own.offspring).into_par_iter().map(|number| {
            let key = [u64::from(generation), (born + number) as u64];
            let mut numbers = stream(settings.seed, "breeding", key);
            let (program, origin) = if is_empty || numbers.random::<f64>() < injection_rate {
                random(&own, variation, judge, &mut numbers)
            } else {
                let parents = Parents {
                    settings: &own,
                    population: &island.population,
                    map,
                };
                child(parents, variation, guidance, &mut numbers)
            };
            let offspring = Offspring {
                program,
                origin,
                island: place,
            };
            next(born + number, offspring)
        }));
    }
    made
}

/// A random program: the first that is not found out by a probe, or the last of so many as the settings allow.
fn random(
    settings: &SearchSettings,
    variation: &Variation,
    judge: &dyn Judge,
    numbers: &mut Stream,
) -> (Program, Origin) {
    let mut program = variation.random_program(numbers, NAME);
    for _ in 1..settings.random_attempts {
        if !matches!(judge.probe(&program), Ok(Probed::Rejected(_))) {
            break;
        }
        program = variation.random_program(numbers, NAME);
    }
    (program, origin(&[], Operator::Random))
}

/// Whether an event of this probability happens. A certain one draws nothing.
fn happens(probability: f64, numbers: &mut impl Rng) -> bool {
    probability >= 1.0 || numbers.random::<f64>() < probability
}

/// Where the parents of an island's children come from.
#[derive(Clone, Copy)]
struct Parents<'a> {
    settings: &'a SearchSettings,
    population: &'a Population,
    map: &'a MapElites,
}

impl<'a> Parents<'a> {
    /// One from the map with the probability that settings give, if they do; else the winner of a tournament.
    fn draw(&self, numbers: &mut impl Rng) -> &'a Individual {
        if let Some(map_elites) = self.settings.map_elites
            && numbers.random::<f64>() < map_elites.probability
            && let Some(elite) = self.map.draw(numbers)
        {
            return elite;
        }
        self.population
            .tournament(self.settings.tournament, numbers)
    }
}

/// A child of one parent, mutated once at least if at all; or of two, mutated perhaps.
fn child(
    parents: Parents<'_>,
    variation: &Variation,
    guidance: &Guidance<'_>,
    numbers: &mut impl Rng,
) -> (Program, Origin) {
    let settings = parents.settings;
    let first = parents.draw(numbers);
    let (mut program, mut origin) = if numbers.random::<f64>() < settings.crossover_probability {
        let second = parents.draw(numbers);
        let program = variation.crossover(&first.program, &second.program, numbers);
        (program, origin(&[first.id, second.id], Operator::Crossover))
    } else if happens(settings.mutation_probability, numbers) {
        let (program, mutation) = variation.mutate_guided(&first.program, guidance, numbers);
        (program, origin(&[first.id], Operator::Mutation(mutation)))
    } else {
        return (first.program.clone(), origin(&[first.id], Operator::Copy));
    };
    // A share of 1 must not go on for ever.
    for _ in 0..settings.variation.maximum_instructions {
        if numbers.random::<f64>() >= settings.further_mutation_probability {
            break;
        }
        let (mutant, mutation) = variation.mutate_guided(&program, guidance, numbers);
        program = mutant;
        origin.operators.push(Operator::Mutation(mutation));
    }
    (program, origin)
}

fn origin(parents: &[u64], operator: Operator) -> Origin {
    Origin {
        parents: parents.iter().copied().collect(),
        operators: smallvec![operator],
    }
}
