//! How long kernels take to compile and to run, by function and back end.
//!
//! ```text
//! cargo bench -p mlevolve-ir --bench kernel_speed
//! cargo bench -p mlevolve-ir --bench kernel_speed -- ops
//! ```
//!
//! With `ops`, the functions are of one elementwise op each, over tensors.
//!
//! Every figure is the best of nine runs in one process. The table in [`mlevolve_ir::jit`]'s
//! documentation comes from here.

use std::hint::black_box;
use std::time::{Duration, Instant};

use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_ir::{Argument, Backend, CompileError, Dimensions, Function, Kernel, passes};

/// As `programs/adamw.mle` is lowered: 19 ops, 9 of them for each element.
const ADAMW: &str = "function adamw
read w tensor
read g tensor
read_write m tensor
read_write v tensor
read_write m_weights scalar
read_write v_weights scalar
write delta tensor

v0 = load w
v1 = load g
v2 = load m
v3 = load v
v4 = load m_weights
v5 = load v_weights
v6 = constant 0.001
v7 = constant 0.9
v8 = constant 0.999
v9 = constant 1e-8
v10 = constant 0.01
v11 = constant 1.0
v12 = sub(v11, v7)
v13 = lerp(v2, v1, v12)
v14 = lerp(v4, v11, v12)
v15 = sub(v11, v8)
v16 = square(v1)
v17 = lerp(v3, v16, v15)
v18 = lerp(v5, v11, v15)
v19 = sqrt(v18)
v20 = mul(v9, v19)
v21 = sqrt(v17)
v22 = add(v21, v20)
v23 = mul(v6, v19)
v24 = div(v23, v14)
v25 = neg(v24)
v26 = mul(v13, v25)
v27 = div(v26, v22)
v28 = mul(v6, v10)
v29 = mul(v0, v28)
v30 = sub(v27, v29)

store m = v13
store v = v17
store m_weights = v14
store v_weights = v18
store delta = v30
";

/// Twenty cheap ops, all for each element.
const TWENTY: &str = "function twenty
read a tensor
read b tensor
read c scalar
read_write d tensor

v0 = load a
v1 = load b
v2 = load c
v3 = load d
v4 = add(v0, v1)
v5 = mul(v4, v2)
v6 = sub(v3, v5)
v7 = max(v6, v0)
v8 = abs(v7)
v9 = mul(v8, v1)
v10 = lerp(v3, v9, v2)
v11 = square(v10)
v12 = add(v11, v8)
v13 = sqrt(v12)
v14 = div(v9, v13)
v15 = sign(v14)
v16 = mul(v15, v2)
v17 = sub(v14, v16)
v18 = min(v17, v13)
v19 = neg(v18)
v20 = add(v19, v5)
v21 = select(v20, v17, v10)
v22 = mul(v21, v12)
v23 = sub(v22, v3)

store d = v23
";

/// A reduction, then a use of it.
const NORMALISE: &str = "function normalise
read_write g tensor

v0 = load g
v1 = norm(v0)
v2 = div(v0, v1)

store g = v2
";

/// Polynomials and little else.
const ELEMENTARY: &str = "function elementary
read x tensor
write y tensor

v0 = load x
v1 = tanh(v0)
v2 = exp(v1)
v3 = log(v2)
v4 = pow(v2, v3)

store y = v4
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<12}{:<10}{:>12}{:>14}{:>14}{:>14}",
        "function", "back end", "compile µs", "64: ns/el.", "1024: ns/el.", "65536: ns/el."
    );
    if std::env::args().nth(1).as_deref() == Some("ops") {
        for &op in ElementwiseOp::ALL {
            let function = Function::parse(&text_of(Op::Elementwise(op)))?;
            for backend in Backend::ALL {
                measure(&function, backend)?;
            }
        }
        return Ok(());
    }
    for text in [ADAMW, TWENTY, NORMALISE, ELEMENTARY] {
        let function = passes::optimise(&Function::parse(text)?);
        for backend in Backend::ALL {
            measure(&function, backend)?;
        }
    }
    let function = Function::parse(ADAMW)?;
    let optimising = best(1_000, || {
        black_box(passes::optimise(&function));
    });
    println!("passes on adamw: {:.2} µs", micros(optimising));
    Ok(())
}

/// A function of one op.
fn text_of(op: Op) -> String {
    let parameters = (0..op.arity()).map(|index| format!("read p{index} tensor\n"));
    let loads = (0..op.arity()).map(|index| format!("v{index} = load p{index}\n"));
    let operands: Vec<String> = (0..op.arity()).map(|index| format!("v{index}")).collect();
    let (operands, result) = (operands.join(", "), op.arity());
    format!(
        "function {op}\n{}write y tensor\n\n{}v{result} = {op}({operands})\n\nstore y = v{result}\n",
        parameters.collect::<String>(),
        loads.collect::<String>(),
    )
}

fn measure(function: &Function, backend: Backend) -> Result<(), CompileError> {
    let mut kernel = Kernel::compile(function, backend)?;
    let compiling = best(100, || {
        black_box(Kernel::compile(function, backend).ok());
    });
    let (name, compiling) = (function.name(), micros(compiling));
    print!("{name:<12}{backend:<10}{compiling:>12.1}");
    for elements in [64, 1 << 10, 1 << 16] {
        let running = run(&mut kernel, elements);
        print!("{:>14.3}", 1e3 * micros(running) / elements as f64);
    }
    println!();
    Ok(())
}

/// The time of one call.
fn run(kernel: &mut Kernel, elements: usize) -> Duration {
    let function = kernel.function().clone();
    let parameters = function.parameters().iter();
    let mut storage: Vec<Vec<f32>> = parameters
        .map(|parameter| {
            let length = Dimensions::flat(elements).storage_len(parameter.shape);
            vec![0.5; length.unwrap_or(0)]
        })
        .collect();
    let parameters = function.parameters().iter().zip(&mut storage);
    let mut arguments: Vec<Argument<'_>> = parameters
        .map(|(parameter, storage)| {
            if parameter.access.is_written() {
                Argument::Write(storage)
            } else {
                Argument::Read(storage)
            }
        })
        .collect();
    best((1 << 20) / elements, || {
        if let Err(error) = kernel.call(elements, &mut arguments) {
            panic!("the arguments are made to fit: {error}");
        }
    })
}

/// The time that `work` takes once: the best of nine means over so many repetitions.
fn best(repetitions: usize, mut work: impl FnMut()) -> Duration {
    let mean = (0..9).map(|_| {
        let start = Instant::now();
        for _ in 0..repetitions {
            work();
        }
        start.elapsed().div_f64(repetitions as f64)
    });
    mean.min().unwrap_or_default()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
