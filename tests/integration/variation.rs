//! Random programs, mutants and crossovers: valid, bounded, reproducible, and really varied.

use std::collections::{BTreeMap, BTreeSet};

use mlevolve::program::known;
use mlevolve::program::{CellIndex, Instruction, Program, Role, Schema, distance};
use mlevolve::variation::{Guidance, Mutation, Variation, VariationSettings};
use mlevolve_ir::Dimensions;
use mlevolve_ir::ops::Op;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::evaluator::Evaluator;

fn stream(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn variation(settings: &VariationSettings) -> Variation {
    Variation::new(Schema::Optimizer, settings)
}

fn random(seed: u64) -> Program {
    variation(&VariationSettings::default()).random_program(&mut stream(seed), "random")
}

/// Random programs, known ones, and what comes of them in a few generations.
fn population() -> Vec<Program> {
    let variation = variation(&VariationSettings::default());
    let mut population: Vec<Program> = (0..600).map(random).collect();
    population.extend(
        known::of(Schema::Optimizer)
            // Muon and Shampoo have cells of shapes that the standard layout lacks.
            .filter_map(|known| known.program().unwrap().standardised().ok()),
    );
    for seed in 0..1_400 {
        let rng = &mut stream(10_000 + seed);
        let (first, second) = (seed as usize * 7, seed as usize * 13 + 5);
        let first = &population[first % population.len()];
        let second = &population[second % population.len()];
        let child = match seed % 2 {
            0 => variation.mutate(first, rng).0,
            _ => variation.crossover(first, second, rng),
        };
        population.push(child);
    }
    population
}

fn assert_round_trips(program: &Program) {
    let text = program.to_string();
    let parsed = Program::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&parsed, program);
    assert_eq!(parsed.to_string(), text);
}

#[test]
fn offspring_is_valid_bounded_and_round_trips() {
    let settings = VariationSettings::default();
    for program in population() {
        assert_eq!(program.verify(), Ok(()));
        assert!(program.is_standardised());
        assert!((1..=settings.maximum_instructions).contains(&program.instruction_count()));
        let learning_rate = program.constant("learning_rate").unwrap();
        assert!(learning_rate > 0.0 && learning_rate.is_finite());
        assert_round_trips(&program);
    }
}

/// Bits of the deltas over a few steps, every NaN as one.
fn behaviour(program: &Program) -> Vec<u32> {
    const ELEMENTS: usize = 19;
    let mut evaluator = Evaluator::new(program, Dimensions::flat(ELEMENTS));
    let mut w: Vec<f32> = (0..ELEMENTS)
        .map(|index| (index as f32 * 0.7).sin())
        .collect();
    let mut bits = Vec::new();
    for step in 1..=6 {
        let g: Vec<f32> = w.iter().map(|w| (w * 3.1 + step as f32).cos()).collect();
        let delta = evaluator.step(step, &w, &g);
        for (w, delta) in w.iter_mut().zip(delta) {
            *w += delta;
            bits.push(if delta.is_nan() {
                f32::NAN.to_bits()
            } else {
                delta.to_bits()
            });
        }
    }
    bits
}

#[test]
fn pruning_keeps_the_behaviour_and_leaves_nothing_to_prune() {
    let mut dropped = 0;
    for program in population() {
        let pruned = program.pruned();
        assert_eq!(pruned.verify(), Ok(()));
        assert_eq!(
            behaviour(&pruned),
            behaviour(&program),
            "{program}\n{pruned}"
        );
        assert_eq!(pruned.pruned(), pruned);
        assert_round_trips(&pruned);
        assert_eq!(
            behaviour(&pruned.standardised().unwrap()),
            behaviour(&program)
        );
        dropped += program.instruction_count() - pruned.instruction_count();
    }
    assert!(
        dropped > 1_000,
        "pruning was hardly exercised: {dropped} instructions dropped"
    );
}

#[test]
fn random_programs_are_mostly_alive() {
    let programs: Vec<Program> = (0..1_000).map(random).collect();
    let total: usize = programs.iter().map(Program::instruction_count).sum();
    let alive: usize = programs
        .iter()
        .map(|program| program.pruned().instruction_count())
        .sum();
    assert!(
        alive * 2 > total,
        "{alive} of {total} instructions have an effect"
    );
    let uses_gradient = |program: &&Program| {
        let gradient = program.cell_named("g").unwrap();
        program
            .pruned()
            .bodies()
            .iter()
            .flatten()
            .any(|instruction| instruction.operands().contains(&gradient))
    };
    let using = programs.iter().filter(uses_gradient).count();
    assert!(
        using > 400,
        "{using} of 1000 random programs use the gradient"
    );
    println!("{alive} of {total} instructions alive, {using} of 1000 use the gradient");
}

