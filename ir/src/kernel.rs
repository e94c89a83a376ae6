//! A function made ready to be called: the one door to both back ends.
//!
//! ```text
//! Function ─► Schedule ─┬─► interpreter plan ─┐
//!                       └─► native code ──────┴─► Kernel::call(dimensions, arguments)
//! ```
//!
//! [`Kernel::call`] checks everything that the back ends take for granted: number, access and length
//! of the arguments. Aliasing needs no check, since arguments that are written are borrowed for
//! writing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::frame::{Extents, Frame, OutOfMemory, extents, storage_length};
use crate::function::{Access, Function};
use crate::interpreter::{self, Plan};
use crate::jit;
use crate::passes::expand;
use crate::schedule::Schedule;
use crate::shape::{Dimensions, Shape};

/// What runs a kernel. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// Goes through the ops one by one, a chunk of elements at a time. Ready at once.
    Interpreter,
    /// Native code, compiled in a hurry: ready sooner than [`Jit`](Self::Jit), and mostly slower to run. Over lanes it is
    /// [assembled](crate::lane_kernel::LaneCode::assemble) where it can be.
    JitQuick,
    /// Native code. Fastest to run for most functions, but it has to be compiled first.
    Jit,
}

impl Backend {
    /// Every back end.
    pub const ALL: [Self; 3] = [Self::Interpreter, Self::JitQuick, Self::Jit];

    /// The word for this back end on command lines and in logs.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Interpreter => "interp",
            Self::JitQuick => "jit-quick",
            Self::Jit => "jit",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.keyword())
    }
}

/// A word that names no back end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no back end `{found}`, only {known}")]
pub struct UnknownBackend {
    /// The word.
    pub found: String,
    /// The words that would have been one.
    pub known: String,
}

impl UnknownBackend {
    /// A word that is none of `first` and the back ends' own.
    pub(crate) fn new(found: &str, first: &[&str]) -> Self {
        let own = Backend::ALL.map(Backend::keyword);
        let words = first.iter().chain(&own).map(|word| format!("`{word}`"));
        Self {
            found: found.to_owned(),
            known: words.collect::<Vec<_>>().join(", "),
        }
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(word: &str) -> Result<Self, UnknownBackend> {
        let named = Self::ALL
            .into_iter()
            .find(|backend| backend.keyword() == word);
        named.ok_or_else(|| UnknownBackend::new(word, &[]))
    }
}

/// Why a function cannot be compiled. The interpreter takes every function.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// There is no native back end for this machine.
    #[error("no native code for this machine: {reason}")]
    UnsupportedHost {
        /// What the code generator says.
        reason: String,
    },
    /// Compiling would take too long.
    #[error("function `{function}` is too large for native code: more than {limit} instructions")]
    TooLarge {
        /// The function's name.
        function: String,
        /// The most instructions before optimisation.
        limit: usize,
    },
    /// There is no code over lanes for an op that only its routine knows, on whole matrices.
    #[error("function `{function}` has no native code over lanes: `{op}` works on whole matrices")]
    WholeMatrices {
        /// The function's name.
        function: String,
        /// The op's mnemonic.
        op: &'static str,
    },
    /// The code generator failed.
    #[error("the code generator failed on function `{function}`: {reason}")]
    CodeGenerator {
        /// The function's name.
        function: String,
        /// What the code generator says.
        reason: String,
    },
    /// There is no memory for the code, or it cannot be made executable.
    #[error("no executable memory: {reason}")]
    Memory {
        /// What the system says.
        reason: String,
    },
}

/// One argument of a call: the storage of one parameter.
///
/// A scalar's has length 1. That of any other shape has the number of elements, row by row, rounded up
/// to a multiple of [`ACCUMULATORS`](crate::ACCUMULATORS): the numbers past the last element are padding, read and written by elementwise
/// ops with unspecified results, and kept out of reductions.
#[derive(Debug)]
pub enum Argument<'a> {
    /// For a parameter that is only read.
    Read(&'a [f32]),
    /// For a parameter that is written, and perhaps read before.
    Write(&'a mut [f32]),
}

impl Argument<'_> {
    /// The storage.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        match self {
            Self::Read(slice) => slice,
            Self::Write(slice) => slice,
        }
    }
}

