//! `mlevolve bench`: which back end is done first, by program size and element count.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_ir::{
    Access, Argument, Backend, BackendChoice, BuildError, Dimensions, Function, FunctionBuilder,
    Kernel, Shape, Work, passes,
};

use super::print;
use super::progress::Working;

/// Sizes of programs, in ops for each element.
const SIZES: [usize; 4] = [5, 10, 20, 40];
/// Elements of the tensor that a program is called on.
const ELEMENTS: [usize; 4] = [64, 1 << 10, 1 << 14, 1 << 18];
/// How long one timing of calls is to take, so that a clock's grain does not show.
const TIMING: Duration = Duration::from_micros(200);

/// Measure the break-even of the back ends on this machine.
///
/// Programs of several sizes are compiled and run, of arithmetic alone and with a quarter of elementary
/// functions. Interpreter, quick and full native code take turns; figures are medians. The last columns
/// say from how many calls on native code has paid for its compilation, and what `--backend auto` would
/// take for a hundred and for ten thousand calls.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  mlevolve bench\n  mlevolve bench --rounds 51 --json | jq '.[0]'"
)]
pub(super) struct Bench {
    /// How often each is measured
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One row of the table.
#[derive(serde::Serialize)]
struct Row {
    kind: &'static str,
    ops: usize,
    elements: usize,
    /// For each back end, in order.
    back_ends: Vec<Measured>,
    /// Calls from which on the better native code, compilation included, is done before the
    /// interpreter; nothing if it never is.
    break_even_calls: Option<u64>,
    auto_for_100_calls: String,
    auto_for_10000_calls: String,
}

#[derive(serde::Serialize)]
struct Measured {
    backend: String,
    compile_us: f64,
    ns_per_element: f64,
}

impl Bench {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let working = Working::on("measuring the back ends");
        let mut rows = Vec::new();
        for (kind, elementary) in [("arithmetic", false), ("a quarter elementary", true)] {
            for ops in SIZES {
                working.tell(format!("measuring {kind}, {ops} ops"));
                let function = passes::optimise(&specimen(ops, elementary)?);
                let compile = self.compile_times(&function)?;
                for elements in ELEMENTS {
                    let calls = self.call_times(&function, elements)?;
                    rows.push(Row::new(kind, ops, elements, &function, &compile, &calls));
                }
            }
        }
        drop(working);
        if self.json {
            print(&serde_json::to_string_pretty(&rows)?)?;
        } else {
            print(&table(&rows))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// How long each back end takes to get a function ready.
    fn compile_times(&self, function: &Function) -> anyhow::Result<Vec<Duration>> {
        for backend in Backend::ALL {
            Kernel::compile(function, backend)?;
        }
        Ok(self.medians(|index| {
            let start = Instant::now();
            let kernel = Kernel::compile(function, Backend::ALL[index]);
            let elapsed = start.elapsed();
            drop(kernel);
            elapsed
        }))
    }

    /// How long a call takes on each back end.
    fn call_times(&self, function: &Function, elements: usize) -> anyhow::Result<Vec<Duration>> {
        let mut kernels = Vec::new();
        for backend in Backend::ALL {
            kernels.push(Kernel::compile(function, backend)?);
        }
        let length = Dimensions::flat(elements).storage_len(Shape::Tensor);
        let mut storage = vec![vec![0.5; length.unwrap_or(0)]; function.parameters().len()];
        let parameters = function.parameters().iter().zip(&mut storage);
        let mut arguments: Vec<Argument<'_>> = parameters
            .map(|(parameter, slice)| {
                if parameter.access.is_written() {
                    Argument::Write(slice)
                } else {
                    Argument::Read(slice)
                }
            })
            .collect();
        for kernel in &mut kernels {
            kernel.call(elements, &mut arguments)?;
        }
        let mut call = |kernel: &mut Kernel| {
            if let Err(error) = kernel.call(elements, &mut arguments) {
                panic!("arguments that fitted before fit again: {error}");
            }
        };
        // As many calls for each back end as the slowest needs.
        let start = Instant::now();
        kernels.iter_mut().for_each(&mut call);
        let calls = TIMING.div_duration_f64(start.elapsed()).clamp(1.0, 1e6) as u32;
        Ok(self.medians(|index| {
            let start = Instant::now();
            (0..calls).for_each(|_| call(&mut kernels[index]));
            start.elapsed() / calls
        }))
    }

    /// The median time of each back end over rounds in which they take turns.
    fn medians(&self, mut time: impl FnMut(usize) -> Duration) -> Vec<Duration> {
        let mut times = vec![Vec::new(); Backend::ALL.len()];
        for _ in 0..self.rounds {
            for (index, times) in times.iter_mut().enumerate() {
                times.push(time(index));
            }
        }
        let median = |mut times: Vec<Duration>| {
            times.sort_unstable();
            times[times.len() / 2]
        };
        times.into_iter().map(median).collect()
    }
}

impl Row {
    fn new(
        kind: &'static str,
        ops: usize,
        elements: usize,
        function: &Function,
        compile: &[Duration],
        calls: &[Duration],
    ) -> Self {
        let ns = |duration: Duration| 1e9 * duration.as_secs_f64();
        let interpreted = (ns(compile[0]), ns(calls[0]));
        let native = compile.iter().zip(calls).skip(1);
        let break_even = native.filter_map(|(&compile, &call)| {
            let saved_ns = interpreted.1 - ns(call);
            let paid_ns = ns(compile) - interpreted.0;
            (saved_ns > 0.0).then(|| (paid_ns / saved_ns).max(1.0).ceil() as u64)
        });
        let automatic = |calls: f64| {
            let elements = elements as f64;
            let chosen = BackendChoice::Auto.backend_for(function, Work { calls, elements });
            chosen.to_string()
        };
        let measured = Backend::ALL.iter().zip(compile.iter().zip(calls));
        Self {
            kind,
            ops,
            elements,
            back_ends: measured
                .map(|(backend, (&compile, &call))| Measured {
                    backend: backend.to_string(),
                    compile_us: ns(compile) / 1e3,
                    ns_per_element: ns(call) / elements as f64,
                })
                .collect(),
            break_even_calls: break_even.min(),
            auto_for_100_calls: automatic(1e2),
            auto_for_10000_calls: automatic(1e4),
        }
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let mut header = vec![
        "program".to_owned(),
        "ops".to_owned(),
        "elements".to_owned(),
    ];
    header.extend(Backend::ALL.map(|backend| format!("{backend}, compile µs")));
    header.extend(Backend::ALL.map(|backend| format!("{backend}, ns/element")));
    header.extend(["break-even calls", "auto: 100 calls", "auto: 10,000"].map(str::to_owned));
    table.set_header(header);
    for row in rows {
        let mut cells = vec![
            row.kind.to_owned(),
            row.ops.to_string(),
            row.elements.to_string(),
        ];
        let back_ends = row.back_ends.iter();
        cells.extend(back_ends.map(|measured| format!("{:.1}", measured.compile_us)));
        let back_ends = row.back_ends.iter();
        cells.extend(back_ends.map(|measured| format!("{:.3}", measured.ns_per_element)));
        let never = || "never".to_owned();
        cells.push(
            row.break_even_calls
                .map_or_else(never, |calls| calls.to_string()),
        );
        cells.push(row.auto_for_100_calls.clone());
        cells.push(row.auto_for_10000_calls.clone());
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// A program of so many ops for each element over three tensors, each op over the two values before it,
/// whose values stay within bounds.
fn specimen(ops: usize, elementary: bool) -> Result<Function, BuildError> {
    use ElementwiseOp::{Abs, Add, Exp, Lerp, Log, Max, Min, Mul, Sigmoid, Sub, Tanh};
    /// Takes bounded values to bounded ones.
    const ARITHMETIC: [ElementwiseOp; 8] = [Mul, Min, Lerp, Abs, Mul, Max, Sub, Mul];
    const FUNCTIONS: [ElementwiseOp; 4] = [Tanh, Exp, Sigmoid, Log];
    let mut builder = FunctionBuilder::new("specimen");
    let mut values = Vec::new();
    for name in ["a", "b", "c"] {
        let parameter = builder.parameter(name, Shape::Tensor, Access::Read)?;
        values.push(builder.load(parameter)?);
    }
    let one = builder.constant(1.0);
    for index in 0..ops {
        let recent = values.len() - 1;
        let op = if elementary && index % 4 == 2 {
            FUNCTIONS[index / 4 % FUNCTIONS.len()]
        } else {
            ARITHMETIC[index % ARITHMETIC.len()]
        };
        let candidates = [values[recent], values[index % 3], values[recent - 1]];
        let operands = match op {
            // Of what is at least 1.
            Log => vec![builder.apply(Op::Elementwise(Add), &[candidates[0], one])?],
            _ => candidates[..Op::Elementwise(op).arity()].to_vec(),
        };
        values.push(builder.apply(Op::Elementwise(op), &operands)?);
    }
    let result = builder.parameter("result", Shape::Tensor, Access::Write)?;
    builder.store(result, values[values.len() - 1])?;
    Ok(builder.finish()?)
}
