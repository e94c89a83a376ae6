//! Kernels over lanes: one small function for many independent callers at once, call after call.
//!
//! A [`Kernel`](crate::Kernel) is fast where tensors are long. Here they are short, a few features of an
//! example, and what there is much of is calls that do not depend on each other: the same learner on many
//! tasks, the same loss on many examples. Each is a *lane*. An element of a value is a vector over the lanes,
//! so every op works on full vectors, and a sum over features needs no sum across a vector.
//!
//! ```text
//!               ┌──────────── steps ────────────┐
//!   Function ─► LaneKernel::run:  streams ─► [ lane 0 │ lane 1 │ … ] ─► streams
//!                                                ▲  kept  │
//!                                                └────────┘ from step to step
//! ```
//!
//! [`LaneKernel::run`] does for each lane what a call of the function on that lane's arguments does, once a
//! step, to the bit. The loop over steps is part of the kernel, since a step takes some nanoseconds.
//! [`LaneCode`] does the same without a function: instructions over cells, for work so small that making a
//! function and a kernel of it would take longer than all that it computes.
//!
//! ```text
//! Function ─► LaneKernel ─assemble─► LaneCode ─► Run: calls of routines ─► execute, a block of lanes at a time
//! program ──────push────────────────────┘                 one an op, for this machine's vectors
//! ```
//!
//! Steps are taken one after the other or, where none needs what the one before left, abreast: many in one call (`abreast.rs`).
//!
//! # Storage
//! An argument holds, for each element of its parameter, row by row and without padding between elements, a
//! number for each lane, and [`lane_stride`] says how many numbers that takes: those past the last lane are
//! padding, of unspecified content. A streamed argument holds this once for each step. What is aligned to 64
//! bytes is faster, since a vector is then in one cache line; padding of zeros is as fast as any other.

mod abreast;
mod assemble;
mod code;
mod contents;
mod execute;
mod gather;
mod instruction;
mod machine;
mod matrices;
mod reduce;
mod run;
mod storage;

use crate::function::{Access, Function, Parameter};
use crate::jit::{LaneNative, Tier};
use crate::kernel::{Backend, CompileError};
use crate::passes::expand;
use crate::shape::Dimensions;

pub use code::{LaneCode, LaneCodeError, Place, Section};
pub(crate) use execute::Routine;
pub use machine::Assembled;

/// How many lanes are worked on at a time: those of the widest vector.
const BLOCK: usize = 16;

/// How many numbers an element takes for so many lanes: a multiple of the lanes of the widest vector.
#[must_use]
pub const fn lane_stride(lanes: usize) -> usize {
    lanes.next_multiple_of(BLOCK)
}

