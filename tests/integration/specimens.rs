//! Programs of every kind that a search meets, and some that are hard on a compiler.

use std::fs;
use std::path::Path;

use mlevolve::program::{Program, Schema};
use mlevolve::variation::{Variation, VariationSettings};
use mlevolve_tasks::stream;

/// Known rules with cells of shapes that the standard layout lacks, so that no search begins with them.
pub(crate) const WITH_MATRICES: [&str; 2] = ["muon", "shampoo"];

/// Every update rule of the directory `programs`.
pub(crate) fn program_files() -> Vec<Program> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 9, "{paths:?}");
    let programs = paths.iter().map(|path| Program::load(path).unwrap());
    programs
        .filter(|program| program.schema() == Schema::Optimizer)
        .collect()
}

/// A random program.
pub(crate) fn random(number: u64) -> Program {
    Variation::new(Schema::Optimizer, &VariationSettings::default())
        .random_program(&mut stream(number, "random specimen", [0, 0]), "specimen")
}

/// What a few generations without selection make of known programs and `founders` random ones.
pub(crate) fn evolved(founders: u64, children: u64) -> Vec<Program> {
    let variation = Variation::new(Schema::Optimizer, &VariationSettings::default());
    let known = program_files().into_iter();
    let mut population: Vec<Program> = known
        .filter(|program| !WITH_MATRICES.contains(&program.name()))
        .map(|program| program.standardised().unwrap())
        .chain((0..founders).map(random))
        .collect();
    for number in 0..children {
        let numbers = &mut stream(number, "evolved specimen", [0, 0]);
        let parent = |step: u64| &population[(number * step) as usize % population.len()];
        let child = if number % 3 == 0 {
            variation.crossover(parent(7), parent(13), numbers)
        } else {
            variation.mutate(parent(11), numbers).0
        };
        population.push(child);
    }
    population
}

const HEAD: &str = "program specimen
schema optimizer 1
input w tensor
input g tensor
input step scalar
constant learning_rate = 0.1
constant c = 0.9
constant small = 1e-38
output delta tensor
state m tensor
state n tensor
state p scalar
state q scalar
scratch s scalar
scratch t tensor
scratch u tensor
update:
";

/// A program of these instructions.
pub(crate) fn program(body: &str) -> Program {
    Program::parse(&format!("{HEAD}{body}")).unwrap_or_else(|error| panic!("{error}"))
}

/// Instructions that lie off the beaten track.
pub(crate) const ODD_BODIES: &[&str] = &[
    // Nothing is done.
    "",
    // The output is written from itself, which is zero at each call's start.
    "delta = exp(delta)",
    // One number moves every element.
    "delta = neg(learning_rate)",
    "delta = sum(g)",
    // Scalar state, one of its own for each tensor.
    "s = norm(g)\np = lerp(s, p, c)\ndelta = div(g, p)",
    "p = max_of(w)\nq = add(q, p)\ndelta = mul(g, q)\ndelta = neg(delta)",
    // Scalar state that is the same for all tensors, without a reduction.
    "p = lerp(step, p, c)\ndelta = mul(g, p)",
    // A scalar in a tensor's cell, and then reduced: the sum of as many equal numbers.
    "t = mul(c, step)\ns = sum(t)\ndelta = mul(g, s)",
    "t = mul(c, learning_rate)\ns = mean(t)\np = norm(t)\nq = max_of(t)\ns = add(s, p)\n\
     s = add(s, q)\ndelta = mul(g, s)",
    // The same by way of state, in the step after.
    "s = mean(m)\ndelta = mul(g, s)\nm = neg(step)",
    "s = sum(m)\nm = sum(g)\ndelta = sub(s, m)",
    // The sum of the cells of a constant, and of state that is zero for ever.
    "t = abs(small)\ns = sum(t)\ndelta = mul(g, s)",
    "s = max_of(n)\ndelta = add(g, s)",
    // State that is never written.
    "delta = mul(n, g)",
    "t = div(n, q)\ndelta = add(t, g)",
    // State that is written and never read; the reduction is dead.
    "m = add(m, g)\ns = sum(g)\ndelta = mul(g, learning_rate)",
    // State read after it is written, and state exchanged at each step.
    "m = add(m, g)\ndelta = mul(m, c)\nm = mul(m, c)",
    "t = add(m, g)\nm = sub(n, w)\nn = add(t, g)\ndelta = mul(m, learning_rate)",
    "p = add(q, step)\nq = sub(p, c)\ns = sub(q, p)\ndelta = mul(g, s)",
    // A reduction of a reduction's result, and of what it was made of.
    "s = mean(g)\nt = sub(g, s)\nt = square(t)\ns = mean(t)\ns = sqrt(s)\ndelta = div(g, s)",
    // Signed zeros and NaN through every op that might lose them.
    "t = neg(g)\nu = max(t, g)\nt = min(t, g)\nt = sign(t)\nu = abs(u)\ndelta = select(g, t, u)",
    "t = heaviside(g)\nt = pow(t, g)\nu = log(g)\nu = tanh(u)\ndelta = clip(w, t, u)",
    "t = reciprocal(g)\nu = exp(t)\nt = mul(t, small)\ndelta = lerp(t, u, small)",
];

/// [`ODD_BODIES`] as programs, and one with as many instructions as there can be.
pub(crate) fn odd() -> Vec<Program> {
    let mut programs: Vec<_> = ODD_BODIES.iter().map(|body| program(body)).collect();
    let mut long = String::new();
    // Every value is kept to the end, so that no register is ever free.
    for number in 0..63 {
        let cell = ["m", "n", "t", "u"][number % 4];
        let other = ["n", "t", "u", "m"][number % 4];
        long += &format!("{cell} = lerp({other}, g, c)\n{cell} = add({cell}, {other})\n");
        long += &format!("s = mean({cell})\ndelta = add(delta, s)\n");
    }
    programs.push(program(&long));
    programs
}