#[test]
fn random_programs_write_the_output_last_and_know_every_op() {
    let mut ops = BTreeMap::new();
    for seed in 0..1_000 {
        let program = random(seed);
        let last = program.body("update").unwrap().last().unwrap();
        assert_eq!(program.cell(last.destination()).role, Role::Output);
        for instruction in program.bodies().iter().flatten() {
            *ops.entry(instruction.op()).or_insert(0) += 1;
        }
    }
    let drawn: Vec<String> = VariationSettings::default().ops.into();
    let drawn = drawn.iter().filter_map(|word| Op::from_mnemonic(word));
    let missing: Vec<_> = drawn.filter(|op| !ops.contains_key(op)).collect();
    assert!(missing.is_empty(), "never drawn: {missing:?}");
}

#[test]
fn every_mutation_happens_and_changes_what_it_says() {
    let mut settings = VariationSettings::default();
    settings.mutation_weights.replace_instruction = 1.0;
    settings.mutation_weights.replace_function = 1.0;
    settings.mutation_weights.wrap_argument = 1.0;
    let variation = variation(&settings);
    let library: Vec<Program> = (300..310).map(random).collect();
    let guidance = Guidance {
        library: &library,
        ..settings.guidance()
    };
    let mut counts = BTreeMap::new();
    let mut wraps_that_grow = 0;
    for seed in 0..3_000 {
        let parent = random(seed % 200);
        let (child, mutation) =
            variation.mutate_guided(&parent, &guidance, &mut stream(seed + 77_000));
        *counts.entry(mutation).or_insert(0) += 1;
        assert_ne!(child, parent, "{mutation:?} changed nothing");
        let (before, after) = (parent.instruction_count(), child.instruction_count());
        let changed_instructions = || {
            let pairs = parent.bodies()[0].iter().zip(&child.bodies()[0]);
            pairs.filter(|(before, after)| before != after).count()
        };
        let same_cells = child.cells() == parent.cells();
        match mutation {
            Mutation::Insert => assert_eq!((after, same_cells), (before + 1, true)),
            Mutation::Delete => assert_eq!((after, same_cells), (before - 1, true)),
            Mutation::ReplaceOp | Mutation::RewireArgument | Mutation::ReplaceInstruction => {
                assert_eq!(
                    (after, same_cells, changed_instructions()),
                    (before, true, 1)
                );
            }
            Mutation::Swap => assert_eq!(
                (after, same_cells, changed_instructions()),
                (before, true, 2)
            ),
            Mutation::ReplaceFunction => assert!(same_cells),
            Mutation::InsertFragment => {
                assert!(
                    (before + 2..=before + 5).contains(&after),
                    "{before} {after}"
                );
                let new = child.bodies()[0].windows(2).filter(|pair| {
                    let mut sources = library
                        .iter()
                        .flat_map(|program| program.bodies()[0].windows(2));
                    sources.any(|source| source == *pair)
                });
                assert!(new.count() > 0, "{child}");
            }
            Mutation::WrapArgument => {
                let grown = after - before - 1;
                assert!(grown <= 1 && same_cells, "{before} {after}");
                wraps_that_grow += grown;
                let (old, new) = (&parent.bodies()[0], &child.bodies()[0]);
                let is_wrapped = |place: usize| {
                    let (wrap, reader) = (new[place + grown], new[place + grown + 1]);
                    let around = old[..place] == new[..place]
                        && old[place + 1..] == new[place + grown + 2..];
                    let is_read = |instruction: &Instruction| {
                        wrap.operands().contains(&instruction.destination())
                    };
                    // What the reader read, the new instruction reads, and everything else is as it was.
                    let was_read = |at: usize| {
                        let mut operands = reader.operands().to_vec();
                        operands[at] = old[place].operands()[at];
                        let restored =
                            Instruction::new(reader.destination(), reader.op(), &operands);
                        restored == Ok(old[place])
                            && reader.operands()[at] == wrap.destination()
                            && wrap.operands().contains(&operands[at])
                    };
                    let operands = reader.operands().len().min(old[place].operands().len());
                    around
                        && new[place..place + grown].iter().all(is_read)
                        && (0..operands).any(was_read)
                };
                assert!((0..before).any(is_wrapped), "{parent}{child}");
            }
            Mutation::PerturbConstant => {
                assert_eq!(child.bodies(), parent.bodies());
                let pairs = parent.cells().iter().zip(child.cells());
                assert_eq!(pairs.filter(|(before, after)| before != after).count(), 1);
            }
        }
    }
    assert_eq!(counts.len(), Mutation::ALL.len(), "{counts:?}");
    assert!(counts.values().all(|&count| count > 100), "{counts:?}");
    let wraps = counts[&Mutation::WrapArgument];
    assert!(
        (wraps / 10..wraps / 2).contains(&wraps_that_grow),
        "{wraps_that_grow} of {wraps}"
    );
}

