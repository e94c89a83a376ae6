//! How long it takes until a program can run, by back end, and what of it is spent where.
//!
//! A search makes a program ready, runs it for some ten thousand steps, and throws it away; most it
//! throws away sooner. The program here has twenty instructions, as a grown candidate has, and all of
//! them matter, so that no pass makes light work of it.
//!
//! Dropping what was made is part of each figure, since native code is unmapped then.

#![allow(missing_docs, reason = "criterion's macros make functions without")]
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mlevolve::lowering::{CanonicalHash, lower, lower_unoptimised};
use mlevolve::optimizer::CompiledOptimizer;
use mlevolve::program::Program;
use mlevolve_ir::{Backend, Definition, Function, Kernel, Value, passes};

const INSTRUCTIONS: usize = 20;

/// Two averages, a clipped step, a schedule and decay. Nothing is computed of constants alone.
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

fn op_count(function: &Function) -> usize {
    let is_op = |value: &Value| match function.definition(*value) {
        Definition::Apply { .. } => true,
        Definition::Load(_) | Definition::Constant(_) => false,
    };
    function.values().filter(is_op).count()
}

fn compile_latency(criterion: &mut Criterion) {
    let program = Program::parse(TWENTY).unwrap();
    assert_eq!(program.instruction_count(), INSTRUCTIONS);
    assert_eq!(program.pruned().instruction_count(), INSTRUCTIONS);
    let functions = lower(&program);
    let unoptimised = lower_unoptimised(&program);
    // One more op than instructions: delta is added to the weight.
    assert_eq!(op_count(&unoptimised[0]), INSTRUCTIONS + 1);
    assert!(
        op_count(&functions[0]) >= INSTRUCTIONS,
        "the passes make light work of the program, so it needs other instructions"
    );

    let mut group = criterion.benchmark_group("compile_latency");
    group
        .sample_size(50)
        .nresamples(10_000)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    group.bench_function("canonical_hash", |bencher| {
        bencher.iter(|| CanonicalHash::of(black_box(&program)));
    });
    group.bench_function("lower", |bencher| {
        bencher.iter(|| lower_unoptimised(black_box(&program)));
    });
    group.bench_function("optimise", |bencher| {
        bencher.iter(|| passes::optimise(black_box(&unoptimised[0])));
    });
    for backend in Backend::ALL {
        group.bench_function(format!("compile/{backend}"), |bencher| {
            bencher.iter(|| Kernel::compile(black_box(&functions[0]), backend).unwrap());
        });
    }
    for backend in Backend::ALL {
        group.bench_function(format!("lower_optimise_compile/{backend}"), |bencher| {
            bencher.iter(|| CompiledOptimizer::new(black_box(&program), backend).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, compile_latency);
criterion_main!(benches);
