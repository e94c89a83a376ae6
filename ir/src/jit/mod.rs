//! The just-in-time compiler: a function's schedule to native vector code, by way of Cranelift.
//!
//! ```text
//! Schedule ─emit──► Cranelift's intermediate form ─Cranelift─► machine code ─► Code
//!            └────► constant table ───────────────────────────────────────────► (owns both)
//! ```
//!
//! Measured on a virtual machine with two cores of an AMD EPYC (Zen 5), 1,024 elements, by
//! `cargo run --release -p mlevolve-ir --example kernel_speed`:
//!
//! | | compile, µs | run, ns per element | the interpreter, ns per element |
//! |---|---|---|---|
//! | AdamW, 19 ops | 59 | 0.45 | 1.25 |
//! | 20 cheap ops on tensors | 57 | 1.35 | 2.74 |
//! | norm and division | 51 | 0.26 | 0.23 |
//! | tanh, exp, log, pow | 680 | 9.8 | 11.4 |
//!
//! The interpreter has a function ready in about 1 µs. So native code pays from some 75,000 elements
//! of AdamW on, calls and tensors taken together, and hardly ever where elementary functions or
//! single ops are all there is.
//!
//! Cranelift's optimiser is off (`opt_level=none`): the passes and the schedule have done what it
//! could. With it AdamW ran 3 % faster and took 14 % longer to compile; elementary functions ran 1.6
//! times slower and took 1.9 times as long to compile. Registers are allocated with backtracking: a
//! single pass took 27 % to 58 % less time to compile, and the code took 12 % to 135 % more to run, so
//! that what it would serve best, the interpreter serves better. (These ratios were measured with two
//! vectors a turn in all loops, on the functions of the table.)

mod code;
mod constants;
mod emit;
mod lanes;

use std::cell::Cell;
use std::sync::OnceLock;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;

pub(crate) use code::Code;
use constants::Splat;

use crate::function::Function;
use crate::kernel::CompileError;
use crate::schedule::Schedule;

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
    alignment: u64,
    constants: Box<[Splat]>,
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

    /// Emits the function's intermediate form, and gives its constants.
    fn emit(
        &mut self,
        function: &Function,
        isa: &dyn TargetIsa,
    ) -> Result<Box<[Splat]>, CompileError> {
        let code = &mut self.context.func;
        code.signature = emit::signature(isa);
        let schedule = Schedule::new(function);
        let constants = emit::emit(function, &schedule, isa, code, &mut self.builder_context)?;
        Ok(constants.into_splats())
    }

    /// Compiles a function.
    fn generate(&mut self, function: &Function) -> Result<MachineCode<'_>, CompileError> {
        let isa = host()?.as_ref();
        let constants = self.emit(function, isa)?;
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
        Ok(MachineCode {
            bytes: compiled.code_buffer(),
            alignment: u64::from(compiled.buffer.alignment),
            constants,
        })
    }
}

/// Compiles a function as [`Kernel::compile`](crate::Kernel::compile) does, and lists what comes out.
///
/// # Errors
/// [`CompileError`] if there can be no native code for the function.
pub fn listing(function: &Function) -> Result<Listing, CompileError> {
    Workshop::enter(|workshop| {
        workshop.emit(function, host()?.as_ref())?;
        let cranelift_ir = workshop.context.func.display().to_string();
        workshop.context.clear();
        workshop.context.set_disasm(true);
        workshop.generate(function)?;
        let compiled = workshop.context.take_compiled_code();
        let assembly = compiled.and_then(|code| code.vcode).unwrap_or_default();
        Ok(Listing {
            cranelift_ir,
            assembly,
        })
    })
}

/// Compiles a function.
pub(crate) fn compile(function: &Function) -> Result<Code, CompileError> {
    Workshop::enter(|workshop| Code::new(workshop.generate(function)?))
}

/// The machine that this process runs on, with every feature that it has.
fn host() -> Result<&'static OwnedTargetIsa, CompileError> {
    static HOST: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let host = HOST.get_or_init(detect_host).as_ref();
    host.map_err(|reason| CompileError::UnsupportedHost {
        reason: reason.clone(),
    })
}

fn detect_host() -> Result<OwnedTargetIsa, String> {
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
        ("regalloc_algorithm", "backtracking"),
        ("enable_verifier", verifies),
        // Compiled code calls nothing, so nothing unwinds through it.
        ("unwind_info", "false"),
    ] {
        flags.set(name, value).map_err(|error| error.to_string())?;
    }
    let builder = cranelift_native::builder().map_err(str::to_owned)?;
    let flags = settings::Flags::new(flags);
    builder.finish(flags).map_err(|error| error.to_string())
}
