//! A canonical hash stands for what a program does: a search takes the fitness of one program for
//! that of every other with the same hash.

use std::collections::{BTreeMap, BTreeSet};

use mlevolve::lowering::CanonicalHash;
use mlevolve::program::{Instruction, Program, Schema};
use mlevolve::variation::{Variation, VariationSettings};
use mlevolve_ir::lanes::ScalarLanes;
use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_tasks::stream;

use crate::optimizer_steps::{Inputs, evaluated, layout};
use crate::small_programs::small_programs;
use crate::specimens;

/// Mutants of mutants, never far from a few programs, so that many say the same thing.
fn mutants() -> Vec<Program> {
    let variation = Variation::new(Schema::Optimizer, &VariationSettings::default());
    let mut mutants = Vec::new();
    for (number, founder) in (0..).zip(specimens::evolved(30, 60)) {
        let numbers = &mut stream(number, "canonical mutants", [0, 0]);
        let mut program = founder.clone();
        for place in 0..50 {
            // Every fifth is a mutant of the founder again.
            let parent = if place % 5 == 0 { &founder } else { &program };
            program = variation.mutate(parent, numbers).0;
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
        if !specimens::WITH_MATRICES.contains(&program.name()) {
            let standardised = program.standardised().unwrap();
            assert_eq!(
                CanonicalHash::of(&standardised),
                hash,
                "standardised\n{program}"
            );
        }
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

/// The same program with the operands of some commuting instructions exchanged.
fn commuted(program: &Program, chosen: impl Fn(usize) -> bool) -> Program {
    let mut bodies = program.bodies().to_vec();
    for (place, instruction) in bodies.iter_mut().flatten().enumerate() {
        if instruction.op().commutes() && chosen(place) {
            let mut operands = instruction.operands().to_vec();
            operands.swap(0, 1);
            let (destination, op) = (instruction.destination(), instruction.op());
            *instruction = Instruction::new(destination, op, &operands).unwrap();
        }
    }
    let (schema, cells) = (program.schema(), program.cells().to_vec());
    Program::new(schema, program.name(), Vec::new(), cells, bodies).unwrap()
}

/// Rules find operands in either order, and what they make must not depend on which they find first.
#[test]
fn commuting_any_instructions_keeps_the_hash() {
    let mut changed = 0;
    for program in specimens::odd()
        .into_iter()
        .chain(specimens::evolved(200, 600))
    {
        let hash = CanonicalHash::of(&program);
        for pattern in [!0u64, 0x5555_5555_5555_5555, 0x9249_2492_4924_9249] {
            let other = commuted(&program, |place| pattern >> (place % 64) & 1 == 1);
            assert_eq!(CanonicalHash::of(&other), hash, "{program}\n{other}");
            changed += usize::from(other.bodies() != program.bodies());
        }
    }
    assert!(changed > 500, "{changed}");
}

/// What is the same to the bit for a reason that is known has one hash, and what is the same but for
/// the last bit, an infinity or the sign of a zero has not.
#[test]
fn programs_are_one_for_exact_reasons_only() {
    let hash = |body: &str| CanonicalHash::of(&specimens::program(body));
    for (one, other) in [
        ("t = neg(g)\ndelta = sub(w, t)", "delta = add(w, g)"),
        (
            "t = sub(c, c)\nu = add(c, g)\ndelta = sub(u, t)",
            "delta = add(g, c)",
        ),
        (
            "m = lerp(g, m, c)\ndelta = neg(m)",
            "t = sub(m, g)\nt = mul(c, t)\nm = add(t, g)\ndelta = neg(m)",
        ),
        ("t = max(g, c)\ndelta = min(t, w)", "delta = clip(g, c, w)"),
        (
            "s = norm(g)\ndelta = div(g, s)",
            "t = neg(g)\ns = dot(t, t)\ns = sqrt(s)\ndelta = div(g, s)",
        ),
        // No output depends on the state, once it is seen that it does not matter.
        (
            "m = add(m, g)\ndelta = select(m, g, g)",
            "delta = neg(g)\ndelta = neg(delta)",
        ),
        (
            "m = add(m, g)\nn = mul(m, n)\ndelta = select(n, g, g)\ndelta = add(delta, w)",
            "delta = add(g, w)",
        ),
    ] {
        assert_eq!(hash(one), hash(other), "{one}\n\n{other}");
    }
    for (one, other) in [
        // g − g is NaN for infinite g.
        (
            "t = sub(g, g)\ndelta = add(w, t)",
            "delta = neg(t)\ndelta = add(w, delta)",
        ),
        (
            "delta = neg(g)\ndelta = sub(delta, w)",
            "delta = add(g, w)\ndelta = neg(delta)",
        ),
        ("t = sub(w, g)\ndelta = neg(t)", "delta = sub(g, w)"),
        ("t = exp(g)\ndelta = log(t)", "t = neg(g)\ndelta = neg(t)"),
        ("t = square(g)\ndelta = sqrt(t)", "delta = abs(g)"),
        ("delta = div(g, c)", "t = reciprocal(c)\ndelta = mul(g, t)"),
        (
            "t = mul(g, c)\ndelta = mul(t, c)",
            "t = mul(c, c)\ndelta = mul(g, t)",
        ),
        (
            "t = add(g, c)\ndelta = add(t, w)",
            "t = add(g, w)\ndelta = add(t, c)",
        ),
    ] {
        assert_ne!(hash(one), hash(other), "{one}\n\n{other}");
    }
}

/// Two programs that shared a hash in a genetic-programming system, and their like: the order of
/// operands that do not commute counts at every depth, that of those that do at none.
#[test]
fn operands_are_told_apart_at_every_depth() {
    let hash = |tree: &str| {
        let [outer, left, right] = tree.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{tree}");
        };
        let body = format!("t = {left}\nu = {right}\ndelta = {outer}(t, u)");
        CanonicalHash::of(&specimens::program(&body))
    };
    let same = |trees: &[&str]| {
        let hashes: Vec<_> = trees.iter().map(|tree| hash(tree)).collect();
        assert!(hashes.iter().all(|it| *it == hashes[0]), "{trees:?}");
        hashes[0]
    };
    let mut different = vec![
        // (w + g) − (m + c)
        same(&[
            "sub add(w,g) add(m,c)",
            "sub add(g,w) add(m,c)",
            "sub add(g,w) add(c,m)",
        ]),
        same(&["sub add(m,c) add(w,g)", "sub add(c,m) add(g,w)"]),
        // The same grandchildren, paired otherwise.
        same(&["sub add(w,m) add(g,c)", "sub add(m,w) add(c,g)"]),
        same(&["div mul(w,g) mul(m,c)", "div mul(g,w) mul(c,m)"]),
        same(&["div mul(m,c) mul(w,g)"]),
        same(&["mul sub(w,g) sub(m,c)", "mul sub(m,c) sub(w,g)"]),
        same(&["mul sub(g,w) sub(m,c)", "mul sub(m,c) sub(g,w)"]),
        same(&["min max(w,g) max(m,c)", "min max(c,m) max(g,w)"]),
        same(&["max min(w,g) min(m,c)", "max min(c,m) min(g,w)"]),
        same(&["less pow(w,g) pow(m,c)"]),
        same(&["less pow(m,c) pow(w,g)"]),
        same(&["less pow(g,w) pow(c,m)"]),
    ];
    // m is zero for ever, if nothing writes it; and two sums of three are no sum of a fourth.
    different.push(same(&["add add(w,g) add(w,c)", "add add(c,w) add(g,w)"]));
    different.push(same(&["add add(w,w) add(g,c)", "add add(g,c) add(w,w)"]));
    let count = different.len();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), count);
}