/// From momentum to Nesterov's rule is one wrap: the step reads the sum of momentum and gradient. So is a rate that falls.
#[test]
fn a_wrap_finds_what_there_is_to_read() {
    let mut settings = only(Mutation::WrapArgument);
    let ops = [
        "add(tensor, tensor)",
        "mul(tensor, scalar)",
        "div(scalar, scalar)",
        "sqrt(scalar)",
    ];
    settings.ops = ops.map(String::from).to_vec().try_into().unwrap();
    let variation = variation(&settings);
    let momentum = known::find("momentum").unwrap().program().unwrap();
    let momentum = momentum.standardised().unwrap();
    let cell = |index: CellIndex| &momentum.cells()[index.index()];
    let old = &momentum.bodies()[0];
    // What the last instruction reads first.
    let velocity = &*cell(old.last().unwrap().operands()[0]).name;
    let is_never_written = |&index: &CellIndex| {
        let mut written = old.iter().map(Instruction::destination);
        matches!(cell(index).role, Role::State) && !written.any(|one| one == index)
    };
    let reads = |instruction: &Instruction| -> BTreeSet<&str> {
        let operands = instruction.operands().iter();
        operands.map(|&one| cell(one).name.as_str()).collect()
    };
    const WRAPS: u64 = 10_000;
    let (mut of_tensors, mut lookaheads, mut falling_rates) = (0, 0, 0);
    for seed in 0..WRAPS {
        let (child, _) = variation.mutate(&momentum, &mut stream(seed + 99_000));
        let new = &child.bodies()[0];
        let place = old
            .iter()
            .zip(new)
            .take_while(|(old, new)| old == new)
            .count();
        let last_new = place + new.len() - old.len() - 1;
        let (grown, wrap) = (&new[place..last_new], &new[last_new]);
        let read = new[place..=last_new].iter().flat_map(Instruction::operands);
        assert!(!read.into_iter().any(is_never_written), "{child}");
        of_tensors += usize::from(!cell(wrap.destination()).shape.is_scalar());
        let sums = wrap.op().mnemonic() == "add" && reads(wrap) == BTreeSet::from(["g", velocity]);
        lookaheads += usize::from(last_new + 2 == new.len() && sums);
        let falls = |root: &Instruction| {
            let (op, of) = (root.op().mnemonic(), reads(root));
            op == "sqrt"
                && of == BTreeSet::from(["step"])
                && wrap.op().mnemonic() == "div"
                && cell(wrap.operands()[0]).name == "learning_rate"
        };
        falling_rates += usize::from(grown.iter().any(falls));
    }
    assert!(of_tensors > WRAPS as usize * 3 / 4, "{of_tensors}");
    assert!(lookaheads > 200, "{lookaheads}");
    assert!(falling_rates > 2, "{falling_rates}");
}

fn only(mutation: Mutation) -> VariationSettings {
    let mut settings = VariationSettings::default();
    let weights = &mut settings.mutation_weights;
    for kind in Mutation::ALL {
        let weight = match kind {
            Mutation::Insert => &mut weights.insert,
            Mutation::Delete => &mut weights.delete,
            Mutation::ReplaceOp => &mut weights.replace_op,
            Mutation::RewireArgument => &mut weights.rewire_argument,
            Mutation::PerturbConstant => &mut weights.perturb_constant,
            Mutation::Swap => &mut weights.swap,
            Mutation::ReplaceInstruction => &mut weights.replace_instruction,
            Mutation::ReplaceFunction => &mut weights.replace_function,
            Mutation::InsertFragment => &mut weights.insert_fragment,
            Mutation::WrapArgument => &mut weights.wrap_argument,
        };
        *weight = if kind == mutation { 1.0 } else { 0.0 };
    }
    settings
}

fn sgd() -> Program {
    Program::parse(
        "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
         constant learning_rate = 0.001\nconstant c = 0\noutput delta tensor\n\
         update:\n delta = mul(g, c)\n",
    )
    .unwrap()
    .standardised()
    .unwrap()
}

