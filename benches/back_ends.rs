//! The interpreter beside native code, where all memory is near: what compiling a program to native
//! code gains for each element.
//!
//! ```text
//! cargo bench --bench back_ends
//! ```
//!
//! On 1,024 elements: AdamW, of cheap ops; random expressions of + − × ÷, absolute values and squares;
//! and a rule of thirty ops, a third of them elementary functions, where what is computed
//! outweighs how. Both give the same bits, which is checked first.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod shared;

use clap::Parser;
use mlevolve::lowering::lower;
use mlevolve::program::known;
use mlevolve_ir::{Backend, Definition, Function, Kernel, passes};
use mlevolve_tasks::stream;
use rand::RngExt;
use shared::kernels::Storage;
use shared::measure::{Contender, Measuring, Unit, interleave, report};
use shared::{expressions, trees};

const ELEMENTS: usize = 1 << 10;
const EXPRESSIONS: usize = 50;
const RULE_OPS: usize = 30;

/// Thirty ops for each element, ten of them exp, log, tanh, pow or square roots. Values neither
/// overflow nor become NaN, whatever is put in.
const RULE: &str = "function rule
read g tensor
read w tensor
read_write m tensor
read_write v tensor
write delta tensor

v0 = load g
v1 = load w
v2 = load m
v3 = load v
v4 = constant 0.1
v5 = constant 0.01
v6 = constant 0.5
v7 = constant 1.0
v8 = tanh(v0)
v9 = lerp(v2, v8, v4)
v10 = square(v8)
v11 = lerp(v3, v10, v5)
v12 = abs(v11)
v13 = add(v12, v5)
v14 = sqrt(v13)
v15 = div(v9, v14)
v16 = tanh(v15)
v17 = abs(v16)
v18 = add(v17, v4)
v19 = pow(v18, v6)
v20 = log(v18)
v21 = mul(v20, v16)
v22 = neg(v21)
v23 = min(v22, v7)
v24 = exp(v23)
v25 = abs(v1)
v26 = add(v25, v7)
v27 = log(v26)
v28 = mul(v27, v5)
v29 = mul(v19, v24)
v30 = tanh(v29)
v31 = mul(v30, v16)
v32 = sub(v31, v28)
v33 = square(v32)
v34 = add(v33, v7)
v35 = pow(v34, v4)
v36 = div(v32, v35)
v37 = tanh(v36)

store m = v9
store v = v11
store delta = v37
";

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    measuring: Measuring,
}

fn main() {
    let measuring = Options::parse().measuring;
    let program = known::find("adamw").unwrap().program().unwrap();
    functions("AdamW", &lower(&program)[..1], &measuring);
    let mut numbers = stream(1, "benchmark", [1, 0]);
    let mut mix = trees::Mix::arithmetic();
    let expressions = (0..EXPRESSIONS).map(|_| expressions::function(&mix.draw(&mut numbers)));
    let expressions: Vec<Function> = expressions.collect();
    functions("arithmetic expressions", &expressions, &measuring);
    let rule = passes::optimise(&Function::parse(RULE).unwrap());
    assert_eq!(op_count(&rule), RULE_OPS);
    functions("transcendental rule", &[rule], &measuring);
}

/// Measures functions together: a turn is a call of each.
fn functions(case: &str, functions: &[Function], measuring: &Measuring) {
    let storages = || -> Vec<Storage> { functions.iter().map(start).collect() };
    let compiled_by = |backend: Backend| {
        let kernels = functions.iter().map(|f| Kernel::compile(f, backend));
        let mut kernels: Vec<Kernel> = kernels.collect::<Result<_, _>>().unwrap();
        Contender::new(
            format!("mlevolve {backend}"),
            move |storages: &mut Vec<Storage>| {
                for (kernel, storage) in kernels.iter_mut().zip(storages) {
                    storage.run(kernel);
                }
            },
        )
    };
    let mut contenders = [compiled_by(Backend::Interpreter), compiled_by(Backend::Jit)];
    let results = contenders.each_mut().map(|contender| {
        let mut storages = storages();
        contender.run(&mut storages);
        storages.iter().map(Storage::bits).collect::<Vec<_>>()
    });
    assert!(results[0] == results[1], "the back ends differ on {case}");
    let series = interleave(&mut storages(), &mut contenders, measuring);
    let work = (functions.len() * ELEMENTS) as f64;
    let unit = Unit::NanosecondsPerElement;
    report("back_ends", case, unit, work, &series, measuring);
}

/// Positive numbers only, which suit every function here; what is read and written begins at zero.
fn start(function: &Function) -> Storage {
    let mut numbers = stream(1, "benchmark", [2, 0]);
    Storage::new(function, ELEMENTS, |name, _| match name {
        "m" | "v" | "m_weights" | "v_weights" => 0.0,
        _ => numbers.random_range(0.5..2.0f32),
    })
}

fn op_count(function: &Function) -> usize {
    let is_op = |value: &_| match function.definition(*value) {
        Definition::Apply { .. } => true,
        Definition::Load(_) | Definition::Constant(_) => false,
    };
    function.values().filter(is_op).count()
}
