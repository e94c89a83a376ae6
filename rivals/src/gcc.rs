//! What gcc makes of expressions: a C function with one loop for each tree, compiled with everything
//! that makes it fast, and loaded.
//!
//! `-ffast-math` lets gcc reorder, contract and approximate as the compiler of this project may not;
//! and with it glibc's headers offer the vector functions of libmvec. Whether gcc took them, and
//! vectorised the loops, is checked, not hoped for.
//!
//! All `unsafe` of this crate is here.

#![allow(
    unsafe_code,
    reason = "calling code that another compiler made is what the type system cannot check"
)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use std::{fs, io};

use libloading::Library;

use crate::shared::trees::{Node, Operation, Tree, VARIABLES};

/// What every function is declared as in [`source`].
type Entry = unsafe extern "C" fn(columns: *const *const f32, result: *mut f32, rows: usize);

/// The greatest part of all loops that gcc may leave as they are.
const MOST_SCALAR: f64 = 0.01;

/// For what processor gcc compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Vectors of 128 bits, without fused operations, as our own compiler has.
    Vectors128,
    /// Vectors of 256 bits and fused operations.
    Vectors256,
}

impl Target {
    pub const ALL: [Self; 2] = [Self::Vectors128, Self::Vectors256];

    pub fn name(self) -> &'static str {
        match self {
            Self::Vectors128 => "gcc fast-math, 128-bit",
            Self::Vectors256 => "gcc fast-math, AVX2 + FMA",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Vectors128 => &["-msse4.2"],
            Self::Vectors256 => &["-mavx2", "-mfma"],
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Vectors128 => 16,
            Self::Vectors256 => 32,
        }
    }

    /// How libmvec's functions for such vectors begin, by the vector function ABI of x86-64.
    fn vector_function_prefix(self) -> &'static str {
        match self {
            Self::Vectors128 => "_ZGVbN4",
            Self::Vectors256 => "_ZGVdN8",
        }
    }

    /// Whether this machine can run the code.
    #[cfg(target_arch = "x86_64")]
    pub fn runs_here(self) -> bool {
        match self {
            Self::Vectors128 => is_x86_feature_detected!("sse4.2"),
            Self::Vectors256 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        }
    }

    /// The flags are for x86-64.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn runs_here(self) -> bool {
        false
    }
}

/// Trees compiled by gcc. The library stays loaded as long as this lives.
pub struct Compiled {
    entries: Vec<Entry>,
    compile_time: Duration,
    _library: Library,
}

impl Compiled {
    /// # Errors
    /// If gcc is not there or fails, or did not make what is asked for of it.
    pub fn new(trees: &[Tree], target: Target) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        let [source_path, object_path, library_path] = ["trees.c", "trees.o", "trees.so"].map(path);
        let (source, loop_lines) = source(trees);
        fs::write(&source_path, source)?;
        let start = Instant::now();
        let compiling = Command::new("gcc")
            .args(["-std=c11", "-O3", "-ffast-math", "-fopenmp-simd", "-fPIC"])
            .args(target.flags())
            .args(["-fopt-info-vec-optimized", "-c"])
            .args([&source_path, Path::new("-o"), &object_path])
            .output()?;
        let messages = messages_if_successful(&compiling)?;
        // Without `-ffast-math`, for which gcc links in code that makes the whole process round
        // subnormal numbers to zero: our own contenders would be measured with that too.
        let linking = Command::new("gcc")
            .arg("-shared")
            .args([&object_path, Path::new("-o"), &library_path])
            .args(["-lmvec", "-lm"])
            .output()?;
        messages_if_successful(&linking)?;
        let compile_time = start.elapsed();
        check_loops(&messages, &loop_lines, target)?;
        check_vector_functions(trees, &library_path, target)?;
        // SAFETY: the library is compiled from `source`, which has nothing that runs when loaded.
        let library = unsafe { Library::new(&library_path) }.map_err(io::Error::other)?;
        let entries = (0..trees.len()).map(|index| {
            // SAFETY: every function of `source` is declared as `Entry` is.
            let entry = unsafe { library.get::<Entry>(format!("tree_{index}").as_bytes()) };
            entry.map(|entry| *entry).map_err(io::Error::other)
        });
        let entries = entries.collect::<io::Result<_>>()?;
        Ok(Self {
            entries,
            compile_time,
            _library: library,
        })
    }

    /// How long gcc took for all trees.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// One tree's value in every row.
    ///
    /// # Panics
    /// If there are not [`VARIABLES`] columns, or one is not as long as `result`.
    pub fn run(&self, tree: usize, columns: &[Vec<f32>], result: &mut [f32]) {
        assert_eq!(columns.len(), VARIABLES);
        assert!(columns.iter().all(|column| column.len() == result.len()));
        let mut addresses = [std::ptr::null(); VARIABLES];
        for (address, column) in addresses.iter_mut().zip(columns) {
            *address = column.as_ptr();
        }
        // SAFETY: the library is loaded as long as `self` lives. The function reads `result.len()`
        // numbers of some of the columns, which have as many, and writes as many to `result`, which
        // is borrowed exclusively.
        unsafe {
            (self.entries[tree])(addresses.as_ptr(), result.as_mut_ptr(), result.len());
        }
    }
}

