//! How long learners take over lanes: to make, and a step of a lane.
//!
//! ```text
//! cargo bench -p mlevolve-ir --bench lane_speed
//! cargo bench -p mlevolve-ir --bench lane_speed -- candidate
//! ```
//!
//! With `candidate`, `linear` or `network`, only that is measured; with `ops`, each op by itself.
//!
//! A linear learner and a network of two layers take training steps, as lane code and as a lane kernel of
//! the same function, by number of features and of lanes. Then a small candidate, an initialisation, a
//! prediction and a training rule of some twenty instructions, is made, trained for 100 steps and asked for
//! 100 predictions.
//!
//! Every figure is the best of many runs in one process.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use mlevolve_ir::lane_kernel::{
    LaneArgument, LaneCode, LaneCodeError, LaneKernel, Place, Section, lane_stride,
};
use mlevolve_ir::ops::Op;
use mlevolve_ir::{Backend, Dimensions, Function, Shape};

const LINEAR: &str = "function linear
read x column
read y scalar
read_write w column

v0 = load x
v1 = load y
v2 = load w
v3 = dot(v2, v0)
v4 = sub(v1, v3)
v5 = constant 0.01
v6 = mul(v5, v4)
v7 = mul(v6, v0)
v8 = add(v2, v7)

store w = v8
";

const NETWORK: &str = "function network
read x column
read y scalar
read_write m row_gram
read_write u column

v0 = load x
v1 = load y
v2 = load m
v3 = load u
v4 = matmul(v2, v0)
v5 = constant 0
v6 = max(v4, v5)
v7 = dot(v6, v3)
v8 = sub(v1, v7)
v9 = constant 0.01
v10 = mul(v9, v8)
v11 = mul(v10, v3)
v12 = heaviside(v4)
v13 = mul(v11, v12)
v14 = outer(v13, v0)
v15 = add(v2, v14)
v16 = mul(v6, v10)
v17 = add(v3, v16)

store m = v15
store u = v17
";

/// Which learner.
#[derive(Clone, Copy)]
enum Learner {
    Linear,
    Network,
}

impl Learner {
    const fn text(self) -> &'static str {
        match self {
            Self::Linear => LINEAR,
            Self::Network => NETWORK,
        }
    }

    /// The training step as code: what an evolved program would say.
    fn code(self, features: usize, lanes: usize) -> Result<(LaneCode, Section), LaneCodeError> {
        let mut code = LaneCode::new(Dimensions::new(features, 1), lanes);
        let x = code.stream(Shape::Column);
        let y = code.stream(Shape::Scalar);
        let step = code.section();
        match self {
            Self::Linear => {
                let [w, v] = [(); 2].map(|()| code.cell(Shape::Column));
                let [s, e, d] = [(); 3].map(|()| code.cell(Shape::Scalar));
                let rate = code.constant(0.01);
                push(&mut code, step, "dot", &[w, x], s)?;
                push(&mut code, step, "sub", &[y, s], e)?;
                push(&mut code, step, "mul", &[rate, e], d)?;
                push(&mut code, step, "mul", &[d, x], v)?;
                push(&mut code, step, "add", &[w, v], w)?;
            }
            Self::Network => {
                let [u, h, r, g, z] = [(); 5].map(|()| code.cell(Shape::Column));
                let [m, outer] = [(); 2].map(|()| code.cell(Shape::RowGram));
                let [s, e, d] = [(); 3].map(|()| code.cell(Shape::Scalar));
                let (rate, zero) = (code.constant(0.01), code.constant(0.0));
                push(&mut code, step, "matmul", &[m, x], h)?;
                push(&mut code, step, "max", &[h, zero], r)?;
                push(&mut code, step, "dot", &[r, u], s)?;
                push(&mut code, step, "sub", &[y, s], e)?;
                push(&mut code, step, "mul", &[rate, e], d)?;
                push(&mut code, step, "mul", &[d, u], g)?;
                push(&mut code, step, "heaviside", &[h], z)?;
                push(&mut code, step, "mul", &[g, z], g)?;
                push(&mut code, step, "outer", &[g, x], outer)?;
                push(&mut code, step, "add", &[m, outer], m)?;
                push(&mut code, step, "mul", &[d, r], r)?;
                push(&mut code, step, "add", &[u, r], u)?;
            }
        }
        Ok((code, step))
    }
}