#[test]
fn mutations_that_cannot_apply_give_way_to_the_next_that_may() {
    let mutated = |settings: &VariationSettings| variation(settings).mutate(&sgd(), &mut stream(1));
    // One instruction can be neither deleted nor swapped, and a full program cannot grow.
    for kind in [Mutation::Delete, Mutation::Swap, Mutation::Insert] {
        let mut settings = VariationSettings {
            maximum_instructions: 1,
            ..only(kind)
        };
        assert_eq!(mutated(&settings), (sgd(), kind));
        settings.mutation_weights.replace_op = 1e-9;
        assert_eq!(mutated(&settings).1, Mutation::ReplaceOp, "{kind:?}");
    }
}

#[test]
fn constants_move_even_from_zero_and_stay_in_their_range() {
    let variation = variation(&only(Mutation::PerturbConstant));
    let mut negative = 0;
    for seed in 0..300 {
        let (child, mutation) = variation.mutate(&sgd(), &mut stream(seed));
        assert_eq!(mutation, Mutation::PerturbConstant);
        let value = child.constant("c0").unwrap();
        assert!(value != 0.0 && value.is_finite());
        negative += usize::from(value < 0.0);
    }
    assert!(
        (20..120).contains(&negative),
        "{negative} of 300 are negative"
    );

    for extreme in [f32::MAX, f32::from_bits(1), 0.001] {
        let text = sgd()
            .with_constant("learning_rate", extreme)
            .unwrap()
            .to_string();
        let mut program = Program::parse(&text.replace("(g, c0)", "(g, learning_rate)")).unwrap();
        for seed in 0..300 {
            let (child, _) = variation.mutate(&program, &mut stream(seed));
            let before = program.constant("learning_rate").unwrap();
            let after = child.constant("learning_rate").unwrap();
            assert!(after > 0.0 && after.is_finite() && after != before);
            program = child;
        }
    }
}

#[test]
fn the_same_stream_gives_the_same_child() {
    let variation = variation(&VariationSettings::default());
    for seed in 0..200 {
        let (first, second) = (random(seed), random(seed + 1_000));
        assert_eq!(first, random(seed));
        let mutants = [(); 2].map(|()| variation.mutate(&first, &mut stream(seed)));
        assert_eq!(mutants[0], mutants[1]);
        let children = [(); 2].map(|()| variation.crossover(&first, &second, &mut stream(seed)));
        assert_eq!(children[0], children[1]);
    }
}

/// A change here changes every recorded search: it needs a new version of the run log.
#[test]
fn what_a_stream_gives_is_pinned() {
    let (child, mutation) =
        variation(&VariationSettings::default()).mutate(&random(1), &mut stream(2));
    let expected = include_str!("../fixtures/pinned_mutant.txt");
    assert_eq!(format!("{mutation:?}\n{}", child.pruned()), expected);
}

#[test]
fn crossover_respects_the_limit_and_takes_from_both_parents() {
    let variation = variation(&VariationSettings {
        maximum_instructions: 10,
        random_maximum_instructions: 10,
        ..VariationSettings::default()
    });
    let adam = known("adam");
    let (mut constants_taken, mut mixed) = (0, 0);
    for seed in 0..500 {
        let other = random(seed);
        // Adam is longer than the limit.
        for (first, second) in [(&adam, &other), (&other, &adam), (&other, &other)] {
            let child = variation.crossover(first, second, &mut stream(seed));
            assert!((1..=10).contains(&child.instruction_count()));
            let from = |parent: &Program| {
                child.bodies()[0]
                    .iter()
                    .any(|instruction| parent.bodies()[0].contains(instruction))
            };
            assert!(from(second));
            mixed += usize::from(from(first));
            constants_taken += usize::from(child.cells() != first.cells());
        }
    }
    assert!(
        mixed > 700 && constants_taken > 100,
        "{mixed} mixed, {constants_taken} with constants"
    );
}

#[test]
#[should_panic(expected = "is not on the cells of the search")]
fn programs_over_other_cells_are_not_varied() {
    let adam = known::find("adam").unwrap().program().unwrap();
    let variation = variation(&VariationSettings::default());
    let _ = variation.crossover(&adam, &random(1), &mut stream(1));
}

fn known(name: &str) -> Program {
    mlevolve::program::known::find(name)
        .unwrap()
        .program()
        .unwrap()
        .standardised()
        .unwrap()
}

#[test]
fn distances_measure_how_much_is_shared() {
    assert_eq!(distance(&known("adam"), &known("adam")), 0.0);
    assert!(distance(&known("momentum"), &known("nesterov")) <= 0.5);
    assert!(distance(&known("adam"), &known("adamw")) < distance(&known("sgd"), &known("adamw")));
    for seed in 0..200 {
        let (first, second) = (random(seed), random(seed + 500));
        let there = distance(&first, &second);
        assert!((0.0..=1.0).contains(&there));
        assert_eq!(there, distance(&second, &first));
    }
}