/// All small programs of some ops: those with one expression have one hash, and those with one hash
/// have the same bits. Bits can be the same for reasons that no rule knows, such as that x − x is 0
/// or NaN; how often at most is told for each choice of ops, and for some it is never.
#[test]
fn small_programs_with_one_hash_are_the_ones_with_the_same_bits() {
    for (ops, unknown) in [
        ("neg abs sign", 0),
        ("neg square abs", 0),
        ("neg reciprocal abs", 1),
        ("min max neg", 34),
        ("add neg", 14),
        ("sub add neg min", 498),
        ("mul div neg abs", 394),
        ("max abs square", 18),
        ("less heaviside neg", 78),
        ("select sign", 1370),
        ("clip neg", 312),
    ] {
        let mut of_expression = BTreeMap::new();
        let mut of_hash = BTreeMap::new();
        let mut behaviours = BTreeSet::new();
        for small in small_programs(ops) {
            let hash = CanonicalHash::of(&specimens::program(&small.body));
            let known = *of_expression
                .entry(small.expression.clone())
                .or_insert(hash);
            assert_eq!(known, hash, "{}", small.expression);
            behaviours.insert(small.bits.clone());
            let known = of_hash
                .entry(hash)
                .or_insert((small.bits.clone(), small.body.clone()));
            assert!(known.0 == small.bits, "\n{}\n{}", known.1, small.body);
        }
        assert!(of_hash.len() < of_expression.len(), "{ops}");
        let missed = of_hash.len() - behaviours.len();
        assert!(missed <= unknown, "{ops}: {missed}");
    }
}

/// Of two like cells, a function may only write the first, or not know it, and read the second.
#[test]
fn like_cells_are_one_whichever_a_function_reads() {
    let learner = |body: &str| {
        let cells = "input x column\ninput y scalar\ninput step scalar\ninput seed scalar\n\
            state prediction scalar\nstate a scalar\nstate b scalar\nstate c scalar\n";
        let text = format!("program p\nschema learner 1\n{cells}\nsetup:\n\n{body}");
        Program::parse(&text).unwrap()
    };
    for (two, one) in [
        (
            "predict:\n  prediction = mul(a, b)\n\nlearn:\n  a = add(b, y)\n  b = add(b, y)\n",
            "predict:\n  prediction = mul(a, a)\n\nlearn:\n  a = add(a, y)\n",
        ),
        (
            "predict:\n  prediction = mul(b, c)\n\nlearn:\n  c = add(c, a)\n  a = add(b, y)\n  b = add(b, y)\n",
            "predict:\n  prediction = mul(a, c)\n\nlearn:\n  c = add(c, a)\n  a = add(a, y)\n",
        ),
    ] {
        let [two, one] = [two, one].map(learner);
        assert_eq!(CanonicalHash::of(&two), CanonicalHash::of(&one));
    }
}