fn push(
    code: &mut LaneCode,
    section: Section,
    mnemonic: &str,
    operands: &[Place],
    result: Place,
) -> Result<(), LaneCodeError> {
    code.push(section, op(mnemonic), operands, result)
}

fn op(mnemonic: &str) -> Op {
    match Op::from_mnemonic(mnemonic) {
        Some(op) => op,
        None => panic!("there is no op `{mnemonic}`"),
    }
}

/// Numbers between −1 and 1.
fn numbers(count: usize) -> Vec<f32> {
    let number = |index: usize| ((index * 37 + 11) % 101) as f32 / 50.5 - 1.0;
    (0..count).map(number).collect()
}

/// The best of many times that something takes, in nanoseconds.
fn best(mut run: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let mut runs = 0;
    while runs < 20 || begin.elapsed().as_secs_f64() < 0.2 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64() * 1e9);
        runs += 1;
    }
    best
}

fn learner(name: &str, learner: Learner) -> Result<(), Box<dyn Error>> {
    const STEPS: usize = 100;
    println!("{name}: ns a step, and ns a step and lane");
    println!(
        "{:>8} {:>6} {:>18} {:>18}",
        "features", "lanes", "code", "kernel"
    );
    for features in [4, 8, 16, 32] {
        for lanes in [10, 16, 32] {
            let stride = lane_stride(lanes);
            let x = numbers(STEPS * features * stride);
            let y = numbers(STEPS * stride);
            let (mut code, step) = learner.code(features, lanes)?;
            let of_code = best(|| {
                code.reset();
                let mut arguments = [LaneArgument::ReadEach(&x), LaneArgument::ReadEach(&y)];
                if let Err(error) = code.run(&[step], STEPS, &mut arguments) {
                    panic!("{error}");
                }
            });
            let function = Function::parse(learner.text())?;
            let dimensions = Dimensions::new(features, 1);
            let mut kernel =
                LaneKernel::compile(&function, dimensions, lanes, Backend::Interpreter)?;
            let mut first = numbers(features * features * stride);
            let mut second = numbers(features * stride);
            let of_kernel = best(|| {
                first.fill(0.0);
                second.fill(0.0);
                let (x, y) = (LaneArgument::ReadEach(&x), LaneArgument::ReadEach(&y));
                let ran = match learner {
                    Learner::Linear => {
                        kernel.run(STEPS, &mut [x, y, LaneArgument::Write(&mut second)])
                    }
                    Learner::Network => kernel.run(
                        STEPS,
                        &mut [
                            x,
                            y,
                            LaneArgument::Write(&mut first),
                            LaneArgument::Write(&mut second),
                        ],
                    ),
                };
                if let Err(error) = ran {
                    panic!("{error}");
                }
            });
            let figures = [of_code, of_kernel].map(|all| {
                let step = all / STEPS as f64;
                format!("{step:>9.1} {:>8.3}", step / lanes as f64)
            });
            println!(
                "{features:>8} {lanes:>6} {:>18} {:>18}",
                figures[0], figures[1]
            );
        }
    }
    println!();
    Ok(())
}

/// The ops of a candidate.
struct Ops {
    add: Op,
    sub: Op,
    mul: Op,
    dot: Op,
}

/// An initialisation, a prediction and a training rule of a candidate, made anew.
fn make_candidate(code: &mut LaneCode, ops: &Ops) -> Result<[Section; 3], LaneCodeError> {
    let Ops { add, sub, mul, dot } = *ops;
    code.clear();
    let x = code.stream(Shape::Column);
    let y = code.stream(Shape::Scalar);
    let prediction = code.stream(Shape::Scalar);
    let [w, v, a, b] = [(); 4].map(|()| code.cell(Shape::Column));
    let [s, e, d, t] = [(); 4].map(|()| code.cell(Shape::Scalar));
    let (rate, one) = (code.constant(0.01), code.constant(1.0));
    let begin = code.section();
    code.push(begin, mul, &[rate, one], t)?;
    code.push(begin, sub, &[t, t], w)?;
    code.push(begin, add, &[w, one], a)?;
    code.push(begin, mul, &[a, t], b)?;
    code.push(begin, add, &[t, one], s)?;
    let predict = code.section();
    code.push(predict, dot, &[w, x], s)?;
    code.push(predict, add, &[s, t], prediction)?;
    let learn = code.section();
    code.push(learn, sub, &[y, s], e)?;
    code.push(learn, mul, &[rate, e], d)?;
    code.push(learn, mul, &[d, x], v)?;
    code.push(learn, add, &[w, v], w)?;
    code.push(learn, add, &[t, d], t)?;
    Ok([begin, predict, learn])
}

