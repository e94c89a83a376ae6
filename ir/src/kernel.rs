//! A function made ready to be called: the one door to both back ends.
//!
//! ```text
//! Function ─► Schedule ─┬─► interpreter plan ─┐
//!                       └─► native code ──────┴─► Kernel::call(elements, arguments)
//! ```
//!
//! [`Kernel::call`] checks everything that the back ends take for granted: number, access and length
//! of the arguments. Aliasing needs no check, since arguments that are written are borrowed for
//! writing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::function::{Access, Function};
use crate::interpreter::{self, Plan};
use crate::jit;
use crate::lanes::ACCUMULATORS;
use crate::schedule::Schedule;
use crate::shape::Shape;

/// What runs a kernel. Both give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// Goes through the ops one by one, a chunk of elements at a time. Ready at once.
    Interpreter,
    /// Native code. Faster to run, but it has to be compiled first.
    Jit,
}

impl Backend {
    /// Every back end.
    pub const ALL: [Self; 2] = [Self::Interpreter, Self::Jit];

    /// The word for this back end on command lines and in logs.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Interpreter => "interp",
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
#[error("there is no back end `{found}`, only `interp` and `jit`")]
pub struct UnknownBackend {
    /// The word.
    pub found: String,
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(word: &str) -> Result<Self, UnknownBackend> {
        let named = Self::ALL
            .into_iter()
            .find(|backend| backend.keyword() == word);
        named.ok_or_else(|| UnknownBackend {
            found: word.to_owned(),
        })
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
/// A scalar's has length 1. A tensor's has the number of elements, rounded up to a multiple of
/// [`ACCUMULATORS`]: the numbers past the last element are padding, read and written by elementwise
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
    #[error("function `{function}` was called on no elements")]
    NoElements {
        /// The function's name.
        function: String,
    },
    /// More elements than memory could hold.
    #[error("function `{function}` was called on {elements} elements, more than memory holds")]
    TooManyElements {
        /// The function's name.
        function: String,
        /// How many elements.
        elements: usize,
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
}

#[derive(Clone, Debug)]
enum Code {
    Interpreter {
        plan: Arc<Plan>,
        scratch: interpreter::Scratch,
    },
    Native(Arc<jit::Code>),
}

impl Kernel {
    /// Makes `function` ready to be called. It is taken as it is: [`passes::optimise`] it first.
    ///
    /// # Errors
    /// [`CompileError`] if native code is asked for and there can be none.
    ///
    /// [`passes::optimise`]: crate::passes::optimise
    pub fn compile(function: &Function, backend: Backend) -> Result<Self, CompileError> {
        match backend {
            Backend::Interpreter => Ok(Self::interpret(function)),
            Backend::Jit => Ok(Self {
                function: Arc::new(function.clone()),
                code: Code::Native(Arc::new(jit::compile(function)?)),
            }),
        }
    }

    /// Makes `function` ready to be interpreted, which every function can be.
    #[must_use]
    pub fn interpret(function: &Function) -> Self {
        let plan = Plan::new(function, &Schedule::new(function));
        Self {
            function: Arc::new(function.clone()),
            code: Code::Interpreter {
                plan: Arc::new(plan),
                scratch: interpreter::Scratch::default(),
            },
        }
    }

    /// What runs the kernel.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        match self.code {
            Code::Interpreter { .. } => Backend::Interpreter,
            Code::Native(_) => Backend::Jit,
        }
    }

    /// The function that was compiled.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// Runs the function once on tensors of `elements` elements, with one argument for each
    /// parameter, in order. All reads of an element come before all writes to it. Allocates nothing
    /// after a kernel's first call.
    ///
    /// # Errors
    /// [`CallError`] if the arguments do not fit; nothing has been written then.
    pub fn call(
        &mut self,
        elements: usize,
        arguments: &mut [Argument<'_>],
    ) -> Result<(), CallError> {
        let padded = self.check(elements, arguments)?;
        match &mut self.code {
            Code::Interpreter { plan, scratch } => {
                plan.run(scratch, elements, padded, arguments);
            }
            Code::Native(code) => code.run(elements, padded, arguments),
        }
        Ok(())
    }

    /// The length of a tensor's storage, if all arguments fit.
    fn check(&self, elements: usize, arguments: &[Argument<'_>]) -> Result<usize, CallError> {
        let function = || self.function.name().to_owned();
        if elements == 0 {
            let function = function();
            return Err(CallError::NoElements { function });
        }
        let Some(padded) = elements.checked_next_multiple_of(ACCUMULATORS) else {
            let function = function();
            return Err(CallError::TooManyElements { function, elements });
        };
        let parameters = self.function.parameters();
        if arguments.len() != parameters.len() {
            return Err(CallError::ArgumentCount {
                function: function(),
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
            let expected = match shape {
                Shape::Scalar => 1,
                Shape::Tensor => padded,
            };
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
        Ok(padded)
    }
}

const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<Kernel>();
};