/// Arguments that do not fit a kernel's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// A call on no elements.
    #[error("function `{function}` was called on no elements: {dimensions}")]
    NoElements {
        /// The function's name.
        function: String,
        /// The dimensions, one of which is 0.
        dimensions: Dimensions,
    },
    /// More elements than memory holds.
    #[error("function `{function}` needs more memory than there is for a tensor of {dimensions}")]
    OutOfMemory {
        /// The function's name.
        function: String,
        /// The dimensions.
        dimensions: Dimensions,
    },
    /// The number of arguments is wrong.
    #[error("function `{function}` takes {expected} arguments, not {found}")]
    ArgumentCount {
        /// The function's name.
        function: String,
        /// How many parameters it has.
        expected: usize,
        /// How many arguments there are.
        found: usize,
    },
    /// An argument for reading is given where the function writes, or the other way round.
    #[error("parameter `{parameter}` has access {access}, and its argument is for {}", if *.access == Access::Read { "writing" } else { "reading" })]
    Access {
        /// The parameter's name.
        parameter: String,
        /// What the function does with it.
        access: Access,
    },
    /// An argument has the wrong length.
    #[error("the argument for {shape} `{parameter}` must have length {expected}, not {found}")]
    Length {
        /// The parameter's name.
        parameter: String,
        /// The parameter's shape.
        shape: Shape,
        /// The length that it must have.
        expected: usize,
        /// The length that it has.
        found: usize,
    },
}

/// A function made ready to be called. A clone shares the code and has its own scratch memory.
#[derive(Clone, Debug)]
pub struct Kernel {
    function: Arc<Function>,
    code: Code,
    frame: Frame,
}

#[derive(Clone, Debug)]
enum Code {
    Interpreter {
        plan: Arc<Plan>,
        scratch: interpreter::Scratch,
    },
    Native {
        code: Arc<jit::Code>,
        addresses: jit::Addresses,
        tier: jit::Tier,
    },
}

impl Kernel {
    /// Makes `function` ready to be called. It is taken as it is, but for composite ops, which are
    /// expanded: [`passes::optimise`] it first.
    ///
    /// # Errors
    /// [`CompileError`] if native code is asked for and there can be none.
    ///
    /// [`passes::optimise`]: crate::passes::optimise
    pub fn compile(function: &Function, backend: Backend) -> Result<Self, CompileError> {
        let functions = jit::ElementaryFunctions::for_this_machine;
        match backend {
            Backend::Interpreter => Ok(Self::interpret(function)),
            Backend::JitQuick => Self::native(function, jit::Tier::Quick, functions()),
            Backend::Jit => Self::native(function, jit::Tier::Full, functions()),
        }
    }

    /// As [`compile`](Self::compile), to native code that comes by elementary functions in each of the
    /// ways that it does on some machine.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    #[cfg(any(test, feature = "random"))]
    pub(crate) fn native_in_all_ways(
        function: &Function,
    ) -> impl Iterator<Item = Result<Self, CompileError>> {
        use jit::{ElementaryFunctions, Tier};
        let tiers = [Tier::Quick, Tier::Full].into_iter();
        let functions = [ElementaryFunctions::Inlined, ElementaryFunctions::Called];
        let ways = tiers.flat_map(move |tier| functions.map(|functions| (tier, functions)));
        ways.map(|(tier, functions)| Self::native(function, tier, functions))
    }

    /// Makes `function` ready to be interpreted, which every function can be.
    #[must_use]
    pub fn interpret(function: &Function) -> Self {
        let function = expand(function);
        let plan = Arc::new(Plan::new(&function, &Schedule::new(&function)));
        let scratch = interpreter::Scratch::default();
        Self::new(function, Code::Interpreter { plan, scratch })
    }

