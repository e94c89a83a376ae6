//! How long native code over lanes takes to compile and to run, for two learners.
//!
//! ```text
//! cargo bench -p mlevolve-ir --bench lane_native_speed
//! cargo bench -p mlevolve-ir --bench lane_native_speed -- widths steps 500
//! cargo bench -p mlevolve-ir --bench lane_native_speed -- listing net 32
//! ```
//!
//! A step predicts and learns; a run is 8,000 streamed examples in each lane. Figures are nanoseconds for each
//! example in each lane on one thread, the least and the median of some repetitions. With `widths`, every
//! size and number of vectors that a group can have is measured; with `steps 500`, runs are shorter, so that some are
//! not interrupted where others use the machine too; with `listing`, the code is printed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use mlevolve_ir::lane_kernel::{LaneArgument, lane_stride};
use mlevolve_ir::{Access, Backend, CompileError, Dimensions, Function, jit};

/// Steps of a run, unless another number is said.
const STEPS: usize = 8_000;

/// About how many steps all runs of a function have.
const ALL_STEPS: usize = 25 * STEPS;

/// A linear learner.
const LINEAR: &str = "function linear
read x column
read y scalar
read_write w column
write s scalar

v0 = load w
v1 = load x
v2 = dot(v0, v1)
v3 = load y
v4 = sub(v3, v2)
v5 = constant 0.01
v6 = mul(v5, v4)
v7 = mul(v6, v1)
v8 = add(v0, v7)

store w = v8
store s = v2
";

/// A network of two layers.
const NET: &str = "function net
read x column
read y scalar
read_write m row_gram
read_write u column
write s scalar

v0 = load m
v1 = load x
v2 = matmul(v0, v1)
v3 = constant 0.0
v4 = max(v2, v3)
v5 = load u
v6 = dot(v4, v5)
v7 = load y
v8 = sub(v7, v6)
v9 = constant 0.01
v10 = mul(v9, v8)
v11 = mul(v10, v5)
v12 = heaviside(v2)
v13 = mul(v11, v12)
v14 = matmul_right_transposed(v13, v1)
v15 = add(v0, v14)
v16 = mul(v10, v4)
v17 = add(v5, v16)

store m = v15
store u = v17
store s = v6
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Last comes what Cargo says to every bench.
    let arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let arguments: Vec<String> = arguments.collect();
    let [linear, net] = [Function::parse(LINEAR)?, Function::parse(NET)?];
    if let [word, name, extent, more @ ..] = &arguments[..]
        && word == "listing"
    {
        let function = if name == "net" { &net } else { &linear };
        let extent = extent.parse()?;
        let lanes = more.first().map_or(Ok(16), |lanes| lanes.parse())?;
        let listing = jit::lane_listing(function, Dimensions::new(extent, extent), lanes)?;
        println!("{}\n{}", listing.cranelift_ir, listing.assembly);
        return Ok(());
    }
    let mut groups = vec![None];
    if arguments.iter().any(|argument| argument == "widths") {
        let sizes = [false, true].into_iter();
        groups.extend(sizes.flat_map(|is_wide| (1..=4).map(move |width| Some((is_wide, width)))));
    }
    let steps = match arguments.iter().position(|argument| argument == "steps") {
        Some(position) => match arguments.get(position + 1) {
            Some(steps) => steps.parse()?,
            None => STEPS,
        },
        None => STEPS,
    };
    println!(
        "{:<8}{:>4}{:>7}{:>7}{:>9}{:>12}{:>12}{:>14}{:>14}",
        "learner",
        "F",
        "lanes",
        "group",
        "tier",
        "least ns",
        "median ns",
        "least comp. µs",
        "median"
    );
    for function in [&linear, &net] {
        for extent in [4, 8, 16, 32] {
            for lanes in [10, 16, 64, 128] {
                for backend in [Backend::Jit, Backend::JitQuick] {
                    for &group in &groups {
                        measure(function, extent, lanes, backend, group, steps)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn measure(
    function: &Function,
    extent: usize,
    lanes: usize,
    backend: Backend,
    group: Option<(bool, usize)>,
    steps: usize,
) -> Result<(), CompileError> {
    let lanes_of = |is_wide| if is_wide { 8 } else { 4 };
    if group.is_some_and(|(is_wide, width)| width * lanes_of(is_wide) > lane_stride(lanes)) {
        return Ok(());
    }
    let dimensions = Dimensions::new(extent, extent);
    let compile = || jit::compile_lanes(function, dimensions, lanes, backend, group);
    let mut native = compile()?;
    let [least_compiling, median_compiling] = times(200, || {
        black_box(compile().ok());
    });
    let mut storage = storage(function, dimensions, lanes, steps);
    let [least, median] = times(ALL_STEPS / steps, || {
        let parameters = function.parameters().iter().zip(&mut storage);
        let mut arguments: Vec<LaneArgument<'_>> = parameters
            .map(|(parameter, numbers)| match parameter.access {
                Access::Read => LaneArgument::ReadEach(numbers),
                Access::ReadWrite => LaneArgument::Write(numbers),
                Access::Write => LaneArgument::WriteEach(numbers),
            })
            .collect();
        native.run(steps, &mut arguments);
    });
    let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9 / (steps * lanes) as f64;
    let tier = backend.keyword();
    let group = match group {
        Some((is_wide, width)) => format!("{width} x {}", lanes_of(is_wide)),
        None => "own".to_owned(),
    };
    println!(
        "{:<8}{extent:>4}{lanes:>7}{group:>7}{tier:>11}{:>10.2}{:>12.2}{:>14.1}{:>14.1}",
        function.name(),
        nanoseconds(least),
        nanoseconds(median),
        least_compiling.as_secs_f64() * 1e6,
        median_compiling.as_secs_f64() * 1e6,
    );
    Ok(())
}

/// Small numbers, so that no learner diverges.
fn storage(
    function: &Function,
    dimensions: Dimensions,
    lanes: usize,
    steps: usize,
) -> Vec<Vec<f32>> {
    let mut state = 1u32;
    let parameters = function.parameters().iter();
    let storage = parameters.map(|parameter| {
        let extent = |dimension| dimensions.extent(dimension);
        let elements = extent(parameter.shape.rows()) * extent(parameter.shape.columns());
        let contents = if parameter.access == Access::ReadWrite {
            1
        } else {
            steps
        };
        let numbers = (0..contents * elements * lane_stride(lanes)).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        });
        numbers.collect()
    });
    storage.collect()
}

/// The least and the median time that `work` takes.
fn times(repetitions: usize, mut work: impl FnMut()) -> [Duration; 2] {
    let mut times: Vec<Duration> = (0..repetitions)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    [times[0], times[repetitions / 2]]
}