fn candidate() -> Result<(), Box<dyn Error>> {
    const STEPS: usize = 100;
    let (features, lanes) = (4, 10);
    let ops = Ops {
        add: op("add"),
        sub: op("sub"),
        mul: op("mul"),
        dot: op("dot"),
    };
    let stride = lane_stride(lanes);
    let x = numbers(STEPS * features * stride);
    let y = numbers(STEPS * stride);
    let mut predictions = vec![0.0; STEPS * stride];
    let mut code = LaneCode::new(Dimensions::new(features, 1), lanes);
    let making = best(|| {
        for _ in 0..100 {
            if let Err(error) = make_candidate(&mut code, &ops) {
                panic!("{error}");
            }
        }
        black_box(&code);
    }) / 100.0;
    let [begin, predict, learn] = make_candidate(&mut code, &ops)?;
    let mut run = |sections: &[Section], steps: usize| {
        let mut arguments = [
            LaneArgument::ReadEach(&x[..steps * features * stride]),
            LaneArgument::ReadEach(&y[..steps * stride]),
            LaneArgument::WriteEach(&mut predictions[..steps * stride]),
        ];
        if let Err(error) = code.run(sections, steps, &mut arguments) {
            panic!("{error}");
        }
    };
    let beginning = best(|| run(&[begin], 1));
    let training = best(|| run(&[predict, learn], STEPS));
    let predicting = best(|| run(&[predict], STEPS));
    println!("a candidate of 12 instructions, {features} features, {lanes} lanes, in ns:");
    println!("  making                 {making:>8.0}");
    println!("  initialisation         {beginning:>8.0}");
    println!("  {STEPS} training steps     {training:>8.0}");
    println!("  {STEPS} predictions        {predicting:>8.0}");
    println!(
        "  all                    {:>8.0}",
        making + beginning + training + predicting
    );
    println!();
    Ok(())
}

/// How long each elementwise op and each reduction takes, over a column of 64 elements in 16 lanes.
fn ops() -> Result<(), Box<dyn Error>> {
    const ELEMENTS: usize = 64;
    const TIMES: usize = 100;
    println!("ns for 16 numbers:");
    for op in Op::all() {
        let shapes = vec![Shape::Column; op.arity()];
        match op {
            Op::Elementwise(_) | Op::Reduction(_) => {}
            Op::Matrix(_) | Op::Composite(_) => continue,
        }
        let mut code = LaneCode::new(Dimensions::new(ELEMENTS, 1), 16);
        let operands: Vec<Place> = shapes.iter().map(|&shape| code.cell(shape)).collect();
        let result = code.cell(op.result_shape(&shapes)?);
        let section = code.section();
        code.push(section, op, &operands, result)?;
        for operand in operands {
            code.write(operand, &numbers(ELEMENTS * lane_stride(16)));
        }
        let all = best(|| {
            if let Err(error) = code.run(&[section], TIMES, &mut []) {
                panic!("{error}");
            }
        });
        println!(
            "{:>20} {:>8.2}",
            op.mnemonic(),
            all / (TIMES * ELEMENTS) as f64
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    // Last comes what Cargo says to every bench.
    let only = std::env::args().nth(1).filter(|word| word != "--bench");
    let is_wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if is_wanted("candidate") {
        candidate()?;
    }
    if is_wanted("linear") {
        learner("linear learner", Learner::Linear)?;
    }
    if is_wanted("network") {
        learner("network of two layers", Learner::Network)?;
    }
    if only.as_deref() == Some("ops") {
        ops()?;
    }
    Ok(())
}
