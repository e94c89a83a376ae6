//! The just-in-time compiler: a function's schedule to native vector code, by way of Cranelift.
//!
//! ```text
//! Schedule ─emit──► Cranelift's intermediate form ─Cranelift─► machine code ─► Code
//!            └────► constant table ───────────────────────────────────────────► (owns both)
//! ```
//!
//! Measured on a virtual machine with two cores of an AMD EPYC (Zen 5), 1,024 elements, by
//! `cargo bench -p mlevolve-ir --bench kernel_speed`:
//!
//! | | compile, µs: full, quick tier | run, ns per element: full, quick tier | interpreter, with AVX-512 |
//! |---|---|---|---|
//! | AdamW, 19 ops | 53, 37 | 0.46, 0.53 | 0.76 |
//! | 20 cheap ops on tensors | 72, 51 | 0.87, 1.28 | 1.19 |
//! | norm and division | 49, 36 | 0.26, 0.63 | 0.52 |
//! | tanh, exp, log, pow | 53, 30 | 1.4, 1.4 | 1.4 |
//! | tanh, exp, log, pow, inlined | 432, 258 | 8.5, 9.7 | |
//!
//! The interpreter has a function ready in about 1 µs, and its vectors are four times as wide here. So
//! native code pays where many cheap ops share a loop. Where elementary functions are most of the work it is
//! as fast as the interpreter, whose loops it calls for them; the last row is what it would be without.
//! `mlevolve bench` shows where native code pays on other machines, and [`BackendChoice`] goes by it.
//!
//! [`BackendChoice`]: crate::BackendChoice
//!
//! Cranelift's optimiser is off (`opt_level=none`): the passes and the schedule have done what it
//! could. With it AdamW ran 3 % faster and took 14 % longer to compile (measured before loops were cut into
//! segments). The two tiers differ in how registers are allocated: for [`Backend::Jit`] with
//! backtracking, for [`Backend::JitQuick`] in a single pass, which takes a quarter to a third less time to
//! compile, and the code takes a quarter more time to run, or twice as much where there are reductions.
//!
//! All this is for tensors that are long. For many lanes of short ones, `lane_loop` compiles a loop over steps.

mod code;
mod constants;
mod emit;
mod lane_loop;
mod lanes;
mod memory;
mod segments;

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CompiledCode, Context};
use cranelift_frontend::FunctionBuilderContext;

pub(crate) use code::{Addresses, Code, LaneAddresses, LaneCodeRing, LaneParameter};
use constants::Splat;
use emit::Emitted;
#[doc(hidden)]
pub use lane_loop::LaneNative;
pub(crate) use lane_loop::fetching;
use lane_loop::{Group, VectorSize};
pub(crate) use segments::ElementaryFunctions;

use crate::frame::MatrixCall;
use crate::function::Function;
use crate::kernel::{Backend, CompileError};
use crate::passes::expand;
use crate::schedule::Schedule;
use crate::shape::{Dimensions, Shape};

/// What native code a function becomes, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Cranelift's intermediate form.
    pub cranelift_ir: String,
    /// The machine code, as assembly with blocks.
    pub assembly: String,
}

/// A function's machine code, for this machine, before it is made executable.
///
/// Made by [`Workshop::generate`] only, from what [`emit`] emits for a valid function: that is what
/// [`Code`] relies on when it runs it.
struct MachineCode<'a> {
    bytes: &'a [u8],
    constants: Box<[Splat]>,
    buffers: Vec<Shape>,
    parameters: usize,
    matrix_calls: Vec<MatrixCall>,
    slots: usize,
}

/// How much work goes into the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Registers are given out in a single pass: soon ready, and slower to run.
    Quick,
    /// Registers are given out with backtracking.
    Full,
}

/// Cranelift's working memory, kept from one function to the next: functions are so small that making
/// it anew would be a tenth of the work.
struct Workshop {
    context: Context,
    builder_context: FunctionBuilderContext,
}

thread_local! {
    /// Clean, while nobody is in it.
    static WORKSHOP: Cell<Option<Box<Workshop>>> = const { Cell::new(None) };
}

impl Workshop {
    fn new() -> Self {
        Self {
            context: Context::new(),
            builder_context: FunctionBuilderContext::new(),
        }
    }