/// The trees in C, and the line of each one's loop.
fn source(trees: &[Tree]) -> (String, Vec<usize>) {
    let mut text = String::from("#include <math.h>\n#include <stddef.h>\n");
    let mut loop_lines = Vec::new();
    for (index, tree) in trees.iter().enumerate() {
        text += &format!(
            "\nvoid tree_{index}(const float *const *columns, float *restrict result, size_t rows)\n{{\n"
        );
        for variable in crate::shared::expressions::variables(tree) {
            text += &format!("    const float *restrict x{variable} = columns[{variable}];\n");
        }
        loop_lines.push(text.lines().count() + 1);
        text += "    for (size_t i = 0; i < rows; i++) {\n";
        let mut temporaries = 0;
        let leaf = |node| match node {
            Node::Variable(variable) => format!("x{variable}[i]"),
            Node::Constant(constant) => format!("{constant:?}f"),
            Node::Apply(_) => unreachable!("it is a leaf"),
        };
        let value = tree.fold(leaf, |operation, operands| {
            let name = format!("t{temporaries}");
            temporaries += 1;
            let expression = in_c(operation, &operands);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "        float {name} = {expression};");
            name
        });
        text += &format!("        result[i] = {value};\n    }}\n}}\n");
    }
    (text, loop_lines)
}

fn in_c(operation: Operation, operands: &[String]) -> String {
    let (a, b) = (&operands[0], &operands[operands.len() - 1]);
    match operation {
        Operation::Add => format!("{a} + {b}"),
        Operation::Sub => format!("{a} - {b}"),
        Operation::Mul => format!("{a} * {b}"),
        Operation::Div => format!("{a} / {b}"),
        Operation::Square => format!("{a} * {a}"),
        Operation::Abs => format!("fabsf({a})"),
        Operation::Exp => format!("expf({a})"),
        Operation::Log => format!("logf({a})"),
        Operation::Sin => format!("sinf({a})"),
        Operation::Cos => format!("cosf({a})"),
        Operation::Tanh => format!("tanhf({a})"),
        Operation::Sqrt => format!("sqrtf({a})"),
    }
}

fn messages_if_successful(output: &Output) -> io::Result<String> {
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(messages)
    } else {
        Err(io::Error::other(format!("gcc failed: {messages}")))
    }
}

/// That gcc says of nearly all loops that it has vectorised them for the whole width. Where its algebra
/// makes sine and cosine of the same of what are not, it takes both from one function, which is none
/// of libmvec's; that is seldom, and is said.
fn check_loops(messages: &str, loop_lines: &[usize], target: Target) -> io::Result<()> {
    let vectorised = format!("loop vectorized using {} byte vectors", target.bytes());
    let is_scalar = |line: &&usize| {
        let place = format!("trees.c:{line}:");
        let said = |message: &str| message.contains(&place) && message.contains(&vectorised);
        !messages.lines().any(said)
    };
    let scalar = loop_lines.iter().filter(is_scalar).count();
    let (name, all) = (target.name(), loop_lines.len());
    let message = format!("{name} has not vectorised {scalar} of {all} loops");
    if scalar as f64 > MOST_SCALAR * all as f64 {
        return Err(io::Error::other(message));
    }
    if scalar > 0 {
        println!("NOTE: {message}");
    }
    Ok(())
}

/// That the library calls libmvec's function for every transcendental operation of the trees.
fn check_vector_functions(trees: &[Tree], library: &Path, target: Target) -> io::Result<()> {
    let arguments = ["-D", "--undefined-only"];
    let output = Command::new("nm").args(arguments).arg(library).output()?;
    let symbols = String::from_utf8_lossy(&output.stdout);
    for operation in Operation::TRANSCENDENTAL {
        // A square root is an instruction.
        let is_called = operation != Operation::Sqrt;
        let occurs = |tree: &Tree| tree.nodes.contains(&Node::Apply(operation));
        let symbol = format!("{}v_{}f", target.vector_function_prefix(), operation.name());
        if is_called && trees.iter().any(occurs) && !symbols.contains(&symbol) {
            let message = format!("{} does not call {symbol}", target.name());
            return Err(io::Error::other(message));
        }
    }
    Ok(())
}