/// One argument of a run: the storage of one parameter in all lanes.
#[derive(Debug)]
pub enum LaneArgument<'a> {
    /// For a parameter that is only read: the same in every step.
    Read(&'a [f32]),
    /// For a parameter that is only read: another content for each step.
    ReadEach(&'a [f32]),
    /// For a parameter that is written: each step finds what the one before left.
    Write(&'a mut [f32]),
    /// For a parameter that is written and not read: what each step leaves is kept apart.
    WriteEach(&'a mut [f32]),
}

/// Arguments that do not fit a lane kernel's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LaneCallError {
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
    /// An argument for reading is given where the function writes, or the other way round; or a stream is
    /// given where a step needs what the one before left.
    #[error("the argument for `{parameter}`, which has access {access}, is of another kind")]
    Kind {
        /// The parameter's name.
        parameter: String,
        /// What the function does with it.
        access: Access,
    },
    /// An argument has the wrong length.
    #[error("the argument for `{parameter}` must have length {expected}, not {found}")]
    Length {
        /// The parameter's name.
        parameter: String,
        /// The length that it must have.
        expected: usize,
        /// The length that it has.
        found: usize,
    },
}

impl LaneArgument<'_> {
    /// The storage.
    const fn numbers(&self) -> &[f32] {
        match self {
            Self::Read(numbers) | Self::ReadEach(numbers) => numbers,
            Self::Write(numbers) | Self::WriteEach(numbers) => numbers,
        }
    }

    const fn is_writable(&self) -> bool {
        match self {
            Self::Read(_) | Self::ReadEach(_) => false,
            Self::Write(_) | Self::WriteEach(_) => true,
        }
    }

    /// Whether another content is there for each step.
    const fn is_streamed(&self) -> bool {
        match self {
            Self::Read(_) | Self::Write(_) => false,
            Self::ReadEach(_) | Self::WriteEach(_) => true,
        }
    }

    /// Whether ops read and write it where it is, instead of a copy. It must be without gaps and the run's
    /// alone. What is not aligned as vectors are is better copied, if many steps work on it.
    fn is_worked_on_in_place(&self, lanes: usize, steps: usize) -> bool {
        const FEW_STEPS: usize = 4;
        let is_aligned = || {
            self.numbers()
                .as_ptr()
                .align_offset(BLOCK * size_of::<f32>())
                == 0
        };
        let has_no_gaps = lanes <= BLOCK;
        has_no_gaps
            && self.is_writable()
            && (self.is_streamed() || steps < FEW_STEPS || is_aligned())
    }

    /// Whether the argument is as long as one whose content has so many numbers must be.
    fn check_length(
        &self,
        parameter: impl FnOnce() -> String,
        length: usize,
        steps: usize,
    ) -> Result<(), LaneCallError> {
        let expected = if self.is_streamed() {
            length.saturating_mul(steps)
        } else {
            length
        };
        if self.numbers().len() == expected {
            return Ok(());
        }
        Err(LaneCallError::Length {
            parameter: parameter(),
            expected,
            found: self.numbers().len(),
        })
    }
}

/// A function made ready to be run over lanes. A clone has state of its own.
#[derive(Clone, Debug)]
pub struct LaneKernel {
    function: Function,
    dimensions: Dimensions,
    lanes: usize,
    backend: Backend,
    code: Code,
}

#[derive(Debug)]
enum Code {
    Interpreted {
        code: Box<LaneCode>,
        section: Section,
    },
    Assembled {
        code: Box<LaneCode>,
        section: Section,
        assembled: Assembled,
    },
    Native(LaneNative),
}

impl Clone for Code {
    fn clone(&self) -> Self {
        match self {
            Self::Interpreted { code, section } => Self::Interpreted {
                code: code.clone(),
                section: *section,
            },
            // What a clone does it does to the same bits, also if the system has no memory for code of its own.
            Self::Assembled { code, section, .. } => Self::assembled(code.clone(), *section)
                .unwrap_or_else(|code| Self::Interpreted {
                    code,
                    section: *section,
                }),
            Self::Native(native) => Self::Native(native.clone()),
        }
    }
}

impl Code {
    /// Machine code of a section, or the code as it is if there is none.
    fn assembled(mut code: Box<LaneCode>, section: Section) -> Result<Self, Box<LaneCode>> {
        match code.assemble([&[section]]) {
            [Some(assembled)] => Ok(Self::Assembled {
                code,
                section,
                assembled,
            }),
            [None] => Err(code),
        }
    }
}

impl LaneKernel {
    /// Makes `function` ready to be run on a parameter tensor of these dimensions in each of so many
    /// lanes. It is taken as it is, but for composite ops, which are expanded. [`Backend::JitQuick`] is machine code that is
    /// [assembled](LaneCode::assemble), and Cranelift's where there is none of that.
    ///
    /// # Errors
    /// [`CompileError`] if native code is asked for and there can be none.
    ///
    /// # Panics
    /// If there are no lanes, one of the dimensions is 0, or, of what is interpreted, memory does not hold a
    /// value.
    pub fn compile(
        function: &Function,
        dimensions: Dimensions,
        lanes: usize,
        backend: Backend,
    ) -> Result<Self, CompileError> {
        assert!(lanes > 0, "a kernel over lanes without lanes");
        assert!(
            dimensions.rows > 0 && dimensions.columns > 0,
            "a kernel over values without elements: {dimensions}"
        );
        let function = expand(function);
        let native = |tier| LaneNative::new(&function, dimensions, lanes, tier);
        let code = match backend {
            Backend::Interpreter => {
                let mut code = Box::new(LaneCode::new(dimensions, lanes));
                let section = code.push_function(&function);
                Code::Interpreted { code, section }
            }
            Backend::JitQuick => {
                let assembled = machine::may_fit(&function, dimensions).then(|| {
                    let mut code = Box::new(LaneCode::new(dimensions, lanes));
                    let section = code.push_function(&function);
                    Code::assembled(code, section)
                });
                match assembled {
                    Some(Ok(code)) => code,
                    Some(Err(_)) | None => Code::Native(native(Tier::Quick)?),
                }
            }
            Backend::Jit => Code::Native(native(Tier::Full)?),
        };
        Ok(Self {
            function,
            dimensions,
            lanes,
            backend,
            code,
        })
    }

    /// The function, with its composite ops expanded.
    #[must_use]
    pub const fn function(&self) -> &Function {
        &self.function
    }

    /// How many lanes there are, padding not counted.
    #[must_use]
    pub const fn lanes(&self) -> usize {
        self.lanes
    }

    /// What runs the kernel.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Runs the function so many times, with one argument for each parameter, in order. Allocates nothing
    /// after the first run on a thread.
    ///
    /// # Errors
    /// [`LaneCallError`] if the arguments do not fit; nothing has been written then.
    pub fn run(
        &mut self,
        steps: usize,
        arguments: &mut [LaneArgument<'_>],
    ) -> Result<(), LaneCallError> {
        self.check(steps, arguments)?;
        match &mut self.code {
            Code::Interpreted { code, section } => {
                code.run_checked(&[*section], steps, arguments);
            }
            Code::Assembled {
                code, assembled, ..
            } => code.run_assembled(*assembled, steps, arguments)?,
            Code::Native(native) => native.run(steps, arguments),
        }
        Ok(())
    }

    /// Whether all arguments fit.
    fn check(&self, steps: usize, arguments: &[LaneArgument<'_>]) -> Result<(), LaneCallError> {
        let parameters = self.function.parameters();
        if arguments.len() != parameters.len() {
            return Err(LaneCallError::ArgumentCount {
                function: self.function.name().to_owned(),
                expected: parameters.len(),
                found: arguments.len(),
            });
        }
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let Parameter {
                name,
                shape,
                access,
            } = parameter;
            let fits = match access {
                Access::Read => !argument.is_writable(),
                Access::Write => argument.is_writable(),
                Access::ReadWrite => argument.is_writable() && !argument.is_streamed(),
            };
            if !fits {
                return Err(LaneCallError::Kind {
                    parameter: name.clone(),
                    access: *access,
                });
            }
            // What has been compiled fits in memory.
            let elements = self.dimensions.elements(*shape).unwrap_or(usize::MAX);
            let length = elements.saturating_mul(lane_stride(self.lanes));
            argument.check_length(|| name.clone(), length, steps)?;
        }
        Ok(())
    }
}