    /// Runs `work` in this thread's workshop, which is clean before. It is cleaned and kept if the
    /// work succeeds; what is left half done is thrown away.
    fn enter<T>(
        work: impl FnOnce(&mut Self) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        let kept = WORKSHOP.take();
        let mut workshop = kept.unwrap_or_else(|| Box::new(Self::new()));
        let result = work(&mut workshop)?;
        workshop.context.clear();
        WORKSHOP.set(Some(workshop));
        Ok(result)
    }

    /// Emits the function's intermediate form.
    fn emit(
        &mut self,
        function: &Function,
        schedule: &Schedule,
        functions: ElementaryFunctions,
        isa: &dyn TargetIsa,
    ) -> Result<Emitted, CompileError> {
        let code = &mut self.context.func;
        code.signature = emit::signature(isa);
        let builder_context = &mut self.builder_context;
        emit::emit(function, schedule, functions, isa, code, builder_context)
    }

    /// Compiles what has been emitted for a function.
    fn finish(
        &mut self,
        function: &Function,
        isa: &dyn TargetIsa,
    ) -> Result<&CompiledCode, CompileError> {
        let failed = |reason| CompileError::CodeGenerator {
            function: function.name().to_owned(),
            reason,
        };
        let compiled = self
            .context
            .compile(isa, &mut ControlPlane::default())
            .map_err(|error| failed(error.inner.to_string()))?;
        if !compiled.buffer.relocs().is_empty() {
            // No instruction that is emitted needs a call of a library function.
            return Err(failed("the code refers to a library function".to_owned()));
        }
        Ok(compiled)
    }

    /// Compiles a function.
    fn generate(
        &mut self,
        function: &Function,
        tier: Tier,
        functions: ElementaryFunctions,
    ) -> Result<MachineCode<'_>, CompileError> {
        let isa = host(tier)?.as_ref();
        let schedule = Schedule::new(function);
        let emitted = self.emit(function, &schedule, functions, isa)?;
        let compiled = self.finish(function, isa)?;
        Ok(MachineCode {
            bytes: compiled.code_buffer(),
            constants: emitted.constants.into_splats(),
            buffers: schedule.buffers,
            parameters: function.parameters().len(),
            matrix_calls: emitted.matrix_calls,
            slots: emitted.slots,
        })
    }
}

/// Compiles a function as [`Kernel::compile`](crate::Kernel::compile) does, and lists what comes out.
///
/// # Errors
/// [`CompileError`] if there can be no native code for the function.
pub fn listing(function: &Function) -> Result<Listing, CompileError> {
    Workshop::enter(|workshop| {
        let function = &expand(function);
        let functions = ElementaryFunctions::for_this_machine();
        let isa = host(Tier::Full)?.as_ref();
        workshop.emit(function, &Schedule::new(function), functions, isa)?;
        let cranelift_ir = workshop.context.func.display().to_string();
        workshop.context.clear();
        workshop.context.set_disasm(true);
        workshop.generate(function, Tier::Full, functions)?;
        let compiled = workshop.context.take_compiled_code();
        let assembly = compiled.and_then(|code| code.vcode).unwrap_or_default();
        Ok(Listing {
            cranelift_ir,
            assembly,
        })
    })
}

/// Compiles a function over lanes, and lists what comes out.
///
/// # Errors
/// [`CompileError`] if there can be no native code over lanes for the function.
pub fn lane_listing(
    function: &Function,
    dimensions: Dimensions,
    lanes: usize,
) -> Result<Listing, CompileError> {
    lane_loop::listing(&expand(function), dimensions, lanes)
}

/// Code over lanes as it is, for what measures it. If it is said: with vectors of 256 bits or of 128, and with so many
/// of them in a group, one to four and no more than there are.
///
/// # Errors
/// [`CompileError`] if there can be no native code over lanes for the function.
#[doc(hidden)]
pub fn compile_lanes(
    function: &Function,
    dimensions: Dimensions,
    lanes: usize,
    backend: Backend,
    group: Option<(bool, usize)>,
) -> Result<LaneNative, CompileError> {
    let tier = match backend {
        Backend::JitQuick => Tier::Quick,
        Backend::Interpreter | Backend::Jit => Tier::Full,
    };
    match group {
        Some((is_wide, width)) => {
            let size = match is_wide {
                true => VectorSize::Bits256,
                false => VectorSize::Bits128,
            };
            LaneNative::with_group(function, dimensions, lanes, tier, Group { size, width })
        }
        None => LaneNative::new(function, dimensions, lanes, tier),
    }
}