    fn native(
        function: &Function,
        tier: jit::Tier,
        functions: jit::ElementaryFunctions,
    ) -> Result<Self, CompileError> {
        let function = expand(function);
        let code = Code::Native {
            code: Arc::new(jit::compile(&function, tier, functions)?),
            addresses: jit::Addresses::default(),
            tier,
        };
        Ok(Self::new(function, code))
    }

    fn new(function: Function, code: Code) -> Self {
        Self {
            function: Arc::new(function),
            code,
            frame: Frame::default(),
        }
    }

    /// What runs the kernel.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        match self.code {
            Code::Interpreter { .. } => Backend::Interpreter,
            Code::Native { tier, .. } => match tier {
                jit::Tier::Quick => Backend::JitQuick,
                jit::Tier::Full => Backend::Jit,
            },
        }
    }

    /// The function that was compiled, with its composite ops expanded.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// Runs the function once on a parameter tensor of these dimensions, or of so many elements where
    /// rows and columns make no difference, with one argument for each parameter, in order. All reads of an element come before all writes to it. Allocates nothing
    /// after a kernel's first call with the same dimensions.
    ///
    /// # Errors
    /// [`CallError`] if the arguments do not fit; nothing has been written then.
    pub fn call(
        &mut self,
        dimensions: impl Into<Dimensions>,
        arguments: &mut [Argument<'_>],
    ) -> Result<(), CallError> {
        let dimensions = dimensions.into();
        self.prepare(dimensions)?;
        self.check(&self.frame.extents, arguments)?;
        match &mut self.code {
            Code::Interpreter { plan, scratch } => {
                plan.run(scratch, &mut self.frame, dimensions, arguments);
            }
            Code::Native {
                code, addresses, ..
            } => {
                code.run(addresses, &mut self.frame, dimensions, arguments);
            }
        }
        Ok(())
    }

    /// Makes the frame fit, if the last call was on other dimensions.
    fn prepare(&mut self, dimensions: Dimensions) -> Result<(), CallError> {
        if self.frame.is_for(dimensions) {
            return Ok(());
        }
        let function = || self.function.name().to_owned();
        if dimensions.rows == 0 || dimensions.columns == 0 {
            return Err(CallError::NoElements {
                function: function(),
                dimensions,
            });
        }
        let buffers = match &self.code {
            Code::Interpreter { plan, .. } => &plan.buffers,
            Code::Native { code, .. } => code.buffers(),
        };
        let parameters = self.function.parameters();
        let is_used = |shape| {
            buffers.contains(&shape)
                || parameters.iter().any(|parameter| parameter.shape == shape)
                || self
                    .function
                    .values()
                    .any(|value| self.function.shape(value) == shape)
        };
        let out_of_memory = |OutOfMemory| CallError::OutOfMemory {
            function: function(),
            dimensions,
        };
        let extents = extents(dimensions, is_used).map_err(out_of_memory)?;
        self.frame
            .prepare(dimensions, &extents, buffers)
            .map_err(out_of_memory)
    }

    /// Whether all arguments fit.
    fn check(&self, extents: &Extents, arguments: &[Argument<'_>]) -> Result<(), CallError> {
        let parameters = self.function.parameters();
        if arguments.len() != parameters.len() {
            return Err(CallError::ArgumentCount {
                function: self.function.name().to_owned(),
                expected: parameters.len(),
                found: arguments.len(),
            });
        }
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let (access, shape) = (parameter.access, parameter.shape);
            let fits = match argument {
                Argument::Read(_) => !access.is_written(),
                Argument::Write(_) => access.is_written(),
            };
            if !fits {
                let parameter = parameter.name.clone();
                return Err(CallError::Access { parameter, access });
            }
            let expected = storage_length(shape, extents);
            let found = argument.as_slice().len();
            if found != expected {
                return Err(CallError::Length {
                    parameter: parameter.name.clone(),
                    shape,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<Kernel>();
};
