//! The compiler of mlevolve: learning algorithms as typed SSA functions, made fast.
//!
//! A search judges millions of candidate algorithms, most of them only for moments. What decides how
//! many it can judge is how soon a candidate runs, and how fast. So a candidate is lowered to a
//! [`Function`] over scalars and matrices, and run by whichever back end gets it done first: an
//! interpreter that is ready at once, or native vector code by way of Cranelift, compiled in a hurry or
//! to run fastest. That choice must not change a result, so all agree to the bit, before and after
//! every pass.
//!
//! ```text
//!                  text
//!                 ▲    │ parse
//!           print │    ▼
//! FunctionBuilder ─► Function ─passes─► Function ─► Schedule ─┬─► interpreter ─┐
//!                      │                                      └─► Cranelift ───┴─► Kernel::call
//!                      └─► Cost
//! ```
//!
//! * [`ops`] is the table of ops: each is defined in one row, and everything else derives from it. Over
//!   [`Shape`]s and the [`Dimensions`] of a call, they are elementwise, reductions, ops on whole
//!   matrices, or stand for an expression of others.
//! * [`lanes`] is the vocabulary in which ops' meanings are written, and the semantics contract.
//! * [`Function`] and [`FunctionBuilder`] hold and make code, [`text`] reads and prints it.
//! * [`passes`] take work out of it, [`autodiff`] makes its derivatives.
//! * [`Kernel`] runs it; [`jit`] says what native code it becomes, and [`BackendChoice`] which back end
//!   is done first.
//! * [`mod@reference`] says in the plainest code what a function means, [`accuracy`] measures how far
//!   elementary functions are from the truth.
//! * `random`, behind a feature of that name, makes functions and inputs up and checks all of the
//!   above on them, for tests and fuzzing.
//!
//! # Example
//!
//! ```
//! use mlevolve_ir::ops::{ElementwiseOp, Op, ReductionOp};
//! use mlevolve_ir::{
//!     ACCUMULATORS, Access, Argument, Backend, FunctionBuilder, Kernel, Shape, passes,
//! };
//!
//! // Normalised gradient: g becomes g / |g|.
//! let mut builder = FunctionBuilder::new("normalise");
//! let g = builder.parameter("g", Shape::Tensor, Access::ReadWrite)?;
//! let gradient = builder.load(g)?;
//! let norm = builder.apply(Op::Reduction(ReductionOp::Norm), &[gradient])?;
//! let unit = builder.apply(Op::Elementwise(ElementwiseOp::Div), &[gradient, norm])?;
//! builder.store(g, unit)?;
//! let function = passes::optimise(&builder.finish()?);
//! println!("{function}");
//!
//! for backend in Backend::ALL {
//!     let mut kernel = Kernel::compile(&function, backend)?;
//!     // Two elements; storage is padded to whole rows.
//!     let mut storage = [0.0; ACCUMULATORS];
//!     storage[..2].copy_from_slice(&[3.0, 4.0]);
//!     kernel.call(2, &mut [Argument::Write(&mut storage)])?;
//!     assert_eq!(storage[..2], [0.6, 0.8], "{backend}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/from_text_to_native_code.rs` begins at text, and goes on to a derivative and to assembly.

pub mod accuracy;
pub mod autodiff;
mod break_even;
mod elementary;
mod frame;
mod function;
mod interpreter;
pub mod jit;
mod kernel;
pub mod lane_kernel;
pub mod lanes;
mod matrix;
pub mod ops;
pub mod passes;
#[cfg(any(test, feature = "random"))]
pub mod random;
pub mod reference;
mod schedule;
mod shape;
pub mod text;

pub use break_even::{BackendChoice, Work};
pub use function::{
    Access, BuildError, Constant, Cost, Definition, Function, FunctionBuilder, MAX_NAME_LENGTH,
    MAX_PARAMETERS, MAX_VALUES, Operands, Parameter, ParameterIndex, Value, VerifyError, is_name,
};
pub use jit::Listing;
pub use kernel::{Argument, Backend, CallError, CompileError, Kernel, UnknownBackend};
pub use lanes::ACCUMULATORS;
pub use shape::{Dimension, Dimensions, Shape};
pub use text::{ParseError, ParseErrorKind};