/// How long Cranelift's own part of compiling a function takes: its `Context::compile` alone, on what
/// the function is emitted as. For benches, which compare it with the whole.
///
/// # Errors
/// [`CompileError`] if there can be no native code for the function.
#[doc(hidden)]
pub fn time_of_cranelift_alone(
    function: &Function,
    backend: Backend,
) -> Result<Duration, CompileError> {
    let tier = match backend {
        Backend::JitQuick => Tier::Quick,
        Backend::Interpreter | Backend::Jit => Tier::Full,
    };
    Workshop::enter(|workshop| {
        let isa = host(tier)?.as_ref();
        let function = &expand(function);
        let functions = ElementaryFunctions::for_this_machine();
        workshop.emit(function, &Schedule::new(function), functions, isa)?;
        let mut control = ControlPlane::default();
        let start = Instant::now();
        let compiled = workshop.context.compile(isa, &mut control);
        let elapsed = start.elapsed();
        compiled.map_err(|error| CompileError::CodeGenerator {
            function: function.name().to_owned(),
            reason: error.inner.to_string(),
        })?;
        Ok(elapsed)
    })
}

/// Compiles a function.
pub(crate) fn compile(
    function: &Function,
    tier: Tier,
    functions: ElementaryFunctions,
) -> Result<Code, CompileError> {
    Workshop::enter(|workshop| Code::new(workshop.generate(function, tier, functions)?))
}

/// The machine that this process runs on, with every feature that it has.
fn host(tier: Tier) -> Result<&'static OwnedTargetIsa, CompileError> {
    static QUICK: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    static FULL: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let (host, registers) = match tier {
        Tier::Quick => (&QUICK, "single_pass"),
        Tier::Full => (&FULL, "backtracking"),
    };
    let host = host.get_or_init(|| detect_host(registers)).as_ref();
    host.map_err(|reason| CompileError::UnsupportedHost {
        reason: reason.clone(),
    })
}

fn detect_host(registers: &str) -> Result<OwnedTargetIsa, String> {
    // Others have no vectors of four lanes, or none on every machine.
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return Err("only x86-64 and AArch64 are supported".to_owned());
    }
    // Cranelift's own verifier is slow, and what it would find is an error in this module.
    let verifies = if cfg!(debug_assertions) {
        "true"
    } else {
        "false"
    };
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "none"),
        ("regalloc_algorithm", registers),
        ("enable_verifier", verifies),
        // Nothing unwinds through compiled code: a panic in a routine that it calls for a matrix op
        // ends the process, as the routine is `extern "C"`.
        ("unwind_info", "false"),
    ] {
        flags.set(name, value).map_err(|error| error.to_string())?;
    }
    let builder = cranelift_native::builder().map_err(str::to_owned)?;
    let flags = settings::Flags::new(flags);
    let isa = builder.finish(flags).map_err(|error| error.to_string())?;
    // On AArch64 it always is. Without it the code would call a library function for each element.
    let has = |name| has_feature(isa.as_ref(), name);
    if cfg!(target_arch = "x86_64") && !(has("has_avx") && has("has_fma")) {
        return Err("the processor has no fused multiply-add".to_owned());
    }
    Ok(isa)
}

/// Whether code for a machine has a feature by Cranelift's name.
fn has_feature(isa: &dyn TargetIsa, name: &str) -> bool {
    let mut flags = isa.isa_flags().into_iter();
    flags.any(|flag| flag.name == name && flag.as_bool() == Some(true))
}

/// Whether there can be code for vectors of 256 bits: where AVX2 is, and no register for vectors is the caller's.
fn has_wide_vectors(isa: &dyn TargetIsa) -> bool {
    cfg!(target_arch = "x86_64")
        && isa.default_call_conv() == CallConv::SystemV
        && has_feature(isa, "has_avx2")
}
