//! A canonical hash stands for what a program does: a search takes the fitness of one program for
//! that of every other with the same hash.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod evaluator;
mod optimizer_steps;
mod specimens;

use std::collections::BTreeMap;

use mlevolve::lowering::CanonicalHash;
use mlevolve::program::{Instruction, Program};
use mlevolve::variation::{VariationSettings, mutate};
use mlevolve_ir::lanes::ScalarLanes;
use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_tasks::stream;

use optimizer_steps::{Inputs, evaluated, layout};

/// Mutants of mutants, never far from a few programs, so that many say the same thing.
fn mutants() -> Vec<Program> {
    let settings = VariationSettings::default();
    let mut mutants = Vec::new();
    for (number, founder) in (0..).zip(specimens::evolved(30, 60)) {
        let numbers = &mut stream(number, "canonical mutants", [0, 0]);
        let mut program = founder.clone();
        for place in 0..50 {
            // Every fifth is a mutant of the founder again.
            let parent = if place % 5 == 0 { &founder } else { &program };
            program = mutate(parent, &settings, numbers).0;
            mutants.push(program.clone());
            mutants.extend(with_operands_exchanged(&program, place));
        }
    }
    mutants
}

/// The program with the first two operands of its instruction at `place` exchanged, if it has two.
fn with_operands_exchanged(program: &Program, place: usize) -> Option<Program> {
    let mut bodies = program.bodies().to_vec();
    let instructions = bodies[0].len().max(1);
    let instruction = bodies[0].get_mut(place % instructions)?;
    let mut operands = instruction.operands().to_vec();
    if operands.len() < 2 {
        return None;
    }
    operands.swap(0, 1);
    let (destination, op) = (instruction.destination(), instruction.op());
    *instruction = Instruction::new(destination, op, &operands).unwrap();
    let (schema, cells) = (program.schema(), program.cells().to_vec());
    Some(Program::new(schema, program.name(), Vec::new(), cells, bodies).unwrap())
}

#[test]
fn programs_with_one_hash_behave_alike() {
    let layout = layout();
    let inputs = Inputs::new(&layout, 1);
    let mut groups: BTreeMap<CanonicalHash, Vec<Program>> = BTreeMap::new();
    for mutant in mutants() {
        let group = groups.entry(CanonicalHash::of(&mutant)).or_default();
        group.push(mutant);
    }
    let mut compared = 0;
    for group in groups.values() {
        let Some((first, others)) = group.split_first() else {
            continue;
        };
        let mut others: Vec<_> = others.iter().filter(|other| *other != first).collect();
        // Enough of a group, such as of all that do nothing.
        others.truncate(20);
        if others.is_empty() {
            continue;
        }
        let expected = evaluated(first, &layout, &inputs);
        for other in others {
            let found = evaluated(other, &layout, &inputs);
            found.assert_same(&expected, &format!("{first}\nand this"), other);
            // Twins that differ in more than what has no effect.
            compared += usize::from(first.pruned() != other.pruned());
        }
    }
    assert!(compared > 50, "{compared} pairs");
}

/// A program with its cells declared in the opposite order, and with other names where the schema
/// leaves the choice.
fn disguised(program: &Program) -> Program {
    let text = program.with_notes(Vec::new()).unwrap().to_string();
    let name = |word: &str| {
        let is_free =
            program.cell_named(word).is_some() && program.schema().required_cell(word).is_none();
        if is_free {
            format!("x_{word}")
        } else {
            word.to_owned()
        }
    };
    let renamed: Vec<String> = text
        .lines()
        .map(|line| {
            let words = line.split_inclusive(|next: char| !(next.is_alphanumeric() || next == '_'));
            words
                .map(|word| {
                    let end = word
                        .trim_end_matches(|next: char| !(next.is_alphanumeric() || next == '_'));
                    name(end) + &word[end.len()..]
                })
                .collect()
        })
        .collect();
    let is_declaration = |line: &&String| {
        let roles = ["input ", "constant ", "state ", "scratch ", "output "];
        roles.iter().any(|role| line.starts_with(role))
    };
    let declarations: Vec<&String> = renamed.iter().filter(is_declaration).collect();
    let mut reversed = declarations.iter().rev();
    let lines = renamed.iter().map(|line| match is_declaration(&line) {
        true => reversed.next().unwrap().as_str(),
        false => line.as_str(),
    });
    let lines: Vec<&str> = lines.collect();
    Program::parse(&lines.join("\n")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn pruning_standardising_and_renaming_keep_the_hash() {
    let mut programs = specimens::odd();
    programs.extend(specimens::program_files());
    programs.extend(specimens::evolved(100, 200));
    for program in &programs {
        let hash = CanonicalHash::of(program);
        assert_eq!(
            CanonicalHash::of(&program.pruned()),
            hash,
            "pruned\n{program}"
        );
        let standardised = program.standardised().unwrap();
        assert_eq!(
            CanonicalHash::of(&standardised),
            hash,
            "standardised\n{program}"
        );
        let disguised = disguised(program);
        assert_ne!(&disguised, program);
        assert_eq!(
            CanonicalHash::of(&disguised),
            hash,
            "disguised\n{program}\n{disguised}"
        );
        let reread = Program::parse(&program.to_string()).unwrap();
        assert_eq!(
            CanonicalHash::of(&reread),
            hash,
            "printed and read\n{program}"
        );
    }
}

/// The operands of a commuting op can be exchanged, and no others: sorting them all was a mistake
/// that a genetic-programming system shipped with.
#[test]
fn only_operands_of_commuting_ops_are_exchanged() {
    let hash = |body: &str| CanonicalHash::of(&specimens::program(body));
    let mut kept_apart = 0;
    for &op in ElementwiseOp::ALL {
        let (word, commutes) = (
            Op::Elementwise(op).mnemonic(),
            Op::Elementwise(op).commutes(),
        );
        let orders = match Op::Elementwise(op).arity() {
            1 => continue,
            2 => vec![("w, g", "g, w", commutes)],
            _ => vec![
                ("w, g, c", "g, w, c", commutes),
                ("w, g, c", "w, c, g", false),
                ("w, g, c", "c, g, w", false),
            ],
        };
        for (one, other, same) in orders {
            let [one, other] = [one, other].map(|operands| format!("delta = {word}({operands})"));
            assert_eq!(hash(&one) == hash(&other), same, "{one} and {other}");
            kept_apart += usize::from(!same);
        }
    }
    assert!(kept_apart >= 8, "{kept_apart}");
}

/// An op may be called commuting only if no bit tells the order, whatever the operands.
#[test]
fn ops_that_are_said_to_commute_do() {
    let numbers = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        -1e-45,
        3.0e38,
        0.1,
    ];
    let bits = |value: f32| {
        if value.is_nan() {
            None
        } else {
            Some(value.to_bits())
        }
    };
    let mut checked = 0;
    for &op in ElementwiseOp::ALL {
        if !Op::Elementwise(op).commutes() {
            continue;
        }
        checked += 1;
        for a in numbers {
            for b in numbers {
                for c in numbers {
                    let third = &[c][..Op::Elementwise(op).arity() - 2];
                    let [there, back] = [[a, b], [b, a]].map(|first| {
                        bits(op.evaluate(&ScalarLanes, &[&first[..], third].concat()))
                    });
                    assert_eq!(there, back, "{op:?} of {a:e}, {b:e}, {c:e}");
                }
            }
        }
    }
    assert!(checked >= 5, "{checked}");
}
