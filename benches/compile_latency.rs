//! How long it takes from a program's text in memory until the program can be called, by back end, what
//! of it is spent where, and what Cranelift alone takes for the same functions.
//!
//! ```text
//! cargo bench --bench compile_latency
//! ```
//!
//! A search makes a program ready, runs it for some ten thousand steps, and throws it away; most it
//! throws away sooner. All programs here have twenty instructions, as a grown candidate has, and all of
//! them matter, so that no pass makes light work of them. One is written by hand, of cheap ops alone;
//! the others are drawn at random, reductions and elementary functions among them.
//!
//! Dropping what was made is part of each figure, since native code is unmapped then. "cranelift
//! alone" is its `Context::compile` on the very functions that it is given for native code, without
//! making them or making the code executable.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod shared;

use std::hint::black_box;

use clap::Parser;
use mlevolve::lowering::{CanonicalHash, lower, lower_unoptimised};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::{Program, Schema};
use mlevolve::variation::{Variation, VariationSettings};
use mlevolve_ir::{Backend, Definition, Function, Kernel, Value, jit, passes};
use mlevolve_tasks::stream;
use shared::measure::{Contender, Measuring, Unit, interleave, report};

const INSTRUCTIONS: usize = 20;
const RANDOM_PROGRAMS: usize = 50;

const TWENTY: &str = "program twenty
schema optimizer 1

input w tensor
input g tensor
input step scalar
constant learning_rate = 0.01
constant beta = 0.9
constant gamma = 0.99
constant epsilon = 1e-8
constant decay = 0.001
state m tensor
state v tensor
state drift scalar
scratch t tensor
scratch u tensor
scratch s scalar
scratch rate scalar
output delta tensor

update:
  m = lerp(g, m, beta)
  t = sub(g, m)
  u = square(t)
  v = lerp(u, v, gamma)
  u = sqrt(v)
  u = add(u, epsilon)
  t = div(m, u)
  drift = add(drift, decay)
  s = neg(drift)
  t = clip(t, s, drift)
  u = abs(g)
  u = max(u, epsilon)
  t = mul(t, u)
  u = sign(m)
  t = select(u, t, m)
  rate = reciprocal(drift)
  rate = mul(rate, learning_rate)
  t = mul(t, rate)
  u = min(w, t)
  delta = sub(u, w)
";

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    measuring: Measuring,
}

fn main() {
    let measuring = Options::parse().measuring;
    let twenty = Program::parse(TWENTY).unwrap();
    // One more op than instructions: delta is added to the weight.
    assert_eq!(op_count(&lower_unoptimised(&twenty)[0]), INSTRUCTIONS + 1);
    assert!(
        op_count(&lower(&twenty)[0]) >= INSTRUCTIONS,
        "the passes make light work of the program, so it needs other instructions"
    );
    programs("twenty cheap ops", &[twenty], &measuring);
    let case = format!("{RANDOM_PROGRAMS} random programs");
    programs(&case, &random_programs(), &measuring);
}

/// What is left of random programs without their dead code, where that has the right length.
fn random_programs() -> Vec<Program> {
    let settings = VariationSettings {
        maximum_instructions: 80,
        random_minimum_instructions: INSTRUCTIONS,
        random_maximum_instructions: 80,
        ..VariationSettings::default()
    };
    let mut numbers = stream(1, "benchmark", [4, 0]);
    let variation = Variation::new(Schema::Optimizer, &settings);
    let mut draw = || variation.random_program(&mut numbers, "drawn").pruned();
    let drawn = std::iter::repeat_with(&mut draw);
    let fitting = drawn.filter(|program| program.instruction_count() == INSTRUCTIONS);
    fitting.take(RANDOM_PROGRAMS).collect()
}

/// Measures programs together: a turn makes each of them ready. Figures are for one program.
fn programs(case: &str, programs: &[Program], measuring: &Measuring) {
    for program in programs {
        assert_eq!(program.pruned().instruction_count(), INSTRUCTIONS);
    }
    let texts: Vec<String> = programs.iter().map(Program::to_string).collect();
    let lowered: Vec<Function> = programs.iter().map(|p| lower(p).swap_remove(0)).collect();
    let unoptimised: Vec<Function> = programs
        .iter()
        .map(|program| lower_unoptimised(program).swap_remove(0))
        .collect();

    let from_text = |backend: Backend| {
        let texts = &texts;
        Contender::new(
            format!("text to callable, {backend}"),
            move |(): &mut ()| {
                for text in texts {
                    let program = Program::parse(black_box(text)).unwrap();
                    black_box(CompiledOptimizer::new(&program, backend).unwrap());
                }
            },
        )
    };
    let compile = |backend: Backend| {
        let lowered = &lowered;
        Contender::new(format!("  compile, {backend}"), move |(): &mut ()| {
            for function in lowered {
                black_box(Kernel::compile(black_box(function), backend).unwrap());
            }
        })
    };
    let cranelift_alone = |backend: Backend| {
        let lowered = &lowered;
        let name = format!("cranelift alone, {backend}");
        Contender::timing_itself(name, move |(): &mut ()| {
            let times = lowered
                .iter()
                .map(|function| jit::time_of_cranelift_alone(function, backend));
            times.map(Result::unwrap).sum()
        })
    };
    let mut contenders = [
        from_text(Backend::Jit),
        cranelift_alone(Backend::Jit),
        from_text(Backend::JitQuick),
        cranelift_alone(Backend::JitQuick),
        from_text(Backend::Interpreter),
        Contender::new("  parse", |(): &mut ()| {
            for text in &texts {
                black_box(Program::parse(black_box(text)).unwrap());
            }
        }),
        Contender::new("  lower", |(): &mut ()| {
            for program in programs {
                black_box(lower_unoptimised(black_box(program)));
            }
        }),
        Contender::new("  optimise", |(): &mut ()| {
            for function in &unoptimised {
                black_box(passes::optimise(black_box(function)));
            }
        }),
        compile(Backend::Jit),
        compile(Backend::JitQuick),
        compile(Backend::Interpreter),
        Contender::new("canonical hash", |(): &mut ()| {
            for program in programs {
                black_box(CanonicalHash::of(black_box(program)));
            }
        }),
    ];
    let series = interleave(&mut (), &mut contenders, measuring);
    let (unit, work) = (Unit::Microseconds, programs.len() as f64);
    report("compile_latency", case, unit, work, &series, measuring);
    println!(
        "  ours in all / Cranelift alone: {:.3} full tier, {:.3} quick tier (target: at most 1.6)",
        series[0].ratio_to(&series[1]),
        series[2].ratio_to(&series[3])
    );
}

fn op_count(function: &Function) -> usize {
    let is_op = |value: &Value| match function.definition(*value) {
        Definition::Apply { .. } => true,
        Definition::Load(_) | Definition::Constant(_) => false,
    };
    function.values().filter(is_op).count()
}
